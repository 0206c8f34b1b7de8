"""Search over everything that whoever asks may see."""

from typing import Annotated

from fastapi import APIRouter, Response

from auditwright.app.queries.lists import MAX_SEARCH
from auditwright.app.queries.search import Reach, search
from auditwright.app.rights import Right
from auditwright.web.visit import Visit, may

router = APIRouter()


@router.get("/search")
def found(visit: Annotated[Visit, may(Right.READ_PROGRAM)], q: str = "") -> Response:
    """What a text is found in, by kind."""
    text = q.replace("\x00", "")[:MAX_SEARCH]
    reach = Reach(systems=visit.may(Right.READ_SYSTEMS), people=visit.may(Right.MANAGE_PEOPLE))
    return visit.page("search.html", text=text, found=search(visit.view, text, reach))
