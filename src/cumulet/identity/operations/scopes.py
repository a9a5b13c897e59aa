"""From a token's claims to who that is and what they may do, as it is now."""

from __future__ import annotations

from msgspec import Struct

from ...kernel.db import Reader
from ...kernel.errors import Unauthorized
from ...kernel.policy import Actor
from ..model import AccessRule, AccessToken, ApplicationCredential, Project, Scope, Trust, User
from ..store import projects, users
from ..store.delegation import application_credentials, oauth, trusts
from ..store.federation import providers
from ..store.federation import users as federated
from ..tokens import Claims
from .roles import holdings


class Federation(Struct, frozen=True):
    """By which identity provider and protocol somebody logged in, and into which groups it put them."""

    idp_id: str
    protocol_id: str
    group_ids: tuple[str, ...]


class Delegation(Struct, frozen=True):
    """By what somebody acts, if not by themselves: a trust with its own trustor and the first of its chain, a credential, an access
    token; and who vouches for them.
    """

    trust: Trust | None = None
    trustor: User | None = None
    origin: User | None = None
    credential: ApplicationCredential | None = None
    rules: tuple[AccessRule, ...] | None = None
    access_token: AccessToken | None = None
    federation: Federation | None = None


class Standing(Struct, frozen=True):
    """Who a token stands for, the ids of its roles by name, and by what it was delegated."""

    actor: Actor
    role_ids: dict[str, str]
    password_expires_at: str | None
    by: Delegation


async def standing(tx: Reader, user: User, claims: Claims) -> Standing:
    """What the claims of `user` are worth now. Raises Unauthorized if anything in them does not hold any more."""
    by = await _delegation(tx, user, claims)
    seen = by.trustor if by.trustor is not None and by.trust is not None and by.trust.impersonation else user
    domain = await _enabled_domain(tx, user)
    if seen is not user:
        domain = await _enabled_domain(tx, seen)
    target = await _target(tx, claims.scope)
    role_ids = {} if claims.scope.kind == "unscoped" else await _role_ids(tx, user, claims.scope, target, by)
    actor = Actor(
        user_id=seen.id,
        user_name=seen.name,
        user_domain_id=domain.id,
        user_domain_name=domain.name,
        roles=frozenset(role_ids),
        methods=claims.methods,
        audit_ids=claims.audit_ids,
        issued_at=claims.issued_at,
        expires_at=claims.expires_at,
        is_admin="admin" in role_ids,
        is_service="service" in role_ids,
        system=claims.scope.kind == "system",
        restricted=by.credential is not None and not by.credential.unrestricted,
        **_delegation_fields(by),
        **await _scope_fields(tx, claims.scope, target, domain),
    )
    return Standing(actor, role_ids, seen.password_expires_at, by)


async def _enabled_domain(tx: Reader, user: User) -> Project:
    """The domain of a user who may act. Raises Unauthorized."""
    domain = await projects.find(tx, user.domain_id)
    if not user.enabled or domain is None or not domain.enabled:
        raise Unauthorized(f"The account is disabled for user: {user.id}")
    return domain


async def _delegation(tx: Reader, user: User, claims: Claims) -> Delegation:
    if claims.application_credential_id:
        return await _by_credential(tx, user, claims)
    if claims.access_token_id:
        return await _by_access_token(tx, user, claims)
    if claims.idp_id:
        return await _by_provider(tx, user, claims)
    return await _by_trust(tx, user, claims) if claims.trust_id else Delegation()


async def _by_credential(tx: Reader, user: User, claims: Claims) -> Delegation:
    found = await application_credentials.find(tx, claims.application_credential_id)
    if found is None or found.user_id != user.id or (found.expires_at is not None and found.expires_at <= tx.now):
        raise Unauthorized("The application credential of the token is gone or expired.")
    rules = None if found.rule_ids is None else tuple(await application_credentials.rules(tx, found.rule_ids))
    return Delegation(credential=found, rules=rules)


async def _by_access_token(tx: Reader, user: User, claims: Claims) -> Delegation:
    found = await oauth.find_access(tx, claims.access_token_id)
    if found is None or found.user_id != user.id:
        raise Unauthorized("The access token of the token is gone or expired.")
    return Delegation(access_token=found)


async def _by_provider(tx: Reader, user: User, claims: Claims) -> Delegation:
    provider = await providers.find(tx, claims.idp_id)
    protocol = await providers.find_protocol(tx, claims.idp_id, claims.protocol_id)
    if provider is None or not provider.enabled or protocol is None:
        raise Unauthorized("The identity provider of the token is gone or disabled.", internal=claims.idp_id)
    group_ids = await federated.group_ids(tx, user.id, claims.idp_id)
    return Delegation(federation=Federation(claims.idp_id, claims.protocol_id, tuple(group_ids)))


async def _by_trust(tx: Reader, user: User, claims: Claims) -> Delegation:
    chain = await trusts.chain(tx, claims.trust_id)
    if not chain or chain[0].trustee_user_id != user.id or any(t.expires_at is not None and t.expires_at <= tx.now for t in chain):
        raise Unauthorized("The trust of the token is gone or expired.")
    people = [await users.find(tx, trust.trustor_user_id) for trust in chain]
    if not all(person is not None and person.enabled for person in people):
        raise Unauthorized("Somebody who passed the trust on is gone or disabled.")
    return Delegation(trust=chain[0], trustor=people[0], origin=people[-1])


def _delegation_fields(by: Delegation) -> dict[str, str]:
    if by.federation is not None:
        return {"identity_provider_id": by.federation.idp_id}
    if by.access_token is not None:
        return {"access_token_id": by.access_token.id}
    if by.credential is not None:
        return {"application_credential_id": by.credential.id}
    if by.trust is None:
        return {}
    return {"trust_id": by.trust.id, "trustor_id": by.trust.trustor_user_id, "trustee_id": by.trust.trustee_user_id}


async def _target(tx: Reader, scope: Scope) -> Project | None:
    if scope.kind not in ("project", "domain"):
        return None
    target = await projects.find(tx, scope.id)
    if target is None or not target.enabled or target.is_domain != (scope.kind == "domain"):
        raise Unauthorized("The scope of the token does not exist or is disabled.", internal=f"{scope.kind} {scope.id}")
    return target


async def _scope_fields(tx: Reader, scope: Scope, target: Project | None, known: Project) -> dict[str, str]:
    if target is None:
        return {}
    if scope.kind == "domain":
        return {"domain_id": target.id, "domain_name": target.name}
    domain = known if known.id == target.domain_id else await projects.find(tx, target.domain_id)
    if domain is None or not domain.enabled:
        raise Unauthorized("The domain of the token's project is disabled.", internal=target.domain_id)
    return {
        "project_id": target.id,
        "project_name": target.name,
        "project_domain_id": domain.id,
        "project_domain_name": domain.name,
    }


async def _role_ids(tx: Reader, user: User, scope: Scope, target: Project | None, by: Delegation) -> dict[str, str]:
    implied = await holdings.implications(tx)
    owner = by.origin or user
    idp_id = by.federation.idp_id if by.federation else ""
    held = implied.reach(await holdings.role_ids_in(tx, owner.id, scope, target, idp_id))
    if by.trust is not None:
        delegated = implied.reach(set(by.trust.role_ids) & set(implied.roles))
        held = delegated if delegated <= held else set()
    elif by.access_token is not None:
        held &= implied.reach(set(by.access_token.role_ids) & set(implied.roles))
    elif by.credential is not None:
        held &= set(by.credential.role_ids)
    names = implied.in_tokens(held) if by.credential is None else _exactly(implied, held)
    if not names:
        raise Unauthorized(
            "The user has no access to the scope.", internal=f"user {owner.id} holds no role on {scope.kind} {scope.id}"
        )
    return names


def _exactly(implied: holdings.Implications, role_ids: set[str]) -> dict[str, str]:
    """An application credential holds what was listed when it was made, not what those roles have come to imply since."""
    held = (implied.roles[role_id] for role_id in role_ids if role_id in implied.roles)
    return {role.name: role.id for role in held if not role.domain_id}
