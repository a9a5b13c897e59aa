"""Logging: one line per event, as text for people or JSON for machines, each with the request id it belongs to."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

from .clock import stamp

_request_id: ContextVar[str] = ContextVar("request_id", default="-")
_address: ContextVar[str] = ContextVar("address", default="")


@contextmanager
def request_context(request_id: str, address: str = "") -> Iterator[None]:
    """Every line logged within carries this request id; `address` is the client's."""
    before, earlier = _request_id.set(request_id), _address.set(address)
    try:
        yield
    finally:
        _request_id.reset(before)
        _address.reset(earlier)


def current_address() -> str:
    """The address of the client whose request is answered; empty outside of one."""
    return _address.get()


def current_request_id() -> str:
    """The id of the request or workflow that this code runs for; `-` outside of one."""
    return _request_id.get()


_SHOWN = {code: f"\\x{code:02x}" for code in (*range(32), 127)}
"""A message has what clients sent in it: nobody is to write lines of their own, or to talk to the terminal that shows them."""


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage().translate(_SHOWN)
        text = f"{stamp(record.created)[:-3]} {record.levelname:<7} [{_request_id.get()}] {record.name}: {message}"
        return text if not record.exc_info else f"{text}\n{self.formatException(record.exc_info)}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": stamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "request_id": _request_id.get(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def configure(level: str = "INFO", as_json: bool = False) -> None:
    """Send everything to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if as_json else _Text())
    logging.basicConfig(level=level, handlers=[handler], force=True)
