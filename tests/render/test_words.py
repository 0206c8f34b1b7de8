import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from auditwright.core.period import Period
from auditwright.engine.readiness import Status, Tally
from auditwright.render import words
from auditwright.render.grouping import FindingGroup
from tests.render import samples

anything = st.text(st.characters(), max_size=60)


@given(anything)
def test_visible_text_holds_nothing_that_hides_reorders_or_breaks_a_line(text: str) -> None:
    shown = words.visible(text)
    assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"])))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert words.visible(text) == text


@given(anything)
def test_making_visible_twice_changes_nothing_more(text: str) -> None:
    once = words.visible(text)
    assert words.visible(once) == once


def test_each_hostile_text_is_shown_as_what_it_is() -> None:
    shown = {
        name: words.visible(text) for name, text in samples.HOSTILE.items() if not name.startswith("long")
    }
    assert shown == snapshot(
        {
            "script": "<script>document.title='owned'</script>",
            "image": '"><img src=x onerror="document.title=\'owned\'">',
            "template": "{{ 7*7 }}{% raw %}{{ cycler }}",
            "bidi": "invoice[U+202E]xcod.exe",
            "isolate": "[U+2066]admin[U+2069] [U+200F]",
            "zero width": "ad[U+200B]min[U+FEFF]",
            "control": "a[U+0000]b[U+0007]c[U+001B][31md[U+007F][U+0085]e",
            "lines": "first[U+000D][U+000A]second[U+0009]third[U+2028]fourth",
            "tags": "flag[U+E0041][U+E0042]",
            "marks": "ź́́[U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301][U+0301]",
            "formula": '=HYPERLINK("http://x.example","click")',
            "formula plus": "+1+1",
            "formula minus": "-2+3",
            "formula at": "@SUM(A1)",
            "formula wide": "\uff1d1+1",
            "formula tab": "[U+0009]=1+1",
            "formula space": "  =1+1",
            "quote": '\'"`;--, "x"',
            "typst": '#read("/etc/passwd") *bold* $x$ `raw` #panic("owned") @ref <label> \\u{41}',
            "markdown": "[click](javascript:alert(1)) ![x](http://x.example/x.png) `a` **b** <b>c</b>",
            "empty": "",
            "surrogate": "lone [U+D800] half",
            "unassigned": "[U+3FFF0] [U+E000]",
            "emoji": "👩[U+200D]💻 ok 🤖",
            "other scripts": "名前 имя اسم ชื่อ",
        }
    )


def test_a_block_keeps_its_lines_and_nothing_else() -> None:
    assert words.visible_block("a\r\n\tb\x1b[0m\u202ec") == "a\n    b[U+001B][0m[U+202E]c"


def test_a_clipped_text_says_how_much_is_left_out() -> None:
    assert words.clipped("n" * 10_000, 20) == snapshot("nnnnnnnnnnnnnnnnnnn… (9,981 more characters)")
    assert words.clipped("short", 20) == "short"


@given(st.text(max_size=40), st.text(max_size=40))
def test_two_names_never_share_an_anchor(left: str, right: str) -> None:
    assert (words.anchor("t", left) == words.anchor("t", right)) == (left == right)


@pytest.mark.parametrize("size_bytes", [0, 812, 12_400, 3_100_000])
def test_a_size_has_a_unit(size_bytes: int) -> None:
    assert words.size(size_bytes) in {"0 B", "812 B", "12.4 kB", "3.1 MB"}


def test_a_period_is_stated_with_its_last_day_included() -> None:
    period = Period(start=datetime(2026, 11, 1, tzinfo=UTC), end=datetime(2027, 11, 1, tzinfo=UTC))
    assert words.span(period) == "1 Nov 2026 to 31 Oct 2027"


def test_the_answer_and_the_rest_are_stated() -> None:
    said = {
        name: f"{words.headline(report)}: {words.summary(report)}"
        for name, report in ((name, build()) for name, build in samples.BUILDERS.items())
        if name not in {"hostile", "reached"}
    }
    assert said == snapshot(
        {
            "northwind": "10 of 38 criteria are satisfied: 25 of the 38 have at least one automated test: 10 are satisfied, 2 have deviations, 13 cannot be determined. The other 13 have none. Nothing here is an audit opinion.",
            "everything denied": "0 of 38 criteria are satisfied: 25 of the 38 have at least one automated test: 25 cannot be determined. The other 13 have none. Nothing here is an audit opinion.",
            "quiet": "25 of 38 criteria are satisfied: 25 of the 38 have at least one automated test: 25 are satisfied. The other 13 have none. Nothing here is an audit opinion.",
            "decided": "10 of 38 criteria are satisfied: 25 of the 38 have at least one automated test: 10 are satisfied, 2 have deviations, 13 cannot be determined. The other 13 have none. Nothing here is an audit opinion.",
        }
    )


def test_with_everything_denied_no_criterion_control_or_test_is_satisfied() -> None:
    report = samples.everything_denied()
    assert (
        report.criteria_tally.satisfied
        == report.controls_tally.satisfied
        == report.tests_tally.satisfied
        == 0
    )


def test_reasons_state_the_count_and_the_whole() -> None:
    report = samples.northwind()
    reasons = {test.id: words.test_reason(test) for test in report.tests if not test.id.startswith("sample.")}
    assert reasons == snapshot(
        {
            "change.emergency-reviewed": "The population was pulled and is empty. This is neither a pass nor a failure.",
            "change.reviewed": "1,284 of 1,284 items satisfied.",
            "data.buckets-closed": "1 of 64 items is waived.",
            "data.databases-encrypted": "12 of 12 items satisfied.",
            "identity.access-keys-rotated": "2 of 31 items deviate; 1 of 31 items could not be determined.",
            "identity.mfa-enrolled": "2 of 46 items deviate.",
            "logging.trail-covers-regions": "3 of 3 items satisfied.",
            "network.admin-ports-closed": "1 of 188 items deviates; 1 gap hides further items.",
        }
    )


def test_a_finding_that_names_its_item_is_not_prefixed_with_it() -> None:
    view = samples.northwind().findings[0]

    def said(name: str, what: str) -> str:
        finding = replace(view.finding, name=name, what=what)
        return words.finding_what(FindingGroup(views=(replace(view, finding=finding),)))

    assert said("fleet-ops", "fleet-ops is shared by two") == "fleet-ops is shared by two"
    assert said("data-1", "the volume data-1 is not encrypted") == "the volume data-1 is not encrypted"
    assert said("fleet", "fleet-ops is shared by two") == "fleet: fleet-ops is shared by two"
    assert said("reporting", "backups are kept for 1 day") == "reporting: backups are kept for 1 day"
    assert said("", "it is open") == "(empty): it is open"
    assert said("a(b", "a(b is open") == "a(b is open"


@given(st.lists(st.sampled_from(list(Status)), max_size=8))
def test_the_summary_counts_every_criterion_once(statuses: list[Status]) -> None:
    report = replace(samples.quiet(), criteria_tally=Tally.of(statuses))
    said = words.summary(report)
    assert said.endswith(words.NO_OPINION)
    tested = len(statuses) - statuses.count(Status.NO_TEST)
    if tested:
        start, rest = said.split(": ", 1)
        assert start.startswith(f"{tested} of the {len(statuses)} ")
        parts, *other = rest.removesuffix(words.NO_OPINION).split(". The other ")
        assert sum(int(number) for number in re.findall(r"\d+", parts)) == tested
        assert bool(other) == (Status.NO_TEST in statuses)


def test_a_criterion_says_which_controls_were_marked_as_not_applicable() -> None:
    assert words.criterion_reason([], ["PHY-02"]) == (
        "No control in scope meets it. PHY-02 is marked not applicable, and not counted."
    )
