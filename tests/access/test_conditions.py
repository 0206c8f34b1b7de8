"""Each operator by example, from the IAM user guide; the set operators, absent keys and variables by their rules."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.access.conditions import (
    OPERATORS,
    Condition,
    holds,
    holds_one,
    parse_condition,
    undecided,
)
from auditwright.access.context import ABSENT, Absent, Context, Entry, OneOf, Present, closed_context
from auditwright.access.kleene import Truth
from auditwright.core.outcome import Unknown

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
NOT_SEEN = Unknown("not seen")


def condition(operator: str, *values: str, key: str = "x:key", variables: bool = True) -> Condition:
    found = parse_condition(operator, key, values, variables=variables)
    assert isinstance(found, Condition), found
    return found


def asked(operator: str, *values: str, given: Entry | str | Sequence[str], **more: Entry | str) -> Truth:
    entries = {"x:key": given, **{name.replace("_", ":", 1): entry for name, entry in more.items()}}
    context = closed_context({}).with_(
        {
            key: Present((entry,))
            if isinstance(entry, str)
            else entry
            if isinstance(entry, Present | Absent | OneOf | Unknown)
            else Present(tuple(entry))
            for key, entry in entries.items()
        }
    )
    return holds_one(condition(operator, *values), context)


ARN = "arn:aws:sns:us-east-2:111122223333:topic:sub:1"
EXAMPLES = [
    ("StringEquals", ("ada",), "ada", True),
    ("StringEquals", ("ada",), "Ada", False),
    ("StringEquals", ("a*",), "ada", False),
    ("StringEquals", ("bob", "ada"), "ada", True),
    ("StringEquals", ("",), "", True),
    ("StringEqualsIgnoreCase", ("ADA",), "ada", True),
    ("StringEqualsIgnoreCase", ("ADA",), "adam", False),
    ("StringLike", ("a?a",), "ada", True),
    ("StringLike", ("A*",), "ada", False),
    ("StringLike", ("home/*", ""), "home/a/b", True),
    ("NumericEquals", ("10",), "10.0", True),
    ("NumericLessThan", ("3600",), "3599.9", True),
    ("NumericLessThan", ("3600",), "3600", False),
    ("NumericLessThanEquals", ("3600",), "3600", True),
    ("NumericGreaterThan", ("9",), "10", True),
    ("NumericGreaterThanEquals", ("10", "100"), "50", True),
    ("DateEquals", ("2026-11-23T00:00:00Z",), "2026-11-23", True),
    ("DateEquals", ("2026-11-23T01:00:00+01:00",), "1795392000", True),
    ("DateLessThan", ("2026-11-23T00:00:00Z",), "2026-11-22T23:59:59.5Z", True),
    ("DateLessThanEquals", ("2026-11",), "2026-11-01", True),
    ("DateGreaterThan", ("2026-11-23T00:00:00Z",), "2026-11-23T00:00:00-01:00", True),
    ("DateGreaterThanEquals", ("2026-11-23",), "2026-11-22", False),
    ("Bool", ("true",), "true", True),
    ("Bool", ("True",), "true", True),
    ("Bool", ("false",), "true", False),
    ("BinaryEquals", ("QmluYXJ5",), "QmluYXJ5", True),
    ("BinaryEquals", ("QmluYXJ5",), "YWRh", False),
    ("IpAddress", ("203.0.113.0/24",), "203.0.113.255", True),
    ("IpAddress", ("203.0.113.0/24",), "203.0.114.0", False),
    ("IpAddress", ("203.0.113.7",), "203.0.113.7", True),
    ("IpAddress", ("203.0.113.9/24",), "203.0.113.7", True),
    ("IpAddress", ("0.0.0.0/0",), "2001:db8::1", False),
    ("IpAddress", ("2001:DB8:1234:5678::/64",), "2001:db8:1234:5678::9", True),
    ("ArnLike", ("arn:aws:sns:*:111122223333:topic:*",), ARN, True),
    ("ArnLike", ("arn:aws:sns:*:topic:*",), ARN, False),
    ("ArnEquals", ("arn:*:sns:us-east-?:111122223333:*",), ARN, True),
    ("ArnEquals", ("arn:aws:SNS:*:*:*",), ARN, False),
    # The user guide's own example of what StringLike matches and ArnLike does not.
    ("StringLike", ("arn:aws:s:*:111122223333:finance/*",), "arn:aws:s:us:999999999999:store/abc:111122223333:finance/d", True),
    ("ArnLike", ("arn:aws:s:*:111122223333:finance/*",), "arn:aws:s:us:999999999999:store/abc:111122223333:finance/d", False),
]  # fmt: skip
NEGATED = {
    "StringEquals": "StringNotEquals",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "StringLike": "StringNotLike",
    "NumericEquals": "NumericNotEquals",
    "DateEquals": "DateNotEquals",
    "IpAddress": "NotIpAddress",
    "ArnLike": "ArnNotLike",
    "ArnEquals": "ArnNotEquals",
}


@pytest.mark.parametrize(("operator", "values", "given", "expected"), EXAMPLES)
def test_an_operator_compares_as_the_user_guide_says(
    operator: str, values: tuple[str, ...], given: str, *, expected: bool
) -> None:
    assert asked(operator, *values, given=given) is (TRUE if expected else FALSE)
    if operator in NEGATED:
        assert asked(NEGATED[operator], *values, given=given) is (FALSE if expected else TRUE)


def test_every_operator_has_an_example() -> None:
    shown = {operator for operator, *_ in EXAMPLES}
    assert set(OPERATORS) == shown | set(NEGATED.values()) | {"Null"}


@pytest.mark.parametrize("operator", [each for each in OPERATORS if each != "Null"])
def test_an_absent_key_matches_nothing_so_that_a_negated_operator_holds(operator: str) -> None:
    value = next(values for name, values, *_ in EXAMPLES if name == operator or NEGATED.get(name) == operator)
    negated = operator in NEGATED.values()
    assert asked(operator, *value, given=ABSENT) is (TRUE if negated else FALSE)
    assert asked(operator, *value, given=()) is (TRUE if negated else FALSE)
    assert asked(f"{operator}IfExists", *value, given=ABSENT) is TRUE
    assert asked(f"ForAllValues:{operator}", *value, given=ABSENT) is TRUE
    assert asked(f"ForAnyValue:{operator}", *value, given=ABSENT) is FALSE
    assert asked(operator, *value, given=NOT_SEEN) is UNKNOWN


@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        ("true", ABSENT, TRUE),
        ("true", (), TRUE),
        ("true", "false", FALSE),
        ("false", "x", TRUE),
        ("False", ABSENT, FALSE),
        ("true", NOT_SEEN, UNKNOWN),
        ("true", OneOf((ABSENT, Present(("x",)))), UNKNOWN),
        ("false", OneOf((Present(("y",)), Present(("x",)))), TRUE),
    ],
)
def test_null_asks_whether_a_key_is_absent(wanted: str, given: Entry | str, expected: Truth) -> None:
    assert asked("Null", wanted, given=given) is expected


@pytest.mark.parametrize(
    ("operator", "given", "expected"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), TRUE),
        ("ForAllValues:StringEquals", ("a", "z"), FALSE),
        ("ForAllValues:StringEquals", ("",), TRUE),
        ("ForAnyValue:StringEquals", ("a", "z"), TRUE),
        ("ForAnyValue:StringEquals", ("y", "z"), FALSE),
        ("ForAnyValue:StringEquals", ("",), FALSE),
        ("ForAllValues:StringNotEquals", ("y", "z"), TRUE),
        ("ForAllValues:StringNotEquals", ("a", "z"), FALSE),
        ("ForAnyValue:StringNotEquals", ("a", "z"), TRUE),
        ("ForAnyValue:StringNotEquals", ("a", "b"), FALSE),
        ("ForAnyValue:StringNotEquals", ABSENT, FALSE),
        ("ForAnyValue:StringEqualsIfExists", ABSENT, TRUE),
        ("ForAllValues:StringEqualsIfExists", ("a", "z"), FALSE),
        # Without a set operator it is not said which of several values counts.
        ("StringEquals", ("a", "b"), TRUE),
        ("StringEquals", ("a", "z"), UNKNOWN),
        ("StringNotEquals", ("y", "z"), TRUE),
        ("StringNotEquals", ("a", "z"), UNKNOWN),
    ],
)
def test_set_operators_compare_each_value_of_the_request(
    operator: str, given: tuple[str, ...] | Absent, expected: Truth
) -> None:
    assert asked(operator, "a", "b", given=given) is expected


@pytest.mark.parametrize(
    ("operator", "value", "given"),
    [
        ("NumericLessThan", "10", "ten"),
        ("NumericNotEquals", "10", ""),
        ("DateLessThan", "2026-11-23", "yesterday"),
        ("Bool", "true", "1"),
        ("NotIpAddress", "203.0.113.0/24", "cloudformation.amazonaws.com"),
        ("BinaryEquals", "YWRh", "%"),
        ("ArnLike", "*", ARN),
        ("ArnNotLike", "arn:aws:sns:*", ARN),
        ("ArnLike", "arn:*:*:*:*:*", "arn:a:b:c:d"),
    ],
)
def test_what_the_request_or_the_policy_says_in_another_form_is_unknown(
    operator: str, value: str, given: str
) -> None:
    expected = FALSE if given == "arn:a:b:c:d" else UNKNOWN
    assert asked(operator, value, given=given) is expected


def test_operators_are_known_in_any_case() -> None:
    for operator in OPERATORS[:-1]:
        found = condition(f"forallvalues:{operator.upper()}IFEXISTS", "2026-11-23" if "Date" in operator else "10" if "Numeric" in operator else "true" if operator == "Bool" else "10.0.0.0/8" if "Ip" in operator else "YWRh")  # fmt: skip
        assert found.written == f"ForAllValues:{operator}IfExists"


# --- variables


@pytest.mark.parametrize(
    ("value", "given", "expected"),
    [
        ("${x:name}", "ada", TRUE),
        ("${X:Name}", "ada", TRUE),
        ("home/${x:name}/*", "home/ada/k", TRUE),
        ("home/${x:name}/*", "home/bob/k", FALSE),
        ("${x:none, 'nobody'}", "nobody", TRUE),
        ("${x:none,'nobody'}", "nobody", TRUE),
        ("${x:name, 'nobody'}", "nobody", FALSE),
        ("a${*}b${?}${$}", "a*b?$", TRUE),
        ("a${*}b${?}${$}", "axb?$", FALSE),
        ("${x:none}", "ada", FALSE),
        ("${x:none}", "${x:none}", FALSE),
    ],
)
def test_a_variable_is_the_value_of_its_key(value: str, given: str, expected: Truth) -> None:
    assert asked("StringLike", value, given=given, x_name="ada") is expected


@pytest.mark.parametrize(
    ("operator", "given", "expected"),
    [
        ("StringEquals", "z", FALSE),
        ("StringEquals", "a", UNKNOWN),
        ("StringNotEquals", "a", FALSE),
        ("StringNotEquals", "z", UNKNOWN),
        ("StringNotEquals", ABSENT, UNKNOWN),
        ("StringEqualsIfExists", "z", UNKNOWN),
        ("StringNotEqualsIfExists", "a", UNKNOWN),
        ("StringEqualsIfExists", ABSENT, TRUE),
        ("ForAllValues:StringEquals", ABSENT, UNKNOWN),
    ],
)
def test_a_variable_that_is_absent_matches_nothing_or_voids_the_statement(
    operator: str, given: str | Absent, expected: Truth
) -> None:
    # Of the two readings of the user guide, what both say is said.
    assert asked(operator, "a", "${x:none}", given=given) is expected


@pytest.mark.parametrize(
    ("operator", "value", "entry", "compared"),
    [
        ("StringEquals", "team-${x:name}", NOT_SEEN, ("team-a", UNKNOWN)),
        ("StringEquals", "team-${x:name}", NOT_SEEN, ("crew-a", FALSE)),
        ("StringNotEquals", "team-${x:name}", NOT_SEEN, ("crew-a", UNKNOWN)),
        ("StringNotEquals", "team-${x:name, 'x'}", NOT_SEEN, ("crew-a", TRUE)),
        ("StringEqualsIgnoreCase", "TEAM-${x:name}", NOT_SEEN, ("team-a", UNKNOWN)),
        ("StringEqualsIgnoreCase", "TEAM-${x:name}", Present(("A",)), ("team-a", TRUE)),
        ("StringLike", "${x:name}", Present(("a*",)), ("abc", UNKNOWN)),
        ("StringEquals", "${x:name}", Present(("a", "b")), ("a", UNKNOWN)),
        ("StringEquals", "${x:name}", OneOf((Present(("a",)), Present(("b",)))), ("a", UNKNOWN)),
        ("StringEquals", "${x:name}", OneOf((ABSENT,)), ("a", FALSE)),
        ("ArnLike", "arn:aws:iam::1:user/${x:name}", Present(("ada",)), ("arn:aws:iam::1:user/ada", TRUE)),
        ("ArnLike", "arn:aws:iam::${x:name}", Present(("1:user/ada",)), ("arn:aws:iam::1:user/ada", TRUE)),
        ("ArnLike", "arn:aws:iam::1:user/${x:name}", NOT_SEEN, ("arn:aws:iam::1:user/ada", UNKNOWN)),
        ("ArnLike", "arn:aws:iam::1:user/${x:name}", NOT_SEEN, ("arn:aws:iam::1:role/ada", FALSE)),
    ],
)
def test_a_variable_that_is_not_known_leaves_open_what_it_can_change(
    operator: str, value: str, entry: Entry, compared: tuple[str, Truth]
) -> None:
    given, expected = compared
    assert asked(operator, value, given=given, x_name=entry) is expected


def test_before_their_version_variables_are_text() -> None:
    old = condition("StringEquals", "${x:name}", variables=False)
    assert old.variables == ()
    assert holds_one(old, closed_context({"x:key": "${x:name}", "x:name": "ada"})) is TRUE


# --- blocks


def test_all_conditions_of_a_block_must_hold_and_the_open_keys_are_named() -> None:
    block = (
        condition("Bool", "true", key="aws:MultiFactorAuthPresent"),
        condition("StringEquals", "${aws:username}", key="x:owner"),
        condition("StringEquals", "${x:name}", key="x:key"),
    )
    context = Context(
        entries={
            "aws:multifactorauthpresent": NOT_SEEN,
            "x:owner": Present(("ada",)),
            "x:key": Present(("k",)),
            "aws:username": Present(("ada",)),
        },
        default=NOT_SEEN,
    )
    assert holds(block, context) is UNKNOWN
    assert undecided(block, context) == ("aws:multifactorauthpresent", "x:name")
    without = context.with_({"x:owner": ABSENT})
    assert holds(block, without) is FALSE
    assert undecided(block, without) == ()
    assert holds((), context) is TRUE


entries = st.one_of(
    st.just(ABSENT),
    st.just(Present(("a",))),
    st.just(Present(("b", "z"))),
    st.just(Present(())),
    st.just(Present(("",))),
)
spelled = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(("", "ForAllValues:", "ForAnyValue:")),
    st.sampled_from([each for each in OPERATORS if each.startswith("String")]),
    st.sampled_from(("", "IfExists")),
)


@given(spelled, st.lists(entries, min_size=1, max_size=3))
def test_one_of_several_entries_holds_where_each_does_and_unknown_is_the_most_open(
    operator: str, alternatives: list[Present | Absent]
) -> None:
    truths = {asked(operator, "a", "b*", given=each) for each in alternatives}
    expected = truths.pop() if len(truths) == 1 else UNKNOWN
    assert asked(operator, "a", "b*", given=OneOf(tuple(alternatives))) is expected
    assert asked(operator, "a", "b*", given=NOT_SEEN) is UNKNOWN
