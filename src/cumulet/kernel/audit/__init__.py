"""The audit log: who did what to what, when, from where, and how it ended; in the events of CADF (DMTF DSP0262).

A change is written by the transaction that makes it (`record`): there is no change without its event and no event without its
change. What has no transaction of its own, a log-in above all, is written by the next batch (`Later`), at most a second after. Rows
are only ever added; they refer to nothing, so that they outlive what they are about, and go by age alone. Every event is a line of
the log `cumulet.audit` too, once it is committed.

A service that sets `audits` has one event for each successful request of a route that writes (`requests`). No event holds a value
that a client sent, only the names of fields.
"""

from .events import FAILURE, PENDING, SUCCESS, Event, Sought, cadf, page, purge, record, tell
from .later import Later

__all__ = ["FAILURE", "PENDING", "SUCCESS", "Event", "Later", "Sought", "cadf", "page", "purge", "record", "tell"]
