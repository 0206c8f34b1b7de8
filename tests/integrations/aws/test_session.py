import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from auditwright.core.evidence import Evidence, Gap, GapReason
from auditwright.core.integration import ConfigError, Target
from auditwright.core.resources import CloudRegion, UserAccount
from auditwright.integrations.aws import INTEGRATION, STREAMS
from auditwright.integrations.aws.account import REGIONS, region_names
from auditwright.integrations.aws.caller import Caller, Failure
from auditwright.integrations.aws.collect import COLLECTOR
from auditwright.integrations.aws.operations import Operation
from auditwright.integrations.aws.reading import Answers
from auditwright.integrations.aws.session import Account, AwsSession, read_settings, session_for
from tests.integrations.aws.live import EMULATED_ACCOUNT, prepare, run, settings
from tests.integrations.aws.shapes import GLOBAL, captured
from tests.simulators.aws_proxy import AwsProxy, refuse

OTHER = "222222222222"
ROLE = f"arn:aws:iam::{OTHER}:role/auditwright"
REGIONAL = {stream.id for stream in STREAMS if stream.regional}
ACCOUNT_WIDE = {stream.id for stream in STREAMS if not stream.regional} - {"aws.account"}


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"acounts": []}, "unknown key 'acounts'; did you mean accounts"),
        ({"accounts": "123456789012"}, "accounts must be a list"),
        ({"accounts": [3]}, "entry 1 must be a table"),
        ({"accounts": [{"id": "12"}]}, "write the 12 digits"),
        ({"accounts": [{"id": 123456789012}]}, "id must be a text"),
        ({"accounts": [{"id": OTHER, "role": ROLE}]}, "unknown key 'role'; did you mean role_arn"),
        ({"accounts": [{"id": OTHER, "role_arn": "auditwright"}]}, "write it in full"),
        ({"accounts": [{"id": OTHER}, {"id": OTHER}]}, "names one id twice"),
        ({"regions": "eu-west-1"}, "regions must be"),
        ({"regions": [1]}, "regions must be"),
        ({"endpoint_url": "localhost:5000"}, "write a URL"),
        ({"timeout_s": 0}, "number above 0"),
        ({"timeout_s": "soon"}, "must be a number"),
        ({"attempts": True}, "number above 0"),
    ],
)
def test_wrong_settings_are_named_with_what_was_expected(config: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read_settings(config)


def test_nothing_set_means_the_credentials_own_account_and_every_region() -> None:
    for config in ({}, {"accounts": [], "regions": "all"}, {"accounts": "", "regions": ["all"]}):
        found = read_settings(config)
        assert found.accounts == (Account(),)
        assert found.regions == ()


def test_settings_hold_texts_only_and_no_secret(aws: str) -> None:
    for target in INTEGRATION.targets(settings(aws)):
        if isinstance(target, Target):
            assert all(isinstance(value, str) for value in target.settings.values())
            assert "wJalr" not in json.dumps(dict(target.settings))


def test_each_stream_has_a_target_in_the_account_or_in_each_region(aws: str) -> None:
    found = list(INTEGRATION.targets(settings(aws, regions=["us-east-1", "eu-west-1"])))
    targets = [item for item in found if isinstance(item, Target)]
    assert {item.stream for item in targets} == REGIONAL | ACCOUNT_WIDE
    for item in targets:
        assert item.scope.account == EMULATED_ACCOUNT
        assert item.scope.region in (("us-east-1", "eu-west-1") if item.stream in REGIONAL else ("",))
    assert len(targets) == 2 * len(REGIONAL) + len(ACCOUNT_WIDE)


def test_regions_in_scope_are_resources_that_name_their_evidence(aws: str) -> None:
    seen = run(settings(aws, regions=["us-east-1", "eu-west-1"]), "none")
    regions = [item for item in seen.resources if isinstance(item, CloudRegion)]
    assert {item.name for item in regions} == {"us-east-1", "eu-west-1"}
    assert {item.scope.region for item in regions} == {""}
    assert len(seen.evidence) == 2
    assert all(item.evidence == (seen.evidence[1].digest,) for item in regions)
    every = run({"endpoint_url": aws}, "none")
    assert len([item for item in every.resources if isinstance(item, CloudRegion)]) > 10


def test_a_region_that_is_not_enabled_hides_what_may_be_there(aws: str) -> None:
    seen = run(settings(aws, regions=["us-east-1", "eu-wst-1"]), "none")
    assert {gap.stream for gap in seen.gaps} == REGIONAL
    for gap in seen.gaps:
        assert gap.reason is GapReason.SWITCHED_OFF
        assert gap.hides_items
        assert gap.scope.region == "eu-wst-1"


def test_when_regions_may_not_be_listed_the_home_region_is_collected_and_the_others_are_gaps(
    proxy: AwsProxy,
) -> None:
    proxy.add(refuse(), action="DescribeRegions")
    found = list(INTEGRATION.targets({"endpoint_url": proxy.url}))
    targets = [item for item in found if isinstance(item, Target)]
    assert {item.scope.region for item in targets if item.stream in REGIONAL} == {"us-east-1"}
    gaps = [item for item in found if isinstance(item, Gap)]
    assert {gap.stream for gap in gaps} == REGIONAL | {"aws.account"}
    assert all(gap.hides_items for gap in gaps)
    assert "ec2:DescribeRegions" in gaps[0].remedy


def test_configured_regions_need_no_listing(proxy: AwsProxy) -> None:
    proxy.add(refuse(), action="DescribeRegions")
    found = list(INTEGRATION.targets(settings(proxy.url, regions=["us-east-1", "eu-west-1"])))
    regions = {item.scope.region for item in found if isinstance(item, Target) and item.stream in REGIONAL}
    assert regions == {"us-east-1", "eu-west-1"}
    assert {item.stream for item in found if isinstance(item, Gap)} == {"aws.account"}


def test_another_account_is_entered_through_its_role(aws: str) -> None:
    prepare(aws, "iam", "create_user", UserName="at-home")
    accounts = [{"id": EMULATED_ACCOUNT}, {"id": OTHER, "role_arn": ROLE, "external_id": "shared"}]
    seen = run(settings(aws, accounts=accounts), "aws.iam")
    assert seen.gaps == ()
    assert {item.scope.account for item in seen.targets} == {EMULATED_ACCOUNT, OTHER}
    users = [item for item in seen.resources if isinstance(item, UserAccount)]
    assert [(item.name, item.scope.account) for item in users] == [("at-home", EMULATED_ACCOUNT)]
    principals = {item.principal for item in seen.evidence if item.scope.account == OTHER}
    assert principals == {f"arn:aws:sts::{OTHER}:assumed-role/auditwright/auditwright"}


def test_a_role_that_cannot_be_assumed_is_a_gap_for_every_stream_of_that_account_only(
    proxy: AwsProxy,
) -> None:
    proxy.add(refuse(), action="AssumeRole")
    accounts = [{"id": EMULATED_ACCOUNT}, {"id": OTHER, "role_arn": ROLE}]
    found = list(INTEGRATION.targets(settings(proxy.url, accounts=accounts)))
    gaps = [item for item in found if isinstance(item, Gap)]
    assert {gap.stream for gap in gaps} == {stream.id for stream in STREAMS}
    assert {gap.scope.account for gap in gaps} == {OTHER}
    assert all(gap.hides_items for gap in gaps)
    assert {item.scope.account for item in found if isinstance(item, Target)} == {EMULATED_ACCOUNT}


def test_credentials_of_another_account_than_the_settings_name_are_not_used(aws: str) -> None:
    found = list(INTEGRATION.targets(settings(aws, accounts=[{"id": OTHER}])))
    assert not [item for item in found if isinstance(item, Target | Evidence)]
    gaps = [item for item in found if isinstance(item, Gap)]
    assert {gap.reason for gap in gaps} == {GapReason.CREDENTIALS}
    assert f"belong to account {EMULATED_ACCOUNT}" in gaps[0].detail


def test_without_credentials_every_stream_is_a_gap(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    found = list(INTEGRATION.targets(settings(aws)))
    gaps = [item for item in found if isinstance(item, Gap)]
    assert len(gaps) == len(found) == len(STREAMS)
    assert {gap.reason for gap in gaps} == {GapReason.CREDENTIALS}


def test_a_profile_that_does_not_exist_is_a_mistake_in_the_settings(aws: str) -> None:
    with pytest.raises(ConfigError, match="profile"):
        list(INTEGRATION.targets(settings(aws, profile="nobody")))


def test_sessions_and_clients_are_made_once(aws: str) -> None:
    first, second = (session_for({"endpoint_url": aws}) for _ in range(2))
    assert first is second
    assert first.client("iam", "us-east-1") is second.client("iam", "us-east-1")
    # S3's rules differ from region to region; the others' do not.
    assert first.client("ec2", "us-east-1") is first.client("ec2", "eu-west-1")
    assert first.client("s3", "us-east-1") is not first.client("s3", "eu-west-1")


def test_where_a_proxy_is_set_each_region_has_its_own_client(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which hosts go around the proxy is decided when a client is made."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    session = AwsSession({"endpoint_url": aws})
    assert session.client("ec2", "us-east-1") is not session.client("ec2", "eu-west-1")


SERVICES = sorted({operation.sdk_service for stream in STREAMS for operation in stream.operations})


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_asks_and_signs_in_each_region_as_one_made_for_that_region(aws: str, service: str) -> None:
    del aws  # only its credentials: no endpoint is set, so the addresses are AWS's own
    operation = next(item for stream in STREAMS for item in stream.operations if item.sdk_service == service)
    parameters = {**operation.parameters, **PARAMETERS.get(operation.method, {})}
    session = AwsSession({"home_region": "us-east-1", "attempts": "1"})
    once = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    for region in ("us-east-1", "eu-west-1", "cn-north-1"):
        plain = unshared().create_client(service, region_name=region, config=once)
        shared = session.client(service, region)
        expected = _sent(plain, operation, parameters, region)
        assert _sent(shared, operation, parameters, region) == expected, region
        assert region in expected[1] or operation.service in {"iam", "organizations"}


@cache
def unshared() -> botocore.session.Session:
    return botocore.session.Session()


PARAMETERS: Mapping[str, Mapping[str, object]] = {
    "GetPublicAccessBlock": {"AccountId": EMULATED_ACCOUNT},
    "ListSubscriptionsByTopic": {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t"},
    "GetWebACLForResource": {"ResourceArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:x"},
}


def _sent(
    client: BaseClient, operation: Operation, parameters: Mapping[str, object], region: str
) -> tuple[str, str]:
    """The address and the signature's scope of a call."""
    request = _request(client, operation, parameters, region)
    scope = re.search(r"Credential=[^/]+/\d+/([^,]+)", str(request.headers["Authorization"]))
    assert scope is not None
    return str(request.url).partition("?")[0], scope.group(1)


def _request(
    client: BaseClient, operation: Operation, parameters: Mapping[str, object], region: str
) -> AWSPreparedRequest:
    """A call as it would be sent; it is stopped before it leaves."""
    sent: list[AWSPreparedRequest] = []

    def stop(request: AWSPreparedRequest, **_: object) -> None:
        sent.append(request)
        raise EndpointConnectionError(endpoint_url=request.url)

    client.meta.events.register_first("before-send", stop)
    reply = Caller(lambda *_: client).ask(operation, parameters, region)
    client.meta.events.unregister("before-send", stop)
    assert isinstance(reply, Failure)
    assert sent, reply
    return sent[0]


def test_the_accounts_own_trail_names_who_asked(aws: str) -> None:
    session = AwsSession({"endpoint_url": aws, "attempts": "1"})
    request = _request(session.client("ec2", "eu-west-1"), REGIONS, {}, "eu-west-1")
    assert COLLECTOR in str(request.headers["User-Agent"])


def test_only_regions_of_the_callers_own_partition_are_collected(aws: str) -> None:
    """The emulator lists those of all partitions; AWS does not, and no credentials are valid in two."""
    found = list(INTEGRATION.targets({"endpoint_url": aws}))
    regions = {item.scope.region for item in found if isinstance(item, Target)}
    assert {"us-east-1", "eu-west-1"} <= regions
    assert not [name for name in regions if name.startswith(("cn-", "us-gov-"))]


def test_an_imported_list_of_regions_is_taken_whole() -> None:
    """A saved answer names no caller, so nobody knows the partition."""
    listed = captured(REGIONS, {"Regions": [{"RegionName": "us-gov-west-1"}]}, scope=GLOBAL)
    assert list(region_names(Answers([replace(listed, principal="")]))) == ["us-gov-west-1"]
    caller = f"arn:aws-us-gov:sts::{EMULATED_ACCOUNT}:assumed-role/auditor/x"
    assert list(region_names(Answers([replace(listed, principal=caller)]))) == ["us-gov-west-1"]
    caller = f"arn:aws:sts::{EMULATED_ACCOUNT}:assumed-role/auditor/x"
    assert list(region_names(Answers([replace(listed, principal=caller)]))) == []
