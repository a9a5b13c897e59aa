"""Storage: SQLAlchemy Core for tables and statements, each compiled once; raw drivers at run time.

A statement is a module constant in a service's `store/`: `Query(select(...), Row)`. It runs as `await tx.one(QUERY, id=...)`,
`tx.all` or `tx.do`. `Database.tx()` is a write transaction, `Database.read()` reads without one. SQLite and PostgreSQL run the
same statements.
"""

from .listing import Condition, Listing, Page
from .protocol import Database, Duplicate, Reader, Tx
from .query import Json, Query, among, metadata
from .rows import values
from .sqlite import Sqlite

__all__ = [
    "Condition",
    "Database",
    "Duplicate",
    "Json",
    "Listing",
    "Page",
    "Query",
    "Reader",
    "Sqlite",
    "Tx",
    "among",
    "metadata",
    "values",
]
