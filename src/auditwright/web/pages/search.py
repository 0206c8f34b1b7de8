"""Search over everything that somebody may see."""

from typing import Annotated

from fastapi import APIRouter, Response

from auditwright.app.queries.search import Hit, More, search
from auditwright.app.rights import RIGHTS, Right
from auditwright.web.visit import Visit, may

router = APIRouter()


@router.get("/search")
def found(visit: Annotated[Visit, may(Right.READ_PROGRAM)], q: str = "") -> Response:
    """What a search found, by what it is."""
    result = search(visit.view, RIGHTS[visit.account.role], q)

    def link(to: Hit | More) -> str:
        return visit.link(to.path, **dict(to.parameters))

    return visit.page("search.html", found=result, link=link)
