"""What a request for servers may say, and how it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.servers import ADMIN, DEMO, LATEST, ComputeCloud, body

from cumulet.compute.store import quotas

UUID = "11111111-1111-4111-8111-111111111111"
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": ""}, "name"),
    "a name too long": ({"name": "x" * 256}, "name"),
    "a name with a space at its end": ({"name": "x "}, "name"),
    "an unprintable name": ({"name": "a\u0007b"}, "name"),
    "an unknown field": ({"nonsense": 1}, "nonsense"),
    "an image that is no id": ({"imageRef": "tiny"}, "imageRef"),
    "an unknown image": ({"imageRef": UUID}, "image"),
    "an unknown flavor": ({"flavorRef": "nope"}, "nope"),
    "no image and no disk": ({"imageRef": ""}, "Block Device Mapping"),
    "an unknown key": ({"key_name": "nope"}, "key_name"),
    "user data that is not base64": ({"user_data": "???"}, "base 64"),
    "user data too large": ({"user_data": "A" * 65536}, "user_data"),
    "metadata that is no text": ({"metadata": {"a": 1}}, "metadata"),
    "a metadata key too long": ({"metadata": {"k" * 256: "v"}}, "metadata"),
    "more at least than at most": ({"min_count": 3, "max_count": 2}, "min_count"),
    "no server at all": ({"min_count": 0}, "min_count"),
    "a network that is no id": ({"networks": [{"uuid": "private"}]}, "uuid"),
    "a network that is not there": ({"networks": [{"uuid": UUID}]}, UUID),
    "a port that is not there": ({"networks": [{"port": UUID}]}, UUID),
    "the same port twice": ({"networks": [{"port": UUID}, {"port": UUID}]}, "twice"),
    "a port with an address": ({"networks": [{"port": UUID, "fixed_ip": "10.0.0.9"}]}, "one or the other"),
    "an empty network": ({"networks": [{}]}, "missing 'uuid'"),
    "an unknown word for networks": ({"networks": "some"}, "networks"),
    "an unknown security group": ({"security_groups": [{"name": "nope"}]}, "nope"),
    "an unknown zone": ({"availability_zone": "mars"}, "availability zone"),
    "an access address that is none": ({"accessIPv4": "1.2.3"}, "accessIPv4"),
    "a flag that is none": ({"config_drive": "maybe"}, "config_drive"),
    "a disk config that is none": ({"OS-DCF:diskConfig": "SOME"}, "diskConfig"),
    "too many tags": ({"tags": [str(at) for at in range(51)]}, "tags"),
    "a tag with a comma": ({"tags": ["a,b"]}, "tags"),
    "a hostname that is none": ({"hostname": "not a hostname"}, "hostname"),
    "one hostname for two": ({"hostname": "web", "max_count": 2, "min_count": 2}, "hostname"),
    "a disk without a source": ({"block_device_mapping_v2": [{"boot_index": 0}]}, "Block Device Mapping"),
    "a volume that is not there": (
        {"block_device_mapping_v2": [{"source_type": "volume", "destination_type": "volume", "uuid": UUID}]},
        "Block Device Mapping",
    ),
    "a group that is not there": ({"_hints": {"group": UUID}}, UUID),
    "personality, which is gone": ({"personality": []}, "personality"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_wrong_request_is_refused_by_name_and_changes_nothing(cloud: ComputeCloud, what: str) -> None:
    fields, named = dict(WRONG[what][0]), WRONG[what][1]
    hints = fields.pop("_hints", None)
    sent = body(cloud, **{"networks": "auto", **fields}) | ({"os:scheduler_hints": hints} if hints else {})
    client = cloud.client(**LATEST)
    answer = await client.post("/servers", json=sent)
    assert answer.status_code == 400, answer.text
    assert answer.json()["badRequest"]["code"] == 400
    assert named in answer.json()["badRequest"]["message"]
    assert (await client.get("/servers")).json()["servers"] == []
    async with cloud.db.read() as tx:
        assert (await quotas.usage(tx, DEMO)).servers == 0


@pytest.mark.parametrize(
    "sent", [b"", b"[]", b"{}", b'{"server": []}', b'{"server": {}}', b"nonsense", b'{"server": {"name": "x"}}']
)
async def test_a_body_that_is_none_is_refused(cloud: ComputeCloud, sent: bytes) -> None:
    answer = await cloud.client().post("/servers", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


OLDER: dict[str, tuple[str, dict[str, Any]]] = {
    "a description": ("2.18", {"description": "x"}),
    "tags": ("2.51", {"tags": ["a"], "networks": "none"}),
    "a host": ("2.73", {"host": "fake1", "networks": "none"}),
    "a hostname": ("2.89", {"hostname": "x1", "networks": "none"}),
    "networks by a word": ("2.36", {"networks": "auto"}),
    "no networks": ("2.37", {}),
    "a tag on a network": ("2.37", {"networks": [{"uuid": UUID, "tag": "t"}]}),
    "trusted certificates": ("2.62", {"trusted_image_certificates": ["x"], "networks": "none"}),
}


@pytest.mark.parametrize("what", OLDER)
async def test_what_a_version_does_not_have_is_refused_there(cloud: ComputeCloud, what: str) -> None:
    version, fields = OLDER[what]
    client = cloud.client(**{"X-OpenStack-Nova-API-Version": version})
    answer = await client.post("/servers", json=body(cloud, **fields))
    assert answer.status_code == 400


async def test_old_clients_may_inject_files_and_need_not_name_networks(cloud: ComputeCloud) -> None:
    fields = {"personality": [{"path": "/etc/x", "contents": "eA=="}]}
    answer = await cloud.client().post("/servers", json=body(cloud, **fields))
    assert answer.status_code == 202


async def test_values_may_be_written_as_text(cloud: ComputeCloud) -> None:
    fields = {"min_count": "1", "max_count": "2", "config_drive": "True", "return_reservation_id": "true"}
    answer = await cloud.client().post("/servers", json=body(cloud, **fields))
    assert answer.status_code == 202
    assert answer.json()["reservation_id"].startswith("r-")
    assert len((await cloud.client().get("/servers")).json()["servers"]) == 2


async def test_too_many_servers_are_forbidden_with_the_figures(cloud: ComputeCloud) -> None:
    answer = await cloud.client().post("/servers", json=body(cloud, min_count=11))
    assert answer.status_code == 403
    assert "instances: 11 wanted, 0 of 10 used" in answer.json()["forbidden"]["message"]


async def test_naming_a_host_is_for_administrators(cloud: ComputeCloud) -> None:
    forced = body(cloud, availability_zone="nova:fake1", networks=[])
    assert (await cloud.client().post("/servers", json=forced)).status_code == 403
    assert (await cloud.client(DEMO, "admin").post("/servers", json=forced)).status_code == 202
    named = body(cloud, host="fake1", networks="none")
    assert (await cloud.client(**LATEST).post("/servers", json=named)).status_code == 403
    both = body(cloud, host="fake1", availability_zone="nova:fake1", networks="none")
    assert (await cloud.admin(**LATEST).post("/servers", json=both)).status_code == 400


async def test_a_reader_cannot_create(cloud: ComputeCloud) -> None:
    answer = await cloud.client(DEMO, "reader").post("/servers", json=body(cloud))
    assert answer.status_code == 403
    assert "os_compute_api:servers:create" in answer.json()["forbidden"]["message"]


async def test_two_networks_are_ambiguous(cloud: ComputeCloud) -> None:
    from tests.support.networks import add_network, add_subnet

    async with cloud.db.tx() as tx:
        await add_subnet(tx, await add_network(tx, DEMO, name="other"), "10.9.0.0/24")
    answer = await cloud.client().post("/servers", json=body(cloud))
    assert answer.status_code == 409
    assert "conflictingRequest" in answer.json()


async def test_a_fixed_address_and_tags_are_what_was_asked_for(cloud: ComputeCloud) -> None:
    network = {"uuid": cloud.network.id, "fixed_ip": "10.0.7.7", "tag": "front"}
    client = cloud.client(**LATEST)
    answer = await client.post("/servers", json=body(cloud, networks=[network], tags=["b", "a"], description="d"))
    assert answer.status_code == 202, answer.text
    await cloud.settle()
    server_id = answer.json()["server"]["id"]
    shown = (await client.get(f"/servers/{server_id}")).json()["server"]
    assert shown["addresses"]["private"][0]["addr"] == "10.0.7.7"
    assert (shown["tags"], shown["description"]) == (["a", "b"], "d")
    [interface] = (await client.get(f"/servers/{server_id}/os-interface")).json()["interfaceAttachments"]
    assert interface["tag"] == "front"


async def test_an_administrators_own_project_is_where_it_creates(cloud: ComputeCloud) -> None:
    await cloud.admin().post("/servers", json=body(cloud))
    assert (await cloud.client().get("/servers")).json()["servers"] == []
    everything = await cloud.admin().get("/servers/detail?all_tenants=1")
    assert [server["tenant_id"] for server in everything.json()["servers"]] == [ADMIN]
