"""From what is stored of a server to what clients read, and from what hosts see to what is stored.

The words and their combinations are upstream's: https://docs.openstack.org/nova/latest/reference/vm-states.html
"""

from __future__ import annotations

from collections.abc import Iterable

from .. import model as m

_RESIZING = dict.fromkeys(("resize_prep", "resize_migrating", "resize_migrated", "resize_finish"), "RESIZE")
_REBUILDING = dict.fromkeys(("rebuilding", "rebuild_block_device_mapping", "rebuild_spawning"), "REBUILD")
_STATUS: dict[str, tuple[str, dict[str, str]]] = {
    m.ACTIVE: (
        "ACTIVE",
        {
            **dict.fromkeys((m.REBOOTING, "reboot_pending", "reboot_started"), "REBOOT"),
            **dict.fromkeys((m.REBOOTING_HARD, "reboot_pending_hard", "reboot_started_hard"), "HARD_REBOOT"),
            "updating_password": "PASSWORD",
            "migrating": "MIGRATING",
            **_REBUILDING,
            **_RESIZING,
        },
    ),
    m.BUILDING: ("BUILD", {}),
    m.STOPPED: ("SHUTOFF", {**_RESIZING, **_REBUILDING}),
    m.RESIZED: ("VERIFY_RESIZE", {"resize_reverting": "REVERT_RESIZE"}),
    m.PAUSED: ("PAUSED", {"migrating": "MIGRATING"}),
    m.SUSPENDED: ("SUSPENDED", {}),
    m.RESCUED: ("RESCUE", {}),
    m.ERROR: ("ERROR", _REBUILDING),
    m.DELETED: ("DELETED", {}),
    m.SOFT_DELETED: ("SOFT_DELETED", {}),
    m.SHELVED: ("SHELVED", {}),
    m.SHELVED_OFFLOADED: ("SHELVED_OFFLOADED", {}),
}
PROGRESSING = frozenset({"ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"})
"""Statuses which are shown with a progress."""
FAULTY = frozenset({"ERROR", "DELETED"})
"""Statuses which are shown with a fault."""

_POWER = {
    "running": m.RUNNING,
    "paused": m.PAUSED_POWER,
    "shutdown": m.OFF,
    "crashed": m.CRASHED,
    "suspended": m.ASLEEP,
}


def status(state: str, task: str | None) -> str:
    """The status of a server in this state while this is being done to it."""
    usual, during = _STATUS[state]
    return during.get(task, usual) if task else usual


def from_statuses(statuses: Iterable[str]) -> tuple[list[str], list[str] | None]:
    """The states and tasks that servers of these statuses may have; no states if no status is known, None for any task."""
    wanted = {status.upper() for status in statuses}
    states = sorted(state for state, (usual, during) in _STATUS.items() if usual in wanted or wanted & set(during.values()))
    if any(usual in wanted for usual, _ in _STATUS.values()):
        return states, None
    tasks = {task for _, during in _STATUS.values() for task, status in during.items() if status in wanted}
    return states, sorted(tasks)


def power_of(guest_state: str | None) -> int:
    """The power state of a guest in the hypervisor's words; None is a guest which is not there."""
    return m.UNKNOWN if guest_state is None else _POWER.get(guest_state, m.UNKNOWN)


OBSERVED = frozenset({m.ACTIVE, m.STOPPED, m.PAUSED, m.SUSPENDED, m.RESCUED, m.ERROR, m.RESIZED})
"""States of servers that have, or had, a guest."""


def settled(state: str, power: int) -> str:
    """The state of a server to which nothing is being done, once its host has seen its guest like this."""
    if state == m.ACTIVE and power in (m.OFF, m.CRASHED, m.UNKNOWN):
        return m.STOPPED
    if state == m.STOPPED and power == m.RUNNING:
        return m.ACTIVE
    return state
