"""The whole image API on one screen.

A rule named here is asked with the caller's own project first; the handlers ask it again once they know the image. `default`
stands where the image must be known first: for who may not even see it, it is not there (404), whatever else he may not do.
"""

from __future__ import annotations

from ...kernel.http import PUBLIC, Route
from . import cache, data, documents, images, imports, locations, members, stores, tasks, versions

_IMAGE = "/v2/images/{image_id}"
_MEMBER = "/v2/images/{image_id}/members/{member_id}"

ROUTES = [
    Route("GET", "", versions.list_versions, PUBLIC),
    Route("GET", "/v2", versions.list_versions, PUBLIC),
    Route("GET", "/versions", versions.show_versions, PUBLIC),
    Route("GET", "/v2/images", images.index, "get_images"),
    Route("POST", "/v2/images", images.create, "default", event="create_image"),
    Route("GET", _IMAGE, images.show, "default"),
    Route("PATCH", _IMAGE, images.update, "default", event="update_image"),
    Route("DELETE", _IMAGE, images.delete, "default", tx="none", event="delete_image"),
    Route("PUT", f"{_IMAGE}/file", data.upload, "default", tx="none", event="upload_image"),
    Route("PUT", f"{_IMAGE}/stage", data.stage, "default", tx="none", event="stage_image"),
    Route("GET", f"{_IMAGE}/file", data.download, "default", tx="none"),
    Route("POST", f"{_IMAGE}/actions/deactivate", images.deactivate, "default", event="deactivate_image"),
    Route("POST", f"{_IMAGE}/actions/reactivate", images.reactivate, "default", event="reactivate_image"),
    Route("PUT", f"{_IMAGE}/tags/{{tag}}", images.add_tag, "default", event="create_image_tag"),
    Route("DELETE", f"{_IMAGE}/tags/{{tag}}", images.remove_tag, "default", event="delete_image_tag"),
    Route("POST", f"{_IMAGE}/import", imports.start, "default", event="import_image"),
    Route("GET", f"{_IMAGE}/tasks", imports.of_image, "default"),
    Route("GET", f"{_IMAGE}/locations", locations.index, "fetch_image_location"),
    Route("POST", f"{_IMAGE}/locations", locations.add, "default", event="create_image_location"),
    Route("GET", f"{_IMAGE}/members", members.index, "default"),
    Route("POST", f"{_IMAGE}/members", members.create, "default", event="create_image_member"),
    Route("GET", _MEMBER, members.show, "default"),
    Route("PUT", _MEMBER, members.update, "default", event="update_image_member"),
    Route("DELETE", _MEMBER, members.delete, "default", event="delete_image_member"),
    Route("GET", "/v2/tasks", tasks.index, "tasks_api_access"),
    Route("POST", "/v2/tasks", tasks.create, "tasks_api_access", event="create_task"),
    Route("GET", "/v2/tasks/{task_id}", tasks.show, "tasks_api_access"),
    Route("GET", "/v2/info/import", stores.import_methods, "default"),
    Route("GET", "/v2/info/stores", stores.index, "default"),
    Route("GET", "/v2/info/stores/detail", stores.detail, "stores_info_detail", tx="none"),
    Route("DELETE", "/v2/stores/{store}/{image_id}", stores.delete_copy, "default", tx="none", event="delete_image_copy"),
    Route("GET", "/v2/info/usage", documents.usage, "default"),
    Route("GET", "/v2/cache", cache.show, "cache_list"),
    Route("DELETE", "/v2/cache", cache.clear, "cache_delete", tx="none", event="clear_image_cache"),
    Route("PUT", "/v2/cache/{image_id}", cache.queue, "cache_image", event="cache_image"),
    Route("DELETE", "/v2/cache/{image_id}", cache.drop, "cache_delete", tx="none", event="delete_cached_image"),
]
