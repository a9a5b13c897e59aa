"""What `pci_passthrough:alias` of a flavor wants of a host."""

from __future__ import annotations

from collections.abc import Mapping

from ....kernel.errors import Invalid
from ....placement.operations.claims import Choice, Part
from ....placement.operations.topology.naming import normal_class, normal_trait
from ...settings import Alias

KINDS = {"type-PCI": "pci", "type-PF": "pf", "type-VF": "vf"}


def counts(extra_specs: Mapping[str, str]) -> dict[str, int]:
    """How many devices of which alias `pci_passthrough:alias` wants: `a1:2, a2:1`. Raises Invalid."""
    found: dict[str, int] = {}
    for part in filter(None, extra_specs.get("pci_passthrough:alias", "").split(",")):
        name, _, count = part.strip().rpartition(":")
        if not name or not count.isdigit():
            raise Invalid(f"pci_passthrough:alias must be like a1:2, not {part.strip()!r}.")
        found[name] = found.get(name, 0) + int(count)
    return found


def parts(wanted: Mapping[str, int], known: Mapping[str, list[Alias]], near: str | None = None) -> list[Part]:
    """Each device that is wanted; `near` goes before what aliases say. Raises Invalid for an alias that is not known."""
    found = []
    for name, count in wanted.items():
        if not known.get(name):
            raise Invalid(f"The flavor wants devices by the PCI alias {name}, which is not configured.")
        found += [Part([_choice(alias, near or alias.numa_policy) for alias in known[name]])] * count
    return found


def _choice(alias: Alias, near: str | None) -> Choice:
    """One such device. Which cells share a socket is not known, so one socket is one cell."""
    name = alias.resource_class or f"CUSTOM_PCI_{alias.vendor_id}_{alias.product_id}"
    required = [normal_trait(trait) for trait in alias.traits.split(",") if trait.strip()]
    kind = KINDS[alias.device_type] if alias.device_type else None
    return Choice({normal_class(name): 1}, required, kind=kind, near="required" if near == "socket" else near or "legacy")
