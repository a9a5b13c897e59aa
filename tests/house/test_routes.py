"""Every route of every service is guarded by a rule that exists, and every rule can be read."""

from __future__ import annotations

from cumulet.app import wire
from cumulet.kernel.http import PUBLIC
from cumulet.kernel.policy import Policy


async def test_every_route_has_a_policy_that_exists(cloud):
    readable = {service: Policy(rules).texts for service, rules in wire.RULES.items()}
    unguarded = [
        f"{service.name} {route.method} {route.path}: {route.policy}"
        for service in cloud.cloud.application.services
        for route in service.routes
        if route.policy != PUBLIC and route.policy not in readable[service.name]
    ]
    assert unguarded == []


PUBLIC_PATHS = {
    "identity": {
        "/v3/auth/tokens",
        "/v3/users/{user_id}/password",
        "/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/auth",
        "/v3/auth/OS-FEDERATION/websso/{protocol_id}",
        "/v3/auth/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/websso",
        "/v3/auth/OS-FEDERATION/openid/callback",
        "/v3/OS-OAUTH1/request_token",
        "/v3/OS-OAUTH1/access_token",
        "/v3/OS-OAUTH2/token",
    }
}


async def test_only_version_documents_and_logging_in_need_no_token(cloud):
    for service in cloud.cloud.application.services:
        for route in service.routes:
            if route.policy == PUBLIC:
                is_root = route.path.count("/") <= 1 or route.path.rstrip("/").split("/")[-1] in (
                    "versions",
                    "v2.1",
                    "v2.0",
                    "v3",
                    "v2",
                )
                assert is_root or route.path in PUBLIC_PATHS.get(service.name, ()), f"{service.name} {route.path}"
