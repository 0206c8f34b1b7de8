"""What is new, and who is told: each message is written once, whatever happens, and sent afterwards (`delivering`).

1. What happened since a webhook was made is worked out from the records; a run's findings are one message.
2. A message has an id made of the webhook, the event and its subject, so that it is written once.
3. All messages of one look are written in one transaction.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from auditwright.app.queries.board import board
from auditwright.app.queries.view import View
from auditwright.app.queries.vulnerabilities import IssueRow, falling_due
from auditwright.app.waiving import waivers
from auditwright.app.webhooks import Event, Form, live, slack_text
from auditwright.core.act import Delivery, OwedFinding, Webhook
from auditwright.core.canonical import Json
from auditwright.core.evidence import digest_of
from auditwright.core.log import iso
from auditwright.core.question import AnyOf, Before, Condition, Is, Question, Since
from auditwright.core.run import ClosedSpell, ResultRecord, Run, RunKind, RunState
from auditwright.engine.timeline import DEFAULT_CADENCE
from auditwright.render.words import clipped, day, many, visible

AHEAD = timedelta(days=7)
"""How long before a deadline or the end of a waiver it is said."""

STALE = timedelta(days=7)
"""What is older is not news any more, should nobody have looked for so long."""

KEPT = timedelta(days=120)
"""How long a message is kept: far longer than its news can come up again."""

OVERLAP = timedelta(minutes=10)
"""How far a look goes back behind the one before: a run is written a moment after it is finished."""

MAX_RUNS = 200
"""Runs of one look, the newest first: one an hour for longer than news keeps."""

MAX_NAMED = 20
"""Findings that one message names; it says how many there are in all."""

MAX_DEADLINES = 100
"""Deadlines of one look, the nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that happened."""

    event: Event
    subject: str
    at: datetime
    title: str
    path: str
    """The page that shows it."""
    facts: dict[str, Json]


def announce(view: View, url: str, looked_at: datetime | None = None) -> int:
    """Write a message for everything that is new to a webhook; how many. Raises StoreError, AppError.

    `url` is where people find the site; what was finished long before the last look is not looked at again.
    """
    hooks = live(view.workspace)
    if not hooks:
        return 0
    since = min(hook.made_at for hook in hooks)
    found = tuple(news(view, max(since, looked_at - OVERLAP) if looked_at else since))
    wanted = [
        delivery_of(hook, each, url, view.now)
        for hook in hooks
        for each in found
        if each.event in hook.events and each.at >= hook.made_at
    ]
    records = view.workspace.stores.records
    ids = tuple(each.id for each in wanted)
    known = {each.id for each in records.kept(Delivery, AnyOf("id", ids))}
    if known.issuperset(ids):
        return 0
    with records.transaction() as write:
        # Another process may have written some since.
        known = {each.id for each in write.kept(Delivery, AnyOf("id", ids))}
        fresh = [each for each in wanted if each.id not in known]
        write.keep(fresh)
        write.drop(Delivery, [Before("made_at", view.now - KEPT)])
    return len(fresh)


def news(view: View, since: datetime) -> Iterator[News]:
    """What happened since a time, and what is ahead."""
    for run in _runs(view, since):
        yield _run_finished(view, run)
        yield from _findings_of(view, run)
    yield from _lapsed(view)
    yield from _deadlines(view)
    yield from _deadlines_of_vulnerabilities(view)
    yield from _ending_waivers(view)


def delivery_of(hook: Webhook, each: News, url: str, now: datetime) -> Delivery:
    """The message about something for a webhook, in its form."""
    address = f"{url}{each.path}"
    if hook.form == Form.SLACK:
        body = slack_text(each.title, address)
    else:
        told: dict[str, Json] = {
            "type": each.event.value,
            "timestamp": iso(each.at),
            "data": {"title": each.title, "url": address, **each.facts},
        }
        body = json.dumps(told, ensure_ascii=False)
    key = f"{hook.id}\n{each.event}\n{each.subject}"
    return Delivery(
        id=f"msg-{digest_of(key.encode('utf-8', 'surrogatepass'))[:32]}",
        webhook=hook.id,
        event=each.event,
        subject=each.subject,
        body=body,
        made_at=now,
        attempts=0,
        next_at=now,
        delivered_at=None,
        problem="",
    )


def _runs(view: View, since: datetime) -> Sequence[Run]:
    finished = Question(
        where=(
            Is("kind", RunKind.COLLECTION.value),
            Is("state", RunState.FINISHED.value),
            Since("finished_at", max(since, view.now - STALE)),
        ),
        order=("-finished_at",),
        limit=MAX_RUNS,
    )
    return view.workspace.stores.records.answer(Run, finished).rows


def _run_finished(view: View, run: Run) -> News:
    assert run.finished_at is not None, "only finished runs are told of"
    by = view.workspace.stores.records.tally(ResultRecord, ["conclusion"], Is("run", run.id))
    counts = {str(key[0]): count for key, count in sorted(by.items(), key=str)}
    said = ", ".join(f"{count} {word}" for word, count in counts.items()) or "no test concluded"
    return News(
        event=Event.RUN_FINISHED,
        subject=run.id,
        at=run.finished_at,
        title=f"A run finished: {said}",
        path=f"/runs/{run.id}",
        facts={"run": run.id, "conclusions": dict(counts)},
    )


def _findings_of(view: View, run: Run) -> Iterator[News]:
    """The findings that a run opened, and those that it closed: each one message."""
    at = _concluded_at(view, run)
    if at is None:
        return
    opened = _found(view, Is("first_seen_at", at))
    again = _came_back(view, at)
    if opened.total or again:
        yield _told(Event.FINDING_OPENED, run, [*opened.rows, *again], opened.total + len(again))
    closed = _found(view, Is("closed_at", at))
    if closed.total:
        yield _told(Event.FINDING_CLOSED, run, list(closed.rows), closed.total)


def _concluded_at(view: View, run: Run) -> datetime | None:
    one = Question(where=(Is("run", run.id),), limit=1)
    found = view.workspace.stores.records.answer(ResultRecord, one).rows
    return found[0].concluded_at if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    rows: Sequence[OwedFinding]
    total: int


def _found(view: View, condition: Condition) -> _Found:
    asked = Question(where=(condition,), order=("test", "item"), limit=MAX_NAMED)
    answer = view.workspace.stores.records.answer(OwedFinding, asked)
    return _Found(rows=answer.rows, total=answer.total)


def _came_back(view: View, at: datetime) -> Sequence[OwedFinding]:
    """Findings that were closed, and that a run saw again."""
    records = view.workspace.stores.records
    ended = Question(where=(Is("reopened_at", at),), order=("test", "item"), limit=MAX_NAMED)
    found = [
        records.kept(OwedFinding, Is("test", spell.test), Is("item", spell.item))
        for spell in records.answer(ClosedSpell, ended).rows
    ]
    return [finding for each in found for finding in each]


def _told(event: Event, run: Run, named: Sequence[OwedFinding], total: int) -> News:
    assert run.finished_at is not None, "only finished runs are told of"
    word = "opened" if event is Event.FINDING_OPENED else "closed"
    first = clipped(visible(named[0].what), 160)
    rest = f", and {total - 1} more" if total > 1 else ""
    findings: list[Json] = [
        {
            "test": each.test,
            "item": each.item,
            "name": each.name,
            "account": each.account,
            "region": each.region,
            "what": each.what,
        }
        for each in named[:MAX_NAMED]
    ]
    return News(
        event=event,
        subject=run.id,
        at=run.finished_at,
        title=f"{many(total, 'finding')} {word}: {first}{rest}",
        path="/findings" if event is Event.FINDING_OPENED else "/findings?state=closed",
        facts={"run": run.id, "total": total, "findings": findings},
    )


def _lapsed(view: View) -> Iterator[News]:
    held = board(view)
    if not held.lapsed or held.run is None:
        return
    collected_at = held.run.finished_at or held.run.started_at
    yield News(
        event=Event.EVIDENCE_LAPSED,
        subject=held.run.id,
        at=view.now,
        title=f"Evidence lapsed: nothing was collected since {day(collected_at)}",
        path="/runs",
        facts={
            "run": held.run.id,
            "collected_at": iso(collected_at),
            "expected_hours": int(DEFAULT_CADENCE.total_seconds() // 3600),
        },
    )


def _deadlines(view: View) -> Iterator[News]:
    ahead = Question(
        where=(
            Is("closed_at", None),
            Since("due_at", view.now),
            Before("due_at", view.now + AHEAD),
        ),
        order=("due_at",),
        limit=MAX_DEADLINES,
    )
    for each in view.workspace.stores.records.answer(OwedFinding, ahead).rows:
        assert each.due_at is not None, "it was asked for by its day"
        owner = visible(each.owner) or "nobody"
        yield News(
            event=Event.DEADLINE_AHEAD,
            subject=f"{each.test} {each.item} {iso(each.due_at)}",
            at=view.now,
            title=f"Due {day(each.due_at)}, owed by {owner}: {clipped(visible(each.what), 160)}",
            path=f"/findings/one?{urlencode({'test': each.test, 'item': each.item})}",
            facts={
                "test": each.test,
                "item": each.item,
                "what": each.what,
                "owner": each.owner,
                "due_at": iso(each.due_at),
            },
        )


def _deadlines_of_vulnerabilities(view: View) -> Iterator[News]:
    """The deadlines of vulnerabilities: one message for what is due on a day on an asset line."""
    due: dict[tuple[str, date], list[IssueRow]] = {}
    for row in falling_due(view, view.now + AHEAD):
        assert row.due_at is not None, "it was asked for by its day"
        due.setdefault((row.line, row.due_at.date()), []).append(row)
    for (line, on), rows in sorted(due.items()):
        first = clipped(visible(f"{rows[0].id} in {rows[0].package}"), 160)
        rest = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
        yield News(
            event=Event.DEADLINE_AHEAD,
            subject=f"vulnerabilities {line} {on}",
            at=view.now,
            title=f"Due {day(min(filter(None, (row.due_at for row in rows))))} on {visible(line)}: {first}{rest}",
            path=f"/vulnerabilities?{urlencode({'line': line, 'state': 'within'})}",
            facts={
                "line": line,
                "due_on": f"{on}",
                "total": len(rows),
                "vulnerabilities": [
                    {"id": row.id, "package": row.package, "severity": row.severity}
                    for row in rows[:MAX_NAMED]
                ],
            },
        )


def _ending_waivers(view: View) -> Iterator[News]:
    for waiver in waivers(view.workspace):
        if waiver.approved_at <= view.now < waiver.ends_at <= view.now + AHEAD:
            yield News(
                event=Event.WAIVER_ENDS,
                subject=f"{waiver.id} {iso(waiver.ends_at)}",
                at=view.now,
                title=f"The waiver {visible(waiver.id)} of {waiver.test} ends {day(waiver.ends_at)}",
                path=f"/waivers/{waiver.id}",
                facts={
                    "waiver": waiver.id,
                    "test": waiver.test,
                    "reason": waiver.reason,
                    "ends_at": iso(waiver.ends_at),
                },
            )
