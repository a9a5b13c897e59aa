"""Security groups and their rules."""

from __future__ import annotations

from collections.abc import Sequence

from ...kernel import ids
from ...kernel.db import Tx
from ..model import SecurityGroup, SecurityRule
from ..store import security_groups as store
from . import changes

__all__ = ["SecurityGroup", "SecurityRule", "ensure_default"]


async def ensure_default(tx: Tx, project_id: str) -> str:
    """The id of the project's `default` group, which is made if it is not there yet."""
    found = await store.default(tx, project_id)
    if found is not None:
        return found.id
    group = SecurityGroup(ids.new_uuid(), project_id, "default", "Default security group", True, True, tx.stamp, tx.stamp, 1)
    if await _insert(tx, group):
        return group.id
    return await ensure_default(tx, project_id)  # another request has just made it


async def _insert(tx: Tx, group: SecurityGroup) -> bool:
    """Insert with its first rules, unless it is a second default group; whether it worked."""
    if not await store.add(tx, group):
        return False
    for rule in _first_rules(group):
        await store.add_rule(tx, rule)
    await changes.record(tx, changes.GROUP, group.id)
    return True


def _first_rules(group: SecurityGroup) -> Sequence[SecurityRule]:
    """Every group lets its ports send anything; the default one lets them receive from each other too."""
    rules = [_any(group, "egress", ethertype, None) for ethertype in ("IPv4", "IPv6")]
    if group.is_default:
        rules += [_any(group, "ingress", ethertype, group.id) for ethertype in ("IPv4", "IPv6")]
    return rules


def _any(group: SecurityGroup, direction: str, ethertype: str, remote: str | None) -> SecurityRule:
    return SecurityRule(
        id=ids.new_uuid(),
        group_id=group.id,
        project_id=group.project_id,
        direction=direction,
        ethertype=ethertype,
        protocol=None,
        port_range_min=None,
        port_range_max=None,
        remote_group_id=remote,
        remote_ip_prefix=None,
        description="",
        created_at=group.created_at,
        updated_at=group.created_at,
        revision=1,
    )
