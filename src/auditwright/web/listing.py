"""Lists on pages: the columns of each, its filters, order and pages as links, and its exports.

A list is a value: what it is asked (`ListForm`), what answers it, and its columns. The page, the CSV and the JSON
come from that one value, so that none of them shows what another hides.
"""

import csv
import io
import json
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import IO, Annotated, Generic, TypeAlias, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Response
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from auditwright.app.queries.lists import PAGE_ROWS, Asked, Filter, ListForm, QuestionError, asked
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.log import iso
from auditwright.core.question import MAX_PAGE_ROWS, Answer, Question
from auditwright.render.csv import guarded
from auditwright.web.visit import AS_OF, BadAddressError, Visit, may

T = TypeVar("T")

Value: TypeAlias = str | int | float | bool | datetime | tuple[str, ...] | None

SPOOL_BYTES = 4_000_000
"""An export up to this size is made in memory, a larger one in a temporary file."""

CHUNK_BYTES = 65_536

MAX_CHIPS = 7
"""Values of a filter that stand side by side; more of them are a select."""


def _nothing_offered(view: View) -> Mapping[str, tuple[str, ...]]:
    del view
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What stands in one cell of a page."""

    text: str = ""
    href: str = ""
    """Where it leads, with the day that is looked at."""
    sub: str = ""
    """A second line that says why."""
    status: str = ""
    """The kind of a status (design guide 6), whose word is the text."""
    severity: str = ""
    """A severity, drawn as rising bars beside the text."""
    code: bool = False
    """True for what can be copied: a digest, an ARN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[T]):
    """One column: its head, its cell on a page, and its plain value in exports."""

    name: str
    """In exports."""
    title: str
    value: Callable[[T], Value]
    cell: Callable[[Visit, T], Cell] | None = None
    """None: the value as text. Columns without a title stand in exports alone."""
    sort: str = ""
    """The field that it is sorted by; empty where it cannot be."""
    numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """A list that a page shows."""

    path: str
    noun: str
    """One row, such as `finding`."""
    plural: str = ""
    """Several rows, where an `s` is not enough."""
    form: ListForm
    answer: Callable[[View, Question], Answer[T]]
    columns: tuple[Column[T], ...]
    offered: Callable[[View], Mapping[str, tuple[str, ...]]] = _nothing_offered
    """Values to choose from, by filter, where the form itself does not bound them."""
    keeps: tuple[tuple[str, str], ...] = ()
    """What every address of the list has beside its question, such as the target that it is about."""

    @property
    def shown(self) -> tuple[Column[T], ...]:
        """The columns that a page has."""
        return tuple(column for column in self.columns if column.title)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of a column: where it sorts to, and how it is sorted now."""

    title: str
    href: str
    sorted: str
    """`ascending`, `descending`, or empty."""
    numeric: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a filter, as a link that takes it in or leaves it out."""

    title: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """A filter and its choices: links, and where there are many, a select for those that are not chosen."""

    name: str
    title: str
    choices: tuple[Choice, ...]
    options: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]
    """What choosing an option keeps of the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One page of a list, ready for the template `_list.html`."""

    noun: str
    plural: str
    path: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    first: int
    """The number of the first row shown, from 1; 0 where there is none."""
    previous: str
    """Where the page before is; empty on the first."""
    next: str
    page: int
    pages: int
    searches: bool
    search: str
    kept: tuple[tuple[str, str], ...]
    """What a search keeps of the address."""
    choosers: tuple[Chooser, ...]
    narrowed: bool
    everything: str
    """The address without any filter."""
    csv: str
    json: str


def show(visit: Visit, listing: Listing[T]) -> Shown:
    """The page of a list that the address asks for; raises BadAddressError, StoreError."""
    question = _asked(visit, listing.form)
    answer = listing.answer(visit.view, question.question())
    pages = max(-(-answer.total // PAGE_ROWS), 1)
    return Shown(
        noun=listing.noun,
        plural=listing.plural,
        path=listing.path,
        heads=tuple(_head(visit, listing, column, question) for column in listing.shown),
        rows=tuple(tuple(_cell(visit, column, row) for column in listing.shown) for row in answer.rows),
        total=answer.total,
        first=(question.page - 1) * PAGE_ROWS + 1 if answer.rows else 0,
        previous=_address(visit, listing, question.on(question.page - 1)) if question.page > 1 else "",
        next=_address(visit, listing, question.on(question.page + 1)) if question.page < pages else "",
        page=question.page,
        pages=pages,
        searches=bool(listing.form.searched),
        search=question.search,
        kept=tuple((name, value) for name, value in _pairs(visit, listing, question) if name != "q"),
        choosers=tuple(_choosers(visit, listing, question)),
        narrowed=bool(question.chosen or question.search),
        everything=_address(visit, listing, asked(listing.form, ())),
        csv=_address(visit, listing, question.on(1), suffix=".csv"),
        json=_address(visit, listing, question.on(1), suffix=".json"),
    )


def exports(router: APIRouter, listing: Listing[T], right: Right) -> None:
    """Add the exports of a list: every row that its filters leave, with a digest of the file."""

    def as_csv(visit: Annotated[Visit, may(right)]) -> Response:
        return export(visit, listing, "csv")

    def as_json(visit: Annotated[Visit, may(right)]) -> Response:
        return export(visit, listing, "json")

    name = listing.path.strip("/").replace("/", "-")
    router.add_api_route(f"{listing.path}.csv", as_csv, methods=["GET"], name=f"{name}-csv")
    router.add_api_route(f"{listing.path}.json", as_json, methods=["GET"], name=f"{name}-json")


def export(visit: Visit, listing: Listing[T], suffix: str) -> Response:
    """Every row of a list as CSV or JSON; raises BadAddressError, StoreError."""
    if suffix == "csv":
        return _sent(listing, _csv(visit, listing), media_type="text/csv; charset=utf-8", suffix="csv")
    return _sent(listing, _json(visit, listing), media_type="application/json", suffix="json")


def _asked(visit: Visit, form: ListForm) -> Asked:
    try:
        return asked(form, visit.request.query_params.multi_items())
    except QuestionError as error:
        raise BadAddressError(str(error)) from None


def _pairs(visit: Visit, listing: Listing[T], question: Asked) -> list[tuple[str, str]]:
    day = visit.request.query_params.get(AS_OF, "")
    shown_day = [(AS_OF, day)] if day and visit.view.looks_back else []
    return [*listing.keeps, *question.pairs(), *shown_day]


def _address(visit: Visit, listing: Listing[T], question: Asked, suffix: str = "") -> str:
    pairs = [
        *_pairs(visit, listing, question),
        *([("page", str(question.page))] if question.page > 1 else []),
    ]
    path = f"{listing.path}{suffix}"
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _head(visit: Visit, listing: Listing[T], column: Column[T], question: Asked) -> Head:
    order = question.sort or next(iter(listing.form.order), "")
    is_sorted = bool(column.sort) and order.removeprefix("-") == column.sort
    descending = order.startswith("-")
    wanted = column.sort if not is_sorted or descending else f"-{column.sort}"
    sorting = Asked(form=question.form, search=question.search, chosen=question.chosen, sort=wanted, page=1)
    return Head(
        title=column.title,
        href=_address(visit, listing, sorting) if column.sort else "",
        sorted=("descending" if descending else "ascending") if is_sorted else "",
        numeric=column.numeric,
    )


def _choosers(visit: Visit, listing: Listing[T], question: Asked) -> Iterator[Chooser]:
    offered = listing.offered(visit.view)
    for each in listing.form.filters:
        chosen = question.values(each)
        known = each.values or tuple(dict.fromkeys((*chosen, *offered.get(each.name, ()))))
        is_long = len(known) > MAX_CHIPS
        values = chosen if is_long else known
        choices = tuple(
            Choice(
                title=value,
                href=_address(visit, listing, _toggled(question, each, value)),
                chosen=value in chosen,
            )
            for value in values
        )
        options = tuple(value for value in known if value not in chosen) if is_long else ()
        if choices or options:
            kept = tuple(_pairs(visit, listing, question))
            yield Chooser(name=each.name, title=each.title, choices=choices, options=options, kept=kept)


def _toggled(question: Asked, narrowing: Filter, value: str) -> Asked:
    held = question.values(narrowing)
    wanted = tuple(each for each in held if each != value) if value in held else (*held, value)
    chosen = {**question.chosen, narrowing.name: () if wanted == narrowing.default else wanted}
    return Asked(
        form=question.form,
        search=question.search,
        chosen={each: values for each, values in chosen.items() if values},
        sort=question.sort,
        page=1,
    )


def _cell(visit: Visit, column: Column[T], row: T) -> Cell:
    return column.cell(visit, row) if column.cell else Cell(text=_text(column.value(row)))


def _text(value: Value) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return iso(value)
        case bool():
            return "true" if value else "false"
        case tuple():
            return " ".join(value)
        case _:
            return str(value)


def _every(visit: Visit, listing: Listing[T]) -> Iterator[T]:
    """Every row, page by page."""
    question = _asked(visit, listing.form)
    page = 1
    while True:
        answer = listing.answer(visit.view, question.on(page).question(rows=MAX_PAGE_ROWS))
        yield from answer.rows
        if page * MAX_PAGE_ROWS >= answer.total:
            return
        page += 1


def _csv(visit: Visit, listing: Listing[T]) -> Iterator[bytes]:
    yield _line(column.name for column in listing.columns)
    for row in _every(visit, listing):
        yield _line(_text(column.value(row)) for column in listing.columns)


def _line(cells: Iterable[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow([guarded(cell) for cell in cells])
    return written.getvalue().encode("utf-8", "backslashreplace")


def _json(visit: Visit, listing: Listing[T]) -> Iterator[bytes]:
    yield b"["
    for number, row in enumerate(_every(visit, listing)):
        values = {column.name: _plain(column.value(row)) for column in listing.columns}
        yield (b",\n" if number else b"\n") + json.dumps(values).encode()
    yield b"\n]\n"


def _plain(value: Value) -> str | int | float | bool | Sequence[str] | None:
    return iso(value) if isinstance(value, datetime) else value


def _sent(listing: Listing[T], parts: Iterable[bytes], *, media_type: str, suffix: str) -> Response:
    """A file with its digest (RFC 9530), made whole before it is sent: one that breaks off is never half a list."""
    hashed = sha256()
    size_bytes = 0
    with ExitStack() as open_files:
        file = open_files.enter_context(tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES))
        for part in parts:
            file.write(part)
            hashed.update(part)
            size_bytes += len(part)
        file.seek(0)
        until_sent = open_files.pop_all()
    name = listing.path.strip("/").replace("/", "-")
    return StreamingResponse(
        _chunks(file),
        media_type=media_type,
        headers={
            "content-disposition": f'attachment; filename="{name}.{suffix}"',
            "content-length": str(size_bytes),
            "repr-digest": f"sha-256=:{b64encode(hashed.digest()).decode()}:",
        },
        background=BackgroundTask(until_sent.close),
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
