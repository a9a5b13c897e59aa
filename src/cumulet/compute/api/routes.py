"""The whole compute API on one screen. A path's `{server_id}` is a server's id, `{volume_id}` a volume's, and so on."""

from __future__ import annotations

from ...kernel.http import PUBLIC, Action, Route
from . import extensions, keypairs, migrations, routes_hosts, server_groups, versions
from .devices import interfaces, volumes
from .flavors import access, extra_specs, flavors
from .limits import limits, quota_classes, quota_sets, tenant_usage
from .servers import actions, details, diagnostics, history, metadata, servers, tags

_ONE = "/v2.1/servers/{server_id}"
_ACTION = f"{_ONE}/action"
_CONSOLE = "os-getConsoleOutput"
_SERVERS = "os_compute_api:servers:"
_METADATA = "os_compute_api:server-metadata:"
_TAGS = "os_compute_api:os-server-tags:"
_VOLUMES = "os_compute_api:os-volumes-attachments:"
_INTERFACES = "os_compute_api:os-attach-interfaces:"
_HISTORY = "os_compute_api:os-instance-actions:"
_FLAVORS = "os_compute_api:os-flavor-manage:"
_FLAVOR_ACTION = "/v2.1/flavors/{flavor_id}/action"
_SPECS = "/v2.1/flavors/{flavor_id}/os-extra_specs"
_KEYPAIRS = "os_compute_api:os-keypairs:"
_QUOTA = "/v2.1/os-quota-sets/{project_id}"
_QUOTAS = "os_compute_api:os-quota-sets:"
_CLASS = "/v2.1/os-quota-class-sets/{name}"
_SERVER_GROUPS = "os_compute_api:os-server-groups:"
_GROUPS = "os_compute_api:os-security-groups:"

ROUTES = [
    Route("GET", "", versions.list_versions, PUBLIC),
    Route("GET", "/v2.1", versions.show_version, PUBLIC),
    Route("GET", "/v2.1/extensions", extensions.index, "os_compute_api:extensions"),
    Route("GET", "/v2.1/extensions/{alias}", extensions.show, "os_compute_api:extensions"),
    Route("GET", "/v2.1/servers", servers.index, f"{_SERVERS}index"),
    Route("GET", "/v2.1/servers/detail", servers.detail, f"{_SERVERS}detail"),
    Route("POST", "/v2.1/servers", servers.make, f"{_SERVERS}create"),
    Route("GET", _ONE, servers.show, f"{_SERVERS}show"),
    Route("PUT", _ONE, servers.update, f"{_SERVERS}update", wrap="server"),
    Route("DELETE", _ONE, servers.remove, f"{_SERVERS}delete"),
    Action("os-start", _ACTION, actions.start, f"{_SERVERS}start"),
    Action("os-stop", _ACTION, actions.stop, f"{_SERVERS}stop"),
    Action("reboot", _ACTION, actions.reboot, f"{_SERVERS}reboot"),
    Action("createImage", _ACTION, actions.create_image, f"{_SERVERS}create_image", since="2.45"),
    Action("createImage", _ACTION, actions.create_image_elsewhere, f"{_SERVERS}create_image", until="2.44"),
    Action("lock", _ACTION, actions.lock, "os_compute_api:os-lock-server:lock", since="2.73"),
    Action("lock", _ACTION, actions.lock_without_reason, "os_compute_api:os-lock-server:lock", until="2.72"),
    Action("unlock", _ACTION, actions.unlock, "os_compute_api:os-lock-server:unlock"),
    Action("forceDelete", _ACTION, actions.force_delete, "os_compute_api:os-deferred-delete:force"),
    Action("restore", _ACTION, actions.restore, "os_compute_api:os-deferred-delete:restore"),
    Action("os-resetState", _ACTION, actions.reset_state, "os_compute_api:os-admin-actions:reset_state"),
    Route("POST", _ACTION, actions.console_output, "os_compute_api:os-console-output", wrap=_CONSOLE, action=_CONSOLE, tx="none"),
    Action("addSecurityGroup", _ACTION, actions.add_group, f"{_GROUPS}add"),
    Action("removeSecurityGroup", _ACTION, actions.remove_group, f"{_GROUPS}remove"),
    Route("GET", f"{_ONE}/ips", details.addresses, "os_compute_api:ips:index"),
    Route("GET", f"{_ONE}/ips/{{network}}", details.addresses_on, "os_compute_api:ips:show"),
    Route("GET", f"{_ONE}/os-security-groups", details.security_groups, f"{_GROUPS}list"),
    Route("GET", f"{_ONE}/os-server-password", details.password, "os_compute_api:os-server-password:show"),
    Route("DELETE", f"{_ONE}/os-server-password", details.clear_password, "os_compute_api:os-server-password:clear"),
    Route("GET", f"{_ONE}/topology", details.topology, "compute:server:topology:index", since="2.78"),
    Route("GET", f"{_ONE}/migrations", details.migrations, f"{_SERVERS}migrations:index", since="2.23"),
    Route("GET", f"{_ONE}/diagnostics", diagnostics.show, "os_compute_api:os-server-diagnostics"),
    Route("GET", f"{_ONE}/metadata", metadata.index, f"{_METADATA}index"),
    Route("POST", f"{_ONE}/metadata", metadata.add, f"{_METADATA}create"),
    Route("PUT", f"{_ONE}/metadata", metadata.replace, f"{_METADATA}update_all"),
    Route("GET", f"{_ONE}/metadata/{{key}}", metadata.show, f"{_METADATA}show"),
    Route("PUT", f"{_ONE}/metadata/{{key}}", metadata.put, f"{_METADATA}update"),
    Route("DELETE", f"{_ONE}/metadata/{{key}}", metadata.drop, f"{_METADATA}delete"),
    Route("GET", f"{_ONE}/tags", tags.index, f"{_TAGS}index", since="2.26"),
    Route("PUT", f"{_ONE}/tags", tags.replace, f"{_TAGS}update_all", since="2.26"),
    Route("DELETE", f"{_ONE}/tags", tags.drop_all, f"{_TAGS}delete_all", since="2.26"),
    Route("GET", f"{_ONE}/tags/{{tag}}", tags.check, f"{_TAGS}show", since="2.26"),
    Route("PUT", f"{_ONE}/tags/{{tag}}", tags.add, f"{_TAGS}update", since="2.26"),
    Route("DELETE", f"{_ONE}/tags/{{tag}}", tags.drop, f"{_TAGS}delete", since="2.26"),
    Route("GET", f"{_ONE}/os-instance-actions", history.index, f"{_HISTORY}list"),
    Route("GET", f"{_ONE}/os-instance-actions/{{request_id}}", history.show, f"{_HISTORY}show"),
    Route("GET", f"{_ONE}/os-volume_attachments", volumes.index, f"{_VOLUMES}index"),
    Route("POST", f"{_ONE}/os-volume_attachments", volumes.attach, f"{_VOLUMES}create", wrap="volumeAttachment"),
    Route("GET", f"{_ONE}/os-volume_attachments/{{volume_id}}", volumes.show, f"{_VOLUMES}show"),
    Route("PUT", f"{_ONE}/os-volume_attachments/{{volume_id}}", volumes.update, f"{_VOLUMES}update", wrap="volumeAttachment"),
    Route("DELETE", f"{_ONE}/os-volume_attachments/{{volume_id}}", volumes.detach, f"{_VOLUMES}delete"),
    Route("GET", f"{_ONE}/os-interface", interfaces.index, f"{_INTERFACES}list"),
    Route("POST", f"{_ONE}/os-interface", interfaces.attach, f"{_INTERFACES}create", wrap="interfaceAttachment"),
    Route("GET", f"{_ONE}/os-interface/{{port_id}}", interfaces.show, f"{_INTERFACES}show"),
    Route("DELETE", f"{_ONE}/os-interface/{{port_id}}", interfaces.detach, f"{_INTERFACES}delete"),
    Route("GET", "/v2.1/flavors", flavors.index, "os_compute_api:flavors:index"),
    Route("GET", "/v2.1/flavors/detail", flavors.detail, "os_compute_api:flavors:index"),
    Route("POST", "/v2.1/flavors", flavors.create, f"{_FLAVORS}create", wrap="flavor"),
    Route("GET", "/v2.1/flavors/{flavor_id}", flavors.show, "os_compute_api:flavors:index"),
    Route("PUT", "/v2.1/flavors/{flavor_id}", flavors.update, f"{_FLAVORS}update", since="2.55", wrap="flavor"),
    Route("DELETE", "/v2.1/flavors/{flavor_id}", flavors.delete, f"{_FLAVORS}delete"),
    Route("GET", f"{_SPECS}", extra_specs.index, "os_compute_api:os-flavor-extra-specs:index"),
    Route("POST", f"{_SPECS}", extra_specs.create, "os_compute_api:os-flavor-extra-specs:create"),
    Route("GET", f"{_SPECS}/{{key}}", extra_specs.show, "os_compute_api:os-flavor-extra-specs:show"),
    Route("PUT", f"{_SPECS}/{{key}}", extra_specs.update, "os_compute_api:os-flavor-extra-specs:update"),
    Route("DELETE", f"{_SPECS}/{{key}}", extra_specs.delete, "os_compute_api:os-flavor-extra-specs:delete"),
    Route("GET", "/v2.1/flavors/{flavor_id}/os-flavor-access", access.index, "os_compute_api:os-flavor-access"),
    Action("addTenantAccess", _FLAVOR_ACTION, access.add, "os_compute_api:os-flavor-access:add_tenant_access"),
    Action("removeTenantAccess", _FLAVOR_ACTION, access.remove, "os_compute_api:os-flavor-access:remove_tenant_access"),
    Route("GET", "/v2.1/os-keypairs", keypairs.index, f"{_KEYPAIRS}index"),
    Route("POST", "/v2.1/os-keypairs", keypairs.create, f"{_KEYPAIRS}create", wrap="keypair", tx="read"),
    Route("GET", "/v2.1/os-keypairs/{name}", keypairs.show, f"{_KEYPAIRS}show"),
    Route("DELETE", "/v2.1/os-keypairs/{name}", keypairs.delete, f"{_KEYPAIRS}delete"),
    Route("GET", "/v2.1/os-server-groups", server_groups.index, f"{_SERVER_GROUPS}index"),
    Route("POST", "/v2.1/os-server-groups", server_groups.create, f"{_SERVER_GROUPS}create", wrap="server_group"),
    Route("GET", "/v2.1/os-server-groups/{group_id}", server_groups.show, f"{_SERVER_GROUPS}show"),
    Route("DELETE", "/v2.1/os-server-groups/{group_id}", server_groups.delete, f"{_SERVER_GROUPS}delete"),
    Route("GET", "/v2.1/limits", limits.index, "os_compute_api:limits"),
    Route("GET", _QUOTA, quota_sets.show, f"{_QUOTAS}show"),
    Route("PUT", _QUOTA, quota_sets.update, f"{_QUOTAS}update", wrap="quota_set"),
    Route("DELETE", _QUOTA, quota_sets.reset, f"{_QUOTAS}delete"),
    Route("GET", f"{_QUOTA}/detail", quota_sets.detail, f"{_QUOTAS}detail"),
    Route("GET", f"{_QUOTA}/defaults", quota_sets.defaults, f"{_QUOTAS}defaults"),
    Route("GET", _CLASS, quota_classes.show, "os_compute_api:os-quota-class-sets:show"),
    Route("PUT", _CLASS, quota_classes.update, "os_compute_api:os-quota-class-sets:update", wrap="quota_class_set"),
    Route("GET", "/v2.1/os-simple-tenant-usage", tenant_usage.index, "os_compute_api:os-simple-tenant-usage:list"),
    Route("GET", "/v2.1/os-simple-tenant-usage/{project_id}", tenant_usage.show, "os_compute_api:os-simple-tenant-usage:show"),
    Route("GET", "/v2.1/os-migrations", migrations.index, "os_compute_api:os-migrations:index"),
    *routes_hosts.ROUTES,
]
