"""`cumulet status`: whether the cloud runs, its hosts, and what needs an operator."""

from __future__ import annotations

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from ...compute.operations.explain.unmanaged import unmanaged
from ...kernel import workflow
from ...kernel.clock import SystemClock
from ...kernel.db import Reader
from ...kernel.db.protocol import MissingTable
from ...kernel.errors import Unavailable
from ...kernel.workflow import Active
from ...placement.operations import claims, hosts
from .. import findings
from ..config import Config
from ..state.opening import database
from . import process


class HostLine(Struct, frozen=True):
    """One host: what it sells and has sold."""

    name: str
    alive: bool
    enabled: bool
    memory: str
    vcpus: str
    unmanaged: int
    findings: list[str]


async def show(config: Config, console: Console) -> int:
    """Print it; 0 if nothing needs an operator, else 1."""
    up = process.daemon(config).alive() and process.answers(config)
    console.print(f"The cloud {'answers' if up else 'does not answer'} at {config.url}", highlight=False)
    if not config.database and not (config.state / "cumulet.db").exists():
        console.print(f"There is no cloud in {config.state}.", highlight=False)
        return 1
    db = database(config, SystemClock())
    try:
        async with db.read() as tx:
            lines = await _hosts(tx)
            unfinished, late = await workflow.list_unfinished(tx), await workflow.list_late(tx)
    except MissingTable:
        console.print("There is no cloud in the database.", highlight=False)
        return 1
    except Unavailable as problem:
        console.print(problem.message, highlight=False)
        return 1
    finally:
        await db.close()
    console.print(_hosts_table(lines))
    if unfinished:
        console.print(_workflow_table(unfinished, {w.id for w in late}))
    noticed = findings.recent(config, SystemClock().now())
    for text in [*(f"{line.name}: {text}" for line in lines for text in line.findings), *(finding.text for finding in noticed)]:
        console.print(f"[yellow]![/yellow] {text}", highlight=False, soft_wrap=True)
    troubled = late or noticed or any(not line.alive or line.findings for line in lines) or any(w.error for w in unfinished)
    return 0 if up and not troubled else 1


async def _hosts(tx: Reader) -> list[HostLine]:
    alive = {host.id for host in await hosts.alive(tx)}
    strangers = {found.host_id: len(found.guests) for found in await unmanaged(tx)}
    lines = []
    for host in await hosts.list(tx):
        usage = await claims.usage(tx, host.id)
        memory, vcpus = usage.get("MEMORY_MB"), usage.get("VCPU")
        lines.append(
            HostLine(
                host.hostname,
                host.id in alive,
                host.enabled,
                f"{memory.used} of {memory.capacity} MiB" if memory else "-",
                f"{vcpus.used} of {vcpus.capacity}" if vcpus else "-",
                strangers.get(host.id, 0),
                list(host.findings),
            )
        )
    return lines


def _hosts_table(lines: list[HostLine]) -> Table:
    table = Table("host", "agent", "claimed memory", "claimed vCPUs", "unmanaged guests", title="Hosts", title_justify="left")
    for line in lines:
        agent = ("[green]up[/green]" if line.alive else "[red]down[/red]") + ("" if line.enabled else ", disabled")
        table.add_row(line.name, agent, line.memory, line.vcpus, str(line.unmanaged))
    return table


def _workflow_table(unfinished: list[Active], late: set[str]) -> Table:
    table = Table("workflow", "resource", "step", "state", "trouble", title="Unfinished workflows", title_justify="left")
    for active in unfinished:
        trouble = "[red]late[/red] " if active.id in late else ""
        table.add_row(active.name, f"{active.kind} {active.resource_id}", active.step, active.state, trouble + (active.error or ""))
    return table
