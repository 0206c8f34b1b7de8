"""Hypothesis strategies for users of the same few policies, which speak of what bears the users' own names."""

from hypothesis import strategies as st

from tests.access.accounts import (
    ENROLLING,
    MFA,
    NO_MFA,
    Json,
    arn,
    document,
    held,
    policy,
    snapshot,
    user,
)

OWN, OWN_DEVICE = arn("user", "${aws:username}"), arn("mfa", "${aws:username}")
ACTIONS = (
    "*",
    "iam:*",
    "iam:*MFADevice",
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:DeactivateMFADevice",
    "iam:CreateAccessKey",
    "iam:UpdateLoginProfile",
    "iam:PutUserPolicy",
)
RESOURCES = (
    "*",
    "*",
    OWN,
    OWN,
    OWN_DEVICE,
    "arn:aws:iam::*:user/${aws:username}",
    "arn:aws:iam::*:*/${aws:username}",
    arn("user", "deep/${aws:username}"),
    arn("user", "${aws:username}b"),
    arn("user", "*${aws:username}"),
    arn("user", "*"),
    arn("user", "a*"),
    arn("user", "bob"),
    arn("user", "deep/*"),
    arn("mfa", "*"),
    arn("mfa", "b*"),
    arn("mfa", "???"),
)
CONDITIONS: tuple[Json | None, ...] = (
    None,
    None,
    None,
    MFA,
    NO_MFA,
    {"StringEquals": {"aws:username": "ada"}},
    {"StringLike": {"aws:PrincipalTag/team": "r*"}},
)


@st.composite
def statements(draw: st.DrawFn) -> Json:
    found: Json = {
        "Effect": draw(st.sampled_from(("Allow", "Allow", "Allow", "Deny"))),
        draw(st.sampled_from(("Action", "Action", "NotAction"))): draw(
            st.just(ENROLLING) | st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=3, unique=True)
        ),
        draw(st.sampled_from((*["Resource"] * 4, "NotResource"))): draw(
            st.just([OWN, OWN_DEVICE])
            | st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2, unique=True)
        ),
    }
    condition = draw(st.sampled_from(CONDITIONS))
    return found | ({"Condition": condition} if condition else {})


@st.composite
def accounts(draw: st.DrawFn) -> Json:
    """Users of the same few policies, who differ in their names, paths and tags."""
    policies = [policy(name, document(*draw(st.lists(statements(), max_size=3)))) for name in ("p", "q")]
    users: list[Json] = []
    for name, path in (("ada", ""), ("bob", ""), ("abob", ""), ("zoe", "deep/")):
        attached = draw(st.lists(st.sampled_from(("p", "q")), min_size=1, max_size=2, unique=True))
        beside: Json = {
            "Arn": arn("user", path + name),
            "AttachedManagedPolicies": [
                {"PolicyName": each, "PolicyArn": arn("policy", each)} for each in attached
            ],
        }
        if draw(st.integers(0, 4)) == 0:
            beside["boundary"] = "q"
        if draw(st.booleans()):
            beside["tags"] = {"team": "red"}
        users.append(user(name, **beside))
    credentials = tuple(
        held(name, password=draw(st.booleans()), devices=draw(st.integers(0, 1)))
        for name in ("ada", "bob", "abob", "zoe")
    )
    return snapshot(*users, *policies, credentials=credentials)
