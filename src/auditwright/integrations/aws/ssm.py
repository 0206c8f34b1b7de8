"""AWS Systems Manager: what its patch manager reported of the machines that it manages."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from auditwright.core.ids import ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import PatchState
from auditwright.integrations.aws.absence import unseen
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing
from auditwright.integrations.aws.reading import Answers, Row

MAX_MACHINES_PER_CALL: Final = 50
"""Systems Manager DescribeInstancePatchStates takes at most 50 ids."""

LARGEST_PAGE: Final = 50
"""Systems Manager lists at most 50 machines at once; its own choice of 10 costs more requests."""

MACHINES: Final = Listing(
    service="ssm",
    method="DescribeInstanceInformation",
    items=("InstanceInformationList",),
    page_size=LARGEST_PAGE,
)


def _asks(answers: Answers) -> Iterator[Ask]:
    machines = [row.required_text("InstanceId") for row in answers.items(MACHINES)]
    for start in range(0, len(machines), MAX_MACHINES_PER_CALL):
        yield Ask(parameters={"InstanceIds": machines[start : start + MAX_MACHINES_PER_CALL]})


STATES: Final = Detail(
    service="ssm", method="DescribeInstancePatchStates", items=("InstancePatchStates",), asks=_asks
)


def normalize(answers: Answers) -> Iterator[Resource]:
    """The patch states of one region's managed machines.

    A managed machine of which the patch manager reported nothing has no patch state.
    """
    states = {
        row.required_text("InstanceId"): row
        for call in answers.calls(STATES)
        if call.answer is not None
        for row in call.answer.rows_or_empty("InstancePatchStates")
    }
    unreported = unseen(answers, STATES)
    for row in answers.items(MACHINES):
        instance = row.required_text("InstanceId")
        state = states.get(instance)
        facts = unreported if state is None else _facts(state)
        if facts is None:
            continue
        machine = _machine(answers, instance)
        missing, failed, scanned_at = (facts,) * 3 if isinstance(facts, Unknown) else facts
        yield PatchState(
            id=ResourceId(f"patch:{machine}"),
            name=row.text_or_none("ComputerName") or instance,
            scope=answers.scope,
            evidence=(row.digest,) if state is None else (row.digest, state.digest),
            machine=machine,
            missing=missing,
            failed=failed,
            scanned_at=scanned_at,
        )


def _facts(state: Row) -> tuple[int | Unknown, int | Unknown, datetime | Unknown]:
    return state.integer("MissingCount"), state.integer("FailedCount"), state.moment("OperationEndTime")


def _machine(answers: Answers, instance: str) -> ResourceId:
    # Machines outside EC2 are registered with an activation and bear ids that begin with "mi-".
    if instance.startswith("mi-"):
        return answers.arn("ssm", f"managed-instance/{instance}")
    return answers.arn("ec2", f"instance/{instance}")


STREAM: Final = AwsStream(
    id=StreamId("aws.ssm"),
    title="Patch states of managed machines",
    regional=True,
    operations=(MACHINES, STATES),
    emits=(PatchState,),
    normalize=normalize,
)
