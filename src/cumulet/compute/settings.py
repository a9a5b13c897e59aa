"""PCI aliases: names by which flavors ask for devices.

The keys are upstream's: https://docs.openstack.org/nova/latest/configuration/config.html#pci.alias
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Alias(Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of device that goes by the name; several with one name are choices.

    It is known by its resource class, or by vendor and product. `traits` are separated by commas. `numa_policy` says how near
    it must be to the server's memory.
    """

    name: str
    vendor_id: str | None = None
    product_id: str | None = None
    resource_class: str | None = None
    traits: str = ""
    device_type: Literal["type-PCI", "type-PF", "type-VF"] | None = None
    numa_policy: Literal["required", "preferred", "legacy", "socket"] | None = None

    def __post_init__(self) -> None:
        if not self.resource_class and not (self.vendor_id and self.product_id):
            raise ValueError(f"pci_alias {self.name!r}: resource_class, or vendor_id and product_id, must be given")
