"""A cloud in which everything that a path can name exists, in project demo; nothing in it moves by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import httpx

from cumulet.identity.operations.tokens import LIFETIME_SECONDS
from cumulet.kernel.http import Route
from cumulet.kernel.http.application import Service

from ..clock import FakeClock, settle
from ..cloud import TestCloud
from ..identity import V3, grant, make
from ..site import COMPUTE, IMAGE, NETWORK, PLACEMENT, VOLUME, made
from ..volumes import VolumeCloud
from .asking import Answer, Asked, ask

HEADERS = {
    "compute": {"OpenStack-API-Version": "compute latest"},
    "placement": {"OpenStack-API-Version": "placement latest"},
    "volume": {"OpenStack-API-Version": "volume latest"},
}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdjPepuVZfTc0XOCH04wYwTE53TC4zZ2JefF1u0Y1H+ somebody"
FOLDERS = {
    "/v2.1/flavors/{flavor_id}/os-extra_specs": {"key": "hw:cpu_policy"},
    "/v2.1/os-keypairs": {"name": "key"},
    "/v2.1/os-quota-class-sets": {"name": "default"},
    "/v2.1/os-hosts": {"name": "fake1"},
    "/v2.1/servers/{server_id}/ips": {"network": "private"},
    "/v2.1/os-server-groups": {"group_id": "{server_group_id}"},
    "/v2.1/os-services": {"service_id": "{compute_service_id}"},
    "/v2.1/os-hypervisors": {"key": "{hypervisor_id}"},
    "/v2.1/servers/{server_id}/os-interface": {"port_id": "{own_port_id}"},
    "/v2.1/servers/{server_id}/os-volume_attachments": {"volume_id": "{own_volume_id}"},
    "/v2.1/extensions": {"alias": "os-keypairs"},
    "/v2.0/extensions": {"alias": "router"},
    "/v2/metadefs/namespaces/{namespace}/resource_types": {"name": "OS::Nova::Flavor"},
    "/v2/metadefs": {"name": "thing"},
    "/resource_classes": {"name": "CUSTOM_GOLD"},
    "/traits": {"name": "CUSTOM_SHINY"},
}
"""What a parameter stands for in the paths that begin so, where its name says too little."""


SECRET = "s3cret-that-n0body-may-read"
"""What stands for every password and key in bodies."""

RULES = [{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "REMOTE_USER"}]}]
"""Of a mapping for people from elsewhere."""

NOTHING = "nothing"
"""The id in paths that name what this cloud has none of."""

BOSS = "the boss's"
"""Instead of a token."""


class World:
    """The cloud, its services, and what the paths' parameters stand for.

    `boss` is an administrator, and a service, in project demo, `token` the boss's token and `expired` an old one; `stranger` is
    the token of a member of another project.
    """

    def __init__(self, cloud: TestCloud, boss: httpx.AsyncClient) -> None:
        self.cloud, self.boss = cloud, boss
        self.application = cloud.cloud.application
        self.services = {service.name: service for service in self.application.services}
        self.values: dict[str, str] = {}
        self.token: str = boss.headers["X-Auth-Token"]
        self.stranger = self.expired = ""

    def routes(self) -> Iterable[tuple[Service, Route]]:
        """Every route of every service."""
        return ((service, route) for service in self.services.values() for route in service.routes)

    def path(self, service: Service, path: str, **other: str) -> str:
        """A route's path on the wire, its parameters filled in."""
        folder = next((values for start, values in FOLDERS.items() if path.startswith(start + "/")), {})
        known = {**self.values, **folder, **other}
        filled = re.sub(r"{(\w+)}", lambda found: known.get(found.group(1), NOTHING), path)
        return service.mount + re.sub(r"{(\w+)}", lambda found: known[found.group(1)], filled)

    def asked(self, service: Service, route: Route, body: bytes = b"", **other: str) -> Asked:
        """A request for a route, at a version at which it lives."""
        headers = dict(HEADERS.get(service.name, {}))
        if route.until and service.versions:
            headers["OpenStack-API-Version"] = f"{service.versions.service} {route.until}"
        return Asked(route.method, self.path(service, route.path, **other), body, headers=headers)

    async def ask(self, asked: Asked, token: str | None = BOSS) -> Answer:
        """One request; by the boss, unless a token is given, or None for no token."""
        return await ask(self.application, asked, self.token if token is BOSS else token)


async def furnished(cloud: TestCloud, clock: FakeClock) -> World:
    """Everything that paths name."""
    expired = (await cloud.client("demo", "admin", "boss")).headers["X-Auth-Token"]
    await clock.advance(LIFETIME_SECONDS + 1)
    moving = VolumeCloud(cloud)
    await moving.start()
    await cloud.client("demo", "service", "boss")
    world = World(cloud, await cloud.client("demo", "admin", "boss"))
    world.expired, world.stranger = expired, (await cloud.client("other", "member")).headers["X-Auth-Token"]
    world.values |= {"project_id": world.boss.project_id, "user_id": world.boss.user_id}  # type: ignore[attr-defined]
    await _identity(world)
    await _federation(world)
    await _network(world)
    await _image(world)
    await _metadefs(world)
    await _compute(world, moving)
    await _volume(world, moving)
    await _placement(world)
    return world


async def _identity(world: World) -> None:
    admin, values = await world.cloud.admin(), world.values
    user, project = values["user_id"], values["project_id"]
    group = (await make(admin, "groups"))["id"]
    role, implied = (await make(admin, "roles"))["id"], (await make(admin, "roles"))["id"]
    await admin.put(f"{V3}/roles/{role}/implies/{implied}")
    await grant(admin, f"projects/{project}/groups/{group}", "reader")
    await admin.put(f"{V3}/groups/{group}/users/{user}")
    await made(admin.put(f"{V3}/projects/{project}/tags/green"))
    await made(admin.put(f"{V3}/regions/elsewhere", json={"region": {}}))
    service = (await make(admin, "services", type="database"))["id"]
    endpoint = await make(admin, "endpoints", service_id=service, region_id="elsewhere", interface="public", url="http://db.test")
    endpoints = await make(admin, "OS-EP-FILTER/endpoint_groups", filters={"interface": "public"})
    kind = {"service_id": service, "resource_name": "tables"}
    registered = await made(admin.post(f"{V3}/registered_limits", json={"registered_limits": [{**kind, "default_limit": 9}]}))
    limits = await made(admin.post(f"{V3}/limits", json={"limits": [{**kind, "project_id": project, "resource_limit": 2}]}))
    values |= {
        "domain_id": (await make(admin, "domains", enabled=False))["id"],
        "group_id": group,
        "role_id": role,
        "implied_id": implied,
        "tag": "green",
        "region_id": "elsewhere",
        "service_id": service,
        "endpoint_id": endpoint["id"],
        "endpoint_group_id": endpoints["id"],
        "policy_id": (await make(admin, "policies", type="x", blob="y"))["id"],
        "registered_limit_id": registered["registered_limits"][0]["id"],
        "limit_id": limits["limits"][0]["id"],
    }
    await _delegation(world)


async def _delegation(world: World) -> None:
    boss, values = world.boss, world.values
    user, project = values["user_id"], values["project_id"]
    keys = await made(boss.post(f"{V3}/users/{user}/credentials/OS-EC2", json={"tenant_id": project}))
    rules = [{"service": "compute", "method": "GET", "path": "/v2.1/servers"}]
    application = await make(boss, f"users/{user}/application_credentials", access_rules=rules)
    trustee = await make(await world.cloud.admin(), "users")
    trust = await make(
        boss,
        "OS-TRUST/trusts",
        trustor_user_id=user,
        trustee_user_id=trustee["id"],
        impersonation=True,
        project_id=project,
        roles=[{"name": "member"}],
    )
    values |= {
        "trustee_id": trustee["id"],
        "access": keys["credential"]["access"],
        "credential_id": (await make(boss, "credentials", type="cert", blob="x", user_id=user))["id"],
        "application_credential_id": application["id"],
        "access_rule_id": application["access_rules"][0]["id"],
        "trust_id": trust["id"],
    }


async def _federation(world: World) -> None:
    admin, below = await world.cloud.admin(), f"{V3}/OS-FEDERATION"
    await made(admin.put(f"{below}/mappings/mapped", json={"mapping": {"rules": RULES}}))
    await made(admin.put(f"{below}/identity_providers/provider", json={"identity_provider": {}}))
    await made(admin.put(f"{below}/identity_providers/provider/protocols/saml2", json={"protocol": {"mapping_id": "mapped"}}))
    urls = {"auth_url": "http://a.test/", "sp_url": "http://a.test/"}
    await made(admin.put(f"{below}/service_providers/partner", json={"service_provider": urls}))
    world.values |= {"idp_id": "provider", "protocol_id": "saml2", "mapping_id": "mapped", "sp_id": "partner"}


async def _metadefs(world: World) -> None:
    boss, all_of_them = world.boss, f"{IMAGE}/metadefs/namespaces"
    one = f"{all_of_them}/OS::Things"
    await made(boss.post(all_of_them, json={"namespace": "OS::Things"}))
    await made(boss.post(f"{one}/resource_types", json={"name": "OS::Nova::Flavor"}))
    await made(boss.post(f"{one}/objects", json={"name": "thing"}))
    await made(boss.post(f"{one}/properties", json={"name": "thing", "type": "string", "title": "Thing"}))
    await made(boss.post(f"{one}/tags/thing"))
    world.values["namespace"] = "OS::Things"


async def _network(world: World) -> None:
    boss, values = world.boss, world.values

    async def one(path: str, noun: str, **fields: Any) -> str:
        return str((await made(boss.post(f"{NETWORK}/{path}", json={noun: fields})))[noun]["id"])

    values["network_id"] = network = await one("networks", "network", name="private", tags=["green"])
    values["subnet_id"] = await one("subnets", "subnet", network_id=network, cidr="10.0.0.0/24", ip_version=4)
    values["port_id"] = await one("ports", "port", network_id=network)
    values["outside_id"] = outside = await one("networks", "network", name="public", **{"router:external": True})
    await one("subnets", "subnet", network_id=outside, cidr="172.24.4.0/24", ip_version=4)
    values["router_id"] = await one("routers", "router", external_gateway_info={"network_id": outside})
    values["floatingip_id"] = await one("floatingips", "floatingip", floating_network_id=outside)
    values["subnetpool_id"] = await one("subnetpools", "subnetpool", name="pool", prefixes=["10.9.0.0/16"])
    values["security_group_id"] = group = await one("security-groups", "security_group", name="web")
    values["security_group_rule_id"] = await one(
        "security-group-rules", "security_group_rule", security_group_id=group, direction="ingress"
    )
    for noun in ("subnet", "port", "router", "floatingip", "subnetpool", "security_group"):
        await made(boss.put(f"{NETWORK}/{noun.replace('_', '-')}s/{values[f'{noun}_id']}/tags/green"))
    agents = await made(boss.get(f"{NETWORK}/agents"))
    values["agent_id"] = agents["agents"][0]["id"] if agents["agents"] else "00000000-0000-4000-8000-000000000000"


async def _image(world: World) -> None:
    boss, values = world.boss, world.values
    image = {"name": "tiny", "disk_format": "raw", "container_format": "bare", "visibility": "shared", "tags": ["green"]}
    values["image_id"] = image_id = (await made(boss.post(f"{IMAGE}/images", json=image)))["id"]
    octets = {"Content-Type": "application/octet-stream"}
    await made(boss.put(f"{IMAGE}/images/{image_id}/file", content=bytes(512), headers=octets))
    values["member_id"] = other = (await world.cloud.client("third")).project_id  # type: ignore[attr-defined]
    await made(boss.post(f"{IMAGE}/images/{image_id}/members", json={"member": other}))


async def _compute(world: World, moving: VolumeCloud) -> None:
    boss, values, latest = world.boss, world.values, HEADERS["compute"]

    async def one(path: str, body: dict[str, Any]) -> Any:
        answer = await made(boss.post(f"{COMPUTE}/{path}", json=body, headers=latest))
        return next(iter(answer.values())) if answer else None

    flavor = await one("flavors", {"flavor": {"name": "small", "vcpus": 1, "ram": 64, "disk": 1}})
    values["flavor_id"] = flavor["id"]
    await one(f"flavors/{flavor['id']}/os-extra_specs", {"extra_specs": {"hw:cpu_policy": "shared"}})
    await one("os-keypairs", {"keypair": {"name": "key", "type": "ssh", "public_key": KEY}})
    groups = await one("os-server-groups", {"server_group": {"name": "apart", "policy": "anti-affinity"}})
    aggregate = await one("os-aggregates", {"aggregate": {"name": "rack"}})
    server = {"name": "web", "imageRef": values["image_id"], "flavorRef": flavor["id"]}
    server |= {"networks": [{"uuid": values["network_id"]}]}
    more = {
        "networks": [{"uuid": values["network_id"]}],
        "metadata": {"k": "v"},
        "tags": ["green"],
        "security_groups": [{"name": "web"}],
    }
    values["server_id"] = (await one("servers", {"server": server | more}))["id"]
    for _ in range(20):
        await moving.settle()
        await world.cloud.cloud.parts.sync.drain()
        await settle()
        server = (await made(boss.get(f"{COMPUTE}/servers/{values['server_id']}")))["server"]
        if server["status"] == "ACTIVE":
            break
    history = await made(boss.get(f"{COMPUTE}/servers/{values['server_id']}/os-instance-actions"))
    services = await made(boss.get(f"{COMPUTE}/os-services", headers=latest))
    hypervisors = await made(boss.get(f"{COMPUTE}/os-hypervisors", headers=latest))
    ports = await made(boss.get(f"{COMPUTE}/servers/{values['server_id']}/os-interface", headers=latest))
    values |= {
        "key": "k",
        "server_group_id": groups["id"],
        "aggregate_id": str(aggregate["id"]),
        "request_id": history["instanceActions"][0]["request_id"],
        "compute_service_id": services["services"][0]["id"],
        "hypervisor_id": hypervisors["hypervisors"][0]["id"],
        "own_port_id": ports["interfaceAttachments"][0]["port_id"],
    }


async def _volume(world: World, moving: VolumeCloud) -> None:
    boss, values = world.boss, world.values

    async def one(path: str, noun: str, **fields: Any) -> Any:
        return (await made(boss.post(f"{VOLUME}/{path}", json={noun: fields}, headers=HEADERS["volume"])))[noun]

    values["type_id"] = kind = (await one("types", "volume_type", name="gold", **{"os-volume-type-access:is_public": False}))["id"]
    await made(boss.post(f"{VOLUME}/types/{kind}/action", json={"addProjectAccess": {"project": values["project_id"]}}))
    usual = {"default_type": {"volume_type": "__DEFAULT__"}}
    await made(boss.put(f"{VOLUME}/default-types/{values['project_id']}", json=usual, headers=HEADERS["volume"]))
    values["own_volume_id"] = own = (await one("volumes", "volume", size=1))["id"]
    values["volume_id"] = (await one("volumes", "volume", size=1, name="data", metadata={"k": "v"}))["id"]
    spare = await one("volumes", "volume", size=1, name="spare")
    await moving.settle()
    attachments = f"{COMPUTE}/servers/{values['server_id']}/os-volume_attachments"
    await made(boss.post(attachments, json={"volumeAttachment": {"volumeId": own}}))
    values["attachment_id"] = (await one("attachments", "attachment", volume_uuid=spare["id"]))["id"]
    await made(boss.post(f"{VOLUME}/types/{kind}/extra_specs", json={"extra_specs": {"k": "v"}}))
    values["snapshot_id"] = (await one("snapshots", "snapshot", volume_id=values["volume_id"], metadata={"k": "v"}))["id"]
    await moving.settle()


async def _placement(world: World) -> None:
    boss, values, latest = world.boss, world.values, HEADERS["placement"]
    await made(boss.put(f"{PLACEMENT}/resource_classes/CUSTOM_GOLD", headers=latest))
    await made(boss.put(f"{PLACEMENT}/traits/CUSTOM_SHINY", headers=latest))
    provider = (await made(boss.post(f"{PLACEMENT}/resource_providers", json={"name": "shelf"}, headers=latest)))["uuid"]
    stock = {"resource_provider_generation": 0, "inventories": {"CUSTOM_GOLD": {"total": 9}}}
    await made(boss.put(f"{PLACEMENT}/resource_providers/{provider}/inventories", json=stock, headers=latest))
    consumer = "c0000000-0000-4000-8000-000000000001"
    held = {
        "allocations": {provider: {"resources": {"CUSTOM_GOLD": 1}}},
        "project_id": values["project_id"],
        "user_id": values["user_id"],
        "consumer_generation": None,
        "consumer_type": "INSTANCE",
    }
    await made(boss.put(f"{PLACEMENT}/allocations/{consumer}", json=held, headers=latest))
    values |= {"provider_id": provider, "consumer_id": consumer, "resource_class": "CUSTOM_GOLD"}
