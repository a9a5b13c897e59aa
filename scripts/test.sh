#!/bin/sh
# Every test that can run here: test.sh VENV/bin. As root on Debian, what real guests need is installed first.
set -eu
bin=$1
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    "$bin/python" -m cumulet.app.machine.packages
    # The S3 store is tested against a real Ceph.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ceph-mon ceph-osd ceph-common radosgw >/dev/null
    "$bin/python" -m cumulet.app.machine.packages slapd ldap-utils mariadb-server
    sh scripts/openid_provider.sh "$bin" "$(dirname "$bin")/openid-provider"
    "$bin/python" -m pytest -n 2 --dist worksteal -m "not real"
    "$bin/python" -m pytest -m real
else
    echo "Not root, or not Debian: the tests with real guests are left out."
    "$bin/python" -m pytest -n 2 --dist worksteal -m "not real"
fi
