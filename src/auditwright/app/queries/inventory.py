"""The inventory: every kind of resource, its items as known on any day, and one item with its history."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import pairwise

from auditwright.app.queries.attention import IS_OPEN
from auditwright.app.queries.board import board
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.core.act import OwedFinding
from auditwright.core.ids import ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.ports import ObservedSpan
from auditwright.core.question import Answer, Is, Question
from auditwright.core.resource import Resource, kinds

COMMON = frozenset({"id", "name", "scope", "evidence"})
"""Fields that every kind has."""

TELLING = 3
"""Fields of a kind that its list shows; one item's page has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """One kind of resource, and how many of it are known."""

    kind: str
    title: str
    count: int
    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field of an item."""

    name: str
    value: str
    unknown: bool
    """True where it was not seen; the value says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """What changed of an item, and from when that was known."""

    at: datetime
    what: str
    """`seen first`, `gone`, or the fields that changed, each with its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage:
    """One item: its fields, its history, what tests said of it, and its findings."""

    item: Resource
    kind: KindRow
    fields: tuple[FieldRow, ...]
    changes: tuple[ChangeRow, ...]
    outcomes: tuple[ObservedSpan, ...]
    """What each test says of it as of the view's time."""
    findings: tuple[OwedFinding, ...]


def kind_rows(view: View) -> Sequence[KindRow]:
    """Every kind of which something is known, by title."""
    run = board(view).run
    return view.memo.get(("kinds", run.id if run else None), lambda: tuple(_kind_rows(view)))


def _kind_rows(view: View) -> Iterator[KindRow]:
    run = board(view).run
    if run is None:
        return
    found: dict[str, dict[str, int]] = {}
    for named in view.workspace.stores.inventory.names(as_of=run.finished_at):
        accounts = found.setdefault(named.kind, {})
        accounts[named.account] = accounts.get(named.account, 0) + 1
    for kind in sorted(found, key=title_of):
        yield KindRow(
            kind=kind,
            title=title_of(kind),
            count=sum(found[kind].values()),
            accounts=len(found[kind]),
        )


def title_of(kind: str) -> str:
    """A kind in words: security_group becomes Security group."""
    return kind.replace("_", " ").capitalize()


def form_of(kind: type[Resource]) -> ListForm:
    """What the items of a kind can be asked."""
    own = {field.name for field in fields(kind)}
    return ListForm(
        sorts=("name", "account", "region"),
        order=("name", "id"),
        filters=(
            Filter(name="account", title="Account", field="account"),
            Filter(name="region", title="Region", field="region"),
        ),
        searched=("id", "name", *(["tags"] if "tags" in own else [])),
    )


def items(view: View, kind: type[Resource], question: Question) -> Answer[Resource]:
    """Items of a kind as known at the view's time."""
    return view.workspace.stores.inventory.answer(kind, question, as_of=view.as_of)


def offered(view: View, kind: type[Resource]) -> Mapping[str, tuple[str, ...]]:
    """The accounts and regions in which a kind was seen."""
    run = board(view).run
    return view.memo.get(
        ("places", kind.kind, run.id if run else None, view.as_of.date()), lambda: _places(view, kind)
    )


def _places(view: View, kind: type[Resource]) -> Mapping[str, tuple[str, ...]]:
    found = view.workspace.stores.inventory.tally(kind, ["account", "region"], as_of=view.as_of)
    return {
        "account": tuple(sorted({str(account) for account, _ in found if account})),
        "region": tuple(sorted({str(region) for _, region in found if region})),
    }


def telling(kind: type[Resource]) -> tuple[str, ...]:
    """The first fields of a kind that say something in one word."""
    short = [
        field.name
        for field in fields(kind)
        if field.name not in COMMON and "tuple" not in str(inspect.get_annotations(kind).get(field.name, ""))
    ]
    return tuple(short[:TELLING])


def item_page(view: View, kind: type[Resource], item: ResourceId) -> ItemPage | None:
    """One item as known at the view's time; None where it was not known then."""
    inventory = view.workspace.stores.inventory
    found = inventory.answer(kind, Question(where=(Is("id", item),), limit=1), as_of=view.as_of).rows
    if not found:
        return None
    history = [entry for entry in inventory.history(kind, item) if entry[0] <= view.as_of]
    spans: dict[str, ObservedSpan] = {}
    for span in inventory.outcomes(item, as_of=view.as_of):
        spans[span.test] = span
    records = view.workspace.stores.records
    asked = Question(where=(Is("item", item), IS_OPEN), order=("-first_seen_at",))
    findings = records.answer(OwedFinding, asked, as_of=view.known_at).rows
    return ItemPage(
        item=found[0],
        kind=KindRow(kind=kind.kind, title=title_of(kind.kind), count=0, accounts=0),
        fields=tuple(_fields(found[0])),
        changes=tuple(reversed([*_changes(history)])),
        outcomes=tuple(
            span
            for test, span in sorted(spans.items())
            if span.outcome is not None and test in board(view).tests
        ),
        findings=tuple(findings),
    )


def kind_named(name: str) -> type[Resource] | None:
    """The kind with this name."""
    return kinds().get(name)


def value_of(item: Resource, field: str) -> object:
    """A field of an item."""
    return getattr(item, field)


def shown(value: object) -> str:
    """A value as a person reads it; what was not seen says why."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case Unknown(why=why):
            return f"not seen: {why}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S} UTC"
        case tuple():
            return "\n".join(_line(each) for each in value) if value else "none"
        case _:
            return str(value)


def _line(value: object) -> str:
    return " = ".join(str(part) for part in value) if isinstance(value, tuple) else shown(value)


def _fields(item: Resource) -> Iterator[FieldRow]:
    for field in fields(item):
        if field.name not in COMMON:
            value = getattr(item, field.name)
            yield FieldRow(
                name=field.name.replace("_", " "), value=shown(value), unknown=isinstance(value, Unknown)
            )


def _changes(history: Sequence[tuple[datetime, Resource | None]]) -> Iterator[ChangeRow]:
    """The oldest first."""
    for (_, before), (at, after) in pairwise([(None, None), *history]):
        assert at is not None, "only what came before everything has no time"
        yield ChangeRow(at=at, what=_what(before, after))


MAX_CHANGED = 200
"""Characters of one changed value that a line of the history shows."""


def _what(before: Resource | None, after: Resource | None) -> str:
    if after is None:
        return "gone"
    if before is None:
        return "seen first"
    changed = [
        f"{field.name.replace('_', ' ')}: {shown(getattr(before, field.name))[:MAX_CHANGED]} → "
        f"{shown(getattr(after, field.name))[:MAX_CHANGED]}"
        for field in fields(after)
        if field.name not in {"id", "scope", "evidence"}
        and getattr(before, field.name) != getattr(after, field.name)
    ]
    return "; ".join(changed) or "seen again"
