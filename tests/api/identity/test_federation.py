"""Identity providers, protocols, mappings and service providers: what can be registered, and what is refused."""

from __future__ import annotations

import pytest

from support.federation import put
from support.identity import V3, listed, make

F = f"{V3}/OS-FEDERATION"
RULES = [{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "MELLON_NAME_ID"}]}]


async def test_an_identity_provider_has_a_domain_of_its_own_unless_one_is_named(cloud):
    admin = await cloud.admin()
    made = await put(admin, "identity_providers/acme", description="ACME", remote_ids=["b", "a"])
    assert {k: made[k] for k in ("id", "enabled", "description", "remote_ids", "authorization_ttl")} == {
        "id": "acme",
        "enabled": False,
        "description": "ACME",
        "remote_ids": ["a", "b"],
        "authorization_ttl": None,
    }
    assert made["links"] == {
        "self": f"http://cloud.test{F}/identity_providers/acme",
        "protocols": made["links"]["self"] + "/protocols",
    }
    assert (await admin.get(f"{V3}/domains/{made['domain_id']}")).status_code == 200
    home = await make(admin, "domains")
    assert (await put(admin, "identity_providers/other", domain_id=home["id"]))["domain_id"] == home["id"]


async def test_what_is_registered_is_listed_shown_changed_and_deleted(cloud):
    admin = await cloud.admin()
    await put(admin, "mappings/m", rules=RULES)
    await put(admin, "identity_providers/acme")
    await put(admin, "identity_providers/acme/protocols/saml2", mapping_id="m")
    sp = {"auth_url": "https://sp.test/v3/auth", "sp_url": "https://sp.test/ecp"}
    assert (await put(admin, "service_providers/sp", **sp))["relay_state_prefix"] == "ss:mem:"
    for path, key, change in (
        ("identity_providers/acme", "identity_provider", {"enabled": True, "authorization_ttl": 5}),
        ("service_providers/sp", "service_provider", {"enabled": True, "description": "x"}),
        ("identity_providers/acme/protocols/saml2", "protocol", {"mapping_id": "m", "remote_id_attribute": "IDP"}),
        ("mappings/m", "mapping", {"rules": [*RULES, *RULES], "schema_version": "2.0"}),
    ):
        changed = await admin.patch(f"{F}/{path}", json={key: change})
        assert changed.status_code == 200, changed.text
        shown = (await admin.get(f"{F}/{path}")).json()[key]
        assert changed.json()[key] == shown
        assert change.items() <= shown.items()
        collection, _, name = path.rpartition("/")
        assert name in [entry["id"] for entry in await listed(admin, f"OS-FEDERATION/{collection}")]
    assert await listed(admin, "OS-FEDERATION/identity_providers", enabled="false") == []
    for path in ("service_providers/sp", "identity_providers/acme/protocols/saml2", "identity_providers/acme", "mappings/m"):
        assert (await admin.delete(f"{F}/{path}")).status_code == 204
        assert (await admin.get(f"{F}/{path}")).status_code == 404


async def test_lists_of_protocols_say_whose_they_are(cloud):
    admin = await cloud.admin()
    await put(admin, "mappings/m", rules=RULES)
    await put(admin, "identity_providers/acme")
    await put(admin, "identity_providers/acme/protocols/saml2", mapping_id="m")
    [entry] = await listed(admin, "OS-FEDERATION/identity_providers/acme/protocols")
    assert (entry["idp_id"], entry["remote_id_attribute"]) == ("acme", None)
    assert "idp_id" not in (await admin.get(f"{F}/identity_providers/acme/protocols/saml2")).json()["protocol"]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("identity_providers/acme", {"identity_provider": {}}, 409, "acme"),
        ("identity_providers/new", {"identity_provider": {"remote_ids": ["r"]}}, 409, "remote ID: r"),
        ("identity_providers/new", {"identity_provider": {"domain_id": "nowhere"}}, 404, "nowhere"),
        ("identity_providers/new", {"identity_provider": {"authorization_ttl": -1}}, 400, "authorization_ttl"),
        ("identity_providers/new", {"identity_provider": {"colour": "red"}}, 400, "colour"),
        ("identity_providers/acme/protocols/p", {"protocol": {"mapping_id": "none"}}, 400, "none"),
        ("identity_providers/none/protocols/p", {"protocol": {"mapping_id": "m"}}, 404, "none"),
        ("identity_providers/acme/protocols/p", {"protocol": {}}, 400, "mapping_id"),
        ("service_providers/new", {"service_provider": {"auth_url": "https://a"}}, 400, "sp_url"),
        ("mappings/m", {"mapping": {"rules": RULES}}, 409, "m"),
        ("mappings/new", {"mapping": {"rules": []}}, 400, "rules"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_reason(cloud, path, body, status, words):
    admin = await cloud.admin()
    await put(admin, "mappings/m", rules=RULES)
    await put(admin, "identity_providers/acme", remote_ids=["r"])
    answer = await admin.put(f"{F}/{path}", json=body)
    assert (answer.status_code, words in answer.json()["error"]["message"]) == (status, True), answer.text


async def test_a_mapping_that_is_used_is_not_deleted_and_says_by_whom(cloud):
    admin = await cloud.admin()
    await put(admin, "mappings/m", rules=RULES)
    await put(admin, "identity_providers/acme")
    await put(admin, "identity_providers/acme/protocols/saml2", mapping_id="m")
    refused = await admin.delete(f"{F}/mappings/m")
    assert (refused.status_code, "acme/saml2" in refused.json()["error"]["message"]) == (409, True)


async def test_enabled_service_providers_are_in_every_token(cloud):
    admin = await cloud.admin()
    sp = {"auth_url": "https://sp.test/v3/auth", "sp_url": "https://sp.test/ecp"}
    await put(admin, "service_providers/sp", enabled=True, **sp)
    await put(admin, "service_providers/off", **sp)
    token = (await admin.get(f"{V3}/auth/tokens", headers={"X-Subject-Token": admin.headers["X-Auth-Token"]})).json()["token"]
    assert token["service_providers"] == [{"id": "sp", **sp}]


async def test_deleting_a_domain_deletes_its_identity_providers(cloud):
    admin = await cloud.admin()
    home = await make(admin, "domains")
    await put(admin, "identity_providers/acme", domain_id=home["id"])
    await admin.patch(f"{V3}/domains/{home['id']}", json={"domain": {"enabled": False}})
    assert (await admin.delete(f"{V3}/domains/{home['id']}")).status_code == 204
    assert (await admin.get(f"{F}/identity_providers/acme")).status_code == 404
