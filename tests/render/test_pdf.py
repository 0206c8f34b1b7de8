import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from auditwright.render import words
from auditwright.render.paper import breakable
from auditwright.render.pdf import MAX_ROWS, render_pdf
from tests.render import samples

INTER = Path("/usr/share/fonts/opentype/inter")


def read(content: bytes, *options: str) -> str:
    """The text of the pages, as a reader copies it."""
    done = subprocess.run(
        ["pdftotext", "-raw", "-enc", "UTF-8", *options, "-", "-"],
        input=content,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode("utf-8")


def squeezed(text: str) -> str:
    """Text without the places at which a line was broken."""
    return re.sub(r"[\s\u200b\u00ad]+", "", text)


@pytest.fixture(scope="module")
def northwind() -> bytes:
    return render_pdf(samples.northwind())


@pytest.fixture(scope="module")
def hostile() -> bytes:
    return render_pdf(samples.hostile())


def test_the_cover_states_the_answer_and_the_facts(northwind: bytes) -> None:
    cover = read(northwind, "-l", "1").split("Contents")[0]
    assert cover == snapshot("""\
Readiness report
10 of 38 criteria are satisfied
25 of the 38 have at least one automated test: 10 are satisfied, 2 have deviations, 13 cannot be
determined. The other 13 have none. Nothing here is an audit opinion.
The cloud in this report is emulated.
Fact Of this report
Organization Northwind Robotics
Framework SOC 2, 2017, points of focus revised 2022
Categories Security, Availability, Confidentiality
Period 1 Nov 2026 to 31 Oct 2027
AWS accounts production 111122223333; regions eu-central-1, eu-north-1, us-east-1
Git connected
As of 23 Nov 2026 14:02 UTC
Run run-\u200b2026-\u200b11-\u200b23-\u200b1402, 23 Nov 2026 13:56 UTC to 23 Nov 2026 14:02 UTC
Log 40,231 entries
Made by auditwright/0.1.0
Of all Deviation Undetermined No test Waived Satisfied Did not occur Not applicable Total
Criteria 2 13 13 0 10 0 0 38
Controls 4 2 21 1 46 1 0 75
Tests 3 2 0 1 46 1 0 53
Items examined 5 3 0 1 2,023 0 1 2,033
""")


def test_what_could_not_be_seen_comes_before_what_could(northwind: bytes) -> None:
    text = read(northwind, "-f", "2")
    places = [
        text.index(title)
        for title in ("What could not be seen", "Criteria in scope", "Needs attention", "How to verify this")
    ]
    assert places == sorted(places)


def test_every_control_without_a_test_says_so(northwind: bytes) -> None:
    untested = [view for view in samples.northwind().controls if not view.tests]
    assert squeezed(read(northwind)).count(squeezed(words.NO_AUTOMATED_TEST)) == len(untested)


def test_the_file_is_for_archives_and_for_assistive_technology(northwind: bytes) -> None:
    assert b"<pdfaid:part>2</pdfaid:part>" in northwind
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in northwind
    assert b"<pdfuaid:part>1</pdfuaid:part>" in northwind


def test_the_file_bears_the_date_of_the_report_and_not_of_the_printing(northwind: bytes) -> None:
    dates = re.findall(rb"<xmp:(?:Create|Modify)Date>([^<]*)<", northwind)
    assert {date[:10] for date in dates} == {b"2026-11-23"}


def test_the_same_report_gives_the_same_bytes(northwind: bytes) -> None:
    assert render_pdf(samples.northwind()) == northwind


def test_hostile_text_is_printed_and_not_obeyed(hostile: bytes) -> None:
    text = squeezed(read(hostile))
    for name in (
        "script",
        "image",
        "template",
        "bidi",
        "isolate",
        "zero width",
        "control",
        "typst",
        "formula",
    ):
        assert squeezed(words.visible(samples.HOSTILE[name])) in text, name


def test_a_character_that_no_font_can_draw_is_printed_as_its_code(hostile: bytes) -> None:
    text = squeezed(read(hostile))
    assert "[U+540D][U+524D]" in text
    assert "[U+1F469][U+200D][U+1F4BB]ok" in text


def test_a_long_name_is_cut_with_the_number_of_characters_left_out(hostile: bytes) -> None:
    assert "(9,841morecharacters)" in squeezed(read(hostile))


def test_a_large_population_is_capped_with_the_whole_count_and_the_file_that_has_the_rest() -> None:
    content = render_pdf(samples.large(10_000))
    assert len(content) < 2_000_000
    text = " ".join(read(content).split())
    assert f"{MAX_ROWS} of 10,000 are shown; all are in observations.csv." in text
    assert "10,000 of 10,000 items deviate." in text


def test_a_report_with_everything_denied_can_be_printed() -> None:
    report = samples.everything_denied()
    assert words.headline(report) in read(render_pdf(report), "-l", "1")


def test_fonts_that_are_given_are_used() -> None:
    content = render_pdf(samples.quiet(), fonts=INTER)
    fonts = subprocess.run(["pdffonts", "-"], input=content, capture_output=True, check=True).stdout.decode()
    assert "Inter" in fonts
    assert "Libertinus" not in fonts


def test_what_the_organization_decided_is_printed() -> None:
    text = squeezed(read(render_pdf(samples.decided())))
    for said in (
        "No system in scope stands in an office. Approved by samir.haddad@northwind.example.",
        "Changed by the organization. Statement as shipped:",
        "Written by the organization.",
        "RegionsEU-central-1, eu-north-1, us-east-1".replace("EU", "eu"),
    ):
        assert squeezed(said) in text, said


def test_a_line_ends_after_a_separator_and_never_in_an_account_number() -> None:
    arn = "arn:aws:iam::410983217705:user/bootstrap-ops/access-key-1"
    pieces = breakable(arn).split("\u200b")
    assert "".join(pieces) == arn
    assert any("410983217705:" in piece for piece in pieces)
    assert min(len(piece) for piece in pieces) > 3
    assert breakable("--authentication-code1 <code>") == "--authentication-code1 <code>"


@given(st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=200))
def test_breaking_a_word_changes_none_of_it_and_leaves_no_long_piece(text: str) -> None:
    broken = breakable(text)
    assert broken.replace("\u200b", "") == text
    assert all(len(word) <= 33 for word in re.split(r"[\s\u200b]", broken))
