"""Kernel modules are found with all they need, in an order in which they can be loaded."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from cumulet.app.tiny.modules import Modules

SIGNATURE = b"signed" + bytes(8) + (6).to_bytes(4, "big") + b"~Module signature appended~\n"


@pytest.fixture
def modules(tmp_path: Path) -> Modules:
    """Four modules; `scsi_mod` is compressed, as newer releases of Debian have them, and `virtio` is signed."""
    folder = tmp_path / "6.1.0-test"
    folder.mkdir()
    (folder / "virtio.ko").write_bytes(b"code\0depends=\0" + SIGNATURE)
    (folder / "virtio_ring.ko").write_bytes(b"code\0depends=virtio\0")
    (folder / "virtio-scsi.ko").write_bytes(b"code\0alias=virtio:d8\0depends=scsi_mod,virtio-ring\0alias=other\0")
    (folder / "scsi_mod.ko.xz").write_bytes(lzma.compress(b"code\0depends=\0"))
    return Modules(folder)


def test_each_module_comes_after_what_it_needs(modules: Modules) -> None:
    assert modules.with_needs(("virtio-scsi", "virtio")) == ["scsi_mod", "virtio", "virtio_ring", "virtio_scsi"]


def test_what_is_built_into_the_kernel_is_left_out(modules: Modules) -> None:
    assert modules.with_needs(("ext4", "virtio")) == ["virtio"]


def test_signatures_and_compression_are_removed(modules: Modules) -> None:
    files = modules.files(("virtio_scsi",))
    assert files["/usr/lib/modules/6.1.0-test/virtio.ko"] == b"code\0depends=\0"
    assert files["/usr/lib/modules/6.1.0-test/scsi_mod.ko"] == b"code\0depends=\0"


def test_the_indexes_are_those_of_modprobe(modules: Modules) -> None:
    files = modules.files(("virtio_scsi",))
    needs = files["/usr/lib/modules/6.1.0-test/modules.dep"].decode().splitlines()
    assert needs[-1] == "virtio_scsi.ko: virtio_ring.ko virtio.ko scsi_mod.ko"
    aliases = files["/usr/lib/modules/6.1.0-test/modules.alias"].decode()
    assert aliases == "alias virtio:d8 virtio_scsi\nalias other virtio_scsi\n"
