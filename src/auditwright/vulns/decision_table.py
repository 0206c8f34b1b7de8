"""Decision tables: from facts about an issue to how soon it has to be dealt with.

A table is data, so that an organization can bring its own. It names the points that it decides by, and rows that are looked
through in order; the first that fits decides. A table is refused that leaves a combination of known values without a row:
a priority that depends on a gap in a table is no rule.

A fact that nobody knows is not taken for the harmless value: every value is tried, the shortest deadline counts, and the decision says
which facts would change it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

POINTS: Mapping[str, tuple[str, ...]] = {
    "known_exploited": ("yes", "no"),
    "exposed": ("yes", "no"),
    "automatable": ("yes", "no"),
    "impact": ("total", "partial"),
    "exploitation": ("active", "poc", "none"),
    "severity": ("critical", "high", "medium", "low", "negligible", "none"),
    "criticality": ("high", "medium", "low"),
    "fix": ("yes", "no"),
}
"""Each fact that a table may ask, and its values, the worst first. `severity` has also `unknown` where no tool rates it."""

MAX_ROWS = 1_000
"""A table that a person can read has far fewer."""


class DecisionTableError(ValueError):
    """The table cannot decide; the message names the row or the combination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """What a row of a table asks for."""

    label: str
    """As people say it: `3 days and forensic investigation`, `60 days`, `on upgrade`."""
    days: int | None
    """Calendar days from detection; None: with the next planned upgrade, no day of its own."""
    forensics: bool = False
    """Whether the asset is to be examined for a compromise as well."""

    def sooner(self, other: "Deadline") -> bool:
        """True where this one asks for more."""
        return _urgency(self) < _urgency(other)


def _urgency(deadline: Deadline) -> tuple[bool, int, bool]:
    return (deadline.days is None, deadline.days or 0, not deadline.forensics)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """Values that have to be met, and what then is asked; a point that is not named may have any value."""

    when: Mapping[str, str]
    deadline: Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a table came to for one set of facts, and on what that rests."""

    deadline: Deadline
    facts: Mapping[str, str]
    """The points of the table, with the value that was known or `unknown`."""
    unknown: tuple[str, ...]
    """Points that nobody knew and that would change the deadline; the worst was taken."""

    @property
    def reason(self) -> str:
        """One line: `known exploited: yes, exposed: unknown (taken as yes)`."""
        return ", ".join(
            f"{point.replace('_', ' ')}: {value}{' (the worst was taken)' if point in self.unknown else ''}"
            for point, value in self.facts.items()
        )


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A named, complete table. Raises DecisionTableError when it is made of rows that cannot decide."""

    id: str
    title: str
    source: str
    """Where the rule stands: a directive, a policy of the organization."""
    rows: tuple[TableRow, ...]

    def __post_init__(self) -> None:
        """Refuse what is no complete table."""
        if not self.rows or len(self.rows) > MAX_ROWS:
            raise DecisionTableError(f"{self.id}: a table has from 1 to {MAX_ROWS} rows")
        for number, row in enumerate(self.rows, start=1):
            for point, value in row.when.items():
                if value not in POINTS.get(point, ()):
                    raise DecisionTableError(
                        f"{self.id}, row {number}: {point} = {value!r} is unknown; {_known(point)}"
                    )
        for facts in self._combinations({}):
            if self._first(facts) is None:
                spelled = ", ".join(f"{point} = {value}" for point, value in facts.items())
                raise DecisionTableError(
                    f"{self.id}: no row fits {spelled}; add one, or a last row without conditions"
                )

    @property
    def points(self) -> tuple[str, ...]:
        """The points that the table asks, in the order of `POINTS`."""
        asked = {point for row in self.rows for point in row.when}
        return tuple(point for point in POINTS if point in asked)

    def decide(self, facts: Mapping[str, str]) -> Decision:
        """The deadline for these facts. A point that is missing, or has a value of no meaning, is unknown."""
        known = {point: facts[point] for point in self.points if facts.get(point) in POINTS[point]}
        worst = self._worst(known)
        matters = tuple(
            point
            for point in self.points
            if point not in known
            and any(self._worst({**known, point: value}) != worst for value in POINTS[point])
        )
        named = {point: known.get(point, "unknown") for point in self.points}
        return Decision(deadline=worst, facts=named, unknown=matters)

    def _combinations(self, known: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
        ways = [
            ((point, known[point]),) if point in known else [(point, v) for v in POINTS[point]]
            for point in self.points
        ]
        return (dict(combination) for combination in product(*ways))

    def _first(self, facts: Mapping[str, str]) -> Deadline | None:
        fitting = (
            row for row in self.rows if all(facts[point] == value for point, value in row.when.items())
        )
        return next((row.deadline for row in fitting), None)

    def _worst(self, known: Mapping[str, str]) -> Deadline:
        deadlines = [
            deadline for facts in self._combinations(known) if (deadline := self._first(facts)) is not None
        ]
        worst = deadlines[0]
        for deadline in deadlines[1:]:
            worst = deadline if deadline.sooner(worst) else worst
        return worst


def _known(point: str) -> str:
    if point not in POINTS:
        return f"a table decides by {', '.join(POINTS)}"
    return f"{point} is one of {', '.join(POINTS[point])}"
