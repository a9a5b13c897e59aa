"""Where a URL of a user's may lead."""

from __future__ import annotations

import socket

import pytest

from cumulet.kernel import fetching
from cumulet.kernel.errors import Invalid, Unavailable
from cumulet.kernel.fetching import ANYWHERE, Reach, check, fetch, is_public
from support.web import web_server

PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1"),
    *("255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_the_internets_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"])
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    ("reach", "url", "allowed"),
    [
        (Reach(), "http://example.org/i", True),
        (Reach(), "https://example.org:443/i", True),
        (Reach(), "http://example.org:8080/i", False),
        (Reach(ports=(8080,)), "http://example.org:8080/i", True),
        (Reach(ports=(), refused_ports=(22,)), "http://example.org:22/", False),
        (Reach(ports=(), refused_ports=(22,)), "http://example.org:23/", True),
        (Reach(schemes=("https",)), "http://example.org/", False),
        (Reach(schemes=(), refused_schemes=("http",)), "https://example.org/", True),
        (Reach(hosts=("good.example.org",)), "http://good.example.org/", True),
        (Reach(hosts=("good.example.org",)), "http://GOOD.example.org/", True),
        (Reach(hosts=("good.example.org",), refused_hosts=("good.example.org",)), "http://good.example.org/", True),
        (Reach(hosts=("good.example.org",)), "http://good.example.org.evil/", False),
        (Reach(hosts=("good.example.org",)), "http://good.example.org@evil.example/", False),
        (Reach(refused_hosts=("evil.example",)), "http://evil.example/", False),
        (ANYWHERE, "http://[::1/", False),
        (ANYWHERE, "http://example.org:99999/", False),
        (ANYWHERE, "gopher://example.org/", False),
        (ANYWHERE, "", False),
    ],
)
def test_a_url_is_held_against_the_lists(reach, url, allowed):
    if allowed:
        assert check(url, reach).url == url
    else:
        with pytest.raises(Invalid):
            check(url, reach)


def test_every_address_of_a_host_must_be_allowed(monkeypatch):
    """A name with a public and a private address would reach the private one now and then."""

    def answer(*arguments, **more):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.216.34", "127.0.0.1")]

    monkeypatch.setattr(fetching.socket, "getaddrinfo", answer)
    with pytest.raises(Invalid, match="not public"), fetch("http://both.example.org/", Reach()):
        pass


def test_the_address_that_was_checked_is_the_one_that_is_used(monkeypatch):
    """A name that is public when it is asked first and private when it is asked again is asked once."""
    asked = []

    def answer(host, port, *arguments, **more):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with web_server() as web:
        url = web.put("/", b"here").replace("127.0.0.1", "rebinding.example.org")
        monkeypatch.setattr(fetching.socket, "getaddrinfo", answer)
        with fetch(url, ANYWHERE) as found:
            assert b"".join(found.blocks) == b"here"
    assert asked.count("rebinding.example.org") == 1
    assert web.asked[0][2]["Host"] == f"rebinding.example.org:{web.port}"


def test_a_redirect_is_checked_and_gets_no_token(monkeypatch):
    with web_server() as first, web_server() as second:
        there = second.put("/there", b"x")
        url = first.put("/here", status=307, headers={"Location": there})
        with fetch(url, ANYWHERE, {"X-Auth-Token": "secret"}) as found:
            assert b"".join(found.blocks) == b"x"
        assert first.asked[0][2]["X-Auth-Token"] == "secret"
        assert "X-Auth-Token" not in second.asked[0][2]
        with pytest.raises(Invalid), fetch(url, Reach(ports=(first.port,), private=True)):
            pass


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://127.0.0.1:{port}/", "http://nowhere.invalid/"])
def test_a_server_that_cannot_be_reached_is_unavailable(url):
    with web_server() as web:
        with pytest.raises(Unavailable), fetch(url.format(port=web.port), ANYWHERE):
            pass
