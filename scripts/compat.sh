#!/bin/sh
# Upstream's suites, each from a virtual environment of its own:
# compat.sh smoke | real | stores | api REGEX | plugin PACKAGE [REGEX] | placement
set -eu
cd "$(dirname "$0")/.."

# install VENV PROOF PACKAGE...: a virtual environment with these packages, unless the file PROOF is there
install() {
    venv=$1 proof=$2
    shift 2
    if [ -e "$venv/$proof" ]; then return; fi
    echo "Installing $* into $venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check "$@"
    touch "$venv/$proof"
}

if [ "${1:-smoke}" = placement ]; then
    venv=${PLACEMENT_VENV:-.venv-placement}
    install "$venv" complete 'openstack-placement>=16,<17' 'gabbi>=4,<5' oslotest fixtures testtools
    PLACEMENT_VENV=$venv exec .venv/bin/python -m tests.compat.gabbits.run
fi
venv=${TEMPEST_VENV:-.venv-tempest}
install "$venv" bin/tempest 'tempest>=47,<48'
if [ "${1:-smoke}" = plugin ]; then
    install "$venv" "with-$2" "$2"
fi
TEMPEST_VENV=$venv exec .venv/bin/python -m tests.compat.run "$@"
