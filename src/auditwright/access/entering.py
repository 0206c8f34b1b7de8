"""Which levels a session has in the clusters of a world, by signing in as whom it is.

A token is a presigned sts:GetCallerIdentity, which no policy can deny and which shows no second factor. So every
session signs in wherever a cluster knows its principal.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from auditwright.access.assumptions import POD_ROLES, Assumption
from auditwright.access.aws_auth import ArnMapping
from auditwright.access.eks import AccessEntry, Caller, ChosenSession, Cluster, NoSession, identities
from auditwright.access.eks_users import users_of
from auditwright.access.facts import Fact, Kind, session
from auditwright.access.kubernetes import MASTERS, NODES, Rbac, User, names_of
from auditwright.access.kubernetes_escalation import Escalation, escalate
from auditwright.access.kubernetes_levels import Level
from auditwright.access.kubernetes_steps import Step
from auditwright.access.sessions import SessionClass
from auditwright.access.world import World, account_of
from auditwright.core.outcome import Unknown

UNSEEN_RBAC = Unknown("the roles and bindings of the cluster were not seen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What a session gains in a cluster, or may gain."""

    gain: Fact
    """A level; or a session of the nodes' own role, from a node."""
    certain: bool
    cluster: str
    origin: str
    """The mapping that lets the session in."""
    user: str
    """The Kubernetes username, with its strongest group; a text in words where it was not seen."""
    identity: User
    """The Kubernetes identity itself."""
    session_name: str | None
    """The name that the session has to have."""
    steps: tuple[Step, ...]
    """What the user does in the cluster on the way."""
    assumptions: tuple[Assumption, ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How a user comes into a cluster."""

    origin: str
    session_name: str | None = None
    assumptions: tuple[Assumption, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(slots=True)
class Entrances:
    """Answers about the clusters of a world; each user of a cluster is followed once."""

    world: World
    _escalations: dict[tuple[str, User], Escalation] = field(default_factory=dict)

    def of(self, fact: Fact) -> Iterator[Entered]:
        """What a session fact gains in each cluster."""
        world = self.world
        principal = world.principal(fact.subject)
        caller = Caller(
            arn=fact.subject,
            account=account_of(fact.subject),
            unique_id=principal.unique_id if principal else Unknown("a principal made anew has a new id"),
            session=ChosenSession() if ":role/" in fact.subject else NoSession(),
            made_later=principal is None and fact.subject in world.vacant,
        )
        for cluster in world.clusters:
            names = names_of(self._rbac(cluster))
            for identity in identities(cluster, caller):
                for mapped in users_of(identity, names):
                    way = _Way(
                        origin=f"{identity.origin.source} {identity.origin.subject}",
                        session_name=mapped.session_name,
                        assumptions=identity.assumptions,
                        doubts=mapped.doubts,
                    )
                    yield from self._gains(cluster, mapped.user, way)

    def chosen(self, cluster: Cluster) -> Iterator[Entered]:
        """What somebody gains who signs in under a name and groups of choice.

        Amazon EKS refuses names that begin with `system:` in access entries and from the customer's issuers.
        """
        names = sorted(name for name in names_of(self._rbac(cluster)) if not name.startswith("system:"))
        groups = frozenset(names)
        for name in ("of-choice", *names):
            user = User(username=name, groups=groups)
            yield from self._gains(cluster, user, _Way(origin="a name and groups of choice"))

    def _rbac(self, cluster: Cluster) -> Rbac | Unknown:
        return self.world.rbac.get(cluster.name, UNSEEN_RBAC)

    def _gains(self, cluster: Cluster, user: User, way: _Way) -> Iterator[Entered]:
        found = self._escalations.get((cluster.name, user))
        if found is None:
            found = escalate(self._rbac(cluster), user, reads_aws_auth=cluster.reads_aws_auth)
            self._escalations[cluster.name, user] = found
        for reach, sure in ((found.known, not way.doubts), (found.possible, False)):
            for level, steps in reach.paths.items():
                if level is not Level.NONE:
                    yield _entered(
                        cluster,
                        user,
                        way,
                        gain=Fact(Kind.LEVEL, cluster.name, level),
                        steps=steps,
                        certain=sure,
                    )
            if any(map(_is_service_account, reach.users)):
                # Whose token is taken may be a service account that has a role in the cloud.
                through = replace(way, assumptions=(*way.assumptions, POD_ROLES))
                for role in self.world.pod_roles:
                    gain = session(role, SessionClass.PROGRAM)
                    yield _entered(cluster, user, through, gain=gain, steps=(), certain=False)
            if reach.node is not None:
                for role in node_roles(cluster):
                    if role in self.world.roles:
                        gain = session(role, SessionClass.PROGRAM)
                        yield _entered(cluster, user, way, gain=gain, steps=reach.node, certain=sure)


def _entered(  # noqa: PLR0913  # who comes in where, and what for
    cluster: Cluster, user: User, way: _Way, *, gain: Fact, steps: tuple[Step, ...], certain: bool
) -> Entered:
    return Entered(
        gain=gain,
        certain=certain,
        cluster=cluster.name,
        origin=way.origin,
        user=_named(user),
        identity=user,
        session_name=way.session_name,
        steps=steps,
        assumptions=way.assumptions,
        doubts=(*way.doubts, *(step.doubt for step in steps if step.doubt)),
    )


def _is_service_account(user: User) -> bool:
    return isinstance(user.username, str) and user.username.startswith("system:serviceaccount:")


def _named(user: User) -> str:
    name = "a username that was not seen" if isinstance(user.username, Unknown) else user.username
    master = not isinstance(user.groups, Unknown) and MASTERS in user.groups
    return f"{name} in {MASTERS}" if master else name


def node_roles(cluster: Cluster) -> tuple[str, ...]:
    """The roles that a cluster lets in as its nodes."""
    found: list[str] = []
    if not isinstance(cluster.access_entries, Unknown):
        found += [
            each.principal_arn
            for each in cluster.access_entries
            if isinstance(each, AccessEntry)
            and not isinstance(each.groups, Unknown)
            and (NODES,) in each.groups
        ]
    if not isinstance(cluster.aws_auth, Unknown):
        found += [
            each.arn
            for each in cluster.aws_auth.map_roles
            if isinstance(each, ArnMapping)
            and not isinstance(each.groups, Unknown)
            and (NODES,) in each.groups
        ]
    return tuple(dict.fromkeys(found))
