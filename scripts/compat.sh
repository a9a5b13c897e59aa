#!/bin/sh
# Upstream's suite, from a virtual environment of its own: compat.sh smoke | real | api REGEX
set -eu
cd "$(dirname "$0")/.."
venv=${TEMPEST_VENV:-.venv-tempest}
if [ ! -x "$venv/bin/tempest" ]; then
    echo "Installing tempest into $venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check 'tempest>=47,<48'
fi
TEMPEST_VENV=$venv exec .venv/bin/python -m tests.compat.run "$@"
