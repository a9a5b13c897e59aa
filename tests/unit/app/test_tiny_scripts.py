"""The guest's scripts, as far as they can be tried outside a guest."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from cumulet.app.tiny.guest import FILES

READER = FILES / "root/usr/lib/cumulet/json.awk"
needs_awk = pytest.mark.skipif(not shutil.which("awk"), reason="needs awk")


def read(document: object) -> dict[str, str]:
    """What the guest's reader of JSON finds, by path."""
    command = ["awk", "-f", str(READER)]
    shown = subprocess.run(command, input=json.dumps(document), capture_output=True, text=True, check=True).stdout
    return dict(line.split("\t") for line in shown.splitlines())


@needs_awk
def test_json_is_read_by_path() -> None:
    document = {"uuid": "u", "none": None, "list": [1, {"deep": True}], "empty": {}, "nothing": [], "last": "z"}
    found = {"uuid": "u", "none": "null", "list.0": "1", "list.1.deep": "true", "last": "z"}
    assert read(document) == found


@needs_awk
def test_strings_may_hold_what_looks_like_structure() -> None:
    assert read({'a {b}: [c], "d" \\ e': '}],:\\"'}) == {'a {b}: [c], "d" \\ e': '}],:\\"'}
    assert read({"key": "ssh-rsa AAAA me@here\n"}) == {"key": "ssh-rsa AAAA me@here "}
    assert read({"name": "é"}) == {"name": "?"}


SCRIPTS = sorted(path for path in FILES.rglob("*") if path.is_file() and path.read_bytes().startswith(b"#!"))


def test_all_scripts_are_found() -> None:
    assert {"init", "setup", "sudo", "default.script"} <= {path.name for path in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_is_sound_shell(script: Path) -> None:
    subprocess.run(["sh", "-n", script], check=True)
