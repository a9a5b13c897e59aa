"""What the cloud's own process noticed about this machine, for people: kept in a file for a while, shown by `up` and `status`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from .config import Config

KEEP_SECONDS = 600.0


class Finding(Struct, frozen=True):
    """One sentence, and when it was noticed, in seconds since the epoch."""

    text: str
    at: float


def note(config: Config, texts: Sequence[str], now: float) -> None:
    """Add what was noticed now; forget what was noticed long ago."""
    if not texts:
        return
    kept = [finding for finding in recent(config, now) if finding.text not in texts]
    path = _path(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode([*kept, *(Finding(text, now) for text in texts)]))
    fresh.rename(path)


def recent(config: Config, now: float) -> list[Finding]:
    """What was noticed in the last ten minutes, oldest first."""
    path = _path(config)
    found = msgspec.json.decode(path.read_bytes(), type=list[Finding]) if path.exists() else []
    return [finding for finding in found if finding.at > now - KEEP_SECONDS]


def _path(config: Config) -> Path:
    return config.state / "run" / "findings.json"
