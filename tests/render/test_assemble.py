from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.control_test import Severity
from auditwright.core.ids import TestId, WaiverId
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined
from auditwright.core.waiver import Waiver
from auditwright.engine.readiness import Status, Tally
from auditwright.render.assemble import Held, assemble
from auditwright.render.readiness import LogExcerpt, ReadinessReport
from tests.render import samples

OUTCOMES: list[Outcome] = [Satisfied(), Deviation("no"), Undetermined("refused")]


def small(outcomes: list[list[Outcome]]) -> Held:
    """As many tests as lists, each over as many items as its list has outcomes."""
    controls = ["IAM-02", "IAM-11", "NET-01", "CHG-01"]
    seen = [
        samples.Seen(
            test=samples.a_test(f"t.{place}", f"Test {place}", controls[place % 4]),
            items=[
                (f"item-{place}-{number}", "111122223333", "", outcome) for number, outcome in enumerate(each)
            ],
        )
        for place, each in enumerate(outcomes)
    ]
    base = samples.held(seen, extra_gaps=())
    named = {each.test.controls[0] for each in seen}
    return replace(base, controls=[each for each in base.controls if each.control.id in named], waivers=())


def figures(report: ReadinessReport) -> tuple[int, int, int]:
    return (
        report.criteria_tally.satisfied,
        report.controls_tally.satisfied,
        report.tests_tally.satisfied,
    )


populations = st.lists(st.lists(st.sampled_from(OUTCOMES), max_size=4), min_size=1, max_size=4)


@given(populations, st.integers(min_value=0, max_value=3))
def test_a_further_gap_never_improves_a_figure(outcomes: list[list[Outcome]], place: int) -> None:
    held = small(outcomes)
    results = list(held.results)
    place %= len(results)
    results[place] = replace(results[place], gaps=(samples.REFUSED_GROUPS,))
    before = assemble(held, as_of=samples.NOW)
    after = assemble(replace(held, results=results), as_of=samples.NOW)
    assert all(now <= then for now, then in zip(figures(after), figures(before), strict=True))
    assert len(after.not_observable) == 1


@given(populations, st.integers(min_value=0, max_value=3))
def test_a_refused_test_never_improves_a_figure(outcomes: list[list[Outcome]], place: int) -> None:
    held = small(outcomes)
    denied = [
        [Undetermined("refused") for _ in each] if at == place else each for at, each in enumerate(outcomes)
    ]
    before = figures(assemble(held, as_of=samples.NOW))
    after = figures(assemble(small([list[Outcome](each) for each in denied]), as_of=samples.NOW))
    assert all(now <= then for now, then in zip(after, before, strict=True))


def test_a_test_without_a_result_is_undetermined_and_said_not_to_have_run() -> None:
    held = small([[Satisfied()]])
    report = assemble(replace(held, results=()), as_of=samples.NOW)
    assert report.tests[0].status is Status.UNDETERMINED
    assert report.tests[0].conclusion is None


def test_a_title_that_names_a_setting_says_its_value() -> None:
    held = small([[Deviation("no")]])
    named = replace(held.tests[0], title="Keys are younger than `days` days", settings={"days": 90})
    for settings, said in (({}, "90"), ({TestId("t.0"): {"days": 30}}, "30")):
        report = assemble(replace(held, tests=[named], settings=settings), as_of=samples.NOW)
        assert report.tests[0].title == report.findings[0].title == f"Keys are younger than {said} days"


def test_findings_are_ordered_by_severity_and_then_by_age_and_waived_ones_come_last() -> None:
    findings = samples.northwind().findings
    assert [(view.severity, view.status) for view in findings] == [
        (Severity.CRITICAL, Status.DEVIATION),
        (Severity.HIGH, Status.DEVIATION),
        (Severity.HIGH, Status.DEVIATION),
        (Severity.MEDIUM, Status.DEVIATION),
        (Severity.MEDIUM, Status.DEVIATION),
        (Severity.CRITICAL, Status.WAIVED),
    ]
    high = [view.finding.first_seen_at for view in findings[1:3]]
    assert high == sorted(high)


def test_a_finding_that_was_not_seen_again_is_undetermined() -> None:
    held = small([[Deviation("no")]])
    gone = replace(held.results[0], observations=(), gaps=(samples.REFUSED_GROUPS,))
    report = assemble(replace(held, results=(gone,)), as_of=samples.NOW)
    assert [(view.status, view.evidence) for view in report.findings] == [(Status.UNDETERMINED, ())]


def test_a_closed_finding_is_not_open() -> None:
    held = small([[Deviation("no")]])
    closed = [replace(finding, closed_at=samples.NOW) for finding in held.findings]
    assert assemble(replace(held, findings=closed), as_of=samples.NOW).findings == ()


def test_a_gap_that_nobody_logged_is_listed_without_an_index() -> None:
    held = small([[Satisfied()]])
    unlogged = replace(held.results[0], gaps=(samples.REFUSED_GROUPS,))
    report = assemble(replace(held, results=(unlogged,), gaps=()), as_of=samples.NOW)
    assert [(view.log_index, view.tests) for view in report.not_observable] == [(None, (TestId("t.0"),))]


def test_gaps_that_hide_items_come_before_those_that_hide_facts() -> None:
    assert [view.gap.hides_items for view in samples.northwind().not_observable] == [True, False]


@pytest.mark.parametrize(("days", "status"), [(29, Status.WAIVED), (30, Status.DEVIATION)])
def test_a_waiver_is_shown_with_its_end_and_only_until_then(days: int, status: Status) -> None:
    held = small([[Deviation("no"), Deviation("no")]])
    waivers = [
        Waiver(
            id=WaiverId(f"W-{ends}"),
            test=TestId("t.0"),
            items=(f"*item-0-{place}",),
            reason="accepted",
            requested_by="ada",
            approved_by="bob",
            approved_at=samples.NOW,
            ends_at=samples.NOW + timedelta(days=ends),
        )
        for place, ends in enumerate((30, 60))
    ]
    at = samples.NOW + timedelta(days=days)
    report = assemble(replace(held, waivers=waivers), as_of=at)
    control = report.controls[0]
    assert control.status is status
    assert control.waived_until == samples.NOW + timedelta(days=30 if days < 30 else 60)


def test_every_tally_is_that_of_what_is_listed() -> None:
    report = samples.northwind()
    assert report.criteria_tally == Tally.of(view.status for view in report.criteria)
    assert report.controls_tally == Tally.of(view.status for view in report.controls)
    assert report.tests_tally == Tally.of(view.status for view in report.tests)


def test_a_report_that_names_what_it_does_not_hold_is_refused() -> None:
    report = samples.northwind()
    with pytest.raises(AssertionError, match="names an absent control"):
        replace(report, controls=())


def test_a_log_without_a_checkpoint_has_no_root() -> None:
    assert LogExcerpt.of(None, size=3) == LogExcerpt(
        size=3, root="", note="", signed_at=None, timestamped=False
    )


def test_a_control_that_does_not_apply_is_listed_and_counts_toward_no_criterion() -> None:
    report = samples.decided()
    view = next(each for each in report.controls if each.control.id == "PHY-02")
    assert view.status is Status.NOT_APPLICABLE
    assert view.tests == ()
    assert view.not_applicable is not None
    assert view.not_applicable.approver == "samir.haddad@northwind.example"
    naming = [each for each in report.criteria if "PHY-02" in each.not_applicable]
    assert {each.criterion.id for each in naming} == set(view.control.criteria)
    assert not [each for each in report.criteria if "PHY-02" in each.controls]


@given(populations, st.integers(min_value=0, max_value=3))
def test_marking_a_control_as_not_applicable_never_satisfies_one_nor_takes_a_criterion_out(
    outcomes: list[list[Outcome]], place: int
) -> None:
    held = small(outcomes)
    place %= len(held.controls)
    marked = [
        samples.not_applicable(each.control, "no", "ada") if at == place else each
        for at, each in enumerate(held.controls)
    ]
    before = assemble(held, as_of=samples.NOW)
    after = assemble(replace(held, controls=marked), as_of=samples.NOW)
    gone = held.controls[place].control.id
    then = {view.control.id: view.status for view in before.controls}
    assert {view.control.id: view.status for view in after.controls} == {
        **then,
        gone: Status.NOT_APPLICABLE,
    }
    assert after.controls_tally.total == before.controls_tally.total
    # One whose controls all do not apply is met by nothing; it does not become not applicable itself.
    assert {view.status for view in after.criteria if not view.controls} <= {Status.NO_TEST}
