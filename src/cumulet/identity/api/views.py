"""Identity's resources as JSON objects: declared fields, the client's own extra ones, links."""

from __future__ import annotations

from typing import Any

from ...kernel.clock import stamp
from ...kernel.http import Request
from ..model import CatalogService, Endpoint, Project, Region, Role, User
from ..operations.tokens import Authenticated


def self_link(request: Request, collection: str, key: str) -> dict[str, str]:
    """The `links` of one resource."""
    return {"self": request.url(f"/v3/{collection}/{key}")}


def listed(request: Request, collection: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """A collection with its links; Keystone does not page."""
    links = {"next": None, "self": request.url(request.path.removeprefix(request.mount)), "previous": None}
    return {collection: found, "links": links}


def project(request: Request, p: Project) -> dict[str, Any]:
    """A project."""
    return {
        **p.extra,
        "id": p.id,
        "name": p.name,
        "domain_id": p.domain_id or None,
        "description": p.description,
        "enabled": p.enabled,
        "parent_id": p.parent_id,
        "is_domain": p.is_domain,
        "tags": p.tags,
        "options": p.options,
        "links": self_link(request, "projects", p.id),
    }


def domain(request: Request, d: Project) -> dict[str, Any]:
    """A domain."""
    return {
        **d.extra,
        "id": d.id,
        "name": d.name,
        "description": d.description,
        "enabled": d.enabled,
        "tags": d.tags,
        "options": d.options,
        "links": self_link(request, "domains", d.id),
    }


def user(request: Request, u: User) -> dict[str, Any]:
    """A user, without anything secret."""
    shown = {
        **u.extra,
        "id": u.id,
        "name": u.name,
        "domain_id": u.domain_id,
        "enabled": u.enabled,
        "password_expires_at": u.password_expires_at,
        "options": u.options,
        "links": self_link(request, "users", u.id),
    }
    if u.default_project_id is not None:
        shown["default_project_id"] = u.default_project_id
    if u.description:
        shown["description"] = u.description
    return shown


def role(request: Request, r: Role) -> dict[str, Any]:
    """A role."""
    return {
        **r.extra,
        "id": r.id,
        "name": r.name,
        "domain_id": r.domain_id or None,
        "description": r.description or None,
        "options": r.options,
        "links": self_link(request, "roles", r.id),
    }


def region(request: Request, r: Region) -> dict[str, Any]:
    """A region."""
    return {
        **r.extra,
        "id": r.id,
        "description": r.description,
        "parent_region_id": r.parent_region_id,
        "links": self_link(request, "regions", r.id),
    }


def catalog_service(request: Request, s: CatalogService) -> dict[str, Any]:
    """A service."""
    return {
        **s.extra,
        "id": s.id,
        "type": s.type,
        "name": s.name,
        "description": s.description,
        "enabled": s.enabled,
        "links": self_link(request, "services", s.id),
    }


def endpoint(request: Request, e: Endpoint) -> dict[str, Any]:
    """An endpoint."""
    return {
        **e.extra,
        "id": e.id,
        "service_id": e.service_id,
        "region_id": e.region_id,
        "region": e.region_id,
        "interface": e.interface,
        "url": e.url,
        "enabled": e.enabled,
        "links": self_link(request, "endpoints", e.id),
    }


def token(known: Authenticated, catalog: list[dict[str, Any]] | None) -> dict[str, Any]:
    """A token's content; `catalog` None leaves it out."""
    actor, claims = known.actor, known.claims
    shown: dict[str, Any] = {
        "methods": list(claims.methods),
        "user": {
            "id": actor.user_id,
            "name": actor.user_name,
            "domain": {"id": actor.user_domain_id, "name": actor.user_domain_name},
            "password_expires_at": None,
        },
        "audit_ids": list(claims.audit_ids),
        "expires_at": stamp(claims.expires_at) + "Z",
        "issued_at": stamp(claims.issued_at) + "Z",
    }
    if claims.scope.kind == "unscoped":
        return {"token": shown}
    shown["roles"] = [{"id": role_id, "name": name} for name, role_id in sorted(known.role_ids.items())]
    if actor.project_id:
        home = {"id": actor.project_domain_id, "name": actor.project_domain_name}
        shown |= {"project": {"id": actor.project_id, "name": actor.project_name, "domain": home}, "is_domain": False}
    elif actor.domain_id:
        shown["domain"] = {"id": actor.domain_id, "name": actor.domain_name}
    else:
        shown["system"] = {"all": True}
    if catalog is not None:
        shown["catalog"] = catalog
    return {"token": shown}
