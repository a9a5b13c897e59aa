"""What clients send about volumes."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ....kernel.errors import Invalid, NotFound
from ....kernel.http import Lives, Version
from ...model import NewVolume
from .. import values as v
from ..values import Flag, Metadata, Text255

AT_LEAST_ONE = Version(3, 53)
Word = Annotated[str | None, Lives(until="3.52")]


class NewVolumeBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A new volume."""

    size: int | str | None = None
    name: Text255 | None = None
    display_name: Text255 | None = None
    description: Text255 | None = None
    display_description: Text255 | None = None
    image_ref: Text255 | None = field(name="imageRef", default=None)
    image_id: Text255 | None = None
    metadata: Metadata | None = None
    availability_zone: Text255 | None = None
    volume_type: Text255 | None = None
    snapshot_id: str | None = None
    source_volid: str | None = None
    consistencygroup_id: str | None = None
    multiattach: Flag | None = None
    group_id: Annotated[str | None, Lives("3.13")] = None
    backup_id: Annotated[str | None, Lives("3.47")] = None
    # Old clients send these, and Cinder ignores them.
    user_id: Word = None
    project_id: Word = None
    status: Word = None
    attach_status: Word = None
    source_replica: Word = None

    def wanted(self) -> NewVolume:
        """What is asked for. Raises Invalid, and NotFound for groups and backups: there are none."""
        for name, noun in (("consistencygroup_id", "ConsistencyGroup"), ("group_id", "Group"), ("backup_id", "Backup")):
            if getattr(self, name):
                raise NotFound(f"{noun} {v.identifier(name, getattr(self, name))} could not be found.")
        if self.multiattach is not None and v.flag("multiattach", self.multiattach):
            raise Invalid("multiattach parameter has been removed: it is a matter of the volume type.")
        image = self.image_ref or self.image_id
        return NewVolume(
            size_gb=v.gigabytes("size", self.size),
            name=v.stripped(self.name if self.name is not None else self.display_name),
            description=v.stripped(self.description if self.description is not None else self.display_description),
            image_id=v.identifier("imageRef", image.rpartition("/")[2]) if image else None,
            metadata=self.metadata or {},
            zone=self.availability_zone,
            volume_type=self.volume_type,
            snapshot_id=v.identifier("snapshot_id", self.snapshot_id) if self.snapshot_id else None,
            source_id=v.identifier("source_volid", self.source_volid) if self.source_volid else None,
        )


class VolumeChanges(Struct, forbid_unknown_fields=True):
    """What may change in a volume, and in a snapshot."""

    name: Text255 | UnsetType | None = UNSET
    description: Text255 | UnsetType | None = UNSET
    display_name: Text255 | UnsetType | None = UNSET
    display_description: Text255 | UnsetType | None = UNSET
    metadata: Metadata | UnsetType = UNSET

    def changes(self, version: Version | None) -> dict[str, Any]:
        """The fields that were given, under their present names. Raises Invalid if none was, for clients that know of it."""
        given = {name: getattr(self, name) for name in self.__struct_fields__ if getattr(self, name) is not UNSET}
        if not given and version is not None and version >= AT_LEAST_ONE:
            raise Invalid("Invalid input: one of name, description, display_name, display_description, metadata is required.")
        return {
            name.removeprefix("display_"): v.stripped(value) if isinstance(value, str) else value for name, value in given.items()
        }


class NewSize(Struct, forbid_unknown_fields=True):
    """os-extend: the new size in GiB."""

    new_size: int | str


class NewStatus(Struct, forbid_unknown_fields=True):
    """os-reset_status."""

    status: (
        Annotated[str, Meta(pattern="^(?i:available|error|creating|in-use|attaching|maintenance|reserved|extending)$")] | None
    ) = None
    attach_status: Annotated[str, Meta(pattern="^(?i:attached|detached)$")] | None = None
    migration_status: Annotated[str, Meta(pattern="^(?i:none)$")] | None = None

    def check(self) -> None:
        """Raise Invalid unless something is to be set."""
        if self.status is None and self.attach_status is None and self.migration_status is None:
            raise Invalid("Must specify 'status', 'attach_status' or 'migration_status' for update.")


class Revert(Struct):
    """revert."""

    snapshot_id: str | None = None


class Bootable(Struct, forbid_unknown_fields=True):
    """os-set_bootable."""

    bootable: Flag


class Readonly(Struct, forbid_unknown_fields=True):
    """os-update_readonly_flag."""

    readonly: Flag


class Attach(Struct, forbid_unknown_fields=True):
    """os-attach: what an outside attacher says."""

    mountpoint: v.Name
    instance_uuid: str | None = None
    mode: Annotated[str, Meta(pattern="^(rw|ro)$")] = "rw"
    host_name: Text255 | None = None

    def check(self) -> None:
        """Raise Invalid unless it says who."""
        if self.instance_uuid is None and self.host_name is None:
            raise Invalid("'instance_uuid' or 'host_name' is a required property.")
        if self.instance_uuid is not None:
            v.identifier("instance_uuid", self.instance_uuid)


class Detach(Struct, forbid_unknown_fields=True):
    """os-detach."""

    attachment_id: str | None = None


class ForceDetach(Struct, forbid_unknown_fields=True):
    """os-force_detach."""

    attachment_id: str | None = None
    connector: dict[str, Any] | str | None = None


class Retype(Struct, forbid_unknown_fields=True):
    """os-retype. Nothing ever needs to be copied, so the migration policy does not matter."""

    new_type: v.Name
    migration_policy: Annotated[str, Meta(pattern="^(on-demand|never)$")] | None = None


class ImageMetadata(Struct, forbid_unknown_fields=True):
    """os-set_image_metadata."""

    metadata: Metadata


class ImageMetadataKey(Struct, forbid_unknown_fields=True):
    """os-unset_image_metadata."""

    key: str
