"""What finished steps left behind: one JSON line each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from .problems import Failure

_encoder = msgspec.json.Encoder()


class Record(Struct, array_like=True, frozen=True):
    """A step's result as JSON, or the error it ended with; `at`, in seconds since the epoch, is when it was written."""

    name: str
    result: Raw = Raw(b"null")
    error: Failure | None = None
    at: float = 0.0


_decoder = msgspec.json.Decoder(Record)


def read(text: str) -> dict[str, Record]:
    """The records by name; a later line about the same name replaces an earlier one."""
    return {record.name: record for record in _decoder.decode_lines(text)} if text else {}


def line(record: Record) -> str:
    """The record as the text to append."""
    return _encoder.encode(record).decode() + "\n"


def text(records: Iterable[Record]) -> str:
    """Several records as the text to append."""
    return "".join(map(line, records))


def result(name: str, value: Any) -> Record:
    """The record of a step that returned `value`. Raises TypeError if that is not JSON."""
    return Record(name, Raw(_encoder.encode(value)))
