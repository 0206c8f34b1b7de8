"""Buckets that are open to everybody."""

from dataclasses import replace

from auditwright.control_tests._examples import (
    ACCOUNT_BLOCK,
    ALL_BLOCKED,
    BUCKET,
    NO_ACCOUNT_BLOCK,
    NONE_BLOCKED,
    REFUSED,
)
from auditwright.control_tests._public_buckets import ways_in
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resource import Related
from auditwright.core.resources import PublicAccessSetting, StorageBucket

_BARE = replace(BUCKET, block=None)


@control_test(
    id="data.buckets-not-public",
    controls=("DAT-02",),
    severity=Severity.CRITICAL,
    remediation=Remediation(
        console=(
            "S3 > the bucket > Permissions > Block public access (bucket settings) > Edit > Block all public "
            "access > Save changes; then remove what opened it under Bucket policy or Access control list."
        ),
        command=(
            "aws s3api put-public-access-block --bucket <bucket> --public-access-block-configuration "
            "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
        ),
        terraform=(
            'resource "aws_s3_bucket_public_access_block" with bucket = <bucket> and block_public_acls, '
            "ignore_public_acls, block_public_policy and restrict_public_buckets = true"
        ),
    ),
    examples=(
        Example(BUCKET, Satisfied(), given=(ACCOUNT_BLOCK,)),
        Example(_BARE, Satisfied(), given=(NO_ACCOUNT_BLOCK,)),
        Example(
            replace(_BARE, public_by_policy=True),
            Deviation("its policy opens it to the public, and no block restrains it"),
            given=(NO_ACCOUNT_BLOCK,),
        ),
        Example(
            replace(BUCKET, block=NONE_BLOCKED, public_by_acl=True),
            Deviation("its access control list opens it to the public, and no block restrains it"),
            given=(NO_ACCOUNT_BLOCK,),
        ),
        Example(
            replace(_BARE, public_by_policy=True, public_by_acl=True),
            Deviation(
                "its policy and its access control list open it to the public, and no block restrains them"
            ),
            given=(NO_ACCOUNT_BLOCK,),
        ),
        Example(
            # Refusing new public lists does not close the one that is there.
            replace(BUCKET, block=replace(NONE_BLOCKED, block_public_acls=True), public_by_acl=True),
            Deviation("its access control list opens it to the public, and no block restrains it"),
            given=(NO_ACCOUNT_BLOCK,),
        ),
        Example(replace(_BARE, public_by_policy=True), Satisfied(), given=(ACCOUNT_BLOCK,)),
        Example(
            replace(BUCKET, public_by_policy=REFUSED, public_by_acl=REFUSED),
            Satisfied(),
            given=(NO_ACCOUNT_BLOCK,),
        ),
        Example(replace(_BARE, public_by_acl=REFUSED), Undetermined(REFUSED.why), given=(NO_ACCOUNT_BLOCK,)),
        Example(
            replace(_BARE, public_by_policy=True),
            Undetermined(REFUSED.why),
            given=(replace(ACCOUNT_BLOCK, block=REFUSED),),
        ),
        Example(
            replace(_BARE, public_by_policy=True),
            Undetermined("the block of public access of account 111122223333 was not seen"),
        ),
        Example(
            replace(BUCKET, block=replace(ALL_BLOCKED, ignore_public_acls=False), public_by_acl=REFUSED),
            Undetermined(REFUSED.why),
            given=(NO_ACCOUNT_BLOCK,),
        ),
    ),
)
def buckets_not_public(bucket: StorageBucket, *, account_settings: Related[PublicAccessSetting]) -> Outcome:
    """No bucket is open to the public, by its policy or by its access control list.

    Public buckets are among the commonest ways in which customer data is lost. What the bucket says is
    held against its own block and the account's: a public policy is restrained by RestrictPublicBuckets, a
    public list by IgnorePublicAcls, on either of the two. Lists on single objects are not seen here; the
    account's block, which data.account-blocks-public-buckets asks for, makes them ineffective too.
    """
    opened_by = ways_in(bucket, account_settings)
    if isinstance(opened_by, Unknown):
        return Undetermined(opened_by.why)
    if not opened_by:
        return Satisfied()
    ways = " and ".join(f"its {way}" for way in opened_by)
    verb, them = ("opens", "it") if len(opened_by) == 1 else ("open", "them")
    return Deviation(f"{ways} {verb} it to the public, and no block restrains {them}")
