"""What a rule consists of."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Named(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A domain, by id or name."""

    id: str | None = None
    name: str | None = None


class LocalUser(Struct, frozen=True, forbid_unknown_fields=True):
    """The user. A `local` one exists already, an `ephemeral` one is made at the first log-in."""

    id: str | None = None
    name: str | None = None
    email: str | None = None
    domain: Named | None = None
    type: Literal["ephemeral", "local"] | None = None


class LocalGroup(Struct, frozen=True, forbid_unknown_fields=True):
    """A group, by id, or by name in a domain."""

    id: str | None = None
    name: str | None = None
    domain: Named | None = None


class LocalRole(Struct, frozen=True, forbid_unknown_fields=True):
    """A role, by name."""

    name: str


class LocalProject(Struct, frozen=True, forbid_unknown_fields=True):
    """A project in which the user gets roles; it is made if there is none. Its `domain` may be named since version 2.0."""

    name: str
    roles: list[LocalRole]
    domain: Named | None = None


class Local(Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule gives. `groups` are names in `domain`, `group_ids` are ids; `projects_json` (since version 3.0) is JSON text of
    projects.
    """

    user: LocalUser | None = None
    group: LocalGroup | None = None
    groups: str | None = None
    group_ids: str | None = None
    projects: list[LocalProject] | None = None
    projects_json: str | None = None
    domain: Named | None = None


class Remote(Struct, frozen=True, forbid_unknown_fields=True):
    """A condition on the attribute `type`: at most one of the four lists. With `regex` they are patterns."""

    type: str
    any_one_of: list[str] | None = None
    not_any_of: list[str] | None = None
    whitelist: list[str] | None = None
    blacklist: list[str] | None = None
    regex: bool = False

    @property
    def lists(self) -> list[list[str]]:
        """Those of the four lists that are given."""
        four = (self.any_one_of, self.not_any_of, self.whitelist, self.blacklist)
        return [values for values in four if values is not None]

    @property
    def gives(self) -> bool:
        """Whether the attribute's values can be used by the results."""
        return self.any_one_of is None and self.not_any_of is None


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """Conditions and results."""

    local: list[Local]
    remote: list[Remote]
