"""Have checkpoints stamped by an authority, and check the stamps of a package."""

import urllib.request
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditwright.app.errors import AppError
from auditwright.app.workspace import Workspace
from auditwright.program.definitions import TimestampAuthority
from auditwright.sign.checkpoint import Checkpoint
from auditwright.sign.timestamp import (
    MAX_RESPONSE_BYTES,
    TimestampError,
    load_roots,
    obtain,
    stamped_message,
    verify_timestamp,
)
from auditwright.sign.verify import Report

TIMEOUT_S = 20
"""An authority that has not answered by then is asked again with the next run."""


class NoTimestampError(Exception):
    """The authority gave no stamp that holds; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedStamp:
    """A stamp of a package: when the authority saw the log at a size, or why it does not hold."""

    path: str
    size: int
    at: datetime | None
    problem: str


def stamp(workspace: Workspace, authority: TimestampAuthority, head: Checkpoint) -> bytes:
    """A verified stamp of a checkpoint; raises NoTimestampError, and AppError where the roots cannot be read."""
    path = workspace.folder / authority.roots
    try:
        roots = load_roots(path.read_bytes())
    except (OSError, TimestampError) as error:
        raise AppError(f"{path}: {error}. It must hold the authority's root certificates in PEM.") from None

    def ask(request: bytes) -> bytes:
        question = urllib.request.Request(  # noqa: S310  # the program folder's reader allows http and https alone
            authority.url, data=request, headers={"Content-Type": "application/timestamp-query"}
        )
        with urllib.request.urlopen(question, timeout=TIMEOUT_S) as answer:  # noqa: S310
            body: bytes = answer.read(MAX_RESPONSE_BYTES + 1)
            return body

    try:
        response, _ = obtain(stamped_message(head), ask, roots)
    except (TimestampError, OSError) as error:
        raise NoTimestampError(f"{authority.url}: {error}") from error
    return response


def check_stamps(package: Path, report: Report, roots: bytes) -> Sequence[CheckedStamp]:
    """Check the stamps of a verified package against trusted roots; raises AppError where those cannot be read."""
    try:
        trusted = load_roots(roots)
    except TimestampError as error:
        raise AppError(str(error)) from None
    checked: list[CheckedStamp] = []
    for each in report.stamps:
        try:
            at = verify_timestamp(_read(package, each.path), each.message, trusted).at
            checked.append(CheckedStamp(path=each.path, size=each.size, at=at, problem=""))
        except TimestampError as error:
            checked.append(CheckedStamp(path=each.path, size=each.size, at=None, problem=str(error)))
    return checked


def _read(package: Path, path: str) -> bytes:
    if package.is_dir():
        return (package / path).read_bytes()
    with zipfile.ZipFile(package) as opened:
        return opened.read(path)
