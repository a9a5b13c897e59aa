"""Servers over HTTP: create, show, list, change, delete."""

from __future__ import annotations

from typing import Any

from tests.support.servers import LATEST, OTHER, ComputeCloud, body


async def made(cloud: ComputeCloud, **fields: Any) -> dict[str, Any]:
    """A server that was asked for and has been built, as it is shown at the latest version."""
    client = cloud.client(**LATEST)
    answer = await client.post("/servers", json=body(cloud, networks="auto", **fields))
    assert answer.status_code == 202, answer.text
    await cloud.settle()
    shown: dict[str, Any] = (await client.get(f"/servers/{answer.json()['server']['id']}")).json()["server"]
    return shown


async def test_creating_a_server_answers_at_once_with_its_id_password_and_address(cloud: ComputeCloud) -> None:
    answer = await cloud.client().post("/servers", json=body(cloud))
    assert answer.status_code == 202
    server = answer.json()["server"]
    assert set(server) == {"id", "links", "adminPass", "OS-DCF:diskConfig", "security_groups"}
    assert answer.headers["location"] == f"http://cloud.test/compute/v2.1/servers/{server['id']}"
    assert answer.headers["x-compute-request-id"] == answer.headers["x-openstack-request-id"]


async def test_a_server_is_active_with_an_address_once_it_is_built(cloud: ComputeCloud) -> None:
    server = await made(cloud)
    assert server["status"] == "ACTIVE"
    [address] = server["addresses"]["private"]
    assert address["version"] == 4
    assert address["OS-EXT-IPS:type"] == "fixed"


async def test_a_deleted_server_is_gone_and_leaves_nothing(cloud: ComputeCloud) -> None:
    server = await made(cloud)
    client = cloud.client()
    assert (await client.delete(f"/servers/{server['id']}")).status_code == 204
    await cloud.settle()
    assert (await client.get(f"/servers/{server['id']}")).status_code == 404
    assert (await client.get("/servers")).json() == {"servers": []}
    assert all(not world.guests and not world.disks and not world.ports for world in cloud.worlds)


async def test_a_server_of_another_project_is_not_there(cloud: ComputeCloud) -> None:
    server = await made(cloud)
    other = cloud.client(OTHER)
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/os-interface"),
        ("GET", "/metadata"),
        ("GET", "/os-instance-actions"),
    ):
        assert (await other.request(method, f"/servers/{server['id']}{path}")).status_code == 404


async def test_servers_are_listed_newest_first_and_page_by_page(cloud: ComputeCloud) -> None:
    for name in ("a", "b", "c"):
        await made(cloud, name=name)
        await cloud.clock.advance(1)
    client = cloud.client()
    first = (await client.get("/servers?limit=2")).json()
    assert [s["name"] for s in first["servers"]] == ["c", "b"]
    rest = (await client.get(first["servers_links"][0]["href"])).json()
    assert [s["name"] for s in rest["servers"]] == ["a"]
    detail = (await client.get("/servers/detail?limit=2")).json()
    assert [s["name"] for s in detail["servers"]] == ["c", "b"]
    assert "/servers/detail?" in detail["servers_links"][0]["href"]
