"""What doctor finds on machines made of a few files."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from rich.console import Console

from cumulet.app.config import Config
from cumulet.app.machine import doctor
from cumulet.app.machine.doctor import Check
from cumulet.app.machine.packages import Machine

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LISTENING = "   0: 0100007F:224C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n"
CONNECTED = LISTENING.replace(" 0A ", " 01 ")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with 4 GiB on which nothing listens."""
    root = tmp_path / "root"
    (root / "proc/net").mkdir(parents=True)
    (root / "proc/meminfo").write_text("MemTotal: 8388608 kB\nMemAvailable:    4194304 kB\n")
    (root / "proc/net/tcp").write_text(HEAD + CONNECTED)
    return Machine(root, uid=1000)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(state=tmp_path / "state", fake=True)


async def find(name: str, config: Config, machine: Machine) -> Check:
    """The check of this name."""
    return next(check for check in await doctor.checks(config, machine) if check.name == name)


def listen(machine: Machine, command: str) -> None:
    """Let a process 99 of this command line listen on port 8780."""
    (machine.root / "proc/net/tcp").write_text(HEAD + LISTENING)
    (machine.root / "proc/99/fd").mkdir(parents=True)
    (machine.root / "proc/99/fd/3").symlink_to("socket:[4711]")
    (machine.root / "proc/99/cmdline").write_text(command.replace(" ", "\0"))


async def test_a_fake_cloud_needs_neither_root_nor_packages(config: Config, machine: Machine) -> None:
    found = await doctor.checks(config, machine)
    assert [check.name for check in found] == ["memory", "disk", "port 8780"]
    assert doctor.exit_code(found) == 0


async def test_too_little_memory_is_a_fault_and_little_is_a_hint(config: Config, machine: Machine) -> None:
    assert not (await find("memory", config, machine)).remedy
    (machine.root / "proc/meminfo").write_text("MemAvailable: 1572864 kB\n")
    hint = await find("memory", config, machine)
    assert (hint.ok, hint.detail) == (True, "1.5 GiB available")
    assert hint.remedy
    (machine.root / "proc/meminfo").write_text("MemAvailable: 524288 kB\n")
    assert not (await find("memory", config, machine)).ok


async def test_a_port_used_by_a_stranger_is_named_with_its_process(config: Config, machine: Machine) -> None:
    listen(machine, "nginx -g daemon")
    check = await find("port 8780", config, machine)
    assert not check.ok
    assert check.detail == "process 99 uses it: nginx -g daemon"


async def test_a_port_used_by_this_cloud_is_no_fault(config: Config, machine: Machine) -> None:
    listen(machine, "python3 -m cumulet.app.cli up --foreground")
    assert (await find("port 8780", config, machine)).ok


async def test_a_hidden_owner_of_the_port_is_still_a_fault(config: Config, machine: Machine) -> None:
    (machine.root / "proc/net/tcp6").write_text(HEAD + LISTENING)
    check = await find("port 8780", config, machine)
    assert (check.ok, check.detail) == (False, "another program uses it")


async def test_a_machine_which_is_not_fit_is_told_all_its_faults_at_once(tmp_path: Path, machine: Machine) -> None:
    found = await doctor.checks(Config(state=tmp_path), machine)
    faults = {check.name: check for check in found if not check.ok}
    assert {"root", "Debian packages", "TUN device"} <= set(faults)
    assert "--fake" in faults["root"].remedy
    assert doctor.exit_code(found) == 1


async def test_the_accelerator_is_never_taken_from_hearsay(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cumulet.agent.accelerator.EMULATOR", "/bin/false")
    config = Config(state=tmp_path)
    assert "neither vmx nor svm" in (await find("accelerator", config, machine)).detail
    (machine.root / "proc/cpuinfo").write_text("flags\t\t: fpu vmx\n")
    assert "cannot be used" in (await find("accelerator", config, machine)).detail
    (machine.root / "dev").mkdir()
    (machine.root / "dev/kvm").touch()
    assert "runs nothing" in (await find("accelerator", config, machine)).detail


async def test_daemons_of_an_earlier_run_are_named(tmp_path: Path, machine: Machine) -> None:
    config = Config(state=tmp_path / "state")
    run = config.state / "run"
    run.mkdir(parents=True)
    assert (await find("earlier run", config, machine)).detail == "nothing left"
    fields = await asyncio.to_thread(Path("/proc/self/stat").read_text)
    boot = await asyncio.to_thread(Path("/proc/sys/kernel/random/boot_id").read_text)
    start = fields.rsplit(")", 1)[1].split()[19]
    (run / "ovsdb.pid").write_text(f"{os.getpid()} {start} {boot}")
    (run / "northd.pid").write_text(f"{os.getpid()} {int(start) + 1} {boot}")
    check = await find("earlier run", config, machine)
    assert (check.ok, check.detail) == (True, "still there: ovsdb")
    assert "cumulet down" in check.remedy


async def test_an_installation_that_was_killed_is_noticed(tmp_path: Path, machine: Machine) -> None:
    policy = machine.root / "usr/sbin/policy-rc.d"
    policy.parent.mkdir(parents=True)
    policy.write_text("#!/bin/sh\n# Written by cumulet for the time of an installation.\nexit 101\n")
    check = await find("earlier installation", Config(state=tmp_path), machine)
    assert not check.ok
    assert check.remedy == f"rm {policy}"


def test_the_table_shows_faults_hints_and_remedies() -> None:
    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    found = [Check("one", True, "fine"), Check("two", True, "slow", "buy more"), Check("three", False, "broken", "repair it")]
    console.print(doctor.render(found))
    text = console.export_text()
    assert [line.split()[0] for line in text.splitlines()[1:]] == ["✓", "!", "✗"]
    assert "repair it" in text
