"""T1: building a server, killed and failed everywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.crash import WAYS, Way, survives_failures
from tests.support.server_crash import CREATE

from cumulet.compute.workflows.steps.commands import GuestRefused


@pytest.mark.parametrize("survives", WAYS)
async def test_T1_building_a_server_survives_everything(survives: Way) -> None:
    await survives(CREATE)


async def test_T1_a_build_that_no_host_would_do_leaves_nothing() -> None:
    await survives_failures(replace(CREATE, errors=(GuestRefused("No host would."),)))
