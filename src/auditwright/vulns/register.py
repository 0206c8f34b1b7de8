"""The register: the ledger of every asset line, and every release that was reported. One document, each made of the one before.

It is kept as evidence each time it grows, so that it can be shown as of any day, and the control tests are run over it.
"""

from datetime import datetime

import msgspec

from auditwright.vulns.issue import Line
from auditwright.vulns.ledger import Ledger, empty_ledger, ended


class ReleaseEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A release's report that was published."""

    release: str
    issue: int
    """Which issue of its report, from 1."""
    made_at: datetime
    document: str
    """SHA-256 of the report's JSON form, which is kept as evidence."""
    statement: str
    """SHA-256 of the signed statement about it."""
    lines: tuple[Line, ...]
    open: int
    upgrades: int


class Retired(msgspec.Struct, frozen=True, kw_only=True):
    """An asset line that is no longer in use, and who said so."""

    line: Line
    at: datetime
    by: str
    reason: str


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is kept about vulnerabilities from one day to the next."""

    ledgers: tuple[Ledger, ...] = ()
    """By line."""
    releases: tuple[ReleaseEntry, ...] = ()
    """In the order in which they were reported."""
    retired: tuple[Retired, ...] = ()

    def ledger(self, line: Line) -> Ledger:
        """The ledger of a line; an empty one for a line that nobody looked at yet."""
        return next((ledger for ledger in self.ledgers if ledger.line == line), empty_ledger(line))

    def with_ledger(self, ledger: Ledger) -> "Register":
        """The register with this ledger in the place of its line's. A line that is scanned anew is in use again."""
        others = [each for each in self.ledgers if each.line != ledger.line]
        return msgspec.structs.replace(
            self,
            ledgers=tuple(
                sorted((*others, ledger), key=lambda each: (each.line.name, each.line.architecture))
            ),
            retired=tuple(
                each for each in self.retired if each.line != ledger.line or ledger in self.ledgers
            ),
        )

    def without_line(self, said: Retired) -> "Register":
        """The register after a line went out of use. Its ledger stays, and what was open on it is gone.

        Raises ValueError for a line that the register does not have, that is retired already, or that was scanned later.
        """
        ledger = self.ledger(said.line)
        if ledger not in self.ledgers:
            raise ValueError("the register has no such asset")
        if any(each.line == said.line for each in self.retired):
            raise ValueError("it is retired already")
        if ledger.scans and said.at < ledger.scans[-1].at:
            raise ValueError(f"it was scanned later, on {ledger.scans[-1].at:%d %b %Y %H:%M}")
        kept = self.with_ledger(ended(ledger, said.at))
        return msgspec.structs.replace(kept, retired=(*kept.retired, said))

    def with_release(self, entry: ReleaseEntry) -> "Register":
        """The register with one more report."""
        return msgspec.structs.replace(self, releases=(*self.releases, entry))

    def latest(self, release: str) -> ReleaseEntry | None:
        """The newest report of a release."""
        return next((entry for entry in reversed(self.releases) if entry.release == release), None)


def written(register: Register) -> bytes:
    """The register as bytes; the same register gives the same bytes."""
    return msgspec.json.encode(register)


def read(body: bytes) -> Register:
    """Read back what `written` wrote. Raises ValueError where the bytes are no register."""
    try:
        return msgspec.json.decode(body, type=Register)
    except msgspec.DecodeError as error:
        raise ValueError(f"this is no register of vulnerabilities: {error}") from error
