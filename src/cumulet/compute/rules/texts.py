"""Reading what clients write. The constraints are upstream's: nova/api/validation/parameter_types.py."""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address

from ...kernel import clock
from ...kernel.clock import Stamp
from ...kernel.errors import Invalid
from ...kernel.http import flag as read_flag
from ...kernel.ids import is_uuid


def wrong(field: str, value: object, why: str) -> Invalid:
    """What is wrong with a field."""
    return Invalid(f"Invalid input for field/attribute {field}. Value: {value}. {why}")


def flag(field: str, value: bool | str) -> bool:
    """A boolean, or one of the words for it. Raises Invalid."""
    if isinstance(value, bool):
        return value
    try:
        return read_flag(value)
    except ValueError as problem:
        raise wrong(field, value, str(problem)) from None


def count(field: str, value: int | str, least: int = 0, most: int = 0x7FFFFFFF) -> int:
    """An integer, or its digits. Raises Invalid outside `least` to `most`."""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,12}", value):
        raise wrong(field, value, "It must be an integer.")
    number = int(value)
    if not least <= number <= most:
        raise wrong(field, value, f"It must be from {least} to {most}.")
    return number


def name(field: str, value: str) -> str:
    """A name: printable, without space at its ends. Raises Invalid."""
    if value != value.strip() or any(not _printable(letter) for letter in value):
        raise wrong(field, value, "It must be printable characters and must not start or end with whitespace.")
    return value


def printable(field: str, value: str | None) -> str | None:
    """A description. Raises Invalid."""
    if value is not None and any(not _printable(letter) for letter in value):
        raise wrong(field, value, "It must be printable characters.")
    return value


def _printable(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] != "C" and (category[0] != "Z" or category == "Zs")


def identifier(field: str, value: str) -> str:
    """A UUID. Raises Invalid."""
    if not is_uuid(value):
        raise wrong(field, value, f"'{value}' is not a 'uuid'.")
    return value


def address(field: str, value: str, version: int | None = None) -> str:
    """An IP address, of one version or either. Raises Invalid."""
    kind = {None: ip_address, 4: IPv4Address, 6: IPv6Address}[version]
    try:
        return str(kind(value))
    except ValueError:
        raise wrong(field, value, f"'{value}' is not a 'ipv{version or '4 or ipv6'}'.") from None


_HOSTNAME = re.compile(r"[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+")
_FQDN = re.compile(r"[a-zA-Z0-9._-]{1,255}")


def hostname(value: str, domain_allowed: bool) -> str:
    """A hostname, with its domain only where that is allowed. Raises Invalid."""
    if domain_allowed and _FQDN.fullmatch(value):
        return value
    if not 2 <= len(value) <= 63 or not _HOSTNAME.fullmatch(value):
        raise wrong("hostname", value, "It must be 2 to 63 letters, digits and hyphens.")
    return value


def instant(field: str, text: str) -> Stamp:
    """An instant in ISO 8601, whose plus sign may have become a space on the way. Raises Invalid."""
    try:
        return clock.stamp(clock.seconds(text.replace(" ", "+")))
    except ValueError:
        raise Invalid(f"Invalid filter field: {field}. '{text}' is not a date-time.") from None
