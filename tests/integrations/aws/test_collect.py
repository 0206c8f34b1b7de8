import json
from time import monotonic

import pytest

from auditwright.core.evidence import GapReason, Query, Scope
from auditwright.core.ids import IntegrationId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import StorageBucket, UserAccount
from auditwright.integrations.aws import STREAMS
from auditwright.integrations.aws.authorization import AUTHORIZATION_DETAILS
from auditwright.integrations.aws.collect import command, remedy
from auditwright.integrations.aws.operations import Ask, Detail, hides_items
from auditwright.integrations.aws.s3 import BUCKETS, POLICY
from tests.integrations.aws.live import EMULATED_ACCOUNT, prepare, run, settings
from tests.simulators.aws_proxy import AwsProxy, body, expired, forward, hang, html, refuse, throttle

HOME = Scope(source=IntegrationId("aws"), account=EMULATED_ACCOUNT)


def test_a_run_gives_the_answers_of_the_cli_as_evidence_and_resources_that_name_it(aws: str) -> None:
    prepare(aws, "iam", "create_user", UserName="ada", Tags=[{"Key": "team", "Value": "core"}])
    prepare(aws, "s3", "create_bucket", Bucket="ledger")

    seen = run(settings(aws), "aws.iam", "aws.s3")

    assert seen.gaps == ()
    details = next(
        item for item in seen.evidence if item.query.operation == "iam:GetAccountAuthorizationDetails"
    )
    fields = json.loads(details.body)
    assert [user["UserName"] for user in fields["UserDetailList"]] == ["ada"]
    assert fields["UserDetailList"][0]["CreateDate"].endswith("+00:00")
    assert "ResponseMetadata" not in fields
    assert "Marker" not in fields
    assert details.query == Query(
        operation="iam:GetAccountAuthorizationDetails",
        command="aws iam get-account-authorization-details --region us-east-1",
    )
    assert details.principal.startswith("arn:aws:")
    assert details.scope == HOME
    kept = {item.digest for item in seen.evidence}
    assert seen.resources
    for resource in seen.resources:
        assert resource.evidence
        assert set(resource.evidence) <= kept


def test_the_same_answers_give_the_same_bytes(aws: str) -> None:
    for name in ("one", "two", "three"):
        prepare(aws, "s3", "create_bucket", Bucket=f"bucket-{name}")
    first, second = (run(settings(aws), "aws.s3") for _ in range(2))
    assert [item.digest for item in first.evidence] == [item.digest for item in second.evidence]


def test_when_not_even_the_caller_is_known_every_stream_is_a_gap_and_nothing_is_claimed(
    proxy: AwsProxy,
) -> None:
    proxy.add(refuse())
    seen = run(settings(proxy.url))
    assert seen.resources == ()
    assert seen.evidence == ()
    assert {gap.stream for gap in seen.gaps} == {stream.id for stream in STREAMS}
    assert all(gap.hides_items for gap in seen.gaps)


def test_a_role_that_may_do_nothing_leaves_every_population_incomplete(proxy: AwsProxy) -> None:
    proxy.add(refuse())
    # GetCallerIdentity is answered whatever the policies say.
    proxy.add(forward(), service="sts")

    seen = run(settings(proxy.url))

    assert seen.resources == ()
    hiding = {gap.stream for gap in seen.gaps if gap.hides_items}
    assert hiding == {stream.id for stream in STREAMS}
    for gap in seen.gaps:
        assert gap.reason is GapReason.REFUSED, gap
        assert "not authorized to perform" in gap.detail
        assert gap.remedy.startswith("Grant ")


def test_a_refused_service_does_not_stop_the_others(proxy: AwsProxy) -> None:
    prepare(proxy.url, "s3", "create_bucket", Bucket="ledger")
    proxy.add(refuse(), service="iam")

    seen = run(settings(proxy.url), "aws.iam", "aws.s3")

    assert {gap.operation for gap in seen.gaps} == {
        "iam:GetAccountAuthorizationDetails",
        "iam:GenerateCredentialReport",
        "iam:GetCredentialReport",
        "iam:GetAccountSummary",
        "iam:GetAccountPasswordPolicy",
    }
    gap = seen.of("iam:GetAccountAuthorizationDetails")[0]
    assert gap.reason is GapReason.REFUSED
    assert gap.hides_items
    assert gap.remedy.startswith("Grant iam:GetAccountAuthorizationDetails to arn:aws:")
    assert [item.name for item in seen.resources if isinstance(item, StorageBucket)] == ["ledger"]
    assert not [item for item in seen.resources if isinstance(item, UserAccount)]


def page(names: list[str], *, marker: str = "") -> bytes:
    """A page of authorization details; the emulator itself has no pages of them."""
    more = (
        f"<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>"
        if marker
        else "<IsTruncated>false</IsTruncated>"
    )
    users = "".join(
        f"<member><UserName>{name}</UserName><UserId>{name}</UserId><Arn>arn:aws:iam::{EMULATED_ACCOUNT}:user/{name}</Arn>"
        "<CreateDate>2024-01-01T00:00:00Z</CreateDate><GroupList/></member>"
        for name in names
    )
    return (
        '<GetAccountAuthorizationDetailsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<GetAccountAuthorizationDetailsResult>{more}<UserDetailList>{users}</UserDetailList>"
        "<GroupDetailList/><RoleDetailList/><Policies/></GetAccountAuthorizationDetailsResult>"
        "</GetAccountAuthorizationDetailsResponse>"
    ).encode()


def test_a_refused_second_page_keeps_the_first_and_says_that_more_is_hidden(proxy: AwsProxy) -> None:
    for name in ("ada", "bob"):
        prepare(proxy.url, "iam", "create_user", UserName=name)
    proxy.add(body(200, page(["ada"], marker="2"), "text/xml"), action="GetAccountAuthorizationDetails")
    proxy.add(refuse(), action="GetAccountAuthorizationDetails", later_page=True)

    seen = run(settings(proxy.url), "aws.iam")

    users = {item.name: item for item in seen.resources if isinstance(item, UserAccount)}
    # Whom the first page does not name, the credential report does; his groups are not known.
    assert set(users) == {"ada", "bob"}
    assert users["ada"].groups == ()
    assert isinstance(users["bob"].groups, Unknown)
    gaps = seen.of("iam:GetAccountAuthorizationDetails")
    assert [(gap.reason, gap.hides_items) for gap in gaps] == [(GapReason.REFUSED, True)]


def test_pages_are_merged_into_one_answer(proxy: AwsProxy) -> None:
    proxy.add(body(200, page(["ada"], marker="2"), "text/xml"), action="GetAccountAuthorizationDetails")
    proxy.add(body(200, page(["bob"]), "text/xml"), action="GetAccountAuthorizationDetails", later_page=True)
    seen = run(settings(proxy.url), "aws.iam")
    details = next(
        item for item in seen.evidence if item.query.operation == "iam:GetAccountAuthorizationDetails"
    )
    fields = json.loads(details.body)
    assert [user["UserName"] for user in fields["UserDetailList"]] == ["ada", "bob"]
    assert set(fields) == {"UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"}
    assert seen.gaps == ()


def test_throttling_is_survived_where_it_passes(proxy: AwsProxy) -> None:
    proxy.add(throttle(), service="iam", action="GetAccountSummary", times=1)
    seen = run(settings(proxy.url, attempts=3), "aws.iam")
    assert seen.gaps == ()


def test_throttling_that_does_not_end_is_a_gap(proxy: AwsProxy) -> None:
    proxy.add(throttle(), service="iam", action="GetAccountSummary")
    seen = run(settings(proxy.url, attempts=2), "aws.iam")
    assert [(gap.operation, gap.reason) for gap in seen.gaps] == [
        ("iam:GetAccountSummary", GapReason.THROTTLED)
    ]
    assert proxy.count(action="GetAccountSummary") == 2


def test_a_region_that_does_not_answer_ends_in_time_and_is_asked_no_further(proxy: AwsProxy) -> None:
    proxy.add(hang(), region="eu-west-1")
    started = monotonic()
    seen = run(settings(proxy.url, regions=["us-east-1", "eu-west-1"], timeout_s=0.5), "aws.ec2")
    assert monotonic() - started < 8
    silent = [gap for gap in seen.gaps if gap.scope.region == "eu-west-1"]
    assert silent
    assert {gap.reason for gap in silent} == {GapReason.UNREACHABLE}
    assert any(gap.hides_items for gap in silent)
    assert not [gap for gap in seen.gaps if gap.scope.region == "us-east-1"]
    # One question of each stream waited; the others did not.
    assert sum(question.region == "eu-west-1" for question in proxy.asked) == 1


def test_credentials_that_expire_midway_end_the_questions_at_once(proxy: AwsProxy) -> None:
    for number in range(40):
        prepare(proxy.url, "s3", "create_bucket", Bucket=f"bucket-{number:02}")
    proxy.asked.clear()
    proxy.add(expired(), service="s3", action="GetPublicAccessBlock", after=5)
    proxy.add(expired(), service="s3", action="GetBucket.*")

    seen = run(settings(proxy.url), "aws.s3")

    assert {gap.reason for gap in seen.gaps} == {GapReason.CREDENTIALS}
    # What was under way in the pool may still come back; nobody begins anew.
    assert proxy.count(service="s3") < 40
    buckets = [item for item in seen.resources if isinstance(item, StorageBucket)]
    assert len(buckets) == 40
    assert all(not isinstance(bucket.tls_only, bool) for bucket in buckets)
    unasked = [gap for gap in seen.gaps if not gap.subject]
    assert {gap.operation for gap in unasked} >= {"s3:GetBucketPolicy"}


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_page_of_html_is_never_an_answer(proxy: AwsProxy, status: int) -> None:
    prepare(proxy.url, "s3", "create_bucket", Bucket="ledger")
    proxy.add(
        html(status), action="GetBucketPolicy|ListKeys|GetAccountPasswordPolicy|DescribeVolumes|ListDetectors"
    )
    proxy.add(html(status), action="GET /detector")

    seen = run(settings(proxy.url), "aws.s3", "aws.iam", "aws.ec2", "aws.kms", "aws.guardduty")

    broken = {"s3:GetBucketPolicy", "kms:ListKeys", "iam:GetAccountPasswordPolicy", "ec2:DescribeVolumes"}
    broken |= {"guardduty:ListDetectors"}
    assert {gap.operation for gap in seen.gaps} == broken
    assert {gap.reason for gap in seen.gaps} == {GapReason.UNAVAILABLE}
    for gap in seen.gaps:
        assert gap.detail in {
            f'{status}, a web page instead of an answer: "Not here"',
            f"{status}, a web page instead of an answer",
            'the answer could not be read, a web page instead of an answer: "Not here"',
        }
        assert "an emulator that does not know" in gap.remedy


def test_a_listing_that_an_emulator_does_not_know_is_asked_once_and_is_a_gap_in_every_region(
    proxy: AwsProxy,
) -> None:
    proxy.add(html(404), action="ListKeys")
    seen = run(settings(proxy.url, regions=["us-east-1", "eu-west-1", "eu-north-1"]), "aws.kms")
    gaps = [(gap.operation, gap.scope.region, gap.hides_items) for gap in seen.gaps]
    assert gaps == [("kms:ListKeys", name, True) for name in ("eu-north-1", "eu-west-1", "us-east-1")]
    assert len({gap.detail for gap in seen.gaps}) == 1
    assert proxy.count(action="ListKeys") == 1


def test_a_page_of_a_gateway_passes_and_every_region_is_asked(proxy: AwsProxy) -> None:
    proxy.add(html(502), action="ListKeys", times=1)
    seen = run(settings(proxy.url, regions=["us-east-1", "eu-west-1", "eu-north-1"]), "aws.kms")
    assert [gap.operation for gap in seen.gaps] == ["kms:ListKeys"]
    assert proxy.count(action="ListKeys") == 3


def test_an_answer_without_its_list_is_not_an_empty_list(proxy: AwsProxy) -> None:
    proxy.add(body(200, b"{}", "application/x-amz-json-1.1"), action="ListKeys")
    seen = run(settings(proxy.url), "aws.kms")
    assert [(gap.operation, gap.reason, gap.hides_items) for gap in seen.gaps] == [
        ("kms:ListKeys", GapReason.UNAVAILABLE, True)
    ]


def test_a_missing_bucket_is_not_a_bucket_without_a_policy(proxy: AwsProxy) -> None:
    prepare(proxy.url, "s3", "create_bucket", Bucket="ledger")
    proxy.add(refuse("NoSuchBucket", "The specified bucket does not exist"), action="GetBucketPolicy")
    seen = run(settings(proxy.url), "aws.s3")
    gap = seen.of("s3:GetBucketPolicy")[0]
    assert (gap.reason, gap.subject) == (GapReason.UNAVAILABLE, "ledger")


def test_no_gap_repeats_the_credentials(proxy: AwsProxy) -> None:
    said = (
        "The key AKIAIOSFODNN7EXAMPLE with wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY and session-token-of-the-test "
        "signed 6c8f0a9b1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f80"
    )
    proxy.add(refuse("SignatureDoesNotMatch", said), service="iam")
    seen = run(settings(proxy.url), "aws.iam")
    assert seen.gaps
    for gap in seen.gaps:
        for secret in ("AKIA", "wJalr", "session-token", "6c8f0a9b"):
            assert secret not in gap.detail
        assert "[redacted]" in gap.detail


def test_the_command_of_a_question_can_be_typed() -> None:
    assert (
        command(BUCKETS, (), account=EMULATED_ACCOUNT, region="eu-west-1")
        == "aws s3api list-buckets --region eu-west-1 --page-size 1000"
    )
    one = (Ask(parameters={"Bucket": "a b"}),)
    assert command(POLICY, one, account="1", region="x").endswith("--bucket 'a b'")
    two = (*one, Ask(parameters={"Bucket": "c"}))
    assert command(POLICY, two, account="1", region="x").endswith("--bucket '<Bucket>'")


def test_every_reason_for_a_gap_has_a_remedy() -> None:
    for reason in GapReason:
        assert remedy(reason, AUTHORIZATION_DETAILS, principal="", region="eu-west-1")


def test_operations_come_after_what_they_ask_about() -> None:
    for stream in STREAMS:
        kinds = [isinstance(operation, Detail) for operation in stream.operations]
        assert kinds[0] is False, f"{stream.id} begins with a detail"


def test_every_stream_has_an_operation_whose_refusal_hides_items() -> None:
    for stream in STREAMS:
        assert any(hides_items(operation) for operation in stream.operations), stream.id
