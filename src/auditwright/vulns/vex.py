"""Decisions about issues: what somebody said about whether a vulnerability affects us, and until when that holds.

A decision is a VEX statement of the organization or of a supplier. An organization's own has an author; one that accepts a risk has an
approver too, who is another person, and an end. At its end it stops counting and the issue is open again, with the clock that it had:
a decision never moves a deadline.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from auditwright.vulns.issue import Issue
from auditwright.vulns.report import VexStatement

T = TypeVar("T")


class Status(StrEnum):
    """OpenVEX's four states, and the one that it lacks."""

    UNDER_INVESTIGATION = "under_investigation"
    AFFECTED = "affected"
    NOT_AFFECTED = "not_affected"
    FIXED = "fixed"
    ACCEPTED = "accepted"
    """Affected, and not to be fixed before a day: an approved acceptance of risk. In VEX: affected, with an action statement."""


JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)
"""OpenVEX 0.2's labels."""


class InvalidDecisionError(ValueError):
    """A decision lacks what makes it one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One person's decision. Raises InvalidDecisionError when it is made without what its status asks."""

    id: str
    vulnerability: str
    """Any id of the issue's cluster."""
    line: str
    """The asset line's name, or `*`."""
    package: str
    """The family's name or a package's, or `*`."""
    status: Status
    justification: str = ""
    reason: str
    author: str
    approver: str = ""
    at: datetime
    until: datetime | None = None
    """From then on it no longer counts; an acceptance has one."""

    def __post_init__(self) -> None:
        """Refuse what is no decision."""
        if not self.reason.strip():
            raise InvalidDecisionError(f"{self.id} gives no reason")
        if not self.author.strip():
            raise InvalidDecisionError(f"{self.id} has no author")
        if self.status is Status.NOT_AFFECTED and self.justification not in JUSTIFICATIONS:
            raise InvalidDecisionError(
                f"{self.id}: not_affected needs a justification: {', '.join(JUSTIFICATIONS)}"
            )
        if self.status is Status.ACCEPTED:
            if self.until is None:
                raise InvalidDecisionError(f"{self.id} accepts a risk without an end; give `until`")
            if not self.approver.strip() or self.approver == self.author:
                raise InvalidDecisionError(
                    f"{self.id} accepts a risk; somebody other than its author approves it"
                )
        if self.until is not None and self.until <= self.at:
            raise InvalidDecisionError(f"{self.id} ends before it was made")

    def counts(self, at: datetime) -> bool:
        """True from when it was made until its end."""
        return self.at <= at and (self.until is None or at < self.until)

    def about(self, issue: Issue) -> bool:
        """True where it is about this issue."""
        if self.line not in {"*", issue.line.name} or self.vulnerability not in issue.ids:
            return False
        if self.package in {"*", issue.family.name}:
            return True
        return any(sighting.row.package.name == self.package for sighting in issue.sightings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an issue stands by what was decided, and who said so."""

    status: Status
    justification: str = ""
    reason: str = ""
    by: str = ""
    until: datetime | None = None
    lapsed: tuple[str, ...] = ()
    """Decisions about it that have ended, by id."""

    @property
    def open(self) -> bool:
        """True where somebody still has to do something."""
        return self.status in {Status.UNDER_INVESTIGATION, Status.AFFECTED}


UNDECIDED = Standing(status=Status.UNDER_INVESTIGATION)


class Decisions:
    """What was decided, looked up by issue. The organization's own word goes before a supplier's."""

    def __init__(self, own: Iterable[Decision], statements: Iterable[VexStatement] = ()) -> None:
        """Look up among these."""
        self._own = _by_id(own, lambda decision: (decision.vulnerability,))
        self._said = _by_id(statements, lambda statement: statement.ids)

    def standing(self, issue: Issue, at: datetime) -> Standing:
        """How an issue stands at a time: the newest decision that counts, else a supplier's word, else undecided."""
        about = [
            decision for id_ in issue.ids for decision in self._own.get(id_, ()) if decision.about(issue)
        ]
        lapsed = tuple(
            sorted(decision.id for decision in about if decision.until is not None and decision.until <= at)
        )
        counting = [decision for decision in about if decision.counts(at)]
        if counting:
            newest = max(counting, key=lambda decision: (decision.at, decision.id))
            return Standing(
                status=newest.status,
                justification=newest.justification,
                reason=newest.reason,
                by=newest.approver or newest.author,
                until=newest.until,
                lapsed=lapsed,
            )
        said = [
            statement
            for id_ in issue.ids
            for statement in self._said.get(id_, ())
            if _names(statement, issue)
        ]
        if said:
            return _supplied(said, lapsed)
        return Standing(status=Status.UNDER_INVESTIGATION, lapsed=lapsed)


def _supplied(said: list[VexStatement], lapsed: tuple[str, ...]) -> Standing:
    """The newest word. Two of one time that disagree are no word: the issue stays with the people."""
    newest = max((statement.at.timestamp() if statement.at else 0.0) for statement in said)
    last = [statement for statement in said if (statement.at.timestamp() if statement.at else 0.0) == newest]
    if len({statement.status for statement in last}) > 1:
        return Standing(
            status=Status.UNDER_INVESTIGATION,
            reason="suppliers' statements of one time disagree",
            lapsed=lapsed,
        )
    statement = last[0]
    return Standing(
        status=Status(statement.status),
        justification=statement.justification,
        reason=statement.impact or statement.action,
        by=statement.author,
        lapsed=lapsed,
    )


def _names(statement: VexStatement, issue: Issue) -> bool:
    """A supplier's word counts for the packages or the asset line that it names, and for no other.

    A product is the package itself; or it is the asset line, and then the parts that are named are the packages, none being all.
    """
    purls = {sighting.row.package.purl for sighting in issue.sightings} - {""}
    if any(_same_package(product, purl) for product in statement.products for purl in purls):
        return True
    if issue.line.name not in statement.products:
        return False
    parts = statement.subcomponents
    return not parts or any(_same_package(part, purl) for part in parts for purl in purls)


def _same_package(said: str, purl: str) -> bool:
    """A package URL without a version means every version; one without qualifiers, every architecture and distribution."""
    if not said.startswith("pkg:"):
        return False
    installed = purl.partition("?")[0]
    return (
        said in {purl, installed, installed.rpartition("@")[0]}
        if "@" in installed
        else said in {purl, installed}
    )


def _by_id(entries: Iterable[T], ids: Callable[[T], Iterable[str]]) -> Mapping[str, list[T]]:
    found: dict[str, list[T]] = {}
    for entry in entries:
        for id_ in ids(entry):
            found.setdefault(id_, []).append(entry)
    return found
