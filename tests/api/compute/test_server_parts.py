"""A server's metadata, tags, lock, log, console, volumes, interfaces and the rest, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.servers import ADMIN, DEMO, LATEST, OTHER, ComputeCloud, actor

from cumulet.compute.api.routes import ROUTES
from cumulet.compute.operations.servers import delete
from cumulet.contract.commands import DetachDisk
from cumulet.kernel.http import PUBLIC
from cumulet.volume.operations import volumes

UUID = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
async def client(cloud: ComputeCloud) -> httpx.AsyncClient:
    """A member at the latest version."""
    return cloud.client(**LATEST)


@pytest.fixture
async def path(cloud: ComputeCloud) -> str:
    """The path of a running server."""
    return f"/servers/{(await cloud.server()).id}"


async def act(client: httpx.AsyncClient, path: str, name: str, value: Any = None) -> httpx.Response:
    return await client.post(f"{path}/action", json={name: value})


async def test_metadata_is_added_replaced_read_and_removed(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(f"{path}/metadata", json={"metadata": {"a": "1", "b": "2"}})).json() == {
        "metadata": {"a": "1", "b": "2"}
    }
    assert (await client.put(f"{path}/metadata/a", json={"meta": {"a": "3"}})).json() == {"meta": {"a": "3"}}
    assert (await client.get(f"{path}/metadata")).json() == {"metadata": {"a": "3", "b": "2"}}
    assert (await client.get(f"{path}/metadata/b")).json() == {"meta": {"b": "2"}}
    assert (await client.delete(f"{path}/metadata/b")).status_code == 204
    assert (await client.get(f"{path}/metadata/b")).status_code == 404
    assert (await client.put(f"{path}/metadata", json={"metadata": {}})).json() == {"metadata": {}}
    assert (await client.put(f"{path}/metadata/a", json={"meta": {"b": "3"}})).status_code == 400
    many = {f"k{at}": "v" for at in range(129)}
    assert (await client.post(f"{path}/metadata", json={"metadata": many})).status_code == 403


async def test_tags_are_set_checked_and_removed(client: httpx.AsyncClient, path: str) -> None:
    first = await client.put(f"{path}/tags/red")
    assert (first.status_code, first.headers["location"].endswith(f"{path}/tags/red")) == (201, True)
    assert (await client.put(f"{path}/tags/red")).status_code == 204
    assert (await client.get(f"{path}/tags/red")).status_code == 204
    assert (await client.get(f"{path}/tags/blue")).status_code == 404
    assert (await client.put(f"{path}/tags", json={"tags": ["b", "a"]})).json() == {"tags": ["a", "b"]}
    assert (await client.delete(f"{path}/tags/a")).status_code == 204
    assert (await client.get(f"{path}/tags")).json() == {"tags": ["b"]}
    assert (await client.delete(f"{path}/tags")).status_code == 204
    assert (await client.get(f"{path}/tags")).json() == {"tags": []}
    assert (await client.put(f"{path}/tags/a,b")).status_code == 400


async def test_a_locked_server_changes_only_for_administrators(cloud: ComputeCloud, client: httpx.AsyncClient, path: str) -> None:
    assert (await act(client, path, "lock", {"locked_reason": "do not touch"})).status_code == 202
    shown = (await client.get(path)).json()["server"]
    assert (shown["locked"], shown["locked_reason"]) == (True, "do not touch")
    for method, where, sent in (
        ("DELETE", path, None),
        ("POST", f"{path}/action", {"os-stop": None}),
        ("POST", f"{path}/metadata", {"metadata": {"a": "b"}}),
        ("POST", f"{path}/os-interface", {"interfaceAttachment": {}}),
    ):
        assert (await client.request(method, where, json=sent)).status_code == 409
    assert (await act(client, path, "unlock")).status_code == 202
    admin = cloud.client(DEMO, "admin", **LATEST)
    await act(admin, path, "lock")
    assert (await act(client, path, "unlock")).status_code == 403
    assert (await act(admin, path, "os-stop")).status_code == 202


async def test_an_old_lock_takes_no_reason(cloud: ComputeCloud, path: str) -> None:
    assert (await act(cloud.client(), path, "lock", {"anything": 1})).status_code == 202
    assert (await act(cloud.client(**LATEST), path, "lock", {"anything": 1})).status_code == 400


async def test_power_actions_follow_each_other(cloud: ComputeCloud, client: httpx.AsyncClient, path: str) -> None:
    async def status() -> tuple[str, str | None]:
        shown = (await client.get(path)).json()["server"]
        return shown["status"], shown["OS-EXT-STS:task_state"]

    assert (await act(client, path, "os-start")).status_code == 409
    assert (await act(client, path, "os-stop")).status_code == 202
    assert await status() == ("ACTIVE", "powering-off")
    assert (await act(client, path, "reboot", {"type": "SOFT"})).status_code == 409
    await cloud.settle()
    assert await status() == ("SHUTOFF", None)
    assert (await act(client, path, "reboot", {"type": "SOFT"})).status_code == 409
    assert (await act(client, path, "os-start")).status_code == 202
    await cloud.settle()
    assert (await act(client, path, "reboot", {"type": "hard"})).status_code == 202
    assert await status() == ("HARD_REBOOT", "rebooting_hard")
    await cloud.settle()
    assert await status() == ("ACTIVE", None)
    assert (await act(client, path, "reboot", {"type": "medium"})).status_code == 400
    assert (await act(client, path, "nonsense")).status_code == 400


async def test_K4_a_server_whose_root_disk_is_gone_does_not_start(
    cloud: ComputeCloud, client: httpx.AsyncClient, path: str
) -> None:
    await act(client, path, "os-stop")
    await cloud.settle()
    for world in cloud.worlds:
        for disks in list(world.disks.values()):
            world.lose(disks["root"].path)
    await act(client, path, "os-start")
    await cloud.settle()
    shown = (await client.get(path)).json()["server"]
    assert shown["status"] == "ERROR"
    assert "is not on this host" in shown["fault"]["message"]
    assert all(guest.state != "running" for world in cloud.worlds for guest in world.guests.values())


async def test_an_administrator_may_say_what_state_a_server_is_in(
    cloud: ComputeCloud, client: httpx.AsyncClient, path: str
) -> None:
    admin = cloud.client(DEMO, "admin", **LATEST)
    assert (await act(client, path, "os-resetState", {"state": "error"})).status_code == 403
    assert (await act(admin, path, "os-resetState", {"state": "error"})).status_code == 202
    assert (await client.get(path)).json()["server"]["status"] == "ERROR"
    assert (await act(admin, path, "os-resetState", {"state": "nonsense"})).status_code == 400
    assert (await act(admin, path, "os-resetState", {"state": "active"})).status_code == 202
    assert (await client.get(path)).json()["server"]["status"] == "ACTIVE"


async def test_the_log_tells_what_was_done_and_how_it_ended(cloud: ComputeCloud, client: httpx.AsyncClient, path: str) -> None:
    await cloud.clock.advance(1)
    stopped = await act(client, path, "os-stop")
    await cloud.settle()
    listed = (await client.get(f"{path}/os-instance-actions")).json()["instanceActions"]
    assert [action["action"] for action in listed] == ["stop", "create"]
    assert listed[0]["request_id"] == stopped.headers["x-compute-request-id"]
    one = (await client.get(f"{path}/os-instance-actions/{listed[0]['request_id']}")).json()["instanceAction"]
    [event] = one["events"]
    assert (event["event"], event["result"]) == ("compute_stop_instance", "Success")
    assert "traceback" not in event
    admin = cloud.client(DEMO, "admin", **LATEST)
    seen = (await admin.get(f"{path}/os-instance-actions/{listed[0]['request_id']}")).json()["instanceAction"]
    assert seen["events"][0]["host"] in ("fake1", "fake2")
    page = (await client.get(f"{path}/os-instance-actions?limit=1")).json()
    assert [action["action"] for action in page["instanceActions"]] == ["stop"]
    rest = (await client.get(page["links"][0]["href"])).json()
    assert [action["action"] for action in rest["instanceActions"]] == ["create"]
    assert (await client.get(f"{path}/os-instance-actions/req-nothing")).status_code == 404


async def test_the_log_of_a_deleted_server_can_still_be_read(cloud: ComputeCloud, client: httpx.AsyncClient, path: str) -> None:
    async with cloud.db.tx() as tx:
        await delete.delete(tx, actor(), path.removeprefix("/servers/"))
    await cloud.settle()
    assert (await client.get(f"{path}/os-instance-actions")).status_code == 200
    assert (await cloud.client().get(f"{path}/os-instance-actions")).status_code == 404
    assert (await cloud.client(OTHER, **LATEST).get(f"{path}/os-instance-actions")).status_code == 404


async def test_a_failed_action_says_so(cloud: ComputeCloud, client: httpx.AsyncClient, path: str) -> None:
    from cumulet.contract.commands import StopGuest

    for world in cloud.worlds:
        world.faults.fail(StopGuest, message="The guest is stuck.")
    await act(client, path, "os-stop")
    await cloud.settle()
    [action] = [a for a in (await client.get(f"{path}/os-instance-actions")).json()["instanceActions"] if a["action"] == "stop"]
    assert action["message"] == "Error"
    shown = (await client.get(path)).json()["server"]
    assert (shown["status"], shown["OS-EXT-STS:task_state"]) == ("ACTIVE", None)


async def test_the_console_shows_the_last_lines(cloud: ComputeCloud, client: httpx.AsyncClient, path: str) -> None:
    whole = (await act(client, path, "os-getConsoleOutput", {})).json()["output"]
    assert whole.endswith("web login: ")
    last = (await act(client, path, "os-getConsoleOutput", {"length": 1})).json()["output"]
    assert last == "web login: "
    assert (await act(client, path, "os-getConsoleOutput", {"length": "5"})).status_code == 200
    assert (await act(client, path, "os-getConsoleOutput", {"length": -1})).json()["output"] == whole
    assert (await act(client, path, "os-getConsoleOutput", {"length": "x"})).status_code == 400
    for world in cloud.worlds:
        world.guests.clear()
    assert (await act(client, path, "os-getConsoleOutput", {})).status_code == 404


async def test_the_console_of_a_server_that_is_nowhere_is_a_conflict(cloud: ComputeCloud, client: httpx.AsyncClient) -> None:
    server = (await cloud.ask()).servers[0]
    assert (await act(client, f"/servers/{server.id}", "os-getConsoleOutput", {})).status_code == 409


async def a_volume(cloud: ComputeCloud) -> str:
    async with cloud.db.tx() as tx:
        made = await volumes.create(tx, actor(), volumes.NewVolume(size_gb=1, host_id=cloud.worlds[0].host_id))
    await cloud.settle()
    return made.id


@pytest.fixture
async def beside(cloud: ComputeCloud) -> str:
    """The path of a server on the first host, where volumes are made."""
    from cumulet.compute.operations.servers.wanted import Place

    return f"/servers/{(await cloud.server(place=Place(host='fake1'))).id}"


async def test_a_volume_is_attached_shown_and_detached(cloud: ComputeCloud, client: httpx.AsyncClient, beside: str) -> None:
    volume_id = await a_volume(cloud)
    where = f"{beside}/os-volume_attachments"
    sent = {"volumeAttachment": {"volumeId": volume_id, "tag": "data", "delete_on_termination": True}}
    made = await client.post(where, json=sent)
    assert made.status_code == 200, made.text
    assert made.json()["volumeAttachment"]["device"] == "/dev/vdb"
    assert (await client.delete(f"{where}/{volume_id}")).status_code == 409
    await cloud.settle()
    [listed] = (await client.get(where)).json()["volumeAttachments"]
    assert listed == (await client.get(f"{where}/{volume_id}")).json()["volumeAttachment"]
    assert (listed["tag"], listed["delete_on_termination"], listed["volumeId"]) == ("data", True, volume_id)
    assert "id" not in listed
    shown = (await client.get(beside)).json()["server"]
    assert shown["os-extended-volumes:volumes_attached"] == [{"id": volume_id, "delete_on_termination": True}]
    assert (await client.post(where, json=sent)).status_code == 400
    keep = {"volumeAttachment": {"volumeId": volume_id, "delete_on_termination": False}}
    assert (await client.put(f"{where}/{volume_id}", json=keep)).status_code == 202
    assert (await client.get(f"{where}/{volume_id}")).json()["volumeAttachment"]["delete_on_termination"] is False
    assert (await client.delete(f"{where}/{volume_id}")).status_code == 202
    await cloud.settle()
    assert (await client.get(where)).json() == {"volumeAttachments": []}
    assert (await client.delete(f"{where}/{volume_id}")).status_code == 404


async def test_several_volumes_are_attached_at_once(cloud: ComputeCloud, client: httpx.AsyncClient, beside: str) -> None:
    found = [await a_volume(cloud) for _ in range(3)]
    for volume_id in found:
        made = await client.post(f"{beside}/os-volume_attachments", json={"volumeAttachment": {"volumeId": volume_id}})
        assert made.status_code == 200
    await cloud.settle()
    listed = (await client.get(f"{beside}/os-volume_attachments")).json()["volumeAttachments"]
    assert [(v["volumeId"], v["device"]) for v in listed] == list(zip(found, ("/dev/vdb", "/dev/vdc", "/dev/vdd"), strict=True))
    [guest] = cloud.worlds[0].guests.values()
    assert [disk.volume_id for disk in guest.spec.disks][1:] == found


async def test_a_guest_that_keeps_its_volume_keeps_it(cloud: ComputeCloud, client: httpx.AsyncClient, beside: str) -> None:
    volume_id = await a_volume(cloud)
    await client.post(f"{beside}/os-volume_attachments", json={"volumeAttachment": {"volumeId": volume_id}})
    await cloud.settle()
    cloud.worlds[0].faults.fail(DetachDisk, code="detach_refused", message="The guest does not let go.")
    await client.delete(f"{beside}/os-volume_attachments/{volume_id}")
    await cloud.settle()
    assert len((await client.get(f"{beside}/os-volume_attachments")).json()["volumeAttachments"]) == 1
    async with cloud.db.read() as tx:
        assert await volumes.status(tx, volume_id) == "in-use"


WRONG_VOLUMES = {
    "a volume that is not there": ({"volumeId": UUID}, 404),
    "a volume that is no id": ({"volumeId": "x"}, 400),
    "no volume": ({}, 400),
    "a device that is none": ({"volumeId": UUID, "device": "vdb"}, 400),
    "an unknown field": ({"volumeId": UUID, "nonsense": 1}, 400),
}


@pytest.mark.parametrize("what", WRONG_VOLUMES)
async def test_a_wrong_attachment_is_refused(client: httpx.AsyncClient, path: str, what: str) -> None:
    sent, status = WRONG_VOLUMES[what]
    assert (await client.post(f"{path}/os-volume_attachments", json={"volumeAttachment": sent})).status_code == status


async def test_an_interface_is_attached_shown_and_detached(cloud: ComputeCloud, client: httpx.AsyncClient, path: str) -> None:
    where = f"{path}/os-interface"
    sent = {"net_id": cloud.network.id, "fixed_ips": [{"ip_address": "10.0.3.3"}], "tag": "back"}
    made = await client.post(where, json={"interfaceAttachment": sent})
    assert made.status_code == 200, made.text
    interface = made.json()["interfaceAttachment"]
    assert (interface["fixed_ips"][0]["ip_address"], interface["tag"]) == ("10.0.3.3", "back")
    await cloud.settle()
    shown = (await client.get(f"{where}/{interface['port_id']}")).json()["interfaceAttachment"]
    assert shown["port_state"] == "ACTIVE"
    assert len((await client.get(where)).json()["interfaceAttachments"]) == 2
    assert (await client.delete(f"{where}/{interface['port_id']}")).status_code == 202
    await cloud.settle()
    assert len((await client.get(where)).json()["interfaceAttachments"]) == 1
    assert (await client.delete(f"{where}/{interface['port_id']}")).status_code == 404
    assert (await client.post(where, json={"interfaceAttachment": {}})).status_code == 200


WRONG_INTERFACES = {
    "both": ({"net_id": UUID, "port_id": UUID}, 400),
    "an address without a network": ({"fixed_ips": [{"ip_address": "10.0.0.9"}]}, 400),
    "a network that is not there": ({"net_id": UUID}, 404),
    "a port that is not there": ({"port_id": UUID}, 404),
    "no id": ({"port_id": "x"}, 400),
    "no address": ({"net_id": UUID, "fixed_ips": []}, 400),
}


@pytest.mark.parametrize("what", WRONG_INTERFACES)
async def test_a_wrong_interface_is_refused(client: httpx.AsyncClient, path: str, what: str) -> None:
    sent, status = WRONG_INTERFACES[what]
    assert (await client.post(f"{path}/os-interface", json={"interfaceAttachment": sent})).status_code == status


async def test_security_groups_are_added_listed_and_removed(cloud: ComputeCloud, client: httpx.AsyncClient, path: str) -> None:
    from cumulet.network.operations import security_groups

    async with cloud.db.tx() as tx:
        await security_groups.create(tx, security_groups.NewGroup(project_id=DEMO, name="web"))
    assert (await act(client, path, "addSecurityGroup", {"name": "web"})).status_code == 202
    assert [g["name"] for g in (await client.get(path)).json()["server"]["security_groups"]] == ["default", "web"]
    listed = (await client.get(f"{path}/os-security-groups")).json()["security_groups"]
    assert {group["name"] for group in listed} == {"default", "web"}
    assert (await act(client, path, "removeSecurityGroup", {"name": "web"})).status_code == 202
    assert (await act(client, path, "removeSecurityGroup", {"name": "web"})).status_code == 404
    assert (await act(client, path, "addSecurityGroup", {"name": "nothing"})).status_code == 404
    assert [g["name"] for g in (await client.get(path)).json()["server"]["security_groups"]] == ["default"]


async def test_addresses_are_listed_by_network(client: httpx.AsyncClient, path: str) -> None:
    listed = (await client.get(f"{path}/ips")).json()["addresses"]
    assert (await client.get(f"{path}/ips/private")).json() == {"private": listed["private"]}
    assert set(listed["private"][0]) == {"version", "addr"}
    assert (await client.get(f"{path}/ips/nothing")).status_code == 404


async def test_the_smaller_parts_are_there(cloud: ComputeCloud, client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"{path}/os-server-password")).json() == {"password": ""}
    assert (await client.delete(f"{path}/os-server-password")).status_code == 204
    assert (await client.get(f"{path}/topology")).json() == {"nodes": [], "pagesize_kb": None}
    admin = cloud.client(DEMO, "admin", **LATEST)
    assert (await admin.get(f"{path}/migrations")).json() == {"migrations": []}
    diagnosed = (await admin.get(f"{path}/diagnostics")).json()
    assert (diagnosed["state"], diagnosed["num_cpus"], diagnosed["num_nics"]) == ("running", 1, 1)
    assert (await client.get(f"{path}/diagnostics")).status_code == 403


async def test_a_server_is_renamed_and_described(client: httpx.AsyncClient, path: str, cloud: ComputeCloud) -> None:
    sent = {"name": "new", "description": "d", "hostname": "h1.example", "accessIPv4": "1.2.3.4"}
    shown = (await client.put(path, json={"server": sent})).json()["server"]
    assert (shown["name"], shown["description"], shown["OS-EXT-SRV-ATTR:hostname"]) == ("new", "d", "h1.example")
    assert shown["accessIPv4"] == "1.2.3.4"
    old = (await cloud.client().put(path, json={"server": {"name": "older"}})).json()["server"]
    assert "OS-EXT-STS:vm_state" not in old
    assert "OS-EXT-IPS:type" not in old["addresses"]["private"][0]
    for wrong in ({"name": ""}, {"accessIPv4": "x"}, {"hostname": "a b"}, {"nonsense": 1}):
        assert (await client.put(path, json={"server": wrong})).status_code == 400


async def test_the_host_shows_its_status_to_administrators(cloud: ComputeCloud, path: str, client: httpx.AsyncClient) -> None:
    admin = cloud.client(DEMO, "admin", **LATEST)
    for where in (path, "/servers/detail"):
        found = (await admin.get(where)).json()
        shown = found["server"] if "server" in found else found["servers"][0]
        assert shown["host_status"] == "UP"
        assert shown["OS-EXT-SRV-ATTR:host"] in ("fake1", "fake2")
    assert "host_status" not in (await client.get(path)).json()["server"]


async def test_version_documents_are_upstreams(cloud: ComputeCloud) -> None:
    client = cloud.client()
    client.headers.pop("X-Auth-Token")
    for where in ("http://cloud.test/compute", "http://cloud.test/compute/"):
        [version] = (await client.get(where)).json()["versions"]
        assert version["id"] == "v2.1"
        assert version["links"] == [{"rel": "self", "href": "http://cloud.test/compute/v2.1/"}]
    shown = (await client.get("http://cloud.test/compute/v2.1/")).json()["version"]
    assert (shown["status"], shown["min_version"], shown["updated"]) == ("CURRENT", "2.1", "2013-07-23T11:33:21Z")
    assert shown["media-types"][0]["type"] == "application/vnd.openstack.compute+json;version=2.1"


async def test_versions_are_negotiated_and_told(cloud: ComputeCloud) -> None:
    answer = await cloud.client(**{"X-OpenStack-Nova-API-Version": "2.42"}).get("/servers")
    assert answer.headers["openstack-api-version"] == "compute 2.42"
    assert answer.headers["x-openstack-nova-api-version"] == "2.42"
    too_new = await cloud.client(**{"OpenStack-API-Version": "compute 2.999"}).get("/servers")
    assert too_new.status_code == 406
    assert too_new.json()["computeFault"]["code"] == 406
    assert (await cloud.client(**{"OpenStack-API-Version": "compute two"}).get("/servers")).status_code == 400


async def test_a_missing_token_is_refused_as_by_keystonemiddleware(cloud: ComputeCloud) -> None:
    client = cloud.client()
    client.headers.pop("X-Auth-Token")
    answer = await client.get("/servers")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 401


def filled(path: str, server_id: str) -> str:
    """A route's path with the foreign server, and something for every other name."""
    return path.removeprefix("/v2.1").format_map(_Anything(server_id=server_id))


class _Anything(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return UUID


OF_ONE_SERVER = [route for route in ROUTES if route.policy != PUBLIC and "{server_id}" in route.path]


async def test_T8_no_route_of_a_server_works_for_another_project(cloud: ComputeCloud) -> None:
    """Each answers 404 or, where the request is wrong for whoever sends it, 400 or 403; and nothing changes."""
    server = await cloud.server()
    before = await cloud.look(server.id)
    stranger = cloud.client(OTHER, **LATEST)
    open_doors = []
    for route in OF_ONE_SERVER:
        sent = {route.action: None} if route.action else {}
        answer = await stranger.request(route.method, filled(route.path, server.id), json=sent)
        if answer.status_code not in (400, 403, 404):
            open_doors.append(f"{route.method} {route.path} {route.action}: {answer.status_code}")
    assert open_doors == []
    assert await cloud.look(server.id) == before


async def test_an_administrator_of_another_project_sees_and_changes_it(cloud: ComputeCloud, path: str) -> None:
    admin = cloud.client(ADMIN, "admin", **LATEST)
    assert (await admin.get(path)).status_code == 200
    assert (await act(admin, path, "os-stop")).status_code == 202
