"""The organization's own control tests: Python files, and SQL files over the inventory.

A SQL file begins with comments that declare the test, then holds one SELECT that answers, for each
item of the population, its `id`, its `outcome` and a `reason`:

```sql
-- id: acme.buckets-name-their-team
-- title: Every bucket names the team that owns it
-- controls: AST-01
-- severity: low
-- population: storage_bucket
-- remediation: Rename the bucket, or move its objects to one that is named <team>-<purpose>.
SELECT id,
       CASE WHEN name LIKE '%-%' THEN 'satisfied' ELSE 'deviation' END AS outcome,
       name || ' names no team' AS reason
FROM storage_bucket
```

An item for which the query returns no row is undetermined: a condition that leaves out what is NULL
must not turn what was not seen into a pass.
"""

import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from auditwright.app.errors import AppError
from auditwright.core.control_test import ControlTest, InvalidControlTestError, Remediation, Severity
from auditwright.core.ids import ControlId, TestId
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined
from auditwright.core.ports import Inventory, QueryError, Rows
from auditwright.core.resource import Resource
from auditwright.core.resources import kinds
from auditwright.program.definitions import OwnTestFile

_DECLARATION = re.compile(r"--\s*([a-z_]+)\s*:\s*(.*?)\s*$")
_REQUIRED = ("id", "title", "controls", "severity", "population", "remediation")
_KNOWN = (*_REQUIRED, "rationale")


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlProcedure:
    """A test's SELECT. It examines nothing until it was run over an inventory."""

    sql: str
    file: str

    def __call__(self, item: Resource) -> Outcome:
        """Say that the query was not run; `over` gives the procedure that was."""
        return Undetermined(f"{self.file} was not run over an inventory, so {item.id} was not examined")

    def over(self, inventory: Inventory, as_of: datetime) -> Callable[[Resource], Outcome]:
        """Run the query once; what it cannot answer is undetermined for every item."""
        try:
            outcomes = _outcomes(inventory.query(self.sql, as_of=as_of), self.file)
        except QueryError as error:
            why = f"{self.file}: {error}"
            return lambda _: Undetermined(why)
        missing = Undetermined(f"{self.file} returned no row for it")
        return lambda item: outcomes.get(item.id, missing)


def load_own_tests(folder: Path, files: Iterable[OwnTestFile]) -> Mapping[TestId, ControlTest]:
    """The tests that the program folder defines; raises AppError with the file."""
    found: dict[TestId, ControlTest] = {}
    for file in files:
        for test in _python_tests(folder, file) if file.file.endswith(".py") else (_sql_test(file),):
            if test.id in found:
                raise AppError(f"{file.file}: {test.id} is defined in {found[test.id].source} already")
            found[test.id] = test
    return found


def bound(test: ControlTest, inventory: Inventory, as_of: datetime) -> ControlTest:
    """The test, with its query run where it has one."""
    if isinstance(test.examine, SqlProcedure):
        return replace(test, examine=test.examine.over(inventory, as_of))
    return test


def _python_tests(folder: Path, file: OwnTestFile) -> Iterable[ControlTest]:
    name = "auditwright_program." + file.file.removesuffix(".py").replace("/", ".").replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, folder / file.file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # annotations are resolved through it
    try:
        spec.loader.exec_module(module)
    except InvalidControlTestError as error:
        raise AppError(f"{file.file}: {error}") from None
    except SyntaxError as error:
        raise AppError(f"{file.file}:{error.lineno or 1}: not valid Python: {error.msg}") from None
    except Exception as error:  # a named boundary: the file is the organization's own code
        raise AppError(f"{file.file}: {type(error).__name__}: {error}") from error
    tests = [
        replace(value, source=file.file) for value in vars(module).values() if isinstance(value, ControlTest)
    ]
    if not tests:
        raise AppError(f"{file.file}: it defines no control test; decorate a function with @control_test")
    return tests


def _sql_test(file: OwnTestFile) -> ControlTest:
    try:
        sql = file.body.decode()
    except UnicodeDecodeError:
        raise AppError(f"{file.file}:1: not UTF-8; save the file as UTF-8") from None
    declared = _declarations(sql, file.file)
    kind = kinds().get(declared["population"])
    if kind is None:
        raise AppError(
            f"{file.file}: there is no kind {declared['population']!r}; known are {', '.join(sorted(kinds()))}"
        )
    if declared["severity"] not in set(Severity):
        raise AppError(f"{file.file}: severity is {declared['severity']!r}; use one of {', '.join(Severity)}")
    remedy = declared["remediation"]
    return ControlTest(
        id=TestId(declared["id"]),
        title=declared["title"].rstrip("."),
        rationale=declared.get("rationale", ""),
        controls=tuple(ControlId(name.strip()) for name in declared["controls"].split(",")),
        severity=Severity(declared["severity"]),
        remediation=Remediation(console=remedy, command="", terraform=""),
        populations=(kind,),
        related={},
        settings={},
        takes_now=False,
        examples=(),
        examine=SqlProcedure(sql=sql, file=file.file),
        source=file.file,
    )


def _declarations(sql: str, file: str) -> Mapping[str, str]:
    declared: dict[str, str] = {}
    for number, line in enumerate(sql.splitlines(), start=1):
        if not line.strip():
            continue
        found = _DECLARATION.match(line)
        if found is None:
            break
        if found[1] not in _KNOWN:
            raise AppError(
                f"{file}:{number}: unknown declaration {found[1]!r}; known are {', '.join(_KNOWN)}"
            )
        declared[found[1]] = found[2]
    missing = [name for name in _REQUIRED if not declared.get(name)]
    if missing:
        raise AppError(
            f"{file}:1: begin with comments that declare {', '.join(missing)}, such as `-- id: acme.my-test`"
        )
    return declared


def _outcomes(rows: Rows, file: str) -> Mapping[str, Outcome]:
    needed = ("id", "outcome", "reason")
    if not set(needed) <= set(rows.columns):
        raise QueryError(
            f"{file} must answer the columns {', '.join(needed)}; it answers {', '.join(rows.columns)}"
        )
    places = [rows.columns.index(name) for name in needed]
    outcomes: dict[str, Outcome] = {}
    for row in rows.rows:
        item, outcome, reason = (row[place] for place in places)
        outcomes[str(item)] = _outcome(str(outcome), str(reason or ""), file)
    return outcomes


def _outcome(name: str, reason: str, file: str) -> Outcome:
    match name.strip().lower():
        case "satisfied":
            return Satisfied()
        case "deviation":
            return Deviation(reason or "the test gives no reason")
        case "not applicable":
            return NotApplicable(reason)
        case "undetermined":
            return Undetermined(reason)
        case _:
            return Undetermined(
                f"{file} answered {name!r}; use satisfied, deviation, not applicable or undetermined"
            )
