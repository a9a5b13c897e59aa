"""Images as block images in a pool of a real Ceph."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from cumulet.image.bytestores import BLOCK, Health, open_stores
from cumulet.image.bytestores.rbd import RbdStore
from cumulet.image.bytestores.settings import FileSettings, RbdSettings
from cumulet.image.model import Attempt
from cumulet.image.operations.upkeep.deleted import restore
from cumulet.image.operations.upkeep.sweep import sweep
from cumulet.image.store import transitions
from cumulet.kernel.ceph.client import Client
from cumulet.kernel.ceph.pool import Pool
from cumulet.kernel.errors import Conflict, TooLarge, Unavailable
from support.ceph import Ceph
from support.images import image_cloud
from support.killing import kill_9
from support.rbd import POOL, ceph_rbd, emptied

pytestmark = pytest.mark.real
HOUR = 3600.0
PATIENCE = 60.0

UPLOAD = """
import os, sys
import msgspec
from cumulet.image.bytestores.rbd import RbdStore
from cumulet.image.bytestores.settings import RbdSettings
sink = RbdStore(msgspec.json.decode(sys.argv[1], type=RbdSettings)).begin(sys.argv[2])
while True:
    sink.write(os.urandom(1 << 20))
    print("written", flush=True)
"""


@pytest.fixture
def settings(real_ceph) -> RbdSettings:
    """A pool for images, and a user who may write it."""
    return ceph_rbd(real_ceph)


@pytest.fixture
def store(settings) -> RbdStore:
    """An empty store."""
    return emptied(settings)


@pytest.fixture
async def images(settings, store, tmp_path):
    """The image service with this store beside one of files."""
    async with image_cloud(tmp_path, {"file": FileSettings(path=str(tmp_path / "images")), "ceph": settings}) as cloud:
        cloud.store = cloud.stores.get("ceph")
        yield cloud


@pytest.fixture(params=[(kind, pool) for kind in "12" for pool in (POOL, "servers")], ids="-".join)
def clone(request, real_ceph, store) -> Iterator[Pool]:
    """The pool with a clone, called `child`, of the image `parent`: of either kind that Ceph knows, in our pool or another."""
    kind, name = request.param
    write(store, "parent", b"precious")
    pool = Pool(Client(real_ceph.conf, "admin"), name)
    real_ceph.pool(name)
    spec = (f"{POOL}/{store.image('parent')}@snap", f"{name}/child")
    real_ceph.run("rbd", "clone", "--rbd-default-clone-format", kind, *spec)
    yield pool
    if "child" in pool.names():
        pool.remove("child")


def write(store: RbdStore, key: str, *blocks: bytes) -> None:
    sink = store.begin(key)
    for block in blocks:
        sink.write(block)
    sink.flush()
    sink.keep()
    sink.close()


def read(store: RbdStore, key: str, count: int, offset: int = 0) -> bytes:
    return b"".join(store.blocks(key, offset, count))


def info(cluster: Ceph, image: str, *command: str) -> dict:
    found = json.loads(cluster.run("rbd", *(command or ("info",)), f"{POOL}/{image}", "--format", "json"))
    return found if isinstance(found, dict) else found[0]


def test_an_image_is_a_block_image_with_a_protected_snapshot(real_ceph, store):
    write(store, "a", b"abc")
    image = store.image("a")
    made = info(real_ceph, image)
    assert (made["size"], made["order"], made["features"]) == (3, 23, ["layering"])
    snapshot = info(real_ceph, image, "snap", "ls")
    assert (snapshot["name"], snapshot["size"], snapshot["protected"]) == ("snap", 3, "true")
    fsid = real_ceph.run("ceph", "fsid").strip()
    assert store.url("a") == store.address("a") == f"rbd://{fsid}/{POOL}/{image}/snap"


def test_zeros_take_no_room_in_a_pool(real_ceph, store):
    write(store, "a", b"head", bytes(64 * BLOCK - 4), b"tail", bytes(BLOCK))
    assert store.size("a") == 65 * BLOCK + 4
    prefix = info(real_ceph, store.image("a"))["block_name_prefix"]
    assert sum(name.startswith(prefix) for name in real_ceph.run("rados", "-p", POOL, "ls").splitlines()) == 2
    assert read(store, "a", 8, 64 * BLOCK - 4) == bytes(4) + b"tail"
    assert read(store, "a", BLOCK, 64 * BLOCK + 4) == bytes(BLOCK)


def test_an_image_that_is_kept_unseen_has_its_size_too(store):
    sink = store.begin("a")
    sink.write(b"abc")
    sink.keep()
    sink.close()
    assert (store.size("a"), read(store, "a", 3)) == (3, b"abc")


def test_other_images_in_the_pool_are_nobodys_business(real_ceph, store, settings):
    other = emptied(replace(settings, prefix="other."))
    write(other, "a", b"theirs")
    real_ceph.run("rbd", "create", "--size", "1", f"{POOL}/images.plain")
    assert (store.incoming(), store.complete(), store.quarantined()) == ([], [], [])
    store.drop("a")
    store.quarantine("a", 1.0)
    assert read(other, "a", 6) == b"theirs"
    real_ceph.run("rbd", "rm", "--no-progress", f"{POOL}/images.plain")
    other.drop("a")


def test_a_late_writer_does_not_put_its_image_under_the_key_of_a_newer_one(store):
    late = store.begin("a")
    late.write(b"late")
    store.drop("a")
    assert store.incoming() == ["a+lost"], "Ceph keeps what is written to"
    with pytest.raises(Conflict):
        store.drop("a+lost")
    newer = store.begin("a")
    newer.write(b"newer")
    late.flush()
    with pytest.raises(Unavailable):
        late.keep()
    newer.flush()
    newer.keep()
    for sink in (late, newer):
        sink.close()
    assert (read(store, "a", 5), store.incoming()) == (b"newer", ["a+lost"])
    store.drop("a+lost")
    assert (store.incoming(), store.complete()) == ([], ["a"])


def test_K7_what_has_clones_is_never_purged(store, clone):
    store.quarantine("parent", 1.0)
    with pytest.raises(Conflict):
        store.purge("parent")
    assert store.restore("parent", 1.0)
    with pytest.raises(Conflict):
        store.drop("parent")
    assert read(store, "parent", 8) == b"precious"
    store.quarantine("parent", 1.0)
    with clone.opened("child") as child:
        assert child.read(0, 8) == b"precious"
    clone.remove("child")
    store.purge("parent")
    assert (store.quarantined(), store.complete()) == ([], [])


def test_K1_a_purge_that_was_cut_is_finished_or_its_image_comes_back(real_ceph, store):
    for key in ("whole", "begun"):
        write(store, key, b"precious")
        store.quarantine(key, 1.0)
    for key in ("whole", "begun"):
        real_ceph.run("rbd", "snap", "unprotect", f"{POOL}/cloud.quarantine.{key}.1000@snap")
    real_ceph.run("rbd", "snap", "rm", "--no-progress", f"{POOL}/cloud.quarantine.begun.1000@snap")
    assert (store.restore("whole", 1.0), store.restore("begun", 1.0)) == (True, False)
    assert info(real_ceph, store.image("whole"), "snap", "ls")["protected"] == "true"
    store.purge("begun")
    assert (store.complete(), store.quarantined()) == (["whole"], [])


def test_a_pool_that_is_not_there_or_not_ours_is_not_taken_for_an_empty_one(real_ceph, store, settings):
    gone = RbdStore(replace(settings, pool="nowhere"))
    assert gone.health().problem is not None
    for attempt in (lambda: write(gone, "a", b"x"), lambda: read(gone, "a", 1), lambda: gone.size("a"), gone.complete):
        with pytest.raises(Unavailable):
            attempt()
    stranger = RbdStore(replace(settings, keyring=str(real_ceph.user("stranger", "elsewhere")), user="stranger"))
    with pytest.raises(Unavailable):
        write(stranger, "a", b"x")


def test_nothing_waits_for_a_cluster_that_is_down_but_what_needs_it(tmp_path, settings):
    conf = tmp_path / "ceph.conf"
    conf.write_text("[global]\nfsid = 6b3f8a4e-3ad4-4b6a-9d0c-3d0d3a7f4a11\nmon host = v2:127.0.0.1:1\n")
    down = RbdStore(replace(settings, conf=str(conf), patience=1.0))
    assert down.url("a").startswith("rbd://6b3f8a4e-3ad4-4b6a-9d0c-3d0d3a7f4a11/")
    assert down.health().problem is not None
    with pytest.raises(ValueError, match=r"ceph\.conf"):
        RbdStore(replace(settings, conf=str(tmp_path / "missing" / "ceph.conf")))
    conf.write_text("[global]\nmon host = v2:127.0.0.1:1\n")
    with pytest.raises(ValueError, match="fsid"):
        RbdStore(replace(settings, conf=str(conf)))


def test_a_cluster_that_hangs_is_given_up_and_found_again(real_ceph, store, settings):
    write(store, "a", b"abc")
    hasty = RbdStore(replace(settings, patience=2.0))
    assert read(hasty, "a", 3) == b"abc"
    with real_ceph.hanging():
        for attempt in (lambda: read(hasty, "a", 3), lambda: write(hasty, "b", b"x"), hasty.complete):
            with pytest.raises(Unavailable):
                attempt()
    assert read(hasty, "a", 3) == b"abc"
    write(hasty, "c", b"xyz")
    assert sorted(hasty.complete()) == ["a", "c"]


def test_a_client_that_the_cluster_has_cut_off_connects_again(real_ceph, store):
    write(store, "a", b"abc")
    late = store.begin("b")
    late.write(b"x")
    (watcher,) = info(real_ceph, store._incoming("b")[0], "status")["watchers"]
    real_ceph.run("ceph", "osd", "blocklist", "add", watcher["address"])
    with pytest.raises(Unavailable):
        late.flush()
    late.close()
    with pytest.raises(Unavailable):
        store.complete()
    assert store.complete() == ["a"]
    assert read(store, "a", 3) == b"abc"


def test_no_key_is_told(store, settings, capfd):
    secret = Path(settings.keyring).read_text().partition("key = ")[2].split()[0]
    told = f"{store.properties()} {store.health()} {store.address('a')} {store.url('a')}"
    wrong = RbdStore(replace(settings, user="nobody"))
    told += str(wrong.health())
    said = capfd.readouterr()
    assert len(secret) > 20
    assert secret not in told + said.out + said.err


def test_free_space_is_what_the_pool_can_take_and_a_full_one_says_so(real_ceph):
    real_ceph.count()
    store = emptied(ceph_rbd(real_ceph, "small"))
    real_ceph.run("ceph", "osd", "pool", "set-quota", "small", "max_bytes", str(16 << 20))
    until = time.monotonic() + PATIENCE
    while (health := store.health()).total != 16 << 20 and time.monotonic() < until:
        assert health.problem is None
    assert health == Health(None, 16 << 20, 16 << 20)
    write(store, "much", *[os.urandom(BLOCK)] * 20)
    with pytest.raises(TooLarge):
        try_until_full(store)
    for key in store.incoming() + store.complete():
        store.drop(key)
    assert store.incoming() + store.complete() == []


def try_until_full(store: RbdStore) -> None:
    """Write until the cluster notices that it is too much, which takes it some seconds."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        write(store, "more", b"x")
        store.drop("more")


def killed_upload(settings: RbdSettings, key: str) -> None:
    """Another process that writes some blocks and is killed in the midst."""
    command = [sys.executable, "-c", UPLOAD, msgspec.json.encode(settings).decode(), key]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(12):
            assert writer.stdout.readline() == b"written\n"
        kill_9(writer.pid)


async def test_an_upload_that_was_killed_leaves_nothing(images, settings, store):
    made = await images.make(images.client())
    attempt = Attempt(made["id"], "killed")
    async with images.db.tx() as tx:
        assert await transitions.begin(tx, attempt)
    killed_upload(settings, attempt.key)
    assert (store.incoming(), store.complete(), store.size(attempt.key)) == ([attempt.key], [], None)
    assert (await sweep(images.parts)).dropped == [], "somebody may be writing still"
    await images.clock.advance(2 * images.parts.settings.stall)
    until = time.monotonic() + PATIENCE
    while store.incoming():
        assert time.monotonic() < until, "Ceph should have noticed that the writer is dead"
        await sweep(images.parts)
        os.sched_yield()
    assert not [name for name in store.pool.names() if name.startswith(settings.prefix)]
    assert (await images.client().get(f"/v2/images/{made['id']}")).json()["status"] == "queued"
    answer = await images.upload(images.client(), made["id"], b"again", **{"X-Image-Meta-Store": "ceph"})
    assert answer.status_code == 204


async def test_an_upload_that_fails_at_its_end_leaves_nothing(images, store):
    client, content = images.client(), os.urandom(9 * BLOCK)
    made = await images.make(client)
    said = {"X-Image-Meta-Store": "ceph", "Content-MD5": base64.b64encode(bytes(16)).decode()}
    answer = await images.upload(client, made["id"], content, **said)
    assert answer.status_code == 400, answer.text
    assert (await client.get(f"/v2/images/{made['id']}")).json()["status"] == "queued"
    assert not [name for name in store.pool.names() if name.startswith("cloud.")]


def test_a_configuration_that_cannot_be_used_is_refused_at_the_start(tmp_path, settings):
    with pytest.raises(ValueError, match=r"image_stores: .*nowhere\.conf: No such file"):
        open_stores(tmp_path, {"ceph": replace(settings, conf=str(tmp_path / "nowhere.conf"))})


async def test_images_are_served_and_deleted_from_the_pool_while_others_are_in_use(images, store, clone):
    client, content = images.client(), os.urandom(3 * BLOCK + 5)
    made = await images.make(client)
    answer = await images.upload(client, made["id"], content, **{"X-Image-Meta-Store": "ceph"})
    assert answer.status_code == 204, answer.text
    shown = (await client.get(f"/v2/images/{made['id']}")).json()
    assert shown["stores"] == "ceph"
    assert (await client.get(made["file"])).content == content
    part = await client.get(made["file"], headers={"Range": f"bytes={BLOCK - 2}-{BLOCK + 2}"})
    assert (part.status_code, part.content) == (206, content[BLOCK - 2 : BLOCK + 3])
    detailed = (await images.client(role="admin").get("/v2/info/stores/detail")).json()["stores"][1]
    assert (detailed["type"], detailed["healthy"], detailed["properties"]["pool"]) == ("rbd", True, POOL)
    await client.delete(f"/v2/images/{made['id']}")
    await restore(images.parts, made["id"])
    assert (await client.get(made["file"])).content == content
    await client.delete(f"/v2/images/{made['id']}")
    assert (await sweep(images.parts)).quarantined == ["parent"], "nobody owns the image that was cloned"
    await images.clock.advance(73 * HOUR)
    assert [key.partition(".")[0] for key in (await sweep(images.parts)).purged] == [made["id"]]
    assert [entry.key for entry in store.quarantined()] == ["parent"]
    clone.remove("child")
    assert (await sweep(images.parts)).purged == ["parent"]
