"""Security group rules in OVN's language."""

from __future__ import annotations

from typing import Any

import pytest

from cumulet.network.ovn.security_groups import group_name, group_rows, match_of
from support.desired import group, rule, uid

GROUP, OTHER = group_name(uid("web")), group_name(uid("mail"))
IN, OUT = f"outport == @{GROUP}", f"inport == @{GROUP}"


@pytest.mark.parametrize(
    ("direction", "ethertype", "fields", "match"),
    [
        ("egress", "IPv4", {}, f"{OUT} && ip4"),
        ("egress", "IPv6", {}, f"{OUT} && ip6"),
        ("ingress", "IPv4", {"remote_ip_prefix": "10.0.0.7/8"}, f"{IN} && ip4 && ip4.src == 10.0.0.0/8"),
        ("egress", "IPv4", {"remote_ip_prefix": "10.0.0.0/8"}, f"{OUT} && ip4 && ip4.dst == 10.0.0.0/8"),
        ("ingress", "IPv4", {"remote_ip_prefix": "0.0.0.0/0"}, f"{IN} && ip4"),
        ("ingress", "IPv6", {"remote_group_id": uid("mail")}, f"{IN} && ip6 && ip6.src == ${OTHER}_ip6"),
        ("ingress", "IPv4", {"protocol": "tcp"}, f"{IN} && ip4 && tcp"),
        (
            "ingress",
            "IPv4",
            {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22},
            f"{IN} && ip4 && tcp && tcp.dst == 22",
        ),
        (
            "ingress",
            "IPv4",
            {"protocol": "17", "port_range_min": 1, "port_range_max": 9},
            f"{IN} && ip4 && udp && udp.dst >= 1 && udp.dst <= 9",
        ),
        ("ingress", "IPv4", {"protocol": "icmp"}, f"{IN} && ip4 && icmp4"),
        (
            "ingress",
            "IPv4",
            {"protocol": "icmp", "port_range_min": 8, "port_range_max": 0},
            f"{IN} && ip4 && icmp4 && icmp4.type == 8 && icmp4.code == 0",
        ),
        (
            "ingress",
            "IPv6",
            {"protocol": "ipv6-icmp", "port_range_min": 128},
            f"{IN} && ip6 && icmp6 && icmp6.type == 128",
        ),
        ("ingress", "IPv4", {"protocol": "vrrp"}, f"{IN} && ip4 && ip.proto == 112"),
        ("ingress", "IPv4", {"protocol": "89"}, f"{IN} && ip4 && ip.proto == 89"),
        ("ingress", "IPv4", {"protocol": "any"}, f"{IN} && ip4"),
    ],
)
def test_a_rule_matches_what_it_says(direction: str, ethertype: str, fields: dict[str, Any], match: str) -> None:
    assert match_of(rule("web", direction, ethertype, **fields)) == match


@pytest.mark.parametrize(("stateful", "action"), [(True, "allow-related"), (False, "allow-stateless")])
def test_a_stateful_group_lets_answers_through(stateful: bool, action: str) -> None:
    rows = group_rows(group("web", rule("web", "egress"), stateful=stateful))
    assert [(row.row["direction"], row.row["action"]) for row in rows if row.table == "ACL"] == [("from-lport", action)]
