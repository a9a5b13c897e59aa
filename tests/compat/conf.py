"""From a running cloud to a tempest.conf."""

from __future__ import annotations

import asyncio
import configparser
import io
from pathlib import Path
from typing import Any

from tests.support.images import qcow2
from tests.support.web import WebServer

from cumulet.app.config import load
from cumulet.app.operator import clouds_yaml
from cumulet.app.operator.client import Client


def image(state: Path, real: bool) -> Path:
    """A file to upload: the tiny guest, or bytes for hosts in memory."""
    if real:
        from cumulet.app import tiny

        return tiny.build(state / "tiny", state / "tiny" / "tiny.qcow2", lambda step: None)
    path = state / "image.raw"
    path.write_bytes(bytes(1 << 20))
    return path


DEFINITIONS = {
    "namespace": "compat",
    "visibility": "public",
    "resource_type_associations": [{"name": "OS::Glance::Image"}, {"name": "OS::Nova::Flavor"}],
}
"""Metadata definitions, of which an operator loads some; tempest wants a type of resources to be known."""


def prepare(url: str, state: Path, file: Path, real: bool) -> dict[str, dict[str, str]]:
    """Make what tempest expects to find; returns the options that name it."""
    return asyncio.run(_prepare(url, state, file, real))


def add_images(settings: dict[str, dict[str, str]], web: WebServer) -> None:
    """Images that can be imported from the web."""
    settings["image"] |= {"http_image": web.put("/raw", bytes(1 << 20)), "http_qcow2_image": web.put("/qcow2", qcow2())}
    settings["image"]["disk_formats"] = "raw,qcow2,ami,ari,aki,vhd,vmdk,vdi,iso,vhdx"  # http_image is of the first one


async def _prepare(url: str, state: Path, file: Path, real: bool) -> dict[str, dict[str, str]]:
    config = load(None, {}, state=state)
    who = clouds_yaml.credentials(config, "admin")
    admin = await Client.log_in(url, who)
    images = [await _upload(admin, name, file) for name in ("one", "two")]
    await admin.call("POST", "/image/v2/metadefs/namespaces", DEFINITIONS)
    flavors = [await _flavor(admin, f"tempest{ram}", ram) for ram in ((96, 128) if real else (128, 256))]
    public = await _public(admin, config.external_cidr, config.external_gateway)
    compute = (await admin.get("/compute/v2.1"))["version"]
    volume = (await admin.get("/volume/v3"))["versions"][0]
    placement = (await admin.get("/placement"))["versions"][0]
    return {
        "auth": {
            "admin_username": who.username,
            "admin_password": who.password,
            "admin_project_name": who.project,
            "admin_domain_name": "Default",
            "use_dynamic_credentials": "true",
            "create_isolated_networks": "true",
        },
        "identity": {"uri_v3": f"{url}/identity/v3", "auth_version": "v3", "region": "RegionOne", "default_domain_id": "default"},
        "identity-feature-enabled": {
            "api_v2": "false",
            "application_credentials": "true",
            "access_rules": "true",
            "security_compliance": "true",
            "federation": "true",
            "external_idp": "false",
        },
        "service_available": {
            "cinder": "true",
            "glance": "true",
            "neutron": "true",
            "nova": "true",
            "swift": "false",
            "horizon": "false",
            "placement": "true",
        },
        "compute": {
            "image_ref": images[0],
            "image_ref_alt": images[1],
            "flavor_ref": flavors[0],
            "flavor_ref_alt": flavors[1],
            "fixed_network_name": "",
            "min_microversion": compute["min_version"],
            "max_microversion": compute["version"],
            "build_interval": "1",
            "build_timeout": "240",
            "min_compute_nodes": "1",
        },
        "compute-feature-enabled": {
            "resize": "false",
            "live_migration": "false",
            "cold_migration": "false",
            "vnc_console": "false",
            "serial_console": "false",
            "spice_console": "false",
            "pause": "false",
            "suspend": "false",
            "shelve": "false",
            "snapshot": "false",
            "rescue": "false",
            "console_output": "true",
            "interface_attach": "true",
            "change_password": "false",
            "swap_volume": "false",
            "personality": "false",
            "volume_multiattach": "false",
        },
        "network": {
            "public_network_id": public,
            "project_network_cidr": "10.100.0.0/16",
            "project_network_mask_bits": "28",
            "floating_network_name": "public",
            "build_timeout": "60",
        },
        "network-feature-enabled": {
            "ipv6": "true",
            "ipv6_subnet_attributes": "true",
            "api_extensions": ",".join(await _extensions(admin)),
            "floating_ips": "true",
        },
        "image": {"build_timeout": "60", "image_caching_enabled": "true"},
        "image-feature-enabled": {"http_store_enabled": "true", "store_weight_enabled": "true"},
        "volume": {
            "catalog_type": "volumev3",
            "min_microversion": volume["min_version"],
            "max_microversion": volume["version"],
            "build_timeout": "60",
            "storage_protocol": "file",
            "vendor_name": "Cumulet",
        },
        "volume-feature-enabled": {"backup": "false", "snapshot": "true", "clone": "true", "extend_attached_volume": "true"},
        "enforce_scope": {"glance": "true", "keystone": "true"},
        "placement": {"min_microversion": placement["min_version"], "max_microversion": placement["max_version"]},
        "validation": {
            "run_validation": str(real).lower(),
            "image_ssh_user": "cirros",
            "image_ssh_password": "gocubsgo",
            "image_alt_ssh_user": "cirros",
            "ssh_timeout": "180",
            "ping_timeout": "120",
            "connect_method": "floating",
            "auth_method": "keypair",
            "security_group": "true",
        },
        "scenario": {"dhcp_client": "udhcpc", "img_file": str(file), "img_disk_format": "qcow2" if real else "raw"},
        "oslo_concurrency": {},
        "DEFAULT": {"debug": "true", "log_file": "tempest.log"},
    }


async def _upload(admin: Client, name: str, file: Path) -> str:
    kind = "qcow2" if file.suffix == ".qcow2" else "raw"
    wanted = {"name": name, "disk_format": kind, "container_format": "bare", "visibility": "public"}
    made = await admin.call("POST", "/image/v2/images", wanted)
    await admin.upload(f"/image/v2/images/{made['id']}/file", file)
    return str(made["id"])


async def _flavor(admin: Client, name: str, ram: int) -> str:
    wanted = {"name": name, "vcpus": 1, "ram": ram, "disk": 1}
    return str((await admin.call("POST", "/compute/v2.1/flavors", {"flavor": wanted}))["flavor"]["id"])


async def _public(admin: Client, cidr: str, gateway: str) -> str:
    wanted: dict[str, Any] = {
        "name": "public",
        "router:external": True,
        "provider:network_type": "flat",
        "provider:physical_network": "physnet1",
    }
    network = (await admin.call("POST", "/network/v2.0/networks", {"network": wanted}))["network"]
    subnet = {"network_id": network["id"], "ip_version": 4, "cidr": cidr, "gateway_ip": gateway, "enable_dhcp": False}
    await admin.call("POST", "/network/v2.0/subnets", {"subnet": subnet})
    return str(network["id"])


async def _extensions(admin: Client) -> list[str]:
    return [entry["alias"] for entry in (await admin.get("/network/v2.0/extensions"))["extensions"]]


def render(settings: dict[str, dict[str, str]], work: Path) -> str:
    """The file's text."""
    parser = configparser.RawConfigParser()
    for section, options in settings.items():
        if section != "DEFAULT":
            parser.add_section(section)
        for name, value in options.items():
            parser.set(section, name, value)
    parser.set("oslo_concurrency", "lock_path", str(work / "locks"))
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()
