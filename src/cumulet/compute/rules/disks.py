"""Which disks a new server gets."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...kernel.errors import Forbidden, Invalid
from ..model import LOCAL, ROOT, SWAP, VOLUME, Flavor
from . import names


class Asked(Struct, frozen=True, kw_only=True):
    """A disk that a client asked for. `size_mb` None is the source's own size; `swap` marks swap space."""

    source: str
    place: str
    source_id: str | None = None
    size_mb: int | None = None
    boot_index: int | None = None
    device: str | None = None
    bus: str | None = None
    swap: bool = False
    delete_on_termination: bool = False
    tag: str | None = None
    volume_type: str | None = None


class Planned(Struct, frozen=True, kw_only=True):
    """A disk that a server will have."""

    place: str
    label: str
    source: str
    source_id: str | None
    size_mb: int
    device: str
    bus: str | None = None
    boot_index: int | None = None
    delete_on_termination: bool = True
    tag: str | None = None
    volume_type: str | None = None


def plan(asked: Sequence[Asked], flavor: Flavor, image_id: str | None, root_mb: int) -> list[Planned]:
    """The disks in the order of their devices, the one to boot from first.

    A root disk of `root_mb` is made from the image unless a volume boots; the flavor's ephemeral disk and swap are added where the
    client did not ask for its own. Raises Invalid.
    """
    boot = _boot(asked, image_id)
    others = [disk for disk in asked if disk is not boot]
    _check_sizes(others, flavor)
    wanted = [boot, *others]
    if flavor.ephemeral and not any(d.place == LOCAL and not d.swap for d in others):
        wanted.append(Asked(source="blank", place=LOCAL, size_mb=flavor.ephemeral * 1024, delete_on_termination=True))
    if flavor.swap and not any(d.swap for d in others):
        wanted.append(Asked(source="blank", place=LOCAL, size_mb=flavor.swap, swap=True, delete_on_termination=True))
    return _named(wanted, root_mb, flavor)


def _boot(asked: Sequence[Asked], image_id: str | None) -> Asked:
    """The disk to boot from; made up from the image if the client asked for none. Raises Invalid."""
    indexes = sorted(disk.boot_index for disk in asked if disk.boot_index is not None and disk.boot_index >= 0)
    first = next((disk for disk in asked if disk.boot_index == 0), None)
    if first is None and image_id:
        first, indexes = (
            Asked(source="image", place=LOCAL, source_id=image_id, boot_index=0, delete_on_termination=True),
            [0, *indexes],
        )
    if first is None:
        raise _invalid("nothing to boot from: give an image, or a disk with boot_index 0")
    if indexes != list(range(len(indexes))):
        raise _invalid(f"boot indexes {indexes} must be different and count from 0")
    if first.source == "blank":
        raise _invalid("the boot disk is blank")
    if first.source == "image" and first.place == VOLUME and not first.size_mb:
        raise _invalid("images with destination_type 'volume' need to have a non-zero size specified")
    if image_id and (first.place != LOCAL or first.source_id != image_id):
        raise _invalid("both an image and another disk with boot_index 0 are given")
    return first


def _check_sizes(others: Sequence[Asked], flavor: Flavor) -> None:
    swaps = [disk for disk in others if disk.swap]
    if len(swaps) > 1:
        raise _invalid("more than one swap disk requested")
    if swaps and (swaps[0].size_mb or 0) > flavor.swap:
        raise _invalid(f"swap of {swaps[0].size_mb} MiB is larger than the flavor's {flavor.swap} MiB")
    extra = [disk for disk in others if disk.place == LOCAL and not disk.swap]
    if any(disk.source != "blank" for disk in extra):
        raise _invalid("mapping an image to a local disk is only supported for the boot disk")
    total = sum(disk.size_mb or flavor.ephemeral * 1024 for disk in extra)
    if total > flavor.ephemeral * 1024:
        raise _invalid(f"ephemeral disks of {total} MiB are larger than the flavor's {flavor.ephemeral} GiB")
    if any(disk.source not in ("volume", "snapshot") and disk.place == VOLUME and not disk.size_mb for disk in others):
        raise _invalid("a new volume needs a volume_size")
    if any(disk.volume_type not in (None, "", "__DEFAULT__") for disk in others):
        raise _invalid("there is no volume type but __DEFAULT__")


def _named(wanted: Sequence[Asked], root_mb: int, flavor: Flavor) -> list[Planned]:
    taken: list[str] = []
    planned: list[Planned] = []
    ephemerals = 0
    for at, disk in enumerate(wanted):
        if disk.place == VOLUME:
            label, size_mb = "", disk.size_mb or 0
        elif at == 0:
            label, size_mb = ROOT, root_mb
        elif disk.swap:
            label, size_mb = SWAP, disk.size_mb or flavor.swap
        else:
            label, size_mb, ephemerals = f"ephemeral{ephemerals}", disk.size_mb or flavor.ephemeral * 1024, ephemerals + 1
        device = names.next_device(taken) if at == 0 else names.chosen_device(disk.device, taken)
        taken.append(device)
        planned.append(_planned(disk, label, size_mb, device))
    return planned


def _planned(disk: Asked, label: str, size_mb: int, device: str) -> Planned:
    return Planned(
        place=disk.place,
        label=label,
        source=disk.source,
        source_id=disk.source_id,
        size_mb=size_mb,
        device=device,
        bus=disk.bus,
        boot_index=disk.boot_index,
        delete_on_termination=disk.delete_on_termination or disk.place == LOCAL,
        tag=disk.tag,
        volume_type=disk.volume_type,
    )


def check_image(flavor: Flavor, min_ram: int, min_disk: int, virtual_bytes: int) -> None:
    """Raise Invalid if an image needs more than the flavor has; MiB, GiB and bytes."""
    if min_ram > flavor.ram:
        raise Invalid(f"Flavor's memory is too small for the image: {flavor.ram} MiB, {min_ram} MiB are needed.")
    if not flavor.disk:
        return
    if virtual_bytes > flavor.disk * 1024**3:
        raise Invalid(f"Flavor's disk is too small for the image: {flavor.disk} GiB, the image has {virtual_bytes} bytes.")
    if min_disk > flavor.disk:
        raise Invalid(f"Flavor's disk is too small for the image: {flavor.disk} GiB, {min_disk} GiB are needed.")


def check_zero_disk(flavor: Flavor, boots_from_volume: bool, allowed: bool) -> None:
    """Raise Forbidden for a flavor without a disk size that would boot from an image, where policy reserves that."""
    if not flavor.disk and not boots_from_volume and not allowed:
        raise Forbidden("Only volume-backed servers are allowed for flavors with zero disk.")


def _invalid(why: str) -> Invalid:
    return Invalid(f"Block Device Mapping is Invalid: {why}.")
