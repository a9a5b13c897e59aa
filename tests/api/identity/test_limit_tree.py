"""Limits in the strict two-level model: no project gets more than its domain."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from support.cloud import running_cloud
from support.identity import V3, make


@pytest.fixture
async def admin(tmp_path, clock):
    """The administrator of a cloud with the strict model."""
    async with running_cloud(tmp_path, clock, limit_model="strict_two_level") as cloud:
        yield await cloud.admin()


@pytest.fixture
async def kind(admin) -> dict[str, str]:
    """A resource of which everybody gets 10."""
    kind = {"service_id": (await make(admin, "services", type="database"))["id"], "resource_name": "tables"}
    await admin.post(f"{V3}/registered_limits", json={"registered_limits": [{**kind, "default_limit": 10}]})
    return kind


async def limit(admin: httpx.AsyncClient, kind: dict[str, str], number: int, **who: Any) -> httpx.Response:
    """A limit for a project or a domain."""
    return await admin.post(f"{V3}/limits", json={"limits": [{**kind, **who, "resource_limit": number}]})


async def test_the_model_is_told(admin):
    assert (await admin.get(f"{V3}/limits/model")).json()["model"]["name"] == "strict_two_level"


async def test_a_project_gets_no_more_than_is_registered_or_its_domain_has(admin, kind):
    domain = (await make(admin, "domains"))["id"]
    one, two, three = [(await make(admin, "projects", domain_id=domain))["id"] for _ in range(3)]
    assert (await limit(admin, kind, 11, project_id=one)).status_code == 403
    assert (await limit(admin, kind, -1, project_id=one)).status_code == 403
    first = await limit(admin, kind, 10, project_id=one)
    assert first.status_code == 201
    assert (await limit(admin, kind, 20, domain_id=domain)).status_code == 201
    assert (await limit(admin, kind, 21, project_id=two)).status_code == 403
    assert (await limit(admin, kind, 20, project_id=two)).status_code == 201
    path = f"{V3}/limits/{first.json()['limits'][0]['id']}"
    assert (await admin.patch(path, json={"limit": {"resource_limit": 21}})).status_code == 403
    assert (await admin.patch(path, json={"limit": {"resource_limit": 15}})).status_code == 200
    assert (await limit(admin, kind, 5, project_id=three)).status_code == 201


async def test_a_domain_keeps_what_its_projects_have(admin, kind):
    domain = (await make(admin, "domains"))["id"]
    project = (await make(admin, "projects", domain_id=domain))["id"]
    made = await limit(admin, kind, 20, domain_id=domain)
    await limit(admin, kind, 15, project_id=project)
    path = f"{V3}/limits/{made.json()['limits'][0]['id']}"
    refused = await admin.patch(path, json={"limit": {"resource_limit": 14}})
    assert refused.status_code == 403
    assert project in refused.json()["error"]["message"]
    assert (await admin.get(path)).json()["limit"]["resource_limit"] == 20


async def test_limits_of_a_domain_and_its_project_can_be_made_together_or_not_at_all(admin, kind):
    domain = (await make(admin, "domains"))["id"]
    project = (await make(admin, "projects", domain_id=domain))["id"]

    def both(large: int) -> dict[str, Any]:
        inner, outer = {**kind, "project_id": project, "resource_limit": large}, {**kind, "domain_id": domain, "resource_limit": 30}
        return {"limits": [inner, outer]}

    assert (await admin.post(f"{V3}/limits", json=both(31))).status_code == 403
    assert (await admin.get(f"{V3}/limits")).json()["limits"] == []
    assert (await admin.post(f"{V3}/limits", json=both(30))).status_code == 201


async def test_projects_lie_directly_below_domains(admin):
    project = await make(admin, "projects")
    refused = await admin.post(f"{V3}/projects", json={"project": {"name": "below", "parent_id": project["id"]}})
    assert refused.status_code == 403
