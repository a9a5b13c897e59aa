"""Users with the passwords they have and had, groups and their members."""

from __future__ import annotations

from collections.abc import Iterator

from ....kernel.db import values
from ...foreign_hashes import is_known
from ...model import Group, User
from ...store.directory.entries import Mapped
from ...store.keystone.source import Row, Source
from .rows import MICROSECONDS, NotUnderstood, end, extra, grouped, instant, options

_OPTIONS = {
    "1000": "ignore_change_password_upon_first_use",
    "1001": "ignore_password_expiry",
    "1002": "ignore_lockout_failure_attempts",
    "1003": "lock_password",
    "1004": "ignore_user_inactivity",
    "MFAR": "multi_factor_auth_rules",
    "MFAE": "multi_factor_auth_enabled",
}


def users(source: Source, elsewhere: dict[str, str]) -> list[Row]:
    """Every user that is known by name: local ones, those of a directory, and by `elsewhere` those of identity providers."""
    given = options(source, "user_option", "user_id", _OPTIONS)
    local = {row["user_id"]: row["name"] for table in ("nonlocal_user", "local_user") for row in source[table]}
    named, newest = elsewhere | local, _passwords(source)
    federated = {row["user_id"] for row in source["federated_user"]}
    found = []
    for row in source["user"]:
        if row["id"] in named:
            found.append(values(_user(row, named[row["id"]], next(iter(newest.get(row["id"], ())), None), given[row["id"]])))
        elif row["id"] not in federated:
            raise NotUnderstood(f"user {row['id']} has no name: it is in none of local_user, nonlocal_user and federated_user.")
    return found


def _user(row: Row, name: str, password: Row | None, given: dict[str, object]) -> User:
    more = extra(row, "user")
    return User(
        id=row["id"],
        name=name,
        domain_id=row["domain_id"],
        enabled=bool(row["enabled"]),
        default_project_id=row["default_project_id"],
        description=str(more.pop("description", "")),
        password_hash=None if password is None else password["password_hash"],
        password_expires_at=None if password is None else end(password["expires_at_int"], password["expires_at"]),
        valid_from=0.0,
        options=given,
        extra=more,
    )


def _passwords(source: Source) -> dict[str, list[Row]]:
    """Every password by user's id, the newest first."""
    by_local_id = grouped(source["password"], "local_user_id", lambda row: row)
    return {
        row["user_id"]: sorted(by_local_id[row["id"]], key=lambda password: -password["created_at_int"])
        for row in source["local_user"]
    }


def passwords(source: Source) -> list[Row]:
    """The passwords that users have and had. Raises NotUnderstood for a hash that nobody here could verify."""
    found: dict[tuple[str, str], Row] = {}
    for user_id, kept in _passwords(source).items():
        for row in kept:
            stored = row["password_hash"]
            if stored is None:
                continue
            if not is_known(stored):
                kind = stored[: stored.find("$", 1) + 1]
                raise NotUnderstood(f"user {user_id} has a password hash of a kind that is not understood: {kind}.")
            set_at = row["created_at_int"] / MICROSECONDS
            made = {"user_id": user_id, "password_hash": stored, "set_at": set_at, "by_its_user": bool(row["self_service"])}
            found.setdefault((user_id, stored), made)
    return list(found.values())


def failures(source: Source) -> list[Row]:
    """Failed log-ins since the last good one, which may have locked somebody out."""
    return [
        {"user_id": row["user_id"], "failures": row["failed_auth_count"], "last_at": instant(None, row["failed_auth_at"]) or 0.0}
        for row in source["local_user"]
        if row["failed_auth_count"]
    ]


def groups(source: Source) -> list[Row]:
    """Every group."""
    return [
        values(Group(row["id"], row["name"], row["domain_id"], row["description"] or "", extra(row, "group")))
        for row in source["group"]
    ]


def members(source: Source) -> Iterator[Row]:
    """Who is in which group."""
    for row in source["user_group_membership"]:
        yield {"group_id": row["group_id"], "user_id": row["user_id"]}


def directory_entries(source: Source) -> list[Row]:
    """Under which ids people and groups of directories are known."""
    return [
        values(Mapped(row["public_id"], row["domain_id"], str(row["entity_type"]), row["local_id"], 0.0))
        for row in source["id_mapping"]
    ]
