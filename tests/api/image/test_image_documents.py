"""Version documents, schemas, what the service can do."""

from __future__ import annotations

import httpx
import pytest


async def test_the_roots_list_every_version_to_anybody(images):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(images.app), base_url="http://cloud") as nobody:
        for path, status in (("/image", 300), ("/image/", 300), ("/image/v2/", 300), ("/image/versions", 200)):
            answer = await nobody.get(path)
            assert answer.status_code == status
            versions = answer.json()["versions"]
            assert versions[0]["id"] == "v2.17"
            assert [v["id"] for v in versions if v["status"] == "CURRENT"] == ["v2.17"]
            assert versions[-1] == {
                "id": "v2.0",
                "status": "SUPPORTED",
                "links": [{"rel": "self", "href": "http://cloud/image/v2/"}],
            }


async def test_everything_else_needs_a_token(images):
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(images.app), base_url="http://cloud", headers={"Accept": "application/json"}
    ) as nobody:
        answer = await nobody.get("/image/v2/images")
    assert answer.status_code == 401
    assert answer.json()["title"] == "Unauthorized"


async def test_each_schema_describes_what_the_service_answers(images):
    client = images.client()
    shown = await images.active(client, tags=["t"], color="blue")
    schema = (await client.get("/v2/schemas/image")).json()
    assert schema["name"] == "image"
    assert set(shown) - {"color"} <= set(schema["properties"])
    assert schema["additionalProperties"] == {"type": "string"}
    for name, item in (("images", "image"), ("members", "member")):
        collection = (await client.get(f"/v2/schemas/{name}")).json()
        assert collection["name"] == name
        assert collection["properties"][name]["items"] == (await client.get(f"/v2/schemas/{item}")).json()


async def test_only_what_works_is_offered(images):
    client = images.client()
    assert (await client.get("/v2/info/import")).json()["import-methods"]["value"] == list(images.parts.settings.imports.methods)
    assert [store["id"] for store in (await client.get("/v2/info/stores")).json()["stores"]] == ["file"]
    assert (await client.get("/v2/info/stores/detail")).status_code == 403
    detail = await images.client("admin", "admin").get("/v2/info/stores/detail")
    assert detail.json()["stores"][0]["properties"]["data_dir"] == str(images.folder)


async def test_an_unknown_path_is_not_found_in_the_services_own_words(images):
    answer = await images.client().get("/v2/nothing")
    assert answer.status_code == 404
    assert answer.json()["code"] == "404 Not Found"
    assert (await images.client().put("/v2/images")).status_code == 405


async def test_an_empty_id_is_not_the_collection(images):
    client = images.client()
    for method in ("GET", "DELETE"):
        assert (await client.request(method, "/v2/images/")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("DELETE", ""), ("PUT", "/any"), ("DELETE", "/any")], ids=["list", "clear", "queue", "drop"]
)
async def test_a_site_without_a_cache_says_so_to_administrators(images, method, path):
    answer = await images.client("ops", "admin").request(
        method, f"/v2/cache{path}", headers={"x-image-cache-clear-target": "cache"}
    )
    assert (answer.status_code, answer.json()["message"]) == (404, "Caching via API is not supported at this site.")
    assert (await images.client().request(method, f"/v2/cache{path}")).status_code == 403


async def test_versions_that_mean_a_cache_are_not_listed(images):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(images.app), base_url="http://cloud") as nobody:
        versions = [version["id"] for version in (await nobody.get("/image/versions")).json()["versions"]]
    assert versions == ["v2.17", "v2.15", *(f"v2.{minor}" for minor in range(13, -1, -1))]


@pytest.mark.parametrize("accept", ["*/*", "text/html", ""])
async def test_who_does_not_ask_for_json_is_told_in_plain_text(images, accept):
    """Glance's own client takes a JSON error apart as if it were another service's."""
    answer = await images.client().get("/v2/images/nothing", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/plain; charset=UTF-8")
    assert answer.text == "404 Not Found: No image found with ID nothing\n"
    refused = await images.client().get("/v2/images/nothing")
    assert refused.json() == {"message": "No image found with ID nothing", "code": "404 Not Found", "title": "Not Found"}
