"""The table of ASVS: every row is there once, and every test that it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TABLE = (ROOT / "docs/asvs.md").read_text()

ROWS = [row.split(" | ") for row in re.findall(r"^\| (\d+\.\d+\.\d+ \|.*) \|$", TABLE, re.MULTILINE)]

COUNTS = {"3": 19, "6": 33, "7": 18, "8": 7}
"""Requirements of levels 1 and 2 in each chapter of ASVS 5.0."""

NODE = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_requirement_stands_there_once() -> None:
    ids = [row[0] for row in ROWS]
    assert sorted(set(ids)) == sorted(ids)
    assert {chapter: sum(each.startswith(f"{chapter}.") for each in ids) for chapter in COUNTS} == COUNTS


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_a_row_names_exists(row: list[str]) -> None:
    _, level, what, held = row
    assert level in {"1", "2"}
    assert what
    assert len(held) > 5
    for path, name in NODE.findall(held):
        assert (ROOT / path).is_file()
        assert not name or name in names_in(path), f"{path} has no {name}"
    for document in re.findall(r"`(docs/[\w/-]+\.md)`", held):
        assert (ROOT / document).is_file()
