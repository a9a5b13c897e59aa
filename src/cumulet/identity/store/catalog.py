"""Regions, services and endpoints."""

from __future__ import annotations

import sqlalchemy as sa

from ...kernel.db import Json, Listing, Query, metadata
from ...kernel.db.rows import delete, get, insert, update
from ..model import CatalogService, Endpoint, Region

REGIONS = sa.Table(
    "regions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("parent_region_id", sa.Text, sa.ForeignKey("regions.id")),
    sa.Column("extra", Json, nullable=False),
)
SERVICES = sa.Table(
    "catalog_services",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("extra", Json, nullable=False),
)
ENDPOINTS = sa.Table(
    "endpoints",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("service_id", sa.Text, sa.ForeignKey("catalog_services.id", ondelete="CASCADE"), nullable=False),
    sa.Column("region_id", sa.Text, sa.ForeignKey("regions.id")),
    sa.Column("interface", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("extra", Json, nullable=False),
)
R, S, E = REGIONS.c, SERVICES.c, ENDPOINTS.c

INSERT_REGION, UPDATE_REGION, GET_REGION, DELETE_REGION = insert(REGIONS), update(REGIONS), get(REGIONS, Region), delete(REGIONS)
INSERT_SERVICE, UPDATE_SERVICE = insert(SERVICES), update(SERVICES)
GET_SERVICE, DELETE_SERVICE = get(SERVICES, CatalogService), delete(SERVICES)
INSERT_ENDPOINT, UPDATE_ENDPOINT = insert(ENDPOINTS), update(ENDPOINTS)
GET_ENDPOINT, DELETE_ENDPOINT = get(ENDPOINTS, Endpoint), delete(ENDPOINTS)

REGION_LISTING = Listing(
    sa.select(REGIONS),
    Region,
    key=R.id,
    sorts={"id": R.id},
    filters={"parent_region_id": R.parent_region_id},
    default=[("id", False)],
)
SERVICE_LISTING = Listing(
    sa.select(SERVICES),
    CatalogService,
    key=S.id,
    sorts={"type": S.type},
    filters={"type": S.type, "name": S.name},
    default=[("type", False)],
)
ENDPOINT_LISTING = Listing(
    sa.select(ENDPOINTS),
    Endpoint,
    key=E.id,
    sorts={"service_id": E.service_id, "interface": E.interface},
    filters={"service_id": E.service_id, "region_id": E.region_id, "interface": E.interface},
    default=[("service_id", False), ("interface", False)],
)
ENABLED_ENDPOINTS = Query(
    sa.select(S.id, S.type, S.name, E.id, E.interface, E.region_id, E.url)
    .join_from(SERVICES, ENDPOINTS, S.id == E.service_id)
    .where(S.enabled, E.enabled)
    .order_by(S.type, E.interface)
)
"""(service id, type, name, endpoint id, interface, region id, url) of the catalog."""
