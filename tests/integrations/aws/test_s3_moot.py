"""What is not asked about a bucket, because it cannot matter, would not have changed whether the bucket is public."""

from dataclasses import dataclass
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from auditwright.control_tests._public_buckets import ways_in
from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Population, Related
from auditwright.core.resources import PublicAccessSetting, StorageBucket
from auditwright.integrations.aws.operations import Detail, Single
from auditwright.integrations.aws.s3 import (
    ACCOUNT_BLOCK,
    ACL,
    BLOCK,
    BLOCK_OF_OPENED,
    POLICY,
    POLICY_STATUS,
    STREAM,
    normalize,
)
from tests.integrations.aws.ledger import LISTED, OPEN_TO_ALL, OPEN_TO_NOBODY, none_of_ledger, of_ledger
from tests.integrations.aws.shapes import GLOBAL, Answer, captured, read, refused

SWITCHES = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
NO_BLOCK = "NoSuchPublicAccessBlockConfiguration"

Told: TypeAlias = Answer | str | None
"""What AWS answers: an answer, a code by which there is none, or a refusal."""

BLOCKS: st.SearchStrategy[Told] = st.one_of(
    st.none(),
    st.just(NO_BLOCK),
    st.builds(
        lambda switches: {"PublicAccessBlockConfiguration": dict(zip(SWITCHES, switches, strict=True))},
        st.tuples(*[st.booleans()] * len(SWITCHES)),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What AWS answers about an account and its only bucket."""

    account_block: Told
    block: Told
    policy: Told
    status: Told
    acl: Told

    def answer(self, operation: Single | Detail) -> Evidence | Gap:
        if operation is ACCOUNT_BLOCK:
            if isinstance(self.account_block, dict):
                return captured(operation, self.account_block, scope=GLOBAL)
            if self.account_block is None:
                return refused(operation, scope=GLOBAL)
            # An account that has none blocks nothing.
            nothing = {"PublicAccessBlockConfiguration": dict.fromkeys(SWITCHES, False)}
            return captured(operation, nothing, scope=GLOBAL)
        assert isinstance(operation, Detail)
        told = next(
            said
            for known, said in (
                (BLOCK, self.block),
                (BLOCK_OF_OPENED, self.block),
                (POLICY, self.policy),
                (POLICY_STATUS, self.status),
                (ACL, self.acl),
            )
            if known is operation
        )
        match told:
            case None:
                return refused(operation, "ledger", scope=GLOBAL)
            case str():
                return none_of_ledger(operation, told)
            case _:
                return of_ledger(operation, told)


ACCOUNTS = st.builds(
    Account,
    account_block=BLOCKS,
    block=BLOCKS,
    policy=st.sampled_from([None, "NoSuchBucketPolicy", {"Policy": "{}"}]),
    status=st.sampled_from(
        [None, {"PolicyStatus": {"IsPublic": True}}, {"PolicyStatus": {"IsPublic": False}}]
    ),
    acl=st.sampled_from([None, OPEN_TO_ALL, OPEN_TO_NOBODY]),
)

QUESTIONS = (ACCOUNT_BLOCK, POLICY, BLOCK, POLICY_STATUS, ACL, BLOCK_OF_OPENED)


@given(ACCOUNTS)
def test_whether_a_bucket_is_public_does_not_depend_on_what_was_moot(account: Account) -> None:
    asked: list[Evidence | Gap] = [LISTED]
    for operation in QUESTIONS:
        if not isinstance(operation, Detail) or list(operation.asks(read(*asked))):
            asked.append(account.answer(operation))
    everything = [LISTED, *(account.answer(operation) for operation in QUESTIONS)]
    assert verdict(asked) == verdict(everything)


@given(ACCOUNTS)
def test_of_a_bucket_that_nothing_opens_two_questions_are_enough(account: Account) -> None:
    bare = Account(
        account_block=NO_BLOCK,
        block=account.block,
        policy="NoSuchBucketPolicy",
        status=None,
        acl=OPEN_TO_NOBODY,
    )
    asked: list[Evidence | Gap] = [LISTED]
    details = [operation for operation in QUESTIONS if isinstance(operation, Detail)]
    for operation in details:
        if list(operation.asks(read(*asked))):
            asked.append(bare.answer(operation))
    assert len(asked) == len([LISTED, POLICY, ACL])


def test_these_are_all_questions_about_a_bucket_but_where_it_is_and_its_tags() -> None:
    others = {"s3:ListBuckets", "s3:GetBucketLocation", "resourcegroupstaggingapi:GetResources"}
    assert [op for op in STREAM.operations if op.name not in others] == list(QUESTIONS)


def verdict(found: list[Evidence | Gap]) -> object:
    """What opens the bucket; that it is not known is the same for whatever reason."""
    items = list(normalize(read(*found)))
    bucket = next(item for item in items if isinstance(item, StorageBucket))
    settings = tuple(item for item in items if isinstance(item, PublicAccessSetting))
    account = Population(kind=PublicAccessSetting, items=settings, gaps=(), scopes=(GLOBAL,))
    ways = ways_in(bucket, Related(account))
    return "unknown" if isinstance(ways, Unknown) else ways
