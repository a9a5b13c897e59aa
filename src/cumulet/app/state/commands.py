"""`cumulet backup` and `cumulet restore`: everything that the control plane cannot be made again from, in one file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ...kernel.clock import SystemClock, stamp
from ..operator import process
from ..terminal import ConfigOption, StateOption, configuration, console, failure


def backup(
    file: Annotated[Path, typer.Argument(help="A file that is not there yet. It holds keys and passwords: keep it safe.")],
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Write database, keys and passwords into one file, also while the cloud runs. Not images, and not what is on hosts."""
    from . import archive

    settings = configuration(config, state)
    try:
        manifest = archive.make(settings, file.absolute(), stamp(SystemClock().now()))
    except (archive.CannotKeep, OSError) as problem:
        raise failure(str(problem)) from None
    what = f"{len(manifest.files)} files, {file.stat().st_size / (1 << 20):.1f} MiB, schema {manifest.schema}"
    console.print(f"{file}: {what}. It holds keys and passwords.", highlight=False, soft_wrap=True)


def restore(
    file: Annotated[Path, typer.Argument(help="What cumulet backup wrote.")],
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Stop the cloud's process and put a backup in place of its state, which goes aside. Guests run on."""
    from ...kernel.db import migrations
    from . import archive

    settings, known = configuration(config, state), migrations.revisions()
    serving = process.daemon(settings)
    try:
        archive.check(settings, file.absolute(), known)
        if serving.alive():
            asyncio.run(serving.stop())
        if process.answers(settings):
            raise failure(f"A cloud answers at {settings.url}, and is no process of cumulet up: stop it first.")
        manifest, aside = archive.restore(settings, file.absolute(), known, stamp(SystemClock().now()))
    except (archive.CannotRestore, OSError) as problem:
        raise failure(str(problem)) from None
    console.print(f"The cloud is as it was at {manifest.made_at[:19]}Z.", highlight=False)
    if aside is not None:
        console.print(f"What was there is in {aside}.", highlight=False, soft_wrap=True)
    console.print("Next: cumulet up; then cumulet restore-check shows what hosts have that this database does not know.")
