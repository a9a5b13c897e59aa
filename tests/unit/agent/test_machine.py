"""What an agent reads of its machine, and what it keeps on it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cumulet.agent.accelerator import boot_sector, has_virtualization
from cumulet.agent.identity import claim_identity, fingerprint, release_identity
from cumulet.agent.libvirt import console, strays
from cumulet.agent.libvirt.daemon import libvirtd, prepare, socket_of
from cumulet.agent.libvirt.devices import PATIENCE
from cumulet.agent.libvirt.facts import booted_at, host_model, memory_mb, processor_features, qemu_version
from cumulet.agent.libvirt.settings import HostSettings
from cumulet.agent.refusals import Refusal
from cumulet.kernel.process import run


def test_virtualization_is_a_flag_of_the_processor():
    assert has_virtualization("processor: 0\nflags\t\t: fpu vmx sse\n")
    assert has_virtualization("flags : svm")
    assert not has_virtualization("flags : fpu hypervisor\nmodel name: vmx\n")


def test_the_payload_is_a_boot_sector():
    payload = boot_sector()
    assert (len(payload), payload[-2:]) == (512, b"\x55\xaa")


def test_C8_a_hosts_identity_stays_and_its_name_is_no_part_of_it(tmp_path):
    first = claim_identity(tmp_path)
    release_identity(first)
    again = claim_identity(tmp_path)
    release_identity(again)
    assert (again.host_id, again.fingerprint) == (first.host_id, first.fingerprint)


def test_C8_two_agents_with_one_identity_are_refused(tmp_path):
    first = claim_identity(tmp_path)
    with pytest.raises(Refusal):
        claim_identity(tmp_path)
    release_identity(first)
    release_identity(claim_identity(tmp_path))


def test_F7_a_damaged_identity_is_not_replaced_by_a_new_one(tmp_path):
    (tmp_path / "host_id").write_text("")
    with pytest.raises(Refusal):
        claim_identity(tmp_path)
    assert (tmp_path / "host_id").read_text() == ""


def test_C8_other_hardware_has_another_fingerprint(tmp_path):
    (tmp_path / "a").write_text("board 1")
    before = fingerprint((tmp_path / "a", tmp_path / "absent"))
    (tmp_path / "a").write_text("board 2")
    assert fingerprint((tmp_path / "a", tmp_path / "absent")) != before


def test_memory_and_processor_are_read_from_the_kernel():
    assert memory_mb("MemTotal:  2048 kB\nMemFree: 1 kB\nMemAvailable:    1024 kB\n") == (2, 1)
    assert processor_features("processor : 0\nflags : sse fpu\nflags : other\n") == ["fpu", "sse"]
    assert qemu_version("QEMU emulator version 7.2.22 (Debian 1:7.2)") == 7_002_022
    model = "<domainCapabilities><cpu><mode name='host-model'><model>EPYC</model></mode></cpu></domainCapabilities>"
    assert host_model(model) == "EPYC"
    assert (booted_at("cpu  1 2\nbtime 1767225600\nprocesses 9\n"), booted_at("cpu 1\n")) == (1767225600.0, 0.0)


def test_a_console_is_read_from_its_end(tmp_path):
    log = tmp_path / "s1.log"
    log.write_bytes(b"one\r\ntwo\r\nthree \xff\r\n")
    assert console.read(log, 2) == "two\nthree �"
    assert console.read(log, 0) == ""
    assert console.read(log, None).startswith("one\n")
    assert console.read(tmp_path / "none.log", None) == ""


def test_a_console_that_grows_for_ever_keeps_its_last_mebibyte(tmp_path):
    log = tmp_path / "s1.log"
    with log.open("ab") as qemu:
        for part in (b"a", b"b", b"c"):
            qemu.write(part * console.KEPT)
            qemu.flush()
            console.trim(tmp_path)
        qemu.write(b"the end")
    console.trim(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2 * console.KEPT
    text = console.read(log, None)
    assert len(text) == console.KEPT
    assert text.endswith("ccthe end")
    console.remove(log)
    assert list(tmp_path.iterdir()) == []


def test_a_state_folder_with_a_long_path_is_refused_and_says_why(tmp_path):
    settings = HostSettings(state=tmp_path / ("x" * 100))
    with pytest.raises(Refusal, match="107"):
        socket_of(settings)


async def test_the_emulator_runs_one_thread_under_tcg_and_changes_nothing_else(tmp_path):
    settings = HostSettings(state=tmp_path, emulator=Path("/bin/echo"))
    prepare(settings, "11111111-2222-4333-8444-555555555555")
    said = await run(str(tmp_path / "qemu-tcg"), "-name", "a b", "-accel", "tcg,tb-size=32", "-accel", "kvm", "tcg")
    assert said.decode().strip() == "-name a b -accel tcg,tb-size=32,thread=single -accel kvm tcg"


async def test_the_emulator_waits_for_the_exporters_of_disks(tmp_path):
    prepare(HostSettings(state=tmp_path, emulator=Path("/bin/echo")), "11111111-2222-4333-8444-555555555555")
    plain, waiting, file = '{"driver":"nbd","export":"root"}', '{"driver":"nbd","reconnect-delay":9}', '{"driver":"file"}'
    for name in ("qemu-tcg", "qemu-kvm"):
        said = await run(str(tmp_path / name), *(word for node in (plain, waiting, file) for word in ("-blockdev", node)))
        nodes = [json.loads(word) for word in said.decode().strip().split("-blockdev ")[1:]]
        assert [node.get("reconnect-delay") for node in nodes] == [PATIENCE, 9, None]
        assert nodes[0]["export"] == "root"


def test_somebody_elses_libvirtd_is_not_started(tmp_path):
    assert libvirtd(HostSettings(state=tmp_path, socket=Path("/run/libvirt/libvirt-sock"))) is None


@pytest.fixture
def process(tmp_path):
    """Something like /proc, with one namespace per name."""
    (tmp_path / "uptime").write_text("1000.0 2000.0\n")

    def add(pid: int, comm: str, age: float, netns: str = "ours") -> None:
        folder = tmp_path / str(pid)
        (folder / "ns").mkdir(parents=True)
        (tmp_path / netns).touch()
        (folder / "ns" / "net").symlink_to(tmp_path / netns)
        (folder / "comm").write_text(comm + "\n")
        ticks = int((1000 - age) * os.sysconf("SC_CLK_TCK"))
        (folder / "stat").write_text(f"{pid} ({comm}) S " + "0 " * 18 + f"{ticks} 0\n")
        (folder / "cmdline").write_bytes(b"qemu\0-name\0guest=lost,debug-threads=on\0")
        (folder / "status").write_text("Name: x\nVmRSS:\t  204800 kB\n")

    return add


def test_C9_a_process_that_libvirt_does_not_know_is_counted(tmp_path, process):
    process(10, "qemu-system-x86", age=500)
    process(11, "qemu-system-x86", age=500)
    process(12, "qemu-system-x86", age=5)
    process(13, "qemu-system-x86", age=500, netns="another host's")
    process(14, "bash", age=500)
    found = strays.find({10}, tmp_path / "ours", tmp_path)
    assert [(guest.name, guest.memory_mb, guest.server_id) for guest in found] == [("process 11: lost", 200, None)]
