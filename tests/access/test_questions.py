"""Targets that an organization names, ACTION@RESOURCE: whose policy counts, who can rewrite it, and what fits a pattern."""

import pytest

from tests.access.accounts import (
    ACCOUNT,
    CLOSED,
    REACHABLE,
    UNKNOWN,
    UNREACHABLE,
    Json,
    allow,
    answer,
    arn,
    deny,
    document,
    held,
    role,
    snapshot,
    trust,
    user,
)

BUCKET = "arn:aws:s3:::customers"
KEY = "arn:aws:kms:us-east-1:111122223333:key/k"
OBJECT = f"s3:GetObject@{BUCKET}/a"
ANY_OBJECT = f"s3:GetObject@{BUCKET}/*"
DECRYPT = f"kms:Decrypt@{KEY}"
TAKE = f"sts:AssumeRole@{arn('role', 'r')}"
ALICE = {"AWS": arn("user", "alice")}


OF_THE_ACCOUNT = document(
    {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
)
WITH_MFA: dict[str, Json] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def granted(resource: str, **condition: Json) -> Json:
    statement: Json = {"Effect": "Allow", "Principal": ALICE, "Action": "s3:GetObject", "Resource": resource}
    return {BUCKET: document({**statement, "Condition": condition} if condition else statement)}


def alone(*statements: Json, **beside: object) -> Json:
    """Alice with a plain key, a role that she is to take, and nothing else."""
    trusted = beside.pop("trusted", CLOSED)
    assert isinstance(trusted, dict)
    return snapshot(user("alice", *statements), role("r", trusted), credentials=(held("alice"),), **beside)


QUESTIONS: list[tuple[str, Json, str, str]] = [
    (
        "the bucket's policy grants an object",
        alone(resourcePolicies=granted(f"{BUCKET}/*")),
        OBJECT,
        REACHABLE,
    ),
    (
        "the bucket's policy grants with a second factor",
        alone(resourcePolicies=granted(f"{BUCKET}/*", **WITH_MFA)),
        OBJECT,
        UNREACHABLE,
    ),
    (
        "whoever rewrites the bucket's policy has its objects",
        alone(allow("s3:PutBucketPolicy", BUCKET)),
        OBJECT,
        REACHABLE,
    ),
    ("of another bucket", alone(allow("s3:PutBucketPolicy", f"{BUCKET}-b")), OBJECT, UNREACHABLE),
    (
        "a bucket's policy is no key's, and grants of the key were not seen",
        alone(allow("s3:*"), resourcePolicies={KEY: OF_THE_ACCOUNT}),
        DECRYPT,
        UNKNOWN,
    ),
    (
        "whoever rewrites the key's policy decrypts",
        alone(allow("kms:PutKeyPolicy"), resourcePolicies={KEY: OF_THE_ACCOUNT}),
        DECRYPT,
        REACHABLE,
    ),
    ("a key's grant is none on a bucket", alone(allow("kms:*")), OBJECT, UNREACHABLE),
    ("any object, one is allowed", alone(allow("s3:GetObject", f"{BUCKET}/public/*")), ANY_OBJECT, REACHABLE),
    (
        "any object, one is granted",
        alone(resourcePolicies=granted(f"{BUCKET}/public/*")),
        ANY_OBJECT,
        REACHABLE,
    ),
    (
        "any object, none is of this bucket",
        alone(allow("s3:GetObject", f"{BUCKET}-b/*")),
        ANY_OBJECT,
        UNREACHABLE,
    ),
    (
        "any object, all are denied",
        alone(allow("s3:GetObject"), deny("s3:*", f"{BUCKET}/*")),
        ANY_OBJECT,
        UNREACHABLE,
    ),
    ("a role whose trust names the user", alone(trusted=trust(ALICE)), TAKE, REACHABLE),
    (
        "a role that asks for a second factor",
        alone(allow("sts:AssumeRole"), trusted=trust(ALICE, when=WITH_MFA)),
        TAKE,
        UNREACHABLE,
    ),
]


@pytest.mark.parametrize(
    ("account", "target", "expected"), [each[1:] for each in QUESTIONS], ids=[each[0] for each in QUESTIONS]
)
def test_what_an_organization_names_is_reached_or_not(account: Json, target: str, expected: str) -> None:
    assert answer(account, target) == expected
