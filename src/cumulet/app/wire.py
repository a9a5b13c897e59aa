"""What is plugged into what: every service, on one screen."""

from __future__ import annotations

import socket
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from ..compute import api as compute
from ..compute import policy as compute_policy
from ..contract.agents import Agents
from ..identity import api as identity
from ..identity import policy as identity_policy
from ..identity.keys import KeyRing
from ..identity.operations import key_rings as keys
from ..identity.operations.authentication import inactivity
from ..identity.operations.catalog import Catalog
from ..identity.operations.delegation import access_rules
from ..identity.operations.directory.directories import Directories
from ..identity.operations.federation import memberships
from ..identity.operations.federation.evidence import Federated
from ..identity.operations.resources import domain_config
from ..identity.operations.tokens import LIFETIME_SECONDS, Tokens
from ..identity.rules import Compliance
from ..image import api as image
from ..image import policy as image_policy
from ..image.bytestores import open_stores
from ..image.bytestores.cache import open_cache
from ..image.operations.upkeep import caching
from ..image.operations.upkeep.sweep import sweep
from ..image.parts import Parts as ImageParts
from ..image.protections import Protections
from ..image.protections import load as load_protections
from ..image.settings import Settings as ImageSettings
from ..image.signatures import Certificates
from ..kernel import audit, workflow
from ..kernel.audit import later as audit_later
from ..kernel.clock import stamp
from ..kernel.db import Database, Reader, Sqlite
from ..kernel.http import Application, Request
from ..kernel.http.cors import Cors
from ..kernel.notifications.delivery import EVERY, Delivery
from ..kernel.notifications.outbox import TOPIC
from ..kernel.notifications.receivers import receiver
from ..kernel.policy import Actor, Policy, PolicySyntaxError
from ..kernel.policy.enforcer import load_overrides
from ..kernel.reconcile import Reconciler
from ..network import api as network
from ..network import policy as network_policy
from ..network.operations.sync import Sync
from ..placement import api as placement
from ..placement import policy as placement_policy
from ..placement.operations import hosts
from ..placement.operations.ledger import retention
from ..volume import api as volume
from ..volume import policy as volume_policy
from . import findings
from .config import CREDENTIAL_KEYS, TOKEN_KEYS, Config
from .hosts import Underlay
from .inspection import service as inspection
from .reports import OlderThan

RULES = {
    "identity": identity_policy.DEFAULTS,
    "image": image_policy.DEFAULTS,
    "placement": placement_policy.DEFAULTS,
    "network": network_policy.DEFAULTS,
    "volume": volume_policy.DEFAULTS,
    "compute": compute_policy.DEFAULTS,
    "operator": inspection.RULES,
}
"""Each service's rules, by upstream's names."""

HEAL_SECONDS, SWEEP_SECONDS, STRANGERS_SECONDS, DIRECTORIES_SECONDS, OLD_EVENTS_SECONDS = 5.0, 300.0, 1.0, 60.0, 3600.0


class Services(Struct, frozen=True):
    """What workflows' commands are given as `call.services`."""

    agents: Agents
    images: ImageParts


class Rings(Struct, frozen=True):
    """What seals: tokens with theirs, and the ring of credentials at rest."""

    tokens: Tokens
    vault: KeyRing


async def key_rings(config: Config, db: Database) -> Rings:
    """The rings in the state folder. Raises ValueError naming a file that cannot be used, or without which something is lost."""
    ring, vault = KeyRing.load(config.state / TOKEN_KEYS), KeyRing.load(config.state / CREDENTIAL_KEYS)
    await keys.agree(db, keys.TOKENS, ring)
    await keys.agree(db, keys.CREDENTIALS, vault)
    await keys.check_credentials(db, vault)

    async def stored(tx: Reader, domain_id: str) -> dict[str, Any]:
        return await domain_config.full(tx, vault, domain_id)

    return Rings(Tokens(db, ring, compliance(config), Directories(db, config.directories, stored)), vault)


class Parts:
    """What one cloud is put together from."""

    def __init__(self, config: Config, db: Database, rings: Rings, services: Services, under: Underlay) -> None:
        self.config, self.db, self.services, self.underlay = config, db, services, under
        self.tokens, self.vault = rings.tokens, rings.vault
        audit.tell(db)
        db.tells = bool(config.notification_url)
        self.image = services.images
        self.refused: dict[str, OlderThan] = {}
        # A database that is older than a host is not believed yet (F7): networks that it lacks would be taken apart.
        self.sync = Sync(db, under.driver, lambda: bool(self.refused))
        self.federated = Federated(self.tokens, self.vault, config.federation)


def images(config: Config, db: Database, rings: Rings) -> ImageParts:
    """The image service's stores and settings. Raises ValueError for a store that cannot be used."""
    settings = ImageSettings(
        largest=config.image_largest_gb << 30,
        storage_quota=config.image_storage_quota,
        show_locations=config.image_show_locations,
        hashing_algorithm=config.image_hashing_algorithm,
        imports=config.image_import,
    )
    return ImageParts(
        db,
        open_stores(config.state, config.image_stores, config.image_default_store, config.image_staging_store),
        settings,
        property_protections(config),
        Certificates(Path(config.image_certificates or config.state / "certificates"), db.clock),
        rings.vault,
        Catalog(db),
        open_cache(config.state / "image-cache", config.image_cache_gb << 30),
    )


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


def compliance(config: Config) -> Compliance:
    """What the configuration asks of passwords."""
    return Compliance(**{name: getattr(config, name) for name in Compliance.__struct_fields__})


def property_protections(config: Config) -> Protections:
    """Who may do what to images' custom properties. Raises ValueError for a file that cannot be read."""
    path = config.image_property_protections
    return load_protections(Path(path), config.image_property_rules == "policies") if path else Protections()


def policies(config: Config, more_of_image: Collection[str] = ()) -> dict[str, Policy]:
    """The rules in force. An entry of policy.yaml overrides the rule of that name in each service that has it.

    `more_of_image` are the rules that protect images' properties: policy.yaml says what they are, or else nobody is allowed. Raises
    PolicySyntaxError for an entry that cannot be read, or that no service has.
    """
    path = config.state / "policy.yaml"
    overrides = load_overrides(path)
    own = {service: {n: t for n, t in overrides.items() if n in rules} for service, rules in RULES.items()}
    own["image"] |= {name: overrides.get(name, "!") for name in more_of_image if name not in RULES["image"]}
    unknown = [name for name in overrides if not any(name in rules for rules in own.values())]
    if unknown:
        raise PolicySyntaxError(f"{path}: no service has a rule {unknown[0]!r}")
    return {service: _policy(service, tuple(found.items())) for service, found in own.items()}


@lru_cache(maxsize=16)
def _policy(service: str, overrides: tuple[tuple[str, str], ...]) -> Policy:
    return Policy(RULES[service], dict(overrides), identity_policy.SCOPES if service == "identity" else None)


def inventory(config: Config) -> hosts.Initial:
    """What hosts sell and reserve, as far as the configuration says; each figure knows where it is from (safety C6)."""
    names = ("vcpu_ratio", "memory_ratio", "disk_ratio", "reserved_vcpus", "reserved_memory_mb", "reserved_disk_gb")
    given = {name: getattr(config, name) for name in names if getattr(config, name) is not None}
    return hosts.Initial(**given, configured=frozenset(given))


def application(parts: Parts) -> Application:
    """All services behind one listener."""

    async def authenticate(token: str, request: Request) -> Actor:
        known = await parts.tokens.validate(token)
        access_rules.check(known, request.mount.strip("/"), request.method, request.path.removeprefix(request.mount))
        return known.actor

    services = [
        identity.service(Catalog(parts.db), parts.federated, parts.config.limit_model),
        image.service(parts.image),
        placement.service(),
        network.service(),
        volume.service(parts.image.stores),
        compute.service(parts.db, parts.services.agents, parts.image.stores),
        inspection.service(inspection.Parts(parts.db, parts.services.agents, parts.image, parts.refused)),
    ]
    rules = policies(parts.config, parts.image.protections.rules)
    made = Application(services, parts.db, rules, authenticate, f"{parts.config.url}/identity")
    made.cors = Cors(parts.config.cors_origins)
    made.audit(parts.tokens.later)
    return made


def reconcilers(parts: Parts) -> list[Reconciler]:
    """What runs by itself."""

    async def sweep_images() -> None:
        if not parts.refused:
            await sweep(parts.image)

    async def read_keys() -> None:
        await keys.refresh(parts.db, keys.TOKENS, parts.tokens.keys)
        await keys.refresh(parts.db, keys.CREDENTIALS, parts.vault)

    async def drop_old_events() -> None:
        if parts.config.audit_days:
            async with parts.db.tx() as tx:
                await audit.purge(tx, stamp(tx.now - parts.config.audit_days * 86400.0))
        await retention.sweep(parts.db, parts.config.ledger_days)

    async def hear_strangers() -> None:
        if isinstance(parts.db, Sqlite):
            parts.db.hear_strangers()

    async def heal() -> None:
        findings.note(parts.config, await parts.underlay.heal(), parts.db.clock.now())

    async def keep_up() -> None:
        await parts.tokens.directories.keep_up(LIFETIME_SECONDS)

    async def disable_inactive() -> None:
        await inactivity.disable(parts.db, parts.tokens.rules)

    async def end_memberships() -> None:
        await memberships.end(parts.db)

    return [
        *parts.sync.reconcilers(),
        Reconciler("inactivity", inactivity.CHECK_SECONDS, disable_inactive),
        Reconciler("memberships", memberships.CHECK_SECONDS, end_memberships),
        Reconciler("directories", DIRECTORIES_SECONDS, keep_up),
        Reconciler("underlay", HEAL_SECONDS, heal),
        Reconciler("images", SWEEP_SECONDS, sweep_images),
        Reconciler("keys", keys.READ_SECONDS, read_keys),
        Reconciler("audit", audit_later.EVERY, parts.tokens.later.write),
        Reconciler("old events", OLD_EVENTS_SECONDS, drop_old_events),
        Reconciler("strangers", STRANGERS_SECONDS, hear_strangers),
        workflow.purger(parts.db),
        *_cache(parts.image),
        *_notifications(parts),
    ]


def _cache(images: ImageParts) -> list[Reconciler]:
    """Fetches what is to be cached, where images are cached."""

    async def fill() -> None:
        await caching.fill(images)

    return [Reconciler("image cache", caching.EVERY, fill, caching.TOPIC)] if images.cache else []


def _notifications(parts: Parts) -> list[Reconciler]:
    """Delivers notifications, if there is somebody to deliver them to."""
    if not parts.config.notification_url:
        return []
    delivery = Delivery(parts.db, receiver(parts.config.notification_url), socket.gethostname())
    return [Reconciler("notifications", EVERY, delivery.run, TOPIC)]
