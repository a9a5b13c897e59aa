"""The whole identity API on one screen."""

from __future__ import annotations

from msgspec.structs import replace

from ...kernel.http import PUBLIC, Route
from . import targets, versions
from .auth import signed, tokens
from .catalog import endpoint_filters, endpoint_groups, endpoints, regions, services
from .delegation import access_rules, application_credentials, credentials, ec2, trusts
from .federation.routes import ROUTES as FEDERATION
from .guarded import guarded as _route
from .limits import limits, registered_limits
from .oauth.routes import ROUTES as OAUTH
from .resources import domains, groups, policies, projects, tags, users
from .resources.domain_config import ROUTES as DOMAIN_CONFIG
from .roles import assignments, grants, implied, roles

OWN_DOMAIN, EXISTING, OF_CREDENTIAL = targets.own_domain, targets.of_existing, targets.of_application_credential


def _grants(path: str, tail: str = "", system: str = "") -> list[Route]:
    """What can be done to the roles of one holder on one target; the system's rules have names of their own."""
    plural, single = (f"system_grants_for_{system}", f"system_grant_for_{system}") if system else ("grants", "grant")
    return [
        _route("GET", f"{path}{tail}", grants.held, f"list_{plural}"),
        _route("PUT", f"{path}/{{role_id}}{tail}", grants.grant, f"create_{single}"),
        _route("GET", f"{path}/{{role_id}}{tail}", grants.check, f"check_{single}"),
        _route("DELETE", f"{path}/{{role_id}}{tail}", grants.revoke, f"revoke_{single}"),
    ]


GRANTS = [
    route
    for holder in ("user", "group")
    for path, tail in (
        *((f"/{place}s/{{{place}_id}}/{holder}s/{{{holder}_id}}/roles", "") for place in ("project", "domain")),
        *(
            (f"/OS-INHERIT/{place}s/{{{place}_id}}/{holder}s/{{{holder}_id}}/roles", "/inherited_to_projects")
            for place in ("project", "domain")
        ),
    )
    for route in _grants(path, tail)
] + [route for holder in ("user", "group") for route in _grants(f"/system/{holder}s/{{{holder}_id}}/roles", system=holder)]

EC2 = "/users/{user_id}/credentials/OS-EC2"
APPLICATION = "/users/{user_id}/application_credentials"
ONE = f"{APPLICATION}/{{application_credential_id}}"
TRUSTS = "/OS-TRUST/trusts"
GROUPS = "/OS-EP-FILTER/endpoint_groups"
GROUP = f"{GROUPS}/{{endpoint_group_id}}"
FILTERED = "/OS-EP-FILTER/projects/{project_id}/endpoints"

OF_POLICY = "/policies/{policy_id}/OS-ENDPOINT-POLICY"
ASSOCIATIONS = [
    _route(method, f"{OF_POLICY}{path}", handler, f"{word}_policy_association_for_{place}")
    for path, place in (
        ("/endpoints/{endpoint_id}", "endpoint"),
        ("/services/{service_id}", "service"),
        ("/services/{service_id}/regions/{region_id}", "region_and_service"),
    )
    for method, handler, word in (
        ("PUT", policies.associate, "create"),
        ("GET", policies.check, "check"),
        ("DELETE", policies.dissociate, "delete"),
    )
]

ROUTES = [
    Route("GET", "", versions.list_versions, PUBLIC),
    Route("GET", "/v3", versions.show_version, PUBLIC),
    Route("POST", "/v3/auth/tokens", tokens.create, PUBLIC, wrap="auth", tx="none"),
    _route("GET", "/auth/tokens", tokens.show, "validate_token", target=targets.of_subject),
    _route("DELETE", "/auth/tokens", tokens.revoke, "revoke_token", target=targets.of_subject),
    _route("GET", "/auth/catalog", tokens.catalog, "get_auth_catalog"),
    _route("GET", "/auth/projects", tokens.projects, "get_auth_projects"),
    _route("GET", "/auth/domains", tokens.domains, "get_auth_domains"),
    _route("GET", "/auth/system", tokens.system, "get_auth_system"),
    _route("GET", "/OS-REVOKE/events", tokens.revocations, "list_revoke_events"),
    Route("POST", "/v3/ec2tokens", signed.ec2, "identity:ec2tokens_validate", tx="none"),
    Route("POST", "/v3/s3tokens", signed.s3, "identity:s3tokens_validate", tx="none"),
    _route("POST", "/domains", domains.create, "create_domain", "domain"),
    _route("GET", "/domains", domains.index, "list_domains", target=OWN_DOMAIN),
    _route("GET", "/domains/{domain_id}", domains.show, "get_domain"),
    _route("PATCH", "/domains/{domain_id}", domains.update, "update_domain", "domain", EXISTING),
    _route("DELETE", "/domains/{domain_id}", domains.delete, "delete_domain"),
    _route("POST", "/projects", projects.create, "create_project", "project", targets.of_body("project", "domain_id")),
    _route("GET", "/projects", projects.index, "list_projects", target=OWN_DOMAIN),
    _route("GET", "/projects/{project_id}", projects.show, "get_project"),
    _route("PATCH", "/projects/{project_id}", projects.update, "update_project", "project"),
    _route("DELETE", "/projects/{project_id}", projects.delete, "delete_project"),
    _route("GET", "/projects/{project_id}/tags", tags.index, "list_project_tags"),
    _route("PUT", "/projects/{project_id}/tags", tags.replace, "update_project_tags"),
    _route("DELETE", "/projects/{project_id}/tags", tags.clear, "delete_project_tags"),
    _route("GET", "/projects/{project_id}/tags/{tag}", tags.check, "get_project_tag"),
    _route("PUT", "/projects/{project_id}/tags/{tag}", tags.add, "create_project_tag"),
    _route("DELETE", "/projects/{project_id}/tags/{tag}", tags.remove, "delete_project_tag"),
    replace(_route("POST", "/users", users.create, "create_user", "user", targets.told("user", "domain_id")), prepare=users.hashed),
    _route("GET", "/users", users.index, "list_users", target=OWN_DOMAIN),
    _route("GET", "/users/{user_id}", users.show, "get_user"),
    replace(_route("PATCH", "/users/{user_id}", users.update, "update_user", "user"), prepare=users.hashed),
    _route("DELETE", "/users/{user_id}", users.delete, "delete_user"),
    Route("POST", "/v3/users/{user_id}/password", users.change_password, PUBLIC, wrap="user", tx="none"),
    _route("GET", "/users/{user_id}/projects", projects.of_user, "list_user_projects"),
    _route("GET", "/users/{user_id}/groups", groups.of_user, "list_groups_for_user"),
    _route("POST", "/groups", groups.create, "create_group", "group", targets.of_body("group", "domain_id")),
    _route("GET", "/groups", groups.index, "list_groups", target=OWN_DOMAIN),
    _route("GET", "/groups/{group_id}", groups.show, "get_group"),
    _route("PATCH", "/groups/{group_id}", groups.update, "update_group", "group"),
    _route("DELETE", "/groups/{group_id}", groups.delete, "delete_group", target=EXISTING),
    _route("GET", "/groups/{group_id}/users", groups.members, "list_users_in_group"),
    _route("PUT", "/groups/{group_id}/users/{user_id}", groups.add_member, "add_user_to_group"),
    _route("GET", "/groups/{group_id}/users/{user_id}", groups.check_member, "check_user_in_group"),
    _route("DELETE", "/groups/{group_id}/users/{user_id}", groups.remove_member, "remove_user_from_group"),
    _route("POST", "/policies", policies.create, "create_policy", "policy"),
    _route("GET", "/policies", policies.index, "list_policies"),
    _route("GET", "/policies/{policy_id}", policies.show, "get_policy"),
    _route("PATCH", "/policies/{policy_id}", policies.update, "update_policy", "policy"),
    _route("DELETE", "/policies/{policy_id}", policies.delete, "delete_policy"),
    *ASSOCIATIONS,
    _route("GET", f"{OF_POLICY}/endpoints", policies.endpoints, "list_endpoints_for_policy"),
    _route("GET", "/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy", policies.of_endpoint, "get_policy_for_endpoint"),
    _route("POST", "/roles", roles.create, "create_role", "role"),
    _route("GET", "/roles", roles.index, "list_roles"),
    _route("GET", "/roles/{role_id}", roles.show, "get_role", target=EXISTING),
    _route("PATCH", "/roles/{role_id}", roles.update, "update_role", "role", EXISTING),
    _route("DELETE", "/roles/{role_id}", roles.delete, "delete_role", target=EXISTING),
    _route("GET", "/roles/{role_id}/implies", implied.index, "list_implied_roles"),
    _route("PUT", "/roles/{role_id}/implies/{implied_id}", implied.create, "create_implied_role"),
    _route("GET", "/roles/{role_id}/implies/{implied_id}", implied.show, "get_implied_role"),
    _route("HEAD", "/roles/{role_id}/implies/{implied_id}", implied.check, "check_implied_role"),
    _route("DELETE", "/roles/{role_id}/implies/{implied_id}", implied.delete, "delete_implied_role"),
    _route("GET", "/role_inferences", implied.everything, "list_role_inference_rules"),
    _route("GET", "/role_assignments", assignments.index, "list_role_assignments", target=OWN_DOMAIN),
    *DOMAIN_CONFIG,
    *GRANTS,
    _route("POST", "/regions", regions.create, "create_region", "region"),
    _route("GET", "/regions", regions.index, "list_regions"),
    _route("PUT", "/regions/{region_id}", regions.create, "create_region", "region"),
    _route("GET", "/regions/{region_id}", regions.show, "get_region"),
    _route("PATCH", "/regions/{region_id}", regions.update, "update_region", "region"),
    _route("DELETE", "/regions/{region_id}", regions.delete, "delete_region"),
    _route("POST", "/services", services.create, "create_service", "service"),
    _route("GET", "/services", services.index, "list_services"),
    _route("GET", "/services/{service_id}", services.show, "get_service"),
    _route("PATCH", "/services/{service_id}", services.update, "update_service", "service"),
    _route("DELETE", "/services/{service_id}", services.delete, "delete_service"),
    _route("POST", "/endpoints", endpoints.create, "create_endpoint", "endpoint"),
    _route("GET", "/endpoints", endpoints.index, "list_endpoints"),
    _route("GET", "/endpoints/{endpoint_id}", endpoints.show, "get_endpoint"),
    _route("PATCH", "/endpoints/{endpoint_id}", endpoints.update, "update_endpoint", "endpoint"),
    _route("DELETE", "/endpoints/{endpoint_id}", endpoints.delete, "delete_endpoint"),
    _route("POST", GROUPS, endpoint_groups.create, "create_endpoint_group", "endpoint_group"),
    _route("GET", GROUPS, endpoint_groups.index, "list_endpoint_groups"),
    _route("GET", GROUP, endpoint_groups.show, "get_endpoint_group"),
    _route("PATCH", GROUP, endpoint_groups.update, "update_endpoint_group", "endpoint_group"),
    _route("DELETE", GROUP, endpoint_groups.delete, "delete_endpoint_group"),
    _route("GET", f"{GROUP}/endpoints", endpoint_groups.endpoints, "list_endpoints_associated_with_endpoint_group"),
    _route("GET", f"{GROUP}/projects", endpoint_groups.projects, "list_projects_associated_with_endpoint_group"),
    _route("PUT", f"{GROUP}/projects/{{project_id}}", endpoint_groups.add_project, "add_endpoint_group_to_project"),
    _route("GET", f"{GROUP}/projects/{{project_id}}", endpoint_groups.show_project, "get_endpoint_group_in_project"),
    _route("DELETE", f"{GROUP}/projects/{{project_id}}", endpoint_groups.remove_project, "remove_endpoint_group_from_project"),
    _route(
        "GET", "/OS-EP-FILTER/projects/{project_id}/endpoint_groups", endpoint_filters.groups, "list_endpoint_groups_for_project"
    ),
    _route("GET", "/OS-EP-FILTER/endpoints/{endpoint_id}/projects", endpoint_filters.projects, "list_projects_for_endpoint"),
    _route("GET", FILTERED, endpoint_filters.endpoints, "list_endpoints_for_project"),
    _route("PUT", f"{FILTERED}/{{endpoint_id}}", endpoint_filters.add, "add_endpoint_to_project"),
    _route("GET", f"{FILTERED}/{{endpoint_id}}", endpoint_filters.check, "check_endpoint_in_project"),
    _route("DELETE", f"{FILTERED}/{{endpoint_id}}", endpoint_filters.remove, "remove_endpoint_from_project"),
    _route("POST", "/credentials", credentials.create, "create_credential", "credential", targets.of_new_credential),
    _route("GET", "/credentials", credentials.index, "list_credentials", target=targets.own_credentials),
    _route("GET", "/credentials/{credential_id}", credentials.show, "get_credential"),
    _route("PATCH", "/credentials/{credential_id}", credentials.update, "update_credential", "credential"),
    _route("DELETE", "/credentials/{credential_id}", credentials.delete, "delete_credential"),
    _route("POST", EC2, ec2.create, "ec2_create_credential", target=targets.of_owner),
    _route("GET", EC2, ec2.index, "ec2_list_credentials"),
    _route("GET", f"{EC2}/{{access}}", ec2.show, "ec2_get_credential", target=targets.of_keys),
    _route("DELETE", f"{EC2}/{{access}}", ec2.delete, "ec2_delete_credential", target=targets.of_keys),
    _route("POST", APPLICATION, application_credentials.create, "create_application_credential", "application_credential"),
    _route("GET", APPLICATION, application_credentials.index, "list_application_credentials"),
    _route("GET", ONE, application_credentials.show, "get_application_credential", target=OF_CREDENTIAL),
    _route("DELETE", ONE, application_credentials.delete, "delete_application_credential", target=OF_CREDENTIAL),
    _route("GET", "/users/{user_id}/access_rules", access_rules.index, "list_access_rules"),
    _route("GET", "/users/{user_id}/access_rules/{access_rule_id}", access_rules.show, "get_access_rule"),
    _route("DELETE", "/users/{user_id}/access_rules/{access_rule_id}", access_rules.delete, "delete_access_rule"),
    _route("POST", TRUSTS, trusts.create, "create_trust", "trust", targets.of_body("trust", "trustor_user_id")),
    Route("GET", f"/v3{TRUSTS}", trusts.index, "authenticated"),
    _route("GET", f"{TRUSTS}/{{trust_id}}", trusts.show, "get_trust", target=targets.of_trust),
    _route("DELETE", f"{TRUSTS}/{{trust_id}}", trusts.delete, "delete_trust", target=targets.of_trust),
    _route("GET", f"{TRUSTS}/{{trust_id}}/roles", trusts.roles, "list_roles_for_trust", target=targets.of_trust),
    _route("GET", f"{TRUSTS}/{{trust_id}}/roles/{{role_id}}", trusts.role, "get_role_for_trust", target=targets.of_trust),
    _route("POST", "/registered_limits", registered_limits.create, "create_registered_limits"),
    _route("GET", "/registered_limits", registered_limits.index, "list_registered_limits"),
    _route("GET", "/registered_limits/{registered_limit_id}", registered_limits.show, "get_registered_limit"),
    _route(
        "PATCH", "/registered_limits/{registered_limit_id}", registered_limits.update, "update_registered_limit", "registered_limit"
    ),
    _route("DELETE", "/registered_limits/{registered_limit_id}", registered_limits.delete, "delete_registered_limit"),
    _route("POST", "/limits", limits.create, "create_limits"),
    _route("GET", "/limits", limits.index, "list_limits"),
    _route("GET", "/limits/model", limits.model, "get_limit_model"),
    _route("GET", "/limits/{limit_id}", limits.show, "get_limit"),
    _route("PATCH", "/limits/{limit_id}", limits.update, "update_limit", "limit"),
    _route("DELETE", "/limits/{limit_id}", limits.delete, "delete_limit"),
    *FEDERATION,
    *OAUTH,
]
