"""What a way gives whoever may take it, and what follows of itself from what is held.

Together with the catalogue and the evaluator this is all that a verdict says about AWS; explorer, closure and
checker only apply it.
"""

from collections.abc import Iterable, Iterator

import msgspec

from auditwright.access.assumptions import (
    CENTRAL_ROOT,
    DEVICES_UNSEEN,
    KEY_TO_SPARE,
    NAME_FREE,
    POD_ROLES,
    PROFILE_TO_SPARE,
    SECOND_DEVICE,
    TAGS_OF_CHOICE,
    WORKLOAD_IN_SERVICE,
    Assumption,
)
from auditwright.access.catalogue import MACHINES, WAYS_BY_ID, Gain, On, Way
from auditwright.access.context import Caller, CallerKind, Present, caller_context
from auditwright.access.eks import AccessEntry, AuthenticationMode, Cluster
from auditwright.access.entering import node_roles
from auditwright.access.evaluator import Allowed, Policies, decide, may
from auditwright.access.facts import Fact, Kind, session
from auditwright.access.holdings import denies
from auditwright.access.kleene import Truth
from auditwright.access.kubernetes_levels import Level
from auditwright.access.matching import Request
from auditwright.access.sessions import SessionClass
from auditwright.access.world import INLINE, Attachment, User, World, account_of
from auditwright.core.outcome import Unknown

MAX_KEYS = 2
"""AWS: a user has at most two access keys."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that a way gives once it is taken, or that follow from others."""

    gains: tuple[Fact, ...]
    needs: tuple[Fact, ...] = ()
    certain: bool = True
    """False where it is not known that it works; `assumptions` then say on what it depends."""
    assumptions: tuple[Assumption, ...] = ()


def effects(world: World, way: Way, class_: SessionClass, target: str) -> tuple[Effect, ...]:
    """What a way gives on one target: an ARN, a cluster's name, or what a question names. None where it gives nothing."""
    return tuple(_effects(world, way, class_, target))


def _effects(world: World, way: Way, class_: SessionClass, target: str) -> Iterator[Effect]:  # noqa: C901, PLR0912  # one case a gain
    match way.gain:
        case Gain.KEY | Gain.OLD_KEY | Gain.PASSWORD | Gain.NO_DEVICE | Gain.DEVICE:
            yield from _on_credentials(way, world.users[target])
        case Gain.ALLOW:
            policy = world.policies.get(target)
            if policy is None or not policy.provider_managed:
                yield Effect(gains=(Fact(Kind.ALLOW, target),))
        case Gain.LIFT:
            gains = tuple(dict.fromkeys(_lifted(world, way, target)))
            yield from [Effect(gains=gains)] if gains else []
        case Gain.UNBOUND:
            principal = world.principal(target)
            if principal is not None and principal.boundary is not None:
                yield Effect(gains=(Fact(Kind.UNBOUND, target),))
        case Gain.JOIN:
            yield Effect(gains=(Fact(Kind.JOIN, target),))
        case Gain.VERSION:
            policy = world.policies[target]
            gains = tuple(
                Fact(Kind.VERSION, target, each) for each in policy.versions if each != policy.default
            )
            yield from [Effect(gains=gains)] if gains and not policy.provider_managed else []
        case Gain.TAGS:
            if world.asks_for_tags:
                yield _tagged(target)
        case Gain.TRUST:
            if not world.roles[target].service_linked:
                yield Effect(gains=(Fact(Kind.TRUST, target),))
        case Gain.SESSION:
            yield Effect(gains=(session(target, after(class_)),))
        case Gain.RUN:
            yield from _run(world, way, target)
        case Gain.REMADE:
            made = SessionClass.KEY if way.target is On.USER else SessionClass.ROLE
            listed = account_of(target) not in world.unlisted_accounts
            yield Effect(
                gains=(session(target, made),), certain=listed, assumptions=() if listed else (NAME_FREE,)
            )
        case Gain.ENTRIES:
            yield Effect(gains=(Fact(Kind.ENTRIES, target),))
        case Gain.ENTRY | Gain.SIGN_IN:
            cluster = cluster_of(world, target)
            level = Level.CLUSTER_ADMIN if way.gain is Gain.ENTRY else Level.ANY
            for needs, certain in _entries_used(cluster):
                for own in _signing_in_by(target) if way.target is On.ENTRY else ((),):
                    gains = (Fact(Kind.LEVEL, cluster.name, level),)
                    yield Effect(gains=gains, needs=(*own, *needs), certain=certain)
        case Gain.VOUCHED:
            yield Effect(gains=(session(target, SessionClass.OUTSIDE),))
        case Gain.ROOT:
            if world.accounts[target].organization is None:
                return  # AWS: sts:AssumeRoot reaches members of an organization alone.
            root = session(f"arn:{world.partition}:iam::{target}:root", SessionClass.CONSOLE)
            yield Effect(gains=(root,), certain=False, assumptions=(CENTRAL_ROOT,))
        case Gain.READ:
            # Each such right opens resources of its own service.
            if target.partition(":")[0].lower() == way.uses[0].action.partition(":")[0]:
                yield Effect(gains=(Fact(Kind.READ, target),))


def _tagged(principal: str) -> Effect:
    # Which tags is up to conditions that the way alone does not show.
    return Effect(gains=(Fact(Kind.TAGS, principal),), certain=False, assumptions=(TAGS_OF_CHOICE,))


def after(class_: SessionClass) -> SessionClass:
    """The class of a role's session that is opened from a session of this class."""
    with_factor = class_ in {SessionClass.MFA, SessionClass.ROLE_AFTER_MFA}
    return SessionClass.ROLE_AFTER_MFA if with_factor else SessionClass.ROLE


def _on_credentials(way: Way, user: User) -> Iterator[Effect]:
    has = user.credentials
    key = session(user.arn, SessionClass.KEY)
    match way.gain:
        case Gain.KEY:
            keys = (has.active_keys, has.inactive_keys)
            unknown = any(isinstance(each, Unknown) for each in keys)
            full = sum(each for each in keys if isinstance(each, int)) >= MAX_KEYS
            makes_room = any(use.action == "iam:DeleteAccessKey" for use in way.uses)
            if not full or makes_room:
                yield Effect(gains=(key,), assumptions=(KEY_TO_SPARE,) if unknown and not makes_room else ())
        case Gain.OLD_KEY:
            if has.inactive_keys != 0:
                yield Effect(gains=(key,), needs=(Fact(Kind.OLD_KEY, user.arn),))
        case Gain.PASSWORD:
            # AWS: CreateLoginProfile is refused where there is a password, UpdateLoginProfile where there is none.
            wanted = way.uses[0].action == "iam:UpdateLoginProfile"
            if isinstance(has.password, Unknown) or has.password is wanted:
                yield Effect(
                    gains=(Fact(Kind.PASSWORD, user.arn),), certain=not isinstance(has.password, Unknown)
                )
        case Gain.NO_DEVICE:
            if has.devices != 0:
                yield Effect(gains=(Fact(Kind.NO_DEVICE, user.arn),))
        case _:
            device = Fact(Kind.DEVICE, user.arn)
            if has.devices == 0:
                yield Effect(gains=(device,))
            else:
                yield Effect(gains=(device,), needs=(Fact(Kind.NO_DEVICE, user.arn),))
                yield Effect(gains=(device,), certain=False, assumptions=(SECOND_DEVICE,))


def _attachments(world: World, holder: str) -> tuple[Attachment, ...]:
    found = world.users.get(holder) or world.roles.get(holder) or world.groups[holder]
    return found.attachments


def _lifted(world: World, way: Way, holder: str) -> Iterator[Fact]:
    """What a way takes off: inline policies are deleted, managed ones detached, and who leaves a group leaves them all."""
    action = way.uses[0].action
    for each in _attachments(world, holder):
        if denies(each.policy):
            if action == "iam:RemoveUserFromGroup":
                yield Fact(Kind.LIFT, holder)
            elif each.reference.startswith(INLINE) is ("Delete" in action):
                yield Fact(Kind.LIFT, holder, each.reference)


def _run(world: World, way: Way, target: str) -> Iterator[Effect]:
    if way.target is On.ROLE:
        takes = service_takes(world, target, way.service)
        if takes is not Truth.FALSE:
            yield from _passed(world, way, target, certain=takes is Truth.TRUE)
        return
    if target in world.roles:
        # The target is a role that the service can take: something that runs as it may exist.
        yield Effect(
            gains=(session(target, SessionClass.PROGRAM),), certain=False, assumptions=(WORKLOAD_IN_SERVICE,)
        )
        return
    for workload in () if isinstance(world.workloads, Unknown) else world.workloads:
        if workload.arn == target and workload.role in world.roles:
            yield Effect(gains=(session(workload.role, SessionClass.PROGRAM),))


def _passed(world: World, way: Way, role: str, *, certain: bool) -> Iterator[Effect]:
    """What passing a role gives. AWS: a machine gets its role by an instance profile, which has to be there or be made."""
    gains = (session(role, SessionClass.PROGRAM),)
    actions = {use.action for use in way.uses}
    if (
        way.service != MACHINES
        or "iam:CreateInstanceProfile" in actions
        or world.roles[role].instance_profile
    ):
        assumed = () if way.assumes is None else (way.assumes,)
        yield Effect(gains=gains, certain=certain and not assumed, assumptions=assumed)
    elif "iam:AddRoleToInstanceProfile" in actions:
        yield Effect(gains=gains, certain=False, assumptions=(PROFILE_TO_SPARE,))


def service_takes(world: World, role: str, service: str) -> Truth:
    """Whether a service that acts in the role's account can take it."""
    account = account_of(role)
    caller = Caller(kind=CallerKind.SERVICE, arn=service, account="")
    context = caller_context(caller).with_({"aws:sourceaccount": Present((account,))})
    request = Request(
        caller=caller, action="sts:AssumeRole", resource=role, resource_account=account, context=context
    )
    own = world.accounts.get(account)
    levels = own.resource_policies if own else ()
    decision = decide(request, Policies(identity=(), rcps=levels, resource=world.roles[role].trust))
    if isinstance(decision, Allowed):
        return Truth.TRUE
    return Truth.UNKNOWN if may(decision) else Truth.FALSE


def cluster_of(world: World, target: str) -> Cluster:
    """The cluster of a target that is one, or that is an entry of one."""
    name = target.partition(" ")[0]
    return next(each for each in world.clusters if each.name == name)


def _signing_in_by(entry: str) -> Iterator[tuple[Fact, ...]]:
    """The sessions of an access entry's principal, of which one is needed."""
    principal = entry.partition(" ")[2]
    for class_ in SessionClass:
        yield (session(principal, class_),)


def _entries_of(cluster: Cluster) -> Iterator[str]:
    if not isinstance(cluster.access_entries, Unknown):
        for entry in cluster.access_entries:
            if isinstance(entry, AccessEntry) and entry.type == "STANDARD":
                yield f"{cluster.name} {entry.principal_arn}"


def _entries_used(cluster: Cluster) -> Iterator[tuple[tuple[Fact, ...], bool]]:
    """What it takes for an access entry of a cluster to count, and whether that is known."""
    mode = cluster.authentication_mode
    if isinstance(mode, Unknown):
        yield (), False
    if mode == AuthenticationMode.CONFIG_MAP or isinstance(mode, Unknown):
        yield (Fact(Kind.ENTRIES, cluster.name),), True
    else:
        yield (), True


# --- what follows of itself

LEADING = frozenset({Kind.SESSION, Kind.PASSWORD, Kind.TRUST, Kind.JOIN, Kind.LEVEL, Kind.EVERY})
"""Kinds of facts from which something may follow; from sessions it does from long-term keys alone."""


def leads(fact: Fact) -> bool:
    """False where surely nothing follows from a fact of itself."""
    return fact.kind in LEADING and (fact.kind is not Kind.SESSION or fact.detail == SessionClass.KEY)


def laws(world: World, fact: Fact) -> Iterator[Effect]:  # noqa: C901  # one case for each kind of fact
    """What follows from a fact, by itself or with others (`needs`); each conjunction is found from one of its parts."""
    match fact.kind:
        case Kind.SESSION if fact.detail == SessionClass.KEY and ":user/" in fact.subject:
            # AWS: GetSessionToken takes no permission, and no policy affects it.
            yield Effect(gains=(session(fact.subject, SessionClass.TOKEN),))
            yield _with_device(fact.subject, fact)
        case Kind.PASSWORD:
            yield from _signing_in(world.users[fact.subject])
            yield _with_device(fact.subject, fact)
        case Kind.TRUST:
            yield Effect(gains=(session(fact.subject, SessionClass.ROLE),))
            if world.asks_for_tags:
                # AWS: the trust of a role says who may tag its sessions.
                yield _tagged(fact.subject)
        case Kind.JOIN:
            yield from _joined(world, fact)
        case Kind.LEVEL:
            lower = (each for each in Level if Level.NONE.rank < each.rank < Level(fact.detail).rank)
            yield Effect(gains=tuple(Fact(Kind.LEVEL, fact.subject, each) for each in lower))
            if Level(fact.detail).rank >= Level.EDIT.rank:
                yield from _running_pods(world, cluster_of(world, fact.subject))
        case Kind.EVERY:
            way = WAYS_BY_ID[fact.subject]
            class_, _, account = fact.detail.partition("@")
            for target in targets_of(world, way):
                if account_of(target) not in {account, "aws"}:
                    continue
                for effect in effects(world, way, SessionClass(class_), target):
                    yield Effect(
                        gains=effect.gains,
                        needs=(fact, *effect.needs),
                        certain=effect.certain,
                        assumptions=effect.assumptions,
                    )
        case _:
            return


def _running_pods(world: World, cluster: Cluster) -> Iterator[Effect]:
    """The roles of pods, and of the nodes that pods reach into: what admission refuses was not seen."""
    roles = dict.fromkeys((*world.pod_roles, *(each for each in node_roles(cluster) if each in world.roles)))
    gains = tuple(session(role, SessionClass.PROGRAM) for role in roles)
    yield Effect(gains=gains, certain=False, assumptions=(POD_ROLES,))


def _joined(world: World, join: Fact) -> Iterator[Effect]:
    """Everything is allowed to users of choice where it is to the group that they join, or to a policy of it."""
    account = account_of(join.subject)
    gains = tuple(Fact(Kind.ALLOW, user) for user in world.users if account_of(user) == account)
    references = [each.reference for each in world.groups[join.subject].attachments]
    for subject in dict.fromkeys((join.subject, *(each for each in references if each in world.policies))):
        yield Effect(gains=gains, needs=(join, Fact(Kind.ALLOW, subject)))


def _signing_in(user: User) -> Iterator[Effect]:
    """The console, with the password alone: open to a user without a second factor."""
    password = Fact(Kind.PASSWORD, user.arn)
    console = session(user.arn, SessionClass.CONSOLE)
    devices = user.credentials.devices
    if devices == 0:
        yield Effect(gains=(console,), needs=(password,))
        return
    if isinstance(devices, Unknown):
        yield Effect(gains=(console,), needs=(password,), certain=False, assumptions=(DEVICES_UNSEEN,))
    yield Effect(gains=(console,), needs=(password, Fact(Kind.NO_DEVICE, user.arn)))


def _with_device(user: str, first: Fact) -> Effect:
    return Effect(gains=(session(user, SessionClass.MFA),), needs=(first, Fact(Kind.DEVICE, user)))


def _trusted_providers(world: World) -> Iterator[str]:
    """The SAML providers of the picture's accounts that trust policies name."""
    for role in world.roles.values():
        for statement in role.trust.statements:
            for name in statement.principals.providers if statement.principals else ():
                if ":saml-provider/" in name and account_of(name) in world.accounts:
                    yield name


def targets_of(world: World, way: Way) -> Iterable[str]:  # noqa: C901, PLR0911  # one return for each kind
    """Every target that a way can have in a world."""
    match way.target:
        case On.USER:
            return world.users if way.gain is not Gain.REMADE else world.remakable(users=True)
        case On.GROUP:
            return world.groups
        case On.ROLE:
            if way.gain is Gain.REMADE:
                return world.remakable(users=False)
            return world.roles if not way.service else world.taken_by(way.service)
        case On.POLICY:
            return world.policies
        case On.PROVIDER:
            return tuple(dict.fromkeys(_trusted_providers(world)))
        case On.CLUSTER:
            return tuple(cluster.name for cluster in world.clusters)
        case On.ENTRY:
            return tuple(each for cluster in world.clusters for each in _entries_of(cluster))
        case On.WORKLOAD:
            known = () if isinstance(world.workloads, Unknown) else world.workloads
            seen = tuple(each.arn for each in known if each.service == way.existing)
            if world.lists(way.existing):
                return seen
            # A role that the service can take stands for whatever may run as it.
            return (*seen, *world.taken_by(f"{way.existing}.amazonaws.com"))
        case On.ACCOUNT:
            return world.accounts if len(world.accounts) > 1 else ()
        case On.RESOURCE | On.MADE | On.ANY:
            return ()
