"""The clocks of an asset line's issues: when each was detected, when it was due, when it was gone, and whether that was in time.

A ledger is the state after a scan, made of the one before and never edited. The rules:

1. **Detection** is the scan that first showed the issue, or the earlier day that a scanner itself names.
2. **The deadline is frozen at detection**, by the table of that day. It is made sooner where a later fact asks for it (the vulnerability
   became known to be exploited), counted from that scan; nothing makes it later: no re-scoring, no waiver, no other table. One
   thing corrects it: where it rested on a fact that nobody knew, and that fact is known now and the others are what they
   were, it is what it would have been, counted from detection. A fact that was known before in the same clock, was not
   seen for a while, and now is another, was known: what was hidden meanwhile makes nothing later.
3. **Gone** needs proof: every tool that showed the issue last looked at the line again and no longer shows it. A scan by
   another tool, or a report that could not be read, closes nothing.
4. **Met or missed** is kept for ever, also where the issue comes back.
5. **Back again**: within the policy's days the first clock goes on, since a fix that did not hold is no fix; later it is a new one.
6. **Out of use**: where somebody says that the line is used no more, what was open on it is gone from then on, met or missed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from auditwright.vulns.decision_table import Decision
from auditwright.vulns.grounds import UNKNOWN, Ground
from auditwright.vulns.issue import Family, Issue, Line
from auditwright.vulns.policy import Policy
from auditwright.vulns.report import Severity


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """One look at an asset line by one or several tools."""

    at: datetime
    """When the newest of its reports was made, aware."""
    release: str = ""
    tools: tuple[str, ...]
    reports: tuple[str, ...]
    """SHA-256 of each report."""


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A deadline, and why."""

    set_at: datetime
    label: str
    due_at: datetime | None
    """None: with the next planned upgrade."""
    forensics: bool = False
    table: str
    reason: str
    facts: Mapping[str, str]
    """What the table was told; `unknown` where nobody knew."""


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """One run of an issue: from detection until it was gone."""

    detected_at: datetime
    terms: tuple[Term, ...]
    """The first is that of detection; the others say when and why it was changed."""
    gone_at: datetime | None = None

    @property
    def term(self) -> Term:
        """The deadline in force."""
        return self.terms[-1]

    def state(self, now: datetime) -> Literal["within", "past", "met", "missed"]:
        """Open and within the deadline or past it; gone, and the deadline met or missed."""
        due = self.term.due_at
        if self.gone_at is not None:
            return "met" if due is None or self.gone_at <= due else "missed"
        return "within" if due is None or now <= due else "past"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An issue and all its clocks."""

    id: str
    ids: tuple[str, ...]
    """Every id that the issue was ever known by."""
    family: Family
    clocks: tuple[Clock, ...]
    """The last is the one that counts now."""
    last_seen_at: datetime
    seen_by: tuple[str, ...]
    """The tools that showed it when it was last seen."""
    severity: Severity
    """As it was rated when it was last seen."""
    accepted_until: datetime | None = None
    """Until when the risk is accepted, as it stood at the last scan."""
    not_affected: str = ""
    """Why it does not affect the line, as somebody stated by the last scan."""
    not_affected_until: datetime | None = None
    """When that statement ends; None where it has no end."""

    @property
    def clock(self) -> Clock:
        """The clock that counts now."""
        return self.clocks[-1]


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of an asset line itself from a scan on."""

    at: datetime
    grounds: tuple[Ground, ...]


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of one asset line's issues over time."""

    line: Line
    scans: tuple[Scan, ...]
    entries: tuple[Entry, ...]
    """By (id, family)."""
    surroundings: tuple[Surroundings, ...] = ()
    """Each time that something else was known of the line, the newest last."""

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """What was known of the line at its last scan."""
        return self.surroundings[-1].grounds if self.surroundings else ()


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that a scan showed, who showed it, and what the table of the day asks for."""

    issue: Issue
    tools: frozenset[str]
    decision: Decision
    severity: Severity
    accepted_until: datetime | None = None
    not_affected: str = ""
    not_affected_until: datetime | None = None


def advance(before: Ledger, scan: Scan, shown: Iterable[Shown], *, policy: Policy) -> Ledger:
    """The ledger after a scan of its asset line; `shown` is all that the scan showed of it.

    The same scan again changes nothing. A scan that is older than the last one raises ValueError: history is not rewritten.
    """
    if scan in before.scans:
        return before
    if before.scans and scan.at < before.scans[-1].at:
        raise ValueError(
            f"the scan is of {scan.at:%d %b %Y %H:%M}, before the last one ({before.scans[-1].at:%d %b %Y %H:%M}); "
            "the ledger only goes forward"
        )
    index = {(entry.family, id_): entry for entry in before.entries for id_ in entry.ids}
    entries: list[Entry] = []
    continued: set[int] = set()
    for each in shown:
        issue = each.issue
        known = next((index[issue.family, id_] for id_ in issue.ids if (issue.family, id_) in index), None)
        if known is not None and id(known) in continued:
            known = None  # two issues that were one before: the second begins anew
        entries.append(_seen(known, each, scan, policy))
        if known is not None:
            continued.add(id(known))
    entries += [_unseen(entry, scan) for entry in before.entries if id(entry) not in continued]
    return Ledger(
        line=before.line,
        scans=(*before.scans, scan),
        entries=tuple(sorted(entries, key=_order)),
        surroundings=before.surroundings,
    )


def ended(before: Ledger, at: datetime) -> Ledger:
    """The ledger of a line that is out of use since a moment (6)."""
    return msgspec.structs.replace(before, entries=tuple(_gone(entry, at) for entry in before.entries))


def surrounded(ledger: Ledger, at: datetime, grounds: tuple[Ground, ...]) -> Ledger:
    """The ledger with what was known of its asset line at its newest scan."""
    known = ledger.surroundings[-1].grounds if ledger.surroundings else ()
    if grounds == known:
        return ledger
    return msgspec.structs.replace(
        ledger, surroundings=(*ledger.surroundings, Surroundings(at=at, grounds=grounds))
    )


def empty_ledger(line: Line) -> Ledger:
    """The ledger of a line that nobody looked at yet."""
    return Ledger(line=line, scans=(), entries=())


def _seen(known: Entry | None, shown: Shown, scan: Scan, policy: Policy) -> Entry:
    issue = shown.issue
    if known is None:
        detected_at = _detected_at(issue, scan)
        clocks: tuple[Clock, ...] = (_first_clock(detected_at, scan, shown.decision, policy),)
    else:
        clocks = _continued(known, scan, shown.decision, policy)
    return Entry(
        id=issue.id,
        ids=tuple(dict.fromkeys((*issue.ids, *(known.ids if known is not None else ())))),
        family=issue.family,
        clocks=clocks,
        last_seen_at=scan.at,
        seen_by=tuple(sorted(shown.tools)),
        severity=shown.severity,
        accepted_until=shown.accepted_until,
        not_affected=shown.not_affected,
        not_affected_until=shown.not_affected_until,
    )


def _detected_at(issue: Issue, scan: Scan) -> datetime:
    # (1) A scanner that remembers when it first saw the issue is believed.
    said = [sighting.row.first_seen for sighting in issue.sightings if sighting.row.first_seen is not None]
    return min((*said, scan.at))


def _first_clock(detected_at: datetime, scan: Scan, decision: Decision, policy: Policy) -> Clock:
    return Clock(detected_at=detected_at, terms=(_term(detected_at, decision, policy, set_at=scan.at),))


def _term(since: datetime, decision: Decision, policy: Policy, *, set_at: datetime) -> Term:
    days = decision.deadline.days
    return Term(
        set_at=set_at,
        label=decision.deadline.label,
        due_at=None if days is None else since + timedelta(days=days),
        forensics=decision.deadline.forensics,
        table=policy.table.id,
        reason=decision.reason,
        facts=dict(decision.facts),
    )


def _continued(known: Entry, scan: Scan, decision: Decision, policy: Policy) -> tuple[Clock, ...]:
    clock = known.clock
    if clock.gone_at is not None:
        # (5) What was met or missed stays where it is, in the clock that ended.
        if scan.at - clock.gone_at > timedelta(days=policy.returns_after_days):
            return (*known.clocks, _first_clock(scan.at, scan, decision, policy))
        clock = msgspec.structs.replace(clock, gone_at=None)
        return (*known.clocks, _tightened(clock, scan, decision, policy))
    return (*known.clocks[:-1], _tightened(clock, scan, decision, policy))


def _tightened(clock: Clock, scan: Scan, decision: Decision, policy: Policy) -> Clock:
    # (2) A fact that was not known corrects the deadline; any other change only makes it sooner.
    now = clock.term
    if _learned(clock, decision.facts):
        return _with_term(clock, _term(clock.detected_at, decision, policy, set_at=scan.at))
    term = _term(scan.at, decision, policy, set_at=scan.at)
    sooner = term.due_at is not None and (now.due_at is None or term.due_at < now.due_at)
    if not sooner and not (term.forensics and not now.forensics):
        return clock
    return _with_term(clock, msgspec.structs.replace(term, due_at=term.due_at if sooner else now.due_at))


def _learned(clock: Clock, now: Mapping[str, str]) -> bool:
    """True where the only difference is that facts are known which were not, or that are again what they were."""
    before = clock.term.facts
    changed = {point for point in now if now[point] != before.get(point)}
    if not changed or before.keys() != now.keys():
        return False
    return all(
        before[point] == UNKNOWN and _last_known(clock, point) in {"", now[point]} for point in changed
    )


def _last_known(clock: Clock, point: str) -> str:
    """What a point was when it was last known in this clock; empty where it never was."""
    said = (term.facts.get(point, UNKNOWN) for term in reversed(clock.terms))
    return next((value for value in said if value != UNKNOWN), "")


def _with_term(clock: Clock, term: Term) -> Clock:
    return msgspec.structs.replace(clock, terms=(*clock.terms, term))


def _unseen(entry: Entry, scan: Scan) -> Entry:
    # (3) Only who showed it can say that it is gone.
    return _gone(entry, scan.at) if set(entry.seen_by) <= set(scan.tools) else entry


def _gone(entry: Entry, at: datetime) -> Entry:
    if entry.clock.gone_at is not None:
        return entry
    return msgspec.structs.replace(
        entry, clocks=(*entry.clocks[:-1], msgspec.structs.replace(entry.clock, gone_at=at))
    )


def _order(entry: Entry) -> tuple[str, str, str, str]:
    return (entry.id, entry.family.ecosystem, entry.family.distribution, entry.family.name)
