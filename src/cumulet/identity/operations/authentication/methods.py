"""The methods by which somebody proves who they are. Each gives a Proof; several of them must prove the same user."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ....kernel.errors import Unauthorized
from ...keys import KeyRing
from ...model import AccessToken, ApplicationCredential, User
from ...passwords import OURS, REMEMBERED_SECONDS, is_foreign
from ...rules import is_expired
from ...store import logins, users
from ...store.delegation import application_credentials
from ...tokens import Claims
from ..delegation.credentials import totp_secrets
from ..directory.directories import Located
from ..tokens import Tokens, require_known
from . import inactivity, lockout, totp
from .named import REFUSAL, Named, find_user

METHODS = frozenset({"password", "token", "totp", "application_credential", "oauth1"})


class Proof(Struct, frozen=True):
    """Who it is, by which methods; the earlier token's claims, or what was delegated, if that was the method."""

    user: User
    methods: tuple[str, ...]
    parent: Claims | None = None
    credential: ApplicationCredential | None = None
    access_token: AccessToken | None = None


def together(proofs: Sequence[Proof]) -> Proof:
    """One proof of several. Raises Unauthorized if there is none, or if they are of different users."""
    if not proofs or len({proof.user.id for proof in proofs}) > 1:
        raise Unauthorized(REFUSAL, internal="no method, or methods that prove different users")
    names = dict.fromkeys(name for proof in proofs for name in proof.methods)
    parent = next((proof.parent for proof in proofs if proof.parent), None)
    credential = next((proof.credential for proof in proofs if proof.credential), None)
    access_token = next((proof.access_token for proof in proofs if proof.access_token), None)
    return Proof(proofs[0].user, tuple(names), parent, credential, access_token)


async def by_password(tokens: Tokens, named: Named, password: str) -> Proof:
    """Raises Unauthorized, in the same words and time whatever is wrong, but for a right password that has expired."""
    where = await tokens.directories.locate(named)
    if where is not None:
        return await _by_directory(tokens, where, password)
    user = await tokens.user_named(named)
    await _look_for_foreign(tokens)

    async def verify() -> bool:
        return await tokens.passwords.verify(user.password_hash if user else None, password)

    right = await lockout.attempt(tokens, user, verify)
    if user is None or not right:
        raise Unauthorized(REFUSAL, internal="unknown user or wrong password")
    if is_expired(user.password_expires_at, user.options, tokens.db.clock.now()):
        raise Unauthorized(f"The password is expired and needs to be changed for user: {user.id}.")
    await inactivity.seen(tokens, user)
    if is_foreign(user.password_hash):
        await _renew_hash(tokens, user, password)
    return Proof(user, ("password",))


async def _by_directory(tokens: Tokens, where: Located, password: str) -> Proof:
    """The directory counts wrong passwords by itself. Raises Unavailable too."""
    user = await tokens.directories.log_in(where, password)
    if user is None:
        raise Unauthorized(REFUSAL, internal="unknown in the directory, or a wrong password")
    return Proof(user, ("password",))


async def _look_for_foreign(tokens: Tokens) -> None:
    """Whether anybody still has a hash that was made elsewhere: asked now and then, as it changes by imports and log-ins."""
    passwords, now = tokens.passwords, tokens.db.clock.now()
    if passwords.looked_at + REMEMBERED_SECONDS <= now:
        passwords.looked_at = now
        async with tokens.db.read() as tx:
            passwords.foreign = await users.foreign_hash(tx, OURS)


async def _renew_hash(tokens: Tokens, user: User, password: str) -> None:
    """Keep a hash of our own kind instead of one that was made elsewhere, now that the password is known."""
    new = await tokens.passwords.hash(password)
    async with tokens.db.tx() as tx:
        await users.renew_hash(tx, user.id, user.password_hash or "", new)
        tx.signal("identity", user.id)


async def by_token(tokens: Tokens, token: str) -> Proof:
    """Raises NotFound for a token that is not valid."""
    known = await require_known(tokens, token, allow_expired=False)
    async with tokens.db.read() as tx:
        user = await users.find(tx, known.claims.user_id)
    if user is None:
        raise Unauthorized(REFUSAL, internal="the token's user is gone")
    return Proof(user, ("token",), parent=known.claims)


async def by_totp(tokens: Tokens, vault: KeyRing, named: Named, code: str) -> Proof:
    """By a code of the moment (RFC 6238), for one of the user's credentials of type totp. Raises Unauthorized."""
    async with tokens.db.read() as tx:
        user = await find_user(tx, named)
        secrets = await totp_secrets(tx, vault, user.id) if user else []

    async def verify() -> bool:
        now = tokens.db.clock.now()
        return user is not None and totp.matches(secrets, code, now) and await _first_use(tokens, user, code)

    right = await lockout.attempt(tokens, user, verify)
    if user is None or not right:
        raise Unauthorized(REFUSAL, internal="unknown user or wrong code")
    return Proof(await tokens.directories.current(user), ("totp",))


async def _first_use(tokens: Tokens, user: User, code: str) -> bool:
    """Whether a code is shown for the first time, to whichever process."""
    async with tokens.db.tx() as tx:
        await tx.hold(lockout.hold_of(user.id))
        return await logins.use_code(tx, user.id, code, tx.now + totp.GOOD_SECONDS)


class NamedCredential(Struct, frozen=True):
    """An application credential as a client names it: by id, or by name and user."""

    id: str | None = None
    name: str | None = None
    user: Named = Named()


async def by_application_credential(tokens: Tokens, named: NamedCredential, secret: str) -> Proof:
    """Raises Unauthorized, in the same words and time whatever is wrong."""
    async with tokens.db.read() as tx:
        owner = None if named.id else await find_user(tx, named.user)
        found = None
        if named.id:
            found = await application_credentials.find(tx, named.id)
        elif owner is not None:
            found = await application_credentials.find_by_name(tx, owner.id, named.name or "")
        user = await users.find(tx, found.user_id) if found else None
    right = await tokens.passwords.verify(found.secret_hash if found else None, secret)
    if found is None or user is None or not right:
        raise Unauthorized(REFUSAL, internal="unknown application credential or wrong secret")
    user = await tokens.directories.current(user)
    return Proof(user, ("application_credential",), credential=found)
