"""Start our placement on a free port, run upstream's suite against it, stop: `python -m tests.compat.gabbits.run`.

PLACEMENT_VENV names the virtual environment that has upstream's package.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
VENV = Path(os.environ.get("PLACEMENT_VENV", ROOT / ".venv-placement"))


def main() -> int:
    """The suite's exit code."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "tests.compat.gabbits.server", str(port)], cwd=ROOT)
    try:
        _await(port, server)
        suite = [str(VENV / "bin" / "python"), str(HERE / "suite.py"), str(port), str(HERE / "exclude.txt")]
        return subprocess.run(suite, check=False).returncode
    finally:
        server.terminate()
        server.wait()


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise SystemExit("The server did not start.")


if __name__ == "__main__":
    sys.exit(main())
