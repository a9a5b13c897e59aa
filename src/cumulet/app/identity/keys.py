"""`cumulet keys …`: the rings of keys that tokens, receipts and credentials are sealed with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...kernel.clock import stamp
from ..config import CREDENTIAL_KEYS, TOKEN_KEYS, Config
from ..state.opening import with_database, with_keys
from ..terminal import ConfigOption, StateOption, configuration, console, failure

if TYPE_CHECKING:
    from ...identity.key_files import Found, Rotated
    from ...identity.operations.key_rings import Migrated
    from ...kernel.db import Database
    from ..wire import Rings

keys_app = typer.Typer(no_args_is_help=True, help="The keys that tokens and credentials are sealed with.")

CredentialsOption = Annotated[
    bool, typer.Option("--credentials", help="The ring of credentials instead of that of tokens; seals every credential anew.")
]


@keys_app.command()
def rotate(credentials: CredentialsOption = False, state: StateOption = None, config: ConfigOption = None) -> None:
    """Make the staged key the primary one and stage another. No process stops, no token becomes void."""
    settings = configuration(config, state)
    if credentials:
        done = with_keys(settings, _credentials)
        _tell(settings.state / CREDENTIAL_KEYS, done.rotated)
        console.print(f"Credentials sealed anew: {done.credentials}.", highlight=False)
    else:
        _tell(settings.state / TOKEN_KEYS, with_keys(settings, _tokens))


async def _tokens(db: Database, rings: Rings) -> Rotated:
    from ...identity.operations import key_rings

    return await key_rings.rotate_tokens(db, rings.tokens.keys)


async def _credentials(db: Database, rings: Rings) -> Migrated:
    from ...identity.operations import key_rings

    return await key_rings.rotate_credentials(db, rings.vault)


def _tell(folder: Path, done: Rotated) -> None:
    now = "is the primary key now" if done.promoted else "stays the primary key: nothing was staged"
    gone = f" Removed: {', '.join(map(str, done.removed))}." if done.removed else ""
    console.print(f"{folder}: {done.primary} {now}; {done.staged} is staged.{gone}", highlight=False, soft_wrap=True)
    console.print("If other machines have copies of this folder, copy it to them before the next rotation.", highlight=False)


@keys_app.command("list")
def list_keys(state: StateOption = None, config: ConfigOption = None) -> None:
    """The keys of both rings, and since when each is what it is."""
    from rich.table import Table

    settings = configuration(config, state)
    table = Table("ring", "number", "is", "since")
    for name in (TOKEN_KEYS, CREDENTIAL_KEYS):
        found = _found(settings, name)
        for number in sorted(found.keys):
            kind = "staged" if number == found.staged else "primary" if number == found.primary else "opens only"
            table.add_row(name, str(number), kind, stamp(found.since[number])[:19] + "Z")
    console.print(table)


def _found(settings: Config, name: str) -> Found:
    from ...identity import key_files

    try:
        return key_files.read(settings.state / name)
    except (ValueError, OSError) as problem:
        raise failure(str(problem)) from None


@keys_app.command()
def renew(
    sure: Annotated[bool, typer.Option("--yes", help="Every token becomes void.")] = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Put a new ring of tokens in place of one that is lost or was stolen. Start the cloud's processes anew afterwards."""
    settings = configuration(config, state)
    if not sure:
        raise failure("Every token becomes void, and everybody must log in again. If that is wanted: cumulet keys renew --yes")

    async def work(db: Database) -> Path:
        from ...identity.operations import key_rings

        return await key_rings.renew_tokens(db, settings.state / TOKEN_KEYS)

    aside = with_database(settings, work)
    console.print(f"There is a new ring; the old one is in {aside}. Now: cumulet down; cumulet up", highlight=False, soft_wrap=True)
