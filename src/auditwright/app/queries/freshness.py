"""Freshness: what each source was seen of, when, and what of it was declared and not observed."""

from dataclasses import dataclass
from datetime import datetime

from auditwright.app.queries.attention import gaps_of_run
from auditwright.app.queries.board import board
from auditwright.app.queries.view import View
from auditwright.app.registry import integrations
from auditwright.core.ids import IntegrationId
from auditwright.core.run import JobRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One account or repository of a source: how much of it the newest run observed."""

    source: IntegrationId
    account: str
    observed: int
    """Streams and regions that were seen completely."""
    declared: int
    gaps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One connected integration as the newest run saw it."""

    id: IntegrationId
    title: str
    collected_at: datetime | None
    """None where the newest run asked nothing of it."""
    observed: int
    declared: int
    gaps: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Every source, and all of their streams together."""

    sources: tuple[Source, ...]
    fresh: int
    lapsed: int
    not_observable: int

    @property
    def total(self) -> int:
        """Every stream in every place."""
        return self.fresh + self.lapsed + self.not_observable


def freshness(view: View) -> Freshness:
    """What the newest run as of the view's time saw of each source; raises StoreError."""
    run = board(view).run
    jobs = view.memo.get(
        ("jobs", run.id if run else None),
        lambda: tuple(view.workspace.stores.records.jobs(run.id)) if run else (),
    )
    sources = tuple(_source(view, each.id, jobs) for each in view.workspace.program.integrations)
    observed = sum(each.observed for each in sources)
    lapsed = board(view).lapsed
    return Freshness(
        sources=sources,
        fresh=0 if lapsed else observed,
        lapsed=observed if lapsed else 0,
        not_observable=sum(each.declared - each.observed for each in sources),
    )


def _source(view: View, source: IntegrationId, jobs: tuple[JobRecord, ...]) -> Source:
    its_jobs = [job for job in jobs if job.scope.source == source]
    known = integrations().get(source)
    places = tuple(
        _place(view, source, account, [job for job in its_jobs if job.scope.account == account])
        for account in sorted({job.scope.account for job in its_jobs})
    )
    return Source(
        id=source,
        title=known.title if known else source,
        collected_at=max((job.finished_at for job in its_jobs), default=None),
        observed=sum(each.observed for each in places),
        declared=sum(each.declared for each in places),
        gaps=sum(gap.scope.source == source for gap in gaps_of_run(view)),
        places=places,
    )


def _place(view: View, source: IntegrationId, account: str, jobs: list[JobRecord]) -> Place:
    return Place(
        source=source,
        account=account,
        observed=sum(job.complete for job in jobs),
        declared=len(jobs),
        gaps=sum(gap.scope.source == source and gap.scope.account == account for gap in gaps_of_run(view)),
    )
