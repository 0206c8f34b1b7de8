"""Encryption of disk volumes."""

from dataclasses import replace

from auditwright.control_tests._examples import REFUSED, VOLUME
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import BlockVolume


@control_test(
    id="data.volumes-encrypted",
    controls=("CRY-02",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "EC2 > Settings > Data protection and security > EBS encryption > Manage > Always encrypt new EBS "
            "volumes. A volume that exists is replaced: EC2 > Volumes > the volume > Create snapshot; the "
            "snapshot > Copy snapshot > Encrypt this snapshot; Create volume from the copy; stop the "
            "instance, detach the old volume, attach the new one."
        ),
        command=(
            "aws ec2 enable-ebs-encryption-by-default --region <region>; aws ec2 create-snapshot --volume-id "
            "<volume-id>; aws ec2 copy-snapshot --source-region <region> --source-snapshot-id <snapshot-id> "
            "--encrypted; aws ec2 create-volume --snapshot-id <encrypted-snapshot-id> --availability-zone "
            "<zone>"
        ),
        terraform=(
            'resource "aws_ebs_encryption_by_default" with enabled = true; resource "aws_ebs_volume" with '
            "encrypted = true (replaces the volume)"
        ),
    ),
    examples=(
        Example(VOLUME, Satisfied()),
        Example(replace(VOLUME, encrypted=False), Deviation("the volume uploads is not encrypted")),
        Example(replace(VOLUME, encrypted=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def volumes_encrypted(volume: BlockVolume) -> Outcome:
    """Every disk volume is encrypted at rest.

    An encrypted volume cannot be read from a discarded disk, and a copy of it cannot be read without
    permission to use its key.
    """
    if isinstance(volume.encrypted, Unknown):
        return Undetermined(volume.encrypted.why)
    return Satisfied() if volume.encrypted else Deviation(f"the volume {volume.name} is not encrypted")
