"""Buckets that trails write to."""

from dataclasses import replace

from auditwright.control_tests._examples import (
    ACCOUNT_BLOCK,
    ALL_BLOCKED,
    NO_ACCOUNT_BLOCK,
    REFUSED,
    TRAIL,
    TRAIL_BUCKET,
)
from auditwright.control_tests._public_buckets import ways_in
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resource import Related
from auditwright.core.resources import AuditTrail, PublicAccessSetting, StorageBucket

BARE = replace(TRAIL_BUCKET, block=None)
POLICY_BLOCKED = replace(ALL_BLOCKED, ignore_public_acls=False)


@control_test(
    id="monitoring.trail-bucket-private",
    controls=("LOG-02", "DAT-02"),
    severity=Severity.CRITICAL,
    remediation=Remediation(
        console=(
            "S3 > the trail's bucket > Permissions > Block public access (bucket settings) > Edit > Block all "
            "public access > Save changes."
        ),
        command=(
            "aws s3api put-public-access-block --bucket <bucket> --public-access-block-configuration "
            "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
        ),
        terraform=(
            'resource "aws_s3_bucket_public_access_block": block_public_acls = true, ignore_public_acls = true, '
            "block_public_policy = true, restrict_public_buckets = true"
        ),
    ),
    examples=(
        Example(TRAIL, Satisfied("writes to acme-trails"), given=(TRAIL_BUCKET, NO_ACCOUNT_BLOCK)),
        Example(TRAIL, Satisfied("writes to acme-trails"), given=(BARE, NO_ACCOUNT_BLOCK)),
        Example(
            TRAIL,
            Satisfied("writes to acme-trails"),
            given=(replace(BARE, public_by_policy=True, public_by_acl=REFUSED), ACCOUNT_BLOCK),
        ),
        Example(
            TRAIL,
            Deviation("the policy of the bucket acme-trails opens it to the public"),
            given=(replace(BARE, public_by_policy=True), NO_ACCOUNT_BLOCK),
        ),
        Example(
            TRAIL,
            Deviation("the access control list of the bucket acme-trails opens it to the public"),
            given=(replace(TRAIL_BUCKET, block=POLICY_BLOCKED, public_by_acl=True), NO_ACCOUNT_BLOCK),
        ),
        Example(
            TRAIL,
            Deviation(
                "the policy and the access control list of the bucket acme-trails open it to the public"
            ),
            given=(replace(BARE, public_by_policy=True, public_by_acl=True), NO_ACCOUNT_BLOCK),
        ),
        Example(
            TRAIL,
            Undetermined(REFUSED.why),
            given=(replace(BARE, public_by_policy=REFUSED), NO_ACCOUNT_BLOCK),
        ),
        Example(
            TRAIL,
            Undetermined("the block of public access of account 111122223333 was not seen"),
            given=(replace(BARE, public_by_policy=True),),
        ),
        Example(TRAIL, Undetermined("the bucket acme-trails is in no account that was collected")),
        Example(replace(TRAIL, bucket=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def trail_bucket_private(
    trail: AuditTrail, *, buckets: Related[StorageBucket], account_settings: Related[PublicAccessSetting]
) -> Outcome:
    """Every bucket that a trail writes to is closed to the public.

    A trail tells an attacker who the administrators are and what they use. The trail of an organization
    is often kept in an account of its own: that account has to be collected too.
    """
    if isinstance(trail.bucket, Unknown):
        return Undetermined(trail.bucket.why)
    # The name of a bucket belongs to one account alone, whichever that is.
    found = next((bucket for bucket in buckets if bucket.name == trail.bucket), None)
    if found is None:
        unseen = buckets.absence()
        nowhere = f"the bucket {trail.bucket} is in no account that was collected"
        return Undetermined(nowhere if unseen is None else unseen.why)
    opened_by = ways_in(found, account_settings)
    if isinstance(opened_by, Unknown):
        return Undetermined(opened_by.why)
    if not opened_by:
        return Satisfied(f"writes to {found.name}")
    ways, verb = " and the ".join(opened_by), "opens" if len(opened_by) == 1 else "open"
    return Deviation(f"the {ways} of the bucket {found.name} {verb} it to the public")
