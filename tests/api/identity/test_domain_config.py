"""Options that a domain has of its own."""

from __future__ import annotations

import pytest

from cumulet.identity.operations import key_rings
from cumulet.identity.operations.resources import domain_config
from support.identity import V3, make, person, rows_of

CONFIG = {"identity": {"driver": "ldap"}, "ldap": {"url": "ldap://one.test", "user": "cn=reader", "password": "secret words"}}
SHOWN = {"identity": {"driver": "ldap"}, "ldap": {"url": "ldap://one.test", "user": "cn=reader"}}


@pytest.fixture
async def admin(cloud):
    """The administrator."""
    return await cloud.admin()


@pytest.fixture
async def domain(admin) -> str:
    """A domain's path."""
    return f"{V3}/domains/{(await make(admin, 'domains'))['id']}"


async def test_options_are_set_shown_changed_and_forgotten(admin, domain):
    assert (await admin.get(f"{domain}/config")).status_code == 404
    made = await admin.put(f"{domain}/config", json={"config": CONFIG})
    assert (made.status_code, made.json()) == (201, {"config": SHOWN})
    assert (await admin.get(f"{domain}/config")).json() == {"config": SHOWN}
    assert (await admin.get(f"{domain}/config/ldap")).json() == {"config": {"ldap": SHOWN["ldap"]}}
    assert (await admin.get(f"{domain}/config/ldap/url")).json() == {"config": {"url": "ldap://one.test"}}
    assert (await admin.head(f"{domain}/config/ldap/url")).status_code == 200
    changed = await admin.patch(f"{domain}/config/ldap/url", json={"config": {"url": "ldap://two.test"}})
    assert changed.json()["config"]["ldap"]["url"] == "ldap://two.test"
    changed = await admin.patch(f"{domain}/config/ldap", json={"config": {"ldap": {"suffix": "dc=test"}}})
    assert changed.json()["config"]["ldap"] == {"url": "ldap://two.test", "user": "cn=reader", "suffix": "dc=test"}
    await admin.patch(f"{domain}/config", json={"config": {"identity": {"list_limit": 7}}})
    assert (await admin.delete(f"{domain}/config/ldap/url")).status_code == 204
    assert (await admin.get(f"{domain}/config/ldap/url")).status_code == 404
    assert (await admin.delete(f"{domain}/config/ldap")).status_code == 204
    assert (await admin.get(f"{domain}/config")).json()["config"] == {"identity": {"driver": "ldap", "list_limit": 7}}
    assert (await admin.delete(f"{domain}/config")).status_code == 204
    assert (await admin.get(f"{domain}/config")).status_code == 404


async def test_putting_replaces_everything(admin, domain):
    await admin.put(f"{domain}/config", json={"config": CONFIG})
    again = await admin.put(f"{domain}/config", json={"config": {"identity": {"driver": "sql"}}})
    assert (again.status_code, again.json()) == (200, {"config": {"identity": {"driver": "sql"}}})
    assert (await admin.get(f"{domain}/config")).json() == again.json()


async def test_a_password_is_kept_sealed_shown_to_nobody_and_known_to_the_driver(cloud, admin, domain):
    config = {"ldap": {"url": "ldap://reader:%(password)s@one.test", "password": "secret words"}}
    answers = [await admin.put(f"{domain}/config", json={"config": config}), await admin.get(f"{domain}/config")]
    assert all("secret words" not in answer.text for answer in answers)
    assert (await admin.get(f"{domain}/config/ldap/password")).status_code == 404
    vault = cloud.cloud.parts.vault
    domain_id = domain.rpartition("/")[2]
    async with cloud.db.read() as tx:
        found = await domain_config.full(tx, vault, domain_id)
    assert found == {"ldap": {"url": "ldap://reader:secret words@one.test", "password": "secret words"}}
    rows = rows_of(cloud)
    assert len(rows["domain_options"]) == 2
    assert "secret words" not in repr(rows)


async def test_a_password_takes_part_in_the_rotation_of_keys(cloud, admin, domain, clock):
    await admin.put(f"{domain}/config", json={"config": CONFIG})
    vault = cloud.cloud.parts.vault
    for _ in range(3):
        await clock.advance(key_rings.SETTLED_SECONDS)
        assert (await key_rings.rotate_credentials(cloud.db, vault)).credentials == 1
    async with cloud.db.read() as tx:
        assert (await domain_config.full(tx, vault, domain.rpartition("/")[2]))["ldap"]["password"] == "secret words"


@pytest.mark.parametrize(
    "config",
    [{}, {"ldap": {}}, {"ldap": "x"}, {"ldap": {"nothing": 1}}, {"database": {"connection": "x"}}, {"identity": {"password": "x"}}],
)
async def test_what_is_no_option_of_domains_is_refused_and_changes_nothing(admin, domain, config):
    await admin.put(f"{domain}/config", json={"config": CONFIG})
    for method in ("PUT", "PATCH"):
        assert (await admin.request(method, f"{domain}/config", json={"config": config})).status_code == 403
    assert (await admin.get(f"{domain}/config")).json() == {"config": SHOWN}


@pytest.mark.parametrize(
    ("place", "config", "status"),
    [
        ("ldap", {"identity": {"driver": "sql"}}, 403),
        ("ldap", {"ldap": {"url": "x"}, "identity": {"driver": "sql"}}, 403),
        ("ldap/url", {"user": "x"}, 403),
        ("ldap/url", {"url": "x", "user": "y"}, 403),
        ("ldap/suffix", {"suffix": "x"}, 404),
        ("ldap/nothing", {"nothing": "x"}, 403),
        ("nothing", {"nothing": {"x": "y"}}, 403),
    ],
)
async def test_an_update_reaches_only_where_it_says(admin, domain, place, config, status):
    await admin.put(f"{domain}/config", json={"config": CONFIG})
    assert (await admin.patch(f"{domain}/config/{place}", json={"config": config})).status_code == status
    assert (await admin.get(f"{domain}/config")).json() == {"config": SHOWN}


async def test_options_go_with_their_domain(cloud, admin, domain):
    await admin.put(f"{domain}/config", json={"config": CONFIG})
    await admin.patch(domain, json={"domain": {"enabled": False}})
    assert (await admin.delete(domain)).status_code == 204
    assert (await admin.get(f"{domain}/config")).status_code == 404
    async with cloud.db.read() as tx:
        assert await domain_config.full(tx, cloud.cloud.parts.vault, domain.rpartition("/")[2]) == {}


async def test_defaults_can_be_read_but_for_secret_ones(admin):
    whole = (await admin.get(f"{V3}/domains/config/default")).json()["config"]
    assert set(whole) == {"identity", "ldap"}
    assert "password" not in whole["ldap"]
    assert (await admin.get(f"{V3}/domains/config/ldap/default")).json()["config"] == {"ldap": whole["ldap"]}
    one = await admin.get(f"{V3}/domains/config/ldap/user_objectclass/default")
    assert one.json()["config"] == {"user_objectclass": "inetOrgPerson"}
    for path in ("ldap/password", "ldap/nothing", "nothing"):
        assert (await admin.get(f"{V3}/domains/config/{path}/default")).status_code == 403


async def test_everybody_may_read_what_passwords_must_be_of_the_default_domain(cloud, domain):
    own = await (await person(cloud)).client()
    told = (await own.get(f"{V3}/domains/default/config/security_compliance")).json()["config"]
    assert set(told["security_compliance"]) == {"password_regex", "password_regex_description"}
    one = await own.get(f"{V3}/domains/default/config/security_compliance/password_regex")
    assert one.json()["config"] == {"password_regex": None}
    assert (await own.get(f"{V3}/domains/default/config/security_compliance/lockout_failures")).status_code == 403
    assert (await own.get(f"{domain}/config/security_compliance")).status_code == 403
