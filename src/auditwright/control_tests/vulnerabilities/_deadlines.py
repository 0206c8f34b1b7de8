"""How a vulnerability stands by its deadline: shared by the tests of each severity."""

from datetime import datetime

from auditwright.control_tests._days import in_days
from auditwright.core.control_test import Remediation
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined
from auditwright.core.resources import VulnerabilityIssue

FIX_OR_ACCEPT = Remediation(
    console=(
        "The release report > Upgrades to make: make the upgrade that clears it, build again and scan again; or accept the risk "
        "until a day, in a file under vulnerabilities/ that somebody else approves."
    ),
    command=(
        "auditwright vulns explain <id> <report>… shows which version clears it; after the upgrade: "
        "auditwright vulns triage <report>…"
    ),
    terraform=(
        "None for a package; where the image is deployed by Terraform, its new tag, such as container_definitions of "
        'resource "aws_ecs_task_definition"'
    ),
)
"""What to do about an issue that is past its deadline."""


def dealt_with(issue: VulnerabilityIssue, now: datetime, severities: frozenset[str]) -> Outcome:
    """Met, missed, within, past or accepted; not applicable for another severity. A missed deadline stays one."""
    why_not = _why_not(issue, severities, now)
    if why_not or issue.due_at is None:
        return NotApplicable(why_not)
    if issue.gone_at is not None:
        return _gone(issue, issue.gone_at, issue.due_at)
    if issue.accepted_until is not None and now < issue.accepted_until:
        return Satisfied(f"accepted until {issue.accepted_until:%Y-%m-%d}")
    if now <= issue.due_at:
        return _within(issue, issue.due_at, now)
    return Deviation(
        f"open {in_days((now - issue.due_at).days)} after its deadline of {issue.due_at:%Y-%m-%d}"
    )


def _gone(issue: VulnerabilityIssue, gone_at: datetime, due_at: datetime) -> Outcome:
    if gone_at > due_at:
        return Deviation(f"gone {in_days((gone_at - due_at).days)} after its deadline of {due_at:%Y-%m-%d}")
    if issue.out_of_use:
        return Satisfied(f"out of use since {gone_at:%Y-%m-%d}, by {issue.out_of_use}")
    return Satisfied(f"gone {in_days((gone_at - issue.detected_at).days)} after it was detected")


def _within(issue: VulnerabilityIssue, due_at: datetime, now: datetime) -> Outcome:
    unseen_days = (now - issue.last_seen_at).days
    if unseen_days > MAX_UNSEEN_DAYS:
        return Undetermined(f"nobody has looked for {in_days(unseen_days)}")
    return Satisfied(f"due on {due_at:%Y-%m-%d}")


MAX_UNSEEN_DAYS = 92
"""A quarter: how things stand with an issue that no scan has shown for longer is not known."""


def _why_not(issue: VulnerabilityIssue, severities: frozenset[str], now: datetime) -> str:
    if issue.severity not in severities:
        return f"{issue.severity} severity"
    # A statement that has an end is no longer one after it, whether anybody scanned again or not.
    if issue.not_affected and (issue.not_affected_until is None or now < issue.not_affected_until):
        return f"does not affect the asset: {issue.not_affected}"
    return "" if issue.due_at is not None else "due with the next planned upgrade"
