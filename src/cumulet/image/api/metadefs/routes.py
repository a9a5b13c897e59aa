"""The API of metadata definitions on one screen. `default` stands where the rule is asked once the namespace is known."""

from __future__ import annotations

from ....kernel.http import Route
from . import namespaces, objects, properties, resource_types, tags

_ALL = "/v2/metadefs/namespaces"
_ONE = f"{_ALL}/{{namespace}}"

ROUTES = [
    Route("GET", "/v2/metadefs/resource_types", resource_types.index, "list_metadef_resource_types"),
    Route("GET", _ALL, namespaces.index, "get_metadef_namespaces"),
    Route("POST", _ALL, namespaces.create, "default", event="create_metadef_namespace"),
    Route("GET", _ONE, namespaces.show, "default"),
    Route("PUT", _ONE, namespaces.update, "default", event="update_metadef_namespace"),
    Route("DELETE", _ONE, namespaces.delete, "default", event="delete_metadef_namespace"),
    Route("GET", f"{_ONE}/resource_types", resource_types.show, "default"),
    Route("POST", f"{_ONE}/resource_types", resource_types.create, "default", event="create_metadef_association"),
    Route(
        "DELETE",
        f"{_ONE}/resource_types/{{name}}",
        resource_types.delete,
        "default",
        event="delete_metadef_association",
    ),
    Route("GET", f"{_ONE}/objects", objects.index, "default"),
    Route("POST", f"{_ONE}/objects", objects.create, "default", event="create_metadef_object"),
    Route("DELETE", f"{_ONE}/objects", namespaces.delete_objects, "default", event="delete_metadef_objects"),
    Route("GET", f"{_ONE}/objects/{{name}}", objects.show, "default"),
    Route("PUT", f"{_ONE}/objects/{{name}}", objects.update, "default", event="update_metadef_object"),
    Route("DELETE", f"{_ONE}/objects/{{name}}", objects.delete, "default", event="delete_metadef_object"),
    Route("GET", f"{_ONE}/properties", properties.index, "default"),
    Route("POST", f"{_ONE}/properties", properties.create, "default", event="create_metadef_property"),
    Route("DELETE", f"{_ONE}/properties", namespaces.delete_properties, "default", event="delete_metadef_properties"),
    Route("GET", f"{_ONE}/properties/{{name}}", properties.show, "default"),
    Route("PUT", f"{_ONE}/properties/{{name}}", properties.update, "default", event="update_metadef_property"),
    Route("DELETE", f"{_ONE}/properties/{{name}}", properties.delete, "default", event="delete_metadef_property"),
    Route("GET", f"{_ONE}/tags", tags.index, "default"),
    Route("POST", f"{_ONE}/tags", tags.create_all, "default", event="create_metadef_tags"),
    Route("DELETE", f"{_ONE}/tags", namespaces.delete_tags, "default", event="delete_metadef_tags"),
    Route("GET", f"{_ONE}/tags/{{name}}", tags.show, "default"),
    Route("POST", f"{_ONE}/tags/{{name}}", tags.create, "default", event="create_metadef_tag"),
    Route("PUT", f"{_ONE}/tags/{{name}}", tags.update, "default", event="update_metadef_tag"),
    Route("DELETE", f"{_ONE}/tags/{{name}}", tags.delete, "default", event="delete_metadef_tag"),
]
