"""Metadata definitions from files, over a real connection."""

from __future__ import annotations

import json

import pytest

from cumulet.app.images import metadefs
from cumulet.app.operator.client import Client
from support.listening import listening

QUOTA = {
    "namespace": "OS::Test::Quota",
    "display_name": "Quota",
    "visibility": "public",
    "protected": True,
    "resource_type_associations": [{"name": "OS::Nova::Flavor"}],
    "objects": [{"name": "CPU", "properties": {"quota:cpu": {"title": "CPU", "type": "integer"}}}],
}


async def loaded(images, sources, replace=False):
    async with listening(images.app) as url:
        found = await metadefs.load(Client(url, "ops:admin"), metadefs.documents(sources), replace)
    return {path.name: outcome for path, outcome in found}


async def test_a_folder_of_definitions_is_loaded_once(images, tmp_path):
    (tmp_path / "quota.json").write_text(json.dumps(QUOTA))
    (tmp_path / "tags.json").write_text(json.dumps({"namespace": "OS::Test::Tags", "tags": [{"name": "a"}]}))
    (tmp_path / "README").write_text("not a definition")
    assert await loaded(images, [tmp_path]) == {"quota.json": "loaded", "tags.json": "loaded"}
    assert await loaded(images, [tmp_path]) == {"quota.json": metadefs.KEPT, "tags.json": metadefs.KEPT}
    shown = (await images.client().get("/v2/metadefs/namespaces/OS::Test::Quota")).json()
    assert shown["objects"][0]["name"] == "CPU"
    assert shown["protected"] is True


async def test_a_namespace_is_replaced_as_a_whole_if_that_is_asked_for(images, tmp_path):
    path = tmp_path / "quota.json"
    path.write_text(json.dumps(QUOTA))
    await loaded(images, [path])
    path.write_text(json.dumps({**QUOTA, "display_name": "New", "objects": [], "tags": [{"name": "new"}]}))
    assert await loaded(images, [path], replace=True) == {"quota.json": metadefs.REPLACED}
    [shown] = (await images.client().get("/v2/metadefs/namespaces")).json()["namespaces"]
    assert (shown["namespace"], shown["display_name"], shown["protected"]) == ("OS::Test::Quota", "New", True)
    whole = (await images.client().get("/v2/metadefs/namespaces/OS::Test::Quota")).json()
    assert "objects" not in whole
    assert whole["tags"] == [{"name": "new"}]


async def test_a_definition_that_is_refused_leaves_the_one_that_is_there(images, tmp_path):
    path = tmp_path / "quota.json"
    path.write_text(json.dumps(QUOTA))
    await loaded(images, [path])
    path.write_text(json.dumps({**QUOTA, "objects": [{"name": "nothing", "color": "blue"}]}))
    outcome = (await loaded(images, [path], replace=True))["quota.json"]
    assert outcome.startswith("refused: Additional properties")
    assert "color" in outcome
    [shown] = (await images.client().get("/v2/metadefs/namespaces")).json()["namespaces"]
    assert shown["display_name"] == "Quota"


def test_files_that_cannot_be_read_are_named(tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(ValueError, match=r"broken\.json"):
        metadefs.documents([broken])
    with pytest.raises(ValueError, match=r"no-such\.json"):
        metadefs.documents([tmp_path / "no-such.json"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no JSON file"):
        metadefs.documents([tmp_path / "empty"])
