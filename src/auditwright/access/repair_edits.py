"""What a repair does to a picture: each edit is a value, and applying it gives the picture as it would then be.

Edits name what they change by where it stands, not by its whole content, so that several can be applied one after
the other, in any order.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias, assert_never

from auditwright.access.aws_auth import ArnMapping
from auditwright.access.conditions import Condition
from auditwright.access.eks import AccessEntry, AuthenticationMode, Cluster, Source
from auditwright.access.kubernetes import Binding, PolicyGrant, Rbac, Subject
from auditwright.access.policy import Policy, Statement, parse_policy, part_of, statement_document
from auditwright.access.probe import MFA_KEYS
from auditwright.access.world import INLINE, Attachment, User, World
from auditwright.core.outcome import Unknown

Document: TypeAlias = Mapping[str, object]

HAS_MFA: Document = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


class Place(StrEnum):
    """What kind of document a policy is."""

    INLINE = "inline policy"
    MANAGED = "managed policy"
    TRUST = "trust policy"
    RESOURCE = "resource policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a policy stands."""

    place: Place
    arn: str
    """Of the user, group or role that holds an inline policy; of the managed policy; of the role; of the resource."""
    name: str = ""
    """Of an inline policy."""


# --- what is done to a policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """A statement no longer names some actions; it goes where it names no other."""

    index: int
    actions: tuple[str, ...]
    """As the statement spells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A statement gives way to others."""

    index: int
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Statements that allow hold only for a session with a second factor."""

    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """One more statement; a policy that did not exist is made of it."""

    document: Document


Revision: TypeAlias = Without | Corrected | Asking | Added


# --- edits


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """A policy says something else."""

    where: Where
    revision: Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Detached:
    """A managed policy no longer stands with its holder."""

    holder: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLeft:
    """A user is no longer in a group, and has none of its policies."""

    user: str
    group: str
    """The ARN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysGone:
    """The access keys of a user are deleted: the inactive ones, or all of them."""

    user: str
    only_inactive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordGone:
    """A user has no console password."""

    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEnrolled:
    """The person who is a user has enrolled a second factor."""

    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RootKeysGone:
    """The root user of an account has no access key."""

    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RootDeviceEnrolled:
    """The root user of an account has a second factor."""

    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingGone:
    """A cluster's `aws-auth` map has no element for an ARN or account."""

    cluster: str
    source: Source
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryGone:
    """A cluster has no access entry for a principal."""

    cluster: str
    principal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesUsed:
    """A cluster uses access entries beside its map, and has none for whoever created it."""

    cluster: str
    creator: str
    """The ARN; empty where it is not known: the entry that Amazon EKS then makes shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryNarrowed:
    """An access entry no longer has an access policy of Amazon EKS; where it held, a lesser one holds."""

    cluster: str
    principal: str
    policy: str
    """The ARN."""
    instead: str
    """The ARN of the lesser one; empty where there is none in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbound:
    """A binding of a cluster no longer names a subject; it goes where it names no other."""

    cluster: str
    namespace: str
    """Empty: the binding holds in the whole cluster."""
    binding: str
    subject: Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """One more service control policy stands with an account."""

    account: str
    name: str
    document: Document


Edit: TypeAlias = (
    Revised
    | Detached
    | GroupLeft
    | KeysGone
    | PasswordGone
    | DeviceEnrolled
    | RootKeysGone
    | RootDeviceEnrolled
    | MappingGone
    | EntryGone
    | EntriesUsed
    | EntryNarrowed
    | Unbound
    | Guarded
)


def applied(world: World, edit: Edit) -> World:  # noqa: C901, PLR0911, PLR0912  # one case an edit
    """The picture after an edit."""
    match edit:
        case Revised():
            return _revised(world, edit)
        case Detached():
            return _attachments(
                world, edit.holder, lambda held: tuple(each for each in held if each.reference != edit.policy)
            )
        case GroupLeft():
            user = world.users[edit.user]
            kept = tuple(each for each in user.groups if each != edit.group)
            return _with_user(world, replace(user, groups=kept))
        case KeysGone():
            user = world.users[edit.user]
            active = user.credentials.active_keys if edit.only_inactive else 0
            return _with_user(
                world,
                replace(user, credentials=replace(user.credentials, active_keys=active, inactive_keys=0)),
            )
        case PasswordGone():
            user = world.users[edit.user]
            return _with_user(world, replace(user, credentials=replace(user.credentials, password=False)))
        case DeviceEnrolled():
            user = world.users[edit.user]
            return _with_user(world, replace(user, credentials=replace(user.credentials, devices=1)))
        case RootKeysGone():
            return _with_root(world, edit.account, keys=0)
        case RootDeviceEnrolled():
            return _with_root(world, edit.account, devices=1)
        case MappingGone():
            return _with_cluster(world, edit.cluster, lambda each: _unmapped(each, edit))
        case EntryGone():
            return _with_cluster(world, edit.cluster, lambda each: _without_entry(each, edit.principal))
        case EntriesUsed():
            return _with_cluster(world, edit.cluster, lambda each: _using_entries(each, edit.creator))
        case EntryNarrowed():
            return _with_cluster(world, edit.cluster, lambda each: _narrowed(each, edit))
        case Unbound():
            return _unbound(world, edit)
        case Guarded():
            return _guarded(world, edit)
        case _:
            assert_never(edit)


def policy_at(world: World, where: Where) -> Policy | None:
    """The policy at a place; None where there is none, or it was not seen."""
    match where.place:
        case Place.INLINE:
            reference = f"{INLINE}{where.name}"
            held = attachments_at(world, where.arn)
            return next((each.policy for each in held if each.reference == reference), None)
        case Place.MANAGED:
            managed = world.policies.get(where.arn)
            return managed.versions[managed.default] if managed else None
        case Place.TRUST:
            role = world.roles.get(where.arn)
            return role.trust if role else None
        case Place.RESOURCE:
            found = world.documents.get(where.arn)
            return None if isinstance(found, Unknown) else found
        case _:
            assert_never(where.place)


def attachments_at(world: World, holder: str) -> tuple[Attachment, ...]:
    """The policies that a user, group or role holds itself."""
    found = world.users.get(holder) or world.roles.get(holder) or world.groups.get(holder)
    return found.attachments if found else ()


def document_of(policy: Policy) -> dict[str, object]:
    """A policy as JSON would have it."""
    version = {"Version": policy.version} if policy.version else {}
    return {**version, "Statement": [statement_document(each) for each in policy.statements]}


# --- policies


def _revised(world: World, edit: Revised) -> World:
    where = edit.where
    old = policy_at(world, where)
    name = f"{where.name} of {where.arn.rpartition(':')[2]}"
    new = revise(old if old is not None else part_of(_empty(name), ()), edit.revision)
    match where.place:
        case Place.INLINE:
            reference = f"{INLINE}{where.name}"
            changed = Attachment(holder=where.arn, reference=reference, policy=new)
            return _attachments(
                world,
                where.arn,
                lambda held: (
                    tuple(changed if each.reference == reference else each for each in held)
                    if old is not None
                    else (*held, changed)
                ),
            )
        case Place.MANAGED:
            return _with_managed(world, where.arn, new)
        case Place.TRUST:
            return replace(
                world, roles={**world.roles, where.arn: replace(world.roles[where.arn], trust=new)}
            )
        case Place.RESOURCE:
            return replace(world, documents={**world.documents, where.arn: new})
        case _:
            assert_never(where.place)


def revise(policy: Policy, revision: Revision) -> Policy:
    """A policy after a revision; statements keep their places in its trace."""
    match revision:
        case Without(index=index, actions=actions):
            documents = {index: _without(policy, index, actions)}
        case Corrected(index=index, documents=documents_of):
            documents = {index: documents_of}
        case Asking(indexes=indexes):
            documents = {each.index: (_asking(each),) for each in policy.statements if each.index in indexes}
        case Added(document=document):
            index = max((each.index for each in policy.statements), default=-1) + 1
            return part_of(policy, (*policy.statements, _statement(policy, document, index)))
        case _:
            assert_never(revision)
    statements: list[Statement] = []
    for each in policy.statements:
        if each.index in documents:
            statements += [_statement(policy, one, each.index) for one in documents[each.index]]
        else:
            statements.append(each)
    return part_of(policy, statements)


def _without(policy: Policy, index: int, actions: tuple[str, ...]) -> tuple[Document, ...]:
    found: list[Document] = []
    for each in policy.statements:
        if each.index == index and each.actions is not None and not each.actions.negated:
            kept = [pattern for pattern in each.actions.patterns if pattern not in actions]
            if kept:
                found.append({**statement_document(each), "Action": kept[0] if len(kept) == 1 else kept})
    return tuple(found)


def _asking(statement: Statement) -> Document:
    block: dict[str, dict[str, object]] = {}
    for each in statement.conditions:
        if each.key not in MFA_KEYS or _is_age(each):
            written = each.written.removesuffix("IfExists") if _is_age(each) else each.written
            block.setdefault(written, {})[each.spelled_key] = list(each.values)
    block.setdefault("Bool", {})["aws:MultiFactorAuthPresent"] = "true"
    return {**statement_document(statement), "Condition": block}


def _is_age(condition: Condition) -> bool:
    return condition.key == "aws:multifactorauthage"


def _statement(policy: Policy, document: Document, index: int) -> Statement:
    read = parse_policy({"Version": policy.version, "Statement": [document]}, name=policy.name)
    return replace(read.statements[0], index=index)


def _empty(name: str) -> Policy:
    return parse_policy({"Version": "2012-10-17", "Statement": []}, name=name)


def _with_managed(world: World, arn: str, new: Policy) -> World:
    """A managed policy in a new version, with all who hold it and all whom it bounds."""
    managed = world.policies[arn]

    def held(attachments: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
        return tuple(replace(each, policy=new) if each.reference == arn else each for each in attachments)

    users = {
        key: replace(
            each,
            attachments=held(each.attachments),
            boundary=replace(each.boundary, policy=new)
            if each.boundary and each.boundary.arn == arn
            else each.boundary,
        )
        for key, each in world.users.items()
    }
    roles = {
        key: replace(
            each,
            attachments=held(each.attachments),
            boundary=replace(each.boundary, policy=new)
            if each.boundary and each.boundary.arn == arn
            else each.boundary,
        )
        for key, each in world.roles.items()
    }
    groups = {key: replace(each, attachments=held(each.attachments)) for key, each in world.groups.items()}
    # The version that was in force stays a version: whoever may, can put it in force again.
    version = f"{managed.default}-repaired"
    changed = replace(managed, default=version, versions={**managed.versions, version: new})
    return replace(world, users=users, roles=roles, groups=groups, policies={**world.policies, arn: changed})


def _attachments(
    world: World, holder: str, change: Callable[[tuple[Attachment, ...]], tuple[Attachment, ...]]
) -> World:
    if holder in world.users:
        user = world.users[holder]
        return _with_user(world, replace(user, attachments=change(user.attachments)))
    if holder in world.roles:
        role = world.roles[holder]
        return replace(
            world, roles={**world.roles, holder: replace(role, attachments=change(role.attachments))}
        )
    group = world.groups[holder]
    return replace(
        world, groups={**world.groups, holder: replace(group, attachments=change(group.attachments))}
    )


# --- people and clusters


def _with_user(world: World, user: User) -> World:
    return replace(world, users={**world.users, user.arn: user})


def _with_root(world: World, account: str, *, keys: int | None = None, devices: int | None = None) -> World:
    own = world.accounts[account]
    assert own.root is not None, "only a root user that is in question is repaired"
    root = replace(
        own.root,
        keys=own.root.keys if keys is None else keys,
        devices=own.root.devices if devices is None else devices,
    )
    return replace(world, accounts={**world.accounts, account: replace(own, root=root)})


def _with_cluster(world: World, name: str, change: Callable[[Cluster], Cluster]) -> World:
    return replace(
        world, clusters=tuple(change(each) if each.name == name else each for each in world.clusters)
    )


def _unmapped(cluster: Cluster, edit: MappingGone) -> Cluster:
    found = cluster.aws_auth
    if isinstance(found, Unknown):
        return cluster

    def others(mappings: tuple[ArnMapping | Unknown, ...]) -> tuple[ArnMapping | Unknown, ...]:
        return tuple(
            each for each in mappings if isinstance(each, Unknown) or each.arn.lower() != edit.subject.lower()
        )

    match edit.source:
        case Source.MAP_ROLES:
            changed = replace(found, map_roles=others(found.map_roles))
        case Source.MAP_USERS:
            changed = replace(found, map_users=others(found.map_users))
        case Source.MAP_ACCOUNTS:
            accounts = tuple(each for each in found.map_accounts if each != edit.subject)
            changed = replace(found, map_accounts=accounts)
        case _:
            return cluster
    return replace(cluster, aws_auth=changed)


def _without_entry(cluster: Cluster, principal: str) -> Cluster:
    entries = cluster.access_entries
    if isinstance(entries, Unknown):
        return cluster
    kept = tuple(
        each
        for each in entries
        if not (isinstance(each, AccessEntry) and each.principal_arn.lower() == principal.lower())
    )
    return replace(cluster, access_entries=kept)


def _narrowed(cluster: Cluster, edit: EntryNarrowed) -> Cluster:
    entries = cluster.access_entries
    if isinstance(entries, Unknown):
        return cluster

    def lessened(grant: PolicyGrant | Unknown) -> Iterator[PolicyGrant | Unknown]:
        if isinstance(grant, Unknown) or grant.policy != edit.policy:
            yield grant
        elif edit.instead:
            yield replace(grant, policy=edit.instead)

    changed = tuple(
        replace(each, policies=tuple(one for grant in each.policies for one in lessened(grant)))
        if isinstance(each, AccessEntry) and each.principal_arn.lower() == edit.principal.lower()
        else each
        for each in entries
    )
    return replace(cluster, access_entries=changed)


def is_binding(binding: Binding, edit: Unbound) -> bool:
    """True for the binding that an edit is about."""
    return (binding.name, binding.namespace) == (edit.binding, edit.namespace)


def _unbound(world: World, edit: Unbound) -> World:
    rbac = world.rbac.get(edit.cluster)
    if not isinstance(rbac, Rbac):
        return world
    left = (
        replace(each, subjects=tuple(one for one in each.subjects if one != edit.subject))
        if is_binding(each, edit)
        else each
        for each in rbac.bindings
    )
    changed = replace(rbac, bindings=tuple(each for each in left if each.subjects))
    return replace(world, rbac={**world.rbac, edit.cluster: changed})


def _guarded(world: World, edit: Guarded) -> World:
    """The policy stands with the account itself, on the last level: a level of its own would have to allow all."""
    own = world.accounts[edit.account]
    assert not isinstance(own.service_policies, Unknown), "only where the others were seen"
    *above, last = own.service_policies
    added = parse_policy({"Version": "2012-10-17", "Statement": [edit.document]}, name=edit.name)
    guarded = replace(own, service_policies=(*above, (*last, added)))
    return replace(world, accounts={**world.accounts, edit.account: guarded})


def _using_entries(cluster: Cluster, creator: str) -> Cluster:
    """Access entries count from then on. Where they did not before there were none, but for those made by the switch."""
    entries = cluster.access_entries
    if cluster.authentication_mode is AuthenticationMode.CONFIG_MAP and isinstance(entries, Unknown):
        entries = ()
    switched = replace(
        cluster, authentication_mode=AuthenticationMode.API_AND_CONFIG_MAP, access_entries=entries
    )
    return _without_entry(switched, creator) if creator else switched
