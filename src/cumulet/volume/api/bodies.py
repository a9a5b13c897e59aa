"""What clients send."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ...kernel.errors import Invalid

Text255 = Annotated[str, Meta(max_length=255)]
Key = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9-_:. ]{1,255}$")]
Metadata = dict[Key, Text255]


class NewVolumeBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A new volume. What is named here but does not exist yet is refused by name when it is used."""

    size: int | str | None = None
    name: Text255 | None = None
    display_name: Text255 | None = None
    description: Text255 | None = None
    display_description: Text255 | None = None
    image_ref: str | None = field(name="imageRef", default=None)
    image_id: str | None = None
    metadata: Metadata | None = None
    availability_zone: Text255 | None = None
    volume_type: Text255 | None = None
    snapshot_id: str | None = None
    source_volid: str | None = None
    backup_id: str | None = None
    consistencygroup_id: str | None = None
    multiattach: bool | str = False
    # Old clients send these; Cinder ignores them.
    user_id: str | None = None
    project_id: str | None = None
    status: str | None = None
    attach_status: str | None = None
    source_replica: str | None = None

    def size_gb(self) -> int:
        """The size in GiB. Raises Invalid unless it is a whole number."""
        text = str(self.size)
        if not text.isdigit():
            raise Invalid(f"Invalid input for field/attribute size. Value: {self.size}. It must be an integer and greater than 0.")
        return int(text)

    def refuse_what_is_missing(self) -> None:
        """Raise Invalid, naming the field, for a source of data that this cloud does not have."""
        for name in ("snapshot_id", "source_volid", "backup_id", "consistencygroup_id"):
            if getattr(self, name):
                raise Invalid(f"Invalid input for field/attribute {name}. Volumes are made blank or from an image here.")
        if self.multiattach in (True, "true", "True"):
            raise Invalid("Invalid input for field/attribute multiattach. A volume has one server at a time here.")


class VolumeChanges(Struct, forbid_unknown_fields=True):
    """What may change in a volume."""

    name: Text255 | UnsetType | None = UNSET
    description: Text255 | UnsetType | None = UNSET
    display_name: Text255 | UnsetType | None = UNSET
    display_description: Text255 | UnsetType | None = UNSET
    metadata: Metadata | UnsetType = UNSET

    def changes(self) -> dict[str, Any]:
        """The fields that were given, under their present names."""
        given = {name: getattr(self, name) for name in self.__struct_fields__ if getattr(self, name) is not UNSET}
        return {name.removeprefix("display_"): value for name, value in given.items()}


class NewSize(Struct, forbid_unknown_fields=True):
    """os-extend: the new size in GiB."""

    new_size: Annotated[int, Meta(ge=1)]


class NewStatus(Struct):
    """os-reset_status."""

    status: Annotated[str, Meta(pattern="^(available|error|error_deleting|in-use|creating|deleting|maintenance|reserved)$")]


class Bootable(Struct):
    """os-set_bootable."""

    bootable: bool


class Readonly(Struct):
    """os-update_readonly_flag."""

    readonly: bool


class Attach(Struct):
    """os-attach: what an outside attacher says."""

    instance_uuid: str | None = None
    mountpoint: str | None = None
    mode: Annotated[str, Meta(pattern="^(rw|ro)$")] = "rw"
    host_name: str | None = None


class Detach(Struct):
    """os-detach."""

    attachment_id: str | None = None


class ImageMetadata(Struct):
    """os-set_image_metadata."""

    metadata: dict[str, str]


class ImageMetadataKey(Struct):
    """os-unset_image_metadata."""

    key: str


class Nothing(Struct):
    """An action's empty object."""


class QuotaChanges(Struct):
    """Limits to set; -1 is none."""

    volumes: Annotated[int, Meta(ge=-1)] | UnsetType = UNSET
    gigabytes: Annotated[int, Meta(ge=-1)] | UnsetType = UNSET
    per_volume_gigabytes: Annotated[int, Meta(ge=-1)] | UnsetType = UNSET
