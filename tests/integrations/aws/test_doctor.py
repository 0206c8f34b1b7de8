from auditwright.integrations.aws import INTEGRATION
from tests.integrations.aws.live import prepare, settings
from tests.simulators.aws_proxy import AwsProxy, expired, refuse


def test_all_is_well_where_every_operation_is_answered(aws: str) -> None:
    prepare(aws, "s3", "create_bucket", Bucket="ledger")
    found = {check.name: check for check in INTEGRATION.check(settings(aws))}
    assert found["credentials"].problem == ""
    for name in (
        "iam:GetAccountAuthorizationDetails",
        "s3:ListBuckets",
        "s3:GetBucketPolicy",
        "ec2:DescribeVolumes",
    ):
        assert found[name].problem == ""
        assert found[name].remedy == ""


def test_what_cannot_be_seen_is_named_with_the_permission_to_grant(proxy: AwsProxy) -> None:
    for name in ("one", "two"):
        prepare(proxy.upstream, "s3", "create_bucket", Bucket=name)
    proxy.add(refuse(), action="GetPublicAccessBlock", service="s3")
    found = {check.name: check for check in INTEGRATION.check(settings(proxy.url))}
    refused = found["s3:GetPublicAccessBlock"]
    assert refused.problem.startswith("refused: AccessDenied: ")
    assert refused.remedy.startswith("Grant s3:GetBucketPublicAccessBlock to arn:aws:")
    assert found["s3:ListBuckets"].problem == ""


def test_details_are_tried_on_one_item_only(proxy: AwsProxy) -> None:
    for number in range(5):
        prepare(proxy.upstream, "s3", "create_bucket", Bucket=f"bucket-{number}")
    list(INTEGRATION.check(settings(proxy.url)))
    assert proxy.count(action="GetBucketPolicy") == 1


def test_credentials_that_do_not_work_are_the_only_line(proxy: AwsProxy) -> None:
    proxy.add(expired())
    (found,) = INTEGRATION.check(settings(proxy.url))
    assert found.name == "credentials"
    assert "ExpiredToken" in found.problem
    assert found.remedy
