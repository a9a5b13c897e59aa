"""What a token says."""

from __future__ import annotations

from typing import Any

from ....kernel.clock import stamp
from ...operations.authentication.factors import Partial
from ...operations.revocations import Revocation
from ...operations.scopes import Delegation, Federation
from ...operations.tokens import Authenticated
from ..fields import Z


def receipt(partial: Partial) -> dict[str, Any]:
    """What was proved so far, and the sets of methods that would do."""
    receipt, domain = partial.receipt, {"id": partial.domain_id, "name": partial.domain_name}
    shown = {
        "methods": list(receipt.methods),
        "user": {"id": receipt.user_id, "name": partial.user_name, "domain": domain},
        "expires_at": stamp(receipt.expires_at) + Z,
        "issued_at": stamp(receipt.issued_at) + Z,
    }
    return {"receipt": shown, "required_auth_methods": partial.required}


def token(known: Authenticated, catalog: list[dict[str, Any]] | None, elsewhere: list[dict[str, Any]]) -> dict[str, Any]:
    """A token's content; `catalog` None leaves it out. `elsewhere` are the service providers, if there are any."""
    actor, claims = known.actor, known.claims
    shown: dict[str, Any] = {
        "methods": list(claims.methods),
        "user": {
            "id": actor.user_id,
            "name": actor.user_name,
            "domain": {"id": actor.user_domain_id, "name": actor.user_domain_name},
            "password_expires_at": known.password_expires_at,
        },
        "audit_ids": list(claims.audit_ids),
        "expires_at": stamp(claims.expires_at) + Z,
        "issued_at": stamp(claims.issued_at) + Z,
    }
    if known.by.federation is not None:
        del shown["user"]["password_expires_at"]
        shown["user"]["OS-FEDERATION"] = _federation(known.by.federation)
    shown |= _delegation(known.by)
    if claims.scope.kind != "unscoped":
        shown |= _scope(known)
    if catalog is not None:
        shown["catalog"] = catalog
    if elsewhere:
        shown["service_providers"] = elsewhere
    return {"token": shown}


def _scope(known: Authenticated) -> dict[str, Any]:
    actor = known.actor
    shown: dict[str, Any] = {"roles": [{"id": role_id, "name": name} for name, role_id in sorted(known.role_ids.items())]}
    if actor.project_id:
        home = {"id": actor.project_domain_id, "name": actor.project_domain_name}
        shown |= {"project": {"id": actor.project_id, "name": actor.project_name, "domain": home}, "is_domain": False}
    elif actor.domain_id:
        shown["domain"] = {"id": actor.domain_id, "name": actor.domain_name}
    else:
        shown["system"] = {"all": True}
    return shown


def _federation(by: Federation) -> dict[str, Any]:
    return {
        "identity_provider": {"id": by.idp_id},
        "protocol": {"id": by.protocol_id},
        "groups": [{"id": group_id} for group_id in by.group_ids],
    }


def _delegation(by: Delegation) -> dict[str, Any]:
    if by.access_token is not None:
        return {"OS-OAUTH1": {"access_token_id": by.access_token.id, "consumer_id": by.access_token.consumer_id}}
    if by.trust is not None:
        trust = by.trust
        return {
            "OS-TRUST:trust": {
                "id": trust.id,
                "impersonation": trust.impersonation,
                "trustor_user": {"id": trust.trustor_user_id},
                "trustee_user": {"id": trust.trustee_user_id},
            }
        }
    if by.credential is None:
        return {}
    credential: dict[str, Any] = {
        "id": by.credential.id,
        "name": by.credential.name,
        "restricted": not by.credential.unrestricted,
    }
    if by.rules is not None:
        credential["access_rules"] = [
            {"id": rule.id, "path": rule.path, "method": rule.method, "service": rule.service} for rule in by.rules
        ]
    return {"application_credential": credential}


def revocation(found: Revocation) -> dict[str, Any]:
    """What was revoked."""
    shown = {"issued_before": stamp(found.issued_before) + Z, "revoked_at": stamp(found.revoked_at) + Z}
    told = {"audit_id": found.audit_id, "user_id": found.user_id}
    return {**{name: value for name, value in told.items() if value is not None}, **shown}
