"""Operators' commands about identity: keys, the administrator, rules, the audit log. They work on the database itself."""

from .audit_log import audit_log
from .keys import keys_app

__all__ = ["audit_log", "keys_app"]
