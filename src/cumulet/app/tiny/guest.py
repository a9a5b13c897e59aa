"""What is inside the tiny guest: kernel, drivers, programs, scripts."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from cumulet.app.tiny import packages, tools
from cumulet.app.tiny.modules import Modules
from cumulet.app.tiny.tree import Tree

FILES = Path(__file__).parent / "files"

INITRD_MODULES = ("virtio_pci", "virtio-rng", "virtio_blk", "virtio_scsi", "sd_mod", "ata_piix")
ROOT_MODULES = (
    *("virtio_net", "virtio_balloon", "virtio_console", "button", "evdev"),
    *("sd_mod", "sr_mod", "ata_piix", "isofs", "vfat", "nls_cp437", "nls_ascii", "nls_utf8", "crc32c_intel"),
)
# Programs of this machine which busybox does not have, or not well enough for what tests of clouds ask of a guest.
PROGRAMS = ("dropbear", "dropbearkey", "lsblk", "blkid", "mke2fs")
CIRROS = 1000  # the user's number, and his group's


@dataclass(frozen=True)
class Kernel:
    """The kernel's bytes and its modules."""

    image: bytes
    modules: Modules


def sources() -> list[Path]:
    """All files of this machine that go into the image, our own code included: the image is new when one changes."""
    ours = [path for path in Path(__file__).parent.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return sorted(ours) + sorted(_closure(PROGRAMS).values())


def kernel(unpacked: Path) -> Kernel:
    """The kernel among the unpacked packages."""
    package = unpacked / packages.KERNEL
    (image,) = (package / "boot").glob("vmlinuz-*")
    (modules,) = [*package.glob("lib/modules/*"), *package.glob("usr/lib/modules/*")]
    return Kernel(image.read_bytes(), Modules(modules))


def initrd_tree(unpacked: Path, kernel: Kernel) -> Tree:
    """What the boot loader loads with the kernel: enough to find the root file system."""
    tree = Tree()
    for folder in ("/dev", "/proc", "/sys", "/root"):
        tree.folder(folder)
    tree.link("/lib", "usr/lib")
    _add_busybox(tree, _find(unpacked, "busybox-static", "busybox"), "/bin", 0o755)
    for path, data in kernel.modules.files(INITRD_MODULES).items():
        tree.file(path, data)
    tree.overlay(FILES / "initrd")
    return tree


def root_tree(unpacked: Path, kernel: Kernel) -> Tree:
    """The root file system. All programs are in /usr/bin, whatever name they are called by."""
    tree = Tree()
    for folder in ("/dev", "/proc", "/sys", "/run", "/mnt", "/var/log", "/var/lib/cumulet", "/etc/dropbear"):
        tree.folder(folder)
    tree.folder("/tmp", 0o1777)
    tree.folder("/root", 0o700)
    tree.folder("/home/cirros", owner=CIRROS)
    tree.overlay(FILES / "root")
    tree.file("/etc/shadow", (FILES / "root/etc/shadow").read_bytes(), 0o600)
    for path, data in kernel.modules.files(ROOT_MODULES).items():
        tree.file(path, data)
    for path, source in _closure(PROGRAMS).items():
        tree.file(path, source.read_bytes(), 0o755)
    tree.file("/usr/bin/nc.traditional", _find(unpacked, "netcat-traditional", "nc.traditional").read_bytes(), 0o755)
    _add_links(tree)
    # The static one is faster, but its shell prefers built-in programs to ours of the same name: for our scripts only.
    tree.file("/usr/bin/busybox-static", _find(unpacked, "busybox-static", "busybox").read_bytes(), 0o755)
    tree.link("/usr/bin/init", "busybox-static")
    # Set-uid, so that ordinary users can ping and sudo; it gives the rights up in all other cases.
    _add_busybox(tree, _find(unpacked, "busybox", "busybox"), "/usr/bin", 0o4755)
    return tree


def _add_links(tree: Tree) -> None:
    for path, target in {"/bin": "usr/bin", "/sbin": "usr/bin", "/usr/sbin": "bin", "/lib": "usr/lib"}.items():
        tree.link(path, target)
    tree.link("/lib64", "usr/lib")
    tree.link("/var/run", "/run")
    tree.link("/etc/resolv.conf", "/run/resolv.conf")
    tree.link("/etc/mtab", "/proc/mounts")
    for name in ("poweroff", "halt", "reboot"):
        tree.link(f"/usr/bin/{name}", "shutdown")
    for kind in ("ext2", "ext3", "ext4"):
        tree.link(f"/usr/bin/mkfs.{kind}", "mke2fs")


def _add_busybox(tree: Tree, busybox: Path, folder: str, mode: int) -> None:
    """busybox, what it loads, and a link for each of its programs whose name is not taken."""
    for path, library in _libraries(busybox).items():
        tree.file(path, library.read_bytes(), 0o755)
    tree.file(f"{folder}/busybox", busybox.read_bytes(), mode)
    for name in tools.run([str(busybox), "--list"]).split():
        tree.link(f"{folder}/{name}", "busybox")


def _find(unpacked: Path, package: str, name: str) -> Path:
    """A program of an unpacked package, wherever this release of Debian puts it."""
    for place in ("usr/bin", "bin"):
        path = unpacked / package / place / name
        if path.is_file():
            return path
    raise tools.Failed(f"the Debian package {package} has no program {name}")


def _closure(programs: tuple[str, ...]) -> dict[str, Path]:
    """Each of `programs` of this machine, and what they load, by the path in the guest."""
    found: dict[str, Path] = {}
    for name in programs:
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        if path is None:
            raise tools.Failed(f"{name} is not installed")
        found[f"/usr/bin/{name}"] = Path(path).resolve()
        found.update(_libraries(Path(path)))
    return found


def _libraries(program: Path) -> dict[str, Path]:
    """The shared libraries of this machine that `program` loads, and the loader, by the path in the guest."""
    if b"\0/lib64/ld-linux" not in program.read_bytes():
        return {}
    found = {}
    for library in map(Path, re.findall(r"(/\S+) \(0x", tools.run(["ldd", str(program)]))):
        place = "/usr/lib" if library.name.startswith("ld-linux") else f"/usr/lib/{library.parent.name}"
        found[f"{place}/{library.name}"] = library.resolve()
    return found
