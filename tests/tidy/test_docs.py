"""The reference pages say what the code says, and every link between pages leads somewhere."""

import importlib.util
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import cast

import pytest

from auditwright.control_tests import load_builtin_tests
from auditwright.core.resources import kinds

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"
MAX_PAGE_BYTES = 400_000


@cache
def generated() -> Mapping[str, str]:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts/generate-docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Callable[[], Mapping[str, str]]", module.pages)()


def test_every_page_is_what_the_code_says_now() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md")}
    stale = sorted(
        name for name in kept.keys() | generated().keys() if kept.get(name) != generated().get(name)
    )
    assert stale == [], "run `make docs` and commit docs/reference"


def test_no_page_is_too_large_to_read_in_a_browser() -> None:
    assert [name for name, text in generated().items() if len(text.encode()) >= MAX_PAGE_BYTES] == []


def test_every_test_and_every_kind_is_described() -> None:
    for test in load_builtin_tests():
        assert f"\n## {test}\n" in generated()["control-tests.md"]
    shipped = [name for name, kind in kinds().items() if kind.__module__.startswith("auditwright.core.")]
    for name in shipped:
        assert f"\n## {name}\n" in generated()["kinds.md"]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings}


def linked_files() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("file", linked_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_to_another_page_leads_somewhere(file: Path) -> None:
    text = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        page = (file.parent / path).resolve() if path else file
        if not page.exists() or (
            anchor and page.suffix == ".md" and anchor not in anchors(page.read_text(encoding="utf-8"))
        ):
            broken.append(target)
    assert broken == []
