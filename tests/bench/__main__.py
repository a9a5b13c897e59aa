"""`make bench`: measures in one run, on hosts in memory, and prints each figure beside its budget.

Figures of one machine and one run can be compared with each other; between machines only the ratios can.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import httpx
import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from cumulet.app.cloud import Cloud
from cumulet.app.config import Config
from cumulet.app.server import settle

from . import images, ledger
from .identity import identity
from .measuring import Wire, cpu_each, figure, note, rows


def start_to_first_answer() -> None:
    """`cumulet up --fake --foreground` until the first answer, and what it weighs when idle."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        environment = {**os.environ, "CUMULET_PORT": "8799"}
        argv = [sys.executable, "-m", "cumulet.app.cli", "up", "--fake", "--foreground", "--state", folder]
        process = subprocess.Popen(argv, env=environment, stderr=subprocess.DEVNULL)
        try:
            while True:
                try:
                    httpx.get("http://127.0.0.1:8799/identity/v3")
                    break
                except httpx.TransportError:
                    time.sleep(0.005)
            note("start to first answer", time.perf_counter() - began, "s", 1.5)
            time.sleep(3)
            status = Path(f"/proc/{process.pid}/status").read_text()
            note("idle RSS", int(status.split("VmRSS:")[1].split()[0]) / 1024, "MiB", 120)
            before = _cpu(process.pid)
            time.sleep(5)
            note("idle CPU", (_cpu(process.pid) - before) / 5 * 100, "% of a core", 0.3)
        finally:
            process.terminate()
            process.wait()


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def requests(folder: Path) -> None:
    """The key requests, in this process."""
    cloud = await Cloud.open(Config(state=folder, fake=True, fake_hosts=8))
    await cloud.start()
    settle()
    password = (folder / "admin-password").read_text()
    user = {"name": "admin", "domain": {"id": "default"}, "password": password}
    scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
    auth = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    anonymous = Wire(cloud, "")
    note("token, warm password", await cpu_each(lambda: anonymous("POST", "/identity/v3/auth/tokens", auth), 300), "µs", 200)
    async with cloud.db.read() as tx:
        from cumulet.identity.model import DEFAULT_DOMAIN, Scope
        from cumulet.identity.store import projects, users

        admin = await users.find_by_name(tx, "admin", DEFAULT_DOMAIN)
        project = await projects.find_by_name(tx, "admin", DEFAULT_DOMAIN)
        assert admin is not None
        assert project is not None
        token = (await cloud.tokens.issue(tx, admin, ("password",), Scope("project", project.id))).token
    wire = Wire(cloud, token)
    await servers(wire, project.id)
    await list_images(wire)
    await identity(cloud, wire)
    await cloud.close()


async def servers(wire: Wire, project_id: str) -> None:
    """Servers on hosts in memory."""
    unlimited = {"quota_set": {"instances": -1, "cores": -1, "ram": -1}}
    await wire("PUT", f"/compute/v2.1/os-quota-sets/{project_id}", unlimited)
    flavor = {"flavor": {"name": "b1", "vcpus": 1, "ram": 64, "disk": 0, "id": "b1"}}
    await wire("POST", "/compute/v2.1/flavors", flavor)
    image = msgspec.json.decode(
        (await wire("POST", "/image/v2/images", {"name": "i", "disk_format": "raw", "container_format": "bare"}))[1]
    )
    await _upload(wire, image["id"])
    body = {"server": {"name": "s", "imageRef": image["id"], "flavorRef": "b1", "networks": "none"}}
    count = 200
    began, cpu = time.perf_counter(), time.process_time()
    wire._headers.append((b"openstack-api-version", b"compute 2.37"))
    ids = await create_many(wire, body, count)
    await until_active(wire, count)
    note("server create to ACTIVE", count / (time.perf_counter() - began), "/s", 300, at_least=True)
    note("server create to ACTIVE, CPU", (time.process_time() - cpu) / count * 1000, "ms", 2)
    note("GET one server", await cpu_each(lambda: wire("GET", f"/compute/v2.1/servers/{ids[0]}"), 500), "µs", 200)
    await create_many(wire, body, 1000 - count)
    await until_active(wire, 1000)
    for limit, budget in ((100, 0.4), (1000, 3.0)):
        took = await cpu_each(partial(wire, "GET", f"/compute/v2.1/servers/detail?limit={limit}"), 20)
        note(f"list {limit} servers, detail", took / 1000, "ms", budget)


async def list_images(wire: Wire) -> None:
    """Public images with tags and properties, seen by an administrator."""
    image = {"disk_format": "raw", "container_format": "bare", "visibility": "public", "tags": ["a", "b"], "os_distro": "debian"}
    for number in range(1000):
        await wire("POST", "/image/v2/images", {**image, "name": f"image {number}"})
    took = await cpu_each(lambda: wire("GET", "/image/v2/images?limit=1000"), 20)
    note("list 1000 images", took / 1000, "ms", 5)


async def create_many(wire: Wire, body: object, count: int) -> list[str]:
    """Ask for many servers, 16 clients at a time; their ids."""
    slots = asyncio.Semaphore(16)

    async def one() -> str:
        async with slots:
            return await _created(wire, body)

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def until_active(wire: Wire, count: int) -> None:
    """Return once `count` servers are ACTIVE and none is being built; looking costs little beside what is measured."""
    began = time.perf_counter()
    while await _servers(wire, "status=BUILD&limit=1"):
        await asyncio.sleep(0.01)
        if time.perf_counter() - began > 60:
            raise SystemExit("some servers are being built for more than a minute")
    active = len(await _servers(wire, "status=ACTIVE&limit=1000"))
    if active < count:
        raise SystemExit(f"only {active} of {count} servers became ACTIVE")


async def _servers(wire: Wire, query: str) -> list[object]:
    found: list[object] = msgspec.json.decode((await wire("GET", f"/compute/v2.1/servers?{query}"))[1])["servers"]
    return found


async def _created(wire: Wire, body: object) -> str:
    status, answer = await wire("POST", "/compute/v2.1/servers", body)
    if status != 202:
        raise SystemExit(f"a server could not be created: {status} {answer.decode()}")
    return str(msgspec.json.decode(answer)["server"]["id"])


async def _upload(wire: Wire, image_id: str) -> None:
    headers = wire._headers
    wire._headers = [h for h in headers if h[0] != b"content-type"] + [(b"content-type", b"application/octet-stream")]
    await wire("PUT", f"/image/v2/images/{image_id}/file", msgspec.Raw(b"0" * 4096))
    wire._headers = headers


def main() -> None:
    """Measure, print, fail if a budget is missed by more than half."""
    start_to_first_answer()
    images.measure(note, figure)
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(requests(Path(folder)))
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(ledger.measure(Path(folder), note))
    for what, value in ledger.upstream():
        rows.append((what, f"{value:,.2f} ms", "", True))
    table = Table("what", "measured", "budget", "")
    for what, value, budget, kept in rows:
        table.add_row(what, value, budget, "[green]✓[/green]" if kept else "[red]✗[/red]")
    Console().print(table)


if __name__ == "__main__":
    main()
