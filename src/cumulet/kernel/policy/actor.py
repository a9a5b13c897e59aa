"""Who makes a request, in which scope, with which roles."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Actor(Struct, frozen=True, kw_only=True):
    """An authenticated caller. Exactly one of project, domain and system is the scope; none of them if the token is unscoped.

    `roles` are role names with all implied ones. `expires_at` and `issued_at` are seconds since the epoch.
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

    @property
    def scope(self) -> str | None:
        """The project whose resources this actor sees; None is every project's (administrators)."""
        return None if self.is_admin else (self.project_id or "")

    def attribute(self, name: str) -> Any:
        """The value a policy rule calls `name`; None if there is none."""
        if name == "system_scope":
            return "all" if self.system else None
        if name == "tenant":
            return self.project_id
        return getattr(self, name, None)
