"""What another project has cannot be named in a body: each id of one's own in it is replaced by the other project's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.clock import FakeClock, settle
from tests.support.cloud import TestCloud, running_cloud
from tests.support.site import COMPUTE, IDENTITY, IMAGE, NETWORK, VOLUME, made
from tests.support.volumes import VolumeCloud

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdjPepuVZfTc0XOCH04wYwTE53TC4zZ2JefF1u0Y1H+ somebody"
LATEST = {"OpenStack-API-Version": "compute latest, volume 3.67"}

Things = dict[str, str]


class Estate:
    """What a member of a project has; `ids` by what they are."""

    def __init__(self, cloud: TestCloud, client: httpx.AsyncClient, name: str) -> None:
        self.cloud, self.client, self.name = cloud, client, name
        token = client.headers["X-Auth-Token"]
        self.ids: Things = {"project": client.project_id, "user": client.user_id, "token": token}  # type: ignore[attr-defined]

    async def ask(self, method: str, path: str, body: Any) -> httpx.Response:
        """A request."""
        service = "volume" if path.startswith(VOLUME) else "compute"
        headers = {"OpenStack-API-Version": f"{service} {'3.67' if service == 'volume' else 'latest'}"}
        return await self.client.request(method, path, json=body, headers=headers)

    async def make(self, what: str, path: str, body: Any) -> str:
        """Make something and remember its id."""
        answer = await made(self.ask("POST", path, body))
        inner = next(iter(answer.values())) if isinstance(next(iter(answer.values())), dict) else answer
        self.ids[what] = str(inner["id"])
        return self.ids[what]


async def estate(cloud: TestCloud, moving: VolumeCloud, name: str, flavor: str, outside: str) -> Estate:
    """One of everything that a project can have and a body can name."""
    new = Estate(cloud, await cloud.client(name), name)
    await _networks(new, outside)
    image = {"name": name, "disk_format": "raw", "container_format": "bare", "visibility": "private"}
    uploaded = await new.make("image", f"{IMAGE}/images", image)
    octets = {"Content-Type": "application/octet-stream"}
    await made(new.client.put(f"{IMAGE}/images/{uploaded}/file", content=bytes(512), headers=octets))
    for what in ("volume", "spare volume"):
        await new.make(what, f"{VOLUME}/volumes", {"volume": {"size": 1, "name": what}})
    await new.make("bootable volume", f"{VOLUME}/volumes", {"volume": {"size": 1, "imageRef": uploaded}})
    await new.make("server group", f"{COMPUTE}/os-server-groups", {"server_group": {"name": name, "policy": "anti-affinity"}})
    await made(new.ask("POST", f"{COMPUTE}/os-keypairs", {"keypair": {"name": name, "type": "ssh", "public_key": KEY}}))
    new.ids["key"] = name
    server = {"name": name, "imageRef": uploaded, "flavorRef": flavor, "networks": "none"}
    await new.make("server", f"{COMPUTE}/servers", {"server": server})
    await moving.settle()
    await new.make("snapshot", f"{VOLUME}/snapshots", {"snapshot": {"volume_id": new.ids["volume"]}})
    await _settle(cloud, moving)
    return new


async def _networks(new: Estate, outside: str) -> None:
    network = await new.make("network", f"{NETWORK}/networks", {"network": {"name": new.name}})
    subnet = {"network_id": network, "cidr": "10.0.0.0/24", "ip_version": 4}
    await new.make("subnet", f"{NETWORK}/subnets", {"subnet": subnet})
    for what in ("port", "spare port", "third port"):
        await new.make(what, f"{NETWORK}/ports", {"port": {"network_id": network}})
    await new.make("subnet pool", f"{NETWORK}/subnetpools", {"subnetpool": {"name": new.name, "prefixes": ["10.9.0.0/16"]}})
    await new.make("router", f"{NETWORK}/routers", {"router": {"external_gateway_info": {"network_id": outside}}})
    await new.make("security group", f"{NETWORK}/security-groups", {"security_group": {"name": f"group of {new.name}"}})
    await new.make("floating IP", f"{NETWORK}/floatingips", {"floatingip": {"floating_network_id": outside}})


async def _settle(cloud: TestCloud, moving: VolumeCloud) -> None:
    for _ in range(5):
        await moving.settle()
        await cloud.cloud.parts.sync.drain()
        await settle()


class Pair:
    """Two estates in one cloud."""

    def __init__(self, mine: Estate, theirs: Estate, flavor: str, outside: str) -> None:
        self.mine, self.theirs, self.flavor, self.outside = mine, theirs, flavor, outside


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    """Mine and theirs."""
    async with running_cloud(tmp_path, FakeClock()) as cloud:
        moving = VolumeCloud(cloud)
        await moving.start()
        admin = await cloud.admin()
        sized = {"flavor": {"name": "small", "vcpus": 1, "ram": 64, "disk": 1}}
        flavor = (await made(admin.post(f"{COMPUTE}/flavors", json=sized)))["flavor"]["id"]
        external = {"network": {"name": "public", "router:external": True}}
        outside = (await made(admin.post(f"{NETWORK}/networks", json=external)))["network"]["id"]
        subnet = {"subnet": {"network_id": outside, "cidr": "172.24.4.0/24", "ip_version": 4}}
        await made(admin.post(f"{NETWORK}/subnets", json=subnet))
        estates = [await estate(cloud, moving, name, flavor, outside) for name in ("mine", "theirs")]
        yield Pair(*estates, flavor, outside)


def network_bodies(own: Things, outside: str) -> Iterator[tuple[str, str, Any]]:
    """Requests about networks that name things."""
    port = {"network_id": own["network"]}
    yield "POST", "networks", {"network": {"project_id": own["project"]}}
    yield "POST", "ports", {"port": {**port, "project_id": own["project"]}}
    yield "POST", "ports", {"port": {**port, "security_groups": [own["security group"]]}}
    yield "POST", "ports", {"port": {**port, "fixed_ips": [{"subnet_id": own["subnet"]}]}}
    yield "PUT", f"ports/{own['port']}", {"port": {"security_groups": [own["security group"]]}}
    yield "PUT", f"ports/{own['port']}", {"port": {"fixed_ips": [{"subnet_id": own["subnet"]}]}}
    yield "POST", "subnets", {"subnet": {"network_id": own["network"], "cidr": "10.1.0.0/24", "ip_version": 4}}
    pooled = {"network_id": own["network"], "subnetpool_id": own["subnet pool"], "prefixlen": 24, "ip_version": 4}
    yield "POST", "subnets", {"subnet": pooled}
    yield "PUT", f"routers/{own['router']}/add_router_interface", {"subnet_id": own["subnet"]}
    yield "PUT", f"routers/{own['router']}/remove_router_interface", {"subnet_id": own["subnet"]}
    yield "PUT", f"routers/{own['router']}/add_router_interface", {"port_id": own["spare port"]}
    yield "POST", "floatingips", {"floatingip": {"floating_network_id": outside, "port_id": own["port"]}}
    yield "POST", "floatingips", {"floatingip": {"floating_network_id": outside, "project_id": own["project"]}}
    yield "PUT", f"floatingips/{own['floating IP']}", {"floatingip": {"port_id": own["third port"]}}
    rule = {"security_group_id": own["security group"], "direction": "ingress"}
    yield "POST", "security-group-rules", {"security_group_rule": {**rule, "remote_group_id": own["security group"]}}
    yield "POST", "security-groups", {"security_group": {"name": "x", "project_id": own["project"]}}


def compute_bodies(own: Things, flavor: str) -> Iterator[tuple[str, str, Any]]:
    """Requests about servers that name things."""
    server = {"name": "x", "flavorRef": flavor, "networks": "none"}
    plain = {**server, "imageRef": own["image"]}
    disk = {"boot_index": 0, "destination_type": "volume", "delete_on_termination": False}
    yield "POST", "servers", {"server": plain}
    yield "POST", "servers", {"server": {**plain, "networks": [{"uuid": own["network"]}]}}
    yield "POST", "servers", {"server": {**plain, "networks": [{"port": own["spare port"]}]}}
    named = [{"name": own["security group"]}]
    yield "POST", "servers", {"server": {**plain, "networks": [{"uuid": own["network"]}], "security_groups": named}}
    yield "POST", "servers", {"server": {**plain, "key_name": own["key"]}}
    yield "POST", "servers", {"server": plain, "os:scheduler_hints": {"group": own["server group"]}}
    for kind, what, size in (("volume", "bootable volume", {}), ("image", "image", {"volume_size": 1})):
        mapped = [{**disk, "source_type": kind, "uuid": own[what], **size}]
        yield "POST", "servers", {"server": {**server, "block_device_mapping_v2": mapped}}
    yield "POST", f"servers/{own['server']}/os-interface", {"interfaceAttachment": {"net_id": own["network"]}}
    yield "POST", f"servers/{own['server']}/os-interface", {"interfaceAttachment": {"port_id": own["port"]}}
    yield "POST", f"servers/{own['server']}/os-volume_attachments", {"volumeAttachment": {"volumeId": own["volume"]}}


def volume_bodies(own: Things) -> Iterator[tuple[str, str, Any]]:
    """Requests about volumes that name things."""
    for field, what in (("source_volid", "spare volume"), ("snapshot_id", "snapshot"), ("imageRef", "image")):
        yield "POST", "volumes", {"volume": {"size": 1, field: own[what]}}
    yield "POST", "snapshots", {"snapshot": {"volume_id": own["spare volume"]}}
    yield "POST", "attachments", {"attachment": {"volume_uuid": own["spare volume"]}}


def identity_bodies(own: Things) -> Iterator[tuple[str, str, Any]]:
    """Requests about oneself that name things."""
    yield "POST", "credentials", {"credential": {"type": "cert", "blob": "x", "user_id": own["user"]}}
    identity = {"methods": ["token"], "token": {"id": own["token"]}}
    yield "POST", "auth/tokens", {"auth": {"identity": identity, "scope": {"project": {"id": own["project"]}}}}


def replaced(body: Any, mine: Things, theirs: Things) -> Iterator[tuple[str, Any]]:
    """The body with one of my things replaced by theirs, for each of them; and what that is."""
    text = json.dumps(body)
    for what, own in mine.items():
        if what != "token" and f'"{own}"' in text:
            yield what, json.loads(text.replace(f'"{own}"', f'"{theirs[what]}"'))


async def check(pair: Pair, mount: str, bodies: Iterator[tuple[str, str, Any]]) -> int:
    """Ask with their things, which must be refused, then with mine, which must not; how many things of theirs were named."""
    wrong, tried = [], 0
    for method, path, body in bodies:
        for what, foreign in replaced(body, pair.mine.ids, pair.theirs.ids):
            answer = await pair.mine.ask(method, f"{mount}/{path}", foreign)
            tried += 1
            if not 400 <= answer.status_code < 500:
                wrong.append(f"{method} {path} with their {what}: {answer.status_code} {foreign}")
        own = await pair.mine.ask(method, f"{mount}/{path}", body)
        if own.status_code >= 300:
            wrong.append(f"{method} {path} with mine: {own.status_code} {own.text[:300]} {body}")
    assert not wrong, "\n".join(wrong)
    return tried


async def test_T8_no_request_about_networks_names_what_another_project_has(pair):
    assert await check(pair, NETWORK, network_bodies(pair.mine.ids, pair.outside)) == 20


async def test_T8_no_request_about_volumes_names_what_another_project_has(pair):
    assert await check(pair, VOLUME, volume_bodies(pair.mine.ids)) == 5


async def test_T8_no_request_about_servers_names_what_another_project_has(pair):
    assert await check(pair, COMPUTE, compute_bodies(pair.mine.ids, pair.flavor)) == 17


LOOKING = (
    *("", "all_tenants=1", "all_tenants=true", "project_id={project}", "tenant_id={project}", "owner={project}", "user_id={user}"),
    *("all_projects=true", "member_status=all&visibility=all", "deleted=true&all_tenants=1", "user={user}", "project={project}"),
    *("id={server}", "network_id={network}", "volume_id={volume}", "device_id={server}", "image={image}", "host=fake1"),
    *("sort_key=project_id", "fields=id&fields=project_id", "scope.project.id={project}", "sort=owner:asc", "with_count=true"),
)
"""Ways to ask for more than one's own in lists."""


async def test_T8_no_list_shows_what_another_project_has(pair):
    application = pair.mine.cloud.cloud.application
    wrong, seen = [], 0
    lists = [
        service.mount + route.path
        for service in application.services
        for route in service.routes
        if route.method == "GET" and "{" not in route.path
    ]
    for path in lists:
        for query in LOOKING:
            answer = await pair.mine.ask("GET", f"{path}?{query.format(**pair.theirs.ids)}", None)
            assert answer.status_code < 500, f"{path} {query}: {answer.text}"
            shown = [what for what, theirs in pair.theirs.ids.items() if what != "key" and theirs in said(answer, query, pair)]
            seen += any(f'"{mine}"' in answer.text for what, mine in pair.mine.ids.items() if what not in ("user", "project"))
            wrong += [f"{path}?{query} shows their {what}: {answer.status_code}" for what in shown]
    assert not wrong, "\n".join(wrong)
    assert seen > 200


def said(answer: httpx.Response, query: str, pair: Pair) -> str:
    """What is answered beyond the words of the question."""
    words = answer.text
    for what, theirs in pair.theirs.ids.items():
        if f"{{{what}}}" in query:
            words = words.replace(f"={theirs}", "").replace(f"'{theirs}'", "")
    return words


async def test_T8_no_request_about_oneself_names_another_user_or_project(pair):
    assert await check(pair, IDENTITY, identity_bodies(pair.mine.ids)) == 2
