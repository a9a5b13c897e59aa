"""Regions, services, endpoints and limits on resources.

A service that this cloud runs itself keeps its own URLs: Keystone's endpoints of its type are left out.
"""

from __future__ import annotations

from collections.abc import Collection

from ....kernel.db import values
from ...model import CatalogService, Endpoint, EndpointGroup, Limit, PolicyBlob, Region, RegisteredLimit
from ...store.keystone.source import Row, Source
from .rows import NotUnderstood, extra, json


def regions(source: Source) -> list[Row]:
    """Every region, those that hold others before them."""
    left = {row["id"]: row for row in source["region"]}
    ordered: list[Row] = []
    while left:
        ready = [row for row in left.values() if row["parent_region_id"] not in left]
        if not ready:
            raise NotUnderstood(f"region {min(left)} lies within itself.")
        ordered += ready
        for row in ready:
            del left[row["id"]]
    return [values(Region(row["id"], row["description"] or "", row["parent_region_id"], extra(row, "region"))) for row in ordered]


def services(source: Source) -> list[Row]:
    """Every service; its name and description are among its extra fields in Keystone."""
    found = []
    for row in source["service"]:
        more = extra(row, "service")
        name, description = str(more.pop("name", "")), str(more.pop("description", ""))
        found.append(values(CatalogService(row["id"], row["type"] or "", name, description, bool(row["enabled"]), more)))
    return found


def endpoints(source: Source, served: Collection[str]) -> list[Row]:
    """Endpoints of services whose type is not among `served`."""
    kinds = {row["id"]: row["type"] for row in source["service"]}
    found = []
    for row in source["endpoint"]:
        if kinds.get(row["service_id"]) in served:
            continue
        place = (row["id"], row["service_id"], row["region_id"], row["interface"], row["url"], bool(row["enabled"]))
        found.append(values(Endpoint(*place, extra(row, "endpoint"))))
    return found


def endpoint_groups(source: Source) -> list[Row]:
    """Groups of endpoints."""
    return [
        values(EndpointGroup(row["id"], row["name"], row["description"] or "", json(row, "filters", "endpoint_group")))
        for row in source["endpoint_group"]
    ]


def of_projects(source: Source, served: Collection[str]) -> list[Row]:
    """Which endpoints are for which projects."""
    known = {row["id"] for row in endpoints(source, served)}
    return [
        {"project_id": row["project_id"], "endpoint_id": row["endpoint_id"]}
        for row in source["project_endpoint"]
        if row["endpoint_id"] in known
    ]


def groups_of_projects(source: Source) -> list[Row]:
    """Which groups of endpoints are for which projects."""
    return [{"project_id": row["project_id"], "group_id": row["endpoint_group_id"]} for row in source["project_endpoint_group"]]


def registered_limits(source: Source) -> list[Row]:
    """What every project gets."""
    names = ("id", "service_id", "region_id", "resource_name", "default_limit", "description")
    return [values(RegisteredLimit(**{name: row[name] for name in names})) for row in source["registered_limit"]]


def limits(source: Source) -> list[Row]:
    """What single projects and domains get instead: of what, says the registered limit that they belong to."""
    registered = {row["id"]: row for row in source["registered_limit"]}
    found = []
    for row in source["limit"]:
        kind = registered.get(row["registered_limit_id"])
        if kind is None:
            raise NotUnderstood(f"limit {row['id']} belongs to no registered limit.")
        own = {name: row[name] for name in ("id", "domain_id", "resource_limit", "description")}
        place = {name: kind[name] for name in ("service_id", "region_id", "resource_name")}
        found.append(values(Limit(**own, **place, project_id=None if row["domain_id"] else row["project_id"])))
    return found


def policies(source: Source) -> list[Row]:
    """Policy documents that are kept for others."""
    return [
        values(PolicyBlob(row["id"], row["type"], json(row, "blob", "policy"), extra(row, "policy"))) for row in source["policy"]
    ]


def policy_associations(source: Source) -> list[Row]:
    """For what policy documents are."""
    names = ("endpoint_id", "service_id", "region_id")
    return [{**{name: row[name] or "" for name in names}, "policy_id": row["policy_id"]} for row in source["policy_association"]]
