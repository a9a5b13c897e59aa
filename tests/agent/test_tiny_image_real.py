"""The tiny guest image: built from Debian packages, booted by QEMU, used over ssh."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cumulet.app import tiny
from support import tiny_guest

pytestmark = pytest.mark.real

SCRIPT = '#!/bin/sh\necho "by $(id -un)" > /etc/made-by-user-data\n'
WHO = ("cirros", "root", "cirros")
DRIVE = "virtio-blk-pci,drive=config"


@pytest.fixture
def key(tmp_path: Path) -> str:
    return tiny_guest.make_key(tmp_path)


def facts(key: str, name: str) -> str:
    """meta_data.json of a server called `name`, with characters that a careless reader of JSON would trip over."""
    keys = {'my {own} key, \\ "quoted"': key}
    return json.dumps({"uuid": f"id-of-{name}", "hostname": f"{name}.example.org", "public_keys": keys, "devices": []})


@pytest.fixture
async def guest(tiny_image: Path, key: str, tmp_path: Path) -> AsyncIterator[tiny_guest.Guest]:
    """A guest with a config drive, a second network with DHCP, and room to plug something in."""
    files = {"openstack/latest/meta_data.json": facts(key, "drivetest"), "openstack/latest/user_data": SCRIPT}
    drive = tiny_guest.config_drive(tmp_path, files)
    options = {26: b"\x05\x50", 121: bytes([32, 169, 254, 169, 254, 10, 7, 0, 2, 0, 10, 7, 0, 1]), 3: bytes([10, 7, 0, 9])}
    async with tiny_guest.dhcp_network(options | {6: bytes([10, 7, 0, 3])}) as second:
        devices = ["-drive", f"file={drive},format=raw,if=none,id=config,readonly=on", "-device", DRIVE, *second]
        devices += ["-device", "pcie-root-port,id=spare,slot=1"]
        async with tiny_guest.running(tiny_image, tmp_path, *devices) as running:
            yield running


def test_the_image_is_found_made_and_made_equal_again(tiny_image: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    assert tiny.build(tiny_image.parent / "work", tiny_image, steps.append) == tiny_image
    assert steps[-1] == "found in the cache"
    again = tiny.build(tiny_image.parent / "work", tmp_path / "again.qcow2", steps.append)
    assert "making the root file system" in steps
    assert again.read_bytes() == tiny_image.read_bytes()


async def test_a_guest_becomes_what_its_config_drive_says(guest: tiny_guest.Guest, tmp_path: Path) -> None:
    assert "facts from config drive" in guest.console
    assert guest.console.endswith("drivetest login: ")
    assert (await guest.ssh("cat /etc/made-by-user-data")).strip() == "by root"
    assert (await guest.ssh("hostname; id -un; sudo id -un; sudo -u cirros id -un")).split() == ["drivetest", *WHO]
    assert (await guest.ssh("ping -c1 -w1 -s56 127.0.0.1 >&2; hostname", password="gocubsgo")).strip() == "drivetest"
    lines = (await guest.ssh("lsblk -lb --nodeps")).splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "vda", "vdb"]
    assert lines[1][lines[0].index("TYPE") :].startswith("disk")
    mounted = "sudo mount $(blkid -L config-2 -o device) /mnt; sudo cat /mnt/openstack/latest/user_data; sudo umount /mnt"
    assert await guest.ssh(mounted) == SCRIPT
    await check_second_network(guest)
    await check_netcat(guest)
    await check_new_disk(guest, tmp_path)
    assert await guest.press_power_button() == 0


async def check_second_network(guest: tiny_guest.Guest) -> None:
    """Address, MTU and classless routes come from DHCP; option 3 is ignored because there is option 121."""
    seen = await guest.ssh("ip addr show dev eth1; ip route show dev eth1; cat /etc/resolv.conf")
    for wanted in ("10.7.0.5/24", "mtu 1360", "169.254.169.254 via 10.7.0.2", "default via 10.7.0.1", "nameserver 10.7.0.3"):
        assert wanted in seen
    assert "10.7.0.9" not in seen
    await guest.ssh("sudo /bin/kill -USR1 $(cat /var/run/udhcpc.eth1.pid)")
    again = "sudo cirros-dhcpc down eth1; ip -4 -o addr >&2; sudo cirros-dhcpc up eth1; ip -4 -o addr show dev eth1"
    assert "10.7.0.5/24" in await guest.ssh(again)


async def check_netcat(guest: tiny_guest.Guest) -> None:
    """A listener that answers every caller over TCP, and one over UDP."""
    for flag, calls in (("", 2), ("-u", 1)):
        listen = f"sudo nc {flag} -p 1234 -lk -e echo foolish >/dev/null 2>&1 & true"
        # The listener takes a while to come, and is away for a moment after each caller.
        call = f"i=0; until echo bar | nc -w 1 {flag} 127.0.0.1 1234 | grep foolish || [ $((i+=1)) -gt 20 ]; do usleep 200000; done"
        assert (await guest.ssh(f"{listen}{calls * f'; {call}'}")).split() == calls * ["foolish"]


async def check_new_disk(guest: tiny_guest.Guest, tmp_path: Path) -> None:
    """A disk plugged in while the guest runs can be formatted, mounted and written."""
    volume = tmp_path / "volume.raw"
    os.close(os.open(volume, os.O_CREAT))
    os.truncate(volume, 64 << 20)
    block = {"driver": "raw", "node-name": "volume", "file": {"driver": "file", "filename": str(volume)}}
    device = {"driver": "virtio-blk-pci", "drive": "volume", "bus": "spare", "serial": "a-serial", "id": "disk"}
    await guest.qmp({"execute": "blockdev-add", "arguments": block}, {"execute": "device_add", "arguments": device})
    appeared = "until grep -q vdc /proc/partitions; do usleep 100000; done; cat /sys/block/vdc/serial"
    assert await guest.ssh(appeared) == "a-serial"
    for kind in ("ext4", "vfat"):
        written = f"sudo mkfs -t {kind} /dev/vdc >&2; sudo mount /dev/vdc /mnt; sudo sh -c 'echo {kind} > /mnt/f; sync'"
        assert (await guest.ssh(f"{written}; cat /mnt/f; sudo umount /mnt")).strip() == kind


async def test_a_config_drive_may_be_vfat(tiny_image: Path, key: str, tmp_path: Path) -> None:
    files = {"openstack/latest/meta_data.json": facts(key, "fattest"), "openstack/latest/user_data": "#cloud-config\n"}
    drive = tiny_guest.config_drive(tmp_path, files, vfat=True)
    scsi = ["-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=config"]
    devices = ["-drive", f"file={drive},format=raw,if=none,id=config", *scsi]
    async with tiny_guest.running(tiny_image, tmp_path, *devices) as guest:
        assert "not a script" in guest.console
        assert (await guest.ssh("hostname")).strip() == "fattest"
        assert "\nsda " in await guest.ssh("lsblk -S")


async def test_without_a_config_drive_the_metadata_service_is_asked(tiny_image: Path, key: str, tmp_path: Path) -> None:
    openstack = {"/openstack/latest/meta_data.json": facts(key, "asking"), "/openstack/latest/user_data": SCRIPT}
    ec2 = {"instance-id": "i-1", "local-hostname": "asking", "public-keys/": "0=k", "public-keys/0/openssh-key": key}
    old = {f"/latest/meta-data/{name}": text for name, text in ec2.items()} | {"/latest/user-data": SCRIPT}

    async def ask(answers: dict[str, str], folder: Path) -> None:
        service = tiny_guest.metadata_service(folder, answers)
        async with tiny_guest.running(tiny_image, folder, network=service) as guest:
            assert "facts from metadata service" in guest.console
            assert await guest.ssh("hostname; cat /etc/made-by-user-data") == "asking\nby root\n"
            assert await guest.ssh(f"curl http://169.254.169.254{list(answers)[-1]}") == SCRIPT

    await asyncio.gather(ask(openstack, tmp_path), ask(old, sibling(tmp_path)))


def sibling(folder: Path) -> Path:
    """Another folder with the same key."""
    return Path(shutil.copytree(folder, folder.with_name(folder.name + "-2")))
