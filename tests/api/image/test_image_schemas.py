"""Schemas: every one is there, and what the service answers is described by them."""

from __future__ import annotations

import pytest

METADEFS = {
    "namespaces": ("namespace", "/v2/metadefs/namespaces"),
    "objects": ("object", "/v2/metadefs/namespaces/n/objects"),
    "resource_types": ("resource_type", "/v2/metadefs/namespaces/n/resource_types"),
    "tags": ("tag", "/v2/metadefs/namespaces/n/tags"),
}
NAMESPACE = {
    "namespace": "n",
    "display_name": "N",
    "description": "d",
    "resource_type_associations": [{"name": "r", "prefix": "p", "properties_target": "image"}],
    "properties": {"p": {"title": "P", "type": "string"}},
    "objects": [{"name": "o", "description": "d"}],
    "tags": [{"name": "t"}],
}


@pytest.mark.parametrize("name", ["image", "images", "member", "members", "task", "tasks"])
async def test_every_schema_has_its_name(images, name):
    schema = (await images.client().get(f"/v2/schemas/{name}")).json()
    assert schema["name"] == name
    assert schema["properties"]


@pytest.mark.parametrize("collection", METADEFS)
async def test_definitions_are_what_their_schemas_say(images, collection):
    admin = images.client("ops", "admin")
    await admin.post("/v2/metadefs/namespaces", json=NAMESPACE)
    item, path = METADEFS[collection]
    schema = (await admin.get(f"/v2/schemas/metadefs/{item}")).json()
    listed = (await admin.get(f"/v2/schemas/metadefs/{collection}")).json()
    plural = listed["name"]
    [shown] = (await admin.get(path)).json()[plural]
    assert set(shown) <= set(schema["properties"])
    assert set(schema["required"]) <= set(shown)
    without = {word: value for word, value in schema.items() if word != "definitions"}
    assert listed["properties"][plural]["items"] == without


async def test_properties_are_listed_by_name(images):
    client = images.client()
    one = (await client.get("/v2/schemas/metadefs/property")).json()
    many = (await client.get("/v2/schemas/metadefs/properties")).json()
    each = many["properties"]["properties"]["additionalProperties"]
    assert each["properties"] == one["properties"]
    assert set(one["required"]) - set(each["required"]) == {"name"}


@pytest.mark.parametrize(("policy", "status"), [("do_not_delete", 201), ("on_image_deletion", 201), ("maybe", 400)])
async def test_a_custom_property_that_the_schema_describes_is_held_to_it(images, policy, status):
    body = {"name": "i", "cinder_encryption_key_deletion_policy": policy}
    assert (await images.client().post("/v2/images", json=body)).status_code == status
