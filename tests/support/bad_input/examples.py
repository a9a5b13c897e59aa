"""A body that each route understands, by its route; and what texts in bodies stand for, by their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cumulet.kernel.http import Route
from cumulet.kernel.http.application import Service
from cumulet.network.api import bodies as network

from .shapes import Shape, declared, of_struct, plain
from .world import KEY, RULES, SECRET

NETWORK = {
    "/v2.0/networks": ("network", network.NewNetwork, network.NetworkChanges),
    "/v2.0/subnets": ("subnet", network.NewSubnet, network.SubnetChanges),
    "/v2.0/ports": ("port", network.NewPort, network.PortChanges),
    "/v2.0/subnetpools": ("subnetpool", network.NewPool, network.PoolChanges),
    "/v2.0/routers": ("router", network.NewRouter, network.RouterChanges),
    "/v2.0/floatingips": ("floatingip", network.NewFloatingIp, network.FloatingIpChanges),
    "/v2.0/security-groups": ("security_group", network.NewGroup, network.GroupChanges),
    "/v2.0/security-group-rules": ("security_group_rule", network.NewRule, None),
    "/v2.0/quotas": ("quota", None, network.Quota),
}
"""Network reads its bodies by itself: the object's key, what it takes to make one, and what may change."""


def texts(values: Mapping[str, str]) -> dict[str, Any]:
    """What a text field holds, where its name tells."""
    uuid = "00000000-0000-4000-8000-00000000000a"
    return {
        **values,
        **dict.fromkeys(("password", "original_password", "secret", "passcode", "blob", "adminPass"), SECRET),
        "network": values["network_id"],
        "flavorRef": values["flavor_id"],
        "volumeId": values["volume_id"],
        "volume_uuid": values["volume_id"],
        "trustor_user_id": values["user_id"],
        "trustee_user_id": values["trustee_id"],
        "tenant_id": values["project_id"],
        "project": values["project_id"],
        "tenant": values["project_id"],
        "floating_network_id": values["outside_id"],
        "member": values["project_id"],
        "interface": "public",
        **dict.fromkeys(("url", "auth_url", "sp_url"), "http://a.test/"),
        "filters": {"interface": "public"},
        "new_type": "gold",
        "volume_type": "gold",
        "direction": "ingress",
        "prefixes": "10.8.0.0/16",
        "host": "fake1",
        "binary": "nova-compute",
        "type": "SOFT",
        "mountpoint": "/dev/vdx",
        "uuid": uuid,
    }


def filled(values: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What an example needs beyond its required fields, or instead of what stands there, by route and action."""
    who = {"project_id": values["project_id"], "user_id": values["user_id"]}
    listed = {"resource_provider": {"uuid": values["provider_id"]}, "resources": {"CUSTOM_GOLD": 1}}
    return {
        "PUT /v3/OS-FEDERATION/mappings/{mapping_id}": {"rules": RULES},
        "PATCH /v3/OS-FEDERATION/mappings/{mapping_id}": {"rules": RULES},
        "POST /v3/OS-EP-FILTER/endpoint_groups": {"filters": {"interface": "public"}},
        "POST /v3/limits": {"limits": [{**_kind(values), "resource_limit": 1, "project_id": values["project_id"]}]},
        "PUT /v2/images/{image_id}/members/{member_id}": {"status": "accepted"},
        "POST /resource_providers/{provider_id}/inventories": {"resource_class": "CUSTOM_GOLD"},
        "POST /resource_classes": {"name": "CUSTOM_NEW"},
        "PUT /resource_classes/{name} until 1.6": {"name": "CUSTOM_NEW"},
        "PUT /allocations/{consumer_id}": {"consumer_generation": 1, "consumer_type": "INSTANCE"},
        "PUT /allocations/{consumer_id} until 1.11": {"allocations": [listed], **who},
        "POST /v2.0/subnets": {"cidr": "10.7.0.0/24"},
        "PUT /v2.0/routers/{router_id}/add_router_interface": {"subnet_id": values["subnet_id"]},
        "PUT /v2.0/routers/{router_id}/remove_router_interface": {"subnet_id": values["subnet_id"]},
        "POST /v3/volumes": {"size": 1},
        "PUT /v3/volumes/{volume_id}": {"name": "x"},
        "POST /v3/volumes/{volume_id}/action os-extend": {"new_size": 2},
        "POST /v3/volumes/{volume_id}/action os-retype": {"new_type": "__DEFAULT__"},
        "POST /v3/volumes/{volume_id}/action os-reset_status": {"status": "available"},
        "POST /v3/volumes/{volume_id}/action revert": {"snapshot_id": values["snapshot_id"]},
        "POST /v3/volumes/{volume_id}/action os-attach": {"host_name": "x"},
        "PUT /v3/snapshots/{snapshot_id}": {"name": "x"},
        "POST /v3/snapshots/{snapshot_id}/action os-reset_status": {"status": "available"},
        "POST /v3/snapshots/{snapshot_id}/action os-update_snapshot_status": {"status": "creating"},
        "PUT /v3/attachments/{attachment_id}": {"connector": {"host": "x"}},
        "PUT /v3/types/{type_id}": {"name": "gold"},
        "PUT /v3/os-quota-sets/{project_id}": {"volumes": 9},
        "PUT /v3/os-services/disable-log-reason": {"disabled_reason": "x"},
        "POST /v2.1/servers": {"server": {**_server(values), "networks": "none"}},
        "POST /v2.1/servers/{server_id}/action addSecurityGroup": {"name": "web"},
        "POST /v2.1/servers/{server_id}/action removeSecurityGroup": {"name": "web"},
        "PUT /v2.1/servers/{server_id}/metadata/{key}": {"meta": {"k": "v"}},
        "POST /v2.1/os-keypairs": {"public_key": KEY},
        "POST /v2.1/os-server-groups": {"policy": "affinity"},
        "PUT /v2.1/os-hosts/{name} until 2.42": {"status": "enable"},
        "PUT /v2.1/os-services/{service_id}": {"status": "enabled"},
        "PUT /v2.1/os-aggregates/{aggregate_id}": {"name": "rack"},
    }


def _server(values: Mapping[str, str]) -> dict[str, str]:
    return {"name": "x", "flavorRef": values["flavor_id"], "imageRef": values["image_id"]}


def _kind(values: Mapping[str, str]) -> dict[str, str]:
    return {"service_id": values["service_id"], "resource_name": "tables"}


def by_hand(values: Mapping[str, str]) -> dict[str, Shape]:
    """What no Struct tells, or tells too loosely."""
    share = {values["provider_id"]: {"resources": {"CUSTOM_GOLD": 1}}}
    claim = {"allocations": share, "project_id": values["project_id"], "user_id": values["user_id"]}
    claim |= {"consumer_generation": 1, "consumer_type": "INSTANCE"}
    stock = {"resource_provider_generation": 1, "inventories": {"CUSTOM_GOLD": {"total": 9}}}
    return {
        "POST /v2/images": plain(None, {"name": "x", "disk_format": "raw", "container_format": "bare", "min_disk": 1, "tags": []}),
        "POST /v2/images/{image_id}/locations": plain(None, {"url": "http://a.test/", "validation_data": {}}),
        "POST /allocations": plain(None, {values["consumer_id"]: claim}),
        "POST /reshaper": plain(None, {"inventories": {values["provider_id"]: stock}, "allocations": {}}),
        "PUT /v3/types/{type_id}/extra_specs/{key}": plain(None, {"k": "v"}),
        "PUT /v2.1/flavors/{flavor_id}/os-extra_specs/{key}": plain(None, {"hw:cpu_policy": "shared"}),
        "PUT /v2.1/os-quota-sets/{project_id}": plain("quota_set", {"cores": 9, "ram": 900, "instances": 9}),
        "PUT /v2.1/os-quota-class-sets/{name}": plain("quota_class_set", {"cores": 9, "ram": 900, "instances": 9}),
        **_of_metadefs(),
        **{
            f"{method} /v3/{noun}s/{{{noun}_id}}/metadata": plain("metadata", {"k": "v"})
            for method in ("POST", "PUT")
            for noun in ("volume", "snapshot")
        },
        **{f"PUT /v3/{noun}s/{{{noun}_id}}/metadata/{{key}}": plain("meta", {"k": "v"}) for noun in ("volume", "snapshot")},
    }


def _of_metadefs() -> dict[str, Shape]:
    every, one = "/v2/metadefs/namespaces", "/v2/metadefs/namespaces/{namespace}"
    thing, kind = {"name": "thing", "description": "x"}, {"name": "thing", "type": "string", "title": "x"}
    return {
        f"POST {every}": plain(None, {"namespace": "OS::Others", "display_name": "x", "protected": False}),
        f"PUT {one}": plain(None, {"namespace": "OS::Things", "display_name": "x", "protected": False}),
        f"POST {one}/resource_types": plain(None, {"name": "OS::Nova::Flavor", "prefix": "x"}),
        f"POST {one}/objects": plain(None, thing),
        f"PUT {one}/objects/{{name}}": plain(None, thing),
        f"POST {one}/properties": plain(None, kind),
        f"PUT {one}/properties/{{name}}": plain(None, kind),
        f"POST {one}/tags": plain(None, {"tags": [{"name": "thing"}]}),
        f"PUT {one}/tags/{{name}}": plain(None, {"name": "thing"}),
    }


def shape_of(service: Service, route: Route, values: Mapping[str, str]) -> Shape | None:
    """What a route wants for a body; None if it wants none."""
    known = by_hand(values).get(f"{route.method} {route.path}")
    if known is None and service.name == "network" and route.method in ("POST", "PUT"):
        known = _of_network(route, values)
    elif known is None:
        known = declared(service, route, texts(values))
    if known is not None:
        known.example |= filled(values).get(title(route), {})
    return known


def title(route: Route) -> str:
    """A route as the tables call it."""
    action, until = f" {route.action}" if route.action else "", f" until {route.until}" if route.until else ""
    return f"{route.method} {route.path}{action}{until}"


def _of_network(route: Route, values: Mapping[str, str]) -> Shape | None:
    names, last = texts(values), route.path.rpartition("/")[2]
    if last == "tags":
        return of_struct(network.TagList, None, names)
    if last.endswith("_router_interface"):
        return of_struct(network.InterfaceBody, None, names)
    if last.endswith("_extraroutes"):
        return of_struct(network.ExtraRoutes, "router", names)
    noun, new, changes = NETWORK.get(route.path if route.method == "POST" else route.path.rpartition("/")[0], ("", None, None))
    kind = new if route.method == "POST" else changes
    return None if kind is None else of_struct(kind, noun, names)
