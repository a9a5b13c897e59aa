"""The query string of allocation candidates, as a search."""

from __future__ import annotations

import re

from ...kernel.errors import Invalid
from ...kernel.http import Request, Version
from ..search import Group, Search
from . import queries

GRANULAR = Version(1, 25)
NESTED = Version(1, 29)
NAMED = Version(1, 33)
SUBTREES = Version(1, 36)

PARAMETERS = [
    ("resources", Version(1, 10)),
    ("limit", Version(1, 16)),
    ("required", Version(1, 17)),
    ("member_of", Version(1, 21)),
    ("group_policy", Version(1, 25)),
    ("in_tree", Version(1, 31)),
    ("root_required", Version(1, 35)),
    ("same_subtree", Version(1, 36)),
]
GROUPED = ("resources", "required", "member_of", "in_tree")


def search(request: Request) -> Search:
    """What a request asks for. Raises Invalid, naming the parameter."""
    suffixes = _suffixes(request)
    subtrees = _subtrees(request)
    groups = [_group(request, suffix) for suffix in suffixes]
    _check_resources(request, groups, subtrees)
    policy = _policy(request)
    if policy is None and len([group for group in groups if group.suffix]) > 1:
        raise Invalid('The "group_policy" parameter is required when specifying more than one "resources{N}" parameter.')
    required, forbidden = _root_required(request)
    return Search(
        groups,
        isolate=policy == "isolate",
        root_required=required,
        root_forbidden=forbidden,
        same_subtrees=subtrees,
        limit=_limit(request),
        nested=queries.speaks(request, NESTED),
    )


def _suffixes(request: Request) -> list[str]:
    known = [name for name, since in PARAMETERS if queries.speaks(request, since)]
    grouped = "|".join(name for name in GROUPED if name in known)
    suffix = "[a-zA-Z0-9_-]{1,64}" if queries.speaks(request, NAMED) else "[1-9][0-9]*"
    found: dict[str, None] = {}
    for key in request.query:
        match = re.fullmatch(f"({grouped})({suffix})?" if queries.speaks(request, GRANULAR) else f"({grouped})()", key)
        if match:
            found[match.group(2) or ""] = None
        elif key not in known:
            raise Invalid(f"Invalid query string parameters: '{key}' is not known (at this microversion).")
    if not found or (not queries.speaks(request, GRANULAR) and request.asked("resources") is None):
        raise Invalid("At least one request group (`resources` or `resources{$S}`) is required.", code="query.missing_value")
    return list(found)


def _group(request: Request, suffix: str) -> Group:
    text, in_tree = request.asked(f"resources{suffix}"), request.asked(f"in_tree{suffix}")
    traits = queries.traits(request, f"required{suffix}")
    if queries.speaks(request, queries.FORBIDDEN_TRAITS):
        queries.check_consistent(f"required{suffix}", traits)
    return Group(
        suffix,
        {} if text is None else queries.resources(text),
        *traits,
        *queries.aggregates(request, f"member_of{suffix}"),
        None if in_tree is None else queries.uuid(f"in_tree{suffix}", in_tree),
    )


def _check_resources(request: Request, groups: list[Group], subtrees: list[list[str]]) -> None:
    """A group without resources means something only in a subtree."""
    empty = [group.suffix for group in groups if not group.resources]
    if not queries.speaks(request, SUBTREES):
        if empty:
            raise Invalid(f"All request groups must specify resources; these do not: '{', '.join(empty)}'.")
        return
    if len(empty) == len(groups):
        raise Invalid("There must be at least one resources or resources[$S] parameter.", code="query.missing_value")
    named = {suffix for subtree in subtrees for suffix in subtree}
    if set(empty) - named:
        message = "Resourceless suffixed group request should be specified in `same_subtree` query param: bad group(s)"
        raise Invalid(f"{message} - {sorted(set(empty) - named)}.", code="query.bad_value")
    unknown = named - {group.suffix for group in groups}
    if unknown:
        raise Invalid(f"Real suffixes should be specified in `same_subtree`: {sorted(unknown)} not found.", code="query.bad_value")


def _subtrees(request: Request) -> list[list[str]]:
    subtrees = [[part.strip() for part in text.split(",")] for text in request.query.get("same_subtree", [])]
    if any("" in subtree for subtree in subtrees):
        raise Invalid("Empty string (unsuffixed group) can not be specified in `same_subtree`.", code="query.bad_value")
    return subtrees


def _policy(request: Request) -> str | None:
    policy = queries.first(request, "group_policy")
    if policy not in (None, "none", "isolate"):
        raise Invalid(f"Invalid query string parameters: group_policy '{policy}' is neither none nor isolate.")
    return policy


def _limit(request: Request) -> int | None:
    text = queries.first(request, "limit")
    if text is not None and not re.fullmatch("[1-9][0-9]*", text):
        raise Invalid(f"Invalid query string parameters: limit '{text}' is not a positive integer.")
    return None if text is None else int(text)


def _root_required(request: Request) -> tuple[list[str], list[str]]:
    if len(request.query.get("root_required", [])) > 1:
        raise Invalid("Query parameter 'root_required' may be specified only once.", code="query.duplicate_key")
    text = request.asked("root_required")
    if text is None:
        return [], []
    names = [part.strip() for part in text.split(",")]
    if not all(name.lstrip("!") for name in names):
        raise Invalid(f"Invalid query string parameters: 'root_required' holds an empty trait. Got: {text}")
    required = [name for name in names if not name.startswith("!")]
    forbidden = [name.lstrip("!") for name in names if name.startswith("!")]
    if set(required) & set(forbidden):
        both = ", ".join(sorted(set(required) & set(forbidden)))
        raise Invalid(f"Conflicting required and forbidden traits found in root_required: {both}", code="query.bad_value")
    return required, forbidden
