"""`cumulet import keystone`: from a Keystone's database to this cloud's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ...identity.operations.keystone import importing
from ...identity.operations.keystone.importing import Outcome, Wanted
from ...kernel.db import Database
from .. import cloud, wire
from ..config import Config
from . import process


class Refused(Exception):
    """Nothing was imported; the message says why."""


class _Undo(Exception):
    """Ends a transaction that is not to be kept."""


def wanted(config: Config, left: frozenset[str], credential_keys: Path | None) -> Wanted:
    """What to import: not the URLs of the services that this cloud runs itself."""
    return Wanted(frozenset(wire.endpoints(config)), left, credential_keys)


async def run(config: Config, address: str, wanted: Wanted, dry: bool) -> Outcome:
    """Import the database at a URL; with `dry` only say what would be done.

    Raises Refused, also while a cloud on SQLite is up: it would not notice.
    """
    if not config.database and process.daemon(config).alive():
        raise Refused("The cloud is up, and would not notice what changes in its SQLite file. Stop it first: cumulet down")
    try:
        source = await importing.read(address)
        db, rings = await cloud.prepared_database(config)
        try:
            return await _run(db, importing.prepared(source, rings.vault, wanted), wanted, dry)
        finally:
            await db.close()
    except (importing.NotReadable, importing.NotUnderstood) as problem:
        raise Refused(str(problem)) from None


async def _run(db: Database, rows: dict[str, list[dict[str, Any]]], wanted: Wanted, dry: bool) -> Outcome:
    outcome = Outcome()
    try:
        async with db.tx() as tx:
            outcome = await importing.bring_in(tx, rows, wanted.served)
            if dry or outcome.conflicts:
                raise _Undo
    except _Undo:
        pass
    return outcome


def show(console: Console, outcome: Outcome, dry: bool) -> None:
    """What was imported, or would be, by noun."""
    table = Table("", "would be imported" if dry or outcome.conflicts else "imported", "there already", "left: names what is gone")
    for noun, counts in outcome.counts.items():
        if counts.new or counts.there or counts.dangling:
            table.add_row(noun, str(counts.new), str(counts.there), str(counts.dangling or ""))
    console.print(table)
    for noun, name, old in outcome.taken_over:
        console.print(f"{noun} {name} of this cloud has Keystone's id now (it was {old}).", highlight=False, soft_wrap=True)
    if any(noun == "user" for noun, _, _ in outcome.taken_over):
        console.print("Users with the same name have the password that they had in Keystone.", highlight=False)
    for conflict in outcome.conflicts:
        console.print(f"[red]Conflict:[/red] {conflict}", highlight=False, soft_wrap=True)
