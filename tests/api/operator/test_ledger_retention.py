"""The cloud sums up old history by itself, and explains since when each change is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.cloud import running_cloud
from tests.support.hosts import PROJECT, USER, add_host, host_id

from cumulet.kernel.clock import stamp
from cumulet.placement.operations.ledger import moves, past

DAY = 86400.0
H1 = host_id("h1")


@pytest.mark.parametrize(("days", "kept"), [(365, ["inventory", "rollup"]), (0, ["inventory", "claim", "release"])])
async def test_old_events_are_summed_up_after_the_days_that_are_configured(
    state: Path, clock: FakeClock, days: int, kept: list[str]
) -> None:
    async with running_cloud(state, clock, ledger_days=days) as made:
        async with made.db.tx() as tx:
            await add_host(tx)
            await moves.place(tx, "s1", moves.Wish(H1, {"MEMORY_MB": 100}, PROJECT, USER))
            await moves.leave(tx, "s1")
        then = stamp(clock.now())
        await clock.advance(400 * DAY)
        assert (await made.cloud.reconciling.run_now("old events")).error is None
        async with made.db.read() as tx:
            transitions = await past.of_host(tx, H1)
        assert [transition.kind for transition in reversed(transitions)] == kept
        explained = (await (await made.admin()).get("/operator/v1/hosts/h1")).json()
        assert explained["history_since"] == then
