"""Kernel modules: which ones depend on which, read from the modules themselves, and the two indexes modprobe reads."""

from __future__ import annotations

import lzma
import re
from pathlib import Path

_SIGNATURE = b"~Module signature appended~\n"


class Modules:
    """The modules of one unpacked kernel."""

    def __init__(self, folder: Path) -> None:
        self.release = folder.name
        self._files = {_plain(path): path for path in folder.rglob("*.ko*")}

    def with_needs(self, wanted: tuple[str, ...]) -> list[str]:
        """`wanted` and what they depend on, each after its needs. Those built into the kernel are left out."""
        ordered: list[str] = []
        for name in wanted:
            self._add(name.replace("-", "_"), ordered)
        return ordered

    def files(self, wanted: tuple[str, ...]) -> dict[str, bytes]:
        """What a guest needs below /lib/modules: the modules and their indexes, by path."""
        base = f"/usr/lib/modules/{self.release}"
        names = self.with_needs(wanted)
        content = {f"{base}/{name}.ko": self._read(name) for name in names}
        needs = [f"{name}.ko: {' '.join(f'{need}.ko' for need in self._all_needs(name))}".strip() for name in names]
        aliases = [f"alias {alias} {name}" for name in names for alias in _info(self._read(name), b"alias")]
        content[f"{base}/modules.dep"] = "".join(f"{line}\n" for line in needs).encode()
        content[f"{base}/modules.alias"] = "".join(f"{line}\n" for line in aliases).encode()
        return content

    def _all_needs(self, name: str) -> list[str]:
        """All modules to be loaded before `name`, the first to load last, as modules.dep has them."""
        return self.with_needs((name,))[-2::-1]

    def _add(self, name: str, ordered: list[str]) -> None:
        if name in ordered or name not in self._files:
            return
        for field in _info(self._read(name), b"depends"):
            for need in filter(None, field.split(",")):
                self._add(need.replace("-", "_"), ordered)
        ordered.append(name)

    def _read(self, name: str) -> bytes:
        """A module's bytes without signature: checking it costs a guest time, and an image of ours proves nothing by it."""
        path = self._files[name]
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        if not data.endswith(_SIGNATURE):
            return data
        # The twelve bytes before the marker end with the signature's length.
        end = len(data) - len(_SIGNATURE) - 12
        return data[: end - int.from_bytes(data[end + 8 : end + 12], "big")]


def _plain(path: Path) -> str:
    return path.name.split(".")[0].replace("-", "_")


def _info(data: bytes, key: bytes) -> list[str]:
    """The values of `key` among the NUL-ended `key=value` texts of a module's .modinfo section."""
    return [value.decode() for value in re.findall(rb"\0" + key + rb"=([^\0]*)", data)]
