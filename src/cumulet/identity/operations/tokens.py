"""Tokens: from somebody who has proved who they are to a token, and from a token to an actor."""

from __future__ import annotations

import asyncio
import base64
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ...kernel import ids
from ...kernel.audit import Later
from ...kernel.db import Database, Reader, Tx
from ...kernel.errors import NotFound, Unauthorized
from ...kernel.policy import Actor
from .. import tokens as sealed
from ..attempts import Attempts
from ..keys import KeyRing
from ..model import Project, Scope, User
from ..passwords import Passwords
from ..rules import Compliance
from ..store import revocations, users
from ..tokens import Claims
from . import scopes
from .authentication.named import Named, find_user, require_project
from .directory.directories import Directories
from .scopes import Delegation, Standing

K = TypeVar("K")
V = TypeVar("V")

LIFETIME_SECONDS = 4 * 3600.0
EXPIRED_SECONDS = 48 * 3600.0
"""How long after its end a token can still be asked about with `allow_expired`."""

REMEMBERED_MOST = 10_000
TRUSTED_SECONDS = 5.0
"""How old what is remembered may be where other processes change identity too: their notices come at once, unless one is lost."""


class Authenticated(Struct, frozen=True):
    """A token with what it says, and who that is now."""

    token: str
    claims: Claims
    actor: Actor
    role_ids: dict[str, str]  # by name
    password_expires_at: str | None = None
    by: Delegation = Delegation()


class Grounds(Struct, frozen=True):
    """On what a token is issued beside its user and scope: an earlier token, a delegation, who vouches, an end in seconds."""

    parent: Claims | None = None
    trust_id: str = ""
    application_credential_id: str = ""
    idp_id: str = ""
    protocol_id: str = ""
    access_token_id: str = ""
    expires_at: float | None = None


class Tokens:
    """Issues and validates.

    Keeps validated tokens, and whom names mean, until something in identity changes (the `identity` signal).
    """

    def __init__(
        self, db: Database, keys: KeyRing, rules: Compliance | None = None, directories: Directories | None = None
    ) -> None:
        self.db = db
        self.directories = directories or Directories(db)
        self.rules = rules or Compliance()
        self.keys = keys
        self._generation = 0
        self._since = db.clock.now()
        self._known: dict[str, Authenticated] = {}
        self._standings: dict[tuple[str, Scope], Standing] = {}
        self._users: dict[Named, User] = {}
        self._projects: dict[Named, Project] = {}
        self.passwords = Passwords(db.clock)
        self.attempts = Attempts()
        self.later = Later(db)
        db.subscribe("identity", self._forget)

    def _forget(self, key: str) -> None:
        self._generation += 1
        self._known.clear()
        self._standings.clear()
        self._users.clear()
        self._projects.clear()

    async def user_named(self, named: Named) -> User | None:
        """The user that a client means, or None."""
        self._forget_what_is_old()
        found = self._users.get(named)
        if found is None:
            generation = self._generation
            async with self.db.read() as tx:
                found = await find_user(tx, named)
            if found is not None:
                self._keep(self._users, named, found, generation)
        return found

    async def project_named(self, tx: Reader, named: Named) -> Project:
        """The project that a client means. Raises Unauthorized."""
        self._forget_what_is_old()
        found = self._projects.get(named)
        if found is None:
            generation = self._generation
            found = await require_project(tx, named)
            self._keep(self._projects, named, found, generation)
        return found

    async def issue(
        self, tx: Reader, user: User, methods: tuple[str, ...], scope: Scope, grounds: Grounds | None = None
    ) -> Authenticated:
        """A token for `user` in `scope`. One made from another token lives no longer than that one.

        Raises Unauthorized if the user holds no role there, or if the scope is disabled or missing.
        """
        self._forget_what_is_old()
        grounds = grounds or Grounds()
        audit = base64.urlsafe_b64encode(ids.secret_bytes(16)).rstrip(b"=").decode()
        parent = grounds.parent
        ends = [tx.now + LIFETIME_SECONDS] if parent is None else [parent.expires_at]
        claims = Claims(
            user_id=user.id,
            methods=tuple(dict.fromkeys((*(parent.methods if parent else ()), *methods))),
            scope=scope,
            issued_at=tx.now,
            expires_at=min(ends if grounds.expires_at is None else [*ends, grounds.expires_at]),
            audit_ids=(audit, parent.audit_ids[-1]) if parent else (audit,),
            trust_id=grounds.trust_id,
            application_credential_id=grounds.application_credential_id,
            idp_id=grounds.idp_id,
            protocol_id=grounds.protocol_id,
            access_token_id=grounds.access_token_id,
        )
        generation = self._generation
        known = await self._standing(tx, sealed.seal(self.keys, claims), user, claims)
        self._keep(self._known, known.token, known, generation)
        return known

    async def validate(self, token: str, allow_expired: bool = False) -> Authenticated:
        """Who a token is. Raises Unauthorized if it is forged, expired, revoked, or if its user or scope is gone or disabled."""
        self._forget_what_is_old()
        known = self._known.get(token)
        if known is None:
            generation = self._generation
            async with self.db.read() as tx:
                known = await self._look_up(tx, token)
            self._keep(self._known, token, known, generation)
        if known.claims.expires_at + (EXPIRED_SECONDS if allow_expired else 0.0) <= self.db.clock.now():
            raise Unauthorized("The token has expired.")
        return known

    def _forget_what_is_old(self) -> None:
        now = self.db.clock.now()
        if not self.db.alone and not self._since <= now < self._since + TRUSTED_SECONDS:
            self._since = now
            self._forget("")

    def _keep(self, kept: dict[K, V], key: K, value: V, generation: int) -> None:
        """Keep it, unless identity has changed since `generation`, while it was being looked up."""
        if generation == self._generation:
            if len(kept) >= REMEMBERED_MOST:
                kept.clear()
            kept[key] = value

    async def _look_up(self, tx: Reader, token: str) -> Authenticated:
        claims = sealed.read(self.keys, token)
        user = await users.find(tx, claims.user_id)
        if user is None or claims.issued_at < user.valid_from:
            raise Unauthorized("The token is not valid any more.")
        if await revocations.is_revoked(tx, claims.audit_ids):
            raise Unauthorized("The token has been revoked.")
        return await self._standing(tx, token, user, claims)

    async def _standing(self, tx: Reader, token: str, user: User, claims: Claims) -> Authenticated:
        found = await self._worth(tx, user, claims)
        return Authenticated(token, claims, found.actor, found.role_ids, found.password_expires_at, found.by)

    async def _worth(self, tx: Reader, user: User, claims: Claims) -> Standing:
        """`scopes.standing`, kept for those who act for themselves: it depends on the user and the scope alone."""
        if claims.trust_id or claims.application_credential_id or claims.access_token_id or claims.idp_id:
            return await scopes.standing(tx, user, claims)
        kept = self._standings.get((user.id, claims.scope))
        if kept is None:
            generation = self._generation
            kept = await scopes.standing(tx, user, claims)
            self._keep(self._standings, (user.id, claims.scope), kept, generation)
        own = {"methods": claims.methods, "audit_ids": claims.audit_ids}
        actor = replace(kept.actor, issued_at=claims.issued_at, expires_at=claims.expires_at, **own)
        return replace(kept, actor=actor)

    async def revoke(self, tx: Tx, token: str) -> None:
        """Make a token, and those made from it, void."""
        claims = sealed.read(self.keys, token)
        await revocations.revoke(tx, claims.audit_ids[0], claims.expires_at)
        tx.signal("identity", claims.user_id)


async def require_known(tokens: Tokens, subject: str, allow_expired: bool) -> Authenticated:
    """The subject token of a validation. Raises NotFound where `validate` raises Unauthorized: the caller's own token is good."""
    try:
        return await tokens.validate(subject, allow_expired)
    except Unauthorized as problem:
        raise NotFound(f"Could not find token: {problem.message}") from None


async def hash_password(tokens: Tokens, password: str | None) -> str | None:
    """A hash for a new password, None for none."""
    return None if password is None else await asyncio.shield(tokens.passwords.hash(password))
