"""Devices under pressure, on both databases: each is given once."""

from __future__ import annotations

import asyncio
from collections import Counter

from tests.support.cloud import TestCloud
from tests.support.hosts import PROJECT, USER, add_host, host_id

from cumulet.contract.commands import Device
from cumulet.kernel.errors import NoCapacity
from cumulet.placement.operations import claims
from cumulet.placement.operations.claims import Choice, Inside, Part
from cumulet.placement.operations.ledger import moves
from cumulet.placement.operations.topology import holding

CLASS, CARD = "CUSTOM_PCI_8086_154C", "0000:81:00.0"
PARTS = [Device(f"0000:81:02.{n}", "8086", "154c", "vf", CLASS, [], 0, CARD) for n in range(8)]
ONE = Inside([Part([Choice({CLASS: 1})])])


async def test_C11_fifty_claims_at_once_of_eight_devices_are_exactly_eight(cloud: TestCloud) -> None:
    async with cloud.db.tx() as tx:
        await add_host(tx, "h1", vcpus=64, memory_mb=65536, devices=PARTS)
    outcomes: Counter[str] = Counter()

    async def claim(number: int) -> None:
        try:
            async with cloud.db.tx() as tx:
                [found] = await claims.candidates(tx, claims.Wanted({"VCPU": 1}, hosts=[host_id("h1")], inside=ONE))
                wish = moves.Wish(found.host_id, {"VCPU": 1, "MEMORY_MB": 256}, PROJECT, USER, inside=ONE)
                await moves.place(tx, f"server{number}", wish)
            outcomes["granted"] += 1
        except NoCapacity:
            outcomes["refused"] += 1

    await asyncio.gather(*(claim(number) for number in range(50)))
    assert outcomes == {"granted": 8, "refused": 42}
    async with cloud.db.read() as tx:
        held = [await holding.of_consumer(tx, f"server{number}", host_id("h1")) for number in range(50)]
        assert (await claims.usage(tx, host_id("h1")))["VCPU"].used == 8, "who was refused a device holds nothing of the host"
    assert sorted(device.address for each in held for device in each.devices) == [device.address for device in PARTS]
