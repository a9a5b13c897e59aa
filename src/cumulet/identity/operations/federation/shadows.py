"""Users who live elsewhere: what is kept of them here, renewed at each log-in."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

import msgspec

from ....kernel import audit
from ....kernel.db import Reader, Tx
from ....kernel.errors import Forbidden, Unauthorized
from ... import mapping as language
from ...mapping import Mapped, MappedProject
from ...model import Assignment, FederatedUser, IdentityProvider, Project, Protocol, User
from ...store import assignments as assignment_store
from ...store import groups, projects, roles, users
from ...store.federation import users as federated
from .. import projects as project_operations
from ..authentication.named import Named as DomainName
from ..authentication.named import find_domain
from ..roles import assignments
from .evidence import Assertion

LONGEST_NAME = 255


def named(mapped: Mapped, assertion: Assertion) -> Mapped:
    """`mapped` with an id and a name for the user: each stands for the other, and what a proxy calls the user for both.

    Raises Unauthorized if there is none of them.
    """
    name = mapped.user.name or next(iter(assertion.get("REMOTE_USER", ())), None)
    known = mapped.user.id or name
    if not known:
        raise Unauthorized("The mapping gives the user neither an id nor a name, and there is no REMOTE_USER.")
    if max(len(known), len(name or "")) > LONGEST_NAME:
        raise Unauthorized(f"The identity provider gave the user an id or name of more than {LONGEST_NAME} characters.")
    user = msgspec.structs.replace(mapped.user, id=quote(known), name=name or known)
    return msgspec.structs.replace(mapped, user=user)


async def keep(tx: Tx, provider: IdentityProvider, protocol: Protocol, mapped: Mapped, *, synchronised: bool) -> User:
    """The user, with the groups and roles that the mapping gives. `synchronised`: roles in other projects are taken away.

    Raises Unauthorized for a group, domain or role that is not there, Forbidden for an id that is somebody else's.
    """
    home = await _domain(tx, mapped.user.domain, provider.domain_id)
    wanted_groups = await _group_ids(tx, mapped)
    user = await _user(tx, provider, protocol, mapped, home)
    changed = set(wanted_groups) != set(await federated.group_ids(tx, user.id, provider.id))
    if changed:
        tx.signal("identity", user.id)
    if changed or provider.authorization_ttl:
        await federated.set_groups(tx, user.id, provider.id, wanted_groups)
    await _provision(tx, user, provider, mapped.projects, synchronised)
    return user


async def _domain(tx: Reader, wanted: language.Named | None, otherwise: str) -> str:
    if wanted is None or (wanted.id is None and wanted.name is None):
        return otherwise
    found = await find_domain(tx, DomainName(wanted.id, wanted.name))
    if found is None:
        raise Unauthorized("The mapping names a domain that is not there.", internal=str(wanted))
    return found.id


async def _group_ids(tx: Reader, mapped: Mapped) -> list[str]:
    """The groups' ids. A name that no group has gives nothing: providers know groups that are not meant for us."""
    for group_id in mapped.group_ids:
        if await groups.find(tx, group_id) is None:
            raise Unauthorized("The mapping names a group that is not there.", internal=group_id)
    found = dict.fromkeys(mapped.group_ids)
    for name, domain in mapped.group_names:
        group = await groups.find_by_name(tx, name, await _domain(tx, domain, ""))
        if group is not None:
            found[group.id] = None
    return list(found)


def public_id(domain_id: str, unique_id: str) -> str:
    """The id of a user from elsewhere: always the same, and the same as in upstream's Keystone."""
    return hashlib.sha256(f"{domain_id}user{unique_id}".encode()).hexdigest()


async def _user(tx: Tx, provider: IdentityProvider, protocol: Protocol, mapped: Mapped, home: str) -> User:
    wanted = mapped.user
    unique_id, name = wanted.id or "", wanted.name or ""
    known = await federated.find(tx, provider.id, protocol.id, unique_id)
    user = await users.find(tx, known.user_id) if known else None
    if known is not None and user is not None:
        return await _renewed(tx, user, name, wanted.email) if known.is_shadow else user
    new = User(
        id=public_id(home, unique_id),
        name=await _free_name(tx, name, home, public_id(home, unique_id)),
        domain_id=home,
        enabled=True,
        default_project_id=None,
        description="",
        password_hash=None,
        password_expires_at=None,
        valid_from=0.0,
        options={},
        extra={"email": wanted.email} if wanted.email else {},
    )
    if await users.find(tx, new.id) is not None:
        raise Forbidden(
            "Another identity provider or protocol knows a user with this id in this domain already.", internal=unique_id
        )
    await users.add(tx, new)
    await _note(tx, "created", "user", new.id, new)
    await federated.add(tx, FederatedUser(provider.id, protocol.id, unique_id, new.id, is_shadow=True))
    return new


async def _free_name(tx: Reader, name: str, home: str, user_id: str) -> str:
    """The user's name, or its id where another user has the name: elsewhere two may have one, in a domain here they may not."""
    same = await users.find_by_name(tx, name, home)
    return name if same is None or same.id == user_id else user_id


async def _renewed(tx: Tx, user: User, name: str, email: str | None) -> User:
    extra = {**user.extra, "email": email} if email else user.extra
    renewed = msgspec.structs.replace(user, name=await _free_name(tx, name, user.domain_id, user.id), extra=extra)
    if renewed != user:
        await users.save(tx, renewed)
        tx.signal("identity", user.id)
    return renewed


async def _provision(tx: Tx, user: User, provider: IdentityProvider, wanted: list[MappedProject], synchronised: bool) -> None:
    """The user's roles in projects, which are made if need be. Raises Unauthorized, before anything is made, for unknown roles."""
    known = {role.name: role for role in (await roles.all_roles(tx)).values() if role.domain_id in ("", user.domain_id)}
    missing = [name for project in wanted for name in project.roles if name not in known]
    if missing:
        raise Unauthorized("The mapping names a role that is not there.", internal=missing[0])
    given: list[Assignment] = []
    for one in wanted:
        project = await _project(tx, one, await _domain(tx, one.domain, provider.domain_id), user)
        given += [Assignment("user", user.id, "project", project.id, known[name].id, False) for name in one.roles]
    held = [a for a in await assignment_store.of_user(tx, user.id) if a.holder_kind == "user"]
    for assignment in dict.fromkeys(given):
        if assignment not in held:
            await assignments.grant(tx, assignment)
            await _note(tx, "created", "grant", assignment.role_id, user, assignment.target_id)
    for assignment in held if synchronised else ():
        if assignment.target_kind == "project" and not assignment.inherited and assignment not in given:
            await assignments.revoke(tx, assignment)
            await _note(tx, "revoked", "grant", assignment.role_id, user, assignment.target_id)


async def _project(tx: Tx, wanted: MappedProject, domain_id: str, user: User) -> Project:
    found = await projects.find_by_name(tx, wanted.name, domain_id)
    if found is not None:
        return found
    fields = {"name": wanted.name, "description": "", "enabled": True, "tags": [], "options": {}, "extra": {}}
    made = await project_operations.create(tx, {**fields, "domain_id": domain_id})
    await _note(tx, "created", "project", made.id, user)
    return made


async def _note(tx: Tx, done: str, noun: str, target_id: str, user: User, project_id: str | None = None) -> None:
    """An event: nobody asked for it but the user's own log-in."""
    event = {"service": "identity", "action": f"{done}.{noun}", "target_type": f"data/identity/{noun}", "target_id": target_id}
    await audit.record(tx, audit.Event(**event, user_id=user.id, project_id=project_id, details={"by": "federation"}))
