"""Reading from web servers that users name, without letting them reach what only we can reach.

A user's URL is followed from inside the cloud, so it must not lead to the cloud's own services (CWE-918). Each URL, redirects
included, is held against the lists of schemes, hosts and ports; its host is resolved once, every address is checked, and the
connection is made to the address that was checked, whatever the name resolves to later. Proxies of the environment are not used.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from msgspec import Struct

from .errors import Invalid, Unavailable

PATIENCE = 60.0
"""Seconds without a byte after which a server is given up."""

_REDIRECTS = 5
_BLOCK = 1 << 20
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Reach(Struct, frozen=True, forbid_unknown_fields=True):
    """Where URLs may lead. Of each pair of lists the first one counts, if it is not empty.

    `private`: also to addresses that are not public: loopback, link-local, private networks.
    """

    schemes: tuple[str, ...] = ("http", "https")
    refused_schemes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    refused_hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = (80, 443)
    refused_ports: tuple[int, ...] = ()
    private: bool = False


ANY_PORT = Reach(ports=())
ANYWHERE = Reach(ports=(), private=True)
"""For addresses that an operator wrote down, such as those of the catalog."""


class Target(NamedTuple):
    """A URL that was checked."""

    url: str
    parts: SplitResult
    host: str
    port: int


class Answer(Struct):
    """What a server sends: `size` bytes, if it said how many; `blocks` raises Unavailable if they end early."""

    status: int
    size: int | None
    blocks: Iterator[bytes]


def check(url: str, reach: Reach) -> Target:
    """A URL that may be followed, as far as that can be said without asking for addresses. Raises Invalid."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        host = (parts.hostname or "").encode("idna").decode() if not _is_address(parts.hostname) else parts.hostname or ""
    except (ValueError, UnicodeError):
        raise Invalid(f"Invalid URI {url!r}: it cannot be read.") from None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise Invalid(f"Invalid URI {url!r}: http://host/path or https://host/path is needed.")
    if parts.username is not None or parts.password is not None:
        raise Invalid("Invalid URI: it must not hold a user's name or password.")
    asked = ((parts.scheme, reach.schemes, reach.refused_schemes), (host, reach.hosts, reach.refused_hosts))
    for value, allowed, refused in (*asked, (port, reach.ports, reach.refused_ports)):
        if (allowed and value not in allowed) or (not allowed and value in refused):
            raise Invalid(f"URI {url!r} is not allowed: {value} is not among the schemes, hosts and ports that images come from.")
    return Target(url, parts, host, port)


def _is_address(host: str | None) -> bool:
    try:
        ipaddress.ip_address(host or "")
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Whether an IP address is one of the whole Internet, also when an IPv4 address is wrapped into an IPv6 one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def _addresses(target: Target, reach: Reach) -> list[str]:
    """Where the host is. Raises Invalid if it is, also, where URLs may not lead; Unavailable if it is nowhere."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as problem:
        raise Unavailable(f"The host {target.host} cannot be found.", internal=str(problem)) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not reach.private and not all(map(is_public, addresses)):
        raise Invalid(f"URI {target.url!r} is not allowed: {target.host} has an address that is not public.")
    return addresses


def _connect(target: Target, reach: Reach) -> http.client.HTTPConnection:
    """A connection to an address that was checked. Raises Invalid, Unavailable."""
    failed: list[str] = []
    for address in _addresses(target, reach):
        try:
            sock = socket.create_connection((address, target.port), PATIENCE)
        except OSError as problem:
            failed.append(str(problem))
            continue
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = _secured(sock, target.host) if target.parts.scheme == "https" else sock
        return connection
    raise Unavailable(f"The host {target.host} does not answer.", internal="; ".join(failed))


def _secured(sock: socket.socket, host: str) -> ssl.SSLSocket:
    try:
        return ssl.create_default_context().wrap_socket(sock, server_hostname=host)
    except OSError as problem:
        sock.close()
        raise Unavailable(f"The host {host} cannot prove who it is.", internal=str(problem)) from None


@contextlib.contextmanager
def fetch(url: str, reach: Reach, headers: dict[str, str] | None = None, method: str = "GET") -> Iterator[Answer]:
    """Ask for a URL and follow redirects. Blocks. Raises Invalid (not allowed, or refused by the server), Unavailable.

    `headers` go to the first host only: a token is nothing for where that redirects to.
    """
    target, sent = check(url, reach), dict(headers or {})
    for _ in range(_REDIRECTS + 1):
        connection = _connect(target, reach)
        try:
            answer = _ask(connection, target, method, sent)
            if answer.status not in (301, 302, 303, 307, 308):
                yield _judged(answer, target)
                return
            there = check(urljoin(target.url, answer.getheader("Location") or ""), reach)
        finally:
            connection.close()
        if (there.parts.scheme, there.host, there.port) != (target.parts.scheme, target.host, target.port):
            sent = {name: value for name, value in sent.items() if name == "Range"}
        target = there
    raise Unavailable(f"The server redirects more than {_REDIRECTS} times.")


def _ask(connection: http.client.HTTPConnection, target: Target, method: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    path = (target.parts.path or "/") + (f"?{target.parts.query}" if target.parts.query else "")
    try:
        connection.request(method, path, headers={"Accept-Encoding": "identity", "User-Agent": "cumulet", **headers})
        return connection.getresponse()
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise Unavailable(f"The host {target.host} does not answer as a web server does.", internal=str(problem)) from None


def _judged(answer: http.client.HTTPResponse, target: Target) -> Answer:
    if answer.status >= 500:
        raise Unavailable(f"The server at {target.host} answers {answer.status} {answer.reason}.")
    if answer.status not in (200, 206):
        raise Invalid(f"The server at {target.host} answers {answer.status} {answer.reason}.")
    text = answer.getheader("Content-Length") or ""
    size = int(text) if text.isdigit() else None
    return Answer(answer.status, size, _blocks(answer, target.host, size))


def _blocks(answer: http.client.HTTPResponse, host: str, size: int | None) -> Iterator[bytes]:
    received = 0
    try:
        while block := answer.read(_BLOCK):
            received += len(block)
            yield block
    except (OSError, http.client.HTTPException) as problem:
        raise Unavailable(f"The server at {host} stopped sending after {received} bytes.", internal=str(problem)) from None
    if size is not None and received != size:
        raise Unavailable(f"The server at {host} stopped sending after {received} of {size} bytes.")
