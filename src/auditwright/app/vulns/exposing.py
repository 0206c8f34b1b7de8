"""What is known of each asset line: by the program's settings, and by what the last run collected."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from auditwright.app.concluding import seen_of
from auditwright.app.errors import AppError
from auditwright.app.workspace import Workspace
from auditwright.core.ports import StoreError
from auditwright.core.resource import Population, R, Related, Resource
from auditwright.core.resources import (
    CloudFunction,
    KubernetesCluster,
    KubernetesNamespace,
    KubernetesPod,
    NetworkEntry,
    SecurityGroup,
    VirtualMachine,
)
from auditwright.core.run import Run, RunKind, RunState
from auditwright.engine.examine import Populations, population_of
from auditwright.program.vulnerabilities import InventorySettings, VulnerabilityLine, VulnerabilitySettings
from auditwright.vulns import exposure
from auditwright.vulns.criticality import DEFAULT_MARKS, Marks, criticality_of
from auditwright.vulns.exposure import Seen, exposure_of
from auditwright.vulns.grounds import Ground, overridden, unknown
from auditwright.vulns.report import Report, Target
from auditwright.vulns.target import lines
from auditwright.vulns.triage import LineFacts

INVENTORY_DAYS: Final = 31
"""How old what was collected may be by default: a month, which no ordinary cadence of runs exceeds."""

KINDS: Final[frozenset[type[Resource]]] = frozenset(
    {
        CloudFunction,
        KubernetesCluster,
        KubernetesNamespace,
        KubernetesPod,
        NetworkEntry,
        SecurityGroup,
        VirtualMachine,
    }
)

_RUNNING: Final = frozenset({"machine", "function", "image"})
"""What an inventory can say something of."""


def line_facts(workspace: Workspace, reports: Sequence[Report], *, now: datetime) -> Mapping[str, LineFacts]:
    """What is known of every asset line that reports look at, by name. Raises AppError where evidence cannot be read."""
    settings = workspace.program.vulnerabilities
    targets: dict[str, list[Target]] = {}
    for report, named in zip(reports, lines(reports), strict=True):
        for target, line in zip(report.targets, named, strict=True):
            targets.setdefault(line.name, []).append(target)
    asked = any(target.kind in _RUNNING for target in chain.from_iterable(targets.values()))
    deriving = _Deriving(settings, _seen(workspace) if asked else None, now)
    said = {line.name: line for line in settings.lines}
    return {name: deriving.facts(name, about, said.get(name)) for name, about in targets.items()}


def _seen(workspace: Workspace) -> Seen | None:
    """What the last finished run collected; None where there is none."""
    run = _newest(workspace)
    if run is None:
        return None
    try:
        populations = seen_of(workspace, run.id, run.finished_at or run.started_at, KINDS)
    except StoreError as error:
        raise AppError(f"what the last run collected cannot be read: {error}") from None
    dates = [date for each in populations.values() for date in each.true_at.values()]
    return Seen(
        at=min((*dates, run.started_at)),
        machines=_related(VirtualMachine, populations),
        groups=_related(SecurityGroup, populations),
        entries=_related(NetworkEntry, populations),
        functions=_related(CloudFunction, populations),
        pods=_related(KubernetesPod, populations),
        namespaces=_related(KubernetesNamespace, populations),
        clusters=_related(KubernetesCluster, populations),
    )


def _related(kind: type[R], populations: Populations) -> Related[R]:
    found = population_of(kind, populations)
    items = tuple(item for item in found.items if isinstance(item, kind))
    return Related(Population(kind=kind, items=items, gaps=found.gaps, scopes=found.scopes))


def _newest(workspace: Workspace) -> Run | None:
    runs = workspace.stores.records.runs()
    finished = (run for run in reversed(runs) if run.state is RunState.FINISHED)
    return next((run for run in finished if run.kind is RunKind.COLLECTION), None)


class _Deriving:
    """Makes the facts of one line after the other."""

    def __init__(self, settings: VulnerabilitySettings, seen: Seen | None, now: datetime) -> None:
        self._marks = marks_of(settings.inventory)
        self._seen = seen
        days = settings.inventory.days or INVENTORY_DAYS
        self._old = seen is not None and now - seen.at > timedelta(days=days)

    def facts(self, name: str, targets: Sequence[Target], said: VulnerabilityLine | None) -> LineFacts:
        """What the settings say goes before what was collected, and is shown as such."""
        exposed = self._dated(self._exposed(targets), worst="yes")
        critical = self._dated(criticality_of(targets, self._seen, self._marks), worst="high")
        if said is None:
            return LineFacts(name=name, grounds=(exposed, critical))
        because = f"{said.basis} ({said.where})" if said.basis else said.where
        if said.exposed is not None:
            exposed = overridden(exposed, "yes" if said.exposed else "no", because)
        if said.criticality:
            critical = overridden(critical, said.criticality, because)
        return LineFacts(name=name, owner=said.owner, grounds=(exposed, critical))

    def _exposed(self, targets: Sequence[Target]) -> Ground:
        if self._seen is None:
            return unknown(exposure.POINT, "nothing was collected that says it")
        return exposure_of(targets, self._seen)

    def _dated(self, ground: Ground, *, worst: str) -> Ground:
        """What was collected long ago may have changed for the worse; that it was at its worst still counts."""
        if self._seen is None or not self._old or ground.value in {worst, "unknown"}:
            return ground
        why = f"it was {ground.value} when it was last collected, on {self._seen.at:%d %b %Y}, which is too long ago"
        return unknown(ground.point, why, ground.evidence)


def marks_of(settings: InventorySettings) -> Marks:
    """The tags and accounts that tell criticality, with the defaults where the program says nothing."""
    return Marks(
        tags=DEFAULT_MARKS.tags if settings.tags is None else settings.tags,
        high=DEFAULT_MARKS.high if settings.high is None else settings.high,
        medium=DEFAULT_MARKS.medium if settings.medium is None else settings.medium,
        low=DEFAULT_MARKS.low if settings.low is None else settings.low,
        production=settings.production,
    )
