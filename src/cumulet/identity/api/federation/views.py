"""Identity providers, protocols, mappings and service providers as JSON objects."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from ....kernel.http import Request
from ...model import IdentityProvider, Mapping, Protocol, ServiceProvider
from ..fields import self_link

PROVIDERS = "OS-FEDERATION/identity_providers"


def identity_provider(request: Request, p: IdentityProvider) -> dict[str, Any]:
    """An identity provider."""
    links = self_link(request, PROVIDERS, p.id)
    return {**asdict(p), "links": {**links, "protocols": f"{links['self']}/protocols"}}


def protocol(request: Request, p: Protocol, in_list: bool = False) -> dict[str, Any]:
    """A protocol. Lists also say whose it is."""
    links = self_link(request, f"{PROVIDERS}/{p.idp_id}/protocols", p.id)
    links["identity_provider"] = request.url(f"/v3/{PROVIDERS}/{p.idp_id}")
    shown: dict[str, Any] = {"id": p.id, "mapping_id": p.mapping_id, "links": links}
    if in_list:
        return {**shown, "idp_id": p.idp_id, "remote_id_attribute": p.remote_id_attribute}
    return shown if p.remote_id_attribute is None else {**shown, "remote_id_attribute": p.remote_id_attribute}


def mapping(request: Request, m: Mapping) -> dict[str, Any]:
    """A mapping."""
    return {**asdict(m), "links": self_link(request, "OS-FEDERATION/mappings", m.id)}


def service_provider(request: Request, p: ServiceProvider) -> dict[str, Any]:
    """A service provider."""
    return {**asdict(p), "links": self_link(request, "OS-FEDERATION/service_providers", p.id)}
