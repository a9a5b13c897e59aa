"""Operators' commands about identity: keys, the administrator, rules, the audit log. They work on the database itself."""

from .admin import admin_app, bootstrap
from .audit_log import audit_log
from .keys import keys_app
from .policy import policy_app

__all__ = ["admin_app", "audit_log", "bootstrap", "keys_app", "policy_app"]
