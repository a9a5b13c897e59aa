"""What clients send for a token."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from ....kernel.errors import Unauthorized
from ...signatures import Signed


class DomainName(Struct):
    """A domain, by id or name."""

    id: str | None = None
    name: str | None = None


class ProjectScope(Struct):
    """A project, by id or by name in a domain."""

    id: str | None = None
    name: str | None = None
    domain: DomainName | None = None


class SystemScope(Struct):
    """The whole system."""

    all: bool = True


class TrustScope(Struct):
    """A trust."""

    id: str


class ScopeBody(Struct):
    """Exactly one of them."""

    project: ProjectScope | None = None
    domain: DomainName | None = None
    system: SystemScope | None = None
    trust: TrustScope | None = field(default=None, name="OS-TRUST:trust")
    unscoped: dict[str, Any] | None = None


class UserName(Struct):
    """A user, by id or by name in a domain."""

    id: str | None = None
    name: str | None = None
    domain: DomainName | None = None


class PasswordUser(Struct):
    """A user with a password."""

    password: str
    id: str | None = None
    name: str | None = None
    domain: DomainName | None = None


class PasswordMethod(Struct):
    """Who, by password."""

    user: PasswordUser


class TokenMethod(Struct):
    """Who, by an earlier token."""

    id: str


class CodeUser(Struct):
    """A user with the code of the moment."""

    passcode: str
    id: str | None = None
    name: str | None = None
    domain: DomainName | None = None


class CodeMethod(Struct):
    """Who, by a code."""

    user: CodeUser


class CredentialMethod(Struct):
    """Who, by an application credential: its id, or its name and whose it is."""

    secret: str
    id: str | None = None
    name: str | None = None
    user: UserName | None = None


class SignedMethod(Struct):
    """Who, by a consumer's signature of the request (OAuth 1.0); all of it is in the Authorization header."""


class IdentityBody(Struct):
    """How a client proves who it is."""

    methods: Annotated[list[str], Meta(min_length=1)]
    password: PasswordMethod | None = None
    token: TokenMethod | None = None
    totp: CodeMethod | None = None
    application_credential: CredentialMethod | None = None
    oauth1: SignedMethod | None = None


class Auth(Struct):
    """A request for a token. A scope of `unscoped` is understood as Keystone does: that word, or an object under it."""

    identity: IdentityBody
    scope: ScopeBody | str | None = None


class Ec2Signature(Struct):
    """A request to EC2 with its signature, as the service that got it passes it on."""

    access: str
    signature: str
    host: str = ""
    verb: str = "GET"
    path: str = "/"
    params: dict[str, Any] = {}
    headers: dict[str, str] = {}
    body_hash: str = ""

    def request(self) -> Signed:
        """What was signed."""
        return Signed(self.verb, self.host, self.path, self.params, self.headers, self.body_hash)


class S3Signature(Struct):
    """What S3's client signed, in base64, with its signature."""

    access: str
    signature: str
    token: str


class SignedForEc2(Struct):
    """Under one of three names, the first that is there."""

    credentials: Ec2Signature | None = None
    credential: Ec2Signature | None = None
    ec2Credentials: Ec2Signature | None = None

    def shown(self) -> Ec2Signature:
        """What is under it. Raises Unauthorized."""
        found = self.credentials or self.credential or self.ec2Credentials
        if found is None:
            raise Unauthorized("EC2 signature not supplied.")
        return found


class SignedForS3(Struct):
    """Under one of two names, the first that is there."""

    credentials: S3Signature | None = None
    credential: S3Signature | None = None

    def shown(self) -> S3Signature:
        """What is under it. Raises Unauthorized."""
        found = self.credentials or self.credential
        if found is None:
            raise Unauthorized("EC2 signature not supplied.")
        return found
