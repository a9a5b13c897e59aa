"""What may not be deleted."""

from __future__ import annotations

from ....kernel.errors import Forbidden
from ...metadefs import Namespace


def check_not_protected(namespace: Namespace) -> None:
    """Raise Forbidden for a protected namespace, from which nothing may be deleted."""
    if namespace.protected:
        raise Forbidden(f"Metadata definition namespace {namespace.namespace} is protected: nothing in it may be deleted.")
