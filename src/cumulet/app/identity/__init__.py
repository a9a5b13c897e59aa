"""Operators' commands about identity: keys, the administrator, rules, the audit log. They work on the database itself."""

from .keys import keys_app

__all__ = ["keys_app"]
