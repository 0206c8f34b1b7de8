"""From what each stream captured to the populations that tests examine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditwright.core.evidence import Gap, Scope
from auditwright.core.ids import ResourceId
from auditwright.core.integration import Stream
from auditwright.core.resource import Population, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One stream of one scope: what it showed and what it did not."""

    stream: Stream
    scope: Scope
    answered: bool
    """True where the source answered anything at all; what only refused shows no kind of its stream."""
    resources: Sequence[Resource]
    gaps: Sequence[Gap]
    true_at: datetime | None = None
    """When the oldest of its answers was true; None where the source was asked just now."""


def kinds_of_operation(stream: Stream, operation: str) -> frozenset[type[Resource]]:
    """The kinds whose items a refusal of an operation hides: those that it lists, or else all of its stream."""
    listed = frozenset(kind for each in stream.operations if each.name == operation for kind in each.lists)
    return listed or frozenset(stream.emits)


def gaps_hiding(kind: type[Resource], capture: Capture) -> tuple[Gap, ...]:
    """The gaps of a capture that may hide items of a kind.

    Where the source answered nothing at all, a refused listing hides every kind of its stream: some kinds
    are derived from any answer.
    """
    return tuple(
        gap
        for gap in capture.gaps
        if gap.hides_items
        and (not capture.answered or kind in kinds_of_operation(capture.stream, gap.operation))
    )


def assemble(captures: Iterable[Capture]) -> dict[str, Population[Resource]]:
    """Every population of a run, by kind.

    An item that several scopes show (a trail of the whole organization) is examined once: the first
    scope in order counts, so that the order of collection does not matter.
    """
    items: dict[str, dict[ResourceId, Resource]] = {}
    gaps: dict[str, list[Gap]] = {}
    scopes: dict[str, set[Scope]] = {}
    true_at: dict[str, dict[Scope, datetime]] = {}
    kinds: dict[str, type[Resource]] = {}
    for capture in sorted(captures, key=lambda capture: (capture.scope, capture.stream.id)):
        for kind in capture.stream.emits:
            kinds[kind.kind] = kind
            hidden = gaps_hiding(kind, capture)
            gaps.setdefault(kind.kind, []).extend(hidden)
            if capture.answered and not hidden:
                scopes.setdefault(kind.kind, set()).add(capture.scope)
            if capture.true_at is not None:
                dates = true_at.setdefault(kind.kind, {})
                dates[capture.scope] = min(capture.true_at, dates.get(capture.scope, capture.true_at))
        emitted = {kind.kind for kind in capture.stream.emits}
        for resource in capture.resources:
            assert resource.kind in emitted, f"{capture.stream.id} does not say that it emits {resource.kind}"
            items.setdefault(resource.kind, {}).setdefault(resource.id, resource)
    return {
        name: Population(
            kind=kind,
            items=tuple(items.get(name, {}).values()),
            gaps=tuple(gaps.get(name, ())),
            scopes=tuple(sorted(scopes.get(name, ()))),
            true_at=true_at.get(name, {}),
        )
        for name, kind in kinds.items()
    }
