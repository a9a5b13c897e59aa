"""The agent of one host: it registers, works, heals and reports.

`await agent.start()`, later `await agent.stop()`. `await agent.welcomed()` returns once the control plane has recognised it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from msgspec import Struct

from cumulet.contract.commands import Guest
from cumulet.contract.reports import Ack, Answer, Heartbeat, Register, Rejected, Report, Welcome, decode_answer, encode
from cumulet.kernel.bus import Bus, Unreachable
from cumulet.kernel.clock import Clock, SystemClock
from cumulet.kernel.ids import new_uuid

from .commands import Credentials
from .host import Host
from .inbox import Inbox
from .journal import Journal

log = logging.getLogger(__name__)


class Settings(Struct, frozen=True):
    """How often an agent does what; all in seconds."""

    heartbeat: float = 5.0
    register: float = 2.0  # between two attempts
    heal: float = 5.0
    tidy: float = 300.0
    patience: float = 10.0  # for an answer of the control plane
    farewell: float = 10.0  # for running commands to end when the agent stops
    keep_answers: float = 7 * 86400.0
    keep_findings: float = 600.0  # what was healed is told for so long: an operator who looks later still sees it


class Agent:
    """One agent. Constructed by the composition root; owns its host and its journal between `start` and `stop`."""

    def __init__(
        self, bus: Bus, host: Host, journal: Journal, clock: Clock | None = None, settings: Settings | None = None
    ) -> None:
        self._bus = bus
        self._host = host
        self._journal = journal
        self._clock = clock or SystemClock()
        self._settings = settings or Settings()
        self._inbox = Inbox(host, journal, self._clock)
        self._instance = new_uuid()
        self._welcomed = asyncio.Event()
        self._answered = asyncio.Event()
        self._refused: str | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._findings: dict[str, float] = {}
        self._guests: list[Guest] = []
        self.host_id = ""

    async def start(self) -> None:
        """Bring the host up, and go on registering until it succeeds. Raises Refusal if it cannot.

        `host.<host id>` is answered once the control plane has answered: until then who sends commands has to wait, not to hear no.
        """
        await self._journal.open()
        try:
            await self._host.up()
            self.host_id = (await self._host.facts()).host_id
        except BaseException:
            await self._host.down()
            await self._journal.close()
            raise
        self._tasks = [
            asyncio.create_task(self._forever(self._report, self._rest)),
            asyncio.create_task(self._forever(self._heal, lambda: self._clock.sleep(self._settings.heal))),
            asyncio.create_task(self._forever(self._tidy, lambda: self._clock.sleep(self._settings.tidy))),
        ]

    async def welcomed(self) -> None:
        """Return once the control plane has recognised this agent."""
        await self._welcomed.wait()

    async def answered(self) -> str | None:
        """Return once the control plane has answered: None if it has recognised this agent, else why this host refuses work."""
        await self._answered.wait()
        return self._refused

    async def stop(self) -> None:
        """Finish the commands that have begun, within `farewell` seconds, and let go. Guests and daemons go on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._inbox.stop(self._settings.farewell)
        await self._host.down()
        await self._journal.close()

    async def _forever(self, act: Callable[[], Awaitable[None]], rest: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await act()
            except Unreachable as problem:
                log.warning("the control plane does not answer: %s", problem)
            except Exception:
                log.exception("the agent could not finish %s", getattr(act, "__name__", act))
            await rest()

    async def _report(self) -> None:
        if not self._inbox.is_open:
            await self._register()
            await self._bus.serve(f"host.{self.host_id}", self._inbox.receive)
        if self._inbox.is_open:
            await self._beat()

    async def _register(self) -> None:
        last = await self._journal.counter()
        answer = await self._ask(Register(await self._host.facts(), self._instance, last, await self._journal.lease()))
        if isinstance(answer, Rejected):
            self._refuse(f"the control plane rejected it: {answer.message}")
        elif isinstance(answer, Welcome) and answer.counter <= last:
            older = f"the control plane's counter is {answer.counter}, this host has seen {last}"
            self._refuse(f"{older}; its database is older, or another one")
        elif isinstance(answer, Welcome):
            await self._journal.set_counter(answer.counter)
            await self._keep_lease(answer.lease_until)
            self._inbox.open(Credentials(self.host_id, answer.claim_key))
            self._refused = None
            self._welcomed.set()
            self._answered.set()

    def _refuse(self, why: str) -> None:
        if self._inbox.close(why):
            log.error("this host refuses work: %s", why)
        self._refused = why
        self._welcomed.clear()
        self._answered.set()

    async def _beat(self) -> None:
        self._host.changed.clear()
        findings = list(self._findings)
        try:
            self._guests = await self._host.guests.list()
        except Exception as problem:
            # To report no guests would be to report them all off; the last known ones are nearer to the truth.
            log.exception("the guests cannot be listed")
            findings.append(f"The hypervisor does not answer ({problem}); the guests are those last seen.")
        free = await self._host.free()
        beat = Heartbeat(
            self.host_id,
            self._instance,
            self._guests,
            free.memory_mb,
            free.disk_gb,
            findings,
            self._host.boot,
            free.pages,
            free.cells,
            free.devices,
        )
        answer = await self._ask(beat)
        if isinstance(answer, Rejected):
            self._refuse(f"the control plane rejected it: {answer.message}")
        elif isinstance(answer, Ack):
            await self._keep_lease(answer.lease_until)
        now = self._clock.now()
        self._findings = {text: until for text, until in self._findings.items() if text not in findings or until > now}

    async def _keep_lease(self, until: str) -> None:
        """A database that knows of an older lease only is an older database: at the next start that can be told (F7)."""
        if until:
            await self._journal.set_lease(until)

    async def _ask(self, report: Report) -> Answer:
        answer: Answer = decode_answer(await self._bus.request("cloud", encode(report), self._settings.patience))
        return answer

    async def _rest(self) -> None:
        """Until the next heartbeat is due, or a guest has changed."""
        if not self._inbox.is_open:
            await self._clock.sleep(self._settings.register)
            return
        naps = [
            asyncio.ensure_future(self._clock.sleep(self._settings.heartbeat)),
            asyncio.ensure_future(self._host.changed.wait()),
        ]
        try:
            await asyncio.wait(naps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for nap in naps:
                nap.cancel()
            await asyncio.gather(*naps, return_exceptions=True)

    async def _heal(self) -> None:
        found = await self._host.heal()  # a heartbeat may replace the findings meanwhile
        self._findings.update(dict.fromkeys(found, self._clock.now() + self._settings.keep_findings))

    async def _tidy(self) -> None:
        await self._journal.prune(self._settings.keep_answers)
        await self._host.tidy()
