import json
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.access.conditions import OPERATORS
from auditwright.access.context import Caller, CallerKind, closed_context
from auditwright.access.evaluator import Allowed, Decision, ExplicitDeny, Policies, Undecided, decide
from auditwright.access.matching import Request
from auditwright.access.policy import (
    MAX_DOCUMENT_BYTES,
    Effect,
    Policy,
    parse_policy,
    parse_policy_text,
)
from tests.access.generated import Json, documents

ACCOUNT = "111122223333"
ADA = Caller(kind=CallerKind.USER, arn=f"arn:aws:iam::{ACCOUNT}:user/ada", account=ACCOUNT, name="ada")
ALLOW: Json = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def policy(*statements: object, version: object = "2012-10-17") -> Policy:
    return parse_policy({"Version": version, "Statement": list(statements)}, name="p")


def ask(*policies: Policy, action: str = "s3:GetObject", resource: str = "arn:aws:s3:::b/k") -> Decision:
    request = Request(
        caller=ADA, action=action, resource=resource, resource_account=ACCOUNT, context=closed_context({})
    )
    return decide(request, Policies(identity=policies))


def everything(policy: Policy) -> None:
    """A policy of which nothing is known may allow anything, and may deny what another allows."""
    full = parse_policy({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, name="full")
    assert isinstance(ask(policy), Undecided)
    assert isinstance(ask(policy, action="iam:CreateUser", resource="*"), Undecided)
    assert isinstance(ask(full, policy), Undecided)


def test_a_document_is_read_into_its_statements() -> None:
    found = policy(
        {
            "Sid": "Own",
            "Effect": "Allow",
            "Action": ["s3:Get*", "S3:PutObject"],
            "NotResource": "arn:aws:s3:::b/${aws:username}",
            "Condition": {"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"s3:max-keys": 10}},
        },
        {
            "Effect": "Deny",
            "NotAction": "iam:*",
            "Resource": "*",
            "Principal": {"AWS": [ACCOUNT, "AIDAEXAMPLE"]},
        },
    )
    own, rest = found.statements
    assert (own.sid, own.index, own.effect, own.unread) == ("Own", 0, Effect.ALLOW, ())
    assert own.actions is not None
    assert (own.actions.patterns, own.actions.negated) == (("s3:Get*", "S3:PutObject"), False)
    assert own.resources is not None
    assert own.resources.negated
    assert own.uses_variables
    assert [(each.written, each.key, each.values) for each in own.conditions] == [
        ("Bool", "aws:securetransport", ("true",)),
        ("NumericLessThan", "s3:max-keys", ("10",)),
    ]
    assert (rest.index, rest.effect, rest.uses_variables) == (1, Effect.DENY, False)
    assert rest.principals is not None
    assert rest.principals.accounts == frozenset({ACCOUNT})
    assert rest.principals.unique_ids == frozenset({"AIDAEXAMPLE"})


def test_a_single_statement_may_stand_without_a_list() -> None:
    assert isinstance(ask(parse_policy({"Statement": ALLOW}, name="p")), Allowed)


def test_the_statements_that_concern_an_action_are_found_by_it_in_any_case() -> None:
    found = policy(ALLOW, {**ALLOW, "Action": "iam:*"}, {**ALLOW, "NotAction": "s3:*", "Action": "s3:*"})
    assert [each.index for each in found.relevant("s3:getobject")] == [0, 2]
    assert [each.index for each in found.relevant("IAM:CreateUser")] == [1, 2]
    assert found.relevant("S3:GetObject") is found.relevant("s3:getobject")


@given(documents(), documents())
def test_the_key_is_that_of_the_content_whatever_the_name(one: Json, other: Json) -> None:
    first, again = parse_policy(one, name="one"), parse_policy(json.loads(json.dumps(one)), name="again")
    assert (first.key, hash(first)) == (again.key, hash(again))
    assert first != again
    if one["Statement"] != other["Statement"]:
        found = parse_policy(other, name="one")
        same = [each.conditions for each in first.statements] == [
            each.conditions for each in found.statements
        ]
        assert first.key != found.key or same


def test_the_order_of_names_in_a_statement_is_no_content() -> None:
    one = policy({**ALLOW, "Action": ["s3:GetObject", "s3:PutObject"]})
    other = policy({**ALLOW, "Action": ["S3:putObject", "s3:GetObject"]})
    assert one.key == other.key
    assert one.key != policy({**ALLOW, "Action": ["s3:GetObject"]}).key


def test_variables_are_text_before_their_version() -> None:
    statement = {**ALLOW, "Resource": "arn:aws:s3:::${aws:username}/*"}
    assert policy(statement).statements[0].uses_variables
    old = policy(statement, version="2008-10-17")
    assert not old.statements[0].uses_variables
    assert isinstance(ask(old, resource="arn:aws:s3:::${aws:username}/k"), Allowed)
    assert policy(statement, version="2012-10-17").key != old.key
    assert not parse_policy({"Statement": statement}, name="p").statements[0].uses_variables


# --- what cannot be understood

UNREAD: list[Json] = [
    {**ALLOW, "Effect": "allow"},
    {**ALLOW, "Effect": None},
    {key: value for key, value in ALLOW.items() if key != "Effect"},
    {**ALLOW, "Action": []},
    {**ALLOW, "Action": 3},
    {**ALLOW, "Action": ["s3:GetObject", None]},
    {**ALLOW, "Action": "GetObject"},
    {**ALLOW, "Action": {"s3": "GetObject"}},
    {**ALLOW, "NotAction": "s3:GetObject"},
    {key: value for key, value in ALLOW.items() if key != "Action"},
    {**ALLOW, "Resource": []},
    {**ALLOW, "Resource": True},
    {**ALLOW, "Resource": ["*", 1]},
    {**ALLOW, "NotResource": "arn:aws:s3:::x"},
    {**ALLOW, "Resource": "arn:aws:s3:::${aws:username"},
    {**ALLOW, "Resource": "arn:aws:s3:::${${aws:username}}"},
    {**ALLOW, "Principal": None},
    {**ALLOW, "Principal": "arn:aws:iam::111122223333:root"},
    {**ALLOW, "Principal": {}},
    {**ALLOW, "Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}},
    {**ALLOW, "Principal": {"Aws": "*"}},
    {**ALLOW, "Principal": {"AWS": "somebody"}},
    {**ALLOW, "Principal": "*", "NotPrincipal": "*"},
    {**ALLOW, "Condition": []},
    {**ALLOW, "Condition": {"Bool": "true"}},
    {**ALLOW, "Condition": {"Bool": {}}},
    {**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": []}}},
    {**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": "yes"}}},
    {**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": None}}},
    {**ALLOW, "Condition": {"Bool": {"": "true"}}},
    {**ALLOW, "Condition": {"StringEquals": {"aws:username": {"a": "b"}}}},
    {**ALLOW, "Condition": {"StringEquals": {"aws:username": ["ada"], "AWS:UserName": ["bob"]}}},
    {**ALLOW, "Condition": {"Null": {"aws:a": "false"}, "null": {"aws:b": "false"}}},
    {**ALLOW, "Condition": {"StringMatches": {"aws:username": "ada"}}},
    {**ALLOW, "Condition": {"ForSomeValues:StringEquals": {"aws:username": "ada"}}},
    {**ALLOW, "Condition": {":StringEquals": {"aws:username": "ada"}}},
    {**ALLOW, "Condition": {"NullIfExists": {"aws:username": "true"}}},
    {**ALLOW, "Condition": {"Null": {"aws:username": ["true", "false"]}}},
    {**ALLOW, "Condition": {"NumericEquals": {"s3:max-keys": "ten"}}},
    {**ALLOW, "Condition": {"NumericEquals": {"s3:max-keys": "${aws:username}"}}},
    {**ALLOW, "Condition": {"NumericEquals": {"s3:max-keys": 10**5000}}},
    {**ALLOW, "Condition": {"NumericEquals": {"s3:max-keys": float("inf")}}},
    {**ALLOW, "Condition": {"DateLessThan": {"aws:CurrentTime": "2026"}}},
    {**ALLOW, "Condition": {"DateLessThan": {"aws:CurrentTime": "2026-13-01"}}},
    {**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/33"}}},
    {**ALLOW, "Condition": {"BinaryEquals": {"s3:digest": "=!"}}},
    {**ALLOW, "Comment": "reviewed"},
    {**ALLOW, "action": "s3:GetObject"},
    {**ALLOW, "Sid": 1},
]


@pytest.mark.parametrize("statement", UNREAD, ids=range(len(UNREAD)))
def test_a_statement_with_something_unread_may_apply_on_its_side_and_never_surely_does(
    statement: Json,
) -> None:
    found = policy(statement)
    assert found.unread
    assert isinstance(ask(found), Undecided)
    denying = policy({**statement, "Effect": "Deny"}) if statement.get("Effect") == "Allow" else found
    assert isinstance(ask(policy(ALLOW), denying), Undecided)


@pytest.mark.parametrize(
    "statement",
    [
        {**ALLOW, "Comment": "x", "Action": "iam:*"},
        {**ALLOW, "Comment": "x", "Resource": "arn:aws:s3:::other"},
        {**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": "true"}, "Odd": {"a": "b"}}},
    ],
)
def test_what_is_read_of_a_statement_still_tells_where_it_cannot_apply(statement: Json) -> None:
    assert policy(statement).unread
    assert not isinstance(ask(policy(statement)), Undecided)
    assert isinstance(ask(policy(ALLOW), policy({**statement, "Effect": "Deny"})), Allowed)


@pytest.mark.parametrize("found", [policy(None), policy("Allow"), policy([ALLOW]), policy({})])
def test_a_statement_that_is_none_may_be_anything(found: Policy) -> None:
    everything(found)


@pytest.mark.parametrize(
    "document", [None, [], "x", 3, {}, {"Version": "2012-10-17"}, {"Statement": None}, {"Statement": "x"}]
)
def test_a_document_that_is_none_may_be_anything(document: object) -> None:
    everything(parse_policy(document, name="p"))


@pytest.mark.parametrize(
    "more", [{"Version": "2012-10-18"}, {"Version": 2012}, {"Version": []}, {"Comment": "x"}]
)
def test_what_is_unknown_of_the_document_leaves_every_statement_unknown(more: Json) -> None:
    found = parse_policy({"Statement": [ALLOW, {**ALLOW, "Effect": "Deny"}], **more}, name="p")
    assert [bool(each.unread) for each in found.statements] == [True, True]


def test_no_statements_allow_and_deny_nothing() -> None:
    assert not isinstance(ask(policy()), Allowed | Undecided | ExplicitDeny)


# --- texts


TEXT = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]})


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.encode(),
        quote(TEXT),
        quote(TEXT, safe=""),
        "\ufeff" + TEXT,
        b"\xef\xbb\xbf" + TEXT.encode(),
        f"\n {TEXT}",
    ],
)
def test_a_text_is_read_however_it_comes(text: str | bytes) -> None:
    assert parse_policy_text(text, name="p") == policy(ALLOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        b"\xff\xfe{}",
        '{"Statement": [], "Statement": []}',
        '{"Statement": NaN}',
        "%7B%ff%7D",
        '{"Statement": ' + "9" * 5_000 + "}",
        "[" * 100_000,
        '{"a":' * 100_000,
        "[" * 100_000 + "]" * 100_000,
        "{" + " " * MAX_DOCUMENT_BYTES + "}",
        b'{"Statement": "' + b"x" * 10_000_000 + b'"}',
    ],
    ids=range(13),
)
def test_a_text_that_is_no_policy_may_be_anything(text: str | bytes) -> None:
    everything(parse_policy_text(text, name="p"))


@pytest.mark.parametrize(
    "statement",
    [
        '{"Effect": "Deny", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}',
        '{"Effect": "Allow", "Action": "iam:*", "Action": "s3:*", "Resource": "*"}',
    ],
)
def test_an_element_that_stands_twice_leaves_the_statement_unknown(statement: str) -> None:
    everything(parse_policy_text(f'{{"Statement": [{statement}]}}', name="p"))


@pytest.mark.parametrize(
    "condition",
    [
        '{"Bool": {"aws:x": "true"}, "Bool": {"aws:y": "true"}}',
        '{"Null": {"aws:x": "true", "aws:x": "false"}}',
    ],
)
def test_a_condition_that_stands_twice_leaves_the_statement_unknown(condition: str) -> None:
    statement = TEXT.replace('"Resource"', f'"Condition": {condition}, "Resource"')
    assert isinstance(ask(parse_policy_text(statement, name="p")), Undecided)


def test_depth_in_a_decoded_document_is_no_matter() -> None:
    deep: object = "x"
    for _ in range(100_000):
        deep = [deep]
    for element in ("Condition", "Action", "Resource", "Principal", "Sid", "Comment"):
        assert policy({**ALLOW, element: deep}).unread
    while isinstance(deep, list):  # taken apart by hand: its own destruction would go too deep
        deep = deep.pop()


def test_ten_thousand_statements_are_read_and_asked() -> None:
    found = policy(*({**ALLOW, "Action": f"s3:Get{place}*"} for place in range(10_000)), ALLOW)
    assert isinstance(ask(found), Allowed)
    assert len(found.relevant("s3:Get77x")) == 2


def test_a_pattern_of_ten_thousand_stars_is_asked_at_once() -> None:
    found = policy({**ALLOW, "Action": "s3:" + "*?" * 5_000, "Resource": "*?a" * 3_000 + "!"})
    assert not isinstance(ask(found, action="s3:" + "a" * 10_000, resource="a" * 10_000), Allowed)


def test_half_of_a_character_is_kept_as_it_is() -> None:
    found = policy({**ALLOW, "Resource": "arn:aws:s3:::\ud800"})
    assert isinstance(ask(found, resource="arn:aws:s3:::\ud800"), Allowed)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
elements = st.sampled_from(
    (
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    )
)
plausible = st.sampled_from(
    ("Allow", "Deny", "*", "s3:*", {"AWS": "*"}, {"Service": []}, {"Bool": {"aws:x": "true"}}, *OPERATORS)
)


@given(
    st.dictionaries(elements, plausible | json_values, max_size=6),
    st.dictionaries(st.sampled_from(("Version", "Id")), st.just("2012-10-17") | json_values),
)
def test_no_document_breaks_the_reader_and_what_is_unread_never_decides(statement: Json, more: Json) -> None:
    found = parse_policy({"Statement": statement, **more}, name="p")
    decision = ask(found)
    if found.unread:
        assert not isinstance(decision, Allowed | ExplicitDeny)


@given(st.text() | st.binary() | json_values.map(json.dumps))
def test_no_text_breaks_the_reader(text: str | bytes) -> None:
    assert parse_policy_text(text, name="p").statements or "[]" in str(text)


def test_the_reader_leaves_the_depth_of_calls_alone() -> None:
    before = sys.getrecursionlimit()
    parse_policy_text("[" * 1_000_000, name="p")
    assert sys.getrecursionlimit() == before
