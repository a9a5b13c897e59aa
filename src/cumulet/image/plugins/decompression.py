"""Decompression: gzip (RFC 1952), xz and zip, recognized by their first bytes. Memory stays bounded whatever the data says."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from ...kernel.errors import UnsupportedMedia
from ..bytestores import BLOCK

NAME = "image_decompression"

_XZ_MEMORY = 256 << 20
GZIP, XZ, ZIP = b"\x1f\x8b", b"\xfd7zXZ\x00", b"PK\x03\x04"


def recognized(head: bytes) -> Callable[[Iterator[bytes], Path | None], Iterator[bytes]] | None:
    """How bytes that begin like this are decompressed; None if that is not known."""
    known = {GZIP: _gzip, XZ: _xz, ZIP: _zip}
    return next((method for magic, method in known.items() if head.startswith(magic)), None)


def _gzip(blocks: Iterator[bytes], path: Path | None) -> Iterator[bytes]:
    """One gzip member after the other."""
    member, begun = zlib.decompressobj(wbits=31), False
    for block in blocks:
        waiting = block
        while waiting:
            begun = True
            try:
                out = member.decompress(waiting, BLOCK)
            except zlib.error as problem:
                raise _damaged(problem) from None
            if out:
                yield out
            waiting = member.unconsumed_tail
            if member.eof:
                waiting = member.unused_data.lstrip(b"\0")
                member, begun = zlib.decompressobj(wbits=31), False
    if begun:
        raise _damaged("it ends too early")


def _xz(blocks: Iterator[bytes], path: Path | None) -> Iterator[bytes]:
    """One xz stream."""
    stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY)
    for block in blocks:
        waiting = block
        while not stream.eof and (waiting or not stream.needs_input):
            try:
                out = stream.decompress(waiting, BLOCK)
            except lzma.LZMAError as problem:
                raise _damaged(problem) from None
            waiting = b""
            if out:
                yield out
    if not stream.eof:
        raise _damaged("it ends too early")


def _zip(blocks: Iterator[bytes], path: Path | None) -> Iterator[bytes]:
    """The one file in a zip archive; its list of files is at its end, so it must be a local file."""
    if path is None:
        raise UnsupportedMedia("A zip archive can be imported only where the staging store is a folder.")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) != 1:
                raise UnsupportedMedia(f"The zip archive has {len(names)} files; an image is one file.")
            with archive.open(names[0]) as file:
                while block := file.read(BLOCK):
                    yield block
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as problem:
        raise _damaged(problem) from None


def _damaged(problem: object) -> UnsupportedMedia:
    return UnsupportedMedia("The compressed image is damaged.", internal=str(problem))
