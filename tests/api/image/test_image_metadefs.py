"""Metadata definitions: namespaces, and what is in them."""

from __future__ import annotations

import pytest

PATH = "/v2/metadefs/namespaces"
NOW = "2027-01-15T08:00:00Z"
WHOLE = {
    "namespace": "OS::Test::Disk",
    "display_name": "Disks",
    "description": "What a disk may be told.",
    "visibility": "public",
    "protected": False,
    "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "hw_"}, {"name": "OS::Nova::Flavor"}],
    "properties": {"bus": {"title": "Bus", "type": "string", "enum": ["scsi", "virtio"], "default": "virtio"}},
    "objects": [
        {
            "name": "Limits",
            "description": "How fast.",
            "required": ["read"],
            "properties": {"read": {"title": "Reads", "type": "integer", "minimum": 0, "maximum": 10}},
        }
    ],
    "tags": [{"name": "fast"}, {"name": "cheap"}],
}


async def made(client, **fields):
    answer = await client.post(PATH, json={**WHOLE, **fields})
    assert answer.status_code == 201, answer.text
    return f"{PATH}/{answer.json()['namespace']}"


async def test_a_namespace_is_made_with_everything_in_it_and_shown_so(images):
    admin = images.client("ops", "admin")
    answer = await admin.post(PATH, json=WHOLE)
    link = f"{PATH}/OS::Test::Disk"
    life = {"created_at": NOW, "updated_at": NOW}
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"http://cloud/image{link}"
    [limits] = WHOLE["objects"]
    assert answer.json() == {
        **WHOLE,
        **life,
        "owner": "ops",
        "resource_type_associations": [{**one, **life} for one in WHOLE["resource_type_associations"]],
        "objects": [{**limits, **life, "self": f"{link}/objects/Limits", "schema": "/v2/schemas/metadefs/object"}],
        "self": link,
        "schema": "/v2/schemas/metadefs/namespace",
    }
    assert (await images.client().get(link)).json() == answer.json()


async def test_a_namespace_is_shown_with_the_prefix_of_a_resource_type(images):
    link = await made(images.client("ops", "admin"))
    shown = (await images.client().get(link, params={"resource_type": "OS::Glance::Image"})).json()
    assert list(shown["properties"]) == ["hw_bus"]
    assert shown["objects"][0]["required"] == ["hw_read"]
    assert list(shown["objects"][0]["properties"]) == ["hw_read"]
    plain = (await images.client().get(link, params={"resource_type": "OS::Nova::Flavor"})).json()
    assert list(plain["properties"]) == ["bus"]


async def test_a_namespace_can_be_sent_as_it_was_shown(images):
    admin = images.client("ops", "admin")
    link = await made(admin)
    shown = (await admin.get(link)).json()
    for fact in ("self", "schema", "created_at", "updated_at"):
        refused = await admin.post(PATH, json={"namespace": "again", fact: shown.pop(fact)})
        assert refused.status_code == 403
    assert (await admin.post(PATH, json={**shown, "namespace": "again"})).status_code == 201


async def test_lists_have_pages_filters_and_an_order(images):
    admin = images.client("ops", "admin")
    for name in ("b", "a", "c"):
        await images.clock.advance(1)
        await made(admin, namespace=name, visibility="private" if name == "c" else "public")
    await admin.delete(f"{PATH}/a/resource_types/OS::Nova::Flavor")

    async def names(**query):
        return [one["namespace"] for one in (await admin.get(PATH, params=query)).json()["namespaces"]]

    assert await names() == ["c", "a", "b"]
    assert await names(sort_key="namespace", sort_dir="asc") == ["a", "b", "c"]
    assert await names(visibility="public") == ["a", "b"]
    assert await names(resource_types="OS::Nova::Flavor,OS::Other") == ["c", "b"]
    assert await names(resource_types="OS::Other") == []
    page = (await admin.get(PATH, params={"limit": 2})).json()
    assert page["first"] == f"{PATH}?limit=2"
    assert page["schema"] == "/v2/schemas/metadefs/namespaces"
    assert page["next"] == f"{PATH}?limit=2&marker=a"
    assert [one["namespace"] for one in (await admin.get(page["next"])).json()["namespaces"]] == ["b"]
    assert (await admin.get(PATH)).json()["namespaces"][0]["resource_type_associations"][0]["prefix"] == "hw_"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"visibility": "shared"}, 400),
        ({"sort_key": "x"}, 400),
        ({"sort_dir": "up", "sort_key": "owner"}, 400),
        ({"limit": "-1"}, 400),
        ({"marker": "unknown"}, 404),
    ],
)
async def test_a_wrong_query_is_refused(images, query, status):
    assert (await images.client().get(PATH, params=query)).status_code == status


async def test_a_private_namespace_is_seen_by_its_project_only(images):
    admin = images.client("ops", "admin")
    link = await made(admin, namespace="secret", visibility="private", owner="demo")
    assert (await images.client("demo", "reader").get(link)).status_code == 200
    stranger = images.client("other", "member")
    for path in ("", "/objects", "/objects/Limits", "/properties", "/properties/bus", "/tags", "/tags/fast", "/resource_types"):
        assert (await stranger.get(link + path)).status_code == 404
    for method, path in (("PUT", ""), ("DELETE", ""), ("POST", "/objects"), ("DELETE", "/tags/fast"), ("POST", "/tags/x")):
        body = {"name": "x"} if path else {"namespace": "x"}
        assert (await stranger.request(method, link + path, json=body)).status_code == 404
    assert (await stranger.get(PATH)).json()["namespaces"] == []


async def test_only_administrators_change_definitions(images):
    link = await made(images.client("ops", "admin"), owner="demo")
    member = images.client()
    described = {"name": "x", "title": "X", "type": "string"}
    tries = [
        ("POST", PATH, {"namespace": "mine"}),
        ("PUT", link, {"namespace": "mine"}),
        ("DELETE", link, None),
        ("POST", f"{link}/resource_types", {"name": "x"}),
        ("DELETE", f"{link}/resource_types/OS::Nova::Flavor", None),
        ("POST", f"{link}/objects", {"name": "x"}),
        ("PUT", f"{link}/objects/Limits", {"name": "x"}),
        ("DELETE", f"{link}/objects/Limits", None),
        ("DELETE", f"{link}/objects", None),
        ("POST", f"{link}/properties", described),
        ("PUT", f"{link}/properties/bus", described),
        ("DELETE", f"{link}/properties/bus", None),
        ("DELETE", f"{link}/properties", None),
        ("POST", f"{link}/tags", {"tags": []}),
        ("POST", f"{link}/tags/x", None),
        ("PUT", f"{link}/tags/fast", {"name": "x"}),
        ("DELETE", f"{link}/tags/fast", None),
        ("DELETE", f"{link}/tags", None),
    ]
    answers = [await member.request(method, path, json=body) for method, path, body in tries]
    assert [answer.status_code for answer in answers] == [403] * len(tries)


async def test_an_update_says_everything_anew_but_leaves_what_is_inside(images):
    admin = images.client("ops", "admin")
    link = await made(admin)
    await images.clock.advance(60)
    answer = await admin.put(link, json={"namespace": "renamed"})
    assert answer.status_code == 200
    assert answer.json() == {
        "namespace": "renamed",
        "visibility": "private",
        "protected": False,
        "owner": "ops",
        "created_at": NOW,
        "updated_at": "2027-01-15T08:01:00Z",
        "self": f"{PATH}/renamed",
        "schema": "/v2/schemas/metadefs/namespace",
    }
    assert (await admin.get(link)).status_code == 404
    assert (await admin.get(f"{PATH}/renamed")).json()["tags"] == WHOLE["tags"]


async def test_a_name_is_there_once(images):
    admin = images.client("ops", "admin")
    link = await made(admin)
    await made(admin, namespace="other")
    described = {"name": "bus", "title": "Bus", "type": "string"}
    tries = [
        ("POST", PATH, WHOLE),
        ("PUT", f"{PATH}/other", {"namespace": WHOLE["namespace"]}),
        ("POST", f"{link}/objects", {"name": "Limits"}),
        ("POST", f"{link}/properties", described),
        ("POST", f"{link}/tags/fast", None),
        ("PUT", f"{link}/tags/fast", {"name": "cheap"}),
        ("POST", f"{link}/tags", {"tags": [{"name": "twice"}, {"name": "twice"}]}),
        ("POST", f"{link}/resource_types", {"name": "OS::Nova::Flavor"}),
    ]
    answers = [await admin.request(method, path, json=body) for method, path, body in tries]
    assert [answer.status_code for answer in answers] == [409] * len(tries)
    assert (await admin.get(f"{link}/tags")).json() == {"tags": [{"name": "cheap"}, {"name": "fast"}]}


async def test_a_protected_namespace_and_all_in_it_cannot_be_deleted(images):
    admin = images.client("ops", "admin")
    link = await made(admin, protected=True)
    paths = ["", "/objects", "/objects/Limits", "/properties", "/properties/bus", "/tags", "/tags/fast"]
    for path in [*paths, "/resource_types/OS::Nova::Flavor"]:
        assert (await admin.delete(link + path)).status_code == 403
    assert (await admin.put(link, json={"namespace": WHOLE["namespace"]})).status_code == 200
    assert (await admin.delete(link)).status_code == 204
    assert (await admin.get(link)).status_code == 404


async def test_kinds_of_items_are_emptied_one_by_one(images):
    admin = images.client("ops", "admin")
    link = await made(admin)
    for kind in ("objects", "properties", "tags"):
        assert (await admin.delete(f"{link}/{kind}")).status_code == 204
        assert kind not in (await admin.get(link)).json()
    assert (await admin.get(f"{link}/properties")).json() == {"properties": {}}


async def test_an_object_lives(images):
    admin = images.client("ops", "admin")
    link = await made(admin)
    answer = await admin.post(f"{link}/objects", json={"name": "Empty"})
    assert answer.status_code == 201
    shown = {"name": "Empty", "required": [], "properties": {}, "created_at": NOW, "updated_at": NOW}
    shown |= {"self": f"{link}/objects/Empty", "schema": "/v2/schemas/metadefs/object"}
    assert answer.json() == shown == (await admin.get(f"{link}/objects/Empty")).json()
    await images.clock.advance(1)
    changed = await admin.put(f"{link}/objects/Empty", json={"name": "Full", "description": "d", "required": ["a"]})
    assert changed.json()["description"] == "d"
    listed = (await admin.get(f"{link}/objects", params={"sort_key": "name", "sort_dir": "asc"})).json()
    assert [one["name"] for one in listed["objects"]] == ["Full", "Limits"]
    marked = (await admin.get(f"{link}/objects", params={"sort_key": "name", "sort_dir": "asc", "marker": "Full"})).json()
    assert [one["name"] for one in marked["objects"]] == ["Limits"]
    assert (await admin.delete(f"{link}/objects/Full")).status_code == 204
    assert (await admin.get(f"{link}/objects/Full")).status_code == 404


async def test_a_property_lives(images):
    admin = images.client("ops", "admin")
    link = await made(admin)
    described = {"name": "cache", "title": "Cache", "type": "array", "items": {"type": "string", "enum": ["a"]}, "minItems": 1}
    answer = await admin.post(f"{link}/properties", json=described)
    assert (answer.status_code, answer.json()) == (201, described)
    assert (await admin.get(f"{link}/properties/cache")).json() == described
    prefixed = {"resource_type": "OS::Glance::Image"}
    assert (await admin.get(f"{link}/properties/hw_cache", params=prefixed)).json() == described
    assert (await admin.get(f"{link}/properties/cache", params=prefixed)).status_code == 404
    assert (await admin.get(f"{link}/properties/cache", params={"resource_type": "OS::None"})).status_code == 404
    renamed = {"name": "caching", "title": "Caching", "type": "boolean", "default": False}
    assert (await admin.put(f"{link}/properties/cache", json=renamed)).json() == renamed
    assert set((await admin.get(f"{link}/properties")).json()["properties"]) == {"bus", "caching"}
    assert (await admin.delete(f"{link}/properties/caching")).status_code == 204
    assert (await admin.delete(f"{link}/properties/caching")).status_code == 404


async def test_tags_are_replaced_or_appended(images):
    admin = images.client("ops", "admin")
    link = await made(admin)

    async def names():
        return sorted(one["name"] for one in (await admin.get(f"{link}/tags")).json()["tags"])

    body = {"tags": [{"name": "new"}]}
    appended = await admin.post(f"{link}/tags", json=body, headers={"X-OpenStack-Append": "True"})
    assert (appended.status_code, appended.json()) == (201, body)
    assert await names() == ["cheap", "fast", "new"]
    await admin.post(f"{link}/tags", json=body)
    assert await names() == ["new"]
    one = await admin.post(f"{link}/tags/single")
    assert (one.status_code, one.json()) == (201, {"name": "single", "created_at": NOW, "updated_at": NOW})
    assert (await admin.put(f"{link}/tags/single", json={"name": "renamed"})).json()["name"] == "renamed"
    assert (await admin.delete(f"{link}/tags/renamed")).status_code == 204
    assert (await admin.get(f"{link}/tags/renamed")).status_code == 404


async def test_types_of_resources_are_remembered(images):
    admin = images.client("ops", "admin")
    link = await made(admin)
    body = {"name": "OS::Cinder::Volume", "properties_target": "image"}
    answer = await admin.post(f"{link}/resource_types", json=body)
    assert (answer.status_code, answer.json()) == (201, {**body, "created_at": NOW, "updated_at": NOW})
    listed = (await admin.get(f"{link}/resource_types")).json()["resource_type_associations"]
    assert [one["name"] for one in listed] == ["OS::Cinder::Volume", "OS::Glance::Image", "OS::Nova::Flavor"]
    assert (await admin.delete(f"{link}/resource_types/OS::Cinder::Volume")).status_code == 204
    assert (await admin.delete(f"{link}/resource_types/OS::Cinder::Volume")).status_code == 404
    types = (await images.client().get("/v2/metadefs/resource_types")).json()["resource_types"]
    assert types[0] == {"name": "OS::Cinder::Volume", "created_at": NOW, "updated_at": NOW}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {}),
        ("", {"namespace": ""}),
        ("", {"namespace": "x" * 81}),
        ("", {"namespace": "n", "visibility": "shared"}),
        ("", {"namespace": "n", "protected": "yes"}),
        ("", {"namespace": "n", "color": "blue"}),
        ("", {"namespace": "n", "description": "x" * 501}),
        ("", {"namespace": "n", "properties": {"p": {"title": "P"}}}),
        ("", {"namespace": "n", "properties": {"p": {"title": "P", "type": "float"}}}),
        ("", {"namespace": "n", "objects": [{"description": "nameless"}]}),
        ("", {"namespace": "n", "tags": ["fast"]}),
        ("/OS::Test::Disk/objects", {"name": "o", "required": "a"}),
        ("/OS::Test::Disk/objects", {"name": "o", "properties": {"p": {"type": "string"}}}),
        ("/OS::Test::Disk/properties", {"title": "P", "type": "string"}),
        ("/OS::Test::Disk/properties", {"name": "p", "title": "P", "type": "string", "minLength": -1}),
        ("/OS::Test::Disk/properties", {"name": "p", "title": "P", "type": "string", "items": {"type": "x"}}),
        ("/OS::Test::Disk/tags", {"tags": [{"name": "x", "color": "blue"}]}),
        ("/OS::Test::Disk/tags/" + "x" * 81, None),
        ("/OS::Test::Disk/resource_types", {"prefix": "hw_"}),
        ("/OS::Test::Disk/resource_types", {"name": "n", "prefix": "x" * 81}),
    ],
)
async def test_a_wrong_document_changes_nothing(images, path, body):
    admin = images.client("ops", "admin")
    link = await made(admin)
    before = (await admin.get(link)).json()
    assert (await admin.post(PATH + path, json=body)).status_code == 400
    assert (await admin.get(link)).json() == before
    assert len((await admin.get(PATH)).json()["namespaces"]) == 1
