"""Extra specs that name placement's resources: `resources:CLASS`, and groups, `resourcesN:CLASS` with `traitN:NAME`.

https://docs.openstack.org/nova/latest/configuration/extra-specs.html#resources
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from ....placement.operations.claims import Choice, Part

OF_HOSTS = ("VCPU", "PCPU", "MEMORY_MB", "DISK_GB")
"""What is claimed of the host itself."""

_NAME = re.compile(r"(resources|trait)([a-zA-Z0-9_-]{1,64})?:([A-Z0-9_]+)")


def parts(extra_specs: Mapping[str, str]) -> list[Part]:
    """Every class that is not every host's, and every group.

    A class without a group may be of several providers. A group without amounts only has traits, and is nothing to claim.
    """
    amounts: dict[str, dict[str, int]] = defaultdict(dict)
    traits: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"required": [], "forbidden": []})
    for name, value in extra_specs.items():
        found = _NAME.fullmatch(name)
        if found is None:
            continue
        noun, group, key = found.groups()
        if noun == "trait" and group and value in traits[group]:
            traits[group][value].append(key)
        elif noun == "resources" and int(value) > 0 and (group or key not in OF_HOSTS):
            amounts[group or ""][key] = int(value)
    loose = [Part([Choice({name: amount})], host_too=True, divisible=True) for name, amount in amounts.pop("", {}).items()]
    choices = [Choice(amounts[group], traits[group]["required"], traits[group]["forbidden"]) for group in sorted(amounts)]
    return loose + [Part([choice], host_too=True) for choice in choices]


def isolate(extra_specs: Mapping[str, str]) -> bool:
    """Whether no two groups may be of one provider."""
    return extra_specs.get("group_policy") == "isolate"
