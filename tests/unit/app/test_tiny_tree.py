"""A tree of files becomes what the kernel and the file system tools read."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cumulet.app.tiny.tree import Ext4, Tree

SETTINGS = Ext4(label="some-root", uuid="6f0ad3c4-7f0f-4a35-9d6c-6d2f3c1b8e51", size=16)
needs_e2fsprogs = pytest.mark.skipif(not shutil.which("debugfs", path="/usr/sbin:/sbin:/usr/bin"), reason="needs e2fsprogs")


def tree() -> Tree:
    """Some of everything."""
    made = Tree()
    made.file("/usr/bin/tool", b"#!/bin/sh\n", 0o4755)
    made.folder("/home/somebody", 0o700, owner=1000)
    made.link("/bin", "usr/bin")
    return made


def members(archive: bytes) -> dict[str, tuple[int, bytes]]:
    """Mode and content by name: an own reading of cpio(5)'s new ASCII format."""
    found, place = {}, 0
    while True:
        assert archive[place : place + 6] == b"070701"
        numbers = [int(archive[place + 6 + 8 * n : place + 14 + 8 * n], 16) for n in range(13)]
        size, length = numbers[6], numbers[11]
        name = archive[place + 110 : place + 110 + length - 1].decode()
        start = (place + 110 + length + 3) // 4 * 4
        if name == "TRAILER!!!":
            return found
        found[name] = (numbers[1], archive[start : start + size])
        place = (start + size + 3) // 4 * 4


def test_the_archive_holds_files_folders_and_links_parents_first() -> None:
    found = members(tree().as_cpio())
    assert list(found) == ["bin", "home", "home/somebody", "usr", "usr/bin", "usr/bin/tool"]
    assert found["usr/bin/tool"] == (0o104755, b"#!/bin/sh\n")
    assert found["home/somebody"] == (0o040700, b"")
    assert found["bin"] == (0o120777, b"usr/bin")


def test_a_link_does_not_replace_what_has_its_name() -> None:
    made = tree()
    made.link("/usr/bin/tool", "busybox")
    assert members(made.as_cpio())["usr/bin/tool"][1] == b"#!/bin/sh\n"


def test_scripts_of_an_overlay_are_programs_and_other_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/script").write_text("#!/bin/sh\n")
    (tmp_path / "etc/text").write_text("text\n")
    made = Tree()
    made.overlay(tmp_path)
    found = members(made.as_cpio())
    assert (found["etc/script"][0], found["etc/text"][0]) == (0o100755, 0o100644)


@needs_e2fsprogs
def test_the_file_system_has_exact_owners_and_modes_and_is_equal_each_time(tmp_path: Path) -> None:
    first = tree().as_ext4(tmp_path / "first", SETTINGS)
    second = tree().as_ext4(tmp_path / "second", SETTINGS)
    assert first.read_bytes() == second.read_bytes()
    assert inode(first, "/usr/bin/tool") == ("regular", "04755", "0")
    assert inode(first, "/home/somebody") == ("directory", "0700", "1000")
    assert inode(first, "/bin")[0] == "symlink"


def inode(image: Path, path: str) -> tuple[str, str, str]:
    """Kind, mode and owner, as debugfs shows them."""
    program = shutil.which("debugfs", path="/usr/sbin:/sbin:/usr/bin") or "debugfs"
    shown = subprocess.run([program, "-R", f"stat {path}", image], capture_output=True, text=True, check=True).stdout
    kind = re.search(r"Type: (\S+)", shown)
    mode = re.search(r"Mode: +(\S+)", shown)
    owner = re.search(r"User: +(\d+)", shown)
    assert kind
    assert mode
    assert owner
    return kind[1], mode[1], owner[1]
