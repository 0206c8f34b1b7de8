"""Whether one statement applies to a request: its action, its resource, whom it names, its conditions.

Each is asked on its own, so that answers can be kept apart: what a statement says of an action depends on nothing
else, and of a resource only on the caller where it uses variables.
"""

from enum import Enum, StrEnum

import msgspec

from auditwright.access.conditions import holds, holds_one, match_text, undecided
from auditwright.access.context import Caller, CallerKind, Context
from auditwright.access.glob import lower
from auditwright.access.kleene import Truth, any_of, known, negate
from auditwright.access.policy import Principals, Statement
from auditwright.core.outcome import Unknown


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call: who, what, on what, in which circumstances."""

    caller: Caller
    action: str
    """`service:Operation`, in any case."""
    resource: str
    """An ARN, or `*` for operations that take no resource."""
    resource_account: str | Unknown
    """Whose resource it is; an ARN does not always say."""
    context: Context


class Part(StrEnum):
    """Where a step of a decision comes from."""

    RULE = "rule"
    IDENTITY = "identity policy"
    BOUNDARY = "permissions boundary"
    SCP = "service control policy"
    RCP = "resource control policy"
    SESSION = "session policy"
    RESOURCE = "resource policy"


class PrincipalMatch(Enum):
    """How a statement names a caller."""

    NO = "not named"
    DIRECT = "named itself"
    """By its own ARN, or with everybody. AWS: then no implicit deny of another policy counts in the same account."""
    ISSUER = "named through the role or user that its session is of"
    """AWS: then boundary and session policy limit what the resource's policy grants."""
    ACCOUNT = "named through its account"
    """AWS: which delegates to the policies of that account."""
    UNKNOWN = "perhaps named"


def matches_action(statement: Statement, action: str) -> Truth:
    """Whether a statement concerns an action, in any case."""
    if statement.actions is None:
        return Truth.UNKNOWN
    return known(statement.actions.match(lower(action)))


def matches_resource(statement: Statement, resource: str, context: Context) -> Truth:
    """Whether a statement concerns a resource. One without Resource is of the policy of a resource, and concerns it."""
    named = statement.resources
    if named is None:
        return Truth.TRUE
    found = known(named.fixed.matches(resource))
    if not named.templates:
        return negate(found) if named.negated else found
    found = any_of((found, *(each.compare(resource, context, match_text) for each in named.templates)))
    truth = negate(found) if named.negated else found
    # AWS: a variable that cannot be resolved might make the entire statement invalid.
    void = truth is Truth.TRUE and any(each.may_void(context) for each in named.templates)
    return Truth.UNKNOWN if void else truth


def matches_principal(statement: Statement, caller: Caller) -> PrincipalMatch:
    """How a statement of a resource's policy names a caller."""
    named = statement.principals
    if named is None:
        return PrincipalMatch.UNKNOWN
    return _is_left_out(named, caller) if named.negated else _is_named(named, caller)


def _is_named(named: Principals, caller: Caller) -> PrincipalMatch:
    match caller.kind:
        case CallerKind.ANONYMOUS:
            return PrincipalMatch.DIRECT if named.everyone else PrincipalMatch.NO
        case CallerKind.SERVICE:
            direct = named.everyone or caller.arn in named.services or "*" in named.services
            return PrincipalMatch.DIRECT if direct else PrincipalMatch.NO
        case CallerKind.FEDERATED if caller.arn in named.providers:
            return PrincipalMatch.DIRECT
        case CallerKind.FEDERATED:
            # AWS does not say whether everybody includes those whom only an identity provider knows.
            return PrincipalMatch.UNKNOWN if named.everyone else PrincipalMatch.NO
        case _:
            return _is_principal_named(named, caller)


def _is_principal_named(named: Principals, caller: Caller) -> PrincipalMatch:
    # AWS: in a Principal, names are case-sensitive, and no wildcard matches a part of one.
    by_id = caller.unique_id in named.unique_ids
    of_session = caller.kind is CallerKind.ROLE_SESSION
    if named.everyone or caller.arn in named.arns or (by_id and not of_session):
        return PrincipalMatch.DIRECT
    if by_id or (caller.issuer and caller.issuer in named.arns):
        return PrincipalMatch.ISSUER
    if caller.account in named.accounts:
        return PrincipalMatch.ACCOUNT
    # Which account a canonical user is cannot be seen from it.
    return PrincipalMatch.UNKNOWN if named.canonical_users else PrincipalMatch.NO


def _is_left_out(named: Principals, caller: Caller) -> PrincipalMatch:
    """How NotPrincipal names a caller: those whom it does not spell out.

    AWS: the account, the role and the session are each validated, depending on the service; so a caller is surely
    exempt only where all of them are listed, and surely meant only where none is.
    """
    match caller.kind:
        case CallerKind.ANONYMOUS:
            listed = [named.everyone]
        case CallerKind.SERVICE:
            listed = [named.everyone or caller.arn in named.services or "*" in named.services]
        case CallerKind.FEDERATED:
            listed = [caller.arn in named.providers]
            if named.everyone and not listed[0]:
                return PrincipalMatch.UNKNOWN
        case _:
            listed = [named.everyone or caller.account in named.accounts]
            if caller.kind is not CallerKind.ROOT:
                by_id = caller.unique_id in named.unique_ids
                listed.append(named.everyone or caller.arn in named.arns or by_id)
            if caller.issuer:
                listed.append(named.everyone or caller.issuer in named.arns)
            if named.canonical_users and not all(listed):
                return PrincipalMatch.UNKNOWN
    if all(listed):
        return PrincipalMatch.NO
    return PrincipalMatch.UNKNOWN if any(listed) else PrincipalMatch.DIRECT


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a statement applies to a request, and why."""

    truth: Truth
    principal: PrincipalMatch
    why: str
    keys: tuple[str, ...] = ()
    """The condition keys that leave it open."""


def applies(statement: Statement, request: Request, part: Part) -> Application:
    """Whether a statement of a policy of some part applies to a request."""
    action = matches_action(statement, request.action)
    if action is Truth.FALSE:
        return _no("its action does not match")
    return application(statement, request, part)


def _no(why: str) -> Application:
    return Application(truth=Truth.FALSE, principal=PrincipalMatch.NO, why=why)


def application(statement: Statement, request: Request, part: Part) -> Application:
    """As `applies`, for a statement of which it is known that it may concern the action (`Policy.relevant`)."""
    context = request.context
    resource = matches_resource(statement, request.resource, context)
    if resource is Truth.FALSE:
        return _no("its resource does not match")
    of_resource = part is Part.RESOURCE or part is Part.RCP
    principal = matches_principal(statement, request.caller) if of_resource else PrincipalMatch.DIRECT
    if principal is PrincipalMatch.NO:
        return _no("it does not name the caller")
    conditions = holds(statement.conditions, context)
    if conditions is Truth.FALSE:
        failed = next(each for each in statement.conditions if holds_one(each, context) is Truth.FALSE)
        return _no(f"{failed.written} on {failed.key} does not hold")
    doubts = [f"unread: {what}" for what in statement.unread]
    keys: tuple[str, ...] = ()
    if not of_resource and statement.resources is None:
        doubts.append("it has no Resource")
    if not of_resource and statement.principals is not None:
        doubts.append(f"it has a Principal, which a {part} cannot have")
    if of_resource and statement.principals is None:
        doubts.append("it has no Principal")
    elif principal is PrincipalMatch.UNKNOWN:
        doubts.append("it may or may not mean the caller")
    if resource is Truth.UNKNOWN:
        named = statement.resources
        keys = tuple(key for each in (named.templates if named else ()) for key in each.keys)
        doubts.append("its resource depends on " + ", ".join(dict.fromkeys(keys)))
    if conditions is Truth.UNKNOWN:
        open_keys = undecided(statement.conditions, context)
        keys += open_keys
        doubts.append("its conditions depend on " + ", ".join(open_keys))
    return Application(
        truth=Truth.UNKNOWN if doubts else Truth.TRUE,
        principal=principal,
        why="; ".join(doubts) or "it applies",
        keys=tuple(dict.fromkeys(keys)),
    )
