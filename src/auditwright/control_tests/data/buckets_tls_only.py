"""Plain HTTP to buckets."""

from dataclasses import replace

from auditwright.control_tests._examples import BUCKET, REFUSED
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import StorageBucket


@control_test(
    id="data.buckets-tls-only",
    controls=("CRY-01",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "S3 > the bucket > Permissions > Bucket policy > Edit: add a statement with Effect Deny, Principal "
            '*, Action s3:*, Resource the bucket and the bucket/*, and Condition {"Bool": '
            '{"aws:SecureTransport": "false"}}.'
        ),
        command=(
            "aws s3api get-bucket-policy --bucket <bucket> --query Policy --output text > policy.json; add "
            'to its Statement: {"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":'
            '["arn:aws:s3:::<bucket>","arn:aws:s3:::<bucket>/*"],"Condition":{"Bool":'
            '{"aws:SecureTransport":"false"}}}; aws s3api put-bucket-policy --bucket <bucket> --policy '
            "file://policy.json"
        ),
        terraform=(
            'resource "aws_s3_bucket_policy" with a policy whose statement denies s3:* to everybody on the '
            'bucket and its objects under condition { test = "Bool", variable = "aws:SecureTransport", '
            'values = ["false"] }'
        ),
    ),
    examples=(
        Example(BUCKET, Satisfied()),
        Example(
            replace(BUCKET, tls_only=False),
            Deviation("no statement of the policy of invoices denies every request over plain HTTP"),
        ),
        Example(replace(BUCKET, tls_only=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def buckets_tls_only(bucket: StorageBucket) -> Outcome:
    """Every bucket refuses requests that are not encrypted in transit.

    Amazon S3 answers plain HTTP unless a bucket's policy denies it, and a client that is configured so
    sends objects readable to everybody on the way.
    """
    if isinstance(bucket.tls_only, Unknown):
        return Undetermined(bucket.tls_only.why)
    if bucket.tls_only:
        return Satisfied()
    return Deviation(f"no statement of the policy of {bucket.name} denies every request over plain HTTP")
