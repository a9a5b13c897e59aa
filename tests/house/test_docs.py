"""The documents are true: the page of routes is up to date, and every link and every file named in them exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from scripts.api_docs import PAGE, render

from cumulet.app import wire
from cumulet.app.config import Config

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`([\w.-]+/[\w./-]*\.(?:py|sh|md|toml|txt))`")
"""A file, from the repository's or from the package's root."""

PLACES = (ROOT, ROOT / "src" / "cumulet")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


async def test_the_page_of_routes_is_up_to_date(cloud):
    assert PAGE.read_text() == render(cloud.cloud.application.services, wire.RULES), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_exists(page):
    named = NAMED.findall(page.read_text())
    assert [path for path in named if not any((place / path).exists() for place in PLACES)] == []


def test_every_option_is_described():
    text = (ROOT / "docs" / "operating" / "configuration.md").read_text()
    assert [name for name in Config.__struct_fields__ if f"| `{name}` |" not in text] == []


def test_every_runtime_dependency_has_a_reason():
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    [page] = (ROOT / "docs" / "decisions").glob("0001-*.md")
    rows = " ".join(line.split("|")[1] for line in page.read_text().splitlines() if line.startswith("| "))
    reasons = set(re.split(r"[\s,]+", rows))
    assert [name for name in (re.split(r"[<>=\[]", entry)[0] for entry in named) if name not in reasons] == []


def test_decisions_are_numbered_without_gaps_and_can_be_quoted():
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    assert [page.name for page in pages if "\n> " not in page.read_text()] == []
