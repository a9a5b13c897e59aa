"""What an import from Keystone refuses, what it takes over, and what it leaves alone."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from cumulet.identity.keys import KeyRing
from cumulet.identity.operations.keystone.importing import NotUnderstood, Wanted, bring_in, prepared
from cumulet.identity.store.keystone.source import NEEDED, NotReadable, read
from support.identity import V3, listed, make, role_id

HASH = "$2b$04$alR0rh1MrYMJ/uCj/zdBTeJXcAt7aD.aMITQyLGhl3P3Fdg82WX0G"
SERVED = frozenset({"compute"})


def source(**tables):
    """An empty Keystone with these rows; what a row leaves out is None."""
    found = {table: [] for table in NEEDED}
    for table, rows in tables.items():
        columns = NEEDED.get(table.rstrip("_"), "").split()
        found[table.rstrip("_")] = [{**dict.fromkeys(columns), **row} for row in rows]
    return found


def domain(domain_id: str = "d1", name: str = "Old") -> dict:
    return {"id": domain_id, "name": name, "domain_id": "<<keystone.domain.root>>", "is_domain": True, "enabled": True}


def person(user_id: str = "u1", name: str = "ann", stored: str | None = HASH, **fields) -> dict:
    """The tables of one local user."""
    password = {"local_user_id": 1, "password_hash": stored, "created_at_int": 1_700_000_000_000_000, "self_service": False}
    return {
        "user": [{"id": user_id, "domain_id": "d1", "enabled": True, **fields}],
        "local_user": [{"id": 1, "user_id": user_id, "domain_id": "d1", "name": name}],
        "password": [password],
    }


@pytest.fixture
def vault(tmp_path: Path) -> KeyRing:
    return KeyRing.load(tmp_path / "vault")


def understood(found, vault, **wanted):
    return prepared(found, vault, Wanted(SERVED, **wanted))


async def imported(cloud, found, vault, **wanted):
    async with cloud.db.tx() as tx:
        return await bring_in(tx, understood(found, vault, **wanted), SERVED)


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ({"consumer": [{"id": "m"}, {"id": "n"}]}, r"consumer \(2 rows\).*--leave"),
        ({"of_a_plugin": [{"id": "m"}]}, "of_a_plugin"),
        (person(stored="$6$rounds=10000$x$y"), r"user u1 .*\$6\$"),
        ({"user": [{"id": "u9", "domain_id": "d1"}]}, "user u9 has no name"),
        ({**person(), "user_option": [{"user_id": "u1", "option_id": "9999", "option_value": "true"}]}, "u1 has an option 9999"),
        (person(extra="{"), "user u1: extra is not JSON"),
        (person(extra="[]"), "user u1: extra is not an object"),
        ({"assignment": [{"type": "UserPlanet", "actor_id": "u1", "target_id": "x", "role_id": "r"}]}, "UserPlanet"),
        ({"credential": [{"id": "c", "user_id": "u1", "type": "cert", "encrypted_blob": "x"}]}, "--credential-keys"),
        ({"whitelisted_config": [{"domain_id": "d1", "group": "ldap", "option": "odd", "value": "1"}]}, "unknown option odd"),
        ({"limit": [{"id": "l", "registered_limit_id": "gone"}]}, "limit l belongs to no registered limit"),
        ({"region": [{"id": "a", "parent_region_id": "b"}, {"id": "b", "parent_region_id": "a"}]}, "region a lies within itself"),
        (
            {"application_credential": [{"id": "a", "internal_id": 1, "secret_hash": HASH, "project_id": None}]},
            "application_credential a is for no project",
        ),
    ],
)
def test_what_is_not_understood_is_refused_by_name(vault, tables, named):
    with pytest.raises(NotUnderstood, match=named):
        understood(source(**tables), vault)


def test_a_table_can_be_left_out_on_purpose(vault):
    found = source(consumer=[{"id": "m"}])
    assert understood(found, vault, left=frozenset({"consumer"}))["user"] == []
    with pytest.raises(NotUnderstood, match="no table consumers"):
        understood(found, vault, left=frozenset({"consumer", "consumers"}))


def test_a_credential_under_another_key_is_refused_by_its_id(vault, tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "0").write_bytes(Fernet.generate_key())
    blob = Fernet(Fernet.generate_key()).encrypt(b"secret").decode()
    found = source(credential=[{"id": "c1", "user_id": "u1", "type": "cert", "encrypted_blob": blob}])
    with pytest.raises(NotUnderstood, match="credential c1 was encrypted with a key that is not"):
        understood(found, vault, credential_keys=tmp_path / "keys")


@pytest.mark.parametrize("content", [None, b"not a key"])
def test_a_folder_without_keys_is_refused_by_its_name(vault, tmp_path, content):
    if content is not None:
        (tmp_path / "0").write_bytes(content)
    with pytest.raises(NotUnderstood, match=str(tmp_path)):
        understood(source(), vault, credential_keys=tmp_path)


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("sqlite:////nowhere/keystone.db", "no file /nowhere/keystone.db"),
        ("oracle://x", "oracle"),
        ("nonsense", "a URL is expected"),
        ("postgresql://u:hidden@127.0.0.1:1/keystone", r"u:\*\*\*@.*cannot be read"),
    ],
)
async def test_a_database_that_cannot_be_read_is_refused(address, named):
    with pytest.raises(NotReadable, match=named) as refused:
        await read(address)
    assert "hidden" not in str(refused.value)


async def test_a_database_that_is_not_keystones_is_refused(tmp_path):
    path = tmp_path / "other.db"
    sqlite3.connect(path).execute("CREATE TABLE servers (id TEXT)")
    with pytest.raises(NotReadable, match=r"has no table access_rule.*db_sync"):
        await read(f"sqlite:///{path}")


async def test_an_id_that_something_else_names_here_is_a_conflict_and_is_not_moved(cloud, vault):
    admin = await cloud.admin()
    project = await make(admin, "projects", name="busy")
    await (await cloud.client("busy")).post("/network/v2.0/networks", json={"network": {"name": "n"}})
    wanted = {"id": "p1", "name": "busy", "domain_id": "default", "parent_id": "default", "enabled": True, "is_domain": False}
    outcome = await imported(cloud, source(project=[wanted]), vault)
    assert len(outcome.conflicts) == 1
    assert (
        f"project busy is here already with the id {project['id']}, which network_projects, networks name" in outcome.conflicts[0]
    )


async def test_a_role_takes_keystones_id_and_whoever_held_it_still_does(cloud, vault):
    demo = await cloud.client("demo", "member")
    old = await role_id(await cloud.admin(), "member")
    outcome = await imported(cloud, source(role=[{"id": "r1", "name": "member", "domain_id": "<<null>>"}]), vault)
    assert outcome.taken_over == [("role", "member", old)]
    admin = await cloud.admin()
    assert await role_id(admin, "member") == "r1"
    held = (await admin.get(f"{V3}/projects/{demo.project_id}/users/{demo.user_id}/roles")).json()["roles"]
    assert [role["id"] for role in held] == ["r1"]
    prior = (await admin.get(f"{V3}/role_inferences")).json()["role_inferences"]
    assert ["r1"] in [[role["id"] for role in one["implies"]] for one in prior]


async def test_a_role_that_an_application_credential_has_is_a_conflict(cloud, vault):
    demo = await cloud.client("demo", "member")
    await make(demo, f"users/{demo.user_id}/application_credentials")
    outcome = await imported(cloud, source(role=[{"id": "r1", "name": "member", "domain_id": "<<null>>"}]), vault)
    assert "application_credentials" in outcome.conflicts[0]


async def test_what_names_somebody_who_is_gone_is_left_out(cloud, vault):
    trust = {"id": "t1", "trustor_user_id": "gone", "trustee_user_id": "u1", "impersonation": False, "redelegation_count": 0}
    found = source(project=[domain()], **person(), trust=[trust], user_group_membership=[{"user_id": "u1", "group_id": "gone"}])
    outcome = await imported(cloud, found, vault)
    assert (outcome.counts["trust"].dangling, outcome.counts["group member"].dangling) == (1, 1)
    assert (outcome.counts["trust"].new, outcome.counts["user"].new) == (0, 1)


async def test_deleted_trusts_and_old_tokens_are_not_imported(cloud, vault):
    trust = {"id": "t1", "trustor_user_id": "u1", "trustee_user_id": "u1", "deleted_at": datetime(2020, 1, 1)}
    outcome = await imported(cloud, source(project=[domain()], **person(), trust=[trust], revocation_event=[{"id": 1}]), vault)
    assert outcome.counts["trust"].new == 0


async def test_a_user_that_was_changed_here_since_is_left_as_it_is(cloud, vault):
    found = source(project=[domain()], **person())
    await imported(cloud, found, vault)
    admin = await cloud.admin()
    await admin.patch(f"{V3}/users/u1", json={"user": {"description": "changed", "enabled": False}})
    again = await imported(cloud, found, vault)
    assert again.counts["user"].there == 1
    user = (await admin.get(f"{V3}/users/u1")).json()["user"]
    assert (user["description"], user["enabled"]) == ("changed", False)


async def test_who_belongs_to_an_identity_provider_can_be_left_out(cloud, vault):
    found = source(project=[domain()], **person(), federated_user=[{"user_id": "f1"}])
    found["user"].append({**dict.fromkeys(NEEDED["user"].split()), "id": "f1", "domain_id": "d1"})
    outcome = await imported(cloud, found, vault, left=frozenset({"federated_user"}))
    assert outcome.counts["user"].new == 1


async def test_everything_imported_can_be_listed(cloud, vault):
    await imported(cloud, source(project=[domain()], **person()), vault)
    found = await listed(await cloud.admin(), "users", domain_id="d1")
    assert [user["name"] for user in found] == ["ann"]


async def test_users_of_identity_providers_come_along_with_who_they_are_there(cloud, vault):
    found = source(
        project=[domain()],
        **person(name="ann"),
        identity_provider=[{"id": "idp", "domain_id": "d1", "enabled": True}],
        idp_remote_ids=[{"idp_id": "idp", "remote_id": "https://idp.example"}],
        mapping=[{"id": "m", "rules": "[]", "schema_version": "1.0"}],
        federation_protocol=[{"id": "openid", "idp_id": "idp", "mapping_id": "m"}],
        group=[{"id": "g1", "domain_id": "d1", "name": "crew"}],
        federated_user=[
            {"user_id": "u1", "idp_id": "idp", "protocol_id": "openid", "unique_id": "ann%40x"},
            {"user_id": "f1", "idp_id": "idp", "protocol_id": "openid", "unique_id": "bob%40x", "display_name": "bob"},
            {"user_id": "f2", "idp_id": "idp", "protocol_id": "openid", "unique_id": "ann2", "display_name": "ann"},
        ],
        expiring_user_group_membership=[
            {"user_id": "f1", "idp_id": "idp", "group_id": "g1", "last_verified": datetime(2026, 1, 1)},
        ],
    )
    found["user"] += [{**found["user"][0], "id": user_id} for user_id in ("f1", "f2")]
    outcome = await imported(cloud, found, vault)
    assert (outcome.counts["federated user"].new, outcome.counts["federated membership"].new) == (3, 1)
    admin = await cloud.admin()
    users = {user["id"]: user for user in await listed(admin, "users", domain_id="d1")}
    assert {user_id: user["name"] for user_id, user in users.items()} == {"u1": "ann", "f1": "bob", "f2": "f2"}
    shown = (await admin.get(f"{V3}/users/f1")).json()["user"]
    assert shown["federated"] == [{"idp_id": "idp", "protocols": [{"protocol_id": "openid", "unique_id": "bob%40x"}]}]
    providers = (await admin.get(f"{V3}/OS-FEDERATION/identity_providers")).json()["identity_providers"]
    assert [(provider["id"], provider["remote_ids"]) for provider in providers] == [("idp", ["https://idp.example"])]
