"""May this caller do this to that? The single source of truth, for requests that are known in full or in part.

1. Some operations are decided by rules that no policy changes.
2. Each statement of each policy applies, does not, or may: its action, resource, principal and conditions, each in
   three-valued logic; one that is not fully understood never surely applies.
3. An explicit deny in any policy wins.
4. Every level of the organization's SCPs, for the caller's account, and of its RCPs, for the resource's, must allow.
5. Within an account, the caller's own policies (as far as boundary and session policy allow) or the resource's policy
   grant; across accounts both must. A role's trust policy and a KMS key's policy must always take part.
6. What is open on one condition key with few possible values is decided again for each of them.

Source: IAM user guide, reference_policies_evaluation-logic and the pages below it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TypeAlias

import msgspec

from auditwright.access.context import Absent, CallerKind, OneOf, Present
from auditwright.access.glob import lower
from auditwright.access.kleene import Truth, agreed, all_of, any_of, known
from auditwright.access.matching import Application, Part, PrincipalMatch, Request, application
from auditwright.access.policy import Effect, Policy, Statement
from auditwright.core.outcome import Unknown

MAX_CASES = 64
"""Combinations of possible values that are tried one by one; six keys that are present or absent make as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """All policies that bear on a request. What was not seen is Unknown, and never taken for none."""

    identity: tuple[Policy, ...] | Unknown
    """Of the user and its groups, or of the role."""
    boundary: Policy | Unknown | None = None
    scps: tuple[tuple[Policy, ...], ...] | Unknown = ()
    """Of the caller's account: the root's, each organizational unit's, the account's own. None for the management
    account and outside of an organization (AWS: SCPs do not affect the management account)."""
    rcps: tuple[tuple[Policy, ...], ...] | Unknown = ()
    """Of the resource's account, likewise."""
    session: tuple[Policy, ...] | Unknown | None = None
    """Given when the session was opened; None where none were."""
    resource: Policy | Unknown | None = None
    """The policy of the resource itself: of a bucket, of a key, the trust policy of a role."""
    key_grants: Truth = Truth.UNKNOWN
    """Whether a grant of the KMS key allows this. It is asked only for operations that grants can carry."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One statement that was weighed, or one rule."""

    part: Part
    policy: str
    index: int
    """Of the statement; -1 for a rule, and for a policy that was not seen."""
    sid: str
    effect: Effect | None
    truth: Truth
    """Whether it applies."""
    why: str


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """The request goes through."""

    by: tuple[Step, ...]
    trace: tuple[Step, ...]


class ImplicitDeny(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing allows the request, or not every part that has to; a statement that may deny it as well is in the trace."""

    why: tuple[str, ...]
    trace: tuple[Step, ...]


class ExplicitDeny(msgspec.Struct, frozen=True, kw_only=True):
    """A statement denies the request."""

    by: tuple[Step, ...]
    trace: tuple[Step, ...]


class Undecided(msgspec.Struct, frozen=True, kw_only=True):
    """The request may go through; what is missing to say so."""

    why: tuple[str, ...]
    keys: tuple[str, ...]
    """The condition keys that leave it open."""
    trace: tuple[Step, ...]


Decision: TypeAlias = Allowed | ImplicitDeny | ExplicitDeny | Undecided


def must(decision: Decision) -> bool:
    """True where the request surely goes through."""
    return isinstance(decision, Allowed)


def may(decision: Decision) -> bool:
    """True where it is not sure that the request is denied."""
    return isinstance(decision, Allowed | Undecided)


def decide(request: Request, policies: Policies) -> Decision:
    """Whether a request goes through, with the statements that were weighed."""
    decision = _by_rule(request) or _weigh(request, policies)
    return _by_cases(request, policies, decision) if isinstance(decision, Undecided) else decision


def _by_cases(request: Request, policies: Policies, undecided_: Undecided) -> Decision:
    """Decide for each combination of the values that open keys may have (6).

    Two statements that ask for opposite values of one key are both open, and yet one of them applies.
    """
    entries = {key: request.context.get(key) for key in undecided_.keys}
    choices = {key: entry.alternatives for key, entry in entries.items() if isinstance(entry, OneOf)}
    if not choices or prod(len(each) for each in choices.values()) > MAX_CASES:
        return undecided_
    decisions = [
        _by_rule(each) or _weigh(each, policies)
        for values in product(*choices.values())
        for each in [_with(request, dict(zip(choices, values, strict=True)))]
    ]
    trace = tuple(dict.fromkeys(step for decision in decisions for step in decision.trace))
    if all(isinstance(decision, Allowed) for decision in decisions):
        by = dict.fromkeys(step for each in decisions if isinstance(each, Allowed) for step in each.by)
        return Allowed(by=tuple(by), trace=trace)
    if any(map(may, decisions)):
        return undecided_
    denials = dict.fromkeys(step for each in decisions if isinstance(each, ExplicitDeny) for step in each.by)
    if all(isinstance(decision, ExplicitDeny) for decision in decisions):
        return ExplicitDeny(by=tuple(denials), trace=trace)
    why = dict.fromkeys(why for each in decisions if isinstance(each, ImplicitDeny) for why in each.why)
    return ImplicitDeny(why=(*why, f"or it is denied, by the values of {', '.join(choices)}"), trace=trace)


def _with(request: Request, entries: Mapping[str, Present | Absent]) -> Request:
    return msgspec.structs.replace(request, context=request.context.with_(entries))


GET_CALLER_IDENTITY = "sts:getcalleridentity"
GET_SESSION_TOKEN = "sts:getsessiontoken"  # noqa: S105  # an operation's name
ASSUME_ROLE = "sts:assumerole"
ASSUME_ROOT = "sts:assumeroot"


_OUTSIDE = (CallerKind.ANONYMOUS, CallerKind.SERVICE, CallerKind.FEDERATED)
"""Callers who belong to no account: nothing but the resource's policy can allow them."""


def _by_rule(request: Request) -> Decision | None:
    """What no policy decides (1)."""
    action, kind = lower(request.action), request.caller.kind
    principal = kind not in _OUTSIDE
    if action == GET_CALLER_IDENTITY:
        if principal:
            return _allowed_by("AWS: no permission is required, and an explicit deny has no effect")
        return _denied_by("only a principal of an account can ask who it is")
    if action == GET_SESSION_TOKEN:
        return _session_token(request)
    if action == ASSUME_ROLE and kind is CallerKind.ROOT:
        return _denied_by("AWS: the root user cannot assume a role")
    return None


def _session_token(request: Request) -> Decision:
    if request.caller.kind not in (CallerKind.USER, CallerKind.ROOT):
        return _denied_by("AWS: only the long-term keys of a user or of root can call GetSessionToken")
    match request.context.get("aws:tokenissuetime"):
        case Absent():
            return _allowed_by("AWS: no permission is required, and no policy has an effect")
        case Present():
            return _denied_by("AWS: temporary credentials cannot call GetSessionToken")
        case _:
            why = "only long-term keys can call GetSessionToken"
            step = _rule(why, Truth.UNKNOWN)
            return Undecided(why=(why,), keys=("aws:tokenissuetime",), trace=(step,))


def _rule(why: str, truth: Truth, *, part: Part = Part.RULE, effect: Effect | None = None) -> Step:
    return Step(part=part, policy="", index=-1, sid="", effect=effect, truth=truth, why=why)


def _allowed_by(why: str) -> Allowed:
    step = _rule(why, Truth.TRUE)
    return Allowed(by=(step,), trace=(step,))


def _denied_by(why: str) -> ImplicitDeny:
    return ImplicitDeny(why=(why,), trace=(_rule(why, Truth.FALSE),))


def token_may_call(action: str, *, mfa: Truth) -> Truth:
    """Whether a session of GetSessionToken can call an operation at all, whatever its policies say.

    AWS: no IAM without MFA, and of STS only AssumeRole and GetCallerIdentity.
    """
    action = lower(action)
    if action.startswith("iam:"):
        return mfa
    return known(not action.startswith("sts:") or action in {ASSUME_ROLE, GET_CALLER_IDENTITY})


RCP_SERVICES = frozenset({"s3", "sts", "kms", "sqs", "secretsmanager"})
"""AWS: services to whose resources RCPs surely apply; the list has grown since, so for others it is unknown."""

GRANTABLE = frozenset(
    f"kms:{operation}"
    for operation in (
        "creategrant",
        "decrypt",
        "derivesharedsecret",
        "describekey",
        "encrypt",
        "generatedatakey",
        "generatedatakeypair",
        "generatedatakeypairwithoutplaintext",
        "generatedatakeywithoutplaintext",
        "generatemac",
        "getpublickey",
        "reencryptfrom",
        "reencryptto",
        "retiregrant",
        "sign",
        "verify",
        "verifymac",
    )
)
"""AWS KMS: grant operations."""

_OWN_BUCKET_POLICY = frozenset({"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"})
_TRUST_ACTIONS = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext")


class _Weight(msgspec.Struct, kw_only=True):
    """What the policies of one part allow."""

    allow: Truth = Truth.FALSE
    grants: list[tuple[PrincipalMatch, Truth]] = []
    """For the resource's policy: what it allows, by how it names the caller."""

    def grant(self, match: PrincipalMatch) -> Truth:
        """What it allows by naming the caller so."""
        return any_of(truth for found, truth in self.grants if found is match)


class _Scales(msgspec.Struct, kw_only=True):
    """Weighs the policies of one request and keeps every step."""

    request: Request
    action: str
    steps: list[Step] = []
    keys: dict[str, None] = {}
    denials: list[Step] = []

    def weigh(self, part: Part, policies: Iterable[Policy] | Unknown) -> _Weight:
        """What the policies of one part allow together; what they deny is kept in `denials`."""
        weight = _Weight()
        if isinstance(policies, Unknown):
            unseen = _rule(policies.why, Truth.UNKNOWN, part=part)
            self.steps.append(unseen)
            self.denials.append(unseen)
            weight.allow = Truth.UNKNOWN
            weight.grants.append((PrincipalMatch.UNKNOWN, Truth.UNKNOWN))
            return weight
        for policy in policies:
            for statement in policy.relevant(self.action):
                self._add(weight, part, policy, statement)
        return weight

    def _add(self, weight: _Weight, part: Part, policy: Policy, statement: Statement) -> None:
        found = application(statement, self.request, part)
        truth, why = self._exempt(part, statement, found)
        step = Step(
            part=part,
            policy=policy.name,
            index=statement.index,
            sid=statement.sid,
            effect=statement.effect,
            truth=truth,
            why=why,
        )
        self.steps.append(step)
        if truth is Truth.FALSE:
            return
        if truth is Truth.UNKNOWN:
            self.keys |= dict.fromkeys(found.keys)
        if statement.effect is not Effect.ALLOW:
            self.denials.append(step)
        if statement.effect is not Effect.DENY:
            weight.allow = any_of((weight.allow, truth))
            weight.grants.append((found.principal, truth))

    def allow_by(self, why: str, truth: Truth) -> None:
        """Note what allows the request and is no policy."""
        self.steps.append(_rule(why, truth, effect=Effect.ALLOW))

    def _exempt(self, part: Part, statement: Statement, found: Application) -> tuple[Truth, str]:
        """What a statement comes to, where AWS makes an exception of the request."""
        truth = found.truth
        if (
            truth is Truth.TRUE
            and part is Part.RCP
            and statement.effect is not Effect.ALLOW
            and not self.rcps_apply
        ):
            return Truth.UNKNOWN, "it is not known whether RCPs apply to the service"
        caller = self.request.caller
        if (
            part is Part.RESOURCE
            and caller.kind is CallerKind.ROOT
            and caller.account == self.request.resource_account
            and statement.effect is not Effect.ALLOW
            and self.action in _OWN_BUCKET_POLICY
        ):
            return Truth.FALSE, "AWS: root can always read and replace the policies of its account's buckets"
        return truth, found.why

    @property
    def rcps_apply(self) -> bool:
        """True where RCPs surely apply to the service."""
        return self.action.partition(":")[0] in RCP_SERVICES


_Gate: TypeAlias = tuple[Truth, str]
"""Whether something that has to allow does, and what it is."""


def _weigh(request: Request, policies: Policies) -> Decision:
    scales = _Scales(request=request, action=lower(request.action))
    gated = _is_gated(request, scales.action)
    own = _own(scales, policies)
    resource = scales.weigh(Part.RESOURCE, _policy_of_resource(policies, gated=gated))
    levels = _levels(scales, policies)
    granted = _granted(request, resource, own=own, gated=gated)
    if scales.action in GRANTABLE and ":key/" in request.resource:
        scales.allow_by("a grant of the key", policies.key_grants)
        granted = any_of((granted, policies.key_grants))
    deny = any_of(step.truth for step in scales.denials)
    allowed = all_of((granted, *(truth for truth, _ in levels)))
    trace = tuple(scales.steps)
    if deny is Truth.TRUE:  # (3)
        return ExplicitDeny(by=tuple(step for step in scales.denials if step.truth is deny), trace=trace)
    if allowed is Truth.TRUE and deny is Truth.FALSE:
        by = (step for step in trace if step.effect is Effect.ALLOW and step.truth is Truth.TRUE)
        return Allowed(by=tuple(by), trace=trace)
    gates = levels if granted is Truth.TRUE else [*own, (resource.allow, Part.RESOURCE), *levels]
    if allowed is Truth.FALSE:
        why = [f"no {what} allows it" for truth, what in gates if truth is Truth.FALSE]
        return ImplicitDeny(why=tuple(why), trace=trace)
    why = [f"it is open whether a {what} allows it" for truth, what in gates if truth is Truth.UNKNOWN]
    why += [f"{step.part} {step.policy} may deny it: {step.why}" for step in scales.denials]
    return Undecided(why=tuple(dict.fromkeys(why)), keys=tuple(sorted(scales.keys)), trace=trace)


def _only(policy: Policy | Unknown | None) -> tuple[Policy, ...] | Unknown:
    if isinstance(policy, Unknown):
        return policy
    return () if policy is None else (policy,)


def _policy_of_resource(policies: Policies, *, gated: bool) -> tuple[Policy, ...] | Unknown:
    if gated and policies.resource is None:
        return Unknown("the policy of the resource, which always has one, was not given")
    return _only(policies.resource)


def _is_gated(request: Request, action: str) -> bool:
    """True where the resource's policy has to take part even within the account.

    AWS: role trust policies and KMS key policies must explicitly allow access.
    """
    if action.startswith(_TRUST_ACTIONS):
        return ":role/" in request.resource
    return action.startswith("kms:") and ":key/" in request.resource


def _own(scales: _Scales, policies: Policies) -> list[_Gate]:
    """What the caller's own policies say: identity policies first, then what limits them."""
    identity = scales.weigh(Part.IDENTITY, policies.identity).allow
    boundary = scales.weigh(Part.BOUNDARY, _only(policies.boundary)).allow
    session = scales.weigh(Part.SESSION, () if policies.session is None else policies.session).allow
    kind = scales.request.caller.kind
    if kind is CallerKind.ROOT:
        identity = Truth.TRUE
        scales.allow_by("AWS: root has full access, within the SCPs of its account", identity)
    gates: list[_Gate] = [(identity, Part.IDENTITY)]
    if policies.boundary is not None:
        gates.append((boundary, Part.BOUNDARY))
    # AWS: without a session policy, a session of GetFederationToken has no permissions of its user.
    if policies.session is not None or kind is CallerKind.FEDERATED_USER:
        gates.append((session, Part.SESSION))
    return gates


def _levels(scales: _Scales, policies: Policies) -> list[_Gate]:
    """What the organization says: each level has to allow (4)."""
    caller = scales.request.caller
    if ":role/aws-service-role/" in caller.issuer:
        # AWS: neither SCPs nor RCPs affect service-linked roles.
        return []
    gates: list[_Gate] = []
    if caller.account:
        gates += _each_level(scales, Part.SCP, policies.scps)
    for truth, what in _each_level(scales, Part.RCP, policies.rcps):
        gates.append((truth if scales.rcps_apply else any_of((truth, Truth.UNKNOWN)), what))
    return gates


def _each_level(scales: _Scales, part: Part, levels: tuple[tuple[Policy, ...], ...] | Unknown) -> list[_Gate]:
    if isinstance(levels, Unknown):
        return [(scales.weigh(part, levels).allow, part)]
    return [
        (scales.weigh(part, level).allow, f"{part} of level {number}")
        for number, level in enumerate(levels, start=1)
    ]


def _granted(request: Request, resource: _Weight, *, own: Sequence[_Gate], gated: bool) -> Truth:
    """Whether caller and resource together allow, within the account and across accounts (5)."""
    caller = request.caller
    if caller.kind in _OUTSIDE:
        return resource.allow
    by_caller = all_of(truth for truth, _ in own)
    limit = all_of(truth for truth, _ in own[1:])
    # AWS: evaluating identity-based policies with resource-based policies, by the principal that is named.
    by_resource = any_of(
        (
            resource.grant(PrincipalMatch.DIRECT),
            resource.grant(PrincipalMatch.UNKNOWN),
            all_of((resource.grant(PrincipalMatch.ISSUER), limit)),
            all_of((resource.grant(PrincipalMatch.ACCOUNT), by_caller)),
        )
    )
    within = by_resource if gated else any_of((by_caller, by_resource))
    across = all_of((by_caller, resource.allow))
    if lower(request.action) == ASSUME_ROOT or caller.account == request.resource_account:
        return within
    return agreed((within, across)) if isinstance(request.resource_account, Unknown) else across
