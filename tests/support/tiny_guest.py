"""A guest under QEMU's own emulation with everything a cloud would give it: disks, networks, a DHCP server, metadata."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

_SSH = "-q -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=10 -o LogLevel=ERROR"
_PROMPT = b" login: "


@dataclass
class Guest:
    """A running guest. `console` is what it wrote to its serial port before the login prompt."""

    process: asyncio.subprocess.Process
    folder: Path
    port: int
    console: str = ""

    async def ssh(self, command: str, *, password: str | None = None) -> str:
        """What `command` prints, as tempest would run it. Raises CalledProcessError with what it said."""
        options = ["-i", str(self.folder / "key"), "-o", "BatchMode=yes"]
        environment = dict(os.environ)
        if password is not None:
            answer = self.folder / "askpass"
            answer.write_text(f"#!/bin/sh\necho {shlex.quote(password)}\n")
            answer.chmod(0o700)
            options = ["-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1"]
            environment |= {"SSH_ASKPASS": str(answer), "SSH_ASKPASS_REQUIRE": "force"}
        line = f"set -eu -o pipefail; PATH=$PATH:/sbin:/usr/sbin; {command}"
        argv = ["ssh", *_SSH.split(), *options, "-p", str(self.port), "cirros@127.0.0.1", line]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*argv, stdout=pipe, stderr=pipe, env=environment)
        async with asyncio.timeout(20):
            output, errors = await process.communicate()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, output.decode(), errors.decode())
        return output.decode()

    async def press_power_button(self) -> int:
        """Send the ACPI event, wait until the machine is off, and return QEMU's status."""
        await self.qmp("system_powerdown")
        async with asyncio.timeout(20):
            return await self.process.wait()

    async def qmp(self, *commands: str | dict[str, object]) -> None:
        """Give QEMU commands, by name or as {"execute": ..., "arguments": ...}; raises AssertionError if it refuses one."""
        reader, writer = await asyncio.open_unix_connection(self.folder / "qmp")
        await reader.readline()
        for command in ("qmp_capabilities", *commands):
            writer.write(json.dumps({"execute": command} if isinstance(command, str) else command).encode())
            while "return" not in (answer := json.loads(await reader.readline())):
                assert "error" not in answer, answer
        writer.close()


@asynccontextmanager
async def running(image: Path, folder: Path, *devices: str, network: str = "") -> AsyncIterator[Guest]:
    """Boot `image`, which stays as it is, and wait for its login prompt.

    `devices` are QEMU's arguments; `network` is added to those of the first network.
    """
    port = free_port(socket.SOCK_STREAM)
    argv = ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=single", "-cpu", "qemu64", "-m", "128"]
    argv += ["-display", "none", "-serial", "stdio", "-qmp", f"unix:{folder}/qmp,server=on,wait=off"]
    argv += ["-drive", f"file={image},if=none,id=root,snapshot=on", "-device", "virtio-blk-pci,drive=root,bootindex=1"]
    argv += ["-netdev", f"user,id=first,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22{network}"]
    argv += ["-device", "virtio-net-pci,netdev=first", *devices]
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*argv, stdin=nothing, stdout=pipe, limit=1 << 20)
    guest = Guest(process, folder, port)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            guest.console = (await process.stdout.readuntil(_PROMPT)).decode(errors="replace")
        yield guest
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def make_key(folder: Path) -> str:
    """A new ssh key in `folder`; returns its public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    return (folder / "key.pub").read_text()


def free_port(kind: socket.SocketKind) -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def config_drive(folder: Path, files: dict[str, str], *, vfat: bool = False) -> Path:
    """A disk labelled config-2 with `files`, as ISO 9660 or vfat."""
    content, image = folder / "drive", folder / "drive.img"
    for name, text in files.items():
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / name).write_text(text)
    if vfat:
        image.write_bytes(bytes(4 << 20))
        subprocess.run(["mformat", "-i", image, "-v", "config-2", "::"], check=True)
        subprocess.run(["mcopy", "-s", "-i", image, *content.iterdir(), "::"], check=True)
    else:
        subprocess.run(["genisoimage", "-quiet", "-o", image, "-V", "config-2", "-r", "-J", content], check=True)
    return image


def metadata_service(folder: Path, answers: dict[str, str]) -> str:
    """A network option for `running`: 169.254.169.254 answers GET with `answers`, by path, and 404 to anything else."""
    program, table = folder / "metadata", folder / "metadata.json"
    table.write_text(json.dumps(answers))
    program.write_text(f"#!{sys.executable}\nANSWERS = {str(table)!r}\n{_METADATA}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f",net=169.254.169.0/24,guestfwd=tcp:169.254.169.254:80-cmd:{program}"


_METADATA = """
import json, sys
path = sys.stdin.readline().split()[1]
while sys.stdin.readline().strip(): pass
text = json.load(open(ANSWERS)).get(path)
status = "404 Not Found" if text is None else "200 OK"
body = (text or "").encode()
sys.stdout.buffer.write(f"HTTP/1.0 {status}\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n".encode() + body)
"""


class DhcpServer(asyncio.DatagramProtocol):
    """A network of one server: offers 10.7.0.5/24 with the options given, to whoever asks. Frames arrive as datagrams."""

    def __init__(self, options: dict[int, bytes]) -> None:
        self._options = {1: bytes([255, 255, 255, 0]), 54: _address("10.7.0.1"), 51: struct.pack("!I", 3600)} | options

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        """Answer a DISCOVER with an OFFER and a REQUEST with an ACK; ignore everything else on the wire."""
        if data[12:14] != b"\x08\x00" or data[23] != 17 or data[36:38] != b"\x00\x43":
            return
        question = data[42:]
        kind = {1: 2, 3: 5}.get(question[242])  # option 53 is the first one of udhcpc
        if kind is None:
            return
        head = b"\x02\x01\x06\x00" + question[4:16] + _address("10.7.0.5") + _address("10.7.0.1") + bytes(4)
        answer = (head + question[28:44]).ljust(236, b"\0") + b"\x63\x82\x53\x63"
        for code, value in {53: bytes([kind]), **self._options}.items():
            answer += bytes([code, len(value)]) + value
        self._transport.sendto(_frame(question[28:34], answer + b"\xff"), addr)


@asynccontextmanager
async def dhcp_network(options: dict[int, bytes]) -> AsyncIterator[list[str]]:
    """QEMU's arguments for a second network interface whose network has a `DhcpServer`."""
    ours, theirs = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    loop = asyncio.get_running_loop()
    endpoint = {"local_addr": ("127.0.0.1", ours), "remote_addr": ("127.0.0.1", theirs)}
    transport, _ = await loop.create_datagram_endpoint(lambda: DhcpServer(options), **endpoint)  # type: ignore[arg-type]
    try:
        wire = f"socket,id=second,udp=127.0.0.1:{ours},localaddr=127.0.0.1:{theirs}"
        yield ["-netdev", wire, "-device", "virtio-net-pci,netdev=second"]
    finally:
        transport.close()


def _address(text: str) -> bytes:
    return socket.inet_aton(text)


def _frame(destination: bytes, payload: bytes) -> bytes:
    udp = struct.pack("!HHHH", 67, 68, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
    head += _address("10.7.0.1") + _address("255.255.255.255")
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:]
    return destination + b"\x02\x00\x00\x00\x00\x01" + b"\x08\x00" + head + udp
