"""The commands themselves: `cumulet image …` against a cloud that listens."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from cumulet.app.cli import app
from support.images import qcow2
from support.listening import listening


@pytest.fixture
async def run(cloud, tmp_path):
    """Runs a command as an operator of the cloud; its exit code and what it printed."""
    async with listening(cloud.cloud.application) as url:
        config = tmp_path / "cumulet.toml"
        config.write_text(f"port = {urlsplit(url).port}\n")
        options = ["--state", str(cloud.cloud.config.state), "--config", str(config)]

        async def running(*arguments, state=True):
            done = await asyncio.to_thread(CliRunner().invoke, app, ["image", *arguments, *(options if state else [])])
            return done.exit_code, done.output

        yield running


async def test_a_folder_is_imported_and_verified(run, cloud, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "good.qcow2").write_bytes(qcow2() + bytes(1 << 20))
    code, said = await run("import-dir", str(folder))
    assert (code, "good.qcow2: added" in said) == (0, True)
    (folder / "bad.qcow2").write_bytes(qcow2(backing=True))
    code, said = await run("import-dir", str(folder))
    assert code == 1
    assert "good.qcow2: there already" in said
    assert "bad.qcow2: refused" in said
    code, said = await run("verify", "--all")
    assert (code, "1 images, 0 of them not as they were." in said) == (0, True)
    for path in cloud.cloud.config.state.glob("images/**/*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1] + b"?")
    code, said = await run("verify", "good")
    assert code == 1
    assert "its bytes changed" in said


async def test_definitions_are_loaded(run, tmp_path):
    (tmp_path / "n.json").write_text(json.dumps({"namespace": "n", "visibility": "public"}))
    code, said = await run("metadefs", "load", str(tmp_path / "n.json"))
    assert (code, "n.json: loaded" in said) == (0, True)
    (tmp_path / "n.json").write_text(json.dumps({"namespace": "m", "color": "blue"}))
    code, said = await run("metadefs", "load", str(tmp_path / "n.json"))
    assert code == 1
    assert "refused" in said
    assert "color" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "windows"], "The catalogue has no image 'windows'"),
        (["verify"], "Name images, or give --all."),
        (["verify", "nothing"], "There is no image nothing"),
        (["import-dir", "/nonexistent"], "/nonexistent is not a folder"),
        (["metadefs", "load", "/nonexistent.json"], "/nonexistent.json"),
        (["add", "cirros", "--mirror", "http://127.0.0.1:1"], "Connection refused"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(run, arguments, said):
    code, printed = await run(*arguments)
    assert code == 1
    assert said in printed


async def test_the_catalogue_is_shown_without_a_cloud(run):
    code, said = await run("add", "--list", state=False)
    assert code == 0
    assert "debian-12" in said


async def test_a_folder_without_a_cloud_is_named(run, tmp_path):
    code, said = await run("verify", "--all", "--state", str(tmp_path / "none"), state=False)
    assert code == 1
    assert "There is no cloud in" in said


async def test_K1_a_deleted_image_is_listed_and_brought_back(run, cloud, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "good.qcow2").write_bytes(qcow2() + bytes(3 << 20))
    await run("import-dir", str(folder))
    admin = await cloud.admin()
    (image,) = (await admin.get("/image/v2/images")).json()["images"]
    assert (await admin.delete(f"/image/v2/images/{image['id']}")).status_code == 204
    code, said = await run("deleted")
    assert code == 0
    assert f"{image['id']} good, 3 MiB, kept until 2" in said
    code, said = await run("restore", image["id"], "nothing")
    assert code == 1
    assert f"{image['id']}: restored" in said
    assert "nothing: There is no deleted image nothing." in said
    assert (await admin.get(f"/image/v2/images/{image['id']}")).json() == image
    assert (await run("verify", "--all"))[0] == 0
    code, said = await run("deleted")
    assert (code, "0 deleted images." in said) == (0, True)
