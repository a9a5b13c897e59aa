"""Run upstream's test suite (tempest, from its own virtual environment) against a cloud that this starts.

    python -m tests.compat.run smoke            # API tests marked smoke, hosts in memory
    python -m tests.compat.run real             # scenarios with real guests, as root
    python -m tests.compat.run api REGEX        # any API tests, hosts in memory
    python -m tests.compat.run plugin PACKAGE [REGEX]   # those of a plugin of tempest's, installed beside it
    python -m tests.compat.run stores           # those of several image stores

A test that fails must be in exclude-tempest.txt with a reason, and one that passes must not: the list only shrinks.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.web import web_server

from . import conf, forward

ROOT = Path(__file__).parents[2]
EXCLUDED = Path(__file__).parent / "exclude-tempest.txt"
with socket.create_server(("127.0.0.1", 0)) as free:
    PORT: int = free.getsockname()[1]
COMPLIANCE = {"CUMULET_LOCKOUT_FAILURES": "2", "CUMULET_LOCKOUT_SECONDS": "5", "CUMULET_UNIQUE_PASSWORDS": "2"}
"""What tempest's tests of security compliance expect by default."""
STORES = {"file": {"type": "file", "weight": 10}, "web": {"type": "http", "private": True}}
SECOND_STORE = {"second": {"type": "file"}}
REACH = {"reach": {"ports": [], "private": True}}
"""Images come from the web server that is started here."""
SEVERAL_STORES = r"tempest\.api\.image.*(MultiStores|StoreWeight|ImportCopyImages)"
"""Tests of several stores; the others expect that an image is in every store at once, so they get one to write to."""
MODE = sys.argv[1] if len(sys.argv) > 1 else "smoke"
SCENARIOS = (
    "tempest.scenario.test_server_basic_ops",
    "tempest.scenario.test_network_basic_ops.TestNetworkBasicOps.test_network_basic_ops",
    "tempest.scenario.test_minimum_basic",
)


def excluded() -> list[str]:
    """The regular expressions of tests that are not expected to pass; each line of the file is `regex  # reason`."""
    lines = [line.partition("#") for line in EXCLUDED.read_text().splitlines() if line.strip() and not line.startswith("#")]
    unexplained = [line[0].strip() for line in lines if not line[2].strip()]
    if unexplained:
        raise SystemExit(f"{EXCLUDED.name}: these lines have no reason: {unexplained}")
    return [line[0].strip() for line in lines]


def cumulet(*arguments: str) -> None:
    """Run the command line."""
    stores = STORES | (SECOND_STORE if MODE == "stores" else {})
    images = {"CUMULET_IMAGE_STORES": json.dumps(stores), "CUMULET_IMAGE_IMPORT": json.dumps(REACH), "CUMULET_IMAGE_CACHE_GB": "1"}
    environment = {**os.environ, "CUMULET_PORT": str(PORT), "CUMULET_NAMESPACE": "cumulet-compat", **COMPLIANCE, **images}
    subprocess.run([sys.executable, "-m", "cumulet.app.cli", *arguments], check=True, env=environment)


def main() -> int:
    """Start a cloud, write tempest's configuration, run, stop; 0 if everything is as it should be."""
    mode = MODE
    tempest = Path(os.environ.get("TEMPEST_VENV", ROOT / ".venv-tempest")).absolute() / "bin" / "tempest"
    work = Path(tempfile.mkdtemp(prefix="ct-"))
    state, real = work / "state", mode == "real"
    try:
        cumulet("up", "--state", str(state), "--install" if real else "--fake")
        image = conf.image(state, real)
        settings = conf.prepare(f"http://127.0.0.1:{PORT}", state, image, real)
        (work / "etc").mkdir()
        with web_server() as web, forward.into("cumulet-compat" if real else None, PORT):
            conf.add_images(settings, web)
            (work / "etc" / "tempest.conf").write_text(conf.render(settings, work))
            return _run(tempest, work, mode)
    finally:
        cumulet("down", "--state", str(state))
        if "KEEP" in os.environ:
            print(f"kept: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)


def _run(tempest: Path, work: Path, mode: str) -> int:
    (work / ".stestr.conf").write_text(
        f"[DEFAULT]\ntest_path={_discovery(tempest)}\ntop_dir={_discovery(tempest).parents[1]}\ngroup_regex=([^\\.]*\\.)*\n"
    )
    skip = work / "exclude.txt"
    skip.write_text("\n".join(excluded() + ([] if mode == "stores" else [SEVERAL_STORES])) + "\n")
    inside = ("ip", "netns", "exec", "cumulet-compat") if mode == "real" else ()
    chosen: tuple[str, ...] = ("--smoke",)
    if mode == "api":
        chosen = ("--regex", sys.argv[2])
    elif mode == "plugin":
        chosen = ("--regex", sys.argv[3] if len(sys.argv) > 3 else f"^{sys.argv[2].replace('-', '_')}\\.")
    elif mode == "stores":
        chosen = ("--regex", SEVERAL_STORES)
    elif mode == "real":
        chosen = ("--regex", "|".join(SCENARIOS))
    elif mode == "smoke":
        chosen = ("--smoke",)
        skip.write_text(skip.read_text() + "^tempest\\.scenario\n")
    command = [
        *inside,
        str(tempest),
        "run",
        "--config-file",
        "etc/tempest.conf",
        *chosen,
        "--exclude-list",
        str(skip),
        "--concurrency",
        "2",
    ]
    done = subprocess.run(command, cwd=work, env={**os.environ, "TEMPEST_CONFIG_DIR": str(work / "etc")})
    return done.returncode


def _discovery(tempest: Path) -> Path:
    found = next((tempest.parents[1] / "lib").glob("python3*/site-packages/tempest/test_discover"))
    return found


if __name__ == "__main__":
    sys.exit(main())
