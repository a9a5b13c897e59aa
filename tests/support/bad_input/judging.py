"""What a refusal must be: said in the service's envelope, with a request id, of use to the user; and nothing happened."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from typing import Any

from cumulet.kernel.db import Sqlite
from cumulet.kernel.http.application import Service

from .asking import Answer, Asked
from .world import BOSS, SECRET, World

REQUEST_ID = re.compile(r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def message(service: str, answer: Answer) -> str:
    """What the user is told, out of the service's envelope. Raises LookupError, ValueError or TypeError if it is another one."""
    body, status = json.loads(answer.body), answer.status
    if isinstance(body.get("error"), str):  # RFC 6749, for the routes of OAuth 2
        told = status, body["error"] and body["error_description"]
    elif service == "identity" or (status == 401 and service in ("compute", "network", "volume")):
        inner = body["error"]
        told = inner["code"], inner["title"] and inner["message"]
    elif service == "image":
        told = int(body["code"].split()[0]), body["title"] and body["message"]
    elif service == "network":
        inner = body["NeutronError"]
        told = status, inner["type"] and inner["detail"] == "" and inner["message"]
    elif service == "placement":
        (inner,) = body["errors"]
        told = inner["status"], inner["title"] and inner["request_id"] and inner["detail"]
    else:
        ((_, inner),) = body.items()
        told = inner["code"], inner["message"]
    if told[0] != status or not isinstance(told[1], str):
        raise ValueError(f"the envelope says {told}")
    return told[1]


def _names(told: str, field: str) -> bool:
    """Whether a message names a field; of an object with keys of the client's own, the object is named."""
    return field in told or "[...]" in told


class Judge:
    """Looks at answers, at the rows and at the log; `complaints` is what was wrong.

    On PostgreSQL it does not look at the rows: looking costs too much there, and what a refusal does is the same.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.complaints: list[str] = []
        self.log = _Log()
        db = world.cloud.db
        self._rows = sqlite3.connect(db.path) if isinstance(db, Sqlite) else None
        self._version = self._look()

    def _look(self) -> Any:
        """A number that another connection's commit changes."""
        return self._rows.execute("PRAGMA data_version").fetchone() if self._rows is not None else None

    def complain(self, asked: Asked, answer: Answer, what: str) -> None:
        """Note something that is wrong."""
        self.complaints.append(f"{asked}: {what}: {answer.status} {answer.body[:300]!r}")

    async def refused(self, service: Service, asked: Asked, *statuses: int, token: str | None = BOSS, naming: str = "") -> Answer:
        """Ask what must be refused, with one of these statuses, in a message that has the word `naming`."""
        answer = await self.ask(service, asked, token)
        if answer.status < 400 or (statuses and answer.status not in statuses):
            self.complain(asked, answer, f"not refused with {statuses or 'any status'}")
        elif naming and answer.status == 400 and not _names(message(service.name, answer), naming):
            self.complain(asked, answer, f"does not name {naming}")
        return answer

    async def ask(self, service: Service, asked: Asked, token: str | None = BOSS) -> Answer:
        """Ask what may be refused or not: a refusal must be a proper one."""
        answer = await self.world.ask(asked, token)
        if answer.status >= 400:
            self._check(service, asked, answer)
        else:
            self._version = self._look()
        return answer

    def _check(self, service: Service, asked: Asked, answer: Answer) -> None:
        if answer.status >= 500 and answer.status != 501:
            self.complain(asked, answer, "not the user's fault")
        if not REQUEST_ID.fullmatch(answer.headers.get("x-openstack-request-id", "")):
            self.complain(asked, answer, "no request id")
        try:
            if asked.method != "HEAD" and not message(service.name, answer):
                self.complain(asked, answer, "says nothing")
        except (LookupError, ValueError, TypeError) as problem:
            self.complain(asked, answer, f"not {service.name}'s envelope: {problem!r}")
        if self._look() != self._version:
            self._version = self._look()
            self.complain(asked, answer, "refused, but rows were written")

    def close(self) -> None:
        """Say what was wrong, the log included. Raises AssertionError."""
        self.log.stop()
        if self._rows is not None:
            self._rows.close()
        told = [*self.complaints, *self.log.failures]
        assert not told, f"{len(told)} complaints:\n" + "\n".join(told[:30])
        leaks = [secret for secret in self.secrets() if any(secret in line for line in self.log.lines)]
        assert not leaks, f"the log has {leaks}"

    def secrets(self) -> list[str]:
        """What no log may have."""
        return [self.world.token, SECRET]


class _Log(logging.Handler):
    """Everything that is logged, from its making until `stop`."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.failures: list[str] = []
        self._logger = logging.getLogger("cumulet")
        self._level, self._passed_on = self._logger.level, self._logger.propagate
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        self._logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        line = record.getMessage()
        self.lines.append(line)
        if record.exc_info and record.exc_info[1] is not None:
            self.failures.append(f"logged: {line}: {record.exc_info[1]!r}")

    def stop(self) -> None:
        """Leave logging as it was."""
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)
        self._logger.propagate = self._passed_on
