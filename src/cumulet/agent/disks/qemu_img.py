"""Every call of qemu-img. Images come from strangers, so it runs with limits on memory and time."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from cumulet.kernel.process import ENDING_WITH_US, CommandFailed, run

from ..refusals import Refusal

_MEMORY = 1024**3  # bytes of address space
_FRUGAL = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "MALLOC_ARENA_MAX": "1"}
"""A heap for each thread would not fit into that address space."""

_QUICK, _LONG = 30, 4 * 3600  # seconds
_WITH_CEPH = 16 * 1024**3  # its libraries reserve address space for each of their many threads


class Info(Struct, frozen=True, rename="kebab"):
    """What qemu-img says of an image; sizes in bytes."""

    format: str
    virtual_size: int
    backing_filename: str | None = None
    format_specific: dict[str, object] | None = None


async def _qemu_img(*arguments: str, timeout: float = _QUICK, memory: int = _MEMORY) -> bytes:
    """Raises Refusal: no_space, in_use if another process has the image, or failed."""
    limits = (*ENDING_WITH_US, "prlimit", f"--as={memory}", f"--cpu={timeout:.0f}", "--")
    try:
        return await run(*limits, "qemu-img", *arguments, env=_FRUGAL, timeout=timeout)
    except CommandFailed as problem:
        raise _refusal(problem) from None
    except TimeoutError:
        message = f"qemu-img {arguments[0]} took longer than {timeout:.0f} s."
        raise Refusal(message, internal=" ".join(arguments)) from None


def _refusal(problem: CommandFailed) -> Refusal:
    said = problem.stderr
    if "No space left" in said or "Disk quota exceeded" in said:
        return Refusal("The host's disk is full.", code="no_space", internal=str(problem))
    if "lock" in said and "Is another process using the image" in said:
        return Refusal("Another process uses the disk.", code="in_use", internal=str(problem))
    return Refusal("qemu-img failed on the host.", internal=str(problem))


def _named(path: Path, form: str) -> str:
    """An image with its format, unambiguously: a name is never probed, nor read as a protocol."""
    return f"driver={form},file.driver=file,file.filename={str(path).replace(',', ',,')}"


async def info(path: Path, form: str) -> Info:
    """What the image is. Raises Refusal; in_use while a running guest writes to it."""
    said = await _qemu_img("info", "--output=json", "--image-opts", _named(path, form))
    return msgspec.json.decode(said, type=Info)


async def create(target: Path, size: int) -> None:
    """An empty qcow2 of `size` bytes. Raises Refusal."""
    await _qemu_img("create", "-q", "-f", "qcow2", str(target), str(size))


async def overlay(target: Path, base: Path, base_format: str, size: int) -> None:
    """A qcow2 of `size` bytes, or of the base's size if 0, which holds the differences to `base`. Raises Refusal."""
    sizes = [str(size)] if size else []
    await _qemu_img("create", "-q", "-f", "qcow2", "-b", str(base), "-F", base_format, str(target), *sizes)


async def copy(source: Path, form: str, target: Path) -> None:
    """A qcow2 with the whole content of `source`. Raises Refusal."""
    await _qemu_img("convert", "-q", "-m", "1", "-O", "qcow2", "--image-opts", _named(source, form), str(target), timeout=_LONG)


async def fill(source: Path, form: str, disk: dict[str, str]) -> None:
    """Write the whole content of `source` to a block image that is empty and large enough. Raises Refusal."""
    target = ",".join(["driver=raw", *(f"file.{name}={value.replace(',', ',,')}" for name, value in disk.items())])
    named = ("-m", "1", "-n", "--target-is-zero", "--image-opts", "--target-image-opts", _named(source, form), target)
    await _qemu_img("convert", "-q", *named, timeout=_LONG, memory=_WITH_CEPH)


async def grow(path: Path, form: str, size: int) -> None:
    """Make the image `size` bytes large. Raises Refusal."""
    await _qemu_img("resize", "-q", "-f", form, str(path), str(size))
