"""Integrations: which are connected, what the newest run saw of each, and what each asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from auditwright.app.checking import Checked
from auditwright.app.queries.attention import gaps_of_run
from auditwright.app.queries.board import board
from auditwright.app.queries.freshness import Source, freshness
from auditwright.app.queries.view import View
from auditwright.app.registry import integrations
from auditwright.core.evidence import Gap
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import Integration
from auditwright.core.run import Run
from auditwright.program.definitions import IntegrationSettings

MAX_GAPS = 12
"""Gaps that the page of an integration shows; the run has all of them."""


class Health(StrEnum):
    """What can be said of an integration, from the newest run and the check that came after it."""

    NOT_CONNECTED = "not-connected"
    NEVER_ASKED = "never-asked"
    BROKEN = "broken"
    """The newest check could not go on, as with a wrong setting."""
    GAPS = "gaps"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One integration, connected or not."""

    integration: Integration
    settings: IntegrationSettings | None
    """None: it is not connected."""
    source: Source | None
    checked: Checked | None
    """A check of these very settings."""

    @property
    def health(self) -> Health:
        """One word for how it stands; a failed check is never passed over."""
        if self.settings is None:
            return Health.NOT_CONNECTED
        if self.checked and self.checked.problem:
            return Health.BROKEN
        if self.checked and self.checked.problems:
            return Health.GAPS
        if self.source is None or self.source.collected_at is None:
            return Health.NEVER_ASKED
        return (
            Health.GAPS
            if self.source.gaps or self.source.observed < self.source.declared
            else Health.COMPLETE
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationPage:
    """One integration with its last run."""

    connection: Connection
    run: Run | None
    gaps: tuple[Gap, ...]
    gaps_total: int


def connections(view: View, checks: Mapping[IntegrationId, Checked]) -> tuple[Connection, ...]:
    """Every integration that there is, those that are connected first; raises StoreError."""
    sources = {source.id: source for source in freshness(view).sources}
    settings = {each.id: each for each in view.workspace.program.integrations}

    def connection(each: Integration) -> Connection:
        held, checked = settings.get(each.id), checks.get(each.id)
        return Connection(
            integration=each,
            settings=held,
            source=sources.get(each.id),
            checked=checked if checked and held and checked.settings.values == held.values else None,
        )

    found = [connection(each) for each in integrations().values()]
    return tuple(sorted(found, key=lambda each: (each.settings is None, each.integration.title.lower())))


def integration_page(
    view: View, wanted: IntegrationId, checks: Mapping[IntegrationId, Checked]
) -> IntegrationPage | None:
    """One integration; None where there is none of this id. Raises StoreError."""
    for connection in connections(view, checks):
        if connection.integration.id == wanted:
            gaps = [gap for gap in gaps_of_run(view) if gap.scope.source == wanted]
            return IntegrationPage(
                connection=connection,
                run=board(view).run,
                gaps=tuple(gaps[:MAX_GAPS]),
                gaps_total=len(gaps),
            )
    return None
