"""How values are written in request bodies."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..rules.texts import address, count, flag, hostname, identifier, name, printable, wrong

Text255 = Annotated[str, Meta(min_length=1, max_length=255)]
Description = Annotated[str, Meta(max_length=255)]
Tag = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^,/]*$")]
Tags = Annotated[list[Tag], Meta(max_length=50)]
MetadataKey = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9-_:. ]{1,255}$")]
Metadata = dict[MetadataKey, Annotated[str, Meta(max_length=255)]]
Flag = bool | str
Count = int | str

__all__ = [
    "Count",
    "Description",
    "Flag",
    "Metadata",
    "MetadataKey",
    "Tag",
    "Tags",
    "Text255",
    "address",
    "count",
    "flag",
    "hostname",
    "identifier",
    "name",
    "printable",
    "wrong",
]
