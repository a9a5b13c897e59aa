"""T1: building a server, killed and failed everywhere."""

from __future__ import annotations

from tests.support.crash import survives_everything
from tests.support.server_crash import CREATE


async def test_T1_building_a_server_survives_everything() -> None:
    await survives_everything(CREATE)
