"""The evaluator against a solver, on a bounded fragment: every value that an open key may have, at once.

Conditions over three keys become formulas; what the evaluator says of a request known in part is compared with all
of its completions. Not even the ages of a session that nobody would think of are left out.
"""

import importlib
from typing import TypeAlias, cast

from hypothesis import event, given, settings
from hypothesis import strategies as st

from auditwright.access.context import (
    ABSENT,
    Absent,
    Caller,
    CallerKind,
    Entry,
    OneOf,
    Present,
    closed_context,
)
from auditwright.access.evaluator import ExplicitDeny, Policies, Undecided, decide, may, must
from auditwright.access.matching import Request
from auditwright.access.policy import parse_policy
from auditwright.core.outcome import Unknown

z3 = importlib.import_module("z3")  # it has no types

Json = dict[str, object]
Formula: TypeAlias = object
"""The solver has no types of its own."""
MFA, AGE, TEAM = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:PrincipalTag/Team"
ADA = Caller(
    kind=CallerKind.USER, arn="arn:aws:iam::111122223333:user/ada", account="111122223333", name="ada"
)

_ORDER = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_TEXTS = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")


def conditions_on(
    key: str, operators: tuple[str, ...], values: tuple[str, ...]
) -> st.SearchStrategy[tuple[str, str, str]]:
    spelled = st.builds(
        lambda quantifier, operator, ending: f"{quantifier}{operator}{ending}",
        st.sampled_from(("", "", "ForAllValues:", "ForAnyValue:")),
        st.sampled_from(operators),
        st.sampled_from(("", "IfExists")),
    )
    return st.one_of(
        st.tuples(spelled, st.just(key), st.sampled_from(values)),
        st.tuples(st.just("Null"), st.just(key), st.sampled_from(("true", "false"))),
    )


CONDITIONS = st.one_of(
    conditions_on(MFA, ("Bool",), ("true", "false")),
    conditions_on(AGE, tuple(f"Numeric{each}" for each in _ORDER), ("60", "3600")),
    conditions_on(TEAM, _TEXTS, ("red", "r*", "?ed", "blue")),
)
Statements: TypeAlias = list[tuple[str, list[tuple[str, str, str]]]]
STATEMENTS = st.tuples(st.sampled_from(("Allow", "Deny")), st.lists(CONDITIONS, max_size=3))
DOCUMENTS = st.lists(STATEMENTS, min_size=1, max_size=4)


def document(statements: Statements) -> Json:
    found = []
    for effect, conditions in statements:
        block: dict[str, dict[str, str]] = {}
        for operator, key, value in conditions:
            block.setdefault(operator, {}).setdefault(key, value)
        found.append({"Effect": effect, "Action": "*", "Resource": "*", "Condition": block})
    return {"Version": "2012-10-17", "Statement": found}


class Symbols:
    """One request of which nothing is known yet."""

    def __init__(self) -> None:
        self.has = {key: z3.Bool(f"has {key}") for key in (MFA, AGE, TEAM)}
        self.mfa, self.age, self.team = z3.Bool("mfa"), z3.Real("age"), z3.String("team")

    def test(self, spelled: str, key: str, wanted: str) -> Formula:
        has = self.has[key]
        quantifier, _, rest = spelled.rpartition(":")
        operator, if_exists = rest.removesuffix("IfExists"), rest.endswith("IfExists")
        if operator == "Null":
            return has if wanted == "false" else z3.Not(has)
        absent = if_exists or quantifier == "ForAllValues" or ("Not" in operator and not quantifier)
        return z3.If(has, self.compare(operator, key, wanted), absent)

    def compare(self, operator: str, key: str, wanted: str) -> Formula:
        if key == MFA:
            return self.mfa == (wanted == "true")
        if key == AGE:
            limit = z3.RealVal(wanted)
            return {
                "Equals": self.age == limit,
                "NotEquals": self.age != limit,
                "LessThan": self.age < limit,
                "LessThanEquals": self.age <= limit,
                "GreaterThan": self.age > limit,
                "GreaterThanEquals": self.age >= limit,
            }[operator.removeprefix("Numeric")]
        matches = self.team == z3.StringVal(wanted)
        if "Like" in operator:
            anything = z3.Star(z3.AllChar(z3.ReSort(z3.StringSort())))
            one = z3.AllChar(z3.ReSort(z3.StringSort()))
            parts = [anything if each == "*" else one if each == "?" else z3.Re(each) for each in wanted]
            matches = z3.InRe(self.team, z3.Concat(*parts))
        return z3.Not(matches) if "Not" in operator else matches

    def effect(self, document: Json, effect: str) -> Formula:
        statements = cast("list[dict[str, object]]", document["Statement"])
        blocks = [
            cast("dict[str, dict[str, str]]", each["Condition"])
            for each in statements
            if each["Effect"] == effect
        ]
        tests = [
            [
                self.test(operator, key, value)
                for operator, keys in block.items()
                for key, value in keys.items()
            ]
            for block in blocks
        ]
        return z3.Or([z3.And(each) for each in tests])

    def entry(self, key: str, entry: Entry) -> Formula:
        """What a context says of a key."""
        match entry:
            case Present((value,)) if key == MFA:
                return z3.And(self.has[key], self.mfa == (value == "true"))
            case Present((value,)) if key == AGE:
                return z3.And(self.has[key], self.age == z3.RealVal(value))
            case Present((value,)):
                return z3.And(self.has[key], self.team == z3.StringVal(value))
            case OneOf(alternatives):
                return z3.Or(*(self.entry(key, each) for each in alternatives))
            case Unknown():
                # A text that is not empty: of an empty one, set operators say something else.
                return z3.And(self.age >= 0, z3.Length(self.team) > 0)
            case _:
                return z3.Not(self.has[key])


VALUES = {MFA: ("true", "false"), AGE: ("0", "60", "3600.5"), TEAM: ("red", "blue", "rod")}


@st.composite
def contexts(draw: st.DrawFn) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for key, values in VALUES.items():
        ways: list[Present | Absent] = [ABSENT, *(Present((value,)) for value in values)]
        found[key] = draw(
            st.one_of(
                st.sampled_from(ways),
                st.just(Unknown("not seen")),
                st.lists(st.sampled_from(ways), min_size=2, max_size=3, unique=True).map(
                    lambda each: OneOf(tuple(each))
                ),
            )
        )
    return found


def satisfiable(*formulas: Formula) -> bool:
    solver = z3.Solver()
    solver.add(*formulas)
    answer = solver.check()
    assert answer != z3.unknown
    return bool(answer == z3.sat)


@settings(max_examples=300)
@given(DOCUMENTS, st.one_of(st.none(), DOCUMENTS), contexts())
def test_what_is_decided_holds_of_every_completion(
    own: Statements, bound: Statements | None, entries: dict[str, Entry]
) -> None:
    documents = [document(own), *([document(bound)] if bound is not None else [])]
    parsed = [parse_policy(each, name="p") for each in documents]
    request = Request(
        caller=ADA,
        action="s3:GetObject",
        resource="arn:aws:s3:::b/k",
        resource_account=ADA.account,
        context=closed_context({}).with_(entries),
    )
    policies = Policies(identity=(parsed[0],), boundary=parsed[1] if bound is not None else None)
    decision = decide(request, policies)
    event(type(decision).__name__)
    symbols = Symbols()
    known = [symbols.entry(key, entry) for key, entry in entries.items()]
    denied = z3.Or(*(symbols.effect(each, "Deny") for each in documents))
    allowed = z3.And(z3.Not(denied), *(symbols.effect(each, "Allow") for each in documents))
    can, cannot = satisfiable(*known, allowed), satisfiable(*known, z3.Not(allowed))
    assert can or cannot
    if must(decision):
        assert not cannot
    if not may(decision):
        assert not can
    if isinstance(decision, ExplicitDeny):
        assert not satisfiable(*known, z3.Not(denied))
    if isinstance(decision, Undecided) and not any(isinstance(each, Unknown) for each in entries.values()):
        # Where each key has few values, all of them were tried.
        assert can
        assert cannot
