"""Ports: what users do with them, and what compute and the metadata service ask for."""

from ...model import Port
from ...store.ports import Place
from .allocation import WantedIp
from .changing import PortChanges, delete, get, page, update
from .creation import NewPort, create, place, refuse_own
from .guests import Wish, bind, cancel_move, is_up, prepare, prepare_move, release, set_up, unbind
from .seeing import Interface, interfaces, network_data, server_at, spec, specs

__all__ = [
    "Interface",
    "NewPort",
    "Place",
    "Port",
    "PortChanges",
    "WantedIp",
    "Wish",
    "bind",
    "cancel_move",
    "create",
    "delete",
    "get",
    "interfaces",
    "is_up",
    "network_data",
    "page",
    "place",
    "prepare",
    "prepare_move",
    "refuse_own",
    "release",
    "server_at",
    "set_up",
    "spec",
    "specs",
    "unbind",
    "update",
]
