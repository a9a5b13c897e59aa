"""Where a domain's directory is and how it is to be read: the options of Keystone's `[ldap]`, with its names and meanings.

https://docs.openstack.org/keystone/latest/configuration/config-options.html#ldap
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

DEFAULT_SECONDS = 5
MATCHES_IN_CHAIN = "1.2.840.113556.1.4.1941"
"""The matching rule by which Active Directory follows groups within groups."""


class Directory(Struct, frozen=True, forbid_unknown_fields=True):
    """One domain's directory. Times are in seconds.

    `url` may be several, with commas between: the first that answers is asked. `*_filter` are put beside the filters of ours.
    `group_nesting`, which Keystone does not have, follows groups within groups one by one; `group_ad_nesting` leaves that to Active
    Directory. `*_additional_attribute_mapping` are of the form `attribute:field`.
    """

    url: str
    user: str = ""
    password: str = ""
    suffix: str = ""
    query_scope: Literal["one", "sub"] = "one"
    page_size: Annotated[int, Meta(ge=0)] = 0
    connection_timeout: Annotated[int, Meta(ge=1)] = DEFAULT_SECONDS
    use_tls: bool = False
    tls_cacertfile: str = ""
    tls_cacertdir: str = ""
    tls_req_cert: Literal["demand", "allow", "never"] = "demand"
    user_tree_dn: str = ""
    user_filter: str = ""
    user_objectclass: str = "inetOrgPerson"
    user_id_attribute: str = "cn"
    user_name_attribute: str = "sn"
    user_description_attribute: str = "description"
    user_mail_attribute: str = "mail"
    user_enabled_attribute: str = "enabled"
    user_enabled_invert: bool = False
    user_enabled_mask: int = 0
    user_enabled_default: str = "True"
    user_enabled_emulation: bool = False
    user_enabled_emulation_dn: str = ""
    user_enabled_emulation_use_group_config: bool = False
    user_default_project_id_attribute: str = ""
    user_attribute_ignore: tuple[str, ...] = ("default_project_id",)
    user_additional_attribute_mapping: list[str] = []
    group_tree_dn: str = ""
    group_filter: str = ""
    group_objectclass: str = "groupOfNames"
    group_id_attribute: str = "cn"
    group_name_attribute: str = "ou"
    group_member_attribute: str = "member"
    group_members_are_ids: bool = False
    group_desc_attribute: str = "description"
    group_additional_attribute_mapping: list[str] = []
    group_ad_nesting: bool = False
    group_nesting: bool = False

    def __post_init__(self) -> None:
        for address in self.urls:
            if not address.startswith(("ldap://", "ldaps://")):
                raise ValueError(f"url: {address!r} is neither ldap:// nor ldaps://")
        for pair in (*self.user_additional_attribute_mapping, *self.group_additional_attribute_mapping):
            if len(pair.split(":")) != 2:
                raise ValueError(f"additional_attribute_mapping: {pair!r} is not attribute:field")
        if self.user_enabled_mask and not self.user_enabled_default.isdigit():
            raise ValueError("user_enabled_default: with a mask, a number is expected")
        for name in ("user", "group"):
            if not self.tree(name):
                raise ValueError(f"{name}_tree_dn: nothing says where {name}s are; suffix does not either")

    @property
    def urls(self) -> list[str]:
        """Every server, in the order in which they are tried."""
        return [address.strip() for address in self.url.split(",")]

    def tree(self, kind: str) -> str:
        """Below which entry people (`user`) or groups are."""
        given = self.user_tree_dn if kind == "user" else self.group_tree_dn
        inside = "ou=Users" if kind == "user" else "ou=UserGroups"
        return given or (f"{inside},{self.suffix}" if self.suffix else "")

    @property
    def emulation_dn(self) -> str:
        """The group whose members are enabled."""
        return self.user_enabled_emulation_dn or f"cn=enabled_users,{self.tree('user')}"
