from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import PatchState
from auditwright.integrations.aws import ssm
from tests.integrations.aws.emulated import Account, says
from tests.integrations.aws.shapes import ACCOUNT, HOSTILE, captured, of_each, read, refused
from tests.simulators.aws_proxy import AwsProxy

MACHINES = captured(
    ssm.MACHINES,
    {
        "InstanceInformationList": [
            {"InstanceId": "i-1", "ComputerName": HOSTILE},
            {"InstanceId": "mi-2"},
        ]
    },
)


def states(*rows: dict[str, object]) -> Evidence:
    return of_each(ssm.STATES, ({"InstanceIds": ["i-1", "mi-2"]}, {"InstancePatchStates": list(rows)}))


def state(instance: str, **fields: object) -> dict[str, object]:
    return {
        "InstanceId": instance,
        "PatchGroup": "",
        "BaselineId": "pb-1",
        "OperationStartTime": "2026-11-20T01:00:00Z",
        "OperationEndTime": "2026-11-20T02:00:00Z",
        "Operation": "Scan",
        **fields,
    }


def patches(*found: Evidence | Gap) -> dict[str, PatchState]:
    return {one.machine: one for one in ssm.normalize(read(MACHINES, *found)) if isinstance(one, PatchState)}


EC2_MACHINE = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"
OWN_MACHINE = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:managed-instance/mi-2"


def test_a_patch_state_belongs_to_its_machine() -> None:
    answered = states(
        state("i-1", MissingCount=3, FailedCount=1), state("mi-2", MissingCount=0, FailedCount=0)
    )
    found = patches(answered)
    assert set(found) == {EC2_MACHINE, OWN_MACHINE}
    first = found[EC2_MACHINE]
    assert (first.id, first.name) == (f"patch:{EC2_MACHINE}", HOSTILE)
    assert (first.missing, first.failed) == (3, 1)
    assert first.scanned_at is not None
    assert first.evidence == (MACHINES.digest, answered.digest)


def test_counts_that_the_answer_lacks_are_unknown_not_zero() -> None:
    found = patches(states(state("i-1")))[EC2_MACHINE]
    assert isinstance(found.missing, Unknown)
    assert isinstance(found.failed, Unknown)


def test_a_machine_that_was_never_scanned_has_no_state() -> None:
    assert set(patches(states(state("i-1", MissingCount=0)))) == {EC2_MACHINE}


def test_machines_whose_states_were_refused_are_unknown() -> None:
    found = patches(refused(ssm.STATES))
    assert set(found) == {EC2_MACHINE, OWN_MACHINE}
    assert isinstance(found[EC2_MACHINE].missing, Unknown)
    assert isinstance(found[EC2_MACHINE].scanned_at, Unknown)


def test_a_batch_that_was_refused_hides_no_machine() -> None:
    found = patches(states(state("i-1", MissingCount=0)), refused(ssm.STATES))
    assert found[EC2_MACHINE].missing == 0
    assert isinstance(found[OWN_MACHINE].missing, Unknown)


def test_states_are_asked_for_fifty_machines_at_a_time() -> None:
    many = captured(ssm.MACHINES, {"InstanceInformationList": [{"InstanceId": f"i-{n}"} for n in range(101)]})
    sizes = [len(ask.parameters["InstanceIds"]) for ask in ssm.STATES.asks(read(many))]  # type: ignore[arg-type]  # a list
    assert sizes == [50, 50, 1]
    assert list(ssm.STATES.asks(read(captured(ssm.MACHINES, {"InstanceInformationList": []})))) == []


def test_live_patch_states(proxy: AwsProxy) -> None:
    """The emulator has no managed machines; the proxy answers as AWS would."""
    listed: dict[str, object] = {"InstanceInformationList": [{"InstanceId": "i-1"}]}
    reported: dict[str, object] = {
        "InstancePatchStates": [
            {**state("i-1", MissingCount=2), "OperationStartTime": 1, "OperationEndTime": 2}
        ]
    }
    proxy.add(says(ssm.MACHINES, listed), action="DescribeInstanceInformation")
    proxy.add(says(ssm.STATES, reported), action="DescribeInstancePatchStates")
    (found,) = Account(url=proxy.url).only(ssm.STREAM)
    assert isinstance(found, PatchState)
    assert (found.machine, found.missing) == (EC2_MACHINE, 2)


def test_live_machines_that_cannot_be_listed_are_a_gap_that_hides_them(aws: str) -> None:
    found, gaps = Account(url=aws).collect(ssm.STREAM)
    assert found == []
    assert [(gap.operation, gap.hides_items) for gap in gaps] == [("ssm:DescribeInstanceInformation", True)]
