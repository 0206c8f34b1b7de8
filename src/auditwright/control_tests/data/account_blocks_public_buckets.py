"""A cloud account's own block of public buckets."""

from dataclasses import replace

from auditwright.control_tests._examples import ACCOUNT_BLOCK, ALL_BLOCKED, NONE_BLOCKED, REFUSED
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import PublicAccessBlock, PublicAccessSetting


@control_test(
    id="data.account-blocks-public-buckets",
    controls=("DAT-02",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "S3 > Block Public Access settings for this account > Edit > Block all public access > Save "
            "changes. A bucket that must serve the public is better served through CloudFront."
        ),
        command=(
            "aws s3control put-public-access-block --account-id <account-id> "
            "--public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,"
            "BlockPublicPolicy=true,RestrictPublicBuckets=true"
        ),
        terraform=(
            'resource "aws_s3_account_public_access_block" with block_public_acls, ignore_public_acls, '
            "block_public_policy and restrict_public_buckets = true"
        ),
    ),
    examples=(
        Example(ACCOUNT_BLOCK, Satisfied()),
        Example(replace(ACCOUNT_BLOCK, block=None), Deviation("the account has no block of public access")),
        Example(
            replace(ACCOUNT_BLOCK, block=replace(ALL_BLOCKED, restrict_public_buckets=False)),
            Deviation("switched off in the account's block of public access: RestrictPublicBuckets"),
        ),
        Example(
            replace(ACCOUNT_BLOCK, block=NONE_BLOCKED),
            Deviation(
                "switched off in the account's block of public access: BlockPublicAcls, IgnorePublicAcls, "
                "BlockPublicPolicy, RestrictPublicBuckets"
            ),
        ),
        Example(replace(ACCOUNT_BLOCK, block=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def account_blocks_public_buckets(setting: PublicAccessSetting) -> Outcome:
    """Every cloud account blocks public access to all of its buckets.

    One mistaken policy or access control list opens a bucket to everybody. The account's block holds
    whatever is written on a bucket, also on one that is made tomorrow.
    """
    block = setting.block
    if isinstance(block, Unknown):
        return Undetermined(block.why)
    if block is None:
        return Deviation("the account has no block of public access")
    off = [name for name, on in _switches(block) if not on]
    if off:
        return Deviation(f"switched off in the account's block of public access: {', '.join(off)}")
    return Satisfied()


def _switches(block: PublicAccessBlock) -> tuple[tuple[str, bool], ...]:
    return (
        ("BlockPublicAcls", block.block_public_acls),
        ("IgnorePublicAcls", block.ignore_public_acls),
        ("BlockPublicPolicy", block.block_public_policy),
        ("RestrictPublicBuckets", block.restrict_public_buckets),
    )
