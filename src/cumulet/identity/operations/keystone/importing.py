"""The import: what is read is put into our tables in one transaction, or nothing is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from msgspec import Struct, field

from ....kernel.db import Tx
from ...keys import KeyRing
from ...store.keystone import target
from ...store.keystone.source import NEEDED, NotReadable, Row, Source, read
from ..bootstrap import HOLD
from . import catalog, delegation, federation, people, places
from .rows import NotUnderstood

__all__ = ["Counts", "NotReadable", "NotUnderstood", "Outcome", "Wanted", "bring_in", "prepared", "read"]

OF_NO_USE = {"alembic_version", "migrate_version", "token", "revocation_event", "request_token", "config_register"}
"""Tables whose rows mean nothing in another cloud: tokens cannot be carried over, so neither need their revocations."""


class Wanted(Struct, frozen=True):
    """`served` are the types of the services that this cloud runs itself, `left` tables to leave out though they hold rows."""

    served: frozenset[str]
    left: frozenset[str] = frozenset()
    credential_keys: Path | None = None


class Counts(Struct):
    """Of one noun: rows that are new, that were there already, and that name something which Keystone does not have any more."""

    new: int = 0
    there: int = 0
    dangling: int = 0


class Outcome(Struct):
    """What an import did or would do. With `conflicts` it does nothing. `taken_over` are (noun, name, id it had here)."""

    counts: dict[str, Counts] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    taken_over: list[tuple[str, str, str]] = field(default_factory=list)


def prepared(source: Source, vault: KeyRing, wanted: Wanted) -> dict[str, list[Row]]:
    """The rows of our tables by noun. Raises NotUnderstood."""
    _check_tables(source, wanted.left)
    found: Source = {table: [] if table in wanted.left else rows for table, rows in source.items()}
    keys = delegation.fernet_keys(wanted.credential_keys) if wanted.credential_keys else None
    makers: dict[str, Callable[[], Iterable[Row]]] = {
        "region": lambda: catalog.regions(found),
        "service": lambda: catalog.services(found),
        "endpoint": lambda: catalog.endpoints(found, wanted.served),
        "domain": lambda: places.domains(found),
        "domain option": lambda: places.domain_options(found, vault),
        "project": lambda: places.projects(found),
        "role": lambda: places.roles(found),
        "implied role": lambda: places.implied(found),
        "identity provider": lambda: federation.identity_providers(found),
        "mapping": lambda: federation.mappings(found),
        "protocol": lambda: federation.protocols(found),
        "service provider": lambda: federation.service_providers(found),
        "user": lambda: people.users(source, federation.names(found)),
        "federated user": lambda: federation.users(found),
        "password": lambda: people.passwords(found),
        "failed login": lambda: people.failures(found),
        "group": lambda: people.groups(found),
        "group member": lambda: people.members(found),
        "federated membership": lambda: federation.memberships(found),
        "directory entry": lambda: people.directory_entries(found),
        "role assignment": lambda: places.assignments(found),
        "endpoint group": lambda: catalog.endpoint_groups(found),
        "project's endpoint": lambda: catalog.of_projects(found, wanted.served),
        "project's endpoint group": lambda: catalog.groups_of_projects(found),
        "credential": lambda: delegation.credentials(found, keys, vault),
        "access rule": lambda: delegation.access_rules(found),
        "application credential": lambda: delegation.application_credentials(found),
        "trust": lambda: delegation.trusts(found),
        "registered limit": lambda: catalog.registered_limits(found),
        "limit": lambda: catalog.limits(found),
        "policy": lambda: catalog.policies(found),
        "policy association": lambda: catalog.policy_associations(found),
    }
    return {noun: list(makers[noun]()) for noun in target.TABLES}


def _check_tables(source: Source, left: Collection[str]) -> None:
    unknown = {table: len(rows) for table, rows in source.items() if rows and table not in {*NEEDED, *OF_NO_USE, *left}}
    if unknown:
        named = ", ".join(f"{table} ({count} rows)" for table, count in sorted(unknown.items()))
        raise NotUnderstood(f"These tables cannot be imported: {named}. Leave one out with --leave TABLE.")
    strange = sorted(set(left) - set(source))
    if strange:
        raise NotUnderstood(f"--leave: Keystone's database has no table {strange[0]}.")


async def bring_in(tx: Tx, rows: dict[str, list[Row]], served: Collection[str]) -> Outcome:
    """Write what is not there. The transaction must not be committed if there are conflicts."""
    await tx.hold(HOLD)
    outcome = Outcome()
    for noun, wanted in rows.items():
        outcome.counts[noun] = Counts()
        await _Writing(tx, outcome, noun, served).write(wanted)
    tx.signal("identity", "")
    return outcome


class _Writing:
    """One noun's rows on their way into its table."""

    def __init__(self, tx: Tx, outcome: Outcome, noun: str, served: Collection[str]) -> None:
        self._tx, self._outcome, self._noun, self._served = tx, outcome, noun, served

    async def write(self, rows: list[Row]) -> None:
        present = await target.present(self._tx, self._noun)
        named = await self._named()
        counts = self._outcome.counts[self._noun]
        for row in rows:
            if target.key_of(self._noun, row) in present.keys:
                counts.there += 1
            elif any(row[column] is not None and row[column] not in there for column, there in named.items()):
                counts.dangling += 1
            elif await self._place(present, row):
                present.add(self._noun, row)
                counts.new += 1

    async def _named(self) -> dict[str, set[object]]:
        """For each column that names a row of another table, what may be named."""
        nouns = {target.TABLES[noun].name: noun for noun in target.TABLES}
        return {
            column: {row[theirs] for row in await target.rows(self._tx, nouns[table])}
            for column, table, theirs in target.references(self._noun)
        }

    async def _place(self, present: target.Present, row: Row) -> bool:
        """Write a row, moving what has its name out of the way; False if that cannot be."""
        if self._noun == "service":
            return await self._place_service(row)
        for names, taken in present.unique.items():
            key = taken.get(tuple(row[name] for name in names))
            if key is not None:
                return await self._take_over(row, str(key[0]))
        await target.add(self._tx, self._noun, row)
        return True

    async def _place_service(self, row: Row) -> bool:
        """A service that this cloud runs takes Keystone's id, under which limits may name it."""
        await target.add(self._tx, "service", row)
        ours = [s["id"] for s in await target.rows(self._tx, "service") if s["type"] == row["type"] and s["id"] != row["id"]]
        if row["type"] in self._served and len(ours) == 1 and not await target.named_by(self._tx, "service", ours[0]):
            await target.move(self._tx, "service", ours[0], row["id"])
            self._outcome.taken_over.append(("service", row["type"], ours[0]))
        return True

    async def _take_over(self, row: Row, old: str) -> bool:
        """Let Keystone's row have the name, and what is held under it here, unless others name the id that it has here."""
        what = f"{self._noun} {row.get('name', row.get('id'))}"
        if self._noun not in target.MOVED:
            self._outcome.conflicts.append(f"{what} is here already with the id {old}; in Keystone it is {row['id']}.")
            return False
        users = await target.named_by(self._tx, self._noun, old)
        if users:
            self._outcome.conflicts.append(
                f"{what} is here already with the id {old}, which {', '.join(users)} name; in Keystone it is {row['id']}."
            )
            return False
        await target.set_aside(self._tx, self._noun, old)
        await target.add(self._tx, self._noun, row)
        await target.move(self._tx, self._noun, old, row["id"])
        self._outcome.taken_over.append((self._noun, row["name"], old))
        return True
