"""What the command line says when it cannot do what it is asked: exactly what is wrong, and what to do."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.real_cloud import RealCloud, Said

pytestmark = pytest.mark.real

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all,+dac_read_search")
NOBODY += ("--ambient-caps=+dac_read_search",)
"""A user that may read everything, so that Python is found wherever it is, and write nothing."""


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[RealCloud]:
    """A cloud that has never been up, with hosts in memory in case it comes up after all."""
    made = RealCloud(tmp_path / "s")
    yield made
    await made.command("down")


def refused(said: Said, *parts: str) -> None:
    """It ended with an error that contains the parts, and told no internals."""
    assert said.status == 1, said.text
    assert "Traceback" not in said.text
    for part in parts:
        assert part in said.text


async def test_without_root_it_says_so_and_offers_the_fake(cloud: RealCloud) -> None:
    refused(await cloud.command("up", prefix=NOBODY), "needs root", "cumulet up --fake")
    assert not cloud.state.exists()


async def test_a_folder_that_cannot_be_written_is_named(cloud: RealCloud) -> None:
    cloud.state.parent.chmod(0o755)
    said = await cloud.command("up", "--fake", prefix=NOBODY)
    refused(said, str(cloud.state), "Permission denied", "--state")


async def test_a_folder_below_a_file_is_named(cloud: RealCloud) -> None:
    cloud.state.write_text("")
    refused(await cloud.command("up"), str(cloud.state), "Not a directory", "--state")
    cloud.state.unlink()


async def test_a_path_too_long_for_sockets_is_named(tmp_path: Path) -> None:
    cloud = RealCloud(tmp_path / ("long" * 30), namespace=f"e2e-{os.getpid()}")
    refused(await cloud.command("up"), "longer than 107 bytes", str(cloud.state))
    await cloud.must("down", "--remove-state")


async def test_a_port_in_use_is_named_with_a_way_out(cloud: RealCloud) -> None:
    with socket.create_server(("127.0.0.1", cloud.config.port)):
        refused(await cloud.command("up", "--fake"), f"127.0.0.1:{cloud.config.port}", "Address already in use", "CUMULET_PORT")
    assert "is up" in await cloud.must("up", "--fake")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"port = [", "Invalid value"),
        (b'colour = "red"', "`colour`"),
        (b'port = "red"', "$.port"),
        (b"port = 99999", "65535"),
        (b'external_gateway = "192.0.2.1"', "is not in external_cidr 172.24.4.0/24"),
        (b"\x90\xff", "decode"),
    ],
)
async def test_a_broken_config_file_is_named_with_what_is_wrong(cloud: RealCloud, tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "c.toml").write_bytes(content)
    del cloud.options["port"]
    refused(await cloud.command("up", "--config", str(tmp_path / "c.toml")), str(tmp_path / "c.toml"), why)
    del cloud.options["namespace"]


async def test_a_config_file_that_is_not_there_is_named(cloud: RealCloud, tmp_path: Path) -> None:
    refused(await cloud.command("up", "--config", str(tmp_path / "none.toml")), str(tmp_path / "none.toml"), "No such file")


async def test_hello_without_a_cloud_says_how_to_start_one(cloud: RealCloud) -> None:
    refused(await cloud.command("hello"), cloud.config.url, "cumulet up")


async def test_hello_to_somebody_elses_cloud_is_refused(cloud: RealCloud, tmp_path: Path) -> None:
    await cloud.must("up", "--fake")
    other = RealCloud(tmp_path / "other", port=cloud.config.port)
    refused(await other.command("hello"), str(tmp_path / "other"), "--state")


async def test_status_and_down_without_a_cloud_say_so(cloud: RealCloud) -> None:
    refused(await cloud.command("status"), "does not answer", f"no cloud in {cloud.state}")
    assert "was down already" in await cloud.must("down")
