"""Prove access on what a run collected: verdicts as one more kind that control tests examine.

Proofs are computed once a run, from its populations alone, so that they can be derived again from the evidence.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from auditwright.access.picture import AWS, Populations, account_ids
from auditwright.access.proved import NamedTarget, proved_access
from auditwright.access.world import Attestation
from auditwright.core.evidence import Gap, Scope
from auditwright.core.ids import StreamId
from auditwright.core.integration import Stream
from auditwright.core.resources import AccessPrincipal, ManagedCluster, ProvedAccess
from auditwright.engine.populations import Capture, assemble
from auditwright.program.definitions import Program

PROOFS = Stream(
    id=StreamId("access.proofs"),
    title="Proofs of access",
    operations=(),
    emits=(ProvedAccess,),
    collect=lambda _: iter(()),
    normalize=lambda _, __: (),
)
"""Not collected: derived from what every other stream showed."""


def proved(captures: Sequence[Capture], program: Program, at: datetime) -> Iterator[Capture]:
    """What is proved of each cloud account that a run speaks of; nothing where it speaks of none."""
    populations = assemble(captures)
    accounts = sorted(account_ids(populations))
    if not accounts:
        return
    verdicts = tuple(
        proved_access(
            populations,
            at=at,
            attestations=attestations_of(program, at),
            named=named_targets(program),
        )
    )
    oldest = [
        true_at for kind in _LISTED if kind in populations for true_at in populations[kind].true_at.values()
    ]
    for account in accounts:
        yield Capture(
            stream=PROOFS,
            scope=Scope(source=AWS, account=account),
            answered=True,
            resources=tuple(each for each in verdicts if each.scope.account == account),
            gaps=tuple(_hiding(populations, account)),
            true_at=min(oldest, default=None),
        )


_LISTED = (AccessPrincipal.kind, ManagedCluster.kind)
"""Kinds of whose items credentials and targets are made: what hides some hides verdicts."""


def _hiding(populations: Populations, account: str) -> Iterator[Gap]:
    for kind in _LISTED:
        for gap in populations[kind].gaps if kind in populations else ():
            if gap.hides_items and gap.scope.account in {"", account}:
                yield gap


def named_targets(program: Program) -> list[NamedTarget]:
    """What the organization named to be out of reach."""
    return [
        NamedTarget(name=each.name, action=each.action, resource=each.resource)
        for each in program.access_targets
    ]


def attestations_of(program: Program, at: datetime) -> tuple[Attestation, ...]:
    """What a program vouches for that has not expired."""
    return tuple(
        Attestation(subject=each.subject, mfa_required=each.mfa_required)
        for each in program.attestations
        if at < each.until
    )
