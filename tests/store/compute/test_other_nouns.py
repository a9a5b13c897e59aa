"""What compute keeps beside servers, on both databases."""

from __future__ import annotations

import pytest

from cumulet.compute.model import Usage
from cumulet.compute.operations import aggregates, flavors, hosts, keypairs, quotas, server_groups, usage, zones
from cumulet.compute.operations.usage import Period
from cumulet.compute.store import quotas as quota_store
from cumulet.compute.store import server_groups as group_store
from cumulet.compute.store import servers as server_store
from cumulet.kernel.clock import stamp
from cumulet.kernel.db import Database, Page
from cumulet.kernel.errors import Conflict, Invalid, NotFound
from support.hosts import add_host
from support.projects import add_project
from support.rows import server_row
from support.servers import ADMIN, DEMO, PUBLIC_KEY, actor, flavor_fields


async def test_flavors_keep_their_extra_specs_and_access_lists(db: Database) -> None:
    await add_project(db, DEMO)
    async with db.tx() as tx:
        flavor = await flavors.create(tx, flavor_fields(is_public=False), "1")
        await flavors.set_extra_specs(tx, flavor.id, {"a": "1"}, checked=True)
        assert await flavors.allow(tx, flavor.id, DEMO, refuse_public=True) == [DEMO]
    async with db.read() as tx:
        found = await flavors.get(tx, actor(), "1")
        assert (found.extra_specs, found.updated_at) == ({"a": "1"}, tx.stamp)
        assert [f.id for f in await flavors.page(tx, actor(), Page(sort=[("ram", True)], limit=2))] == ["1"]
    async with db.tx() as tx:
        await flavors.delete(tx, actor(ADMIN, "admin"), "1")
    async with db.tx() as tx:
        await flavors.create(tx, flavor_fields(is_public=False), "1")
        assert await flavors.access(tx, "1") == []


async def test_two_keys_of_one_name_are_refused_by_the_database(db: Database) -> None:
    async with db.tx() as tx:
        made = await keypairs.create(tx, ("u", DEMO), "key", "ssh", keypairs.Pair(PUBLIC_KEY))
    assert made.sequence > 0
    with pytest.raises(Conflict):
        async with db.tx() as tx:
            await keypairs.create(tx, ("u", DEMO), "key", "ssh", keypairs.Pair(PUBLIC_KEY))


async def test_hosts_are_numbered_once(db: Database) -> None:
    async with db.tx() as tx:
        first, second = await add_host(tx, "h1"), await add_host(tx, "h2")
        for host_id in (first, second, first):
            await hosts.number(tx, host_id)
    async with db.tx() as tx:
        one, two = await hosts.index(tx)
        assert (one.host.id, two.host.id) == (first, second)
        assert one.service.sequence < two.service.sequence
        assert one.up(tx.now)
        await hosts.force_down(tx, one, True)
    async with db.read() as tx:
        assert not (await hosts.named(tx, "h1")).up(tx.now)
        load = (await hosts.loads(tx, [first]))[first]
        assert (load.servers, load.busy, load.used("VCPU")) == ([], 0, 0)


async def test_aggregates_make_zones(db: Database) -> None:
    async with db.tx() as tx:
        await hosts.number(tx, await add_host(tx, "h1"))
        made = await aggregates.create(tx, "rack", "cellar")
        await aggregates.add_host(tx, made.sequence, "h1")
    async with db.read() as tx:
        assert [zone.name for zone in await zones.index(tx)] == ["cellar"]
    async with db.tx() as tx:
        changed = await aggregates.change(tx, made.sequence, "shelf", {"availability_zone": "attic", "a": "ä"})
        assert (changed.aggregate.name, changed.aggregate.metadata) == ("shelf", {"availability_zone": "attic", "a": "ä"})
    with pytest.raises(Invalid):
        async with db.tx() as tx:
            await aggregates.delete(tx, made.sequence)
    async with db.tx() as tx:
        await aggregates.remove_host(tx, made.sequence, "h1")
        await aggregates.delete(tx, made.sequence)
        assert [zone.name for zone in await zones.index(tx)] == ["nova"]
    with pytest.raises(NotFound):
        async with db.read() as tx:
            await aggregates.get(tx, made.sequence)


async def test_two_aggregates_of_one_name_are_refused_by_the_database(db: Database) -> None:
    async with db.tx() as tx:
        await aggregates.create(tx, "rack", None)
        other = await aggregates.create(tx, "other", None)
    with pytest.raises(Conflict):
        async with db.tx() as tx:
            await aggregates.create(tx, "rack", None)
    with pytest.raises(Conflict):
        async with db.tx() as tx:
            await aggregates.change(tx, other.sequence, "rack", {})


async def test_a_removed_host_leaves_its_aggregates(db: Database) -> None:
    async with db.tx() as tx:
        await hosts.number(tx, await add_host(tx, "h1"))
        made = await aggregates.create(tx, "rack", None)
        await aggregates.add_host(tx, made.sequence, "h1")
    async with db.tx() as tx:
        await hosts.remove(tx, await hosts.named(tx, "h1"))
    async with db.tx() as tx:
        assert await hosts.index(tx) == []
        await aggregates.delete(tx, made.sequence)


async def test_groups_know_where_their_members_are(db: Database) -> None:
    async with db.tx() as tx:
        made = await server_groups.create(tx, actor(), "group", "anti-affinity", {"max_server_per_host": 2})
        for number, host_id in enumerate(("h1", None)):
            await server_store.add(tx, server_row(f"s{number}", user_id=actor().user_id, host_id=host_id))
            await server_groups.join(tx, made.group.id, f"s{number}")
        await group_store.lock(tx, made.group.id)
    async with db.tx() as tx:
        assert (await group_store.members(tx, [made.group.id]))[made.group.id] == {"s0": "h1", "s1": None}
        assert await group_store.members_of_user(tx, made.group.id, actor().user_id) == 2
        await server_store.change(tx, "s0", deleted_at=tx.stamp)
        found = await server_groups.get(tx, actor(), made.group.id)
        assert (found.members, found.group.rules) == (["s1"], {"max_server_per_host": 2})
        await server_groups.delete(tx, actor(), made.group.id)
        assert await server_groups.of_server(tx, "s1") == []


async def test_limits_are_of_everybody_of_projects_and_of_users(db: Database) -> None:
    async with db.tx() as tx:
        await quotas.update_class(tx, "default", {"cores": 7, "ram": 9})
        await quotas.update(tx, DEMO, "", {"cores": 8}, force=False)
        await quotas.update(tx, DEMO, "u", {"cores": 3}, force=False)
        await quotas.update(tx, DEMO, "u", {"cores": 4}, force=False)
        await quota_store.grow(tx, DEMO, Usage(1, 2, 3))
        await server_store.add(tx, server_row("s", project_id=DEMO, user_id="u", flavor={"vcpus": 2, "ram": 3}))
    async with db.tx() as tx:
        project, user = await quotas.of_project(tx, DEMO), await quotas.of_project(tx, DEMO, "u")
        assert (project["cores"].limit, user["cores"].limit, project["ram"].limit) == (8, 4, 9)
        assert (project["cores"].used, user["cores"].used, user["ram"].used) == (2, 2, 3)
        await quotas.reset(tx, DEMO, "")
        assert (await quotas.of_project(tx, DEMO, "u"))["cores"].limit == 7
        assert (await quotas.defaults(tx))["cores"] == 7


async def test_usage_counts_the_servers_of_a_period(db: Database) -> None:
    async with db.tx() as tx:
        hours = {hour: stamp(tx.now - hour * 3600) for hour in range(5)}
        size = {"name": "f", "vcpus": 2, "ram": 4, "disk": 1, "ephemeral": 1}
        lives = {"never": (None, None), "early": (hours[4], hours[3]), "late": (hours[2], None)}
        for name, (begin, end) in lives.items():
            await server_store.add(
                tx, server_row(name, name=name, flavor=size, launched_at=begin, terminated_at=end, deleted_at=end)
            )
    async with db.read() as tx:
        [project] = await usage.between(tx, Period(hours[4], hours[0]), Page())
        assert {one.server.name: one.hours for one in project.servers} == {"early": 1.0, "late": 2.0}
        assert (project.total("vcpus"), project.total("ram"), project.total("disk")) == (6.0, 12.0, 6.0)
        [last] = await usage.between(tx, Period(hours[1], hours[0]), Page(limit=5))
        assert [one.server.name for one in last.servers] == ["late"]
