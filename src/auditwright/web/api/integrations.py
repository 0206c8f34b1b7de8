"""Integrations: which are connected, and what each was seen to show; never a setting or a secret of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from starlette.exceptions import HTTPException

from auditwright.app.queries import integrations
from auditwright.app.queries.freshness import Source
from auditwright.app.queries.integrations import IntegrationRow
from auditwright.app.queries.program import NamedTest
from auditwright.app.rights import Right
from auditwright.core.ids import IntegrationId
from auditwright.core.run import GapRecord
from auditwright.web.api.rows import PREFIX
from auditwright.web.visit import Visit, may

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
class WholeIntegration:
    """One integration, what it needs, and what could not be seen."""

    summary: IntegrationSummary
    policy: str
    """The read-only policy that it needs; empty where the source has no such thing."""
    gaps: Sequence[GapRecord]
    """The first of the newest run's; all of them are a list of the run."""
    gap_count: int
    tests: Sequence[NamedTest]
    """Tests of what it alone shows, of all that is connected."""


@router.get("/integrations")
def rows(visit: Annotated[Visit, may(Right.READ_SYSTEMS)]) -> Sequence[IntegrationSummary]:
    """Every integration, those that are connected first."""
    return [_summary(row) for row in integrations.integrations_page(visit.view).rows]


@router.get("/integrations/{integration}")
def one(visit: Annotated[Visit, may(Right.READ_SYSTEMS)], integration: str) -> WholeIntegration:
    """One integration, what it needs, and what could not be seen."""
    found = integrations.integration_page(visit.view, IntegrationId(integration))
    if found is None:
        raise HTTPException(404)
    return WholeIntegration(
        summary=_summary(found.row),
        policy=found.policy,
        gaps=found.gaps,
        gap_count=found.gap_count,
        tests=found.tests,
    )


def _summary(row: IntegrationRow) -> IntegrationSummary:
    return IntegrationSummary(
        id=row.integration.id, title=row.integration.title, connected=row.connected, source=row.source
    )
