#!/bin/sh
# Every test that can run here: test.sh VENV/bin. As root on Debian, what real guests need is installed first.
set -eu
bin=$1
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    "$bin/python" -m cumulet.app.machine.packages
    # PostgreSQL, directories, a Keystone's database, S3, Ceph and NATS are tested against real ones. No service of theirs is started.
    "$bin/python" -m cumulet.app.machine.packages postgresql slapd ldap-utils mariadb-server \
        ceph-mon ceph-mgr ceph-osd ceph-common radosgw librados2 librbd1 qemu-block-extra nats-server
    sh scripts/openid_provider.sh "$bin" "$(dirname "$bin")/openid-provider"
    "$bin/python" -m pytest -n 2 --dist worksteal -m "not real"
    # What depends most on the database, once more on PostgreSQL; tests/store and tests/api/databases always run on both.
    CUMULET_TEST_DATABASE=postgresql "$bin/python" -m pytest -n 2 tests/api/bad_input tests/api/network tests/api/placement
    "$bin/python" -m pytest -m real
else
    echo "Not root, or not Debian: the tests with real guests are left out."
    "$bin/python" -m pytest -n 2 --dist worksteal -m "not real"
fi
