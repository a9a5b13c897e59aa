"""Lists of volumes: whose, filters, sorting, pages, counts, summaries."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.volumes import V3, Api, VolumeCloud, at

MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def three(volumes: VolumeCloud, demo: Api) -> list[dict[str, Any]]:
    """a, b and c, made one second after another, of 1, 2 and 3 GiB."""
    made = []
    for size, name in enumerate("abc", 1):
        metadata = {"letter": name, "kind": "data" if name != "c" else "log"}
        made.append(await volumes.available(demo, size=size, name=name, metadata=metadata, description=f"The {name} 100%"))
        await volumes.clock.advance(1)
    await demo.act(made[1], "os-set_bootable", {"bootable": True}, 200)
    return made


async def names(api: Api, query: str, **headers: str) -> str:
    return "".join(volume["name"] for volume in await api.list(query, **headers))


async def test_the_youngest_volume_is_first_and_the_short_list_is_short(three: list[dict[str, Any]], demo: Api) -> None:
    assert await names(demo, "") == "cba"
    short = (await demo.get("/volumes"))["volumes"]
    assert [set(volume) for volume in short] == [{"id", "name", "links"}] * 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?name=a", "a"),
        ("?display_name=b", "b"),
        ("?status=available", "cba"),
        ("?status=error", ""),
        ("?size=2", "b"),
        ("?availability_zone=nova", "cba"),
        ("?availability_zone=mars", ""),
        ("?bootable=true", "b"),
        ("?bootable=0", "ca"),
        ("?metadata={'kind':'data'}", "ba"),
        ('?metadata={"kind":"data","letter":"a"}', "a"),
        ("?metadata={'kind':'dat'}", ""),
        ("?name~=A", "a"),
        ("?description~=100%25", "cba"),
        ("?description~=1%25%25", ""),
        ("?description~=_", ""),
        ("?group_id=x", ""),
        ("?migration_status=error", ""),
        ("?consumes_quota=true", "cba"),
        ("?consumes_quota=false", ""),
        ("?sort=name:asc", "abc"),
        ("?sort=size", "cba"),
        ("?sort=bootable:asc,name:desc", "cab"),
        ("?sort_key=name&sort_dir=asc", "abc"),
        ("?limit=2", "cb"),
        ("?limit=0", ""),
        ("?limit=1&offset=1", "b"),
        ("?offset=2", "a"),
        ("?all_tenants=1", "cba"),
    ],
)
async def test_lists_are_filtered_sorted_and_cut(three: list[dict[str, Any]], demo: Api, query: str, found: str) -> None:
    assert await names(demo, query) == found


@pytest.mark.parametrize(
    "query",
    [
        *("?limit=-1", "?limit=x", "?offset=-1", "?offset=x", "?sort=colour", "?sort=name:up", "?bootable=perhaps", "?size=big"),
        *(
            "?metadata=[]",
            "?metadata={'a':1}",
            "?all_tenants=perhaps",
            "?colour=red",
            "?created_at=soon",
            "?created_at=near:2020-01-01",
        ),
        *("?consumes_quota=perhaps", "?with_count=perhaps"),
    ],
)
async def test_a_list_that_cannot_be_is_refused(three: list[dict[str, Any]], demo: Api, query: str) -> None:
    await demo.get(f"/volumes/detail{query}", 400)


async def test_a_marker_that_is_not_there_is_not_found(three: list[dict[str, Any]], demo: Api) -> None:
    await demo.get(f"/volumes?marker={MISSING}", 404)


async def test_pages_lead_from_one_to_the_next_without_gaps(three: list[dict[str, Any]], demo: Api) -> None:
    for path in ("/volumes", "/volumes/detail"):
        found, query = "", "?limit=1&sort=name:asc"
        while query:
            page = await demo.get(path + query)
            found += "".join(volume["name"] for volume in page["volumes"])
            query = page["volumes_links"][0]["href"].partition(path)[2] if "volumes_links" in page else ""
        assert found == "abc"


async def test_links_have_the_project_in_their_path_if_the_request_had(three: list[dict[str, Any]], demo: Api) -> None:
    for within in ("", f"/{demo.project_id}"):
        page = await demo.get(f"{within}/volumes?limit=1")
        volume = page["volumes"][0]
        assert page["volumes_links"][0]["href"].partition("/volume/v3")[2].startswith(f"{within}/volumes?limit=1&marker=")
        assert volume["links"][0]["href"].endswith(f"/volume/v3{within}/volumes/{volume['id']}")
        assert volume["links"][1]["href"].endswith(f"/volume{within}/volumes/{volume['id']}")


async def test_times_filter_since_3_60(three: list[dict[str, Any]], demo: Api) -> None:
    second = three[1]["created_at"]
    assert await names(demo, f"?created_at=gt:{second}") == "c"
    assert await names(demo, f"?created_at=lte:{second}") == "ba"
    assert await names(demo, f"?created_at=gte:{three[0]['created_at']},lt:{three[2]['created_at']}") == "ba"
    assert await names(demo, f"?created_at=neq:{second}") == "ca"
    await demo.get(f"/volumes/detail?created_at=gt:{second}", 400, **at("3.59"))


async def test_filters_that_are_not_known_yet_are_passed_over_for_old_clients(three: list[dict[str, Any]], demo: Api) -> None:
    assert await names(demo, "?colour=red", **at("3.30")) == "cba"
    assert await names(demo, "?name~=a", **at("3.30")) == "cba"
    await demo.get("/volumes/detail?name~=a", 400, **at("3.33"))
    assert await names(demo, "?bootable=perhaps", **at("3.1")) == "b"
    assert await names(demo, "?bootable=False", **at("3.1")) == "ca"
    assert await names(demo, "?glance_metadata={'image_id':'x'}", **at("3.3")) == "cba"
    assert await names(demo, "?glance_metadata={'image_id':'x'}", **at("3.4")) == ""


async def test_what_is_known_of_images_can_be_looked_for(three: list[dict[str, Any]], demo: Api) -> None:
    await demo.act(three[0], "os-set_image_metadata", {"metadata": {"os": "plan9"}}, 200)
    assert await names(demo, "?glance_metadata={'os':'plan9'}") == "a"
    await demo.act(three[0], "os-unset_image_metadata", {"key": "os"}, 200)
    assert await names(demo, "?glance_metadata={'os':'plan9'}") == ""


async def test_the_count_is_of_all_pages(three: list[dict[str, Any]], demo: Api) -> None:
    assert (await demo.get("/volumes?limit=1&with_count=true"))["count"] == 3
    assert (await demo.get("/volumes/detail?name=a&with_count=1"))["count"] == 1
    await demo.get("/volumes?with_count=true", 400, **at("3.44"))
    assert "count" not in await demo.get("/volumes?with_count=true", **at("3.30"))
    assert "count" not in await demo.get("/volumes")


async def test_the_summary_adds_up(three: list[dict[str, Any]], demo: Api, other: Api) -> None:
    assert (await demo.get("/volumes/summary", **at("3.12")))["volume-summary"] == {"total_count": 3, "total_size": 6}
    whole = (await demo.get("/volumes/summary"))["volume-summary"]
    assert whole["metadata"] == {"letter": ["c", "b", "a"], "kind": ["log", "data"]}
    assert (await demo.get("/volumes/summary?name=c"))["volume-summary"]["total_size"] == 3
    assert (await other.get("/volumes/summary"))["volume-summary"]["total_count"] == 0
    await demo.get("/volumes/summary", 404, **at("3.11"))


async def test_only_administrators_see_other_projects_volumes_and_only_if_they_ask(
    three: list[dict[str, Any]], demo: Api, other: Api, admin: Api
) -> None:
    assert await names(other, "?all_tenants=1") == ""
    assert await names(other, f"?all_tenants=1&status=available&id={three[0]['id']}", **at("3.0")) == ""
    assert await names(admin, "") == ""
    assert await names(admin, "?all_tenants=1") == "cba"
    assert await names(admin, f"?all_tenants=1&project_id={demo.project_id}") == "cba"
    assert await names(admin, f"?all_tenants=1&project_id={other.project_id}") == ""
    assert await names(admin, "?all_tenants=1&colour=red") == "cba"


ROUTES = [
    *(("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/metadata"), ("POST", "/metadata"), ("PUT", "/metadata")),
    *(("GET", "/metadata/letter"), ("PUT", "/metadata/letter"), ("DELETE", "/metadata/letter")),
]
ACTIONS: dict[str, Any] = {
    "os-extend": {"new_size": 9},
    "os-retype": {"new_type": "__DEFAULT__"},
    "os-set_bootable": {"bootable": True},
    "os-update_readonly_flag": {"readonly": True},
    "os-reserve": {},
    "os-unreserve": {},
    "os-begin_detaching": {},
    "os-roll_detaching": {},
    "os-attach": {"mountpoint": "/dev/vdb", "host_name": "x"},
    "os-detach": {},
    "os-show_image_metadata": {},
    "os-set_image_metadata": {"metadata": {"a": "b"}},
    "os-unset_image_metadata": {"key": "a"},
}


async def test_T8_another_project_s_volume_is_not_there_on_any_route(three: list[dict[str, Any]], demo: Api, other: Api) -> None:
    volume = three[0]
    body = {"volume": {"name": "stolen"}, "metadata": {"a": "b"}, "meta": {"letter": "x"}}
    for method, path in ROUTES:
        await other.call(method, f"/volumes/{volume['id']}{path}", 404, body)
    for action, value in ACTIONS.items():
        await other.act(volume, action, value, 404)
    await other.call("POST", "/attachments", 404, {"attachment": {"volume_uuid": volume["id"]}})
    taken = (await demo.call("POST", "/attachments", 200, {"attachment": {"volume_uuid": volume["id"]}}))["attachment"]
    path = f"/attachments/{taken['id']}"
    await other.get(path, 404)
    await other.call("PUT", path, 404, {"attachment": {"connector": {"host": "fake1"}}})
    await other.call("POST", f"{path}/action", 404, {"os-complete": None})
    await other.call("DELETE", path, 404)
    assert (await other.get("/attachments?all_tenants=1"))["attachments"] == []
    assert await other.make(404, source_volid=three[1]["id"])
    shown = await demo.show(volume)
    assert (shown["name"], shown["metadata"], shown["status"]) == ("a", {"letter": "a", "kind": "data"}, "reserved")


async def test_T8_a_reader_only_reads(volumes: VolumeCloud, three: list[dict[str, Any]]) -> None:
    reader, volume = await volumes.api("demo", "reader"), three[0]
    await reader.show(volume)
    assert len(await reader.list()) == 3
    await reader.make(403)
    for method, path in ROUTES:
        if method != "GET":
            await reader.call(method, f"/volumes/{volume['id']}{path}", 403, {})
    for action, value in ACTIONS.items():
        if action != "os-show_image_metadata":
            await reader.act(volume, action, value, 403)
    await reader.call("POST", "/attachments", 403, {"attachment": {"volume_uuid": volume["id"]}})


async def test_without_a_token_nothing_is_answered_but_the_versions(volumes: VolumeCloud) -> None:
    nobody = volumes.cloud.anonymous()
    assert (await nobody.get(f"{V3}/volumes")).status_code == 401
    versions = await nobody.get("/volume/")
    assert versions.status_code == 300
    found = versions.json()["versions"][0]
    assert (found["id"], found["min_version"], found["version"]) == ("v3.0", "3.0", "3.67")
    assert (await nobody.get(f"{V3}/")).json()["versions"] == [found]
    too_new = await nobody.get(f"{V3}/volumes", headers=at("3.68"))
    assert too_new.status_code == 406
