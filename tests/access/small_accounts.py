"""Hypothesis strategies for small accounts in which principals often have something to do with each other."""

from collections.abc import Iterator

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.access.accounts import ACCOUNT, Json, arn, document, group, held, policy, role, snapshot, user

SLOW_ACCOUNTS = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
"""For properties of whole accounts, which take long to make and to prove."""

USERS, ROLES, GROUPS = ("ada", "bob"), ("ops", "hop"), ("team",)
POLICIES = ("p", "q")
ACTIONS = (
    "*",
    "iam:*",
    "sts:AssumeRole",
    "iam:PutUserPolicy",
    "iam:AttachRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:CreateAccessKey",
    "iam:UpdateLoginProfile",
    "iam:DeactivateMFADevice",
    "iam:EnableMFADevice",
    "iam:CreateVirtualMFADevice",
    "iam:AddUserToGroup",
    "iam:RemoveUserFromGroup",
    "iam:DetachUserPolicy",
    "iam:DeleteUserPolicy",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:DeleteUserPermissionsBoundary",
    "iam:TagUser",
    "iam:PassRole",
    "lambda:*",
    "s3:GetObject",
)
RESOURCES = (
    "*",
    "*",
    "*",
    arn("user", "ada"),
    arn("user", "${aws:username}"),
    arn("user", "${aws:PrincipalTag/team}"),
    arn("role", "*"),
    arn("role", "ops"),
    arn("group", "team"),
    arn("policy", "p"),
    "arn:aws:s3:::data/*",
)
CONDITIONS: tuple[Json | None, ...] = (
    None,
    None,
    None,
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}},
    {"ArnEquals": {"aws:PrincipalArn": arn("user", "ada")}},
)
TRUSTED: tuple[object, ...] = (
    {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    {"AWS": arn("user", "bob")},
    {"AWS": arn("role", "hop")},
    {"Service": "lambda.amazonaws.com"},
    {"AWS": "444455556666"},
)
TARGETS = ("account-admin", "role:ops", "s3:GetObject@arn:aws:s3:::data/x")


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> Json:
    found: Json = {
        "Effect": effect or draw(st.sampled_from(("Allow", "Allow", "Allow", "Deny"))),
        draw(st.sampled_from(("Action", "Action", "Action", "NotAction"))): draw(
            st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=3, unique=True)
        ),
        draw(st.sampled_from((*["Resource"] * 5, "NotResource"))): draw(
            st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2, unique=True)
        ),
    }
    condition = draw(st.sampled_from(CONDITIONS))
    return found | ({"Condition": condition} if condition else {})


def _several(most: int = 2) -> st.SearchStrategy[list[Json]]:
    return st.lists(statements(), max_size=most)


@st.composite
def trusts(draw: st.DrawFn) -> Json:
    found: Json = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": draw(st.sampled_from(TRUSTED)),
    }
    condition = draw(st.sampled_from(CONDITIONS))
    return document(found | ({"Condition": condition} if condition else {}))


def _beside(draw: st.DrawFn) -> Json:
    names = draw(st.lists(st.sampled_from(POLICIES), max_size=2, unique=True))
    return {
        "AttachedManagedPolicies": [{"PolicyName": each, "PolicyArn": arn("policy", each)} for each in names],
        **({"boundary": "p"} if draw(st.integers(0, 5)) == 0 else {}),
        **({"tags": {"team": "red"}} if draw(st.booleans()) else {}),
    }


@st.composite
def accounts(draw: st.DrawFn) -> Json:
    details = [
        user(name, *draw(_several()), GroupList=list(GROUPS) if draw(st.booleans()) else [], **_beside(draw))
        for name in USERS
    ]
    details += [role(name, draw(trusts()), *draw(_several()), **_beside(draw)) for name in ROLES]
    details += [group(name, *draw(_several())) for name in GROUPS]
    details += [
        policy(name, *draw(st.lists(_several().map(lambda each: document(*each)), min_size=1, max_size=2)))
        for name in POLICIES
    ]
    credentials = tuple(
        held(
            name,
            keys=draw(st.sampled_from(("Active", "", "Inactive"))),
            password=draw(st.booleans()),
            devices=draw(st.integers(0, 1)),
        )
        for name in USERS
    )
    beside: Json = {} if draw(st.integers(0, 3)) else {"scps": [document(*draw(_several()))]}
    return snapshot(*details, credentials=credentials, **beside)


def documents_of(account: Json) -> Iterator[list[Json]]:
    """The statements of every identity policy of an account, to be changed in place."""
    gaad = account["gaad"]
    assert isinstance(gaad, dict)
    for kind in ("User", "Role", "Group"):
        for each in gaad[f"{kind}DetailList"]:
            for inline in each[f"{kind}PolicyList"]:
                yield inline["PolicyDocument"]["Statement"]
    for each in gaad["Policies"]:
        for version in each["PolicyVersionList"]:
            yield version["Document"]["Statement"]
