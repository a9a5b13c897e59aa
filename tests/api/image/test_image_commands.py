"""What `cumulet image import-dir`, `verify` and `add` do, over real connections."""

from __future__ import annotations

import hashlib
import io
from urllib.parse import urlsplit

import pytest
from rich.console import Console

from cumulet.app.images import catalogue, files, verify
from cumulet.app.operator.client import Client, RequestFailed
from support.file_server import serving
from support.images import qcow2
from support.listening import listening

CONTENT = qcow2(size=7 << 20) + bytes(3 << 20)


@pytest.fixture
async def operator(images):
    """An administrator's client, over a real connection."""
    async with listening(images.app) as url:
        yield Client(url, "ops:admin")


@pytest.fixture
def console():
    return Console(file=io.StringIO(), force_terminal=True, width=120)


async def imported(operator, console, folder, visibility="public"):
    found = await files.import_folder(operator, console, files.found_in(folder), visibility)
    return {path.name: outcome for path, outcome in found}


async def test_a_folder_of_images_is_imported_once(images, operator, console, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "server.qcow2").write_bytes(CONTENT)
    (folder / "plain.img").write_bytes(b"anything" * 1000)
    (folder / "README").write_text("no image")
    assert await imported(operator, console, folder) == {"plain.img": "added", "server.qcow2": "added"}
    assert await imported(operator, console, folder) == {"plain.img": files.KEPT, "server.qcow2": files.KEPT}
    shown = {image["name"]: image for image in (await images.client().get("/v2/images")).json()["images"]}
    assert {name: image["disk_format"] for name, image in shown.items()} == {"server": "qcow2", "plain": "raw"}
    assert shown["server"]["virtual_size"] == 7 << 20
    assert shown["server"]["os_hash_value"] == hashlib.sha512(CONTENT).hexdigest()
    assert shown["server"]["visibility"] == "public"
    (folder / "server.qcow2").write_bytes(CONTENT + b"new")
    assert await imported(operator, console, folder) == {"plain.img": files.KEPT, "server.qcow2": "added"}


async def test_an_import_shows_its_progress(operator, console, tmp_path):
    (tmp_path / "server.qcow2").write_bytes(CONTENT)
    await imported(operator, console, tmp_path)
    assert "server" in console.file.getvalue()
    assert "3.1/3.1 MiB" in console.file.getvalue()


async def test_a_file_that_is_dangerous_is_refused_and_the_others_go_on(images, operator, console, tmp_path):
    (tmp_path / "bad.qcow2").write_bytes(qcow2(backing=True))
    (tmp_path / "good.qcow2").write_bytes(CONTENT)
    outcomes = await imported(operator, console, tmp_path)
    assert outcomes["bad.qcow2"].startswith("refused: bad.qcow2 is refused because it has a backing file")
    assert outcomes["good.qcow2"] == "added"
    assert [image["name"] for image in (await images.client().get("/v2/images")).json()["images"]] == ["good"]


async def test_an_upload_that_fails_leaves_no_image(images, operator, console, tmp_path):
    (tmp_path / "server.qcow2").write_bytes(CONTENT)
    (images.folder / "incoming").rmdir()
    assert (await imported(operator, console, tmp_path))["server.qcow2"].startswith("refused: The image store")
    assert (await images.client("ops", "admin").get("/v2/images")).json()["images"] == []


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no image in"):
        files.found_in(tmp_path)
    with pytest.raises(ValueError, match="not a folder"):
        files.found_in(tmp_path / "none")


async def checked(operator, console, *wanted):
    found = await verify.verify(operator, console, await verify.find(operator, wanted))
    return {one.name: one.finding for one in found}


async def test_images_are_read_again_and_findings_are_named(images, operator, console):
    client = images.client()
    for name in ("good", "flipped", "short", "gone", "off"):
        made = await images.active(client, name.encode() * 1000, name=name, os_hidden=name == "short")
        path = next((images.folder / "images").glob(f"{made['id']}*"))
        content = path.read_bytes()
        if name == "flipped":
            path.write_bytes(content[:-1] + b"?")
        if name == "short":
            path.write_bytes(content[:-10])
        if name == "gone":
            path.unlink()
        if name == "off":
            await images.client("ops", "admin").post(f"/v2/images/{made['id']}/actions/deactivate")
    findings = await checked(operator, console)
    assert findings["good"] is None
    assert findings["flipped"].startswith("its bytes changed: sha512 is ")
    assert findings["short"].startswith("cannot be read: ")
    assert findings["gone"].startswith("cannot be read: The image")
    assert findings["off"] == verify.DEACTIVATED
    assert await checked(operator, console, "good") == {"good": None}
    with pytest.raises(RequestFailed, match="no image nothing"):
        await verify.find(operator, ["nothing"])


def publish(folder, name="debian-12", arch="x86_64", content=CONTENT, said=None):
    """What a publisher has at the paths of a catalogue entry."""
    entry = catalogue.CATALOGUE[name]
    source = catalogue.Source(entry, arch, "http://x")
    place = folder / source.url("f").removeprefix("http://x/").removesuffix("/f")
    place.mkdir(parents=True)
    (place / source.file).write_bytes(content)
    digest = hashlib.new(entry.algorithm, content if said is None else said).hexdigest()
    bsd = entry.sums.endswith("CHECKSUM")
    line = f"SHA256 ({source.file}) = {digest}" if bsd else f"{digest}  {source.file}"
    sums = source.url(entry.sums).rpartition("/")[2]
    (place / sums).write_text(f"# {source.file}: 5 bytes\n{digest[::-1]}  other.qcow2\n{line}\n")
    return digest


async def added(operator, console, url, folder, name="debian-12", arch="x86_64"):
    source = catalogue.Source(catalogue.CATALOGUE[name], arch, url)
    return await catalogue.add_entry(operator, console, name, source, folder / "downloads")


@pytest.mark.parametrize("name", catalogue.CATALOGUE)
async def test_a_known_image_is_fetched_checked_and_added_once(images, operator, console, tmp_path, name):
    digest = publish(tmp_path / "mirror", name, "aarch64")
    with serving(tmp_path / "mirror") as url:
        assert await added(operator, console, url, tmp_path, name, "aarch64") == "added"
        assert await added(operator, console, url, tmp_path, name, "aarch64") == files.KEPT
    [image] = (await images.client().get("/v2/images")).json()["images"]
    entry = catalogue.CATALOGUE[name]
    assert (image["name"], image["status"], image["disk_format"], image["architecture"]) == (name, "active", "qcow2", "aarch64")
    assert image["os_distro"] == entry.properties["os_distro"]
    assert image[f"catalogue_{entry.algorithm}"] == digest
    assert list((tmp_path / "downloads").iterdir()) == []


async def test_bytes_that_are_not_what_the_publisher_says_are_refused(images, operator, console, tmp_path):
    publish(tmp_path / "mirror", said=b"other bytes")
    with serving(tmp_path / "mirror") as url, pytest.raises(catalogue.CannotAdd, match="is not what its publisher says"):
        await added(operator, console, url, tmp_path)
    assert (await images.client("ops", "admin").get("/v2/images")).json()["images"] == []
    assert list((tmp_path / "downloads").iterdir()) == []


async def test_a_publisher_who_says_nothing_of_the_image_is_not_believed(operator, console, tmp_path):
    publish(tmp_path / "mirror", arch="aarch64")
    with serving(tmp_path / "mirror") as url:
        with pytest.raises(catalogue.CannotAdd, match=r"has no checksum of debian-12-genericcloud-amd64\.qcow2"):
            await added(operator, console, url, tmp_path)
        with pytest.raises(catalogue.CannotAdd, match=r"SHA256SUMS: HTTP Error 404"):
            await added(operator, console, url, tmp_path, "ubuntu-24.04")


def test_publishers_are_asked_by_https():
    entry = catalogue.CATALOGUE["debian-12"]
    url = urlsplit(catalogue.Source(entry, "x86_64").url(entry.sums))
    assert (url.scheme, url.path) == ("https", "/images/cloud/bookworm/latest/SHA512SUMS")
