"""For what policy documents are: an endpoint, a service, a service in a region and in those within it.

The nearest counts: an endpoint's own, then that of its service in its region or one around it, then that of its service.
"""

from __future__ import annotations

from collections.abc import Mapping

from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import NotFound
from ...model import Endpoint, PolicyAssociation, PolicyBlob
from ...store import policies as store
from ..catalog import endpoints as catalog_endpoints
from ..catalog import regions, services
from . import policies


async def _wanted(tx: Reader, policy_id: str, place: Mapping[str, str]) -> PolicyAssociation:
    """Raises NotFound for whatever is not there."""
    await policies.get(tx, policy_id)
    readers = {"endpoint_id": catalog_endpoints.get, "service_id": services.get, "region_id": regions.get}
    for name, value in place.items():
        await readers[name](tx, value)
    return PolicyAssociation(**{"endpoint_id": "", "service_id": "", "region_id": "", **place}, policy_id=policy_id)


async def create(tx: Tx, policy_id: str, place: Mapping[str, str]) -> None:
    """Let a document be for a place, instead of the one that was. Raises NotFound."""
    await store.associate(tx, await _wanted(tx, policy_id, place))


async def check(tx: Reader, policy_id: str, place: Mapping[str, str]) -> None:
    """Raise NotFound unless a document is for exactly this place."""
    await _wanted(tx, policy_id, place)
    if await store.at(tx, **place) != policy_id:
        raise NotFound(f"Could not find policy association of {policy_id}.")


async def delete(tx: Tx, policy_id: str, place: Mapping[str, str]) -> None:
    """No document is for this place any more. Raises NotFound for what is not there; that none was is no mistake."""
    await store.dissociate(tx, await _wanted(tx, policy_id, place))


async def of_endpoint(tx: Reader, endpoint_id: str) -> PolicyBlob:
    """The document that is for an endpoint. Raises NotFound."""
    endpoint = await catalog_endpoints.get(tx, endpoint_id)
    policy_id = await _nearest(tx, endpoint)
    if policy_id is None:
        raise NotFound(f"No policy is associated with endpoint {endpoint_id}.")
    return await policies.get(tx, policy_id)


async def _nearest(tx: Reader, endpoint: Endpoint) -> str | None:
    found = await store.at(tx, endpoint_id=endpoint.id)
    region_id = endpoint.region_id
    while found is None and region_id:
        found = await store.at(tx, service_id=endpoint.service_id, region_id=region_id)
        region_id = (await regions.get(tx, region_id)).parent_region_id
    return found or await store.at(tx, service_id=endpoint.service_id)


async def endpoints(tx: Reader, policy_id: str) -> list[Endpoint]:
    """The endpoints for which a document is the nearest. Raises NotFound."""
    await policies.get(tx, policy_id)
    named = await store.associations_of(tx, policy_id)
    near = [
        endpoint
        for endpoint in (await catalog_endpoints.page(tx, Page()) if named else [])
        if any(one.endpoint_id == endpoint.id or one.service_id == endpoint.service_id for one in named)
    ]
    return [endpoint for endpoint in near if await _nearest(tx, endpoint) == policy_id]
