"""From what clients send to what they mean: which proofs, which scope."""

from __future__ import annotations

from ....kernel.errors import Invalid, Unauthorized
from ....kernel.http import Request
from ...operations.authentication import methods
from ...operations.authentication.attempt import Attempt
from ...operations.authentication.logging_in import Wanted
from ...operations.authentication.methods import NamedCredential, Proof
from ...operations.authentication.named import Named
from ...operations.oauth import grants
from ...rules import client_address
from ..oauth import signed
from . import bodies

AnyUser = bodies.UserName | bodies.PasswordUser | bodies.CodeUser


def attempt(request: Request, methods: tuple[str, ...], named: Named | None) -> Attempt:
    """From where, as whom and how somebody tries."""
    address = client_address(request.parts.tokens.rules, request.remote, request.header("X-Forwarded-For"))
    return Attempt(methods, named, address)


def whom(identity: bodies.IdentityBody) -> Named | None:
    """The user as whom somebody tries, if the first method that has one names one as it should."""
    for method in (identity.password, identity.totp):
        if method is not None and (method.user.id is not None or (method.user.name is not None and method.user.domain is not None)):
            return _user(method.user)
    return None


async def proof(request: Request, identity: bodies.IdentityBody) -> Proof:
    """Who is asking, by every method that is named. Raises Unauthorized, Invalid for a method without its data."""
    return methods.together([await _proof(request, identity, name) for name in dict.fromkeys(identity.methods)])


async def _proof(request: Request, identity: bodies.IdentityBody, name: str) -> Proof:
    if name not in methods.METHODS:
        raise Unauthorized("Attempted to authenticate with an unsupported method.", internal=name)
    tokens = request.parts.tokens
    match getattr(identity, name):
        case bodies.PasswordMethod(user=user):
            return await methods.by_password(tokens, _user(user), user.password)
        case bodies.TokenMethod(id=token):
            return await methods.by_token(tokens, token)
        case bodies.CodeMethod(user=user):
            return await methods.by_totp(tokens, request.parts.vault, _user(user), user.passcode)
        case bodies.CredentialMethod() as shown:
            return await methods.by_application_credential(tokens, _credential(shown), shown.secret)
        case bodies.SignedMethod():
            return await grants.prove(tokens, request.parts.vault, signed.of(request))
    raise Invalid(f"Expecting to find {name} in identity. The server could not comply with the request.")


def _user(user: AnyUser) -> Named:
    if user.id is None and (user.name is None or user.domain is None):
        raise Invalid("Expecting to find a user's id, or a name and a domain, in user.")
    domain = user.domain or bodies.DomainName()
    return Named(user.id, user.name, domain.id, domain.name)


def _credential(shown: bodies.CredentialMethod) -> NamedCredential:
    if shown.id is not None:
        return NamedCredential(shown.id)
    if shown.name is None or shown.user is None:
        raise Invalid("Expecting to find an id, or a name and a user, in application_credential.")
    return NamedCredential(None, shown.name, _user(shown.user))


def wanted(scope: bodies.ScopeBody | str | None) -> Wanted:
    """The scope that is asked for. Raises Invalid for none or several of the kinds there are."""
    if scope is None:
        return Wanted()
    if isinstance(scope, str):
        return Wanted("unscoped")
    kinds = [name for name in scope.__struct_fields__ if getattr(scope, name) is not None]
    if len(kinds) != 1:
        raise Invalid("Expecting to find one of system, project, domain, OS-TRUST:trust or unscoped in scope.")
    return Wanted(kinds[0], _named(scope))


def _named(scope: bodies.ScopeBody) -> Named:
    if scope.project is not None:
        project, domain = scope.project, scope.project.domain or bodies.DomainName()
        if project.id is None and (project.name is None or project.domain is None):
            raise Invalid("Expecting to find a project's id, or a name and a domain, in scope.")
        return Named(project.id, project.name, domain.id, domain.name)
    if scope.domain is not None:
        if scope.domain.id is None and scope.domain.name is None:
            raise Invalid("Expecting to find a domain's id or name in scope.")
        return Named(scope.domain.id, scope.domain.name)
    return Named(scope.trust.id if scope.trust else None)
