"""What a host compared with the database is found to differ in. Commands read this from an answer: it imports little."""

from __future__ import annotations

from msgspec import Struct

from ....contract.commands import Guest, Kept


class Unknown(Struct, frozen=True):
    """A server or volume that the host has and the database has not. `runs`: a guest has its disks now, so they stay in place."""

    owner: str
    disks: list[Kept]
    runs: bool


class Missing(Struct, frozen=True):
    """A server, volume or snapshot that the database has on this host, where its disk is not. `quarantined` are its objects there.

    `ports` are a server's ports; `claims` says whether it holds a claim on the host.
    """

    noun: str
    id: str
    name: str
    quarantined: list[str]
    ports: list[str] = []
    claims: bool = False


class Compared(Struct, frozen=True):
    """All differences. `off` are servers that should run and do not; `elsewhere` run here and are on another host by the database;

    `guests` are guests of servers that the database does not know; `claims` are held by nobody who is known.
    """

    guests: list[Guest]
    unknown: list[Unknown]
    missing: list[Missing]
    off: list[str]
    elsewhere: list[str]
    claims: list[str]
    servers: int
    disks: int

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        return any((self.guests, self.unknown, self.missing, self.off, self.elsewhere, self.claims))
