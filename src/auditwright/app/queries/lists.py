"""Lists: what each can be filtered and sorted by, and how a question is read from an address.

`?q=text` searches, `?field=value` filters (again for another value), `?sort=-field` sorts, `?page=2` turns the page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from auditwright.core.question import AnyOf, Condition, Holds, Question

PAGE_ROWS = 50
"""Design guide 7: 50 rows a page, with the full count stated."""

MAX_PAGE = 100_000
"""No list has so many pages; a larger number is a mistake or an attack on the database."""

MAX_SEARCH = 200
"""Characters of a search: longer ones find nothing and cost as much."""


class QuestionError(ValueError):
    """An address asks something that a list cannot answer; the message says what it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One way to narrow a list: by the values of a field."""

    name: str
    """As the address has it."""
    title: str
    field: str
    values: tuple[str, ...] = ()
    """The values that there can be; empty where any text may be asked for."""
    default: tuple[str, ...] = ()
    """The values that count where an address names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListForm:
    """What a list can be asked."""

    sorts: tuple[str, ...]
    """Fields that it can be sorted by."""
    order: tuple[str, ...]
    """How it is sorted unless somebody asks otherwise."""
    filters: tuple[Filter, ...] = ()
    searched: tuple[str, ...] = ()
    """The fields in which a search looks."""

    def filter(self, name: str) -> Filter | None:
        """The filter with this name."""
        return next((each for each in self.filters if each.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question to a list as somebody put it."""

    form: ListForm
    search: str
    chosen: Mapping[str, tuple[str, ...]]
    """The values asked for, by filter."""
    sort: str
    """Empty for the list's own order."""
    page: int

    def question(self, *more: Condition, rows: int = PAGE_ROWS) -> Question:
        """The question for a store, with conditions that the list itself adds."""
        where: list[Condition] = list(more)
        held = ((each.field, self.values(each)) for each in self.form.filters)
        where += [AnyOf(field, values) for field, values in held if values]
        if self.search:
            where.append(Holds(self.form.searched, self.search))
        order = (self.sort,) if self.sort else self.form.order
        return Question(where=tuple(where), order=order, offset=(self.page - 1) * rows, limit=rows)

    def values(self, narrowing: Filter) -> tuple[str, ...]:
        """The values of a filter that count."""
        return self.chosen.get(narrowing.name, narrowing.default)

    def on(self, page: int) -> "Asked":
        """The same question for another page."""
        return replace(self, page=page)

    def pairs(self) -> Sequence[tuple[str, str]]:
        """The question as the pairs of an address, without the page."""
        found = [("q", self.search)] if self.search else []
        found += [(name, value) for name, values in self.chosen.items() for value in values]
        return [*found, ("sort", self.sort)] if self.sort else found


def asked(form: ListForm, pairs: Iterable[tuple[str, str]]) -> Asked:
    """Read a question from the pairs of an address; raises QuestionError. Names that no filter has are left alone:
    they may be meant for the page.
    """
    search, sort, page = "", "", 1
    chosen: dict[str, list[str]] = {}
    for name, given in pairs:
        value = given.replace("\x00", "")  # PostgreSQL has no text with it
        if name == "q":
            search = value.strip()[:MAX_SEARCH] if form.searched else ""
        elif name == "sort" and value:
            sort = _sort(form, value)
        elif name == "page":
            page = _page(value)
        elif (narrowing := form.filter(name)) and value:
            chosen.setdefault(name, []).append(_value(narrowing, value))
    return Asked(
        form=form,
        search=search,
        chosen={name: tuple(dict.fromkeys(values)) for name, values in chosen.items()},
        sort=sort,
        page=page,
    )


def _sort(form: ListForm, value: str) -> str:
    if value.removeprefix("-") not in form.sorts:
        raise QuestionError(
            f"This list cannot be sorted by {value[:40]!r}; it can by {', '.join(form.sorts)}."
        )
    return value


def _page(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > len(str(MAX_PAGE)):
        raise QuestionError(f"{value[:40]!r} is no page of a list; pages are counted from 1.")
    page = int(value)
    if not 1 <= page <= MAX_PAGE:
        raise QuestionError(f"A list has no page {page}; pages are counted from 1 to {MAX_PAGE}.")
    return page


def _value(narrowing: Filter, value: str) -> str:
    if narrowing.values and value not in narrowing.values:
        known = ", ".join(narrowing.values)
        raise QuestionError(f"{narrowing.title} is never {value[:40]!r}; it is one of: {known}.")
    return value
