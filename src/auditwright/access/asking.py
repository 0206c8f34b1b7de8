"""Asks the evaluator what a session may do, one concrete request at a time.

Where a request leaves something to the adversary, such as the name of a session or of what is made, the policies
themselves say which choices make a difference: each is tried.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from itertools import islice, product
from typing import TypeAlias

import msgspec

from auditwright.access.catalogue import ASSUME, NEW_ENTRY, On, Use
from auditwright.access.conditions import holds_one
from auditwright.access.context import ABSENT, Caller, CallerKind, Context, Entry, Present
from auditwright.access.evaluator import Allowed, Decision, ImplicitDeny, Policies, Undecided, decide, may
from auditwright.access.facts import Fact
from auditwright.access.holdings import caller_of, policies_of
from auditwright.access.kleene import Truth
from auditwright.access.matching import Request
from auditwright.access.meeting import common, may_meet
from auditwright.access.policy import Effect, Policy, Resources, Statement
from auditwright.access.sessions import (
    ADVERSARY_ACCOUNT,
    OF_RESOURCES,
    SessionClass,
    may_call,
    session_context,
)
from auditwright.access.trusts import sessions_named
from auditwright.access.variables import has_variables
from auditwright.access.world import PRINCIPAL_TAG, World, account_of
from auditwright.core.outcome import Unknown

CHOSEN_KEYS = frozenset(
    {
        "aws:requestedregion",
        "aws:useragent",
        "aws:referer",
        "aws:tagkeys",
        "sts:rolesessionname",
        "sts:sourceidentity",
        "sts:transitivetagkeys",
        "iam:policyarn",
        "iam:permissionsboundary",
        "iam:awsservicename",
        "eks:policyarn",
        "eks:accessscope",
        "eks:accessentrytype",
        "eks:authenticationmode",
    }
)
"""Keys whose value whoever makes the request may choose; so is each tag of the request."""
CHOSEN_FAMILIES = ("aws:requesttag/", "eks:")

MAX_CHOICES = 64
"""Combinations of choices that are tried for one request."""

MAX_NAMES = 256
"""Names of something made that are tried; where there are more, whether one of them goes through is not known."""

MAX_NAMES_READ = 4 * MAX_NAMES
"""Names that are read before they are told apart: most patterns give two, and several may give the same."""

FRESH = ("auditwright-probe", "p")
"""What a wildcard stands for in a name of choice; two lengths, so that `?` matches neither or one."""

_UNNAMED = ("\ue000", "\ue000" * 40)
"""Stands for names that no policy spells: what denies these denies every name."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The best that a session can get for one use: the request, and what the evaluator says of it."""

    request: Request
    decision: Decision

    @property
    def certain(self) -> bool:
        """True where the request surely goes through."""
        return isinstance(self.decision, Allowed)

    @property
    def possible(self) -> bool:
        """True where it is not sure that it is denied."""
        return may(self.decision)

    @property
    def truth(self) -> Truth:
        """Whether the request goes through."""
        return Truth.TRUE if self.certain else Truth.UNKNOWN if self.possible else Truth.FALSE


Decider: TypeAlias = Callable[["Actor", Use, Request, Policies], Answer]
"""Answers a request: `decided`, or who knows the answer to another that is decided alike (judging.py)."""


class Actor(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A session of a principal, with the policies that bear on it, one alternative after the other."""

    fact: Fact
    changes: frozenset[Fact]
    caller: Caller
    class_: SessionClass
    at: datetime
    alternatives: tuple[Policies, ...]
    decider: Decider
    """Who answers its requests."""
    shown: Mapping[str, Entry] = {}
    """Condition keys that its requests carry besides what is known of the session."""

    @cached_property
    def context(self) -> Context:
        """What is known of each of its requests. Many an actor asks nothing that others have not asked."""
        known = session_context(self.caller, self.class_, self.at)
        return known.with_(self.shown) if self.shown else known


def decided(_actor: Actor, _use: Use, request: Request, policies: Policies) -> Answer:
    """The best answer of the evaluator over the choices that a request leaves."""
    decision = decide(request, policies)
    if isinstance(decision, Undecided):
        for chosen in _chosen(request, decision.keys, policies):
            if isinstance(found := decide(chosen, policies), Allowed):
                return Answer(request=chosen, decision=found)
    return Answer(request=request, decision=decision)


def actor_of(
    world: World, fact: Fact, changes: frozenset[Fact] = frozenset(), *, decider: Decider = decided
) -> Actor:
    """The actor of a session fact, after changes to its principal."""
    class_ = SessionClass(fact.detail)
    caller = caller_of(world, fact.subject, class_, changes)
    return Actor(
        fact=fact,
        changes=changes,
        caller=caller,
        class_=class_,
        at=world.at,
        alternatives=policies_of(world, fact.subject, changes),
        decider=decider,
    )


def ask(  # noqa: PLR0913  # who asks what of what, and what that says itself
    world: World, actor: Actor, use: Use, resource: str, *, document: Policy | Unknown | None = None
) -> Answer:
    """The best answer over every alternative and choice; `document` is the resource's own policy."""
    owner = account_of(resource) or actor.caller.account
    every = [_with_resource(world, policies, owner, document) for policies in actor.alternatives]
    best: Answer | None = None
    named: list[Policies] = []
    for policies in every:
        count = 1
        if use.on is On.MADE and _may_be_allowed(use.action, resource, actor, policies):
            named.append(policies)
            count = MAX_NAMES
        for request in islice(_requests(world, actor, use, (resource, policies)), count):
            answer = actor.decider(actor, use, request, policies)
            if answer.certain:
                return answer
            if best is None or (answer.possible and not best.possible):
                best = answer
    assert best is not None, "a principal's policies stand in some way"
    if not best.possible and any(
        _leaves_names(best, resource, partial(actor.decider, actor, use), each) for each in named
    ):
        why = f"whether {use.action} goes through under some name is not known"
        return msgspec.structs.replace(
            best, decision=Undecided(why=(why,), keys=(), trace=best.decision.trace)
        )
    return best


def _may_be_allowed(action: str, template: str, actor: Actor, policies: Policies) -> bool:
    """False where nothing allows an action under any name that fits a template: then one name stands for all."""
    if (
        actor.caller.kind is CallerKind.ROOT
        or action.startswith(_OPEN_TO_OTHERS)
        or policies.resource is not None
    ):
        return True
    bound = policies.boundary
    return _some_may_allow(policies.identity, action, template, actor.context) and (
        not isinstance(bound, Policy) or _some_may_allow((bound,), action, template, actor.context)
    )


_OPEN_TO_OTHERS = ("sts:", "kms:")
"""Services in which what nobody collected, a trust, a key's policy or its grants, may allow a request."""


def _some_may_allow(
    policies: tuple[Policy, ...] | Unknown, action: str, template: str, context: Context
) -> bool:
    return isinstance(policies, Unknown) or any(
        statement.effect is not Effect.DENY
        and _may_mean(statement, template)
        and _may_hold(statement, context)
        for policy in policies
        for statement in policy.relevant(action)
    )


def _may_mean(statement: Statement, template: str) -> bool:
    """True where a statement may mean something that fits a template."""
    named = statement.resources
    if named is None or named.negated or statement.unread:
        return True
    fixed = (each for each in named.patterns if not named.templates or not has_variables(each))
    return any(may_meet(template, each) for each in (*fixed, *(each.opened for each in named.templates)))


def _may_hold(statement: Statement, context: Context) -> bool:
    """True where the conditions of a statement may hold, whosever the resource is."""
    return all(
        each.key == OF_RESOURCES or holds_one(each, context) is not Truth.FALSE
        for each in statement.conditions
    )


def _leaves_names(
    denied: Answer, template: str, decider: Callable[[Request, Policies], Answer], policies: Policies
) -> bool:
    """True where every name that was tried is denied, and another may not be."""
    request = denied.request
    named = set(islice(_names(template, request.action, policies, request.context), MAX_NAMES_READ))
    unnamed = (msgspec.structs.replace(request, resource=template.replace("*", each)) for each in _UNNAMED)
    return len(named) > MAX_NAMES or any(decider(each, policies).possible for each in unnamed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an organization names as a target: an action on a resource."""

    action: str
    resource: str

    @property
    def key(self) -> str:
        """As facts and the command line spell it."""
        return f"{self.action}@{self.resource}"

    @staticmethod
    def of(key: str) -> "Question":
        """The question of a key."""
        action, _, resource = key.partition("@")
        return Question(action=action, resource=resource)


def put(world: World, actor: Actor, use: Use, target: str) -> Answer:  # noqa: PLR0911  # one return for each kind of target
    """The answer to one use of a way on a target: an ARN, a cluster's name, an account's id, a question's key."""
    account = account_of(actor.fact.subject)
    match use.on:
        case On.MADE if use.made == NEW_ENTRY and not actor.fact.subject.endswith(":root"):
            return _put_to_new_entry(world, actor, use, target)
        case _ if use.on is On.CLUSTER or "{cluster}" in use.made:
            return _put_to_cluster(world, actor, use, target)
        case On.ENTRY:
            name, _, principal = target.partition(" ")
            return _put_to_cluster(
                world, actor, msgspec.structs.replace(use, made=_entry_of(principal)), name
            )
        case On.MADE:
            made = use.made.replace("{partition}", world.partition).replace("{account}", account)
            return ask(world, actor, use, made)
        case On.ANY:
            return ask(world, actor, use, "*")
        case On.RESOURCE:
            return _put_to_resource(world, actor, use, Question.of(target).resource)
        case On.ACCOUNT:
            return ask(world, actor, use, f"arn:{world.partition}:iam::{target}:root")
        case On.WORKLOAD if target in world.roles:
            return _ask_about_made(world, actor, use, f"arn:{world.partition}:*:*:{account_of(target)}:*")
        case _:
            return ask(world, actor, use, target)


_UUID = "????????-????-????-????-????????????"
"""Ends the ARN of an access entry; Amazon EKS chooses it, and nothing shows it beforehand."""
_ENTRY = "arn:{partition}:eks:*:{account}:access-entry/{cluster}/"


def _entry_of(principal: str) -> str:
    kind, _, path = principal.rpartition(":")[2].partition("/")
    return f"{_ENTRY}{kind}/{account_of(principal)}/{path.rpartition('/')[2]}/{_UUID}"


def _put_to_new_entry(world: World, actor: Actor, use: Use, name: str) -> Answer:
    """The answer about an entry of the principal at hand; one of another helps whoever has that principal as well."""
    own = _put_to_cluster(
        world, actor, msgspec.structs.replace(use, made=_entry_of(actor.fact.subject)), name
    )
    if own.certain:
        return own
    anybodys = _put_to_cluster(world, actor, use, name)
    if not anybodys.certain:
        return anybodys
    why = (
        f"{use.action} goes through for entries of others only: whether one of them is at hand is not followed",
    )
    return msgspec.structs.replace(
        anybodys, decision=Undecided(why=why, keys=(), trace=anybodys.decision.trace)
    )


def _put_to_cluster(world: World, actor: Actor, use: Use, name: str) -> Answer:
    cluster = next(each for each in world.clusters if each.name == name)
    account = cluster.account if isinstance(cluster.account, str) else account_of(actor.fact.subject)
    region = cluster.arn.split(":")[3] if cluster.arn else "*"
    template = use.made or "arn:{partition}:eks:*:{account}:cluster/{cluster}"
    made = (
        template.replace("eks:*:", f"eks:{region}:")
        .replace("{partition}", world.partition)
        .replace("{account}", account)
        .replace("{cluster}", cluster.arn.rpartition("/")[2] if cluster.arn else name)
    )
    return _ask_about_made(world, actor, use, made)


def _ask_about_made(world: World, actor: Actor, use: Use, made: str) -> Answer:
    return ask(world, actor, msgspec.structs.replace(use, on=On.MADE, made=made), made)


_BY_SAML = Use(action="sts:AssumeRoleWithSAML", on=On.ROLE)
_BY_OIDC = Use(action="sts:AssumeRoleWithWebIdentity", on=On.ROLE)

ASSUMING = frozenset(use.action for use in (*ASSUME.uses, _BY_SAML, _BY_OIDC))
"""The actions that take a role."""


def assuming(caller: Caller) -> Use:
    """The request by which a caller takes a role."""
    if caller.kind is not CallerKind.FEDERATED:
        return ASSUME.uses[0]
    return _BY_SAML if ":saml-provider/" in caller.arn else _BY_OIDC


def let_in(world: World, actor: Actor, role: str) -> Answer:
    """The best answer of a role's trust to an actor, under each name of a session that it asks for."""
    trust, use = world.roles[role].trust, assuming(actor.caller)
    answer = ask(world, actor, use, role, document=trust)
    for arn in sessions_named(trust, actor.caller.issuer) if actor.caller.issuer else ():
        if not answer.certain:
            caller = msgspec.structs.replace(actor.caller, arn=arn, name=arn.rpartition("/")[2])
            named = ask(world, msgspec.structs.replace(actor, caller=caller), use, role, document=trust)
            answer = named if named.certain or (named.possible and not answer.possible) else answer
    return answer


def read(world: World, actor: Actor, question: Question) -> Answer:
    """The answer to what an organization asks about: where it names a pattern, on whatever fits it."""
    resource = question.resource
    use = Use(action=question.action, on=On.RESOURCE)
    if is_pattern(resource):
        use = Use(action=question.action, on=On.MADE, made=resource)
    if not may_call(actor.class_, question.action.lower()):
        return ask(world, _powerless(actor), use, resource)
    return ask(world, actor, use, resource, document=policy_of_resource(world, question.action, resource))


def is_pattern(resource: str) -> bool:
    """True where a resource stands for all that fit it; `*` alone is that of operations that take none."""
    return resource != "*" and not {"*", "?"}.isdisjoint(resource)


def policy_of_resource(world: World, action: str, resource: str) -> Policy | Unknown | None:
    """The policy of a resource itself, as far as it is about an action: of an object its bucket's, of a role its trust."""
    role = world.roles.get(resource)
    if role is not None:
        return role.trust if action.lower().startswith("sts:") else None
    return world.documents.get(resource, world.documents.get(bucket_of(resource)))


def bucket_of(resource: str) -> str:
    """The bucket of an object in S3; any other resource as it is."""
    return resource.partition("/")[0] if resource.split(":")[2:3] == ["s3"] else resource


def _put_to_resource(world: World, actor: Actor, use: Use, resource: str) -> Answer:
    """Whether the policy of a resource can be rewritten; each service does it to its own resources only."""
    service = use.action.partition(":")[0]
    if resource.split(":")[2:3] != [service]:
        answer = ask(world, _powerless(actor), use, resource)
        return msgspec.structs.replace(
            answer, decision=ImplicitDeny(why=(f"{use.action} is for {service} only",), trace=())
        )
    held_by = bucket_of(resource)
    if is_pattern(held_by):
        use = msgspec.structs.replace(use, on=On.MADE, made=held_by)
    return ask(world, actor, use, held_by, document=policy_of_resource(world, use.action, held_by))


def _powerless(actor: Actor) -> Actor:
    return msgspec.structs.replace(actor, alternatives=(NOTHING,))


NOTHING = Policies(identity=())

PROBES: tuple[tuple[str, str], ...] = (
    ("iam:PutUserPolicy", "user"),
    ("iam:AttachUserPolicy", "user"),
    ("iam:CreateAccessKey", "user"),
    ("iam:PutRolePolicy", "role"),
    ("iam:AttachRolePolicy", "role"),
    ("iam:UpdateAssumeRolePolicy", "role"),
    ("iam:PassRole", "role"),
    ("iam:CreatePolicyVersion", "policy"),
)
"""Who may do all of this to a principal of any name rules over every right in the account: its administrator."""

PROBED_NAME = "auditwright-probe"


PROBED_ACTIONS = frozenset(action.lower() for action, _ in PROBES)


def probe(world: World, actor: Actor) -> tuple[Answer, ...] | None:
    """The answers that make an administrator, or None where one is a denial, or the account is none of the picture."""
    account = account_of(actor.fact.subject)
    if account not in world.accounts:
        return None
    answers: list[Answer] = []
    for action, kind in PROBES:
        resource = f"arn:{world.partition}:iam::{account}:{kind}/{PROBED_NAME}"
        answer = ask(world, actor, Use(action=action, on=On.ANY), resource)
        if not may_call(actor.class_, action.lower()) or not answer.possible:
            return None
        answers.append(answer)
    return tuple(answers)


def _with_resource(
    world: World, policies: Policies, owner: str, document: Policy | Unknown | None
) -> Policies:
    account = world.accounts.get(owner)
    levels = account.resource_policies if account else ()
    if document is None and levels == policies.rcps:
        return policies
    return Policies(
        identity=policies.identity,
        boundary=policies.boundary,
        scps=policies.scps,
        rcps=levels,
        resource=document,
    )


def _requests(world: World, actor: Actor, use: Use, named: tuple[str, Policies]) -> Iterator[Request]:
    resource, policies = named
    names: Iterable[str] = (resource,)
    if use.on is On.MADE:
        names = _distinct(_names(resource, use.action, policies, actor.context))
    shows = (
        {key: Present((value.replace("{partition}", world.partition),)) for key, value in use.shows}
        if use.shows
        else {}
    )
    own = actor.caller.account
    for name in names:
        account = account_of(name) or own
        entries = shows if account == own else {**shows, OF_RESOURCES: Present((account,))}
        yield Request(
            caller=actor.caller,
            action=use.action,
            resource=name,
            resource_account=account,
            context=actor.context.with_(entries) if entries else actor.context,
        )


def _distinct(names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name not in seen:
            seen.add(name)
            yield name


# --- choices


def _chosen(request: Request, keys: tuple[str, ...], policies: Policies) -> Iterator[Request]:
    """The request with each combination of values that conditions ask of the open keys that are the adversary's choice."""
    # In an account of one's own, names and tags of users are of choice.
    families = (PRINCIPAL_TAG, "aws:username") if request.caller.account == ADVERSARY_ACCOUNT else ()
    chosen = [key for key in keys if is_chosen(key) or key.startswith(families)]
    if not chosen:
        return
    values = [tuple(_values(key, request, policies)) for key in chosen]
    for combination in islice(product(*values), MAX_CHOICES):
        yield Request(
            caller=request.caller,
            action=request.action,
            resource=request.resource,
            resource_account=request.resource_account,
            context=request.context.with_(dict(zip(chosen, combination, strict=True))),
        )


def is_chosen(key: str) -> bool:
    """True for a condition key whose value whoever makes the request may choose."""
    return key in CHOSEN_KEYS or key.startswith(CHOSEN_FAMILIES)


def _values(key: str, request: Request, policies: Policies) -> Iterator[Entry]:
    yield ABSENT
    for statement in _statements(policies, request.action):
        for condition in statement.conditions:
            if condition.key == key:
                for value in condition.values:
                    yield Present((_instance(value, request.context),))
    yield Present((FRESH[0],))


def _statements(policies: Policies, action: str) -> Iterator[Statement]:
    for part in (policies.identity, *_listed(policies.scps), *_listed(policies.rcps)):
        if not isinstance(part, Unknown):
            for policy in part:
                yield from policy.relevant(action)
    for one in (policies.boundary, policies.resource):
        if isinstance(one, Policy):
            yield from one.relevant(action)


def _listed(levels: tuple[tuple[Policy, ...], ...] | Unknown) -> tuple[tuple[Policy, ...], ...]:
    return () if isinstance(levels, Unknown) else levels


def _instance(pattern: str, context: Context, fresh: str = FRESH[0]) -> str:
    """A text that a pattern matches: variables from the context, wildcards by a name of choice."""
    return _filled(pattern, context).replace("*", fresh).replace("?", "q")


def _filled(pattern: str, context: Context) -> str:
    for key in ("aws:username", "aws:userid", "aws:PrincipalAccount"):
        entry = context.get(key.lower())
        if isinstance(entry, Present) and len(entry.values) == 1:
            pattern = pattern.replace(f"${{{key}}}", entry.values[0])
    return pattern


def _names(template: str, action: str, policies: Policies, context: Context) -> Iterator[str]:
    """Names that fit a template and that some statement tells apart from the rest."""
    for fresh in FRESH:
        yield _in_a_region(template.replace("*", fresh), fresh)
    for statement in _statements(policies, action):
        if statement.resources is None:
            continue
        # What an Allow names may be had by that name; what a Deny spares (NotResource) may be had by it.
        if statement.effect is Effect.ALLOW or statement.resources.negated:
            for pattern in _patterns(statement.resources, context):
                for fresh in FRESH:
                    found = common(template, pattern, fresh)
                    if found is not None:
                        yield _in_a_region(found, fresh)


def _patterns(resources: Resources, context: Context) -> Iterator[str]:
    """The patterns of a statement, with what is known of their variables; the rest is left open."""
    yield from (each for each in resources.patterns if not resources.templates or not has_variables(each))
    for template in resources.templates:
        resolved = template.resolve(context)
        if resolved is not None:
            yield "".join(each if isinstance(each, str) else each.value for each in resolved.pieces)


def _in_a_region(arn: str, fresh: str) -> str:
    """The ARN in a region that exists, where its region was left open."""
    return arn.replace(f":{fresh}:", f":{ANY_REGION}:", 1)


ANY_REGION = "us-east-1"
