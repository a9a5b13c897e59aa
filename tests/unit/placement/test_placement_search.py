"""The search for allocation candidates, on worlds made by hand."""

from __future__ import annotations

import pytest

from cumulet.placement.model import Figures
from cumulet.placement.search import Group, Node, Search, World, find
from cumulet.placement.search.model import SHARES


def node(name: str, parent: str | None = None, root: str | None = None, *marks: str, **stock: int | Figures) -> Node:
    """A provider; a mark that begins with `agg` is an aggregate, any other a trait."""
    figures = {n: amount if isinstance(amount, Figures) else Figures(amount, 0, 1.0, 0) for n, amount in stock.items()}
    aggregates = frozenset(mark for mark in marks if mark.startswith("agg"))
    return Node(name, parent, root or name, figures, frozenset(marks) - aggregates, aggregates)


def shares(world: World, *groups: Group, **options) -> list[dict[str, dict[str, int]]]:
    """What each candidate takes of which provider."""
    found = []
    for candidate in find(world, Search(list(groups), **options)):
        taken: dict[str, dict[str, int]] = {}
        for (provider, name), amount in candidate.amounts.items():
            taken.setdefault(provider, {})[name] = amount
        found.append(taken)
    return found


TREE = World(
    [
        node("host", None, None, "agg1", VCPU=8, MEMORY_MB=1024),
        node("numa0", "host", "host", "NUMA", VGPU=2),
        node("numa1", "host", "host", "NUMA", "FAST", VGPU=2),
        node("disk", None, None, SHARES, "agg1", DISK_GB=100),
        node("far disk", None, None, SHARES, "agg2", DISK_GB=100),
    ]
)


def test_the_group_without_suffix_is_spread_over_the_tree_and_what_it_shares():
    found = shares(TREE, Group("", {"VCPU": 1, "VGPU": 1, "DISK_GB": 10}))
    assert found == [
        {"host": {"VCPU": 1}, "numa0": {"VGPU": 1}, "disk": {"DISK_GB": 10}},
        {"host": {"VCPU": 1}, "numa1": {"VGPU": 1}, "disk": {"DISK_GB": 10}},
    ]


def test_a_group_with_suffix_gets_all_from_one_provider():
    assert shares(TREE, Group("1", {"VCPU": 1, "VGPU": 1})) == []
    assert shares(TREE, Group("1", {"VCPU": 1, "MEMORY_MB": 1})) == [{"host": {"VCPU": 1, "MEMORY_MB": 1}}]


def test_traits_may_be_collected_from_the_providers_that_give_something():
    wanted = {"VCPU": 1, "VGPU": 1}
    assert shares(TREE, Group("", wanted, required=[["FAST"]])) == [{"host": {"VCPU": 1}, "numa1": {"VGPU": 1}}]
    assert shares(TREE, Group("", {"VCPU": 1}, required=[["FAST"]])) == []
    assert shares(TREE, Group("", wanted, forbidden=["FAST"])) == [{"host": {"VCPU": 1}, "numa0": {"VGPU": 1}}]
    assert len(shares(TREE, Group("", wanted, required=[["FAST", "NUMA"]]))) == 2


def test_two_groups_may_share_a_provider_unless_they_are_isolated():
    groups = Group("1", {"VGPU": 1}), Group("2", {"VGPU": 1})
    apart = {"numa0": {"VGPU": 1}, "numa1": {"VGPU": 1}}
    found = shares(TREE, *groups)
    assert len(found) == 4
    assert found.count(apart) == 2
    assert {"numa0": {"VGPU": 2}} in found
    assert {"numa1": {"VGPU": 2}} in found
    assert all(len(found) == 2 for found in shares(TREE, *groups, isolate=True))


def test_groups_together_do_not_take_more_than_one_provider_has():
    assert {"numa0": {"VGPU": 3}} not in shares(TREE, Group("1", {"VGPU": 2}), Group("2", {"VGPU": 1}))
    used = World([node("host", VCPU=Figures(8, 0, 1.0, 5))])
    assert shares(used, Group("1", {"VCPU": 2}), Group("2", {"VCPU": 2})) == []
    capped = World([node("host", VCPU=Figures(8, 0, 1.0, 0, max_unit=3))])
    assert shares(capped, Group("1", {"VCPU": 2}), Group("2", {"VCPU": 2})) == []


def test_mappings_say_which_provider_satisfies_which_group():
    [found] = find(TREE, Search([Group("", {"VCPU": 1}), Group("_gpu", {"VGPU": 1}, required=[["FAST"]])]))
    assert found.mappings == {"": ["host"], "_gpu": ["numa1"]}


def test_aggregates_of_the_root_count_for_its_tree():
    assert len(shares(TREE, Group("", {"VGPU": 1}, member_of=[["agg1"]]))) == 2
    assert shares(TREE, Group("1", {"VGPU": 1}, member_of=[["agg1"]])) == []
    assert shares(TREE, Group("", {"VCPU": 1}, not_in=["agg1"])) == []
    assert shares(TREE, Group("", {"VCPU": 1}, member_of=[["agg1"], ["agg2"]])) == []


def test_a_group_can_be_tied_to_a_tree():
    assert shares(TREE, Group("", {"DISK_GB": 1}, in_tree="disk")) == [{"disk": {"DISK_GB": 1}}]
    both = shares(TREE, Group("", {"VCPU": 1}, in_tree="numa0"), Group("1", {"DISK_GB": 1}, in_tree="disk"))
    assert both == [{"host": {"VCPU": 1}, "disk": {"DISK_GB": 1}}]
    assert shares(TREE, Group("", {"VCPU": 1}, in_tree="nowhere")) == []


def test_the_anchors_own_traits_can_be_asked_for():
    assert shares(TREE, Group("", {"DISK_GB": 1}), root_required=[SHARES]) == [
        {"disk": {"DISK_GB": 1}},
        {"far disk": {"DISK_GB": 1}},
    ]
    assert shares(TREE, Group("", {"DISK_GB": 1}), root_forbidden=[SHARES]) == [{"disk": {"DISK_GB": 1}}]


def test_groups_of_one_subtree_are_below_one_of_their_providers():
    world = World(
        [
            node("host", VCPU=1),
            node("a", "host", "host", "ROOT"),
            node("a1", "a", "host", NET=1),
            node("b", "host", "host", "ROOT"),
            node("b1", "b", "host", NET=1, FPGA=1),
        ]
    )
    groups = Group("_root", {}, required=[["ROOT"]]), Group("_net", {"NET": 1}), Group("_fpga", {"FPGA": 1})
    near = shares(world, *groups, same_subtrees=[["_root", "_net", "_fpga"]])
    assert near == [{"b1": {"NET": 1, "FPGA": 1}}]
    assert {"a1": {"NET": 1}, "b1": {"FPGA": 1}} in shares(world, *groups, same_subtrees=[["_root", "_net"]])


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_no_candidate_comes_twice_and_never_more_than_the_limit(limit: int):
    groups = Group("", {"VCPU": 1}), Group("1", {"DISK_GB": 1}), Group("2", {"VGPU": 1})
    found = shares(TREE, *groups, limit=limit)
    assert len(found) == min(limit, 2)
    assert len({str(each) for each in found}) == len(found)


def test_a_shared_provider_is_found_once_although_it_has_an_anchor_of_its_own():
    assert shares(TREE, Group("", {"DISK_GB": 1})) == [{"disk": {"DISK_GB": 1}}, {"far disk": {"DISK_GB": 1}}]


def test_clients_that_know_no_trees_get_one_provider_of_each():
    assert shares(TREE, Group("", {"VCPU": 1, "VGPU": 1}), nested=False) == []
    assert shares(TREE, Group("", {"VCPU": 1, "DISK_GB": 1}), nested=False) == [{"host": {"VCPU": 1}, "disk": {"DISK_GB": 1}}]
