"""Rings of keys, and the token format on top of them."""

from __future__ import annotations

import base64

import pytest

from cumulet.identity import tokens
from cumulet.identity.keys import KEY_BYTES, KeyRing, rotate
from cumulet.identity.model import Scope
from cumulet.identity.tokens import Claims
from cumulet.kernel.errors import Unauthorized

CLAIMS = Claims("user", ("password",), Scope("project", "p"), 1.0, 2.0, ("audit",), application_credential_id="a")


def test_a_new_ring_has_one_key_that_only_its_owner_reads(tmp_path):
    KeyRing.load(tmp_path / "keys")
    [key] = (tmp_path / "keys").iterdir()
    assert (key.name, len(key.read_bytes()), key.stat().st_mode & 0o777) == ("0", KEY_BYTES, 0o600)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_what_was_sealed_is_opened_after_a_restart(tmp_path):
    sealed = KeyRing.load(tmp_path).seal(b"secret")
    assert b"secret" not in sealed
    assert KeyRing.load(tmp_path).open(sealed) == b"secret"


def test_the_same_words_are_never_sealed_alike(tmp_path):
    ring = KeyRing.load(tmp_path)
    assert len({ring.seal(b"secret") for _ in range(20)}) == 20


def test_after_a_rotation_old_things_are_opened_and_new_ones_sealed_with_the_new_key(tmp_path):
    old = KeyRing.load(tmp_path)
    sealed = old.seal(b"before")
    assert rotate(tmp_path) == 1
    new = KeyRing.load(tmp_path)
    assert new.open(sealed) == b"before"
    with pytest.raises(ValueError, match="not in the ring"):
        old.open(new.seal(b"after"))


def test_a_ring_keeps_the_newest_keys_only(tmp_path):
    first = KeyRing.load(tmp_path).seal(b"first")
    for _ in range(3):
        rotate(tmp_path, keep=3)
    assert {path.name for path in tmp_path.iterdir()} == {"1", "2", "3"}
    with pytest.raises(ValueError, match="not in the ring"):
        KeyRing.load(tmp_path).open(first)
    with pytest.raises(ValueError, match="two keys"):
        rotate(tmp_path, keep=1)


@pytest.mark.parametrize(
    ("name", "content"), [("0", b""), ("0", b"x" * 31), ("0", b"x" * 33), ("key", b"x" * 32), ("1.bak", b"x" * 32)]
)
def test_a_file_that_is_no_key_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=str(tmp_path / name)):
        KeyRing.load(tmp_path)
    with pytest.raises(ValueError, match=str(tmp_path / name)):
        rotate(tmp_path)


def test_a_folder_among_the_keys_is_refused_by_name(tmp_path):
    (tmp_path / "7").mkdir()
    with pytest.raises(ValueError, match=str(tmp_path / "7")):
        KeyRing.load(tmp_path)


def test_a_key_whose_writing_was_interrupted_does_no_harm(tmp_path):
    (tmp_path / ".new").write_bytes(b"half")
    sealed = KeyRing.load(tmp_path).seal(b"secret")
    (tmp_path / ".new").write_bytes(b"half")
    rotate_after_crash = KeyRing.load(tmp_path)
    assert rotate_after_crash.open(sealed) == b"secret"
    assert {path.name for path in tmp_path.iterdir()} == {"0"}


def test_what_was_altered_or_meant_for_something_else_is_not_opened(tmp_path):
    ring = KeyRing.load(tmp_path)
    sealed = ring.seal(b"secret", b"row 1")
    for at in range(len(sealed)):
        broken = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(ValueError, match="not"):
            ring.open(broken, b"row 1")
    with pytest.raises(ValueError, match="not what was sealed"):
        ring.open(sealed, b"row 2")


@pytest.mark.parametrize("sealed", [b"", b"\0", b"\0\0", b"\0\0" + b"x" * 12, b"\0\0" + b"x" * 27])
def test_what_is_too_short_is_not_opened(tmp_path, sealed):
    with pytest.raises(ValueError, match="what was sealed"):
        KeyRing.load(tmp_path).open(sealed)


def test_a_token_says_what_was_sealed_into_it(tmp_path):
    ring = KeyRing.load(tmp_path)
    token = tokens.seal(ring, CLAIMS)
    assert tokens.read(ring, token) == CLAIMS
    assert token.isascii()
    assert "=" not in token


def test_a_token_from_before_delegation_was_in_it_is_still_read(tmp_path):
    import msgspec

    ring = KeyRing.load(tmp_path)
    old = msgspec.msgpack.encode(["user", ["password"], {"kind": "project", "id": "p"}, 1.0, 2.0, ["audit"]])
    read = tokens.read(ring, base64.urlsafe_b64encode(ring.seal(old)).decode())
    assert (read.user_id, read.trust_id, read.application_credential_id) == ("user", "", "")


@pytest.mark.parametrize("token", ["", "x", "not base64!", "é", "A" * 40, "=" * 8, "AAAA"])
def test_what_is_no_token_is_refused(tmp_path, token):
    with pytest.raises(Unauthorized):
        tokens.read(KeyRing.load(tmp_path), token)


def test_a_sealed_text_that_is_no_claim_is_refused(tmp_path):
    ring = KeyRing.load(tmp_path)
    with pytest.raises(Unauthorized):
        tokens.read(ring, base64.urlsafe_b64encode(ring.seal(b"something else")).decode())
