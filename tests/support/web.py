"""A web server on the loopback, from which images are downloaded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What is answered for a path. `announced`: the Content-Length that is told, if it is not the true one."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None


class WebServer:
    """`pages` by path. `asked` are the requests so far: method, path, headers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    def put(self, path: str, body: bytes = b"", **fields: object) -> str:
        """Have an answer; its URL."""
        self.pages[path] = Page(body, **fields)  # type: ignore[arg-type]
        return f"http://127.0.0.1:{self.port}{path}"

    def take(self, path: str) -> None:
        """Have no answer any more."""
        del self.pages[path]


def _handler(web: WebServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            web.asked.append((self.command, self.path, dict(self.headers)))
            page = web.pages.get(self.path, Page(status=404))
            body, status, headers = page.body, page.status, dict(page.headers)
            wanted = self.headers.get("Range")
            if wanted and status == 200:
                first, last = wanted.removeprefix("bytes=").split("-")
                body, status = body[int(first) : int(last) + 1], 206
            self.send_response(status)
            headers.setdefault("Content-Length", str(len(body) if page.announced is None else page.announced))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    return Handler


@contextmanager
def web_server() -> Iterator[WebServer]:
    """A running one."""
    web = WebServer(0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(web))
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
