"""What people delegate and keep: credentials, access rules, application credentials, trusts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ....kernel.db import values
from ...foreign_hashes import is_known
from ...keys import KeyRing
from ...model import AccessRule, ApplicationCredential, Credential, Trust
from ...store.keystone.source import Row, Source
from ..delegation.credentials import sealed
from .rows import NotUnderstood, extra, grouped, instant


def fernet_keys(folder: Path) -> MultiFernet:
    """Keystone's key repository for credentials, the primary key first. Raises NotUnderstood naming a file that is no key."""
    found = sorted((int(path.name), path) for path in folder.glob("*") if path.name.isdigit()) if folder.is_dir() else []
    if not found:
        raise NotUnderstood(f"--credential-keys: there are no keys in {folder}.")
    return MultiFernet([_key(path) for _, path in reversed(found)])


def _key(path: Path) -> Fernet:
    try:
        return Fernet(path.read_bytes().strip())
    except (ValueError, OSError) as problem:
        raise NotUnderstood(f"{path} is not a key: {problem}") from None


def credentials(source: Source, keys: MultiFernet | None, vault: KeyRing) -> list[Row]:
    """Every credential, opened with Keystone's keys and sealed with ours."""
    if source["credential"] and keys is None:
        raise NotUnderstood(
            f"credential: its {len(source['credential'])} rows are encrypted. "
            "Name the folder with Keystone's keys with --credential-keys."
        )
    return [values(_credential(row, keys, vault)) for row in source["credential"] if keys is not None]


def _credential(row: Row, keys: MultiFernet, vault: KeyRing) -> Credential:
    stored = row["encrypted_blob"]
    try:
        blob = keys.decrypt(stored if isinstance(stored, bytes) else stored.encode()).decode()
    except InvalidToken:
        raise NotUnderstood(f"credential {row['id']} was encrypted with a key that is not in --credential-keys.") from None
    secret = sealed(vault, row["id"], blob)
    return Credential(row["id"], row["user_id"], row["project_id"], row["type"], secret, extra(row, "credential"))


def access_rules(source: Source) -> list[Row]:
    """Every access rule, under the id that clients know."""
    return [
        values(AccessRule(row["external_id"], row["user_id"], row["service"], row["method"], row["path"]))
        for row in source["access_rule"]
    ]


def application_credentials(source: Source) -> list[Row]:
    """Every application credential, with its roles and access rules."""
    rule_ids = {row["id"]: row["external_id"] for row in source["access_rule"]}
    owner = "application_credential_id"
    rules = grouped(source["application_credential_access_rule"], owner, lambda row: rule_ids[row["access_rule_id"]])
    roles = grouped(source["application_credential_role"], owner, "role_id")
    return [
        values(_application_credential(row, sorted(roles[row["internal_id"]]), rules.get(row["internal_id"])))
        for row in source["application_credential"]
    ]


def _application_credential(row: Row, role_ids: list[str], rule_ids: list[str] | None) -> ApplicationCredential:
    if row["system"] is not None or row["project_id"] is None:
        raise NotUnderstood(f"application_credential {row['id']} is for no project.")
    if not is_known(row["secret_hash"]):
        raise NotUnderstood(f"application_credential {row['id']} has a secret hash that is not understood.")
    return ApplicationCredential(
        id=row["id"],
        user_id=row["user_id"],
        project_id=row["project_id"],
        name=row["name"],
        description=row["description"] or "",
        secret_hash=row["secret_hash"],
        expires_at=instant(row["expires_at"], None),
        unrestricted=bool(row["unrestricted"]),
        role_ids=role_ids,
        rule_ids=rule_ids,
    )


def trusts(source: Source) -> list[Row]:
    """Every trust that was not deleted, one that was passed on after the one that it came from."""
    roles = grouped(source["trust_role"], "trust_id", "role_id")
    alive = [row for row in source["trust"] if row["deleted_at"] is None]
    return [values(_trust(row, sorted(roles[row["id"]]))) for row in _in_order(alive)]


def _in_order(rows: Sequence[Row]) -> list[Row]:
    """Those that were passed on from a trust that is gone are left out."""
    ordered = [row for row in rows if row["redelegated_trust_id"] is None]
    for above in ordered:
        ordered += [row for row in rows if row["redelegated_trust_id"] == above["id"]]
    return ordered


def _trust(row: Row, role_ids: list[str]) -> Trust:
    return Trust(
        id=row["id"],
        trustor_user_id=row["trustor_user_id"],
        trustee_user_id=row["trustee_user_id"],
        project_id=row["project_id"],
        impersonation=bool(row["impersonation"]),
        remaining_uses=row["remaining_uses"],
        expires_at=instant(row["expires_at_int"], row["expires_at"]),
        redelegation_count=row["redelegation_count"] or 0,
        redelegated_trust_id=row["redelegated_trust_id"],
        role_ids=role_ids,
        extra=extra(row, "trust"),
    )
