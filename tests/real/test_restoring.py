"""A backup, servers made after it, and the backup restored: hosts refuse it until an operator has looked (F7, D19)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from support.real_cloud import RealCloud, until
from support.real_project import Project

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


async def test_F7_a_restored_backup_is_refused_compared_and_accepted_while_guests_run_on(cloud: RealCloud, tmp_path: Path) -> None:
    project = Project(cloud.demo, cloud.admin)
    network = (await project.first("/network/v2.0/networks?name=private"))["id"]
    hello = (await project.first("/compute/v2.1/servers?name=^hello$"))["id"]
    backup = tmp_path / "cloud.backup"
    said = await cloud.must("backup", str(backup))
    assert ("keys and passwords" in said, backup.stat().st_mode & 0o777) == (True, 0o600)
    later = await project.server("later", network)
    await project.becomes(later, "ACTIVE", 120)
    volume = (await cloud.demo.call("POST", "/volume/v3/volumes", {"volume": {"size": 1}}))["volume"]["id"]
    file = cloud.state / "agent" / "volumes" / f"{volume}.qcow2"
    await until(lambda: asyncio.to_thread(file.exists), "the volume's file", 60)
    await asyncio.sleep(6)  # the next heartbeat, which is what tells this backup from the database as it is
    emulators = {server: cloud.emulator(server) for server in (hello, later)}
    uptime = float((await cloud.ssh("cat /proc/uptime")).split()[0])

    assert "as it was at" in await cloud.must("restore", str(backup))
    assert "refuses work" in await cloud.up()
    refused = await cloud.command("restore-check")
    assert refused.status == 1
    for told in ("refuses work", f"cumulet-{later}", f"disks of {later}", f"disks of {volume}", "restore-check --apply"):
        assert told in refused.text, refused.text
    assert file.exists()

    applied = await cloud.command("restore-check", "--apply", "--reason", "the disk of the controller was lost")
    assert "accepts this database" in applied.text, applied.text
    assert "refuses work" not in applied.text
    assert not file.exists()
    assert {server: cloud.emulator(server) for server in (hello, later)} == emulators
    assert float((await cloud.ssh("cat /proc/uptime")).split()[0]) > uptime

    project = Project(cloud.demo, cloud.admin)
    another = await project.server("another", network)
    await project.becomes(another, "ACTIVE", 120)
    listed = await cloud.must("quarantine", "list")
    assert (volume in listed, "you decide" in listed) == (True, True)
    object_id = next(line.split("│")[1].strip() for line in listed.splitlines() if volume in line)
    await cloud.must("quarantine", "release", object_id)
    assert file.exists()
    assert "the disk of the controller was lost" in await cloud.must("audit-log", "action=operator.host.readmit", "--json")
    await project.delete(another)
