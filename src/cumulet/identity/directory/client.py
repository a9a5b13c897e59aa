"""Asks a directory. Every question is a connection of its own, in a thread, with an end to its patience."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ...kernel.errors import Unavailable
from .entries import Crew, Entry, Person, crew, equals, everything, id_in, normal_dn, person
from .settings import MATCHES_IN_CHAIN, Directory

if TYPE_CHECKING:
    import ldap3

R = TypeVar("R")
MOST_AT_ONCE, MOST_IN_A_FILTER = 8, 100
_MISSING = "LDAP is spoken with ldap3: install cumulet[ldap]."
_CERTIFICATES = {"demand": ssl.CERT_REQUIRED, "allow": ssl.CERT_OPTIONAL, "never": ssl.CERT_NONE}
_NO_SUCH_OBJECT, _INVALID_CREDENTIALS, _SIZE_LIMIT = 32, 49, 4

log = logging.getLogger("cumulet.identity.directory")


class Client:
    """One domain's directory. Everything raises Unavailable if no server answers in time, or refuses us."""

    def __init__(self, domain: str, settings: Directory) -> None:
        self._domain, self.settings = domain, settings
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)

    async def people(self, *filters: str) -> list[Person]:
        """Everybody whom all of these filters find."""
        return await self._ask(lambda asking: self._people(asking, filters))

    async def person(self, attribute: str, value: str) -> Person | None:
        """Whoever has this value, compared as the directory compares; None if it is nobody, or several."""
        found = await self.people(equals(attribute, value))
        return found[0] if len(found) == 1 else None

    async def groups(self, *filters: str) -> list[Crew]:
        """Every group that all of these filters find."""
        return await self._ask(lambda asking: self._groups(asking, filters))

    async def groups_of(self, who: Person) -> list[Crew]:
        """The groups that somebody is in; those which these are in too, if the settings say so."""
        return await self._ask(lambda asking: self._groups_of(asking, who))

    async def members_of(self, group: Crew) -> list[Person]:
        """Everybody in a group. Members that the directory does not have (any more), or that are groups, are left out."""
        return await self._ask(lambda asking: self._members_of(asking, group))

    async def is_password_of(self, who: Person, password: str) -> bool:
        """Whether somebody can bind with a password. An empty one would be an anonymous bind: it is nobody's."""
        return bool(password) and await self._ask(None, lambda: self._binds(who, password))

    async def _ask(self, question: Callable[[ldap3.Connection], R] | None, instead: Callable[[], R] | None = None) -> R:
        async with self._slots:
            return await asyncio.to_thread(instead or (lambda: self._asked(question)))

    def _asked(self, question: Any) -> Any:
        with self._connected(self.settings.user, self.settings.password) as (connection, refused):
            if refused:
                raise self._unavailable(f"it refuses {self.settings.user or 'anonymous binds'}: {refused}")
            return question(connection)

    def _binds(self, who: Person, password: str) -> bool:
        with self._connected(who.dn, password) as (connection, refused):
            if refused and connection.result["result"] != _INVALID_CREDENTIALS:
                log.warning("the directory of domain %s refuses to bind %s: %s", self._domain, who.dn, refused)
            return not refused

    @contextmanager
    def _connected(self, user: str, password: str) -> Iterator[tuple[ldap3.Connection, str]]:
        """A connection to the first server that answers, and why it refuses to bind, if it does."""
        try:
            from ldap3.core.exceptions import LDAPException
        except ImportError:
            raise Unavailable(_MISSING) from None
        try:
            connection = self._open(user, password)
            try:
                bound = connection.bind()
                yield connection, "" if bound else str(connection.result["description"])
            finally:
                connection.unbind()
        except (LDAPException, OSError) as problem:
            raise self._unavailable(str(problem)) from None

    def _unavailable(self, why: str) -> Unavailable:
        return Unavailable(
            f"The directory of domain {self._domain} does not answer. Try again later.", internal=f"{self.settings.url}: {why}"
        )

    def _open(self, user: str, password: str) -> ldap3.Connection:
        from ldap3.core.exceptions import LDAPException

        last: Exception = OSError("no server is named")
        for url in self.settings.urls:
            connection = self._connection(url, user, password)
            try:
                connection.open()
                if self.settings.use_tls and not url.startswith("ldaps:"):
                    connection.start_tls()
            except (LDAPException, OSError) as problem:
                last = problem
            else:
                return connection
        raise last

    def _connection(self, url: str, user: str, password: str) -> ldap3.Connection:
        import ldap3

        given, patience = self.settings, self.settings.connection_timeout
        tls = ldap3.Tls(
            validate=_CERTIFICATES[given.tls_req_cert],
            ca_certs_file=given.tls_cacertfile or None,
            ca_certs_path=given.tls_cacertdir or None,
        )
        server = ldap3.Server(url, tls=tls, connect_timeout=patience, get_info=ldap3.NONE)
        return ldap3.Connection(
            server,
            user or None,
            password or None,
            authentication=ldap3.SIMPLE if user else ldap3.ANONYMOUS,
            read_only=True,
            auto_referrals=False,
            receive_timeout=patience,
            check_names=False,
        )

    def _search(self, asking: ldap3.Connection, where: str, query: str, scope: str) -> list[Entry]:
        """Every entry, page by page (RFC 2696) if the settings give pages a size. Nothing is at a place that is not there."""
        given = self.settings
        found: list[Entry] = []
        cookie: bytes | None = b""
        while cookie is not None:
            size = given.page_size or None
            asking.search(where, query, scope, attributes=["*"], paged_size=size, paged_cookie=cookie or None)
            code = asking.result["result"]
            if code == _NO_SUCH_OBJECT:
                return []
            if code:
                hint = " Set page_size." if code == _SIZE_LIMIT else ""
                raise self._unavailable(f"the search {query} below {where} failed: {asking.result['description']}.{hint}")
            found += [_entry(one) for one in asking.response if one["type"] == "searchResEntry"]
            controls = asking.result.get("controls") or {}
            cookie = controls.get("1.2.840.113556.1.4.319", {}).get("value", {}).get("cookie") or None
        return found

    def _scope(self) -> str:
        return "LEVEL" if self.settings.query_scope == "one" else "SUBTREE"

    def _people(self, asking: ldap3.Connection, filters: tuple[str, ...]) -> list[Person]:
        given = self.settings
        has_id = f"({given.user_id_attribute}=*)"
        query = everything((f"(objectClass={given.user_objectclass})", given.user_filter, has_id, *filters))
        found = self._search(asking, given.tree("user"), query, self._scope())
        enabled = self._enabled_members(asking) if found else None
        return [one for entry in found if (one := person(entry, given, enabled))]

    def _enabled_members(self, asking: ldap3.Connection) -> set[str] | None:
        given = self.settings
        if not given.user_enabled_emulation:
            return None
        by_config = given.user_enabled_emulation_use_group_config
        attribute = given.group_member_attribute if by_config else "member"
        found = self._search(asking, given.emulation_dn, "(objectClass=*)", "BASE")
        members = found[0].values.get(attribute.lower(), ()) if found else ()
        return set(members) if by_config and given.group_members_are_ids else {normal_dn(dn) for dn in members}

    def _groups(self, asking: ldap3.Connection, filters: tuple[str, ...]) -> list[Crew]:
        given = self.settings
        has_id = f"({given.group_id_attribute}=*)"
        query = everything((f"(objectClass={given.group_objectclass})", given.group_filter, has_id, *filters))
        found = self._search(asking, given.tree("group"), query, self._scope())
        return [one for entry in found if (one := crew(entry, given))]

    def _groups_of(self, asking: ldap3.Connection, who: Person) -> list[Crew]:
        given = self.settings
        rule = f":{MATCHES_IN_CHAIN}:" if given.group_ad_nesting else ""
        name = who.local_id if given.group_members_are_ids else who.dn
        found = {group.dn: group for group in self._groups(asking, (equals(f"{given.group_member_attribute}{rule}", name),))}
        waiting = list(found.values()) if given.group_nesting else []
        while waiting:
            inner = waiting.pop()
            name = inner.local_id if given.group_members_are_ids else inner.dn
            above = [g for g in self._groups(asking, (equals(given.group_member_attribute, name),)) if g.dn not in found]
            found |= {group.dn: group for group in above}
            waiting += above
        return list(found.values())

    def _members_of(self, asking: ldap3.Connection, group: Crew) -> list[Person]:
        given = self.settings
        if given.group_ad_nesting:
            return self._people(asking, (equals(f"memberOf:{MATCHES_IN_CHAIN}:", group.dn),))
        wanted = set(group.members)
        if given.group_nesting:
            wanted |= self._members_below(asking, group)
        everybody = self._people_among(asking, wanted)
        if given.group_members_are_ids:
            return [one for one in everybody if one.local_id in wanted]
        names = {normal_dn(dn) for dn in wanted}
        return [one for one in everybody if normal_dn(one.dn) in names]

    def _people_among(self, asking: ldap3.Connection, members: set[str]) -> list[Person]:
        """Those who are named, some at a time, if names say what their ids are; else all there are."""
        given = self.settings
        ids = members if given.group_members_are_ids else {id_in(dn, given.user_id_attribute) for dn in members}
        if None in ids:
            return self._people(asking, ())
        chosen = sorted(local_id for local_id in ids if local_id is not None)
        found = []
        for start in range(0, len(chosen), MOST_IN_A_FILTER):
            filters = (equals(given.user_id_attribute, one) for one in chosen[start : start + MOST_IN_A_FILTER])
            found += self._people(asking, (f"(|{''.join(filters)})",))
        return found

    def _members_below(self, asking: ldap3.Connection, group: Crew) -> set[str]:
        """What the groups within a group hold, however deep."""
        by_ids = self.settings.group_members_are_ids
        known = {g.local_id if by_ids else normal_dn(g.dn): g for g in self._groups(asking, ())}
        found: set[str] = set()
        waiting, seen = [group], {group.dn}
        while waiting:
            for member in waiting.pop().members:
                found.add(member)
                inner = known.get(member if by_ids else normal_dn(member))
                if inner is not None and inner.dn not in seen:
                    seen.add(inner.dn)
                    waiting.append(inner)
        return found


def _entry(raw: dict[str, Any]) -> Entry:
    values = {name.lower(): tuple(_text(value) for value in found) for name, found in raw["raw_attributes"].items()}
    return Entry(raw["dn"], values)


def _text(value: bytes) -> str:
    """Values that are no text (pictures) are of no use here, but must not be in the way."""
    return value.decode("utf-8", "replace")
