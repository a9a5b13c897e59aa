"""Domains, projects and roles, and who holds them where."""

from __future__ import annotations

from collections.abc import Iterator

from ....kernel.db import values
from ...domain_settings import DEFAULTS, is_secret
from ...keys import KeyRing
from ...model import Assignment, Project, Role
from ...store.domains.options import DomainOption
from ...store.keystone.source import Row, Source
from ..delegation.credentials import sealed
from .rows import NO_DOMAIN, ROOT_DOMAIN, NotUnderstood, extra, grouped, json, options

_OPTIONS = {"IMMU": "immutable"}
_KINDS = {
    "UserProject": ("user", "project"),
    "GroupProject": ("group", "project"),
    "UserDomain": ("user", "domain"),
    "GroupDomain": ("group", "domain"),
    "UserSystem": ("user", "system"),
    "GroupSystem": ("group", "system"),
}


def domains(source: Source) -> list[Row]:
    """Every domain."""
    return [project for project in _projects(source) if project["is_domain"]]


def domain_options(source: Source, vault: KeyRing) -> list[Row]:
    """What domains have configured for themselves; secrets are sealed. Raises NotUnderstood for options that are not known."""
    found = []
    for table in ("whitelisted_config", "sensitive_config"):
        for row in source[table]:
            group, option, value = row["group"], row["option"], json(row, "value", table)
            if group not in DEFAULTS or (option not in DEFAULTS[group] and not is_secret(group, option)):
                raise NotUnderstood(f"{table}: domain {row['domain_id']} has an unknown option {option} in group {group}.")
            key, secret = f"{row['domain_id']}/{group}/{option}", is_secret(group, option)
            kept = (None, sealed(vault, key, str(value))) if secret else (value, None)
            found.append(values(DomainOption(key, row["domain_id"], group, option, *kept)))
    return found


def projects(source: Source) -> list[Row]:
    """Every project."""
    return [project for project in _projects(source) if not project["is_domain"]]


def _projects(source: Source) -> Iterator[Row]:
    tags = grouped(source["project_tag"], "project_id", "name")
    given = options(source, "project_option", "project_id", _OPTIONS)
    for row in source["project"]:
        if row["id"] == ROOT_DOMAIN:
            continue
        domain_id = "" if row["is_domain"] else row["domain_id"]
        yield values(
            Project(
                id=row["id"],
                name=row["name"],
                domain_id=domain_id,
                parent_id=None if row["is_domain"] else row["parent_id"] or domain_id,
                is_domain=bool(row["is_domain"]),
                enabled=bool(row["enabled"]),
                description=row["description"] or "",
                tags=sorted(tags[row["id"]]),
                options=given[row["id"]],
                extra=extra(row, "project"),
            )
        )


def roles(source: Source) -> list[Row]:
    """Every role."""
    given = options(source, "role_option", "role_id", _OPTIONS)
    return [values(_role(row, given[row["id"]])) for row in source["role"]]


def _role(row: Row, given: dict[str, object]) -> Role:
    more = extra(row, "role")
    described = more.pop("description", "")
    domain_id = "" if row["domain_id"] == NO_DOMAIN else row["domain_id"]
    return Role(row["id"], row["name"], domain_id, row["description"] or described, given, more)


def implied(source: Source) -> list[Row]:
    """Every implication."""
    return [{name: row[name] for name in ("prior_role_id", "implied_role_id")} for row in source["implied_role"]]


def assignments(source: Source) -> list[Row]:
    """Every assignment, on projects, domains and the system."""
    return [values(_assignment(row)) for row in (*source["assignment"], *source["system_assignment"])]


def _assignment(row: Row) -> Assignment:
    if row["type"] not in _KINDS:
        raise NotUnderstood(f"assignment: its type {row['type']} of {row['actor_id']} is not known.")
    holder, target = _KINDS[row["type"]]
    target_id = "all" if target == "system" else row["target_id"]
    return Assignment(holder, row["actor_id"], target, target_id, row["role_id"], bool(row["inherited"]))
