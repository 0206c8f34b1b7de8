import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.vulns.decision_table import POINTS, Deadline, DecisionTable, DecisionTableError, TableRow
from auditwright.vulns.policy import DEFAULT_TABLE, read_table, shipped_table
from tests.vulns.published import published

TABLE = shipped_table(DEFAULT_TABLE)
BY_SEVERITY = shipped_table("severity")

FACTS = st.fixed_dictionaries({}, optional={point: st.sampled_from(POINTS[point]) for point in TABLE.points})


def test_the_default_table_is_cisa_s() -> None:
    said = {
        "fix on system upgrade": (None, False),
        "60 days": (60, False),
        "14 days": (14, False),
        "3 days": (3, False),
        "3 days & forensic investigation": (3, True),
    }
    with published("ssvc", "cisa_bod_26_04_1_0_0.csv").open(newline="") as opened:
        rows = list(csv.reader(opened))[1:]
    assert len(rows) == 16
    for _, exploited, exposed, automatable, impact, timeline in rows:
        decision = TABLE.decide(
            {"known_exploited": exploited, "exposed": exposed, "automatable": automatable, "impact": impact}
        )
        assert (decision.deadline.days, decision.deadline.forensics) == said[timeline]
        assert decision.unknown == ()


def test_a_fact_that_nobody_knows_is_taken_for_the_worst_and_named() -> None:
    decision = TABLE.decide({"known_exploited": "no", "automatable": "yes", "impact": "total"})
    assert decision.deadline.days == 3
    assert decision.unknown == ("exposed",)
    assert "exposed: unknown (the worst was taken)" in decision.reason


def test_a_fact_that_would_change_nothing_is_not_asked_for() -> None:
    decision = BY_SEVERITY.decide({"severity": "critical"})
    assert (decision.deadline.days, decision.unknown) == (7, ())


@given(FACTS, st.sampled_from(TABLE.points))
def test_knowing_more_never_makes_a_deadline_sooner(facts: dict[str, str], point: str) -> None:
    before = TABLE.decide({name: value for name, value in facts.items() if name != point}).deadline
    for value in POINTS[point]:
        after = TABLE.decide({**facts, point: value}).deadline
        assert after == before or before.sooner(after)


def test_a_severity_that_nobody_rated_counts_as_the_worst() -> None:
    assert BY_SEVERITY.decide({"severity": "unknown"}).deadline.days == 7


def test_a_table_with_a_hole_is_refused_by_the_combination_that_falls_through() -> None:
    row = TableRow(when={"exposed": "yes"}, deadline=Deadline(label="3 days", days=3))
    with pytest.raises(DecisionTableError, match="no row fits exposed = no"):
        DecisionTable(id="t", title="T", source="s", rows=(row,))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"id = ", "the table is no TOML"),
        (b"\xff", "the table is no TOML"),
        (b'title = "T"', "needs a text `id`"),
        (b'id = "t"\ntitle = "T"\nsource = "S"\n', "expected [[rows]]"),
        (b'id = "t"\ntitle = "T"\nsource = "S"\n[[rows]]\nwhen = 3\n', "`when` names values"),
        (b'id = "t"\ntitle = "T"\nsource = "S"\n[[rows]]\ndeadline = { days = 0 }\n', "`deadline` is"),
        (
            b'id = "t"\ntitle = "T"\nsource = "S"\n[[rows]]\ndeadline = { days = 3, soon = true }\n',
            "`deadline` is",
        ),
        (
            b'id = "t"\ntitle = "T"\nsource = "S"\n[[rows]]\nwhen = { exposed = "maybe" }\ndeadline = { days = 3 }\n',
            "exposed is one of yes, no",
        ),
        (
            b'id = "t"\ntitle = "T"\nsource = "S"\n[[rows]]\nwhen = { mood = "bad" }\ndeadline = { days = 3 }\n',
            "a table decides by",
        ),
    ],
)
def test_a_table_that_is_no_table_is_refused(body: bytes, expected: str) -> None:
    with pytest.raises(DecisionTableError) as refused:
        read_table(body)
    assert expected in str(refused.value)


def test_a_table_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(DecisionTableError, match="cisa-bod-26-04, severity"):
        shipped_table("mine")
