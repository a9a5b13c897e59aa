"""HTTP: routes as data, microversions as data on fields, and one visible order of a request (`serving.py`)."""

from .application import Application, Service
from .paging import Filter, Paging
from .request import Request
from .responses import Fault, Response, Stream, accepted, created, no_content, ok
from .routes import PUBLIC, Action, Route
from .versioned import Lives, Version, Versions, downgrade
from .words import flag, whole

__all__ = [
    "PUBLIC",
    "Action",
    "Application",
    "Fault",
    "Filter",
    "Lives",
    "Paging",
    "Request",
    "Response",
    "Route",
    "Service",
    "Stream",
    "Version",
    "Versions",
    "accepted",
    "created",
    "downgrade",
    "flag",
    "no_content",
    "ok",
    "whole",
]
