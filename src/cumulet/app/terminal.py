"""What commands have in common: the options that name a cloud, and how one fails."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .config import Config, load

console = Console()

StateOption = Annotated[Path | None, typer.Option("--state", help="Where all data lives. Default: /var/lib/cumulet.")]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="A TOML file with options.")]


def configuration(path: Path | None, state: Path | None, fake: bool = False) -> Config:
    """The configuration that the options name. Ends the command, saying why, if it cannot be read."""
    try:
        return load(path, state=state, fake=fake or None)
    except ValueError as problem:
        raise failure(str(problem)) from None


def failure(text: str) -> typer.Exit:
    """Say what is wrong; raise what this returns."""
    console.print(f"[red]{text}[/red]", highlight=False, soft_wrap=True)
    return typer.Exit(1)
