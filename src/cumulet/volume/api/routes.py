"""The whole block storage API on one screen."""

from __future__ import annotations

from ...kernel.http import PUBLIC, Action, Route
from . import actions, metadata, surroundings, versions, volumes

VOLUME = "/v3/volumes/{volume_id}"
ACTION = f"{VOLUME}/action"

ROUTES = [
    Route("GET", "", versions.list_versions, PUBLIC),
    Route("GET", "/v3", versions.show_version, PUBLIC),
    Route("POST", "/v3/volumes", volumes.create, "volume:create", wrap="volume"),
    Route("GET", "/v3/volumes", volumes.index, "volume:get_all"),
    Route("GET", "/v3/volumes/detail", volumes.detail, "volume:get_all"),
    Route("GET", "/v3/volumes/summary", volumes.summary, "volume:get_all", since="3.12"),
    Route("GET", VOLUME, volumes.show, "volume:get"),
    Route("PUT", VOLUME, volumes.update, "volume:update", wrap="volume"),
    Route("DELETE", VOLUME, volumes.delete, "volume:delete"),
    Route("GET", f"{VOLUME}/metadata", metadata.index, "volume:get_volume_metadata"),
    Route("POST", f"{VOLUME}/metadata", metadata.add, "volume:create_volume_metadata", wrap="metadata"),
    Route("PUT", f"{VOLUME}/metadata", metadata.replace, "volume:update_volume_metadata", wrap="metadata"),
    Route("GET", f"{VOLUME}/metadata/{{key}}", metadata.show, "volume:get_volume_metadata"),
    Route("PUT", f"{VOLUME}/metadata/{{key}}", metadata.set_item, "volume:update_volume_metadata", wrap="meta"),
    Route("DELETE", f"{VOLUME}/metadata/{{key}}", metadata.remove, "volume:delete_volume_metadata"),
    Action("os-extend", ACTION, actions.extend, "volume:extend"),
    Action("os-reset_status", ACTION, actions.reset_status, "volume_extension:volume_admin_actions:reset_status"),
    Action("os-force_delete", ACTION, actions.force_delete, "volume_extension:volume_admin_actions:force_delete"),
    Action("os-set_bootable", ACTION, actions.set_bootable, "volume:update"),
    Action("os-update_readonly_flag", ACTION, actions.set_readonly, "volume:update_readonly_flag"),
    Action("os-reserve", ACTION, actions.reserve, "volume_extension:volume_actions:reserve"),
    Action("os-unreserve", ACTION, actions.unreserve, "volume_extension:volume_actions:unreserve"),
    Action("os-attach", ACTION, actions.attach, "volume_extension:volume_actions:attach"),
    Action("os-detach", ACTION, actions.detach, "volume_extension:volume_actions:detach"),
    Action("os-show_image_metadata", ACTION, actions.show_image_metadata, "volume_extension:volume_image_metadata:show"),
    Action("os-set_image_metadata", ACTION, actions.set_image_metadata, "volume_extension:volume_image_metadata:set"),
    Action("os-unset_image_metadata", ACTION, actions.unset_image_metadata, "volume_extension:volume_image_metadata:remove"),
    Route("GET", "/v3/types", surroundings.list_types, "volume_extension:type_get_all"),
    Route("GET", "/v3/types/{type_id}", surroundings.show_type, "volume_extension:type_get"),
    Route("GET", "/v3/os-availability-zone", surroundings.list_zones, "volume:availability_zone_list"),
    Route("GET", "/v3/os-quota-sets/{project}", surroundings.show_quota, "volume_extension:quotas:show"),
    Route("GET", "/v3/os-quota-sets/{project}/defaults", surroundings.show_default_quota, "volume_extension:quotas:show"),
    Route("PUT", "/v3/os-quota-sets/{project}", surroundings.update_quota, "volume_extension:quotas:update", wrap="quota_set"),
    Route("DELETE", "/v3/os-quota-sets/{project}", surroundings.reset_quota, "volume_extension:quotas:delete"),
    Route("GET", "/v3/limits", surroundings.limits, "limits_extension:used_limits"),
    Route("GET", "/v3/os-services", surroundings.list_services, "volume_extension:services:index"),
    Route("GET", "/v3/extensions", surroundings.list_extensions, "volume_extension:list_extensions"),
]
