"""Settings: what the program folder defines, and what the site runs on."""

from typing import Annotated

from fastapi import APIRouter, Response

from auditwright.app.queries.settings import settings_page
from auditwright.app.rights import Right
from auditwright.web.visit import Visit, may

router = APIRouter()


@router.get("/settings")
def settings(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Response:
    """Definitions are changed in their files, under version control; this page says which."""
    return visit.page(
        "settings.html", page=settings_page(visit.view), may_manage=visit.may(Right.MANAGE_SETTINGS)
    )
