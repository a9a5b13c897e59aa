"""JSON that clients send, before anybody looks at what it says."""

from __future__ import annotations

import logging

import pytest

from cumulet.kernel.errors import Invalid
from cumulet.kernel.http import whole
from cumulet.kernel.http.documents import DEEPEST, read
from cumulet.kernel.log import _Text


def nested(levels: int, filling: str = "") -> bytes:
    return ("[" * levels + filling + "]" * levels).encode()


def test_what_is_nested_as_deep_as_allowed_is_read():
    found = read(nested(DEEPEST))
    for _ in range(DEEPEST - 1):
        (found,) = found
    assert found == []


@pytest.mark.parametrize("levels", [DEEPEST + 1, 1_000, 100_000])
def test_what_is_nested_deeper_is_refused(levels):
    with pytest.raises(Invalid, match="inside one another"):
        read(nested(levels))
    with pytest.raises(Invalid, match="inside one another"):
        read(b'{"a":' * levels + b"1" + b"}" * levels)


def test_brackets_in_texts_and_beside_each_other_are_not_depth():
    assert read(nested(1, '"' + "[" * 1000 + '\\"{"')) == ["[" * 1000 + '"{']
    assert len(read(nested(1, ",".join(["[{}]"] * 1000)))) == 1000


@pytest.mark.parametrize("text", ["a\\u0000b", "\\\\\\u0000", "\\u0000"])
def test_a_text_with_the_character_nul_is_refused(text):
    with pytest.raises(Invalid, match="NUL"):
        read(f'{{"name": "{text}"}}'.encode())


def test_a_backslash_before_something_that_looks_like_nul_is_only_a_backslash():
    assert read(b'"\\\\u0000"') == "\\u0000"


def test_what_is_no_utf8_is_refused():
    with pytest.raises(Invalid, match="Malformed"):
        read(b'{"name": "\xff"}')


@pytest.mark.parametrize(("text", "number"), [("7", 7), (" -7 ", -7), ("+7", 7), ("0" * 18, 0), ("9" * 18, 10**18 - 1)])
def test_a_whole_number_is_read(text, number):
    assert whole(text) == number


@pytest.mark.parametrize("text", ["", "x", "1.5", "--5", "1_000", "\u00b2", "\u0663", "9" * 19, "9" * 5000, "0x10"])
def test_other_texts_are_no_whole_number(text):
    assert whole(text) is None


def test_nobody_writes_lines_of_their_own_into_the_log():
    record = logging.LogRecord("cumulet", logging.INFO, "", 0, "GET %s", ("/a\nERROR [-] all is lost\x1b[2J",), None)
    assert "\n" not in _Text().format(record)
    assert "\x1b" not in _Text().format(record)
