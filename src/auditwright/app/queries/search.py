"""Search: everything that a word is found in, by kind, with what has exactly that id first.

Each kind is found by what answers its own list, so that a search shows nothing that a list would hide. What no list
pages, the resources of every kind, is one index of names for each run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from auditwright.app.queries import program, releases, vulnerabilities
from auditwright.app.queries.attention import open_at
from auditwright.app.queries.board import board
from auditwright.app.queries.lists import ListForm, asked
from auditwright.app.queries.view import View
from auditwright.core.account import Account
from auditwright.core.act import OwedFinding
from auditwright.core.ids import Digest
from auditwright.core.ports import Named
from auditwright.core.question import AnyOf, Before, Holds, Is, Question
from auditwright.core.run import EvidenceRecord

SHOWN = 6
"""Of each kind; the kind's own list has the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing that was found."""

    title: str
    sub: str
    path: str
    """Its address, without the day that is looked at."""
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.parameters)}" if self.parameters else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found of one kind."""

    kind: str
    hits: tuple[Hit, ...]
    total: int
    everything: str
    """The list that has all of it; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What somebody may search beside the program."""

    systems: bool
    people: bool


def search(view: View, text: str, reach: Reach) -> tuple[Found, ...]:
    """Everything that holds a text; nothing for an empty one. Raises StoreError."""
    wanted = text.strip()
    if not wanted:
        return ()
    found = [*_program(view, wanted), *_records(view, wanted)]
    if reach.systems and view.engagement is None:
        found += _systems(view, wanted)
    if reach.people:
        found.append(_people(view, wanted))
    return tuple(each for each in found if each.total)


def _question(form: ListForm, text: str) -> Question:
    return asked(form, [("q", text)]).question(rows=SHOWN)


def _everything(path: str, text: str) -> str:
    return f"{path}?{urlencode({'q': text})}"


def _program(view: View, text: str) -> Iterator[Found]:
    criteria = program.criteria(view, _question(program.CRITERIA, text))
    yield Found(
        kind="Criteria",
        hits=tuple(
            Hit(title=f"{row.id} {row.title}", sub=row.status.value, path=f"/criteria/{row.id}")
            for row in criteria.rows
        ),
        total=criteria.total,
        everything=_everything("/criteria", text),
    )
    controls = program.controls(view, _question(program.CONTROLS, text))
    yield Found(
        kind="Controls",
        hits=tuple(
            Hit(title=f"{row.id} {row.title}", sub=row.owner, path=f"/controls/{row.id}")
            for row in controls.rows
        ),
        total=controls.total,
        everything=_everything("/controls", text),
    )
    tests = program.tests(view, _question(program.TESTS, text))
    yield Found(
        kind="Tests",
        hits=tuple(Hit(title=row.title, sub=row.id, path=f"/tests/{row.id}") for row in tests.rows),
        total=tests.total,
        everything=_everything("/tests", text),
    )


def _records(view: View, text: str) -> Iterator[Found]:
    records = view.workspace.stores.records
    reached = AnyOf("test", tuple(board(view).tests))
    where = (reached, *open_at(view.as_of), Holds(("what", "name", "item", "owner"), text))
    findings = records.answer(OwedFinding, Question(where=where, order=("-first_seen_at",), limit=SHOWN))
    yield Found(
        kind="Findings",
        hits=tuple(
            Hit(
                title=row.what,
                sub=row.name,
                path="/findings/one",
                parameters=(("test", row.test), ("item", row.item)),
            )
            for row in findings.rows
        ),
        total=findings.total,
        everything=_everything("/findings", text),
    )
    if view.engagement is None:
        yield _evidence(view, text)


def _evidence(view: View, text: str) -> Found:
    records = view.workspace.stores.records
    known = Before("collected_at", view.as_of + timedelta.resolution)
    if _is_digest(text):
        rows: Sequence[EvidenceRecord] = records.evidence_by_digest(Digest(text.lower()))
        total = len(rows)
    else:
        answer = records.answer(
            EvidenceRecord,
            Question(where=(known, Holds(("operation", "account"), text)), order=("-seq",), limit=SHOWN),
        )
        rows, total = answer.rows, answer.total
    return Found(
        kind="Evidence",
        hits=tuple(
            Hit(
                title=record.query.operation,
                sub=f"{record.scope}, {record.collected_at:%Y-%m-%d %H:%M} UTC",
                path=f"/evidence/{record.digest}",
            )
            for record in rows[:SHOWN]
        ),
        total=total,
        everything=_everything("/evidence", text),
    )


def _is_digest(text: str) -> bool:
    return len(text) == len(Digest("0" * 64)) and all(letter in "0123456789abcdefABCDEF" for letter in text)


def _systems(view: View, text: str) -> Iterator[Found]:
    yield _resources(view, text)
    issues = vulnerabilities.issues(view, _question(vulnerabilities.ISSUES, text))
    yield Found(
        kind="Vulnerabilities",
        hits=tuple(
            Hit(
                title=f"{row.id} in {row.package}",
                sub=f"{row.line}, {row.severity}",
                path="/vulnerabilities/one",
                parameters=(
                    ("line", row.line),
                    ("architecture", row.architecture),
                    ("id", row.id),
                    ("package", row.package),
                ),
            )
            for row in issues.rows
        ),
        total=issues.total,
        everything=_everything("/vulnerabilities", text),
    )
    published = releases.releases(view, _question(releases.RELEASES, text))
    yield Found(
        kind="Releases",
        hits=tuple(
            Hit(
                title=row.release,
                sub=f"{row.open} open issues",
                path="/releases/one",
                parameters=(("name", row.release),),
            )
            for row in published.rows
        ),
        total=published.total,
        everything=_everything("/releases", text),
    )


def _resources(view: View, text: str) -> Found:
    run = board(view).run
    index = view.memo.get(
        ("names", run.id if run else None),
        lambda: _index(view.workspace.stores.inventory.names(as_of=run.finished_at)) if run else (),
    )
    lower = text.lower()
    matching = [named for words, named in index if lower in words]
    exact = [named for named in matching if lower in {named.id.lower(), named.name.lower()}]
    shown = dict.fromkeys((*exact, *matching[:SHOWN]))
    return Found(
        kind="Inventory",
        hits=tuple(
            Hit(
                title=named.name or named.id,
                sub=f"{named.kind.replace('_', ' ')}, {named.account}",
                path=f"/inventory/{named.kind}/one",
                parameters=(("id", named.id),),
            )
            for named in list(shown)[:SHOWN]
        ),
        total=len(matching),
        everything="",
    )


def _index(names: Sequence[Named]) -> tuple[tuple[str, Named], ...]:
    return tuple((f"{named.id}\n{named.name}".lower(), named) for named in names)


def _people(view: View, text: str) -> Found:
    answer = view.workspace.stores.records.answer(
        Account,
        Question(where=(Holds(("name", "email"), text), Is("ended_at", None)), order=("name",), limit=SHOWN),
    )
    return Found(
        kind="People with access",
        hits=tuple(
            Hit(title=row.name, sub=f"{row.email}, {row.role}", path="/people") for row in answer.rows
        ),
        total=answer.total,
        everything="/people",
    )
