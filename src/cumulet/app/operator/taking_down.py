"""Ending what `up` began: every process, namespace and tap; with `remove_state`, the data too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...kernel.clock import SystemClock
from ..config import Config
from . import process

OnStep = Callable[[str], None]


async def take_down(config: Config, on_step: OnStep, remove_state: bool) -> bool:
    """Stop it all; whether there was anything to stop. Done again is as good as done once."""
    serving = process.daemon(config)
    found = serving.alive() or _has_daemons(config)
    if serving.alive():
        on_step("cloud")
        await serving.stop()
    if _has_daemons(config):
        from ..hosts import ThisMachine

        await ThisMachine(config, SystemClock()).take_down(on_step)
    if remove_state and config.state.exists():
        on_step("state")
        _remove(config.state)
        found = True
    return found


def _remove(folder: Path) -> None:
    """Remove a folder with everything in it; one on which a file system is mounted stays, empty, with the folders above it."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            _remove(path)
        else:
            path.unlink()
    if not folder.is_mount() and not any(folder.iterdir()):
        folder.rmdir()


def _has_daemons(config: Config) -> bool:
    """Whether anything of a real host is left: its namespace, or OVN's databases running."""
    if not (config.state / "agent").exists():
        return False
    from ...network.ovn.central import Central

    namespace = Path("/run/netns") / config.namespace
    return namespace.exists() or any(daemon.alive() for daemon in Central(config.state / "ovn").daemons())
