"""What guests are told of themselves."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.support.servers import DEMO, ComputeCloud, actor

from cumulet.compute.model import Server
from cumulet.compute.operations import metadata
from cumulet.compute.operations.servers import change, delete
from cumulet.contract.reports import MetadataAnswer, MetadataQuery
from cumulet.network.operations import ports

SCRIPT = base64.b64encode(b"#!/bin/sh\n").decode()


async def asking(cloud: ComputeCloud, server: Server, path: str, **more: Any) -> MetadataAnswer:
    """What the server's guest hears when it asks."""
    async with cloud.db.tx() as tx:
        [interface] = (await ports.interfaces(tx, [server.id]))[server.id]
        query = MetadataQuery(interface.network_id, interface.fixed_ips[0][1], path, **more)
        return await metadata.answer(tx, query)


async def text(cloud: ComputeCloud, server: Server, path: str) -> str:
    answer = await asking(cloud, server, path)
    assert answer.status == 200, path
    return answer.body.decode()


@pytest.fixture
async def server(cloud: ComputeCloud) -> Server:
    """A server with everything a guest can be told."""
    await cloud.add_keypair("key")
    return await cloud.server(key_name="key", user_data=SCRIPT, metadata={"role": "web"}, name="My web")


async def test_openstack_metadata_says_who_the_guest_is(cloud: ComputeCloud, server: Server) -> None:
    found = json.loads(await text(cloud, server, "/openstack/latest/meta_data.json"))
    assert found["uuid"] == server.id
    assert (found["name"], found["hostname"]) == ("My web", "my-web.novalocal")
    assert found["meta"] == {"role": "web"}
    assert found["project_id"] == DEMO
    assert found["availability_zone"] == "nova"
    assert found["public_keys"]["key"].startswith("ssh-")
    assert found["keys"][0]["name"] == "key"
    assert len(base64.b64decode(found["random_seed"])) == 512
    assert found["devices"] == []


async def test_older_versions_know_less(cloud: ComputeCloud, server: Server) -> None:
    found = json.loads(await text(cloud, server, "/openstack/2012-08-10/meta_data.json"))
    assert "random_seed" not in found
    assert "project_id" not in found
    assert (await asking(cloud, server, "/openstack/2012-08-10/network_data.json")).status == 404


async def test_the_other_openstack_documents(cloud: ComputeCloud, server: Server) -> None:
    assert await text(cloud, server, "/openstack/latest/user_data") == "#!/bin/sh\n"
    assert await text(cloud, server, "/openstack/latest/vendor_data.json") == "{}"
    assert json.loads(await text(cloud, server, "/openstack/latest/vendor_data2.json")) == {"static": {}}
    network = json.loads(await text(cloud, server, "/openstack/latest/network_data.json"))
    assert [link["type"] for link in network["links"]] == ["ovs"]


async def test_directories_list_what_is_in_them(cloud: ComputeCloud, server: Server) -> None:
    assert "latest" in (await text(cloud, server, "/openstack")).splitlines()
    assert "meta_data.json" in (await text(cloud, server, "/openstack/latest/")).splitlines()
    assert (await text(cloud, server, "/")).splitlines()[-1] == "latest"
    assert (await text(cloud, server, "/latest")).splitlines() == ["meta-data/", "user-data"]
    names = (await text(cloud, server, "/latest/meta-data/")).splitlines()
    assert {"instance-id", "placement/", "public-keys/", "local-ipv4"} <= set(names)


async def test_ec2_metadata_is_a_tree_of_texts(cloud: ComputeCloud, server: Server) -> None:
    async with cloud.db.read() as tx:
        [interface] = (await ports.interfaces(tx, [server.id]))[server.id]
    assert await text(cloud, server, "/latest/meta-data/local-ipv4") == interface.fixed_ips[0][1]
    assert await text(cloud, server, "/latest/meta-data/hostname") == "my-web.novalocal"
    assert await text(cloud, server, "/latest/meta-data/instance-type") == "m1.small"
    assert await text(cloud, server, "/latest/meta-data/placement/availability-zone") == "nova"
    assert await text(cloud, server, "/latest/meta-data/public-keys/") == "0=key"
    assert (await text(cloud, server, "/latest/meta-data/public-keys/0/openssh-key")).startswith("ssh-")
    assert await text(cloud, server, "/2009-04-04/user-data") == "#!/bin/sh\n"
    assert await text(cloud, server, "/latest/meta-data/security-groups") == "default"


async def test_a_change_is_told_at_once(cloud: ComputeCloud, server: Server) -> None:
    async with cloud.db.tx() as tx:
        await change.set_metadata(tx, actor(), server.id, {"role": "db"}, replace=True)
    found = json.loads(await text(cloud, server, "/openstack/latest/meta_data.json"))
    assert found["meta"] == {"role": "db"}


async def test_a_guest_leaves_its_password_once(cloud: ComputeCloud, server: Server) -> None:
    path = "/openstack/latest/password"
    assert await text(cloud, server, path) == ""
    assert metadata.writes(MetadataQuery("n", "a", path, "POST"))
    assert (await asking(cloud, server, path, method="POST", body=b"encrypted")).status == 200
    assert await text(cloud, server, path) == "encrypted"
    assert (await asking(cloud, server, path, method="POST", body=b"again")).status == 409
    assert (await cloud.look(server.id)).password == "encrypted"


@pytest.mark.parametrize("body", [b"", b"x" * 1021])
async def test_a_password_of_the_wrong_size_is_refused(cloud: ComputeCloud, server: Server, body: bytes) -> None:
    answer = await asking(cloud, server, "/openstack/latest/password", method="POST", body=body)
    assert answer.status == 400


@pytest.mark.parametrize(
    "path", ["/nothing", "/latest/meta-data/nothing", "/openstack/1999-01-01", "/latest/meta-data/public-keys/0/_name"]
)
async def test_what_is_not_there_is_not_found(cloud: ComputeCloud, server: Server, path: str) -> None:
    assert (await asking(cloud, server, path)).status == 404


async def test_an_address_of_nobody_is_told_nothing(cloud: ComputeCloud, server: Server) -> None:
    async with cloud.db.tx() as tx:
        answer = await metadata.answer(tx, MetadataQuery(cloud.network.id, "10.0.99.99", "/openstack/latest/meta_data.json"))
    assert answer.status == 404
    async with cloud.db.tx() as tx:
        await delete.delete(tx, actor(), server.id)
    await cloud.settle()
    async with cloud.db.tx() as tx:
        answer = await metadata.answer(tx, MetadataQuery(cloud.network.id, "10.0.0.2", "/openstack/latest/meta_data.json"))
    assert answer.status == 404


async def test_nothing_can_be_posted_elsewhere(cloud: ComputeCloud, server: Server) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert (await asking(cloud, server, "/openstack/latest/meta_data.json", method=method, body=b"x")).status == 405


async def test_a_config_drive_holds_the_same_documents_and_the_password(cloud: ComputeCloud) -> None:
    made = await cloud.ask(config_drive=True, user_data=SCRIPT, personality=[{"path": "/etc/x", "contents": SCRIPT}])
    from cumulet.contract.commands import CreateConfigDrive

    sent: list[Any] = []
    agents = cloud.services.agents
    plain = agents.send

    async def listen(host_id: str, command: Any, **more: Any) -> Any:
        sent.append(command)
        return await plain(host_id, command, **more)

    agents.send = listen
    await cloud.settle()
    [drive] = [command for command in sent if isinstance(command, CreateConfigDrive)]
    meta = json.loads(drive.files["openstack/latest/meta_data.json"])
    assert meta["admin_pass"] == made.admin_password
    assert drive.files["openstack/latest/user_data"] == b"#!/bin/sh\n"
    assert drive.files["openstack/content/0000"] == b"#!/bin/sh\n"
    assert json.loads(drive.files["ec2/latest/meta-data.json"])["hostname"] == "web.novalocal"
    built = await cloud.look(made.servers[0].id)
    assert built.admin_password is None
