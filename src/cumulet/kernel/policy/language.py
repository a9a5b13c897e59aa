"""The rule language of oslo.policy (its documentation: "Policy rule expressions"), compiled to closures.

    rule   := "" | "@" | "!" | expression
    expression := check | "(" expression ")" | "not" expression | expression "and" expression | expression "or" expression
    check  := "rule:" name | "role:" name | attribute ":" value | literal ":" "%(" target attribute ")s"

An empty rule and `@` allow, `!` refuses. `http:` checks are refused when the rule is read: no request waits for a stranger.
`attribute:None` is true of an actor without that attribute. One thing is stricter than in oslo.policy: an attribute that an actor
does not have never equals a target's, not even a target's that is null, so nobody passes for an owner by having no project.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from .actor import Actor

Target = Mapping[str, Any]
Lookup = Callable[[str], "Check"]
Check = Callable[[Actor, Target], bool]
_Part = Callable[[list[str], str, Lookup], "tuple[Node, list[str]]"]

_TOKEN = re.compile(r"\s*(\(|\)|(?:'[^']*'|\"[^\"]*\")?(?:%\([^)]*\)s|[^\s()])+)")
_TARGET = re.compile(r"%\(([^)]*)\)s")


class PolicySyntaxError(ValueError):
    """A rule cannot be read; the message holds the rule and what is wrong with it."""


def _allow(actor: Actor, target: Target) -> bool:
    return True


def _refuse(actor: Actor, target: Target) -> bool:
    return False


class Node(Struct, frozen=True):
    """A rule, or a part of one: `kind` is or, and, not or check. A check has no parts but a text and what it compiles to."""

    kind: str
    text: str
    parts: tuple[Node, ...] = ()
    check: Check = _refuse


def parse(text: str, lookup: Lookup) -> Check:
    """Compile a rule; `lookup` finds the rules that it names, when they are needed. Raises PolicySyntaxError."""
    return compiled(read(text, lookup))


def read(text: str, lookup: Lookup) -> Node:
    """A rule's parts. Raises PolicySyntaxError."""
    tokens = _TOKEN.findall(text.strip())
    if not tokens:
        return Node("check", "", check=_allow)
    node, rest = _either(tokens, text, lookup)
    if rest:
        raise PolicySyntaxError(f"{text!r}: unexpected {rest[0]!r}")
    return node


def compiled(node: Node) -> Check:
    """A rule as one function."""
    checks = [compiled(part) for part in node.parts]
    match node.kind:
        case "or":
            return lambda actor, target: any(check(actor, target) for check in checks)
        case "and":
            return lambda actor, target: all(check(actor, target) for check in checks)
        case "not":
            inner = checks[0]
            return lambda actor, target: not inner(actor, target)
    return node.check


def rules_named(text: str) -> list[str]:
    """The names of the rules that a rule refers to."""
    return [token.removeprefix("rule:") for token in _TOKEN.findall(text) if token.startswith("rule:")]


def _either(tokens: list[str], text: str, lookup: Lookup) -> tuple[Node, list[str]]:
    return _several("or", _both, tokens, text, lookup)


def _both(tokens: list[str], text: str, lookup: Lookup) -> tuple[Node, list[str]]:
    return _several("and", _one, tokens, text, lookup)


def _several(word: str, part: _Part, tokens: list[str], text: str, lookup: Lookup) -> tuple[Node, list[str]]:
    """What `part` reads, once or with the word between."""
    parts = []
    while True:
        node, tokens = part(tokens, text, lookup)
        parts.append(node)
        if not tokens or tokens[0].lower() != word:
            break
        tokens = tokens[1:]
    return (parts[0] if len(parts) == 1 else Node(word, word, tuple(parts))), tokens


def _one(tokens: list[str], text: str, lookup: Lookup) -> tuple[Node, list[str]]:
    if not tokens:
        raise PolicySyntaxError(f"{text!r} ends too early")
    first, rest = tokens[0], tokens[1:]
    if first.lower() == "not":
        inner, rest = _one(rest, text, lookup)
        return Node("not", "not", (inner,)), rest
    if first == "(":
        inner, rest = _either(rest, text, lookup)
        if not rest or rest[0] != ")":
            raise PolicySyntaxError(f"{text!r}: a parenthesis is not closed")
        return inner, rest[1:]
    if first in ("@", "!"):
        return Node("check", first, check=_allow if first == "@" else _refuse), rest
    return Node("check", first, check=_check(first, text, lookup)), rest


def _check(token: str, text: str, lookup: Lookup) -> Check:
    kind, colon, match = token.rpartition(":%(") if ":%(" in token else token.partition(":")
    if not colon:
        raise PolicySyntaxError(f"{text!r}: {token!r} is not a check; a check is kind:value")
    match = "%(" + match if colon == ":%(" else match
    if kind == "rule":
        return lambda actor, target: lookup(match)(actor, target)
    if kind == "role":
        return _role(match)
    if kind in ("http", "https"):
        raise PolicySyntaxError(f"{text!r}: checks by another server ({kind}:) are not supported: no request waits for a stranger")
    return _compare(kind, match)


def _role(match: str) -> Check:
    if _TARGET.search(match):
        wanted_of = _filled(match)

        def role_of_target(actor: Actor, target: Target) -> bool:
            wanted = wanted_of(target)
            return wanted is not None and wanted.lower() in {role.lower() for role in actor.roles}

        return role_of_target
    wanted = match.lower()
    return lambda actor, target: wanted in actor.roles or any(role.lower() == wanted for role in actor.roles)


def _compare(kind: str, match: str) -> Check:
    left = _left(kind)
    if _TARGET.search(match):
        wanted_of = _filled(match)

        def equal(actor: Actor, target: Target) -> bool:
            found = left(actor)
            return found is not None and found == wanted_of(target)

        return equal
    return lambda actor, target: str(left(actor)) == match


def _filled(match: str) -> Callable[[Target], str | None]:
    """A function that puts a target's attributes where `match` names them; None if one of them is missing."""
    names = _TARGET.findall(match)
    if match == f"%({names[0]})s":
        name = names[0]
        return lambda target: str(target[name]) if name in target else None

    def fill(target: Target) -> str | None:
        if any(name not in target for name in names):
            return None
        return _TARGET.sub(lambda found: str(target[found.group(1)]), match)

    return fill


def _left(kind: str) -> Callable[[Actor], str | None]:
    try:
        literal = str(ast.literal_eval(kind))
    except (ValueError, SyntaxError):

        def attribute(actor: Actor) -> str | None:
            value = actor.attribute(kind)
            return None if value is None else str(value)

        return attribute
    return lambda actor: literal
