"""The site: what the web app holds open while it serves."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from auditwright.app.background import Background
from auditwright.app.errors import AppError
from auditwright.app.examination import Examinations
from auditwright.app.folder import find_program_folder, load_program, signature
from auditwright.app.queries.memo import Memo
from auditwright.app.queries.view import View
from auditwright.app.signing_in.limits import Limits
from auditwright.app.signing_in.steps import Steps
from auditwright.app.workspace import Workspace, open_workspace
from auditwright.core.act import Erasure

LOOK_EVERY_S = 1.0
"""How often the files of the program folder are looked at: an edit counts at once, and no page pays for looking."""


def utc_now() -> datetime:
    """The time of the machine."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where people find the site."""

    url: str
    """Such as `http://localhost:8000`, without a slash at its end."""
    hosts: frozenset[str]
    """The Host headers that are answered, in lower case and with the port where it is not the scheme's own."""

    @property
    def is_secure(self) -> bool:
        """True where browsers come by https, so that cookies never travel otherwise."""
        return self.url.startswith("https://")


@dataclass(slots=True, kw_only=True)
class Site:
    """Open stores, the definitions as they are now, and what was worked out of them."""

    address: Address
    clock: Callable[[], datetime]
    opened: Workspace
    memo: Memo = field(default_factory=Memo)
    background: Background = field(default_factory=Background)
    examinations: Examinations = field(default_factory=Examinations)
    steps: Steps = field(default_factory=Steps)
    """What browsers began and did not finish."""
    limits: Limits = field(default_factory=Limits)
    """How often somebody may still try to sign in."""
    definitions_problem: str = ""
    """What is wrong with the program folder's files; until it is put right, the last good definitions count."""
    _current: Workspace
    _signature: object
    _looked_at: float
    _erasures: object = None
    """The newest tombstone that was seen."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def folder(self) -> Path:
        """The program folder."""
        return self.opened.folder

    def workspace(self) -> Workspace:
        """The program folder as it is now: its files may be edited while the site serves."""
        with self._lock:
            if time.monotonic() - self._looked_at >= LOOK_EVERY_S:
                self._looked_at = time.monotonic()
                self._look()
            return self._current

    def whole_view(self) -> View:
        """Everything, as it is known now: what the site itself looks at."""
        now = self.clock()
        return View(workspace=self.workspace(), now=now, as_of=now, engagement=None, memo=self.memo)

    def look_again(self) -> None:
        """Read the definitions anew at the next request: somebody changed them here."""
        with self._lock:
            self._looked_at = 0.0

    def _look(self) -> None:
        erasures = self.opened.stores.records.greatest(Erasure, "seq")
        if erasures != self._erasures:
            # Before the pages that follow: no answer of now on shows what was erased.
            self._erasures = erasures
            self.memo.clear()
        found = signature(self.folder)
        if found == self._signature:
            return
        self._signature = found
        try:
            changed = Workspace(
                folder=self.opened.folder,
                program=load_program(self.opened.folder),
                stores=self.opened.stores,
                verifier_key=self.opened.verifier_key,
            )
            changed.catalogue  # noqa: B018  # what the files name wrongly is said now, and not on some page
        except AppError as error:
            self.definitions_problem = str(error)
            return
        self.definitions_problem = ""
        self._current = changed


@contextmanager
def open_site(given: Path, address: Address, clock: Callable[[], datetime] = utc_now) -> Iterator[Site]:
    """Open a program folder for the web app; raises AppError."""
    folder = find_program_folder(given)
    seen = signature(folder)
    with open_workspace(folder) as workspace:
        workspace.catalogue  # noqa: B018  # what the program names wrongly is said before anything is served
        site = Site(
            address=address,
            clock=clock,
            opened=workspace,
            _current=workspace,
            _signature=seen,
            _looked_at=time.monotonic(),
        )
        try:
            yield site
        finally:
            site.background.close()
            site.memo.close()
