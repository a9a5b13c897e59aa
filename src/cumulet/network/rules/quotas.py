"""Limits of what a project may have."""

from __future__ import annotations

from ...kernel.errors import Invalid, OverQuota

DEFAULTS: dict[str, int] = {
    "network": 100,
    "subnet": 100,
    "subnetpool": -1,
    "port": 500,
    "router": 10,
    "floatingip": 50,
    "security_group": 10,
    "security_group_rule": 100,
    "rbac_policy": 10,
}
"""Upstream's defaults; -1 is unlimited."""


def check_limit(resource: str, limit: int, used: int) -> None:
    """Raise Invalid for a limit that cannot be: below -1, or, unless it is unlimited, below what is used."""
    if not -1 <= limit <= 2**31 - 1:
        raise Invalid(f"Invalid input for {resource}. Reason: '{limit}' is not from -1 to {2**31 - 1}.", code="InvalidInput")
    if 0 <= limit < used:
        raise Invalid(f"Quota limit {limit} for {resource} is below the {used} that are in use.", code="QuotaUpdateBelowUsage")


def check(resource: str, used: int, wanted: int, limit: int | None) -> None:
    """Raise OverQuota if `wanted` more would pass the project's limit; None is the default limit."""
    most = DEFAULTS[resource] if limit is None else limit
    if 0 <= most < used + wanted:
        raise OverQuota(
            f"Quota exceeded for resources: ['{resource}']: {used} of {most} are used and {wanted} more were asked for.",
            code="OverQuota",
        )
