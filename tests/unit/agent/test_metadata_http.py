"""The HTTP side of the metadata service, on loopback: guests are not trusted."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from cumulet.agent.ovs.metadata_http import MetadataServer
from cumulet.contract.reports import MetadataAnswer, MetadataQuery


class Known:
    """Answers guests, and remembers what they asked."""

    def __init__(self) -> None:
        self.queries: list[MetadataQuery] = []
        self.port = 0

    async def answer(self, query: MetadataQuery) -> MetadataAnswer:
        """Tell them the path; `/broken` breaks."""
        self.queries.append(query)
        if query.path == "/broken":
            raise RuntimeError("a secret")
        return MetadataAnswer(200, b"fine", "text/x-test")

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """The head and the body of the answer to raw bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        return head, body


@pytest.fixture
async def known() -> AsyncIterator[Known]:
    asked = Known()
    listening = socket.create_server(("127.0.0.1", 0))
    asked.port = listening.getsockname()[1]
    server = await MetadataServer.start("the network", listening, asked.answer)
    yield asked
    await server.close()


async def test_a_request_is_passed_on_with_network_and_address(known: Known) -> None:
    head, body = await known.ask(b"GET /latest/user-data?x=1 HTTP/1.1\r\nHost: a\r\nAccept: b\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Type: text/x-test\r\nContent-Length: 4\r\n" in head
    assert body == b"fine"
    expected = MetadataQuery("the network", "127.0.0.1", "/latest/user-data", "GET", {"host": "a", "accept": "b"})
    assert known.queries == [expected]


async def test_a_guest_cannot_say_that_it_is_another(known: Known) -> None:
    names = ("X-Forwarded-For", "x-instance-id", "X-INSTANCE-ID-SIGNATURE", "X-Tenant-ID")
    forged = "".join(f"{name}: 10.0.0.1\r\n" for name in names).encode()
    await known.ask(b"GET / HTTP/1.1\r\n" + forged + b"\r\n")
    assert known.queries[0].headers == {}


async def test_head_has_the_length_but_no_body(known: Known) -> None:
    head, body = await known.ask(b"HEAD / HTTP/1.1\r\n\r\n")
    assert b"Content-Length: 4" in head
    assert body == b""


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"rubbish\r\n\r\n", b"400"),
        (b"GET " + b"/a" * 9000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 9000 + b"\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70000, b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"2000\r\n" + b"x" * 8192 + b"\r\n", b"413"),
    ],
    ids=["no HTTP", "long target", "many headers", "large body", "large chunked body"],
)
async def test_what_is_too_large_or_wrong_is_refused_without_asking_anybody(
    known: Known, request_bytes: bytes, status: bytes
) -> None:
    tail = b"2000\r\n" + b"x" * 8192 + b"\r\n"
    more = tail * 8 if b"chunked" in request_bytes else b""
    head, _ = await known.ask(request_bytes + more)
    assert head.split()[1] == status
    assert known.queries == []


async def test_what_a_guest_posts_is_passed_on(known: Known) -> None:
    await known.ask(b"POST /openstack/latest/password HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nsecret")
    assert [(q.method, q.path, q.body) for q in known.queries] == [("POST", "/openstack/latest/password", b"secret")]


async def test_a_failure_behind_tells_the_guest_nothing_but_to_try_again(known: Known) -> None:
    head, body = await known.ask(b"GET /broken HTTP/1.1\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503")
    assert body == b"try again\n"


async def test_a_guest_that_stops_in_the_middle_disturbs_nobody(known: Known) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", known.port)
    writer.write(b"GET / HT")
    assert (await known.ask(b"GET / HTTP/1.1\r\n\r\n"))[1] == b"fine"
    writer.close()


async def test_connections_beyond_the_limit_are_cut_off_and_served_again_later(known: Known) -> None:
    request = b"GET / HTTP/1.1\r\n\r\n"
    idle = [await asyncio.open_connection("127.0.0.1", known.port) for _ in range(64)]
    with contextlib.suppress(ConnectionResetError):
        assert await known.ask(request) == (b"", b"")
    assert known.queries == []
    for reader, writer in idle:
        writer.write(request)
        await reader.read()
        writer.close()
        await writer.wait_closed()
    assert len(known.queries) == 64
