"""The paths that proofs of access found, by the item that a control test examined."""

from collections.abc import Mapping, Sequence
from itertools import takewhile

from auditwright.access.proved import REACHABLE
from auditwright.core.ids import ResourceId
from auditwright.core.resources import ProvedAccess
from auditwright.render.readiness import PathView


def paths(proofs: Sequence[ProvedAccess]) -> Mapping[ResourceId, PathView]:
    """The path of each proof that reaches its target; one that only cannot be ruled out is none."""
    credentials = {each.credential for each in proofs}
    return {each.id: _path(each, credentials) for each in proofs if each.verdict == REACHABLE and each.path}


def _path(proof: ProvedAccess, credentials: set[str]) -> PathView:
    # Every credential is proved by itself too, so that those which a path begins with are known by name.
    count = max(1, sum(1 for _ in takewhile(credentials.__contains__, proof.path)))
    return PathView(
        target=proof.target,
        start=proof.path[:count],
        steps=proof.path[count:],
        assumptions=proof.assumptions,
    )
