"""The workflows table and its statements.

One row is one workflow. `records` grows by one JSON line per finished step, in the UPDATE that renews the lease and reads the
intents. `due_at` is when anyone may take the row: at once for a new one, after the nap for a suspended one, at the end of the
lease for a running one. `fence` grows with each take; statements of a worker name its owner and fence and change nothing
once another has taken the row. `holds` is `turn` while a workflow has its turn.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects.postgresql import insert

from ..db import Query, among, metadata

TABLE = sa.Table(
    "workflows",
    metadata,
    sa.Column("sequence", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("resource_id", sa.Text, nullable=False),
    sa.Column("exclusive", sa.Boolean, nullable=False),
    sa.Column("args", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("turn", sa.Text),
    sa.Column("holds", sa.Text),
    sa.Column("state", sa.Text, nullable=False),  # running | undoing | done | failed
    sa.Column("irrevocable", sa.Boolean, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("records", sa.Text, nullable=False),
    sa.Column("intents", sa.Text, nullable=False),
    sa.Column("wakes", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("failure", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("due_at", sa.Double, nullable=False),
    sa.Column("deadline", sa.Double, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("finished_at", sa.Double),
)
C = TABLE.c
B = sa.bindparam
NOW: sa.BindParameter[float] = B("now", type_=sa.Double())
_unfinished = C.finished_at.is_(None)


def _index(name: str, *columns: sa.ColumnElement[object], where: sa.ColumnElement[bool], unique: bool = False) -> None:
    sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


sa.Index("workflows_id", C.id, unique=True)
_index("workflows_exclusive", C.kind, C.resource_id, where=C.exclusive & _unfinished, unique=True)
_index("workflows_resource", C.kind, C.resource_id, where=_unfinished)
_index("workflows_due", C.due_at, where=_unfinished)
_index("workflows_turn", C.turn, C.sequence, where=_unfinished & C.turn.is_not(None))
_index("workflows_holds", C.holds, where=C.holds.is_not(None), unique=True)
_index("workflows_finished", C.finished_at, where=C.finished_at.is_not(None))


class Taken(Struct):
    """A row as its worker needs it."""

    id: str
    name: str
    args: str
    request_id: str
    turn: str | None
    state: str
    irrevocable: bool
    step: str
    records: str
    intents: str
    wakes: int
    attempts: int
    failure: str | None
    fence: int
    deadline: float


class Answer(Struct):
    """What a worker learns each time it writes."""

    intents: str
    wakes: int


INSERT: Query[Any] = Query(
    insert(TABLE)
    .values(
        **{
            name: B(name)
            for name in (
                "id",
                "name",
                "kind",
                "resource_id",
                "exclusive",
                "args",
                "request_id",
                "turn",
                "due_at",
                "deadline",
                "created_at",
            )
        },
        state="running",
        irrevocable=False,
        step="",
        records="",
        intents="",
        wakes=0,
        attempts=0,
        fence=0,
    )
    .on_conflict_do_nothing()
)

_before = TABLE.alias("before")
_has_turn = sa.or_(
    C.turn.is_(None),
    C.holds.is_not(None),
    ~sa.exists().where(
        _before.c.turn == C.turn,
        _before.c.finished_at.is_(None),
        sa.or_(_before.c.sequence < C.sequence, _before.c.holds.is_not(None)),
        _before.c.id != C.id,
    ),
)
_too_late_for_turn = sa.and_(C.fence == 0, C.deadline <= NOW)
_ready = (
    sa.select(C.id)
    .where(_unfinished, C.due_at <= NOW, sa.or_(_has_turn, _too_late_for_turn))
    .order_by(C.due_at)
    .limit(B("limit", type_=sa.Integer()))
    .with_for_update(skip_locked=True)
)
TAKE = Query(
    sa.update(TABLE)
    .where(C.id.in_(_ready))
    .values(
        owner=B("owner"),
        fence=C.fence + 1,
        due_at=B("lease"),
        holds=sa.case((_too_late_for_turn, sa.null()), else_=C.turn),
    )
    .returning(*(C[name] for name in Taken.__struct_fields__)),
    Taken,
)
"""Lease up to `limit` rows that are due at `now` and, if they take turns, have theirs (or are too late for it anyway)."""

NEXT_DUE: Query[Any] = Query(
    sa.select(C.due_at).where(_unfinished, sa.or_(C.due_at > NOW, _has_turn, _too_late_for_turn)).order_by(C.due_at).limit(1)
)
"""When `TAKE` has something to take next: in the past if it has now."""

FREE_ALL: Query[Any] = Query(sa.update(TABLE).where(_unfinished, C.owner.is_not(None)).values(owner=sa.null(), due_at=NOW))

_mine = sa.and_(C.id == B("b_id"), C.owner == B("b_owner"), C.fence == B("b_fence"), _unfinished)
_answer = (C.intents, C.wakes)
_advance = {"records": C.records + B("record"), "step": B("step"), "error": sa.null(), "attempts": 0}

RECORD = Query(sa.update(TABLE).where(_mine).values(**_advance).returning(*_answer), Answer)
RECORD_RENEW = Query(sa.update(TABLE).where(_mine).values(**_advance, due_at=B("lease")).returning(*_answer), Answer)
RECORD_IRREVOCABLE = Query(sa.update(TABLE).where(_mine).values(**_advance, irrevocable=True).returning(*_answer), Answer)
SUSPEND: Query[Any] = Query(
    sa.update(TABLE)
    .where(_mine)
    .values(
        records=C.records + B("record"),
        step=B("step"),
        owner=sa.null(),
        due_at=sa.case((C.wakes != B("b_wakes"), NOW), else_=B("due", type_=sa.Double())),
        error=B("error"),
        attempts=B("attempts"),
    )
    .returning(C.due_at)
)
BEGIN_UNDO = Query(
    sa.update(TABLE).where(_mine).values(state="undoing", failure=B("failure"), error=B("error"), attempts=0).returning(*_answer),
    Answer,
)
FINISH = Query(
    sa.update(TABLE)
    .where(_mine)
    .values(state=B("state"), step=B("step"), finished_at=NOW, owner=sa.null(), holds=sa.null())
    .returning(*_answer),
    Answer,
)
RELEASE: Query[Any] = Query(sa.update(TABLE).where(_mine).values(owner=sa.null(), due_at=NOW))
RENEW: Query[Any] = Query(
    sa.update(TABLE)
    .where(C.owner == B("b_owner"), among(C.id, "b_ids"), _unfinished)
    .values(due_at=B("lease"))
    .returning(C.id, C.fence)
)

WAKE: Query[Any] = Query(
    sa.update(TABLE)
    .where(C.kind == B("b_kind"), C.resource_id == B("b_resource"), _unfinished)
    .values(wakes=C.wakes + 1, due_at=sa.case((sa.and_(C.owner.is_(None), C.due_at > NOW), NOW), else_=C.due_at))
    .returning(C.id)
)
INTEND: Query[Any] = Query(
    sa.update(TABLE)
    .where(
        C.kind == B("b_kind"),
        C.resource_id == B("b_resource"),
        C.exclusive,
        _unfinished,
        sa.or_(C.state == "undoing", ~C.irrevocable),
    )
    .values(
        intents=C.intents + " " + B("intent", type_=sa.Text()),
        wakes=C.wakes + 1,
        due_at=sa.case((sa.and_(C.owner.is_(None), C.due_at > NOW), NOW), else_=C.due_at),
    )
    .returning(C.id)
)
PURGE: Query[Any] = Query(sa.delete(TABLE).where(C.finished_at < B("before")))
