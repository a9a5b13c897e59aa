"""Identity's rules, by upstream's names. https://docs.openstack.org/keystone/latest/configuration/policy.html

Beside administrators and the system's readers, a domain has readers, who see what is in it, and managers, who may change its users,
groups and projects and give the roles that `domain_managed_target_role` names. They act with a token of their domain.
"""

_ANY = "@"
_ADMIN = "rule:admin_required"
_READER = "rule:admin_required or (role:reader and system_scope:all)"
_OWNER = "user_id:%(target.user.id)s"
_HOLDERS, _PLACES = ("user.domain_id", "group.domain_id"), ("project.domain_id", "domain.id")


def _seen_in(*attributes: str) -> str:
    """Administrators, the system's readers, and readers of the domain that these attributes of the target hold."""
    return f"{_READER} or ({_domain('reader', attributes)})"


def _managed_in(*attributes: str) -> str:
    """Administrators, and managers of the domain that these attributes of the target hold."""
    return f"{_ADMIN} or ({_domain('manager', attributes)})"


def _domain(role: str, attributes: tuple[str, ...]) -> str:
    return " and ".join([f"role:{role}", *(f"domain_id:%(target.{name})s" for name in attributes)])


def _grants(role: str) -> str:
    """Those of a domain that both the holder and the place belong to."""
    return " or ".join(f"({_domain(role, (holder, place))})" for holder in _HOLDERS for place in _PLACES)


_CHANGE_GRANTS = f"{_ADMIN} or (({_grants('manager')}) and rule:domain_managed_target_role)"
_SEE_CREDENTIAL = f"{_READER} or user_id:%(target.credential.user_id)s"
_SEE_TRUST = f"{_READER} or user_id:%(target.trust.trustor_user_id)s or user_id:%(target.trust.trustee_user_id)s"
_SEE_PROJECT = f"{_seen_in('project.domain_id')} or project_id:%(target.project.id)s"


def _all(names: str, rule: str) -> dict[str, str]:
    return {f"identity:{name}": rule for name in names.split()}


DEFAULTS: dict[str, str] = {
    "admin_required": "role:admin",
    "service_role": "role:service",
    "service_or_admin": "rule:admin_required or rule:service_role",
    "owner": "user_id:%(user_id)s",
    "admin_or_owner": "rule:admin_required or rule:owner",
    "token_subject": "user_id:%(target.token.user_id)s",
    "domain_managed_target_role": " or ".join(f"'{name}':%(target.role.name)s" for name in ("manager", "member", "reader")),
    "authenticated": _ANY,
    **_all("get_auth_catalog get_auth_projects get_auth_domains get_auth_system", _ANY),
    **_all("get_region list_regions get_limit_model list_limits get_registered_limit list_registered_limits", _ANY),
    **_all("validate_token", f"{_READER} or rule:service_role or rule:token_subject"),
    **_all("revoke_token", f"{_ADMIN} or rule:token_subject"),
    **_all("ec2tokens_validate s3tokens_validate list_revoke_events", "rule:service_or_admin"),
    **_all("get_domain", f"{_READER} or domain_id:%(target.domain.id)s or project_domain_id:%(target.domain.id)s"),
    **_all("list_domains", _seen_in("domain.id")),
    **_all("create_domain update_domain delete_domain", _ADMIN),
    **_all("get_domain_config get_domain_config_default", _READER),
    **_all("create_domain_config update_domain_config delete_domain_config", _ADMIN),
    **_all("get_security_compliance_domain_config", _ANY),
    **_all("get_project list_project_tags get_project_tag", _SEE_PROJECT),
    **_all("list_projects list_users list_role_assignments list_role_assignments_for_tree", _seen_in("domain_id")),
    **_all("list_user_projects", f"{_seen_in('user.domain_id')} or {_OWNER}"),
    **_all("create_project update_project delete_project", _managed_in("project.domain_id")),
    **_all("create_project_tag update_project_tags delete_project_tag delete_project_tags", _managed_in("project.domain_id")),
    **_all("get_user", f"{_seen_in('user.domain_id')} or {_OWNER}"),
    **_all("create_user update_user delete_user", _managed_in("user.domain_id")),
    **_all("list_groups", _seen_in("domain_id")),
    **_all("get_group list_users_in_group", _seen_in("group.domain_id")),
    **_all("list_groups_for_user", f"{_seen_in('user.domain_id')} or {_OWNER}"),
    **_all("check_user_in_group", _seen_in("group.domain_id", "user.domain_id")),
    **_all("create_group update_group delete_group", _managed_in("group.domain_id")),
    **_all("add_user_to_group remove_user_from_group", _managed_in("group.domain_id", "user.domain_id")),
    **_all("get_role", f"{_READER} or (role:manager and rule:domain_managed_target_role)"),
    **_all("list_roles", f"{_READER} or (role:manager and not domain_id:None)"),
    **_all("create_role update_role delete_role", _ADMIN),
    **_all("get_domain_role list_domain_roles", _READER),
    **_all("create_domain_role update_domain_role delete_domain_role", _ADMIN),
    **_all("get_implied_role check_implied_role list_implied_roles list_role_inference_rules", _READER),
    **_all("create_implied_role delete_implied_role", _ADMIN),
    **_all("list_grants", f"{_READER} or {_grants('reader')}"),
    **_all(
        "check_grant",
        f"{_READER} or (({_grants('reader')}) and (domain_id:%(target.role.domain_id)s or None:%(target.role.domain_id)s))",
    ),
    **_all("create_grant revoke_grant", _CHANGE_GRANTS),
    **_all("list_system_grants_for_user check_system_grant_for_user", _READER),
    **_all("create_system_grant_for_user revoke_system_grant_for_user", _ADMIN),
    **_all("list_system_grants_for_group check_system_grant_for_group", _READER),
    **_all("create_system_grant_for_group revoke_system_grant_for_group", _ADMIN),
    **_all("create_region update_region delete_region", _ADMIN),
    **_all("get_service list_services get_endpoint list_endpoints", _READER),
    **_all("create_service update_service delete_service create_endpoint update_endpoint delete_endpoint", _ADMIN),
    **_all("get_endpoint_group list_endpoint_groups get_endpoint_group_in_project list_endpoint_groups_for_project", _READER),
    **_all("list_projects_associated_with_endpoint_group list_endpoints_associated_with_endpoint_group", _READER),
    **_all("list_projects_for_endpoint list_endpoints_for_project check_endpoint_in_project", _READER),
    **_all("create_endpoint_group update_endpoint_group delete_endpoint_group", _ADMIN),
    **_all("add_endpoint_group_to_project remove_endpoint_group_from_project", _ADMIN),
    **_all("add_endpoint_to_project remove_endpoint_from_project", _ADMIN),
    **_all("get_policy list_policies", _READER),
    **_all("create_policy update_policy delete_policy", _ADMIN),
    **_all("create_policy_association_for_endpoint delete_policy_association_for_endpoint", _ADMIN),
    **_all("create_policy_association_for_service delete_policy_association_for_service", _ADMIN),
    **_all("create_policy_association_for_region_and_service delete_policy_association_for_region_and_service", _ADMIN),
    **_all("check_policy_association_for_endpoint check_policy_association_for_service", _READER),
    **_all("check_policy_association_for_region_and_service get_policy_for_endpoint list_endpoints_for_policy", _READER),
    **_all("get_credential list_credentials", _SEE_CREDENTIAL),
    **_all("create_credential update_credential delete_credential", f"{_ADMIN} or user_id:%(target.credential.user_id)s"),
    **_all("ec2_get_credential", _SEE_CREDENTIAL),
    **_all("ec2_list_credentials", f"{_READER} or rule:owner"),
    **_all(
        "ec2_create_credential ec2_delete_credential",
        f"{_ADMIN} or (role:member and user_id:%(target.credential.user_id)s)",
    ),
    **_all("list_trusts", _READER),
    **_all("list_trusts_for_trustor", f"{_READER} or user_id:%(target.trust.trustor_user_id)s"),
    **_all("list_trusts_for_trustee", f"{_READER} or user_id:%(target.trust.trustee_user_id)s"),
    **_all("get_trust list_roles_for_trust get_role_for_trust", _SEE_TRUST),
    **_all("create_trust", "user_id:%(target.trust.trustor_user_id)s"),
    **_all("delete_trust", f"{_ADMIN} or user_id:%(target.trust.trustor_user_id)s"),
    **_all("get_application_credential list_application_credentials", f"{_READER} or rule:owner"),
    **_all("create_application_credential", "rule:owner"),
    **_all("delete_application_credential", "rule:admin_or_owner"),
    **_all("get_access_rule list_access_rules", f"(role:reader and system_scope:all) or {_OWNER}"),
    **_all("delete_access_rule", f"(role:admin and system_scope:all) or {_OWNER}"),
    **_all(
        "get_limit",
        f"{_READER} or domain_id:%(target.limit.domain.id)s or domain_id:%(target.limit.project.domain_id)s"
        " or project_id:%(target.limit.project_id)s",
    ),
    **_all("get_identity_provider list_identity_providers get_protocol list_protocols get_mapping list_mappings", _READER),
    **_all("create_identity_provider update_identity_provider delete_identity_provider", _ADMIN),
    **_all("create_protocol update_protocol delete_protocol create_mapping update_mapping delete_mapping", _ADMIN),
    **_all("get_service_provider list_service_providers", _READER),
    **_all("create_service_provider update_service_provider delete_service_provider", _ADMIN),
    **_all("get_consumer list_consumers", _READER),
    **_all("create_consumer update_consumer delete_consumer authorize_request_token", _ADMIN),
    **_all("get_access_token list_access_tokens delete_access_token get_access_token_role list_access_token_roles", _ADMIN),
    **_all("create_limits update_limit delete_limit create_registered_limits", _ADMIN),
    **_all("update_registered_limit delete_registered_limit", _ADMIN),
}

_NOT_OF_DOMAINS = (
    "add_endpoint_group_to_project add_endpoint_to_project check_endpoint_in_project check_implied_role "
    "check_policy_association_for_endpoint check_policy_association_for_region_and_service "
    "check_policy_association_for_service check_system_grant_for_group check_system_grant_for_user create_consumer "
    "create_domain create_domain_config create_domain_role create_endpoint create_endpoint_group create_identity_provider "
    "create_implied_role create_limits create_mapping create_policy create_policy_association_for_endpoint "
    "create_policy_association_for_region_and_service create_policy_association_for_service create_protocol create_region "
    "create_registered_limits create_role create_service create_service_provider create_system_grant_for_group "
    "create_system_grant_for_user delete_access_rule delete_application_credential delete_consumer delete_domain "
    "delete_domain_config delete_domain_role delete_endpoint delete_endpoint_group delete_identity_provider "
    "delete_implied_role delete_limit delete_mapping delete_policy delete_policy_association_for_endpoint "
    "delete_policy_association_for_region_and_service delete_policy_association_for_service delete_protocol delete_region "
    "delete_registered_limit delete_role delete_service delete_service_provider delete_trust ec2_create_credential "
    "ec2_delete_credential ec2_get_credential ec2_list_credentials get_access_rule get_application_credential get_consumer "
    "get_domain_config get_domain_config_default get_domain_role get_endpoint get_endpoint_group "
    "get_endpoint_group_in_project get_identity_provider get_implied_role get_mapping get_policy get_policy_for_endpoint "
    "get_protocol get_role_for_trust get_service get_service_provider get_trust list_access_rules "
    "list_application_credentials list_consumers list_domain_roles list_endpoint_groups list_endpoint_groups_for_project "
    "list_endpoints list_endpoints_associated_with_endpoint_group list_endpoints_for_policy list_endpoints_for_project "
    "list_identity_providers list_implied_roles list_mappings list_policies list_projects_associated_with_endpoint_group "
    "list_projects_for_endpoint list_protocols list_revoke_events list_role_inference_rules list_roles_for_trust "
    "list_service_providers list_services list_system_grants_for_group list_system_grants_for_user list_trusts "
    "list_trusts_for_trustee list_trusts_for_trustor remove_endpoint_from_project remove_endpoint_group_from_project "
    "revocation_list revoke_system_grant_for_group revoke_system_grant_for_user update_consumer update_domain "
    "update_domain_config update_domain_role update_endpoint update_endpoint_group update_identity_provider update_limit "
    "update_mapping update_policy update_protocol update_region update_registered_limit update_role update_service "
    "update_service_provider "
)
_OF_PROJECTS = (
    "authorize_request_token create_application_credential create_trust delete_access_token get_access_token "
    "get_access_token_role list_access_token_roles list_access_tokens"
)

SCOPES = {
    **{f"identity:{name}": frozenset({"system", "project"}) for name in _NOT_OF_DOMAINS.split()},
    **{f"identity:{name}": frozenset({"project"}) for name in _OF_PROJECTS.split()},
}
"""For which tokens alone some rules are good: an administrator of a domain changes nothing that belongs to no domain."""
