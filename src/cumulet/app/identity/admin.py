"""`cumulet bootstrap` and `cumulet admin …`: how an operator gets in who cannot log in any more."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...kernel import ids
from ..config import Config
from ..operator import clouds_yaml
from ..state.opening import ended_well, with_database
from ..terminal import ConfigOption, StateOption, configuration, console, failure

if TYPE_CHECKING:
    from ...identity.model import User
    from ...kernel.db import Database

ADMIN = "admin"

admin_app = typer.Typer(no_args_is_help=True, help="For operators who cannot log in any more.")

ResetOption = Annotated[
    bool, typer.Option("--reset-password", help="Set the administrator's password to that in the state folder.")
]
PromptOption = Annotated[bool, typer.Option("--prompt", help="Ask for the password instead of drawing one.")]


@admin_app.callback()
def _several() -> None:
    """For operators who cannot log in any more."""


def bootstrap(
    reset: ResetOption = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Make or repair what an administrator needs: domain, project, user, roles, catalog. Twice is as good as once."""
    from ...identity.operations import repair
    from .. import cloud, wire

    settings = configuration(config, state)

    async def run() -> list[str]:
        db, rings = await cloud.prepared_database(settings)
        try:
            password = cloud.read_or_make_secret(_file(settings, ADMIN))
            hashed = await rings.tokens.passwords.hash(password) if reset else None
            async with db.tx() as tx:
                return await repair.repair(tx, repair.Wanted(settings.region, wire.endpoints(settings), hashed))
        finally:
            await db.close()

    done = ended_well(run)
    clouds_yaml.write(settings)
    console.print("\n".join(f"Repaired: {what}." for what in done) or "Nothing needed repair.", highlight=False, soft_wrap=True)


@admin_app.command("reset-password")
def reset_password(
    user: Annotated[str, typer.Argument(help="id, name, or name@domain.")] = ADMIN,
    prompt: PromptOption = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Give a user another password, enable and unlock them. Every token of theirs is void."""
    from ...identity.operations import explaining, repair
    from ...identity.passwords import Passwords

    settings = configuration(config, state)
    password = typer.prompt("New password", hide_input=True, confirmation_prompt=True) if prompt else ids.secret_text()

    async def work(db: Database) -> User:
        hashed = await Passwords(db.clock).hash(password)
        async with db.tx() as tx:
            found = await explaining.user_named(tx, user)
            await repair.reset_password(tx, found, hashed)
            return found

    found = with_database(settings, work)
    kept = _keep(settings, found, password)
    told = f"It is in {kept}." if kept else "" if prompt else f"It is: {password}"
    console.print(f"User {found.name} ({found.id}) has another password. {told}", highlight=False, soft_wrap=True, markup=False)


def _file(settings: Config, name: str) -> Path:
    return settings.state / f"{name}-password"


def _keep(settings: Config, user: User, password: str) -> Path | None:
    """The state folder holds the passwords of the users that the cloud itself has made."""
    path = _file(settings, user.name)
    if user.domain_id != "default" or path.parent != settings.state or not path.exists():  # a name may hold slashes
        return None
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC, 0o600)
    except OSError as problem:
        raise failure(f"{path}: {problem.strerror}. The password was changed; it is: {password}") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
    clouds_yaml.write(settings)
    return path
