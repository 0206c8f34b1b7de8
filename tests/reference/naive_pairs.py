"""The plain way to pair the rows of two scanners: the same id, the same package name and the same version, as printed."""

from collections.abc import Set as AbstractSet

from auditwright.vulns.report import Report


def naive_pairs(left: Report, right: Report) -> tuple[AbstractSet[int], AbstractSet[int]]:
    """Positions of the rows of each report that have a like one in the other."""
    one = {(row.id, row.package.name, row.package.version) for row in left.rows}
    other = {(row.id, row.package.name, row.package.version) for row in right.rows}
    both = one & other
    return _those(left, both), _those(right, both)


def _those(report: Report, keys: AbstractSet[tuple[str, str, str]]) -> AbstractSet[int]:
    return {row.index for row in report.rows if (row.id, row.package.name, row.package.version) in keys}
