"""A web page may upload straight from the browser, if the operator said so of its origin."""

from __future__ import annotations

import httpx
import pytest

from cumulet.kernel.http.cors import Cors

PAGE = "https://horizon.example"
UPLOAD = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type, x-auth-token"}


@pytest.fixture
def permitted(images):
    images.app.cors = Cors([PAGE])
    return images


async def ask(images, origin, **headers):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(images.app), base_url="http://cloud/image") as nobody:
        return await nobody.options("/v2/images/any/file", headers={"Origin": origin, **UPLOAD, **headers})


async def test_a_browser_learns_what_a_page_may_send_without_a_token(permitted):
    answer = await ask(permitted, PAGE)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type, x-auth-token"
    assert answer.headers["Access-Control-Max-Age"] == "3600"
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "headers", [{"Access-Control-Request-Method": "TRACE"}, {"Access-Control-Request-Headers": "x-auth-token, x-secret"}]
)
async def test_a_page_that_asks_for_too_much_gets_no_permission(permitted, headers):
    answer = await ask(permitted, PAGE, **headers)
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_page_uploads_and_reads_the_answers(permitted):
    client = permitted.client()
    client.headers["Origin"] = PAGE
    made = await permitted.active(client, b"from a browser")
    answer = await client.get(f"/v2/images/{made['id']}/file")
    assert answer.content == b"from a browser"
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Content-MD5" in answer.headers["Access-Control-Expose-Headers"]
    missing = await client.get("/v2/images/none")
    assert (missing.status_code, missing.headers["Access-Control-Allow-Origin"]) == (404, PAGE)


async def test_other_pages_get_no_permission(permitted):
    assert "Access-Control-Allow-Origin" not in (await ask(permitted, "https://evil.example")).headers
    client = permitted.client()
    answer = await client.get("/v2/images", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_without_configured_origins_nothing_is_said(images):
    assert "Access-Control-Allow-Origin" not in (await ask(images, PAGE)).headers


async def test_every_origin_may_if_the_operator_says_so(images):
    images.app.cors = Cors(["*"])
    assert (await ask(images, "https://any.example")).headers["Access-Control-Allow-Origin"] == "https://any.example"
