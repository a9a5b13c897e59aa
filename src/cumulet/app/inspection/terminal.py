"""Explanations as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ...kernel.clock import stamp
from .bars import HISTORY, LEGEND, STYLES, UNITS, Bar, amount, measured, sold

if TYPE_CHECKING:
    from ...compute.operations.explain.hosts import Held, HostExplained, Line
    from ...compute.operations.explain.servers import ServerExplained
    from ...compute.rules.recount import Audit

WIDTH = 72
"""How wide bars are, unless the terminal is narrower."""

LIMIT = "▲ limit"
_CALLED = {"used": "claimed", "own_use": "own use"}
_COLOURS = {"critical": "bold red", "error": "red", "warning": "yellow"}


def show_host(console: Console, explained: HostExplained) -> None:
    """A host: bars, figures with their sources, claims, and when a limit was passed."""
    state = ("[green]up[/green]" if explained.alive else "[red]down[/red]") + ("" if explained.enabled else ", disabled")
    console.print(f"[bold]{explained.hostname}[/bold] ({explained.host_id}), agent {state}", highlight=False)
    bars = [sold(explained, line) for line in explained.lines]
    found = measured(explained)
    for bar in [*bars, *([found] if found else [])]:
        console.print(_bar(bar, min(WIDTH, console.width)))
    if found is None:
        console.print("[yellow]The agent does not answer: nothing is measured.[/yellow]")
    console.print(_figures(explained.lines))
    _show_sources(console, explained.lines)
    console.print(_claims(explained))
    if explained.inside:
        console.print(_inside(explained))
    for grant in explained.grants:
        console.print(
            f"Overcommit is granted until {grant.until[:19]}: {grant.resource_class} × {grant.ratio:g}, "
            f"by {grant.granted_by}: {grant.reason}"
        )
    for guest in explained.unmanaged:
        console.print(f"[yellow]unmanaged[/yellow] guest {guest.name}: {guest.state}, {guest.memory_mb} MiB, {guest.vcpus} CPUs")
    _passings(console, explained)
    for text in explained.findings:
        console.print(f"[yellow]![/yellow] {text}", highlight=False)


def _bar(bar: Bar, space: int) -> RenderableType:
    line, legend = Text(no_wrap=True, overflow="crop"), Text()
    for part in bar.parts:
        width = max(1, round(part.amount * space / bar.whole))
        line.append("█" * width, STYLES[part.style][1])
    totals: dict[str, int] = {}
    for part in bar.parts:
        label = LEGEND.get(part.style, part.label)
        totals[label] = totals.get(label, 0) + part.amount
    legend.append("  ".join(f"{label} {amount(number, bar.unit)}" for label, number in totals.items()), "dim")
    title = Text(f"\n{bar.title}", "bold")
    if bar.limit is not None:
        mark = min(len(line.plain), space - len(LIMIT), round(bar.limit * space / bar.whole))
        return Group(title, line, Text(" " * max(0, mark - 1) + LIMIT), legend)
    return Group(title, line, legend)


def _figures(lines: list[Line]) -> Table:
    """A column for each resource class, so that it fits into a terminal of 80 columns."""
    table = Table("", *(line.resource_class for line in lines), title="Figures", title_justify="left")
    for figure in ("total", "reserved", "own_use", "unmanaged", "ratio", "limit", "used", "free"):
        table.add_row(_CALLED.get(figure, figure), *(_figure(line, figure) for line in lines))
    return table


def _figure(line: Line, figure: str) -> str:
    value = getattr(line, figure)
    if figure == "ratio":
        return f"{value:g}"
    text = amount(value, UNITS.get(line.resource_class, ""))
    return f"[red]{text}[/red]" if value < 0 else text


def _show_sources(console: Console, lines: list[Line]) -> None:
    """Which figures are from where; those that were set together are told together."""
    told: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        for source in line.sources:
            told.setdefault((source.since, source.by), []).append(f"{line.resource_class} {source.figure} ({source.source})")
    for (since, by), figures in sorted(told.items()):
        set_by = f"{since[:19]} {by}" if since else "before the history begins"
        console.print(f"[dim]{set_by}: {', '.join(figures)}[/dim]", highlight=False, soft_wrap=True)


def _claims(explained: HostExplained) -> Table:
    table = Table("claim", "CPUs", "memory", "of it QEMU", "disk", "RSS", "PSS", title="Claims", title_justify="left")
    for held in explained.claims:
        of = held.resources
        measured = ["-" if value is None else amount(value, "MiB") for value in (held.rss_mb, held.pss_mb)]
        cells = [str(of.get("VCPU", 0)), amount(of.get("MEMORY_MB", 0), "MiB"), amount(held.overhead_mb, "MiB")]
        table.add_row(_owner(held), *cells, amount(of.get("DISK_GB", 0), "GiB"), *measured)
    return table


def _inside(explained: HostExplained) -> Table:
    table = Table("below it", "class", "total", "reserved", "used", "free", "held", title="Cells and devices", title_justify="left")
    for inner in explained.inside:
        unit = "MiB" if inner.resource_class.endswith("MEMORY_MB") else ""
        figures = [amount(number, unit) for number in (inner.total, inner.reserved, inner.used, inner.free)]
        held = ", ".join(f"{holder.piece} {holder.name or holder.consumer_id}" for holder in inner.holders)
        table.add_row(inner.provider or explained.hostname, inner.resource_class, *figures, held)
    return table


def _owner(held: Held) -> str:
    if held.owner == "unknown":
        return f"[red]{held.consumer_id}: neither a server nor a move[/red]"
    return f"{held.name} {held.consumer_id[:8]}"


def _passings(console: Console, explained: HostExplained) -> None:
    if not explained.passings:
        console.print("No figure has passed its limit.")
    for passing in explained.passings:
        colour = "red" if passing.over_now else "dim"
        console.print(
            f"[{colour}]{passing.at[:19]}[/{colour}] {passing.resource_class} passed its limit: "
            f"{passing.used_before} of {passing.limit_before} before, {passing.used} of {passing.limit} after. By: {passing.cause}",
            highlight=False,
            soft_wrap=True,
        )
    if explained.history_since:
        console.print(f"[dim]{HISTORY.format(explained.history_since[:19])}[/dim]", highlight=False, soft_wrap=True)


def show_server(console: Console, explained: ServerExplained) -> None:
    """A server: where, why there, what else, and each step."""
    where = f"on {explained.hostname}" if explained.hostname else "on no host"
    console.print(f"[bold]{explained.name}[/bold] ({explained.server_id}) is {explained.state}, {where}", highlight=False)
    for host_id, resources in explained.claims.items():
        held = ", ".join(f"{number} {name}" for name, number in resources.items())
        console.print(f"It claims {held} of {explained.hosts.get(host_id, host_id)} (epoch {explained.epoch}).", highlight=False)
    for text in _held_inside(explained):
        console.print(text, highlight=False)
    if explained.move is not None:
        target = explained.hosts.get(explained.move.target_id, explained.move.target_id)
        console.print(f"It is being moved: {explained.move.kind} to {target}, begun {explained.move.begun_at}.")
    if explained.fault:
        console.print(f"[red]{explained.fault.get('message')}[/red] {explained.fault.get('details') or ''}", soft_wrap=True)
    _show_why(console, explained)
    console.print(f"\n[bold]Elsewhere, now[/bold]: of {explained.now.hosts} hosts", highlight=False)
    for removed in explained.now.removed:
        console.print(f"  {removed.count} {removed.reason}: {', '.join(removed.hosts[:10])}", highlight=False)
    console.print(f"  {len(explained.now.left)} could take it: {', '.join(explained.now.left[:10])}", highlight=False)
    _show_steps(console, explained)


def _held_inside(explained: ServerExplained) -> list[str]:
    held = explained.holding
    found = [f"It has the device {device.address} for itself." for device in held.devices]
    for number, cell in enumerate(held.cells):
        where = "" if cell.host_cell is None else f" in cell {cell.host_cell} of the host"
        pins = f", on the processors {', '.join(map(str, cell.pins))} of its own" if cell.pins else ""
        found.append(f"Its cell {number} has {cell.memory_mb} MiB and {len(cell.cpus)} processors{where}{pins}.")
    if held.bound:
        found.append(f"Its memory is in the cells {', '.join(map(str, held.bound))} of the host.")
    return found


def _show_why(console: Console, explained: ServerExplained) -> None:
    why = explained.why or {}
    if why.get("forced"):
        console.print("Why there: an administrator named the host.")
    if not why.get("hosts"):
        return
    more = " or more" if why.get("more") else ""
    console.print(f"\n[bold]Why there[/bold]: {why['suitable']}{more} hosts would do; the best by weight was taken.")
    for constraint in why.get("constraints", ()):
        console.print(f"  removed beforehand: hosts {constraint}", highlight=False)
    table = Table("host", "score", "weights", "free then")
    for host in why["hosts"]:
        weights = ", ".join(f"{name} {value:+g}" for name, value in host["parts"].items()) or "no difference"
        free = ", ".join(f"{number} {name}" for name, number in host["free"].items())
        table.add_row(explained.hosts.get(host["host_id"], host["host_id"]), f"{host['score']:g}", weights, free)
    console.print(table)


def _show_steps(console: Console, explained: ServerExplained) -> None:
    for story in explained.workflows:
        begun = story.created_at
        lasted = f"{story.finished_at - begun:.2f} s" if story.finished_at else "not finished"
        console.print(
            f"\n[bold]{story.name}[/bold] {stamp(begun)[:19]}: {story.state}, {lasted} {story.error or ''}", highlight=False
        )
        for step in story.steps:
            after = f"{step.at - begun:8.3f} s" if step.at else "         -"
            console.print(f"  {after}  {step.name} [red]{step.error or ''}[/red]", highlight=False)


def show_audit(console: Console, audit: Audit) -> None:
    """What was counted and what is wrong."""
    console.print(
        f"Recounted: {audit.claims} claims, {audit.servers} servers, {audit.hosts} hosts, the quota of {audit.projects} projects."
    )
    for finding in audit.findings:
        colour = _COLOURS[finding.severity]
        console.print(f"[{colour}]{finding.severity}[/{colour}] {finding.subject}: {finding.what}", highlight=False, soft_wrap=True)
        console.print(f"    cause: {finding.cause}\n    mend:  {finding.mend}", highlight=False, soft_wrap=True)
    if not audit.findings:
        console.print("[green]Everything adds up.[/green]")
