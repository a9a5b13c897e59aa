"""Who may do what: actors, and rules in oslo.policy's language compiled to closures."""

from .actor import Actor
from .enforcer import Decision, Policy
from .language import PolicySyntaxError, parse

__all__ = ["Actor", "Decision", "Policy", "PolicySyntaxError", "parse"]
