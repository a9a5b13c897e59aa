"""A Keystone database made by upstream's own package, which lives in a virtual environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "compat" / "keystone_database.py"
PACKAGES = ("keystone>=27,<31", "pymysql>=1.1")


def interpreter() -> Path:
    """Python with Keystone: that of KEYSTONE_VENV, or of `.venv-keystone`, which is made if it is not there."""
    venv = Path(os.environ.get("KEYSTONE_VENV", ROOT / ".venv-keystone"))
    python = venv / "bin" / "python"
    if not (venv / "bin" / "keystone-manage").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES], check=True)
    return python


def make_database(folder: Path, url: str = "") -> dict[str, Any]:
    """Put keystone.db, unless it is to be at `url`, and credential-keys into `folder`; returns what is in it."""
    argv = [str(interpreter()), "-W", "ignore", str(SCRIPT), str(folder), *([url] if url else [])]
    subprocess.run(argv, check=True, capture_output=True)
    told: dict[str, Any] = json.loads((folder / "told.json").read_text())
    return told
