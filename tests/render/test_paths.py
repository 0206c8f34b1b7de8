"""The path of a proof stands beside what it feeds: drawn, in words, and in JSON, with hostile names as text."""

import json
import re
import subprocess
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from auditwright.render.html import MAX_DRAWN, render_html
from auditwright.render.json_report import render_json
from auditwright.render.path_svg import MAX_STEPS
from auditwright.render.paths import paths
from auditwright.render.pdf import render_pdf
from tests.render import samples

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def page() -> str:
    return render_html(samples.reached()).decode()


def drawings(page: str) -> list[ET.Element]:
    found = re.findall(r'<svg [^>]*class="path.*?</svg>', page, re.DOTALL)
    return [ET.fromstring(each) for each in found]  # noqa: S314  # what was drawn here


def texts(drawing: ET.Element) -> list[str]:
    return ["".join(each.itertext()) for each in drawing.iter(f"{SVG}text")]


def test_a_path_begins_with_the_credentials_that_are_proved_by_themselves() -> None:
    two = samples.a_path("key:ada", "password:bob", "sts:AssumeRole admin")
    alone = [
        samples.a_path("key:ada", "sts:AssumeRole admin", credential="key:ada"),
        samples.a_path("password:bob", "sts:AssumeRole admin", credential="password:bob"),
    ]
    found = paths([two, *alone])
    assert (found[two.id].start, found[two.id].steps) == (
        ("key:ada", "password:bob"),
        ("sts:AssumeRole admin",),
    )
    assert {found[each.id].start for each in alone} == {("key:ada",), ("password:bob",)}


@pytest.mark.parametrize("verdict", ["unknown", "unreachable"])
def test_a_path_that_only_cannot_be_ruled_out_is_not_shown_as_one(verdict: str) -> None:
    reached = samples.a_path("key:ada", "sts:AssumeRole admin")
    assert paths([replace(reached, verdict=verdict)]) == {}


def test_each_reachable_proof_is_drawn_beside_its_finding(page: str) -> None:
    drawn = drawings(page)
    assert len(drawn) == len(samples.reached().tests[0].items) <= MAX_DRAWN
    assert [
        "REACHABLE",
        "key:ada",
        "what it begins with",
        "1",
        "sts:GetCallerIdentity (presigned), prod: ada in system:masters",
        "administrator of cluster prod",
        "what is reached",
    ] in [texts(each) for each in drawn]


def test_a_drawing_in_a_page_has_no_style_of_its_own_and_the_page_says_the_same_in_words(page: str) -> None:
    for drawn in drawings(page):
        assert drawn.get("aria-hidden") == "true"
        assert {each.tag for each in drawn.iter()} <= {
            SVG + name for name in ("svg", "title", "rect", "text", "g", "path")
        }
        assert not any("style" in each.attrib for each in drawn.iter())
    assert re.search(r"<li>key:ada, password:bob<span", page)
    assert re.search(r"<li>sts:AssumeRole admin</li>", page)


def test_hostile_names_of_a_path_are_text_on_the_page_and_in_the_drawing(page: str) -> None:
    (hostile,) = [each for each in drawings(page) if "document.title" in "".join(texts(each))]
    assert "<script>document.title='owned'</script>" in texts(hostile)
    assert "invoice[U+202E]xcod.exe" in texts(hostile)
    assert "<script>document.title" not in page
    assert "<img src=x" not in page


def test_a_long_path_says_how_much_of_it_is_not_drawn(page: str) -> None:
    more = f"{50 - MAX_STEPS} more steps: readiness.json has all"
    assert any(more in texts(each) for each in drawings(page))
    assert f"<li>{more}</li>" in page


def test_the_json_has_every_step_exactly() -> None:
    report = json.loads(render_json(samples.reached()))
    by_target = {
        item["path"]["target"]: item["path"] for test in report["tests"] for item in test["observations"]
    }
    assert by_target["a long way"]["steps"] == [f"step {number}" for number in range(50)]
    assert by_target["cluster prod"]["start"] == ["key:ada", "password:bob"]
    assert samples.HOSTILE["bidi"] in by_target[f"cluster {samples.HOSTILE['script']}"]["steps"]
    assert {finding["path"]["target"] for finding in report["findings"]} == by_target.keys()


def test_the_paths_are_drawn_on_paper() -> None:
    done = subprocess.run(
        ["pdftotext", "-raw", "-", "-"],
        input=render_pdf(samples.reached()),
        capture_output=True,
        check=True,
    )
    printed = re.sub(r"[\s\u200b\u00ad]+", "", done.stdout.decode())
    assert printed.count("REACHABLE") == len(samples.reached().tests[0].items)
    assert "<script>document.title='owned'</script>" in printed
    assert f"{50 - MAX_STEPS}moresteps:readiness.jsonhasall" in printed


def test_what_satisfies_has_no_path() -> None:
    assert all(item.path is None for test in samples.northwind().tests for item in test.items)
