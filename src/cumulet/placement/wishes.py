"""What somebody wants inside a host: beside what is claimed of the host as a whole."""

from __future__ import annotations

from msgspec import Struct


class Choice(Struct, frozen=True):
    """Amounts by class, of one provider that has the traits `required` and none of `forbidden`; of devices of a `kind` only."""

    resources: dict[str, int]
    required: list[str] = []
    forbidden: list[str] = []
    kind: str | None = None

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


class Inside(Struct, frozen=True):
    """All that is wanted inside a host. With `isolate` no two parts are of one provider."""

    parts: list[Part] = []
    isolate: bool = False

    def __bool__(self) -> bool:
        return bool(self.parts)

    def classes(self) -> list[str]:
        """The classes of which something must be free somewhere in the host, whatever is chosen."""
        certain = (part.choices[0] for part in self.parts if len(part.choices) == 1)
        return sorted({name for choice in certain for name in choice.resources})
