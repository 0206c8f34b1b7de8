"""The report as OSCAL assessment results (NIST), so that other tools can read it.

1. A criterion is a finding. OSCAL knows satisfied and not-satisfied only, so whatever is not satisfied is
   not-satisfied; the property `status` has our word for it. What was not seen never becomes satisfied.
2. Each test is an observation, and so is each of its items that is not satisfied, and each gap.
3. Identifiers are UUIDs of version 5: the same report gives the same bytes.
4. Text from outside is made visible, and escaped where OSCAL holds Markdown.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from uuid import NAMESPACE_URL, uuid5

from auditwright.core.canonical import Json
from auditwright.core.ids import Digest, ResourceId
from auditwright.core.run import EvidenceRecord
from auditwright.engine.readiness import Status
from auditwright.render import words
from auditwright.render.readiness import (
    ControlTestView,
    CriterionView,
    GapView,
    ItemView,
    ReadinessReport,
)

PROPERTY_NAMESPACE = "urn:auditwright:oscal:1"
"""The `ns` of our properties."""

MAX_TITLE = 200
"""Characters of a title; the whole text stands in the description."""

Object = Mapping[str, Json]


class OscalVersion(StrEnum):
    """The versions that can be written; for what is written here they differ in nothing but their name."""

    V1_2_1 = "1.2.1"
    V1_1_2 = "1.1.2"


def render_oscal(report: ReadinessReport, *, version: OscalVersion = OscalVersion.V1_2_1) -> bytes:
    """The report as OSCAL assessment-results JSON, in ASCII with a final line feed."""
    results = _Results(report).document(version)
    return (json.dumps({"assessment-results": results}, indent=1, ensure_ascii=True) + "\n").encode("ascii")


_EXPLAINED = {
    Status.DEVIATION: "fail",
    Status.UNDETERMINED: "other",
    Status.NO_TEST: "other",
    Status.WAIVED: "fail",
    Status.SATISFIED: "pass",
    Status.DID_NOT_OCCUR: "other",
    Status.NOT_APPLICABLE: "other",
}

_NOTEWORTHY = (Status.DEVIATION, Status.UNDETERMINED, Status.WAIVED)
"""The items that are observations of their own; the others are counted in the observation of their test."""


class _Results:
    """One document: the report, and the identifiers that its parts refer to each other by."""

    def __init__(self, report: ReadinessReport) -> None:
        self._report = report
        self._known = {record.digest for record in report.evidence}
        self._tests = {view.id: view for view in report.tests}
        self._controls = {view.control.id: view for view in report.controls}

    def document(self, version: OscalVersion) -> Object:
        report = self._report
        return {
            "uuid": self._id("document", version.value),
            "metadata": {
                "title": _line(f"Readiness of {words.clipped(report.organization, MAX_TITLE)}"),
                "last-modified": _time(report.as_of),
                "version": _string(report.run.id),
                "oscal-version": version.value,
                "props": _props({"generator": report.generator, "demo-notice": report.demo_notice}),
                "remarks": _text(words.NO_OPINION),
            },
            "import-ap": {"href": f"#{self._id('plan')}", "remarks": _text(_PLAN)},
            "results": [self._result()],
            "back-matter": {"resources": [self._plan(), *self._evidence()]},
        }

    def _result(self) -> Object:
        report = self._report
        return _without_empty(
            {
                "uuid": self._id("result"),
                "title": _line(words.headline(report)),
                "description": _text(words.summary(report)),
                "start": _time(report.run.started_at),
                "end": _time(report.run.finished_at or report.as_of),
                "props": _props(
                    {
                        "log-size": str(report.log.size),
                        "log-root": report.log.root,
                        "as-of": _time(report.as_of),
                        "gaps": str(len(report.not_observable)),
                        **{
                            f"source-{_token(source.id)}": words.choices(source) or "connected"
                            for source in report.sources
                        },
                    }
                ),
                "local-definitions": _without_empty({"inventory-items": list(self._inventory())}),
                "reviewed-controls": {
                    "control-selections": [
                        {
                            "include-controls": [
                                {"control-id": _token(view.criterion.id)} for view in report.criteria
                            ]
                        }
                        if report.criteria
                        else {"include-all": {}}
                    ]
                },
                "observations": [
                    *(self._gap(place, view) for place, view in enumerate(report.not_observable)),
                    *(each for test in report.tests for each in self._observations(test)),
                ],
                "findings": [self._finding(view) for view in report.criteria],
            }
        )

    def _finding(self, view: CriterionView) -> Object:
        controls = [self._controls[control_id] for control_id in view.controls]
        tests = dict.fromkeys(test_id for control in controls for test_id in control.tests)
        # (1) Only what is satisfied is satisfied.
        state = "satisfied" if view.status is Status.SATISFIED else "not-satisfied"
        return _without_empty(
            {
                "uuid": self._id("finding", view.criterion.id),
                "title": _line(f"{view.criterion.id} {view.criterion.title}"),
                "description": _text(words.criterion_reason(controls, view.not_applicable)),
                "props": _props(
                    {
                        "status": view.status.value,
                        "controls": ", ".join(view.controls),
                        "controls-not-applicable": ", ".join(view.not_applicable),
                    }
                ),
                "target": {
                    "type": "objective-id",
                    "target-id": _token(view.criterion.id),
                    "title": _line(view.criterion.title),
                    "props": _props({"status": view.status.value}),
                    "status": {
                        "state": state,
                        "reason": _EXPLAINED[view.status],
                        "remarks": _text(words.status_word(view.status, view.waived_until)),
                    },
                },
                "related-observations": [
                    {"observation-uuid": self._id("test", test_id)} for test_id in tests
                ],
                **self._decided(view),
            }
        )

    def _decided(self, view: CriterionView) -> Object:
        """What the organization decided of the controls of a criterion; without that, nothing."""
        named = [self._controls[control_id] for control_id in (*view.controls, *view.not_applicable)]
        said = [
            f"{each.control.control.id}: {each.what.lower()}. {each.why}" for each in words.decisions(named)
        ]
        return {"remarks": _text(" ".join(said))} if said else {}

    def _observations(self, test: ControlTestView) -> Iterable[Object]:
        yield _without_empty(
            {
                "uuid": self._id("test", test.id),
                "title": _line(test.title),
                "description": _text(f"{words.test_reason(test)} {test.rationale}".strip()),
                "props": _props(
                    {
                        "status": test.status.value,
                        "test": test.id,
                        "severity": test.severity.value,
                        "controls": ", ".join(test.controls),
                        "population": words.kind_words(test.population),
                        "population-size": str(len(test.items)),
                        "selection": "census",
                        "conclusion": "not run" if test.conclusion is None else test.conclusion.value,
                        **{
                            f"items-{status.value.replace(' ', '-')}": str(count)
                            for status, count in test.tally.counts().items()
                            if count
                        },
                    }
                ),
                "methods": ["TEST"],
                "types": ["control-objective"],
                "relevant-evidence": self._cited(
                    dict.fromkeys(each for item in test.items for each in item.observation.evidence)
                ),
                "collected": _time(test.concluded_at or self._report.as_of),
            }
        )
        for item in test.items:
            if item.status in _NOTEWORTHY:
                yield self._item(test, item)

    def _item(self, test: ControlTestView, item: ItemView) -> Object:
        seen = item.observation
        waiver = item.waiver
        return _without_empty(
            {
                "uuid": self._id("item", test.id, seen.item),
                "title": _line(f"{words.status_word(item.status)}: {words.clip(seen.name, MAX_TITLE).text}"),
                "description": _text(words.what(seen.outcome)),
                "props": _props(
                    {
                        "status": item.status.value,
                        "test": test.id,
                        "first-seen": "" if item.first_seen_at is None else _time(item.first_seen_at),
                        "waiver": "" if waiver is None else waiver.id,
                        "waived-until": "" if waiver is None else _time(waiver.ends_at),
                        "waived-by": "" if waiver is None else waiver.approved_by,
                        "waived-because": "" if waiver is None else waiver.reason,
                    }
                ),
                "methods": ["TEST"],
                "types": ["finding"],
                "subjects": [{"subject-uuid": self._item_id(seen.item), "type": "inventory-item"}],
                "relevant-evidence": self._cited(seen.evidence),
                "collected": _time(test.concluded_at or self._report.as_of),
            }
        )

    def _gap(self, place: int, view: GapView) -> Object:
        gap = view.gap
        return {
            "uuid": self._id("gap", str(place), gap.sentence()),
            "title": _line(f"Not observable: {words.clip(gap.operation, MAX_TITLE).text}"),
            "description": _text(f"{gap.sentence()} {gap.remedy}"),
            "props": _props(
                {
                    "status": "not observable",
                    "hides": "items" if gap.hides_items else "facts",
                    "tests": ", ".join(view.tests),
                    "log-index": "" if view.log_index is None else str(view.log_index),
                }
            ),
            "methods": ["EXAMINE"],
            "types": ["finding"],
            "collected": _time(gap.at),
        }

    def _inventory(self) -> Iterable[Object]:
        named: dict[ResourceId, ItemView] = {}
        for test in self._report.tests:
            for item in test.items:
                if item.status in _NOTEWORTHY:
                    named.setdefault(item.observation.item, item)
        for item_id, item in named.items():
            seen = item.observation
            yield {
                "uuid": self._item_id(item_id),
                "description": _text(seen.name),
                "props": _props({"item": item_id, "account": seen.account, "region": seen.region}),
            }

    def _cited(self, digests: Iterable[Digest]) -> Sequence[Object]:
        return [
            {"href": f"#{self._evidence_id(digest)}", "description": f"SHA-256 {digest}"}
            if digest in self._known
            else {"description": f"SHA-256 {words.visible(digest)}, not in this run"}
            for digest in digests
        ]

    def _plan(self) -> Object:
        return {
            "uuid": self._id("plan"),
            "title": "Program definitions",
            "description": _text(_PLAN),
            "props": _props({"program-sha256": self._report.run.program_sha256}),
        }

    def _evidence(self) -> Iterable[Object]:
        seen: set[Digest] = set()
        for record in self._report.evidence:
            if record.digest not in seen:
                seen.add(record.digest)
                yield self._record(record)

    def _record(self, record: EvidenceRecord) -> Object:
        erased = self._report.erased.get(record.seq, "")
        return {
            "uuid": self._evidence_id(record.digest),
            "title": _line(words.clip(record.query.operation, MAX_TITLE).text),
            "description": _text(
                f"{record.query.operation} in {record.scope}. {record.query.command}"
                f"{f' The bytes were {erased}' if erased else ''}"
            ),
            "props": _props(
                {
                    "collected-at": _time(record.collected_at),
                    "effective-at": _time(record.effective_at),
                    "size-bytes": str(record.size_bytes),
                    "log-index": str(record.seq),
                    "collector": record.collector,
                    "erased": erased,
                }
            ),
            "rlinks": [
                {
                    "href": f"sha256/{record.digest[:2]}/{record.digest[2:4]}/{record.digest}",
                    "hashes": [{"algorithm": "SHA-256", "value": record.digest}],
                }
            ],
        }

    def _id(self, kind: str, *names: str) -> str:
        """(3) An identifier within this organization and run."""
        return _uuid(kind, self._report.organization, self._report.run.id, *names)

    def _item_id(self, item: ResourceId) -> str:
        # The same in every run, as OSCAL asks of an identifier of a subject.
        return _uuid("resource", self._report.organization, item)

    def _evidence_id(self, digest: Digest) -> str:
        return _uuid("evidence", digest)


_PLAN = (
    "The plan is the organization's program folder as it was read for the run: criteria in scope, controls, "
    "tests, and settings. Every item of each population is examined."
)

_OURS = uuid5(NAMESPACE_URL, PROPERTY_NAMESPACE)


def _uuid(*names: str) -> str:
    # Each name by its digest: no name can run into the next, and any text can be a name.
    parts = (hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest() for name in names)
    return str(uuid5(_OURS, " ".join(parts)))


def _props(values: Mapping[str, str]) -> Sequence[Object]:
    return [
        {"name": name, "ns": PROPERTY_NAMESPACE, "value": _string(value)}
        for name, value in values.items()
        if value
    ]


def _string(text: str) -> str:
    """A StringDatatype: one line that neither begins nor ends with space, and is not empty."""
    return words.visible(text).strip() or "(empty)"


_MARKDOWN = re.compile(r"""([\\`*_{}\[\]<>#~^$&"]|^[-+=]|(?<=^\d)[.)])""")
"""What CommonMark and OSCAL's own markup give a meaning to, on a line that stands alone."""


def _line(text: str) -> str:
    """A line of OSCAL markup that shows exactly this text."""
    return _MARKDOWN.sub(r"\\\1", _string(text))


def _text(text: str) -> str:
    """A paragraph of OSCAL markup that shows exactly this text, on one line."""
    return _line(text)


_NOT_IN_TOKEN = re.compile(r"[^\w.\-]", re.ASCII)


def _token(text: str) -> str:
    """A TokenDatatype from an id; ids of criteria already are."""
    safe = _NOT_IN_TOKEN.sub("-", text)
    return safe if safe[:1].isalpha() else f"_{safe}"


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _without_empty(value: Object) -> Object:
    # OSCAL's arrays have at least one member; one without is left out.
    return {key: held for key, held in value.items() if held not in ([], {})}
