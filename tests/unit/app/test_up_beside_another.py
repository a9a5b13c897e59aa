"""`cumulet up` where something answers already."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from typer.testing import CliRunner

from cumulet.app.cli import app


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Where something answers as a cloud does."""
    with HTTPServer(("127.0.0.1", 0), _Answering) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_cloud_in_the_foreground_is_told_apart(tmp_path, port):
    for user in ("admin", "demo"):
        (tmp_path / f"{user}-password").write_text("x")
    found = CliRunner().invoke(app, ["up", "--fake", "--state", str(tmp_path)], env={"CUMULET_PORT": str(port)})
    assert found.exit_code == 0
    assert "in the foreground" in found.output


def test_somebody_elses_cloud_is_not_taken_for_ours(tmp_path, port):
    found = CliRunner().invoke(app, ["up", "--fake", "--state", str(tmp_path)], env={"CUMULET_PORT": str(port)})
    assert found.exit_code == 1
    assert "Another cloud" in found.output
