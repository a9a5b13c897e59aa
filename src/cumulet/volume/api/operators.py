"""What operators and curious clients ask: services, zones, extensions, filters.

https://docs.openstack.org/api-ref/block-storage/v3/#services-os-services
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Struct, UnsetType

from ...kernel.errors import Invalid, NotFound
from ...kernel.http import Lives, Request, Response, ok
from ..operations import zones
from ..operations.zones import Known
from . import values as v

FILTERS = {
    "volume": [
        *("name", "name~", "description~", "status", "metadata", "bootable", "migration_status", "availability_zone", "group_id"),
        *("size", "created_at", "updated_at", "consumes_quota"),
    ],
    "snapshot": ["name", "name~", "description~", "status", "volume_id", "metadata", "availability_zone", "consumes_quota"],
    "attachment": ["volume_id", "status", "instance_id", "attach_status"],
    "volume_type": ["is_public", "extra_specs"],
}


class ServiceView(Struct, kw_only=True):
    """A host as a place for volumes."""

    binary: str
    host: str
    zone: str
    status: str
    state: str
    updated_at: str
    disabled_reason: str | None
    replication_status: str = "disabled"
    active_backend_id: str | None = None
    frozen: bool
    cluster: Annotated[str | None, Lives("3.7")] = None
    backend_state: Annotated[str, Lives("3.49")]


class ServiceAction(Struct, forbid_unknown_fields=True):
    """Which service, and why. `service` is what old clients call `binary`."""

    host: v.Name
    binary: v.Text255 = ""
    service: v.Text255 = ""
    disabled_reason: v.Text255 | UnsetType = UNSET
    cluster: Annotated[v.Text255 | None, Lives("3.26")] = None

    def check(self) -> None:
        """Raise NotFound for a kind of service that there is not."""
        if (self.binary or self.service) != zones.BINARY:
            raise NotFound(f"Service {self.binary or self.service} could not be found on host {self.host}.")


def _service(known: Known) -> ServiceView:
    return ServiceView(
        binary=zones.BINARY,
        host=known.place,
        zone=known.zone,
        status="enabled" if known.settings.enabled else "disabled",
        state="up" if known.up else "down",
        updated_at=known.heard_at,
        disabled_reason=known.settings.disabled_reason,
        frozen=known.settings.frozen,
        backend_state="up" if known.up else "down",
    )


async def list_services(request: Request) -> Response:
    """The hosts as volume services."""
    host, binary = request.asked("host"), request.asked("binary")
    found = await zones.index(request.tx) if binary in (None, "", zones.BINARY) else []
    return ok({"services": [_service(known) for known in found if host in (None, "", known.place, known.name)]})


async def enable(request: Request, body: ServiceAction) -> Response:
    """New volumes may be made there."""
    body.check()
    await zones.set_enabled(request.tx, await zones.named(request.tx, body.host), True, None)
    return ok(_told(body, "enabled"))


async def disable(request: Request, body: ServiceAction) -> Response:
    """No new volume is made there."""
    body.check()
    await zones.set_enabled(request.tx, await zones.named(request.tx, body.host), False, None)
    return ok(_told(body, "disabled"))


async def disable_because(request: Request, body: ServiceAction) -> Response:
    """The same, and why."""
    if body.disabled_reason is UNSET or not body.disabled_reason.strip():
        raise Invalid("'disabled_reason' is a required property.")
    body.check()
    await zones.set_enabled(request.tx, await zones.named(request.tx, body.host), False, body.disabled_reason.strip())
    return ok({**_told(body, "disabled"), "disabled_reason": body.disabled_reason.strip()})


def _told(body: ServiceAction, status: str) -> dict[str, Any]:
    words = {"host": body.host, "service": body.service, "binary": body.binary}
    return {**words, "status": status, "disabled": status == "disabled", "disabled_reason": None}


async def freeze(request: Request, body: ServiceAction) -> Response:
    """Nothing new is made there for a while."""
    await zones.set_frozen(request.tx, await zones.named_or_invalid(request.tx, body.host), True)
    return ok(None)


async def thaw(request: Request, body: ServiceAction) -> Response:
    """As before."""
    await zones.set_frozen(request.tx, await zones.named_or_invalid(request.tx, body.host), False)
    return ok(None)


async def list_zones(request: Request) -> Response:
    """Availability zones."""
    found = await zones.available(request.tx)
    return ok({"availabilityZoneInfo": [{"zoneName": n, "zoneState": {"available": up}} for n, up in sorted(found.items())]})


async def list_extensions(request: Request) -> Response:
    """What there is beyond the core, by the names that clients look for."""
    return ok({"extensions": [_extension(alias, name) for alias, name in EXTENSIONS.items()]})


EXTENSIONS = {
    "os-quota-sets": "Quotas",
    "os-services": "Services",
    "os-types-manage": "TypesManage",
    "os-types-extra-specs": "TypesExtraSpecs",
    "os-volume-type-access": "VolumeTypeAccess",
    "os-volume-actions": "VolumeActions",
    "os-volume-image-metadata": "VolumeImageMetadata",
    "os-used-limits": "UsedLimits",
    "os-availability-zone": "AvailabilityZones",
    "os-admin-actions": "AdminActions",
    "os-vol-host-attr": "VolumeHostAttribute",
    "os-vol-tenant-attr": "VolumeTenantAttribute",
    "os-vol-mig-status-attr": "VolumeMigStatusAttribute",
    "os-extended-services": "ExtendedServices",
}


def _extension(alias: str, name: str) -> dict[str, Any]:
    return {"alias": alias, "name": name, "description": f"{name}.", "updated": "2016-01-01T00:00:00+00:00", "links": []}


async def list_filters(request: Request) -> Response:
    """By what lists can be filtered."""
    asked = request.asked("resource")
    shown = [{"resource": noun, "filters": names} for noun, names in FILTERS.items() if asked in (None, "", noun)]
    return ok({"resource_filters": shown})
