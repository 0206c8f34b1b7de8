"""Integrations: which are connected, what each was seen to show, what it could not, and what it asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from auditwright.app.connecting import read_only_policy, values_of
from auditwright.app.queries.board import board, run_as_of
from auditwright.app.queries.freshness import Source, freshness
from auditwright.app.queries.program import NamedTest, named
from auditwright.app.queries.view import View
from auditwright.app.registry import integrations
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import Integration
from auditwright.core.question import Is, Question
from auditwright.core.run import GapRecord, Run

MAX_GAPS = 20
"""Gaps that a page shows; all of them are a list of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationRow:
    """One integration, as the list shows it."""

    integration: Integration
    connected: bool
    source: Source | None
    """As the newest run saw it; None where it is not connected."""

    @property
    def can_be_connected(self) -> bool:
        """False for what Auditwright keeps itself, which has nothing to set."""
        return bool(self.integration.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationPage:
    """One integration."""

    row: IntegrationRow
    values: Mapping[str, object] | None
    """Its settings; None where it is not connected."""
    policy: str
    """The read-only policy to paste; empty where the source has no such thing."""
    run: Run | None
    gaps: tuple[GapRecord, ...]
    """The first of the newest run's."""
    gap_count: int
    tests: tuple[NamedTest, ...]
    """Tests of what it alone shows, of all that is connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationsPage:
    """All integrations."""

    rows: tuple[IntegrationRow, ...]
    collected_at: datetime | None

    @property
    def connected(self) -> int:
        """How many are connected."""
        return sum(row.connected for row in self.rows)


def integrations_page(view: View) -> IntegrationsPage:
    """All integrations, those that are connected first."""
    rows = sorted(
        (_row(view, each) for each in integrations().values()),
        key=lambda row: (not row.connected, not row.can_be_connected, row.integration.title),
    )
    run = run_as_of(view)
    return IntegrationsPage(rows=tuple(rows), collected_at=run.finished_at if run else None)


def integration_page(view: View, name: IntegrationId) -> IntegrationPage | None:
    """One integration; None where there is none of this id."""
    integration = integrations().get(name)
    if integration is None:
        return None
    run = run_as_of(view)
    where = (Is("run", run.id), Is("source", name)) if run else ()
    asked = Question(where=where, order=("seq",), limit=MAX_GAPS if run else 0)
    gaps = view.workspace.stores.records.answer(GapRecord, asked)
    return IntegrationPage(
        row=_row(view, integration),
        values=values_of(view.workspace.program, integration),
        policy=read_only_policy(integration),
        run=run,
        gaps=tuple(gaps.rows),
        gap_count=gaps.total if run else 0,
        tests=_only_shown_by(view, integration),
    )


def _row(view: View, integration: Integration) -> IntegrationRow:
    source = next((each for each in freshness(view).sources if each.id == integration.id), None)
    return IntegrationRow(
        integration=integration,
        connected=values_of(view.workspace.program, integration) is not None,
        source=source,
    )


def _only_shown_by(view: View, integration: Integration) -> tuple[NamedTest, ...]:
    """Tests that nothing else that is connected shows anything for."""
    connected = {each.id for each in view.workspace.program.integrations} - {integration.id}
    others = {
        kind
        for each in integrations().values()
        if each.id in connected
        for stream in each.streams
        for kind in stream.emits
    }
    own = {kind for stream in integration.streams for kind in stream.emits} - others
    tests = view.workspace.catalogue.tests
    return tuple(
        named(view, tests[test])
        for test in sorted(board(view).tests)
        if own.intersection(tests[test].populations)
    )
