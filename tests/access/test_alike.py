"""Sessions that share answers are those that are decided alike: what tells two apart is asked of each.

Each account has two principals with the same policy, and something that lets one of them do what the other may not.
Whichever of them is asked first, each comes to hold what the plain reference finds for it alone.
"""

from collections.abc import Sequence

import pytest

from auditwright.access.asking import Question
from auditwright.access.closure import Closure, bit
from auditwright.access.facts import Fact, Kind
from auditwright.access.plans import Plans
from auditwright.access.search import Search
from auditwright.access.starts import OVERALL, starts
from auditwright.access.verdict import Reachable, explorer_for, prove, target_of
from tests.access.accounts import (
    ACCOUNT,
    ROOT_TRUST,
    Json,
    allow,
    arn,
    cluster,
    deny,
    document,
    entry,
    held,
    policy,
    role,
    snapshot,
    trust,
    user,
    world,
)
from tests.reference.reach import reach

ADA, BOB = arn("user", "ada"), arn("user", "bob")
PASSING = allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])
RUNS = role("runs", trust({"Service": "lambda.amazonaws.com"}), allow("*"))
BUCKET = "arn:aws:s3:::data"
EVERYTHING_TO_ALL: Json = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def both(*details: Json, **beside: object) -> Json:
    return snapshot(*details, credentials=(held("ada"), held("bob")), **beside)


def sharing(*statements: Json, **adas: object) -> tuple[Json, ...]:
    """Two users with one policy; more is said of ada."""
    shared = policy("shared", document(*statements))
    return (user("ada", attached="shared", **adas), user("bob", attached="shared"), shared)


def guarded(statement: Json) -> Json:
    return document(EVERYTHING_TO_ALL, {"Action": "*", "Resource": "*", **statement})


OWN_ENTRY = f"arn:aws:eks:us-east-1:{ACCOUNT}:access-entry/prod/user/{ACCOUNT}/ada/*"
ACCOUNTS: dict[str, Json] = {
    "a boundary that is silent": both(
        *sharing(PASSING, boundary="bound"), policy("bound", document(allow("s3:*"))), RUNS
    ),
    "a boundary that says what an identity policy of the other says": both(
        user("ada", PASSING, boundary="bound"),
        user("bob", PASSING, deny("iam:PassRole")),
        policy("bound", document(deny("iam:PassRole"))),
        RUNS,
    ),
    "the name in a variable": both(*sharing(allow("iam:CreateAccessKey", arn("user", "${aws:username}x")))),
    "the name in a condition": both(
        *sharing({**PASSING, "Condition": {"StringEquals": {"aws:username": "ada"}}}), RUNS
    ),
    "a name and a second factor in one condition": both(
        *sharing(
            allow(["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"]),
            {
                **allow("iam:PutUserPolicy", arn("user", "${aws:username}")),
                "Condition": {
                    "Bool": {"aws:MultiFactorAuthPresent": "true"},
                    "StringLike": {"aws:username": "*a"},
                },
            },
        )
    ),
    "a name with which only some sessions are denied": both(
        *sharing(
            allow(["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"]),
            allow("iam:PutUserPolicy", arn("user", "${aws:username}")),
            {
                **deny("iam:PutUserPolicy"),
                "Condition": {
                    "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
                    "StringLike": {"aws:username": "*"},
                },
            },
        )
    ),
    "a guardrail that denies some sessions": both(
        *sharing(
            allow(["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"]),
            allow("iam:PutUserPolicy", arn("user", "${aws:username}")),
        ),
        scps=[
            document(
                allow("*"),
                {
                    **deny("iam:PutUserPolicy"),
                    "Condition": {
                        "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
                        "StringLike": {"aws:username": "*"},
                    },
                },
            )
        ],
    ),
    "a name that a role's session has not": both(
        role(
            "hop",
            ROOT_TRUST,
            allow("iam:CreatePolicyVersion", [arn("policy", "p"), arn("user", "${aws:username}")]),
            attached="p",
        ),
        user("ada", allow("sts:AssumeRole", arn("role", "hop"))),
        user("bob"),
        policy("o", document(allow("s3:*"))),
        policy("p", document(allow("s3:*"))),
    ),
    "all but what has the caller's name": both(
        *sharing(
            {
                "Effect": "Allow",
                "Action": "iam:CreateAccessKey",
                "NotResource": arn("user", "${aws:username}"),
            }
        )
    ),
    "a tag in a condition": both(
        *sharing(
            {**PASSING, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}, tags={"team": "red"}
        ),
        RUNS,
    ),
    "a trust that names one": both(
        *sharing(allow("s3:ListBucket")), role("hop", trust({"AWS": ADA}), allow("*"))
    ),
    "a trust that asks for a name": both(
        *sharing(allow("sts:AssumeRole")),
        role(
            "hop",
            trust(
                {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                when={"ArnLike": {"aws:PrincipalArn": arn("user", "a*")}},
            ),
            allow("*"),
        ),
    ),
    "a trust that denies one": both(
        *sharing(allow("sts:AssumeRole")),
        role(
            "hop",
            document(
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                },
                {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": ADA}},
            ),
            allow("*"),
        ),
    ),
    "a guardrail of resources that names one": both(
        *sharing(allow("sts:AssumeRole")),
        role("hop", ROOT_TRUST, allow("*")),
        rcps=[guarded({"Effect": "Deny", "Principal": {"AWS": ADA}})],
    ),
    "a guardrail that asks for a name": both(
        *sharing(PASSING),
        RUNS,
        scps=[document(allow("*"), {**deny("iam:*"), "Condition": {"ArnEquals": {"aws:PrincipalArn": ADA}}})],
    ),
    "a bucket whose policy names one": both(
        *sharing(allow("s3:ListBucket")),
        resourcePolicies={
            BUCKET: document(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": ADA},
                    "Action": "s3:PutBucketPolicy",
                    "Resource": BUCKET,
                }
            )
        },
    ),
    "an access entry of one's own": both(
        *sharing(allow("eks:CreateAccessEntry"), allow("eks:AssociateAccessPolicy", OWN_ENTRY)),
        cluster=cluster("API", entry(arn("role", "ci-creator"))),
    ),
    "a role that no guardrail of the organization limits": both(
        *sharing(allow("sts:AssumeRole")),
        role("hop", ROOT_TRUST, PASSING),
        role("linked", ROOT_TRUST, PASSING, path="aws-service-role/x.amazonaws.com/"),
        RUNS,
        scps=[document(allow("sts:*"))],
    ),
    "everything allowed to one": both(
        user("ada", allow("iam:PutUserPolicy", ADA)), user("bob", PASSING), RUNS
    ),
    "a policy that both hold and one may rewrite": both(
        *sharing(allow("s3:ListBucket")),
        policy("more", document(allow("iam:CreatePolicyVersion", arn("policy", "shared")))),
        user("zoe", attached="more"),
        role("hop", trust({"AWS": ADA}), allow("iam:CreatePolicyVersion", arn("policy", "shared"))),
    ),
}
QUESTION = Question(action="s3:GetObject", resource=f"{BUCKET}/x")


@pytest.mark.parametrize("name", ACCOUNTS)
@pytest.mark.parametrize("certain", [True, False])
@pytest.mark.parametrize("turned", [False, True])
def test_each_holds_what_it_does_alone(name: str, *, certain: bool, turned: bool) -> None:
    here = world(ACCOUNTS[name])
    every = [start.facts for start in starts(here) if start.kind in OVERALL]
    begun: Sequence[tuple[Fact, ...]] = every[::-1] if turned else every
    explorer = explorer_for(here, [Fact(Kind.READ, QUESTION.key)])
    closure = Closure(plans=Plans(explorer), starts=begun)
    held_by = closure.surely if certain else closure.possibly
    for number, start in enumerate(begun):
        alone = reach(here, start, certain=certain, questions=(QUESTION,))
        together = {fact for fact in closure.facts() if held_by(fact) & bit(number)}
        if not closure.boundless & bit(number):
            assert _named(together) == alone
        # The same answers serve the search of a single start.
        search = Search(explorer=explorer, certain=certain)
        search.run(start, None)
        assert _named(search.reasons) == alone


def test_each_makes_its_own_requests() -> None:
    here = world(both(*sharing(PASSING), RUNS))
    target = target_of(here, "account-admin")
    explorer = explorer_for(here, [target])
    for start in (each for each in starts(here) if each.kind in OVERALL):
        found = prove(explorer, [start], target)
        assert isinstance(found, Reachable)
        first = found.witness.steps[0]
        assert first.actor is not None
        assert {answer.request.caller.arn for answer in first.answers} == {first.actor.subject}


def _named(facts: object) -> set[Fact]:
    assert isinstance(facts, dict | set)
    return {fact for fact in facts if fact.kind is not Kind.EVERY}
