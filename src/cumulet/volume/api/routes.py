"""The whole block storage API on one screen."""

from __future__ import annotations

from ...kernel.http import PUBLIC, Action, Route
from . import attachments, limits, operators, versions
from .snapshots import metadata as snapshot_metadata
from .snapshots import snapshots
from .types import access, extra_specs, types
from .volumes import actions, metadata, volumes

VOLUME, TYPE, ATTACHMENT = "/v3/volumes/{volume_id}", "/v3/types/{type_id}", "/v3/attachments/{attachment_id}"
DEFAULT_TYPE = "/v3/default-types/{project_id}"
SNAPSHOT, SNAPSHOT_DATA = "/v3/snapshots/{snapshot_id}", "/v3/snapshots/{snapshot_id}/metadata"
SNAPSHOT_ADMIN = "volume_extension:snapshot_admin_actions:"
DO, QUOTA, SERVICES, SPECS = f"{VOLUME}/action", "/v3/os-quota-sets/{project_id}", "/v3/os-services", f"{TYPE}/extra_specs"
ACTIONS, ADMIN = "volume_extension:volume_actions:", "volume_extension:volume_admin_actions:"
IMAGE = "volume_extension:volume_image_metadata:"
TYPES, DEFAULT = "volume_extension:type", "volume_extension:default_"
ACCESS, SPEC = "volume_extension:volume_type_access", "volume_extension:types_extra_specs:"

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
    Action("os-extend", DO, actions.extend, "volume:extend"),
    Action("os-retype", DO, actions.retype, "volume:retype"),
    Action("os-reset_status", DO, actions.reset_status, f"{ADMIN}reset_status"),
    Action("os-force_delete", DO, actions.force_delete, f"{ADMIN}force_delete"),
    Action("os-force_detach", DO, actions.force_detach, f"{ADMIN}force_detach"),
    Action("revert", DO, actions.revert, "volume:revert_to_snapshot", since="3.40"),
    Action("os-set_bootable", DO, actions.set_bootable, "volume:update"),
    Action("os-update_readonly_flag", DO, actions.set_readonly, "volume:update_readonly_flag"),
    Action("os-reserve", DO, actions.reserve, f"{ACTIONS}reserve"),
    Action("os-unreserve", DO, actions.unreserve, f"{ACTIONS}unreserve"),
    Action("os-begin_detaching", DO, actions.begin_detaching, f"{ACTIONS}begin_detaching"),
    Action("os-roll_detaching", DO, actions.roll_detaching, f"{ACTIONS}roll_detaching"),
    Action("os-attach", DO, actions.attach, f"{ACTIONS}attach"),
    Action("os-detach", DO, actions.detach, f"{ACTIONS}detach"),
    Action("os-show_image_metadata", DO, actions.show_image_metadata, f"{IMAGE}show"),
    Action("os-set_image_metadata", DO, actions.set_image_metadata, f"{IMAGE}set"),
    Action("os-unset_image_metadata", DO, actions.unset_image_metadata, f"{IMAGE}remove"),
    Route("POST", "/v3/snapshots", snapshots.create, "volume:create_snapshot", wrap="snapshot"),
    Route("GET", "/v3/snapshots", snapshots.index, "volume:get_all_snapshots"),
    Route("GET", "/v3/snapshots/detail", snapshots.detail, "volume:get_all_snapshots"),
    Route("GET", SNAPSHOT, snapshots.show, "volume:get_snapshot"),
    Route("PUT", SNAPSHOT, snapshots.update, "volume:update_snapshot", wrap="snapshot"),
    Route("DELETE", SNAPSHOT, snapshots.delete, "volume:delete_snapshot"),
    Route("GET", SNAPSHOT_DATA, snapshot_metadata.index, "volume:get_snapshot_metadata"),
    Route("POST", SNAPSHOT_DATA, snapshot_metadata.add, "volume:update_snapshot_metadata", wrap="metadata"),
    Route("PUT", SNAPSHOT_DATA, snapshot_metadata.replace, "volume:update_snapshot_metadata", wrap="metadata"),
    Route("GET", f"{SNAPSHOT_DATA}/{{key}}", snapshot_metadata.show, "volume:get_snapshot_metadata"),
    Route("PUT", f"{SNAPSHOT_DATA}/{{key}}", snapshot_metadata.set_item, "volume:update_snapshot_metadata", wrap="meta"),
    Route("DELETE", f"{SNAPSHOT_DATA}/{{key}}", snapshot_metadata.remove, "volume:delete_snapshot_metadata"),
    Action("os-reset_status", f"{SNAPSHOT}/action", snapshots.reset_status, f"{SNAPSHOT_ADMIN}reset_status"),
    Action("os-force_delete", f"{SNAPSHOT}/action", snapshots.force_delete, f"{SNAPSHOT_ADMIN}force_delete"),
    Action(
        "os-update_snapshot_status",
        f"{SNAPSHOT}/action",
        snapshots.update_status,
        "snapshot_extension:snapshot_actions:update_snapshot_status",
    ),
    Route("GET", "/v3/attachments", attachments.index, "volume:get_all", since="3.27"),
    Route("GET", "/v3/attachments/detail", attachments.detail, "volume:get_all", since="3.27"),
    Route("POST", "/v3/attachments", attachments.create, "volume:attachment_create", since="3.27", wrap="attachment"),
    Route("GET", ATTACHMENT, attachments.show, "volume:get", since="3.27"),
    Route("PUT", ATTACHMENT, attachments.update, "volume:attachment_update", since="3.27", wrap="attachment"),
    Route("DELETE", ATTACHMENT, attachments.delete, "volume:attachment_delete", since="3.27"),
    Action("os-complete", f"{ATTACHMENT}/action", attachments.complete, "volume:attachment_complete", since="3.44"),
    Route("GET", "/v3/types", types.index, f"{TYPES}_get_all"),
    Route("POST", "/v3/types", types.create, f"{TYPES}_create", wrap="volume_type"),
    Route("GET", TYPE, types.show, f"{TYPES}_get"),
    Route("PUT", TYPE, types.update, f"{TYPES}_update", wrap="volume_type"),
    Route("DELETE", TYPE, types.delete, f"{TYPES}_delete"),
    Route("GET", SPECS, extra_specs.index, f"{SPEC}index"),
    Route("POST", SPECS, extra_specs.create, f"{SPEC}create"),
    Route("GET", f"{SPECS}/{{key}}", extra_specs.show, f"{SPEC}show"),
    Route("PUT", f"{SPECS}/{{key}}", extra_specs.update, f"{SPEC}update"),
    Route("DELETE", f"{SPECS}/{{key}}", extra_specs.delete, f"{SPEC}delete"),
    Route("GET", f"{TYPE}/os-volume-type-access", access.index, f"{ACCESS}:get_all_for_type"),
    Action("addProjectAccess", f"{TYPE}/action", access.add, f"{ACCESS}:addProjectAccess"),
    Action("removeProjectAccess", f"{TYPE}/action", access.remove, f"{ACCESS}:removeProjectAccess"),
    Route("GET", "/v3/default-types", access.list_defaults, f"{DEFAULT}get_all", since="3.62"),
    Route("GET", DEFAULT_TYPE, access.show_default, f"{DEFAULT}get", since="3.62"),
    Route("PUT", DEFAULT_TYPE, access.set_default, f"{DEFAULT}set_or_update", since="3.62", wrap="default_type"),
    Route("DELETE", DEFAULT_TYPE, access.drop_default, f"{DEFAULT}unset", since="3.62"),
    Route("GET", QUOTA, limits.show_quota, "volume_extension:quotas:show"),
    Route("GET", f"{QUOTA}/defaults", limits.show_default_quota, "volume_extension:quotas:show"),
    Route("PUT", QUOTA, limits.update_quota, "volume_extension:quotas:update", wrap="quota_set"),
    Route("DELETE", QUOTA, limits.reset_quota, "volume_extension:quotas:delete"),
    Route("GET", "/v3/limits", limits.limits, "limits_extension:used_limits"),
    Route("GET", "/v3/os-availability-zone", operators.list_zones, "volume:availability_zone_list"),
    Route("GET", SERVICES, operators.list_services, "volume_extension:services:index"),
    Route("PUT", f"{SERVICES}/enable", operators.enable, "volume_extension:services:update"),
    Route("PUT", f"{SERVICES}/disable", operators.disable, "volume_extension:services:update"),
    Route("PUT", f"{SERVICES}/disable-log-reason", operators.disable_because, "volume_extension:services:update"),
    Route("PUT", f"{SERVICES}/freeze", operators.freeze, "volume_extension:services:update"),
    Route("PUT", f"{SERVICES}/thaw", operators.thaw, "volume_extension:services:update"),
    Route("GET", "/v3/extensions", operators.list_extensions, "volume_extension:list_extensions"),
    Route("GET", "/v3/resource_filters", operators.list_filters, "volume_extension:list_extensions", since="3.33"),
]
