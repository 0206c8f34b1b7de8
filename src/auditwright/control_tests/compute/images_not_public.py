"""Machine images that anybody may start."""

from dataclasses import replace

from auditwright.control_tests._examples import IMAGE
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import MachineImage

NOT_SHOWN = Unknown("the answer has no field Public")


@control_test(
    id="compute.images-not-public",
    controls=("DAT-03",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "EC2 > AMIs > the image > Permissions > Edit AMI permissions > Private > Save changes. Replace every "
            "secret that the image held while it was public."
        ),
        command=(
            'aws ec2 modify-image-attribute --image-id <image-id> --launch-permission "Remove=[{Group=all}]"; '
            "aws ec2 enable-image-block-public-access --image-block-public-access-state block-new-sharing "
            "--region <region>"
        ),
        terraform=(
            'remove resource "aws_ami_launch_permission" with group = "all"; add resource '
            '"aws_ec2_image_block_public_access" with state = "block-new-sharing"'
        ),
    ),
    examples=(
        Example(IMAGE, Satisfied()),
        Example(replace(IMAGE, public=True), Deviation("anybody may start the image web-2026-06")),
        Example(replace(IMAGE, public=NOT_SHOWN), Undetermined(NOT_SHOWN.why)),
    ),
)
def images_not_public(image: MachineImage) -> Outcome:
    """No machine image of the organization is public.

    An image carries the code, the settings and often the secrets of the machine it was made from. Whoever
    starts it can read them all.
    """
    if isinstance(image.public, Unknown):
        return Undetermined(image.public.why)
    return Deviation(f"anybody may start the image {image.name}") if image.public else Satisfied()
