"""A guest without a hypervisor: a network namespace whose eth0 is wired to a tap on the switch, as QEMU would do it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct

from cumulet.agent.ovs import netns
from cumulet.agent.ovs.rows import device_name
from cumulet.kernel.process import run
from cumulet.network.model import Port

_TUNSETIFF, _TAP_WITHOUT_HEADER = 0x400454CA, 0x1002


class FakeGuest:
    """The guest of one port. Its namespace is `name`; `remove` ends it."""

    def __init__(self, name: str, switch: str, port: Port) -> None:
        self.name = name
        self._switch = switch
        self._port = port
        self._wires: list[int] = []

    async def boot(self, mtu: int) -> None:
        """Make the namespace and its eth0, still without an address."""
        await netns.ensure(self.name)
        outer = await netns.inside(self._switch, lambda: _open_tap(device_name(self._port.id)))
        inner = await netns.inside(self.name, lambda: _open_tap("eth0"))
        self._wires = [outer, inner]
        loop = asyncio.get_running_loop()
        loop.add_reader(outer, _pass_on, outer, inner)
        loop.add_reader(inner, _pass_on, inner, outer)
        await netns.batch(self.name, [f"link set eth0 address {self._port.row.mac_address} mtu {mtu} up"])

    async def configure(self, address: str, router: str | None = None, metadata: str | None = None) -> None:
        """What a DHCP client would do with its lease."""
        routes = [f"route add default via {router}"] if router else []
        routes += [f"route add 169.254.169.254 via {metadata}"] if metadata else []
        await netns.batch(self.name, [f"addr add {address} dev eth0", *routes])

    async def remove(self) -> None:
        """Power off."""
        for wire in self._wires:
            asyncio.get_running_loop().remove_reader(wire)
            os.close(wire)
        self._wires = []
        await netns.remove(self.name)


class Echo:
    """A TCP server in a namespace that tells each client its name and the address from which it sees it, and then `bulk` dots."""

    def __init__(self, name: str, bulk: int = 0) -> None:
        self._name = name
        self._bulk = bulk

    async def start(self, namespace: str, address: str, port: int) -> asyncio.Server:
        """Listen in the namespace."""
        listening = await netns.inside(namespace, lambda: socket.create_server((address, port)))
        return await asyncio.start_server(self._tell, sock=listening)

    async def _tell(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{self._name} sees {writer.get_extra_info('peername')[0]}".encode() + b"." * self._bulk)
        await writer.drain()
        writer.close()


async def call(namespace: str, address: str, port: int, say: bytes = b"", timeout: float = 10) -> str:
    """What a TCP server answers to a client in the namespace. Raises TimeoutError when nothing comes back."""
    client = await netns.inside(namespace, socket.socket)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    answer = b""
    with client:
        async with asyncio.timeout(timeout):
            await loop.sock_connect(client, (address, port))
            await loop.sock_sendall(client, say)
            while chunk := await loop.sock_recv(client, 1 << 16):
                answer += chunk
    return answer.decode()


async def accepts(namespace: str, address: str, port: int, timeout: float = 1) -> bool:
    """Whether a TCP server there takes a connection from the namespace; not if it is refused, or nothing comes back."""
    client = await netns.inside(namespace, socket.socket)
    client.setblocking(False)
    with client:
        try:
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().sock_connect(client, (address, port))
        except OSError:  # TimeoutError is one
            return False
    return True


async def pings(namespace: str, address: str, seconds: int = 5) -> bool:
    """Whether an address answers within so many seconds."""
    try:
        await run("ip", "netns", "exec", namespace, "ping", "-c", "1", "-i", "0.2", "-w", str(seconds), address)
    except Exception:
        return False
    return True


def dhcp_offer(mac: str, timeout: float = 5) -> dict[int, bytes]:
    """The options of the DHCP offer on eth0, with the offered address as option 0. Call it inside the namespace."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    bootp = struct.pack("!BBBBIHH16x16s192xI", 1, 1, 6, 0, 7, 0, 0x8000, hardware, 0x63825363)
    bootp += bytes([53, 1, 1, 55, 5, 1, 3, 26, 121, 54, 255])
    udp = struct.pack("!HHHH", 68, 67, 8 + len(bootp), 0) + bootp
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    header = header[:10] + struct.pack("!H", _checksum(header)) + header[12:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as wire:
        wire.bind(("eth0", 0x0800))
        wire.settimeout(timeout)
        wire.send(b"\xff" * 6 + hardware + b"\x08\x00" + header + udp)
        while True:
            frame = wire.recv(2048)
            if frame[23] == 17 and frame[34:36] == struct.pack("!H", 67):
                return {0: frame[58:62], **_options(frame[282:])}


def _options(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        found[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return found


def _checksum(header: bytes) -> int:
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def _open_tap(device: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _TAP_WITHOUT_HEADER))
    return descriptor


def _pass_on(source: int, target: int) -> None:
    try:
        os.write(target, os.read(source, 1 << 16))
    except OSError:
        return  # a device that is down loses packets, as a cable does
