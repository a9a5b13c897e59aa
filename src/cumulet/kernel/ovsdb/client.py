"""A connection to an OVSDB database that comes back by itself, with a live copy of what the caller wants to see."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from cumulet.kernel.errors import Unavailable

from .ops import Op, encode_op
from .replica import Change, Replica, Tables
from .rpc import JsonRpc, OvsdbError
from .schema import Schema, parse_schema

_T = TypeVar("_T")
_NOTHING = "00000000-0000-0000-0000-000000000000"
_PROBE = 5.0
_PATIENCE = 30.0
_log = logging.getLogger(__name__)


class Ovsdb:
    """One database. `remotes` are separated by commas; of a cluster, only the leader is talked to.

    `tables` names the tables of the copy, each with its columns, or None for all of them.
    """

    def __init__(self, remotes: str, database: str, tables: Mapping[str, frozenset[str] | None]) -> None:
        self._remotes = remotes.split(",")
        self._database = database
        self._replica = Replica(tables)
        self._schema: Schema = {}
        self._last_transaction = _NOTHING
        self._rpc: JsonRpc | None = None
        self._ready = asyncio.Event()
        self._changed: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._trouble = "not connected yet"

    @property
    def tables(self) -> Tables:
        """The copy: the same object for ever, kept up to date, kept as it was while the connection is lost."""
        return self._replica.tables

    @property
    def connected(self) -> bool:
        """Whether the copy is up to date now."""
        return self._ready.is_set()

    async def start(self, timeout: float = 15) -> None:
        """Connect, fill the copy, and stay connected until `close`. Raises Unavailable after `timeout` seconds."""
        self._task = asyncio.create_task(self._stay_connected())
        try:
            await self.caught_up(timeout)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the database."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def transact(self, ops: Sequence[Op], timeout: float = 15) -> list[int]:
        """Do all of `ops` or none; for each, how many rows it touched. The copy has the effects on return.

        Raises OvsdbError if the server refuses, and Unavailable if there is no connection or no answer within `timeout`
        seconds; the transaction may have been done then.
        """
        await self.caught_up(timeout)
        rpc = self._rpc
        assert rpc is not None
        wire = [encode_op(op, self._schema) for op in ops]
        try:
            async with asyncio.timeout(timeout):
                results = await rpc.call("transact", [self._database, *wire])
        except TimeoutError:
            raise Unavailable(f"{self._database} did not answer within {timeout:g} s", "ovsdb") from None
        return _counts(ops, results)

    async def caught_up(self, timeout: float = 15) -> None:
        """Return when the copy is up to date: before planning by it. Raises Unavailable after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._ready.wait()
        except TimeoutError:
            raise Unavailable(f"{self._database} is not available: {self._trouble}", "ovsdb") from None

    def watch(self, table: str, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call `callback` with each change of a table's copy; it must not block. Returns the function that ends this."""
        return self._replica.watch(table, callback)

    async def until(self, predicate: Callable[[], _T | None], timeout: float) -> _T:
        """The predicate's first true value; it is asked at each change of the copy. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not (value := predicate()):
                if self._changed is None:
                    self._changed = asyncio.get_running_loop().create_future()
                await asyncio.shield(self._changed)
            return value

    async def _stay_connected(self) -> None:
        pause, turn = 0.05, 0
        while True:
            remote = self._remotes[turn % len(self._remotes)]
            known = self._trouble
            was_ready = await self._one_connection(remote)
            if was_ready or self._trouble != known:
                _log.warning("no connection to %s at %s: %s", self._database, remote, self._trouble)
            pause = 0.05 if was_ready else min(pause * 2, 5)
            turn += 1
            await asyncio.sleep(pause)

    async def _one_connection(self, remote: str) -> bool:
        """Serve one connection to its end; whether it ever worked."""
        rpc = JsonRpc(remote, self._on_notice)
        try:
            async with asyncio.timeout(3):
                await rpc.connect()
        except (OSError, TimeoutError) as error:
            self._trouble = str(error) or "no answer"
            return False
        serving = asyncio.create_task(self._serve(rpc))
        was_ready = False
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._synchronize(rpc)
            was_ready = True
            await _keep_alive(rpc, serving)
        except (OSError, TimeoutError, OvsdbError, Unavailable) as error:
            self._trouble = str(error) or "no answer"
        except (ValueError, KeyError, TypeError) as error:
            self._trouble, self._last_transaction = f"the server's messages make no sense: {error!r}", _NOTHING
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
        return was_ready

    async def _serve(self, rpc: JsonRpc) -> None:
        try:
            await rpc.serve()
        finally:
            # In the same breath as the connection's end: a transaction that comes now waits for the next connection.
            self._ready.clear()
            self._rpc = None

    async def _synchronize(self, rpc: JsonRpc) -> None:
        if len(self._remotes) > 1:
            await self._require_leader(rpc)
        schema = parse_schema(await rpc.call("get_schema", [self._database]))
        if schema != self._schema:
            self._schema, self._last_transaction = schema, _NOTHING
            self._replica.use_schema(schema)
        wanted = {table: [{"columns": columns}] for table, columns in self._replica.columns().items()}
        monitor = [self._database, "copy", wanted, self._last_transaction]
        await rpc.call("monitor_cond_since", monitor, take=self._take_content)
        self._rpc = rpc
        self._ready.set()
        self._announce()

    def _take_content(self, result: Any) -> None:
        found, self._last_transaction, updates = result
        (self._replica.apply if found else self._replica.replace)(updates)

    async def _require_leader(self, rpc: JsonRpc) -> None:
        select = {"op": "select", "table": "Database", "columns": ["leader", "connected", "model"]}
        result = await rpc.call("transact", ["_Server", {**select, "where": [["name", "==", self._database]]}])
        row = result[0]["rows"][0]
        if row["model"] == "clustered" and not (row["leader"] and row["connected"]):
            raise Unavailable(f"{rpc.remote} is not the leader of {self._database}", "ovsdb")

    def _on_notice(self, method: str, params: Any) -> None:
        if method == "update3":
            _, self._last_transaction, updates = params
            self._replica.apply(updates)
            self._announce()
        elif method == "monitor_canceled" and self._rpc is not None:
            # The server has converted the database to another schema: begin again.
            self._last_transaction = _NOTHING
            self._rpc.close()

    def _announce(self) -> None:
        if self._changed is not None:
            self._changed.set_result(None)
            self._changed = None


async def _keep_alive(rpc: JsonRpc, serving: asyncio.Task[None]) -> None:
    """Return when the connection ends, or raise TimeoutError when the server no longer answers."""
    while not serving.done():
        await asyncio.wait([serving], timeout=_PROBE)
        if not serving.done():
            async with asyncio.timeout(_PROBE):
                await rpc.call("echo", [])
    serving.result()
    raise Unavailable("the server closed the connection", "ovsdb")


def _counts(ops: Sequence[Op], results: Sequence[Any]) -> list[int]:
    # A refused transaction has its error in the place of the failed operation, or, if it failed at commit, after the last one.
    for result in results:
        if result and "error" in result:
            raise OvsdbError(result["error"], result.get("details", ""))
    return [1 if "uuid" in result else result.get("count", 0) for result in results[: len(ops)]]
