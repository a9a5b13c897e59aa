"""Server groups. https://docs.openstack.org/api-ref/compute/#server-groups-os-server-groups"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ...kernel.errors import Invalid
from ...kernel.http import Lives, Paging, Request, Response, Version, no_content, ok
from ..operations import server_groups
from ..operations.server_groups import Described
from . import queries
from . import values as v

SOFT_TOO = Version(2, 15)
ONE_POLICY = Version(2, 64)
POLICY = "os_compute_api:os-server-groups:"
Policy = Literal["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"]


class Rules(Struct, kw_only=True, forbid_unknown_fields=True):
    """How strict the policy is."""

    max_server_per_host: v.Count | UnsetType = UNSET


class NewServerGroup(Struct, kw_only=True, forbid_unknown_fields=True):
    """A group to be made. Old versions give the policy in a list."""

    name: v.Text255
    policies: Annotated[Annotated[list[Policy], Meta(min_length=1, max_length=1)] | None, Lives(until="2.63")] = None
    policy: Annotated[Policy | None, Lives("2.64")] = None
    rules: Annotated[Rules | None, Lives("2.64")] = None

    def chosen(self, version: Version) -> str:
        """The policy. Raises Invalid."""
        found = self.policies[0] if self.policies else self.policy
        if found is None:
            raise Invalid(f"'{'policy' if version >= ONE_POLICY else 'policies'}' is a required property.")
        if version < SOFT_TOO and found.startswith("soft"):
            raise v.wrong("policies", found, "It must be affinity or anti-affinity.")
        return found

    def limits(self, policy: str) -> dict[str, int]:
        """The rules. Raises Invalid."""
        if self.rules is None or isinstance(self.rules.max_server_per_host, UnsetType):
            return {}
        if policy != "anti-affinity":
            raise Invalid("Only anti-affinity policy supports rules.")
        return {"max_server_per_host": v.count("max_server_per_host", self.rules.max_server_per_host, least=1)}


class ServerGroupView(Struct, kw_only=True):
    """A group."""

    id: str
    name: str
    policies: Annotated[list[str], Lives(until="2.63")]
    metadata: Annotated[dict[str, str], Lives(until="2.63")]
    policy: Annotated[str, Lives("2.64")]
    rules: Annotated[dict[str, int], Lives("2.64")]
    members: list[str]
    project_id: Annotated[str, Lives("2.13")]
    user_id: Annotated[str, Lives("2.13")]


def _view(found: Described) -> ServerGroupView:
    group = found.group
    return ServerGroupView(
        id=group.id,
        name=group.name,
        policies=[group.policy],
        metadata={},
        policy=group.policy,
        rules=group.rules,
        members=found.members,
        project_id=group.project_id,
        user_id=group.user_id,
    )


async def index(request: Request) -> Response:
    """The project's groups; every project's, for administrators who ask for that."""
    queries.only(request, "all_projects", "limit", "offset")
    everybodys = "all_projects" in request.query and request.actor.is_admin
    if everybodys:
        request.authorize(f"{POLICY}index:all_projects")
    limit = Paging({}, {}, always_limit=True).page(request).limit
    first = v.count("offset", request.asked("offset") or "0")
    found = await server_groups.index(request.tx, None if everybodys else request.actor.project_id or "")
    return ok({"server_groups": [_view(one) for one in found[first:][:limit]]})


async def show(request: Request, group_id: str) -> Response:
    """One group."""
    return ok({"server_group": _view(await server_groups.get(request.tx, request.actor, group_id))})


async def create(request: Request, body: NewServerGroup) -> Response:
    """A new group."""
    policy = body.chosen(request.version or ONE_POLICY)
    rules = body.limits(policy)
    made = await server_groups.create(request.tx, request.actor, v.name("name", body.name), policy, rules)
    return ok({"server_group": _view(made)})


async def delete(request: Request, group_id: str) -> Response:
    """Delete a group."""
    await server_groups.delete(request.tx, request.actor, group_id)
    return no_content()
