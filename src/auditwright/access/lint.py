"""Conditions on MFA that look right and are not: each finding is a request, and what the evaluator says to it.

Nothing is found by the look of a policy alone. A statement that asks for MFA is asked with a long-term key and with a
temporary session without MFA; where one gets through, that request is the finding. A correction is offered only after
it was put in place and asked the same, and lets a session with MFA do what it could do before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

import msgspec

from auditwright.access.conditions import Condition
from auditwright.access.context import Caller, CallerKind
from auditwright.access.evaluator import RCP_SERVICES, Decision, Policies, decide, may, must, token_may_call
from auditwright.access.glob import lower
from auditwright.access.kleene import Truth
from auditwright.access.matching import Part, Request
from auditwright.access.policy import (
    Effect,
    Policy,
    Statement,
    parse_policy,
    part_of,
    statement_document,
)
from auditwright.access.probe import (
    ACCOUNT,
    ANOTHER_ACCOUNT,
    LONG_TERM_KEY,
    MFA_AGE,
    MFA_KEYS,
    MFA_PRESENT,
    NO_FACTOR,
    ROLE,
    USER,
    WITH_MFA,
    WITHOUT_MFA,
    Credential,
    actions_of,
    callers_named,
    request_of,
)

Document = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFinding:
    """A statement that does not do what it seems to."""

    rule: str
    title: str
    why: str
    policy: str
    index: int
    sid: str
    request: Request
    """What shows it."""
    beside: Policies = field(repr=False)
    """The policies with which the request was decided."""
    decision: Decision
    """What the evaluator says to the request."""
    corrected: tuple[Document, ...] = ()
    """Statements to put in its place; none where no correction was proved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    title: str
    why: str


_SHAPES: Mapping[tuple[Effect, str, str], _Shape] = {
    (Effect.DENY, "Bool", MFA_PRESENT): _Shape(
        title="Deny with Bool does not stop long-term keys",
        why="The key is absent when a long-term access key signs, so Bool is false there and nothing is denied.",
    ),
    (Effect.DENY, "Null", MFA_PRESENT): _Shape(
        title="Deny with Null does not stop sessions without MFA",
        why="A temporary session without MFA carries the key with the value false, so that it is not null.",
    ),
    (Effect.ALLOW, "BoolIfExists", MFA_PRESENT): _Shape(
        title="Allow with BoolIfExists does not ask for MFA of long-term keys",
        why="IfExists holds where the key is absent, as it is for every long-term access key.",
    ),
    (Effect.ALLOW, "Null", MFA_PRESENT): _Shape(
        title="Allow with Null does not ask for MFA of temporary sessions",
        why="A temporary session without MFA carries the key too, with the value false.",
    ),
    (Effect.ALLOW, "NumericLessThanIfExists", MFA_AGE): _Shape(
        title="An age with IfExists does not ask for MFA at all",
        why="The age is absent wherever MFA was not used, and IfExists holds there.",
    ),
    (Effect.DENY, "NumericGreaterThan", MFA_AGE): _Shape(
        title="To deny an old MFA does not deny its lack",
        why="The age is absent wherever MFA was not used, so that nothing is denied there.",
    ),
    (Effect.ALLOW, "ForAllValues:Bool", MFA_PRESENT): _Shape(
        title="Allow with ForAllValues does not ask for MFA of long-term keys",
        why="ForAllValues holds where the key is absent, as it is for every long-term access key.",
    ),
}
"""What to say of the shapes that are often written."""

_INVERTED = _Shape(
    title="The condition stops those who have MFA, and not those who have none",
    why="What it asks of the key is the opposite of what asks for MFA.",
)
_VACUOUS = _Shape(
    title="The condition on MFA asks nothing of a caller who never shows it",
    why="It holds where the key is absent, as it is wherever no user signs.",
)

_ENROLMENT = ("iam:EnableMFADevice", "iam:CreateVirtualMFADevice")
_PASSWORD = "iam:ChangePassword"  # noqa: S105  # an operation's name
_PASSWORD_WHY = "lets whoever knows a password make it last, and lock its owner out"  # noqa: S105  # a sentence
DANGEROUS: Mapping[str, str] = {
    "iam:CreateAccessKey": "makes a key for any user that the policies name",
    "iam:UpdateAccessKey": "makes a disabled key work again",
    "iam:CreateLoginProfile": "gives a user a password",
    "iam:UpdateLoginProfile": "changes the password of a user",
    "iam:DeactivateMFADevice": "takes a second factor away",
    "iam:DeleteVirtualMFADevice": "takes a second factor away",
    "iam:AttachUserPolicy": "gives a user any policy",
    "iam:PutUserPolicy": "gives a user any permission",
    "iam:DetachUserPolicy": "takes away the very policy that asks for MFA",
    "iam:DeleteUserPolicy": "takes away the very policy that asks for MFA",
    "iam:RemoveUserFromGroup": "leaves the group whose policy asks for MFA",
    "iam:AddUserToGroup": "joins any group",
    "iam:CreatePolicyVersion": "rewrites a policy",
    "iam:SetDefaultPolicyVersion": "goes back to an older policy",
    "iam:UpdateAssumeRolePolicy": "rewrites who may assume a role",
    "iam:PassRole": "hands a role to a service",
    "sts:AssumeRole": "opens a session of a role, in which MFA is no longer asked of the user",
    "sts:GetFederationToken": "opens a session that never has MFA",
}
"""What a deny that is there to ask for MFA should not leave out."""

_CONSOLE_ONLY: Document = {
    "Sid": "EnrollInTheConsoleOnly",
    "Effect": "Deny",
    "Action": list(_ENROLMENT),
    "Resource": "*",
    "Condition": {"Null": {"aws:MultiFactorAuthPresent": "true"}},
}
_FULL: Document = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_FULL_TO_ALL: Document = {**_FULL, "Principal": "*"}


def _parsed(*statements: Document, name: str = "everything") -> Policy:
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)}, name=name)


_EVERYTHING, _EVERYTHING_TO_ALL = _parsed(_FULL), _parsed(_FULL_TO_ALL)
_DELEGATING = _parsed({**_FULL, "Principal": {"AWS": ACCOUNT}}, name="delegation to the account")
"""What lets the caller's own policies decide, whatever the resource."""


def lint(policy: Policy, kind: Part) -> tuple[LintFinding, ...]:
    """What does not do what it seems to in a policy of some kind, in the order of its statements.

    A role's trust policy is the policy of a resource.
    """
    assert kind is not Part.RULE, "a rule has no statements"
    return tuple(
        finding
        for statement in policy.statements
        if not statement.unread and any(each.key in MFA_KEYS for each in statement.conditions)
        for finding in _Bench(policy=policy, statement=statement, kind=kind).findings()
    )


_WITHOUT_FACTOR = {
    CallerKind.ROLE_SESSION: "a role, whose sessions do not show it",
    CallerKind.FEDERATED_USER: "a federated user, who never shows it",
    CallerKind.FEDERATED: "users of an identity provider, who never show it",
    CallerKind.SERVICE: "a service, which never shows it",
}
"""Callers who show no second factor to AWS."""

_UNCONFIRMED = (
    " Whether a role's session that was opened from a session with MFA shows it was never confirmed: "
    "the documentation can be read both ways."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """One statement that asks for MFA, and what it is tried with."""

    policy: Policy
    statement: Statement
    kind: Part

    def findings(self) -> Iterator[LintFinding]:
        """What the statement does not do as it seems to."""
        yield from self._open()
        yield from self._exemptions()
        yield from self._impossible()

    def _open(self) -> Iterator[LintFinding]:
        """Who gets through without MFA where the statement is there to ask for it."""
        through: dict[str, Request] = {}
        for caller in self._callers():
            human = caller.kind is CallerKind.USER
            for credential in (LONG_TERM_KEY if human else NO_FACTOR, WITHOUT_MFA):
                for request in self._through(caller, credential):
                    through.setdefault(credential.title, request)
                    break
        if not through:
            return
        requests = list(through.values())
        request = requests[0]
        who = " and ".join(through)
        said = f"{who[0].upper()}{who[1:]} can call {request.action} on {request.resource}."
        corrected: tuple[Document, ...] = ()
        if request.caller.kind is not CallerKind.USER:
            shape = _VACUOUS
        elif not any(any(self._through(request.caller, credential)) for credential in WITH_MFA):
            shape = _INVERTED
        else:
            shape = _shape_of(self.statement)
            corrected = self._proved(_asking_for_mfa(self.statement), requests)
        rule = _Rule(name="mfa-open", title=shape.title, why=f"{shape.why} {said}")
        yield self._finding(rule, request, corrected=corrected)

    def _exemptions(self) -> Iterator[LintFinding]:
        """What a Deny that is there to ask for MFA leaves out, and should not."""
        actions = self.statement.actions
        if self.statement.effect is not Effect.DENY or actions is None or not actions.negated:
            return
        if next(self._through(USER, LONG_TERM_KEY), None) is not None:
            return  # It does not ask keys for MFA in the first place, which is said already.
        names = (*_ENROLMENT, _PASSWORD, *DANGEROUS)
        exempt = {name: request for name in names if (request := self._exempt(name)) is not None}
        if all(name in exempt for name in _ENROLMENT):
            enrolling = [exempt[name] for name in _ENROLMENT]
            both = (statement_document(self.statement), _CONSOLE_ONLY)
            yield self._finding(_SELF_ENROLMENT, enrolling[0], corrected=self._proved(both, enrolling))
        for name, why in ((_PASSWORD, _PASSWORD_WHY), *DANGEROUS.items()):
            if name in exempt:
                rule = _Rule(
                    name="mfa-exempts",
                    title=f"{name} is left out of what needs MFA",
                    why=f"Without a second factor, it {why}.",
                )
                documents = _without_exemption(self.statement, name)
                yield self._finding(rule, exempt[name], corrected=self._proved(documents, [exempt[name]]))

    def _impossible(self) -> Iterator[LintFinding]:
        """MFA that is asked of callers who never have it, or in a way that no session with it meets."""
        allowing = self.statement.effect is Effect.ALLOW
        callers = self._callers() if allowing else self._machines()
        for caller in callers:
            human = caller.kind is CallerKind.USER
            tried = WITH_MFA if human else (NO_FACTOR, WITHOUT_MFA)
            requests = [each for credential in tried for each in self._requests(caller, credential)]
            beside = self._beside(self._kept())
            if requests and not any(may(decide(each, beside)) for each in requests):
                rule = _NEVER_HOLDS if human else _impossible_for(caller, allowing=allowing)
                yield self._finding(rule, requests[0], corrected=())

    # --- asking

    @property
    def _of_resource(self) -> bool:
        return self.kind in {Part.RESOURCE, Part.RCP}

    def _callers(self) -> list[Caller]:
        """Callers whom the statement means."""
        named = self.statement.principals
        if not self._of_resource:
            return [USER]
        if named is None:
            return []
        return [USER] if named.negated else list(callers_named(named))

    def _machines(self) -> list[Caller]:
        """Callers who never have MFA, where a policy is for all callers alike."""
        named = self.statement.principals
        everybody = self.kind is Part.SCP or (self._of_resource and named is not None and named.everyone)
        return [ROLE] if everybody else []

    def _requests(self, caller: Caller, credential: Credential) -> Iterator[Request]:
        """Requests that the statement concerns, whatever it says of MFA."""
        for action in actions_of(self.statement):
            if credential is WITHOUT_MFA and token_may_call(action, mfa=Truth.FALSE) is not Truth.TRUE:
                continue
            if self.kind is Part.RCP and action.partition(":")[0].lower() not in RCP_SERVICES:
                continue
            request = self._request(action, credential, caller)
            if request is not None:
                yield request

    def _request(self, action: str, credential: Credential, caller: Caller) -> Request | None:
        request = request_of(self.statement, action, credential, caller)
        if request is None or not self._of_resource:
            return request
        # Another account's resource, so that its policy has to allow.
        owner = ACCOUNT if caller.account == ANOTHER_ACCOUNT else ANOTHER_ACCOUNT
        return msgspec.structs.replace(request, resource_account=owner)

    def _through(self, caller: Caller, credential: Credential) -> Iterator[Request]:
        """Those of the requests that surely get through."""
        beside = self._beside(self._kept())
        return (each for each in self._requests(caller, credential) if must(decide(each, beside)))

    def _exempt(self, action: str) -> Request | None:
        """A request of a long-term key that the policy lets through although the statement is there."""
        request = self._request(action, LONG_TERM_KEY, USER)
        return request if request and must(decide(request, self._beside(self._kept()))) else None

    def _kept(self) -> Policy:
        """The statement with everything that the policy denies, but nothing else that it allows."""
        return part_of(self.policy, (*self._denials(), self.statement))

    def _denials(self) -> list[Statement]:
        others = (each for each in self.policy.statements if each.index != self.statement.index)
        return [each for each in others if each.effect is not Effect.ALLOW]

    def _beside(self, kept: Policy) -> Policies:
        """The policies around a request: what a denying statement is tried with allows everything else."""
        if self.statement.effect is not Effect.ALLOW:
            everything = _EVERYTHING_TO_ALL if self._of_resource else _EVERYTHING
            kept = part_of(kept, (*everything.statements, *kept.statements))
        around = Policies(identity=(_EVERYTHING,), resource=_DELEGATING, key_grants=Truth.FALSE)
        match self.kind:
            case Part.IDENTITY | Part.RULE:  # `lint` refuses the latter
                return replace(around, identity=(kept,))
            case Part.BOUNDARY:
                return replace(around, boundary=kept)
            case Part.SESSION:
                return replace(around, session=(kept,))
            case Part.SCP:
                return replace(around, scps=((kept,),))
            case Part.RCP:
                return replace(around, resource=_EVERYTHING_TO_ALL, rcps=((kept,),))
            case Part.RESOURCE:
                return replace(around, resource=kept)
            case _:
                assert_never(self.kind)

    # --- saying

    def _finding(self, rule: "_Rule", request: Request, *, corrected: tuple[Document, ...]) -> LintFinding:
        beside = self._beside(self._kept())
        return LintFinding(
            rule=rule.name,
            title=rule.title,
            why=rule.why,
            policy=self.policy.name,
            index=self.statement.index,
            sid=self.statement.sid,
            request=request,
            beside=beside,
            decision=decide(request, beside),
            corrected=corrected,
        )

    def _proved(self, documents: Sequence[Document], closed: Sequence[Request]) -> tuple[Document, ...]:
        """The documents, if with them in its place the requests are denied and one with MFA still gets through."""
        parsed = _parsed(*documents, name=self.policy.name)
        if not documents or parsed.unread:
            return ()
        beside = self._beside(part_of(parsed, (*self._denials(), *parsed.statements)))
        if any(may(decide(each, beside)) for each in closed):
            return ()
        before = self._beside(self._kept())
        with_factor = [
            each for credential in WITH_MFA for each in self._requests(closed[0].caller, credential)
        ]
        kept = [each for each in with_factor if must(decide(each, before))]
        lost = [each for each in kept if not must(decide(each, beside))]
        return () if lost or not kept else tuple(documents)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    name: str
    title: str
    why: str


_SELF_ENROLMENT = _Rule(
    name="mfa-self-enrollment",
    title="A key can enroll the second factor of its own user",
    why="Whoever holds a key of a user without a device creates one, enables it, and has MFA from then on. The "
    "correction leaves enrollment to the console, where a stolen password of a user without a device can still enroll.",
)
_NEVER_HOLDS = _Rule(
    name="mfa-never-holds",
    title="No session with MFA meets the condition",
    why="A session with MFA has the key with the value true, and an age in seconds; the condition is false of them.",
)


def _impossible_for(caller: Caller, *, allowing: bool) -> _Rule:
    return _Rule(
        name="mfa-impossible",
        title=f"MFA is asked of {_WITHOUT_FACTOR[caller.kind]}",
        why=f"Without it this caller is always {'left out' if allowing else 'denied'}."
        + (_UNCONFIRMED if caller.kind is CallerKind.ROLE_SESSION else ""),
    )


def _shape_of(statement: Statement) -> _Shape:
    assert statement.effect is not None
    for each in statement.conditions:
        found = _SHAPES.get((statement.effect, each.written, each.key))
        if found is not None:
            return found
    return _Shape(
        title="The condition on MFA lets requests without it through",
        why="Whether it holds does not depend on a second factor as it should.",
    )


def _asking_for_mfa(statement: Statement) -> tuple[Document, ...]:
    """Statements that ask for MFA as one that seems to, and mean it."""
    document = statement_document(statement)
    others = [each for each in statement.conditions if each.key not in MFA_KEYS]
    ages = [each for each in statement.conditions if each.key == MFA_AGE]
    if statement.effect is Effect.ALLOW:
        fresh = [replace(each, if_exists=False) for each in ages]
        return ({**document, "Condition": _block([*others, *fresh], _HAS_MFA)},)
    lacking = {**document, "Condition": _block(others, _LACKS_MFA)}
    # Conditions are AND-ed, so that too old and not at all are two statements.
    named = {"Sid": f"{statement.sid}OrNoMfa"} if statement.sid else {}
    return (document, {**lacking, **named}) if ages else (lacking,)


_HAS_MFA: Document = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
_LACKS_MFA: Document = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def _block(conditions: Iterable[Condition], more: Document) -> Document:
    block: dict[str, dict[str, object]] = {}
    for each in conditions:
        block.setdefault(each.written, {})[each.spelled_key] = list(each.values)
    for operator, keys in more.items():
        assert isinstance(keys, dict)
        block.setdefault(operator, {}).update(keys)
    return block


def _without_exemption(statement: Statement, action: str) -> tuple[Document, ...]:
    """The statement without an exception; none where a wildcard makes it, which may be meant for more."""
    assert statement.actions is not None
    patterns = statement.actions.patterns
    kept = [pattern for pattern in patterns if lower(pattern) != lower(action)]
    if len(kept) == len(patterns) or not kept:
        return ()
    return ({**statement_document(statement), "NotAction": kept},)
