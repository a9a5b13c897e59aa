"""Options of a domain's own. https://docs.openstack.org/api-ref/identity/v3/#domain-configuration"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ....kernel.http import Request, Response, created, no_content, ok
from ... import domain_settings
from ...operations.resources import domain_config
from ..guarded import guarded

CONFIG = "/domains/{domain_id}/config"


class Config(Struct):
    """Options by group; of one option, only that."""

    config: dict[str, Any]


def _place(request: Request) -> tuple[str | None, str | None]:
    return request.params.get("group"), request.params.get("option")


async def replace(request: Request, domain_id: str, body: Config) -> Response:
    """Give a domain these options and no others."""
    config, is_new = await domain_config.replace(request.tx, request.parts.vault, domain_id, body.config)
    return created({"config": config}) if is_new else ok({"config": config})


async def show(request: Request, domain_id: str) -> Response:
    """Show a domain's options, those of a group, or one."""
    return ok({"config": await domain_config.shown(request.reader, domain_id, *_place(request))})


async def update(request: Request, domain_id: str, body: Config) -> Response:
    """Set some of a domain's options."""
    config = await domain_config.update(request.tx, request.parts.vault, domain_id, body.config, _place(request))
    return ok({"config": config})


async def delete(request: Request, domain_id: str) -> Response:
    """Forget a domain's options, those of a group, or one."""
    await domain_config.delete(request.tx, domain_id, *_place(request))
    return no_content()


async def compliance(request: Request, domain_id: str) -> Response:
    """What passwords must be."""
    told = domain_config.compliance(request.parts.tokens.rules, domain_id, request.params.get("option"))
    return ok({"config": told})


async def defaults(request: Request) -> Response:
    """What holds where a domain says nothing."""
    return ok({"config": domain_settings.defaults(*_place(request))})


_PLACES = (CONFIG, f"{CONFIG}/{{group}}", f"{CONFIG}/{{group}}/{{option}}")
ROUTES = [
    guarded("PUT", CONFIG, replace, "create_domain_config"),
    *(guarded("GET", place, show, "get_domain_config") for place in _PLACES),
    *(guarded("PATCH", place, update, "update_domain_config") for place in _PLACES),
    *(guarded("DELETE", place, delete, "delete_domain_config") for place in _PLACES),
    guarded("GET", f"{CONFIG}/security_compliance", compliance, "get_security_compliance_domain_config"),
    guarded("GET", f"{CONFIG}/security_compliance/{{option}}", compliance, "get_security_compliance_domain_config"),
    guarded("GET", "/domains/config/default", defaults, "get_domain_config_default"),
    guarded("GET", "/domains/config/{group}/default", defaults, "get_domain_config_default"),
    guarded("GET", "/domains/config/{group}/{option}/default", defaults, "get_domain_config_default"),
]
