"""From what each stream captured to the populations that tests examine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditwright.core.evidence import Gap, Scope
from auditwright.core.ids import ResourceId
from auditwright.core.integration import Stream
from auditwright.core.resource import Population, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One stream of one scope: what it showed and what it did not."""

    stream: Stream
    scope: Scope
    resources: Sequence[Resource]
    gaps: Sequence[Gap]


def gaps_hiding(kind: type[Resource], capture: Capture) -> tuple[Gap, ...]:
    """The gaps of a capture that may hide items of a kind.

    A refused operation hides the kinds that it lists; where it lists none, every kind of its stream.
    """
    lists = {operation.name: operation.lists for operation in capture.stream.operations}
    return tuple(
        gap
        for gap in capture.gaps
        if gap.hides_items and kind in (lists.get(gap.operation) or capture.stream.emits)
    )


def assemble(captures: Iterable[Capture]) -> dict[str, Population[Resource]]:
    """Every population of a run, by kind.

    An item that several scopes show (a trail of the whole organization) is examined once: the first
    scope in order counts, so that the order of collection does not matter.
    """
    items: dict[str, dict[ResourceId, Resource]] = {}
    gaps: dict[str, list[Gap]] = {}
    scopes: dict[str, set[Scope]] = {}
    kinds: dict[str, type[Resource]] = {}
    for capture in sorted(captures, key=lambda capture: (capture.scope, capture.stream.id)):
        for kind in capture.stream.emits:
            kinds[kind.kind] = kind
            hidden = gaps_hiding(kind, capture)
            gaps.setdefault(kind.kind, []).extend(hidden)
            if not hidden:
                scopes.setdefault(kind.kind, set()).add(capture.scope)
        for resource in capture.resources:
            items.setdefault(resource.kind, {}).setdefault(resource.id, resource)
    return {
        name: Population(
            kind=kind,
            items=tuple(items.get(name, {}).values()),
            gaps=tuple(gaps.get(name, ())),
            scopes=tuple(sorted(scopes.get(name, ()))),
        )
        for name, kind in kinds.items()
    }
