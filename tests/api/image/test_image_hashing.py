"""What images are hashed by: the operator's choice for new bytes, what it was at the time for those that are there."""

from __future__ import annotations

import hashlib
from typing import Any, get_args

import msgspec
import pytest
from msgspec.structs import replace

from cumulet.app import config
from cumulet.contract.guests import ImageSource
from cumulet.image.bytestores.settings import FileSettings, HttpSettings
from cumulet.image.operations.images import source_of
from cumulet.image.settings import Algorithm, ImportSettings
from cumulet.image.store import images as rows
from cumulet.kernel.fetching import Reach
from support.images import ImageCloud, image_cloud
from support.web import web_server

CONTENT = b"some bytes to be hashed" * 1000
OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture
async def images(tmp_path):
    """Two stores and web servers; BLAKE2b."""
    stores = {name: FileSettings(path=str(tmp_path / name)) for name in ("fast", "cold")}
    imports = ImportSettings(reach=Reach(ports=(), private=True))
    named = {**stores, "web": HttpSettings(private=True)}
    async with image_cloud(tmp_path, named, imports=imports, hashing_algorithm="blake2b") as cloud:
        yield cloud


def choose(images: ImageCloud, algorithm: Algorithm) -> None:
    """The operator changes his mind."""
    images._serve(replace(images.parts, settings=replace(images.parts.settings, hashing_algorithm=algorithm)))


async def shown(images: ImageCloud, image: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await images.client().get(f"/v2/images/{image['id']}")).json()
    return found


async def brought(images: ImageCloud, image: dict[str, Any], name: str, **more: Any) -> dict[str, Any]:
    method = {"name": name, **({"uri": more.pop("uri")} if "uri" in more else {})}
    answer = await images.client("demo", "admin").post(f"/v2/images/{image['id']}/import", json={"method": method, **more})
    assert answer.status_code == 202, answer.text
    await images.settle()
    return await shown(images, image)


def hashes(image: dict[str, Any]) -> tuple[str, str, str]:
    return image["checksum"], image["os_hash_algo"], image["os_hash_value"]


def expected(algorithm: str) -> tuple[str, str, str]:
    return hashlib.md5(CONTENT).hexdigest(), algorithm, hashlib.new(algorithm, CONTENT).hexdigest()


@pytest.mark.parametrize("algorithm", get_args(Algorithm))
async def test_an_upload_is_hashed_by_the_algorithm_that_is_set(images, algorithm):
    choose(images, algorithm)
    active = await images.active(images.client(), CONTENT)
    assert hashes(active) == expected(algorithm)
    found = (await images.client().get(f"/v2/images?os_hash_algo={algorithm}&os_hash_value={active['os_hash_value']}")).json()
    assert found["images"] == [active]


async def test_so_is_what_is_imported_or_named(images):
    with web_server() as web:
        url = web.put("/image", CONTENT)
        staged, fetched, named = [await images.make(images.client()) for _ in range(3)]
        await images.client().put(f"/v2/images/{staged['id']}/stage", content=CONTENT, headers=OCTETS)
        assert hashes(await brought(images, staged, "glance-direct", stores=["fast", "cold"])) == expected("blake2b")
        assert hashes(await brought(images, fetched, "web-download", uri=url)) == expected("blake2b")
        said = {"os_hash_algo": "sha256", "os_hash_value": hashlib.sha256(CONTENT).hexdigest()}
        await images.client().post(f"/v2/images/{named['id']}/locations", json={"url": url, "validation_data": said})
        await images.settle()
        assert hashes(await shown(images, named)) == expected("blake2b")


async def test_an_image_keeps_its_hash_and_is_copied_checked_and_told_by_it_after_another_was_chosen(images):
    old = await images.active(images.client(), CONTENT)
    choose(images, "sha256")
    assert hashes(await images.active(images.client(), CONTENT)) == expected("sha256")
    copied = await brought(images, old, "copy-image", stores=["cold"])
    assert (sorted(copied["stores"].split(",")), hashes(copied)) == (["cold", "fast"], expected("blake2b"))
    async with images.db.read() as tx:
        image = await rows.find(tx, old["id"], None)
    assert image is not None
    told = source_of(images.stores, image)
    assert (told.algorithm, told.digest) == expected("blake2b")[1:]


async def test_a_damaged_image_is_not_copied_whatever_is_chosen_now(images):
    old = await images.active(images.client(), CONTENT)
    choose(images, "sha3_512")
    (path,) = (images.stores.known["fast"].store.root / "images").iterdir()
    path.write_bytes(CONTENT[::-1])
    after = await brought(images, old, "copy-image", stores=["cold"])
    assert (after["stores"], hashes(after)) == ("fast", expected("blake2b"))


def test_an_algorithm_that_is_no_good_is_refused_at_the_start():
    for algorithm in ("md5", "sha1", "shake_128", "rot13"):
        with pytest.raises(ValueError, match="image_hashing_algorithm"):
            config.load(None, {}, image_hashing_algorithm=algorithm)
    assert set(get_args(Algorithm)) == hashlib.algorithms_guaranteed - {"md5", "sha1", "shake_128", "shake_256"}


def test_an_agent_of_before_is_told_of_sha512_as_it_was():
    told = ImageSource("i", "file:///i", 1, "ab", "raw")
    before = {"image_id": "i", "url": "file:///i", "size": 1, "sha512": "ab", "disk_format": "raw", "private": False}
    assert msgspec.to_builtins(told) == {**before, "algorithm": "sha512"}
    assert msgspec.convert(before, ImageSource) == told
