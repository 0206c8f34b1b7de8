"""The readiness report as a PDF for paper and for archives."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from auditwright.core.canonical import Json
from auditwright.core.ids import ControlId, Digest, TestId
from auditwright.core.log import iso
from auditwright.engine.readiness import Status, Tally
from auditwright.render import remedies, words
from auditwright.render.grouping import FindingGroup, GapGroup, group_findings, group_gaps
from auditwright.render.paper import Object, breakable, typeset
from auditwright.render.path_svg import steps_shown
from auditwright.render.readiness import (
    ControlTestView,
    ControlView,
    CriterionView,
    ItemView,
    PathView,
    ReadinessReport,
)

if TYPE_CHECKING:
    pass

MAX_ROWS = 25
"""Rows of one list: paper is read from front to back, and the CSV has every row."""

MAX_FINDINGS = 100
"""Rows of problems, and of gaps; a row has those of one test, or of one cause."""

MAX_FACT = 600
"""Characters of what was asked of one source on the cover, which has one page; the section on decisions has it again."""

MAX_CHOICE = 4_000
"""Characters of one choice: two hundred accounts with their names."""

MAX_DECISIONS = 200
"""Rows of what the organization decided of its controls; each control says it again itself."""

MAX_EVIDENCE_ROWS = 400
"""Rows of the evidence index, about twenty pages; the CSV has every record."""

MAX_EVIDENCE_LINKS = 2
"""Digests beside one item."""

MAX_DRAWN = 10
"""Paths of one list that are drawn, four of them on a page; the others stand in their row as text."""

MAX_TEXT = 400
"""Characters of a name or a reason on paper; nothing can be folded there."""


def render_pdf(report: ReadinessReport, *, fonts: Path | None = None) -> bytes:
    """The report as PDF; `fonts` is a folder with Inter and JetBrains Mono, else fonts of the typesetter serve.

    Raises PdfError.
    """
    return typeset(
        "readiness.typ", _Paper(report).data(), fonts=fonts, timestamp=int(report.as_of.timestamp())
    )


def _t(text: str, limit: int = MAX_TEXT) -> str:
    """Text from outside as it is printed."""
    return breakable(words.clipped(text, limit))


class _Paper:
    """What the template prints, in words."""

    def __init__(self, report: ReadinessReport) -> None:
        self._report = report
        self._controls: Mapping[ControlId, ControlView] = {view.control.id: view for view in report.controls}
        self._tests: Mapping[TestId, ControlTestView] = {view.id: view for view in report.tests}
        self._written: set[str] = set()
        self._listed = self._evidence_listed()

    def data(self) -> Object:
        """Everything, as JSON."""
        report = self._report
        at = report.as_of.astimezone(UTC)
        name = words.clipped(report.organization, 120)
        categories = self._categories()
        return {
            "title": f"Readiness of {name}",
            "author": name,
            "date": [at.year, at.month, at.day],
            "as-of": f"As of {words.moment(at)}",
            "headline": words.headline(report),
            "summary": words.summary(report),
            "notice": _t(report.demo_notice),
            "no-opinion": words.NO_OPINION,
            "facts": self._facts(),
            "figures": self._figures(),
            "gaps": self._gaps(),
            "groups": self._map(),
            "legend": [
                {"kind": words.KINDS[status], "word": f"{words.number(count)} {words.WORDS[status].lower()}"}
                for status, count in report.criteria_tally.counts().items()
                if count
            ],
            "categories": categories,
            "elsewhere": [
                self._test(view) for view in report.tests if f"test {view.id}" not in self._written
            ],
            "findings": self._findings(),
            "decisions": self._decisions(),
            "evidence": self._evidence(),
            "log": self._log(),
            "note": breakable(words.visible_block(report.log.note).strip()),
        }

    def _facts(self) -> Sequence[Json]:
        report = self._report
        finished = report.run.finished_at
        facts = [
            ("Organization", _t(report.organization, 200)),
            ("Framework", f"{report.framework_title}, {report.framework_version}"),
            ("Categories", ", ".join(view.category.title for view in report.categories)),
            ("Period", "one moment only" if report.period is None else words.span(report.period)),
            *(
                (_t(source.title, 60), _t(words.choices(source) or "connected", MAX_FACT))
                for source in report.sources
            ),
            ("As of", words.moment(report.as_of)),
            (
                "Run",
                f"{_t(report.run.id)}, {words.moment(report.run.started_at)} "
                + ("and not finished" if finished is None else f"to {words.moment(finished)}"),
            ),
            (
                "Log",
                words.many(report.log.size, "entry", "entries")
                + ("" if report.log.note else ", not signed yet"),
            ),
            ("Made by", report.generator),
        ]
        return [[name, value] for name, value in facts]

    def _figures(self) -> Object:
        report = self._report
        tallies = (
            ("Criteria", report.criteria_tally),
            ("Controls", report.controls_tally),
            ("Tests", report.tests_tally),
            ("Items examined", _sum(view.tally for view in report.tests)),
        )
        shown = [status for status in Status if any(tally.count(status) for _, tally in tallies)]
        return {
            "head": ["Of all", *(words.WORDS[status] for status in shown), "Total"],
            "rows": [
                [name, *(words.number(tally.count(status)) for status in shown), words.number(tally.total)]
                for name, tally in tallies
            ],
        }

    def _gaps(self) -> Object:
        gaps = self._report.not_observable
        lead = (
            f"{words.many(len(gaps), 'gap')}. What a gap hides is undetermined, not satisfied."
            if gaps
            else "Every question of this run was answered. What no source is connected for is listed as controls without a test."
        )
        return {
            "lead": lead,
            "rows": [_gap_row(group) for group in group_gaps(gaps)[:MAX_FINDINGS]],
            "rest": "One row for each cause; each gap is in gaps.csv." if gaps else "",
        }

    def _map(self) -> Sequence[Object]:
        return [
            {
                "id": view.group.id,
                "title": view.group.title,
                "criteria": [
                    {
                        "short": words.short_criterion(each.criterion),
                        "kind": words.KINDS[each.status],
                        "anchor": words.anchor("criterion", each.criterion.id),
                    }
                    for each in view.criteria
                ],
            }
            for category in self._report.categories
            for view in category.groups
        ]

    def _findings(self) -> Object:
        findings = self._report.findings
        lead = (
            f"{words.many(len(findings), 'open finding')}, the most severe first. One problem is one finding."
            if findings
            else "No finding is open. This says something only of what was tested."
        )
        return {
            "lead": lead,
            "rows": [_finding_row(group) for group in group_findings(findings)[:MAX_FINDINGS]],
            "rest": "One row for each test; each finding is in findings.csv." if findings else "",
        }

    def _decisions(self) -> Object:
        decided = words.decisions(self._report.controls)
        return {
            "sources": [
                {
                    "title": _t(source.title, 60),
                    "choices": [
                        [_t(choice.title, 60), _t(", ".join(choice.values), MAX_CHOICE)]
                        for choice in source.choices
                    ],
                }
                for source in self._report.sources
            ],
            "rows": [
                {
                    "id": _t(each.control.control.id, 60),
                    "anchor": words.anchor("control", each.control.control.id),
                    "title": _t(each.control.control.title, 160),
                    "decision": _status(each.control.status, each.what)
                    if each.control.not_applicable
                    else None,
                    "what": each.what,
                    "why": _t(each.why, 1_000),
                    "where": _t(each.where or "controls of the program folder", 160),
                }
                for each in decided[:MAX_DECISIONS]
            ],
            "rest": _rest(len(decided), MAX_DECISIONS, "readiness.json"),
        }

    def _categories(self) -> Sequence[Object]:
        return [
            {
                "title": category.category.title,
                "description": category.category.description,
                "groups": [
                    {
                        "id": group.group.id,
                        "title": group.group.title,
                        "criteria": [self._criterion(view) for view in group.criteria],
                    }
                    for group in category.groups
                ],
            }
            for category in self._report.categories
        ]

    def _criterion(self, view: CriterionView) -> Object:
        meeting = [self._controls[control_id] for control_id in view.controls]
        controls = [*meeting, *(self._controls[control_id] for control_id in view.not_applicable)]
        fresh = [control for control in controls if self._first(f"control {control.control.id}")]
        return {
            "id": view.criterion.id,
            "anchor": words.anchor("criterion", view.criterion.id),
            "title": view.criterion.title,
            "meaning": view.criterion.meaning,
            "status": _status(view.status, words.status_word(view.status, view.waived_until)),
            "reason": _t(words.criterion_reason(meeting, view.not_applicable)),
            "links": [
                {
                    "id": control.control.id,
                    "anchor": words.anchor("control", control.control.id),
                    "word": words.status_word(control.status, control.waived_until).lower(),
                }
                for control in controls
                if control not in fresh
            ],
            "controls": [self._control(control) for control in fresh],
        }

    def _control(self, view: ControlView) -> Object:
        control = view.control
        tests = [self._tests[test_id] for test_id in view.tests]
        fresh = [test for test in tests if self._first(f"test {test.id}")]
        return {
            "id": _t(control.id),
            "anchor": words.anchor("control", control.id),
            "title": _t(control.title),
            "statement": _t(control.statement, 2_000),
            "facts": _t(
                f"Owner: {control.owner_role} · operates {control.cadence.words} · version {control.version} · "
                f"meets {', '.join(control.criteria)}"
            ),
            "status": _status(view.status, words.status_word(view.status, view.waived_until)),
            "tag": words.provenance(view),
            "shipped": [[name, _t(said, 2_000)] for name, said in words.as_shipped(view)],
            "icon": words.KINDS[view.status],
            "reason": _t(words.control_reason(view), 1_000),
            "links": [
                {
                    "title": _t(test.title),
                    "anchor": words.anchor("test", test.id),
                    "word": words.status_word(test.status).lower(),
                }
                for test in tests
                if test not in fresh
            ],
            "tests": [self._test(test) for test in fresh],
        }

    def _first(self, member: str) -> bool:
        """True the first time: a control or a test is written out once, and a link elsewhere."""
        if member in self._written:
            return False
        self._written.add(member)
        return True

    def _test(self, test: ControlTestView) -> Object:
        shown = [status for status in _LISTED if test.tally.count(status)]
        quiet = [
            f"{words.number(test.tally.count(status))} {words.WORDS[status].lower()}"
            for status in (Status.SATISFIED, Status.NOT_APPLICABLE)
            if test.tally.count(status)
        ]
        return {
            "id": _t(test.id),
            "anchor": words.anchor("test", test.id),
            "title": _t(test.title),
            "status": _status(test.status, words.status_word(test.status)),
            "reason": words.test_reason(test),
            "rationale": _t(test.rationale, 1_000),
            "severity": test.severity.value,
            "population": f"{words.many(len(test.items), 'item')} of the kind "
            f"{words.kind_words(test.population)}, every one examined",
            "scopes": _t(words.some([str(scope) for scope in test.scopes], 6) or "no scope"),
            "settings": _t(", ".join(f"{name} = {value}" for name, value in test.settings)),
            "concluded": "not run" if test.concluded_at is None else words.moment(test.concluded_at),
            "gaps": [
                _t(f"{group.first.gap.sentence()}{_elsewhere(group)}") for group in group_gaps(test.gaps)[:5]
            ],
            "lists": [self._list(test, status) for status in shown],
            "quiet": f"Not listed here: {', '.join(quiet)}. All are in observations.csv." if quiet else "",
            "fix": [
                {"name": name, "parts": _remedy(text, prose=name == "Console")}
                for name, text in (
                    ("Console", test.remediation.console),
                    ("Command", test.remediation.command),
                    ("Terraform", test.remediation.terraform),
                )
                if text and shown
            ],
        }

    def _list(self, test: ControlTestView, status: Status) -> Object:
        members = [item for item in test.items if item.status is status]
        rest = _rest(len(members), MAX_ROWS, "observations.csv")
        return {
            "status": _status(status, words.WORDS[status]),
            "count": rest or words.many(len(members), "item"),
            "rows": [self._row(item) for item in members[:MAX_ROWS]],
            "paths": [_drawn(item, item.path) for item in members[:MAX_ROWS] if item.path is not None][
                :MAX_DRAWN
            ],
        }

    def _row(self, item: ItemView) -> Object:
        seen = item.observation
        waiver = item.waiver
        return {
            "name": _t(seen.name or "(empty)", 160),
            "id": "" if seen.item == seen.name else _t(seen.item, 160),
            "account": _t(seen.account or "no account", 80),
            "region": _t(seen.region, 80),
            "why": _t(words.what(seen.outcome)),
            "since": "" if item.first_seen_at is None else f"First seen {words.day(item.first_seen_at)}",
            "waiver": ""
            if waiver is None
            else _t(
                f"Waived until {words.day(waiver.ends_at)} by {waiver.approved_by}, at the request of "
                f"{waiver.requested_by} ({waiver.id}): {waiver.reason}"
            ),
            "evidence": [
                {
                    "short": words.short(digest),
                    "anchor": words.anchor("e", digest),
                    "listed": digest in self._listed,
                }
                for digest in seen.evidence[:MAX_EVIDENCE_LINKS]
            ],
        }

    def _evidence_listed(self) -> set[Digest]:
        cited = {
            digest
            for test in self._report.tests
            for status in _LISTED
            for item in [each for each in test.items if each.status is status][:MAX_ROWS]
            for digest in item.observation.evidence[:MAX_EVIDENCE_LINKS]
        }
        # What is cited comes first, so that a link on paper leads somewhere; then the rest while there is room.
        ordered = sorted(self._report.evidence, key=lambda record: (record.digest not in cited, record.seq))
        return set(list(dict.fromkeys(record.digest for record in ordered))[:MAX_EVIDENCE_ROWS])

    def _evidence(self) -> Object:
        records = {record.digest: record for record in reversed(self._report.evidence)}
        listed = [record for record in records.values() if record.digest in self._listed]
        listed.sort(key=lambda record: record.seq)
        count = len(self._report.evidence)
        lead = f"{words.many(count, 'record')} of this run. The digest is the SHA-256 of the bytes as they were kept."
        if count > len(listed):
            lead = f"{lead} {words.number(len(listed))} are listed; all are in evidence.csv, with the digests in full."
        if not count:
            lead = "This run kept no evidence. Nothing can be concluded from it."
        return {
            "lead": lead,
            "rows": [
                {
                    "short": words.short(record.digest),
                    "anchor": words.anchor("e", record.digest),
                    "operation": _t(record.query.operation, 120),
                    "command": _t(
                        f"The bytes were {erased}"
                        if (erased := self._report.erased.get(record.seq))
                        else record.query.command,
                        240,
                    ),
                    "account": _t(record.scope.account or "no account", 80),
                    "place": _t(f"{record.scope.source} {record.scope.region}".strip(), 80),
                    "collected": words.second(record.collected_at),
                    "size": words.size(record.size_bytes),
                    "log": words.number(record.seq),
                }
                for record in listed
            ],
        }

    def _log(self) -> Sequence[Json]:
        log = self._report.log
        stamped = "with" if log.timestamped else "without"
        signed = "not signed"
        if log.signed_at is not None:
            signed = f"{iso(log.signed_at)}, {stamped} a time stamp by a third party (RFC 3161)"
        facts = [
            ("Entries", words.number(log.size)),
            ("Root", breakable(log.root) or "no checkpoint yet"),
            ("Signed", signed),
            ("Definitions", breakable(self._report.run.program_sha256)),
        ]
        return [[name, value] for name, value in facts]


def _drawn(item: ItemView, path: PathView) -> Object:
    """A path as the template draws it: letters that no font has would make a picture of it unreadable to some."""
    return {
        "name": _t(item.observation.name, 160),
        "start": _t(", ".join(path.start)),
        "assumes": [_t(f"assumes {each}") for each in path.assumptions],
        "steps": [_t(each) for each in steps_shown(path)],
        "target": _t(path.target),
    }


def _remedy(text: str, *, prose: bool) -> Sequence[Object]:
    parts = [remedies.Part(is_code=False, text=text)] if prose else remedies.parts(text)
    return [
        {
            "code": part.is_code,
            # Commands that follow one another stand on lines of their own.
            "lines": [breakable(line) for line in words.visible_block(part.text).strip().split("\n")],
        }
        for part in parts
    ]


_LISTED = (Status.DEVIATION, Status.UNDETERMINED, Status.WAIVED)


def _status(status: Status, word: str) -> Object:
    return {"kind": words.KINDS[status], "word": word}


def _elsewhere(group: GapGroup) -> str:
    more = len(group.views) - 1
    return f" (and in {words.many(more, 'other place')})" if more else ""


def _gap_row(group: GapGroup) -> Object:
    gap = group.first.gap
    places = [words.some(group.regions, 4), gap.scope.source]
    if len(group.scopes) > 1:
        places.append(f"{words.number(len(group.scopes))} places")
    more = len(group.views) - 1
    log = (
        "nothing was asked"
        if group.first.log_index is None
        else f"log index {words.number(group.first.log_index)}"
    )
    return {
        "operation": _t(gap.operation, 120),
        "reason": _t(words.gap_about(group), 160),
        "account": _t(words.some(group.accounts, 3) or "no account", 200),
        "place": _t(", ".join(place for place in places if place), 200),
        "detail": _t(gap.detail),
        "remedy": _t(gap.remedy),
        "hides": words.gap_hides(group),
        "log": f"{log} and {words.number(more)} more" if more else log,
    }


def _finding_row(group: FindingGroup) -> Object:
    view = group.first
    return {
        "severity": view.severity.value.capitalize(),
        "name": _t(view.title, 160),
        "anchor": words.anchor("test", view.finding.test),
        "what": _t(words.finding_what(group), 600),
        "account": _t(words.some(group.accounts, 3), 120),
        "criteria": ", ".join(view.criteria) or "no criterion in scope",
        "status": _status(view.status, words.status_word(view.status, group.waived_until)),
        "since": words.day(view.finding.first_seen_at),
    }


def _rest(total: int, cap: int, file: str) -> str:
    if total <= cap:
        return ""
    return f"{words.number(cap)} of {words.number(total)} are shown; all are in {file}."


def _sum(tallies: Iterable[Tally]) -> Tally:
    held = list(tallies)
    return Tally(**{status.name.lower(): sum(tally.count(status) for tally in held) for status in Status})
