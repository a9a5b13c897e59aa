"""The catalog as tokens carry it."""

from __future__ import annotations

from typing import Any

from ....kernel.db import Database, Page, Reader
from ...store import catalog
from ...store.federation import service_providers
from .endpoint_groups import endpoints_for

KEPT_MOST = 1_000
_PROJECT_PATTERNS = ("$(project_id)s", "%(project_id)s", "$(tenant_id)s", "%(tenant_id)s")


class Catalog:
    """Kept per project until something in identity changes (the `identity` signal)."""

    def __init__(self, db: Database) -> None:
        self._kept: dict[str, list[dict[str, Any]]] = {}
        self._elsewhere: list[dict[str, Any]] | None = None
        self._generation = 0
        db.subscribe("identity", self._forget)

    def _forget(self, key: str) -> None:
        self._generation += 1
        self._kept.clear()
        self._elsewhere = None

    async def of(self, tx: Reader, project_id: str | None) -> list[dict[str, Any]]:
        """Every enabled service with its enabled endpoints, or only those that are for the project, if some are.

        Without a project, endpoints whose URL needs one are left out.
        """
        kept = self._kept.get(project_id or "")
        if kept is None:
            generation = self._generation
            kept = await _read(tx, project_id)
            if generation == self._generation:
                if len(self._kept) >= KEPT_MOST:
                    self._kept.clear()
                self._kept[project_id or ""] = kept
        return kept

    async def elsewhere(self, tx: Reader) -> list[dict[str, Any]]:
        """Where else this cloud's users are let in: the enabled service providers."""
        if self._elsewhere is None:
            generation = self._generation
            found = await service_providers.page(tx, Page().where("enabled", True))
            listed = [{"id": one.id, "auth_url": one.auth_url, "sp_url": one.sp_url} for one in found]
            self._elsewhere = listed if generation == self._generation else None
            return listed
        return self._elsewhere


async def _read(tx: Reader, project_id: str | None) -> list[dict[str, Any]]:
    chosen = {endpoint.id for endpoint in await endpoints_for(tx, project_id)} if project_id else set()
    found: dict[str, dict[str, Any]] = {}
    for service_id, kind, name, endpoint_id, interface, region_id, url in await tx.all(catalog.ENABLED_ENDPOINTS):
        for pattern in _PROJECT_PATTERNS:
            url = url.replace(pattern, project_id) if project_id else url
        if "(project_id)s" in url or "(tenant_id)s" in url or (chosen and endpoint_id not in chosen):
            continue
        entry = found.setdefault(service_id, {"id": service_id, "type": kind, "name": name, "endpoints": []})
        entry["endpoints"].append(
            {"id": endpoint_id, "interface": interface, "region_id": region_id, "region": region_id, "url": url}
        )
    return list(found.values())
