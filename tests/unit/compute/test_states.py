"""From stored states to the wire's words, and from what hosts see to stored states."""

from __future__ import annotations

import pytest

from cumulet.compute import model as m
from cumulet.compute.rules import states

SHOWN = [
    (m.BUILDING, m.SCHEDULING, "BUILD"),
    (m.BUILDING, m.SPAWNING, "BUILD"),
    (m.BUILDING, m.DELETING, "BUILD"),
    (m.ACTIVE, None, "ACTIVE"),
    (m.ACTIVE, m.POWERING_OFF, "ACTIVE"),
    (m.ACTIVE, m.REBOOTING, "REBOOT"),
    (m.ACTIVE, m.REBOOTING_HARD, "HARD_REBOOT"),
    (m.ACTIVE, "rebuilding", "REBUILD"),
    (m.ACTIVE, "resize_migrating", "RESIZE"),
    (m.ACTIVE, "migrating", "MIGRATING"),
    (m.ACTIVE, m.DELETING, "ACTIVE"),
    (m.STOPPED, None, "SHUTOFF"),
    (m.STOPPED, m.POWERING_ON, "SHUTOFF"),
    (m.ERROR, None, "ERROR"),
    (m.ERROR, "rebuilding", "REBUILD"),
    (m.RESIZED, None, "VERIFY_RESIZE"),
    (m.RESIZED, "resize_reverting", "REVERT_RESIZE"),
    (m.PAUSED, None, "PAUSED"),
    (m.SUSPENDED, None, "SUSPENDED"),
    (m.RESCUED, None, "RESCUE"),
    (m.SHELVED, None, "SHELVED"),
    (m.SHELVED_OFFLOADED, None, "SHELVED_OFFLOADED"),
    (m.SOFT_DELETED, None, "SOFT_DELETED"),
    (m.DELETED, None, "DELETED"),
]


@pytest.mark.parametrize(("state", "task", "status"), SHOWN)
def test_a_status_is_what_state_and_task_come_to(state: str, task: str | None, status: str) -> None:
    assert states.status(state, task) == status


@pytest.mark.parametrize(("state", "task", "status"), SHOWN)
def test_searching_for_a_status_finds_servers_that_show_it(state: str, task: str | None, status: str) -> None:
    found, tasks = states.from_statuses([status.lower()])
    assert state in found
    assert tasks is None or task in tasks


def test_an_unknown_status_finds_nothing() -> None:
    assert states.from_statuses(["nonsense"])[0] == []


@pytest.mark.parametrize(
    ("guest", "power"),
    [("running", 1), ("paused", 3), ("shutdown", 4), ("crashed", 6), ("suspended", 7), (None, 0), ("something new", 0)],
)
def test_a_guests_state_has_upstreams_number(guest: str | None, power: int) -> None:
    assert states.power_of(guest) == power


@pytest.mark.parametrize(
    ("state", "power", "then"),
    [
        (m.ACTIVE, m.OFF, m.STOPPED),
        (m.ACTIVE, m.CRASHED, m.STOPPED),
        (m.ACTIVE, m.UNKNOWN, m.STOPPED),
        (m.ACTIVE, m.RUNNING, m.ACTIVE),
        (m.ACTIVE, m.PAUSED_POWER, m.ACTIVE),
        (m.STOPPED, m.RUNNING, m.ACTIVE),
        (m.STOPPED, m.OFF, m.STOPPED),
        (m.ERROR, m.RUNNING, m.ERROR),
        (m.PAUSED, m.OFF, m.PAUSED),
    ],
)
def test_what_a_host_sees_settles_the_state(state: str, power: int, then: str) -> None:
    assert states.settled(state, power) == then
