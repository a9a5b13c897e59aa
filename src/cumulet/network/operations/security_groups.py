"""Security groups and their rules."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from ...kernel import ids
from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Conflict, NotFound
from ...kernel.policy import Actor
from ..model import SecurityGroup, SecurityRule
from ..rules import security as rules
from ..store import ports as port_store
from ..store import security_groups as store
from . import changes, limits

__all__ = [
    "GroupChanges",
    "NewGroup",
    "NewRule",
    "SecurityGroup",
    "SecurityRule",
    "create",
    "create_rule",
    "delete",
    "delete_rule",
    "ensure_default",
    "get",
    "get_rule",
    "groups_of",
    "normalized",
    "page",
    "rule_page",
    "rules_of",
    "update",
]

DEFAULT = "default"


class NewGroup(Struct, frozen=True, kw_only=True):
    """What a group is to be."""

    project_id: str
    name: str = ""
    description: str = ""
    stateful: bool = True


class GroupChanges(Struct, frozen=True, kw_only=True):
    """What is to change in a group."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    stateful: bool | UnsetType = UNSET


class NewRule(Struct, frozen=True, kw_only=True):
    """What a rule is to be."""

    project_id: str
    direction: str
    ethertype: str | None = None
    protocol: str | int | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_group_id: str | None = None
    remote_ip_prefix: str | None = None
    description: str = ""


async def get(tx: Reader, actor: Actor, group_id: str) -> SecurityGroup:
    """A group that the actor may see. Raises NotFound."""
    found = await store.find(tx, group_id, actor.scope)
    if found is None:
        raise _missing(group_id)
    return found


def _missing(group_id: str) -> NotFound:
    return NotFound(f"Security group {group_id} does not exist", code="SecurityGroupNotFound")


async def page(tx: Reader, actor: Actor, wanted: Page) -> list[SecurityGroup]:
    """A page of the groups that the actor may see."""
    return await store.page(tx, wanted if actor.scope is None else wanted.where("seen_by", actor.scope))


async def rules_of(tx: Reader, groups: list[SecurityGroup]) -> dict[str, list[SecurityRule]]:
    """The rules of each group, in one statement."""
    return await store.rules_of(tx, [group.id for group in groups]) if groups else {}


async def ensure_default(tx: Tx, project_id: str) -> str:
    """The id of the project's `default` group, which is made if it is not there yet."""
    found = await store.default(tx, project_id)
    if found is not None:
        return found.id
    group = SecurityGroup(ids.new_uuid(), project_id, DEFAULT, "Default security group", True, True, tx.stamp, tx.stamp, 1)
    if await _insert(tx, group):
        return group.id
    return await ensure_default(tx, project_id)  # another request has just made it


async def create(tx: Tx, new: NewGroup) -> SecurityGroup:
    """Make a group. Raises OverQuota, Conflict (SecurityGroupDefaultAlreadyExists)."""
    if new.name.lower() == DEFAULT:
        raise _taken()
    await ensure_default(tx, new.project_id)
    await limits.check(tx, new.project_id, "security_group")
    group = SecurityGroup(ids.new_uuid(), new.project_id, new.name, new.description, new.stateful, False, tx.stamp, tx.stamp, 1)
    await _insert(tx, group)
    return group


def _taken() -> Conflict:
    return Conflict("Default security group already exists.", code="SecurityGroupDefaultAlreadyExists")


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
    wanted: list[tuple[str, str, str | None]] = [("egress", family, None) for family in ("IPv4", "IPv6")]
    if group.is_default:
        wanted += [("ingress", family, group.id) for family in ("IPv4", "IPv6")]
    return [
        _rule(group, group.created_at, NewRule(project_id=group.project_id, direction=d, ethertype=family, remote_group_id=remote))
        for d, family, remote in wanted
    ]


def _rule(group: SecurityGroup, now: str, new: NewRule) -> SecurityRule:
    family = rules.ethertype(new.ethertype)
    return SecurityRule(
        id=ids.new_uuid(),
        group_id=group.id,
        project_id=new.project_id,
        direction=rules.direction(new.direction),
        ethertype=family,
        protocol=rules.protocol(new.protocol),
        port_range_min=new.port_range_min,
        port_range_max=new.port_range_max,
        remote_group_id=new.remote_group_id,
        remote_ip_prefix=rules.prefix(new.remote_ip_prefix, family),
        description=new.description,
        created_at=now,
        updated_at=now,
        revision=1,
    )


async def update(tx: Tx, group: SecurityGroup, wanted: GroupChanges) -> SecurityGroup:
    """Change a group. Raises Conflict (SecurityGroupCannotUpdateDefault, SecurityGroupInUse, …)."""
    fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if getattr(wanted, name) is not UNSET}
    changed = replace(group, **fields)
    if changed.name != group.name:
        if group.is_default:
            raise Conflict("Updating default security group not allowed.", code="SecurityGroupCannotUpdateDefault")
        if changed.name.lower() == DEFAULT:
            raise _taken()
    if changed.stateful != group.stateful:
        await _check_unused(tx, group)
    saved = await store.save(tx, changed)
    await changes.record(tx, changes.GROUP, group.id)
    return saved


async def _check_unused(tx: Reader, group: SecurityGroup) -> None:
    users = await port_store.of_group(tx, group.id)
    if users:
        raise Conflict(f"Security Group {group.id} in use by port {users[0]}.", code="SecurityGroupInUse")


async def delete(tx: Tx, actor: Actor, group: SecurityGroup) -> None:
    """Delete a group. Raises Conflict (SecurityGroupInUse, SecurityGroupCannotRemoveDefault)."""
    if group.is_default and actor.scope is not None:
        raise Conflict("Insufficient rights for removing default security group.", code="SecurityGroupCannotRemoveDefault")
    await _check_unused(tx, group)
    pointing = await store.pointing_at(tx, group.id)
    await store.remove(tx, group.id)
    for group_id in {group.id, *pointing}:
        await changes.record(tx, changes.GROUP, group_id)


def normalized(rule: SecurityRule) -> str | None:
    """The rule's remote block without bits in its host part."""
    return rules.normalized(rule.remote_ip_prefix)


async def groups_of(tx: Reader, found: list[SecurityRule]) -> dict[str, SecurityGroup]:
    """The groups that rules belong to, by id."""
    return await store.many(tx, list({rule.group_id for rule in found})) if found else {}


async def get_rule(tx: Reader, actor: Actor, rule_id: str) -> SecurityRule:
    """A rule that the actor may see. Raises NotFound."""
    found = await store.find_rule(tx, rule_id, actor.scope)
    if found is None:
        raise NotFound(f"Security group rule {rule_id} does not exist", code="SecurityGroupRuleNotFound")
    return found


async def rule_page(tx: Reader, actor: Actor, wanted: Page) -> list[SecurityRule]:
    """A page of the rules that the actor may see."""
    return await store.rule_page(tx, wanted if actor.scope is None else wanted.where("seen_by", actor.scope))


async def create_rule(tx: Tx, actor: Actor, group: SecurityGroup, new: NewRule) -> SecurityRule:
    """Add a rule to a group. Raises OverQuota, NotFound, Invalid, Conflict (SecurityGroupRuleExists)."""
    await limits.check(tx, new.project_id, "security_group_rule")
    rule = _rule(group, tx.stamp, new)
    rules.check(rule)
    if rule.remote_group_id is not None and await store.find(tx, rule.remote_group_id, actor.scope) is None:
        raise _missing(rule.remote_group_id)
    rules.check_new(rule, (await store.rules_of(tx, [group.id]))[group.id])
    await store.add_rule(tx, rule)
    await store.save(tx, group)
    await changes.record(tx, changes.GROUP, group.id)
    return rule


async def delete_rule(tx: Tx, rule: SecurityRule) -> None:
    """Take a rule out of its group."""
    await store.remove_rule(tx, rule.id)
    for group in (await store.many(tx, [rule.group_id])).values():
        await store.save(tx, group)
    await changes.record(tx, changes.GROUP, rule.group_id)
