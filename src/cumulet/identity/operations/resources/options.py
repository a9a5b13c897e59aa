"""Options of users, projects, domains and roles: a fixed set of words, each with its kind of value; null takes one away."""

from __future__ import annotations

from typing import Any

from ....kernel.errors import Forbidden, Invalid

IMMUTABLE = "immutable"
_OF_USERS = {
    "ignore_change_password_upon_first_use",
    "ignore_password_expiry",
    "ignore_lockout_failure_attempts",
    "ignore_user_inactivity",
    "lock_password",
    "multi_factor_auth_enabled",
}
_FACTORS = "multi_factor_auth_rules"


def of_user(given: dict[str, Any], known: dict[str, Any] | None = None) -> dict[str, Any]:
    """A user's options, after a change. Raises Invalid, naming the option."""
    _check_flags(given, _OF_USERS, {_FACTORS})
    if given.get(_FACTORS) is not None:
        _check_factors(given[_FACTORS])
    return _merged(given, known)


def of_resource(given: dict[str, Any], known: dict[str, Any] | None = None) -> dict[str, Any]:
    """The options of a project, domain or role, after a change. Raises Invalid, naming the option."""
    _check_flags(given, {IMMUTABLE}, set())
    return _merged(given, known)


def _merged(given: dict[str, Any], known: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in {**(known or {}), **given}.items() if value is not None}


def _check_flags(given: dict[str, Any], flags: set[str], others: set[str]) -> None:
    for name, value in given.items():
        if name not in flags | others:
            raise Invalid(f"Invalid input for field/attribute options. {name!r} is not an option here.")
        if name in flags and value is not None and not isinstance(value, bool):
            raise Invalid(f"Invalid input for field/attribute options.{name}. A boolean is expected.")


def _check_factors(rules: Any) -> None:
    def is_rule(rule: Any) -> bool:
        return isinstance(rule, list) and bool(rule) and all(isinstance(m, str) for m in rule) and len(set(rule)) == len(rule)

    if not isinstance(rules, list) or not all(is_rule(rule) for rule in rules) or any(rules.count(rule) > 1 for rule in rules):
        raise Invalid(
            f"Invalid input for field/attribute options.{_FACTORS}. A list of different lists of different methods is expected."
        )


def check_mutable(what: str, known: dict[str, Any], given: dict[str, Any] | None) -> None:
    """Raise Forbidden if an immutable thing is to be changed or deleted (`given` None); only the option may be taken away."""
    if known.get(IMMUTABLE) and (given is None or set(given) != {"options"} or given["options"].get(IMMUTABLE, True)):
        raise Forbidden(f"{what} is immutable: set its option {IMMUTABLE!r} to false or null first.")
