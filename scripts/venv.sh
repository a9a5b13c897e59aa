#!/bin/sh
# Make the project's own virtual environment: venv.sh PYTHON FOLDER. The development extras come along, so that tests run.
set -eu
python=$1 venv=$2
missing=""
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    "$python" -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
    command -v "$python" >/dev/null || missing="$missing python3"
    if [ -n "$missing" ]; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    fi
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed" >&2; exit 1; }
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "Installing Python packages into $venv"
"$venv/bin/python" -m pip install -q --disable-pip-version-check -e '.[dev,federation,postgres,ldap,mysql,nats]'
touch "$venv/installed"
