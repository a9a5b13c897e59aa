"""`cumulet import`: from other clouds to this one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ..kernel.errors import Problem
from .terminal import ConfigOption, StateOption, configuration, console, failure

import_app = typer.Typer(no_args_is_help=True, help="From other clouds to this one.")


@import_app.callback()
def _several() -> None:
    """From other clouds to this one."""


@import_app.command("keystone")
def import_keystone(
    database: Annotated[str, typer.Option(help="Keystone's database: mysql://…, postgresql://… or sqlite:///PATH.")],
    credential_keys: Annotated[Path | None, typer.Option(help="The folder with Keystone's keys for credentials.")] = None,
    leave: Annotated[list[str] | None, typer.Option(help="A table to leave out, though it has rows. Can be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be imported.")] = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Import people, projects, roles, credentials and limits from a Keystone's database. People keep their passwords."""
    from .operator import keystone

    settings = configuration(config, state)
    wanted = keystone.wanted(settings, frozenset(leave or ()), credential_keys)
    try:
        outcome = asyncio.run(keystone.run(settings, database, wanted, dry_run))
    except (keystone.Refused, ValueError, Problem) as problem:
        raise failure(str(problem)) from None
    keystone.show(console, outcome, dry_run)
    if outcome.conflicts:
        raise failure("Nothing was imported.")
