"""What every store that takes uploads can do; and what is special about one kind."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cumulet.image.bytestores import BLOCK, FileStore, Store, open_stores
from cumulet.image.bytestores.http import HttpStore
from cumulet.image.bytestores.rbd import RbdStore
from cumulet.image.bytestores.s3 import S3Store
from cumulet.image.bytestores.settings import FileSettings, HttpSettings, RbdSettings, S3Settings
from cumulet.image.model import Location
from cumulet.kernel.errors import Invalid, Unavailable
from support.rbd import ceph_rbd
from support.s3 import ceph_s3, s3_service
from support.web import web_server


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Settings]:
    """An S3 service."""
    with s3_service() as settings:
        yield settings


@pytest.fixture(scope="module")
def real_s3(real_ceph) -> S3Settings:
    """The S3 service of a real Ceph."""
    return ceph_s3(real_ceph)


@pytest.fixture(scope="module")
def rbd(real_ceph) -> RbdSettings:
    """A pool of it."""
    return ceph_rbd(real_ceph)


REAL = [pytest.param(name, marks=pytest.mark.real) for name in ("real_s3", "rbd")]


@pytest.fixture(params=["file", "s3", *REAL])
def store(request, tmp_path: Path) -> Store:
    """An empty store."""
    if request.param == "file":
        return FileStore(tmp_path / "store")
    settings = request.getfixturevalue(request.param)
    made = RbdStore(settings) if isinstance(settings, RbdSettings) else S3Store(settings)
    for key in made.incoming() + made.complete() + [entry.key for entry in made.quarantined()]:
        made.drop(key)
        made.purge(key)
    return made


def write(store: Store, key: str, *blocks: bytes, keep: bool = True) -> None:
    sink = store.begin(key)
    for block in blocks:
        sink.write(block)
    sink.flush()
    assert sink.look(0, 4) == b"".join(blocks)[:4]
    if keep:
        sink.keep()
    sink.close()


def read(store: Store, key: str, offset: int, count: int) -> bytes:
    return b"".join(store.blocks(key, offset, count))


@pytest.mark.parametrize("size", [0, 1, BLOCK + 17, (13 << 20) + 5])
def test_bytes_come_back_as_they_were_written(store, size):
    content = os.urandom(size)
    write(store, "image.attempt", *(content[at : at + BLOCK] for at in range(0, size, BLOCK)))
    assert store.size("image.attempt") == size
    assert (store.incoming(), store.complete()) == ([], ["image.attempt"])
    assert read(store, "image.attempt", 0, size) == content
    if size > BLOCK:
        assert read(store, "image.attempt", BLOCK - 3, 10) == content[BLOCK - 3 : BLOCK + 7]


def test_the_end_can_be_looked_at_before_the_bytes_are_kept(store):
    sink = store.begin("a")
    sink.write(b"x" * (6 << 20))
    sink.write(b"the end")
    sink.flush()
    size = (6 << 20) + 7
    assert (sink.look(size - 7, 7), sink.look(size - 3, 100), sink.look(size, 1)) == (b"the end", b"end", b"")
    sink.close()
    store.drop("a")
    assert store.incoming() + store.complete() == []


def test_an_upload_that_was_cut_is_found_and_dropped(store):
    sink = store.begin("a")
    for _ in range(7):
        sink.write(os.urandom(BLOCK))
    sink.close()
    assert (store.incoming(), store.complete(), store.size("a")) == (["a"], [], None)
    for key in ("a", "never there"):
        store.drop(key)
    assert (store.incoming(), store.complete()) == ([], [])


def test_K1_quarantined_bytes_come_back_or_are_purged(store):
    for key in ("kept", "purged"):
        write(store, key, b"precious")
        store.quarantine(key, 1_800_000_000.0 if key == "kept" else 1_700_000_000.0)
    store.quarantine("never there", 1.0)
    found = [(entry.key, entry.since, entry.size) for entry in store.quarantined()]
    assert found == [("purged", 1_700_000_000.0, 8), ("kept", 1_800_000_000.0, 8)]
    assert (store.complete(), store.size("kept")) == ([], None)
    store.purge("purged")
    assert [store.restore(key, 1.0) for key in ("kept", "purged", "never there")] == [True, False, False]
    assert (store.complete(), store.quarantined()) == (["kept"], [])
    assert read(store, "kept", 0, 8) == b"precious"


def test_bytes_that_are_not_there_cannot_be_read(store):
    with pytest.raises(Unavailable):
        read(store, "nothing", 0, 1)
    write(store, "short", b"abc")
    with pytest.raises(Unavailable):
        read(store, "short", 0, 4)
    assert store.size("nothing") is None


def test_a_store_says_how_it_is_and_nothing_secret(store):
    assert store.health().problem is None
    assert "secret" not in str(store.properties())
    write(store, "a", b"abc")
    assert "secret" not in store.address("a")
    if not isinstance(store, RbdStore):  # which only Ceph's own clients can follow
        with urllib.request.urlopen(store.url("a")) as answer:
            assert answer.read() == b"abc"


def test_a_bucket_that_does_not_answer_is_not_healthy(s3):
    from msgspec.structs import replace

    gone = S3Store(replace(s3, bucket="another"))
    assert gone.health().problem is not None
    with pytest.raises(Unavailable):
        write(gone, "a", b"x")


def test_zeros_take_no_room_in_a_file(tmp_path):
    store = FileStore(tmp_path)
    write(store, "a", b"head", bytes(BLOCK), bytes(63 * BLOCK), b"tail")
    path = store.path("a")
    assert path is not None
    assert (path.stat().st_size, path.stat().st_blocks * 512 < BLOCK) == (64 * BLOCK + 8, True)
    assert read(store, "a", 64 * BLOCK, 8) == bytes(4) + b"tail"
    plain = FileStore(tmp_path / "plain", sparse=False)
    write(plain, "a", bytes(BLOCK))
    assert (plain.path("a") or path).stat().st_blocks * 512 >= BLOCK


def test_a_late_writer_does_not_put_its_bytes_under_the_key_of_a_newer_one(tmp_path):
    store = FileStore(tmp_path)
    late = store.begin("a")
    late.write(b"late")
    store.drop("a")
    newer = store.begin("a")
    newer.write(b"newer")
    with pytest.raises(Unavailable):
        late.keep()
    newer.keep()
    assert read(store, "a", 0, 5) == b"newer"


def test_a_web_server_is_read_from_any_offset_and_never_written():
    with web_server() as web:
        store = HttpStore(private=True)
        url = web.put("/image", b"0123456789")
        assert (store.size(url), store.size(url + "x")) == (10, None)
        assert (read(store, url, 0, 10), read(store, url, 3, 4)) == (b"0123456789", b"3456")
        whole = web.put("/no-ranges", b"0123456789", status=203)
        assert store.size(whole) is None
        with pytest.raises(Unavailable):
            read(store, url, 5, 10)
        with pytest.raises(Unavailable):
            read(HttpStore(), url, 0, 1)
        with pytest.raises(Invalid):
            store.begin("a")
        for harmless in (store.drop, store.purge):
            harmless(url)
        store.quarantine(url, 1.0)
        assert store.restore(url, 1.0)
        assert (store.incoming(), store.complete(), store.quarantined(), store.health().problem) == ([], [], [], None)


def test_stores_are_opened_as_configured(tmp_path, s3):
    named = {"web": HttpSettings(), "a": FileSettings(weight=1), "b": s3}
    opened = open_stores(tmp_path, named, default="b", staging="a")
    assert (opened.default.name, opened.staging.name, [store.name for store in opened.all]) == ("b", "a", ["web", "b", "a"])
    places = [Location("b", "k"), Location("gone", "k"), Location("a", "k")]
    assert [place.store for place in opened.sorted(places)] == ["a", "b", "gone"]
    assert opened.best_location(places).store == "a"
    with pytest.raises(Unavailable):
        opened.best_location(places[1:2])
    with pytest.raises(Invalid, match="read-only"):
        opened.writable("web")
    with pytest.raises(Invalid):
        opened.for_url("ftp://example.org/")
    opened.close()
    assert open_stores(tmp_path, {}).default.name == "file"
    for wrong in ({"default": "web"}, {"default": "nothing"}, {"staging": "web"}):
        with pytest.raises(ValueError, match="image_"):
            open_stores(tmp_path, named, **wrong)
    with pytest.raises(ValueError, match="at least one"):
        open_stores(tmp_path, {"web": HttpSettings()})
