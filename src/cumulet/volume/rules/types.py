"""What a volume type asks of a host, and whether files on a host are that.

A spec without a scope, or in the scope `capabilities`, is compared with `CAPABILITIES`; `provisioning:min_vol_size` and
`max_vol_size` bound sizes in GiB; `RESKEY:availability_zones` names zones; other scopes are words between operators.
https://docs.openstack.org/cinder/latest/admin/availability-zone-type.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...kernel.errors import Invalid
from ..model import BACKEND

CAPABILITIES: dict[str, str] = {
    "volume_backend_name": BACKEND,
    "vendor_name": "Cumulet",
    "storage_protocol": "file",
    "multiattach": "False",
    "replication_enabled": "False",
    "thin_provisioning_support": "True",
    "thick_provisioning_support": "False",
    "online_extend_support": "True",
}
ZONES = "RESKEY:availability_zones"
LEAST, MOST = "provisioning:min_vol_size", "provisioning:max_vol_size"
VISIBLE = ("multiattach", "replication_enabled", ZONES)
"""The specs that users see, not only administrators."""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _compare(decide: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compared(there: str, wanted: str) -> bool:
        left, right = _number(there), _number(wanted)
        return left is not None and right is not None and decide(left, right)

    return compared


def _truth(text: str) -> bool:
    return text.strip().lower() in ("true", "1", "yes", "on", "t", "y")


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "<is>": lambda there, wanted: _truth(there) == _truth(wanted),
    "<in>": lambda there, wanted: wanted in there,
    "s==": lambda there, wanted: there == wanted,
    "s!=": lambda there, wanted: there != wanted,
    "=": _compare(lambda there, wanted: there >= wanted),
    ">=": _compare(lambda there, wanted: there >= wanted),
    "==": _compare(lambda there, wanted: there == wanted),
    "<=": _compare(lambda there, wanted: there <= wanted),
    "!=": _compare(lambda there, wanted: there != wanted),
}


def meets(there: str, wanted: str) -> bool:
    """Whether a capability is as a spec wants it: `<is> True`, `<or> a <or> b`, `<in> part`, `s== text`, `>= 2`, the very text."""
    if wanted.startswith("<or>"):
        return there in [choice.strip() for choice in wanted.split("<or>")]
    operator, _, operand = wanted.partition(" ")
    decide = _OPERATORS.get(operator)
    return decide(there, operand.strip()) if decide is not None else there == wanted


def unmet(specs: Mapping[str, str]) -> str | None:
    """The first spec that no host meets, as `key=value`; None if there is none."""
    for key, wanted in specs.items():
        scope, _, name = key.rpartition(":")
        if scope in ("", "capabilities") and not (name in CAPABILITIES and meets(CAPABILITIES[name], wanted)):
            return f"{key}={wanted}"
    return None


def check_size(name: str, specs: Mapping[str, str], size_gb: int) -> None:
    """Raise Invalid for a size that the type does not allow."""
    least, most = _number(specs.get(LEAST, "")), _number(specs.get(MOST, ""))
    if least is not None and size_gb < least:
        raise Invalid(
            f"Specified volume size of '{size_gb}' is less than the minimum size of '{least:g}' for volume type '{name}'."
        )
    if most is not None and size_gb > most:
        raise Invalid(
            f"Specified volume size of '{size_gb}' is larger than the maximum size of '{most:g}' for volume type '{name}'."
        )


def zones(specs: Mapping[str, str]) -> list[str] | None:
    """The zones in which volumes of this type may be; None is any."""
    return [zone.strip() for zone in specs[ZONES].split(",")] if ZONES in specs else None


def check_key(key: str) -> None:
    """Raise Invalid for the name of a spec that cannot be."""
    if not 0 < len(key) <= 255 or not all(c.isalnum() or c in "-_:. " for c in key) or key.strip() != key:
        raise Invalid(f"Key '{key}' of the extra specs must be 1 to 255 letters, digits, '-', '_', ':', '.' or spaces.")
