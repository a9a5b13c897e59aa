"""Who makes a request, in which scope, with which roles."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Actor(Struct, frozen=True, kw_only=True):
    """An authenticated caller. Exactly one of project, domain and system is the scope; none of them if the token is unscoped.

    `roles` are role names with all implied ones. `expires_at` and `issued_at` are seconds since the epoch. Who acts by delegation
    has a `trust_id`, an `application_credential_id` or an `access_token_id`; `restricted` is an application credential that must
    not make others. `identity_provider_id` is who vouched for the user of a federated token.
    """

    user_id: str
    user_name: str = ""
    user_domain_id: str = "default"
    user_domain_name: str = "Default"
    project_id: str | None = None
    project_name: str = ""
    project_domain_id: str = "default"
    project_domain_name: str = "Default"
    domain_id: str | None = None
    domain_name: str = ""
    system: bool = False
    roles: frozenset[str] = frozenset()
    methods: tuple[str, ...] = ()
    audit_ids: tuple[str, ...] = ()
    issued_at: float = 0.0
    expires_at: float = 0.0
    is_admin: bool = False
    is_service: bool = False
    trust_id: str | None = None
    trustor_id: str | None = None
    trustee_id: str | None = None
    application_credential_id: str | None = None
    access_token_id: str | None = None
    identity_provider_id: str | None = None
    restricted: bool = False

    @property
    def is_delegated(self) -> bool:
        """Whether somebody delegated a part of their rights to this actor."""
        return (self.trust_id or self.application_credential_id or self.access_token_id) is not None

    @property
    def scope(self) -> str | None:
        """The project whose resources this actor sees; None is every project's (administrators)."""
        return None if self.is_admin else (self.project_id or "")

    @property
    def scope_kind(self) -> str:
        """What the token is for: system, domain or project; empty if for nothing in particular."""
        return "system" if self.system else "domain" if self.domain_id else "project" if self.project_id else ""

    def attribute(self, name: str) -> Any:
        """The value a policy rule calls `name`; None if there is none."""
        if name == "system_scope":
            return "all" if self.system else None
        name = _OTHER_NAMES.get(name, name)
        if name == "project_domain_id" and self.project_id is None:
            return None
        return getattr(self, name, None)


_OTHER_NAMES = {
    "tenant": "project_id",
    "tenant_id": "project_id",
    "token.domain.id": "domain_id",
    "token.project.domain.id": "project_domain_id",
}
"""What rules of upstream's services call attributes of an actor."""
