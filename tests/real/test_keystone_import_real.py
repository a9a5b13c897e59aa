"""A real Keystone's database, made by upstream's own code, imported; then its people log in."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from cumulet.app.config import Config
from cumulet.app.operator import keystone
from cumulet.identity.operations.directory.shadows import public_id
from cumulet.identity.operations.keystone.importing import Outcome
from cumulet.identity.operations.resources import domain_config
from support.cloud import stored_cloud
from support.identity import V3, listed, log_in, make, names, password_body, token_client
from support.keystone import make_database
from support.mariadb import mariadb

pytestmark = pytest.mark.real

CREW = {"bcrypt", "bcrypt_sha256", "scrypt", "pbkdf2_sha512", "locked", "sam"}


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A folder with a Keystone's database and its keys; `old.told` is what is in it."""

    class Old:
        folder = tmp_path_factory.mktemp("keystone")
        told = make_database(folder)
        address = f"sqlite:///{folder}/keystone.db"

    return Old()


async def import_it(state: Path, old, address: str = "", dry: bool = False) -> Outcome:
    config = Config(state=state, fake=True)
    wanted = keystone.wanted(config, frozenset(), old.folder / "credential-keys")
    return await keystone.run(config, address or old.address, wanted, dry)


@pytest.fixture
async def cloud(tmp_path, clock, old):
    """A cloud into which the old one was imported."""
    outcome = await import_it(tmp_path, old)
    assert outcome.conflicts == []
    async with stored_cloud(tmp_path, clock) as made:
        yield made


async def client_of(cloud, old, name: str, scope):
    return await token_client(cloud, password_body(old.told["users"][name], old.told["password"], scope))


@pytest.mark.parametrize("kind", ["bcrypt", "pbkdf2_sha512"])
async def test_people_log_in_with_the_password_that_they_had(cloud, old, kind):
    answer = await log_in(cloud, password_body(old.told["users"][kind], old.told["password"]))
    assert answer.status_code == 201, answer.text
    wrong = await log_in(cloud, password_body(old.told["users"][kind], "another"))
    assert wrong.status_code == 401


async def test_a_password_that_was_changed_three_times_is_the_last_one(cloud, old):
    user = old.told["users"]["bcrypt_sha256"]
    assert (await log_in(cloud, password_body(user, "fourth one"))).status_code == 201
    assert (await log_in(cloud, password_body(user, old.told["password"]))).status_code == 401
    async with cloud.db.read() as tx:
        from cumulet.identity.store import logins

        assert len(await logins.passwords(tx, user)) == 4


async def test_a_user_with_rules_for_several_factors_still_needs_them(cloud, old):
    answer = await log_in(cloud, password_body(old.told["users"]["scrypt"], old.told["password"]))
    assert answer.status_code == 401
    assert "totp" in answer.text


async def test_whoever_is_locked_out_stays_so(tmp_path, clock, old, monkeypatch):
    await import_it(tmp_path, old)
    async with stored_cloud(tmp_path, clock) as cloud:
        async with cloud.db.read() as tx:
            from cumulet.identity.store import logins

            failures, at = await logins.failures(tx, old.told["users"]["locked"])
    assert failures == 3
    assert at > 1.7e9


async def test_a_log_in_makes_a_hash_of_our_own_kind(cloud, old):
    user = old.told["users"]["bcrypt"]
    for _ in range(2):
        assert (await log_in(cloud, password_body(user, old.told["password"]))).status_code == 201
    async with cloud.db.read() as tx:
        from cumulet.identity.store import users

        assert ((await users.find(tx, user)).password_hash or "").startswith("$argon2id$")


async def test_roles_hold_where_they_held_also_by_group_and_inheritance(cloud, old):
    projects = old.told["projects"]
    leaf = await client_of(cloud, old, "bcrypt", {"project": {"id": projects["leaf"]}})
    seen = (await leaf.get(f"{V3}/auth/tokens", headers={"X-Subject-Token": leaf.headers["X-Auth-Token"]})).json()["token"]
    assert {role["name"] for role in seen["roles"]} == {"reader", "manager", "member"}
    assert {role["id"] for role in seen["roles"]} <= set(old.told["roles"].values())
    system = await client_of(cloud, old, "pbkdf2_sha512", {"system": {"all": True}})
    assert await names(system, "users", domain_id=old.told["domain"]) == CREW
    tree = (await system.get(f"{V3}/projects/{projects['leaf']}")).json()["project"]
    assert (tree["parent_id"], sorted(tree["tags"]), tree["options"]) == (projects["top"], ["blue", "green"], {"immutable": True})
    assert tree["favourite"] == "colour"
    own = await listed(system, "roles", domain_id=old.told["domain"])
    assert [role["name"] for role in own] == ["helper"]
    implied = (await system.get(f"{V3}/roles/{own[0]['id']}/implies")).json()["role_inference"]["implies"]
    assert [role["name"] for role in implied] == ["reader"]


async def test_an_application_credential_keeps_its_secret_its_roles_and_its_rules(cloud, old):
    shown = {"id": "a" * 32, "secret": old.told["secret"]}
    body = {"auth": {"identity": {"methods": ["application_credential"], "application_credential": shown}}}
    answer = await log_in(cloud, body)
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    assert [role["name"] for role in token["roles"]] == ["member"]
    assert [rule["path"] for rule in token["application_credential"]["access_rules"]] == ["/v2.1/servers"]
    assert token["expires_at"] <= "2099-01-02T03:04:05.000000Z"


async def test_a_trust_and_one_that_it_was_passed_on_to_can_be_used(cloud, old):
    trustee = await client_of(cloud, old, "pbkdf2_sha512", {"OS-TRUST:trust": {"id": "b" * 32}})
    seen = (await trustee.get(f"{V3}/auth/tokens", headers={"X-Subject-Token": trustee.headers["X-Auth-Token"]})).json()["token"]
    assert seen["user"]["id"] == old.told["users"]["bcrypt"]
    admin = await client_of(cloud, old, "pbkdf2_sha512", {"system": {"all": True}})
    assert {trust["id"] for trust in await listed(admin, "OS-TRUST/trusts")} == {"b" * 32, "9" * 32}


async def test_a_credential_is_opened_with_keystones_keys_and_sealed_with_ours(cloud, old):
    owner = await client_of(cloud, old, "bcrypt", {"project": {"id": old.told["projects"]["top"]}})
    [found] = await listed(owner, "credentials")
    assert (found["id"], found["type"], found["blob"]) == ("c" * 64, "totp", "JBSWY3DPEHPK3PXP")
    stored = cloud.db._reader.execute("SELECT blob FROM credentials").fetchone()[0]
    assert "JBSWY3DPEHPK3PXP" not in stored


async def test_the_catalog_has_what_only_the_old_cloud_had_and_our_own_urls_else(cloud, old):
    owner = await client_of(cloud, old, "bcrypt", {"project": {"id": old.told["projects"]["top"]}})
    admin = await client_of(cloud, old, "pbkdf2_sha512", {"system": {"all": True}})
    services = {service["type"]: service for service in await listed(admin, "services")}
    assert services["compute"]["id"] == "2" * 32
    assert len(services) == len(await listed(admin, "services"))
    urls = {endpoint["url"] for endpoint in await listed(admin, "endpoints", service_id="2" * 32)}
    assert urls == {f"{cloud.cloud.config.url}/compute/v2.1"}
    assert (await listed(admin, "limits"))[0]["service_id"] == "2" * 32
    catalog = (await owner.get(f"{V3}/auth/catalog")).json()["catalog"]
    assert [entry["type"] for entry in catalog] == ["object-store"]  # the project has a group of endpoints of its own


async def test_who_logged_in_by_an_identity_provider_or_a_directory_is_known_by_the_same_id(cloud, old):
    admin = await client_of(cloud, old, "pbkdf2_sha512", {"system": {"all": True}})
    [sam] = await listed(admin, "users", domain_id=old.told["domain"], name="sam")
    shown = (await admin.get(f"{V3}/users/{sam['id']}")).json()["user"]
    assert shown["federated"] == [{"idp_id": "idp", "protocols": [{"protocol_id": "openid", "unique_id": "sam%40idp"}]}]
    assert [one["id"] for one in await listed(admin, "OS-FEDERATION/identity_providers")] == ["idp"]
    assert [one["id"] for one in await listed(admin, "OS-FEDERATION/service_providers")] == ["other"]
    known = cloud.db._reader.execute("SELECT public_id, local_id FROM directory_entries").fetchall()
    assert known == [(public_id(old.told["domain"], "user", "uid-of-a-directory"), "uid-of-a-directory")]


async def test_a_domains_own_configuration_comes_along_with_its_secret(cloud, old):
    admin = await client_of(cloud, old, "pbkdf2_sha512", {"system": {"all": True}})
    shown = (await admin.get(f"{V3}/domains/{old.told['domain']}/config")).json()["config"]
    assert shown == {"ldap": {"url": "ldap://x.example", "user_tree_dn": "ou=p"}}
    async with cloud.db.read() as tx:
        found = await domain_config.full(tx, cloud.cloud.parts.vault, old.told["domain"])
    assert found["ldap"]["password"] == "sesame"


async def test_the_same_comes_from_mariadb(tmp_path, old):
    with mariadb(tmp_path / "mariadb") as address:
        (tmp_path / "keystone").mkdir()
        make_database(tmp_path / "keystone", address)
        config = Config(state=tmp_path / "state", fake=True)
        wanted = keystone.wanted(config, frozenset(), tmp_path / "keystone" / "credential-keys")
        from_mariadb = await keystone.run(config, address, wanted, dry=False)
    from_sqlite = await import_it(tmp_path / "other", old, dry=True)
    assert from_mariadb.conflicts == []
    assert from_mariadb.counts == from_sqlite.counts


async def test_a_dry_run_changes_nothing_and_a_second_run_finds_everything_there(tmp_path, old):
    state = tmp_path / "state"

    def rows() -> int:
        with sqlite3.connect(state / "cumulet.db") as connection:
            return connection.execute("SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM projects)").fetchone()[0]

    planned = await import_it(state, old, dry=True)
    before = rows()
    done = await import_it(state, old)
    after = rows()
    again = await import_it(state, old)
    assert after > before
    assert rows() == after
    assert planned.counts == done.counts
    assert sum(counts.new for counts in again.counts.values()) == 0
    assert {noun: counts.there for noun, counts in again.counts.items()} == {
        noun: counts.new + counts.there for noun, counts in done.counts.items()
    }


async def test_with_a_conflict_nothing_is_imported(tmp_path, clock, old):
    async with stored_cloud(tmp_path, clock) as cloud:
        demo = await cloud.client("demo", "member")
        await make(demo, f"users/{demo.user_id}/application_credentials")
    outcome = await import_it(tmp_path, old)
    assert any("role member" in conflict and "application_credentials" in conflict for conflict in outcome.conflicts)
    async with stored_cloud(tmp_path, clock) as cloud:
        assert "Acme" not in await names(await cloud.admin(), "domains")


async def test_the_same_comes_from_postgresql(tmp_path, old, postgres_dsn):
    address = await copied_to_postgres(old.address, postgres_dsn)
    from_sqlite = await import_it(tmp_path / "one", old, dry=True)
    from_postgres = await import_it(tmp_path / "two", old, address, dry=True)
    assert from_postgres.counts == from_sqlite.counts


async def copied_to_postgres(address: str, dsn: str) -> str:
    """Keystone's tables and rows in a PostgreSQL database of their own; its URL."""
    known, url = sa.MetaData(), sa.make_url(dsn).set(drivername="postgresql+asyncpg")
    sa.event.listen(known, "column_reflect", lambda _, __, column: column.update(type=column["type"].as_generic()))
    server = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with server.connect() as connection:
        await connection.execute(sa.text("CREATE DATABASE keystone"))
    await server.dispose()
    there = create_async_engine(url.set(database="keystone"))
    here = sa.create_engine(address)
    with here.connect() as source:
        known.reflect(source)
        async with there.begin() as target:
            await target.run_sync(known.create_all)
            await target.execute(sa.text("SET session_replication_role = replica"))  # rows of a table name each other
            for table in known.sorted_tables:
                rows = [dict(row._mapping) for row in source.execute(sa.select(table))]
                if rows:
                    await target.execute(sa.insert(table), rows)
    here.dispose()
    await there.dispose()
    return url.set(database="keystone", drivername="postgresql+psycopg2").render_as_string(hide_password=False)
