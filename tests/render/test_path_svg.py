"""A drawn path is whole XML without a script, says who does what, and shows hostile names as text."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.access.snapshot import read_snapshot
from auditwright.access.starts import starts
from auditwright.access.verdict import explorer_for, prove_all, target_of
from auditwright.access.witness import Witness
from auditwright.render.access import path_of
from auditwright.render.path_svg import MAX_LETTERS, path_svg

HOLE = Path(__file__).parents[2] / "examples/access/1-hole.json"


def path_with(username: str = "maya") -> Witness:
    """The path of the example, with another name in the cluster."""
    document = json.loads(
        HOLE.read_text().replace('"username": "maya"', f'"username": {json.dumps(username)}')
    )
    world = read_snapshot(document, at=datetime(2026, 11, 27, tzinfo=UTC))
    target = target_of(world, "prod")
    path = path_of(prove_all(explorer_for(world, [target]), tuple(starts(world)), target).overall)
    assert path is not None
    return path


def texts(drawing: str) -> list[str]:
    tree = ET.fromstring(drawing)  # noqa: S314  # what was drawn here
    return [each.text or "" for each in tree.iter("{http://www.w3.org/2000/svg}text")]


def test_a_drawing_says_where_it_begins_who_acts_and_what_is_reached() -> None:
    assert texts(path_svg("REACHABLE", "cluster prod, at any level", path_with())) == [
        "REACHABLE",
        "key:maya",
        "what it begins with",
        "1",
        "sts:GetCallerIdentity (presigned), prod: maya in system:masters",
        "as user/maya, key",
        "cluster prod, at any level",
        "what is reached",
    ]


@given(st.text(max_size=60))
def test_any_name_makes_whole_xml_in_which_it_is_only_text(name: str) -> None:
    drawing = path_svg("UNKNOWN", name, path_with())
    assert "what may be reached" in texts(drawing)
    names = {each.tag.rpartition("}")[2] for each in ET.fromstring(drawing).iter()}  # noqa: S314  # what was drawn here
    assert names <= {"svg", "title", "style", "rect", "text", "g", "path"}


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>', "</style><script>", "\x1b[31m\u202e", "]]>"])
def test_a_hostile_name_stays_text(name: str) -> None:
    drawing = path_svg("REACHABLE", name, path_with(name))
    ET.fromstring(drawing)  # noqa: S314  # what was drawn here
    assert "<script" not in drawing
    assert not {"\x1b", "\u202e"} & set(drawing)


def test_a_name_of_any_length_makes_a_drawing_of_bounded_size() -> None:
    assert len(path_svg("REACHABLE", "prod", path_with("x" * 100_000))) < 10_000 + 4 * MAX_LETTERS


def test_colors_are_of_both_themes_and_two_drawings_in_a_page_keep_theirs() -> None:
    reachable, unknown = (path_svg(word, "prod", path_with()) for word in ("REACHABLE", "UNKNOWN"))
    assert "@media (prefers-color-scheme:dark)" in reachable
    statuses = {"path-bad": reachable, "path-und": unknown}
    for name, drawing in statuses.items():
        assert f'class="path {name}"' in drawing
        assert set(re.findall(r"\.(path-\w+) ", drawing)) == {name}
