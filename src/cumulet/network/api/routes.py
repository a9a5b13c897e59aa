"""The whole network API on one screen."""

from __future__ import annotations

from types import ModuleType

from ...kernel.http import PUBLIC, Route
from ..operations import networks as network_operations
from ..operations import ports as port_operations
from ..operations import subnetpools as pool_operations
from ..operations import subnets as subnet_operations
from . import extensions, networks, ports, subnetpools, subnets, tags, versions
from .tags import Tagged

ANYBODY = "regular_user"
"""Handlers of these ask the real rule, which needs to know the network or the security group."""


def _noun(module: ModuleType, noun: str, path: str, creating: str | None = None) -> list[Route]:
    """The five routes that every noun has."""
    one = f"/v2.0/{path}/{{{noun}_id}}"
    return [
        Route("POST", f"/v2.0/{path}", module.create, creating or f"create_{noun}"),
        Route("GET", f"/v2.0/{path}", module.index, f"get_{noun}"),
        Route("GET", one, module.show, f"get_{noun}"),
        Route("PUT", one, module.update, f"update_{noun}"),
        Route("DELETE", one, module.delete, f"delete_{noun}"),
    ]


ROUTES = [
    Route("GET", "", versions.list_versions, PUBLIC),
    Route("GET", "/v2.0", versions.show_version, PUBLIC),
    Route("GET", "/v2.0/extensions", extensions.index, ANYBODY),
    Route("GET", "/v2.0/extensions/{alias}", extensions.show, ANYBODY),
    *_noun(networks, "network", "networks"),
    *_noun(subnets, "subnet", "subnets", creating=ANYBODY),
    *_noun(ports, "port", "ports", creating=ANYBODY),
    *_noun(subnetpools, "subnetpool", "subnetpools"),
    *tags.routes("/v2.0/networks", Tagged("network", network_operations.get)),
    *tags.routes("/v2.0/subnets", Tagged("subnet", subnet_operations.get)),
    *tags.routes("/v2.0/ports", Tagged("port", port_operations.get)),
    *tags.routes("/v2.0/subnetpools", Tagged("subnetpool", pool_operations.get)),
]
