"""Which domains have a directory, and logging in with it."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from msgspec import Struct

from ....kernel.db import Database, Reader
from ....kernel.errors import Forbidden, Unavailable
from ...directory.client import Client
from ...directory.entries import Person
from ...directory.settings import Directory
from ...model import User
from ...store import projects, users
from ...store.directory import entries as directory
from ..authentication.named import Named, find_domain
from . import shadows

log = logging.getLogger("cumulet.identity.directory")


class Located(Struct, frozen=True):
    """Where to look for somebody: in this domain's directory, by this attribute."""

    client: Client
    domain_id: str
    attribute: str
    value: str


class Directories:
    """The configured directories, by the names of their domains."""

    def __init__(self, db: Database, settings: Mapping[str, Directory] | None = None) -> None:
        self.db = db
        self._clients = {name: Client(name, given) for name, given in (settings or {}).items()}

    async def of(self, tx: Reader, domain_id: str | None) -> Client | None:
        """A domain's directory, if it has one."""
        if not self._clients or domain_id is None:
            return None
        domain = await projects.find(tx, domain_id)
        return self._clients.get(domain.name) if domain is not None and domain.is_domain else None

    async def locate(self, named: Named) -> Located | None:
        """Where to look for whom a client means; None if that is no directory."""
        if not self._clients:
            return None
        async with self.db.read() as tx:
            if named.id is not None:
                return await self.by_id(tx, named.id)
            domain = await find_domain(tx, Named(id=named.domain_id, name=named.domain_name))
            client = await self.of(tx, domain.id) if domain else None
            if client is None or domain is None:
                return None
            return Located(client, domain.id, client.settings.user_name_attribute, named.name or "")

    async def by_id(self, tx: Reader, public_id: str) -> Located | None:
        """Where to look for a user or group that was found before; None if that is no directory."""
        mapped = await directory.find(tx, public_id) if self._clients else None
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
        if not self._clients:
            return
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
        if not self._clients:
            return user
        await self.refresh(user.id)
        async with self.db.read() as tx:
            return await users.find(tx, user.id) or user

    async def keep_up(self, lifetime: float) -> None:
        """Refresh everybody who has logged in within `lifetime` seconds: their tokens must not outlive what they stand for."""
        if not self._clients:
            return
        async with self.db.read() as tx:
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
