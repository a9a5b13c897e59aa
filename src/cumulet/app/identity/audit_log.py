"""`cumulet audit-log`: who did what to what, from where, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from ...kernel.clock import seconds, stamp
from ..state.opening import with_database
from ..terminal import ConfigOption, StateOption, configuration, console, failure

if TYPE_CHECKING:
    from ...kernel.audit import Event, Sought
    from ...kernel.db import Database

FIELDS = {
    "user": "user_id",
    "project": "project_id",
    "target": "target_id",
    "service": "service",
    "action": "action",
    "outcome": "outcome",
    "until": "until",
    "since": "since",
}


def audit_log(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(help="NAME=VALUE of user, project, target, service, action, outcome, since, until.", show_default=False),
    ] = None,
    most: Annotated[int, typer.Option("--limit", help="How many, the newest.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One CADF event as JSON per line.")] = False,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Who did what to what, from where, and how it ended; the newest last."""
    from ...kernel import audit

    sought = _sought(wanted or [], most)

    async def read(db: Database) -> list[Event]:
        async with db.read() as tx:
            return await audit.page(tx, sought)

    found = with_database(configuration(config, state), read)
    if as_json:
        for event in found:
            print(msgspec.json.encode(audit.cadf(event)).decode())
        return
    for event in found:
        console.print(_line(event), highlight=False, soft_wrap=True, markup=False)


def _line(event: Event) -> str:
    about = f"user={event.user_id} target={event.target_id} address={event.address} request={event.request_id}"
    return f"{event.at[:19]}Z {event.outcome:<7} {event.action} {about}"


def _sought(wanted: list[str], most: int) -> Sought:
    from ...kernel.audit import Sought

    chosen = {}
    for part in wanted:
        name, _, value = part.partition("=")
        if name not in FIELDS or not value:
            raise failure(f"{part!r}: NAME=VALUE is expected, with one of {', '.join(FIELDS)} as the name.")
        chosen[FIELDS[name]] = value
    for name in {"since", "until"} & set(chosen):
        try:
            chosen[name] = stamp(seconds(chosen[name]))
        except ValueError:
            raise failure(f"{name}: {chosen[name]!r} is not a time as ISO 8601 writes it.") from None
    return msgspec.structs.replace(Sought(most=most), **chosen)
