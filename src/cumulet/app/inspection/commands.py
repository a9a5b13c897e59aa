"""The commands: `cumulet explain`, `cumulet audit`, `cumulet overcommit`. They ask the running cloud, as its administrator.

What draws is imported where it is used: other commands start without it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

import msgspec
import typer

from ...kernel.clock import SystemClock, seconds, stamp
from ..terminal import ConfigOption, StateOption, configuration, console, failure
from .asking import JsonOption, ask, print_json

explain_app = typer.Typer(no_args_is_help=True, help="Why a host is full, why a server is where it is.")
overcommit_app = typer.Typer(no_args_is_help=True, help="Leave to overcommit a host: with an end, a reason and a name.")
_SPANS = {"m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"": 1.0, "K": 1 / 1024, "M": 1.0, "G": 1024.0, "T": 1024.0**2}


@explain_app.command("host")
def explain_host(
    host: str,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with drawings to this file.")] = None,
    as_json: JsonOption = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Every byte of a host: physical, reserved, sold, measured; and when a figure passed its limit."""
    from ...compute.operations.explain.hosts import HostExplained
    from . import page, terminal

    found = ask(configuration(config, state), "GET", f"hosts/{_quoted(host)}")
    explained = msgspec.convert(found, HostExplained)
    if html is not None:
        _write(html, page.page(explained))
    elif as_json:
        print_json(found)
    else:
        terminal.show_host(console, explained)


@explain_app.command("server")
def explain_server(server: str, as_json: JsonOption = False, state: StateOption = None, config: ConfigOption = None) -> None:
    """Why a server is on its host, what else was possible, and each step with its time."""
    from ...compute.operations.explain.servers import ServerExplained
    from . import terminal

    found = ask(configuration(config, state), "GET", f"servers/{_quoted(server)}")
    if as_json:
        print_json(found)
    else:
        terminal.show_server(console, msgspec.convert(found, ServerExplained))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as problem:
        raise failure(f"--html {path}: {problem.strerror}.") from None
    console.print(f"Written: {path}", highlight=False, soft_wrap=True)


def audit(
    what_if: Annotated[
        list[str] | None, typer.Option("--what-if", help="Try an option: memory_reserved=40G, vcpu_ratio=2, …")
    ] = None,
    recount: Annotated[str | None, typer.Option("--recount", help="Charge this project what its servers use.")] = None,
    as_json: JsonOption = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Recount every claim, quota and owner. Ends with 1 if something is wrong."""
    from ...compute.rules.recount import Audit
    from . import terminal

    settings = configuration(config, state)
    if recount is not None:
        print_json(ask(settings, "POST", f"projects/{_quoted(recount)}/recount"))
        return
    query = urlencode([_tried(option) for option in what_if or []])
    found = ask(settings, "GET", f"audit?{query}" if query else "audit")
    counted = msgspec.convert(found, Audit)
    if as_json:
        print_json(found)
    else:
        terminal.show_audit(console, counted)
    raise typer.Exit(1 if counted.findings else 0)


def _tried(option: str) -> tuple[str, str]:
    """`memory_reserved=40G` as the API takes it: MiB for memory, GiB for disk."""
    name, _, text = option.partition("=")
    found = re.fullmatch(r"([\d.]+)([KMGT]?)(i?B)?", text.strip())
    if found is None:
        raise failure(f"--what-if {option}: NAME=NUMBER is expected, with K, M, G or T behind a number of bytes.")
    number, unit = float(found.group(1)), found.group(2)
    if unit:
        number *= _SIZES[unit] / (1024 if name.startswith("disk") else 1)
    return name, f"{number:g}" if number < 1e6 else str(round(number))


@overcommit_app.command("grant")
def grant(
    host: str,
    ratio: Annotated[str, typer.Option(help="How much of what there is may be claimed: 1.2 is a fifth more. VCPU=6, DISK_GB=1.1.")],
    until: Annotated[str, typer.Option(help="When it ends: 2030-01-31T12:00, or 30m, 12h, 7d from now.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Let more of a host's memory, processors or disk be claimed than there is, for a while."""
    resource_class, number = _ratio(ratio)
    body = {"ratio": number, "until": _until(until), "reason": reason, "resource_class": resource_class}
    print_json(ask(configuration(config, state), "POST", f"hosts/{_quoted(host)}/grants", body))


def _ratio(text: str) -> tuple[str, float]:
    """A resource class and its ratio; of memory if no class is named."""
    name, equals, number = text.rpartition("=")
    try:
        return name.upper() if equals else "MEMORY_MB", float(number)
    except ValueError:
        raise failure(f"--ratio {text}: a number is expected, or CLASS=NUMBER such as VCPU=6.") from None


def _until(text: str) -> str:
    """An instant, or a span from now, as an instant in UTC."""
    span = re.fullmatch(r"(\d+)([mhd])", text)
    try:
        return stamp(SystemClock().now() + int(span.group(1)) * _SPANS[span.group(2)] if span else seconds(text))
    except ValueError:
        raise failure(f"--until {text}: a time such as 2030-01-31T12:00, or 30m, 12h, 7d is expected.") from None


@overcommit_app.command("list")
def list_grants(as_json: JsonOption = False, state: StateOption = None, config: ConfigOption = None) -> None:
    """Every grant that was ever given, and whether it is in force."""
    found = ask(configuration(config, state), "GET", "grants")
    if as_json:
        print_json(found)
        return
    for each in found["grants"]:
        state_of = "in force" if each["in_force"] else ("revoked" if each["revoked_at"] else "ended")
        console.print(
            f"{each['id']} {state_of}: {each['resource_class']} × {each['ratio']:g} on {each['provider_id']} "
            f"until {each['until'][:19]}, by {each['granted_by']}: {each['reason']}",
            highlight=False,
            soft_wrap=True,
        )


@overcommit_app.command("revoke")
def revoke(grant_id: str, state: StateOption = None, config: ConfigOption = None) -> None:
    """End a grant now. What was claimed stays; nothing grows until it fits again."""
    print_json(ask(configuration(config, state), "DELETE", f"grants/{_quoted(grant_id)}"))


def _quoted(name: str) -> str:
    """A name as one part of a path. Servers undo the quoting of a slash before they look for the path."""
    if "/" in name:
        raise failure(f"{name} could not be found: no name or id has a slash.")
    return quote(name, safe="")
