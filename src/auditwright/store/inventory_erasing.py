"""Erase from the inventory what rests on evidence that was erased.

1. A row that names erased evidence loses what it says. A resource is then not known for that time; what a test observed
   keeps its outcome, so that no conclusion changes.
2. An item that no row with other evidence shows is known by nothing else: all its rows lose its id and name.
3. The rows of a kind are written to one file that takes the place of all others, which are then removed. A crash leaves
   the old rows or the new ones, and the next time removes the files that are left over.
"""

import secrets
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from auditwright.core.evidence import ERASED_NAME
from auditwright.core.ids import Digest
from auditwright.store.codec import literal, quoted
from auditwright.store.delta import DeltaFolder, Layout
from auditwright.store.query import storage_errors

if TYPE_CHECKING:
    import duckdb


def erase_from(folder: DeltaFolder, erased: AbstractSet[Digest]) -> None:
    """Erase from the files of one kind, while nobody writes; raises StoreError."""
    if not folder.files():
        return
    with folder.connection() as connection:
        with storage_errors(f"erase from {folder.folder}"):
            rows = _rows(connection, folder, erased)
            found = _find(connection, rows)
        if found:
            select = ", ".join(_columns(folder.layout))
            folder.write_merged(
                connection,
                f"SELECT {select} FROM {rows} AS held LEFT JOIN renamed ON held.key = renamed.key "  # noqa: S608
                "ORDER BY held.key, held.seq",
                folder.files(),
            )
    folder.drop_covered()  # (3)


def _rows(connection: "duckdb.DuckDBPyConnection", folder: DeltaFolder, erased: AbstractSet[Digest]) -> str:
    """The SQL of every row, with its key and whether it names erased evidence."""
    connection.execute("CREATE TEMP TABLE erasing AS SELECT unnest(?::VARCHAR[]) AS digest", [sorted(erased)])
    named = "coalesce(list_has_any(evidence, (SELECT list(digest) FROM erasing)), false)"
    source = folder.source(connection, folder.files())
    return f"(SELECT * REPLACE (coalesce(erased, false) AS erased), {folder.layout.key} AS key, {named} AS hit FROM {source})"  # noqa: S608


def _find(connection: "duckdb.DuckDBPyConnection", rows: str) -> bool:
    """Fill the table `renamed` with the items that nothing else shows, and say whether any row has to change."""
    connection.execute(
        "CREATE TEMP TABLE touched AS SELECT key, bool_or(NOT gone AND NOT hit AND NOT erased) AS shown "  # noqa: S608
        f"FROM {rows} GROUP BY key HAVING bool_or(hit AND NOT erased)"
    )
    connection.execute(
        "CREATE TEMP TABLE renamed AS SELECT key, ? || row_number() OVER (ORDER BY hash(key)) AS alias "
        "FROM touched WHERE NOT shown",  # (2)
        [f"{ERASED_NAME}-{secrets.token_hex(4)}-"],
    )
    ((count,),) = connection.execute("SELECT count(*) FROM touched").fetchall()
    return bool(count)


def _columns(layout: Layout) -> Iterator[str]:
    """Every stored column in order, as it stands after the erasure."""
    for name, kind in layout.stored.items():
        held = f"held.{quoted(name)}"
        if name == layout.identity:
            value = f"coalesce(renamed.alias, {held})"
        elif name == "name":
            value = f"CASE WHEN hit OR renamed.alias IS NOT NULL THEN {literal(ERASED_NAME)} ELSE {held} END"
        elif name in layout.erased:  # (1)
            left = layout.erased[name]
            value = f"CASE WHEN hit THEN {'NULL' if left is None else literal(left)} ELSE {held} END"
        elif name == "gone" and not layout.outlives:
            value = f"{held} OR hit"
        elif name == "erased":
            value = f"{held} OR hit OR renamed.alias IS NOT NULL"
        else:
            value = held
        yield f"({value})::{kind} AS {quoted(name)}"
