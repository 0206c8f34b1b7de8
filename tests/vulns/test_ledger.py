from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.vulns.issue import Issue, Line
from auditwright.vulns.ledger import Clock, Entry, Ledger, Scan, Shown, advance, empty_ledger, ended
from auditwright.vulns.merge import merge
from auditwright.vulns.policy import DEFAULT_TABLE, Policy, shipped_table
from auditwright.vulns.report import Severity
from tests.vulns.made import NOW, report, row

LINE = Line(name="acme/api", architecture="amd64")
POLICY = Policy(table=shipped_table(DEFAULT_TABLE))

MILD = {"known_exploited": "no", "exposed": "no", "automatable": "no", "impact": "partial"}
GRAVE = {**MILD, "exposed": "yes", "automatable": "yes", "impact": "total"}
EXPLOITED = {**GRAVE, "known_exploited": "yes"}


def issue(id_: str = "CVE-2024-0001", **more: object) -> Issue:
    (made,) = merge([report("grype", [row(id_, **more)])]).issues  # type: ignore[arg-type]  # a row's facts
    return made


def days(count: float) -> datetime:
    return NOW + timedelta(days=count)


def scan(day: float, *tools: str) -> Scan:
    return Scan(at=days(day), tools=tools or ("grype",), reports=(f"{day}",))


def shown(what: Issue, facts: dict[str, str] = GRAVE, *tools: str) -> Shown:
    return Shown(
        issue=what,
        tools=frozenset(tools or ("grype",)),
        decision=POLICY.table.decide(facts),
        severity=Severity.HIGH,
    )


def after(*steps: tuple[Scan, list[Shown]]) -> Ledger:
    ledger = empty_ledger(LINE)
    for taken, what in steps:
        ledger = advance(ledger, taken, what, policy=POLICY)
    return ledger


def only(ledger: Ledger) -> Entry:
    (entry,) = ledger.entries
    return entry


def test_a_clock_starts_at_the_scan_that_first_showed_the_issue() -> None:
    clock = only(after((scan(0), [shown(issue())]), (scan(5), [shown(issue())]))).clock
    assert (clock.detected_at, clock.term.due_at) == (days(0), days(3))


def test_a_scanner_that_remembers_an_earlier_day_is_believed() -> None:
    earlier = issue(first_seen=days(-10))
    assert only(after((scan(0), [shown(earlier)]))).clock.term.due_at == days(-7)


def test_nothing_makes_a_deadline_later() -> None:
    entry = only(after((scan(0), [shown(issue(), GRAVE)]), (scan(1), [shown(issue(), MILD)])))
    assert entry.clock.term.due_at == days(3)
    assert len(entry.clock.terms) == 1


def test_a_fact_that_got_worse_makes_it_sooner_counted_from_when_that_was_known() -> None:
    entry = only(after((scan(0), [shown(issue(), MILD)]), (scan(10), [shown(issue(), EXPLOITED)])))
    assert [term.due_at for term in entry.clock.terms] == [None, days(13)]
    assert entry.clock.term.forensics


def test_a_fact_that_nobody_knew_corrects_the_deadline_from_the_day_of_detection() -> None:
    unknown = {name: value for name, value in MILD.items() if name != "exposed"} | {"automatable": "yes"}
    known = {**unknown, "exposed": "no"}
    entry = only(after((scan(0), [shown(issue(), unknown)]), (scan(2), [shown(issue(), known)])))
    assert [term.due_at for term in entry.clock.terms] == [days(14), days(60)]


def test_only_who_showed_an_issue_can_say_that_it_is_gone() -> None:
    seen = (scan(0, "grype", "trivy"), [shown(issue(), GRAVE, "grype", "trivy")])
    assert only(after(seen, (scan(1, "grype"), []))).clock.gone_at is None
    assert only(after(seen, (scan(1, "snyk"), []))).clock.gone_at is None
    assert only(after(seen, (scan(1, "grype", "trivy"), []))).clock.gone_at == days(1)


@pytest.mark.parametrize(("gone", "state"), [(2.0, "met"), (3.0, "met"), (4.0, "missed")])
def test_met_or_missed_is_decided_by_the_day_on_which_it_was_gone(gone: float, state: str) -> None:
    entry = only(after((scan(0), [shown(issue())]), (scan(gone), [])))
    assert entry.clock.state(days(400)) == state


def test_a_missed_deadline_stays_missed_when_the_issue_comes_back_and_is_fixed() -> None:
    ledger = after((scan(0), [shown(issue())]), (scan(5), []), (scan(100), [shown(issue())]), (scan(101), []))
    assert [clock.state(days(400)) for clock in only(ledger).clocks] == ["missed", "met"]


def test_an_issue_that_comes_back_soon_goes_on_with_its_first_clock() -> None:
    entry = only(after((scan(0), [shown(issue())]), (scan(1), []), (scan(20), [shown(issue())])))
    assert entry.clock.detected_at == days(0)
    assert entry.clock.state(days(20)) == "past"
    assert entry.clocks[0].gone_at == days(1)


def test_an_issue_that_comes_back_late_has_a_clock_of_its_own() -> None:
    entry = only(after((scan(0), [shown(issue())]), (scan(1), []), (scan(40), [shown(issue())])))
    assert entry.clock.detected_at == days(40)


def test_an_issue_whose_leading_id_changes_is_the_same_issue() -> None:
    by_name = issue("GHSA-aaaa-aaaa-aaaa")
    by_cve = issue("GHSA-aaaa-aaaa-aaaa", aliases=("CVE-2024-0009",))
    entry = only(after((scan(0), [shown(by_name)]), (scan(2), [shown(by_cve)])))
    assert (entry.id, entry.clock.detected_at) == ("CVE-2024-0009", days(0))


@pytest.mark.parametrize(("day", "state"), [(2, "met"), (4, "missed")])
def test_a_line_out_of_use_ends_its_clocks_met_or_missed(day: float, state: str) -> None:
    before = after((scan(0), [shown(issue())]))
    ledger = ended(before, days(day))
    assert only(ledger).clock.state(days(99)) == state
    assert ended(ledger, days(50)) == ledger, "what is gone was gone then"
    again = advance(ledger, scan(day + 1), [shown(issue())], policy=POLICY)
    assert only(again).clock.term.due_at == days(3), "its deadline is not set anew by a word"


def test_the_same_scan_again_changes_nothing() -> None:
    once = after((scan(0), [shown(issue())]))
    assert advance(once, scan(0), [shown(issue())], policy=POLICY) == once


def test_a_scan_of_an_earlier_day_is_refused() -> None:
    with pytest.raises(ValueError, match="the ledger only goes forward"):
        after((scan(5), []), (scan(4), []))


IDS = ("CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003")
STEPS = st.lists(
    st.tuples(
        st.integers(1, 40), st.dictionaries(st.sampled_from(IDS), st.sampled_from([MILD, GRAVE, EXPLOITED]))
    ),
    max_size=8,
)


@given(STEPS)
def test_what_has_happened_is_never_changed(steps: list[tuple[int, dict[str, dict[str, str]]]]) -> None:
    """A detection stays, a clock that ended stays as it is, and a deadline only becomes sooner while all facts are known."""
    ledger = empty_ledger(LINE)
    day = 0
    for gap, found in steps:
        before = {entry.id: entry for entry in ledger.entries}
        day += gap
        ledger = advance(
            ledger, scan(day), [shown(issue(id_), facts) for id_, facts in found.items()], policy=POLICY
        )
        for entry in ledger.entries:
            earlier = before.get(entry.id)
            if earlier is None:
                continue
            ended = [clock for clock in earlier.clocks if clock.gone_at is not None]
            assert list(entry.clocks[: len(ended)]) == ended
            same = entry.clocks[len(earlier.clocks) - 1]
            assert same.detected_at == earlier.clock.detected_at
            assert _sooner_or_same(same, earlier.clock)
        assert before.keys() <= {entry.id for entry in ledger.entries}


def _sooner_or_same(now: Clock, before: Clock) -> bool:
    if before.term.due_at is None:
        return True
    return now.term.due_at is not None and now.term.due_at <= before.term.due_at


def test_a_ledger_survives_its_bytes() -> None:
    ledger = after((scan(0), [shown(issue())]), (scan(5), []))
    assert msgspec.json.decode(msgspec.json.encode(ledger), type=Ledger) == ledger


UNSEEN = {**MILD, "exposed": "unknown"}


def due(*seen: dict[str, str]) -> datetime | None:
    steps = [(scan(day), [shown(issue(), facts)]) for day, facts in enumerate(seen)]
    return only(after(*steps)).clock.term.due_at


def test_what_was_known_and_then_hidden_corrects_nothing_when_it_is_seen_to_have_changed() -> None:
    exploited = {**MILD, "known_exploited": "yes"}
    open_to_all = {**exploited, "exposed": "yes"}
    whole = due({**MILD, "exposed": "yes"}, open_to_all, exploited)
    hidden_once = due({**MILD, "exposed": "yes"}, {**exploited, "exposed": "unknown"}, exploited)
    assert whole == hidden_once == days(1) + (due_after(open_to_all) - NOW)


def due_after(facts: dict[str, str]) -> datetime:
    (found,) = [due(facts)]
    assert found is not None
    return found


def test_what_is_again_what_it_was_corrects_what_was_taken_meanwhile() -> None:
    assert due(MILD, UNSEEN, MILD) == due(MILD)


@given(st.lists(st.booleans(), min_size=1, max_size=5), st.sampled_from(["yes", "no"]), st.integers(0, 5))
def test_hiding_a_fact_at_any_scan_never_makes_a_deadline_later(
    hidden: list[bool], exposed: str, exploited_from: int
) -> None:
    whole = [
        {**MILD, "exposed": exposed, "known_exploited": "yes" if day >= exploited_from else "no"}
        for day in range(len(hidden))
    ]
    part = [
        {**facts, "exposed": "unknown"} if hide else facts for facts, hide in zip(whole, hidden, strict=True)
    ]
    latest, sooner = due(*whole), due(*part)
    assert latest is None or (sooner is not None and sooner <= latest)
