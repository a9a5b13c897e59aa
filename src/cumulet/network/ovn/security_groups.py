"""A security group is a port group with an ACL per rule; what no rule allows, one group of all filtered ports drops."""

from __future__ import annotations

from ipaddress import ip_network

from cumulet.kernel.ids import derived_uuid
from cumulet.kernel.ovsdb import Op, Parent, Tables, Value, Wanted, detach, references

from ..desired import DesiredGroup
from ..model import SecurityRule
from .tables import mark

DROP_GROUP = derived_uuid("security group", "drop")
_DROP_NAME = "cumulet_drop"
_DROP_PRIORITY, _ALLOW_PRIORITY = 1001, 1002
_NAMED = {
    "ah": 51,
    "dccp": 33,
    "egp": 8,
    "esp": 50,
    "gre": 47,
    "igmp": 2,
    "ipip": 4,
    "ipv6-encap": 41,
    "ipv6-frag": 44,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ipv6-route": 43,
    "ospf": 89,
    "pgm": 113,
    "rsvp": 46,
    "udplite": 136,
    "vrrp": 112,
}
_WITH_PORTS = {"tcp": "tcp", "6": "tcp", "udp": "udp", "17": "udp", "sctp": "sctp", "132": "sctp"}
_ICMP = frozenset({"icmp", "icmpv6", "ipv6-icmp", "1", "58"})


def drop_rows() -> list[Wanted]:
    """The group of every filtered port: nothing passes but the guest's own DHCP requests, which OVN answers itself."""
    group = Wanted("Port_Group", DROP_GROUP, {"name": _DROP_NAME, "external_ids": mark("drop group")})
    out, into = f"inport == @{_DROP_NAME}", f"outport == @{_DROP_NAME}"
    rules = [
        ("from-lport", _DROP_PRIORITY, f"{out} && ip", "drop"),
        ("to-lport", _DROP_PRIORITY, f"{into} && ip", "drop"),
        ("from-lport", _ALLOW_PRIORITY, f"{out} && ip4 && udp.src == 68 && udp.dst == 67", "allow"),
        ("from-lport", _ALLOW_PRIORITY, f"{out} && ip6 && udp.src == 546 && udp.dst == 547", "allow"),
    ]
    parent = Parent("Port_Group", DROP_GROUP, "acls")
    return [group, *(_acl(derived_uuid(DROP_GROUP, rule[2]), rule, "drop group", parent) for rule in rules)]


def group_rows(desired: DesiredGroup) -> list[Wanted]:
    """The group and its rules. Who is in it is said by its ports."""
    group = desired.group
    parent = Parent("Port_Group", group.id, "acls")
    row: dict[str, Value] = {"name": group_name(group.id), "external_ids": mark("security group", name=group.name)}
    action = "allow-related" if group.stateful else "allow-stateless"
    found = [Wanted("Port_Group", group.id, row)]
    for rule in desired.rules:
        direction = "to-lport" if rule.direction == "ingress" else "from-lport"
        acl = (direction, _ALLOW_PRIORITY, match_of(rule), action)
        found.append(_acl(rule.id, acl, "security rule", parent))
    return found


def stale_rules(tables: Tables, desired: DesiredGroup) -> list[Op]:
    """Take out the ACLs of rules that have gone."""
    present = tables["Port_Group"].get(desired.group.id)
    gone = references(present, "acls") - {rule.id for rule in desired.rules} if present else frozenset()
    return detach(tables, Parent("Port_Group", desired.group.id, "acls"), gone)


def group_name(group_id: str) -> str:
    """The name by which matches refer to a group: they know no dashes. OVN adds `_ip4` and `_ip6` for its members' addresses."""
    return f"pg_{group_id.replace('-', '_')}"


def match_of(rule: SecurityRule) -> str:
    """The rule in OVN's language (ovn-sb(5), Logical_Flow.match)."""
    incoming = rule.direction == "ingress"
    ip = "ip4" if rule.ethertype == "IPv4" else "ip6"
    terms = [f"{'outport' if incoming else 'inport'} == @{group_name(rule.group_id)}", ip]
    other = f"{ip}.{'src' if incoming else 'dst'}"
    if rule.remote_group_id:
        terms.append(f"{other} == ${group_name(rule.remote_group_id)}_{ip}")
    elif rule.remote_ip_prefix and ip_network(rule.remote_ip_prefix, strict=False).prefixlen > 0:
        terms.append(f"{other} == {ip_network(rule.remote_ip_prefix, strict=False)}")
    return " && ".join(terms + _protocol_terms(rule))


def _protocol_terms(rule: SecurityRule) -> list[str]:
    low, high = rule.port_range_min, rule.port_range_max
    protocol = str(rule.protocol).lower() if rule.protocol is not None else "any"
    if protocol in ("any", "0"):
        return []
    if protocol in _ICMP:
        icmp = "icmp4" if rule.ethertype == "IPv4" else "icmp6"
        numbers = [("type", low), ("code", high)]
        return [icmp, *(f"{icmp}.{name} == {number}" for name, number in numbers if number is not None)]
    name = _WITH_PORTS.get(protocol)
    if name is None:
        return [f"ip.proto == {_NAMED.get(protocol, protocol)}"]
    if low is None or high is None:
        return [name]
    return [name, f"{name}.dst == {low}"] if low == high else [name, f"{name}.dst >= {low}", f"{name}.dst <= {high}"]


def _acl(uuid: str, acl: tuple[str, int, str, str], kind: str, parent: Parent) -> Wanted:
    direction, priority, match, action = acl
    row: dict[str, Value] = {
        "direction": direction,
        "priority": priority,
        "match": match,
        "action": action,
        "external_ids": mark(kind),
    }
    return Wanted("ACL", uuid, row, (parent,))
