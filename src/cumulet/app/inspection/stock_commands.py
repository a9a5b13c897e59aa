"""`cumulet restore-check` and `cumulet quarantine …`: they ask the running cloud, as its administrator."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from ..config import Config
from ..terminal import ConfigOption, StateOption, configuration, console, failure
from .asking import JsonOption, ask, print_json

if TYPE_CHECKING:
    from .checked import Checked

TRIES = 30
"""Seconds for an agent to register again after it may; it tries every other second."""

quarantine_app = typer.Typer(no_args_is_help=True, help="Disks that were deleted, or set aside because nobody knows them.")


def restore_check(
    apply: Annotated[
        bool, typer.Option("--apply", help="Let hosts accept this database, and set aside what it does not know.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit log.")] = "restored from a backup",
    as_json: JsonOption = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Compare hosts with the database, after an older one was restored. Ends with 1 if they differ, or a host refuses work.

    Without --apply nothing changes. With it hosts that refuse the database accept it. Disks of servers and volumes that it does not
    know go into quarantine and stay there until somebody releases or purges them; those that a guest has now stay in place. No
    guest is stopped.
    """
    from .checked import Checked

    settings = configuration(config, state)
    if apply:
        for refused in [host for host in _checked(settings) if host.refused]:
            _readmit(settings, refused.host_id, reason)
        for host in _checked(settings):
            if host.compared is not None and not host.refused:
                _set_aside(settings, host)
    found = ask(settings, "GET", "host-checks")
    hosts = msgspec.convert(found["hosts"], list[Checked])
    if as_json:
        print_json(found)
    else:
        from .stock_terminal import show

        show(console, hosts)
    differs = any(host.refused or host.compared is None or host.compared.differs for host in hosts)
    raise typer.Exit(1 if differs else 0)


def _checked(settings: Config) -> list[Checked]:
    from .checked import Checked

    return msgspec.convert(ask(settings, "GET", "host-checks")["hosts"], list[Checked])


def _readmit(settings: Config, host_id: str, reason: str) -> None:
    done = ask(settings, "POST", f"host-checks/{quote(host_id)}/readmit", {"reason": reason})
    for _ in range(TRIES):
        if not any(host.refused for host in _checked(settings) if host.host_id == host_id):
            break
        time.sleep(1)
    else:
        raise failure(f"Host {host_id} may register again and has not within {TRIES} s: is its agent running?")
    console.print(f"Host {host_id} accepts this database; {done['epochs']} epochs were raised.", highlight=False, soft_wrap=True)


def _set_aside(settings: Config, host: Checked) -> None:
    done = ask(settings, "POST", f"host-checks/{quote(host.host_id)}/set-aside")["set_aside"]
    for owner in done:
        console.print(f"Set aside on {host.hostname}: the disks of {owner}.", highlight=False, soft_wrap=True)


@quarantine_app.command("list")
def list_quarantine(as_json: JsonOption = False, state: StateOption = None, config: ConfigOption = None) -> None:
    """Every disk in quarantine, oldest first on each host."""
    from rich.table import Table

    found = ask(configuration(config, state), "GET", "quarantine")
    if as_json:
        print_json(found)
        return
    table = Table("object", "of", "kind", "MiB", "since", "until")
    for one in found["quarantine"]:
        until = "you decide" if one["held"] else "purged by age"
        table.add_row(one["object_id"], one["owner"], one["kind"], f"{one['size'] / (1 << 20):.1f}", one["since"][:19] + "Z", until)
    console.print(table if found["quarantine"] else "Nothing is in quarantine.")


@quarantine_app.command("release")
def release(object_id: str, state: StateOption = None, config: ConfigOption = None) -> None:
    """Put a disk back in its place, for the server or volume that it belongs to."""
    settings = configuration(config, state)
    one = _found(settings, object_id)
    ask(settings, "POST", f"quarantine/{quote(one['host_id'])}/{quote(object_id)}/release")
    console.print(f"The {one['kind']} of {one['owner']} is back in its place.", highlight=False, soft_wrap=True)


@quarantine_app.command("purge")
def purge(
    object_id: str,
    sure: Annotated[bool, typer.Option("--yes", help="The data is lost.")] = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Remove a disk for good."""
    settings = configuration(config, state)
    one = _found(settings, object_id)
    if not sure:
        raise failure(f"The {one['kind']} of {one['owner']} would be lost. If that is wanted, add --yes.")
    ask(settings, "DELETE", f"quarantine/{quote(one['host_id'])}/{quote(object_id)}")
    console.print(f"The {one['kind']} of {one['owner']} is gone.", highlight=False, soft_wrap=True)


def _found(settings: Config, object_id: str) -> dict[str, Any]:
    for one in ask(settings, "GET", "quarantine")["quarantine"]:
        if one["object_id"] == object_id:
            found: dict[str, Any] = one
            return found
    raise failure(f"No object {object_id} is in quarantine. All of them: cumulet quarantine list")
