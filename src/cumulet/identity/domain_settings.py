"""Which options a domain can have of its own, by group, with what holds where it has not.

Names and defaults are Keystone's. https://docs.openstack.org/api-ref/identity/v3/#domain-configuration
"""

from __future__ import annotations

from typing import Any

from ..kernel.errors import Forbidden

SECRET = {"ldap": frozenset({"password"})}
DEFAULTS: dict[str, dict[str, Any]] = {
    "identity": {"driver": "sql", "list_limit": None},
    "ldap": {
        "url": "ldap://localhost",
        "user": None,
        "suffix": "cn=example,cn=com",
        "query_scope": "one",
        "page_size": 0,
        "alias_dereferencing": "default",
        "debug_level": None,
        "chase_referrals": None,
        "user_tree_dn": None,
        "user_filter": None,
        "user_objectclass": "inetOrgPerson",
        "user_id_attribute": "cn",
        "user_name_attribute": "sn",
        "user_mail_attribute": "mail",
        "user_description_attribute": "description",
        "user_pass_attribute": "userPassword",
        "user_enabled_attribute": "enabled",
        "user_enabled_invert": False,
        "user_enabled_mask": 0,
        "user_enabled_default": "True",
        "user_attribute_ignore": ["default_project_id"],
        "user_default_project_id_attribute": None,
        "user_enabled_emulation": False,
        "user_enabled_emulation_dn": None,
        "user_enabled_emulation_use_group_config": False,
        "user_additional_attribute_mapping": [],
        "group_tree_dn": None,
        "group_filter": None,
        "group_objectclass": "groupOfNames",
        "group_id_attribute": "cn",
        "group_name_attribute": "ou",
        "group_members_are_ids": False,
        "group_member_attribute": "member",
        "group_desc_attribute": "description",
        "group_attribute_ignore": [],
        "group_additional_attribute_mapping": [],
        "tls_cacertfile": None,
        "tls_cacertdir": None,
        "use_tls": False,
        "tls_req_cert": "demand",
        "use_pool": True,
        "pool_size": 10,
        "pool_retry_max": 3,
        "pool_retry_delay": 0.1,
        "pool_connection_timeout": -1,
        "pool_connection_lifetime": 600,
        "use_auth_pool": True,
        "auth_pool_size": 100,
        "auth_pool_connection_lifetime": 60,
    },
}


def is_secret(group: str, option: str) -> bool:
    """Whether an option can be set and is never shown."""
    return option in SECRET.get(group, ())


def check_name(group: str | None, option: str | None) -> None:
    """Raise Forbidden for a group or an option that domains do not have."""
    if group is not None and group not in DEFAULTS:
        raise Forbidden(
            f"Invalid domain specific configuration: Group {group} is not supported for domain specific configurations."
        )
    if group is not None and option is not None and option not in DEFAULTS[group] and not is_secret(group, option):
        raise Forbidden(
            f"Invalid domain specific configuration: Option {option} in group {group} is not supported for domain specific "
            "configurations."
        )


def check(config: Any) -> None:
    """Raise Forbidden unless this is a configuration: groups with at least one option each."""
    if not isinstance(config, dict) or not config:
        raise Forbidden("Invalid domain specific configuration: No options specified.")
    for group, options in config.items():
        check_name(group, None)
        if not isinstance(options, dict) or not options:
            raise Forbidden(
                f"Invalid domain specific configuration: The value of group {group} specified in the config should be a "
                "dictionary of options."
            )
        for option in options:
            check_name(group, option)


def defaults(group: str | None, option: str | None) -> dict[str, Any]:
    """What holds where a domain says nothing. Raises Forbidden for what is not there, or secret."""
    check_name(group, option)
    if group is None:
        return DEFAULTS
    if option is None:
        return {group: DEFAULTS[group]}
    if is_secret(group, option):
        raise Forbidden(
            f"Invalid domain specific configuration: Reading the default for option {option} in group {group} is not supported."
        )
    return {option: DEFAULTS[group][option]}
