"""Logging in by a browser: whom a dashboard gets a token for, and who gets none."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from support.cloud import running_cloud
from support.federation import PROXIED, SECRET, Signer, register
from support.identity import V3, Rows

DASHBOARD = "https://horizon.test/auth/websso/?next=a&b"
SSO = f"{V3}/auth/OS-FEDERATION/identity_providers/acme/protocols/openid/websso"
CALLBACK = f"{V3}/auth/OS-FEDERATION/openid/callback"
RULES = [{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "OIDC-sub"}]}]


@pytest.fixture
def signer():
    made = Signer()
    yield made
    made.close()


@pytest.fixture
async def cloud(tmp_path, clock, signer):
    openid = {"acme": {"issuer": signer.issuer, "client_id": "cumulet", "client_secret": "secret"}}
    settings = {"openid": openid, "trusted_dashboards": [DASHBOARD], "proxy_secret": SECRET}
    async with running_cloud(tmp_path, clock, federation=settings) as made:
        await register(await made.admin(), RULES, protocol="openid")
        yield made


async def begin(browser, path=SSO, origin=DASHBOARD):
    """Where the browser is sent, and the parameters."""
    sent = await browser.get(path, params={"origin": origin})
    assert sent.status_code == 302, sent.text
    asked = parse_qs(urlsplit(sent.headers["Location"]).query)
    return sent, {name: values[0] for name, values in asked.items()}


def answering(signer, clock, asked, **claims):
    """Let the provider give an ID token for the code `good`; what it was asked with."""
    said = {}

    def token(headers, form):
        said.update(form, authorization=headers["Authorization"])
        if form.get("code") != "good":
            return 400, {"error": "invalid_grant"}
        given = {"nonce": asked["nonce"], "sub": "ann", **claims}
        return 200, {"access_token": "x", "id_token": signer.token(clock.now(), {"typ": "JWT"}, **given)}

    signer.answers["/token"] = token
    return said


async def come_back(browser, asked, **more):
    return await browser.get(CALLBACK, params={"state": asked["state"], "code": "good", **more})


async def test_a_browser_is_sent_to_the_provider_and_brings_the_dashboard_a_token(cloud, clock, signer):
    browser = cloud.anonymous()
    sent, asked = await begin(browser)
    assert sent.headers["Location"].startswith(f"{signer.issuer}/auth?")
    assert (asked["client_id"], asked["response_type"], asked["code_challenge_method"]) == ("cumulet", "code", "S256")
    assert asked["redirect_uri"] == f"http://cloud.test{CALLBACK}"
    said = answering(signer, clock, asked)
    page = await come_back(browser, asked)
    assert page.status_code == 200, page.text
    challenge = base64.urlsafe_b64encode(hashlib.sha256(said["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert challenge == asked["code_challenge"]
    assert (said["redirect_uri"], said["grant_type"]) == (asked["redirect_uri"], "authorization_code")
    assert said["authorization"].startswith("Basic ")
    assert 'action="https://horizon.test/auth/websso/?next=a&amp;b" method="post"' in page.text
    [token] = re.findall(r'name="token" value="([^"]+)"', page.text)
    shown = await cloud.anonymous(**{"X-Auth-Token": token}).get(f"{V3}/auth/tokens", headers={"X-Subject-Token": token})
    assert shown.json()["token"]["user"]["name"] == "ann"


async def test_nobody_else_can_see_or_keep_the_page_with_the_token(cloud, clock, signer):
    browser = cloud.anonymous()
    sent, asked = await begin(browser)
    cookie = sent.headers["Set-Cookie"]
    for word in ("HttpOnly", "SameSite=Lax", "Max-Age=600", f"Path={V3}/auth/OS-FEDERATION"):
        assert word in cookie
    answering(signer, clock, asked)
    page = await come_back(browser, asked)
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Content-Type"].startswith("text/html")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action https://horizon.test;" in policy
    assert "Max-Age=0" in page.headers["Set-Cookie"]


async def test_the_answer_to_somebody_elses_attempt_is_refused(cloud, clock, signer):
    mine, theirs = cloud.anonymous(), cloud.anonymous()
    _, asked = await begin(mine)
    _, other = await begin(theirs)
    answering(signer, clock, asked)
    for browser, state in ((cloud.anonymous(), asked), (theirs, asked), (mine, other)):
        refused = await come_back(browser, state)
        assert (refused.status_code, "start again" in refused.json()["error"]["message"]) == (401, True)
    assert (await mine.get(CALLBACK, params={"code": "good"})).status_code == 401
    assert signer.asked["/token"] == 0


async def test_an_attempt_ends_after_ten_minutes(cloud, clock, signer):
    browser = cloud.anonymous()
    _, asked = await begin(browser)
    answering(signer, clock, asked)
    await clock.advance(601)
    assert "too long" in (await come_back(browser, asked)).json()["error"]["message"]


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"iss": "https://evil.test"}, {"exp": 1}, {"azp": "another"}],
    ids=str,
)
async def test_an_id_token_for_another_question_is_refused(cloud, clock, signer, claims):
    browser = cloud.anonymous()
    _, asked = await begin(browser)
    answering(signer, clock, asked, **claims)
    rows = Rows(cloud)
    assert (await come_back(browser, asked)).status_code == 401
    assert not rows.changed()


@pytest.mark.parametrize("more", [{"code": "bad"}, {"code": ""}, {"error": "access_denied"}], ids=str)
async def test_without_a_good_code_there_is_no_token(cloud, clock, signer, more):
    browser = cloud.anonymous()
    _, asked = await begin(browser)
    answering(signer, clock, asked)
    assert (await come_back(browser, asked, **more)).status_code == 401


@pytest.mark.parametrize(
    "origin", ["https://evil.test/", "https://horizon.test/auth/websso/", DASHBOARD + "x", "javascript:alert(1)", "//evil.test"]
)
async def test_only_trusted_dashboards_get_tokens(cloud, signer, origin):
    browser = cloud.anonymous()
    assert (await browser.get(SSO, params={"origin": origin})).status_code == 401
    assert (await browser.get(SSO)).status_code == 400
    assert signer.asked == {}


async def test_a_protocol_alone_leads_to_the_only_provider_that_has_it(cloud, signer):
    path = f"{V3}/auth/OS-FEDERATION/websso/openid"
    _, asked = await begin(cloud.anonymous(), path)
    assert asked["client_id"] == "cumulet"
    admin = await cloud.admin()
    await admin.patch(f"{V3}/OS-FEDERATION/identity_providers/acme", json={"identity_provider": {"enabled": False}})
    assert (await cloud.anonymous().get(path, params={"origin": DASHBOARD})).status_code == 401


async def test_a_proxys_user_is_handed_over_at_once(cloud):
    rules = [{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "MELLON_NAME_ID"}]}]
    await register(await cloud.admin(), rules, idp="saml", remote_ids=["https://idp.test"])
    headers = {**PROXIED, "Mellon-Name-Id": "ann", "Mellon-Idp": "https://idp.test"}
    for path in ("websso/saml2", "identity_providers/saml/protocols/saml2/websso"):
        for ask in (cloud.anonymous().get, cloud.anonymous().post):
            page: httpx.Response = await ask(f"{V3}/auth/OS-FEDERATION/{path}", params={"origin": DASHBOARD}, headers=headers)
            assert page.status_code == 200, page.text
            assert 'name="token"' in page.text
            spoofed = {name: value for name, value in headers.items() if name.startswith("Mellon")}
            url = f"{V3}/auth/OS-FEDERATION/{path}"
            assert (await ask(url, params={"origin": DASHBOARD}, headers=spoofed)).status_code == 401
