"""Several factors: who must show more methods than they did gets a receipt, and comes again with it and the rest."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from ....kernel.errors import Unauthorized
from ... import receipts
from ...receipts import Receipt
from ...rules import factors_missing
from ...store import projects, users
from ..tokens import Tokens
from .methods import METHODS, Proof
from .named import REFUSAL


class Partial(Struct, frozen=True):
    """A receipt as it is shown: its text, what it says, whose it is, and the sets of methods of which one is needed whole."""

    text: str
    receipt: Receipt
    user_name: str
    domain_id: str
    domain_name: str
    required: list[list[str]]


async def with_receipt(tokens: Tokens, proof: Proof, text: str | None) -> tuple[Proof, Receipt | None]:
    """The proof with the methods that a receipt stands for.

    Raises Unauthorized if it is forged, expired, of another user, or older than the user's password.
    """
    if text is None:
        return proof, None
    receipt = receipts.read(tokens.keys, text)
    if receipt.expires_at <= tokens.db.clock.now():
        raise Unauthorized("The auth receipt has expired.")
    if receipt.user_id != proof.user.id or receipt.issued_at < proof.user.valid_from:
        raise Unauthorized(REFUSAL, internal=f"a receipt of user {receipt.user_id} is of no use to {proof.user.id}")
    return replace(proof, methods=tuple(dict.fromkeys((*receipt.methods, *proof.methods)))), receipt


async def missing(tokens: Tokens, proof: Proof, earlier: Receipt | None) -> Partial | None:
    """A receipt for what was proved, if the user's rules ask for more; one made with an `earlier` one ends when that does."""
    shown = {*proof.methods, *(proof.parent.methods if proof.parent else ())}
    rules = factors_missing(proof.user.options, shown, set(METHODS))
    if not rules:
        return None
    now = tokens.db.clock.now()
    ends = now + receipts.LIFETIME_SECONDS
    methods = tuple(sorted(shown))
    receipt = Receipt(proof.user.id, methods, now, min(ends, earlier.expires_at) if earlier else ends)
    async with tokens.db.read() as tx:
        user = await users.find(tx, proof.user.id)
        domain = await projects.find(tx, proof.user.domain_id)
    if user is None or not user.enabled or domain is None or not domain.enabled:
        raise Unauthorized(f"The account is disabled for user: {proof.user.id}")
    required = [rule for rule in rules if shown & set(rule)]
    return Partial(receipts.seal(tokens.keys, receipt), receipt, user.name, domain.id, domain.name, required)
