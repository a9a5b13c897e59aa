"""The routes of OS-OAUTH1 and OS-OAUTH2."""

from __future__ import annotations

from ....kernel.http import PUBLIC, Route
from ..guarded import guarded
from . import consumers, grants, oauth2

CONSUMERS, ACCESS = "/OS-OAUTH1/consumers", "/users/{user_id}/OS-OAUTH1/access_tokens"
CONSUMER, ONE = f"{CONSUMERS}/{{consumer_id}}", f"{ACCESS}/{{access_token_id}}"

ROUTES = [
    guarded("POST", CONSUMERS, consumers.create, "create_consumer", "consumer"),
    guarded("GET", CONSUMERS, consumers.index, "list_consumers"),
    guarded("GET", CONSUMER, consumers.show, "get_consumer"),
    guarded("PATCH", CONSUMER, consumers.update, "update_consumer", "consumer"),
    guarded("DELETE", CONSUMER, consumers.delete, "delete_consumer"),
    Route("POST", "/v3/OS-OAUTH1/request_token", grants.ask, PUBLIC),
    guarded("PUT", "/OS-OAUTH1/authorize/{request_token_id}", grants.authorize, "authorize_request_token"),
    Route("POST", "/v3/OS-OAUTH1/access_token", grants.exchange, PUBLIC),
    guarded("GET", ACCESS, grants.index, "list_access_tokens"),
    guarded("GET", ONE, grants.show, "get_access_token"),
    guarded("DELETE", ONE, grants.revoke, "delete_access_token"),
    guarded("GET", f"{ONE}/roles", grants.roles, "list_access_token_roles"),
    guarded("GET", f"{ONE}/roles/{{role_id}}", grants.role, "get_access_token_role"),
    Route("POST", "/v3/OS-OAUTH2/token", oauth2.token, PUBLIC, tx="none"),
]
