"""From a consumer's wish to act for a user, to the user's consent, to tokens. https://datatracker.ietf.org/doc/html/rfc5849#section-2"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from ....kernel import ids
from ....kernel.db import Reader, Tx
from ....kernel.errors import Forbidden, NotFound, Unauthorized
from ....kernel.policy import Actor
from ...keys import KeyRing
from ...model import AccessToken, Consumer, RequestToken, Role, Scope
from ...store import logins, users
from ...store import projects as project_store
from ...store.delegation import oauth
from .. import projects
from ..authentication.methods import Proof
from ..delegation.credentials import sealed, unsealed
from ..delegation.wanted_roles import chosen
from ..roles import holdings
from ..tokens import Tokens
from . import signing
from .signing import Request, Signed

REQUEST_SECONDS, ACCESS_SECONDS = 8 * 3600.0, 24 * 3600.0
VERIFIER_BYTES = 6


class Issued(Struct, frozen=True):
    """A token with its secret in the clear."""

    id: str
    secret: str
    expires_at: float


async def _consumer(tx: Reader, signed: Signed) -> Consumer:
    found = await oauth.find_consumer(tx, signed.require("oauth_consumer_key"))
    if found is None:
        raise Unauthorized("Provided consumer does not exist.")
    return found


async def _check(tx: Tx, signed: Signed, consumer: str, token: str = "") -> None:
    """Raise Unauthorized unless the request is signed with these secrets, now, and for the first time."""
    signing.check(signed, consumer, token)
    signing.check_time(signed, tx.now)
    key, nonce = signed.parameters["oauth_consumer_key"], f"{signed.require('oauth_timestamp')} {signed.require('oauth_nonce')}"
    await tx.hold(f"requests of {key}")
    if not await logins.use_code(tx, key, nonce, tx.now + 2 * signing.TIME_SECONDS):
        raise Unauthorized("This request was made before.")


async def ask(tx: Tx, vault: KeyRing, request: Request) -> Issued:
    """A request token, for a consumer that wants to act in a project. Raises Unauthorized, Invalid, NotFound for the project."""
    signed = signing.read(request)
    consumer = await _consumer(tx, signed)
    await _check(tx, signed, unsealed(vault, consumer.id, consumer.secret))
    await projects.get(tx, request.project_id)
    new = Issued(ids.new_hex(), ids.new_hex(), tx.now + REQUEST_SECONDS)
    secret = sealed(vault, new.id, new.secret)
    await oauth.add_request(tx, RequestToken(new.id, secret, consumer.id, request.project_id, new.expires_at, None, None, []))
    return new


async def authorize(tx: Tx, actor: Actor, request_id: str, wanted: Sequence[tuple[str | None, str | None]]) -> str:
    """The actor lets the consumer act with these roles (id, name) in the project that it asked for; the verifier to tell it.

    Raises Forbidden to who acts by delegation, NotFound, and Unauthorized for roles that the actor does not hold there.
    """
    if actor.is_delegated:
        raise Forbidden("Cannot authorize a request token with a token issued via delegation.")
    found = await oauth.find_request(tx, request_id)
    if found is None:
        raise NotFound("Request token not found")
    implied = await holdings.implications(tx)
    role_ids = sorted(set(chosen(implied, wanted)))
    project = await project_store.find(tx, found.project_id)
    idp_id = actor.identity_provider_id or ""
    held = implied.reach(await holdings.role_ids_in(tx, actor.user_id, Scope("project", found.project_id), project, idp_id))
    if not role_ids or not set(role_ids) <= held:
        raise Unauthorized("authorizing user does not have role required")
    verifier = ids.secret_text(VERIFIER_BYTES)
    await oauth.save_request(tx, msgspec.structs.replace(found, user_id=actor.user_id, verifier=verifier, role_ids=role_ids))
    return verifier


async def exchange(tx: Tx, vault: KeyRing, request: Request) -> Issued:
    """An access token for a request token that a user has agreed to. Raises Unauthorized, Invalid."""
    signed = signing.read(request)
    verifier = signed.require("oauth_verifier")
    consumer = await _consumer(tx, signed)
    found = await oauth.find_request(tx, signed.require("oauth_token"))
    if found is None or found.consumer_id != consumer.id:
        raise Unauthorized("The request token does not exist, has expired, or is another consumer's.")
    await _check(tx, signed, unsealed(vault, consumer.id, consumer.secret), unsealed(vault, found.id, found.secret))
    if found.user_id is None or found.verifier is None or not hmac.compare_digest(found.verifier.encode(), verifier.encode()):
        raise Unauthorized("Provided verifier does not match stored verifier")
    new = Issued(ids.new_hex(), ids.new_hex(), tx.now + ACCESS_SECONDS)
    secret = sealed(vault, new.id, new.secret)
    made = AccessToken(new.id, secret, consumer.id, found.user_id, found.project_id, found.role_ids, new.expires_at)
    if not await oauth.exchange(tx, found.id, made):
        raise Unauthorized("The request token was used before.")
    return new


async def prove(tokens: Tokens, vault: KeyRing, request: Request) -> Proof:
    """Who let the consumer act that has signed a request for a token. Raises Unauthorized, Invalid."""
    signed = signing.read(request)
    async with tokens.db.read() as tx:
        consumer = await _consumer(tx, signed)
        found = await oauth.find_access(tx, signed.require("oauth_token"))
        user = await users.find(tx, found.user_id) if found else None
    if found is None or user is None or found.consumer_id != consumer.id:
        raise Unauthorized("Could not validate the access token")
    async with tokens.db.tx() as write:
        await _check(write, signed, unsealed(vault, consumer.id, consumer.secret), unsealed(vault, found.id, found.secret))
    return Proof(user, ("oauth1",), access_token=found)


def check_actor(actor: Actor) -> None:
    """Raise Forbidden to who acts by delegation: they would see or end what others were given."""
    if actor.is_delegated:
        raise Forbidden("Access tokens cannot be managed with a token that was delegated.")


async def of_user(tx: Reader, actor: Actor, user_id: str) -> list[AccessToken]:
    """By what consumers act for a user. Raises Forbidden."""
    check_actor(actor)
    return await oauth.access_of(tx, user_id)


async def get(tx: Reader, actor: Actor, user_id: str, token_id: str) -> AccessToken:
    """One of a user's. Raises NotFound, also if it is another user's, and Forbidden."""
    check_actor(actor)
    found = await oauth.find_access(tx, token_id)
    if found is None or found.user_id != user_id:
        raise NotFound("Access token not found")
    return found


async def roles_of(tx: Reader, token: AccessToken) -> list[Role]:
    """The roles that an access token gives."""
    known = (await holdings.implications(tx)).roles
    return [known[role_id] for role_id in token.role_ids if role_id in known]


async def revoke(tx: Tx, actor: Actor, user_id: str, token_id: str) -> None:
    """End one: its tokens are void at once. Raises NotFound, Forbidden."""
    await oauth.remove_access(tx, (await get(tx, actor, user_id, token_id)).id)
    tx.signal("identity", user_id)
