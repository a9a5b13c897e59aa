"""Types of resources, and which namespaces speak of them."""

from __future__ import annotations

from collections.abc import Sequence

from ....kernel.db import Duplicate, Reader, Tx
from ....kernel.errors import Conflict, NotFound
from ...metadefs import Association, AssociationDocument, Namespace, ResourceType
from ...store.metadefs import resource_types
from . import events
from .protection import check_not_protected


async def types(tx: Reader) -> list[ResourceType]:
    """Every type that was ever named."""
    return await resource_types.types(tx)


async def of(tx: Reader, namespaces: Sequence[Namespace]) -> dict[str, list[Association]]:
    """The associations of namespaces, by the namespace's id."""
    found: dict[str, list[Association]] = {namespace.id: [] for namespace in namespaces}
    for association in await resource_types.of_namespaces(tx, list(found)):
        found[association.namespace_id].append(association)
    return found


async def get(tx: Reader, namespace: Namespace, name: str) -> Association:
    """How a namespace speaks of a type. Raises NotFound."""
    for association in (await of(tx, [namespace]))[namespace.id]:
        if association.name == name:
            return association
    raise NotFound(f"Failed to find resource type {name} in namespace {namespace.namespace}.")


async def associate(tx: Tx, namespace: Namespace, wanted: AssociationDocument) -> Association:
    """Let a namespace speak of a type, which is made if it is new. Raises Conflict if it does already."""
    made = Association(namespace.id, wanted.name, wanted.prefix, wanted.properties_target, tx.stamp, tx.stamp)
    try:
        await resource_types.associate(tx, made)
    except Duplicate:
        raise Conflict(f"Namespace {namespace.namespace} has a resource type association with {wanted.name} already.") from None
    await events.of_association(tx, "create", namespace, made)
    return made


async def dissociate(tx: Tx, namespace: Namespace, name: str) -> None:
    """End an association. Raises NotFound, and Forbidden if the namespace is protected."""
    found = await get(tx, namespace, name)
    check_not_protected(namespace)
    await resource_types.dissociate(tx, namespace.id, name)
    await events.of_association(tx, "delete", namespace, found)
