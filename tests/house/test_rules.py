"""The house rules of docs/architecture, as tests over the source.

A rule is given one module after the other and tells what it has against it. Every module is read once, for all rules together.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "cumulet"
MIGRATIONS = SOURCE / "migrations"
FILES = sorted(path for path in SOURCE.rglob("*.py") if MIGRATIONS / "versions" not in path.parents)
"""Not the migrations themselves, which are generated, made of SQL, and as long as what they change."""

SERVICES = ("identity", "image", "placement", "network", "volume", "compute")
FORBIDDEN_NAMES = {"manager", "helper", "helpers", "util", "utils", "base", "common", "misc"}
CLOCKS = {
    ("time", "time"),
    ("time", "monotonic"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("uuid", "uuid4"),
    ("uuid", "uuid1"),
}
REGISTRIES = re.compile(r"https?://[a-z0-9.-]*(pypi|debian|npmjs)[a-z0-9.-]*", re.I)

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """A file of the source. `parts` are its folders and its name below `src/cumulet`, `nodes` all of its syntax."""

    name: str
    parts: tuple[str, ...]
    lines: int
    tree: ast.Module
    nodes: list[ast.AST]

    @property
    def functions(self) -> list[Function]:
        return [node for node in self.nodes if isinstance(node, Function)]

    @property
    def is_api(self) -> bool:
        return self.parts[0] in SERVICES and "api" in self.parts


Rule = Callable[[Module], Iterator[str]]
RULES: list[Rule] = []


def rule(judge: Rule) -> Rule:
    RULES.append(judge)
    return judge


def read(path: Path) -> Module:
    text = path.read_text()
    tree = ast.parse(text, str(path))
    relative = path.relative_to(SOURCE)
    return Module(str(relative), relative.parts, len(text.splitlines()), tree, list(ast.walk(tree)))


@cache
def found() -> dict[Rule, list[str]]:
    """What each rule has against the source."""
    against: dict[Rule, list[str]] = {judge: [] for judge in RULES}
    for path in FILES:
        module = read(path)
        for judge, complaints in against.items():
            complaints += judge(module)
    return against


def nesting(node: ast.AST) -> int:
    deeper = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match)
    own = 0
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr | Function | ast.ClassDef):
            own = max(own, nesting(child) + isinstance(child, deeper))
    return own


@rule
def no_file_is_longer_than_600_lines(module: Module) -> Iterator[str]:
    if module.lines > 600:
        yield module.name


@rule
def no_function_is_longer_than_50_lines(module: Module) -> Iterator[str]:
    for function in module.functions:
        if function.end_lineno and function.end_lineno - function.lineno >= 50:
            yield f"{module.name}:{function.name}"


@rule
def no_function_takes_more_than_5_parameters(module: Module) -> Iterator[str]:
    for function in module.functions:
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        if len([n for n in names if n not in ("self", "cls")]) > 6:
            yield f"{module.name}:{function.name}"


@rule
def no_function_has_more_than_2_decorators(module: Module) -> Iterator[str]:
    for function in module.functions:
        if len(function.decorator_list) > 2:
            yield f"{module.name}:{function.name}"


@rule
def nothing_is_nested_deeper_than_4_blocks(module: Module) -> Iterator[str]:
    for function in module.functions:
        if nesting(function) > 4:
            yield f"{module.name}:{function.name}"


@rule
def no_module_or_class_has_a_name_that_says_nothing(module: Module) -> Iterator[str]:
    if set(module.parts[-1].removesuffix(".py").lower().split("_")) & FORBIDDEN_NAMES:
        yield module.name
    for node in module.nodes:
        if isinstance(node, ast.ClassDef) and re.search(r"(Manager|Helper|Util|Utils|Common|Misc)$", node.name):
            yield f"{module.name}:{node.name}"


@rule
def every_module_class_and_public_function_says_what_it_does(module: Module) -> Iterator[str]:
    if not ast.get_docstring(module.tree):
        yield module.name
    for node in module.tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{module.name}:{node.name}"


@rule
def no_handler_catches_exceptions(module: Module) -> Iterator[str]:
    if module.is_api and any(isinstance(node, ast.ExceptHandler) for node in module.nodes):
        yield module.name


@rule
def no_microversion_is_named_below_the_api(module: Module) -> Iterator[str]:
    if module.is_api or module.parts[0] not in SERVICES:
        return
    for node in module.nodes:
        match node:
            case ast.Attribute(attr="version", value=ast.Name(id="request")):
                yield f"{module.name}:{node.lineno}"


@rule
def only_the_kernel_asks_for_time_and_chance(module: Module) -> Iterator[str]:
    if module.parts[0] in ("kernel", "app"):
        return
    for node in module.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {a.name for a in node.names} | {getattr(node, "module", "") or ""}
            if names & {"random", "secrets", "uuid"}:
                yield module.name
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in CLOCKS:
            yield f"{module.name}:{node.lineno}"


@rule
def sql_is_only_in_stores(module: Module) -> Iterator[str]:
    if "store" in module.parts or module.parts[0] in ("kernel", "migrations"):
        return
    for node in module.nodes:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.split(".")[0] in ("sqlalchemy", "sqlite3", "asyncpg") for name in names):
            yield module.name


@rule
def nobody_commits_but_the_kernel(module: Module) -> Iterator[str]:
    if module.parts[0] == "kernel":
        return
    for node in module.nodes:
        if isinstance(node, ast.Attribute) and node.attr in ("commit", "rollback"):
            yield f"{module.name}:{node.lineno}"


@rule
def no_handler_has_more_than_15_lines(module: Module) -> Iterator[str]:
    for function in module.functions if module.is_api else ():
        first = function.args.args[0].arg if function.args.args else ""
        if not isinstance(function, ast.AsyncFunctionDef) or first != "request" or function.name.startswith("_"):
            continue
        documented = isinstance(function.body[0], ast.Expr)
        body = function.body[1:] if documented else function.body
        if body and (body[-1].end_lineno or 0) - body[0].lineno >= 15:
            yield f"{module.name}:{function.name}"


@pytest.mark.parametrize("judge", RULES, ids=lambda judge: judge.__name__)
def test_the_source_keeps_the_rule(judge: Rule):
    assert found()[judge] == []


def test_no_folder_has_more_than_12_modules():
    crowd = Counter(p.parent for p in FILES if p.name != "__init__.py")
    assert {str(folder): modules for folder, modules in crowd.items() if modules > 12 and folder.name != "api"} == {}


def test_no_package_registry_and_no_path_of_a_machine_is_named():
    tracked = [*FILES, *(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "Makefile", ROOT / "pyproject.toml"]
    named = [str(p.relative_to(ROOT)) for p in tracked if REGISTRIES.search(p.read_text()) or "/work/" in p.read_text()]
    assert named == []
