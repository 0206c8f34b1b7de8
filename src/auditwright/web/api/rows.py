"""Lists of the API: asked by the same forms as the lists on pages, and answered a page at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Query

from auditwright.app.queries.lists import (
    MAX_PAGE,
    MAX_SEARCH,
    PAGE_ROWS,
    Filter,
    ListForm,
    asked,
)
from auditwright.app.queries.view import View
from auditwright.core.question import MAX_PAGE_ROWS, Answer, Question
from auditwright.web.visit import AS_OF, BadAddressError, Visit

T = TypeVar("T")

PREFIX = "/api/v1"

PER_PAGE = "per_page"

NO_NUL = r"^[^\x00]*$"
"""What no text that people write may hold, as a pattern of OpenAPI."""

Name = Annotated[str, Query(max_length=12_000)]
"""What something is found by, such as an item's id: as its source named it, whatever that holds."""

Text = Annotated[str, Query(pattern=NO_NUL, max_length=12_000)]
"""What somebody says."""

Line = Annotated[str, Query(pattern=NO_NUL, max_length=1_000)]
"""A short text, such as the id of a test."""

OWN = frozenset({"q", "sort", "page", PER_PAGE, AS_OF})
"""What every list can be asked beside its filters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Generic[T]):
    """One page of a list, and how many rows and pages there are in all."""

    rows: Sequence[T]
    total: int
    page: int
    pages: int


def listed(
    visit: Visit,
    form: ListForm,
    answer: Callable[[View, Question], Answer[T]],
    more: Sequence[str] = (),
) -> Rows[T]:
    """The page of a list that the address asks for; raises BadAddressError, QuestionError, StoreError.

    `more` are the parameters that the route itself reads.
    """
    pairs = visit.request.query_params.multi_items()
    _refuse_unknown(form, [(name, value) for name, value in pairs if name not in more])
    per_page = _per_page(visit.request.query_params.get(PER_PAGE, str(PAGE_ROWS)))
    question = asked(form, pairs)
    found = answer(visit.view, question.question(rows=per_page))
    return Rows(
        rows=found.rows,
        total=found.total,
        page=question.page,
        pages=max(-(-found.total // per_page), 1),
    )


def asks(form: ListForm) -> dict[str, object]:
    """What a list can be asked, for its description in OpenAPI."""
    orders = [*form.sorts, *(f"-{name}" for name in form.sorts)]
    parameters = [
        *(_filter(each) for each in form.filters),
        _parameter("page", "Which page, from 1.", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}),
        _parameter(
            PER_PAGE,
            f"How many rows; {PAGE_ROWS} unless said otherwise.",
            {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_ROWS},
        ),
    ]
    if form.searched:
        text = f"Text that one of these holds: {', '.join(form.searched)}."
        parameters.insert(
            0, _parameter("q", text, {"type": "string", "maxLength": MAX_SEARCH, "pattern": NO_NUL})
        )
    if orders:
        text = f"What the rows are sorted by, with a - for descending; {' '.join(form.order)} unless said otherwise."
        parameters.append(_parameter("sort", text, {"type": "string", "enum": orders}))
    return {"parameters": parameters}


def _filter(each: Filter) -> Mapping[str, object]:
    value = (
        {"type": "string", "enum": list(each.values)}
        if each.values
        else {"type": "string", "minLength": 1, "pattern": NO_NUL}
    )
    counts = f" {' and '.join(each.default)} unless said otherwise." if each.default else ""
    text = f"{each.title}; again for another one.{counts}"
    return _parameter(each.name, text, {"type": "array", "items": value})


def _parameter(name: str, text: str, schema: Mapping[str, object]) -> Mapping[str, object]:
    return {"name": name, "in": "query", "description": text, "schema": schema}


def _refuse_unknown(form: ListForm, pairs: Sequence[tuple[str, str]]) -> None:
    """A filter with a slip of the pen must not give everything, nor one that a program left empty."""
    known = OWN | {each.name for each in form.filters}
    for name, value in pairs:
        if name not in known:
            raise BadAddressError(
                f"This list cannot be asked {name[:40]!r}; it can: {', '.join(sorted(known))}."
            )
        if "\0" in value:
            raise BadAddressError(f"{name} holds a NUL character, which no record does.")
        if not value and name not in {"q", AS_OF}:
            raise BadAddressError(f"{name} is empty; leave it out to ask for everything.")


def _per_page(value: str) -> int:
    if (
        value.isascii()
        and value.isdigit()
        and len(value) <= len(str(MAX_PAGE_ROWS))
        and 1 <= int(value) <= MAX_PAGE_ROWS
    ):
        return int(value)
    raise BadAddressError(f"{PER_PAGE} is {value[:40]!r}; it can be 1 to {MAX_PAGE_ROWS}.")
