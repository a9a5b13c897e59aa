"""The routes of OS-FEDERATION."""

from __future__ import annotations

from ....kernel.http import PUBLIC, Route
from ....kernel.http.routes import Handler
from ..auth import tokens
from ..guarded import guarded
from . import auth, identity_providers, mappings, protocols, service_providers

PROVIDERS, MAPPINGS, SERVICES = (f"/OS-FEDERATION/{noun}" for noun in ("identity_providers", "mappings", "service_providers"))
PROVIDER, MAPPING, SERVICE = f"{PROVIDERS}/{{idp_id}}", f"{MAPPINGS}/{{mapping_id}}", f"{SERVICES}/{{sp_id}}"
PROTOCOL = f"{PROVIDER}/protocols/{{protocol_id}}"


def _public(path: str, handler: Handler) -> list[Route]:
    """Who logs in has no token yet. A browser that a provider sends by a form comes with a POST."""
    return [Route(method, f"/v3{path}", handler, PUBLIC, tx="none") for method in ("GET", "POST")]


ROUTES = [
    guarded("PUT", PROVIDER, identity_providers.create, "create_identity_provider", "identity_provider"),
    guarded("GET", PROVIDERS, identity_providers.index, "list_identity_providers"),
    guarded("GET", PROVIDER, identity_providers.show, "get_identity_provider"),
    guarded("PATCH", PROVIDER, identity_providers.update, "update_identity_provider", "identity_provider"),
    guarded("DELETE", PROVIDER, identity_providers.delete, "delete_identity_provider"),
    guarded("PUT", PROTOCOL, protocols.create, "create_protocol", "protocol"),
    guarded("GET", f"{PROVIDER}/protocols", protocols.index, "list_protocols"),
    guarded("GET", PROTOCOL, protocols.show, "get_protocol"),
    guarded("PATCH", PROTOCOL, protocols.update, "update_protocol", "protocol"),
    guarded("DELETE", PROTOCOL, protocols.delete, "delete_protocol"),
    guarded("PUT", MAPPING, mappings.create, "create_mapping", "mapping"),
    guarded("GET", MAPPINGS, mappings.index, "list_mappings"),
    guarded("GET", MAPPING, mappings.show, "get_mapping"),
    guarded("PATCH", MAPPING, mappings.update, "update_mapping", "mapping"),
    guarded("DELETE", MAPPING, mappings.delete, "delete_mapping"),
    guarded("PUT", SERVICE, service_providers.create, "create_service_provider", "service_provider"),
    guarded("GET", SERVICES, service_providers.index, "list_service_providers"),
    guarded("GET", SERVICE, service_providers.show, "get_service_provider"),
    guarded("PATCH", SERVICE, service_providers.update, "update_service_provider", "service_provider"),
    guarded("DELETE", SERVICE, service_providers.delete, "delete_service_provider"),
    *_public(f"{PROTOCOL}/auth", auth.log_in),
    *_public("/auth/OS-FEDERATION/websso/{protocol_id}", auth.websso_by_protocol),
    *_public("/auth/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/websso", auth.websso_by_provider),
    Route("GET", auth.CALLBACK, auth.websso_callback, PUBLIC, tx="none"),
    guarded("GET", "/OS-FEDERATION/projects", tokens.projects, "get_auth_projects"),
    guarded("GET", "/OS-FEDERATION/domains", tokens.domains, "get_auth_domains"),
]
