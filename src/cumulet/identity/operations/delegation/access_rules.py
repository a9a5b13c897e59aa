"""Access rules: which requests an application credential may make."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from ....kernel import ids
from ....kernel.db import Page, Reader, Tx
from ....kernel.errors import Forbidden, Invalid, NotFound
from ...model import AccessRule
from ...store.delegation import application_credentials
from ..tokens import Authenticated

_OTHER_TYPES = {"volume": {"volumev2", "volumev3", "block-storage", "block-store"}}
"""Service types by which a service is known beside its own name."""
_TOKEN = re.compile(r"(?P<one>\{[^}]*\}|(?<!\*)\*(?!\*))|(?P<any>\*\*)|(?P<text>.)")


class NewRule(Struct, frozen=True):
    """A rule by its id, or by what it says."""

    id: str | None = None
    service: str | None = None
    method: str | None = None
    path: str | None = None


async def kept(tx: Tx, user_id: str, new: NewRule) -> AccessRule:
    """The user's rule that says this; made if there is none. Raises Invalid for an incomplete one, NotFound for an unknown id."""
    if new.id is not None and new.path is None:
        return await get(tx, user_id, new.id)
    if new.service is None or new.method is None or new.path is None:
        raise Invalid("An access rule needs a service, a method and a path, or the id of a rule.")
    rule = AccessRule(ids.new_hex(), user_id, new.service, new.method, new.path)
    known = await application_credentials.same_rule(tx, rule)
    if known is None:
        await application_credentials.add_rule(tx, rule)
    return known or rule


async def get(tx: Reader, user_id: str, rule_id: str) -> AccessRule:
    """One of a user's rules. Raises NotFound, also if it is another user's."""
    found = await application_credentials.find_rule(tx, rule_id)
    if found is None or found.user_id != user_id:
        raise NotFound(f"Could not find Access Rule: {rule_id}.")
    return found


async def page(tx: Reader, user_id: str, wanted: Page) -> list[AccessRule]:
    """A user's rules."""
    return await application_credentials.rule_page(tx, user_id, wanted)


async def delete(tx: Tx, user_id: str, rule_id: str) -> None:
    """Delete a rule. Raises NotFound, and Forbidden while an application credential has it."""
    await get(tx, user_id, rule_id)
    for credential in await application_credentials.page(tx, user_id, Page()):
        if rule_id in (credential.rule_ids or ()):
            raise Forbidden(f"The access rule {rule_id} is used by the application credential {credential.name}.")
    await application_credentials.remove_rule(tx, rule_id)


def check(known: Authenticated, service: str, method: str, path: str) -> None:
    """Raise Forbidden unless the access rules of a token's application credential, if it has any, let a request pass.

    `service` is its name here (`volume`), `path` begins with the version. A rule may name the project after the version or not.
    """
    if known.by.rules is None:
        return
    names = {service, *_OTHER_TYPES.get(service, ())}
    version, _, rest = path.removeprefix("/").partition("/")
    paths = (path, f"/{version}/{known.actor.project_id}/{rest}".rstrip("/"))
    for rule in known.by.rules:
        if rule.service in names and rule.method == method and any(pattern(rule.path).fullmatch(one) for one in paths):
            return
    raise Forbidden("The application credential's access rules do not allow this request.")


@lru_cache(maxsize=1024)
def pattern(path: str) -> re.Pattern[str]:
    """A rule's path: `*` and `{name}` are one segment, `**` any number of them."""
    parts = []
    for found in _TOKEN.finditer(path):
        parts.append("[^/]+" if found["one"] else ".*" if found["any"] else re.escape(found["text"]))
    return re.compile("".join(parts), re.DOTALL)
