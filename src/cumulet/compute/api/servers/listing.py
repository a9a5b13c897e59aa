"""Which servers a list is of: the query parameters of `GET /servers`, as upstream understands them."""

from __future__ import annotations

from msgspec import Struct

from ....kernel.db import Condition, Page
from ....kernel.errors import Forbidden, Invalid
from ....kernel.http import Request, Version, flag
from ....kernel.http.paging import Filter, Paging
from ...operations.servers import reading
from ...operations.servers.reading import Key, Name
from ...rules import states, texts
from ...rules.names import search_pattern

LIST_ALL = "os_compute_api:servers:{}:get_all_tenants"
ALL_FILTERS = "os_compute_api:servers:allow_all_filters"


def _instant(text: str) -> str:
    return texts.instant("date", text)


_FILTERS: dict[str, Filter] = {
    "name": Filter("name matches", read=search_pattern),
    "display_name": Filter("name matches", read=search_pattern),
    "description": Filter("description matches", read=search_pattern),
    "display_description": Filter("description matches", read=search_pattern),
    "hostname": Filter("hostname matches", read=search_pattern),
    "key_name": Filter("key_name matches", read=search_pattern),
    "availability_zone": Filter("zone matches", read=search_pattern),
    "locked_by": Filter("locked_by matches", read=search_pattern),
    "access_ip_v4": Filter("access_ipv4 matches", read=search_pattern),
    "access_ip_v6": Filter("access_ipv6 matches", read=search_pattern),
    "root_device_name": Filter("root_device matches", read=search_pattern),
    "image": Filter("image_id"),
    "image_ref": Filter("image_id"),
    "flavor": Filter("flavor_id"),
    "host": Filter("host_name"),
    "node": Filter("host_name"),
    "hypervisor_hostname": Filter("host_name"),
    "uuid": Filter("id"),
    "user_id": Filter("user_id"),
    "reservation_id": Filter("reservation_id"),
    "launch_index": Filter("launch_index", read=int),
    "vm_state": Filter("state", read=str.lower),
    "task_state": Filter("task", read=str.lower),
    "power_state": Filter("power", read=int),
    "config_drive": Filter("config_drive", read=flag),
    "created_at": Filter("created_at", read=_instant),
    "launched_at": Filter("launched_at", read=_instant),
    "terminated_at": Filter("terminated_at", read=_instant),
    "changes-since": Filter("updated_at", "gte", read=_instant),
    "changes-before": Filter("updated_at", "lte", read=_instant),
}
_ELSEWHERE = frozenset(
    {"status", "deleted", "all_tenants", "tenant_id", "project_id", "ip", "ip6", "locked", "soft_deleted"}
    | {"tags", "tags-any", "not-tags", "not-tags-any", "limit", "marker", "sort_key", "sort_dir"}
)
_IGNORED = frozenset({"kernel_id", "ramdisk_id", "auto_disk_config", "progress"})
"""Known to upstream; here every server has the same."""
_INTERNAL = frozenset(
    {"block_device_mapping", "services", "metadata", "system_metadata", "info_cache", "security_groups", "pci_devices"}
)
_EVERYBODY: tuple[tuple[Version, frozenset[str]], ...] = (
    (
        Version(2, 1),
        frozenset({"reservation_id", "name", "status", "image", "flavor", "ip", "changes-since", "all_tenants"}),
    ),
    (Version(2, 5), frozenset({"ip6"})),
    (Version(2, 26), frozenset({"tags", "tags-any", "not-tags", "not-tags-any"})),
    (Version(2, 66), frozenset({"changes-before"})),
    (Version(2, 73), frozenset({"locked"})),
    (
        Version(2, 83),
        frozenset({"availability_zone", "config_drive", "key_name", "created_at", "launched_at", "terminated_at"})
        | {"power_state", "task_state", "vm_state", "progress", "user_id"},
    ),
    (Version(2, 90), frozenset({"hostname"})),
)
"""What may be filtered by without being an administrator, from which version on."""

_SORTS = {
    **{name: name for name in ("created_at", "updated_at", "launched_at", "terminated_at", "hostname", "project_id", "user_id")},
    **{name: name for name in ("config_drive", "key_name", "launch_index", "locked_by")},
    "host": "host_name",
    "node": "host_name",
    "display_name": "name",
    "display_description": "description",
    "access_ip_v4": "access_ipv4",
    "access_ip_v6": "access_ipv6",
    "auto_disk_config": "disk_config",
    "availability_zone": "zone",
    "image_ref": "image_id",
    "instance_type_id": "flavor_id",
    "power_state": "power",
    "root_device_name": "root_device",
    "task_state": "task",
    "uuid": "id",
    "vm_state": "state",
    "kernel_id": "id",
    "ramdisk_id": "id",
    "progress": "id",
    "locked": "locked_by",
}
_UNSORTABLE = frozenset(
    {"architecture", "cell_name", "cleaned", "default_ephemeral_device", "default_swap_device", "deleted", "deleted_at"}
    | {"disable_terminate", "ephemeral_gb", "ephemeral_key_uuid", "id", "key_data", "launched_on", "memory_mb", "os_type"}
    | {"reservation_id", "root_gb", "shutdown_terminate", "user_data", "vcpus", "vm_mode"}
)
"""Sort keys that upstream once accepted and now ignores."""
_STRICT = Version(2, 75)
PAGING = Paging(_FILTERS, _SORTS, always_limit=True, descending=True)


class Listed(Struct, frozen=True):
    """The page, and what has to be looked up elsewhere: parts of addresses, and tags with whether and how they must be there."""

    page: Page
    addresses: tuple[str, ...] = ()
    tags: tuple[tuple[str, list[str]], ...] = ()


def read(request: Request, detail: bool) -> Listed | None:
    """What a request asks for; None if nothing can be it. Raises Invalid, Forbidden."""
    version = request.version or _STRICT
    query = _allowed(request, version)
    all_projects = _all_projects(request, query, detail)
    page = PAGING.page(_Query(query))  # type: ignore[arg-type]  # it reads nothing else of a request
    conditions = [*page.conditions, *_owner(request, query, all_projects)]
    state = _states(request, query, version)
    if state is None:
        return None
    conditions += [*state, *_deleted(request, query, state), *_locked(query)]
    _check_period(conditions)
    return Listed(
        Page(tuple(conditions), page.sort, page.limit, page.marker, page.backwards),
        tuple(search_pattern(text) for name in ("ip", "ip6") for text in query.get(name, [])),
        tuple((name, query[name][-1].split(",")) for name in ("tags", "tags-any", "not-tags", "not-tags-any") if name in query),
    )


class _Query(Struct):
    """The part of a request that paging reads, with another query."""

    query: dict[str, list[str]]

    def asked(self, name: str) -> str | None:
        """The last value of a parameter."""
        values = self.query.get(name)
        return values[-1] if values else None


def _allowed(request: Request, version: Version) -> dict[str, list[str]]:
    """The parameters that count for this caller at this version. Raises Invalid for those that none may use."""
    query = dict(request.query)
    for name in query:
        if name in _INTERNAL or name.startswith("_"):
            raise Invalid(f"Invalid filter field: {name}.")
        if version >= _STRICT and name not in _FILTERS and name not in _ELSEWHERE and name not in _IGNORED:
            raise Invalid(f"Additional properties are not allowed ('{name}' was unexpected)")
    query = _sortable(request, query, version)
    if request.allows(ALL_FILTERS):
        return query
    everybody = frozenset().union(*(names for since, names in _EVERYBODY if since <= version))
    always = ("limit", "marker", "sort_key", "sort_dir")
    return {name: values for name, values in query.items() if name in everybody or name in always}


def _sortable(request: Request, query: dict[str, list[str]], version: Version) -> dict[str, list[str]]:
    keys = query.get("sort_key", [])
    for key in keys:
        if key in ("host", "node") and not request.actor.is_admin:
            raise Forbidden(f"Only administrators can sort servers by {key}")
        if key in _UNSORTABLE and version >= _STRICT:
            raise Invalid(f"Invalid input for query parameters sort_key. Value: {key}.")
    kept = [at for at, key in enumerate(keys) if key not in _UNSORTABLE]
    directions = query.get("sort_dir", [])
    if keys:
        query["sort_key"] = [keys[at] for at in kept]
        query["sort_dir"] = [directions[at] for at in kept if at < len(directions)]
    return query


def _all_projects(request: Request, query: dict[str, list[str]], detail: bool) -> bool:
    values = query.get("all_tenants")
    if not values:
        return False
    wanted = values[-1] == "" or texts.flag("all_tenants", values[-1])
    if wanted:
        request.authorize(LIST_ALL.format("detail" if detail else "index"))
    return wanted


def _owner(request: Request, query: dict[str, list[str]], all_projects: bool) -> list[Condition]:
    """Whose servers: without `all_tenants` only the caller's own, whatever else is asked."""
    if not all_projects:
        return [Condition("project_id", request.actor.project_id or "")]
    asked = query.get("project_id") or query.get("tenant_id")
    return [Condition("project_id", asked[-1])] if asked else []


def _states(request: Request, query: dict[str, list[str]], version: Version) -> list[Condition] | None:
    if "status" not in query:
        return []
    found, tasks = states.from_statuses(query["status"])
    if not found:
        if version >= Version(2, 38):
            raise Invalid("Invalid status value")
        return None
    if found == ["deleted"] and not request.actor.is_admin:
        raise Forbidden("Only administrators may list deleted instances")
    return [Condition("state", found, "in"), *([Condition("task", tasks, "in")] if tasks is not None else [])]


def _deleted(request: Request, query: dict[str, list[str]], state: list[Condition]) -> list[Condition]:
    """Deleted servers are shown to who asks for changes, and to administrators who ask for them."""
    wanted = None
    if "deleted" in query:
        wanted = _either(query["deleted"][-1])
    elif "changes-since" not in query and "changes-before" not in query:
        wanted = False
    if any(condition.value == ["deleted"] for condition in state):
        wanted = True
    return [] if wanted is None else [Condition("deleted_at", op="notnull" if wanted else "null")]


def _locked(query: dict[str, list[str]]) -> list[Condition]:
    if "locked" not in query:
        return []
    return [Condition("locked_by", op="notnull" if texts.flag("locked", query["locked"][-1]) else "null")]


def _either(text: str) -> bool:
    """Anything that is not true is false."""
    return text.strip().lower() in ("true", "1", "yes", "on", "t", "y")


def _check_period(conditions: list[Condition]) -> None:
    since = [c.value for c in conditions if c.name == "updated_at" and c.op == "gte"]
    before = [c.value for c in conditions if c.name == "updated_at" and c.op == "lte"]
    if since and before and since[-1] > before[-1]:
        raise Invalid("The value of changes-since must be less than or equal to changes-before.")


async def keys(request: Request, listed: Listed) -> list[Key]:
    """The ids and versions of the page."""
    return await reading.keys(request.tx, await _resolved(request, listed))


async def names(request: Request, listed: Listed) -> list[Name]:
    """The ids and names of the page."""
    return await reading.names(request.tx, await _resolved(request, listed))


async def _resolved(request: Request, listed: Listed) -> Page:
    """The page, with what had to be looked up elsewhere as conditions on ids."""
    page = listed.page
    for name, tags in listed.tags:
        found = await reading.with_tags(request.tx, tags, every=not name.endswith("-any"))
        page = page.where("id", found, "nin" if name.startswith("not-") else "in")
    if listed.addresses:
        page = page.where("id", await reading.with_addresses(request.tx, page, listed.addresses), "in")
    return page
