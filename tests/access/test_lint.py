"""What looks as if it asked for MFA and does not: each finding is proved by the evaluator, and so is each correction."""

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.access.evaluator import Allowed, ExplicitDeny, ImplicitDeny, decide
from auditwright.access.lint import DANGEROUS, LintFinding, lint
from auditwright.access.matching import Part
from auditwright.access.policy import Policy, parse_policy, statement_document
from tests.access.generated import Json, documents
from tests.access.published import published, read

PRESENT, AGE = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"
ACCOUNT = "111122223333"
STORY: Json = {
    "Sid": "DenyAllExceptListedIfNoMFA",
    "Effect": "Deny",
    "NotAction": [
        "iam:CreateVirtualMFADevice",
        "iam:EnableMFADevice",
        "iam:GetUser",
        "iam:ListMFADevices",
        "iam:ListVirtualMFADevices",
        "iam:ResyncMFADevice",
        "sts:GetSessionToken",
        "iam:ChangePassword",
    ],
    "Resource": "*",
    "Condition": {"BoolIfExists": {PRESENT: "false"}},
}


def policy(*statements: Mapping[str, object]) -> Policy:
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)}, name="p")


def asking(effect: str, operator: str, key: str, value: str, **more: object) -> dict[str, object]:
    return {"Effect": effect, "Action": "*", "Resource": "*", "Condition": {operator: {key: value}}, **more}


def corrected(found: LintFinding, whole: Policy) -> Policy:
    statements: list[Mapping[str, object]] = []
    for each in whole.statements:
        statements += found.corrected if each.index == found.index else [statement_document(each)]
    return policy(*statements)


# The table of ACCESS.md's shapes: what a long-term key and a session without MFA can do.
SHAPES = [
    ("Deny", "BoolIfExists", PRESENT, "false", ""),
    ("Deny", "Bool", PRESENT, "false", "key"),
    ("Deny", "Null", PRESENT, "true", "session"),
    ("Deny", "StringNotEquals", PRESENT, "true", ""),
    ("Deny", "StringEquals", PRESENT, "false", "key"),
    ("Deny", "StringEquals", PRESENT, "False", "key session"),
    ("Deny", "NumericGreaterThan", AGE, "3600", "key session"),
    ("Deny", "Null", AGE, "true", ""),
    ("Allow", "Bool", PRESENT, "true", ""),
    ("Allow", "Bool", PRESENT, "True", ""),
    ("Allow", "BoolIfExists", PRESENT, "true", "key"),
    ("Allow", "Null", PRESENT, "false", "session"),
    ("Allow", "NumericLessThan", AGE, "3600", ""),
    ("Allow", "NumericLessThanIfExists", AGE, "3600", "key session"),
    ("Allow", "ForAllValues:Bool", PRESENT, "true", "key"),
    ("Allow", "StringEqualsIgnoreCase", PRESENT, "TRUE", ""),
]


@pytest.mark.parametrize("kind", [Part.IDENTITY, Part.BOUNDARY, Part.SESSION])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_that_is_open_is_found_with_who_gets_through(
    shape: tuple[str, str, str, str, str], kind: Part
) -> None:
    *written, through = shape
    whole = policy(asking(*written))
    findings = lint(whole, kind)
    assert [found.rule for found in findings] == (["mfa-open"] if through else [])
    for found in findings:
        assert isinstance(found.decision, Allowed)
        assert ("long-term access key can" in found.why) is (through == "key")
        assert ("key and a temporary session" in found.why) is (through == "key session")
        assert found.corrected
        assert lint(corrected(found, whole), kind) == ()


def test_two_statements_that_close_it_together_are_not_found() -> None:
    closed = policy(asking("Deny", "Bool", PRESENT, "false"), asking("Deny", "Null", PRESENT, "true"))
    assert lint(closed, Part.IDENTITY) == ()


def test_what_another_statement_allows_is_no_fault_of_one_that_asks_for_mfa() -> None:
    reading = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
    assert lint(policy(reading, asking("Allow", "Bool", PRESENT, "true")), Part.IDENTITY) == ()


@pytest.mark.parametrize(
    "shape",
    [("Deny", "Bool", PRESENT, "true"), ("Allow", "Bool", PRESENT, "false"), ("Deny", "Null", AGE, "false")],
)
def test_a_condition_the_wrong_way_round_is_said_to_be_so(shape: tuple[str, str, str, str]) -> None:
    (found,) = (each for each in lint(policy(asking(*shape)), Part.IDENTITY) if each.rule == "mfa-open")
    assert "those who have MFA" in found.title
    assert found.corrected == ()


def test_a_value_that_no_session_has_allows_nobody() -> None:
    (found,) = lint(policy(asking("Allow", "StringEquals", PRESENT, "True")), Part.IDENTITY)
    assert found.rule == "mfa-never-holds"
    assert isinstance(found.decision, ImplicitDeny)


def test_the_policy_of_the_story_lets_keys_enrol_and_change_passwords() -> None:
    whole = policy({"Effect": "Allow", "Action": "*", "Resource": "*"}, STORY)
    enrollment, password = lint(whole, Part.IDENTITY)
    assert (enrollment.rule, enrollment.request.action) == ("mfa-self-enrollment", "iam:EnableMFADevice")
    assert (password.rule, password.request.action) == ("mfa-exempts", "iam:ChangePassword")
    assert (enrollment.index, enrollment.sid) == (1, STORY["Sid"])
    for found in (enrollment, password):
        assert isinstance(found.decision, Allowed)
        again = lint(corrected(found, whole), Part.IDENTITY)
        assert [each.request.action for each in again] == [
            each.request.action for each in (enrollment, password) if each is not found
        ]


@pytest.mark.parametrize("action", DANGEROUS)
def test_what_should_not_be_left_out_of_a_deny_is_found(action: str) -> None:
    (found,) = lint(policy({**STORY, "NotAction": ["iam:GetUser", action.swapcase()]}), Part.IDENTITY)
    assert (found.rule, found.request.action) == ("mfa-exempts", action)
    assert isinstance(found.decision, Allowed)
    assert found.corrected[0]["NotAction"] == ["iam:GetUser"]


def test_an_exception_by_wildcard_is_found_and_left_to_its_author() -> None:
    findings = lint(policy({**STORY, "NotAction": "iam:*"}), Part.IDENTITY)
    assert {"iam:CreateAccessKey", "iam:ChangePassword"} <= {found.request.action for found in findings}
    assert all(not found.corrected for found in findings if found.rule == "mfa-exempts")


def test_no_correction_is_offered_where_mfa_would_not_open_it_anyway() -> None:
    never = {**STORY, "Condition": {"StringNotEquals": {PRESENT: "TRUE"}}}
    findings = lint(policy(never), Part.IDENTITY)
    assert {found.rule for found in findings} == {"mfa-self-enrollment", "mfa-exempts"}
    assert all(found.corrected == () for found in findings)


# --- policies of resources, of organizations


def trust(principal: object, operator: str, action: str = "sts:AssumeRole") -> Policy:
    statement = asking("Allow", operator, PRESENT, "true", Principal=principal, Action=action)
    return policy({key: value for key, value in statement.items() if key != "Resource"})


@pytest.mark.parametrize(
    "principal", [{"AWS": "444455556666"}, {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ada"}, "*"]
)
def test_a_trust_policy_is_asked_with_a_user_whom_it_names(principal: object) -> None:
    assert lint(trust(principal, "Bool"), Part.RESOURCE) == ()
    (found,) = lint(trust(principal, "BoolIfExists"), Part.RESOURCE)
    assert isinstance(found.decision, Allowed)
    assert found.request.action == "sts:AssumeRole"
    assert lint(corrected(found, trust(principal, "BoolIfExists")), Part.RESOURCE) == ()


@pytest.mark.parametrize(
    ("principal", "action"),
    [
        ({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"}, "sts:AssumeRole"),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run"}, "sts:AssumeRole"),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/okta"}, "sts:AssumeRoleWithSAML"),
    ],
)
def test_mfa_that_is_asked_of_machines_shuts_them_out_or_asks_nothing(principal: object, action: str) -> None:
    (shut,) = lint(trust(principal, "Bool", action), Part.RESOURCE)
    assert (shut.rule, type(shut.decision)) == ("mfa-impossible", ImplicitDeny)
    (nothing,) = lint(trust(principal, "BoolIfExists", action), Part.RESOURCE)
    assert (nothing.rule, type(nothing.decision)) == ("mfa-open", Allowed)
    assert "asks nothing" in nothing.title
    assert ("never confirmed" in shut.why) is ("AWS" in str(principal).split(":")[0])
    assert shut.corrected == nothing.corrected == ()


def test_mfa_that_an_organization_asks_of_everybody_shuts_roles_out() -> None:
    every = asking("Deny", "BoolIfExists", PRESENT, "false")
    (found,) = lint(policy(every), Part.SCP)
    assert (found.rule, type(found.decision)) == ("mfa-impossible", ExplicitDeny)
    users = {
        **every,
        "Condition": {"BoolIfExists": {PRESENT: "false"}, "StringEquals": {"aws:PrincipalType": "User"}},
    }
    assert lint(policy(users), Part.SCP) == ()
    assert [each.rule for each in lint(policy({**every, "Principal": "*"}), Part.RCP)] == ["mfa-impossible"]


def test_other_conditions_are_met_by_the_request() -> None:
    block = {
        "Bool": {PRESENT: "false"},
        "StringLike": {"s3:prefix": "home/${aws:username}/*", "aws:PrincipalArn": "*:user/*"},
        "NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"},
    }
    (found,) = lint(
        policy(
            {
                "Effect": "Deny",
                "Action": "s3:List*",
                "Resource": "arn:aws:s3:::${aws:username}-?*",
                "Condition": block,
            }
        ),
        Part.IDENTITY,
    )
    assert found.request.action.startswith("s3:List")
    assert found.request.resource.startswith("arn:aws:s3:::ada-")


def test_what_is_unread_proves_nothing() -> None:
    odd = {**asking("Deny", "Bool", PRESENT, "false"), "Comment": "x"}
    assert lint(policy(odd), Part.IDENTITY) == ()
    assert lint(policy(asking("Allow", "Bool", PRESENT, "yes")), Part.IDENTITY) == ()


@given(documents(), documents(of_resource=True))
def test_what_is_written_back_is_what_was_read(own: Json, attached: Json) -> None:
    for document in (own, attached):
        found = parse_policy(document, name="p")
        written = [statement_document(each) for each in found.statements]
        assert json.loads(json.dumps(written)) == written
        version = {"Version": found.version}
        assert parse_policy({**version, "Statement": written}, name="p") == found


@settings(max_examples=300)
@given(
    documents(),
    documents(of_resource=True),
    st.sampled_from([each for each in Part if each is not Part.RULE]),
)
def test_every_finding_is_proved_and_every_correction_closes_it(
    own: Json, attached: Json, kind: Part
) -> None:
    whole = parse_policy(attached if kind in {Part.RESOURCE, Part.RCP} else own, name="p")
    for found in lint(whole, kind):
        assert decide(found.request, found.beside) == found.decision
        assert isinstance(found.decision, Allowed) is (
            found.rule in {"mfa-open", "mfa-exempts", "mfa-self-enrollment"}
        )
        if found.corrected:
            repaired = policy(*found.corrected)
            assert repaired.unread == ()


def findings_of(documents: Sequence[tuple[str, object]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, document in documents:
        found[name] = [each.rule for each in lint(parse_policy(document, name=name), Part.IDENTITY)]
    return {name: rules for name, rules in found.items() if rules}


def test_the_managed_policies_of_aws_have_no_open_condition_on_mfa() -> None:
    listed = read(published("mamip", "aws-managed-policies.json"))
    assert isinstance(listed, dict)
    documents = [(name, member["PolicyVersion"]["Document"]) for name, member in listed.items()]
    assert findings_of(documents) == {}


def test_the_vectors_that_are_open_are_found() -> None:
    rows = read(published("mfa", "mfa-condition-vectors.json"))
    assert isinstance(rows, list)
    open_ = {row["name"] for row in rows if row["session"] != "tmp_mfa" and row["expected"] == "Allowed"}
    findings = findings_of([(row["name"], row["policy"]) for row in rows if row["session"] == "key"])
    assert set(findings) == open_
