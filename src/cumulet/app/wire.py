"""What is plugged into what: every service, on one screen."""

from __future__ import annotations

from ..identity import api as identity
from ..identity import policy as identity_policy
from ..identity.operations.catalog import Catalog
from ..identity.operations.tokens import Tokens
from ..kernel.db import Database
from ..kernel.http import Application, Request
from ..kernel.policy import Actor, Policy, PolicySyntaxError
from ..kernel.policy.enforcer import load_overrides
from .config import Config


def endpoints(config: Config) -> dict[str, tuple[str, str]]:
    """The catalog: service type to name and URL."""
    return {
        "identity": ("keystone", f"{config.url}/identity"),
        "image": ("glance", f"{config.url}/image"),
        "placement": ("placement", f"{config.url}/placement"),
        "compute": ("nova", f"{config.url}/compute/v2.1"),
        "network": ("neutron", f"{config.url}/network"),
        "block-storage": ("cinder", f"{config.url}/volume/v3"),
        "volumev3": ("cinderv3", f"{config.url}/volume/v3/$(project_id)s"),
    }


RULES = {"identity": identity_policy.DEFAULTS}
"""Each service's rules, by upstream's names."""


def policies(config: Config) -> dict[str, Policy]:
    """The rules in force. An entry of policy.yaml overrides the rule of that name in each service that has it.

    Raises PolicySyntaxError for an entry that cannot be read, or that no service has.
    """
    path = config.state / "policy.yaml"
    overrides = load_overrides(path)
    unknown = [name for name in overrides if not any(name in rules for rules in RULES.values())]
    if unknown:
        raise PolicySyntaxError(f"{path}: no service has a rule {unknown[0]!r}")
    return {
        service: Policy(rules, {name: text for name, text in overrides.items() if name in rules})
        for service, rules in RULES.items()
    }


def application(config: Config, db: Database, tokens: Tokens) -> Application:
    """All services behind one listener."""

    async def authenticate(token: str, request: Request) -> Actor:
        return (await tokens.validate(token)).actor

    services = [identity.service(tokens, Catalog(db))]
    return Application(services, db, policies(config), authenticate, f"{config.url}/identity")
