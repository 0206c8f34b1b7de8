"""A cluster as steps change it: what is bound, rewritten and created on the way to another identity."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, assert_never

from auditwright.access.kubernetes import (
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
    subjects_of,
)
from auditwright.access.kubernetes_roles import EVERYTHING
from auditwright.core.outcome import Unknown


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

    accounts: tuple[tuple[str, str], ...] = ()
    existing: frozenset[tuple[str, str]] = frozenset()
    """Service accounts, by namespace and name, that are known to exist."""
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = (MASTERS,)
    homes: frozenset[str] = frozenset()
    """Namespaces."""
    bindings: Mapping[Bound, tuple[str, ...]] = field(default_factory=dict)
    """The names of the bindings of each role in each place."""

    @staticmethod
    def of(rbac: Rbac | Unknown) -> "Names":
        """The names in the roles and bindings of a cluster."""
        if isinstance(rbac, Unknown):
            return Names()
        subjects = subjects_of(rbac)
        named = {kind: {each for each in subjects if each.kind is kind} for kind in SubjectKind}
        bound = {(each.namespace, each.name) for each in named[SubjectKind.SERVICE_ACCOUNT]}
        accounts = bound | rbac.service_accounts
        bindings: dict[Bound, list[str]] = {}
        for binding in rbac.bindings:
            if isinstance(binding.role, RoleRef):
                place = Bound(role=binding.role, namespace=binding.namespace)
                bindings.setdefault(place, []).append(binding.name)
        spaces = {home for home, _ in (*accounts, *rbac.roles)} | {each.namespace for each in rbac.bindings}
        return Names(
            accounts=tuple(sorted(accounts)),
            existing=rbac.service_accounts,
            users=tuple(sorted(each.name for each in named[SubjectKind.USER])),
            groups=tuple(sorted({MASTERS, *(each.name for each in named[SubjectKind.GROUP])})),
            homes=frozenset(spaces - {""}),
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
