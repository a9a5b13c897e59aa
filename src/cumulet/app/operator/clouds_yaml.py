"""Writing clouds.yaml, where every OpenStack client looks for its credentials."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..config import Config
from .client import Credentials

NAMES = {"cumulet": "demo", "cumulet-admin": "admin"}
"""Cloud names in clouds.yaml, and whose they are: user and project have the same name."""


def known(config: Config) -> bool:
    """Whether the state folder has credentials: a cloud has been up with it."""
    return all(_password(config, user).exists() for user in NAMES.values())


def credentials(config: Config, user: str) -> Credentials:
    """The credentials of `admin` or `demo`, from the state folder."""
    return Credentials(user, _password(config, user).read_text().strip(), user)


def _password(config: Config, user: str) -> Path:
    return config.state / f"{user}-password"


def write(config: Config) -> Path:
    """Write our clouds into `clouds.yaml` in the state folder; returns its path. Only the owner may read it."""
    import yaml

    clouds: dict[str, Any] = {}
    for name, user in NAMES.items():
        who = credentials(config, user)
        clouds[name] = {
            "auth_type": "password",
            "auth": {
                "auth_url": f"{config.url}/identity/v3",
                "username": who.username,
                "password": who.password,
                "project_name": who.project,
                "user_domain_id": "default",
                "project_domain_id": "default",
            },
            "region_name": config.region,
            "identity_api_version": "3",
        }
    path = config.state / "clouds.yaml"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        yaml.safe_dump({"clouds": clouds}, file, sort_keys=False)
    return path
