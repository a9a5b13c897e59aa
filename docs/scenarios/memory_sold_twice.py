"""Ten moves at once to one host of 300 GiB: run it with `.venv/bin/python docs/scenarios/memory_sold_twice.py`.

It starts a cloud with eleven hosts in memory in a folder of its own, does what docs/scenarios/memory-sold-twice.md tells, and
removes it. It ends with 1 if anything else happens. With `--html` it writes the explanation to memory-sold-twice.html, too.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

HOSTS, TOTAL_MB, RESERVED_MB = 11, 300 * 1024, 20 * 1024
ON_TARGET_MB, MOVED_MB = 180 * 1024, 30 * 1024
CUMULET = [sys.executable, "-m", "cumulet.app.cli"]


class Cloud:
    """The running cloud, as its administrator sees it over HTTP."""

    def __init__(self, port: int, state: Path) -> None:
        self.port, self.state, self.token = port, state, ""
        domain = {"id": "default"}
        user = {"name": "admin", "domain": domain, "password": (state / "admin-password").read_text().strip()}
        scope = {"project": {"name": "admin", "domain": domain}}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        _, headers, _ = self.call("POST", "/identity/v3/auth/tokens", body)
        self.token = headers["x-subject-token"]

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], Any]:
        """Status, headers and JSON."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"X-Auth-Token": self.token, "OpenStack-API-Version": "placement 1.38", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, told, json.loads(content) if content else None

    def providers(self) -> list[str]:
        """The ids of the hosts, by name."""
        found = self.call("GET", "/placement/resource_providers")[2]["resource_providers"]
        return [provider["uuid"] for provider in sorted(found, key=lambda provider: provider["name"])]

    def size(self, provider: str) -> None:
        """Hosts in memory have 256 GiB; these shall have 300. What is reserved stays as it is configured."""
        generation = self.call("GET", f"/placement/resource_providers/{provider}")[2]["generation"]
        stock = {"total": TOTAL_MB, "reserved": RESERVED_MB, "resource_provider_generation": generation}
        path = f"/placement/resource_providers/{provider}/inventories/MEMORY_MB"
        assert self.call("PUT", path, stock)[0] == 200

    def hold(self, consumers: dict[str, tuple[str, int, str, int | None]]) -> int:
        """Let consumers hold memory, all of them or none: id to (provider, MiB, type, generation). The status."""
        who = {"project_id": "p", "user_id": "u"}
        body = {
            consumer: {
                "allocations": {provider: {"resources": {"MEMORY_MB": amount}}},
                "consumer_type": kind,
                "consumer_generation": generation,
                **who,
            }
            for consumer, (provider, amount, kind, generation) in consumers.items()
        }
        return self.call("POST", "/placement/allocations", body)[0]

    def used(self, provider: str) -> int:
        """MiB that are claimed."""
        return int(self.call("GET", f"/placement/resource_providers/{provider}/usages")[2]["usages"]["MEMORY_MB"])


def tell(cloud: Cloud) -> int:
    """The story; how many moves were granted."""
    target, *sources = cloud.providers()
    for provider in (target, *sources):
        cloud.size(provider)
    assert cloud.hold({str(uuid.uuid4()): (target, ON_TARGET_MB, "INSTANCE", None)}) == 204
    servers = [str(uuid.uuid4()) for _ in sources]
    for server, source in zip(servers, sources, strict=True):
        assert cloud.hold({server: (source, MOVED_MB, "INSTANCE", None)}) == 204
    print(f"The target has 300 GiB, 20 reserved: 280 can be sold. {cloud.used(target) // 1024} are.")
    print("Ten servers of 30 GiB want to come, all at once.")

    def move(server: str, source: str) -> int:
        """A move holds both ends: the source's claim is the migration's now, and the server claims the target."""
        migration = str(uuid.uuid4())
        return cloud.hold({migration: (source, MOVED_MB, "MIGRATION", None), server: (target, MOVED_MB, "INSTANCE", 1)})

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(move, servers, sources))
    granted = answers.count(204)
    used = cloud.used(target)
    print(f"{granted} moves were granted, {answers.count(409)} were refused. The target has sold {used // 1024} of 280 GiB.")
    held = sum(cloud.used(source) for source in sources)
    print(f"The ten sources still hold {held // 1024} GiB: a move holds both ends until it ends.")
    assert used <= TOTAL_MB - RESERVED_MB
    return granted


def what_if(cloud: Cloud) -> int:
    """What `cumulet audit --what-if memory_reserved=40G` says of the target; how many findings that is."""
    findings = cloud.call("GET", "/operator/v1/audit?memory_reserved=40960")[2]["findings"]
    told = [finding for finding in findings if finding["subject"] == "host fake1"]
    for finding in told:
        print(f"{finding['severity']} {finding['subject']}: {finding['what']}")
    return len(told)


def main() -> int:
    """Start, tell, explain, stop."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="cumulet-scenario-") as folder:
        state = Path(folder)
        environment = {
            **os.environ,
            "CUMULET_PORT": str(port),
            "CUMULET_FAKE_HOSTS": str(HOSTS),
            "CUMULET_RESERVED_MEMORY_MB": str(RESERVED_MB),
        }

        def cumulet(*arguments: str) -> int:
            sys.stdout.flush()
            return subprocess.run([*CUMULET, *arguments, "--state", folder], env=environment, check=False).returncode

        assert cumulet("up", "--fake") == 0
        try:
            cloud = Cloud(port, state)
            granted = tell(cloud)
            if "--html" in sys.argv:
                cumulet("explain", "host", "fake1", "--html", "memory-sold-twice.html")
            cumulet("explain", "host", "fake1")
            tried = what_if(cloud)
        finally:
            cumulet("down")
    return 0 if (granted, tried) == (3, 1) else 1


if __name__ == "__main__":
    sys.exit(main())
