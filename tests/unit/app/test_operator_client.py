"""The command line's client of the API."""

from __future__ import annotations

import pytest

from cumulet.app.operator.client import _message


@pytest.mark.parametrize(
    "content",
    [
        b'{"itemNotFound": {"code": 404, "message": "There is no such thing."}}',
        b'{"error": {"code": 404, "title": "Not Found", "message": "There is no such thing."}}',
        b'{"errors": [{"status": 404, "title": "Not Found", "detail": "There is no such thing."}]}',
        b'{"code": "404 Not Found", "title": "Not Found", "message": "There is no such thing."}',
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_service_whatever_its_envelope(content: bytes) -> None:
    assert _message(404, content) == "There is no such thing."


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b"7", b'{"error": "no"}', b'{"errors": []}', b"\xff"])
def test_what_is_in_no_envelope_is_told_with_its_status(content: bytes) -> None:
    assert _message(502, content).startswith("502: ")
