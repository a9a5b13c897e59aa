"""Who sees what: visibility, members, other projects."""

from __future__ import annotations

import pytest

UUID = "00000000-1111-2222-3333-444455556666"


async def ids(client, query: str = "") -> list[str]:
    return [image["id"] for image in (await client.get(f"/v2/images{query}")).json()["images"]]


async def set_visibility(client, image_id: str, visibility: str) -> int:
    operation = {"op": "replace", "path": "/visibility", "value": visibility}
    media = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    return (await client.patch(f"/v2/images/{image_id}", json=[operation], headers=media)).status_code


async def share(images, project: str = "friend", **fields) -> tuple[str, str]:
    """An image of demo shared with a project: its id, and the path of its members."""
    client = images.client()
    made = await images.make(client, **fields)
    members = f"/v2/images/{made['id']}/members"
    answer = await client.post(members, json={"member": project})
    assert answer.status_code == 200, answer.text
    return made["id"], members


async def test_a_shared_image_is_listed_by_a_member_once_it_is_accepted(images):
    friend = images.client("friend")
    image_id, members = await share(images)
    assert await ids(friend) == []
    assert await ids(friend, "?visibility=shared&member_status=pending") == [image_id]
    assert (await friend.get(f"/v2/images/{image_id}")).status_code == 200
    answer = await friend.put(f"{members}/friend", json={"status": "accepted"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "accepted"
    assert await ids(friend) == [image_id]
    await friend.put(f"{members}/friend", json={"status": "rejected"})
    assert await ids(friend) == []
    assert await ids(friend, "?member_status=rejected") == await ids(friend, "?member_status=all") == [image_id]


async def test_a_member_is_shown_as_glance_shows_it(images):
    image_id, members = await share(images)
    member = {
        "member_id": "friend",
        "image_id": image_id,
        "status": "pending",
        "created_at": "2027-01-15T08:00:00Z",
        "updated_at": "2027-01-15T08:00:00Z",
        "schema": "/v2/schemas/member",
    }
    owner = images.client()
    assert (await owner.get(members)).json() == {"members": [member], "schema": "/v2/schemas/members"}
    assert (await owner.get(f"{members}/friend")).json() == member


async def test_only_a_member_answers_for_itself(images):
    _, members = await share(images)
    accept = {"status": "accepted"}
    assert (await images.client().put(f"{members}/friend", json=accept)).status_code == 403
    assert (await images.client("stranger").put(f"{members}/friend", json=accept)).status_code == 404
    assert (await images.client("friend", "reader").put(f"{members}/friend", json=accept)).status_code == 403
    assert (await images.client("friend").put(f"{members}/friend", json={"status": "notavalidstatus"})).status_code == 400
    assert (await images.client("friend").put(f"{members}/other", json=accept)).status_code == 404


async def test_a_member_sees_itself_only_and_cannot_share_on(images):
    _, members = await share(images)
    await images.client().post(members, json={"member": "other"})
    friend = images.client("friend")
    assert [m["member_id"] for m in (await friend.get(members)).json()["members"]] == ["friend"]
    assert (await friend.get(f"{members}/other")).status_code == 404
    assert (await friend.post(members, json={"member": "third"})).status_code == 403
    assert (await friend.delete(f"{members}/other")).status_code == 403


async def test_a_removed_member_sees_nothing_more(images):
    image_id, members = await share(images)
    await images.client("friend").put(f"{members}/friend", json={"status": "accepted"})
    assert (await images.client().delete(f"{members}/friend")).status_code == 204
    assert (await images.client().delete(f"{members}/friend")).status_code == 404
    assert await ids(images.client("friend")) == []
    assert (await images.client("friend").get(f"/v2/images/{image_id}")).status_code == 404


async def test_members_are_added_once_to_shared_images_only(images):
    client = images.client()
    _, members = await share(images)
    assert (await client.post(members, json={"member": "friend"})).status_code == 409
    assert (await client.post(members, json={"member": ""})).status_code == 400
    assert (await client.post(members, json={})).status_code == 400
    private = await images.make(client, visibility="private")
    for method in ("GET", "POST"):
        body = {"member": "x"} if method == "POST" else None
        assert (await client.request(method, f"/v2/images/{private['id']}/members", json=body)).status_code == 403


async def test_an_image_has_at_most_128_members(images):
    client = images.client()
    _, members = await share(images)
    for at in range(127):
        await client.post(members, json={"member": f"project{at}"})
    assert (await client.post(members, json={"member": "one more"})).status_code == 413


async def test_an_image_that_is_not_shared_any_more_is_hidden_from_its_members(images):
    image_id, members = await share(images)
    await images.client("friend").put(f"{members}/friend", json={"status": "accepted"})
    assert await set_visibility(images.client(), image_id, "private") == 200
    assert await ids(images.client("friend"), "?visibility=all") == []
    assert (await images.client("friend").get(f"/v2/images/{image_id}")).status_code == 404


async def test_only_administrators_publish(images):
    made = await images.make(images.client())
    assert await set_visibility(images.client(), made["id"], "public") == 403
    assert await set_visibility(images.client("admin", "admin"), made["id"], "public") == 200
    assert await ids(images.client("stranger")) == [made["id"]]


async def test_community_images_are_listed_by_others_only_when_asked_for(images):
    made = await images.make(images.client())
    assert await set_visibility(images.client(), made["id"], "community") == 200
    stranger = images.client("stranger")
    assert await ids(stranger) == []
    assert await ids(stranger, "?visibility=community") == await ids(stranger, "?visibility=all") == [made["id"]]
    assert await ids(images.client()) == [made["id"]]
    assert (await stranger.get(f"/v2/images/{made['id']}")).status_code == 200


async def test_an_administrator_sees_everything(images):
    made = await images.make(images.client(), visibility="private")
    assert await ids(images.client("admin", "admin")) == [made["id"]]


ROUTES = [
    ("GET", "", None),
    ("PATCH", "", [{"op": "replace", "path": "/name", "value": "stolen"}]),
    ("DELETE", "", None),
    ("GET", "/file", None),
    ("PUT", "/file", "octets"),
    ("POST", "/actions/deactivate", None),
    ("POST", "/actions/reactivate", None),
    ("PUT", "/tags/x", None),
    ("DELETE", "/tags/t", None),
    ("GET", "/tasks", None),
    ("POST", "/locations", {"url": "http://x"}),
    ("GET", "/members", None),
    ("POST", "/members", {"member": "stranger"}),
    ("GET", "/members/friend", None),
    ("PUT", "/members/friend", {"status": "accepted"}),
    ("DELETE", "/members/friend", None),
]


async def ask(client, image_id: str, method: str, path: str, body) -> int:
    if body == "octets":
        answer = await client.put(
            f"/v2/images/{image_id}{path}", content=b"x", headers={"Content-Type": "application/octet-stream"}
        )
    else:
        media = {"Content-Type": "application/openstack-images-v2.1-json-patch"} if method == "PATCH" else {}
        answer = await client.request(method, f"/v2/images/{image_id}{path}", json=body, headers=media)
    return answer.status_code


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_T8_a_stranger_cannot_tell_an_image_of_others_from_none(images, method, path, body):
    image_id, _ = await share(images, tags=["t"])
    before = (await images.client().get(f"/v2/images/{image_id}")).json()
    stranger = images.client("stranger")
    statuses = {await ask(stranger, one, method, path, body) for one in (image_id, UUID)}
    assert statuses == {404}
    assert (await images.client().get(f"/v2/images/{image_id}")).json() == before


@pytest.mark.parametrize("visibility", ["public", "community", "shared"])
@pytest.mark.parametrize(("method", "path", "body"), [route for route in ROUTES if route[0] != "GET" and "members" not in route[1]])
async def test_T8_whoever_sees_an_image_of_others_still_cannot_change_it(images, method, path, body, visibility):
    image_id, _ = await share(images, project="stranger", tags=["t"])
    if visibility != "shared":
        await set_visibility(images.client("admin", "admin"), image_id, visibility)
    before = (await images.client().get(f"/v2/images/{image_id}")).json()
    assert await ask(images.client("stranger"), image_id, method, path, body) == 403
    assert (await images.client().get(f"/v2/images/{image_id}")).json() == before


async def test_T8_a_custom_property_cannot_pass_for_a_fact_that_rules_ask_for(images):
    made = await images.make(images.client(), project_id="stranger", member_id="stranger", is_admin="true")
    await set_visibility(images.client("admin", "admin"), made["id"], "public")
    assert (await images.client("stranger").delete(f"/v2/images/{made['id']}")).status_code == 403
