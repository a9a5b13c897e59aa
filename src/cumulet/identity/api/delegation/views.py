"""Trusts, application credentials and credentials as JSON objects."""

from __future__ import annotations

from typing import Any

from ....kernel.http import Request
from ...model import AccessRule, Role, Trust
from ...operations.delegation.application_credentials import Shown
from ...operations.delegation.credentials import Secret
from ...operations.delegation.ec2 import Keys
from ..fields import self_link, shown_time
from ..roles import views as role_views


def trust(request: Request, t: Trust, roles: list[Role] | None = None) -> dict[str, Any]:
    """A trust; lists leave its roles out."""
    shown = {
        **t.extra,
        "id": t.id,
        "trustor_user_id": t.trustor_user_id,
        "trustee_user_id": t.trustee_user_id,
        "project_id": t.project_id,
        "impersonation": t.impersonation,
        "remaining_uses": t.remaining_uses,
        "expires_at": shown_time(t.expires_at),
        "deleted_at": None,
        "redelegation_count": t.redelegation_count,
        "redelegated_trust_id": t.redelegated_trust_id,
        "links": self_link(request, "OS-TRUST/trusts", t.id),
    }
    if roles is not None:
        shown["roles"] = [role_views.role(request, role) for role in roles]
        shown["roles_links"] = {"next": None, "previous": None, **self_link(request, f"OS-TRUST/trusts/{t.id}", "roles")}
    return shown


def application_credential(request: Request, found: Shown) -> dict[str, Any]:
    """An application credential; its secret only when it is new."""
    c = found.credential
    shown: dict[str, Any] = {
        "id": c.id,
        "name": c.name,
        "description": c.description or None,
        "user_id": c.user_id,
        "project_id": c.project_id,
        "system": None,
        "expires_at": shown_time(c.expires_at, suffix=""),
        "unrestricted": c.unrestricted,
        "roles": [{"id": role.id, "name": role.name, "domain_id": role.domain_id or None} for role in found.roles],
        "links": self_link(request, f"users/{c.user_id}/application_credentials", c.id),
    }
    if found.rules is not None:
        shown["access_rules"] = [_said(rule) for rule in found.rules]
    if found.secret is not None:
        shown["secret"] = found.secret
    return shown


def _said(rule: AccessRule) -> dict[str, Any]:
    return {"id": rule.id, "service": rule.service, "method": rule.method, "path": rule.path}


def access_rule(request: Request, rule: AccessRule) -> dict[str, Any]:
    """An access rule."""
    return {**_said(rule), "links": self_link(request, f"users/{rule.user_id}/access_rules", rule.id)}


def credential(request: Request, found: Secret) -> dict[str, Any]:
    """A credential with its blob in the clear."""
    c = found.credential
    return {
        **c.extra,
        "id": c.id,
        "user_id": c.user_id,
        "project_id": c.project_id,
        "type": c.type,
        "blob": found.blob,
        "links": self_link(request, "credentials", c.id),
    }


def ec2(request: Request, keys: Keys) -> dict[str, Any]:
    """EC2 keys."""
    return {
        "user_id": keys.user_id,
        "tenant_id": keys.project_id,
        "access": keys.access,
        "secret": keys.secret,
        "trust_id": keys.trust_id,
        "links": self_link(request, f"users/{keys.user_id}/credentials/OS-EC2", keys.access),
    }
