"""What an administrator needs to get in again: made if missing, put right if changed. Doing it twice is doing it once."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.audit import Event, record
from ...kernel.db import Page, Tx
from ..model import DEFAULT_DOMAIN, Assignment, Project, Role, User
from ..store import assignments as assignment_store
from ..store import logins
from ..store import users as user_store
from . import projects
from .bootstrap import HOLD, IMPLICATIONS, ROLES, publish
from .resources import users
from .roles import assignments, holdings, roles

OPERATOR = "operator"
ADMIN = "admin"


class Wanted(Struct, frozen=True):
    """The catalog to publish, and the hash of the administrator's password; None leaves the password that there is."""

    region: str
    endpoints: dict[str, tuple[str, str]]
    password_hash: str | None


async def repair(tx: Tx, wanted: Wanted) -> list[str]:
    """Domain, project, user, roles and what they imply, assignments, catalog; says in words what had to be done."""
    await tx.hold(HOLD)
    done: list[str] = []
    domain = await _project(tx, done, "Default", is_domain=True)
    project = await _project(tx, done, ADMIN)
    made = {name: await _role(tx, done, name) for name in ROLES}
    known = await holdings.implications(tx)
    for prior, implied in IMPLICATIONS:
        if (made[prior].id, made[implied].id) not in known.pairs:
            await roles.imply(tx, made[prior].id, made[implied].id)
            done.append(f"{prior} implies {implied} again")
    user = await _user(tx, done, wanted.password_hash)
    for kind, target_id in (("project", project.id), ("domain", domain.id), ("system", "all")):
        assignment = Assignment("user", user.id, kind, target_id, made[ADMIN].id, False)
        if assignment not in await assignment_store.held(tx, "user", user.id, kind, target_id):
            await assignments.grant(tx, assignment)
            done.append(f"user {ADMIN} has the role {ADMIN} on {kind} {target_id} again")
    await publish(tx, wanted.region, wanted.endpoints)
    for what in done:
        await record(tx, _event("bootstrap", user.id, {"done": what}))
    tx.signal("identity", user.id)
    return done


async def _project(tx: Tx, done: list[str], name: str, is_domain: bool = False) -> Project:
    key = ("id", DEFAULT_DOMAIN) if is_domain else ("name", name)
    wanted = Page().where(*key) if is_domain else Page().where(*key).where("domain_id", DEFAULT_DOMAIN)
    found = await projects.page(tx, wanted, is_domain=is_domain)
    what = "domain" if is_domain else "project"
    if not found:
        done.append(f"{what} {name} was missing")
        fields = {"name": name, "description": "", "enabled": True, "tags": [], "options": {}, "extra": {}}
        return await (projects.create_domain(tx, fields, DEFAULT_DOMAIN) if is_domain else projects.create(tx, fields))
    if found[0].enabled:
        return found[0]
    done.append(f"{what} {name} was disabled")
    return await projects.update(tx, found[0], {"enabled": True})


async def _role(tx: Tx, done: list[str], name: str) -> Role:
    found = await roles.page(tx, Page().where("name", name))
    if found:
        return found[0]
    done.append(f"role {name} was missing")
    return await roles.create(tx, {"name": name, "domain_id": "", "description": "", "options": {}, "extra": {}})


async def _user(tx: Tx, done: list[str], password_hash: str | None) -> User:
    found = await user_store.find_by_name(tx, ADMIN, DEFAULT_DOMAIN)
    if found is None:
        done.append(f"user {ADMIN} was missing")
        fields = {"name": ADMIN, "domain_id": DEFAULT_DOMAIN, "enabled": True, "default_project_id": None, "description": ""}
        return await users.create(tx, {**fields, "password_hash": password_hash, "options": {}, "extra": {}})
    changes: dict[str, object] = {}
    if not found.enabled:
        changes["enabled"] = True
        done.append(f"user {ADMIN} was disabled")
    if password_hash is not None:
        changes["password_hash"] = password_hash
        done.append(f"user {ADMIN} has another password")
    await logins.clear_failures(tx, found.id)
    return await users.update(tx, found, changes) if changes else found


async def reset_password(tx: Tx, user: User, password_hash: str) -> None:
    """Give a user another password, enable and unlock them; every token of theirs is void."""
    await tx.hold(HOLD)
    options = {name: None for name in ("multi_factor_auth_rules", "multi_factor_auth_enabled") if name in user.options}
    await users.update(tx, user, {"password_hash": password_hash, "enabled": True, "options": options})
    await record(tx, _event("updated.user", user.id, {"fields": ["password", "enabled", "options"]}))


def _event(action: str, user_id: str, details: dict[str, object]) -> Event:
    target = {"target_type": "service/security/account/user", "target_id": user_id}
    return Event(service="identity", action=action, user_id=OPERATOR, address="this machine", details=details, **target)
