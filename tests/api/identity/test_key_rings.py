"""Rotating keys beside a cloud that serves: nobody is logged out, nothing becomes unreadable."""

from __future__ import annotations

import os
import shutil

import pytest
from typer.testing import CliRunner

from cumulet.app import config, wire
from cumulet.app.cli import app
from cumulet.identity.key_files import put_aside
from cumulet.identity.keys import KeyRing
from cumulet.identity.operations import key_rings
from cumulet.identity.operations.key_rings import SETTLED_SECONDS
from cumulet.identity.operations.tokens import EXPIRED_SECONDS, LIFETIME_SECONDS, Tokens
from support.cloud import stored_cloud
from support.identity import V3, make, person


def folder(cloud, name: str):
    """A ring's folder."""
    return cloud.cloud.config.state / name


async def works(cloud, token: str) -> bool:
    """Whether a token is good for a request."""
    return (await cloud.anonymous(**{"X-Auth-Token": token}).get(f"{V3}/auth/projects")).status_code == 200


async def another_process(cloud) -> Tokens:
    """What a second process of the same cloud knows."""
    return (await wire.key_rings(cloud.cloud.config, cloud.db)).tokens


async def rotate(cloud, clock, ring: KeyRing) -> key_rings.Rotated:
    """A rotation by an operator, long enough after the one before."""
    await clock.advance(SETTLED_SECONDS)
    return await key_rings.rotate_tokens(cloud.db, ring)


async def test_a_rotation_logs_nobody_out_in_any_process(cloud, clock):
    user = await person(cloud)
    before = (await user.token()).headers["X-Subject-Token"]
    operator = KeyRing.load(folder(cloud, config.TOKEN_KEYS))
    first, second = cloud.cloud.tokens, await another_process(cloud)
    for _ in range(3):
        done = await rotate(cloud, clock, operator)
        assert done.promoted
        await key_rings.refresh(cloud.db, key_rings.TOKENS, first.keys)
        assert first.keys.primary == done.primary
        after = (await user.token()).headers["X-Subject-Token"]
        assert await works(cloud, after)
        assert (await second.validate(after)).claims.user_id == user.id, "a process that has not looked since reads it too"
        assert await works(cloud, before)
        await key_rings.refresh(cloud.db, key_rings.TOKENS, second.keys)


async def test_a_key_is_removed_once_no_token_can_be_asked_about_that_it_sealed(cloud, clock):
    operator = KeyRing.load(folder(cloud, config.TOKEN_KEYS))
    await rotate(cloud, clock, operator)
    assert (await rotate(cloud, clock, operator)).removed == []
    await clock.advance(LIFETIME_SECONDS + EXPIRED_SECONDS)
    assert (await rotate(cloud, clock, operator)).removed == [0, 1]


async def test_two_rotations_in_a_row_are_refused(cloud, clock):
    operator = KeyRing.load(folder(cloud, config.TOKEN_KEYS))
    await rotate(cloud, clock, operator)
    with pytest.raises(ValueError, match="staged 0 s ago"):
        await key_rings.rotate_tokens(cloud.db, operator)


async def test_credentials_are_sealed_anew_and_stay_what_they_are(cloud, clock):
    own = await cloud.client("one", "member")
    made = [await make(own, "credentials", type="cert", blob=f"secret {n}", user_id=own.user_id) for n in range(3)]
    vault = cloud.cloud.parts.vault
    operator = KeyRing.load(folder(cloud, config.CREDENTIAL_KEYS))
    for removed in ([], [0], [1]):
        await clock.advance(SETTLED_SECONDS)
        done = await key_rings.rotate_credentials(cloud.db, operator)
        assert (done.credentials, done.rotated.removed) == (3, removed)
        for credential in made:
            answer = await own.get(f"{V3}/credentials/{credential['id']}")
            assert answer.json()["credential"]["blob"] == credential["blob"], answer.text
        await key_rings.refresh(cloud.db, key_rings.CREDENTIALS, vault)
    assert await key_rings.migrate_credentials(cloud.db, operator) == 0


async def test_a_key_that_a_credential_needs_is_never_removed(cloud, clock):
    own = await cloud.client("one", "member")
    operator = KeyRing.load(folder(cloud, config.CREDENTIAL_KEYS))
    for _ in range(3):
        # The serving process has not looked since: it seals with the first key.
        credential = await make(own, "credentials", type="cert", blob="late", user_id=own.user_id)
        await clock.advance(SETTLED_SECONDS)
        await key_rings.rotate_credentials(cloud.db, operator)
        assert (await own.get(f"{V3}/credentials/{credential['id']}")).status_code == 200


async def test_a_start_without_a_key_that_credentials_need_is_refused_by_name(cloud, clock):
    own = await cloud.client("one", "member")
    await make(own, "credentials", type="cert", blob="secret", user_id=own.user_id)
    path = folder(cloud, config.CREDENTIAL_KEYS) / "0"
    key = path.read_bytes()
    path.write_bytes(bytes([key[0] ^ 1]) + key[1:])
    with pytest.raises(ValueError, match=f"{path} is not the key"):
        await wire.key_rings(cloud.cloud.config, cloud.db)
    path.write_bytes(key)
    path.unlink()
    (folder(cloud, config.CREDENTIAL_KEYS) / "1.staged").rename(folder(cloud, wire.CREDENTIAL_KEYS) / "1")
    with pytest.raises(ValueError, match=f"{path}: 1 credential"):
        await wire.key_rings(cloud.cloud.config, cloud.db)


@pytest.mark.parametrize("name", [config.TOKEN_KEYS, wire.CREDENTIAL_KEYS])
async def test_a_process_with_keys_of_its_own_does_not_start(cloud, clock, name):
    put_aside(folder(cloud, name), clock.now())
    with pytest.raises(ValueError, match=f"{folder(cloud, name)}/0 is not the key that this cloud has used"):
        await wire.key_rings(cloud.cloud.config, cloud.db)


async def test_a_process_whose_copy_is_one_rotation_behind_works_and_two_behind_does_not_start(cloud, clock, tmp_path):
    operator, path = KeyRing.load(folder(cloud, config.TOKEN_KEYS)), folder(cloud, wire.TOKEN_KEYS)
    shutil.copytree(path, tmp_path / "copy")
    late = KeyRing.load(tmp_path / "copy")
    await rotate(cloud, clock, operator)
    await key_rings.agree(cloud.db, key_rings.TOKENS, late)
    assert late.open(operator.seal(b"x")) == b"x"
    await rotate(cloud, clock, operator)
    with pytest.raises(ValueError, match="lacks newer keys"):
        await key_rings.agree(cloud.db, key_rings.TOKENS, late)


async def test_a_running_process_keeps_its_keys_when_the_folder_is_spoilt(cloud):
    token = (await (await person(cloud)).token()).headers["X-Subject-Token"]
    ring, path = cloud.cloud.tokens.keys, folder(cloud, config.TOKEN_KEYS)
    (path / "0").write_bytes(b"x" * 32)
    with pytest.raises(ValueError, match="is not the key"):
        await key_rings.refresh(cloud.db, key_rings.TOKENS, ring)
    shutil.rmtree(path)
    with pytest.raises(ValueError, match="is gone"):
        await key_rings.refresh(cloud.db, key_rings.TOKENS, ring)
    assert await works(cloud, token)


async def test_a_new_ring_makes_every_token_void(cloud):
    user = await person(cloud)
    token = (await user.token()).headers["X-Subject-Token"]
    aside = await key_rings.renew_tokens(cloud.db, folder(cloud, config.TOKEN_KEYS))
    assert (aside / "0").exists()
    again = await another_process(cloud)
    with pytest.raises(Exception, match="not valid"):
        await again.validate(token)


@pytest.fixture
async def stored(state, clock):
    """A cloud that commands find in its folder."""
    async with stored_cloud(state, clock) as made:
        yield made


def test_the_commands_rotate_and_show_the_keys(stored):
    state = stored.cloud.config.state

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["keys", *words, "--state", str(state)], env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        return done.output

    for name in (config.TOKEN_KEYS, wire.CREDENTIAL_KEYS):
        os.utime(state / name / "1.staged", (0, 0))
    assert "1 is the primary key now; 2 is staged" in run("rotate")
    assert "Credentials sealed anew: 0." in run("rotate", "--credentials")
    listed = run("list")
    assert [listed.count(word) for word in ("primary", "staged", "opens only")] == [2, 2, 2]
    assert "new ring" in run("renew", "--yes")
    assert (state / config.TOKEN_KEYS / "0").exists()


def test_a_command_names_the_key_that_is_wrong(stored):
    path = stored.cloud.config.state / config.TOKEN_KEYS / "0"
    path.write_bytes(b"short")
    done = CliRunner().invoke(app, ["keys", "rotate", "--state", str(path.parents[1])], env={"COLUMNS": "200"})
    assert done.exit_code == 1
    assert f"{path} is not a key: 32 bytes are expected, it has 5" in done.output
