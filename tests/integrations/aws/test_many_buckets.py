"""An account with thousands of buckets: every one is examined, in pieces of evidence that a person can read."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import process_time
from typing import cast

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.resources import StorageBucket
from auditwright.integrations.aws import s3
from auditwright.integrations.aws.caller import Caller
from auditwright.integrations.aws.collect import CALLS_PER_EVIDENCE, Place, collect
from auditwright.integrations.aws.reading import CALLS_KEY, Answers
from tests.integrations.aws.shapes import ACCOUNT, GLOBAL, checked

BUCKETS = 5_000
PAGE = 1_000
REGIONS = ("us-east-1", "eu-west-1")

Answer = Mapping[str, object]


class Pages:
    """The pages of one listing, as botocore's paginator gives them."""

    def __init__(self, pages: list[Answer]) -> None:
        self.pages = pages
        self.non_aggregate_part: Answer = {}

    def paginate(self, **_: object) -> "Pages":
        return self

    def __iter__(self) -> Iterator[Answer]:
        return iter(self.pages)


class Storage:
    """Object storage that answers without a network, in the forms of botocore's models."""

    def can_paginate(self, method: str) -> bool:
        return method in {"list_buckets", "get_resources"}

    def get_paginator(self, method: str) -> Pages:
        if method == "get_resources":
            return Pages([{"ResourceTagMappingList": []}])
        listed = [{"Name": name(number), "BucketRegion": REGIONS[number % 2]} for number in range(BUCKETS)]
        pages = [listed[start : start + PAGE] for start in range(0, BUCKETS, PAGE)]
        return Pages([checked(s3.BUCKETS, {"Buckets": page}) for page in pages])

    def get_public_access_block(self, **asked: str) -> Answer:
        if "AccountId" in asked:
            raise none("NoSuchPublicAccessBlockConfiguration")
        off = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True}
        return {"PublicAccessBlockConfiguration": {**off, "RestrictPublicBuckets": False}}

    def get_bucket_policy(self, *, Bucket: str) -> Answer:  # noqa: N803  # AWS's name
        if is_open(Bucket):
            statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
            return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
        raise none("NoSuchBucketPolicy")

    def get_bucket_policy_status(self, *, Bucket: str) -> Answer:  # noqa: N803
        return {"PolicyStatus": {"IsPublic": is_open(Bucket)}}

    def get_bucket_acl(self, **_: str) -> Answer:
        grantee = {"Type": "CanonicalUser", "ID": "0" * 64}
        return {"Owner": {"ID": "0" * 64}, "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}


def name(number: int) -> str:
    return f"bucket-{number:05}"


def held_bytes() -> int:
    """The memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def is_open(bucket: str) -> bool:
    return bucket.endswith("7")


def none(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "there is none"}}, "x")


def test_thousands_of_buckets_are_all_examined_in_bounded_memory_and_time() -> None:
    storage = cast("BaseClient", Storage())
    place = Place(scope=GLOBAL, region="us-east-1", principal=f"arn:aws:iam::{ACCOUNT}:user/auditor")
    held_before, start = held_bytes(), process_time()
    captured = list(collect(s3.STREAM, place, Caller(lambda *_: storage)))
    evidence = [item for item in captured if isinstance(item, Evidence)]
    assert not [item for item in captured if isinstance(item, Gap)]
    found = [item for item in s3.normalize(Answers(evidence)) if isinstance(item, StorageBucket)]
    spent_s, held_more = process_time() - start, held_bytes() - held_before

    assert sorted(bucket.name for bucket in found) == [name(number) for number in range(BUCKETS)]
    assert sum(bucket.public_by_policy is True for bucket in found) == BUCKETS / 10
    assert sum(bucket.public_by_policy is False for bucket in found) == BUCKETS * 9 / 10
    assert all(bucket.public_by_acl is False and bucket.tags == () for bucket in found)
    assert {bucket.region for bucket in found} == set(REGIONS)

    details = [item for item in evidence if item.query.operation != "s3:ListBuckets"]
    calls = {item.digest: len(json.loads(item.body).get(CALLS_KEY, ())) for item in details}
    assert max(calls.values()) == CALLS_PER_EVIDENCE
    for bucket in found:
        # A bucket rests on the pieces that speak of it, not on all of them.
        assert len(bucket.evidence) <= 5

    # Four answers for each bucket, held as bytes and as what was read from them.
    assert held_more < 100_000_000
    assert spent_s < 10
