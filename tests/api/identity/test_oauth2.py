"""OAuth 2.0: an application credential's id and secret for a token, in the words of RFC 6749."""

from __future__ import annotations

import base64

import pytest

from support.identity import V3, Rows, make

TOKEN = f"{V3}/OS-OAUTH2/token"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
async def credential(cloud):
    member = await cloud.client()
    return {**await make(member, f"users/{member.user_id}/application_credentials"), "user_id": member.user_id}


def basic(client_id, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


async def test_a_clients_id_and_secret_give_a_token_that_can_be_used_as_a_bearer(cloud, credential):
    own = {"client_id": credential["id"], "client_secret": credential["secret"]}
    for more in ({"headers": basic(credential["id"], credential["secret"]), "data": GRANT}, {"data": {**GRANT, **own}}):
        answer = await cloud.anonymous().post(TOKEN, **more)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        said = answer.json()
        assert (said["token_type"], said["expires_in"]) == ("Bearer", 4 * 3600)
        bearer = cloud.anonymous(Authorization=f"Bearer {said['access_token']}")
        shown = await bearer.get(f"{V3}/auth/tokens", headers={"X-Subject-Token": said["access_token"]})
        assert shown.json()["token"]["application_credential"]["id"] == credential["id"]
        assert (await bearer.get("/image/v2/images")).status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "password"]}, 400, "invalid_request"),
        (GRANT, 401, "invalid_client"),
        ({**GRANT, "client_id": "x"}, 401, "invalid_client"),
        ({**GRANT, "client_id": "x", "client_secret": "y"}, 401, "invalid_client"),
    ],
    ids=str,
)
async def test_refusals_are_written_as_oauth_has_them(cloud, form, status, error):
    rows = Rows(cloud)
    answer = await cloud.anonymous().post(TOKEN, data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description"}
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert not rows.changed()


async def test_a_wrong_secret_or_an_unreadable_header_gives_nothing(cloud, credential):
    for headers in (
        basic(credential["id"], "wrong"),
        basic("", credential["secret"]),
        {"Authorization": "Basic ä"},
    ):
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        answer = await cloud.anonymous().post(TOKEN, data=GRANT, headers=raw)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_other_methods_are_refused_in_the_same_words(cloud):
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = await cloud.anonymous().request(method, TOKEN)
        assert (answer.status_code, answer.json()["error"]) == (405, "other_error")


async def test_a_body_beyond_all_measure_is_refused(cloud):
    answer = await cloud.anonymous().post(TOKEN, data={**GRANT, "x": "y" * 70_000})
    assert (answer.status_code, answer.json()["error"]) == (413, "other_error")
