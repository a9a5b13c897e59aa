"""OpenLDAP's own server with a small company in it, private to the tests: files in a temporary folder, a port of loopback."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SUFFIX = "dc=acme,dc=example"
READER, READER_PASSWORD = f"cn=reader,{SUFFIX}", "reads everything"
PASSWORD = "a password of theirs"
MANY = 25
"""People beside those with names."""

CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
TLSCACertificateFile {folder}/ca.pem
sizelimit size.soft=20 size.hard=20 size.pr=10 size.prtotal=unlimited
database mdb
suffix "{suffix}"
directory {folder}/data
rootdn "cn=root,{suffix}"
rootpw root
access to attrs=userPassword by anonymous auth by * none
access to * by dn="{reader}" read by * none
"""
"""At most 20 entries in an answer without pages, and at most 10 in a page."""


def _people() -> Iterator[str]:
    yield f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Acme\ndc: acme\n"
    yield f"dn: {READER}\nobjectClass: person\ncn: reader\nsn: reader\nuserPassword: {READER_PASSWORD}\n"
    for unit in ("people", "teams", "posix"):
        yield f"dn: ou={unit},{SUFFIX}\nobjectClass: organizationalUnit\nou: {unit}\n"
    yield person("ann", "Ann (the first) *", mail="ann@acme.example", employeeType="0", description="runs it")
    yield person("bob", "bob", employeeType="514", title="FALSE")
    yield person("eve", "eve", employeeType="512", title="TRUE")
    yield person("jörg", "jörg", employeeType="512")
    for number in range(MANY):
        yield person(f"p{number:02}", f"person {number:02}")


def person(uid: str, name: str, **more: str) -> str:
    """The LDIF of somebody."""
    fields = {"uid": uid, "cn": name, "sn": uid, "userPassword": PASSWORD, **more}
    lines = [
        f"dn: {dn(uid)}",
        "objectClass: inetOrgPerson",
        *(f"{key}: {value}" for key, value in fields.items()),
    ]
    return "\n".join(lines) + "\n"


def team(name: str, members: list[str], **more: str) -> str:
    """The LDIF of a group of names."""
    lines = [f"dn: cn={name},ou=teams,{SUFFIX}", "objectClass: groupOfNames", f"cn: {name}", f"ou: team {name}"]
    return "\n".join([*lines, *(f"member: {member}" for member in members), *(f"{k}: {v}" for k, v in more.items())]) + "\n"


def dn(uid: str) -> str:
    """Somebody's name."""
    return f"uid={uid},ou=people,{SUFFIX}"


def _teams() -> Iterator[str]:
    yield team("inner", [dn("ann"), dn("gone")], description="a team within one")
    yield team("outer", [f"cn=inner,ou=teams,{SUFFIX}", dn("bob")])
    yield team("loop", [f"cn=outer,ou=teams,{SUFFIX}", f"cn=loop,ou=teams,{SUFFIX}"])
    yield team("enabled_users", [dn("ann")])
    yield (f"dn: cn=unix,ou=posix,{SUFFIX}\nobjectClass: posixGroup\ncn: unix\ngidNumber: 100\nmemberUid: ann\nmemberUid: eve\n")


class Slapd:
    """A running server."""

    def __init__(self, folder: Path, port: int, secure_port: int) -> None:
        self.folder, self.port, self.secure_port = folder, port, secure_port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers without TLS, or with StartTLS."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def secure_url(self) -> str:
        """Where it answers with TLS only."""
        return f"ldaps://127.0.0.1:{self.secure_port}"

    def start(self) -> None:
        """Begin to answer."""
        argv = ["/usr/sbin/slapd", "-d", "0", "-f", str(self.folder / "slapd.conf"), "-h", f"{self.url} {self.secure_url}"]
        self._process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, "slapd ended"
                time.sleep(0.01)
        raise AssertionError("slapd does not answer")

    def stop(self) -> None:
        """Answer no more."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def change(self, ldif: str) -> None:
        """Change entries, as ldapmodify reads changes."""
        self._run("ldapmodify", ldif)

    def add(self, ldif: str) -> None:
        """Add entries."""
        self._run("ldapadd", ldif)

    def _run(self, program: str, ldif: str) -> None:
        argv = [program, "-x", "-H", self.url, "-D", f"cn=root,{SUFFIX}", "-w", "root"]
        done = subprocess.run(argv, input=ldif.encode(), capture_output=True)
        assert done.returncode == 0, done.stderr.decode()


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def slapd(folder: Path) -> Iterator[Slapd]:
    """A server with the company in it; gone afterwards."""
    (folder / "data").mkdir(parents=True)
    (folder / "slapd.conf").write_text(CONFIGURATION.format(folder=folder, suffix=SUFFIX, reader=READER))
    certificates(folder)
    ldif = "\n".join([*_people(), *_teams()])
    command = ["/usr/sbin/slapadd", "-f", str(folder / "slapd.conf")]
    done = subprocess.run(command, input=ldif.encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    server = Slapd(folder, _free(), _free())
    server.start()
    try:
        yield server
    finally:
        server.stop()


def certificates(folder: Path) -> None:
    """An authority, ca.pem, and a certificate of its for 127.0.0.1; and another authority that has nothing to do with it."""
    for name in ("other", "ca"):
        key, authority = _authority(name)
        (folder / f"{name}.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    server_key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")])
    made = _certificate("localhost", server_key.public_key(), authority.subject).add_extension(names, critical=False)
    (folder / "server.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    text = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (folder / "server.key").write_bytes(text)


def _authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {name}")])
    made = _certificate(f"authority {name}", key.public_key(), subject)
    return key, made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())


def _certificate(name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
    return builder.not_valid_after(now + datetime.timedelta(days=30))
