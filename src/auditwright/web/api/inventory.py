"""The inventory: every kind of resource, its items as of any day, and one item with its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from auditwright.app.queries import inventory
from auditwright.app.queries.inventory import ChangeRow, FieldRow, KindRow
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.act import OwedFinding
from auditwright.core.evidence import Scope
from auditwright.core.ids import Digest, ResourceId
from auditwright.core.question import Answer, Question
from auditwright.core.resource import Resource
from auditwright.web.api.findings import Said, said
from auditwright.web.api.rows import PREFIX, Name, Rows, asks, listed
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Systems"])

ITEMS = ListForm(
    sorts=("name", "account", "region"),
    order=("name", "id"),
    filters=(
        Filter(name="account", title="Account", field="account"),
        Filter(name="region", title="Region", field="region"),
    ),
    searched=("id", "name"),
)
"""What the items of every kind can be asked; a kind with tags is searched in those too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRow:
    """One item."""

    id: ResourceId
    name: str
    scope: Scope
    evidence: Sequence[Digest]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeResource:
    """One item: its fields, what changed of it, what tests say of it, and its findings."""

    item: ResourceRow
    kind: str
    fields: Sequence[FieldRow]
    changes: Sequence[ChangeRow]
    outcomes: Sequence[Said]
    findings: Sequence[OwedFinding]


@router.get("/inventory")
def kinds(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Sequence[KindRow]:
    """Every kind of which something is known, and how many items."""
    return inventory.kind_rows(visit.view)


@router.get("/inventory/{kind}", openapi_extra=asks(ITEMS))
def rows(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], kind: str) -> Rows[ResourceRow]:
    """The items of a kind."""
    known = _kind(kind)

    def answer(view: View, question: Question) -> Answer[ResourceRow]:
        found = inventory.items(view, known, question)
        return Answer(rows=[_row(item) for item in found.rows], total=found.total)

    return listed(visit, inventory.form_of(known), answer)


@router.get("/inventory/{kind}/one")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], kind: str, id: Name) -> WholeResource:  # noqa: A002  # as the address has it
    """One item, as known at the end of a day."""
    found = inventory.item_page(visit.view, _kind(kind), ResourceId(id))
    if found is None:
        raise HTTPException(404)
    return WholeResource(
        item=_row(found.item),
        kind=found.kind.kind,
        fields=found.fields,
        changes=found.changes,
        outcomes=[said(span) for span in found.outcomes],
        findings=found.findings,
    )


def _kind(name: str) -> type[Resource]:
    found = inventory.kind_named(name)
    if found is None:
        raise HTTPException(404)
    return found


def _row(item: Resource) -> ResourceRow:
    return ResourceRow(id=item.id, name=item.name, scope=item.scope, evidence=item.evidence)
