"""The authorizer of a cluster: what a Kubernetes identity may do, three-valued.

1. Members of `system:masters` may do everything; no binding can take that away.
2. Else a request is allowed where a rule matches it that an access policy or a binding extends to the identity.
3. Else, where something that was not read could have allowed it, the answer is Unknown.
4. Else it is denied.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from auditwright.access.aws_auth import like
from auditwright.access.kubernetes_roles import (
    DEFAULT_CONTROLLERS,
    DEFAULT_ROLES,
    ROLES_OF_EVERYONE,
    access_policy_rules,
)
from auditwright.access.kubernetes_rules import AnyRequest, Request, Rule, matches
from auditwright.core.outcome import Unknown

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
ANONYMOUS_NAME = "system:anonymous"
NODES = "system:nodes"
ACCOUNT = "system:serviceaccount:"
ACCOUNTS = "system:serviceaccounts"
ACCOUNTS_OF = "system:serviceaccounts:"
ALL_NAMESPACES = "*"
"""As a namespace: every namespace, but not the objects that lie in none."""


class RoleKind(StrEnum):
    """A role of one namespace, or of the cluster."""

    ROLE = "Role"
    CLUSTER_ROLE = "ClusterRole"


class SubjectKind(StrEnum):
    """Whom a binding can name."""

    USER = "User"
    GROUP = "Group"
    SERVICE_ACCOUNT = "ServiceAccount"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRef:
    """The role that a binding extends."""

    kind: RoleKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Rules under a name; a rule that cannot be read is Unknown and may allow anything."""

    name: str
    namespace: str = ""
    """Empty: a cluster role."""
    rules: tuple[Rule | Unknown, ...]
    aggregates: bool = False
    """True where the rules of other cluster roles are taken into it by their labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One name in a binding."""

    kind: SubjectKind
    name: str
    namespace: str = ""
    """Of a service account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A role extended to subjects, in one namespace or in the whole cluster."""

    name: str
    namespace: str = ""
    """Empty: the whole cluster. ALL_NAMESPACES stands for one in each, which somebody could make."""
    role: RoleRef | Unknown
    subjects: tuple[Subject | Unknown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyGrant:
    """An access policy of Amazon EKS that an access entry is associated with, and where it holds."""

    policy: str
    """The ARN."""
    namespaces: tuple[str, ...] | None
    """Names, or patterns with wildcards; None: the whole cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A Kubernetes identity, as the API server sees it after sign-in.

    `system:authenticated` is implied in everyone's groups but those of the anonymous user.
    """

    username: str | Unknown
    groups: frozenset[str] | Unknown = frozenset()
    policies: tuple[PolicyGrant | Unknown, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rbac:
    """The roles and bindings of a cluster."""

    cluster_roles: Mapping[str, Role]
    roles: Mapping[tuple[str, str], Role] = field(default_factory=dict)
    """By namespace and name."""
    bindings: tuple[Binding, ...] = ()
    service_accounts: frozenset[tuple[str, str]] = frozenset()
    """Those that are known to exist, by namespace and name."""
    unlisted_roles: frozenset[RoleKind] = frozenset()
    """Kinds of which not every role was seen: a name that is missing may stand for any rules."""
    unread: tuple[str, ...] = ()
    """Why bindings may exist that were not read. Such a binding may extend anything to anyone."""
    _by_subject: Mapping[str, tuple[Binding, ...]] = field(init=False, repr=False, compare=False)
    _unclear: tuple[Binding, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_subject: dict[str, list[Binding]] = {}
        unclear: list[Binding] = []
        for binding in self.bindings:
            known = [each for each in binding.subjects if isinstance(each, Subject)]
            for key in {key for each in known if (key := _subject_key(each, binding.namespace))}:
                by_subject.setdefault(key, []).append(binding)
            if len(known) < len(binding.subjects):
                unclear.append(binding)
        object.__setattr__(self, "_by_subject", {key: tuple(each) for key, each in by_subject.items()})
        object.__setattr__(self, "_unclear", tuple(unclear))

    def bindings_of(self, user: User) -> Iterator[tuple[Binding, str]]:
        """The bindings that extend to a user, or may: each with what is unclear, or an empty text."""
        found: dict[int, Binding] = {}
        for key in _user_keys(user):
            for binding in self._by_subject.get(key, ()):
                found[id(binding)] = binding
        for binding in found.values():
            yield binding, ""
        for binding in self._unclear:
            if id(binding) not in found:
                yield binding, f"a subject of the binding {binding.name} cannot be read"
        unseen = next((each for each in (user.username, user.groups) if isinstance(each, Unknown)), None)
        if unseen is not None:
            for binding in self.bindings:
                if id(binding) not in found:
                    yield binding, unseen.why

    def rules_of(self, role: RoleRef | Unknown, namespace: str) -> tuple[Rule | Unknown, ...]:
        """The rules of a role that is bound in a namespace; none where no such role exists."""
        if isinstance(role, Unknown):
            return (role,)
        found = (
            self.cluster_roles.get(role.name)
            if role.kind is RoleKind.CLUSTER_ROLE
            else self.roles.get((namespace, role.name))
        )
        if found is not None:
            return found.rules
        return (
            (Unknown(f"the {role.kind} {role.name} was not seen"),)
            if role.kind in self.unlisted_roles
            else ()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One rule that extends to a user, or may."""

    namespace: str
    """Empty: the whole cluster; else a namespace or a pattern."""
    rule: Rule | Unknown
    by: str
    """What extends it, such as a binding."""
    doubt: str = ""
    """Why it may not extend to this user."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The request is allowed, and by what."""

    by: str


@dataclass(frozen=True, slots=True)
class Denied:
    """Everything that could allow the request was read, and nothing does."""


Decision: TypeAlias = Allowed | Denied | Unknown

ANONYMOUS = User(username=ANONYMOUS_NAME, groups=frozenset({UNAUTHENTICATED}))
"""Whoever shows no credential at all."""


def service_account(namespace: str, name: str) -> User:
    """The identity of a service account, with the groups that Kubernetes gives it."""
    return User(
        username=f"{ACCOUNT}{namespace}:{name}",
        groups=frozenset({ACCOUNTS, f"{ACCOUNTS_OF}{namespace}"}),
    )


def names_of(rbac: Rbac | Unknown) -> frozenset[str]:
    """Every username and group that a binding names: what a caller who may choose a name would choose from."""
    if isinstance(rbac, Unknown):
        return frozenset({MASTERS})
    keys = (
        _subject_key(subject, binding.namespace)
        for binding in rbac.bindings
        for subject in binding.subjects
        if isinstance(subject, Subject)
    )
    return frozenset(key.partition("/")[2] for key in keys if key) | {MASTERS}


def subjects_of(rbac: Rbac) -> frozenset[Subject]:
    """Everyone whom a binding names, service accounts with the namespace that is meant.

    A service account can be named by its username too.
    """
    found: set[Subject] = set()
    for binding in rbac.bindings:
        for subject in binding.subjects:
            if isinstance(subject, Subject):
                found.add(_meant(subject, binding.namespace))
    return frozenset(found)


def allows(rbac: Rbac | Unknown, user: User, request: AnyRequest) -> Decision:
    """Whether a user may do what a request asks for."""
    return Holding.of(rbac, user).allows(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Everything that extends to one user, or may, by where it extends to; for asking more than once."""

    user: User
    everywhere: tuple[Grant, ...]
    by_namespace: Mapping[str, tuple[Grant, ...]]
    by_pattern: Mapping[str, tuple[Grant, ...]]
    unread: tuple[str, ...]
    """Why there may be more."""

    @staticmethod
    def of(rbac: Rbac | Unknown, user: User) -> "Holding":
        """What a user holds."""
        where: dict[str, list[Grant]] = {}
        for grant in () if is_master(user) else grants(rbac, user):
            where.setdefault(grant.namespace, []).append(grant)
        return Holding(
            user=user,
            everywhere=tuple(where.pop("", ())),
            by_namespace={key: tuple(each) for key, each in where.items() if not is_pattern(key)},
            by_pattern={key: tuple(each) for key, each in where.items() if is_pattern(key)},
            unread=tuple(_unread(rbac, user)),
        )

    @staticmethod
    def pooled(user: User, holdings: "Iterable[Holding]") -> "Holding":
        """What several identities hold together, as if one user held it."""
        where: dict[str, dict[tuple[int, str], Grant]] = {}
        unread: list[str] = []
        for holding in holdings:
            held = (holding.everywhere, *holding.by_namespace.values(), *holding.by_pattern.values())
            for grant in (grant for each in held for grant in each):
                where.setdefault(grant.namespace, {}).setdefault((id(grant.rule), grant.doubt), grant)
            unread += holding.unread
        everywhere = tuple(where.pop("", {}).values())
        return Holding(
            user=user,
            everywhere=everywhere,
            by_namespace={key: tuple(each.values()) for key, each in where.items() if not is_pattern(key)},
            by_pattern={key: tuple(each.values()) for key, each in where.items() if is_pattern(key)},
            unread=tuple(dict.fromkeys(unread)),
        )

    def allows(self, request: AnyRequest) -> Decision:
        """Whether the user may do what a request asks for."""
        # (1): masters
        if is_master(self.user):
            return Allowed(f"the group {MASTERS}")
        # (2): what is extended
        doubts: list[str] = []
        for grant in self._extending(request):
            if isinstance(grant.rule, Unknown):
                doubts.append(grant.rule.why)
            elif matches(grant.rule, request):
                if not grant.doubt:
                    return Allowed(grant.by)
                doubts.append(grant.doubt)
        # (3) and (4): what was not read
        doubts += self.unread
        doubts += _node_authorizer(self.user, request)
        return Unknown(doubts[0]) if doubts else Denied()

    def scopes(self) -> tuple[tuple[str, ...], ...]:
        """Namespaces, or patterns, in which the user may hold something: those together that hold the same.

        Every namespace at once, ALL_NAMESPACES, is one of them.
        """
        alike: dict[tuple[tuple[int, str], ...], list[str]] = {}
        for namespace in sorted({ALL_NAMESPACES, *self.by_namespace, *self.by_pattern}):
            held = (*self.by_namespace.get(namespace, ()), *self._of_patterns(namespace))
            alike.setdefault(tuple((id(grant.rule), grant.doubt) for grant in held), []).append(namespace)
        return tuple(tuple(each) for each in alike.values())

    def names_in_rules(self, verb: str) -> frozenset[str]:
        """The objects that rules with a verb name."""
        held = (self.everywhere, *self.by_namespace.values(), *self.by_pattern.values())
        rules = (grant.rule for each in held for grant in each if isinstance(grant.rule, Rule))
        return frozenset(name for rule in rules if verb in rule.verbs for name in rule.resource_names)

    def _extending(self, request: AnyRequest) -> Iterator[Grant]:
        yield from self.everywhere
        # A grant in a namespace extends neither to what lies in none nor to URLs.
        if isinstance(request, Request) and request.namespace:
            yield from self.by_namespace.get(request.namespace, ())
            yield from self._of_patterns(request.namespace)

    def _of_patterns(self, namespace: str) -> Iterator[Grant]:
        for pattern, held in self.by_pattern.items():
            if like(pattern, namespace):
                yield from held


def is_master(user: User) -> bool:
    """True for a user who is known to be in `system:masters`."""
    return not isinstance(user.groups, Unknown) and MASTERS in user.groups


def is_node(user: User) -> bool:
    """True for an identity that is known to be in the group of the nodes."""
    return not isinstance(user.groups, Unknown) and NODES in user.groups


def grants(rbac: Rbac | Unknown, user: User) -> Iterator[Grant]:
    """Every rule that extends to a user, or may."""
    for policy in user.policies:
        yield from _policy_grants(policy)
    if isinstance(rbac, Unknown):
        return
    for binding, doubt in rbac.bindings_of(user):
        for each in rbac.rules_of(binding.role, binding.namespace):
            yield Grant(namespace=binding.namespace, rule=each, by=describe(binding), doubt=doubt)


def describe(binding: Binding) -> str:
    """A binding in words."""
    role = (
        "a role that cannot be read"
        if isinstance(binding.role, Unknown)
        else f"{binding.role.kind} {binding.role.name}"
    )
    where = f"RoleBinding {binding.namespace}/" if binding.namespace else "ClusterRoleBinding "
    return f"{where}{binding.name} of {role}"


def is_pattern(namespace: str) -> bool:
    """True for a pattern of namespaces, as access policies can have it."""
    return "*" in namespace or "?" in namespace


def _policy_grants(policy: PolicyGrant | Unknown) -> Iterator[Grant]:
    if isinstance(policy, Unknown):
        yield Grant(namespace="", rule=policy, by="an access policy")
        return
    rules = access_policy_rules(policy.policy)
    by = f"the access policy {policy.policy.rpartition('/')[2]}"
    for namespace in ("",) if policy.namespaces is None else policy.namespaces:
        for each in (rules,) if isinstance(rules, Unknown) else rules:
            yield Grant(namespace=namespace, rule=each, by=by)


def _unread(rbac: Rbac | Unknown, user: User) -> Iterator[str]:
    if isinstance(rbac, Unknown):
        yield rbac.why
    else:
        yield from rbac.unread
    if isinstance(user.groups, Unknown):
        yield user.groups.why


_NODE_READS = frozenset(
    {"secrets", "configmaps", "persistentvolumeclaims", "persistentvolumes", "pods", "nodes"}
)


def _node_authorizer(user: User, request: AnyRequest) -> Iterator[str]:
    """A node may read what the pods on it use, and create their tokens: which, is not seen here."""
    if isinstance(user.groups, Unknown) or NODES not in user.groups or not isinstance(request, Request):
        return
    reads = request.verb in {"get", "list", "watch"} and request.resource in _NODE_READS
    tokens = (request.verb, request.resource) == ("create", "serviceaccounts/token")
    if not request.group and (reads or tokens):
        yield "what a node may read depends on the pods that run on it"


def _meant(subject: Subject, namespace: str) -> Subject:
    name = subject.name.removeprefix(ACCOUNT)
    if subject.kind is SubjectKind.USER and name != subject.name:
        home, _, name = name.partition(":")
        return Subject(kind=SubjectKind.SERVICE_ACCOUNT, name=name, namespace=home)
    if subject.kind is SubjectKind.SERVICE_ACCOUNT:
        return Subject(kind=subject.kind, name=subject.name, namespace=subject.namespace or namespace)
    return subject


def names(subject: Subject, user: User, namespace: str) -> bool:
    """True where a subject of a binding in a namespace is a user, or a group that the user is in."""
    return _subject_key(subject, namespace) in _user_keys(user)


def _subject_key(subject: Subject, namespace: str) -> str:
    """How a subject is looked up; empty for one that matches nobody."""
    match subject.kind:
        case SubjectKind.USER:
            return f"user/{subject.name}"
        case SubjectKind.GROUP:
            return f"group/{subject.name}"
        case SubjectKind.SERVICE_ACCOUNT:
            # RBAC compares a service account by its username, wherever that came from.
            home = subject.namespace or namespace
            return f"user/{ACCOUNT}{home}:{subject.name}" if home else ""


def _user_keys(user: User) -> Iterable[str]:
    if not isinstance(user.username, Unknown):
        yield f"user/{user.username}"
    groups = frozenset() if isinstance(user.groups, Unknown) else user.groups
    for group in groups if UNAUTHENTICATED in groups else groups | {AUTHENTICATED}:
        yield f"group/{group}"


def _default_rbac() -> Rbac:
    return Rbac(
        cluster_roles={name: Role(name=name, rules=rules) for name, rules in DEFAULT_ROLES.items()},
        bindings=(
            Binding(
                name="cluster-admin",
                role=RoleRef(kind=RoleKind.CLUSTER_ROLE, name="cluster-admin"),
                subjects=(Subject(kind=SubjectKind.GROUP, name=MASTERS),),
            ),
            *(
                Binding(
                    name=role,
                    role=RoleRef(kind=RoleKind.CLUSTER_ROLE, name=role),
                    subjects=(Subject(kind=SubjectKind.GROUP, name=AUTHENTICATED),),
                )
                for role in ROLES_OF_EVERYONE
            ),
            *(
                Binding(
                    name=role,
                    role=RoleRef(kind=RoleKind.CLUSTER_ROLE, name=role),
                    subjects=(
                        Subject(kind=SubjectKind.SERVICE_ACCOUNT, name=account, namespace="kube-system"),
                    ),
                )
                for account, role in DEFAULT_CONTROLLERS.items()
            ),
        ),
        service_accounts=frozenset(("kube-system", account) for account in DEFAULT_CONTROLLERS),
    )


DEFAULT_RBAC = _default_rbac()
"""The roles and bindings of a cluster to which nobody has added any, as far as access depends on them."""
