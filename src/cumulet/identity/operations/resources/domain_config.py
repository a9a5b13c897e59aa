"""What a domain has configured for itself: where its users come from. Secrets are sealed, and shown to nobody."""

from __future__ import annotations

import logging
from typing import Any

from ....kernel.db import Reader, Tx
from ....kernel.errors import Forbidden, NotFound
from ... import domain_settings
from ...domain_settings import is_secret
from ...keys import KeyRing
from ...model import DEFAULT_DOMAIN
from ...rules import Compliance
from ...store.domains import options as store
from ...store.domains.options import TOPIC, DomainOption
from .. import projects
from ..delegation.credentials import sealed, unsealed

Config = dict[str, Any]

log = logging.getLogger("cumulet.identity")


async def shown(tx: Reader, domain_id: str, group: str | None = None, option: str | None = None) -> Config:
    """A domain's options without secret ones; of one option only that. Raises NotFound, and Forbidden for an unknown name."""
    await projects.get_domain(tx, domain_id)
    domain_settings.check_name(group, option)
    found = _config([each for each in await _chosen(tx, domain_id, group, option) if each.secret is None])
    if not found:
        raise _missing(domain_id, group, option)
    return found[group] if group is not None and option is not None else found


async def _chosen(tx: Reader, domain_id: str, group: str | None, option: str | None) -> list[DomainOption]:
    known = await store.of_domain(tx, domain_id)
    return [each for each in known if group in (None, each.group) and option in (None, each.option)]


def _config(options: list[DomainOption]) -> Config:
    found: Config = {}
    for each in options:
        found.setdefault(each.group, {})[each.option] = each.value
    return found


def _missing(domain_id: str, group: str | None, option: str | None) -> NotFound:
    what = f"option {option} in group {group}" if option else f"group {group}" if group else "any options"
    return NotFound(f"Could not find {what} in domain configuration for domain {domain_id}.")


async def replace(tx: Tx, vault: KeyRing, domain_id: str, config: Config) -> tuple[Config, bool]:
    """Give a domain these options and no others; what is shown of them, and whether it had none. Raises NotFound, Forbidden."""
    await projects.get_domain(tx, domain_id)
    domain_settings.check(config)
    before = await store.of_domain(tx, domain_id)
    for each in before:
        await store.remove(tx, each.id)
    await _put(tx, vault, domain_id, config)
    return _config([each for each in await store.of_domain(tx, domain_id) if each.secret is None]), not before


async def _put(tx: Tx, vault: KeyRing, domain_id: str, config: Config) -> None:
    for group, options in config.items():
        for option, value in options.items():
            key = f"{domain_id}/{group}/{option}"
            secret = sealed(vault, key, str(value)) if is_secret(group, option) else None
            await store.put(tx, DomainOption(key, domain_id, group, option, value if secret is None else None, secret))
    tx.signal("identity", domain_id)
    tx.signal(TOPIC, domain_id)


async def update(tx: Tx, vault: KeyRing, domain_id: str, config: Config, place: tuple[str | None, str | None]) -> Config:
    """Set some options: all of them within `place`, a group and an option, which must be there already. All that is shown then.

    Raises NotFound, and Forbidden for options elsewhere.
    """
    group, option = place
    await projects.get_domain(tx, domain_id)
    wanted = {group: config} if group is not None and option is not None else config
    domain_settings.check(wanted)
    domain_settings.check_name(group, option)
    if group is not None:
        if set(wanted) != {group} or (option is not None and set(wanted[group]) != {option}):
            what = f"option {option} in group {group}" if option else f"group {group}"
            raise Forbidden(f"Invalid domain specific configuration: Trying to update {what}, so only that must be specified.")
        if not await _chosen(tx, domain_id, group, option):
            raise _missing(domain_id, group, option)
    await _put(tx, vault, domain_id, wanted)
    return _config([each for each in await store.of_domain(tx, domain_id) if each.secret is None])


async def delete(tx: Tx, domain_id: str, group: str | None = None, option: str | None = None) -> None:
    """Forget a domain's options, those of a group, or one. Raises NotFound, Forbidden."""
    await projects.get_domain(tx, domain_id)
    domain_settings.check_name(group, option)
    doomed = await _chosen(tx, domain_id, group, option)
    if group is not None and not doomed:
        raise _missing(domain_id, group, option)
    for each in doomed:
        await store.remove(tx, each.id)
    tx.signal("identity", domain_id)
    tx.signal(TOPIC, domain_id)


def compliance(rules: Compliance, domain_id: str, option: str | None) -> Config:
    """What users may know of what passwords must be: of the default domain, for it is the same everywhere. Raises Forbidden."""
    if domain_id != DEFAULT_DOMAIN:
        raise Forbidden("Invalid domain specific configuration: security_compliance is that of the default domain.")
    told = {
        "password_regex": rules.password_pattern or None,
        "password_regex_description": rules.password_pattern_hint or None,
    }
    if option is None:
        return {"security_compliance": told}
    if option not in told:
        raise Forbidden(f"Invalid domain specific configuration: of security_compliance only {' and '.join(told)} can be read.")
    return {option: told[option]}


async def full(tx: Reader, vault: KeyRing, domain_id: str) -> Config:
    """A domain's options with the secret ones in the clear, and these put where a text has `%(password)s`."""
    options = await store.of_domain(tx, domain_id)
    secrets = {each.option: unsealed(vault, each.id, each.secret) for each in options if each.secret is not None}
    found = _config([each for each in options if each.secret is None])
    for group, chosen in found.items():
        found[group] = {option: _filled(value, secrets) for option, value in chosen.items()}
    for each in options:
        if each.secret is not None:
            found.setdefault(each.group, {})[each.option] = secrets[each.option]
    return found


def _filled(value: Any, secrets: dict[str, str]) -> Any:
    try:
        return value % secrets if isinstance(value, str) else value
    except (KeyError, ValueError, TypeError):
        log.warning("a domain's option refers to something that is not there")
        return value
