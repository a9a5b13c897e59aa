"""What a claim token says is what a guest may have (C2)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cumulet.contract.claims import claim_of, refusal, sign
from cumulet.contract.guests import CellSpec, GuestSpec, HostDevice

KEY, HOST = b"a key", "a-host"
GUEST = GuestSpec(
    "s1", "web", 2, 512, [], [], devices=[HostDevice("0000:81:02.0")], cells=[CellSpec([0, 1], 512, 1, [4, 5], [4, 5])]
)


def test_C2_a_guest_as_it_was_claimed_may_start():
    assert refusal(sign(claim_of(GUEST, HOST, 3), KEY), GUEST, HOST, KEY) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"devices": [HostDevice("0000:81:02.1")]}, "devices"),
        ({"devices": []}, "devices"),
        ({"cells": [CellSpec([0, 1], 512, 0, [4, 5], [4, 5])]}, "NUMA cells"),
        ({"cells": [CellSpec([0, 1], 512, 1, [4, 5], [4, 6])]}, "processors"),
        ({"cells": [], "bound": []}, "NUMA cells"),
    ],
)
def test_C2_C11_a_guest_with_other_devices_cells_or_processors_than_claimed_may_not(change, reason):
    why = refusal(sign(claim_of(GUEST, HOST, 3), KEY), replace(GUEST, **change), HOST, KEY)
    assert why is not None
    assert reason in why


def test_C2_a_token_that_names_more_than_was_signed_is_worth_nothing():
    signed = sign(claim_of(replace(GUEST, devices=[]), HOST, 3), KEY)
    assert refusal(replace(signed, devices=["0000:81:02.0"]), GUEST, HOST, KEY) == "the claim token's signature is wrong"
