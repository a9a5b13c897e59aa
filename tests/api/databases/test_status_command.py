"""`cumulet status` where the rows are in PostgreSQL."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from tests.support.clock import FakeClock
from tests.support.cloud import running_cloud
from tests.support.postgres import empty_postgres
from tests.support.volumes import VolumeCloud

from cumulet.app.config import Config
from cumulet.app.operator import status


async def shown(config: Config) -> str:
    """What it prints of a cloud that does not answer, for which it ends with 1."""
    text = io.StringIO()
    assert await status.show(config, Console(file=text, width=120)) == 1
    return text.getvalue()


async def test_hosts_are_shown_from_postgresql(state: Path, clock: FakeClock, postgres_dsn: str) -> None:
    async with running_cloud(state, clock, postgres_dsn) as cloud:
        await VolumeCloud(cloud).start()
        text = await shown(cloud.cloud.config)
    assert "does not answer" in text
    assert "fake1" in text


async def test_a_database_without_a_cloud_is_said_to_have_none(state: Path, clock: FakeClock, postgres_dsn: str) -> None:
    async with empty_postgres(postgres_dsn, clock):
        assert "There is no cloud in the database." in await shown(Config(state=state, database=postgres_dsn))


async def test_a_database_that_does_not_answer_is_said_not_to(state: Path) -> None:
    dsn = f"postgresql://cumulet@/postgres?host={state}"
    assert "The database does not answer." in await shown(Config(state=state, database=dsn))
