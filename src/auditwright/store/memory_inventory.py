"""The inventory in memory: the reference that the durable one is compared with, and what tests run on.

Plain and obviously right, like the other stores of `memory`.
"""

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import zip_longest
from typing import TypeAlias, TypeVar

from auditwright.core.evidence import ERASED_NAME, ERASED_WORDS, Scope
from auditwright.core.ids import Digest, ResourceId, RunId, TestId
from auditwright.core.outcome import Result, Unknown, without_words
from auditwright.core.ports import (
    Named,
    ObservedSpan,
    Rows,
    Snapshot,
    StoreError,
)
from auditwright.core.question import Answer, Condition, Question, answered, meets
from auditwright.core.resource import Resource
from auditwright.core.resources import kinds
from auditwright.store.codec import codec_of
from auditwright.store.inventory_asking import value_of

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True)
class _Lost:
    """A resource whose evidence was erased."""

    scope: Scope
    evidence: tuple[Digest, ...]


Known: TypeAlias = Resource | ObservedSpan | _Lost
"""What the inventory knows of one key: a resource, or an item's outcome under a test."""


@dataclass(slots=True)
class _Change:
    """From `known_from` on this was known of a key; None: it was gone."""

    known_from: datetime
    value: Known | None


class _Timeline:
    """Every change of every key, in the order in which they were recorded."""

    __slots__ = ("changes",)

    def __init__(self) -> None:
        self.changes: dict[str, list[_Change]] = {}

    def put(self, key: str, at: datetime, value: Known | None) -> None:
        """Keep a change where it is one; what was recorded for a later time stays as it is."""
        changes = self.changes.setdefault(key, [])
        if changes and (changes[-1].known_from > at or _content(changes[-1].value) == _content(value)):
            return
        changes.append(_Change(at, value))

    def latest(self) -> Mapping[str, Known]:
        """What is there now."""
        return {
            key: changes[-1].value for key, changes in self.changes.items() if changes[-1].value is not None
        }

    def of(self, key: str) -> list[_Change]:
        """The changes of one key; of two for the same time, the one recorded last."""
        changes = self.changes.get(key, [])
        return [
            c
            for c, later in zip_longest(changes, changes[1:])
            if not later or later.known_from > c.known_from
        ]

    def erase(self, erased: AbstractSet[Digest]) -> None:
        """Take away what rests on erased evidence; an item that no other evidence shows loses its key."""
        for key in sorted(self.changes):
            held = self.changes[key]
            hit = [each for each in held if each.value and not erased.isdisjoint(each.value.evidence)]
            if all(_is_erased(each.value) for each in hit):
                continue
            rest = (each.value for each in held if not any(each is one for one in hit))
            shown = any(_is_there(value) and not _is_erased(value) for value in rest)
            for each in hit:
                each.value = _without(each.value)
            if not shown:
                alias = f"{ERASED_NAME}-{secrets.token_hex(4)}"
                self.changes[alias] = [_renamed(change, alias) for change in self.changes.pop(key)]


def _is_there(value: Known | None) -> bool:
    """True where a value shows its item."""
    return value is not None and not (isinstance(value, ObservedSpan) and value.outcome is None)


def _is_erased(value: Known | None) -> bool:
    return isinstance(value, _Lost) or (isinstance(value, ObservedSpan) and value.name == ERASED_NAME)


def _without(value: Known | None) -> Known | None:
    match value:
        case Resource():
            return _Lost(value.scope, value.evidence)
        case ObservedSpan(outcome=outcome) if outcome is not None:
            return replace(value, name=ERASED_NAME, outcome=without_words(outcome, ERASED_WORDS))
        case _:
            return value


def _renamed(change: _Change, alias: str) -> _Change:
    value = change.value
    if isinstance(value, ObservedSpan):
        value = replace(value, item=ResourceId(alias), name=ERASED_NAME)
    return _Change(change.known_from, value)


def _content(value: Known | None) -> Known | None:
    """What is compared to see a change: everything but the evidence and the time."""
    match value:
        case None | _Lost():
            return value
        case Resource():
            return replace(value, evidence=())
        case ObservedSpan():
            return replace(value, evidence=(), known_from=datetime.min.replace(tzinfo=UTC))


class MemoryInventory:
    """The inventory in dictionaries."""

    __slots__ = ("_observed", "_resources", "_seen")

    def __init__(self) -> None:
        self._resources: dict[str, _Timeline] = {}
        self._observed: dict[TestId, _Timeline] = {}
        self._seen: dict[tuple[str, Scope | TestId], tuple[datetime, RunId]] = {}

    def record(self, run: RunId, at: datetime, snapshots: Iterable[Snapshot]) -> None:
        """Keep what a run saw."""
        fresh: dict[str, list[Snapshot]] = {}
        for snapshot in snapshots:
            check_snapshot(snapshot)
            if not self._is_covered((snapshot.kind.kind, snapshot.scope), run, at):
                fresh.setdefault(snapshot.kind.kind, []).append(snapshot)
        for kind, of_kind in fresh.items():
            timeline = self._resources.setdefault(kind, _Timeline())
            held = timeline.latest()
            present: dict[str, Known] = {item.id: item for snapshot in of_kind for item in snapshot.items}
            hiding = {snapshot.scope for snapshot in of_kind if not snapshot.complete}
            whole = {snapshot.scope for snapshot in of_kind} - hiding
            for key, value in present.items():
                timeline.put(key, at, value)
            for key, value in held.items():
                if key not in present and isinstance(value, (Resource, _Lost)) and value.scope in whole:
                    timeline.put(key, at, None)
            for snapshot in of_kind:
                self._seen[kind, snapshot.scope] = at, run

    def resources(self, kind: type[R], *, as_of: datetime | None = None) -> Sequence[R]:
        """Every resource of a kind as known at a time (now: None), by id."""
        timeline = self._resources.get(kind.kind, _Timeline())
        found = (state_at(self.history(kind, ResourceId(key)), as_of) for key in sorted(timeline.changes))
        return [item for item in found if isinstance(item, kind)]

    def history(self, kind: type[R], item: ResourceId) -> Sequence[tuple[datetime, R | Unknown | None]]:
        """What was known of one resource, from when; None from when it was gone, Unknown where that was erased."""
        found: list[tuple[datetime, R | Unknown | None]] = []
        for change in self._resources.get(kind.kind, _Timeline()).of(item):
            match change.value:
                case _Lost():
                    found.append((change.known_from, Unknown(ERASED_WORDS)))
                case value:
                    found.append((change.known_from, value if isinstance(value, kind) else None))
        return found

    def erase(self, erased: AbstractSet[Digest]) -> None:
        """Take away what rests on evidence that was erased; again with the same: nothing changes."""
        for timeline in (*self._resources.values(), *self._observed.values()):
            timeline.erase(erased)

    def erased(self, kind: type[R], *, as_of: datetime | None = None) -> int:
        """How many resources of a kind were known at a time (now: None) by evidence that was erased since."""
        timeline = self._resources.get(kind.kind, _Timeline())
        found = (state_at(self.history(kind, ResourceId(key)), as_of) for key in timeline.changes)
        return sum(isinstance(item, Unknown) for item in found)

    def answer(self, kind: type[R], question: Question, *, as_of: datetime | None = None) -> Answer[R]:
        """One page of the resources of a kind as known at a time (now: None), and how many there are in all."""
        held = self.resources(kind, as_of=as_of)
        return answered(held, question, value=partial(value_of, codec_of(kind)), key=("id",))

    def tally(
        self, kind: type[R], by: Sequence[str], *where: Condition, as_of: datetime | None = None
    ) -> Mapping[tuple[object, ...], int]:
        """How many resources that meet the conditions have each combination of the fields' values."""
        value = partial(value_of, codec_of(kind))
        found = (
            item
            for item in self.resources(kind, as_of=as_of)
            if all(meets(partial(value, item), one) for one in where)
        )
        return Counter(tuple(value(item, name) for name in by) for item in found)

    def names(self, *, as_of: datetime | None = None) -> Sequence[Named]:
        """Every resource of every kind as known at a time (now: None), by (kind, id)."""
        return [
            Named(kind=name, id=item.id, name=item.name, account=item.scope.account)
            for name, kind in sorted(kinds().items())
            for item in self.resources(kind, as_of=as_of)
        ]

    def observe(self, run: RunId, at: datetime, results: Iterable[Result]) -> None:
        """Keep what tests observed."""
        fresh: dict[TestId, list[Result]] = {}
        for result in results:
            if not self._is_covered((OBSERVATIONS, result.test), run, at):
                fresh.setdefault(result.test, []).append(result)
        for test, of_test in fresh.items():
            timeline = self._observed.setdefault(test, _Timeline())
            held = timeline.latest()
            spans: dict[str, ObservedSpan] = {
                span.item: span for result in of_test for span in _spans(result, at)
            }
            for key, span in spans.items():
                timeline.put(key, at, span)
            if not any(gap.hides_items for result in of_test for gap in result.gaps):
                for key, value in held.items():
                    if key not in spans and isinstance(value, ObservedSpan) and value.outcome is not None:
                        timeline.put(key, at, replace(value, known_from=at, outcome=None, evidence=()))
            self._seen[OBSERVATIONS, test] = at, run

    def spans(self, test: TestId, *, since: datetime, until: datetime) -> Sequence[ObservedSpan]:
        """A test's outcomes that were in force at any time in [since, until), by (item, known_from)."""
        timeline = self._observed.get(test, _Timeline())
        found = []
        for item in sorted(timeline.changes):
            changes = timeline.of(item)
            for change, later in zip_longest(changes, changes[1:]):
                in_force = change.known_from < until and (not later or later.known_from > since)
                if in_force and since < until and isinstance(change.value, ObservedSpan):
                    found.append(change.value)
        return found

    def outcomes(self, item: ResourceId, *, as_of: datetime | None = None) -> Sequence[ObservedSpan]:
        """What every test said of one item up to a time (now: None), by (test, known_from)."""
        return [
            change.value
            for test in sorted(self._observed)
            for change in self._observed[test].of(item)
            if isinstance(change.value, ObservedSpan) and (as_of is None or change.known_from <= as_of)
        ]

    def query(self, sql: str, *, as_of: datetime | None = None) -> Rows:
        """Run one SELECT over the kinds as tables, read-only; raises QueryError."""
        from auditwright.store.query import Sandbox, mentioned

        known = kinds()
        with Sandbox() as sandbox:
            for name in mentioned(sql, known):
                sandbox.add_items(known[name], self.resources(known[name], as_of=as_of))
            return sandbox.run(sql)

    def _is_covered(self, key: tuple[str, Scope | TestId], run: RunId, at: datetime) -> bool:
        """True where this run recorded it already, or a run of a later time did."""
        seen = self._seen.get(key)
        return seen is not None and (seen[1] == run or seen[0] > at)


OBSERVATIONS = "observation"
"""What tests observed is kept like a kind; no kind of resource bears this name."""


def state_at(
    history: Sequence[tuple[datetime, R | Unknown | None]], as_of: datetime | None
) -> R | Unknown | None:
    """The last of a history that was known at a time (now: None)."""
    known = [value for known_from, value in history if as_of is None or known_from <= as_of]
    return known[-1] if known else None


def check_snapshot(snapshot: Snapshot) -> None:
    """Refuse an item of another kind or scope: it would never be seen to go."""
    for item in snapshot.items:
        if type(item) is not snapshot.kind or item.scope != snapshot.scope:
            message = (
                f"the snapshot of {snapshot.kind.kind} in {snapshot.scope} holds the {item.kind} {item.id!r} of {item.scope}; "
                "the stream that emits it has to give it the scope that was asked"
            )
            raise StoreError(message)


def _spans(result: Result, at: datetime) -> Iterator[ObservedSpan]:
    for seen in result.observations:
        yield ObservedSpan(
            test=result.test,
            item=seen.item,
            name=seen.name,
            account=seen.account,
            region=seen.region,
            known_from=at,
            outcome=seen.outcome,
            evidence=seen.evidence,
        )
