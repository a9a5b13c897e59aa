"""The whole identity API on one screen."""

from __future__ import annotations

from ...kernel.http import PUBLIC, Route
from . import assignments, catalog, domains, projects, roles, tokens, users, versions


def _grants(path: str) -> list[Route]:
    """What can be done to the roles of one holder on one target."""
    return [
        Route("GET", path, assignments.held, "identity:list_grants"),
        Route("PUT", f"{path}/{{role_id}}", assignments.grant, "identity:create_grant"),
        Route("GET", f"{path}/{{role_id}}", assignments.check, "identity:check_grant"),
        Route("DELETE", f"{path}/{{role_id}}", assignments.revoke, "identity:revoke_grant"),
    ]


ROUTES = [
    Route("GET", "", versions.list_versions, PUBLIC),
    Route("GET", "/v3", versions.show_version, PUBLIC),
    Route("POST", "/v3/auth/tokens", tokens.create, PUBLIC, wrap="auth", tx="read"),
    Route("GET", "/v3/auth/tokens", tokens.show, "identity:validate_token"),
    Route("DELETE", "/v3/auth/tokens", tokens.revoke, "identity:revoke_token"),
    Route("GET", "/v3/auth/catalog", tokens.catalog, "identity:get_auth_catalog"),
    Route("GET", "/v3/auth/projects", tokens.projects, "identity:get_auth_projects"),
    Route("GET", "/v3/auth/domains", tokens.domains, "identity:get_auth_domains"),
    Route("GET", "/v3/auth/system", tokens.system, "identity:get_auth_system"),
    Route("POST", "/v3/domains", domains.create, "identity:create_domain", wrap="domain"),
    Route("GET", "/v3/domains", domains.index, "identity:list_domains"),
    Route("GET", "/v3/domains/{domain_id}", domains.show, "identity:get_domain"),
    Route("PATCH", "/v3/domains/{domain_id}", domains.update, "identity:update_domain", wrap="domain"),
    Route("DELETE", "/v3/domains/{domain_id}", domains.delete, "identity:delete_domain"),
    Route("POST", "/v3/projects", projects.create, "identity:create_project", wrap="project"),
    Route("GET", "/v3/projects", projects.index, "identity:list_projects"),
    Route("GET", "/v3/projects/{project_id}", projects.show, "identity:get_auth_projects"),
    Route("PATCH", "/v3/projects/{project_id}", projects.update, "identity:update_project", wrap="project"),
    Route("DELETE", "/v3/projects/{project_id}", projects.delete, "identity:delete_project"),
    Route("GET", "/v3/projects/{project_id}/tags", projects.list_tags, "identity:get_auth_projects"),
    Route("PUT", "/v3/projects/{project_id}/tags", projects.replace_tags, "identity:update_project_tags"),
    Route("DELETE", "/v3/projects/{project_id}/tags", projects.remove_tags, "identity:update_project_tags"),
    Route("GET", "/v3/projects/{project_id}/tags/{tag}", projects.check_tag, "identity:get_auth_projects"),
    Route("PUT", "/v3/projects/{project_id}/tags/{tag}", projects.add_tag, "identity:update_project_tags"),
    Route("DELETE", "/v3/projects/{project_id}/tags/{tag}", projects.remove_tag, "identity:update_project_tags"),
    Route("POST", "/v3/users", users.create, "identity:create_user", wrap="user"),
    Route("GET", "/v3/users", users.index, "identity:list_users"),
    Route("GET", "/v3/users/{user_id}", users.show, "identity:get_user"),
    Route("PATCH", "/v3/users/{user_id}", users.update, "identity:update_user", wrap="user"),
    Route("DELETE", "/v3/users/{user_id}", users.delete, "identity:delete_user"),
    Route("POST", "/v3/users/{user_id}/password", users.change_password, PUBLIC, wrap="user"),
    Route("GET", "/v3/users/{user_id}/projects", projects.of_user, "identity:list_user_projects"),
    Route("POST", "/v3/roles", roles.create, "identity:create_role", wrap="role"),
    Route("GET", "/v3/roles", roles.index, "identity:list_roles"),
    Route("GET", "/v3/roles/{role_id}", roles.show, "identity:get_role"),
    Route("PATCH", "/v3/roles/{role_id}", roles.update, "identity:update_role", wrap="role"),
    Route("DELETE", "/v3/roles/{role_id}", roles.delete, "identity:delete_role"),
    Route("GET", "/v3/roles/{role_id}/implies", roles.list_implied, "identity:list_implied_roles"),
    Route("PUT", "/v3/roles/{role_id}/implies/{implied_id}", roles.imply, "identity:create_implied_role"),
    Route("GET", "/v3/roles/{role_id}/implies/{implied_id}", roles.check_implied, "identity:get_implied_role"),
    Route("DELETE", "/v3/roles/{role_id}/implies/{implied_id}", roles.unimply, "identity:delete_implied_role"),
    Route("GET", "/v3/role_inferences", roles.list_inferences, "identity:list_implied_roles"),
    Route("GET", "/v3/role_assignments", assignments.index, "identity:list_role_assignments"),
    *_grants("/v3/projects/{project_id}/users/{user_id}/roles"),
    *_grants("/v3/domains/{domain_id}/users/{user_id}/roles"),
    *_grants("/v3/system/users/{user_id}/roles"),
    Route("POST", "/v3/regions", catalog.create_region, "identity:create_region", wrap="region"),
    Route("GET", "/v3/regions", catalog.list_regions, "identity:list_regions"),
    Route("PUT", "/v3/regions/{region_id}", catalog.create_region, "identity:create_region", wrap="region"),
    Route("GET", "/v3/regions/{region_id}", catalog.show_region, "identity:get_region"),
    Route("PATCH", "/v3/regions/{region_id}", catalog.update_region, "identity:update_region", wrap="region"),
    Route("DELETE", "/v3/regions/{region_id}", catalog.delete_region, "identity:delete_region"),
    Route("POST", "/v3/services", catalog.create_service, "identity:create_service", wrap="service"),
    Route("GET", "/v3/services", catalog.list_services, "identity:list_services"),
    Route("GET", "/v3/services/{service_id}", catalog.show_service, "identity:get_service"),
    Route("PATCH", "/v3/services/{service_id}", catalog.update_service, "identity:update_service", wrap="service"),
    Route("DELETE", "/v3/services/{service_id}", catalog.delete_service, "identity:delete_service"),
    Route("POST", "/v3/endpoints", catalog.create_endpoint, "identity:create_endpoint", wrap="endpoint"),
    Route("GET", "/v3/endpoints", catalog.list_endpoints, "identity:list_endpoints"),
    Route("GET", "/v3/endpoints/{endpoint_id}", catalog.show_endpoint, "identity:get_endpoint"),
    Route("PATCH", "/v3/endpoints/{endpoint_id}", catalog.update_endpoint, "identity:update_endpoint", wrap="endpoint"),
    Route("DELETE", "/v3/endpoints/{endpoint_id}", catalog.delete_endpoint, "identity:delete_endpoint"),
]
