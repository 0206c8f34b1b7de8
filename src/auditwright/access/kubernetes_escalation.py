"""Everything that a Kubernetes identity can become, step by step: a least fixpoint over the edges.

What an attacker holds only grows, so that the order of steps does not matter. It is closed twice: over what is
certainly allowed, and over what cannot be ruled out. No path in the second is a proof that there is none.
"""

from collections import deque
from collections.abc import Iterator, Mapping
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
    is_pattern,
    service_account,
    subjects_of,
)
from auditwright.access.kubernetes_edges import EDGES, NODE_IDENTITY, Edge, Gain, Need, Where
from auditwright.access.kubernetes_levels import Level, all_of, any_of, levels_of
from auditwright.access.kubernetes_roles import DEFAULT_CONTROLLERS, RBAC_GROUP
from auditwright.access.kubernetes_rules import Request
from auditwright.core.outcome import Unknown

MAX_USERS = 20_000
"""Identities that are followed from one start. Beyond it nothing more is certain, and everything stays possible."""

NAMED = 5
"""Roles that a step names; more would hide the step."""

DEFAULT_ACCOUNT = "default"
"""The service account, and the namespace, that every namespace and every cluster has."""

SOMEBODY = "an impersonated user"
"""Whoever is impersonated for the sake of the groups: a name that no binding has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move: who makes which request, by which edge, and for what."""

    edge: str
    actor: str
    request: str
    gains: str
    doubt: str = ""
    """Why it is only possible."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """One step and where it leads."""

    step: Step
    to: User | Gain


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
        if not self.sure and not isinstance(holding.user.groups, Unknown) and NODES in holding.user.groups:
            step = _step(NODE_IDENTITY, holding, "sign in as a node", Allowed(""))
            yield from self._on_a_node(step)

    def _to_everything(self, edge: Edge, holding: Holding) -> Iterator[_Move]:
        counts: Decision = Allowed("")
        if edge.gain is Gain.AWS_AUTH:
            reads = self.reads_aws_auth
            counts = reads if isinstance(reads, Unknown) else Allowed("") if reads else Denied()
        decision = all_of((counts, *(_need(need, holding, "kube-system") for need in edge.needs)))
        if self._taken(decision):
            step = _step(edge, holding, _words(edge, "kube-system"), decision)
            yield _Move(step=step, to=Gain.CLUSTER_ADMIN)

    def _impersonations(self, edge: Edge, holding: Holding) -> Iterator[_Move]:
        """Users and service accounts that may be impersonated, alone and with all groups that may be."""
        bases: list[tuple[str, User, Decision]] = []
        some = holding.allows(_impersonate("users", None))
        if self._taken(some):
            bases.append(("users", User(username=SOMEBODY), some))
            bases += [
                (f"users/{name}", User(username=name), holding.allows(_impersonate("users", name)))
                for name in self.users
            ]
        for scopes in holding.scopes():
            some = holding.allows(_impersonate("serviceaccounts", None, scopes[0]))
            if not self._taken(some):
                continue
            bases.append((f"serviceaccounts in {scopes[0]}", User(username=SOMEBODY), some))
            bases += [
                (
                    f"serviceaccounts/{name} in {namespace}",
                    service_account(namespace, name),
                    holding.allows(_impersonate("serviceaccounts", name, namespace)),
                )
                for namespace, name in self._accounts_in(scopes)
            ]
        groups = {name: holding.allows(_impersonate("groups", name)) for name in self.groups} if bases else {}
        taken = {name: decision for name, decision in groups.items() if self._taken(decision)}
        for words, user, decision in bases:
            if not self._taken(decision):
                continue
            yield _become(_step(edge, holding, f"impersonate {words}", decision), user)
            if taken:
                request = f"impersonate {words} with groups {', '.join(taken)}"
                whole = all_of((decision, *taken.values()))
                with_groups = User(username=user.username, groups=frozenset(taken))
                yield _become(_step(edge, holding, request, whole), with_groups)

    def _bound_roles(self, edge: Edge, holding: Holding) -> Iterator[_Move]:
        """Roles that the identity may bind to itself, one move for all of one scope."""
        if isinstance(self.rbac, Unknown):
            return
        for scope in ("", *(scope for scopes in holding.scopes() for scope in scopes)):
            if not self._may_bind_something(holding, scope):
                continue
            gained = {
                own: decision
                for own in self._bindable(holding, scope)
                if self._taken(decision := self._binds(holding, own))
            }
            if gained.keys() - holding.user.own:
                names = ", ".join(sorted({own.role.name for own in gained if own.role is not None})[:NAMED])
                where = f" in {scope}" if scope else ""
                step = _step(edge, holding, f"bind {names}{where}", all_of(gained.values()))
                own = frozenset({*holding.user.own, *gained})
                yield _Move(step=replace(step, gains=names), to=replace(holding.user, own=own))

    def _may_bind_something(self, holding: Holding, namespace: str) -> bool:
        kinds = ("clusterroles", "roles") if namespace else ("clusterroles",)
        return any(self._taken(holding.allows(_rbac("bind", kind, namespace, None))) for kind in kinds)

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

    def _binds(self, holding: Holding, own: OwnGrant) -> Decision:
        """`bind` on the role, and a right to write a binding of it: a new one, or one that there is."""
        assert own.role is not None, "only roles that exist are bound"
        bind = holding.allows(_rbac("bind", f"{own.role.kind.lower()}s", own.namespace, own.role.name))
        if isinstance(bind, Denied):
            return bind
        kind = "rolebindings" if own.namespace else "clusterrolebindings"
        writes = [holding.allows(_rbac("create", kind, own.namespace, ""))]
        writes += [
            holding.allows(_rbac(verb, kind, own.namespace, name))
            for name in self.bound.get(own, ())
            for verb in ("update", "patch")
        ]
        return all_of((bind, any_of(writes)))

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
            has: Decision = Unknown(doubt) if doubt else Allowed("")
            decision = all_of((has, self._rewrites(holding, ref, namespace)))
            own = OwnGrant(role=None, namespace=namespace)
            if self._taken(decision) and own not in holding.user.own:
                request = f"update {ref.kind.lower()}s/{ref.name}"
                yield _Move(
                    step=_step(edge, holding, request, decision),
                    to=replace(holding.user, own=holding.user.own | {own}),
                )

    def _rewrites(self, holding: Holding, ref: RoleRef, namespace: str) -> Decision:
        assert isinstance(self.rbac, Rbac), "asked only where roles were read"
        kind = f"{ref.kind.lower()}s"
        home = namespace if ref.kind is RoleKind.ROLE else ""
        changes = any_of(holding.allows(_rbac(verb, kind, home, ref.name)) for verb in ("update", "patch"))
        direct = all_of((changes, holding.allows(_rbac("escalate", kind, home, ref.name))))
        role = self.rbac.cluster_roles.get(ref.name) if ref.kind is RoleKind.CLUSTER_ROLE else None
        if role is None or not role.aggregates:
            return direct
        # A new cluster role with the right labels is taken into one that aggregates.
        added = all_of(holding.allows(_rbac(verb, kind, "", "")) for verb in ("create", "escalate"))
        return any_of((direct, added))

    def _service_accounts(self, edge: Edge, holding: Holding) -> Iterator[_Move]:
        running = edge.gain is Gain.RUNNING_SERVICE_ACCOUNTS
        for scopes in holding.scopes():
            decision = all_of(_need(need, holding, scopes[0]) for need in edge.needs)
            if not self._taken(decision):
                continue
            for namespace, name in self._accounts_in(scopes, running=running):
                whole = self._one_account(edge, holding, namespace, name)
                if self._taken(whole):
                    user = service_account(namespace, name)
                    yield _become(_step(edge, holding, _words(edge, namespace), whole), user)

    def _one_account(self, edge: Edge, holding: Holding, namespace: str, name: str) -> Decision:
        """The needs for one service account, and that it exists or can be created."""
        assert isinstance(self.rbac, Rbac), "service accounts are known only where roles were read"
        exists: Decision = Allowed("")
        # Every namespace has one of the name `default`.
        if name != DEFAULT_ACCOUNT and (namespace, name) not in self.rbac.service_accounts:
            create = Request(verb="create", resource="serviceaccounts", namespace=namespace)
            unseen = Unknown(f"whether the service account {namespace}/{name} exists was not seen")
            exists = any_of((holding.allows(create), unseen))
        return all_of((exists, *(_need(need, holding, namespace, name) for need in edge.needs)))

    def _nodes(self, edge: Edge, holding: Holding) -> Iterator[_Move]:
        for scopes in holding.scopes():
            decision = all_of(_need(need, holding, scopes[0]) for need in edge.needs)
            if self._taken(decision):
                step = _step(edge, holding, _words(edge, scopes[0]), decision)
                yield from self._on_a_node(step)
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

    def _taken(self, decision: Decision) -> bool:
        return isinstance(decision, Allowed) if self.sure else not isinstance(decision, Denied)


def _need(need: Need, holding: Holding, namespace: str, account: str | None = None) -> Decision:
    """Whether a need is met; for one service account where it is given, else for any."""
    where = {Where.CLUSTER: "", Where.KUBE_SYSTEM: "kube-system", Where.NAMESPACE: namespace}[need.where]
    return any_of(
        holding.allows(
            Request(
                verb=verb,
                group=need.group,
                resource=resource,
                namespace=where,
                name=account if need.per_account else "" if verb == "create" else need.name,
            )
        )
        for verb in need.verbs
        for resource in need.resources
    )


def _impersonate(resource: str, name: str | None, namespace: str = "") -> Request:
    return Request(verb="impersonate", resource=resource, name=name, namespace=namespace)


def _rbac(verb: str, resource: str, namespace: str, name: str | None) -> Request:
    return Request(verb=verb, group=RBAC_GROUP, resource=resource, namespace=namespace, name=name)


def _step(edge: Edge, holding: Holding, request: str, decision: Decision) -> Step:
    username = holding.user.username
    return Step(
        edge=edge.id,
        actor="an identity that was not seen" if isinstance(username, Unknown) else username,
        request=request,
        gains=edge.gain,
        doubt=decision.why if isinstance(decision, Unknown) else edge.depends_on,
    )


def _become(step: Step, user: User) -> _Move:
    return _Move(step=replace(step, gains=str(user.username)), to=user)


def _words(edge: Edge, namespace: str) -> str:
    """The first request of an edge, in words."""
    parts = []
    for need in edge.needs:
        name = f"/{need.name}" if need.name else ""
        where = {Where.CLUSTER: "", Where.KUBE_SYSTEM: " in kube-system", Where.NAMESPACE: f" in {namespace}"}
        parts.append(f"{'|'.join(need.verbs)} {'|'.join(need.resources)}{name}{where[need.where]}")
    return " and ".join(parts)


def _beyond(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    last = replace(
        steps[-1], doubt=f"more than {MAX_USERS} identities can be reached; the rest was not followed"
    )
    return (*steps[:-1], last)
