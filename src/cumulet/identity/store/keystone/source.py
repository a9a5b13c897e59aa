"""Reads every table of a Keystone database (MySQL, MariaDB, PostgreSQL or SQLite), as of one moment, and changes nothing."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

Row = dict[str, Any]
Source = dict[str, list[Row]]
"""The rows of each table, by its name."""

NEEDED = {
    "access_rule": "id external_id user_id service path method",
    "application_credential": "internal_id id name secret_hash description user_id project_id expires_at system unrestricted",
    "application_credential_access_rule": "application_credential_id access_rule_id",
    "application_credential_role": "application_credential_id role_id",
    "assignment": "type actor_id target_id role_id inherited",
    "credential": "id user_id project_id type extra encrypted_blob",
    "endpoint": "id interface service_id url extra enabled region_id",
    "endpoint_group": "id name description filters",
    "expiring_user_group_membership": "user_id group_id idp_id last_verified",
    "federated_user": "user_id idp_id protocol_id unique_id display_name",
    "federation_protocol": "id idp_id mapping_id remote_id_attribute",
    "group": "id domain_id name description extra",
    "id_mapping": "public_id domain_id local_id entity_type",
    "identity_provider": "id enabled description domain_id authorization_ttl",
    "idp_remote_ids": "idp_id remote_id",
    "implied_role": "prior_role_id implied_role_id",
    "limit": "id project_id domain_id resource_limit description registered_limit_id",
    "local_user": "id user_id domain_id name failed_auth_count failed_auth_at",
    "mapping": "id rules schema_version",
    "nonlocal_user": "domain_id name user_id",
    "password": "local_user_id expires_at self_service password_hash created_at_int expires_at_int",
    "policy": "id type blob extra",
    "policy_association": "policy_id endpoint_id service_id region_id",
    "project": "id name extra description enabled domain_id parent_id is_domain",
    "project_endpoint": "endpoint_id project_id",
    "project_endpoint_group": "endpoint_group_id project_id",
    "project_option": "project_id option_id option_value",
    "project_tag": "project_id name",
    "region": "id description parent_region_id extra",
    "registered_limit": "id service_id region_id resource_name default_limit description",
    "role": "id name extra domain_id description",
    "role_option": "role_id option_id option_value",
    "sensitive_config": "domain_id group option value",
    "service": "id type enabled extra",
    "service_provider": "id auth_url enabled description sp_url relay_state_prefix",
    "system_assignment": "type actor_id target_id role_id inherited",
    "trust": "id trustor_user_id trustee_user_id project_id impersonation deleted_at expires_at remaining_uses extra "
    "expires_at_int redelegated_trust_id redelegation_count",
    "trust_role": "trust_id role_id",
    "user": "id extra enabled default_project_id domain_id",
    "user_group_membership": "user_id group_id",
    "user_option": "user_id option_id option_value",
    "whitelisted_config": "domain_id group option value",
}
"""What is read from: every Keystone since Ussuri (2020) has these tables and columns."""


class NotReadable(ValueError):
    """The database cannot be used: there is none, it is not Keystone's, or it is too old. The message says which and what to do."""


async def read(address: str) -> Source:
    """Every table of the database at an SQLAlchemy URL. Raises NotReadable."""
    try:
        url = make_url(address)
    except ArgumentError:
        raise NotReadable("--database: a URL is expected, such as mysql://user:password@host/keystone.") from None
    try:
        found = await _read_postgres(url) if _kind(url) == "postgresql" else await asyncio.to_thread(_read_other, url)
    except (SQLAlchemyError, OSError) as problem:
        reason = getattr(problem, "orig", None) or problem
        raise NotReadable(f"{url.render_as_string(hide_password=True)} cannot be read: {reason}") from None
    _check(found, url)
    return found


def _kind(url: URL) -> str:
    """The database's kind; which driver an operator's Keystone used does not matter."""
    kind = url.get_backend_name()
    if kind not in ("sqlite", "mysql", "mariadb", "postgresql"):
        raise NotReadable(f"--database: {kind} is none of sqlite, mysql and postgresql.")
    return kind


async def _read_postgres(url: URL) -> Source:
    if importlib.util.find_spec("asyncpg") is None:
        raise NotReadable("PostgreSQL is read with asyncpg: install cumulet[postgres].")
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url.set(drivername="postgresql+asyncpg"), isolation_level="REPEATABLE READ")
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_tables)
    finally:
        await engine.dispose()


def _read_other(url: URL) -> Source:
    engine = _sqlite(url) if _kind(url) == "sqlite" else _mysql(url)
    try:
        with engine.connect() as connection:
            return _tables(connection)
    finally:
        engine.dispose()


def _sqlite(url: URL) -> sa.Engine:
    path = Path(url.database or "")
    if not path.is_file():
        raise NotReadable(f"--database: there is no file {path}.")
    return sa.create_engine(f"sqlite:///file:{path.absolute()}?mode=ro&uri=true")


def _mysql(url: URL) -> sa.Engine:
    if importlib.util.find_spec("pymysql") is None:
        raise NotReadable("MySQL is read with PyMySQL: install cumulet[mysql].")
    return sa.create_engine(url.set(drivername="mysql+pymysql"), isolation_level="REPEATABLE READ")


def _tables(connection: sa.Connection) -> Source:
    known = sa.MetaData()
    known.reflect(connection)
    return {name: [dict(row._mapping) for row in connection.execute(sa.select(table))] for name, table in known.tables.items()}


def _check(found: Source, url: URL) -> None:
    """An empty table shows no columns, and needs none."""
    for table, columns in NEEDED.items():
        if table not in found:
            raise NotReadable(
                f"{url.render_as_string(hide_password=True)} has no table {table}: it is not Keystone's, or older than Ussuri. "
                "Bring it up to date with keystone-manage db_sync."
            )
        missing = set(columns.split()) - set(found[table][0]) if found[table] else set()
        if missing:
            raise NotReadable(f"Table {table} has no column {min(missing)}: bring it up to date with keystone-manage db_sync.")
