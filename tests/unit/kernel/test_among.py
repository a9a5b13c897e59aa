"""`among`, the condition on a list."""

from __future__ import annotations

import sqlalchemy as sa

from cumulet.kernel.db import among
from cumulet.kernel.db.query import POSTGRES, SQLITE, Compiled

TABLE = sa.Table("things", sa.MetaData(), sa.Column("id", sa.Text, primary_key=True), sa.Column("size", sa.Integer))


def where(*conditions: sa.ColumnElement[bool]) -> str:
    statement = sa.select(TABLE.c.id).where(*conditions)
    return Compiled(statement, SQLITE).sql.split("WHERE ")[1]


def test_sqlite_is_asked_in_a_way_that_can_use_an_index():
    assert where(among(TABLE.c.id, "ids")) == "things.id IN (SELECT value FROM json_each(?))"
    assert " = 1" not in where(among(TABLE.c.id, "ids"), TABLE.c.size > 1)


def test_it_can_be_negated_on_both_databases():
    assert where(sa.not_(among(TABLE.c.id, "ids"))).endswith("json_each(?)) = 0")
    negated = Compiled(sa.select(TABLE.c.id).where(sa.not_(among(TABLE.c.id, "ids"))), POSTGRES).sql
    assert "NOT things.id = ANY" in negated
