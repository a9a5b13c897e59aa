"""Authentication: from credentials to a token, and from a token to an actor."""

from __future__ import annotations

import asyncio
import base64

from msgspec import Struct

from ...kernel import ids
from ...kernel.db import Database, Reader, Tx
from ...kernel.errors import NotFound, Unauthorized
from ...kernel.policy import Actor
from ..model import Project, Scope, User
from ..passwords import Passwords
from ..store import projects, revocations, users
from ..tokens import Claims, KeyRing
from . import scopes

LIFETIME_SECONDS = 4 * 3600.0
_WRONG = "The request you have made requires authentication."


class Authenticated(Struct, frozen=True):
    """A token with what it says, and who that is now."""

    token: str
    claims: Claims
    actor: Actor
    role_ids: dict[str, str]  # by name


class Tokens:
    """Issues and validates. Keeps validated tokens until something in identity changes (the `identity` signal)."""

    def __init__(self, db: Database, keys: KeyRing) -> None:
        self._db = db
        self._keys = keys
        self._generation = 0
        self._known: dict[str, Authenticated] = {}
        self.passwords = Passwords(db.clock)
        db.subscribe("identity", self._forget)

    def _forget(self, key: str) -> None:
        self._generation += 1
        self._known.clear()

    async def issue(
        self, tx: Reader, user: User, methods: tuple[str, ...], scope: Scope, parent: Claims | None = None
    ) -> Authenticated:
        """A token for `user` in `scope`. One made from another token lives no longer than that one.

        Raises Unauthorized if the user holds no role there, or if the scope is disabled or missing.
        """
        audit = base64.urlsafe_b64encode(ids.secret_bytes(16)).rstrip(b"=").decode()
        claims = Claims(
            user_id=user.id,
            methods=tuple(dict.fromkeys((*(parent.methods if parent else ()), *methods))),
            scope=scope,
            issued_at=tx.now,
            expires_at=parent.expires_at if parent else tx.now + LIFETIME_SECONDS,
            audit_ids=(audit, parent.audit_ids[-1]) if parent else (audit,),
        )
        actor, role_ids = await scopes.actor(tx, user, claims)
        return self._remember(Authenticated(self._keys.seal(claims), claims, actor, role_ids))

    async def validate(self, token: str, allow_expired: bool = False) -> Authenticated:
        """Who a token is. Raises Unauthorized if it is forged, expired, revoked, or if its user or scope is gone or disabled."""
        known = self._known.get(token)
        if known is None:
            generation = self._generation
            async with self._db.read() as tx:
                known = await self._look_up(tx, token)
            if generation == self._generation:
                self._remember(known)
        if known.claims.expires_at <= self._db.clock.now() and not allow_expired:
            raise Unauthorized("The token has expired.")
        return known

    def _remember(self, known: Authenticated) -> Authenticated:
        if len(self._known) >= 10_000:
            self._known.clear()
        self._known[known.token] = known
        return known

    async def _look_up(self, tx: Reader, token: str) -> Authenticated:
        claims = self._keys.open(token)
        user = await users.find(tx, claims.user_id)
        if user is None or claims.issued_at < user.valid_from:
            raise Unauthorized("The token is not valid any more.")
        if await revocations.is_revoked(tx, claims.audit_ids):
            raise Unauthorized("The token has been revoked.")
        actor, role_ids = await scopes.actor(tx, user, claims)
        return Authenticated(token, claims, actor, role_ids)

    async def revoke(self, tx: Tx, token: str) -> None:
        """Make a token, and those made from it, void."""
        claims = self._keys.open(token)
        await revocations.revoke(tx, claims.audit_ids[0], claims.expires_at)
        tx.signal("identity", claims.user_id)

    async def check_password(self, user: User | None, password: str) -> User:
        """The user, if the password is right. Raises Unauthorized, in the same words and time whatever is wrong."""
        right = await self.passwords.verify(user.password_hash if user else None, password)
        if user is None or not right:
            raise Unauthorized(_WRONG, internal="unknown user or wrong password")
        return user


class Named(Struct, frozen=True):
    """A user, project or domain as a client names it: by id, or by name in a domain named either way."""

    id: str | None = None
    name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None


async def find_user(tx: Reader, named: Named) -> User | None:
    """The user that a client means, or None."""
    if named.id is not None:
        return await users.find(tx, named.id)
    domain = await find_domain(tx, Named(id=named.domain_id, name=named.domain_name))
    return await users.find_by_name(tx, named.name or "", domain.id) if domain else None


async def find_domain(tx: Reader, named: Named) -> Project | None:
    """The domain that a client means, or None."""
    if named.id is not None:
        found = await projects.find(tx, named.id)
    else:
        found = await projects.find_by_name(tx, named.name or "", "", is_domain=True)
    return found if found and found.is_domain else None


async def find_project(tx: Reader, named: Named) -> Project:
    """The project that a client means. Raises Unauthorized: who cannot log in there need not know whether it exists."""
    found = None
    if named.id is not None:
        found = await projects.find(tx, named.id)
    else:
        domain = await find_domain(tx, Named(id=named.domain_id, name=named.domain_name))
        found = await projects.find_by_name(tx, named.name or "", domain.id) if domain else None
    if found is None:
        raise Unauthorized(_WRONG, internal=f"no project {named}")
    return found


async def require_known(tokens: Tokens, subject: str, allow_expired: bool) -> Authenticated:
    """The subject token of a validation. Raises NotFound where `validate` raises Unauthorized: the caller's own token is good."""
    try:
        return await tokens.validate(subject, allow_expired)
    except Unauthorized as problem:
        raise NotFound(f"Could not find token: {problem.message}") from None


async def hash_password(tokens: Tokens, password: str | None) -> str | None:
    """A hash for a new password, None for none."""
    return None if password is None else await asyncio.shield(tokens.passwords.hash(password))
