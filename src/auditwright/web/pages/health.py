"""Health: whether the process lives, and whether it can answer; asked by who runs it, without signing in."""

from fastapi import APIRouter, Request, Response
from starlette.responses import PlainTextResponse

from auditwright.core.ports import StoreError
from auditwright.web.site import Site

router = APIRouter()

UNAVAILABLE = 503


@router.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return PlainTextResponse("alive\n")


@router.get("/readyz")
def ready(request: Request) -> Response:
    """The records can be read; what is wrong with them stands in the server's log, not here."""
    site: Site = request.app.state.site
    try:
        site.workspace().stores.records.log_size()
    except StoreError:
        return PlainTextResponse("the records cannot be read\n", status_code=UNAVAILABLE)
    return PlainTextResponse("ready\n")
