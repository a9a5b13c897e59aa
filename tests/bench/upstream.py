"""The same question to upstream's placement: `python upstream.py HOSTS CELLS QUERY…`, in the virtual environment that has it.

Prints the milliseconds of CPU that each query takes. The database is SQLite in a file, as
ours; the application is called in process.
"""

from __future__ import annotations

import io
import os
import sqlite3
import sys
import tempfile
import time
import uuid
from typing import Any

from oslo_config import cfg
from oslo_policy import opts as policy_options
from placement import conf, deploy

CLASSES = ("VCPU", "MEMORY_MB", "DISK_GB")
TRAITS = ("HW_CPU_X86_AVX2", "HW_CPU_X86_SSE", "HW_CPU_X86_AESNI")


def application(path: str) -> Any:
    """Upstream's WSGI application on a new database."""
    settings = cfg.ConfigOpts()
    conf.register_opts(settings)
    policy_options.set_defaults(settings)
    settings.set_override("connection", f"sqlite:///{path}", "placement_database")
    settings([], default_config_files=[])
    settings.set_override("sync_on_startup", True, "placement_database")
    settings.set_override("auth_strategy", "noauth2", "api")
    return deploy.loadapp(settings)


def ask(app: Any, path: str) -> bytes:
    """GET."""
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "bench",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "HTTP_HOST": "bench",
        "HTTP_X_AUTH_TOKEN": "admin",
        "HTTP_ACCEPT": "application/json",
        "HTTP_OPENSTACK_API_VERSION": "placement 1.39",
    }
    told: list[str] = []
    body = b"".join(app(environ, lambda status, headers, problem=None: told.append(status)))
    assert told[0].startswith("200"), (told, body[:500])
    return body


def fill(path: str, hosts: int, cells: int) -> None:
    """Trees of a root with disk, and cells with processors and memory; inserted directly, which is quicker than through the API."""
    db = sqlite3.connect(path)
    classes = dict(db.execute("SELECT name, id FROM resource_classes"))
    traits = dict(db.execute("SELECT name, id FROM traits"))
    number = 0

    def provider(name: str, root: int | None, stock: dict[str, int], has: tuple[str, ...]) -> int:
        nonlocal number
        number += 1
        row = (number, str(uuid.uuid4()), name, 0, root or number, root)
        db.execute(
            "INSERT INTO resource_providers (id, uuid, name, generation, root_provider_id, parent_provider_id)"
            " VALUES (?,?,?,?,?,?)",
            row,
        )
        for kind, total in stock.items():
            db.execute(
                "INSERT INTO inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size,"
                " allocation_ratio) VALUES (?,?,?,0,1,?,1,1.0)",
                (number, classes[kind], total, total),
            )
        for trait in has:
            db.execute(
                "INSERT INTO resource_provider_traits (resource_provider_id, trait_id) VALUES (?,?)", (number, traits[trait])
            )
        return number

    for host in range(hosts):
        root = provider(f"host{host}", None, {"DISK_GB": 1000}, TRAITS[: 1 + host % 2])
        for cell in range(cells):
            provider(f"host{host} cell{cell}", root, {"VCPU": 32, "MEMORY_MB": 131072}, TRAITS[2:])
    db.commit()
    db.close()


def main() -> None:
    """Fill, ask, print."""
    hosts, cells, *queries = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "placement.db")
        app = application(path)
        ask(app, "/resource_classes")
        fill(path, hosts, cells)
        for query in queries:
            taken = []
            for _ in range(3):
                began = time.process_time()
                ask(app, query.removeprefix("/placement"))
                taken.append((time.process_time() - began) * 1000)
            print(f"{sorted(taken)[1]:.1f}")


if __name__ == "__main__":
    main()
