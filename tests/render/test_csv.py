import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from auditwright.engine.readiness import Status
from auditwright.render import words
from auditwright.render.csv import guarded, render_csv, unguarded
from tests.render import samples

anything = st.text(st.characters(), max_size=30) | st.text(
    "=+-@'\t\r\n \uff1d\uff0b\uff0d\uff20a1\u202e", max_size=6
)


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


@given(anything)
@example("  =1+1")
@example("\t=1+1")
@example("\uff1d1+1")
def test_no_cell_begins_with_a_formula(text: str) -> None:
    cell = guarded(text)
    assert cell.lstrip()[:1] not in set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


@given(anything)
def test_guarding_can_be_undone(text: str) -> None:
    assert unguarded(guarded(text)) == words.visible(text)


@given(st.lists(st.lists(anything, min_size=1, max_size=4), min_size=1, max_size=4))
def test_rows_come_back_as_they_were_written(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([[guarded(cell) for cell in row] for row in rows])
    back = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert [[unguarded(cell) for cell in row] for row in back] == [
        [words.visible(cell) for cell in row] for row in rows
    ]


@pytest.mark.parametrize("name", list(samples.BUILDERS))
def test_there_is_one_row_for_each_observation_finding_gap_and_record(name: str) -> None:
    report = samples.BUILDERS[name]()
    files = {file: read(content) for file, content in render_csv(report).items()}
    assert {file: len(rows) for file, rows in files.items()} == {
        "observations.csv": sum(len(test.items) for test in report.tests),
        "findings.csv": len(report.findings),
        "gaps.csv": len(report.not_observable),
        "evidence.csv": len(report.evidence),
    }


def test_all_of_a_large_population_is_in_the_file() -> None:
    rows = read(render_csv(samples.large(10_000))["observations.csv"])
    assert len({row["item"] for row in rows}) == 10_000


def test_every_hostile_name_comes_back_visible() -> None:
    rows = read(render_csv(samples.hostile())["observations.csv"])
    names = {unguarded(row["name"]) for row in rows}
    assert {words.visible(text) for text in samples.HOSTILE.values()} <= names


def test_a_row_says_what_was_seen_and_by_which_evidence() -> None:
    rows = read(render_csv(samples.northwind())["observations.csv"])
    assert [row for row in rows if row["status"] == Status.WAIVED.value] == snapshot(
        [
            {
                "test": "data.buckets-closed",
                "title": "No storage bucket can be read by the public",
                "severity": "critical",
                "controls": "DAT-02",
                "criteria": "CC6.1 CC6.6 C1.1",
                "population": "storage_bucket",
                "item": "arn:aws:data.buckets-closed::444455556666:nwr-bucket-007",
                "name": "nwr-bucket-007",
                "account": "444455556666",
                "region": "eu-north-1",
                "status": "waived",
                "reason": "the policy grants s3:GetObject to everyone",
                "first_seen_at": "2026-11-04T09:02:11.000000Z",
                "waiver": "W-23",
                "waived_until": "2027-01-15T00:00:00.000000Z",
                "evidence": "ffc69b042d80fccfd928f3126210c3d6d2ee662126e936e0b04a408f3f2f5a60",
                "conclusion": "exceptions",
                "concluded_at": "2026-11-23T14:02:11.000000Z",
                "notice": "The cloud in this report is emulated.",
            }
        ]
    )


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_csv(samples.northwind()) == render_csv(samples.northwind())


def test_a_notice_stands_in_every_row_of_every_file_and_in_the_last_column() -> None:
    for content in render_csv(samples.northwind()).values():
        rows = read(content)
        assert list(rows[0])[-1] == "notice"
        assert {row["notice"] for row in rows} == {"The cloud in this report is emulated."}
    assert {row["notice"] for row in read(render_csv(samples.quiet())["observations.csv"])} == {""}
