"""The rules that a vulnerability is dealt with by: a decision table, and when a clock may start again.

The default is CISA's binding operational directive 26-04: known exploited x publicly exposed x automatable x technical
impact. Its table is data of this package; a table by severity is there too, and an organization's own is read the same way.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from auditwright.vulns.decision_table import Deadline, DecisionTable, DecisionTableError, TableRow

DEFAULT_TABLE = "cisa-bod-26-04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an organization decided beforehand."""

    table: DecisionTable
    returns_after_days: int = 30
    """An issue that comes back later than this after it was gone has a clock of its own; sooner, the first one goes on."""
    feed_days: int = 7
    """A feed that is older is stale, and said so."""


@cache
def shipped_table(table_id: str) -> DecisionTable:
    """A table that comes with Auditwright. Raises DecisionTableError for an id that there is not."""
    folder = resources.files("auditwright.vulns.tables")
    names = sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )
    if table_id not in names:
        raise DecisionTableError(f"no decision table is called {table_id!r}; there are {', '.join(names)}")
    return read_table((folder / f"{table_id}.toml").read_bytes())


def read_table(body: bytes) -> DecisionTable:
    """A table from TOML: `id`, `title`, `source`, and `[[rows]]` with `when` and `deadline`.

    Raises DecisionTableError with what was expected.
    """
    try:
        written = tomllib.loads(body.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DecisionTableError(f"the table is no TOML: {error}") from error
    table_id = _text(written, "id")
    rows = written.get("rows")
    if not isinstance(rows, list):
        raise DecisionTableError(f"{table_id}: expected [[rows]], each with `when` and `deadline`")
    return DecisionTable(
        id=table_id,
        title=_text(written, "title"),
        source=_text(written, "source"),
        rows=tuple(_row(table_id, number, row) for number, row in enumerate(rows, start=1)),
    )


def _text(written: Mapping[str, object], name: str) -> str:
    value = written.get(name)
    if not isinstance(value, str) or not value.strip():
        raise DecisionTableError(f"a decision table needs a text `{name}`")
    return value


def _row(table_id: str, number: int, row: object) -> TableRow:
    where = f"{table_id}, row {number}"
    if not isinstance(row, dict) or not set(row) <= {"when", "deadline"}:
        raise DecisionTableError(f"{where}: expected `when` and `deadline`")
    when = row.get("when", {})
    if not isinstance(when, dict) or not all(isinstance(value, str) for value in when.values()):
        raise DecisionTableError(f'{where}: `when` names values, such as {{ exposed = "yes" }}')
    return TableRow(when=when, deadline=_deadline(where, row.get("deadline")))


def _deadline(where: str, written: object) -> Deadline:
    """`{ days = 14 }`, `{ days = 3, forensics = true }`, or `{ on = "upgrade" }`."""
    if isinstance(written, dict) and written == {"on": "upgrade"}:
        return Deadline(label="on upgrade", days=None)
    if isinstance(written, dict) and set(written) <= {"days", "forensics"}:
        days, forensics = written.get("days"), written.get("forensics", False)
        if isinstance(days, int) and not isinstance(days, bool) and days > 0 and isinstance(forensics, bool):
            label = f"{days} day{'s' if days > 1 else ''}{' and forensic investigation' if forensics else ''}"
            return Deadline(label=label, days=days, forensics=forensics)
    raise DecisionTableError(
        f'{where}: `deadline` is {{ days = 14 }}, {{ days = 3, forensics = true }} or {{ on = "upgrade" }}'
    )
