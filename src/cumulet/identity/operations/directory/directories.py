"""Which domains have a directory, and logging in with it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from ....kernel.db import Database, Reader
from ....kernel.errors import Forbidden, Unavailable
from ...directory.client import Client
from ...directory.entries import Person
from ...directory.settings import Directory
from ...model import Project, User
from ...store import projects, users
from ...store.directory import entries as directory
from ...store.domains import options
from ..authentication.named import Named, find_domain
from . import shadows

Stored = Callable[[Reader, str], Awaitable[dict[str, dict[str, Any]]]]
TRUSTED_SECONDS = 5.0

log = logging.getLogger("cumulet.identity.directory")


class Located(Struct, frozen=True):
    """Where to look for somebody: in this domain's directory, by this attribute."""

    client: Client
    domain_id: str
    attribute: str
    value: str


class Directories:
    """Directories by domain: those of the configuration file, by the domain's name, and those that domains have configured.

    `settings` are the former, `stored` reads all options of a domain; the latter are kept until a domain's options change.
    """

    def __init__(self, db: Database, settings: Mapping[str, Directory] | None = None, stored: Stored | None = None) -> None:
        self.db = db
        self._named = {name: Client(name, given) for name, given in (settings or {}).items()}
        self._stored = stored
        self._configured: frozenset[str] | None = None if stored else frozenset()
        self._read_at = 0.0
        self._kept: dict[str, Client | None] = {}
        db.subscribe(options.TOPIC, self._forget)

    def _forget(self, domain_id: str) -> None:
        self._kept.clear()
        self._configured = None if self._stored else frozenset()

    async def _any(self, tx: Reader) -> bool:
        """Whether there are any directories at all; where other processes change options too, their notices may be lost."""
        if self._stored and not self.db.alone and tx.now >= self._read_at + TRUSTED_SECONDS:
            self._forget("")
        if self._configured is None:
            self._read_at = tx.now
            self._configured = frozenset(await options.domain_ids(tx))
        return bool(self._named or self._configured)

    async def of(self, tx: Reader, domain_id: str | None) -> Client | None:
        """A domain's directory, if it has one. Raises Unavailable if what the domain has configured cannot be used."""
        if domain_id is None or not await self._any(tx):
            return None
        domain = await projects.find(tx, domain_id)
        if domain is None or not domain.is_domain:
            return None
        return self._named.get(domain.name) or await self._of_options(tx, domain)

    async def _of_options(self, tx: Reader, domain: Project) -> Client | None:
        if self._stored is None or domain.id not in (self._configured or ()):
            return None
        if domain.id not in self._kept:
            given = await self._stored(tx, domain.id)
            if given.get("identity", {}).get("driver") != "ldap":
                self._kept[domain.id] = None
            else:
                self._kept[domain.id] = Client(domain.name, _settings(domain, given.get("ldap", {})))
        return self._kept[domain.id]

    async def locate(self, named: Named) -> Located | None:
        """Where to look for whom a client means; None if that is no directory."""
        async with self.db.read() as tx:
            if not await self._any(tx):
                return None
            if named.id is not None:
                return await self.by_id(tx, named.id)
            domain = await find_domain(tx, Named(id=named.domain_id, name=named.domain_name))
            client = await self.of(tx, domain.id) if domain else None
            if client is None or domain is None:
                return None
            return Located(client, domain.id, client.settings.user_name_attribute, named.name or "")

    async def by_id(self, tx: Reader, public_id: str) -> Located | None:
        """Where to look for a user or group that was found before; None if that is no directory."""
        mapped = await directory.find(tx, public_id) if await self._any(tx) else None
        client = await self.of(tx, mapped.domain_id) if mapped else None
        if client is None or mapped is None:
            return None
        given = client.settings
        attribute = given.user_id_attribute if mapped.kind == "user" else given.group_id_attribute
        return Located(client, mapped.domain_id, attribute, mapped.local_id)

    async def log_in(self, where: Located, password: str) -> User | None:
        """Whoever has this password; None if nobody has. Raises Unavailable."""
        who = await where.client.person(where.attribute, where.value)
        if who is None or not await where.client.is_password_of(who, password):
            return None
        user = await self.keep(where, who)
        async with self.db.tx() as tx:
            await directory.use(tx, user.id)
        return user

    async def keep(self, where: Located, who: Person) -> User:
        """Somebody as a user of ours, in the groups that the directory says."""
        [user] = await shadows.keep_people(self.db, where.domain_id, [who])
        found = await shadows.keep_groups(self.db, where.domain_id, await where.client.groups_of(who))
        await shadows.keep_memberships(self.db, user, found)
        return user

    async def refresh(self, user_id: str) -> None:
        """Bring a user of a directory up to date, disabled if it is gone. Of others nothing changes. Raises Unavailable."""
        async with self.db.read() as tx:
            where = await self.by_id(tx, user_id)
        if where is None:
            return
        who = await where.client.person(where.attribute, where.value)
        if who is None:
            await shadows.disable(self.db, user_id)
        else:
            await self.keep(where, who)

    async def current(self, user: User) -> User:
        """A user as it is now, with what its directory says, if it has one. Raises Unavailable."""
        await self.refresh(user.id)
        async with self.db.read() as tx:
            if not await self._any(tx):
                return user
            return await users.find(tx, user.id) or user

    async def keep_up(self, lifetime: float) -> None:
        """Refresh everybody who has logged in within `lifetime` seconds: their tokens must not outlive what they stand for."""
        async with self.db.read() as tx:
            if not await self._any(tx):
                return
            lately = await directory.used_since(tx, tx.now - lifetime)
        silent: set[str] = set()
        for mapped in lately:
            if mapped.domain_id in silent:
                continue
            try:
                await self.refresh(mapped.public_id)
            except Unavailable as problem:
                silent.add(mapped.domain_id)
                log.warning("%s %s", problem.message, problem.internal)

    async def check_writable(self, tx: Reader, domain_id: str | None) -> None:
        """Raise Forbidden if a domain's people and groups are a directory's."""
        if await self.of(tx, domain_id) is not None:
            raise Forbidden("LDAP does not support write operations: the domain's users and groups are those of its directory.")


def _settings(domain: Project, given: Mapping[str, Any]) -> Directory:
    """A domain's options as settings; those without a meaning here are left out, lists may be texts with commas."""
    known = {name: value for name, value in given.items() if name in Directory.__struct_fields__ and value is not None}
    for name, value in known.items():
        if name in _LISTS and isinstance(value, str):
            known[name] = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return msgspec.convert({"url": "ldap://localhost", **known}, Directory, strict=False)
    except msgspec.ValidationError as problem:
        raise Unavailable(
            f"The directory of domain {domain.name} is not configured in a way that can be used.", internal=str(problem)
        ) from None


_LISTS = {"user_attribute_ignore", "user_additional_attribute_mapping", "group_additional_attribute_mapping"}
