"""Running one workflow as far as it goes now."""

from __future__ import annotations

import logging
from typing import Any

from msgspec.structs import replace

from ..cause import acting
from ..db import Tx
from ..log import request_context
from .body import Workflow
from .definition import Definition, definition_named
from .journal import Journal
from .problems import Lost, Rebuilt, Released, Suspend, describe

log = logging.getLogger("cumulet.workflow")


async def work(journal: Journal) -> None:
    """Run the workflow until it finishes, is suspended, or is lost. An error of the database leaves it to the lease's end."""
    row = journal.row
    try:
        with request_context(row.request_id), acting(f"workflow {row.name} {row.id}"):
            await _run(journal)
    except Suspend:
        pass
    except Released:
        await journal.release()
    except Lost:
        journal.site.counts["lost"] += 1
        log.warning("workflow %s (%s): given up, the lease or the database is gone", journal.row.id, journal.row.name)
    except Exception:
        log.exception("workflow %s (%s): the engine failed; tried again after the lease", journal.row.id, journal.row.name)


async def _run(journal: Journal) -> None:
    definition, args = await _understood(journal)
    wf = Workflow(journal, rebuilding=journal.failure is not None)
    if journal.failure is None:
        error = await _forward(wf, definition, args)
        if error is None:
            return
        if journal.irrevocable:
            await journal.retry_later(wf.failed_step, error)
        await journal.begin_undo(describe(error, wf.failed_step))
        log.info("workflow %s (%s): undoing: %s", journal.row.id, definition.name, error)
    else:
        await _rebuild(wf, definition, args)
    await journal.unwind(wf.undos)
    await _fail(journal, definition, args)


async def _understood(journal: Journal) -> tuple[Definition, list[Any]]:
    definition = definition_named(journal.row.name)
    if definition is None:
        await journal.retry_later("", LookupError(f"this program has no workflow {journal.row.name}"))
        raise Suspend
    try:
        return definition, definition.decode(journal.row.args)
    except Exception as error:
        await journal.retry_later("", error)
        raise


async def _forward(wf: Workflow, definition: Definition, args: list[Any]) -> Exception | None:
    """Run the function; None when it is finished, else why it must turn back."""
    try:
        await definition.body(wf, *args)
        if not wf.finished:
            wf.check()
            await wf.journal.finish(wf.journal.row.step, "done")
    except Exception as error:
        if not wf.finished:
            return error
        log.exception("workflow %s (%s): error after finish", wf.id, definition.name)
    return None


async def _rebuild(wf: Workflow, definition: Definition, args: list[Any]) -> None:
    """Run the function over its records only, to learn again which undos are due."""
    try:
        await definition.body(wf, *args)
    except (Rebuilt, Exception) as stop:
        log.debug("workflow %s: replayed up to %r", wf.id, stop)


async def _fail(journal: Journal, definition: Definition, args: list[Any]) -> None:
    failure = journal.failure

    async def last(tx: Tx, intents: tuple[str, ...]) -> None:
        if definition.on_failure is not None and failure is not None:
            await definition.on_failure(tx, *args, replace(failure, intents=intents))

    try:
        await journal.finish(journal.row.step, "failed", last)
    except Exception as error:
        await journal.retry_later("on_failure", error)
