"""Volumes and ports of servers that exist. Each is a workflow of the attachment, in turn on the server."""

from .attach_interface import attach_interface
from .attach_volume import attach_volume
from .detach_interface import detach_interface
from .detach_volume import detach_volume

__all__ = ["attach_interface", "attach_volume", "detach_interface", "detach_volume"]
