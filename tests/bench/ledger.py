"""Placement's figures: candidates among 10,000 hosts of two NUMA cells each, and claims on nearly full hosts."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx

from cumulet.kernel.db import Sqlite, Tx, metadata
from cumulet.kernel.errors import NoCapacity
from cumulet.kernel.http import Application, Request
from cumulet.kernel.ids import derived_uuid
from cumulet.kernel.policy import Actor, Policy
from cumulet.placement import api
from cumulet.placement.model import Inventory, Provider
from cumulet.placement.operations.ledger import moves
from cumulet.placement.policy import DEFAULTS
from cumulet.placement.store import inventories, providers, traits

HOSTS, CELLS = 10_000, 2
TRAITS = ("HW_CPU_X86_AVX2", "HW_CPU_X86_SSE", "HW_CPU_X86_AESNI")
QUERY = (
    "/placement/allocation_candidates?limit={limit}&resources=DISK_GB:10&resources_CELL=VCPU:2,MEMORY_MB:1024"
    "&required=" + ",".join(TRAITS[:2]) + "&required_CELL=" + TRAITS[2]
)
Note = Callable[..., None]
VENV = Path(os.environ.get("PLACEMENT_VENV", Path(__file__).parents[2] / ".venv-placement"))


async def measure(folder: Path, note: Note) -> None:
    """Fill databases and note the figures. Every second host has all of the three traits."""
    await _candidates(folder, note)
    await _claims(folder, note)


async def _candidates(folder: Path, note: Note) -> None:
    db = Sqlite(folder / "candidates.db", durable=False)
    await db.create(metadata)
    async with db.tx() as tx:
        for number in range(HOSTS):
            await _tree(tx, number)

    gc.collect()
    gc.freeze()  # as the server does at its start

    async def authenticate(token: str, request: Request) -> Actor:
        return Actor(user_id="admin", project_id="admin", roles=frozenset({"admin"}), is_admin=True)

    app = Application([api.service()], db, {"placement": Policy(DEFAULTS)}, authenticate, "")
    headers = {"X-Auth-Token": "t", "OpenStack-API-Version": "placement 1.39"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench", headers=headers) as client:
        for limit, budget in ((10, 20), (1000, 150)):
            took = await _median(partial(_asked, client, limit))
            note(f"candidates, {HOSTS:,} hosts × {CELLS} cells, limit={limit}", took * 1000, "ms", budget)
    await db.close()


async def _asked(client: httpx.AsyncClient, limit: int) -> None:
    answer = await client.get(QUERY.format(limit=limit))
    assert len(answer.json()["allocation_requests"]) == limit, answer.text[:500]


async def _median(work: Callable[[], Awaitable[object]], times: int = 7) -> float:
    """Seconds of CPU: other work on the machine does not count."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        await work()
        taken.append(time.process_time() - began)
    return sorted(taken)[times // 2]


async def _tree(tx: Tx, number: int) -> None:
    root = derived_uuid("bench", str(number))
    await providers.add(tx, Provider(root, f"host{number}", 0, None, root, tx.stamp, tx.stamp))
    await inventories.put(tx, [_stock(root, "DISK_GB", 1000, tx.stamp)])
    await traits.put(tx, root, list(TRAITS[: 1 + number % 2]))
    for cell in range(CELLS):
        identity = derived_uuid("bench", str(number), str(cell))
        await providers.add(tx, Provider(identity, f"host{number} cell{cell}", 0, root, root, tx.stamp, tx.stamp))
        await inventories.put(tx, [_stock(identity, "VCPU", 32, tx.stamp), _stock(identity, "MEMORY_MB", 131072, tx.stamp)])
        await traits.put(tx, identity, [TRAITS[2]])


def _stock(provider_id: str, name: str, total: int, stamp: str) -> Inventory:
    return Inventory(provider_id, name, total, 0, 1, total, 1, 1.0, "api", "api", "api", stamp)


async def _claims(folder: Path, note: Note, hosts: int = 100, wanted: int = 1000) -> None:
    """1,000 claims at once on 100 hosts that have room for 900: what is granted is exactly that."""
    db = Sqlite(folder / "claims.db")
    await db.create(metadata)
    ids = [derived_uuid("claims", str(number)) for number in range(hosts)]
    async with db.tx() as tx:
        for number, identity in enumerate(ids):
            await providers.add(tx, Provider(identity, f"h{number}", 0, None, identity, tx.stamp, tx.stamp))
            stock = {"VCPU": 64, "MEMORY_MB": 9 * 1024 + 512}
            await inventories.put(tx, [_stock(identity, name, total, tx.stamp) for name, total in stock.items()])
    granted = 0

    async def claim(number: int) -> None:
        nonlocal granted
        try:
            async with db.tx() as tx:
                wish = moves.Wish(ids[number % hosts], {"VCPU": 1, "MEMORY_MB": 1024}, "p", "u")
                await moves.place(tx, f"server{number}", wish)
            granted += 1
        except NoCapacity:
            return

    began = time.perf_counter()
    await asyncio.gather(*(claim(number) for number in range(wanted)))
    took = time.perf_counter() - began
    assert granted == hosts * 9, granted
    note(f"claims, {wanted} at once, {hosts} hosts", wanted / took, "/s", 500, at_least=True)
    await db.close()


def upstream() -> list[tuple[str, float]]:
    """The same queries to upstream's placement, in milliseconds of CPU; nothing if scripts/compat.sh has not installed it."""
    if not (VENV / "complete").exists():
        return []
    queries = {limit: QUERY.format(limit=limit) for limit in (10, 1000)}
    argv = [str(VENV / "bin" / "python"), str(Path(__file__).with_name("upstream.py")), str(HOSTS), str(CELLS), *queries.values()]
    told = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()
    return [(f"the same, upstream's placement, limit={limit}", float(took)) for limit, took in zip(queries, told, strict=True)]
