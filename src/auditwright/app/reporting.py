"""Reports: what one run came to, read back from the stores."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from auditwright.app import documents
from auditwright.app.catalogue import Catalogue
from auditwright.app.collecting import COLLECTOR
from auditwright.app.cycles import no_search_for_cycles
from auditwright.app.erased import document_of, erased, sentence, tombstones
from auditwright.app.registry import integrations, streams
from auditwright.app.waiving import waivers
from auditwright.app.workspace import Workspace
from auditwright.controls import LibraryControl
from auditwright.core.evidence import Gap, GapReason, Scope
from auditwright.core.ids import IntegrationId, RunId, StreamId, TestId
from auditwright.core.outcome import Conclusion, Result
from auditwright.core.resources import ProvedAccess
from auditwright.core.run import Finding, Run
from auditwright.engine.populations import kinds_of_operation
from auditwright.engine.timeline import DEFAULT_CADENCE
from auditwright.program.definitions import IntegrationSettings
from auditwright.render.assemble import Held, assemble
from auditwright.render.readiness import ChoiceView, LogExcerpt, ReadinessReport, SourceView


@no_search_for_cycles()
def readiness_report(
    workspace: Workspace, run: Run, *, as_of: datetime, results: Sequence[Result] = ()
) -> ReadinessReport:
    """The readiness report of a finished run; waivers and findings count as of the given time.

    `results` are those of the run, by test id, where they are at hand; else they are read from the stores.

    Where nothing was collected for longer than the cadence before that time, the results have lapsed: what
    was fine then is undetermined now.
    """
    records = workspace.stores.records
    held = workspace.catalogue
    lapse = _lapse(run, as_of)
    concluded = results or _results(workspace, run.id)
    evidence, stones = records.evidence(run.id), tombstones(records)
    return assemble(
        Held(
            organization=workspace.program.organization,
            framework=held.framework,
            criteria=held.criteria,
            controls=_controls(held),
            tests=tuple(held.tests.values()),
            settings=held.settings,
            scopes=_scopes(workspace, run.id),
            waivers=waivers(workspace),
            run=run,
            results=tuple(
                replace(result, gaps=(*lapse, *result.gaps)) if lapse else result for result in concluded
            ),
            findings=tuple(
                finding for finding in records.findings(include_closed=True) if _open_at(finding, as_of)
            ),
            evidence=evidence,
            erased={record.seq: sentence(stone) for record in evidence if (stone := erased(stones, record))},
            gaps=records.gaps(run.id),
            leaning=_leaning(workspace, run.id),
            proofs=_proofs(workspace, run, concluded),
            sources=tuple(_source(settings) for settings in workspace.program.integrations),
            log=_log(workspace),
            period=workspace.program.period,
            generator=COLLECTOR,
            demo_notice=workspace.program.notice,
        ),
        as_of=as_of,
    )


def _proofs(workspace: Workspace, run: Run, results: Sequence[Result]) -> Sequence[ProvedAccess]:
    """What the run proved of access; nothing where no proof is a deviation, and none is shown."""
    if not any(
        ProvedAccess.kind in result.population.split(" | ") and result.conclusion is Conclusion.EXCEPTIONS
        for result in results
    ):
        return ()
    return workspace.stores.inventory.resources(ProvedAccess, as_of=run.finished_at)


def _controls(held: Catalogue) -> tuple[LibraryControl, ...]:
    """The controls of the criteria in scope; those that do not apply are no less a part of the report."""
    wanted = {criterion.id for criterion in held.criteria}
    return tuple(entry for entry in held.library.entries if wanted.intersection(entry.control.criteria))


HOW_NOT_WHAT = frozenset({"attempts", "endpoint_url", "home_region", "profile", "timeout_s"})
"""Settings that say how a source is reached; every other one chooses what of it is seen."""


def _source(settings: IntegrationSettings) -> SourceView:
    integration = integrations().get(settings.id)
    choices: list[ChoiceView] = []
    for field in integration.fields if integration else ():
        values = chosen(settings.values.get(field.name, field.default))
        if values and not field.secret and field.name not in HOW_NOT_WHAT:
            choices.append(ChoiceView(name=field.name, title=field.title, values=values))
    title = integration.title if integration else settings.id
    return SourceView(id=settings.id, title=title, choices=tuple(choices))


def chosen(value: object) -> tuple[str, ...]:
    """A setting's values as text: of a table its name and id alone, of an address no credentials."""
    match value:
        case Mapping():
            named = [str(value[key]) for key in ("name", "id") if value.get(key)]
            return (" ".join(named) or "set",)
        case list() | tuple():
            return tuple(text for each in value for text in chosen(each))
        case str():
            return (_without_credentials(value),) if value else ()
        case _:
            return (str(value),)


def _without_credentials(text: str) -> str:
    """An address without what may let somebody in: user and password, query, fragment (RFC 3986 3)."""
    if "://" not in text:
        return text
    # First who asks: a password may hold what begins a query.
    return re.split("[?#]", re.sub(r"(?<=://)[^/]*@", "", text), maxsplit=1)[0]


def _lapse(run: Run, as_of: datetime) -> tuple[Gap, ...]:
    seen_at = run.finished_at or run.started_at
    if as_of - seen_at <= DEFAULT_CADENCE:
        return ()
    return (
        Gap(
            stream=StreamId("run"),
            scope=Scope(source=IntegrationId("auditwright"), account=""),
            operation="run",
            reason=GapReason.NOT_COLLECTED,
            detail=f"nothing was collected since {seen_at:%d %b %Y %H:%M} UTC, {(as_of - seen_at).days} days before this",
            remedy="Collect again: auditwright run.",
            hides_items=True,
            at=as_of,
        ),
    )


def _open_at(finding: Finding, as_of: datetime) -> bool:
    return finding.first_seen_at <= as_of and (finding.closed_at is None or finding.closed_at > as_of)


def _log(workspace: Workspace) -> LogExcerpt:
    checkpoints = workspace.stores.records.checkpoints()
    if not checkpoints:
        return LogExcerpt(size=0, root="", note="", signed_at=None, timestamped=False)
    latest = checkpoints[-1]
    return LogExcerpt(
        size=latest.size,
        root=latest.root.hex(),
        note=latest.note.decode(),
        signed_at=latest.signed_at,
        timestamped=bool(latest.timestamp),
    )


def _scopes(workspace: Workspace, run: RunId) -> Mapping[TestId, tuple[Scope, ...]]:
    pulled: dict[str, set[Scope]] = {}
    known = streams()
    for job in workspace.stores.records.jobs(run):
        stream = known.get(job.stream)
        for kind in stream.emits if stream else ():
            pulled.setdefault(kind.kind, set()).add(job.scope)
    return {
        test.id: tuple(sorted({scope for kind in test.populations for scope in pulled.get(kind.kind, ())}))
        for test in workspace.catalogue.tests.values()
    }


def _leaning(workspace: Workspace, run: RunId) -> Mapping[Gap, tuple[TestId, ...]]:
    """The tests that look things up among the items that a gap hides; those it examines say so themselves."""
    leaning: dict[Gap, tuple[TestId, ...]] = {}
    for record in workspace.stores.records.gaps(run):
        stream = streams().get(record.gap.stream)
        if stream is None or not record.gap.hides_items:
            continue
        hidden = kinds_of_operation(stream, record.gap.operation)
        leaning[record.gap] = tuple(
            test.id
            for test in workspace.catalogue.tests.values()
            if hidden.intersection(test.related.values())
        )
    return leaning


def _results(workspace: Workspace, run: RunId) -> list[Result]:
    records = workspace.stores.records
    gaps = {_gap_key(held.gap): held.gap for held in records.gaps(run)}
    stones = tombstones(records)
    return [
        _with_gaps(documents.read(workspace.stores.evidence.get(document_of(stones, record)), record), gaps)
        for record in records.results(run)
    ]


def _with_gaps(result: Result, gaps: Mapping[tuple[str, ...], Gap]) -> Result:
    """A result with its gaps as the records hold them; one that was found only while testing has no record."""
    return replace(result, gaps=tuple(gaps.get(_gap_key(gap), gap) for gap in result.gaps))


def _gap_key(gap: Gap) -> tuple[str, ...]:
    return (gap.stream, str(gap.scope), gap.operation, gap.subject, gap.reason, gap.detail)
