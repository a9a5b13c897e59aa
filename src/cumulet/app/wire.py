"""What is plugged into what: every service, on one screen."""

from __future__ import annotations

from ..identity import api as identity
from ..identity import policy as identity_policy
from ..identity.operations.catalog import Catalog
from ..identity.operations.tokens import Tokens
from ..kernel.db import Database
from ..kernel.http import Application, Request
from ..kernel.policy import Actor, Policy
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


def application(config: Config, db: Database, tokens: Tokens) -> Application:
    """All services behind one listener."""
    policy = Policy(identity_policy.DEFAULTS, load_overrides(config.state / "policy.yaml"))

    async def authenticate(token: str, request: Request) -> Actor:
        return (await tokens.validate(token)).actor

    services = [identity.service(tokens, Catalog(db))]
    return Application(services, db, policy, authenticate, f"{config.url}/identity")
