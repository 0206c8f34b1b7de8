"""Everything that a Kubernetes identity can become, step by step: a least fixpoint over the edges.

What an attacker holds only grows, so that the order of steps does not matter. It is closed twice: over what is
certainly allowed, and over what cannot be ruled out. No path in the second is a proof that there is none.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from auditwright.access.aws_auth import like
from auditwright.access.kubernetes import (
    ALL_NAMESPACES,
    MASTERS,
    NODES,
    Allowed,
    Decision,
    Denied,
    Holding,
    OwnGrant,
    Rbac,
    RoleKind,
    RoleRef,
    SubjectKind,
    User,
    allows,
    is_pattern,
    service_account,
    subjects_of,
)
from auditwright.access.kubernetes_edges import EDGES, NODE_IDENTITY, Edge, Gain, Need, Where
from auditwright.access.kubernetes_levels import Level, all_of, levels_of
from auditwright.access.kubernetes_roles import DEFAULT_CONTROLLERS, RBAC_GROUP
from auditwright.access.kubernetes_rules import Request
from auditwright.core.outcome import Unknown

MAX_USERS = 20_000
"""Identities that are followed from one start. Beyond it nothing more is certain, and everything stays possible."""

NAMED = 5
"""Roles that a step names; more would hide the step."""

DEFAULT_ACCOUNT = "default"
"""The service account, and the namespace, that every namespace and every cluster has."""

YES = Allowed("")
"""Nothing more is needed."""

SOMEBODY = "an impersonated user"
"""Whoever is impersonated for the sake of the groups: a name that no binding has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move: who makes which requests, by which edge, and for what."""

    edge: str
    actor: User
    requests: tuple[Request, ...]
    """All of them are needed. None for a step that takes none, such as being a node."""
    gains: str
    doubt: str = ""
    """Why it is only possible."""

    def __str__(self) -> str:
        """The step in words."""
        name = (
            "an identity that was not seen"
            if isinstance(self.actor.username, Unknown)
            else self.actor.username
        )
        requests = " and ".join(map(str, self.requests)) or "nothing more"
        return f"{name}: {requests} -> {self.gains}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """An identity, and the steps from the start to it."""

    user: User
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What can be reached from one identity."""

    level: Level
    """The highest."""
    paths: Mapping[Level, tuple[Step, ...]]
    """To each level that is reached, a shortest way; no steps: the start holds it."""
    users: tuple[Reached, ...]
    """All identities that were followed; where everything is reached, not all there are."""
    node: tuple[Step, ...] | None
    """A way onto a node, whose AWS role is then held too; None: none was found before everything was reached."""


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
        known=_Closure(rbac=rbac, reads_aws_auth=reads_aws_auth, sure=True).run(user),
        possible=_Closure(rbac=rbac, reads_aws_auth=reads_aws_auth, sure=False).run(user),
    )


def replays(rbac: Rbac | Unknown, steps: Iterable[Step]) -> bool:
    """True where every request of a path is certainly allowed to the one who makes it, asked once more."""
    return all(
        not step.doubt and all(isinstance(allows(rbac, step.actor, each), Allowed) for each in step.requests)
        for step in steps
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """One step and where it leads."""

    step: Step
    to: User | Gain


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """Requests that would all be needed, and whether all are allowed."""

    requests: tuple[Request, ...] = ()
    decision: Decision = YES


@dataclass(slots=True, kw_only=True)
class _Closure:
    """One of the two closures. `sure` takes only what is certainly allowed."""

    rbac: Rbac | Unknown
    reads_aws_auth: bool | Unknown
    sure: bool
    accounts: tuple[tuple[str, str], ...] = ()
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = (MASTERS,)
    homes: frozenset[str] = frozenset()
    bound: dict[OwnGrant, list[str]] = field(default_factory=dict)
    """The names of the bindings of each role in each place."""
    paths: dict[Level, tuple[Step, ...]] = field(default_factory=dict)
    node: tuple[Step, ...] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.rbac, Unknown):
            return
        names = subjects_of(self.rbac)
        bound = {(each.namespace, each.name) for each in names if each.kind is SubjectKind.SERVICE_ACCOUNT}
        self.accounts = tuple(sorted(bound | self.rbac.service_accounts))
        self.users = tuple(sorted({each.name for each in names if each.kind is SubjectKind.USER}))
        self.groups = tuple(
            sorted({each.name for each in names if each.kind is SubjectKind.GROUP} | {MASTERS})
        )
        self.homes = frozenset(home for home, _ in (*self.accounts, *self.rbac.roles))
        self.homes |= {binding.namespace for binding in self.rbac.bindings if binding.namespace}
        for binding in self.rbac.bindings:
            if isinstance(binding.role, RoleRef):
                own = OwnGrant(role=binding.role, namespace=binding.namespace)
                self.bound.setdefault(own, []).append(binding.name)

    def run(self, start: User) -> Reach:
        first = Reached(user=start, steps=())
        seen = {start: first}
        waiting = deque([first])
        while waiting and Level.CLUSTER_ADMIN not in self.paths:
            here = waiting.popleft()
            holding = Holding.of(self.rbac, here.user)
            self._record_levels(holding, here.steps)
            if Level.CLUSTER_ADMIN in self.paths:
                break
            for move in self._moves(holding):
                steps = (*here.steps, move.step)
                match move.to:
                    case User() as user:
                        if user not in seen and len(seen) < MAX_USERS:
                            seen[user] = Reached(user=user, steps=steps)
                            waiting.append(seen[user])
                        elif user not in seen and not self.sure:
                            self._record(Level.CLUSTER_ADMIN, _beyond(steps))
                    case Gain.NODE:
                        if self.node is None:
                            self.node = steps
                    case _:
                        self._record(Level.CLUSTER_ADMIN, steps)
        level = max(self.paths, key=lambda level: level.rank)
        return Reach(level=level, paths=dict(self.paths), users=tuple(seen.values()), node=self.node)

    def _record_levels(self, holding: Holding, steps: tuple[Step, ...]) -> None:
        found = levels_of(holding)
        self._record(found.known if self.sure else found.possible, steps)

    def _record(self, reached: Level, steps: tuple[Step, ...]) -> None:
        for level in Level:
            if level.rank <= reached.rank:
                self.paths.setdefault(level, steps)

    def _moves(self, holding: Holding) -> Iterator[_Move]:
        for edge in EDGES:
            if edge.depends_on and self.sure:
                continue
            match edge.gain:
                case Gain.CLUSTER_ADMIN | Gain.AWS_AUTH:
                    yield from self._to_everything(edge, holding)
                case Gain.IMPERSONATION:
                    yield from self._impersonations(edge, holding)
                case Gain.ROLES:
                    yield from self._bound_roles(edge, holding)
                case Gain.RULES:
                    yield from self._rewritten_roles(edge, holding)
                case Gain.SERVICE_ACCOUNTS | Gain.RUNNING_SERVICE_ACCOUNTS:
                    yield from self._service_accounts(edge, holding)
                case Gain.NODE:
                    yield from self._nodes(edge, holding)
                case _:
                    assert_never(edge.gain)
        if not self.sure and _is_node(holding.user):
            yield from self._on_a_node(_step(NODE_IDENTITY, holding, _Attempt()))

    def _to_everything(self, edge: Edge, holding: Holding) -> Iterator[_Move]:
        counts = _Attempt()
        if edge.gain is Gain.AWS_AUTH:
            reads = self.reads_aws_auth
            counts = _Attempt(decision=reads if isinstance(reads, Unknown) else YES if reads else Denied())
        attempt = _together(counts, *(_met(need, holding, "kube-system") for need in edge.needs))
        if self._taken(attempt):
            yield _Move(step=_step(edge, holding, attempt), to=Gain.CLUSTER_ADMIN)

    def _impersonations(self, edge: Edge, holding: Holding) -> Iterator[_Move]:
        """Users and service accounts that may be impersonated, alone and with all groups that may be."""
        bases = [base for base in self._impersonated(holding) if self._taken(base[1])]
        groups = {}
        if bases:
            tried = ((name, _first(holding, _impersonate("groups", name))) for name in self.groups)
            groups = {name: attempt for name, attempt in tried if self._taken(attempt)}
        for user, attempt in bases:
            yield _become(_step(edge, holding, attempt), user)
            if groups:
                step = _step(edge, holding, _together(attempt, *groups.values()))
                with_groups = User(username=user.username, groups=frozenset(groups))
                yield _Move(step=replace(step, gains=f"groups {', '.join(groups)}"), to=with_groups)

    def _impersonated(self, holding: Holding) -> Iterator[tuple[User, _Attempt]]:
        somebody = _first(holding, _impersonate("users", None))
        if self._taken(somebody):
            yield User(username=SOMEBODY), somebody
            for name in self.users:
                yield User(username=name), _first(holding, _impersonate("users", name))
        for scopes in holding.scopes():
            somebody = _first(holding, _impersonate("serviceaccounts", None, scopes[0]))
            if self._taken(somebody):
                yield User(username=SOMEBODY), somebody
                for namespace, name in self._accounts_in(scopes):
                    request = _impersonate("serviceaccounts", name, namespace)
                    yield service_account(namespace, name), _first(holding, request)

    def _bound_roles(self, edge: Edge, holding: Holding) -> Iterator[_Move]:
        """Roles that the identity may bind to itself, one move for all of one scope."""
        if isinstance(self.rbac, Unknown):
            return
        for scope in ("", *(scope for scopes in holding.scopes() for scope in scopes)):
            if not self._may_bind_something(holding, scope):
                continue
            tried = ((own, self._binds(holding, own)) for own in self._bindable(holding, scope))
            gained = {own: attempt for own, attempt in tried if self._taken(attempt)}
            if gained.keys() - holding.user.own:
                names = ", ".join(sorted({own.role.name for own in gained if own.role is not None})[:NAMED])
                step = replace(_step(edge, holding, _together(*gained.values())), gains=names)
                own = frozenset({*holding.user.own, *gained})
                yield _Move(step=step, to=replace(holding.user, own=own))

    def _may_bind_something(self, holding: Holding, namespace: str) -> bool:
        kinds = ("clusterroles", "roles") if namespace else ("clusterroles",)
        return self._taken(_first(holding, *(_rbac("bind", kind, namespace, None) for kind in kinds)))

    def _bindable(self, holding: Holding, scope: str) -> Iterator[OwnGrant]:
        """Each role and where in a scope it could be bound: in all of it, and in the namespaces that are known."""
        assert isinstance(self.rbac, Rbac), "asked only where roles were read"
        homes = {scope} | {home for home in self.homes if scope and like(scope, home)}
        # A role that a rule names may exist where not every role was seen.
        for name in sorted({"cluster-admin", *self.rbac.cluster_roles, *holding.names_in_rules("bind")}):
            for home in sorted(homes):
                yield OwnGrant(role=RoleRef(kind=RoleKind.CLUSTER_ROLE, name=name), namespace=home)
        for home, name in self.rbac.roles:
            if home in homes:
                yield OwnGrant(role=RoleRef(kind=RoleKind.ROLE, name=name), namespace=home)

    def _binds(self, holding: Holding, own: OwnGrant) -> _Attempt:
        """`bind` on the role, and a right to write a binding of it: a new one, or one that there is."""
        assert own.role is not None, "only roles that exist are bound"
        bind = _first(holding, _rbac("bind", _plural(own.role), own.namespace, own.role.name))
        if not self._taken(bind):
            return bind
        kind = "rolebindings" if own.namespace else "clusterrolebindings"
        changes = (
            _rbac(verb, kind, own.namespace, name)
            for name in self.bound.get(own, ())
            for verb in ("update", "patch")
        )
        return _together(bind, _first(holding, _rbac("create", kind, own.namespace, ""), *changes))

    def _rewritten_roles(self, edge: Edge, holding: Holding) -> Iterator[_Move]:
        """Roles that the identity has and may give any rules."""
        if isinstance(self.rbac, Unknown):
            return
        had = [
            (binding.role, binding.namespace, doubt)
            for binding, doubt in self.rbac.bindings_of(holding.user)
            if isinstance(binding.role, RoleRef)
        ]
        had += [(own.role, own.namespace, "") for own in holding.user.own if own.role is not None]
        for ref, namespace, doubt in had:
            has = _Attempt(decision=Unknown(doubt) if doubt else YES)
            attempt = _together(has, self._rewrites(holding, ref, namespace))
            own = OwnGrant(role=None, namespace=namespace)
            if self._taken(attempt) and own not in holding.user.own:
                user = replace(holding.user, own=holding.user.own | {own})
                yield _Move(step=_step(edge, holding, attempt), to=user)

    def _rewrites(self, holding: Holding, ref: RoleRef, namespace: str) -> _Attempt:
        assert isinstance(self.rbac, Rbac), "asked only where roles were read"
        home = namespace if ref.kind is RoleKind.ROLE else ""
        direct = _together(
            _first(holding, *(_rbac(verb, _plural(ref), home, ref.name) for verb in ("update", "patch"))),
            _first(holding, _rbac("escalate", _plural(ref), home, ref.name)),
        )
        role = self.rbac.cluster_roles.get(ref.name) if ref.kind is RoleKind.CLUSTER_ROLE else None
        if role is None or not role.aggregates or isinstance(direct.decision, Allowed):
            return direct
        # A new cluster role with the right labels is taken into one that aggregates.
        added = _together(
            *(_first(holding, _rbac(verb, "clusterroles", "", "")) for verb in ("create", "escalate"))
        )
        return direct if isinstance(added.decision, Denied) else added

    def _service_accounts(self, edge: Edge, holding: Holding) -> Iterator[_Move]:
        for scopes in holding.scopes():
            some = _together(*(_met(need, holding, scopes[0]) for need in edge.needs))
            if not self._taken(some):
                continue
            # What a node may do for its pods reaches no further than the pods on it.
            of_node = _is_node(holding.user) and isinstance(some.decision, Unknown)
            running = of_node or edge.gain is Gain.RUNNING_SERVICE_ACCOUNTS
            for namespace, name in self._accounts_in(scopes, running=running):
                attempt = self._one_account(edge, holding, (namespace, name))
                if self._taken(attempt):
                    yield _become(_step(edge, holding, attempt), service_account(namespace, name))

    def _one_account(self, edge: Edge, holding: Holding, account: tuple[str, str]) -> _Attempt:
        """The needs for one service account, and that it exists or can be created."""
        namespace, name = account
        needs = _together(*(_met(need, holding, namespace, name) for need in edge.needs))
        # Every namespace has one of the name `default`.
        if name == DEFAULT_ACCOUNT or (isinstance(self.rbac, Rbac) and account in self.rbac.service_accounts):
            return needs
        create = _first(holding, Request(verb="create", resource="serviceaccounts", namespace=namespace))
        if isinstance(create.decision, Allowed):
            return _together(create, needs)
        unseen = Unknown(f"whether the service account {namespace}/{name} exists was not seen")
        return _together(_Attempt(decision=unseen), needs)

    def _nodes(self, edge: Edge, holding: Holding) -> Iterator[_Move]:
        for scopes in holding.scopes():
            attempt = _together(*(_met(need, holding, scopes[0]) for need in edge.needs))
            if self._taken(attempt):
                yield from self._on_a_node(_step(edge, holding, attempt))
                return

    def _on_a_node(self, step: Step) -> Iterator[_Move]:
        """A node, and each service account of a pod that may run on it."""
        yield _Move(step=step, to=Gain.NODE)
        for namespace, name in self._accounts_in((ALL_NAMESPACES,), running=True):
            yield _become(step, service_account(namespace, name))

    def _accounts_in(self, scopes: tuple[str, ...], *, running: bool = False) -> Iterator[tuple[str, str]]:
        """The service accounts of some namespaces that a binding names, and one that none does."""
        for namespace, name in self.accounts:
            # The control plane's own service accounts run in no pod.
            if running and namespace == "kube-system" and name in DEFAULT_CONTROLLERS:
                continue
            if any(like(scope, namespace) for scope in scopes):
                yield namespace, name
        for scope in scopes:
            if scope == ALL_NAMESPACES:
                yield DEFAULT_ACCOUNT, DEFAULT_ACCOUNT
            elif not self.sure or not is_pattern(scope):
                # Whether a namespace fits a pattern was not seen.
                yield scope, DEFAULT_ACCOUNT

    def _taken(self, attempt: _Attempt) -> bool:
        if self.sure:
            return isinstance(attempt.decision, Allowed)
        return not isinstance(attempt.decision, Denied)


def _first(holding: Holding, *requests: Request) -> _Attempt:
    """The first of several requests that is allowed, else the first that may be."""
    possible: _Attempt | None = None
    for request in requests:
        attempt = _Attempt(requests=(request,), decision=holding.allows(request))
        match attempt.decision:
            case Allowed():
                return attempt
            case Unknown():
                possible = possible or attempt
            case Denied():
                continue
    return possible or _Attempt(decision=Denied())


def _together(*attempts: _Attempt) -> _Attempt:
    return _Attempt(
        requests=tuple(dict.fromkeys(request for each in attempts for request in each.requests)),
        decision=all_of(each.decision for each in attempts),
    )


def _met(need: Need, holding: Holding, namespace: str, account: str | None = None) -> _Attempt:
    """A request that meets a need; for one service account where it is given, else for any."""
    where = {Where.CLUSTER: "", Where.KUBE_SYSTEM: "kube-system", Where.NAMESPACE: namespace}[need.where]
    return _first(
        holding,
        *(
            Request(
                verb=verb,
                group=need.group,
                resource=resource,
                namespace=where,
                name=account if need.per_account else "" if verb == "create" else need.name,
            )
            for verb in need.verbs
            for resource in need.resources
        ),
    )


def _impersonate(resource: str, name: str | None, namespace: str = "") -> Request:
    return Request(verb="impersonate", resource=resource, name=name, namespace=namespace)


def _rbac(verb: str, resource: str, namespace: str, name: str | None) -> Request:
    return Request(verb=verb, group=RBAC_GROUP, resource=resource, namespace=namespace, name=name)


def _plural(ref: RoleRef) -> str:
    return f"{ref.kind.lower()}s"


def _is_node(user: User) -> bool:
    return not isinstance(user.groups, Unknown) and NODES in user.groups


def _step(edge: Edge, holding: Holding, attempt: _Attempt) -> Step:
    decision = attempt.decision
    return Step(
        edge=edge.id,
        actor=holding.user,
        requests=attempt.requests,
        gains=edge.gain,
        doubt=decision.why if isinstance(decision, Unknown) else edge.depends_on,
    )


def _become(step: Step, user: User) -> _Move:
    return _Move(step=replace(step, gains=str(user.username)), to=user)


def _beyond(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    last = replace(
        steps[-1], doubt=f"more than {MAX_USERS} identities can be reached; the rest was not followed"
    )
    return (*steps[:-1], last)
