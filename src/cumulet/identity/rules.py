"""Decisions about passwords and log-ins that need nothing but their arguments."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from ..kernel.clock import seconds, stamp
from ..kernel.errors import Invalid

DAY = 86400.0
LONGEST_PASSWORD = 4096


class Compliance(Struct, frozen=True):
    """What an organisation may ask of passwords; nearly everything is off by default.

    An address from which `address_failures` attempts failed within `address_seconds` waits until those are over, unless it is of
    this machine or a trusted proxy.

    After `lockout_failures` wrong passwords in a row an account is locked for `lockout_seconds`. Whoever shows no right password
    for `inactive_days` is disabled. A user's new password must be none of the last `unique_passwords`, and stays for
    `password_least_days`.
    """

    lockout_failures: int = 0
    lockout_seconds: float = 1800.0
    inactive_days: int = 0
    password_days: int = 0
    password_least_days: int = 0
    unique_passwords: int = 0
    password_pattern: str = ""
    password_pattern_hint: str = ""
    change_at_first_use: bool = False
    address_failures: int = 100
    address_seconds: float = 60.0
    trusted_proxies: list[str] = msgspec.field(default_factory=lambda: ["127.0.0.0/8", "::1/128"])


def client_address(rules: Compliance, peer: str, forwarded: str | None) -> str | None:
    """The address whose attempts are counted: the last one before our own proxies; None for those on this machine.

    `forwarded` is the header X-Forwarded-For, which only trusted proxies are believed.
    """
    for address in (peer, *reversed([part.strip() for part in (forwarded or "").split(",") if part.strip()])):
        try:
            found = _address(address)
        except ValueError:
            return None if address == peer else address[:64]
        if not any(found in _network(text) for text in rules.trusted_proxies):
            return str(found)
    return None


@lru_cache(maxsize=4096)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text)


@lru_cache
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text)


def some(names: Sequence[str], most: int = 5) -> str:
    """The first of several names, for a message that says who is in the way."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(sorted(names)[:most]) + more


def check_password(rules: Compliance, password: str) -> None:
    """Raise Invalid if a new password is not as it must be."""
    if len(password) > LONGEST_PASSWORD:
        raise Invalid(f"Password validation error: a password has at most {LONGEST_PASSWORD} characters.")
    if rules.password_pattern and not re.match(rules.password_pattern, password):
        hint = rules.password_pattern_hint or f"it must match {rules.password_pattern}"
        raise Invalid(f"The password does not match the requirements: {hint}.")


def password_end(rules: Compliance, options: dict[str, Any], now: float, by_its_user: bool) -> str | None:
    """When a password set now expires, as a stamp; None for never."""
    if rules.change_at_first_use and not by_its_user and not options.get("ignore_change_password_upon_first_use"):
        return stamp(now)
    if rules.password_days and not options.get("ignore_password_expiry"):
        return stamp(now + rules.password_days * DAY)
    return None


def is_expired(expires_at: str | None, options: dict[str, Any], now: float) -> bool:
    """Whether a password cannot be used any more."""
    return expires_at is not None and not options.get("ignore_password_expiry") and seconds(expires_at) <= now


def is_locked(rules: Compliance, failures: int, last_failed_at: float, now: float) -> bool:
    """Whether so many failures, the last of them then, lock an account now."""
    return 0 < rules.lockout_failures <= failures and now < last_failed_at + rules.lockout_seconds


def factors_missing(options: dict[str, Any], methods: set[str], known: set[str]) -> list[list[str]]:
    """The rules for several factors, if a user has some and `methods` satisfies none of them.

    A rule is a list of methods that are needed together. Methods that do not exist here are left out of it, so that nobody is
    locked out by a word; a rule of nothing else is no rule.
    """
    if not options.get("multi_factor_auth_enabled", True):
        return []
    rules = [sorted(set(rule) & known) for rule in options.get("multi_factor_auth_rules") or []]
    rules = [rule for rule in rules if rule]
    return [] if any(set(rule) <= methods for rule in rules) else rules


def instant(name: str, text: str | None) -> float | None:
    """A time that a client sent as ISO 8601, in seconds; UTC unless it says otherwise. Raises Invalid, naming the field."""
    if text is None:
        return None
    try:
        return seconds(text)
    except ValueError:
        raise Invalid(f"Invalid input for field/attribute {name}. {text!r} is not a time as ISO 8601 writes it.") from None


_COMPARISONS = {"lt": "lt", "lte": "lte", "gt": "gt", "gte": "gte", "eq": "eq", "neq": "ne"}


def end_filter(text: str) -> tuple[str, str]:
    """The stamp and operator of a filter by a password's end: `lt:2027-01-02T03:04:05Z`, or just a time. Raises Invalid."""
    word, _, rest = text.partition(":")
    operator = _COMPARISONS.get(word)
    at = instant("password_expires_at", rest if operator else text)
    return stamp(at or 0.0), operator or "eq"
