"""Warming: what many pages share of a run is made in the background, before somebody waits for it.

After a start, and after each run, whoever it was that ran. What is made is kept by `queries.memo` under keys that name all
that it follows from, so that a page that comes first makes it, and one that comes meanwhile waits for the rest of it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from auditwright.app.errors import AppError
from auditwright.app.queries.attention import attention
from auditwright.app.queries.board import board
from auditwright.app.queries.days import readiness_days
from auditwright.app.queries.inventory import kind_rows
from auditwright.app.queries.search import search
from auditwright.app.queries.view import View
from auditwright.app.queries.vulnerabilities import vulnerabilities_page
from auditwright.app.rights import Right
from auditwright.core.ids import Digest, RunId
from auditwright.core.ports import StoreError

BEGIN_AFTER_S = 0.5
"""The server answers first."""

LOOK_EVERY_S = 5.0

STOP_S = 5.0

ANY_TEXT = "a"
"""Searched for, so that the index of resources is made."""


def warm(view: View) -> None:
    """Make what pages share; raises AppError, StoreError."""
    attention(view)
    readiness_days(view)
    kind_rows(view)
    vulnerabilities_page(view)
    search(view, frozenset(Right), ANY_TEXT)


@contextmanager
def keeping_warm(view: Callable[[], View]) -> Iterator[None]:
    """Warm in a thread of its own, now and after each run, until the block ends."""
    stopping = threading.Event()
    thread = threading.Thread(target=_keep, args=(view, stopping), name="warm", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(timeout=STOP_S)


def _keep(view: Callable[[], View], stopping: threading.Event) -> None:
    log = structlog.get_logger("auditwright.warm")
    warmed: tuple[RunId | None, Digest] | None = None
    stopping.wait(BEGIN_AFTER_S)
    while not stopping.is_set():
        try:
            now = view()
            run = board(now).run
            found = (run.id if run else None, now.workspace.program.digest)
            if found != warmed:
                warm(now)
                warmed = found
        except (AppError, StoreError) as error:
            log.warning("pages wait", problem=str(error))
        stopping.wait(LOOK_EVERY_S)
