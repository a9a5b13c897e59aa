"""Routers: their life, their way out, and what they are connected with."""

from ...model import Router
from . import interfaces
from .interfaces import Connection
from .life import Gateway, NewRouter, RouterChanges, create, delete, gateway_ports, get, page, update

__all__ = [
    "Connection",
    "Gateway",
    "NewRouter",
    "Router",
    "RouterChanges",
    "create",
    "delete",
    "gateway_ports",
    "get",
    "interfaces",
    "page",
    "update",
]
