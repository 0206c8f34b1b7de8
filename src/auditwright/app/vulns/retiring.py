"""Take an asset out of use: it needs no scan any more, and what was open on it is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditwright.app.errors import AppError
from auditwright.app.vulns.kept import alone, keep_all, register_of
from auditwright.app.vulns.triaging import register_item
from auditwright.app.workspace import Workspace
from auditwright.vulns.issue import Line
from auditwright.vulns.register import Register, Retired


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfUse:
    """Who says since when that an asset is out of use, and why."""

    by: str
    reason: str
    at: datetime


def retired(workspace: Workspace, asset: str, said: OutOfUse) -> Sequence[Retired]:
    """Retire every line of an asset, or the one of an architecture, and keep the register. Raises AppError and keeps nothing."""
    if not said.by.strip() or not said.reason.strip():
        raise AppError("say who retires the asset, and why: --by and --reason")
    with alone(workspace):
        register = register_of(workspace)
        gone = [
            Retired(line=line, at=said.at, by=said.by.strip(), reason=said.reason.strip())
            for line in _lines(register, asset)
        ]
        for each in gone:
            try:
                register = register.without_line(each)
            except ValueError as error:
                raise AppError(f"{asset}: {error}") from None
        keep_all(workspace, (register_item(register, said.at),), now=said.at)
    return gone


def _lines(register: Register, asset: str) -> Sequence[Line]:
    in_use = [
        ledger.line
        for ledger in register.ledgers
        if all(each.line != ledger.line for each in register.retired)
    ]
    found = [line for line in in_use if asset in (line.name, f"{line.name} {line.architecture}")]
    if not found:
        known = ", ".join(" ".join(filter(None, (line.name, line.architecture))) for line in in_use) or "none"
        raise AppError(f"no asset {asset!r} is in use in the register; there are: {known}")
    return found
