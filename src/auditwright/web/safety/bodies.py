"""Request bodies are bounded: none is read further than what a form or an upload may have."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auditwright.web.problems import is_api, problem

MAX_BODY_BYTES = 1_000_000
"""Far above any form."""

TOO_LARGE = 413


class _TooLargeError(Exception):
    pass


class BoundedBodies:
    """Refuses a body as soon as it is known to be too large, whatever its headers claim."""

    def __init__(self, app: ASGIApp, limit_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is small enough."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        claimed = dict(scope["headers"]).get(b"content-length", b"0")
        if not claimed.isdigit() or int(claimed) > self._limit_bytes:
            await self._refuse(scope, receive, send)
            return
        read = 0
        begun = False

        async def received() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit_bytes:
                raise _TooLargeError
            return message

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, received, sent)
        except _TooLargeError:
            assert not begun, "a body is read before an answer begins"
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = f"This request has more than {self._limit_bytes:,} bytes, which nothing here needs."
        refusal = (
            problem(TOO_LARGE, text)
            if is_api(scope["path"])
            else PlainTextResponse(f"{text}\n", status_code=TOO_LARGE)
        )
        await refusal(scope, receive, send)
