"""Allocation candidates: every way to satisfy a request for resources. Pure: it works on a `World` that somebody has loaded.

A request is a set of groups. The group without a suffix may be spread over a provider tree; a group with one is satisfied
by a single provider. Beside the providers of its tree, a root (the anchor) may use providers that share their inventory
(they have the trait MISC_SHARES_VIA_AGGREGATE) with an aggregate in which some provider of the tree is.

For each anchor: `matching` finds the ways to satisfy each group alone, `combining` tries their products and keeps those
which fit together. https://docs.openstack.org/placement/latest/user/provider-tree.html
"""

from .combining import find
from .model import Candidate, Group, Node, Search, World

__all__ = ["Candidate", "Group", "Node", "Search", "World", "find"]
