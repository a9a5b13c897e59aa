"""A tree of files with exact owners and modes, whoever builds it: held in memory, written as cpio archive or ext4."""

from __future__ import annotations

import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cumulet.app.tiny import tools


@dataclass(frozen=True)
class Node:
    """A file, folder or symbolic link. `data` is a file's content or a link's target; owner 0 is root."""

    mode: int
    data: bytes = b""
    owner: int = 0


@dataclass(frozen=True)
class Ext4:
    """What an ext4 file system is made with. `size` is in MiB."""

    label: str
    uuid: str
    size: int


class Tree:
    """Files by path, `/` first; parents come into being on their own."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}

    def folder(self, path: str, mode: int = 0o755, owner: int = 0) -> None:
        """Add a folder, or change the one that is there."""
        self._add_parents(path)
        self._nodes[path] = Node(stat.S_IFDIR | mode, owner=owner)

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Add a file, in place of what was there."""
        self._add_parents(path)
        self._nodes[path] = Node(stat.S_IFREG | mode, data)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link unless something is there: the first to claim a name keeps it."""
        self._add_parents(path)
        self._nodes.setdefault(path, Node(stat.S_IFLNK | 0o777, target.encode()))

    def overlay(self, folder: Path) -> None:
        """Add all files below `folder`; those that begin with `#!` are programs."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                self.file(f"/{path.relative_to(folder)}", data, 0o755 if data.startswith(b"#!") else 0o644)

    def as_cpio(self) -> bytes:
        """The tree as cpio archive in the `newc` format, which the kernel unpacks as its first file system."""
        records = [_cpio_record(path[1:], node, number) for number, (path, node) in enumerate(self._sorted(), start=1)]
        archive = b"".join(records) + _cpio_record("TRAILER!!!", Node(0), 0)
        return archive + bytes(-len(archive) % 512)

    def as_ext4(self, image: Path, settings: Ext4) -> Path:
        """Write the tree into `image` as a new ext4 file system. Raises tools.Failed."""
        with image.open("wb") as file:
            file.truncate(settings.size << 20)
        # Without the newest features, so that any tool can read it; the journal keeps it sound through power loss.
        options = f"hash_seed={settings.uuid},lazy_itable_init=0,lazy_journal_init=0,nodiscard,root_owner=0:0"
        features = "^metadata_csum,^64bit,^resize_inode"
        command = ["mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-J", "size=4", "-O", features, "-E", options]
        tools.run([*command, "-L", settings.label, "-U", settings.uuid, str(image)])
        with tempfile.TemporaryDirectory(dir=image.parent) as scratch:
            script = "\n".join(self._debugfs_lines(Path(scratch))) + "\n"
            said = tools.run(["debugfs", "-w", "-f", "-", str(image)], text=script)
        # It ends with status 0 whatever happens: what it says beyond the usual is a complaint.
        usual = ("debugfs 1", "debugfs: ", "Allocated inode:", "Setting current time")
        problems = [line for line in said.splitlines() if line and not line.startswith(usual)]
        if problems:
            raise tools.Failed("debugfs: " + "; ".join(problems[:5]))
        return image

    def _add_parents(self, path: str) -> None:
        for parent in PurePosixPath(path).parents:
            if str(parent) != "/":
                self._nodes.setdefault(str(parent), Node(stat.S_IFDIR | 0o755))

    def _sorted(self) -> list[tuple[str, Node]]:
        return sorted(self._nodes.items())

    def _debugfs_lines(self, scratch: Path) -> list[str]:
        """Commands for debugfs, e2fsprogs' editor of file systems, that make everything in an empty one."""
        lines = [f"set_current_time @{tools.EPOCH}"]
        for number, (path, node) in enumerate(self._sorted()):
            place, name = str(PurePosixPath(path).parent), PurePosixPath(path).name
            lines.append(f'cd "{place}"')
            if stat.S_ISDIR(node.mode):
                lines.append(f'mkdir "{name}"')
            elif stat.S_ISLNK(node.mode):
                lines.append(f'symlink "{name}" "{node.data.decode()}"')
                continue
            else:
                source = scratch / str(number)
                source.write_bytes(node.data)
                lines.append(f'write "{source}" "{name}"')
            lines += [f'set_inode_field "{name}" {field}' for field in _fields(node)]
        return lines


def _fields(node: Node) -> list[str]:
    return [f"mode 0{node.mode:o}", f"uid {node.owner}", f"gid {node.owner}"]


def _cpio_record(name: str, node: Node, number: int) -> bytes:
    """One member: header of thirteen numbers, name, content, each padded to four bytes (see cpio(5), "new ASCII")."""
    encoded = name.encode() + b"\0"
    numbers = (number, node.mode, node.owner, node.owner, 1, tools.EPOCH, len(node.data), 0, 0, 0, 0, len(encoded), 0)
    head = b"070701" + b"".join(b"%08X" % value for value in numbers) + encoded
    return head + bytes(-len(head) % 4) + node.data + bytes(-len(node.data) % 4)
