"""Subnet pools: blocks from which subnets are cut."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from ...kernel import ids
from ...kernel.db import Page, Reader, Tx
from ...kernel.errors import Conflict, Invalid, NotFound
from ...kernel.policy import Actor
from ..model import SubnetPool
from ..rules import addresses
from ..rules import pools as rules
from ..store import subnetpools as store
from ..store import subnets as subnet_store
from . import limits

__all__ = ["NewPool", "PoolChanges", "SubnetPool", "create", "default", "delete", "get", "page", "take", "update"]


class NewPool(Struct, frozen=True, kw_only=True):
    """What a pool is to be."""

    project_id: str
    name: str
    prefixes: list[str]
    description: str = ""
    default_prefixlen: int | None = None
    min_prefixlen: int | None = None
    max_prefixlen: int | None = None
    default_quota: int | None = None
    shared: bool = False
    is_default: bool = False


class PoolChanges(Struct, frozen=True, kw_only=True):
    """What is to change in a pool."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    prefixes: list[str] | UnsetType = UNSET
    default_prefixlen: int | UnsetType = UNSET
    min_prefixlen: int | UnsetType = UNSET
    max_prefixlen: int | UnsetType = UNSET
    default_quota: int | UnsetType | None = UNSET
    is_default: bool | UnsetType = UNSET


async def get(tx: Reader, actor: Actor, pool_id: str) -> SubnetPool:
    """A pool that the actor may see. Raises NotFound."""
    found = await store.find(tx, pool_id, actor.scope)
    if found is None:
        raise NotFound(f"Subnet pool {pool_id} could not be found.", code="SubnetPoolNotFound")
    return found


async def page(tx: Reader, actor: Actor, wanted: Page) -> list[SubnetPool]:
    """A page of the pools that the actor may see."""
    return await store.page(tx, wanted if actor.scope is None else wanted.where("seen_by", actor.scope))


async def create(tx: Tx, new: NewPool) -> SubnetPool:
    """Make a pool. Raises OverQuota, Invalid, Conflict."""
    await limits.check(tx, new.project_id, "subnetpool")
    version, prefixes = rules.prefixes(new.prefixes)
    shortest = new.min_prefixlen if new.min_prefixlen is not None else (8 if version == 4 else 64)
    longest = new.max_prefixlen if new.max_prefixlen is not None else (32 if version == 4 else 128)
    default_length = new.default_prefixlen if new.default_prefixlen is not None else shortest
    rules.check_lengths(version, shortest, default_length, longest)
    if new.is_default:
        await _check_default(tx, version)
    pool = SubnetPool(
        id=ids.new_uuid(),
        project_id=new.project_id,
        name=new.name,
        description=new.description,
        ip_version=version,
        prefixes=prefixes,
        default_prefixlen=default_length,
        min_prefixlen=shortest,
        max_prefixlen=longest,
        default_quota=new.default_quota,
        shared=new.shared,
        is_default=new.is_default,
        created_at=tx.stamp,
        updated_at=tx.stamp,
        revision=1,
    )
    await store.add(tx, pool)
    return pool


async def _check_default(tx: Reader, version: int) -> None:
    if await store.default(tx, version) is not None:
        raise Invalid(f"A default subnetpool for IPv{version} exists already.", code="InvalidInput")


async def update(tx: Tx, pool: SubnetPool, wanted: PoolChanges) -> SubnetPool:
    """Change a pool; it may only grow. Raises Invalid, Conflict."""
    fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__ if getattr(wanted, name) is not UNSET}
    if "prefixes" in fields:
        fields["prefixes"] = _grown(pool, fields["prefixes"])
    changed = replace(pool, **fields)
    rules.check_lengths(pool.ip_version, changed.min_prefixlen, changed.default_prefixlen, changed.max_prefixlen)
    if changed.is_default and not pool.is_default:
        await _check_default(tx, pool.ip_version)
    return await store.save(tx, changed)


def _grown(pool: SubnetPool, wanted: list[str]) -> list[str]:
    version, prefixes = rules.prefixes(wanted)
    if version != pool.ip_version:
        raise Invalid("Cannot mix IPv4 and IPv6 prefixes in a subnet pool.", code="PrefixVersionMismatch")
    if rules.prefixes([*prefixes, *pool.prefixes])[1] != prefixes:
        raise Invalid(
            f"Illegal update to prefixes: Existing prefixes must be a subset of new prefixes: {', '.join(pool.prefixes)}.",
            code="IllegalSubnetPoolUpdate",
        )
    return prefixes


async def delete(tx: Tx, pool: SubnetPool) -> None:
    """Delete a pool. Raises Conflict while subnets come from it."""
    if await subnet_store.from_pool(tx, pool.id):
        raise Conflict(
            f"Unable to complete operation on subnet pool {pool.id}. The subnet pool is in use by subnets.", code="SubnetPoolInUse"
        )
    await store.remove(tx, pool.id)


async def default(tx: Reader, ip_version: int) -> str:
    """The id of the default pool. Raises Invalid if there is none."""
    found = await store.default(tx, ip_version)
    if found is None:
        raise Invalid(f"No default subnetpool found for IPv{ip_version}.", code="NoDefaultSubnetPoolFound")
    return found.id


async def take(tx: Tx, actor: Actor, pool_id: str, cidr: str | None, length: int | None) -> str:
    """Cut a block out of a pool: a certain one, or the first of a size. Two requests at once cannot get the same: the pool's row
    is written.

    Raises NotFound, Invalid, Conflict (SubnetAllocationError).
    """
    pool = await get(tx, actor, pool_id)
    await store.lock(tx, pool_id)
    taken = await subnet_store.from_pool(tx, pool_id)
    if cidr is not None:
        wanted = addresses.block(cidr, "cidr")
        _check_length(pool, wanted.prefixlen)
        rules.check_free(pool.prefixes, taken, wanted)
        chosen = str(wanted)
    else:
        size = pool.default_prefixlen if length is None else length
        _check_length(pool, size)
        chosen = rules.carve(pool.prefixes, taken, size)
    return chosen


def _check_length(pool: SubnetPool, length: int) -> None:
    if length < pool.min_prefixlen:
        raise Invalid(
            f"Unable to allocate subnet with prefix length {length}, minimum allowed prefix is {pool.min_prefixlen}.",
            code="MinPrefixSubnetAllocationError",
        )
    if length > pool.max_prefixlen:
        raise Invalid(
            f"Unable to allocate subnet with prefix length {length}, maximum allowed prefix is {pool.max_prefixlen}.",
            code="MaxPrefixSubnetAllocationError",
        )
