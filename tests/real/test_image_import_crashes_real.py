"""Killed in the middle of an import, a cloud finishes it, or undoes all of it; and nobody goes on working for the dead process."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from support.importing import MIB, SIZE, STORES, Importing, importing, slow_web, two_processes
from support.postgres import cloud_postgres
from support.real_cloud import until

pytestmark = pytest.mark.real

Moment = Callable[[Importing], Awaitable[object]]


@pytest.fixture(scope="module")
def content() -> bytes:
    """An image: large enough to be caught while it is copied, and nowhere alike."""
    return os.urandom(MIB) * (SIZE // MIB)


async def while_the_first_store_is_filled(here: Importing) -> None:
    await here.appears("fast", "incoming")


async def between_two_stores(here: Importing) -> None:
    await here.appears("fast")


async def while_the_second_store_is_filled(here: Importing) -> None:
    await here.appears("cold", "incoming")


@pytest.mark.parametrize("must", [True, False], ids=["every store must have it", "any store may"])
@pytest.mark.parametrize("moment", [while_the_first_store_is_filled, between_two_stores, while_the_second_store_is_filled])
async def test_T1_a_staged_image_gets_into_all_its_stores(tmp_path: Path, content: bytes, moment: Moment, must: bool) -> None:
    async with importing(tmp_path) as here:
        image_id = await here.staged(content)
        await here.ask(image_id, "glance-direct", stores=[*STORES], all_stores_must_succeed=must)
        await moment(here)
        assert (await here.task(image_id))["status"] == "processing"
        here.cloud.kill()
        await here.up()
        assert (await here.ended(image_id))["status"] == "success"
        await here.is_whole(image_id, content, *STORES)


async def test_T1_what_is_stored_but_not_committed_is_stored_once_more(tmp_path: Path, content: bytes) -> None:
    async with importing(tmp_path) as here:
        image_id = await here.staged(content)
        await here.ask(image_id, "glance-direct")
        await here.stores_uncommitted("fast", SIZE)
        await here.up()
        assert (await here.ended(image_id))["status"] == "success"
        await here.is_whole(image_id, content, "fast")


async def test_T1_a_download_begins_again(tmp_path: Path, content: bytes) -> None:
    async with importing(tmp_path) as here:
        with slow_web(content) as web:
            image_id = await here.queued()
            await here.ask(image_id, "web-download", web.url)
            await here.appears("waiting", "incoming")

            async def half() -> bool:
                return f"of {SIZE} bytes" in (await here.task(image_id))["message"]

            await until(half, "the task says how far the download is", 20)
            image = await here.image(image_id)
            assert (image["status"], image["os_glance_importing_to_stores"]) == ("importing", "fast")
            web.go_on.set()
            web.asked = 0
            here.cloud.kill()
            await here.up()
            assert (await here.ended(image_id))["status"] == "success"
            assert web.asked == 1
        await here.is_whole(image_id, content, "fast")


async def test_T1_a_download_from_a_server_that_is_gone_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    async with importing(tmp_path) as here:
        with slow_web(content) as web:
            image_id = await here.queued()
            await here.ask(image_id, "web-download", web.url)
            await here.appears("waiting", "incoming")
            here.cloud.kill()
        await here.up()
        task = await here.ended(image_id)
        assert (task["status"], "does not answer" in task["message"]) == ("failure", True), task
        await here.is_queued(image_id)


async def test_T1_a_conversion_begins_again_and_its_old_process_ends(tmp_path: Path, content: bytes) -> None:
    source, raw = tmp_path / "source.qcow2", tmp_path / "source.raw"
    await asyncio.to_thread(raw.write_bytes, content)
    convert = ("qemu-img", "convert", "-O", "qcow2", raw, source)
    await asyncio.to_thread(subprocess.run, convert, check=True)
    packed = source.read_bytes()
    async with importing(tmp_path, "image_conversion") as here:
        image_id = await here.staged(packed, "qcow2")
        await here.ask(image_id, "glance-direct")
        old = await here.converter()
        here.cloud.kill()

        async def gone() -> bool:
            return old not in here.converters()

        await until(gone, "the conversion ends with who began it", 5)
        await here.up()
        assert (await here.ended(image_id))["status"] == "success"
        assert (await here.image(image_id))["disk_format"] == "raw"
        await here.is_whole(image_id, content, "fast")
        assert here.converters() == []


async def killed_in_the_middle(here: Importing) -> None:
    await here.appears("cold", "incoming")
    here.cloud.kill()


async def killed_before_the_commit(here: Importing) -> None:
    await here.stores_uncommitted("cold", SIZE)


@pytest.mark.parametrize("moment", [killed_in_the_middle, killed_before_the_commit])
async def test_T1_a_copy_to_another_store_is_finished(tmp_path: Path, content: bytes, moment: Moment) -> None:
    async with importing(tmp_path) as here:
        image_id = await here.staged(content)
        await here.ask(image_id, "glance-direct")
        await here.ended(image_id)
        await here.ask(image_id, "copy-image", stores=["cold"])
        await moment(here)
        await here.up()
        assert (await here.ended(image_id))["status"] == "success"
        await here.is_whole(image_id, content, *STORES)


async def test_T1_what_one_process_staged_the_other_one_imports(tmp_path: Path, postgres_dsn: str, content: bytes) -> None:
    await cloud_postgres(postgres_dsn)
    async with two_processes(tmp_path, postgres_dsn) as (first, second):
        image_id = await first.staged(content)
        first.cloud.kill()
        await second.ask(image_id, "glance-direct", stores=[*STORES])
        assert (await second.ended(image_id))["status"] == "success"
        await second.is_whole(image_id, content, *STORES)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_T1_an_import_is_taken_over_from_a_process_that_is_gone(
    tmp_path: Path, postgres_dsn: str, content: bytes, how: signal.Signals
) -> None:
    await cloud_postgres(postgres_dsn)
    async with two_processes(tmp_path, postgres_dsn) as (first, second):
        with slow_web(content) as web:
            image_id = await first.queued()
            second.signal(signal.SIGSTOP)  # so that it is the first one that begins
            await first.ask(image_id, "web-download", web.url, stores=[*STORES])
            await first.appears("waiting", "incoming")
            second.signal(signal.SIGCONT)
            first.signal(how)
            web.go_on.set()
            assert (await second.ended(image_id, 90))["status"] == "success"
            assert web.asked == 2
        await second.is_whole(image_id, content, *STORES)
        if how == signal.SIGSTOP:  # one that wakes up finds that the import is not its own any more
            first.signal(signal.SIGCONT)

            async def noticed() -> bool:
                return "the lease or the database is gone" in first.log

            await until(noticed, "the first process gives the import up", 30)
            await second.is_whole(image_id, content, *STORES)
