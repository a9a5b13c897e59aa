"""A certified OpenID Connect provider in front, unmodified keystoneauth behind: every way of logging in that its plugins know.

The provider is node-oidc-provider, installed by `scripts/openid_provider.sh`; `openid/provider.mjs` names its clients and users.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import pytest_asyncio
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3
from keystoneauth1.identity.v3 import oidc

from support.browser import Browser
from support.real_cloud import RealCloud
from support.tiny_guest import free_port

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

FOLDER = Path(sys.executable).parents[1] / "openid-provider"
CLI = {"client_id": "cli", "client_secret": "the programs secret"}
DASHBOARD = "http://127.0.0.1:1/auth/websso/"
RULES = [
    {
        "local": [{"user": {"name": "{0}", "email": "{1}"}}, {"groups": "{2}", "domain": {"id": "default"}}],
        "remote": [{"type": "OIDC-preferred_username"}, {"type": "OIDC-email"}, {"type": "OIDC-groups"}],
    },
    {
        "local": [{"user": {"name": "program {0}"}}, {"groups": "{1}", "domain": {"id": "default"}}],
        "remote": [
            {"type": "OIDC-preferred_username", "any_one_of": ["cli"]},
            {"type": "OIDC-client_id"},
            {"type": "OIDC-groups"},
        ],
    },
]


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """Of the cloud and of the provider."""
    return {name: free_port(socket.SOCK_STREAM) for name in ("cloud", "provider")}


@pytest.fixture(scope="module")
def issuer(ports: dict[str, int]) -> Iterator[str]:
    """The provider, serving."""
    if not (FOLDER / "installed").exists():
        pytest.skip("the provider is not installed: scripts/openid_provider.sh VENV/bin VENV/openid-provider")
    source = (Path(__file__).parent / "openid" / "provider.mjs").read_text()
    (FOLDER / "provider.mjs").write_text(source)
    callback = f"http://127.0.0.1:{ports['cloud']}/identity/v3/auth/OS-FEDERATION/openid/callback"
    argv = [str(FOLDER / "node"), "provider.mjs", str(ports["provider"]), callback]
    child = subprocess.Popen(argv, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{ports['provider']}"
    finally:
        child.kill()
        child.wait()


def _settings(issuer: str) -> str:
    own = {"issuer": issuer, "client_id": "cloud", "client_secret": "the clouds own secret", "audiences": ["cloud"]}
    providers = {"acme": own, "asked": {**own, "introspect": True, "audiences": ["cli"]}}
    lines = ["[federation]", f'trusted_dashboards = ["{DASHBOARD}"]']
    for name, settings in providers.items():
        lines += [f"[federation.openid.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
    return "\n".join(lines)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(ports: dict[str, int], issuer: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealCloud]:
    """A cloud that knows the provider; its group `devs` is member of a project `theirs`."""
    folder = tmp_path_factory.mktemp("openid")
    made = RealCloud(folder / "state", port=ports["cloud"], fake=True)
    made.file = folder / "cloud.toml"
    made.file.write_text(_settings(issuer))
    await made.up()
    try:
        await _register(made.admin, issuer)
        yield made
    finally:
        await made.must("down")


async def _register(admin: Any, issuer: str) -> None:
    base = "/identity/v3/OS-FEDERATION"
    await admin.call("PUT", f"{base}/mappings/m", {"mapping": {"rules": RULES}})
    for name in ("acme", "asked"):
        remote_ids = [issuer] if name == "acme" else []
        provider = {"identity_provider": {"enabled": True, "remote_ids": remote_ids}}
        await admin.call("PUT", f"{base}/identity_providers/{name}", provider)
        await admin.call("PUT", f"{base}/identity_providers/{name}/protocols/openid", {"protocol": {"mapping_id": "m"}})
    group = (await admin.call("POST", "/identity/v3/groups", {"group": {"name": "devs"}}))["group"]["id"]
    project = (await admin.call("POST", "/identity/v3/projects", {"project": {"name": "theirs"}}))["project"]["id"]
    [member] = (await admin.get("/identity/v3/roles?name=member"))["roles"]
    await admin.call("PUT", f"/identity/v3/projects/{project}/groups/{group}/roles/{member['id']}")


def _common(cloud: RealCloud, issuer: str, idp: str = "acme", scope: str = "openid profile email") -> dict[str, Any]:
    return {
        "auth_url": f"{cloud.config.url}/identity/v3",
        "identity_provider": idp,
        "protocol": "openid",
        "discovery_endpoint": f"{issuer}/.well-known/openid-configuration",
        "project_name": "theirs",
        "project_domain_id": "default",
        "scope": scope,
    }


async def logged_in(plugin: Any) -> Any:
    """What keystoneauth knows of the scoped token that a plugin got; it was used once."""

    def work() -> Any:
        ask = session.Session(auth=plugin)
        found = plugin.get_access(ask)
        assert ask.get("/v3/auth/projects", endpoint_filter={"service_type": "identity"}).status_code == 200
        return found

    return await asyncio.to_thread(work)


def check(found: Any, name: str = "Ann") -> None:
    """A member of the project, from elsewhere."""
    assert (found.username, found.project_name) == (name, "theirs")
    assert "member" in found.role_names
    assert found.is_federated


async def enter(browser: Browser, page: Any, user: str = "ann") -> Any:
    """Log in at the provider and agree to everything."""
    page = await browser.submit(page, login=user, password="any")
    while page.status_code == 200 and "/interaction/" in str(page.url):
        page = await browser.submit(page)
    return page


async def test_v3oidcpassword(cloud, issuer):
    plugin = v3.OidcPassword(**_common(cloud, issuer), **CLI, username="ann", password="the password of ann")
    check(await logged_in(plugin))


async def test_v3oidcpassword_with_a_token_that_only_the_provider_can_read(cloud, issuer):
    common = _common(cloud, issuer, "asked", "openid opaque")
    plugin = v3.OidcPassword(**common, **CLI, username="ann", password="the password of ann")
    check(await logged_in(plugin))


async def test_a_wrong_password_at_the_provider_is_no_log_in(cloud, issuer):
    plugin = v3.OidcPassword(**_common(cloud, issuer), **CLI, username="ann", password="wrong")
    with pytest.raises(exceptions.ClientException):
        await logged_in(plugin)


async def test_v3oidcclientcredentials(cloud, issuer):
    check(await logged_in(v3.OidcClientCredentials(**_common(cloud, issuer, scope="openid"), **CLI)), "program cli")


async def access_token(issuer: str, scope: str = "openid profile email") -> str:
    browser = Browser()
    try:
        form = {"grant_type": "password", "username": "ann", "password": "the password of ann", "scope": scope, **CLI}
        return str((await browser.go(f"{issuer}/token", form)).json()["access_token"])
    finally:
        await browser.close()


async def test_v3oidcaccesstoken(cloud, issuer):
    common = {name: value for name, value in _common(cloud, issuer).items() if name not in ("discovery_endpoint", "scope")}
    token = await access_token(issuer)
    check(await logged_in(v3.OidcAccessToken(**common, access_token=token)))
    head, body, signature = token.split(".")
    forged = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged["preferred_username"] = "admin"
    body = base64.urlsafe_b64encode(json.dumps(forged).encode()).rstrip(b"=").decode()
    for wrong in (f"{head}.{body}.{signature}", token[:-8], await access_token(issuer, "openid opaque")):
        with pytest.raises(exceptions.Unauthorized):
            await logged_in(v3.OidcAccessToken(**common, access_token=wrong))


async def test_v3oidcauthcode(cloud, issuer):
    browser, back = Browser(stop="http://localhost:8989/"), "http://localhost:8989/callback"
    asked = {"client_id": "cli", "response_type": "code", "redirect_uri": back, "scope": "openid profile email"}
    page = await enter(browser, await browser.go(f"{issuer}/auth?{urlencode(asked)}"))
    code = parse_qs(urlsplit(page.headers["Location"]).query)["code"][0]
    await browser.close()
    plugin = v3.OidcAuthorizationCode(**_common(cloud, issuer), **CLI, redirect_uri=back, code=code)
    check(await logged_in(plugin))


async def test_v3oidcdeviceauthz(cloud, issuer):
    plugin = oidc.OidcDeviceAuthorization(**_common(cloud, issuer), **CLI)
    waiting = asyncio.create_task(logged_in(plugin))
    async with asyncio.timeout(20):
        while not getattr(plugin, "verification_uri_complete", None):  # noqa: ASYNC110 (the plugin offers nothing to wait for)
            await asyncio.sleep(0.05)
    browser = Browser()
    page = await browser.submit(await browser.go(plugin.verification_uri_complete))
    if "/interaction/" not in str(page.url):
        page = await browser.submit(page)
    page = await enter(browser, page)
    await browser.close()
    check(await waiting)


async def test_a_browser_logs_in_for_a_dashboard(cloud, issuer):
    browser = Browser()
    sso = f"{cloud.config.url}/identity/v3/auth/OS-FEDERATION/websso/openid?{urlencode({'origin': DASHBOARD})}"
    refused = await browser.go(sso)
    assert (refused.status_code, "name one of them" in refused.text) == (401, True)
    path = "identity_providers/acme/protocols/openid/websso"
    page = await browser.go(f"{cloud.config.url}/identity/v3/auth/OS-FEDERATION/{path}?{urlencode({'origin': DASHBOARD})}")
    page = await enter(browser, page, "bob")
    await browser.close()
    assert page.status_code == 200, page.text
    assert f'action="{DASHBOARD}"' in page.text
    [token] = re.findall(r'name="token" value="([^"]+)"', page.text)
    plugin = v3.Token(f"{cloud.config.url}/identity/v3", token, unscoped=True)
    found = await asyncio.to_thread(lambda: plugin.get_access(session.Session()))
    assert (found.username, found.is_federated) == ("Bob", True)


async def test_the_users_are_there_afterwards_under_ids_that_can_be_known_beforehand(cloud):
    provider = (await cloud.admin.get("/identity/v3/OS-FEDERATION/identity_providers/acme"))["identity_provider"]
    known = hashlib.sha256(f"{provider['domain_id']}userAnn".encode()).hexdigest()
    user = (await cloud.admin.get(f"/identity/v3/users/{known}"))["user"]
    assert (user["name"], user["email"]) == ("Ann", "ann@idp.test")
