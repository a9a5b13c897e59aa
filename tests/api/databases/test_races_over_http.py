"""Many requests at once, through HTTP, on both databases: limits hold, nothing is given twice, no change is lost."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.site import COMPUTE, IDENTITY, IMAGE, LATEST, NETWORK, PLACEMENT, VOLUME, Site, at_once, made, statuses

OCTETS = {"Content-Type": "application/octet-stream"}
PLACED = {"OpenStack-API-Version": "placement 1.36"}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdjPepuVZfTc0XOCH04wYwTE53TC4zZ2JefF1u0Y1H+ somebody"


async def test_C12_servers_made_at_once_do_not_pass_the_limit(site: Site) -> None:
    await site.limit("compute", instances=7)
    answers = await at_once(site.server(name=f"web{number}") for number in range(30))
    assert statuses(answers) == {202: 7, 403: 23}
    assert "instances" in next(answer.text for answer in answers if answer.status_code == 403)
    limits = (await made(site.demo.get(f"{COMPUTE}/limits")))["limits"]["absolute"]
    listed = (await made(site.demo.get(f"{COMPUTE}/servers")))["servers"]
    assert limits["totalInstancesUsed"] == len(listed) == 7


async def test_C12_a_request_for_several_servers_gets_what_is_left_under_the_limit(site: Site) -> None:
    await site.limit("compute", cores=10)
    answers = await at_once(site.server(min_count=1, max_count=3) for _ in range(8))
    assert statuses(answers) == {202: 4, 403: 4}
    limits = (await made(site.demo.get(f"{COMPUTE}/limits")))["limits"]["absolute"]
    listed = (await made(site.demo.get(f"{COMPUTE}/servers")))["servers"]
    assert limits["totalCoresUsed"] == len(listed) == 10


async def test_C12_a_users_own_limit_holds_too(site: Site) -> None:
    path = f"{COMPUTE}/os-quota-sets/{site.project_id}?user_id={site.user_id}"
    await made(site.admin.put(path, json={"quota_set": {"instances": 3}}))
    assert statuses(await at_once(site.server() for _ in range(10))) == {202: 3, 403: 7}


async def test_C12_server_groups_and_their_members_do_not_pass_the_limits(site: Site) -> None:
    await site.limit("compute", server_groups=3, server_group_members=2)
    body = {"server_group": {"name": "together", "policies": ["soft-affinity"]}}
    headers = {"OpenStack-API-Version": "compute 2.15"}
    answers = await at_once(site.demo.post(f"{COMPUTE}/os-server-groups", json=body, headers=headers) for _ in range(12))
    assert statuses(answers) == {200: 3, 403: 9}
    group = (await made(site.demo.get(f"{COMPUTE}/os-server-groups")))["server_groups"][0]["id"]
    assert statuses(await at_once(site.server(hints={"group": group}) for _ in range(8))) == {202: 2, 403: 6}


async def test_C12_keys_made_at_once_do_not_pass_the_limit(site: Site) -> None:
    await site.limit("compute", key_pairs=4)
    bodies = [{"keypair": {"name": f"key{number}", "public_key": KEY}} for number in range(15)]
    answers = await at_once(site.demo.post(f"{COMPUTE}/os-keypairs", json=body) for body in bodies)
    assert statuses(answers) == {200: 4, 403: 11}


@pytest.mark.parametrize("limits", [{"volumes": 4}, {"gigabytes": 9}])
async def test_C12_volumes_made_at_once_do_not_pass_the_limit(site: Site, limits: dict[str, int]) -> None:
    await site.limit("volume", **limits)
    answers = await at_once(site.demo.post(f"{VOLUME}/volumes", json={"volume": {"size": 2}}) for _ in range(20))
    assert statuses(answers) == {202: 4, 413: 16}
    used = (await made(site.demo.get(f"{VOLUME}/limits")))["limits"]["absolute"]
    assert (used["totalVolumesUsed"], used["totalGigabytesUsed"]) == (4, 8)


@pytest.mark.parametrize("noun", ["network", "router", "security_group", "subnetpool", "port"])
async def test_C12_networks_and_the_like_do_not_pass_the_limit(site: Site, noun: str) -> None:
    fields: dict[str, Any] = {"name": "many"}
    if noun == "port":
        fields["network_id"] = await site.network()
    if noun == "subnetpool":
        fields |= {"prefixes": ["10.0.0.0/8"]}
    path = f"{NETWORK}/{noun.replace('_', '-')}s"
    there = len((await made(site.demo.get(path)))[f"{noun}s"])
    await site.limit("network", **{noun: there + 3})
    answers = await at_once(site.demo.post(path, json={noun: fields}) for _ in range(15))
    assert statuses(answers) == {201: 3, 409: 12}
    assert len((await made(site.demo.get(path)))[f"{noun}s"]) == there + 3


async def test_no_address_is_given_twice_and_the_last_one_is_given(site: Site) -> None:
    network = await site.network("10.9.0.0/28")
    answers = await at_once(site.demo.post(f"{NETWORK}/ports", json={"port": {"network_id": network}}) for _ in range(25))
    ports = (await made(site.demo.get(f"{NETWORK}/ports?network_id={network}")))["ports"]
    addresses = [fixed["ip_address"] for port in ports for fixed in port["fixed_ips"]]
    assert len(addresses) == len(set(addresses)) == 13  # of 14 the gateway has one, and one port is the network's own
    assert set(statuses(answers)) == {201, 409}
    assert len({port["mac_address"] for port in ports}) == len(ports)


async def test_an_address_that_many_ask_for_is_given_to_one(site: Site) -> None:
    network = await site.network()
    body = {"port": {"network_id": network, "fixed_ips": [{"ip_address": "10.0.0.77"}]}}
    answers = await at_once(site.demo.post(f"{NETWORK}/ports", json=body) for _ in range(12))
    assert statuses(answers) == {201: 1, 409: 11}


async def test_T5_of_many_uploads_of_one_image_one_fills_it(site: Site) -> None:
    body = {"name": "one", "disk_format": "raw", "container_format": "bare"}
    image = (await made(site.demo.post(f"{IMAGE}/images", json=body)))["id"]
    contents = [bytes([number]) * 1000 for number in range(10)]
    answers = await at_once(site.demo.put(f"{IMAGE}/images/{image}/file", content=c, headers=OCTETS) for c in contents)
    assert statuses(answers) == {204: 1, 409: 9}
    (kept,) = [c for c, answer in zip(contents, answers, strict=True) if answer.status_code == 204]
    assert (await site.demo.get(f"{IMAGE}/images/{image}/file")).content == kept


async def test_a_name_that_many_ask_for_is_taken_by_one(site: Site) -> None:
    for noun in ("user", "project", "group", "role"):
        answers = await at_once(site.admin.post(f"{IDENTITY}/{noun}s", json={noun: {"name": "same"}}) for _ in range(8))
        assert statuses(answers) == {201: 1, 409: 7}, noun


async def test_a_user_who_is_disabled_stays_so_whatever_else_is_changed_meanwhile(site: Site) -> None:
    user = (await made(site.admin.post(f"{IDENTITY}/users", json={"user": {"name": "bad"}})))["user"]["id"]
    changes: list[dict[str, Any]] = [{"description": f"number {number}"} for number in range(12)]
    changes.insert(6, {"enabled": False})
    answers = await at_once(site.admin.patch(f"{IDENTITY}/users/{user}", json={"user": change}) for change in changes)
    assert statuses(answers) == {200: 13}
    shown = (await made(site.admin.get(f"{IDENTITY}/users/{user}")))["user"]
    assert shown["enabled"] is False
    assert shown["description"].startswith("number")


async def test_no_item_of_metadata_and_no_extra_spec_is_lost(site: Site) -> None:
    server = (await made(site.server()))["server"]["id"]
    await made(site.admin.post(f"{COMPUTE}/servers/{server}/action", json={"os-resetState": {"state": "active"}}))
    wanted = {f"key{number}": str(number) for number in range(20)}
    path = f"{COMPUTE}/servers/{server}/metadata"
    answers = await at_once(site.demo.post(path, json={"metadata": {key: value}}) for key, value in wanted.items())
    assert statuses(answers) == {200: 20}
    assert (await made(site.demo.get(path)))["metadata"] == wanted
    specs = f"{COMPUTE}/flavors/{site.flavor}/os-extra_specs"
    await at_once(site.admin.post(specs, json={"extra_specs": {key: value}}) for key, value in wanted.items())
    assert (await made(site.admin.get(specs)))["extra_specs"] == wanted


async def test_no_tag_of_a_server_is_lost(site: Site) -> None:
    server = (await made(site.server()))["server"]["id"]
    await made(site.admin.post(f"{COMPUTE}/servers/{server}/action", json={"os-resetState": {"state": "active"}}))
    path = f"{COMPUTE}/servers/{server}/tags"
    await at_once(site.demo.put(f"{path}/tag{number}", headers=LATEST) for number in range(12))
    assert len((await made(site.demo.get(path, headers=LATEST)))["tags"]) == 12


async def test_K3_a_volume_that_many_reserve_is_given_to_one(site: Site) -> None:
    volume = (await made(site.demo.post(f"{VOLUME}/volumes", json={"volume": {"size": 1}})))["volume"]["id"]
    path = f"{VOLUME}/volumes/{volume}/action"
    await made(site.admin.post(path, json={"os-reset_status": {"status": "available"}}))
    answers = await at_once(site.admin.post(path, json={"os-reserve": None}) for _ in range(10))
    assert statuses(answers) == {202: 1, 400: 9}


async def test_C1_consumers_do_not_claim_more_than_there_is(site: Site) -> None:
    host = await provider(site, 7)
    answers = await at_once(allocate(site, consumer(number), host, 1, None) for number in range(25))
    assert statuses(answers) == {204: 7, 409: 18}
    usage = await made(site.admin.get(f"{PLACEMENT}/resource_providers/{host}/usages", headers=PLACED))
    assert usage["usages"] == {"VCPU": 7}


async def test_C1_of_many_who_know_one_state_of_a_consumer_one_changes_it(site: Site) -> None:
    host = await provider(site, 100)
    first = await at_once(allocate(site, consumer(1), host, size, None) for size in range(1, 13))
    assert statuses(first) == {204: 1, 409: 11}
    second = await at_once(allocate(site, consumer(1), host, size, 1) for size in range(1, 13))
    assert statuses(second) == {204: 1, 409: 11}
    (kept,) = [size for size, answer in enumerate(second, 1) if answer.status_code == 204]
    usage = await made(site.admin.get(f"{PLACEMENT}/resource_providers/{host}/usages", headers=PLACED))
    assert usage["usages"] == {"VCPU": kept}


def consumer(number: int) -> str:
    return f"c0000000-0000-4000-8000-{number:012}"


async def provider(site: Site, cpus: int) -> str:
    host = (await made(site.admin.post(f"{PLACEMENT}/resource_providers", json={"name": "h"}, headers=PLACED)))["uuid"]
    body = {"inventories": {"VCPU": {"total": cpus}}, "resource_provider_generation": 0}
    await made(site.admin.put(f"{PLACEMENT}/resource_providers/{host}/inventories", json=body, headers=PLACED))
    return str(host)


def allocate(site: Site, who: str, host: str, cpus: int, generation: int | None) -> Any:
    body = {
        "allocations": {host: {"resources": {"VCPU": cpus}}},
        "project_id": site.project_id,
        "user_id": site.user_id,
        "consumer_generation": generation,
    }
    return site.admin.put(f"{PLACEMENT}/allocations/{who}", json=body, headers=PLACED)
