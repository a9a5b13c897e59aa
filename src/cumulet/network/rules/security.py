"""Which security group rules make sense."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_network
from typing import NoReturn

from ...kernel.errors import Conflict, Invalid
from ..model import SecurityRule

_NUMBER = re.compile("[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5]")
"""A protocol by its number."""

PROTOCOLS: dict[str, int] = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "egp": 8,
    "udp": 17,
    "dccp": 33,
    "ipv6-encap": 41,
    "ipv6-route": 43,
    "ipv6-frag": 44,
    "rsvp": 46,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "ipv6-icmp": 58,
    "icmpv6": 58,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ospf": 89,
    "vrrp": 112,
    "pgm": 113,
    "sctp": 132,
    "udplite": 136,
}
"""Names and numbers of IP protocols (IANA), as far as rules may use names."""

PORTED = {PROTOCOLS[name] for name in ("tcp", "udp", "udplite", "sctp", "dccp")}
ICMP = {PROTOCOLS["icmp"], PROTOCOLS["ipv6-icmp"]}
ONLY_IPV6 = {PROTOCOLS[name] for name in ("ipv6-encap", "ipv6-route", "ipv6-frag", "ipv6-icmp", "ipv6-nonxt", "ipv6-opts")}


def _refuse(message: str, code: str) -> NoReturn:
    raise Invalid(message, code=code)


def direction(text: str) -> str:
    """`ingress` or `egress`. Raises Invalid."""
    if text.lower() not in ("ingress", "egress"):
        _refuse(f"Invalid input for direction. Reason: '{text}' is not in ['ingress', 'egress'].", "InvalidInput")
    return text.lower()


def ethertype(text: str | None) -> str:
    """`IPv4` or `IPv6`. Raises Invalid."""
    known = {"ipv4": "IPv4", "ipv6": "IPv6"}
    if (text or "ipv4").lower() not in known:
        _refuse(f"Security group rule for ethertype '{text}' not supported. Allowed values are ['IPv4', 'IPv6'].", "InvalidInput")
    return known[(text or "ipv4").lower()]


def protocol(given: str | int | None) -> str | None:
    """A protocol's name or number as text; None for all of them. Raises Invalid for one that nobody knows."""
    if given is None or str(given).lower() in ("", "any", "-1"):
        return None
    text = str(given).lower()
    if text in PROTOCOLS or _NUMBER.fullmatch(text):
        return text
    _refuse(
        f"Security group rule protocol {given} not supported. Only protocol values {sorted(PROTOCOLS)} and integer representations "
        "[0 to 255] are supported.",
        "SecurityGroupRuleInvalidProtocol",
    )


def number(name: str | None) -> int | None:
    """The protocol's number."""
    return None if name is None else PROTOCOLS.get(name, int(name) if name.isdigit() else 0)


def prefix(text: str | None, family: str) -> str | None:
    """The remote block; an address alone stands for itself. Raises Invalid for a bad one, or one of the other IP version."""
    if not text:
        return None
    plain = text if "/" in text else f"{text}/{128 if ':' in text else 32}"
    try:
        net = ip_network(plain, strict=False)
    except ValueError:
        _refuse(f"Invalid CIDR {text} given as IP prefix.", "InvalidCIDR")
    if f"IPv{net.version}" != family:
        _refuse(f"Conflicting value ethertype {family} for CIDR {text}", "SecurityGroupRuleParameterConflict")
    return plain


def normalized(text: str | None) -> str | None:
    """A block without bits in its host part."""
    return None if text is None else str(ip_network(text, strict=False))


def check(rule: SecurityRule) -> None:
    """Raise Invalid unless protocol, IP version, ports and remotes go together."""
    kind = number(rule.protocol)
    if kind in ONLY_IPV6 and rule.ethertype == "IPv4":
        _refuse(f"Invalid ethertype {rule.ethertype} for protocol {rule.protocol}.", "SecurityGroupEthertypeConflictWithProtocol")
    if rule.remote_group_id and rule.remote_ip_prefix:
        _refuse("Only remote_ip_prefix or remote_group_id may be provided.", "SecurityGroupRemoteGroupAndRemoteIpPrefix")
    _check_ports(rule, kind)


def _check_ports(rule: SecurityRule, kind: int | None) -> None:
    low, high = rule.port_range_min, rule.port_range_max
    if low is None and high is None:
        return
    for value in (low, high):
        if value is not None and not 0 <= value <= 65535:
            _refuse(f"Invalid value for port {value}", "SecurityGroupInvalidPortValue")
    if kind is None:
        _refuse("Must also specify protocol if port range is given.", "SecurityGroupProtocolRequiredWithPorts")
    if kind in ICMP:
        _check_icmp(low, high)
    elif kind not in PORTED:
        _refuse(
            f"Invalid protocol {rule.protocol} for port range, only supported for TCP, UDP, UDPLITE, SCTP and DCCP.",
            "SecurityGroupInvalidProtocolForPort",
        )
    elif low == 0 or high == 0:
        _refuse("Invalid value for port 0", "SecurityGroupInvalidPortValue")
    elif low is None or high is None or low > high:
        _refuse("For TCP/UDP protocols, port_range_min must be <= port_range_max", "SecurityGroupInvalidPortRange")


def _check_icmp(kind: int | None, code: int | None) -> None:
    for attribute, field, value in (("port-range-min", "type", kind), ("port-range-max", "code", code)):
        if value is not None and value > 255:
            _refuse(f"Invalid value for ICMP {field} ({attribute}) {value}. It must be 0 to 255.", "SecurityGroupInvalidIcmpValue")
    if kind is None:
        _refuse(
            f"ICMP code (port-range-max) {code} is provided but ICMP type (port-range-min) is missing.",
            "SecurityGroupMissingIcmpType",
        )


def _essence(rule: SecurityRule) -> tuple[object, ...]:
    net = None
    if rule.remote_ip_prefix is not None:
        whole = ip_network(rule.remote_ip_prefix, strict=False)
        net = whole if whole.prefixlen else None
    kind = number(rule.protocol)
    return rule.direction, rule.ethertype, kind, rule.port_range_min, rule.port_range_max, rule.remote_group_id, net


def check_new(rule: SecurityRule, present: Iterable[SecurityRule]) -> None:
    """Raise Conflict if the group has a rule that says the same."""
    for other in present:
        if _essence(other) == _essence(rule):
            raise Conflict(f"Security group rule already exists. Rule id is {other.id}.", code="SecurityGroupRuleExists")
