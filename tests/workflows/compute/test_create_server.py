"""Building servers."""

from __future__ import annotations

from tests.support.servers import ComputeCloud


async def test_a_server_is_built_on_a_host_and_runs_there(cloud: ComputeCloud) -> None:
    server = await cloud.server()
    assert (server.state, server.task, server.fault) == ("active", None, None)
    world = next(world for world in cloud.worlds if world.host_id == server.host_id)
    assert world.guests[server.id].state == "running"
