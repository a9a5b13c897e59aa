"""Rings of keys, and the token format on top of them."""

from __future__ import annotations

import base64

import pytest

from cumulet.identity import tokens
from cumulet.identity.key_files import KEY_BYTES, read, retired, rotate
from cumulet.identity.keys import KeyRing, sealed_by
from cumulet.identity.model import Scope
from cumulet.identity.tokens import Claims
from cumulet.kernel.errors import Unauthorized

CLAIMS = Claims("user", ("password",), Scope("project", "p"), 1.0, 2.0, ("audit",), application_credential_id="a")

NOW = 1_800_000_000.0


def test_a_new_ring_has_a_key_and_the_next_one_that_only_their_owner_reads(tmp_path):
    KeyRing.load(tmp_path / "keys")
    keys = sorted((tmp_path / "keys").iterdir())
    assert [key.name for key in keys] == ["0", "1.staged"]
    assert {(len(key.read_bytes()), key.stat().st_mode & 0o777) for key in keys} == {(KEY_BYTES, 0o600)}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_what_was_sealed_is_opened_after_a_restart(tmp_path):
    sealed = KeyRing.load(tmp_path).seal(b"secret")
    assert b"secret" not in sealed
    assert KeyRing.load(tmp_path).open(sealed) == b"secret"


def test_the_same_words_are_never_sealed_alike(tmp_path):
    ring = KeyRing.load(tmp_path)
    assert len({ring.seal(b"secret") for _ in range(20)}) == 20


def turn(folder, now: float = NOW, doomed: set[int] | None = None):
    """A rotation, as if the staged key had been there for long."""
    return rotate(folder, now, 0.0, doomed or set())


def test_nothing_is_sealed_with_a_key_that_others_may_not_have_read(tmp_path):
    process, other = KeyRing.load(tmp_path), KeyRing.load(tmp_path)
    for _ in range(4):
        done = turn(tmp_path)
        assert done.promoted
        process.adopt(read(tmp_path))
        sealed = process.seal(b"after")
        assert sealed_by(sealed) == done.primary == done.staged - 1
        assert other.open(sealed) == b"after"
        other.adopt(read(tmp_path))


def test_after_a_rotation_what_was_sealed_before_is_still_opened(tmp_path):
    ring = KeyRing.load(tmp_path)
    sealed = ring.seal(b"before")
    turn(tmp_path)
    assert KeyRing.load(tmp_path).open(sealed) == b"before"


def test_a_process_reads_the_folder_again_when_it_meets_a_newer_key(tmp_path):
    old = KeyRing.load(tmp_path)
    for _ in range(3):
        turn(tmp_path)
    assert old.open(KeyRing.load(tmp_path).seal(b"much later")) == b"much later"
    assert old.primary == 0, "what it met by chance does not make it seal with another key"


def test_a_folder_that_was_spoilt_meanwhile_does_not_stop_a_running_process(tmp_path):
    old = KeyRing.load(tmp_path)
    sealed = old.seal(b"before")
    turn(tmp_path)
    turn(tmp_path)
    newer = KeyRing.load(tmp_path).seal(b"after")
    (tmp_path / "2").write_bytes(b"short")
    (tmp_path / "rubbish").write_bytes(b"")
    with pytest.raises(ValueError, match="not in the ring"):
        old.open(newer)
    assert old.open(sealed) == b"before"


def test_a_key_is_not_promoted_before_every_process_has_read_it(tmp_path):
    KeyRing.load(tmp_path)
    rotate(tmp_path, NOW, 0.0, set())
    with pytest.raises(ValueError, match=r"2\.staged was staged 59 s ago"):
        rotate(tmp_path, NOW + 59, 60.0, set())
    assert rotate(tmp_path, NOW + 60, 60.0, set()).primary == 2


def test_a_ring_from_before_there_were_staged_keys_gets_one_and_keeps_its_primary(tmp_path):
    ring = KeyRing.load(tmp_path)
    (tmp_path / "1.staged").unlink()
    done = turn(tmp_path)
    assert (done.primary, done.promoted, done.staged) == (0, False, 1)
    assert sealed_by(ring.seal(b"x")) == 0


def test_old_keys_go_when_nothing_can_need_them_any_more(tmp_path):
    ring = KeyRing.load(tmp_path)
    sealed = ring.seal(b"old")
    turn(tmp_path, NOW)
    assert retired(read(tmp_path), NOW + 99, 100) == set()
    assert retired(read(tmp_path), NOW + 100, 100) == {0}
    done = turn(tmp_path, NOW + 100, doomed={0, 1, 2})
    assert done.removed == [0], "the primary and the staged key stay, whatever is said of them"
    assert {path.name for path in tmp_path.iterdir()} == {"1", "2", "3.staged"}
    with pytest.raises(ValueError, match="not in the ring"):
        KeyRing.load(tmp_path).open(sealed)


def test_a_rotation_that_was_interrupted_can_be_made_again(tmp_path):
    ring = KeyRing.load(tmp_path)
    (tmp_path / "1.staged").rename(tmp_path / "1")
    (tmp_path / ".new").write_bytes(b"half")
    done = turn(tmp_path)
    assert (done.primary, done.staged) == (1, 2)
    assert KeyRing.load(tmp_path).open(ring.seal(b"x")) == b"x"


@pytest.mark.parametrize(
    ("name", "content"),
    [("0", b""), ("0", b"x" * 31), ("0", b"x" * 33), ("k", b"x" * 32), ("1.bak", b"x" * 32), ("00", b"x" * 32)],
)
def test_a_file_that_is_no_key_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=str(tmp_path / name)):
        KeyRing.load(tmp_path)
    with pytest.raises(ValueError, match=str(tmp_path / name)):
        turn(tmp_path)


@pytest.mark.parametrize("names", [["0.staged"], ["0", "1.staged", "2.staged"], ["1", "0.staged"]])
def test_a_ring_without_one_key_to_seal_with_and_one_after_it_is_refused(tmp_path, names):
    for name in names:
        (tmp_path / name).write_bytes(b"x" * KEY_BYTES)
    with pytest.raises(ValueError, match=str(tmp_path)):
        KeyRing.load(tmp_path)


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
    assert {path.name for path in tmp_path.iterdir()} == {"0", "1.staged"}


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
