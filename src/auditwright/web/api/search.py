"""Search: what a text is found in, of all that whoever calls may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter

from auditwright.app.queries import search
from auditwright.app.queries.search import Hit
from auditwright.app.rights import RIGHTS, Right
from auditwright.web.api.rows import PREFIX, Line
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Search"])


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOne:
    """One thing that was found."""

    id: str
    title: str
    sub: str
    address: str
    """Of its page on this site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundGroup:
    """What was found of one sort: the first of it, and how much there is in all."""

    title: str
    total: int
    hits: Sequence[FoundOne]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAll:
    """What a search found."""

    total: int
    exact: Sequence[FoundOne]
    """What has this very id, name or digest."""
    groups: Sequence[FoundGroup]


@router.get("/search")
def found(visit: Annotated[Visit, may(Right.READ_PROGRAM)], q: Line) -> FoundAll:
    """What has a text in its id or name, or a digest that begins with it."""
    result = search.search(visit.view, RIGHTS[visit.account.role], q)

    def one(hit: Hit) -> FoundOne:
        address = visit.link(hit.path, **dict(hit.parameters))
        return FoundOne(id=hit.id, title=hit.title, sub=hit.sub, address=address)

    return FoundAll(
        total=result.total,
        exact=[one(hit) for hit in result.exact],
        groups=[
            FoundGroup(title=group.title, total=group.total, hits=[one(hit) for hit in group.hits])
            for group in result.groups
        ],
    )
