"""Inventory: every kind of resource, and one item as of any day."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from auditwright.app.queries import inventory
from auditwright.app.queries.program import named
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.ids import ResourceId
from auditwright.core.outcome import words_of
from auditwright.core.question import Answer, Question
from auditwright.core.resource import Resource
from auditwright.render import words
from auditwright.web.listing import Cell, Column, Listing, export, show
from auditwright.web.visit import Visit, may

router = APIRouter()

KINDS = {"satisfied": "ok", "deviation": "bad", "not applicable": "na", "undetermined": "und"}
"""By word of an outcome, its kind of status."""

MAX_CELL = 120


def _name(visit: Visit, row: Resource) -> Cell:
    return Cell(
        text=words.clipped(row.name or "(empty)", MAX_CELL),
        href=visit.link(f"/inventory/{row.kind}/one", id=row.id),
        sub=words.clipped(row.id, MAX_CELL) if row.id != row.name else "",
    )


def _telling(name: str) -> Column[Resource]:
    return Column(
        name=name,
        title=name.replace("_", " ").capitalize(),
        value=lambda row: inventory.shown(inventory.value_of(row, name)),
        cell=lambda _, row: Cell(
            text=words.clipped(inventory.shown(inventory.value_of(row, name)), MAX_CELL)
        ),
    )


def _listing(kind: type[Resource]) -> Listing[Resource]:
    def answer(view: View, question: Question) -> Answer[Resource]:
        return inventory.items(view, kind, question)

    def offered(view: View) -> Mapping[str, tuple[str, ...]]:
        return inventory.offered(view, kind)

    return Listing(
        path=f"/inventory/{kind.kind}",
        noun="item",
        form=inventory.form_of(kind),
        answer=answer,
        offered=offered,
        columns=(
            Column(name="name", title="Name", value=lambda row: row.name, cell=_name, sort="name"),
            Column(name="id", title="", value=lambda row: row.id),
            Column(name="source", title="", value=lambda row: row.scope.source),
            Column(name="account", title="Account", value=lambda row: row.scope.account, sort="account"),
            Column(name="region", title="Region", value=lambda row: row.scope.region, sort="region"),
            *(_telling(name) for name in inventory.telling(kind)),
            Column(name="evidence", title="", value=lambda row: row.evidence),
        ),
    )


@router.get("/inventory")
def overview(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Response:
    """Every kind of resource."""
    return visit.page("inventory.html", rows=inventory.kind_rows(visit.view))


@router.get("/inventory/{kind}.{suffix}")
def kind_file(
    visit: Annotated[Visit, may(Right.READ_SYSTEMS)], kind: str, suffix: Literal["csv", "json"]
) -> Response:
    """The items of a kind as a file."""
    return export(visit, _listing(_kind(kind)), suffix)


@router.get("/inventory/{kind}")
def of_kind(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], kind: str) -> Response:
    """The items of a kind."""
    found = _kind(kind)
    return visit.page(
        "inventory_kind.html",
        title=inventory.title_of(kind),
        kind=kind,
        list=show(visit, _listing(found)),
        erased=inventory.erased(visit.view, found),
    )


@router.get("/inventory/{kind}/one")
def one(
    visit: Annotated[Visit, may(Right.READ_SYSTEMS)],
    kind: str,
    id: str = "",  # noqa: A002  # as the address has it
) -> Response:
    """One item."""
    page = inventory.item_page(visit.view, _kind(kind), ResourceId(id))
    if page is None:
        raise HTTPException(404)
    tests = visit.workspace.catalogue.tests
    told = [
        (span, named(visit.view, tests[span.test]).title, *words_of(span.outcome))
        for span in page.outcomes
        if span.outcome is not None
    ]
    return visit.page("inventory_item.html", page=page, told=told, kinds=KINDS)


def _kind(name: str) -> type[Resource]:
    found = inventory.kind_named(name)
    if found is None:
        raise HTTPException(404)
    return found
