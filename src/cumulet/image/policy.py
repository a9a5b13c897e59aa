"""Image's rules, by upstream's names. https://docs.openstack.org/glance/latest/configuration/glance_policy.html

A rule's target has `project_id` and `owner` (the image's owner), `visibility`, and `member_id`: the caller's own project if the
image is shared with it. That of rules about metadata definitions has the namespace's owner and visibility.
"""

_ADMIN = "rule:context_is_admin"
_MEMBER = f"{_ADMIN} or (role:member and project_id:%(project_id)s)"
_READER = f"{_ADMIN} or (role:reader and project_id:%(project_id)s)"
_SEEN = (
    "not system_scope:all and (project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s "
    "or 'public':%(visibility)s or 'shared':%(visibility)s)"
)
_DOWNLOAD = f"{_ADMIN} or (role:member and {_SEEN})"
_NAMESPACE = f"{_ADMIN} or (role:reader and not system_scope:all and (project_id:%(project_id)s or 'public':%(visibility)s))"
_METADEFS_GET = ("namespace", "object", "objects", "resource_type", "property", "properties", "tag", "tags")
_METADEFS_CHANGE = (
    *("modify_metadef_namespace", "add_metadef_namespace", "delete_metadef_namespace"),
    *("modify_metadef_object", "add_metadef_object", "delete_metadef_object"),
    *("add_metadef_resource_type_association", "remove_metadef_resource_type_association"),
    *("modify_metadef_property", "add_metadef_property", "remove_metadef_property"),
    *("modify_metadef_tag", "add_metadef_tag", "add_metadef_tags", "delete_metadef_tag", "delete_metadef_tags"),
)
_MEMBERSHIP = f"{_ADMIN} or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s))"

DEFAULTS: dict[str, str] = {
    # Upstream's rules are for projects: an administrator of the system has to choose one.
    "context_is_admin": "role:admin and not system_scope:all",
    "service_api": "role:service or role:admin",
    # What upstream asks no rule for: any valid token will do, and what depends on the image is decided when it is known.
    "default": "",
    "add_image": f"{_ADMIN} or (role:member and project_id:%(project_id)s and project_id:%(owner)s)",
    "delete_image": _MEMBER,
    "get_image": f"{_ADMIN} or (role:reader and {_SEEN})",
    "get_images": _READER,
    "modify_image": _MEMBER,
    "publicize_image": _ADMIN,
    "communitize_image": _MEMBER,
    "download_image": _DOWNLOAD,
    "download_from_store": _DOWNLOAD,
    "upload_image": _MEMBER,
    "add_image_location": "rule:service_api or (role:member and project_id:%(project_id)s and project_id:%(owner)s)",
    "fetch_image_location": "rule:service_api",
    "set_image_location": _MEMBER,
    "delete_image_location": _ADMIN,
    "add_member": _MEMBER,
    "delete_member": _MEMBER,
    "get_member": _MEMBERSHIP,
    "get_members": _MEMBERSHIP,
    "modify_member": f"{_ADMIN} or (role:member and project_id:%(member_id)s)",
    "deactivate": _MEMBER,
    "reactivate": _MEMBER,
    "copy_image": _ADMIN,
    "tasks_api_access": _ADMIN,
    "stores_info_detail": _ADMIN,
    "cache_image": _ADMIN,
    "cache_list": _ADMIN,
    "cache_delete": _ADMIN,
    "metadef_default": "",
    "metadef_admin": _ADMIN,
    "get_metadef_namespaces": _READER,
    "list_metadef_resource_types": _NAMESPACE,
    **{f"get_metadef_{what}": _NAMESPACE for what in _METADEFS_GET},
    **dict.fromkeys(_METADEFS_CHANGE, "rule:metadef_admin"),
}
