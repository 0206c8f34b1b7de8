"""The report as JSON for programs: `readiness.schema.json` describes it, and its version changes with it.

Text is exactly what the source gave; only lone surrogates, which no UTF-8 can hold, are written as codes.
The file is ASCII, so that hidden and reordering characters stand in it as escapes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import resources
from typing import assert_never

from auditwright.controls.library import Changed, Own, Shipped
from auditwright.core.canonical import Json
from auditwright.core.log import iso
from auditwright.core.run import EvidenceRecord
from auditwright.core.waiver import Waiver
from auditwright.engine.readiness import Tally
from auditwright.render import words
from auditwright.render.readiness import (
    CategoryView,
    ControlTestView,
    ControlView,
    CriterionView,
    FindingView,
    GapView,
    ItemView,
    PathView,
    ReadinessReport,
    SourceView,
)

SCHEMA_VERSION = "1.2"
"""The first number changes when a reader of the old form would misread the new one; the second when a field is added."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def render_json(report: ReadinessReport) -> bytes:
    """The report as ASCII JSON with one-space indents and a final line feed; the same report gives the same bytes."""
    return (json.dumps(_exact(document(report)), indent=1, ensure_ascii=True) + "\n").encode("ascii")


def schema() -> dict[str, object]:
    """The JSON Schema (draft 2020-12) of the report."""
    file = resources.files("auditwright.render").joinpath("templates", "readiness.schema.json")
    described: object = json.loads(file.read_text(encoding="utf-8"))
    assert isinstance(described, dict)
    return described


def document(report: ReadinessReport) -> Mapping[str, Json]:
    """The report as an object."""
    return {
        "schema": "auditwright.readiness",
        "schema_version": SCHEMA_VERSION,
        "generator": report.generator,
        "answer": words.headline(report),
        "summary": words.summary(report),
        "demo_notice": report.demo_notice,
        "organization": report.organization,
        "framework": {"title": report.framework_title, "version": report.framework_version},
        "period": None
        if report.period is None
        else {"start": iso(report.period.start), "end": iso(report.period.end)},
        "as_of": iso(report.as_of),
        "run": {
            "id": report.run.id,
            "started_at": iso(report.run.started_at),
            "finished_at": _time(report.run.finished_at),
            "program_sha256": report.run.program_sha256,
        },
        "sources": [_source(view) for view in report.sources],
        "log": {
            "size": report.log.size,
            "root": report.log.root,
            "note": report.log.note,
            "signed_at": _time(report.log.signed_at),
            "timestamped": report.log.timestamped,
        },
        "tallies": {
            "criteria": _tally(report.criteria_tally),
            "controls": _tally(report.controls_tally),
            "tests": _tally(report.tests_tally),
        },
        "not_observable": [_gap(view) for view in report.not_observable],
        "categories": [_category(view) for view in report.categories],
        "controls": [_control(view) for view in report.controls],
        "tests": [_test(view) for view in report.tests],
        "findings": [_finding(view) for view in report.findings],
        "evidence": [_evidence(record, report.erased.get(record.seq)) for record in report.evidence],
    }


def _source(view: SourceView) -> Mapping[str, Json]:
    return {
        "id": view.id,
        "title": view.title,
        "choices": [
            {"name": choice.name, "title": choice.title, "values": list(choice.values)}
            for choice in view.choices
        ],
    }


def _tally(tally: Tally) -> Mapping[str, Json]:
    counts = {status.name.lower(): count for status, count in tally.counts().items()}
    return {"total": tally.total, **counts}


def _gap(view: GapView) -> Mapping[str, Json]:
    gap = view.gap
    return {
        "stream": gap.stream,
        "source": gap.scope.source,
        "account": gap.scope.account,
        "region": gap.scope.region,
        "operation": gap.operation,
        "subject": gap.subject,
        "reason": gap.reason.value,
        "detail": gap.detail,
        "remedy": gap.remedy,
        "hides_items": gap.hides_items,
        "tests": list(view.tests),
        "at": iso(gap.at),
        "log_index": view.log_index,
    }


def _category(view: CategoryView) -> Mapping[str, Json]:
    return {
        "id": view.category.id,
        "title": view.category.title,
        "groups": [
            {
                "id": group.group.id,
                "title": group.group.title,
                "criteria": [_criterion(criterion) for criterion in group.criteria],
            }
            for group in view.groups
        ],
    }


def _criterion(view: CriterionView) -> Mapping[str, Json]:
    return {
        "id": view.criterion.id,
        "title": view.criterion.title,
        "status": view.status.value,
        "waived_until": _time(view.waived_until),
        "controls": list(view.controls),
        "not_applicable_controls": list(view.not_applicable),
    }


def _control(view: ControlView) -> Mapping[str, Json]:
    control = view.control
    return {
        "id": control.id,
        "version": control.version,
        "title": control.title,
        "statement": control.statement,
        "owner_role": control.owner_role,
        "cadence": control.cadence.value,
        "kind": control.kind.value,
        "criteria": list(control.criteria),
        "status": view.status.value,
        "waived_until": _time(view.waived_until),
        "tests": list(view.tests),
        **_provenance(view),
    }


def _provenance(view: ControlView) -> Mapping[str, Json]:
    reason = view.not_applicable
    said: Mapping[str, Json] = {
        "provenance": "shipped",
        "written_in": "",
        "original": None,
        "not_applicable": None
        if reason is None
        else {"reason": reason.reason, "approved_by": reason.approver},
    }
    match view.provenance:
        case Shipped():
            return said
        case Own():
            return {**said, "provenance": "own"}
        case Changed(original=original, override=override):
            before = {
                "statement": original.statement,
                "owner_role": original.owner_role,
                "cadence": original.cadence.value,
            }
            return {**said, "provenance": "changed", "written_in": override.source, "original": before}
        case unreachable:
            assert_never(unreachable)


def _test(view: ControlTestView) -> Mapping[str, Json]:
    return {
        "id": view.id,
        "title": view.title,
        "rationale": view.rationale,
        "severity": view.severity.value,
        "controls": list(view.controls),
        "settings": dict(view.settings),
        "status": view.status.value,
        "reason": words.test_reason(view),
        "conclusion": None if view.conclusion is None else view.conclusion.value,
        "concluded_at": _time(view.concluded_at),
        "population": view.population,
        "population_size": len(view.items),
        "selection": "census",
        "scopes": [
            {"source": scope.source, "account": scope.account, "region": scope.region}
            for scope in view.scopes
        ],
        "tally": _tally(view.tally),
        "gaps": [_gap(gap) for gap in view.gaps],
        "remediation": {
            "console": view.remediation.console,
            "command": view.remediation.command,
            "terraform": view.remediation.terraform,
        },
        "observations": [_item(item) for item in view.items],
    }


def _item(view: ItemView) -> Mapping[str, Json]:
    seen = view.observation
    return {
        "item": seen.item,
        "name": seen.name,
        "account": seen.account,
        "region": seen.region,
        "status": view.status.value,
        "reason": words.what(seen.outcome),
        "first_seen_at": _time(view.first_seen_at),
        "waiver": _waiver(view.waiver),
        "evidence": list(seen.evidence),
        "path": _path(view.path),
    }


def _path(path: PathView | None) -> Mapping[str, Json] | None:
    if path is None:
        return None
    return {
        "target": path.target,
        "start": list(path.start),
        "steps": list(path.steps),
        "assumptions": list(path.assumptions),
    }


def _waiver(waiver: Waiver | None) -> Mapping[str, Json] | None:
    if waiver is None:
        return None
    return {
        "id": waiver.id,
        "reason": waiver.reason,
        "requested_by": waiver.requested_by,
        "approved_by": waiver.approved_by,
        "approved_at": iso(waiver.approved_at),
        "ends_at": iso(waiver.ends_at),
    }


def _finding(view: FindingView) -> Mapping[str, Json]:
    finding = view.finding
    return {
        "test": finding.test,
        "title": view.title,
        "severity": view.severity.value,
        "status": view.status.value,
        "item": finding.item,
        "name": finding.name,
        "account": finding.account,
        "region": finding.region,
        "what": finding.what,
        "first_seen_at": iso(finding.first_seen_at),
        "last_seen_at": iso(finding.last_seen_at),
        "reopened": finding.reopened,
        "controls": list(view.controls),
        "criteria": list(view.criteria),
        "waiver": _waiver(view.waiver),
        "evidence": list(view.evidence),
        "path": _path(view.path),
    }


def _evidence(record: EvidenceRecord, erased: str | None) -> Mapping[str, Json]:
    return {
        "sha256": record.digest,
        "operation": record.query.operation,
        "parameters": [[name, value] for name, value in record.query.parameters],
        "command": record.query.command,
        "stream": record.stream,
        "source": record.scope.source,
        "account": record.scope.account,
        "region": record.scope.region,
        "principal": record.principal,
        "collected_at": iso(record.collected_at),
        "effective_at": iso(record.effective_at),
        "size_bytes": record.size_bytes,
        "collector": record.collector,
        "log_index": record.seq,
        "erased": erased,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def _exact(value: Json) -> Json:
    match value:
        case str():
            return _LONE_SURROGATE.sub(lambda found: words.visible(found[0]), value)
        case Mapping():
            return {str(_exact(key)): _exact(held) for key, held in value.items()}
        case Sequence():
            return [_exact(held) for held in value]
        case _:
            return value
