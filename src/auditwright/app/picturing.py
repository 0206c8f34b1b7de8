"""The picture of access that the last run collected, for questions about it."""

from collections.abc import Iterable
from datetime import datetime

from auditwright.access import picture as pictures
from auditwright.access.world import World
from auditwright.app.concluding import captures_of
from auditwright.app.proved import attestations_of
from auditwright.app.running import latest_run
from auditwright.app.workspace import Workspace
from auditwright.engine.populations import assemble


def picture(workspace: Workspace, *, now: datetime, resources: Iterable[str] = ()) -> World:
    """The world of the last finished run, derived again from its evidence; raises AppError where there is none.

    `resources` are ARNs that will be asked about by name.
    """
    run = latest_run(workspace)
    populations = assemble(captures_of(workspace, run.id, now))
    vouched = attestations_of(workspace.program, now)
    return pictures.picture(populations, at=now, attestations=vouched, resources=resources)
