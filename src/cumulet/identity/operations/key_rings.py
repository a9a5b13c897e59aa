"""Rings of keys that every process of a cloud agrees on, and their rotation.

A key's fingerprint is kept in the database under the ring's name and the key's number. A process whose files say something else
would issue tokens that no other process can read: it does not start, and a running one does not take such a key.
"""

from __future__ import annotations

import base64
import logging
from collections import defaultdict
from pathlib import Path

from msgspec import Struct

from ...kernel.db import Database, Reader, Tx
from .. import key_files
from ..key_files import Rotated
from ..keys import KeyRing, fingerprints, sealed_by
from ..store import keys as store
from .tokens import EXPIRED_SECONDS, LIFETIME_SECONDS

TOKENS, CREDENTIALS = "tokens", "credentials"
READ_SECONDS = 30.0
"""How often every process reads its folders again."""

SETTLED_SECONDS = 2 * READ_SECONDS
"""How long a key is staged before it may become the primary one."""

_HOLD = "keys"

log = logging.getLogger("cumulet.identity")


async def agree(db: Database, name: str, ring: KeyRing) -> None:
    """Compare a ring with what the other processes have. Raises ValueError naming the first file that is not as theirs."""
    async with db.read() as tx:
        if not await _new(tx, name, ring, ring.fingerprints):
            return
    async with db.tx() as write:
        await _agree(write, name, ring, ring.fingerprints)


async def _new(tx: Reader, name: str, ring: KeyRing, found: dict[int, str]) -> dict[int, str]:
    """The keys that nobody has shown yet. Raises ValueError."""
    known = await store.known(tx, name)
    for number, fingerprint in sorted(found.items()):
        if known.get(number, fingerprint) != fingerprint:
            raise ValueError(
                f"{ring.folder / str(number)} is not the key that this cloud has used under that number: copy the folder from "
                "another process of the cloud, or from a backup"
            )
    if known and max(known) > max(found) + 1:
        raise ValueError(f"{ring.folder} lacks newer keys of this cloud, up to {max(known)}: copy the folder from another process")
    return {number: fingerprint for number, fingerprint in found.items() if number not in known}


async def _agree(tx: Tx, name: str, ring: KeyRing, found: dict[int, str]) -> None:
    await tx.hold(_HOLD)
    for number, fingerprint in (await _new(tx, name, ring, found)).items():
        await store.add(tx, name, number, fingerprint)


async def check_credentials(db: Database, vault: KeyRing) -> None:
    """Raise ValueError naming the key file that is missing or wrong if there are credentials which cannot be opened."""
    async with db.read() as tx:
        by_key = await _by_key(tx)
    for number, blobs in sorted(by_key.items()):
        path = vault.folder / str(number)
        credential_id, blob = blobs[0]
        try:
            vault.open(base64.b64decode(blob), credential_id.encode())
        except ValueError as problem:
            raise ValueError(f"{path}: {len(blobs)} credential(s) need this key, but the first of them says: {problem}") from None


async def _by_key(tx: Reader) -> dict[int, list[tuple[str, str]]]:
    found = defaultdict(list)
    for credential_id, blob in await store.sealed_blobs(tx):
        found[sealed_by(base64.b64decode(blob[:4]))].append((credential_id, blob))
    return found


async def refresh(db: Database, name: str, ring: KeyRing) -> None:
    """Go on with what is in the ring's folder now, if something is new there and every process agrees on it."""
    if key_files.changed_at(ring.folder) == 0:
        raise ValueError(f"{ring.folder} is gone; the keys in use are kept")
    found = key_files.read(ring.folder)
    if (found.primary, fingerprints(found)) == (ring.primary, ring.fingerprints):
        return
    async with db.tx() as tx:
        await _agree(tx, name, ring, fingerprints(found))
    log.info("the key %s of ring %s seals from now on; %s open", found.primary, name, sorted(found.keys))
    ring.adopt(found)


async def rotate_tokens(db: Database, ring: KeyRing) -> Rotated:
    """Rotate the ring of tokens and receipts. A key goes when no token can be valid, or be asked about, that it sealed."""
    now = db.clock.now()
    doomed = key_files.retired(key_files.read(ring.folder), now, LIFETIME_SECONDS + EXPIRED_SECONDS)
    return await _rotate(db, TOKENS, ring, doomed)


async def _rotate(db: Database, name: str, ring: KeyRing, doomed: set[int]) -> Rotated:
    async with db.tx() as tx:
        await _agree(tx, name, ring, fingerprints(key_files.read(ring.folder)))
        done = key_files.rotate(ring.folder, db.clock.now(), SETTLED_SECONDS, doomed)
        found = key_files.read(ring.folder)
        await _agree(tx, name, ring, fingerprints(found))
        await store.forget(tx, name, done.removed)
    ring.adopt(found)
    return done


async def renew_tokens(db: Database, folder: Path) -> Path:
    """A new ring of tokens in place of one that is lost: every token is void. Where the old folder is now."""
    aside = key_files.put_aside(folder, db.clock.now())
    async with db.tx() as tx:
        await tx.hold(_HOLD)
        await store.forget(tx, TOKENS, list(await store.known(tx, TOKENS)))
    await agree(db, TOKENS, KeyRing.load(folder))
    return aside


class Migrated(Struct, frozen=True):
    """What a rotation of the credentials' ring did, and how many credentials were sealed anew."""

    rotated: Rotated
    credentials: int


async def rotate_credentials(db: Database, vault: KeyRing) -> Migrated:
    """Rotate the credentials' ring and seal every credential under the new primary key.

    A key that no credential needs any more goes with the rotation after that: a process that has not read the folder since may
    still seal with it meanwhile.
    """
    await check_credentials(db, vault)
    async with db.read() as tx:
        needed = set(await _by_key(tx))
    found = key_files.read(vault.folder)
    unused = key_files.retired(found, db.clock.now(), SETTLED_SECONDS) - needed
    done = await _rotate(db, CREDENTIALS, vault, unused)
    return Migrated(done, await migrate_credentials(db, vault))


async def migrate_credentials(db: Database, vault: KeyRing) -> int:
    """Seal every credential under the primary key that is not yet; how many there were. One that is changed meanwhile is left."""
    async with db.read() as tx:
        by_key = await _by_key(tx)
    moved = 0
    for number, blobs in by_key.items():
        if number == vault.primary:
            continue
        for credential_id, blob in blobs:
            plain = vault.open(base64.b64decode(blob), credential_id.encode())
            sealed = base64.b64encode(vault.seal(plain, credential_id.encode())).decode()
            async with db.tx() as tx:
                moved += await store.reseal(tx, credential_id, blob, sealed)
    return moved
