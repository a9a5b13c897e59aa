"""Well-known images at their publishers' addresses, with the checksums that they publish beside them.

Addresses are without scheme: they are fetched by https, or from a mirror that has the same paths.
"""

from __future__ import annotations

import asyncio
import hashlib
import platform
import re
import tempfile
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from msgspec import Struct
from rich.console import Console

from ..operator.client import BLOCK, Client
from .bars import bar
from .files import ADDED, KEPT, Wanted, add

TIMEOUT = 60.0
_LARGEST_LIST = 1 << 20
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_LINES = (
    re.compile(r"(?P<hash>[0-9a-fA-F]{32,128})\s+[ *]?(?P<name>\S+)"),
    re.compile(r"\w+ \((?P<name>[^)]+)\) = (?P<hash>[0-9a-fA-F]{32,128})"),
)
"""`HASH  NAME`, as sha256sum writes it, and `SHA256 (NAME) = HASH`."""


class CannotAdd(Exception):
    """The image could not be got as its publisher meant it; the message says why."""


class Entry(Struct, frozen=True):
    """An image: in which folder of which host, the file, the file with checksums, their algorithm, and what it is.

    `{arch}` stands for x86_64 or aarch64, `{deb}` for amd64 or arm64.
    """

    folder: str
    file: str
    sums: str
    algorithm: str
    properties: dict[str, str]


def _os(distro: str, version: str) -> dict[str, str]:
    return {"os_distro": distro, "os_version": version}


_DEBIAN, _UBUNTU = "cloud.debian.org/images/cloud", "cloud-images.ubuntu.com/releases"
CATALOGUE = {
    "debian-12": Entry(
        f"{_DEBIAN}/bookworm/latest", "debian-12-genericcloud-{deb}.qcow2", "SHA512SUMS", "sha512", _os("debian", "12")
    ),
    "debian-13": Entry(
        f"{_DEBIAN}/trixie/latest", "debian-13-genericcloud-{deb}.qcow2", "SHA512SUMS", "sha512", _os("debian", "13")
    ),
    "ubuntu-22.04": Entry(
        f"{_UBUNTU}/jammy/release", "ubuntu-22.04-server-cloudimg-{deb}.img", "SHA256SUMS", "sha256", _os("ubuntu", "22.04")
    ),
    "ubuntu-24.04": Entry(
        f"{_UBUNTU}/noble/release", "ubuntu-24.04-server-cloudimg-{deb}.img", "SHA256SUMS", "sha256", _os("ubuntu", "24.04")
    ),
    "cirros": Entry("download.cirros-cloud.net/0.6.3", "cirros-0.6.3-{arch}-disk.img", "MD5SUMS", "md5", _os("cirros", "0.6.3")),
    "rocky-9": Entry(
        "dl.rockylinux.org/pub/rocky/9/images/{arch}",
        "Rocky-9-GenericCloud.latest.{arch}.qcow2",
        "Rocky-9-GenericCloud.latest.{arch}.qcow2.CHECKSUM",
        "sha256",
        _os("rocky", "9"),
    ),
    "almalinux-9": Entry(
        "repo.almalinux.org/almalinux/9/cloud/{arch}/images",
        "AlmaLinux-9-GenericCloud-latest.{arch}.qcow2",
        "CHECKSUM",
        "sha256",
        _os("almalinux", "9"),
    ),
}


def architecture() -> str:
    """This machine's, as the catalogue calls it."""
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())


class Source(Struct, frozen=True):
    """An entry for an architecture, at its publisher's or at a mirror's (`http://mirror/…`, before host and path)."""

    entry: Entry
    arch: str
    mirror: str = ""

    def url(self, file: str) -> str:
        """Where a file of the entry's folder is."""
        return self._filled(f"{self.mirror.rstrip('/') or 'https:/'}/{self.entry.folder}/{file}")

    @property
    def file(self) -> str:
        """The image's file name."""
        return self._filled(self.entry.file)

    def _filled(self, text: str) -> str:
        return text.format(arch=self.arch, deb=_ARCHITECTURES.get(self.arch, self.arch))


async def add_entry(client: Client, console: Console, name: str, source: Source, folder: Path) -> str:
    """Fetch an image into `folder`, compare it with its publisher's checksum, upload it for everybody to see, remove the file.

    Raises CannotAdd, RequestFailed.
    """
    digest = await asyncio.to_thread(published, source)
    property_ = f"catalogue_{source.entry.algorithm}"
    if (await client.get(f"/image/v2/images?status=active&visibility=all&{property_}={digest}"))["images"]:
        return KEPT
    properties: dict[str, Any] = {**source.entry.properties, "architecture": source.arch, property_: digest}
    with _place(folder) as place:
        path = Path(place) / source.file
        await asyncio.to_thread(_fetch, console, source, path, digest)
        try:
            await add(client, console, path, Wanted(name, "public", properties))
        except ValueError as problem:
            raise CannotAdd(str(problem)) from None
    return ADDED


def _place(folder: Path) -> tempfile.TemporaryDirectory[str]:
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="image-", dir=folder)


def published(source: Source) -> str:
    """The checksum that the publisher says the file has. Raises CannotAdd."""
    url = source.url(source.entry.sums)
    try:
        with urlopen(url, timeout=TIMEOUT) as answer:
            text = answer.read(_LARGEST_LIST).decode(errors="replace")
    except (URLError, OSError) as problem:
        raise CannotAdd(f"{url}: {problem}") from None
    for found in (pattern.fullmatch(line.strip()) for line in text.splitlines() for pattern in _LINES):
        if found and found["name"] == source.file:
            return str(found["hash"]).lower()
    raise CannotAdd(f"{url} has no checksum of {source.file}.")


def _fetch(console: Console, source: Source, path: Path, digest: str) -> None:
    url, hashed = source.url(source.entry.file), hashlib.new(source.entry.algorithm, usedforsecurity=False)
    try:
        with urlopen(url, timeout=TIMEOUT) as answer, path.open("wb") as file:
            size = answer.headers.get("Content-Length")
            with bar(console, f"{source.file} (download)", int(size) if size else None) as advance:
                while block := answer.read(BLOCK):
                    hashed.update(block)
                    file.write(block)
                    advance(block)
    except (URLError, OSError) as problem:
        raise CannotAdd(f"{url}: {problem}") from None
    if hashed.hexdigest() != digest:
        raise CannotAdd(f"{url} is not what its publisher says: {source.entry.algorithm} is {hashed.hexdigest()}, not {digest}.")
