"""Identity with ten thousand users, projects and assignments."""

from __future__ import annotations

import itertools
from functools import partial

import msgspec

from cumulet.app.cloud import Cloud
from cumulet.identity.model import DEFAULT_DOMAIN, Assignment, Project, User
from cumulet.identity.operations.tokens import hash_password
from cumulet.identity.store import assignments, projects, roles, users
from cumulet.kernel import ids

from .measuring import Wire, cpu_each, note

MANY = 10_000
ROLES_OF_ONE = 1_000
V3 = "/identity/v3"
PER_THOUSAND_MS = 20.0


async def identity(cloud: Cloud, wire: Wire) -> None:
    """Tokens, then lists whole and narrowed."""
    busy = await _fill(cloud)
    await _tokens(cloud, wire, busy)
    for path in ("users", "projects", "role_assignments"):
        took = await cpu_each(partial(wire, "GET", f"{V3}/{path}"), 3)
        note(f"list {MANY:,} {path}, per 1,000", took / 1000 / MANY * 1000, "ms", PER_THOUSAND_MS)
    narrowed = {
        "users by a part of the name": "users?name__contains=r7",
        "enabled projects of a domain": f"projects?domain_id={DEFAULT_DOMAIN}&enabled=true",
        "assignments, effective": "role_assignments?effective",
        "assignments with names": "role_assignments?include_names",
    }
    for what, path in narrowed.items():
        await _narrowed(wire, what, path)
    one = {"assignments of a user": f"user.id={busy.id}", "effective assignments of a user": f"user.id={busy.id}&effective"}
    for what, query in one.items():
        await _narrowed(wire, what, f"role_assignments?{query}")
    took = await cpu_each(lambda: wire("GET", f"{V3}/role_assignments?scope.project.id=p00000&effective"), 20)
    note("effective assignments on one project of many", took / 1000, "ms", PER_THOUSAND_MS)


async def _narrowed(wire: Wire, what: str, path: str) -> None:
    collection = path.partition("?")[0]
    found = len(msgspec.json.decode((await wire("GET", f"{V3}/{path}"))[1])[collection])
    took = await cpu_each(lambda: wire("GET", f"{V3}/{path}"), 3)
    note(f"{what} ({found:,}), per 1,000", took / 1000 / max(found, 1) * 1000, "ms", PER_THOUSAND_MS)


async def _fill(cloud: Cloud) -> User:
    """Everybody is a member of a project of their own; one user of a thousand, who is returned."""
    stored = await hash_password(cloud.tokens, "a password")
    fields = {"domain_id": DEFAULT_DOMAIN, "enabled": True, "description": "", "options": {}, "extra": {}}
    nothing = {"default_project_id": None, "password_expires_at": None, "valid_from": 0.0}
    async with cloud.db.tx() as tx:
        member = next(role.id for role in (await roles.all_roles(tx)).values() if role.name == "member")
        for number in range(MANY):
            user = User(id=f"u{number:05}", name=f"user{number}", password_hash=stored, **nothing, **fields)
            place = {"parent_id": DEFAULT_DOMAIN, "is_domain": False, "tags": []}
            await users.add(tx, user)
            await projects.add(tx, Project(id=f"p{number:05}", name=f"project{number}", **place, **fields))
            await assignments.grant(tx, Assignment("user", user.id, "project", f"p{number:05}", member, False))
        busy = User(id=ids.new_hex(), name="busy", password_hash=stored, **nothing, **fields)
        await users.add(tx, busy)
        for number in range(ROLES_OF_ONE):
            await assignments.grant(tx, Assignment("user", busy.id, "project", f"p{number:05}", member, False))
        tx.signal("identity", "")
    return busy


async def _tokens(cloud: Cloud, wire: Wire, busy: User) -> None:
    """Issue for a user with many roles, each time for another project; validate one."""
    anonymous = Wire(cloud, "")
    user = {"id": busy.id, "password": "a password"}
    numbers = itertools.count()

    def asked() -> object:
        scope = {"project": {"id": f"p{next(numbers) % ROLES_OF_ONE:05}"}}
        return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}

    took = await cpu_each(lambda: anonymous("POST", f"{V3}/auth/tokens", asked()), 100)
    note(f"token for a user with {ROLES_OF_ONE:,} assignments", took / 1000, "ms", 5)
    wire._headers.append((b"x-subject-token", dict(wire._headers)[b"x-auth-token"]))
    note("validate a token", await cpu_each(lambda: wire("GET", f"{V3}/auth/tokens"), 300), "µs", 150)
    wire._headers.pop()
