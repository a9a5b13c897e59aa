"""Bearer tokens of OpenID Connect: which are good here, and the many that are not."""

from __future__ import annotations

import base64
import hmac
import json

import pytest
from joserfc.jwk import ECKey, OctKey

from support.cloud import running_cloud
from support.federation import Signer, auth_url, register
from support.identity import Rows

RULES = [
    {
        "local": [{"user": {"name": "{0}", "id": "{1}"}}, {"groups": "{2}", "domain": {"id": "default"}}],
        "remote": [{"type": "OIDC-preferred_username"}, {"type": "HTTP_OIDC_SUB"}, {"type": "OIDC-groups"}],
    }
]
DEEP = base64.urlsafe_b64encode(b"[" * 30_000).decode() + ".e30.e30"
ANN = {"preferred_username": "ann", "groups": ["devs", "a;b"]}


@pytest.fixture
def signer():
    made = Signer()
    yield made
    made.close()


@pytest.fixture
async def cloud(tmp_path, clock, signer):
    async with running_cloud(tmp_path, clock, federation={"openid": {"acme": _settings(signer)}}) as made:
        await register(await made.admin(), RULES, protocol="openid", remote_ids=[signer.issuer])
        yield made


def _settings(signer, **more):
    return {"issuer": signer.issuer, "client_id": "cumulet", "client_secret": "s/e:cret", **more}


async def log_in(cloud, token, scheme="Bearer"):
    return await cloud.anonymous().post(auth_url(protocol="openid"), headers={"Authorization": f"{scheme} {token}"})


async def test_a_providers_access_token_gives_an_unscoped_token(cloud, clock, signer):
    answer = await log_in(cloud, signer.token(clock.now(), **ANN))
    assert answer.status_code == 201, answer.text
    user = answer.json()["token"]["user"]
    assert (user["name"], user["OS-FEDERATION"]["protocol"]) == ("ann", {"id": "openid"})
    assert answer.json()["token"]["methods"] == ["openid"]


async def test_the_word_bearer_may_be_written_in_any_case(cloud, clock, signer):
    assert (await log_in(cloud, signer.token(clock.now(), **ANN), "bearer")).status_code == 201


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.test"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another", "cumulet2"]},
        {"aud": None},
        {"aud": {"cumulet": True}},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": 1},
        {"nbf": 99999999999},
        {"nbf": "x"},
        {"nonce": "n"},
        {"at_hash": "h"},
        {"typ": "ID"},
        {"preferred_username": None},
        {"preferred_username": []},
    ],
    ids=str,
)
async def test_a_token_with_wrong_claims_is_refused_and_makes_nothing(cloud, clock, signer, claims):
    rows = Rows(cloud)
    answer = await log_in(cloud, signer.token(clock.now(), **{**ANN, **claims}))
    assert answer.status_code == 401, answer.text
    assert not rows.changed()


async def test_a_little_difference_of_clocks_does_no_harm(cloud, clock, signer):
    now = clock.now()
    assert (await log_in(cloud, signer.token(now, **ANN, exp=int(now) - 30, nbf=int(now) + 30))).status_code == 201
    assert (await log_in(cloud, signer.token(now, **ANN, exp=int(now) - 61))).status_code == 401
    assert (await log_in(cloud, signer.token(now, **ANN, nbf=int(now) + 65))).status_code == 401


def _part(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def _unsigned(signer, now):
    head, body, _ = signer.token(now, **ANN).split(".")
    none = _part({"alg": "none", "kid": "first", "typ": "at+jwt"})
    return [f"{none}.{body}.", f"{none}.{body}.AAAA", f"{head}.{body}.", f"{head}.{body}"]


async def test_no_unsigned_token_is_accepted(cloud, clock, signer):
    for token in _unsigned(signer, clock.now()):
        assert (await log_in(cloud, token)).status_code == 401, token


async def test_a_public_key_is_not_accepted_as_a_shared_secret(cloud, clock, signer):
    _, body, _ = signer.token(clock.now(), **ANN).split(".")
    for secret in (signer.key.as_pem(private=False), json.dumps(signer.key.as_dict(private=False)).encode()):
        signed = f"{_part({'alg': 'HS256', 'kid': 'first', 'typ': 'at+jwt'})}.{body}"
        signature = hmac.digest(secret, signed.encode(), "sha256")
        token = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        assert (await log_in(cloud, token)).status_code == 401
    known = OctKey.import_key({"kty": "oct", "k": "A" * 43})
    assert (await log_in(cloud, signer.token(clock.now(), {"alg": "HS256", "kid": "shared"}, known, **ANN))).status_code == 401


async def test_a_token_that_somebody_else_signed_is_refused(cloud, clock, signer):
    other = ECKey.generate_key("P-256", {"kid": "first"})
    assert (await log_in(cloud, signer.token(clock.now(), key=other, **ANN))).status_code == 401
    theirs = {"jwk": other.as_dict(private=False), "jku": "http://127.0.0.1:1/keys"}
    assert (await log_in(cloud, signer.token(clock.now(), theirs, other, **ANN))).status_code == 401


@pytest.mark.parametrize("token", ["x", "a.b.c", "..", "é.é.é", "e30.e30.e30", "W10.W10.W10", "A" * 70_000, DEEP])
async def test_what_is_no_token_is_refused(cloud, token):
    headers = [(b"Authorization", f"Bearer {token}".encode())]
    answer = await cloud.anonymous().post(auth_url(protocol="openid"), headers=headers)
    assert answer.status_code == 401


async def test_who_shows_nothing_is_told_what_is_needed(cloud):
    answer = await cloud.anonymous().post(auth_url(protocol="openid"))
    assert (answer.status_code, "bearer" in answer.json()["error"]["message"]) == (401, True)


async def test_an_algorithm_that_is_not_allowed_is_refused(tmp_path, clock, signer):
    settings = _settings(signer, algorithms=["RS256"])
    async with running_cloud(tmp_path / "strict", clock, federation={"openid": {"acme": settings}}) as strict:
        await register(await strict.admin(), RULES, protocol="openid")
        assert (await log_in(strict, signer.token(clock.now(), **ANN))).status_code == 401


async def test_keys_are_asked_for_once_and_again_when_the_provider_has_new_ones(cloud, clock, signer):
    for _ in range(3):
        assert (await log_in(cloud, signer.token(clock.now(), **ANN))).status_code == 201
    assert signer.asked["/keys"] == 1
    signer.rotate()
    await clock.advance(31)
    assert (await log_in(cloud, signer.token(clock.now(), **ANN))).status_code == 201
    assert signer.asked["/keys"] == 2


async def test_made_up_keys_do_not_make_us_ask_the_provider_all_the_time(cloud, clock, signer):
    await log_in(cloud, signer.token(clock.now(), **ANN))
    for number in range(5):
        assert (await log_in(cloud, signer.token(clock.now(), {"kid": f"made up {number}"}, **ANN))).status_code == 401
    assert signer.asked["/keys"] == 1


async def test_a_key_that_the_provider_took_back_is_forgotten_within_an_hour(cloud, clock, signer):
    old = signer.key
    await log_in(cloud, signer.token(clock.now(), **ANN))
    signer.rotate()
    await clock.advance(3601)
    assert (await log_in(cloud, signer.token(clock.now(), {"kid": "first"}, old, **ANN))).status_code == 401


async def test_a_silent_provider_is_unavailable_and_others_still_log_in(cloud, clock, signer):
    token = signer.token(clock.now(), **ANN)
    signer.close()
    assert (await log_in(cloud, token)).status_code == 503
    assert (await (await cloud.admin()).get("/identity/v3/users")).status_code == 200


@pytest.mark.parametrize(
    "answers",
    [
        {"/.well-known/openid-configuration": (200, {"issuer": "https://evil.test", "jwks_uri": "https://evil.test/keys"})},
        {"/.well-known/openid-configuration": (200, [])},
        {"/.well-known/openid-configuration": b"<html>"},
        {"/.well-known/openid-configuration": (302, {})},
        {"/keys": (200, {"keys": []})},
        {"/keys": (200, {"keys": "none"})},
        {"/keys": (500, {})},
        {"/keys": b"[" * 100_000},
        {"/keys": b" " * (1 << 21)},
    ],
    ids=lambda answers: next(iter(answers)),
)
async def test_a_provider_that_makes_no_sense_is_unavailable(cloud, clock, signer, answers):
    signer.answers = answers
    assert (await log_in(cloud, signer.token(clock.now(), **ANN))).status_code == 503


async def test_tokens_that_only_the_provider_can_read_are_shown_to_it(tmp_path, clock, signer):
    said = {}

    def introspect(headers, form):
        said.update(form, authorization=headers["Authorization"])
        return 200, {"active": form["token"] == "opaque", "client_id": "cumulet", "sub": "u-1", **ANN}

    signer.answers = {"/introspect": introspect}
    settings = _settings(signer, introspect=True)
    async with running_cloud(tmp_path / "asking", clock, federation={"openid": {"acme": settings}}) as asking:
        await register(await asking.admin(), RULES, protocol="openid", remote_ids=[signer.issuer])
        assert (await log_in(asking, "opaque")).status_code == 201
        assert (await log_in(asking, "other")).status_code == 401
        assert said["authorization"] == "Basic " + base64.b64encode(b"cumulet:s%2Fe%3Acret").decode()
        for more in ({"aud": "another"}, {"client_id": "another"}, {"iss": "https://evil.test"}, {"exp": 1}, {"active": "true"}):
            signer.answers["/introspect"] = (200, {"active": True, "client_id": "cumulet", "sub": "u-1", **ANN, **more})
            assert (await log_in(asking, "opaque")).status_code == 401, more


async def test_the_provider_can_be_asked_for_more_about_the_user(tmp_path, clock, signer):
    settings = _settings(signer, userinfo=True)
    async with running_cloud(tmp_path / "asking", clock, federation={"openid": {"acme": settings}}) as asking:
        await register(await asking.admin(), RULES, protocol="openid")
        signer.answers = {"/me": (200, {"sub": "u-1", **ANN})}
        assert (await log_in(asking, signer.token(clock.now()))).status_code == 201
        signer.answers = {"/me": (200, {"sub": "somebody else", **ANN})}
        assert (await log_in(asking, signer.token(clock.now()))).status_code == 401


async def test_claims_that_are_nested_without_end_are_refused(cloud, clock, signer):
    head, _, signature = signer.token(clock.now(), **ANN).split(".")
    body = base64.urlsafe_b64encode(b'{"a":' + b"[" * 20_000).rstrip(b"=").decode()
    assert (await log_in(cloud, f"{head}.{body}.{signature}")).status_code == 401
