"""Tokens. https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management"""

from __future__ import annotations

from typing import Any

from ...kernel.db import Reader
from ...kernel.errors import Forbidden, Invalid, Unauthorized
from ...kernel.http import Request, Response, flag, no_content, ok
from ..model import Project, Scope, User
from ..operations import scopes, tokens
from ..operations.tokens import Authenticated, Named
from ..tokens import Claims
from . import bodies, views


async def create(request: Request, body: bodies.Auth) -> Response:
    """A token for a password or an earlier token."""
    user, parent = await _user(request, body.identity)
    scope = await _scope(request.tx, body.scope, user, parent)
    known = await request.parts.tokens.issue(request.tx, user, tuple(body.identity.methods), scope, parent)
    return await _shown(request, known, 201)


async def _shown(request: Request, known: Authenticated, status: int) -> Response:
    catalog = None
    if "nocatalog" not in request.query and known.claims.scope.kind != "unscoped":
        catalog = await request.parts.catalog.of(request.tx, known.actor.project_id)
    return Response(status, views.token(known, catalog), {"X-Subject-Token": known.token, "Vary": "X-Auth-Token"})


async def _user(request: Request, identity: bodies.IdentityBody) -> tuple[User, Claims | None]:
    user, parent = None, None
    for method in identity.methods:
        if method == "password" and identity.password is not None:
            user = await _by_password(request, identity.password.user)
        elif method == "token" and identity.token is not None:
            known = await request.parts.tokens.validate(identity.token.id)
            parent = known.claims
            user = await tokens.find_user(request.tx, Named(id=known.claims.user_id))
        elif method in ("password", "token"):
            raise Invalid(f"Expecting to find {method} in identity. The server could not comply with the request.")
        else:
            raise Unauthorized("Attempted to authenticate with an unsupported method.", internal=method)
    if user is None:
        raise Unauthorized("The request you have made requires authentication.")
    return user, parent


async def _by_password(request: Request, asked: bodies.PasswordUser) -> User:
    if asked.id is None and (asked.name is None or asked.domain is None):
        raise Invalid("Expecting to find a user's id, or a name and a domain, in user.")
    domain = asked.domain or bodies.DomainName()
    user = await tokens.find_user(request.tx, Named(asked.id, asked.name, domain.id, domain.name))
    checked: User = await request.parts.tokens.check_password(user, asked.password)
    return checked


async def _scope(tx: Reader, asked: bodies.ScopeBody | str | None, user: User, parent: Claims | None) -> Scope:
    if isinstance(asked, str):
        return Scope()
    if asked is None:
        return await _default_scope(tx, user, parent)
    if asked.project is not None:
        domain = asked.project.domain or bodies.DomainName()
        if asked.project.id is None and (asked.project.name is None or asked.project.domain is None):
            raise Invalid("Expecting to find a project's id, or a name and a domain, in scope.")
        project = await tokens.find_project(tx, Named(asked.project.id, asked.project.name, domain.id, domain.name))
        return Scope("project", project.id)
    if asked.domain is not None:
        found = await tokens.find_domain(tx, Named(asked.domain.id, asked.domain.name))
        if found is None:
            raise Unauthorized("The request you have made requires authentication.", internal=f"no domain {asked.domain}")
        return Scope("domain", found.id)
    return Scope("system", "all") if asked.system is not None else Scope()


async def _default_scope(tx: Reader, user: User, parent: Claims | None) -> Scope:
    if parent is not None or user.default_project_id is None:
        return Scope()
    usable: list[Project] = await scopes.scopes_of(tx, user.id, "project")
    return Scope("project", user.default_project_id) if user.default_project_id in {p.id for p in usable} else Scope()


def _subject(request: Request) -> str:
    subject = request.header("X-Subject-Token")
    if not subject:
        raise Invalid("The header X-Subject-Token is required.")
    return subject


async def show(request: Request) -> Response:
    """Validate a token. One's own always; another's if one is a service, an administrator or a reader of the system."""
    allow_expired = flag(request.asked("allow_expired") or "false")
    known = await tokens.require_known(request.parts.tokens, _subject(request), allow_expired)
    _check_may_ask(request, known)
    return await _shown(request, known, 200)


def _check_may_ask(request: Request, known: Authenticated) -> None:
    actor = request.actor
    reads_all = actor.system and "reader" in actor.roles
    if not (actor.is_admin or actor.is_service or reads_all or actor.user_id == known.actor.user_id):
        raise Forbidden("You are not authorized to perform the requested action: identity:validate_token.")


async def revoke(request: Request) -> Response:
    """Revoke a token and those made from it."""
    subject = _subject(request)
    _check_may_ask(request, await tokens.require_known(request.parts.tokens, subject, allow_expired=True))
    await request.parts.tokens.revoke(request.tx, subject)
    return no_content()


async def catalog(request: Request) -> Response:
    """The catalog of one's own token."""
    found = await request.parts.catalog.of(request.tx, request.actor.project_id)
    return ok({"catalog": found, "links": {"self": request.url("/v3/auth/catalog"), "next": None, "previous": None}})


async def projects(request: Request) -> Response:
    """The projects one's own user could scope to."""
    found = await scopes.scopes_of(request.tx, request.actor.user_id, "project")
    return ok(views.listed(request, "projects", [views.project(request, p) for p in found]))


async def domains(request: Request) -> Response:
    """The domains one's own user could scope to."""
    found = await scopes.scopes_of(request.tx, request.actor.user_id, "domain")
    return ok(views.listed(request, "domains", [views.domain(request, d) for d in found]))


async def system(request: Request) -> Response:
    """Whether one's own user holds a role on the system."""
    held = await scopes.assignments_of(request.tx, request.actor.user_id)
    found: list[dict[str, Any]] = [{"all": True}] if any(a.target_kind == "system" for a in held) else []
    return ok({"system": found, "links": {"self": request.url("/v3/auth/system")}})
