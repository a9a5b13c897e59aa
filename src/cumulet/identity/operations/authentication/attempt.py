"""An attempt to authenticate as a whole: throttled by its address, and an event of the audit log however it ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from msgspec import Struct

from ....kernel.audit import FAILURE, PENDING, SUCCESS, Event
from ....kernel.errors import Forbidden, NotFound, Problem, Unauthorized
from ....kernel.log import current_address
from ...model import User
from ..tokens import Authenticated, Tokens
from .factors import Partial
from .named import Named, find_user
from .throttle import throttled

T = TypeVar("T", bound=Authenticated | Partial | User)
ACCOUNT = "service/security/account/user"
ACTION, UNKNOWN = "authenticate", "unknown"


class Attempt(Struct, frozen=True):
    """By which methods somebody tries, as whom, from where. `address` None is one whose failures are not counted."""

    methods: tuple[str, ...]
    named: Named | None = None
    address: str | None = None


async def attempted(tokens: Tokens, attempt: Attempt, work: Callable[[], Awaitable[T]]) -> T:
    """The result of `work`; a user is one who was changed, which has an event of its own.

    Raises what `work` raises, and TooMany without asking it.
    """
    try:
        result = await throttled(tokens, attempt.address, work)
    except (Unauthorized, Forbidden, NotFound) as problem:
        tokens.later.add(await _failed(tokens, attempt, problem))
        raise
    if not isinstance(result, User):
        tokens.later.add(_succeeded(attempt, result))
    return result


async def _user_id(tokens: Tokens, attempt: Attempt) -> str:
    """The user who was named, if there is one. A name that nobody has is not kept: it may be a password in the wrong field."""
    if attempt.named is None:
        return UNKNOWN
    async with tokens.db.read() as tx:
        user = await find_user(tx, attempt.named)
    return user.id if user is not None else UNKNOWN


async def _failed(tokens: Tokens, attempt: Attempt, problem: Problem) -> Event:
    user_id = await _user_id(tokens, attempt)
    reason = {"methods": list(attempt.methods), "reason": type(problem).__name__}
    return _event(attempt, FAILURE, user_id, reason)


def _succeeded(attempt: Attempt, result: Authenticated | Partial) -> Event:
    if isinstance(result, Partial):
        return _event(attempt, PENDING, result.receipt.user_id, {"methods": list(result.receipt.methods)})
    claims = result.claims
    scope = {"kind": claims.scope.kind, "id": claims.scope.id}
    told = {"methods": list(claims.methods), "scope": scope, "audit_ids": list(claims.audit_ids)}
    return _event(attempt, SUCCESS, claims.user_id, told, result.actor.project_id)


def _event(attempt: Attempt, outcome: str, user_id: str, details: dict[str, Any], project_id: str | None = None) -> Event:
    return Event(
        service="identity",
        action=ACTION,
        outcome=outcome,
        user_id=user_id,
        project_id=project_id,
        address=attempt.address or current_address(),
        target_type=ACCOUNT,
        target_id=user_id,
        details=details,
    )
