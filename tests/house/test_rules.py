"""The house rules of docs/architecture, as tests over the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "cumulet"
MIGRATIONS = SOURCE / "migrations"
FILES = sorted(path for path in SOURCE.rglob("*.py") if MIGRATIONS / "versions" not in path.parents)
"""Not the migrations themselves, which are generated, made of SQL, and as long as what they change."""

SERVICES = ("identity", "image", "placement", "network", "volume", "compute")
FORBIDDEN_NAMES = {"manager", "helper", "helpers", "util", "utils", "base", "common", "misc"}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def nesting(node: ast.AST) -> int:
    deeper = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match)
    own = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        own = max(own, nesting(child) + isinstance(child, deeper))
    return own


def is_api(path: Path) -> bool:
    return path.relative_to(SOURCE).parts[0] in SERVICES and "api" in path.relative_to(SOURCE).parts


def test_no_file_is_longer_than_600_lines():
    assert [name_of(p) for p in FILES if len(p.read_text().splitlines()) > 600] == []


def test_no_folder_has_more_than_12_modules():
    folders = {p.parent for p in FILES}
    crowded = {
        name_of(f): len(list(f.glob("*.py"))) for f in folders if len([m for m in f.glob("*.py") if m.name != "__init__.py"]) > 12
    }
    allowed = {name for name in crowded if name.endswith("api")}
    assert {k: v for k, v in crowded.items() if k not in allowed} == {}


def test_no_function_is_longer_than_50_lines():
    long = [f"{name_of(p)}:{f.name}" for p in FILES for f in functions(parsed(p)) if f.end_lineno and f.end_lineno - f.lineno >= 50]
    assert long == []


def test_no_function_takes_more_than_5_parameters():
    def count(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        arguments = function.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        return len([n for n in names if n not in ("self", "cls")])

    assert [f"{name_of(p)}:{f.name}" for p in FILES for f in functions(parsed(p)) if count(f) > 6] == []


def test_no_function_has_more_than_2_decorators():
    assert [f"{name_of(p)}:{f.name}" for p in FILES for f in functions(parsed(p)) if len(f.decorator_list) > 2] == []


def test_nothing_is_nested_deeper_than_4_blocks():
    assert [f"{name_of(p)}:{f.name}" for p in FILES for f in functions(parsed(p)) if nesting(f) > 4] == []


def test_no_module_or_class_has_a_name_that_says_nothing():
    modules = [name_of(p) for p in FILES if set(p.stem.lower().split("_")) & FORBIDDEN_NAMES]
    classes = [
        f"{name_of(p)}:{n.name}"
        for p in FILES
        for n in ast.walk(parsed(p))
        if isinstance(n, ast.ClassDef) and re.search(r"(Manager|Helper|Util|Utils|Common|Misc)$", n.name)
    ]
    assert modules + classes == []


def test_every_module_class_and_public_function_says_what_it_does():
    silent = []
    for path in FILES:
        tree = parsed(path)
        if not ast.get_docstring(tree):
            silent.append(name_of(path))
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):  # type: ignore[arg-type]
                silent.append(f"{name_of(path)}:{node.name}")  # type: ignore[attr-defined]
    assert silent == []


def test_no_handler_catches_exceptions():
    assert [name_of(p) for p in FILES if is_api(p) and any(isinstance(n, ast.ExceptHandler) for n in ast.walk(parsed(p)))] == []


def test_no_microversion_is_named_below_the_api():
    below = [p for p in FILES if not is_api(p) and p.relative_to(SOURCE).parts[0] in SERVICES]
    found = []
    for path in below:
        for node in ast.walk(parsed(path)):
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "version"
                and isinstance(node.value, ast.Name)
                and node.value.id == "request"
            ):
                found.append(name_of(path))
    assert found == []


CLOCKS = {
    ("time", "time"),
    ("time", "monotonic"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("uuid", "uuid4"),
    ("uuid", "uuid1"),
}


def test_only_the_kernel_asks_for_time_and_chance():
    found = []
    for path in FILES:
        if path.relative_to(SOURCE).parts[0] in ("kernel", "app"):
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {a.name for a in node.names} | {getattr(node, "module", "") or ""}
                if names & {"random", "secrets", "uuid"}:
                    found.append(name_of(path))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in CLOCKS:
                found.append(f"{name_of(path)}:{node.lineno}")
    assert found == []


def test_sql_is_only_in_stores():
    found = []
    for path in FILES:
        parts = path.relative_to(SOURCE).parts
        if "store" in parts or parts[0] in ("kernel", "migrations"):
            continue
        for node in ast.walk(parsed(path)):
            modules = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if any(m.split(".")[0] in ("sqlalchemy", "sqlite3", "asyncpg") for m in modules):
                found.append(name_of(path))
    assert found == []


def test_nobody_commits_but_the_kernel():
    found = [
        f"{name_of(p)}:{n.lineno}"
        for p in FILES
        if p.relative_to(SOURCE).parts[0] != "kernel"
        for n in ast.walk(parsed(p))
        if isinstance(n, ast.Attribute) and n.attr in ("commit", "rollback")
    ]
    assert found == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_handler_has_at_most_15_lines(service):
    long = []
    for path in FILES:
        if not is_api(path) or path.relative_to(SOURCE).parts[0] != service:
            continue
        for function in functions(parsed(path)):
            first = function.args.args[0].arg if function.args.args else ""
            if not isinstance(function, ast.AsyncFunctionDef) or first != "request" or function.name.startswith("_"):
                continue
            documented = isinstance(function.body[0], ast.Expr)
            body = function.body[1:] if documented else function.body
            if body and (body[-1].end_lineno or 0) - body[0].lineno >= 15:
                long.append(f"{name_of(path)}:{function.name}")
    assert long == []


REGISTRIES = re.compile(r"https?://[a-z0-9.-]*(pypi|debian|npmjs)[a-z0-9.-]*", re.I)


def test_no_package_registry_and_no_path_of_a_machine_is_named():
    tracked = [*FILES, *(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "Makefile", ROOT / "pyproject.toml"]
    found = [str(p.relative_to(ROOT)) for p in tracked if REGISTRIES.search(p.read_text()) or "/work/" in p.read_text()]
    assert found == []
