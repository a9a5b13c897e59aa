"""From a proof to a token, in the scope that is wanted."""

from __future__ import annotations

from msgspec import Struct

from ....kernel.db import Reader
from ....kernel.errors import Forbidden, Unauthorized
from ...model import ApplicationCredential, Scope, Trust, User
from ...store.delegation import application_credentials, trusts
from ...tokens import Claims
from ..roles import holdings
from ..tokens import Authenticated, Grounds, Tokens
from . import factors
from .factors import Partial
from .methods import Proof
from .named import REFUSAL, Named, require_domain


class Wanted(Struct, frozen=True):
    """The scope that a client asks for. `kind` is project, domain, system, trust, unscoped, or `default` if it asks for none.

    `named` is the project or domain, or the trust by its id.
    """

    kind: str = "default"
    named: Named = Named()


async def log_in(tokens: Tokens, proof: Proof, wanted: Wanted, receipt: str | None = None) -> Authenticated | Partial:
    """A token, or a receipt if the user must show more methods. A trust that counts its uses has one less afterwards.

    Raises Unauthorized if the user has no access to the scope or the receipt is not theirs, Forbidden for what a delegated token
    may not become.
    """
    whole, earlier = await factors.with_receipt(tokens, proof, receipt)
    return await factors.missing(tokens, whole, earlier) or await grant_token(tokens, whole, wanted)


async def grant_token(tokens: Tokens, proof: Proof, wanted: Wanted) -> Authenticated:
    """`log_in`, by a method that stands for itself: nobody asks for more factors."""
    async with tokens.db.read() as tx:
        credential = await _credential(tx, proof)
        _check_change(proof, credential, wanted)
        scope, trust = await _scope(tx, tokens, proof, credential, wanted)
        bound = (credential, trust, proof.access_token)
        ends = [thing.expires_at for thing in bound if thing is not None and thing.expires_at is not None]
        grounds = Grounds(
            parent=proof.parent,
            trust_id=trust.id if trust else "",
            application_credential_id=credential.id if credential else "",
            access_token_id=proof.access_token.id if proof.access_token else "",
            **_provider(proof, trust),
            expires_at=min(ends, default=None),
        )
        known = await tokens.issue(tx, proof.user, proof.methods, scope, grounds)
    if trust is not None and trust.remaining_uses is not None:
        await _use(tokens, trust)
    return known


def _provider(proof: Proof, trust: Trust | None) -> dict[str, str]:
    """Who vouched for the user of the token that the new one is made from; what a trust gives depends on nobody else."""
    if proof.parent is None or trust is not None:
        return {}
    return {"idp_id": proof.parent.idp_id, "protocol_id": proof.parent.protocol_id}


async def _credential(tx: Reader, proof: Proof) -> ApplicationCredential | None:
    """The application credential that the token will be bound to: of this request, or of the token it is made from."""
    if proof.credential is not None or proof.parent is None or not proof.parent.application_credential_id:
        return proof.credential
    return await application_credentials.find(tx, proof.parent.application_credential_id)


def _check_change(proof: Proof, credential: ApplicationCredential | None, wanted: Wanted) -> None:
    """A delegated token must not become another one: that would be more than was delegated."""
    if credential is not None and wanted.kind != "default":
        if proof.parent is None:
            raise Unauthorized("Application credentials cannot request a scope.")
        raise Forbidden("A token of an application credential cannot be turned into one with another scope.")
    if proof.access_token is not None and wanted.kind != "default":
        raise Unauthorized("An access token is for its own project: no scope can be asked for.")
    if proof.parent is None:
        return
    if proof.parent.access_token_id:
        raise Forbidden("A token that a consumer got by OAuth cannot be turned into another one: use the access token again.")
    if proof.parent.trust_id:
        raise Forbidden("A trust's token cannot be turned into another one: use the trust again.")
    if proof.parent.scope.kind == "system" and wanted.kind in ("project", "domain"):
        raise Forbidden("A system's token cannot be turned into one of a project or domain.")


async def _scope(
    tx: Reader, tokens: Tokens, proof: Proof, credential: ApplicationCredential | None, wanted: Wanted
) -> tuple[Scope, Trust | None]:
    if credential is not None:
        return Scope("project", credential.project_id), None
    if proof.access_token is not None:
        return Scope("project", proof.access_token.project_id), None
    match wanted.kind:
        case "project":
            return Scope("project", (await tokens.project_named(tx, wanted.named)).id), None
        case "domain":
            return Scope("domain", (await require_domain(tx, wanted.named)).id), None
        case "system":
            return Scope("system", "all"), None
        case "trust":
            return await _trusted(tx, proof.user, wanted.named.id or "")
        case "default":
            return await _default_scope(tx, proof.user, proof.parent), None
    return Scope(), None


async def _trusted(tx: Reader, user: User, trust_id: str) -> tuple[Scope, Trust]:
    trust = await trusts.find(tx, trust_id)
    if trust is None:
        raise Unauthorized(REFUSAL, internal=f"no trust {trust_id}")
    if trust.trustee_user_id != user.id:
        raise Forbidden("The trust was given to another user.")
    return (Scope("project", trust.project_id) if trust.project_id else Scope()), trust


async def _default_scope(tx: Reader, user: User, parent: Claims | None) -> Scope:
    if parent is not None or user.default_project_id is None:
        return Scope()
    usable = await holdings.scopes_of(tx, user.id, "project")
    return Scope("project", user.default_project_id) if user.default_project_id in {p.id for p in usable} else Scope()


async def _use(tokens: Tokens, trust: Trust) -> None:
    async with tokens.db.tx() as tx:
        if not await trusts.use(tx, trust.id):
            raise Forbidden(f"No remaining uses for trust: {trust.id}.")
