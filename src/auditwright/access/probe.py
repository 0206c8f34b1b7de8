"""Concrete requests that a statement concerns: what to ask the evaluator in order to see what the statement does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product

import msgspec

from auditwright.access.conditions import Condition, holds
from auditwright.access.context import (
    ABSENT,
    Caller,
    CallerKind,
    Context,
    Entry,
    Present,
    caller_context,
)
from auditwright.access.glob import Wild, lower
from auditwright.access.kleene import Truth
from auditwright.access.matching import Request, matches_resource
from auditwright.access.policy import Principals, Statement
from auditwright.access.variables import Template

ACCOUNT = "111122223333"
ANOTHER_ACCOUNT = "444455556666"
"""Numbers that AWS uses in examples and gives to nobody."""

MFA_PRESENT = "aws:multifactorauthpresent"
MFA_AGE = "aws:multifactorauthage"
MFA_KEYS = frozenset({MFA_PRESENT, MFA_AGE})

MAX_TRIES = 200
"""Combinations of values for the other conditions of a statement; one has a handful of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A kind of credential, and what it shows of a second factor."""

    title: str
    entries: Mapping[str, Entry]


LONG_TERM_KEY = Credential(
    title="a long-term access key",
    entries={MFA_PRESENT: ABSENT, MFA_AGE: ABSENT, "aws:tokenissuetime": ABSENT},
)
WITHOUT_MFA = Credential(
    title="a temporary session without MFA",
    entries={
        MFA_PRESENT: Present(("false",)),
        MFA_AGE: ABSENT,
        "aws:tokenissuetime": Present(("2026-11-23T12:00:00Z",)),
    },
)
NO_FACTOR = Credential(
    title="a caller who signs without a second factor",
    entries={MFA_PRESENT: ABSENT, MFA_AGE: ABSENT},
)
"""A role, a service, somebody whom an identity provider vouches for: the key is absent, or false in a session."""
WITH_MFA = tuple(
    Credential(
        title="a session with MFA",
        entries={
            MFA_PRESENT: Present(("true",)),
            MFA_AGE: Present((age,)),
            "aws:tokenissuetime": Present(("2026-11-23T12:00:00Z",)),
        },
    )
    for age in ("1", "600", "36000")
)
"""Seconds since the factor was shown; a policy may accept a second factor only while it is fresh."""

USER = Caller(
    kind=CallerKind.USER,
    arn=f"arn:aws:iam::{ACCOUNT}:user/ada",
    account=ACCOUNT,
    name="ada",
    unique_id="AIDAEXAMPLEADA",
    tags={},
)

ROLE = Caller(
    kind=CallerKind.ROLE_SESSION,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/example/session",
    account=ACCOUNT,
    name="session",
    unique_id="AROAEXAMPLE",
    tags={},
    issuer=f"arn:aws:iam::{ACCOUNT}:role/example",
)

_WELL_KNOWN = (
    "s3:GetObject",
    "ec2:RunInstances",
    "eks:DescribeCluster",
    "secretsmanager:GetSecretValue",
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "kms:Decrypt",
    "iam:CreateAccessKey",
    "iam:CreateUser",
    "iam:ListUsers",
)
"""Asked where a statement leaves open which action."""

_SAMPLES = {
    "s3": "arn:aws:s3:::example/key",
    "iam": USER.arn,
    "sts": f"arn:aws:iam::{ACCOUNT}:role/example",
    "kms": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/example",
    "secretsmanager": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:example",
    "eks": f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/example",
}


def callers_named(named: Principals) -> Iterator[Caller]:
    """One caller for each that a statement names."""
    if named.everyone:
        yield USER
    for account in sorted(named.accounts):
        yield msgspec.structs.replace(USER, account=account, arn=f"arn:aws:iam::{account}:user/ada")
    for arn in sorted(named.arns):
        caller = _caller_of(arn)
        if caller is not None:
            yield caller
    yield from (Caller(kind=CallerKind.SERVICE, arn=name, account="") for name in sorted(named.services))
    yield from (Caller(kind=CallerKind.FEDERATED, arn=name, account="") for name in sorted(named.providers))


def _caller_of(arn: str) -> Caller | None:
    _, partition, _, _, account, path = arn.split(":", 5)
    kind, _, name = path.partition("/")
    name = name.rpartition("/")[2]
    match kind:
        case "user":
            return msgspec.structs.replace(USER, arn=arn, account=account, name=name)
        case "role":
            session = f"arn:{partition}:sts::{account}:assumed-role/{name}/session"
            return msgspec.structs.replace(ROLE, arn=session, account=account, issuer=arn)
        case "assumed-role":
            role = path.split("/")[1]
            issuer = f"arn:{partition}:iam::{account}:role/{role}"
            return msgspec.structs.replace(ROLE, arn=arn, account=account, name=name, issuer=issuer)
        case _:
            return None


def actions_of(statement: Statement) -> Iterator[str]:
    """Actions that a statement concerns, those that it names first, then well-known ones."""
    named = statement.actions
    if named is None:
        return
    patterns = () if named.negated else named.patterns
    yield from (pattern for pattern in patterns if "*" not in pattern and "?" not in pattern)
    yield from (action for action in _WELL_KNOWN if named.match(lower(action)))
    yield from (pattern.replace("*", "Example").replace("?", "x") for pattern in patterns if ":" in pattern)


def request_of(statement: Statement, action: str, credential: Credential, caller: Caller) -> Request | None:
    """A request for a resource of the caller's account that the statement concerns, whatever it says of MFA and of the
    action; None if none is found.
    """
    base = caller_context(caller, default=ABSENT).with_(credential.entries)
    context = _context_for([each for each in statement.conditions if each.key not in MFA_KEYS], base)
    if context is None:
        return None
    resource = _resource_for(statement, action, context)
    if resource is None:
        return None
    return Request(
        caller=caller, action=action, resource=resource, resource_account=caller.account, context=context
    )


def _resource_for(statement: Statement, action: str, context: Context) -> str | None:
    sample = _SAMPLES.get(action.partition(":")[0], "*")
    named = statement.resources
    patterns = () if named is None or named.negated else named.patterns
    made = (pattern.replace("*", "example").replace("?", "x") for pattern in patterns if pattern != "*")
    for resource in (sample, "*", *made, *_with_variables(statement, context)):
        if matches_resource(statement, resource, context) is Truth.TRUE:
            return resource
    return None


def _with_variables(statement: Statement, context: Context) -> Iterator[str]:
    for template in statement.resources.templates if statement.resources else ():
        yield from _example_of(template, context)


def _example_of(template: Template, context: Context) -> Iterator[str]:
    """A text that a template matches, if its variables are known."""
    resolved = template.resolve(context)
    if resolved is not None and resolved.exact:
        examples = {Wild.ANY_RUN: "example", Wild.ANY_ONE: "x"}
        yield "".join(piece if isinstance(piece, str) else examples[piece] for piece in resolved.pieces)


def _context_for(conditions: list[Condition], base: Context) -> Context | None:
    """A context in which the conditions hold, found by trying the values that they name."""
    choices: dict[str, list[Entry]] = {}
    for each in conditions:
        entries = choices.setdefault(each.key, [base.get(each.key), ABSENT, Present(("example",))])
        entries += [Present((value.replace("*", "example").replace("?", "x"),)) for value in each.values]
        examples = (text for template in each.templates for text in _example_of(template, base))
        entries += [Present((text,)) for text in examples]
    # What follows from who calls is not to be chosen.
    choices = {key: entries[:1] if key in base.entries else entries for key, entries in choices.items()}
    for values in islice(product(*choices.values()), MAX_TRIES):
        context = base.with_(dict(zip(choices, values, strict=True)))
        if holds(conditions, context) is Truth.TRUE:
            return context
    return None
