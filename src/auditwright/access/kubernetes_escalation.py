"""Everything that a Kubernetes identity can become, step by step: a least fixpoint over the edges.

1. Each identity that is held is asked for the moves it can make. A move leads to another identity, or changes the cluster.
2. Where the question is what cannot be ruled out, they are asked once more with their rights taken together: one may
   pass its rights on to another by a binding or a role, in more ways than are followed one by one.
3. The changes are made, and all are asked again: a binding that one identity writes may serve another.
4. Nothing left to ask and nothing to change: the closure is closed. What is held only grows, so that the order of
   moves does not matter.

It is closed twice: over what is certainly allowed, and over what cannot be ruled out. No path in the second is a proof
that there is none.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from auditwright.access.aws_auth import like
from auditwright.access.kubernetes import (
    ALL_NAMESPACES,
    Allowed,
    Denied,
    Holding,
    Rbac,
    RoleKind,
    RoleRef,
    User,
    is_node,
    is_pattern,
    service_account,
)
from auditwright.access.kubernetes_attempts import YES, Attempt, first, may_move, met, together
from auditwright.access.kubernetes_edges import EDGES, NODE_IDENTITY, Edge, Gain
from auditwright.access.kubernetes_levels import Level, levels_of
from auditwright.access.kubernetes_roles import DEFAULT_CONTROLLERS, EVERYTHING, RBAC_GROUP
from auditwright.access.kubernetes_rules import Request
from auditwright.access.kubernetes_steps import (
    TOGETHER,
    Effect,
    Everything,
    OnNode,
    Step,
    shortened,
    walked,
)
from auditwright.access.kubernetes_world import (
    DEFAULT_ACCOUNT,
    Bound,
    CertificateRequested,
    Change,
    Created,
    Names,
    Rewritten,
    TokenInSecret,
    World,
)
from auditwright.core.outcome import Unknown

MAX_HELD = 20_000
"""Identities and changes that are followed from one start. Beyond it nothing more is certain, and all stays possible."""

TOO_MANY = f"more than {MAX_HELD} identities and changes lie on the way; the rest was not followed"
NOT_SEEN = "whether the service account exists was not seen"
BEFORE = (
    "a role is bound by whoever holds its rules before it is rewritten; whether anyone does was not followed"
)

SOMEBODY = "an impersonated user"
"""Whoever is impersonated for the sake of the groups: a name that no binding has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What can be reached from one identity."""

    level: Level
    """The highest."""
    paths: Mapping[Level, tuple[Step, ...]]
    """To each level that is reached, a way; no steps: the start holds it."""
    node: tuple[Step, ...] | None
    """A way onto a node, whose AWS role is then held too; None: none was found before everything was reached."""
    users: tuple[User, ...]
    """All identities that were followed; where everything is reached, not all there are."""
    history: tuple[Step, ...]
    """Every step that was followed, each after those that it depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """What is certainly reached, and what cannot be ruled out."""

    known: Reach
    possible: Reach


def escalate(rbac: Rbac | Unknown, user: User, *, reads_aws_auth: bool | Unknown) -> Escalation:
    """What an identity reaches in a cluster.

    `reads_aws_auth` says whether the cluster's authentication reads the `aws-auth` map.
    """
    return Escalation(
        known=_Closure(rbac, reads_aws_auth=reads_aws_auth, sure=True).run(user),
        possible=_Closure(rbac, reads_aws_auth=reads_aws_auth, sure=False).run(user),
    )


class _Closure:
    """One of the two closures. `sure` takes only what is certainly allowed."""

    def __init__(self, rbac: Rbac | Unknown, *, reads_aws_auth: bool | Unknown, sure: bool) -> None:
        self.world = World(rbac=rbac)
        self.names = Names.of(rbac)
        self.reads_aws_auth = reads_aws_auth
        self.sure = sure
        self.edges = tuple(edge for edge in EDGES if not (sure and edge.depends_on))
        self.held: dict[User, None] = {}
        self.waiting: deque[User] = deque()
        self.changes: dict[Change, None] = {}
        self.rewrote = False
        """Whether a role was given every rule."""
        self.concerned: dict[User, None] = {}
        """Those held who gain from a service account, a secret or a request that somebody makes."""
        self.history: list[Step] = []
        self.goals: dict[Level, tuple[Effect, int]] = {}
        """Of each level: who holds it, or what gives it, and how many steps had been made by then."""
        self.node = 0
        """How many steps had been made when the first node was held; 0: none was."""

    def run(self, start: User) -> Reach:
        """Close over what one identity can become."""
        before = self.world
        self.held[start] = None
        self.waiting.append(start)
        changed = 0
        while self.waiting and not self._closed():
            # (1): each alone
            self._ask(self.waiting.popleft())
            if self.waiting or self._closed():
                continue
            # (2): all together
            if not self.sure and len(self.held) > 1:
                pool = Holding.pooled(start, (Holding.of(self.world.rbac, user) for user in self.held))
                for step in self._moves(pool):
                    self._take(replace(step, doubt=TOGETHER))
            # (3): change
            if not self.waiting and len(self.changes) > changed:
                news = list(self.changes)[changed:]
                self.world = self.world.after(news)
                changed = len(self.changes)
                rights = any(isinstance(change, Bound | Rewritten) for change in news)
                self.waiting.extend(self.held if rights else self.concerned)
        return Reach(
            level=max(self.goals, key=lambda level: level.rank),
            paths={level: self._path(before, start, level) for level in self.goals},
            node=shortened(self.history[: self.node], OnNode(), lambda _: False) if self.node else None,
            users=tuple(self.held),
            history=tuple(self.history),
        )

    def _path(self, before: World, start: User, level: Level) -> tuple[Step, ...]:
        """A way to a level, without the changes that it goes through without."""
        goal, length = self.goals[level]

        def holds(steps: Sequence[Step]) -> bool:
            after = walked(before.rbac, start, steps, sure=self.sure)
            if after is None or not isinstance(goal, User):
                return after is not None
            found = levels_of(Holding.of(after.rbac, goal))
            return (found.known if self.sure else found.possible).rank >= level.rank

        return shortened(self.history[:length], goal, holds)

    def _closed(self) -> bool:
        """Whether everything is reached, so that nothing can be added."""
        return Level.CLUSTER_ADMIN in self.goals

    def _ask(self, user: User) -> None:
        holding = Holding.of(self.world.rbac, user)
        found = levels_of(holding)
        self._record(found.known if self.sure else found.possible, user)
        if not self._closed() and may_move(holding):
            for step in self._moves(holding):
                self._take(step)

    def _take(self, step: Step) -> None:
        """Hold what comes of a step, if it is new."""
        effect = step.effect
        if effect in self.held or effect in self.changes or self._closed():
            return
        full = len(self.held) + len(self.changes) >= MAX_HELD
        if isinstance(effect, OnNode):
            if not self.node:
                self.history.append(step)
                self.node = len(self.history)
        elif isinstance(effect, Everything) or (full and not self.sure):
            doubt = TOO_MANY if full else step.doubt
            self.history.append(replace(step, effect=Everything(), doubt=doubt))
            self._record(Level.CLUSTER_ADMIN, Everything())
        elif not full:
            self.history.append(step)
            if isinstance(effect, User):
                self.held[effect] = None
                self.waiting.append(effect)
            else:
                self.changes[effect] = None
                self.rewrote |= isinstance(effect, Rewritten)

    def _record(self, reached: Level, goal: Effect) -> None:
        for level in Level:
            if level.rank <= reached.rank:
                self.goals.setdefault(level, (goal, len(self.history)))

    def _moves(self, holding: Holding) -> Iterator[Step]:
        for edge in self.edges:
            match edge.gain:
                case Gain.CLUSTER_ADMIN | Gain.AWS_AUTH | Gain.SIGNED_CERTIFICATE:
                    yield from self._to_everything(edge, holding)
                case Gain.IMPERSONATION:
                    yield from self._impersonations(edge, holding)
                case Gain.ROLES:
                    yield from self._bindings(edge, holding)
                case Gain.RULES:
                    yield from self._rewritten_roles(edge, holding)
                case Gain.CERTIFICATE_REQUEST:
                    yield from self._steps(
                        edge, holding, ((CertificateRequested(), self._met_anywhere(edge, holding)),)
                    )
                case Gain.NODE:
                    attempt = self._met_anywhere(edge, holding)
                    yield from self._steps(edge, holding, self._on_a_node(attempt))
                case (
                    Gain.SERVICE_ACCOUNTS
                    | Gain.RUNNING_SERVICE_ACCOUNTS
                    | Gain.ACCOUNTS_WITH_SECRETS
                    | Gain.NEW_ACCOUNTS
                    | Gain.FILLED_SECRETS
                ):
                    yield from self._steps(edge, holding, self._accounts(edge, holding))
                case _:
                    assert_never(edge.gain)
        if not self.sure and is_node(holding.user):
            yield from self._steps(NODE_IDENTITY, holding, self._on_a_node(Attempt()))

    def _steps(self, edge: Edge, holding: Holding, tried: Iterable[tuple[Effect, Attempt]]) -> Iterator[Step]:
        """The steps among what was tried."""
        for effect, attempt in tried:
            if self._taken(attempt):
                decision = attempt.decision
                yield Step(
                    edge=edge.id,
                    actor=holding.user,
                    requests=attempt.requests,
                    needs=attempt.needs,
                    effect=effect,
                    doubt=decision.why if isinstance(decision, Unknown) else edge.depends_on,
                )

    def _to_everything(self, edge: Edge, holding: Holding) -> Iterator[Step]:
        counts = Attempt()
        if edge.gain is Gain.AWS_AUTH:
            reads = self.reads_aws_auth
            counts = Attempt(decision=reads if isinstance(reads, Unknown) else YES if reads else Denied())
        elif edge.gain is Gain.SIGNED_CERTIFICATE:
            self.concerned[holding.user] = None
            if not self.world.certificate_requested:
                return
            counts = Attempt(needs=(CertificateRequested(),))
        attempt = together(counts, *(met(need, holding, "") for need in edge.needs))
        yield from self._steps(edge, holding, ((Everything(), attempt),))

    def _impersonations(self, edge: Edge, holding: Holding) -> Iterator[Step]:
        """Users and service accounts that may be impersonated, alone and with all groups that may be."""
        bases = [base for base in self._impersonated(holding) if self._taken(base[1])]
        groups: dict[str, Attempt] = {}
        if bases:
            tried = ((name, first(holding, _impersonate("groups", name))) for name in self.names.groups)
            groups = {name: attempt for name, attempt in tried if self._taken(attempt)}
        yield from self._steps(edge, holding, bases)
        if groups:
            with_groups = (
                (User(username=user.username, groups=frozenset(groups)), together(attempt, *groups.values()))
                for user, attempt in bases
            )
            yield from self._steps(edge, holding, with_groups)

    def _impersonated(self, holding: Holding) -> Iterator[tuple[User, Attempt]]:
        somebody = first(holding, _impersonate("users", None))
        if self._taken(somebody):
            yield User(username=SOMEBODY), somebody
            for name in self.names.users:
                yield User(username=name), first(holding, _impersonate("users", name))
        for scopes in holding.scopes():
            somebody = first(holding, _impersonate("serviceaccounts", None, scopes[0]))
            if self._taken(somebody):
                yield User(username=SOMEBODY), somebody
                for namespace, name in self._accounts_in(scopes):
                    request = _impersonate("serviceaccounts", name, namespace)
                    yield service_account(namespace, name), first(holding, request)

    def _bindings(self, edge: Edge, holding: Holding) -> Iterator[Step]:
        """Roles that the identity may bind; where it may bind all rights, no others."""
        if isinstance(self.world.rbac, Unknown):
            return
        for scope in ("", *(scope for scopes in holding.scopes() for scope in scopes)):
            if not self._may_bind_something(holding, scope):
                continue
            homes = {scope} | (self.names.homes_in(scope) if scope else set())
            for home in sorted(homes, key=lambda home: (home != scope, home)):
                steps = tuple(self._steps(edge, holding, self._bindable(holding, home)))
                yield from steps
                if home == scope and any(_binds_everything(self.world.rbac, step) for step in steps):
                    break

    def _may_bind_something(self, holding: Holding, scope: str) -> bool:
        if not self.sure and self.rewrote:
            return True
        kinds = ("clusterroles", "roles") if scope else ("clusterroles",)
        return self._taken(first(holding, *(_rbac("bind", kind, scope, None) for kind in kinds)))

    def _bindable(self, holding: Holding, home: str) -> Iterator[tuple[Bound, Attempt]]:
        rbac = self.world.rbac
        assert isinstance(rbac, Rbac), "asked only where roles were read"
        # A role that a rule names may exist where not every role was seen.
        for name in self.names.roles:
            bound = Bound(role=RoleRef(kind=RoleKind.CLUSTER_ROLE, name=name), namespace=home)
            yield bound, self._binds(holding, bound)
        for namespace, name in rbac.roles:
            if namespace == home:
                bound = Bound(role=RoleRef(kind=RoleKind.ROLE, name=name), namespace=home)
                yield bound, self._binds(holding, bound)

    def _binds(self, holding: Holding, bound: Bound) -> Attempt:
        """`bind` on the role, and a right to write a binding of it: a new one, or one that there is."""
        role, namespace = bound.role, bound.namespace
        bind = first(holding, _rbac("bind", _plural(role), namespace, role.name))
        home = namespace if role.kind is RoleKind.ROLE else ""
        if not self.sure and Rewritten(role=role, namespace=home) in self.changes:
            bind = Attempt(decision=Unknown(BEFORE))
        if not self._taken(bind):
            return bind
        kind = "rolebindings" if namespace else "clusterrolebindings"
        changes = (
            _rbac(verb, kind, namespace, name)
            for name in self.names.bindings.get(bound, ())
            for verb in ("update", "patch")
        )
        return together(bind, first(holding, _rbac("create", kind, namespace, ""), *changes))

    def _rewritten_roles(self, edge: Edge, holding: Holding) -> Iterator[Step]:
        """Roles that the identity may give any rules."""
        if isinstance(self.world.rbac, Unknown):
            return
        for scope in ("", *(scope for scopes in holding.scopes() for scope in scopes)):
            kind = RoleKind.ROLE if scope else RoleKind.CLUSTER_ROLE
            if not self._taken(first(holding, _rbac("escalate", f"{kind.lower()}s", scope, None))):
                continue
            for home in sorted(self.names.homes_in(scope)) if scope else [""]:
                refs = (RoleRef(kind=kind, name=name) for name in self.names.roles)
                tried = (
                    (Rewritten(role=ref, namespace=home), self._rewrites(holding, ref, home)) for ref in refs
                )
                yield from self._steps(edge, holding, tried)

    def _rewrites(self, holding: Holding, ref: RoleRef, home: str) -> Attempt:
        """`escalate`, and a right to write the role: the one that there is, or a new one."""
        rbac = self.world.rbac
        assert isinstance(rbac, Rbac), "asked only where roles were read"
        kinds = _plural(ref)
        created = together(*(first(holding, _rbac(verb, kinds, home, "")) for verb in ("create", "escalate")))
        role = rbac.roles.get((home, ref.name)) if home else rbac.cluster_roles.get(ref.name)
        if role is None:
            missing = (
                Unknown(f"whether {ref.name} exists was not seen") if ref.kind in rbac.unlisted_roles else YES
            )
            return together(Attempt(decision=missing), created)
        changes = (_rbac(verb, kinds, home, ref.name) for verb in ("update", "patch"))
        direct = together(first(holding, *changes), first(holding, _rbac("escalate", kinds, home, ref.name)))
        # A new cluster role with the right labels is taken into one that aggregates.
        if role.aggregates and not self._taken(direct):
            return created
        return direct

    def _accounts(self, edge: Edge, holding: Holding) -> Iterator[tuple[Effect, Attempt]]:
        """What an edge comes to for each service account of the namespaces in which its needs are met."""
        for scopes in holding.scopes():
            some = together(*(met(need, holding, scopes[0]) for need in edge.needs))
            if not self._taken(some):
                continue
            self.concerned[holding.user] = None
            # What a node may do for its pods reaches no further than the pods on it.
            of_node = is_node(holding.user) and isinstance(some.decision, Unknown)
            running = of_node or edge.gain is Gain.RUNNING_SERVICE_ACCOUNTS
            for namespace, name in self._accounts_in(scopes, running=running):
                effect = self._effect(edge, namespace, name)
                if effect is None or effect in self.held or effect in self.changes:
                    continue
                needs = together(*(met(need, holding, namespace, name) for need in edge.needs))
                exists = Attempt() if isinstance(effect, Created) else self._exists(namespace, name)
                yield effect, together(exists, self._token(edge, namespace, name), needs)

    def _effect(self, edge: Edge, namespace: str, name: str) -> Effect | None:
        """What an edge comes to for one service account; None: nothing."""
        if edge.gain is Gain.NEW_ACCOUNTS:
            missing = not isinstance(self._exists(namespace, name).decision, Allowed)
            return Created(namespace=namespace, name=name) if missing else None
        if edge.gain is Gain.FILLED_SECRETS:
            return TokenInSecret(namespace=namespace, name=name)
        if edge.gain is Gain.ACCOUNTS_WITH_SECRETS and (namespace, name) not in self.world.tokens:
            return None
        return service_account(namespace, name)

    def _token(self, edge: Edge, namespace: str, name: str) -> Attempt:
        if edge.gain is Gain.ACCOUNTS_WITH_SECRETS:
            return Attempt(needs=(TokenInSecret(namespace=namespace, name=name),))
        return Attempt()

    def _exists(self, namespace: str, name: str) -> Attempt:
        created = Created(namespace=namespace, name=name)
        if created in self.changes and isinstance(self.world.rbac, Rbac):
            made = (namespace, name) in self.world.rbac.service_accounts
            return Attempt(needs=(created,)) if made else Attempt(decision=Unknown(NOT_SEEN))
        # Every namespace has one of the name `default`.
        if name == DEFAULT_ACCOUNT or (namespace, name) in self.names.existing:
            return Attempt()
        return Attempt(decision=Unknown(NOT_SEEN))

    def _met_anywhere(self, edge: Edge, holding: Holding) -> Attempt:
        """The needs of an edge in the first namespace where they are met."""
        tried = (
            together(*(met(need, holding, scopes[0]) for need in edge.needs)) for scopes in holding.scopes()
        )
        return next((attempt for attempt in tried if self._taken(attempt)), Attempt(decision=Denied()))

    def _on_a_node(self, attempt: Attempt) -> Iterator[tuple[Effect, Attempt]]:
        """A node, and each service account of a pod that may run on it."""
        yield OnNode(), attempt
        if self._taken(attempt):
            for namespace, name in self._accounts_in((ALL_NAMESPACES,), running=True):
                yield service_account(namespace, name), attempt

    def _accounts_in(self, scopes: tuple[str, ...], *, running: bool = False) -> Iterator[tuple[str, str]]:
        """The service accounts of some namespaces that a binding names, and those that none does."""
        for scope in scopes:
            patterned = is_pattern(scope)
            homes = [home for home in self.names.accounts if like(scope, home)] if patterned else [scope]
            for home in homes:
                for name in self.names.accounts.get(home, ()):
                    # The control plane's own service accounts run in no pod.
                    if not (running and home == "kube-system" and name in DEFAULT_CONTROLLERS):
                        yield home, name
            # Whether a namespace fits a pattern was not seen; one of the name `default` there always is.
            if scope == ALL_NAMESPACES or not self.sure or not is_pattern(scope):
                home = DEFAULT_ACCOUNT if scope == ALL_NAMESPACES else scope
                yield from ((home, name) for name in self.names.account_names)

    def _taken(self, attempt: Attempt) -> bool:
        if self.sure:
            return isinstance(attempt.decision, Allowed)
        return not isinstance(attempt.decision, Denied)


def _impersonate(resource: str, name: str | None, namespace: str = "") -> Request:
    return Request(verb="impersonate", resource=resource, name=name, namespace=namespace)


def _rbac(verb: str, resource: str, namespace: str, name: str | None) -> Request:
    return Request(verb=verb, group=RBAC_GROUP, resource=resource, namespace=namespace, name=name)


def _plural(ref: RoleRef) -> str:
    return f"{ref.kind.lower()}s"


def _binds_everything(rbac: Rbac, step: Step) -> bool:
    effect = step.effect
    if not isinstance(effect, Bound) or step.doubt:
        return False
    return EVERYTHING[0] in rbac.rules_of(effect.role, effect.namespace)
