"""Version documents and negotiation."""

from __future__ import annotations

from support.placement import refusal


async def test_an_answer_without_a_body_has_no_type(placement):
    made = await placement.put("/traits/CUSTOM_NEW")
    assert (made.status_code, made.content) == (201, b"")
    assert "content-type" not in made.headers


async def test_a_version_below_the_lowest_is_not_acceptable(placement):
    assert (await placement.at("0.5").get("/traits")).status_code == 406
    assert (await placement.at("1.x").get("/traits")).status_code == 400


async def test_the_version_document_needs_no_token(service):
    answer = await service.anonymous().client.get("/")
    assert answer.status_code == 200
    assert answer.json() == {
        "versions": [
            {"id": "v1.0", "min_version": "1.0", "max_version": "1.39", "status": "CURRENT", "links": [{"rel": "self", "href": ""}]}
        ]
    }
    assert answer.headers["OpenStack-API-Version"] == "placement 1.0"


async def test_everything_else_needs_one(service):
    answer = await service.anonymous().get("/resource_providers")
    assert refusal(answer)["title"] == "Unauthorized"


async def test_latest_is_the_newest_and_silence_the_oldest(placement):
    assert (await placement.at("latest").get("/resource_providers")).headers["OpenStack-API-Version"] == "placement 1.39"
    silent = await placement.client.get("/resource_providers")
    assert silent.headers["OpenStack-API-Version"] == "placement 1.0"
    assert "Cache-Control" not in silent.headers


async def test_an_unknown_version_is_refused_with_the_range(placement):
    error = refusal(await placement.at("1.40").get("/resource_providers"))
    assert (error["status"], error["min_version"], error["max_version"]) == (406, "1.0", "1.39")


async def test_errors_have_codes_since_1_23(placement):
    path = "/resource_providers/6984bb2d-830d-4c8d-ac64-c5a8103664be"
    assert "code" not in refusal(await placement.at("1.22").get(path))
    assert refusal(await placement.at("1.23").get(path))["code"] == "placement.undefined_code"


async def test_paths_that_are_not_there_answer_in_placements_envelope(placement):
    assert refusal(await placement.get("/barnabas"))["code"] == "placement.undefined_code"
    assert refusal(await placement.delete("/resource_providers"))["status"] == 405


async def test_nouns_appear_at_their_microversion(placement):
    for path, since in [("/resource_classes", 2), ("/traits", 6), ("/usages?project_id=p", 9)]:
        assert (await placement.at(f"1.{since - 1}").get(path)).status_code == 404
        assert (await placement.at(f"1.{since}").get(path)).status_code == 200


async def test_answers_are_dated_since_1_15(placement):
    dated = (await placement.at("1.15").get("/resource_classes")).headers
    assert dated["Cache-Control"] == "no-cache"
    assert dated["Last-Modified"].endswith("GMT")
    assert "Last-Modified" not in (await placement.at("1.14").get("/resource_classes")).headers


async def test_only_json_is_answered(placement):
    assert (await placement.get("/resource_providers", Accept="text/plain")).status_code == 406
    assert (await placement.get("/resource_providers", Accept="text/html,*/*;q=0.8")).status_code == 200
