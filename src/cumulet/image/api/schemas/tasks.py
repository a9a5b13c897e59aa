"""Tasks. https://docs.openstack.org/api-ref/image/v2/#task-schemas"""

from __future__ import annotations

from typing import Any

from .words import LINK, OBJECT_OR_NULL, TEXT, TEXT_OR_NULL, UUID, collection, field

_FIELDS: dict[str, Any] = {
    "id": field(TEXT, "The task's identifier, a UUID", pattern=UUID),
    "type": field(TEXT, "What the task does", enum=["import", "api_image_import", "location_import"]),
    "status": field(TEXT, "How far it is", enum=["pending", "processing", "success", "failure"]),
    "input": field(OBJECT_OR_NULL, "What it was asked for"),
    "result": field(OBJECT_OR_NULL, "What came of it"),
    "owner": field(TEXT, "The project that owns the task"),
    "message": field(TEXT, "What there is to say about it, after a failure above all"),
    "image_id": field(TEXT, "The image that it works on"),
    "request_id": field(TEXT, "The request that began it"),
    "user_id": field(TEXT, "The user who began it"),
    "expires_at": field(TEXT_OR_NULL, "When its record may be removed"),
    "created_at": field(TEXT, "When it was made"),
    "updated_at": field(TEXT, "When it was changed last"),
    "self": LINK,
    "schema": LINK,
}
_LISTED = {name: value for name, value in _FIELDS.items() if name not in ("input", "result", "message")}
TASK: dict[str, Any] = {"name": "task", "properties": _FIELDS}
TASKS = collection("tasks", {"name": "task", "properties": _LISTED}, paged=False)
