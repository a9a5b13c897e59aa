"""Starting, stopping and rebooting servers."""

from .reboot_server import reboot_server
from .start_server import start_server
from .stop_server import stop_server

__all__ = ["reboot_server", "start_server", "stop_server"]
