"""Domains, projects, users, groups and policy documents as JSON objects: declared fields, the client's own extra ones, links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....kernel.http import Request
from ...model import FederatedUser, Group, PolicyBlob, Project, User
from ..fields import self_link


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


def user(request: Request, u: User, elsewhere: Sequence[FederatedUser] = ()) -> dict[str, Any]:
    """A user, without anything secret; also who it is `elsewhere`."""
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
    if elsewhere:
        shown["federated"] = _elsewhere(elsewhere)
    return shown


def _elsewhere(links: Sequence[FederatedUser]) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, str]]] = {}
    for link in links:
        found.setdefault(link.idp_id, []).append({"protocol_id": link.protocol_id, "unique_id": link.unique_id})
    return [{"idp_id": idp_id, "protocols": protocols} for idp_id, protocols in found.items()]


def group(request: Request, g: Group) -> dict[str, Any]:
    """A group."""
    return {
        **g.extra,
        "id": g.id,
        "name": g.name,
        "domain_id": g.domain_id,
        "description": g.description,
        "links": self_link(request, "groups", g.id),
    }


def policy(request: Request, p: PolicyBlob) -> dict[str, Any]:
    """A policy document."""
    return {**p.extra, "id": p.id, "type": p.type, "blob": p.blob, "links": self_link(request, "policies", p.id)}
