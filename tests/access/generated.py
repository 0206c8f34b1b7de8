"""Hypothesis strategies for policy documents, callers, requests and contexts, small enough to meet often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from auditwright.access.context import (
    ABSENT,
    Absent,
    Caller,
    CallerKind,
    Context,
    Entry,
    OneOf,
    Present,
)
from auditwright.access.evaluator import Policies
from auditwright.access.kleene import Truth
from auditwright.access.matching import Request
from auditwright.access.policy import parse_policy
from auditwright.core.outcome import Unknown

Json = dict[str, object]
Values = Mapping[str, Sequence[str]]

HOME, AWAY = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{HOME}:role/team/deploy"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/deploy/run-1"
ADA = f"arn:aws:iam::{HOME}:user/ada"
CALLERS = (
    Caller(kind=CallerKind.USER, arn=ADA, account=HOME, name="ada"),
    Caller(kind=CallerKind.ROLE_SESSION, arn=SESSION, account=HOME, name="run-1", issuer=ROLE),
    Caller(kind=CallerKind.ROOT, arn=f"arn:aws:iam::{HOME}:root", account=HOME),
    Caller(
        kind=CallerKind.FEDERATED_USER,
        arn=f"arn:aws:sts::{HOME}:federated-user/bob",
        account=HOME,
        name="bob",
        issuer=ADA,
    ),
    Caller(kind=CallerKind.SERVICE, arn="ec2.amazonaws.com", account=""),
    Caller(kind=CallerKind.ANONYMOUS, arn="", account=""),
    Caller(
        kind=CallerKind.ROLE_SESSION,
        arn=f"arn:aws:sts::{HOME}:assumed-role/AWSServiceRoleForX/x",
        account=HOME,
        name="x",
        issuer=f"arn:aws:iam::{HOME}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
    ),
)

TARGETS = (
    ("s3:GetObject", "arn:aws:s3:::ada-files/a*b"),
    ("s3:PutObject", "arn:aws:s3:::shared/x/y"),
    ("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{HOME}:ada-files"),
    ("iam:CreateUser", f"arn:aws:iam::{HOME}:user/ada"),
    ("sts:TagSession", f"arn:aws:iam::{HOME}:role/team/admin"),
    ("kms:PutKeyPolicy", f"arn:aws:kms:us-east-1:{HOME}:key/1"),
)

ACTIONS = st.sampled_from(
    (
        "*",
        "s3:*",
        "S3:getobject",
        "s3:?etObject",
        "iam:*User",
        "sts:Tag*",
        "kms:P*",
        "sqs:Send*e",
        "*:*Obj*",
        "ec2:*",
    )
)
RESOURCES = st.sampled_from(
    (
        "*",
        "arn:aws:s3:::ada-files/*",
        "arn:aws:s3:::ada-files/a${*}b",
        "arn:aws:s3:::${aws:username}-files/*",
        "arn:aws:s3:::${aws:username, 'shared'}/*",
        "arn:*:???/y",
        "arn:aws:iam::*:role/team/*",
        "arn:aws:*:*:*",
        "arn:aws:s3:::other",
    )
)
NAMES = (
    "*",
    HOME,
    f"arn:aws:iam::{HOME}:root",
    AWAY,
    ADA,
    SESSION,
    ROLE,
    f"arn:aws:sts::{HOME}:federated-user/bob",
    f"arn:aws:iam::{AWAY}:user/eve",
)

KEYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "aws:MultiFactorAuthPresent": (("true",), ("false",)),
    "aws:MultiFactorAuthAge": (("60",), ("3600.5",)),
    "aws:CurrentTime": (("2026-11-23T12:00:00Z",), ("1700000000",)),
    "aws:SourceIp": (("203.0.113.7",), ("2001:db8::1",)),
    "aws:PrincipalArn": ((ADA,), (ROLE,)),
    "aws:PrincipalTag/Team": (("ada",), ("Red",), ("x:y",)),
    "aws:username": (("ada",),),
    "aws:TagKeys": ((), ("",), ("ada",), ("ada", "Red"), ("Red", "x:y")),
    "s3:Digest": (("YWRh",),),
}
"""Condition keys, and the values that they have in requests."""

TEXTS = st.sampled_from(
    ("ada", "ADA", "Red", "*", "a?a", "${aws:username}", "${aws:PrincipalTag/Team, 'Red'}", "x:*")
)
ARNS = st.sampled_from(
    (
        ADA,
        f"arn:aws:iam::{HOME}:*",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:*",
        "*",
        "arn:aws:*:*:*:role/*",
    )
)
TEXT_KEYS = st.sampled_from(("aws:PrincipalTag/team", "AWS:username", "aws:TagKeys", "aws:PrincipalArn"))


def _operators(*names: str, negations: str = "", quantified: bool = True) -> st.SearchStrategy[str]:
    spelled = [*names, *negations.split()]
    endings = ("", "", "IfExists")
    beginnings = ("", "", "ForAllValues:", "ForAnyValue:") if quantified else ("",)
    return st.builds(
        lambda *parts: "".join(parts),
        st.sampled_from(beginnings),
        st.sampled_from(spelled),
        st.sampled_from(endings),
    )


def _test(
    operators: st.SearchStrategy[str], keys: st.SearchStrategy[str], values: st.SearchStrategy[str]
) -> st.SearchStrategy[tuple[str, str, object]]:
    several = st.one_of(values, st.lists(values, min_size=1, max_size=3, unique=True))
    return st.tuples(operators, keys, several)


_ORDER = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
CONDITIONS = st.one_of(
    _test(
        _operators(
            "StringEquals",
            "StringLike",
            "StringEqualsIgnoreCase",
            negations="StringNotEquals StringNotLike StringNotEqualsIgnoreCase",
        ),
        TEXT_KEYS,
        TEXTS,
    ),
    _test(_operators("ArnEquals", "ArnLike", negations="ArnNotEquals ArnNotLike"), TEXT_KEYS, ARNS),
    _test(
        _operators("Bool"),
        st.sampled_from(("aws:MultiFactorAuthPresent", "aws:multifactorauthpresent")),
        st.sampled_from(("true", "False")),
    ),
    _test(st.just("Null"), st.sampled_from(tuple(KEYS)), st.sampled_from(("true", "false"))).map(
        lambda test: (test[0], test[1], test[2] if isinstance(test[2], str) else "true")
    ),
    _test(
        _operators(*(f"Numeric{each}" for each in _ORDER)),
        st.just("aws:MultiFactorAuthAge"),
        st.sampled_from(("60", "3600", "-1.5")),
    ),
    _test(
        _operators(*(f"Date{each}" for each in _ORDER)),
        st.just("aws:CurrentTime"),
        st.sampled_from(("2026-11-23", "2026-11-23T13:00:00+01:00", "1700000000", "2023-11")),
    ),
    _test(
        _operators("IpAddress", negations="NotIpAddress"),
        st.just("aws:SourceIp"),
        st.sampled_from(("203.0.113.0/24", "2001:DB8::/32", "203.0.113.7", "0.0.0.0/0")),
    ),
    _test(_operators("BinaryEquals"), st.just("s3:Digest"), st.sampled_from(("YWRh", "Ym9i"))),
)


@st.composite
def statements(draw: st.DrawFn, *, of_resource: bool = False) -> Json:
    statement: Json = {"Effect": draw(st.sampled_from(("Allow", "Allow", "Deny")))}
    negated = st.sampled_from(("", "", "", "Not"))
    statement[f"{draw(negated)}Action"] = draw(st.one_of(ACTIONS, st.lists(ACTIONS, min_size=1, max_size=3)))
    statement[f"{draw(negated)}Resource"] = draw(
        st.one_of(st.just("*"), RESOURCES, st.lists(RESOURCES, min_size=1, max_size=3))
    )
    if of_resource:
        names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)
        services = st.just({"Service": "ec2.amazonaws.com"})
        statement[f"{draw(negated)}Principal"] = draw(
            st.one_of(st.just("*"), services, names.map(lambda each: {"AWS": each}))
        )
    block: dict[str, dict[str, object]] = {}
    for operator, key, values in draw(st.lists(CONDITIONS, max_size=2)):
        if key.lower() not in map(str.lower, block.get(operator, {})):
            block.setdefault(operator, {})[key] = values
    if block:
        statement["Condition"] = block
    return statement


@st.composite
def documents(draw: st.DrawFn, *, of_resource: bool = False) -> Json:
    document: Json = {
        "Statement": draw(st.lists(statements(of_resource=of_resource), min_size=1, max_size=3))
    }
    version = draw(st.sampled_from(("2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17", None)))
    if version is not None:
        document["Version"] = version
    return document


OPEN: Json = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OPEN_TO_ALL: Json = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}],
}


@dataclass(frozen=True, kw_only=True)
class World:
    """The policies that bear on a request, as documents."""

    identity: list[Json]
    boundary: Json | None
    scps: list[list[Json]]
    rcps: list[list[Json]]
    session: list[Json] | None
    resource: Json | None

    def policies(self) -> Policies:
        def parsed(documents: Sequence[Json]) -> tuple[object, ...]:
            return tuple(parse_policy(each, name="policy") for each in documents)

        return Policies(
            identity=tuple(parse_policy(each, name="identity") for each in self.identity),
            boundary=None if self.boundary is None else parse_policy(self.boundary, name="boundary"),
            scps=tuple(tuple(parse_policy(each, name="scp") for each in level) for level in self.scps),
            rcps=tuple(tuple(parse_policy(each, name="rcp") for each in level) for level in self.rcps),
            session=None
            if self.session is None
            else tuple(parse_policy(each, name="session") for each in self.session),
            resource=None if self.resource is None else parse_policy(self.resource, name="resource"),
            key_grants=Truth.FALSE,
        )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    own, attached = documents(), documents(of_resource=True)
    mostly_open = st.one_of(st.just(OPEN), own)
    open_to_all = st.one_of(st.just(OPEN_TO_ALL), attached)
    return World(
        identity=draw(st.lists(st.one_of(own, st.just(OPEN)), max_size=2)),
        boundary=draw(st.one_of(st.none(), mostly_open)),
        scps=draw(st.lists(st.lists(mostly_open, max_size=2), max_size=2)),
        rcps=draw(st.lists(st.lists(open_to_all, max_size=2), max_size=1)),
        session=draw(st.one_of(st.none(), st.none(), st.lists(mostly_open, max_size=2))),
        resource=draw(open_to_all),
    )


def closed(values: Values) -> Context:
    return Context(
        entries={key.lower(): Present(tuple(given)) for key, given in values.items()}, default=Absent()
    )


@st.composite
def values_of_requests(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """The condition keys of a request that is known to the end."""
    return {
        key.lower(): draw(st.sampled_from(choices)) for key, choices in KEYS.items() if draw(st.booleans())
    }


@st.composite
def partial_contexts(draw: st.DrawFn) -> tuple[Context, list[dict[str, tuple[str, ...]]]]:
    """A context that is known in part, and some of the requests that it may be."""
    entries: dict[str, Entry] = {}
    ways: dict[str, tuple[tuple[str, ...] | None, ...]] = {}
    for name, choices in KEYS.items():
        key = name.lower()
        everything = (None, *choices)
        match draw(st.sampled_from(("present", "absent", "one of", "unknown"))):
            case "present":
                ways[key] = (draw(st.sampled_from(choices)),)
            case "absent":
                ways[key] = (None,)
            case "one of":
                ways[key] = tuple(
                    draw(st.lists(st.sampled_from(everything), min_size=1, max_size=3, unique=True))
                )
            case _:
                entries[key] = Unknown("not seen")
                ways[key] = everything
        if key not in entries:
            found = tuple(ABSENT if way is None else Present(way) for way in ways[key])
            entries[key] = found[0] if len(found) == 1 else OneOf(found)
    completions = [
        {key: way for key, choices in ways.items() if (way := draw(st.sampled_from(choices))) is not None}
        for _ in range(4)
    ]
    return Context(entries=entries, default=ABSENT), completions


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request of some caller on some target; its context is empty, to be put in."""
    action, resource = draw(st.sampled_from(TARGETS))
    return Request(
        caller=draw(st.sampled_from(CALLERS)),
        action=action,
        resource=resource,
        resource_account=draw(st.sampled_from((HOME, HOME, AWAY))),
        context=closed({}),
    )
