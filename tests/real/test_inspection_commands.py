"""`cumulet explain`, `audit` and `overcommit` as operators run them: against a running cloud, whose host is in memory."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from support.real_cloud import RealCloud, Said, until

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

COMPUTE = "/compute/v2.1"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud() -> AsyncIterator[RealCloud]:
    """A cloud with one server: 2 processors, 512 MiB, a disk of 1 GiB."""
    with tempfile.TemporaryDirectory(prefix="cumulet-inspect-") as folder:
        made = RealCloud(Path(folder) / "s", fake=True)
        try:
            await made.up()
            await furnish(made)
            yield made
        finally:
            await made.must("down", "--remove-state")


async def furnish(cloud: RealCloud) -> None:
    flavor = {"id": "two", "name": "two", "vcpus": 2, "ram": 512, "disk": 1}
    await cloud.admin.call("POST", f"{COMPUTE}/flavors", {"flavor": flavor})
    fields = {"name": "tiny", "disk_format": "raw", "container_format": "bare"}
    image = await cloud.demo.call("POST", "/image/v2/images", fields)
    file = cloud.state / "tiny.img"
    file.write_bytes(bytes(4096))
    await cloud.demo.upload(f"/image/v2/images/{image['id']}/file", file)
    server = {"name": "web", "flavorRef": "two", "imageRef": image["id"], "networks": "none"}
    await cloud.demo.call("POST", f"{COMPUTE}/servers", {"server": server})

    async def active() -> bool:
        return (await cloud.server("web"))["status"] == "ACTIVE"

    await until(active, "the server ACTIVE")


def failed(said: Said, *parts: str) -> None:
    """It ended with 1 and a sentence, and told no internals."""
    assert said.status == 1, said.text
    assert "Traceback" not in said.text
    for part in parts:
        assert part in said.text


async def told(cloud: RealCloud, *words: str, status: int = 0) -> Any:
    said = await cloud.command(*words, "--json")
    assert said.status == status, said.text
    return json.loads(said.text)


async def test_a_host_is_explained_with_bars_figures_claims_and_history(cloud: RealCloud) -> None:
    said = await cloud.must("explain", "host", "fake1")
    for part in ("agent up", "MEMORY_MB: sold", "▲ limit", "memory: measured", "own use", "web ", "No figure has passed its limit"):
        assert part in said
    assert "Every change of a claim is known one by one since " in said
    assert "\x1b[" not in said, "nothing is coloured where nobody sees it"


@pytest.mark.parametrize("columns", [40, 60, 80])
async def test_bars_and_tables_fit_into_a_narrow_terminal(cloud: RealCloud, columns: int) -> None:
    said = await cloud.command("explain", "host", "fake1", columns=columns)
    assert said.status == 0, said.text
    drawn = [line for line in said.text.splitlines() if any(mark in line for mark in "█▲│┃━└┘")]
    assert drawn
    assert max(len(line) for line in drawn) <= columns


async def test_a_host_is_explained_as_json(cloud: RealCloud) -> None:
    found = await told(cloud, "explain", "host", "fake1")
    assert (found["hostname"], found["alive"], [held["name"] for held in found["claims"]]) == ("fake1", True, ["web"])
    by_id = await told(cloud, "explain", "host", found["host_id"])
    assert by_id["lines"] == found["lines"]


async def test_a_host_is_explained_as_a_page(cloud: RealCloud) -> None:
    path = cloud.state / "host.html"
    assert f"Written: {path}" in await cloud.must("explain", "host", "fake1", "--html", str(path))
    text = path.read_text()
    assert text.startswith("<!doctype html>")
    assert text.count("<svg") == 4
    failed(await cloud.command("explain", "host", "fake1", "--html", str(cloud.state / "no" / "x.html")), "--html", "No such file")


@pytest.mark.parametrize("name", ["nobody", "fake1/history", "ünknown", "a b", "..", "%2e%2e"])
async def test_a_host_that_is_not_there_is_named(cloud: RealCloud, name: str) -> None:
    failed(await cloud.command("explain", "host", name), "could not be found")


async def test_a_server_is_explained_by_its_name_and_by_its_id(cloud: RealCloud) -> None:
    said = await cloud.must("explain", "server", "web")
    assert all(part in said for part in ("on fake1", "Why there", "Elsewhere, now", "place_server"))
    found = await told(cloud, "explain", "server", "web")
    assert (await told(cloud, "explain", "server", found["server_id"]))["name"] == "web"
    failed(await cloud.command("explain", "server", "nobody"), "Server nobody could not be found")


async def test_an_audit_of_a_cloud_that_adds_up_ends_with_0(cloud: RealCloud) -> None:
    assert "Everything adds up." in await cloud.must("audit")
    assert (await told(cloud, "audit"))["findings"] == []


@pytest.mark.parametrize(
    ("option", "class_"),
    [
        ("memory_reserved=256G", "MEMORY_MB"),
        ("memory_ratio=0.001", "MEMORY_MB"),
        ("vcpu_reserved=64", "VCPU"),
        ("vcpu_ratio=0.01", "VCPU"),
        ("disk_reserved=100T", "DISK_GB"),
        ("disk_ratio=0.00001", "DISK_GB"),
    ],
)
async def test_C7_each_option_can_be_tried_and_ends_with_1_if_it_would_not_fit(cloud: RealCloud, option: str, class_: str) -> None:
    found = await told(cloud, "audit", "--what-if", option, status=1)
    assert class_ in found["findings"][0]["what"]
    said = await cloud.command("audit", "--what-if", option)
    failed(said, "warning", "host fake1", f"{class_} claimed of", "move servers away from fake1")
    assert "Everything adds up." in await cloud.must("audit"), "it was only tried"


@pytest.mark.parametrize("option", ["memory=1", "memory_reserved", "memory_reserved=lots", "gpu_ratio=2", "memory_ratio=1e999"])
async def test_what_cannot_be_tried_is_refused(cloud: RealCloud, option: str) -> None:
    failed(await cloud.command("audit", "--what-if", option), option.partition("=")[0])


async def test_what_would_fit_ends_with_0(cloud: RealCloud) -> None:
    await cloud.must("audit", "--what-if", "memory_reserved=1G", "--what-if", "vcpu_ratio=1")


async def test_a_recount_says_what_a_project_uses(cloud: RealCloud) -> None:
    project = (await cloud.server("web"))["tenant_id"]
    said = json.loads(await cloud.must("audit", "--recount", project))
    assert said["usage"] == {"servers": 1, "cores": 2, "ram": 512}


@pytest.mark.parametrize(("ratio", "class_"), [("1.5", "MEMORY_MB"), ("VCPU=6", "VCPU"), ("disk_gb=1.2", "DISK_GB")])
async def test_C3_each_class_is_granted_shown_and_revoked(cloud: RealCloud, ratio: str, class_: str) -> None:
    words = ("overcommit", "grant", "fake1", "--ratio", ratio, "--until", "2h", "--reason", "a repair")
    made = json.loads(await cloud.must(*words))
    assert (made["resource_class"], made["in_force"]) == (class_, True)
    assert f"in force: {class_}" in await cloud.must("overcommit", "list")
    assert "Overcommit is granted until" in await cloud.must("explain", "host", "fake1")
    failed(await cloud.command(*words), "in force for this host already")
    ended = json.loads(await cloud.must("overcommit", "revoke", made["id"]))
    assert (ended["in_force"], ended["revoked_by"]) == (False, made["granted_by"])
    assert f"{made['id']} revoked: {class_}" in await cloud.must("overcommit", "list")
    failed(await cloud.command("overcommit", "revoke", made["id"]), "has ended already")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"--ratio": "CUSTOM_HUGE_PAGES_2048KB=2"}, "can never be overcommitted"),
        ({"--ratio": "much"}, "a number is expected"),
        ({"--ratio": "0.5"}, "above the present one"),
        ({"--ratio": "inf"}, "ratio"),
        ({"--until": "tomorrow"}, "30m, 12h, 7d"),
        ({"--until": "91d"}, "at most 90 days"),
        ({"--reason": " "}, "reason must say why"),
    ],
)
async def test_C3_a_grant_that_may_not_be_is_refused_with_the_reason(cloud: RealCloud, changes: dict[str, str], why: str) -> None:
    options = {"--ratio": "1.5", "--until": "2h", "--reason": "a repair", **changes}
    words = [word for pair in options.items() for word in pair]
    failed(await cloud.command("overcommit", "grant", "fake1", *words), why)


async def test_a_grant_for_nobody_and_the_end_of_none_are_refused(cloud: RealCloud) -> None:
    words = ("--ratio", "1.5", "--until", "2h", "--reason", "a repair")
    failed(await cloud.command("overcommit", "grant", "nobody", *words), "Host nobody could not be found")
    failed(await cloud.command("overcommit", "revoke", "no-grant"), "Grant no-grant could not be found")


async def test_without_a_cloud_each_of_them_says_how_to_start_one(tmp_path: Path) -> None:
    nowhere = RealCloud(tmp_path / "none")
    for words in (("explain", "host", "h"), ("explain", "server", "s"), ("audit",), ("overcommit", "list")):
        failed(await nowhere.command(*words), "cumulet up")
