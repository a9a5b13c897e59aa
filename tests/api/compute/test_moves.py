"""The list of moves over HTTP: empty, as long as nothing moves."""

from __future__ import annotations

import pytest
from tests.support.servers import DEMO, LATEST, OTHER, ComputeCloud


async def test_there_are_no_migrations(cloud: ComputeCloud) -> None:
    await cloud.server()
    for admin in (cloud.admin(), cloud.admin(**LATEST)):
        assert (await admin.get("/os-migrations?status=done")).json() == {"migrations": []}


@pytest.mark.parametrize("query", ["color=red", "limit=-1", "marker=1", "changes-since=soon"])
async def test_a_wrong_query_for_migrations_is_refused(cloud: ComputeCloud, query: str) -> None:
    assert (await cloud.admin(**LATEST).get(f"/os-migrations?{query}")).status_code == 400


async def test_migrations_of_all_projects_are_for_administrators(cloud: ComputeCloud) -> None:
    for project_id in (DEMO, OTHER):
        assert (await cloud.client(**LATEST).get(f"/os-migrations?project_id={project_id}")).status_code == 403
