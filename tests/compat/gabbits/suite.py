"""Run upstream's gabbi files against a server: `python suite.py PORT EXCLUDED`, in the virtual environment that has them.

The files and their fixtures are those of the package openstack-placement. What the fixtures do to upstream's database they do here
through the API. An answer's sentences are not compared: upstream's words are upstream's; statuses, codes, titles and every figure
are.
"""

from __future__ import annotations

import glob
import http.client
import json
import os
import pathlib
import sys
import tempfile
import types
import unittest
import urllib.parse
from typing import Any

import placement
import placement.deploy
import placement.tests.functional.db.test_base as direct
import placement.tests.functional.fixtures.gabbits as fixtures
import yaml
from gabbi import driver
from oslo_utils.fixture import uuidsentinel
from oslo_utils.uuidutils import generate_uuid

PORT = int(sys.argv[1])
GABBITS = os.path.join(os.path.dirname(placement.__file__), "tests", "functional", "gabbits", "*.yaml")
KEPT = ("title", "code", "request_id")


def call(method: str, path: str, body: Any = None, version: str = "1.37") -> Any:
    """One request by the administrator, which must succeed."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    headers = {"x-auth-token": "admin", "openstack-api-version": f"placement {version}", "content-type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    assert answer.status < 400, (method, path, body, answer.status, data)
    return json.loads(data) if data else None


def forward(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Upstream's suite calls a WSGI application: this one is on the other side of a socket."""
    path = urllib.parse.quote(environ["PATH_INFO"].encode(), safe="/:,@!$&'()*+;=~-._")
    if environ.get("QUERY_STRING"):
        path += "?" + urllib.parse.quote(environ["QUERY_STRING"].encode("utf-8"), safe="%/:,@!$&'()*+;=~-._?")
    headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers.pop("CONNECTION", None)
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    size, body = environ.get("CONTENT_LENGTH"), None
    if size and size.isdigit():
        body = environ["wsgi.input"].read(int(size))
    elif size:
        headers["Content-Length"] = size
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    connection.request(environ["REQUEST_METHOD"], path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    told = [(name.lower(), value) for name, value in answer.getheaders()]
    start(
        f"{answer.status} {answer.reason}",
        [(name, value) for name, value in told if name not in ("connection", "transfer-encoding")],
    )
    connection.close()
    return [data]


class Named:
    """A project, a user or a resource class of upstream's, as far as the fixtures look at it."""

    def __init__(self, context: Any = None, external_id: str = "", name: str = "") -> None:
        self.external_id, self.name = external_id, name

    def create(self) -> None:
        """A resource class is made; the others are where a claim names them."""
        if self.name:
            call("PUT", f"/resource_classes/{self.name}")


class Provider:
    """A provider that the fixtures have made."""

    def __init__(self, uuid: str, name: str) -> None:
        self.uuid, self.name = uuid, name

    def set_aggregates(self, aggregates: list[str]) -> None:
        """Put it into aggregates."""
        call("PUT", f"/resource_providers/{self.uuid}/aggregates", list(aggregates), "1.18")


def create_provider(context: Any, name: str, *aggregates: str, **wanted: Any) -> Provider:
    uuid = wanted.get("uuid", getattr(uuidsentinel, name))
    parent = {"parent_provider_uuid": wanted["parent"]} if wanted.get("parent") else {}
    call("POST", "/resource_providers", {"name": name, "uuid": uuid, **parent})
    made = Provider(uuid, name)
    if aggregates:
        made.set_aggregates(list(aggregates))
    return made


def add_inventory(provider: Provider, resource_class: str, total: int, **figures: Any) -> None:
    if resource_class.startswith("CUSTOM_"):
        call("PUT", f"/resource_classes/{resource_class}")
    record = {"resource_class": resource_class, "total": total, "max_unit": total, **figures}
    call("POST", f"/resource_providers/{provider.uuid}/inventories", record)


def set_traits(provider: Provider, *traits: str) -> None:
    for trait in traits:
        if trait.startswith("CUSTOM_"):
            call("PUT", f"/traits/{trait}")
    generation = call("GET", f"/resource_providers/{provider.uuid}")["generation"]
    call("PUT", f"/resource_providers/{provider.uuid}/traits", {"traits": list(traits), "resource_provider_generation": generation})


def ensure_consumer(context: Any, user: Named, project: Named, consumer_id: str | None = None) -> Any:
    return types.SimpleNamespace(uuid=consumer_id or generate_uuid(), user=user, project=project)


def set_allocation(context: Any, provider: Provider, consumer: Any, resources: dict[str, int]) -> None:
    who = {"project_id": consumer.project.external_id, "user_id": consumer.user.external_id}
    call("PUT", f"/allocations/{consumer.uuid}", {"allocations": {provider.uuid: {"resources": resources}}, **who}, "1.27")


def create_user_and_project(context: Any, prefix: str = "fake") -> tuple[Named, Named]:
    return Named(external_id=prefix + "-user"), Named(external_id=prefix + "-project")


class Fixture:
    """Does nothing, where upstream sets up what only its own process has."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self.arguments = arguments

    def setUp(self) -> None:
        """Begin."""

    def cleanUp(self) -> None:
        """End."""


class Database(Fixture):
    """A new database, under the rules that the fixture asked for."""

    def setUp(self) -> None:
        """Begin."""
        settings = self.arguments[0]
        settings.config(connection="sqlite://", group="placement_database")
        call("POST", "/__new?" + ("secure" if settings.conf.oslo_policy.enforce_new_defaults else "legacy"))


class PolicyFixture(Fixture):
    """The rules, if the fixture changes them."""

    def set_rules(self, rules: dict[str, str]) -> None:
        """Everybody may everything: no fixture sets anything else."""
        call("POST", "/__new?open")


def through_http() -> None:
    """Let upstream's fixtures work on a server instead of on its own tables."""
    placement.deploy.loadapp = lambda conf: forward
    for made in (create_provider, add_inventory, set_traits, ensure_consumer, set_allocation, create_user_and_project):
        setattr(direct, made.__name__, made)
    fixtures.tb = direct
    fixtures.user_obj = types.SimpleNamespace(User=Named)
    fixtures.project_obj = types.SimpleNamespace(Project=Named)
    fixtures.rc_obj = types.SimpleNamespace(ResourceClass=Named)
    fixtures.fixtures = types.SimpleNamespace(Database=Database)
    fixtures.policy_fixture = types.SimpleNamespace(PolicyFixture=PolicyFixture)
    fixtures.output = types.SimpleNamespace(CaptureOutput=Fixture)
    begin = fixtures.CORSFixture.start_fixture

    def with_pages(fixture: Any) -> None:
        begin(fixture)
        call("POST", "/__new?pages")

    fixtures.CORSFixture.start_fixture = with_pages
    fixtures.capture = types.SimpleNamespace(Logging=Fixture, WarningsFixture=Fixture)


def without_sentences(document: dict[str, Any]) -> dict[str, Any]:
    """The same file without the words of error messages."""
    usual = document.get("defaults", {}).get("status", 200)
    for test in document.get("tests", []):
        if str(test.get("status", usual))[0] in "45":
            test.pop("response_strings", None)
            paths = test.get("response_json_paths", {})
            for path in [path for path in paths if "detail" in path or not any(word in path for word in KEPT)]:
                paths.pop(path)
    return document


def excluded(path: str) -> set[str]:
    """The tests that are not expected to pass: `test  # reason`."""
    lines = [
        line.partition("#") for line in pathlib.Path(path).read_text().splitlines() if line.strip() and not line.startswith("#")
    ]
    if any(not reason.strip() for _, _, reason in lines):
        raise SystemExit(f"{path}: a line has no reason")
    return {name.strip() for name, _, _ in lines}


def name_of(test: Any) -> str:
    """`file: what it is about`, as the files say it."""
    return str(test.shortDescription() or test)


def main() -> int:
    """0 if exactly those tests fail that are excluded."""
    through_http()
    known = excluded(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        for path in glob.glob(GABBITS):
            with open(path) as source, open(os.path.join(folder, os.path.basename(path)), "w") as copy:
                yaml.safe_dump(without_sentences(yaml.safe_load(source)), copy, sort_keys=False)
        suite = driver.build_tests(
            folder,
            unittest.TestLoader(),
            host=None,
            intercept=fixtures.setup_app,
            fixture_module=fixtures,
            test_loader_name="gabbits",
        )
        with open(os.devnull, "w") as nowhere:
            result = unittest.TextTestRunner(verbosity=0, stream=nowhere).run(suite)
    failed = {name_of(test): trace for test, trace in result.failures + result.errors}
    for name in sorted(set(failed) - known):
        print(f"FAILED {name}\n{failed[name].strip().splitlines()[-1][:300]}")
    for name in sorted(known - set(failed)):
        print(f"PASSED although excluded: {name}")
    passed = result.testsRun - len(failed)
    print(f"{result.testsRun} upstream placement tests: {passed} passed, {len(failed)} failed, {len(known)} excluded")
    return 0 if set(failed) == known and result.testsRun > 1000 else 1


if __name__ == "__main__":
    sys.exit(main())
