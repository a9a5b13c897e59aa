"""The comparison of hosts with the database, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from ...compute.operations.explain.differences import Compared, Missing, Unknown
from .checked import Checked


def show(console: Console, hosts: Sequence[Checked]) -> None:
    """Each host: whether it accepts the database, and every difference with what to do about it."""
    for host in hosts:
        console.print(f"[bold]{host.hostname}[/bold] ({host.host_id})", highlight=False, soft_wrap=True)
        for line in _lines(host):
            console.print(f"  {line}", highlight=False, soft_wrap=True)
    if any(host.refused for host in hosts):
        console.print("To let hosts accept this database: cumulet restore-check --apply")
    if not hosts:
        console.print("There are no hosts.")


def _lines(host: Checked) -> list[str]:
    lines = []
    if host.refused:
        lines.append(f"[red]refuses work:[/red] {host.refused}")
    if host.compared is None:
        return [*lines, "[red]its agent does not answer: nothing can be compared[/red]"]
    if not host.compared.differs:
        return [*lines, f"[green]{host.compared.servers} servers and {host.compared.disks} disks, as the database has them[/green]"]
    return [*lines, *_differences(host.compared)]


def _differences(found: Compared) -> list[str]:
    return [
        *(f"guest {guest.name}, {guest.state}: the database has no such server; it is left alone" for guest in found.guests),
        *(_unknown(unknown) for unknown in found.unknown),
        *(_missing(missing) for missing in found.missing),
        *(f"server {server_id} should run and does not: start it, or stop it through the API" for server_id in found.off),
        *(f"[red]server {server_id} runs here, and is on another host by the database[/red]" for server_id in found.elsewhere),
        *(f"{holder} holds a claim and is no server: cumulet audit" for holder in found.claims),
    ]


def _unknown(unknown: Unknown) -> str:
    what = ", ".join(f"{disk.kind} of {disk.size / (1 << 20):.0f} MiB" for disk in unknown.disks)
    where = "a guest has it now: it stays in place" if unknown.runs else "--apply sets it aside"
    return f"disks of {unknown.owner} ({what}): the database does not know whose they are; {where}"


def _missing(missing: Missing) -> str:
    has = [f"{len(missing.ports)} ports" if missing.ports else "", "a claim" if missing.claims else ""]
    more = f" (it has {' and '.join(word for word in has if word)})" if any(has) else ""
    name = f" {missing.name}" if missing.name else ""
    if missing.quarantined:
        back = "; ".join(f"cumulet quarantine release {object_id}" for object_id in missing.quarantined)
        return f"{missing.noun}{name} {missing.id}{more}: its disk is in quarantine: {back}; or delete the {missing.noun}"
    return f"[red]{missing.noun}{name} {missing.id}{more}: its disk is not on this host[/red]; delete it if its disk is lost"
