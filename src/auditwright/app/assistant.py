"""What an assistant may ask: a few questions about the program, each answered with the evidence that it rests on.

Nothing is changed by any of them. An answer says as of when it is, and cites evidence by digest.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TypeAlias

from auditwright.access.proved import REACHABLE
from auditwright.app.erased import sentence
from auditwright.app.queries import access, program
from auditwright.app.queries import evidence as evidences
from auditwright.app.queries import findings as finding_queries
from auditwright.app.queries.board import Board, board
from auditwright.app.queries.view import View
from auditwright.core.canonical import Json
from auditwright.core.ids import ControlId, CriterionId, Digest, TestId
from auditwright.core.log import iso
from auditwright.core.question import AnyOf, Question
from auditwright.engine.readiness import Status, Tally

Fields: TypeAlias = dict[str, Json]

MAX_ROWS = 50
"""Rows of one answer: it is read by a model, and says how many there are in all."""

MAX_ITEMS = 5
"""Items that stand for the many of a test."""

MAX_CITED = 3
"""Digests that a sentence names; the fields of the answer hold those of every item."""

MAX_BYTES = 20_000
"""Of the bytes of a piece of evidence."""

MISSING = (Status.DEVIATION, Status.UNDETERMINED, Status.NO_TEST, Status.WAIVED)
"""What keeps a criterion from being satisfied, the worst first."""


class AskError(Exception):
    """A question cannot be answered; the message says why, and what can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer, as text and as fields."""

    text: str
    fields: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A question that can be asked."""

    name: str
    title: str
    description: str
    parameters: Mapping[str, str]
    """Each with what it means; one that ends with `?` may be left out."""
    answer: Callable[[View, Mapping[str, str]], Told]

    @property
    def required(self) -> list[str]:
        """The parameters that must be given."""
        return [name for name in self.parameters if not name.endswith("?")]

    @property
    def names(self) -> list[str]:
        """The parameters, without their mark."""
        return [name.removesuffix("?") for name in self.parameters]


_DIGEST = re.compile("[0-9a-f]{64}")

AS_OF = {"as_of?": "A day such as 2026-11-23: answer as it was known at its end. Now, where it is left out."}


def tools() -> Sequence[Tool]:
    """Every question that can be asked."""
    return (
        Tool(
            name="overview",
            title="Where the organization stands",
            description="How many criteria, controls and tests have each status, as of a day.",
            parameters=AS_OF,
            answer=_overview,
        ),
        Tool(
            name="what_is_missing",
            title="What is missing for a criterion",
            description="Why a criterion such as CC6.1 is not satisfied: the controls and tests that deviate or could not be determined, with items and evidence digests.",
            parameters={"criterion": "The id of a criterion, such as CC6.1.", **AS_OF},
            answer=_missing,
        ),
        Tool(
            name="criterion",
            title="One criterion",
            description="What a criterion asks for, where it stands, and the controls that meet it.",
            parameters={"criterion": "The id of a criterion, such as CC6.1.", **AS_OF},
            answer=_criterion,
        ),
        Tool(
            name="control",
            title="One control",
            description="What a control says, where it stands, and its tests.",
            parameters={"control": "The id of a control, such as IAM-02.", **AS_OF},
            answer=_control,
        ),
        Tool(
            name="test",
            title="One control test",
            description="What a test examined in the newest run, the worst items first with their evidence digests, and how to put a deviation right.",
            parameters={"test": "The id of a test, such as identity.mfa-enrolled.", **AS_OF},
            answer=_test,
        ),
        Tool(
            name="findings",
            title="Open findings",
            description="What is wrong with which item, since when, and who owes it; the gravest first.",
            parameters={
                "test?": "The id of a test: its findings alone.",
                "owner?": "The name of who owes them; `nobody` for those without an owner.",
                "state?": "`open` or `closed`; open unless said otherwise.",
                **AS_OF,
            },
            answer=_findings,
        ),
        Tool(
            name="evidence",
            title="One piece of evidence",
            description="What was asked, when and by whom, where it stands in the log, and the beginning of the bytes, by their SHA-256.",
            parameters={"digest": "64 hexadecimal digits.", **AS_OF},
            answer=_evidence,
        ),
        Tool(
            name="verdicts",
            title="What was proved of access",
            description="For each target, whether somebody without a second factor gets there: reachable, unknown or unreachable.",
            parameters=AS_OF,
            answer=_verdicts,
        ),
    )


def as_of(view_now: datetime, day: str) -> datetime:
    """The time that is looked at; raises AskError."""
    if not day:
        return view_now
    try:
        wanted = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise AskError(f"{day[:40]!r} is no day; write one as 2026-11-23.") from None
    return min(view_now, datetime.combine(wanted.date(), time.max, UTC))


def _overview(view: View, given: Mapping[str, str]) -> Told:
    del given
    held = board(view)
    fields: Fields = {
        **_head(view, held),
        "criteria": _counts(held.criteria_tally),
        "controls": _counts(held.controls_tally),
        "tests": _counts(held.tests_tally),
        "open_findings": finding_queries.finding_counts(view).total,
    }
    satisfied = f"{held.criteria_tally.satisfied} of {held.criteria_tally.total} criteria are satisfied"
    missing = [each.criterion.id for each in held.criteria.values() if each.status in MISSING[:2]]
    named = f" Not satisfied: {', '.join(missing)}." if missing else ""
    return Told(text=f"{satisfied}.{named} {_when(view, held)}", fields=fields)


def _missing(view: View, given: Mapping[str, str]) -> Told:
    """Every control that keeps a criterion from being satisfied, and the tests that say so."""
    held = board(view)
    standing = held.criteria.get(CriterionId(given["criterion"]))
    if standing is None:
        raise AskError(f"There is no criterion {given['criterion'][:40]!r} in scope.")
    lacking = [held.controls[each] for each in standing.controls if held.controls[each].status in MISSING]
    controls: list[Json] = []
    lines: list[str] = []
    for control in sorted(lacking, key=lambda each: list(Status).index(each.status)):
        its = [test for test in control.tests if held.tests[test].status in MISSING]
        told = [_test_of(view, held, test) for test in its]
        controls.append(
            {
                "control": control.entry.control.id,
                "title": control.entry.control.title,
                "status": control.status.value,
                "tests": [fields for fields, _ in told],
            }
        )
        lines.append(f"- {control.entry.control.id} {control.entry.control.title}: {control.status}")
        lines += [line for _, line in told]
    title = f"{standing.criterion.id} ({standing.criterion.title}) is {standing.status}."
    said = [title, *(lines or ["Nothing is missing."]), _when(view, held)]
    fields: Fields = {
        **_head(view, held),
        "criterion": standing.criterion.id,
        "title": standing.criterion.title,
        "status": standing.status.value,
        "missing": controls,
    }
    return Told(text="\n".join(said), fields=fields)


def _test_of(view: View, held: Board, test: TestId) -> tuple[Fields, str]:
    """What a test says, with the worst of its items and the evidence of those."""
    row = program.test_row(view, held, test)
    wanted = tuple(status.value for status in MISSING)
    found = program.items(
        view, test, Question(where=(AnyOf("status", wanted),), order=("worst",), limit=MAX_ITEMS)
    )
    gaps = program.test_page(view, test)
    hidden: list[Json] = [gap.sentence() for gap in gaps.gaps[:MAX_ITEMS]] if gaps else []
    items: list[Json] = [_item(each) for each in found.rows]
    fields: Fields = {
        "test": test,
        "title": row.title,
        "status": row.status.value,
        "severity": row.severity.value,
        "items_missing": found.total,
        "items": items,
        "not_seen": hidden,
    }
    cited = dict.fromkeys(digest for each in found.rows for digest in each.evidence)
    why = "; ".join(f"{each.name}: {each.reason}" for each in found.rows[:2])
    more = f" and {found.total - 2} more" if found.total > 2 else ""  # noqa: PLR2004  # two stand for the rest
    some = list(cited)[:MAX_CITED]
    others = f" and {len(cited) - len(some)} more" if len(cited) > len(some) else ""
    seen = f" Evidence: {', '.join(some)}{others}." if cited else ""
    unseen = f" Not seen: {hidden[0]}." if hidden else ""
    return fields, f"  - {test} ({row.title}): {row.status}. {why}{more}.{unseen}{seen}"


def _criterion(view: View, given: Mapping[str, str]) -> Told:
    held = board(view)
    page = program.criterion_page(view, CriterionId(given["criterion"]))
    if page is None:
        raise AskError(f"There is no criterion {given['criterion'][:40]!r} in scope.")
    fields: Fields = {
        **_head(view, held),
        "criterion": page.row.id,
        "title": page.row.title,
        "meaning": page.row.meaning,
        "status": page.row.status.value,
        "controls": [
            {"control": each.id, "title": each.title, "status": each.status.value} for each in page.controls
        ],
    }
    lines = [f"- {each.id} {each.title}: {each.status}" for each in page.controls]
    title = f"{page.row.id} ({page.row.title}) is {page.row.status}. {page.row.meaning}"
    return Told(text="\n".join([title, *lines, _when(view, held)]), fields=fields)


def _control(view: View, given: Mapping[str, str]) -> Told:
    held = board(view)
    page = program.control_page(view, ControlId(given["control"]))
    if page is None:
        raise AskError(f"There is no control {given['control'][:40]!r}.")
    rows = [each.row for each in page.tests]
    fields: Fields = {
        **_head(view, held),
        "control": page.row.id,
        "title": page.row.title,
        "statement": page.row.statement,
        "owner": page.row.owner,
        "status": page.row.status.value,
        "criteria": list(page.row.criteria),
        "tests": [{"test": each.id, "title": each.title, "status": each.status.value} for each in rows],
        "evidence": [each.digest for each in page.evidence],
    }
    lines = [f"- {each.id} ({each.title}): {each.status}" for each in rows]
    title = f"{page.row.id} ({page.row.title}) is {page.row.status}. {page.row.statement}"
    return Told(text="\n".join([title, *lines, _when(view, held)]), fields=fields)


def _test(view: View, given: Mapping[str, str]) -> Told:
    held = board(view)
    page = program.test_page(view, TestId(given["test"]))
    if page is None:
        raise AskError(f"There is no test {given['test'][:80]!r}.")
    found = program.items(view, page.test.id, Question(order=("worst",), limit=MAX_ROWS))
    fields: Fields = {
        **_head(view, held),
        "test": page.test.id,
        "title": page.test.title,
        "status": page.row.status.value,
        "severity": page.row.severity.value,
        "controls": list(page.row.controls),
        "counts": _counts(page.row.standing.items),
        "items_total": found.total,
        "items": [_item(each) for each in found.rows],
        "not_seen": [gap.sentence() for gap in page.gaps[:MAX_ROWS]],
        "remediation": {
            "console": page.test.remediation.console,
            "command": page.test.remediation.command,
            "terraform": page.test.remediation.terraform,
        },
    }
    lines = [
        f"- {each.name}: {each.status}. {each.reason} Evidence: {', '.join(each.evidence[:MAX_CITED]) or 'none'}"
        for each in found.rows[:MAX_ITEMS]
    ]
    title = f"{page.test.id} ({page.test.title}) is {page.row.status}, of {found.total} items."
    return Told(text="\n".join([title, *lines, _when(view, held)]), fields=fields)


def _findings(view: View, given: Mapping[str, str]) -> Told:
    held = board(view)
    state = given.get("state", "") or finding_queries.OPEN
    if state not in {finding_queries.OPEN, finding_queries.CLOSED}:
        raise AskError(f"{state[:40]!r} is no state of findings; ask for open or closed.")
    asked = [AnyOf(name, (given[name],)) for name in ("test", "owner") if given.get(name)]
    found = finding_queries.findings(
        view,
        Question(
            where=(AnyOf("state", (state,)), *asked), order=("gravest", "first_seen_at"), limit=MAX_ROWS
        ),
    )
    rows: list[Json] = [
        {
            "test": each.test,
            "item": each.item,
            "name": each.name,
            "what": each.what,
            "severity": each.severity.value,
            "state": each.state.value,
            "since": iso(each.first_seen_at),
            "owner": each.owner,
            "due_at": iso(each.due_at) if each.due_at else None,
        }
        for each in found.rows
    ]
    lines = [
        f"- {each.severity}: {each.what} ({each.name}), since {each.first_seen_at:%Y-%m-%d}, "
        f"owed by {each.owner or 'nobody'}, test {each.test}"
        for each in found.rows
    ]
    title = (
        f"{found.total} findings are {state}{f'; the first {MAX_ROWS}' if found.total > MAX_ROWS else ''}."
    )
    fields: Fields = {**_head(view, held), "state": state, "total": found.total, "findings": rows}
    return Told(text="\n".join([title, *lines, _when(view, held)]), fields=fields)


def _evidence(view: View, given: Mapping[str, str]) -> Told:
    held = board(view)
    digest = given["digest"].lower()
    piece = evidences.piece(view, Digest(digest)) if _DIGEST.fullmatch(digest) else None
    body = evidences.body_of(view, piece.digest) if piece else None
    if piece and piece.erasure and body is None:
        raise AskError(f"The evidence {digest} was {sentence(piece.erasure)}")
    if piece is None or body is None:
        raise AskError(f"No evidence has the digest {digest[:64]!r}, as far as was known then.")
    text = body[:MAX_BYTES].decode("utf-8", "backslashreplace")
    fields: Fields = {
        **_head(view, held),
        "digest": piece.digest,
        "size_bytes": len(body),
        "collected": [
            {
                "run": each.run,
                "operation": each.query.operation,
                "command": each.query.command,
                "scope": str(each.scope),
                "principal": each.principal,
                "collected_at": iso(each.collected_at),
                "log_index": each.seq,
            }
            for each in piece.records
        ],
        "tests": [test.id for test, _ in piece.tests],
        "content": text,
        "cut_off": len(body) > MAX_BYTES,
    }
    asked = [
        f"- {each.query.operation} of {each.scope} at {iso(each.collected_at)}" for each in piece.records
    ]
    return Told(
        text="\n".join([f"{piece.digest}, {len(body)} bytes.", *asked, "", text]),
        fields=fields,
    )


def _verdicts(view: View, given: Mapping[str, str]) -> Told:
    del given
    held = board(view)
    page = access.access_page(view)
    proofs = access.proofs(view)
    targets: list[Json] = [
        {
            "target": each.target,
            "type": each.type,
            "verdict": each.verdict,
            "credentials_reaching": each.reaching,
            "credentials_unknown": each.unknown,
            "credentials": each.credentials,
            "decided_by": each.decided_by,
            "certificate": each.certificate,
            "evidence": _cited(proof.evidence for proof in proofs if proof.target == each.target),
        }
        for each in page.targets[:MAX_ROWS]
    ]
    lines = [f"- {each.target}: {each.verdict} ({each.decided_by})" for each in page.targets[:MAX_ROWS]]
    title = f"{len(page.targets)} targets; {page.count(REACHABLE)} are reachable without a second factor."
    fields: Fields = {**_head(view, held), "total": len(page.targets), "targets": targets}
    return Told(text="\n".join([title, *lines, _when(view, held)]), fields=fields)


def _cited(parts: Iterable[tuple[Digest, ...]]) -> list[Json]:
    cited: list[Json] = list(dict.fromkeys(str(digest) for digests in parts for digest in digests))
    return cited[:MAX_ROWS]


def _item(row: program.ItemRow) -> Fields:
    return {
        "item": row.item,
        "name": row.name,
        "account": row.account,
        "region": row.region,
        "status": row.status.value,
        "reason": row.reason,
        "evidence": list(row.evidence),
    }


def _counts(tally: Tally) -> Fields:
    return {status.value: count for status, count in tally.counts().items()}


def _head(view: View, held: Board) -> Fields:
    """As of when an answer is, and on which run it rests."""
    return {
        "organization": view.workspace.program.organization,
        "notice": view.workspace.program.notice,
        "as_of": iso(view.as_of),
        "run": held.run.id if held.run else None,
        "lapsed": held.lapsed,
    }


def _when(view: View, held: Board) -> str:
    if held.run is None:
        return f"As of {iso(view.as_of)}; nothing was collected by then, so nothing is known."
    lapsed = " It lies too far back: what was satisfied then is undetermined now." if held.lapsed else ""
    return f"As of {iso(view.as_of)}, by the run {held.run.id}.{lapsed}"
