"""The configuration: one TOML file, every option with a default that works; `CUMULET_<OPTION>` in the environment overrides."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from ..agent.disks.shelves.settings import HostCeph
from ..agent.topology.cells import check_sets
from ..agent.topology.specs import DeviceSpec
from ..compute.settings import Alias
from ..identity.directory.settings import Directory
from ..identity.openid.settings import Federation
from ..image.bytestores.settings import StoreSettings
from ..image.settings import Algorithm, ImportSettings

TOKEN_KEYS, CREDENTIAL_KEYS = "token-keys", "credential-keys"
"""The folders of the rings, in the state folder."""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set.

    `state` is where all data lives. Ratios and reserves apply to every host unless the placement API has set that host's; None is
    the default. `database` is a PostgreSQL URL; empty is SQLite in `state`. `external_*` describe the network behind floating
    IPs, which lives in the network namespace `namespace`. What is asked of passwords, from `lockout_failures` on, is off by default
    (`identity.rules.Compliance`).

    `cors_origins` are the origins (`https://horizon.example`) of web pages that may call the API. `image_storage_quota` is how many
    bytes of images every project may keep; 0: any amount. `image_property_protections` is a file of upstream's format, which names
    what `image_property_rules` says; `image_certificates` is the folder of certificates trusted to sign images. `notification_url`
    is where notifications are delivered; empty: none are.
    `host_ceph` is how hosts read images that are in a Ceph cluster, and keep root disks there.
    `federation` is for logging in by others (`identity.openid.settings`), `directories` hold the people of whole domains, by the
    domain's name (`identity.directory.settings`).
    """

    state: Path = Path("/var/lib/cumulet")
    listen: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8780
    region: str = "RegionOne"
    database: str = ""
    log_level: str = "INFO"
    log_json: bool = False
    fake: bool = False
    fake_hosts: int = 1
    own_agent: bool = True
    vcpu_ratio: float | None = None
    memory_ratio: float | None = None
    disk_ratio: float | None = None
    reserved_vcpus: int | None = None
    reserved_memory_mb: int | None = None
    reserved_disk_gb: int | None = None
    virt_type: Literal["auto", "kvm", "qemu"] = "auto"
    device_spec: list[DeviceSpec] = []
    pci_alias: list[Alias] = []
    cpu_shared_set: str = ""
    cpu_dedicated_set: str = ""
    namespace: str = "cumulet"
    external_cidr: str = "172.24.4.0/24"
    external_gateway: str = "172.24.4.1"
    dns_servers: list[str] = []
    cors_origins: list[str] = []
    notification_url: str = ""
    image_storage_quota: Annotated[int, Meta(ge=0)] = 0
    image_property_protections: str = ""
    image_property_rules: Literal["roles", "policies"] = "roles"
    image_certificates: str = ""
    lockout_failures: int = 0
    lockout_seconds: float = 1800.0
    inactive_days: Annotated[int, Meta(ge=0)] = 0
    password_days: int = 0
    password_least_days: int = 0
    unique_passwords: int = 0
    password_pattern: str = ""
    password_pattern_hint: str = ""
    change_at_first_use: bool = False
    federation: Federation = Federation()
    directories: dict[str, Directory] = {}
    image_stores: dict[str, StoreSettings] = {}
    image_default_store: str = ""
    image_staging_store: str = ""
    image_largest_gb: int = 1024
    image_cache_gb: Annotated[int, Meta(ge=0)] = 0
    image_show_locations: bool = False
    image_hashing_algorithm: Algorithm = "sha512"
    image_import: ImportSettings = ImportSettings()
    host_ceph: HostCeph = HostCeph()
    address_failures: int = 100
    address_seconds: float = 60.0
    limit_model: Literal["flat", "strict_two_level"] = "flat"
    audit_days: int = 365
    ledger_days: Annotated[int, Meta(ge=0)] = 365
    trusted_proxies: list[str] = msgspec.field(default_factory=lambda: ["127.0.0.0/8", "::1/128"])

    def __post_init__(self) -> None:
        if ipaddress.ip_address(self.external_gateway) not in ipaddress.ip_network(self.external_cidr):
            raise ValueError(f"external_gateway {self.external_gateway} is not in external_cidr {self.external_cidr}")
        check_sets(self.cpu_shared_set, self.cpu_dedicated_set)
        for network in self.trusted_proxies:
            ipaddress.ip_network(network)

    @property
    def bus_socket(self) -> Path:
        """Where agents in processes of their own connect."""
        return self.state / "run" / "bus.sock"

    @property
    def url(self) -> str:
        """Where clients reach the cloud."""
        return f"http://{self.listen}:{self.port}"


def _parsed(value: str) -> object:
    """A value from the environment; lists and tables are written as JSON. Raises ValueError."""
    return msgspec.json.decode(value) if value[:1] in ("{", "[") else value


def load(path: Path | None, environment: Mapping[str, str] | None = None, **given: object) -> Config:
    """Defaults, then the file, then the environment, then what is `given`.

    Raises ValueError naming the file or option that is wrong.
    """
    found: dict[str, object] = {}
    if path is not None:
        try:
            found = tomllib.loads(path.read_text())
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
            raise ValueError(f"{path}: {problem}") from None
    for name, value in (os.environ if environment is None else environment).items():
        option = name.removeprefix("CUMULET_").lower()
        if name.startswith("CUMULET_") and option in Config.__struct_fields__:
            found[option] = _parsed(value)
    found |= {name: str(v) if isinstance(v, Path) else v for name, v in given.items() if v is not None}
    try:
        config = msgspec.convert(found, Config, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as problem:
        raise ValueError(f"{path or 'configuration'}: {problem}") from None
    # Daemons work in another folder than we do.
    return msgspec.structs.replace(config, state=config.state.absolute())
