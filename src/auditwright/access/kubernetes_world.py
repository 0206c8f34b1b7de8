"""A cluster as steps change it: what is bound, rewritten and created on the way to another identity."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TypeAlias, assert_never

from auditwright.access.aws_auth import like
from auditwright.access.kubernetes import (
    ACCOUNTS_OF,
    AUTHENTICATED,
    MASTERS,
    UNAUTHENTICATED,
    Binding,
    Rbac,
    Role,
    RoleKind,
    RoleRef,
    Subject,
    SubjectKind,
    is_pattern,
    subjects_of,
)
from auditwright.access.kubernetes_roles import EVERYTHING
from auditwright.access.kubernetes_rules import EVERY, Rule
from auditwright.core.outcome import Unknown

DEFAULT_ACCOUNT = "default"
"""The service account, and the namespace, that every namespace and every cluster has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A role has been bound to everyone, in a namespace or (empty) in the whole cluster."""

    role: RoleRef
    namespace: str

    def __str__(self) -> str:
        """The change in words."""
        return f"{self.role.kind} {self.role.name} bound in {self.namespace or 'the whole cluster'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A role has been given every rule."""

    role: RoleRef
    namespace: str
    """Of the role; empty for a cluster role."""

    def __str__(self) -> str:
        """The change in words."""
        return f"{self.role.kind} {self.role.name} with every rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A service account has been created."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """The change in words."""
        return f"service account {self.namespace}/{self.name} created"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInSecret:
    """A secret of a namespace holds a token of a service account."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """The change in words."""
        return f"a token of {self.namespace}/{self.name} in a secret"


@dataclass(frozen=True, slots=True)
class CertificateRequested:
    """A certificate request waits for approval."""

    def __str__(self) -> str:
        """The change in words."""
        return "a certificate request"


Change: TypeAlias = Bound | Rewritten | Created | TokenInSecret | CertificateRequested


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The cluster after some changes."""

    rbac: Rbac | Unknown
    tokens: frozenset[tuple[str, str]] = frozenset()
    """Service accounts, by namespace and name, whose token was put into a secret."""
    certificate_requested: bool = False

    def after(self, changes: Iterable[Change]) -> "World":
        """The cluster after more changes."""
        cluster_roles: dict[str, Role] = {}
        roles: dict[tuple[str, str], Role] = {}
        bindings: list[Binding] = []
        accounts: set[tuple[str, str]] = set()
        tokens = set(self.tokens)
        requested = self.certificate_requested
        for change in changes:
            match change:
                case Bound():
                    bindings.append(_binding(change))
                case Rewritten(role=RoleRef(kind=RoleKind.CLUSTER_ROLE, name=name)):
                    cluster_roles[name] = Role(name=name, rules=EVERYTHING)
                case Rewritten(role=ref, namespace=home):
                    roles[home, ref.name] = Role(name=ref.name, namespace=home, rules=EVERYTHING)
                case Created(namespace=home, name=name):
                    accounts.add((home, name))
                case TokenInSecret(namespace=home, name=name):
                    tokens.add((home, name))
                case CertificateRequested():
                    requested = True
                case _:
                    assert_never(change)
        rbac = self.rbac
        if isinstance(rbac, Rbac):
            rbac = replace(
                rbac,
                cluster_roles={**rbac.cluster_roles, **cluster_roles},
                roles={**rbac.roles, **roles},
                bindings=(*rbac.bindings, *bindings),
                service_accounts=rbac.service_accounts | accounts,
            )
        return World(rbac=rbac, tokens=frozenset(tokens), certificate_requested=requested)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What bindings and roles name, so that it is worth becoming or changing."""

    accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Service accounts, by namespace."""
    account_names: tuple[str, ...] = (DEFAULT_ACCOUNT,)
    """Names of service accounts that no binding has and that a rule may be confined to; `default` is one of them."""
    existing: frozenset[tuple[str, str]] = frozenset()
    """Service accounts, by namespace and name, that are known to exist."""
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = (MASTERS,)
    homes: frozenset[str] = frozenset()
    """Namespaces."""
    roles: tuple[str, ...] = ("cluster-admin",)
    """Names of roles that exist, that a binding refers to, or that a rule lets bind or rewrite."""
    bindings: Mapping[Bound, tuple[str, ...]] = field(default_factory=dict)
    """The names of the bindings of each role in each place."""

    def homes_in(self, scope: str) -> set[str]:
        """The namespaces that a namespace or a pattern means."""
        return {home for home in self.homes if like(scope, home)} if is_pattern(scope) else {scope}

    @staticmethod
    def of(rbac: Rbac | Unknown) -> "Names":
        """The names in the roles and bindings of a cluster."""
        if isinstance(rbac, Unknown):
            return Names()
        subjects = subjects_of(rbac)
        named = {kind: {each for each in subjects if each.kind is kind} for kind in SubjectKind}
        every = (*rbac.cluster_roles.values(), *rbac.roles.values())
        account_names = sorted({DEFAULT_ACCOUNT, *(name for role in every for name in _account_names(role))})
        accounts = {(each.namespace, each.name) for each in named[SubjectKind.SERVICE_ACCOUNT]}
        accounts |= rbac.service_accounts
        # A binding to all accounts of a namespace is a binding to each that a rule names.
        for each in named[SubjectKind.GROUP]:
            if each.name.startswith(ACCOUNTS_OF):
                accounts |= {(each.name.removeprefix(ACCOUNTS_OF), name) for name in account_names}
        bindings: dict[Bound, list[str]] = {}
        for binding in rbac.bindings:
            if isinstance(binding.role, RoleRef):
                place = Bound(role=binding.role, namespace=binding.namespace)
                bindings.setdefault(place, []).append(binding.name)
        spaces = {home for home, _ in (*accounts, *rbac.roles)} | {each.namespace for each in rbac.bindings}
        return Names(
            accounts={
                home: tuple(name for _, name in places)
                for home, places in groupby(sorted(accounts), key=lambda place: place[0])
            },
            account_names=tuple(account_names),
            existing=rbac.service_accounts,
            users=tuple(sorted(each.name for each in named[SubjectKind.USER])),
            groups=tuple(sorted({MASTERS, *(each.name for each in named[SubjectKind.GROUP])})),
            homes=frozenset(spaces - {""}),
            roles=tuple(
                sorted(
                    {"cluster-admin"}
                    | {role.name for role in every}
                    | {place.role.name for place in bindings}
                    | {name for role in every for name in _writable_names(role)}
                )
            ),
            bindings={place: tuple(each) for place, each in bindings.items()},
        )


def _binding(change: Bound) -> Binding:
    everyone = (AUTHENTICATED, UNAUTHENTICATED)
    return Binding(
        name=f"a new binding of {change.role.name}",
        namespace=change.namespace,
        role=change.role,
        subjects=tuple(Subject(kind=SubjectKind.GROUP, name=name) for name in everyone),
    )


def _writable_names(role: Role) -> Iterator[str]:
    """The names in rules about binding or rewriting roles, of which some may not exist yet."""
    for rule in role.rules:
        if isinstance(rule, Rule) and rule.verbs & {"bind", "escalate", EVERY}:
            yield from rule.resource_names


def _account_names(role: Role) -> Iterator[str]:
    """The names in rules about service accounts."""
    for rule in role.rules:
        if isinstance(rule, Rule) and rule.resources & {
            "serviceaccounts",
            "serviceaccounts/token",
            "*/token",
            EVERY,
        }:
            yield from rule.resource_names
