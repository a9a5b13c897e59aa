"""From nothing to a running server, and back."""

from .create_server import create_server
from .delete_server import delete_server

__all__ = ["create_server", "delete_server"]
