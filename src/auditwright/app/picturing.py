"""The picture of access that a run collected, for questions about it."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from auditwright.access import picture as pictures
from auditwright.access.world import World
from auditwright.app.concluding import captures_of
from auditwright.app.proved import attestations_of
from auditwright.app.running import latest_run
from auditwright.app.workspace import Workspace
from auditwright.core.canonical import canonical_json
from auditwright.core.evidence import Scope
from auditwright.core.ids import RunId
from auditwright.engine.populations import assemble


def picture(
    workspace: Workspace, *, now: datetime, resources: Iterable[str] = (), run: RunId | None = None
) -> World:
    """The world of a run, derived again from its evidence; without one, of the last finished run.

    Raises AppError where there is none. `resources` are ARNs that will be asked about by name.
    """
    populations = assemble(captures_of(workspace, run or latest_run(workspace).id, now))
    vouched = attestations_of(workspace.program, now)
    return pictures.picture(populations, at=now, attestations=vouched, resources=resources)


def seen_sha256(workspace: Workspace, run: RunId) -> str:
    """The digest of everything that a run saw and could not see: which evidence answered what, and its gaps."""
    records = workspace.stores.records
    evidence = sorted(
        [each.stream, *_place(each.scope), each.query.operation, each.digest]
        for each in records.evidence(run)
    )
    gaps = sorted(
        [each.gap.stream, *_place(each.gap.scope), each.gap.operation, each.gap.reason, each.gap.detail]
        for each in records.gaps(run)
    )
    return hashlib.sha256(canonical_json({"evidence": evidence, "gaps": gaps})).hexdigest()


def _place(scope: Scope) -> tuple[str, str, str]:
    return scope.source, scope.account, scope.region
