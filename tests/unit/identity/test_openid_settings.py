"""What the configuration may say of identity providers."""

from __future__ import annotations

import sys

import pytest

from cumulet.app.config import load
from cumulet.identity.openid.provider import Provider
from cumulet.identity.openid.settings import Federation, OpenId, is_safe
from cumulet.kernel.clock import SystemClock


@pytest.mark.parametrize(
    ("federation", "words"),
    [
        ({"openid": {"acme": {"issuer": "http://idp.test", "client_id": "c"}}}, "https"),
        ({"openid": {"acme": {"issuer": "ftp://idp.test", "client_id": "c"}}}, "https"),
        ({"openid": {"acme": {"issuer": "https://idp.test"}}}, "audiences"),
        ({"openid": {"acme": {"issuer": "https://idp.test", "audiences": ["c"], "introspect": True}}}, "client_id"),
        ({"openid": {"acme": {"issuer": "https://idp.test", "client_id": "c", "algorithms": ["none"]}}}, "none"),
        ({"openid": {"acme": {"issuer": "https://idp.test", "client_id": "c", "algorithms": ["HS256"]}}}, "HS256"),
        ({"openid": {"acme": {"issuer": "https://idp.test", "client_id": "c", "isuer": "x"}}}, "isuer"),
        ({"proxies": ["192.0.2.1"]}, "proxy_secret"),
        ({"proxy_secret": "short"}, "16"),
        ({"proxy_secret": "long enough to be one", "proxies": ["everywhere"]}, "everywhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_settings_that_would_let_strangers_in_stop_the_start(federation, words):
    with pytest.raises(ValueError) as refused:
        load(None, {}, federation=federation)
    assert words in str(refused.value)


def test_good_settings_are_read_from_a_file(tmp_path):
    path = tmp_path / "cloud.toml"
    lines = [
        "[federation]",
        'trusted_dashboards = ["https://h"]',
        "[federation.openid.a]",
        'issuer = "https://i"',
        'client_id = "c"',
    ]
    path.write_text("\n".join(lines))
    found = load(path, {}).federation
    assert found.trusted_dashboards == ["https://h"]
    assert found.openid["a"].accepted == ["c"]
    assert "ES256" in found.openid["a"].algorithms
    assert Federation().openid == {}


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://idp.test/x", True),
        ("http://127.0.0.1:80", True),
        ("http://[::1]/", True),
        ("http://localhost/x", True),
        ("http://127.0.0.1.evil.test", False),
        ("http://localhost.evil.test", False),
        ("http://idp.test", False),
        ("https://", False),
        ("file:///etc/passwd", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_what_is_asked_cannot_be_read_on_the_way(url, safe):
    assert is_safe(url) is safe


def test_without_its_library_the_start_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(ValueError, match=r"cumulet\[federation\]"):
        Provider(OpenId("https://idp.test", "c"), SystemClock())
