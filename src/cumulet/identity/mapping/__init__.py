"""The language of mappings: from what an identity provider says of a user to a user, groups and projects here.

A mapping is a list of rules, each with `remote` conditions on attributes and `local` results. A rule applies if all of its
conditions hold; the results of all rules that apply count together. A condition that only names an attribute, or narrows its values
by `whitelist` or `blacklist`, gives them to the results: `{0}` is the first such condition's, `{1}` the second's.
https://docs.openstack.org/keystone/latest/admin/federation/mapping_combinations.html
"""

from .evaluating import Mapped, MappedProject, MappedUser, evaluate
from .reading import VERSIONS, read
from .rules import Named

__all__ = ["VERSIONS", "Mapped", "MappedProject", "MappedUser", "Named", "evaluate", "read"]
