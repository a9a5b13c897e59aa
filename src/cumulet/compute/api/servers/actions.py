"""What can be done to a server: `POST /servers/{id}/action`."""

from __future__ import annotations

import re

from ....kernel.http import Request, Response, accepted, ok
from ...model import SOFT_DELETED
from ...operations.images import snapshot
from ...operations.servers import change, consoles, delete, groups, power, reading
from . import bodies

_LOCK = "os_compute_api:os-lock-server:"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f]")


async def start(request: Request, server_id: str) -> Response:
    """Start a stopped server."""
    await power.start(request.tx, request.actor, server_id)
    return accepted()


async def stop(request: Request, server_id: str) -> Response:
    """Stop a server."""
    await power.stop(request.tx, request.actor, server_id)
    return accepted()


async def reboot(request: Request, server_id: str, body: bodies.RebootType) -> Response:
    """Reboot a server, softly or hard."""
    await power.reboot(request.tx, request.actor, server_id, body.hard())
    return accepted()


async def create_image(request: Request, server_id: str, body: bodies.NewImage) -> Response:
    """Make an image of a server."""
    image_id = await snapshot.create(request.tx, request.actor, server_id, body.wanted())
    return accepted({"image_id": image_id})


async def create_image_elsewhere(request: Request, server_id: str, body: bodies.NewImage) -> Response:
    """The same, as it was when the image's URL was told in a header."""
    image_id = await snapshot.create(request.tx, request.actor, server_id, body.wanted())
    return accepted(location=f"{request.root()}/image/v2/images/{image_id}")


async def force_delete(request: Request, server_id: str) -> Response:
    """Delete a server at once, which here every deletion is."""
    await delete.delete(request.tx, request.actor, server_id)
    return accepted()


async def restore(request: Request, server_id: str) -> Response:
    """Bring back a server that was only marked for deletion. Here none ever is."""
    await reading.take(request.tx, request.actor, server_id, "restore", (SOFT_DELETED,))
    return accepted()


async def lock(request: Request, server_id: str, body: bodies.LockReason | None) -> Response:
    """Lock a server."""
    await change.lock(request.tx, request.actor, server_id, body.locked_reason if body else None)
    return accepted()


async def lock_without_reason(request: Request, server_id: str) -> Response:
    """Lock a server, as it was before there were reasons: whatever is sent is ignored."""
    await change.lock(request.tx, request.actor, server_id, None)
    return accepted()


async def unlock(request: Request, server_id: str) -> Response:
    """Unlock a server; what an administrator has locked only administrators unlock."""
    server = await reading.get(request.tx, request.actor, server_id)
    if server.locked_by == "admin":
        request.authorize(_LOCK + "unlock:unlock_override")
    await change.unlock(request.tx, request.actor, server_id)
    return accepted()


async def reset_state(request: Request, server_id: str, body: bodies.StateReset) -> Response:
    """An administrator's word on a server's state."""
    await change.reset_state(request.tx, request.actor, server_id, body.state)
    return accepted()


async def console_output(request: Request, server_id: str, body: bodies.ConsoleLength | None) -> Response:
    """The end of the guest's serial console."""
    async with request.parts.db.read() as tx:
        spot = await consoles.spot(tx, request.actor, server_id)
    text = await consoles.read(request.parts.agents, spot, body.lines() if body else None)
    return ok({"output": _UNPRINTABLE.sub("", text)})


async def add_group(request: Request, server_id: str, body: bodies.GroupName) -> Response:
    """Add all of a server's ports to a security group."""
    await groups.add(request.tx, request.actor, server_id, body.name)
    return accepted()


async def remove_group(request: Request, server_id: str, body: bodies.GroupName) -> Response:
    """Remove all of a server's ports from a security group."""
    await groups.remove(request.tx, request.actor, server_id, body.name)
    return accepted()
