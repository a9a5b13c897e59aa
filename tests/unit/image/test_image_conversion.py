"""Conversion by qemu-img, within its limits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cumulet.image.plugins.conversion import Limits, convert
from cumulet.image.settings import ImportSettings
from cumulet.kernel.errors import TooLarge, Unavailable, UnsupportedMedia
from support.images import image_cloud

pytestmark = pytest.mark.real
MIB = 1 << 20


def made(path: Path, form: str, size: int = 8 * MIB) -> bytes:
    """A disk with a mark in it."""
    raw = path.with_suffix(".raw")
    raw.write_bytes((b"mark" * 1024).ljust(size, b"\0"))
    subprocess.run(["qemu-img", "convert", "-O", form, raw, path], check=True)
    return raw.read_bytes()


def empty(path: Path, size: str) -> None:
    """A qcow2 with nothing in it."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, size], check=True)


async def unheard(percent: float) -> None:
    """Nobody wants to know how far it is."""


@pytest.mark.parametrize("form", ["qcow2", "vmdk", "vpc", "vhdx", "vdi"])
async def test_every_format_is_converted_to_raw(tmp_path, form):
    content, told = made(tmp_path / "image", form), []

    async def percents(percent: float) -> None:
        told.append(percent)

    await convert(tmp_path / "image", tmp_path / "out", ({"vpc": "vhd"}.get(form, form), "raw"), Limits(64 * MIB), percents)
    assert (tmp_path / "out").read_bytes()[: len(content)] == content
    assert told == sorted(told)
    assert told[-1] == 100


async def test_a_result_beyond_the_limit_is_given_up(tmp_path):
    made(tmp_path / "image", "qcow2")
    with pytest.raises(TooLarge):
        await convert(tmp_path / "image", tmp_path / "out", ("qcow2", "raw"), Limits(MIB), unheard)


async def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "image").write_bytes(b"not a qcow2" * 1000)
    with pytest.raises(UnsupportedMedia):
        await convert(tmp_path / "image", tmp_path / "out", ("qcow2", "raw"), Limits(MIB), unheard)


async def test_a_conversion_that_takes_too_long_is_killed(tmp_path):
    made(tmp_path / "image", "qcow2")
    with pytest.raises(Unavailable, match="seconds"):
        await convert(tmp_path / "image", tmp_path / "out", ("qcow2", "raw"), Limits(64 * MIB, 0), unheard)


async def imported(images, content: bytes):
    image = await images.make(images.client(), disk_format="qcow2")
    headers = {"Content-Type": "application/octet-stream"}
    client = images.client()
    assert (await client.put(f"/v2/images/{image['id']}/stage", content=content, headers=headers)).status_code == 204
    method = {"method": {"name": "glance-direct"}}
    assert (await client.post(f"/v2/images/{image['id']}/import", json=method)).status_code == 202
    await images.settle()
    return (await client.get(f"/v2/images/{image['id']}")).json()


async def test_an_imported_qcow2_becomes_raw(tmp_path):
    content = made(tmp_path / "image", "qcow2")
    settings = ImportSettings(plugins=("image_conversion",))
    async with image_cloud(tmp_path / "cloud", imports=settings) as images:
        done = await imported(images, (tmp_path / "image").read_bytes())
        assert (done["status"], done["disk_format"], done["size"]) == ("active", "raw", len(content))
        assert (await images.client().get(done["file"])).content == content
        assert len(images.everything()) == 1


async def test_a_huge_disk_in_a_small_file_is_refused_before_it_is_converted(tmp_path):
    empty(tmp_path / "image", "1T")
    settings = ImportSettings(plugins=("image_conversion",))
    async with image_cloud(tmp_path / "cloud", imports=settings, largest=64 * MIB) as images:
        assert (await imported(images, (tmp_path / "image").read_bytes()))["status"] == "queued"
        assert images.everything() == []
