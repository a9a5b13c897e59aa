"""The whole placement API on one screen."""

from __future__ import annotations

from ...kernel.http import PUBLIC, Route
from . import aggregates, allocations, candidates, classes, inventories, providers, traits, usages, versions

_P = "placement:resource_providers"
_ONE = "/resource_providers/{provider_id}"

ROUTES = [
    Route("GET", "", versions.show, PUBLIC),
    Route("GET", "/resource_providers", providers.index, f"{_P}:list"),
    Route("POST", "/resource_providers", providers.create, f"{_P}:create"),
    Route("GET", _ONE, providers.show, f"{_P}:show"),
    Route("PUT", _ONE, providers.update, f"{_P}:update"),
    Route("DELETE", _ONE, providers.delete, f"{_P}:delete"),
    Route("GET", f"{_ONE}/inventories", inventories.index, f"{_P}:inventories:list"),
    Route("POST", f"{_ONE}/inventories", inventories.create, f"{_P}:inventories:create"),
    Route("PUT", f"{_ONE}/inventories", inventories.replace, f"{_P}:inventories:update"),
    Route("DELETE", f"{_ONE}/inventories", inventories.clear, f"{_P}:inventories:delete", since="1.5"),
    Route("DELETE", f"{_ONE}/inventories", inventories.cannot_clear, f"{_P}:inventories:delete", until="1.4"),
    Route("GET", f"{_ONE}/inventories/{{resource_class}}", inventories.show, f"{_P}:inventories:show"),
    Route("PUT", f"{_ONE}/inventories/{{resource_class}}", inventories.update, f"{_P}:inventories:update"),
    Route("DELETE", f"{_ONE}/inventories/{{resource_class}}", inventories.delete, f"{_P}:inventories:delete"),
    Route("GET", f"{_ONE}/usages", usages.of_provider, f"{_P}:usages"),
    Route("GET", f"{_ONE}/aggregates", aggregates.index, f"{_P}:aggregates:list", since="1.1"),
    Route("PUT", f"{_ONE}/aggregates", aggregates.put_list, f"{_P}:aggregates:update", since="1.1", until="1.18"),
    Route("PUT", f"{_ONE}/aggregates", aggregates.put, f"{_P}:aggregates:update", since="1.19"),
    Route("GET", f"{_ONE}/traits", traits.of_provider, f"{_P}:traits:list", since="1.6"),
    Route("PUT", f"{_ONE}/traits", traits.put, f"{_P}:traits:update", since="1.6"),
    Route("DELETE", f"{_ONE}/traits", traits.clear, f"{_P}:traits:delete", since="1.6"),
    Route("GET", f"{_ONE}/allocations", allocations.of_provider, f"{_P}:allocations:list"),
    Route("GET", "/resource_classes", classes.index, "placement:resource_classes:list", since="1.2"),
    Route("POST", "/resource_classes", classes.create, "placement:resource_classes:create", since="1.2"),
    Route("GET", "/resource_classes/{name}", classes.show, "placement:resource_classes:show", since="1.2"),
    Route("PUT", "/resource_classes/{name}", classes.rename, "placement:resource_classes:update", since="1.2", until="1.6"),
    Route("PUT", "/resource_classes/{name}", classes.ensure, "placement:resource_classes:update", since="1.7"),
    Route("DELETE", "/resource_classes/{name}", classes.delete, "placement:resource_classes:delete", since="1.2"),
    Route("GET", "/traits", traits.index, "placement:traits:list", since="1.6"),
    Route("GET", "/traits/{name}", traits.show, "placement:traits:show", since="1.6"),
    Route("PUT", "/traits/{name}", traits.ensure, "placement:traits:update", since="1.6"),
    Route("DELETE", "/traits/{name}", traits.delete, "placement:traits:delete", since="1.6"),
    Route("POST", "/allocations", allocations.post, "placement:allocations:manage", since="1.13"),
    Route("GET", "/allocations/{consumer_id}", allocations.show, "placement:allocations:list"),
    Route("PUT", "/allocations/{consumer_id}", allocations.put_list, "placement:allocations:update", until="1.11"),
    Route("PUT", "/allocations/{consumer_id}", allocations.put, "placement:allocations:update", since="1.12"),
    Route("DELETE", "/allocations/{consumer_id}", allocations.delete, "placement:allocations:delete"),
    Route("GET", "/usages", usages.total, "placement:usages", since="1.9"),
    Route("GET", "/allocation_candidates", candidates.index, "placement:allocation_candidates:list", since="1.10"),
    Route("POST", "/reshaper", allocations.reshape_all, "placement:reshaper:reshape", since="1.30"),
]
