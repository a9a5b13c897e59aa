"""Custom properties that an operator's file protects, in upstream's format."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cumulet.app import wire
from cumulet.app.config import Config
from cumulet.image.protections import load
from cumulet.kernel.policy import PolicySyntaxError
from support.images import ImageCloud, image_cloud

ROLES = """
# Billing's own; members see the code and no more.
[^x_billing_code_]
create = admin
read = admin, Member
update = admin
delete = admin

[^x_secret$]
create = @
read = admin
update = !
delete = !

[^x_]
create = !
read = @

[.*]
create = @
read = @
update = @
delete = @
"""
MEDIA = {"Content-Type": "application/openstack-images-v2.1-json-patch"}


def written(folder: Path, text: str = ROLES) -> Path:
    path = folder / "protections.conf"
    path.write_text(text)
    return path


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[ImageCloud]:
    async with image_cloud(tmp_path / "store", protections=load(written(tmp_path), by_policy=False)) as cloud:
        yield cloud


async def patch(client, image, op, name, value=None):
    change = {"op": op, "path": f"/{name}", **({} if op == "remove" else {"value": value})}
    return (await client.patch(f"/v2/images/{image['id']}", json=[change], headers=MEDIA)).status_code


async def test_only_who_may_creates_a_protected_property(guarded):
    member, admin = guarded.client(), guarded.client("ops", "admin")
    body = {"x_billing_code_a": "1", "plain": "p"}
    refused = await member.post("/v2/images", json=body)
    assert (refused.status_code, refused.json()["message"]) == (403, "Property x_billing_code_a is reserved.")
    assert (await admin.post("/v2/images", json=body)).status_code == 201
    assert (await admin.post("/v2/images", json={"x_other": "1"})).status_code == 403
    assert len((await admin.get("/v2/images")).json()["images"]) == 1


async def test_a_protected_property_is_changed_and_deleted_by_who_may(guarded):
    member, admin = guarded.client(), guarded.client("ops", "admin")
    image = await guarded.make(member, plain="p")
    assert await patch(member, image, "add", "x_billing_code_a", "1") == 403
    assert await patch(admin, image, "add", "x_billing_code_a", "1") == 200
    assert await patch(member, image, "replace", "x_billing_code_a", "2") == 403
    assert await patch(member, image, "remove", "x_billing_code_a") == 403
    assert await patch(member, image, "replace", "plain", "q") == 200
    shown = (await member.get(f"/v2/images/{image['id']}")).json()
    assert (shown["x_billing_code_a"], shown["plain"]) == ("1", "q")
    assert await patch(admin, image, "replace", "x_billing_code_a", "2") == 200
    assert await patch(admin, image, "remove", "x_billing_code_a") == 200


async def test_what_one_may_not_read_is_not_shown_anywhere(guarded):
    member, admin = guarded.client(), guarded.client("ops", "admin")
    made = (await member.post("/v2/images", json={"name": "i", "x_secret": "s"})).json()
    assert "x_secret" not in made
    assert "x_secret" not in (await member.get(f"/v2/images/{made['id']}")).json()
    assert "x_secret" not in (await member.get("/v2/images")).json()["images"][0]
    assert (await member.get("/v2/images", params={"x_secret": "s"})).status_code == 403
    assert (await admin.get(f"/v2/images/{made['id']}")).json()["x_secret"] == "s"
    assert len((await admin.get("/v2/images", params={"x_secret": "s", "visibility": "all"})).json()["images"]) == 1


async def test_what_nobody_may_do_an_administrator_may_not_either(guarded):
    admin = guarded.client("ops", "admin")
    image = await guarded.make(admin, x_secret="s")
    assert await patch(admin, image, "replace", "x_secret", "t") == 403
    assert await patch(admin, image, "remove", "x_secret") == 403


async def test_other_changes_leave_what_one_cannot_read(guarded):
    member, admin = guarded.client(), guarded.client("ops", "admin")
    image = await guarded.make(member, x_secret="s")
    assert await patch(member, image, "replace", "name", "new") == 200
    assert (await admin.get(f"/v2/images/{image['id']}")).json()["x_secret"] == "s"


async def test_policy_rules_can_protect_instead_of_roles(tmp_path):
    text = "[^x_]\ncreate = owners_only\nread = owners_only\n[.*]\ncreate = @\nread = @\n"
    async with image_cloud(tmp_path / "store", protections=load(written(tmp_path, text), by_policy=True)) as cloud:
        assert (await cloud.client().post("/v2/images", json={"x_a": "1"})).status_code == 403
        assert (await cloud.client("ops", "admin").post("/v2/images", json={"x_a": "1"})).status_code == 201


def test_policy_yaml_says_what_the_rules_are_and_unknown_ones_are_still_refused(tmp_path):
    config = Config(state=tmp_path)
    (tmp_path / "policy.yaml").write_text('owners_only: "role:owner"\n')
    assert wire.policies(config, {"owners_only", "another"})["image"].texts["owners_only"] == "role:owner"
    assert wire.policies(config, {"owners_only", "another"})["image"].texts["another"] == "!"
    with pytest.raises(PolicySyntaxError, match="owners_only"):
        wire.policies(config)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[a]\ncreate = @,!", "contradict"),
        ("[(]\ncreate = @", "not a regular expression"),
        ("[a]\nwrite = @", r"\[a\] write"),
        ("create = @", "no section headers"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_by_name(tmp_path, text, why):
    with pytest.raises(ValueError, match=rf"protections\.conf.*{why}"):
        load(written(tmp_path, text), by_policy=False)


def test_only_one_policy_rule_may_be_named(tmp_path):
    with pytest.raises(ValueError, match="one policy rule"):
        load(written(tmp_path, "[a]\ncreate = one, two"), by_policy=True)
