import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import PublicAccessBlock, PublicAccessSetting, StorageBucket
from auditwright.integrations.aws.reading import CALLS_KEY
from auditwright.integrations.aws.s3 import (
    ACCOUNT_BLOCK,
    ACL,
    BLOCK,
    BLOCK_OF_OPENED,
    BUCKETS,
    IN_REGION,
    LARGE_REGIONS,
    LOCATION,
    POLICY,
    POLICY_STATUS,
    TAGS,
    normalize,
)
from tests.integrations.aws.ledger import LISTED, OPEN_TO_ALL, OPEN_TO_NOBODY, none_of_ledger, of_ledger
from tests.integrations.aws.live import EMULATED_ACCOUNT, prepare, run, settings
from tests.integrations.aws.shapes import GLOBAL, HOSTILE, captured, of_each, read, refused
from tests.simulators.aws_proxy import AwsProxy, refuse

ARN = "arn:aws:s3:::ledger"
NOTHING_BLOCKED = {
    "BlockPublicAcls": False,
    "IgnorePublicAcls": False,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": False,
}
ALL_BLOCKED = dict.fromkeys(NOTHING_BLOCKED, True)
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [ARN, f"{ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def bucket(*found: Evidence | Gap) -> StorageBucket:
    return next(item for item in normalize(read(LISTED, *found)) if isinstance(item, StorageBucket))


def policy(*statements: object) -> Evidence:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return of_each(POLICY, ({"Bucket": "ledger"}, {"Policy": document}), scope=GLOBAL)


def test_a_bucket_of_which_only_the_name_was_seen_is_unknown_in_every_other_way() -> None:
    found = bucket()
    assert found.id == ARN
    assert found.region == "eu-west-1"
    facts = (found.block, found.public_by_policy, found.public_by_acl, found.tls_only, found.tags)
    assert all(isinstance(fact, Unknown) for fact in facts)


def test_what_was_refused_is_quoted() -> None:
    gap = refused(POLICY, "ledger", scope=GLOBAL)
    assert bucket(gap).tls_only == Unknown(gap.sentence())
    assert bucket(gap).public_by_policy == Unknown(gap.sentence())


def test_a_statement_that_denies_plain_http_to_everybody_makes_a_bucket_tls_only() -> None:
    assert bucket(policy(TLS_ONLY)).tls_only is True


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"Principal": {"Service": "*"}},
        {"NotPrincipal": "*"},
        {"Action": "s3:GetObject"},
        {"NotAction": "s3:GetObject"},
        {"Resource": [ARN]},
        {"Resource": [f"{ARN}/*"]},
        {"Resource": [ARN, f"{ARN}/public/*"]},
        {"Resource": [f"{ARN}2", f"{ARN}2/*"]},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": ["false", "true"]}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:MultiFactorAuthPresent": "false"}}},
        {
            "Condition": {
                "Bool": {"aws:SecureTransport": "false"},
                "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
            }
        },
        {"Condition": {}},
        {"Condition": None},
    ],
)
def test_a_statement_that_leaves_a_way_for_plain_http_does_not(change: dict[str, object]) -> None:
    assert bucket(policy({**TLS_ONLY, **change})).tls_only is False


@pytest.mark.parametrize(
    "change",
    [
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["arn:aws:iam::123456789012:root", "*"]}},
        {"Action": "*"},
        {"Action": ["s3:*"]},
        {"Resource": "*"},
        {"Resource": f"{ARN}*"},
        {"Condition": {"Bool": {"AWS:SecureTransport": ["false"]}}},
        {"Condition": {"Bool": {"aws:SecureTransport": False}}},
        {"Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}},
        {"Sid": HOSTILE},
    ],
)
def test_other_ways_to_write_the_same_are_recognized(change: dict[str, object]) -> None:
    assert bucket(policy({"Effect": "Allow"}, {**TLS_ONLY, **change})).tls_only is True


def test_two_statements_may_cover_bucket_and_objects_together() -> None:
    halves = ({**TLS_ONLY, "Resource": ARN}, {**TLS_ONLY, "Resource": f"{ARN}/*"})
    assert bucket(policy(*halves)).tls_only is True


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Effect", "Principal", "Action", "Resource", "Condition", "AWS"]), inner
            )
        ),
    )
)
def test_no_policy_breaks_the_reading_and_none_by_chance_is_tls_only(value: object) -> None:
    document = of_each(
        POLICY, ({"Bucket": "ledger"}, {"Policy": json.dumps({"Statement": value})}), scope=GLOBAL
    )
    assert bucket(document).tls_only is not True


def test_a_policy_that_is_not_json_is_unknown() -> None:
    broken = of_each(POLICY, ({"Bucket": "ledger"}, {"Policy": "{"}), scope=GLOBAL)
    assert isinstance(bucket(broken).tls_only, Unknown)


def test_the_policy_is_kept_whole_and_none_differs_from_not_seen() -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    kept = bucket(policy(statement)).policy
    assert isinstance(kept, str)
    assert json.loads(kept)["Statement"] == [statement]
    assert isinstance(bucket().policy, Unknown)


def test_the_providers_verdict_on_the_policy_is_taken_over() -> None:
    for verdict in (True, False):
        status = of_each(
            POLICY_STATUS, ({"Bucket": "ledger"}, {"PolicyStatus": {"IsPublic": verdict}}), scope=GLOBAL
        )
        assert bucket(policy(TLS_ONLY), status).public_by_policy is verdict


@pytest.mark.parametrize("group", ["AllUsers", "AuthenticatedUsers"])
def test_a_grant_to_everybody_makes_a_bucket_public_by_its_list(group: str) -> None:
    def acl(uri: str) -> Evidence:
        grant = {"Grantee": {"Type": "Group", "URI": uri}, "Permission": "READ"}
        return of_each(ACL, ({"Bucket": "ledger"}, {"Grants": [grant]}), scope=GLOBAL)

    assert bucket(acl(f"http://acs.amazonaws.com/groups/global/{group}")).public_by_acl is True
    assert bucket(acl("http://acs.amazonaws.com/groups/s3/LogDelivery")).public_by_acl is False


def test_what_a_block_makes_moot_is_not_asked_and_says_so() -> None:
    account = captured(ACCOUNT_BLOCK, {"PublicAccessBlockConfiguration": ALL_BLOCKED}, scope=GLOBAL)
    own = of_each(
        BLOCK, ({"Bucket": "ledger"}, {"PublicAccessBlockConfiguration": ALL_BLOCKED}), scope=GLOBAL
    )
    for block, whose in ((account, "the account's"), (own, "the bucket's own")):
        answers = read(LISTED, block, policy(TLS_ONLY))
        assert list(ACL.asks(answers)) == []
        assert list(POLICY_STATUS.asks(answers)) == []
        found = bucket(block, policy(TLS_ONLY))
        for fact in (found.public_by_acl, found.public_by_policy):
            assert isinstance(fact, Unknown)
            assert fact.why.startswith(f"not asked: {whose} public access block")


def test_under_an_account_that_blocks_everything_the_buckets_own_blocks_are_not_asked() -> None:
    full = captured(ACCOUNT_BLOCK, {"PublicAccessBlockConfiguration": ALL_BLOCKED}, scope=GLOBAL)
    assert list(BLOCK.asks(read(LISTED, full))) == []
    assert bucket(full).block == Unknown("not asked: the account's public access block is on in full")
    for switch in ALL_BLOCKED:
        open_ = captured(
            ACCOUNT_BLOCK, {"PublicAccessBlockConfiguration": {**ALL_BLOCKED, switch: False}}, scope=GLOBAL
        )
        assert len(list(BLOCK.asks(read(LISTED, open_)))) == 1


def test_without_a_block_both_are_asked_in_the_buckets_region() -> None:
    answers = read(LISTED, policy(TLS_ONLY))
    for operation in (ACL, POLICY_STATUS):
        assert [(ask.parameters, ask.region) for ask in operation.asks(answers)] == [
            ({"Bucket": "ledger"}, "eu-west-1")
        ]


def test_an_unknown_block_makes_nothing_moot() -> None:
    answers = read(LISTED, refused(ACCOUNT_BLOCK, scope=GLOBAL), refused(BLOCK, "ledger", scope=GLOBAL))
    assert len(list(ACL.asks(answers))) == 1


def test_tags_come_by_region_and_a_bucket_that_is_not_listed_has_none() -> None:
    tagged = {"ResourceTagMappingList": [{"ResourceARN": ARN, "Tags": [{"Key": "env", "Value": "prod"}]}]}
    assert [ask.region for ask in TAGS.asks(read(LISTED))] == ["eu-west-1"]
    assert bucket(of_each(TAGS, ({}, tagged), scope=GLOBAL)).tags == (("env", "prod"),)
    assert bucket(of_each(TAGS, ({}, {"ResourceTagMappingList": []}), scope=GLOBAL)).tags == ()
    gap = refused(TAGS, "eu-west-1", scope=GLOBAL)
    assert bucket(gap).tags == Unknown(gap.sentence())


NO_POLICY = none_of_ledger(POLICY, "NoSuchBucketPolicy")


def test_the_block_of_a_bucket_that_nothing_of_its_own_opens_is_not_asked() -> None:
    seen = (NO_POLICY, of_ledger(ACL, OPEN_TO_NOBODY))
    assert [*BLOCK.asks(read(LISTED, *seen)), *BLOCK_OF_OPENED.asks(read(LISTED, *seen))] == []
    found = bucket(*seen)
    assert (found.public_by_policy, found.public_by_acl) == (False, False)
    assert isinstance(found.block, Unknown)
    assert found.block.why.startswith("not asked: the bucket has no policy")


@pytest.mark.parametrize("acl", [of_ledger(ACL, OPEN_TO_ALL), refused(ACL, "ledger", scope=GLOBAL)])
def test_the_block_of_a_bucket_that_its_list_opens_or_may_open_is_asked(acl: Evidence | Gap) -> None:
    answers = read(LISTED, NO_POLICY, acl)
    assert [ask.parameters for ask in BLOCK_OF_OPENED.asks(answers)] == [{"Bucket": "ledger"}]
    own = of_ledger(BLOCK_OF_OPENED, {"PublicAccessBlockConfiguration": ALL_BLOCKED})
    found = bucket(NO_POLICY, acl, own)
    assert isinstance(found.block, PublicAccessBlock)
    assert own.digest in found.evidence
    assert (
        bucket(NO_POLICY, acl, none_of_ledger(BLOCK_OF_OPENED, "NoSuchPublicAccessBlockConfiguration")).block
        is None
    )


NAMES = tuple(f"bucket-{number}" for number in range(len(LARGE_REGIONS) + 1))


def unnamed(names: Sequence[str] = NAMES) -> Evidence:
    """A listing that does not say where the buckets are."""
    return captured(BUCKETS, {"Buckets": [{"Name": name} for name in names]}, scope=GLOBAL)


def in_regions(**listed: Sequence[str]) -> Evidence:
    """What is listed in each of some regions, their names with underscores."""
    return of_each(
        IN_REGION,
        *(
            ({"BucketRegion": region.replace("_", "-")}, {"Buckets": [{"Name": name} for name in names]})
            for region, names in listed.items()
        ),
        scope=GLOBAL,
    )


def where(*found: Evidence | Gap) -> dict[str, str | Unknown]:
    return {item.name: item.region for item in normalize(read(*found)) if isinstance(item, StorageBucket)}


def test_where_the_listing_names_the_regions_nothing_more_is_asked_about_them() -> None:
    rows = [{"Name": name, "BucketRegion": "eu-west-1"} for name in NAMES]
    answers = read(captured(BUCKETS, {"Buckets": rows}, scope=GLOBAL))
    assert [*IN_REGION.asks(answers), *LOCATION.asks(answers)] == []


def test_of_few_buckets_without_a_region_each_is_asked() -> None:
    answers = read(unnamed(NAMES[:-1]))
    assert list(IN_REGION.asks(answers)) == []
    assert [ask.parameters["Bucket"] for ask in LOCATION.asks(answers)] == list(NAMES[:-1])


def test_of_many_buckets_without_a_region_only_those_are_asked_that_no_list_of_a_region_has() -> None:
    seen = (unnamed(), in_regions(us_east_1=NAMES[:2], eu_west_1=NAMES[2:4]))
    assert [ask.parameters["BucketRegion"] for ask in IN_REGION.asks(read(*seen))] == list(LARGE_REGIONS)
    assert [ask.parameters["Bucket"] for ask in LOCATION.asks(read(*seen))] == [NAMES[4]]
    located = of_each(LOCATION, ({"Bucket": NAMES[4]}, {"LocationConstraint": "sa-east-1"}), scope=GLOBAL)
    expected = dict(zip(NAMES, ["us-east-1"] * 2 + ["eu-west-1"] * 2 + ["sa-east-1"], strict=True))
    assert where(*seen, located) == expected
    first = next(item for item in normalize(read(*seen)) if isinstance(item, StorageBucket))
    assert seen[1].digest in first.evidence


@pytest.mark.parametrize(
    "listed",
    [
        in_regions(us_east_1=NAMES, eu_west_1=NAMES),
        in_regions(us_east_1=NAMES, eu_west_1=NAMES[:1]),
        in_regions(us_east_1=NAMES),
    ],
    ids=["all in each", "one in two", "a single list"],
)
def test_lists_that_may_not_heed_the_region_say_nothing(listed: Evidence) -> None:
    assert len(list(LOCATION.asks(read(unnamed(), listed)))) == len(NAMES)
    assert all(isinstance(region, Unknown) for region in where(unnamed(), listed).values())


def test_regions_of_other_partitions_are_not_asked_for() -> None:
    listing = replace(unnamed(), principal="arn:aws-cn:iam::123456789012:user/auditor")
    assert list(IN_REGION.asks(read(listing))) == []


def test_buckets_of_a_live_account_are_found_in_their_regions(aws: str) -> None:
    placed = dict(zip((*NAMES, "far"), ("us-west-2",) * len(NAMES) + ("sa-east-1",), strict=True))
    for name, region in placed.items():
        constraint = {"LocationConstraint": region}
        prepare(aws, "s3", "create_bucket", Bucket=name, CreateBucketConfiguration=constraint)
    seen = run(settings(aws), "aws.s3")
    assert seen.gaps == ()
    found = {item.name: item.region for item in seen.resources if isinstance(item, StorageBucket)}
    assert found == placed
    located = [item for item in seen.evidence if item.query.operation == LOCATION.name]
    assert [len(json.loads(item.body)[CALLS_KEY]) for item in located] == [1]


def test_the_accounts_setting_differs_between_none_and_not_seen() -> None:
    def setting(*found: Evidence | Gap) -> PublicAccessSetting:
        return next(item for item in normalize(read(LISTED, *found)) if isinstance(item, PublicAccessSetting))

    gap = refused(ACCOUNT_BLOCK, scope=GLOBAL)
    assert setting(gap).block == Unknown(gap.sentence())
    seen = captured(ACCOUNT_BLOCK, {"PublicAccessBlockConfiguration": ALL_BLOCKED}, scope=GLOBAL)
    assert setting(seen).block == PublicAccessBlock(
        block_public_acls=True,
        ignore_public_acls=True,
        block_public_policy=True,
        restrict_public_buckets=True,
    )


def test_buckets_of_a_live_account_are_read(aws: str) -> None:
    for name in ("open", "ledger"):
        prepare(aws, "s3", "create_bucket", Bucket=name)
    prepare(aws, "s3", "put_bucket_acl", Bucket="open", ACL="public-read")
    prepare(aws, "s3", "put_public_access_block", Bucket="ledger", PublicAccessBlockConfiguration=ALL_BLOCKED)
    prepare(aws, "s3", "put_bucket_policy", Bucket="ledger", Policy=json.dumps({"Statement": [TLS_ONLY]}))
    tags = {"TagSet": [{"Key": "env", "Value": "production"}]}
    prepare(aws, "s3", "put_bucket_tagging", Bucket="ledger", Tagging=tags)
    prepare(
        aws,
        "s3control",
        "put_public_access_block",
        AccountId=EMULATED_ACCOUNT,
        PublicAccessBlockConfiguration=NOTHING_BLOCKED,
    )

    seen = run(settings(aws), "aws.s3")

    assert seen.gaps == ()
    found = {item.name: item for item in seen.resources if isinstance(item, StorageBucket)}
    assert found["open"].public_by_acl is True
    assert found["open"].block is None
    assert found["open"].public_by_policy is False
    assert found["open"].tls_only is False
    assert found["open"].region == "us-east-1"
    assert isinstance(found["ledger"].block, PublicAccessBlock)
    assert found["ledger"].tls_only is True
    assert isinstance(found["ledger"].public_by_acl, Unknown)
    assert found["ledger"].tags == (("env", "production"),)
    assert found["open"].tags == ()
    setting = next(item for item in seen.resources if isinstance(item, PublicAccessSetting))
    assert isinstance(setting.block, PublicAccessBlock)


def test_one_refused_bucket_leaves_the_others_known(proxy: AwsProxy) -> None:
    for name in ("one", "two", "three"):
        prepare(proxy.upstream, "s3", "create_bucket", Bucket=name)
    proxy.add(refuse(), action="GetBucketPolicy", times=1)
    seen = run(settings(proxy.url), "aws.s3")
    gaps = seen.of("s3:GetBucketPolicy")
    assert len(gaps) == 1
    assert not gaps[0].hides_items
    found = {item.name: item.tls_only for item in seen.resources if isinstance(item, StorageBucket)}
    assert found.pop(gaps[0].subject) == Unknown(gaps[0].sentence())
    assert set(found.values()) == {False}
