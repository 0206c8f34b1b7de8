"""Waivers, wherever they were written: in the program folder, or asked for and approved by people.

Asking, deciding and ending are acts: each is a record with its leaf in the log.
"""

from auditwright.app.workspace import Workspace
from auditwright.core.act import Decision, WaiverRequest
from auditwright.core.question import Is
from auditwright.core.waiver import InvalidWaiverError, Waiver


def waivers(workspace: Workspace) -> tuple[Waiver, ...]:
    """Every waiver that was ever approved; each says itself when it counts."""
    approved = workspace.stores.records.kept(WaiverRequest, Is("decision", Decision.APPROVED))
    asked = (_waiver(request) for request in approved)
    return (*workspace.program.waivers, *(waiver for waiver in asked if waiver is not None))


def _waiver(request: WaiverRequest) -> Waiver | None:
    """The waiver that an approved request is; None where it was ended before it began to count."""
    assert request.decided_at is not None, "an approval has its time"
    ends_at = min(request.ends_at, request.ended_at or request.ends_at)
    try:
        return Waiver(
            id=request.id,
            test=request.test,
            items=request.items,
            reason=request.reason,
            requested_by=request.requested_name,
            approved_by=request.decided_name,
            approved_at=request.decided_at,
            ends_at=ends_at,
        )
    except InvalidWaiverError:
        return None
