"""The commands of `cumulet image`. What they do is in the modules beside this one; here they read options and show results."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import quote

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


@image_app.command("import-dir")
def import_dir(
    folder: Annotated[Path, typer.Argument(help="Every image file in it is imported.")],
    private: Annotated[bool, typer.Option("--private", help="For administrators only, instead of for everybody.")] = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Make an image of every file in a folder. What is there already, by name and bytes, is left alone."""
    from . import files

    settings = configuration(config, state)
    try:
        paths = files.found_in(folder)
    except ValueError as problem:
        raise failure(str(problem)) from None
    visibility = "private" if private else "public"
    imported = _as_admin(settings, lambda client: files.import_folder(client, console, paths, visibility))
    for path, outcome in imported:
        console.print(f"  {path.name}: {outcome}", highlight=False)
    if any(outcome.startswith(files.REFUSED) for _, outcome in imported):
        raise typer.Exit(1)


@image_app.command("verify")
def verify_images(
    images: Annotated[list[str] | None, typer.Argument(help="Ids or names.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every image.")] = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Read images again and compare them with their hashes. Ends with 1 if any of them is not what it was."""
    from . import verify

    settings = configuration(config, state)
    if bool(images) == everything:
        raise failure("Name images, or give --all.")

    async def work(client: Client) -> list[verify.Checked]:
        return await verify.verify(client, console, await verify.find(client, images or []))

    checked = _as_admin(settings, work)
    wrong = [one for one in checked if one.finding and one.finding != verify.DEACTIVATED]
    for one in checked:
        console.print(f"  {one.name or one.id} ({one.id}): {one.finding or 'as it was'}", highlight=False, soft_wrap=True)
    console.print(f"{len(checked)} images, {len(wrong)} of them not as they were.", highlight=False)
    if wrong:
        raise typer.Exit(1)


@image_app.command("add")
def add_known(
    name: Annotated[str, typer.Argument(help="A name from the catalogue; see --list.")] = "",
    listing: Annotated[bool, typer.Option("--list", help="Show the catalogue.")] = False,
    arch: Annotated[str, typer.Option(help="x86_64 or aarch64. Default: this machine's.")] = "",
    mirror: Annotated[str, typer.Option(help="Before the publisher's host and path, instead of https://.")] = "",
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Add a well-known image, fetched from its publisher and compared with the checksum published there."""
    from . import catalogue

    if listing:
        for known, entry in catalogue.CATALOGUE.items():
            console.print(f"  {known:<14} {entry.folder}", highlight=False, soft_wrap=True)
        return
    if name not in catalogue.CATALOGUE:
        raise failure(f"The catalogue has no image {name!r}; it has {', '.join(catalogue.CATALOGUE)}.")
    settings = configuration(config, state)
    source = catalogue.Source(catalogue.CATALOGUE[name], arch or catalogue.architecture(), mirror)
    place = settings.state / "downloads"
    try:
        outcome = _as_admin(settings, lambda client: catalogue.add_entry(client, console, name, source, place))
    except catalogue.CannotAdd as problem:
        raise failure(str(problem)) from None
    console.print(f"  {name}: {outcome}", highlight=False)


@image_app.command("deleted")
def list_deleted(state: StateOption = None, config: ConfigOption = None) -> None:
    """Show the deleted images that can be brought back, and until when."""
    found = _as_admin(configuration(config, state), lambda client: client.get("/operator/v1/images/deleted"))["images"]
    for one in found:
        size = f"{one['size'] / (1 << 20):,.0f} MiB" if one["size"] is not None else "no bytes"
        until = one["purged_from"][:16].replace("T", " ")
        console.print(f"  {one['id']} {one['name'] or '-'}, {size}, kept until {until}", highlight=False, soft_wrap=True)
    console.print(f"{len(found)} deleted images.", highlight=False)


@image_app.command("restore")
def restore_images(
    images: Annotated[list[str], typer.Argument(help="Ids of deleted images.")],
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Bring deleted images back as they were, out of quarantine. Ends with 1 if one cannot be."""

    async def work(client: Client) -> int:
        return sum([await _restore(client, image) for image in images])

    if _as_admin(configuration(config, state), work):
        raise typer.Exit(1)


async def _restore(client: Client, image: str) -> bool:
    """Bring one back; whether that failed."""
    try:
        await client.call("POST", f"/operator/v1/images/{quote(image, safe='')}/restore")
    except RequestFailed as problem:
        console.print(f"  {image}: {problem}", highlight=False, soft_wrap=True)
        return True
    console.print(f"  {image}: restored", highlight=False)
    return False
