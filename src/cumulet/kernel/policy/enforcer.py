"""The rules in force: the services' defaults, overridden by the operator's policy.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from ..errors import Forbidden, NotFound
from .actor import Actor
from .explaining import Reason, explain
from .language import Check, Node, PolicySyntaxError, parse, read, rules_named


class Decision(Struct, frozen=True):
    """What a rule says, and the rule's text."""

    allowed: bool
    rule: str
    text: str


class Policy:
    """All rules by upstream's names. `scopes` says for some of them for which tokens alone they are good, whatever they say.

    Raises PolicySyntaxError for a rule that cannot be read, that refers to a missing one or, by way of others, to itself.
    """

    def __init__(
        self,
        defaults: Mapping[str, str],
        overrides: Mapping[str, str] | None = None,
        scopes: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._scopes = scopes or {}
        self.texts: dict[str, str] = {**defaults, **(overrides or {})}
        # Few rules have a text of their own, so it is the texts that are read, each once.
        read = {text: parse(text, self._find) for text in dict.fromkeys(self.texts.values())}
        self._checks: dict[str, Check] = {name: read[text] for name, text in self.texts.items()}
        good: set[str] = set()
        for name in self.texts:
            self._check_references(name, (), good)

    def _check_references(self, name: str, above: tuple[str, ...], good: set[str]) -> None:
        if name in good:
            return
        if name in above:
            raise PolicySyntaxError(f"the rule {name!r} refers to itself: {' → '.join((*above, name))}")
        if name not in self.texts:
            raise PolicySyntaxError(f"there is no rule {name!r}, to which {above[-1]!r} refers")
        for other in rules_named(self.texts[name]):
            self._check_references(other, (*above, name), good)
        good.add(name)

    def _find(self, name: str) -> Check:
        check = self._checks.get(name)
        if check is None:
            raise PolicySyntaxError(f"there is no rule {name!r}")
        return check

    def allows(self, rule: str, actor: Actor, target: Mapping[str, Any]) -> bool:
        """Whether `rule` lets `actor` act on `target`."""
        return self.in_scope(rule, actor) and self._find(rule)(actor, target)

    def in_scope(self, rule: str, actor: Actor) -> bool:
        """Whether a token of the actor's scope is good for `rule`; one without any scope is left to what the rule says."""
        good = self._scopes.get(rule)
        return good is None or actor.scope_kind in good or not actor.scope_kind

    def enforce(self, rule: str, actor: Actor, target: Mapping[str, Any]) -> None:
        """Raise Forbidden, naming the rule, unless it allows."""
        if not self.in_scope(rule, actor):
            wanted = " or ".join(sorted(self._scopes[rule]))
            message = f"{rule} requires a scope of {wanted}; the token's is {actor.scope_kind}."
            raise Forbidden(message, internal=f"{rule}: scope {actor.scope_kind}")
        if not self._find(rule)(actor, target):
            raise Forbidden(f"Policy doesn't allow {rule} to be performed.", internal=f"{rule}: {self.texts[rule]!r}")

    def explain(self, rule: str, actor: Actor, target: Mapping[str, Any]) -> Reason:
        """Why `rule` allows or refuses: the rule with all its parts, and those of the rules that it names. Raises NotFound."""
        if rule not in self.texts:
            raise NotFound(f"There is no rule {rule!r}.")
        return explain(read(self.texts[rule], self._find), self._node, actor, target)

    def _node(self, rule: str) -> Node:
        return read(self.texts[rule], self._find)

    def decide(self, rule: str, actor: Actor, target: Mapping[str, Any]) -> Decision:
        """What `rule` says, for `cumulet policy check`."""
        return Decision(self.allows(rule, actor, target), rule, self.texts[rule])


def load_overrides(path: Path) -> dict[str, str]:
    """The rules of a policy.yaml; nothing if the file does not exist. Raises PolicySyntaxError naming the file."""
    if not path.exists():
        return {}
    import yaml

    found = yaml.safe_load(path.read_text()) or {}
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise PolicySyntaxError(f"{path}: expected a mapping of rule names to rule texts")
    return {str(name): text for name, text in found.items()}
