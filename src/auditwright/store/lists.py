"""The types of records that are listed and kept by key: their tables, and how a record becomes a row and comes back.

Those of `core.account` and `core.act` are flat, so that their form follows from their fields; those of runs have
rows of their own (`rows`).
"""

import json
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar, cast

from sqlalchemy import ColumnElement, FromClause, Label, RowMapping, Table, case, func, select

from auditwright.core.account import (
    Account,
    ApiToken,
    Engagement,
    Invitation,
    OutsideIdentity,
    Passkey,
    RecoveryCode,
    Session,
)
from auditwright.core.act import (
    Act,
    Assignment,
    Comment,
    Delivery,
    OwedFinding,
    WaiverRequest,
    Webhook,
)
from auditwright.core.run import (
    Checkpoint,
    ClosedSpell,
    EvidenceRecord,
    Finding,
    GapRecord,
    JobRecord,
    ResultRecord,
    Run,
)
from auditwright.store import rows, schema
from auditwright.store.rows import Row

K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Generic[K]):
    """One type of record: where it stands, and how it is written and read."""

    source: FromClause
    key: tuple[str, ...]
    write: Callable[[K], Row]
    read: Callable[[RowMapping], K]
    kept: bool
    """True where `keep` may write it."""
    source_at: Callable[[datetime], FromClause] | None = None
    """How it stood at a time; None where only how it stands is known."""

    def source_as_of(self, at: datetime | None) -> FromClause:
        """Where it stands, or how it stood at a time."""
        if at is None:
            return self.source
        assert self.source_at is not None, "no other type of record than OwedFinding knows how it was"
        return self.source_at(at)


_COLUMNS: dict[type[object], Mapping[str, object]] = {}


def _columns(kind: type[object]) -> Mapping[str, object]:
    """The fields of a flat record, each with the type that its text is read as."""
    if kind not in _COLUMNS:
        _COLUMNS[kind] = typing.get_type_hints(kind)
    return _COLUMNS[kind]


def written(record: object) -> Row:
    """A flat record as a row: lists as JSON, words of an enumeration as text."""
    row: dict[str, object] = {}
    for name in _columns(type(record)):
        value = getattr(record, name)
        match value:
            case tuple():
                row[name] = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            case StrEnum():
                row[name] = value.value
            case _:
                row[name] = value
    return row


def _reader(kind: type[K]) -> Callable[[RowMapping], K]:
    def read(row: RowMapping) -> K:
        return kind(**{name: _value(row[name], hint) for name, hint in _columns(kind).items()})

    return read


def _value(value: object, hint: object) -> object:
    match value:
        case str() if typing.get_origin(hint) is tuple:
            return tuple(json.loads(value))
        case str() if isinstance(hint, type) and issubclass(hint, StrEnum):
            return hint(value)
        case memoryview() | bytes():
            return bytes(value)
        case _:
            return value


def _kept(kind: type[K], table: Table) -> Listed[K]:
    return Listed(source=table, key=_key(table), write=written, read=_reader(kind), kept=True)


def _of_run(table: Table, write: Callable[[K], Row], read: Callable[[RowMapping], K]) -> Listed[K]:
    return Listed(source=table, key=_key(table), write=write, read=read, kept=False)


def _key(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key)


def _owed() -> FromClause:
    """Findings beside who owes them."""
    finding, owed = schema.FINDINGS, schema.ASSIGNMENTS
    counts = owed.c.until.is_(None)
    joined = finding.outerjoin(owed, _of_one(finding, owed) & counts)
    return select(*finding.c, _owner(), owed.c.due_at).select_from(joined).subquery("owed")


def _owed_at(at: datetime) -> FromClause:
    """The findings that were known at a time, open or closed as they were, beside who owed them then."""
    finding, owed, spell = schema.FINDINGS, schema.ASSIGNMENTS, schema.CLOSED_SPELLS
    counted = (owed.c.made_at <= at) & (owed.c.until.is_(None) | (owed.c.until > at))
    lasted = (spell.c.closed_at <= at) & (spell.c.reopened_at > at)
    joined = finding.outerjoin(owed, _of_one(finding, owed) & counted)
    joined = joined.outerjoin(spell, _of_one(finding, spell) & lasted)
    later = spell.alias("later")
    came_back = select(func.count()).where(_of_one(finding, later), later.c.reopened_at > at)
    closed = case((finding.c.closed_at <= at, finding.c.closed_at), else_=spell.c.closed_at)
    computed = {
        "closed_at": closed.label("closed_at"),
        "reopened": (finding.c.reopened - came_back.scalar_subquery()).label("reopened"),
    }
    columns = [computed.get(column.name, column) for column in finding.c]
    wanted = select(*columns, _owner(), owed.c.due_at).select_from(joined)
    return wanted.where(finding.c.first_seen_at <= at).subquery("owed")


def _of_one(finding: FromClause, other: FromClause) -> ColumnElement[bool]:
    return (finding.c.test == other.c.test) & (finding.c.item == other.c.item)


def _owner() -> Label[str]:
    return func.coalesce(schema.ASSIGNMENTS.c.owner, "").label("owner")


LISTS: Mapping[type[object], Listed[typing.Any]] = {  # each entry's own type is that of its key
    Run: _of_run(schema.RUNS, rows.of_run, rows.run),
    JobRecord: _of_run(schema.JOBS, rows.of_job, rows.job),
    EvidenceRecord: _of_run(schema.EVIDENCE, rows.of_evidence, rows.evidence),
    GapRecord: _of_run(schema.GAPS, rows.of_gap, rows.gap),
    ResultRecord: _of_run(schema.RESULTS, rows.of_result, rows.result),
    Finding: _of_run(schema.FINDINGS, rows.of_finding, rows.finding),
    Checkpoint: _of_run(schema.CHECKPOINTS, rows.of_checkpoint, rows.checkpoint),
    OwedFinding: Listed(
        source=_owed(),
        key=("test", "item"),
        write=written,
        read=_reader(OwedFinding),
        kept=False,
        source_at=_owed_at,
    ),
    ClosedSpell: _kept(ClosedSpell, schema.CLOSED_SPELLS),
    Account: _kept(Account, schema.ACCOUNTS),
    Engagement: _kept(Engagement, schema.ENGAGEMENTS),
    Passkey: _kept(Passkey, schema.PASSKEYS),
    RecoveryCode: _kept(RecoveryCode, schema.RECOVERY_CODES),
    OutsideIdentity: _kept(OutsideIdentity, schema.OUTSIDE_IDENTITIES),
    Session: _kept(Session, schema.SESSIONS),
    Invitation: _kept(Invitation, schema.INVITATIONS),
    ApiToken: _kept(ApiToken, schema.API_TOKENS),
    Act: _kept(Act, schema.ACTS),
    Assignment: _kept(Assignment, schema.ASSIGNMENTS),
    Comment: _kept(Comment, schema.COMMENTS),
    WaiverRequest: _kept(WaiverRequest, schema.WAIVER_REQUESTS),
    Webhook: _kept(Webhook, schema.WEBHOOKS),
    Delivery: _kept(Delivery, schema.DELIVERIES),
}


def listed(kind: type[K]) -> Listed[K]:
    """How a type of record is listed."""
    return cast("Listed[K]", LISTS[kind])
