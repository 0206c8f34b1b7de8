"""Patches of running machines."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from auditwright.control_tests._days import ago, days_since
from auditwright.control_tests._examples import MACHINE, PATCHES, days_ago
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resource import Related
from auditwright.core.resources import PatchState, VirtualMachine

NOT_SHOWN = Unknown("the answer has no field MissingCount")


@control_test(
    id="compute.machines-patched",
    controls=("VUL-03",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "Systems Manager > Patch Manager > Create patch policy: operation Scan and install, the targets, a "
            "schedule > Create patch policy; or Patch now for one machine. A machine that reports nothing "
            "needs the SSM agent and a role with AmazonSSMManagedInstanceCore."
        ),
        command=(
            "aws ssm send-command --document-name AWS-RunPatchBaseline --targets "
            "Key=InstanceIds,Values=<instance-id> --parameters Operation=Install; aws ssm "
            "describe-instance-patch-states --instance-ids <instance-id>"
        ),
        terraform=(
            'resource "aws_ssm_association": name = "AWS-RunPatchBaseline", parameters = { Operation = "Install" }, '
            "targets and schedule_expression"
        ),
    ),
    examples=(
        Example(MACHINE, Satisfied("scanned 1 day ago"), given=(PATCHES,)),
        Example(
            MACHINE,
            Deviation("3 patches missing, 1 failed to install"),
            given=(replace(PATCHES, missing=3, failed=1),),
        ),
        Example(
            MACHINE,
            Deviation("1 patch missing"),
            given=(replace(PATCHES, missing=1, failed=Unknown("the answer has no field FailedCount")),),
        ),
        Example(MACHINE, Deviation("reports no patch state")),
        Example(MACHINE, Deviation("was never scanned"), given=(replace(PATCHES, scanned_at=None),)),
        Example(
            MACHINE,
            Deviation("the last scan was 45 days ago; the limit is 30"),
            given=(replace(PATCHES, scanned_at=days_ago(45)),),
        ),
        Example(
            MACHINE,
            Deviation("the last scan was 8 days ago; the limit is 7"),
            given=(replace(PATCHES, scanned_at=days_ago(8)),),
            settings={"max_scan_age_days": 7},
        ),
        Example(replace(MACHINE, state="stopped"), NotApplicable("the machine is stopped")),
        Example(MACHINE, Undetermined(NOT_SHOWN.why), given=(replace(PATCHES, missing=NOT_SHOWN),)),
        Example(
            MACHINE,
            Undetermined("the source gives 2026-07-05, which is 4 days ahead"),
            given=(replace(PATCHES, scanned_at=days_ago(-4)),),
        ),
        Example(replace(MACHINE, state=""), Undetermined("the source does not say whether the machine runs")),
    ),
)
def machines_patched(
    machine: VirtualMachine, *, now: datetime, patches: Related[PatchState], max_scan_age_days: int = 30
) -> Outcome:
    """No running machine lacks a patch, by a scan of the last `max_scan_age_days` days.

    A known flaw is the cheapest way in. A machine of which the patch manager knows nothing counts as not
    patched: nobody can show that it is.
    """
    if not machine.state:
        return Undetermined("the source does not say whether the machine runs")
    if machine.state != "running":
        return NotApplicable(f"the machine is {machine.state}")
    reported = [state for state in patches if state.machine == machine.id]
    if not reported:
        unseen = patches.absence_at(machine.scope)
        return Deviation("reports no patch state") if unseen is None else Undetermined(unseen.why)
    return _worst([_of(state, now, max_scan_age_days) for state in reported])


def _of(state: PatchState, now: datetime, max_scan_age_days: int) -> Outcome:
    lacking = ", ".join(_lacking(state))
    if lacking:
        return Deviation(lacking)
    if state.scanned_at is None:
        return Deviation("was never scanned")
    age_days = days_since(state.scanned_at, now)
    for fact in (state.missing, state.failed, age_days):
        if isinstance(fact, Unknown):
            return Undetermined(fact.why)
    assert isinstance(age_days, int)
    if age_days > max_scan_age_days:
        return Deviation(f"the last scan was {ago(age_days)}; the limit is {max_scan_age_days}")
    return Satisfied(f"scanned {ago(age_days)}")


def _lacking(state: PatchState) -> Iterator[str]:
    if isinstance(state.missing, int) and state.missing:
        yield "1 patch missing" if state.missing == 1 else f"{state.missing} patches missing"
    if isinstance(state.failed, int) and state.failed:
        yield f"{state.failed} failed to install"


def _worst(outcomes: list[Outcome]) -> Outcome:
    for kind in (Deviation, Undetermined):
        for outcome in outcomes:
            if isinstance(outcome, kind):
                return outcome
    return outcomes[0]
