"""What somebody wants inside a host: beside what is claimed of the host as a whole."""

from __future__ import annotations

from msgspec import Struct

CELL = "CUSTOM_NUMA_"
"""What the resource classes of a cell begin with, before those of the host."""


def cell_class(name: str) -> str:
    """What a class of a host is called in its cells."""
    return CELL + name.removeprefix("CUSTOM_")


class Choice(Struct, frozen=True):
    """Amounts by class, of one provider that has the traits `required` and none of `forbidden`; of devices of a `kind` only.

    `near` is how near devices must be to the guest's cells, in upstream's words: required, legacy (if it is known where they
    are), preferred.
    """

    resources: dict[str, int]
    required: list[str] = []
    forbidden: list[str] = []
    kind: str | None = None
    near: str = "legacy"

    def words(self) -> str:
        """For people."""
        return " and ".join(self.resources)


class Part(Struct, frozen=True):
    """One of several choices, of one provider below the host; of the host itself, too, with `host_too`.

    With `divisible` each unit may be of another provider, if no provider has all of them.
    """

    choices: list[Choice]
    host_too: bool = False
    divisible: bool = False


class GuestCell(Struct, frozen=True):
    """A NUMA cell of a guest, which comes to a cell of the host that no other one comes to.

    `cpus` are the guest's processors in it. `resources` are of the host's classes, `MEMORY_MB` or huge pages, and are counted
    where the host has several cells.
    """

    cpus: list[int]
    memory_mb: int
    resources: dict[str, int]


class Inside(Struct, frozen=True):
    """All that is wanted inside a host.

    With `isolate` no two parts are of one provider. With `dedicated` each of the guest's processors, which are those of `cells`,
    gets one of the host's for itself.
    """

    parts: list[Part] = []
    isolate: bool = False
    cells: list[GuestCell] = []
    dedicated: bool = False

    def __bool__(self) -> bool:
        return bool(self.parts or self.cells)

    def classes(self) -> list[str]:
        """The classes of which something must be free somewhere in the host, whatever is chosen."""
        certain = {name for part in self.parts if len(part.choices) == 1 for name in part.choices[0].resources}
        if len(self.cells) > 1:
            certain |= {cell_class(name) for cell in self.cells for name in cell.resources}
        return sorted(certain)
