"""`cumulet policy …`: which rules are in force, and what they say of somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text
from rich.tree import Tree

from ..config import Config
from ..state.opening import with_database
from ..terminal import ConfigOption, StateOption, configuration, console, failure

if TYPE_CHECKING:
    from ...kernel.db import Database
    from ...kernel.policy import Actor, Policy
    from ...kernel.policy.explaining import Reason

policy_app = typer.Typer(no_args_is_help=True, help="Who may do what, and why.")


def _policies(config: Config) -> dict[str, Policy]:
    from .. import wire

    try:
        return wire.policies(config)
    except ValueError as problem:
        raise failure(str(problem)) from None


@policy_app.command("list")
def list_rules(
    part: Annotated[str, typer.Argument(help="A part of the names.", show_default=False)] = "",
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """The rules in force, and which of them policy.yaml has overridden."""
    from .. import wire

    for service, policy in _policies(configuration(config, state)).items():
        for name, text in sorted(policy.texts.items()):
            if part in name:
                mark = "" if wire.RULES[service].get(name) == text else "  (overridden by policy.yaml)"
                console.print(f'{service}: {name}: "{text}"{mark}', highlight=False, soft_wrap=True, markup=False)


@policy_app.command()
def check(
    rule: str,
    who: Annotated[str, typer.Option("--as", help="A user: id, name, or name@domain.")],
    scope: Annotated[str, typer.Option("--in", help="project:NAME, domain:NAME, system, unscoped. Default: a project.")] = "",
    on: Annotated[
        list[str] | None, typer.Option("--on", help="NAME=VALUE of the target: user_id, project_id, any attribute.")
    ] = None,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Whether a rule lets a user act on something, and why. Ends with 1 if it does not."""
    from ...identity.operations import explaining

    settings = configuration(config, state)
    having = {service: policy for service, policy in _policies(settings).items() if rule in policy.texts}
    if not having:
        raise failure(f"No service has a rule {rule!r}. All of them: cumulet policy list")
    given = _given(on or [])

    async def work(db: Database) -> tuple[Actor, dict[str, Any]]:
        async with db.read() as tx:
            return await explaining.actor(tx, who, scope), await explaining.target(tx, given)

    actor, named = with_database(settings, work)
    console.print(_said(actor), highlight=False, soft_wrap=True, markup=False)
    allowed = True
    for service, policy in having.items():
        reason = policy.explain(rule, actor, explaining.defaults(actor) | named)
        allowed &= reason.held
        _show(f"{service}: {rule}", reason)
    raise typer.Exit(0 if allowed else 1)


def _given(on: list[str]) -> dict[str, str]:
    parts = [part.partition("=") for part in on]
    for name, equals, _ in parts:
        if not name or not equals:
            raise failure("--on: NAME=VALUE is expected, for instance --on project_id=3f1c")
    return {name: value for name, _, value in parts}


def _said(actor: Actor) -> str:
    scope = "the system" if actor.system else f"project {actor.project_name}" if actor.project_id else f"domain {actor.domain_name}"
    scope = scope if actor.system or actor.project_id or actor.domain_id else "no scope"
    return f"{actor.user_name} ({actor.user_id}) in {scope}, with the roles {', '.join(sorted(actor.roles)) or 'none'}"


def _show(title: str, reason: Reason) -> None:
    from ...kernel.policy.explaining import deciding

    tree = Tree(Text(f"{title}: {'allowed' if reason.held else 'refused'}", style="green" if reason.held else "red"))
    _grow(tree, reason)
    console.print(tree, soft_wrap=True)
    for decisive in deciding(reason):
        why = f" ({decisive.known})" if decisive.known else ""
        console.print(
            f"decided by: {decisive.text} {'held' if decisive.held else 'did not hold'}{why}", highlight=False, soft_wrap=True
        )


def _grow(tree: Tree, reason: Reason) -> None:
    mark, known = "✓" if reason.held else "✗", f"  — {reason.known}" if reason.known else ""
    branch = tree.add(Text(f"{mark} {reason.text}{known}"))
    for part in reason.parts:
        _grow(branch, part)
