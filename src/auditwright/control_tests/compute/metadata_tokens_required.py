"""The instance metadata service."""

from dataclasses import replace

from auditwright.control_tests._examples import MACHINE
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import VirtualMachine

NOT_SHOWN = Unknown("the answer has no field MetadataOptions")


@control_test(
    id="compute.metadata-tokens-required",
    controls=("NET-05",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "See that MetadataNoToken is zero under CloudWatch > Metrics > EC2 > the instance: clients that ask "
            "without a token get no answer afterward. Then EC2 > Instances > the instance > Actions > Instance "
            "settings > Modify instance metadata options > IMDSv2: Required > Save."
        ),
        command=(
            "aws ec2 modify-instance-metadata-options --instance-id <instance-id> --http-tokens required; aws ec2 "
            "modify-instance-metadata-defaults --http-tokens required --region <region>"
        ),
        terraform=(
            'resource "aws_instance" or "aws_launch_template": metadata_options { http_tokens = "required" }'
        ),
    ),
    examples=(
        Example(MACHINE, Satisfied()),
        Example(
            replace(MACHINE, metadata_token_required=False),
            Deviation("the metadata service answers without a session token (IMDSv1)"),
        ),
        Example(
            replace(MACHINE, metadata_token_required=False, state="stopped"),
            Deviation("the metadata service answers without a session token (IMDSv1)"),
        ),
        Example(
            replace(MACHINE, metadata_enabled=False, metadata_token_required=False),
            Satisfied("the metadata service is off"),
        ),
        Example(
            replace(MACHINE, metadata_enabled=False, metadata_token_required=NOT_SHOWN),
            Satisfied("the metadata service is off"),
        ),
        Example(replace(MACHINE, metadata_enabled=NOT_SHOWN), Satisfied()),
        Example(replace(MACHINE, metadata_token_required=NOT_SHOWN), Undetermined(NOT_SHOWN.why)),
        Example(
            replace(MACHINE, metadata_enabled=NOT_SHOWN, metadata_token_required=False),
            Undetermined(NOT_SHOWN.why),
        ),
    ),
)
def metadata_tokens_required(machine: VirtualMachine) -> Outcome:
    """Every virtual machine's metadata service answers only session tokens, or is off.

    An application that can be made to fetch an address of the attacker's choice otherwise hands out the
    credentials of its machine. The token of IMDSv2 cannot be had that way.
    """
    if machine.metadata_enabled is False:
        return Satisfied("the metadata service is off")
    if isinstance(machine.metadata_token_required, Unknown):
        return Undetermined(machine.metadata_token_required.why)
    if machine.metadata_token_required:
        return Satisfied()
    if isinstance(machine.metadata_enabled, Unknown):
        return Undetermined(machine.metadata_enabled.why)
    return Deviation("the metadata service answers without a session token (IMDSv1)")
