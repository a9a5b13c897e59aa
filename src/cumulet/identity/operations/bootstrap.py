"""What a new cloud starts with."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.db import Page, Reader, Tx
from ..model import DEFAULT_DOMAIN, Assignment, Project, Region
from . import projects
from .catalog import endpoints, regions, services
from .resources import users
from .roles import assignments, roles

ROLES = ("admin", "manager", "member", "reader", "service")
IMPLICATIONS = (("admin", "manager"), ("manager", "member"), ("member", "reader"))


HOLD = "identity"
"""What every change of identity holds: who may do what is decided by one at a time."""


class Wanted(Struct, frozen=True):
    """`endpoints` maps a service type to (name, URL). Passwords are hashes."""

    region: str
    endpoints: dict[str, tuple[str, str]]
    admin_password_hash: str
    demo_password_hash: str


async def is_new(tx: Reader) -> bool:
    """Whether nobody has bootstrapped this cloud yet."""
    return not await projects.page(tx, Page().where("id", DEFAULT_DOMAIN), is_domain=True)


async def bootstrap(tx: Tx, wanted: Wanted) -> None:
    """Make what is not there yet: the default domain, roles, `admin`, `demo`. The catalog's URLs are set every time."""
    await tx.hold(HOLD)
    if await is_new(tx):
        await _first_time(tx, wanted)
    await publish(tx, wanted.region, wanted.endpoints)


def _plain(name: str, description: str) -> dict[str, object]:
    return {"name": name, "description": description, "enabled": True, "tags": [], "options": {}, "extra": {}}


async def _first_time(tx: Tx, wanted: Wanted) -> None:
    await projects.create_domain(tx, _plain("Default", "The default domain"), DEFAULT_DOMAIN)
    made = {name: (await roles.create(tx, _role(name))).id for name in ROLES}
    for prior, implied in IMPLICATIONS:
        await roles.imply(tx, made[prior], made[implied])
    admin = await projects.create(tx, _plain("admin", "Bootstrap project for initializing the cloud."))
    demo = await projects.create(tx, _plain("demo", "A project to try things in."))
    await projects.create(tx, _plain("service", "Services of the cloud."))
    await _user(tx, "admin", wanted.admin_password_hash, admin, [made["admin"]])
    await _user(tx, "demo", wanted.demo_password_hash, demo, [made["member"]])


def _role(name: str) -> dict[str, object]:
    return {"name": name, "domain_id": "", "description": "", "options": {}, "extra": {}}


async def _user(tx: Tx, name: str, password_hash: str, project: Project, role_ids: list[str]) -> None:
    user = await users.create(
        tx,
        {
            "name": name,
            "domain_id": DEFAULT_DOMAIN,
            "enabled": True,
            "default_project_id": None,
            "description": "",
            "password_hash": password_hash,
            "options": {},
            "extra": {},
        },
    )
    for role_id in role_ids:
        await assignments.grant(tx, Assignment("user", user.id, "project", project.id, role_id, False))
        if name == "admin":
            await assignments.grant(tx, Assignment("user", user.id, "system", "all", role_id, False))
            await assignments.grant(tx, Assignment("user", user.id, "domain", DEFAULT_DOMAIN, role_id, False))


async def publish(tx: Tx, region: str, wanted: dict[str, tuple[str, str]]) -> None:
    """Put services (type to name and URL) into the catalog; URLs that differ are set."""
    if not any(known.id == region for known in await regions.page(tx, Page())):
        await regions.create(tx, Region(region, "", None, {}))
    known = {service.type: service for service in await services.page(tx, Page())}
    for kind, (name, url) in wanted.items():
        service = known.get(kind) or await services.create(
            tx, {"type": kind, "name": name, "description": "", "enabled": True, "extra": {}}
        )
        here = Page().where("service_id", service.id).where("region_id", region)
        there = {endpoint.interface: endpoint for endpoint in await endpoints.page(tx, here)}
        for interface in ("public", "internal", "admin"):
            if interface not in there:
                await endpoints.create(tx, _endpoint(service.id, region, interface, url))
            elif there[interface].url != url:
                await endpoints.update(tx, there[interface], {"url": url})


def _endpoint(service_id: str, region: str, interface: str, url: str) -> dict[str, object]:
    return {"service_id": service_id, "region_id": region, "interface": interface, "url": url, "enabled": True, "extra": {}}
