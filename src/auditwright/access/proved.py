"""What a run's proofs come to, as resources that control tests examine.

1. The world is pictured from the populations (picture.py). In it, a credential that nobody saw is no certain start.
2. Targets are the administrator of each account, each cluster as its administrator and at any level, and what the
   organization names.
3. Each target is proved for an adversary who has every first factor at once. Where that is out of reach, it is out of
   reach for each single one of them: what can be held from a part is among what can be held from all.
4. Otherwise each credential is proved by itself; and besides, each user's session with a second factor, for the
   administrator of the user's own account.
5. A certificate counts once the checker accepts it. A path counts once it was replayed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from auditwright.access.assumptions import Assumption
from auditwright.access.certificate import EVERYBODY, Certificate
from auditwright.access.checker import Checker
from auditwright.access.closure import Closure, bit
from auditwright.access.explorer import Explorer
from auditwright.access.facts import Fact, Kind, session
from auditwright.access.kubernetes_levels import Level
from auditwright.access.picture import Populations, picture, starts_seen
from auditwright.access.plans import Plans
from auditwright.access.sessions import SessionClass
from auditwright.access.starts import OVERALL, SUPPOSED, Start, StartKind
from auditwright.access.verdict import (
    Reachable,
    Undecided,
    Unreachable,
    Verdict,
    accepted,
    explorer_for,
    prove,
)
from auditwright.access.witness import Witness
from auditwright.access.world import Attestation, User, World, account_of
from auditwright.core.canonical import canonical_json
from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import Digest, IntegrationId, ResourceId
from auditwright.core.resources import (
    AccessKey,
    AccessPolicyDocument,
    AccessPrincipal,
    ClusterAccessEntry,
    KubernetesBinding,
    KubernetesIdentityMap,
    KubernetesRole,
    ManagedCluster,
    MfaDevice,
    OrganizationMembership,
    OrganizationPolicy,
    ProvedAccess,
    RootUser,
    UserAccount,
)

MAX_WORK = 100_000
"""Principals that the proofs of single credentials in one run may look at, counted for each proof anew: 50 proofs over
2,000 principals, or all of some hundreds. It keeps a run from waiting for minutes. What is beyond stays unknown, and says so."""

LEAST_WORK = 10
"""What a proof takes however small the account is."""

WITH_FACTOR = "session with a second factor"
"""The type of a credential that is a user's session with a second factor."""

ACCOUNT_ADMINISTRATOR = "account administrator"
CLUSTER_ADMINISTRATOR = "cluster administrator"
CLUSTER = "cluster"
NAMED = "named"

REACHABLE, UNREACHABLE, UNKNOWN = "reachable", "unreachable", "unknown"

_RESTS_ON = (
    AccessPrincipal,
    AccessPolicyDocument,
    UserAccount,
    AccessKey,
    MfaDevice,
    RootUser,
    OrganizationMembership,
    OrganizationPolicy,
    ManagedCluster,
    ClusterAccessEntry,
    KubernetesIdentityMap,
    KubernetesRole,
    KubernetesBinding,
)
"""Kinds whose evidence every proof rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTarget:
    """Something that the organization wants to be out of reach: an action on a resource."""

    name: str
    action: str
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    fact: Fact
    type: str
    words: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whose:
    credential: str
    type: str
    principal: str


def proved_access(
    populations: Populations,
    *,
    at: datetime,
    attestations: Iterable[Attestation] = (),
    named: Sequence[NamedTarget] = (),
) -> Iterator[ProvedAccess]:
    """A verdict for each credential and target of what was collected; none where no account was spoken of."""
    world = picture(
        populations, at=at, attestations=attestations, resources=[each.resource for each in named]
    )
    targets = tuple(_targets(world, named))
    if targets:
        yield from _Proofs(world, targets, _evidence(populations)).all()


def facts_of_targets(world: World, named: Iterable[NamedTarget]) -> Mapping[str, Fact]:
    """The fact of each target that is asked about, by the words that verdicts have for it."""
    return {each.words: each.fact for each in _targets(world, named)}


def _targets(world: World, named: Iterable[NamedTarget]) -> Iterator[_Target]:
    """(2) What is asked about."""
    for account in world.accounts:
        yield _Target(
            fact=Fact(Kind.ADMINISTRATOR, account),
            type=ACCOUNT_ADMINISTRATOR,
            words=f"administrator of account {account}",
            account=account,
        )
    for cluster in world.clusters:
        account = cluster.account if isinstance(cluster.account, str) else ""
        for level, type_, words in (
            (Level.CLUSTER_ADMIN, CLUSTER_ADMINISTRATOR, f"administrator of cluster {cluster.name}"),
            (Level.ANY, CLUSTER, f"cluster {cluster.name}"),
        ):
            yield _Target(
                fact=Fact(Kind.LEVEL, cluster.name, level), type=type_, words=words, account=account
            )
    first = next(iter(world.accounts), "")
    for each in named if first else ():
        yield _Target(
            fact=Fact(Kind.READ, f"{each.action}@{each.resource}"),
            type=NAMED,
            words=f"{each.name} ({each.action} on {each.resource})",
            account=account_of(each.resource) or first,
        )


def _evidence(populations: Populations) -> tuple[Digest, ...]:
    found = {
        digest
        for kind in _RESTS_ON
        if kind.kind in populations
        for each in populations[kind.kind].items
        for digest in each.evidence
    }
    return tuple(sorted(found))


class _Proofs:
    """The proofs of one world."""

    def __init__(self, world: World, targets: Sequence[_Target], evidence: tuple[Digest, ...]) -> None:
        self._world = world
        self._targets = targets
        self._evidence = evidence
        self._explorer: Explorer = explorer_for(world, [each.fact for each in targets])
        self._plans = Plans(self._explorer)
        self._starts = [each for each in starts_seen(world) if each.kind in OVERALL]
        self._checker = Checker(world)
        self._left = MAX_WORK
        self._closures: dict[tuple[tuple[Fact, ...], ...], Closure] = {}
        """What may come of each of several starts: the same for every target."""
        self._digests: dict[tuple[Fact, tuple[str, ...]], str] = {}

    def all(self) -> Iterator[ProvedAccess]:
        """Every verdict, target by target."""
        for target in self._targets:
            overall = self._accepted(prove(self._explorer, self._starts, target.fact, whose=(EVERYBODY,)))
            yield self._answer(target, _Whose(credential=EVERYBODY, type=EVERYBODY, principal=""), overall)
            if isinstance(overall, Unreachable):
                singles: Sequence[Verdict] = [overall] * len(self._starts)  # (3)
            else:
                singles = self._each(self._starts, target)
            for start, verdict in zip(self._starts, singles, strict=True):
                whose = _Whose(credential=start.id, type=start.kind, principal=start.facts[0].subject)
                yield self._answer(target, whose, verdict)
            if target.fact.kind is Kind.ADMINISTRATOR:
                yield from self._with_factor(target)

    def _with_factor(self, target: _Target) -> Iterator[ProvedAccess]:
        """(4) What each user of an account comes to who shows a second factor."""
        starts = [
            Start(
                id=f"{SUPPOSED}mfa:{user.name}",
                kind=StartKind.SUPPOSED,
                facts=(session(user.arn, SessionClass.MFA),),
            )
            for user in self._world.users.values()
            if account_of(user.arn) == target.account and _signs_in(user)
        ]
        for start, verdict in zip(starts, self._each(starts, target), strict=True):
            whose = _Whose(credential=start.id, type=WITH_FACTOR, principal=start.facts[0].subject)
            yield self._answer(target, whose, verdict)

    def _each(self, starts: Sequence[Start], target: _Target) -> Sequence[Verdict]:
        """A verdict for each start by itself.

        Those that do not get there by themselves mostly do not together: then one certificate serves them all.
        """
        out = self._kept_out(starts, target)
        together = [starts[number] for number in out]
        shared = self._accepted(prove(self._explorer, together, target.fact)) if together else None
        # By their places: users of two accounts may have one name, and their starts one id.
        served = frozenset(out) if isinstance(shared, Unreachable) else frozenset[int]()
        return [
            shared if shared and number in served else self._accepted(self._single(start, target))
            for number, start in enumerate(starts)
        ]

    def _kept_out(self, starts: Sequence[Start], target: _Target) -> Sequence[int]:
        """The places of the starts that do not get there, all closed over at once.

        Nothing rests on it: that they do not is proved of all of them together, and checked.
        """
        if self._world.unseen:
            return ()
        key = tuple(start.facts for start in starts)
        closure = self._closures.get(key)
        if closure is None:
            closure = self._closures[key] = Closure(plans=self._plans, starts=key)
        there = closure.possibly(target.fact) | closure.boundless
        return [number for number in range(len(starts)) if not there & bit(number)]

    def _single(self, start: Start, target: _Target) -> Verdict:
        return prove(self._explorer, [start], target.fact) if self._spend() else _TOO_MUCH

    def _spend(self) -> bool:
        """True while there is work left for one more proof."""
        self._left -= len(self._world.users) + len(self._world.roles) + LEAST_WORK
        return self._left > 0

    def _accepted(self, verdict: Verdict) -> Verdict:
        """(5) A proof that the checker does not accept is none."""
        return accepted(self._checker, verdict)

    def _digest(self, certificate: Certificate) -> str:
        """The digest of a certificate, of which many verdicts may share one."""
        key = (certificate.target, certificate.whose)
        if key not in self._digests:
            self._digests[key] = certificate_digest(certificate)
        return self._digests[key]

    def _answer(self, target: _Target, whose: _Whose, verdict: Verdict) -> ProvedAccess:
        path = _path(verdict)
        return ProvedAccess(
            id=ResourceId(f"access:{whose.credential} {whose.principal} > {target.fact}"),
            name=f"{whose.credential} to {target.words}",
            scope=Scope(source=IntegrationId("aws"), account=target.account),
            evidence=self._evidence,
            credential=whose.credential,
            credential_type=whose.type,
            principal=whose.principal,
            target=target.words,
            target_type=target.type,
            verdict=_WORDS[type(verdict)],
            own_right=path is not None and _by_own_right(path),
            path=path.lines if path else (),
            assumptions=tuple(each.says for each in _assumptions(verdict)),
            missing=verdict.missing if isinstance(verdict, Undecided) else (),
            certificate=self._digest(verdict.certificate) if isinstance(verdict, Unreachable) else "",
        )


def _by_own_right(path: Witness) -> bool:
    """True where whoever signs in with the credential is there: no request before the last one changes anything."""
    return len(path.start) == 1 and all(step.actor is None for step in path.steps[:-1])


def _signs_in(user: User) -> bool:
    """False for a user who surely has neither a key nor a password."""
    return user.credentials.active_keys != 0 or user.credentials.password is not False


_TOO_MUCH = Undecided(
    possible=None,
    assumptions=(),
    missing=(
        "the account has more credentials than are proved one by one in a run; ask about this one by itself",
    ),
)

_WORDS: Mapping[type[Reachable | Unreachable | Undecided], str] = {
    Reachable: REACHABLE,
    Unreachable: UNREACHABLE,
    Undecided: UNKNOWN,
}


def _path(verdict: Verdict) -> Witness | None:
    match verdict:
        case Reachable(witness=witness):
            return witness
        case Undecided(possible=possible):
            return possible
        case Unreachable():
            return None
        case _:
            assert_never(verdict)


def _assumptions(verdict: Verdict) -> Sequence[Assumption]:
    match verdict:
        case Reachable(witness=witness):
            return witness.assumptions
        case Undecided(assumptions=assumptions):
            return assumptions
        case Unreachable():
            return ()
        case _:
            assert_never(verdict)


def certificate_digest(certificate: Certificate) -> str:
    """The SHA-256 of a certificate's canonical form."""
    crossings = [[*each.session, each.way, each.target, each.closed_by] for each in certificate.crossings]
    return digest_of(
        canonical_json(
            {
                "whose": certificate.whose,
                "start": [[*each] for each in certificate.start],
                "target": [*certificate.target],
                "held": [[*each] for each in certificate.held],
                "crossings": crossings,
            }
        )
    )
