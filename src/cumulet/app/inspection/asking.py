"""How the operators' commands ask the running cloud."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
import typer

from ..config import Config
from ..operator import clouds_yaml
from ..operator.client import Client, RequestFailed
from ..terminal import failure

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def ask(settings: Config, method: str, path: str, body: Any = None) -> Any:
    """What the operators' API answers to the administrator. Ends the command, saying why, if it refuses or does not answer."""
    if not clouds_yaml.known(settings):
        raise failure(f"No cloud of {settings.state} answers at {settings.url}. Start one with: cumulet up")

    async def asking() -> Any:
        admin = await Client.log_in(settings.url, clouds_yaml.credentials(settings, "admin"))
        return await admin.call(method, f"/operator/v1/{path}", body)

    try:
        return asyncio.run(asking())
    except RequestFailed as problem:
        raise failure(str(problem)) from None


def print_json(found: Any) -> None:
    """Print an answer as it came."""
    typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
