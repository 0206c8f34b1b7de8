"""The outermost boundary: whatever breaks is logged under a reference, and answered without a word of it."""

import secrets
import traceback

import structlog
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auditwright.web.problems import is_api, problem
from auditwright.web.templating import render

BROKEN = 500


class Boundary:
    """Catches everything that no page caught."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger("auditwright.web")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and answer for what broke."""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:  # a named boundary: a defect must not end the server, nor show its inside
            reference = secrets.token_hex(4)
            # As plain text: a renderer of tracebacks would print the values beside the lines, passwords among them.
            trace = "".join(traceback.format_exception(error))
            self._log.error(
                "broken", reference=reference, path=_spoken(scope.get("path", "")), trace=trace
            )  # see above
            if begun or scope["type"] != "http":
                raise
            await _answer(scope["path"], reference)(scope, receive, send)


def _spoken(path: str) -> str:
    """A path for the log: that of an invitation opens an account."""
    return "/invitation/…" if path.startswith("/invitation/") else path


def _answer(path: str, reference: str) -> Response:
    title = "Something in Auditwright broke"
    text = f"Nothing was changed. Give the administrator the reference {reference}, which stands in the server's log."
    if is_api(path):
        return problem(BROKEN, f"{title}. {text}")
    return HTMLResponse(render("error.html", {"title": title, "text": text}), status_code=BROKEN)
