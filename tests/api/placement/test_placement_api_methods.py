"""Methods that placement does not have, and errors for whoever asks for HTML: as upstream's suite wants them."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("method", "path", "offered"),
    [
        ("OPTIONS", "/resource_providers", "GET, POST"),
        ("HEAD", "/resource_providers", "GET, POST"),
        ("DELETE", "/", "GET"),
        ("GET", "/allocations", "POST"),
    ],
)
async def test_only_the_methods_of_routes_are_offered(placement, method, path, offered):
    answer = await placement.call(method, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, offered)


async def test_an_error_is_a_page_for_who_asks_for_html_and_shows_what_was_sent_as_text(placement):
    answer = await placement.get("/resource_providers?name=x&<b>=1", Accept="text/html")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/html; charset=UTF-8")
    assert "<h1>400 Bad Request</h1>" in answer.text
    assert "<b>" not in answer.text
    assert (await placement.get("/nowhere")).headers["Content-Type"] == "application/json"


async def test_answers_name_the_header_that_they_depend_on_as_upstream_writes_it(placement):
    assert (await placement.get("/")).headers["Vary"] == "openstack-api-version"
