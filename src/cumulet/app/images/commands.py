"""The commands of `cumulet image`. What they do is in the modules beside this one; here they read options and show results."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ..config import Config
from ..operator import clouds_yaml
from ..operator.client import Client, RequestFailed
from ..terminal import ConfigOption, StateOption, configuration, console, failure

T = TypeVar("T")

image_app = typer.Typer(no_args_is_help=True, help="Images.")
metadefs_app = typer.Typer(no_args_is_help=True, help="Metadata definitions.")
image_app.add_typer(metadefs_app, name="metadefs")


def _as_admin(settings: Config, work: Callable[[Client], Awaitable[T]]) -> T:
    """Do something through the API as the administrator. Ends the command if the cloud refuses or does not answer."""

    async def logged_in() -> T:
        return await work(await Client.log_in(settings.url, clouds_yaml.credentials(settings, "admin")))

    try:
        if not clouds_yaml.known(settings):
            raise failure(f"There is no cloud in {settings.state}: name its folder with --state.")
        return asyncio.run(logged_in())
    except RequestFailed as problem:
        raise failure(str(problem)) from None


@metadefs_app.command("load")
def load_metadefs(
    sources: Annotated[list[Path], typer.Argument(help="JSON files, or folders of them.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace namespaces that are there already.")] = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Load metadata definitions, in the format that Glance ships its own in: one namespace a file."""
    from . import metadefs

    settings = configuration(config, state)
    try:
        documents = metadefs.documents(sources)
    except ValueError as problem:
        raise failure(str(problem)) from None
    loaded = _as_admin(settings, lambda client: metadefs.load(client, documents, replace))
    for path, outcome in loaded:
        console.print(f"  {path.name}: {outcome}", highlight=False)
    if any(outcome.startswith(metadefs.REFUSED) for _, outcome in loaded):
        raise typer.Exit(1)
