"""Integrations: connected and changed, checked, and let go; credentials are no part of their settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, TypeAlias, cast

from fastapi import APIRouter, Query
from pydantic import JsonValue
from starlette.exceptions import HTTPException

from auditwright.app import connecting
from auditwright.app.errors import AppError
from auditwright.app.queries import integrations as queries
from auditwright.app.queries.freshness import Source
from auditwright.app.queries.integrations import IntegrationPage, IntegrationRow
from auditwright.app.queries.program import NamedTest
from auditwright.app.rights import Right
from auditwright.core.evidence import Scope
from auditwright.core.ids import IntegrationId, StreamId
from auditwright.core.integration import ConfigField, Integration, Stream, Takes
from auditwright.core.run import GapRecord
from auditwright.program.definitions import SETTINGS_FILE
from auditwright.web.api.rows import PREFIX, Line
from auditwright.web.problems import ProblemError, refused
from auditwright.web.visit import Visit, may

Number: TypeAlias = Annotated[int, Query(ge=1, le=connecting.MAX_NUMBER)]

Value: TypeAlias = str | Number | list[str] | list[dict[str, str | list[str]]]
"""What a setting can be given as: a text, a number, texts, or tables."""

router = APIRouter(prefix=PREFIX, tags=["Systems"])


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSummary:
    """One integration, and what the newest run saw of it."""

    id: IntegrationId
    title: str
    connected: bool
    source: Source | None
    """None where it is not connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingField:
    """One setting: what it takes, and what it is."""

    name: str
    title: str
    help: str
    required: bool
    takes: Takes
    by_hand: Sequence[str]
    """What of it is set in auditwright.toml alone: it decides where credentials go, or which programs run."""
    value: JsonValue
    """Null where it is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamNeeds:
    """One stream: what it asks for, and the kinds that it shows."""

    id: StreamId
    title: str
    permissions: Sequence[str]
    kinds: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question of a check."""

    name: str
    scope: Scope
    problem: str
    """Empty where it was answered."""
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check of an integration found."""

    started_at: datetime
    finished_at: datetime | None
    """None while it is under way."""
    questions: Sequence[Asked]
    problem: str
    """Why it could not be asked; empty where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeIntegration:
    """One integration, what it needs, and what could not be seen."""

    summary: IntegrationSummary
    about: str
    streams: Sequence[StreamNeeds]
    checked: Checked | None
    """The newest check since the server started; under way where it has not finished."""
    policy: str
    """The read-only policy that it needs; empty where the source has no such thing."""
    gaps: Sequence[GapRecord]
    """The first of the newest run's; all of them are a list of the run."""
    gap_count: int
    tests: Sequence[NamedTest]
    """Tests of what it alone shows, of all that is connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSettings:
    """Settings that are to be other than they are; the rest stays."""

    settings: dict[Line, Value | None] = field(default_factory=dict)
    """By name; null for one that is to be unset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSettings:
    """The settings of an integration, as the program folder has them now."""

    id: IntegrationId
    connected: bool
    settings: Sequence[SettingField]
    """Empty for what Auditwright keeps itself."""


@router.get("/integrations")
def rows(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Sequence[IntegrationSummary]:
    """Every integration, those that are connected first."""
    return [_summary(row) for row in queries.integrations_page(visit.view).rows]


@router.get("/integrations/{integration}")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], integration: str) -> WholeIntegration:
    """One integration: what it needs, what could not be seen, and its newest check. Its settings are told apart."""
    found = _found(visit, integration)
    known = found.row.integration
    return WholeIntegration(
        summary=_summary(found.row),
        about=known.summary,
        streams=[_needs(stream) for stream in known.streams],
        checked=_checked(visit, known),
        policy=found.policy,
        gaps=found.gaps,
        gap_count=found.gap_count,
        tests=found.tests,
    )


@router.get("/integrations/{integration}/settings")
def settings(visit: Annotated[Visit, may(Right.CONNECT)], integration: str) -> KeptSettings:
    """What can be set of an integration, and what is; a token that only reads is not told it."""
    found = _found(visit, integration)
    return _kept(found.row.integration, found.values)


@router.post("/integrations/{integration}/settings")
def save(
    visit: Annotated[Visit, may(Right.CONNECT)], integration: str, wanted: WantedSettings
) -> KeptSettings:
    """Connect an integration, or change its settings; a file that is named lies in the program folder."""
    page = _found(visit, integration)
    known = page.row.integration
    if not page.row.can_be_connected:
        raise HTTPException(404)
    fields = {each.name: each for each in known.fields}
    if problems := {name: _refusal(fields, name) for name in wanted.settings if _refusal(fields, name)}:
        raise _wrong(problems)
    given = {name: connecting.as_entered(each, page.values) for name, each in fields.items()}
    given |= {name: _entered(fields[name], value) for name, value in wanted.settings.items()}
    read = connecting.entered(visit.workspace, known, given)
    if read.problems:
        raise _wrong(read.problems)
    try:
        connecting.save(visit.workspace, known, read.changes, (visit.actor, visit.now))
    except AppError as error:
        raise ProblemError(409, str(error)) from None
    visit.site.look_again()
    return _kept(known, connecting.values_of(visit.site.workspace().program, known))


@router.post("/integrations/{integration}/check", status_code=202)
def check(visit: Annotated[Visit, may(Right.CONNECT)], integration: str) -> Checked:
    """Ask it once and cheaply whether it shows what is needed; the integration tells the answer, as `checked`."""
    known = _connected(visit, integration).row.integration
    visit.site.examinations.start(visit.workspace, known.id, visit.site.clock)
    begun = _checked(visit, known)
    assert begun is not None, "a connected integration is checked, or under check"
    return begun


@router.post("/integrations/{integration}/disconnect", status_code=204)
def disconnect(visit: Annotated[Visit, may(Right.CONNECT)], integration: str) -> None:
    """Let it go: nothing more is collected from it, and evidence and results stay."""
    known = _connected(visit, integration).row.integration
    try:
        connecting.disconnect(visit.workspace, known, (visit.actor, visit.now))
    except AppError as error:
        raise ProblemError(409, str(error)) from None
    visit.site.look_again()


def _found(visit: Visit, integration: str) -> IntegrationPage:
    found = queries.integration_page(visit.view, IntegrationId(integration))
    if found is None:
        raise HTTPException(404)
    return found


def _connected(visit: Visit, integration: str) -> IntegrationPage:
    found = _found(visit, integration)
    if not found.row.connected:
        raise HTTPException(404)
    return found


def _refusal(fields: Mapping[str, ConfigField], name: str) -> str:
    """Why a setting cannot be given here at all; empty where it can."""
    if name not in fields:
        return f"There is no such setting; there are {', '.join(fields)}."
    return f"It is set in {SETTINGS_FILE}, by whoever edits it." if name in fields[name].by_hand else ""


def _entered(field: ConfigField, value: Value | None) -> str:
    """A setting as somebody would enter it in the form of the page."""
    return "" if value is None else connecting.as_entered(field, {field.name: value})


def _wrong(problems: Mapping[str, str]) -> ProblemError:
    return refused({f"settings.{name}": says for name, says in problems.items()})


def _kept(integration: Integration, values: Mapping[str, object] | None) -> KeptSettings:
    held = values or {}
    fields = [
        SettingField(
            name=each.name,
            title=each.title,
            help=each.help,
            required=each.required,
            takes=each.takes,
            by_hand=each.by_hand,
            value=_plain(held.get(each.name)),
        )
        for each in integration.fields
    ]
    return KeptSettings(id=integration.id, connected=values is not None, settings=fields)


def _plain(value: object) -> JsonValue:
    """A value of the file as JSON has it; a time of day or a date, which no setting is, as its text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():
            return [_plain(each) for each in cast("Sequence[object]", value)]
        case dict():
            return {str(name): _plain(each) for name, each in cast("Mapping[object, object]", value).items()}
        case _:
            return str(value)


def _checked(visit: Visit, integration: Integration) -> Checked | None:
    found = visit.site.examinations.of(integration.id)
    if found is None:
        return None
    return Checked(
        started_at=found.started_at,
        finished_at=found.finished_at,
        questions=[
            Asked(name=each.name, scope=each.scope, problem=each.problem, remedy=each.remedy)
            for each in found.checks
        ],
        problem=found.problem,
    )


def _needs(stream: Stream) -> StreamNeeds:
    permissions = dict.fromkeys(each.permission for each in stream.operations if each.permission)
    kinds = [kind.kind for kind in stream.emits]
    return StreamNeeds(id=stream.id, title=stream.title, permissions=list(permissions), kinds=kinds)


def _summary(row: IntegrationRow) -> IntegrationSummary:
    return IntegrationSummary(
        id=row.integration.id, title=row.integration.title, connected=row.connected, source=row.source
    )
