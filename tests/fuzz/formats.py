"""Mutated images for the format inspectors: `python -m tests.fuzz.formats [COUNT [SEED]]`.

Heads and tails of every known format are damaged in the ways that find mistakes: bytes and fields are overwritten, lengths and
offsets become extreme, pieces of other formats are inserted, ends are cut off. Whatever comes of it, an inspection must return,
must read little, and must say something that can be said. A finding prints the seed that repeats it.
"""

from __future__ import annotations

import os
import random
import resource
import struct
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.support.images import qcow2

from cumulet.image.formats import Found, inspect, objection, virtual_size

FORMATS = {"raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso", "qed", "luks", "gpt"}
DECLARED = ("raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso", "ami", "ploop")
MOST_READS, MOST_BYTES = 200, 4 << 20
"""What one inspection may read at most: with this, no header can make it slow or large."""

EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
TEXTS = (
    b"KDMV",
    b"conectix",
    b"vhdxfile",
    b"CD001",
    b"QFI\xfb",
    b"\x7f\x10\xda\xbe",
    b"LUKS\xba\xbe",
    b"\x55\xaa",
    b"/etc/passwd",
    b"\n",
)
HEAD = 0x8000 + 2048


class Finding(Exception):
    """An inspection that did what none may do."""


def _guid(text: str) -> bytes:
    first, second, third, *rest = text.split("-")
    return b"".join(bytes.fromhex(g)[::-1] for g in (first, second, third)) + bytes.fromhex("".join(rest))


def _vhdx() -> bytes:
    image = bytearray(320 << 10)
    image[:8] = b"vhdxfile"
    region = _guid("8B7CA206-4790-4B9A-B8FE-575F050F886E") + struct.pack("<QII", 256 << 10, 1 << 20, 1)
    image[192 << 10 : (192 << 10) + 16 + len(region)] = b"regi" + struct.pack("<III", 0, 1, 0) + region
    entries = _guid("CAA16737-FA36-4D43-B3B6-33F0AA44E76B") + struct.pack("<III", 65536, 8, 0) + bytes(4)
    entries += _guid("2FA54224-CD1B-4876-B211-5DBED83BF4B8") + struct.pack("<III", 65544, 8, 0) + bytes(4)
    image[256 << 10 : (256 << 10) + 32 + len(entries)] = (b"metadata" + struct.pack("<HH", 0, 2)).ljust(32, b"\0") + entries
    return bytes(image)


def _vmdk(directory_at: int) -> bytes:
    head = struct.pack("<4sIIQQQQIQQ", b"KDMV", 1, 3, 2048, 128, 1, 20, 512, 0, directory_at).ljust(512, b"\0")
    text = b'# Disk DescriptorFile\ncreateType="streamOptimized"\nRW 2048 SPARSE "disk.vmdk"\nddb.adapterType = "ide"\n'
    return head + text.ljust(10240, b"\0") + head + bytes(512)


def samples() -> list[bytes]:
    """A good image of every format."""
    footer = (b"conectix".ljust(48, b"\0") + struct.pack(">QII", 4096, 0, 2)).ljust(512, b"\0")
    descriptor = (b"\x01CD001\x01".ljust(80, b"\0") + struct.pack("<I", 100)).ljust(128, b"\0") + struct.pack("<H", 2048)
    vdi = bytes(0x40) + b"\x7f\x10\xda\xbe" + bytes(8) + struct.pack("<I", 1) + bytes(0x170 - 0x50) + struct.pack("<Q", 1 << 20)
    partitions = bytes([0x80, 0, 2, 0, 0x83, 0, 0, 0]) + struct.pack("<II", 1, 2047)
    return [
        qcow2(),
        qcow2(version=2),
        _vmdk(21),
        _vmdk((1 << 64) - 1),
        _vhdx(),
        vdi.ljust(1024, b"\0"),
        footer + bytes(2048) + footer,
        bytes(4096) + footer,
        bytes(0x8000) + descriptor.ljust(2048, b"\0"),
        b"LUKS\xba\xbe\x00\x01" + bytes(4096),
        bytes(446) + partitions.ljust(64, b"\0") + b"\x55\xaa" + bytes(4096),
        b"QED\0" + bytes(60),
        bytes(2048),
    ]


def mutants(seed: int, count: int) -> Iterator[bytes]:
    """That many damaged images; the same seed gives the same ones."""
    chance = random.Random(seed)
    good = samples()
    for _ in range(count):
        image = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 6)):
            _damage(chance, image, good)
        yield bytes(image)


def _damage(chance: random.Random, image: bytearray, good: list[bytes]) -> None:
    # Most of what matters is in the first bytes, some of it in sector 16, in tables, and at the end.
    at = chance.choice(
        (chance.randrange(128), chance.randrange(1024), chance.randrange(HEAD), max(len(image) - 1 - chance.randrange(1536), 0))
    )
    match chance.randrange(7):
        case 0:
            image[at : at + 1] = bytes([chance.randrange(256)])
        case 1:
            _put(image, at, struct.pack(chance.choice("<>") + "Q", chance.choice(EXTREMES)))
        case 2:
            _put(image, at, struct.pack(chance.choice("<>") + "I", chance.choice(EXTREMES) & 0xFFFFFFFF))
        case 3:
            _put(image, at, chance.choice(TEXTS))
        case 4:
            del image[chance.randrange(len(image) + 1) :]
        case 5:
            other = chance.choice(good)
            _put(image, at, other[: chance.randrange(1, 600)])
        case _:
            _put(image, at, chance.randbytes(chance.randrange(1, 64)))


def _put(image: bytearray, at: int, piece: bytes) -> None:
    image[at : at + len(piece)] = piece


def check(image: bytes, descriptor: int | None = None) -> Found:
    """Inspect an image as an upload does: its beginning first, then all of it; from a file if there is one. Raises Finding."""
    reads, read = 0, 0

    def look(offset: int, count: int) -> bytes:
        nonlocal reads, read
        data = image[offset : offset + count] if descriptor is None else os.pread(descriptor, count, offset)
        reads, read = reads + 1, read + len(data)
        return data

    for size in (None, len(image)):
        found = inspect(look, size)
        if found.format not in FORMATS or (found.danger is not None and not found.danger.isprintable()):
            raise Finding(f"it says {found}")
        for declared in DECLARED:
            objection(declared, found, complete=size is not None)
            virtual_size(declared, found, len(image))
    if reads > MOST_READS or read > MOST_BYTES:
        raise Finding(f"it read {read} bytes in {reads} pieces")
    return found


def fuzz(seed: int, count: int, through_files: bool = False) -> dict[str, int]:
    """Inspect that many mutants; how many were found to be what. Raises whatever an inspection raises, naming the mutant."""
    kinds: dict[str, int] = {}
    with tempfile.TemporaryFile() as file:
        for number, image in enumerate(mutants(seed, count)):
            try:
                if through_files:
                    file.truncate(0)
                    os.pwrite(file.fileno(), image, 0)
                found = check(image, file.fileno() if through_files else None)
            except Exception as problem:
                raise Finding(f"mutant {number} of seed {seed}: {type(problem).__name__}: {problem}") from problem
            kind = f"{found.format}{', refused' if found.danger else ''}"
            kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def main(count: int = 100_000, seed: int = 1) -> None:
    """Fuzz, and show what came of it."""
    began, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kinds = fuzz(seed, count, through_files=True)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    print(f"{count} mutants of seed {seed}: no finding; {time.process_time() - began:.1f} s of CPU, {grown:.1f} MiB more memory")
    for kind, number in sorted(kinds.items()):
        print(f"  {kind:<18} {number:>8}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
