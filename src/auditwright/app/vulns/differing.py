"""Compare two published reports."""

from dataclasses import dataclass
from pathlib import Path

from auditwright.app.vulns.kept import published_of
from auditwright.app.vulns.releasing import published_from, read_previous
from auditwright.app.workspace import open_workspace
from auditwright.vulns.release import Known, Published


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed from one report to another."""

    left: Published
    right: Published
    new: tuple[Known, ...]
    gone: tuple[Known, ...]
    still: int


def compared_reports(left: str, right: str, program: Path) -> Difference:
    """The difference of two reports, each a release of the program or a file; raises AppError."""
    before, after = _opened(left, program), _opened(right, program)
    known = _index(before)
    later = _index(after)
    new = tuple(each for each in after.issues if not any(key in known for key in _keys(each)))
    gone = tuple(each for each in before.issues if not any(key in later for key in _keys(each)))
    return Difference(left=before, right=after, new=new, gone=gone, still=len(after.issues) - len(new))


def _opened(named: str, program: Path) -> Published:
    if Path(named).is_file():
        return read_previous(Path(named))
    with open_workspace(program) as workspace:
        return published_from(published_of(workspace, named), named)


def _index(report: Published) -> frozenset[object]:
    return frozenset(key for each in report.issues for key in _keys(each))


def _keys(known: Known) -> list[object]:
    return [(known.line, known.family, id_) for id_ in known.ids]
