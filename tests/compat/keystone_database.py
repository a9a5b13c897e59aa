"""Makes a Keystone database by upstream's own code; runs in a virtual environment with Keystone, not in ours.

    .venv-keystone/bin/python tests/compat/keystone_database.py FOLDER [URL]

The database is at URL, or in FOLDER, which gets keystone.conf, keystone.db, the keys for credentials, and told.json: what a test
has to know.
"""

from __future__ import annotations

import base64
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

CONF = """[database]
connection = {url}
[fernet_tokens]
key_repository = {folder}/token-keys
[fernet_receipts]
key_repository = {folder}/token-keys
[credential]
key_repository = {folder}/credential-keys
[security_compliance]
lockout_failure_attempts = 3
unique_last_password_count = 3
password_expires_days = 90
"""
PASSWORD = "a password of théirs"
DEFAULT = "default"


def prepare(folder: Path, url: str) -> None:
    """The schema, the keys, and what `keystone-manage bootstrap` makes."""
    for name in ("credential-keys", "token-keys"):
        (folder / name).mkdir(mode=0o700)
        for number in "01":
            (folder / name / number).write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
    (folder / "keystone.conf").write_text(CONF.format(folder=folder, url=url))
    manage = [str(Path(sys.executable).parent / "keystone-manage"), "--config-file", str(folder / "keystone.conf")]
    urls = [f"--bootstrap-{kind}-url=http://keystone.example/v3" for kind in ("public", "internal", "admin")]
    for command in (["db_sync"], ["bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", "RegionOne", *urls]):
        subprocess.run([*manage, *command], check=True, capture_output=True)


def load(folder: Path):
    """Keystone's own interfaces, by name."""
    import keystone.conf
    from keystone.common import sql
    from keystone.server import backends

    keystone.conf.configure()
    keystone.conf.CONF(["--config-file", str(folder / "keystone.conf")], project="keystone")
    sql.initialize()
    return backends.load_backends()


def fill(api) -> dict[str, object]:
    """Everything that can be imported, at least once; returns what a test has to know."""
    identity, resource, assignment = api["identity_api"], api["resource_api"], api["assignment_api"]
    roles = {role["name"]: role["id"] for role in api["role_api"].list_roles()}
    resource.create_domain("d" * 32, {"id": "d" * 32, "name": "Acme", "enabled": True, "description": "a domain"})
    projects = make_projects(resource)
    users = make_users(api)
    group = identity.create_group({"name": "crew", "domain_id": "d" * 32, "description": "all of them"})
    identity.add_user_to_group(users["bcrypt"], group["id"])
    grants = [
        ({"user_id": users["bcrypt"], "project_id": projects["top"]}, "member", False),
        ({"user_id": users["scrypt"], "domain_id": "d" * 32}, "admin", True),
        ({"group_id": group["id"], "project_id": projects["leaf"]}, "reader", False),
        ({"group_id": group["id"], "project_id": projects["top"]}, "manager", True),
        ({"user_id": users["pbkdf2_sha512"], "domain_id": "d" * 32}, "reader", False),
    ]
    for place, role, inherited in grants:
        assignment.create_grant(roles[role], inherited_to_projects=inherited, **place)
    assignment.create_system_grant_for_user(users["pbkdf2_sha512"], roles["admin"])
    assignment.create_system_grant_for_group(group["id"], roles["reader"])
    own = {"id": "e" * 32, "name": "helper", "domain_id": "d" * 32, "description": "implies reader"}
    api["role_api"].create_role(own["id"], own)
    api["role_api"].create_implied_role(own["id"], roles["reader"])
    told = {"password": PASSWORD, "users": users, "projects": projects, "roles": roles, "group": group["id"], "domain": "d" * 32}
    federate(api, told)
    return told | delegate(api, told) | make_catalog(api, told)


def make_projects(resource) -> dict[str, str]:
    """A tree with tags and options."""
    made = {}
    for name, parent in (("top", "d" * 32), ("leaf", "top")):
        wanted = {
            "id": name.ljust(32, "0"),
            "name": name,
            "domain_id": "d" * 32,
            "parent_id": made.get(parent, parent),
            "enabled": True,
            "is_domain": False,
            "tags": ["blue", "green"] if name == "leaf" else [],
            "options": {"immutable": True} if name == "leaf" else {},
            "favourite": "colour",
        }
        made[name] = resource.create_project(wanted["id"], wanted)["id"]
    return made


def make_users(api) -> dict[str, str]:
    """A user for each kind of hash; one of them has had other passwords, one is locked out, one needs two factors."""
    import keystone.conf
    from keystone import exception

    identity, made = api["identity_api"], {}
    for kind in ("bcrypt", "bcrypt_sha256", "scrypt", "pbkdf2_sha512"):
        keystone.conf.CONF.set_override("password_hash_algorithm", kind, "identity")
        keystone.conf.CONF.set_override("password_hash_rounds", 10 if "bcrypt" in kind else None, "identity")
        wanted = {"name": kind, "domain_id": "d" * 32, "password": PASSWORD, "enabled": True, "email": f"{kind}@acme.example"}
        made[kind] = identity.create_user(wanted)["id"]
    identity.update_user(made["scrypt"], {"options": {"multi_factor_auth_rules": [["password", "totp"]], "lock_password": True}})
    for earlier, new in ((PASSWORD, "second one"), ("second one", PASSWORD + "!"), (PASSWORD + "!", "fourth one")):
        identity.change_password(made["bcrypt_sha256"], earlier, new)
    locked = identity.create_user({"name": "locked", "domain_id": "d" * 32, "password": PASSWORD, "enabled": True})
    for _ in range(3):
        try:
            identity.authenticate(locked["id"], "wrong")
        except (AssertionError, exception.Unauthorized):
            continue
    return {**made, "locked": locked["id"]}


def delegate(api, told) -> dict[str, object]:
    """Credentials, an application credential with access rules, trusts that were passed on."""
    user, project = told["users"]["bcrypt"], told["projects"]["top"]
    credential = {"id": "c" * 64, "user_id": user, "project_id": project, "type": "totp", "blob": "JBSWY3DPEHPK3PXP"}
    api["credential_api"].create_credential(credential["id"], credential)
    member = {"id": told["roles"]["member"]}
    wanted = {
        "id": "a" * 32,
        "name": "robot",
        "user_id": user,
        "project_id": project,
        "secret": "the secret of a robot",
        "roles": [member],
        "unrestricted": False,
        "expires_at": datetime.datetime(2099, 1, 2, 3, 4, 5),
        "access_rules": [{"id": "f" * 32, "service": "compute", "method": "GET", "path": "/v2.1/servers"}],
    }
    api["application_credential_api"].create_application_credential(wanted)
    trust = {
        "trustor_user_id": user,
        "trustee_user_id": told["users"]["pbkdf2_sha512"],
        "project_id": project,
        "impersonation": True,
        "expires_at": datetime.datetime(2099, 1, 2, 3, 4, 5),
        "remaining_uses": None,
        "allow_redelegation": True,
        "roles": [member],
        "redelegation_count": 2,
    }
    made = api["trust_api"].create_trust("b" * 32, dict(trust), [member])
    passed = {**trust, "trustor_user_id": told["users"]["pbkdf2_sha512"], "trustee_user_id": told["users"]["scrypt"]}
    api["trust_api"].create_trust("9" * 32, {**passed, "redelegation_count": 1}, [member], redelegated_trust=made)
    return {"secret": wanted["secret"]}


def federate(api, told) -> None:
    """An identity provider, somebody who logged in by it and is in a group for a time, and somebody of a directory."""
    federation, home = api["federation_api"], told["domain"]
    provider = {"enabled": True, "domain_id": home, "description": "theirs", "remote_ids": ["https://idp.example"]}
    federation.create_idp("idp", {**provider, "authorization_ttl": 60})
    rules = [{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "REMOTE_USER"}]}]
    federation.create_mapping("plain", {"rules": rules, "schema_version": "1.0"})
    federation.create_protocol("idp", "openid", {"mapping_id": "plain"})
    other = {"enabled": True, "description": "", "auth_url": "http://a.example", "sp_url": "http://b.example"}
    federation.create_sp("other", {**other, "relay_state_prefix": "ss:mem:"})
    someone = {"id": "sam%40idp", "name": "sam", "email": "sam@idp.example", "domain": {"id": home}}
    api["identity_api"].shadow_federated_user("idp", "openid", someone, group_ids=[told["group"]])
    api["domain_config_api"].create_config(
        home, {"ldap": {"url": "ldap://x.example", "password": "sesame", "user_tree_dn": "ou=p"}}
    )
    entry = {"domain_id": home, "local_id": "uid-of-a-directory", "entity_type": "user"}
    api["id_mapping_api"].create_id_mapping(entry)


def make_catalog(api, told) -> dict[str, object]:
    """A service that only the old cloud has, one that both have, a limit that names the latter, a group of endpoints."""
    catalog, limits = api["catalog_api"], api["unified_limit_api"]
    catalog.create_region({"id": "East", "description": "far away", "parent_region_id": "RegionOne"})
    for service_id, kind in (("1" * 32, "object-store"), ("2" * 32, "compute")):
        catalog.create_service(service_id, {"id": service_id, "type": kind, "name": f"old {kind}", "enabled": True})
        endpoint = {"id": service_id[::-1].replace("1", "3").replace("2", "4"), "service_id": service_id, "interface": "public"}
        endpoint |= {"url": f"http://{kind}.example/$(project_id)s", "region_id": "East", "enabled": True}
        catalog.create_endpoint(endpoint["id"], endpoint)
    group = {"id": "5" * 32, "name": "far", "description": "", "filters": {"region_id": "East"}}
    catalog.create_endpoint_group(group["id"], group)
    catalog.add_endpoint_group_to_project(group["id"], told["projects"]["top"])
    registered = {"id": "6" * 32, "service_id": "2" * 32, "region_id": None, "resource_name": "servers", "default_limit": 10}
    limits.create_registered_limits([{**registered, "description": None}])
    limit = {"id": "7" * 32, "service_id": "2" * 32, "region_id": None, "resource_name": "servers", "resource_limit": 3}
    limits.create_limits([{**limit, "project_id": told["projects"]["top"], "domain_id": None, "description": "few"}])
    return {}


def main() -> None:
    """Make it all."""
    folder = Path(sys.argv[1])
    prepare(folder, sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/keystone.db")
    api = load(folder)
    import flask
    from keystone.common import context

    environment = {context.REQUEST_CONTEXT_ENV: context.RequestContext()}
    with flask.Flask("keystone").test_request_context(
        environ_overrides=environment
    ):  # changes are audited with the request's address
        (folder / "told.json").write_text(json.dumps(fill(api)))


if __name__ == "__main__":
    main()
