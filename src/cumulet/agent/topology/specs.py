"""Which PCI devices of a machine guests may have: the option `device_spec`.

Its keys are upstream's: https://docs.openstack.org/nova/latest/configuration/config.html#pci.device_spec
"""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta, Struct

Hexadecimal = Annotated[str, Meta(pattern=r"^[0-9a-fA-F]{4}$")]

_ADDRESS = re.compile(r"(?:(?:(?P<domain>[^:.]*):)?(?P<bus>[^:.]*):)?(?P<slot>[^:.]*)(?:\.(?P<function>[^:.]*))?")
_DIGITS = {"domain": 4, "bus": 2, "slot": 2, "function": 1}


class DeviceSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Devices that guests may have: those that match everything that is given.

    `address` is `0000:81:00.0`, where each part may be `*` or missing; that of a physical function stands for its virtual
    functions, too. `resource_class` is what they are sold as (`CUSTOM_PCI_8086_1572` if empty), `traits` are separated by
    commas. `managed`: libvirt takes a device from its driver when a guest starts, and gives it back.
    """

    vendor_id: Hexadecimal | None = None
    product_id: Hexadecimal | None = None
    address: str = ""
    resource_class: str = ""
    traits: str = ""
    managed: bool = True

    def __post_init__(self) -> None:
        if not (self.vendor_id or self.product_id or self.address):
            raise ValueError("device_spec: vendor_id, product_id or address must be given")
        parts = _ADDRESS.fullmatch(self.address)
        if parts is None or not all(_is_part(part, _DIGITS[name]) for name, part in parts.groupdict().items()):
            raise ValueError(f"device_spec: address {self.address!r} is not like 0000:81:00.0 or *:81:00.*")

    def matches(self, ids: tuple[str, str], addresses: list[str]) -> bool:
        """Whether a device with these vendor and product ids, known by one of these addresses, is meant."""
        wanted = (self.vendor_id, self.product_id)
        named = all(want is None or want.lower() == have for want, have in zip(wanted, ids, strict=True))
        return named and any(self._is_at(address) for address in addresses)

    def _is_at(self, address: str) -> bool:
        wanted, found = _ADDRESS.fullmatch(self.address), _ADDRESS.fullmatch(address)
        assert wanted is not None
        assert found is not None
        pairs = ((wanted[name], found[name]) for name in _DIGITS)
        return all(want in (None, "", "*") or int(want, 16) == int(have, 16) for want, have in pairs)


def _is_part(text: str | None, digits: int) -> bool:
    return text in (None, "", "*") or re.fullmatch(rf"[0-9a-fA-F]{{1,{digits}}}", text or "") is not None
