"""Several factors in several requests: a receipt for the first, a token for the rest."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from cumulet.identity import receipts
from cumulet.identity.operations.authentication.totp import STEP_SECONDS, code_at
from support.identity import V3, Person, log_in, make, password_body, person

RECEIPT = "Openstack-Auth-Receipt"
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
async def careful(cloud) -> Person:
    """A user who needs a password and a code."""
    user = await person(cloud)
    await make(await user.client(), "credentials", type="totp", blob=SECRET)
    options = {"multi_factor_auth_rules": [["password", "totp"], ["password", "application_credential"]]}
    await (await cloud.admin()).patch(f"{V3}/users/{user.id}", json={"user": {"options": options}})
    return user


def code_body(user: Person, clock) -> dict[str, Any]:
    """A request for a token with the code of the moment."""
    code = code_at(SECRET, int(clock.now()) // STEP_SECONDS)
    return {"auth": {"identity": {"methods": ["totp"], "totp": {"user": {"id": user.id, "passcode": code}}}}}


async def ask(cloud, body: dict[str, Any], receipt: str) -> httpx.Response:
    """Ask for a token with a receipt."""
    return await cloud.anonymous(**{RECEIPT: receipt}).post(f"{V3}/auth/tokens", json=body)


async def test_one_of_two_factors_gives_a_receipt_and_the_other_one_with_it_a_token(cloud, careful, clock):
    first = await careful.token()
    assert first.status_code == 401
    told = first.json()
    assert set(told) == {"receipt", "required_auth_methods"}
    assert told["receipt"]["methods"] == ["password"]
    assert told["receipt"]["user"] == {"id": careful.id, "name": careful.name, "domain": {"id": "default", "name": "Default"}}
    assert set(told["receipt"]) == {"methods", "user", "expires_at", "issued_at"}
    required = [sorted(rule) for rule in told["required_auth_methods"]]
    assert required == [["password", "totp"], ["application_credential", "password"]]
    second = await ask(cloud, code_body(careful, clock), first.headers[RECEIPT])
    assert second.status_code == 201, second.text
    assert set(second.json()["token"]["methods"]) == {"password", "totp"}
    issued = cloud.anonymous(**{"X-Auth-Token": second.headers["X-Subject-Token"]})
    assert (await issued.get(f"{V3}/auth/projects")).status_code == 200


async def test_only_the_rules_that_were_begun_are_told(cloud, careful, clock):
    first = await log_in(cloud, code_body(careful, clock))
    assert first.json()["required_auth_methods"] == [["password", "totp"]]


async def test_a_receipt_expires(cloud, careful, clock):
    receipt = (await careful.token()).headers[RECEIPT]
    await clock.advance(receipts.LIFETIME_SECONDS)
    answer = await ask(cloud, code_body(careful, clock), receipt)
    assert answer.status_code == 401
    assert RECEIPT not in answer.headers


async def test_a_receipt_made_with_another_one_lives_no_longer(cloud, careful, clock):
    receipt = (await careful.token()).headers[RECEIPT]
    await clock.advance(receipts.LIFETIME_SECONDS - 1)
    again = await ask(cloud, password_body(careful.id, careful.password), receipt)
    assert again.status_code == 401
    await clock.advance(2)
    assert (await ask(cloud, code_body(careful, clock), again.headers[RECEIPT])).status_code == 401


async def test_a_receipt_is_its_users_alone(cloud, careful, clock):
    stranger = await person(cloud)
    receipt = (await careful.token()).headers[RECEIPT]
    assert (await ask(cloud, password_body(stranger.id, stranger.password), receipt)).status_code == 401


async def test_a_receipt_is_void_after_a_new_password(cloud, careful, clock):
    receipt = (await careful.token()).headers[RECEIPT]
    await clock.advance(1)
    await (await cloud.admin()).patch(f"{V3}/users/{careful.id}", json={"user": {"password": "another one"}})
    answer = await ask(cloud, code_body(careful, clock), receipt)
    assert answer.status_code == 401
    assert RECEIPT not in answer.headers


async def test_a_disabled_user_gets_no_receipt(cloud, careful):
    await (await cloud.admin()).patch(f"{V3}/users/{careful.id}", json={"user": {"enabled": False}})
    answer = await careful.token()
    assert answer.status_code == 401
    assert RECEIPT not in answer.headers


async def test_a_receipt_and_a_token_are_not_taken_for_each_other(cloud, careful, clock):
    receipt = (await careful.token()).headers[RECEIPT]
    assert (await cloud.anonymous(**{"X-Auth-Token": receipt}).get(f"{V3}/auth/projects")).status_code == 401
    whole = await ask(cloud, code_body(careful, clock), receipt)
    token = whole.headers["X-Subject-Token"]
    assert (await ask(cloud, password_body(careful.id, careful.password), token)).status_code == 401


@pytest.mark.parametrize("text", ["", "x", "AAAA" * 20])
async def test_what_is_no_receipt_is_refused(cloud, careful, text):
    answer = await ask(cloud, password_body(careful.id, careful.password), text)
    assert answer.status_code == 401
