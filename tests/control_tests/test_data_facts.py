"""Laws behind the tests of data: facts that may be unknown, blocks of buckets, and TLS policies."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.control_tests import load_builtin_tests
from auditwright.control_tests._examples import ACCOUNT_BLOCK, BUCKET
from auditwright.control_tests._three_valued import Fact, both, either, opposite
from auditwright.control_tests.data._tls_policies import OLDEST_TLS
from auditwright.core.control_test import EXAMPLE_NOW
from auditwright.core.ids import TestId
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resource import Population, Resource
from auditwright.core.resources import PublicAccessBlock, PublicAccessSetting, StorageBucket
from auditwright.engine.examine import bind, examine

UNSEEN = Unknown("refused")
FACTS: tuple[Fact, ...] = (True, False, UNSEEN)

facts = st.sampled_from(FACTS)
known_blocks = st.none() | st.builds(
    PublicAccessBlock,
    block_public_acls=st.booleans(),
    ignore_public_acls=st.booleans(),
    block_public_policy=st.booleans(),
    restrict_public_buckets=st.booleans(),
)
blocks = known_blocks | st.just(UNSEEN)
Block = PublicAccessBlock | Unknown | None


def possible(fact: Fact) -> set[bool]:
    """What a fact may turn out to be."""
    return {True, False} if isinstance(fact, Unknown) else {fact}


@pytest.mark.parametrize(("one", "other"), tuple(product(FACTS, FACTS)))
def test_a_result_is_known_exactly_where_the_unknown_cannot_change_it(one: Fact, other: Fact) -> None:
    worlds = tuple(product(possible(one), possible(other)))
    assert possible(either(one, other)) == {left or right for left, right in worlds}
    assert possible(both(one, other)) == {left and right for left, right in worlds}
    assert possible(opposite(one)) == {not left for left in possible(one)}


def examined(bucket: StorageBucket, setting: PublicAccessSetting) -> Outcome:
    test = load_builtin_tests()[TestId("data.buckets-not-public")]
    seen: Population[Resource] = Population(
        kind=PublicAccessSetting, items=(setting,), gaps=(), scopes=(setting.scope,)
    )
    supplied = bind(test, now=EXAMPLE_NOW, populations={"public_access_setting": seen}, settings={})
    return examine(test, bucket, supplied)


def outcome_of(bucket: StorageBucket, account: Block) -> Outcome:
    return examined(bucket, replace(ACCOUNT_BLOCK, block=account))


def is_public(bucket: StorageBucket, account: PublicAccessBlock | None) -> bool:
    """What Amazon S3 does, where every fact is known."""
    assert not isinstance(bucket.block, Unknown)
    held = [block for block in (bucket.block, account) if block is not None]
    by_policy = bucket.public_by_policy is True and not any(b.restrict_public_buckets for b in held)
    by_list = bucket.public_by_acl is True and not any(b.ignore_public_acls for b in held)
    return by_policy or by_list


@given(known_blocks, known_blocks, st.tuples(st.booleans(), st.booleans()))
def test_known_facts_give_what_amazon_s3_does(
    of_bucket: PublicAccessBlock | None, of_account: PublicAccessBlock | None, opened: tuple[bool, bool]
) -> None:
    bucket = replace(BUCKET, block=of_bucket, public_by_policy=opened[0], public_by_acl=opened[1])
    expected = Deviation if is_public(bucket, of_account) else Satisfied
    assert isinstance(outcome_of(bucket, of_account), expected)


@given(st.data(), blocks, blocks, st.tuples(facts, facts))
def test_learning_an_unknown_fact_never_overturns_an_outcome(
    data: st.DataObject, of_bucket: Block, of_account: Block, opened: tuple[Fact, Fact]
) -> None:
    bucket = replace(BUCKET, block=of_bucket, public_by_policy=opened[0], public_by_acl=opened[1])
    before = outcome_of(bucket, of_account)
    learned = replace(
        bucket,
        block=data.draw(known_blocks) if isinstance(of_bucket, Unknown) else of_bucket,
        public_by_policy=data.draw(st.sampled_from(sorted(possible(opened[0])))),
        public_by_acl=data.draw(st.sampled_from(sorted(possible(opened[1])))),
    )
    account = data.draw(known_blocks) if isinstance(of_account, Unknown) else of_account
    if not isinstance(before, Undetermined):
        assert type(outcome_of(learned, account)) is type(before)


def test_another_accounts_block_protects_nothing() -> None:
    elsewhere = replace(ACCOUNT_BLOCK, scope=replace(ACCOUNT_BLOCK.scope, account="444455556666"))
    bucket = replace(BUCKET, block=None, public_by_policy=True)
    assert isinstance(examined(bucket, elsewhere), Undetermined)


def test_a_policy_admits_no_older_version_than_its_name_says() -> None:
    """AWS puts the oldest version into the newer names: TLS13-1-2-Res admits 1.2."""
    named = {
        name: version for name, version in OLDEST_TLS.items() for part in ("TLS13-", "TLS-") if part in name
    }
    assert len(named) > 20
    for name, version in named.items():
        parts = name.split("-")
        start = 2 if parts[1].startswith("TLS") else 1
        assert version == ".".join(parts[start : start + 2])
