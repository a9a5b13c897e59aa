"""Identity providers and service providers, and who of the users here is who there."""

from __future__ import annotations

from urllib.parse import unquote

from ....kernel.db import values
from ...model import FederatedUser, IdentityProvider, Mapping, Protocol, ServiceProvider
from ...store.keystone.source import Row, Source
from .rows import grouped, instant, json


def identity_providers(source: Source) -> list[Row]:
    """Every identity provider, with the names by which its assertions know it."""
    remote = grouped(source["idp_remote_ids"], "idp_id", "remote_id")
    names = ("id", "domain_id", "description", "authorization_ttl")
    return [
        values(
            IdentityProvider(
                **{name: row[name] for name in names}, enabled=bool(row["enabled"]), remote_ids=sorted(remote[row["id"]])
            )
        )
        for row in source["identity_provider"]
    ]


def mappings(source: Source) -> list[Row]:
    """Every set of rules."""
    return [values(Mapping(row["id"], json(row, "rules", "mapping"), row["schema_version"])) for row in source["mapping"]]


def protocols(source: Source) -> list[Row]:
    """Every protocol of an identity provider."""
    names = ("idp_id", "id", "mapping_id", "remote_id_attribute")
    return [values(Protocol(**{name: row[name] for name in names})) for row in source["federation_protocol"]]


def service_providers(source: Source) -> list[Row]:
    """Every service provider."""
    names = ("id", "description", "auth_url", "sp_url", "relay_state_prefix")
    return [
        values(ServiceProvider(**{name: row[name] for name in names}, enabled=bool(row["enabled"])))
        for row in source["service_provider"]
    ]


def users(source: Source) -> list[Row]:
    """Who is who at which identity provider. Whoever is nothing but that was made by a log-in."""
    named = {row["user_id"] for table in ("local_user", "nonlocal_user") for row in source[table]}
    return [
        values(FederatedUser(row["idp_id"], row["protocol_id"], row["unique_id"], row["user_id"], row["user_id"] not in named))
        for row in source["federated_user"]
    ]


def names(source: Source) -> dict[str, str]:
    """The names of those whom only identity providers know, by id. A name that another has in the domain gives way to the id."""
    homes = {row["id"]: row["domain_id"] for row in source["user"]}
    named = {row["user_id"]: row["name"] for table in ("nonlocal_user", "local_user") for row in source[table]}
    taken = {(homes.get(user_id), name) for user_id, name in named.items()}
    found: dict[str, str] = {}
    for row in source["federated_user"]:
        user_id, name = row["user_id"], row["display_name"] or unquote(row["unique_id"])
        if user_id in named or user_id in found:
            continue
        found[user_id] = user_id if (homes.get(user_id), name) in taken else name
        taken.add((homes.get(user_id), name))
    return found


def memberships(source: Source) -> list[Row]:
    """The groups in which somebody is for as long as an identity provider goes on saying so."""
    names = ("user_id", "idp_id", "group_id")
    return [
        {**{name: row[name] for name in names}, "verified_at": instant(None, row["last_verified"]) or 0.0}
        for row in source["expiring_user_group_membership"]
    ]
