"""Why a rule allows or refuses: its parts as a tree, each with whether it held and what was compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from .actor import Actor
from .language import Node, compiled

_TARGET = re.compile(r"%\(([^)]*)\)s")


class Reason(Struct, frozen=True):
    """A part of a rule: its text, whether it held, what was known of the things that it compares, and its own parts."""

    text: str
    held: bool
    known: str = ""
    parts: tuple[Reason, ...] = ()


def explain(node: Node, named: Callable[[str], Node], actor: Actor, target: Mapping[str, Any]) -> Reason:
    """The reason of a rule's part; `named` gives the rules that it refers to."""
    held = compiled(node)(actor, target)
    if node.kind != "check":
        return Reason(node.text, held, parts=tuple(explain(part, named, actor, target) for part in node.parts))
    if node.text.startswith("rule:"):
        inner = named(node.text.removeprefix("rule:"))
        return Reason(node.text, held, parts=(explain(inner, named, actor, target),))
    return Reason(node.text or "@", held, _known(node.text, actor, target))


def deciding(reason: Reason) -> list[Reason]:
    """The checks without which it would have ended otherwise: of an `or` that held those that did, of an `and` that failed …"""
    if not reason.parts:
        return [reason]
    if reason.text == "not":
        return deciding(reason.parts[0])
    return [check for part in reason.parts if part.held == reason.held for check in deciding(part)]


def _known(text: str, actor: Actor, target: Mapping[str, Any]) -> str:
    kind, _, match = text.partition(":")
    facts = []
    if kind == "role":
        facts.append(f"the actor's roles are {', '.join(sorted(actor.roles)) or 'none'}")
    elif kind and not kind.startswith(("'", '"')) and match:
        facts.append(f"the actor's {kind} is {actor.attribute(kind)}")
    for name in _TARGET.findall(text):
        facts.append(f"the target's {name} is {target[name]}" if name in target else f"the target has no {name}")
    return "; ".join(facts)
