"""What an Amazon EKS cluster's own authentication says: who signs in, and as which Kubernetes identity.

1. In API and API_AND_CONFIG_MAP mode an access entry of the caller's ARN and unique id decides.
2. In CONFIG_MAP mode, and in API_AND_CONFIG_MAP mode where no entry decides, `aws-auth` does: mapRoles, then mapUsers,
   then mapAccounts, each by the caller's lower-cased ARN without a role's path.
3. In CONFIG_MAP mode the cluster's creator is in `system:masters` besides, by a grant that nobody can see or revoke. In
   the API modes the creator's rights are an access entry like any other.
4. Where one of these was not seen, the identities that it could give stay possible.

No condition of IAM takes part in it: a token is a presigned GetCallerIdentity, which no policy can deny and which
says nothing about a second factor. Whether the endpoint can be reached over the network is reported apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from auditwright.access.assumptions import (
    BOOTSTRAP_FLAG_OF_OLD_CLUSTERS,
    CREATOR_MATCHED_BY_ARN,
    ENTRY_PRINCIPAL_UNCHANGED,
    MAPPING_OPTIONS_OF_NEW_AUTHENTICATORS,
    Assumption,
)
from auditwright.access.aws_auth import (
    ARN_PARTS,
    ArnMapping,
    AwsAuth,
    Slot,
    Template,
    arn_like,
    filled,
    looked_up_arn,
    parse_template,
)
from auditwright.access.kubernetes import MASTERS, PolicyGrant
from auditwright.core.outcome import Unknown


class AuthenticationMode(StrEnum):
    """Where a cluster looks callers up."""

    CONFIG_MAP = "CONFIG_MAP"
    API_AND_CONFIG_MAP = "API_AND_CONFIG_MAP"
    API = "API"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEntry:
    """A principal that may sign in, in the cluster's own list."""

    principal_arn: str
    principal_id: str | Unknown
    """The unique id that the entry is bound to; Amazon EKS keeps it and does not show it."""
    type: str
    username: Template | Unknown
    groups: tuple[Template, ...] | Unknown
    policies: tuple[PolicyGrant | Unknown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Creator:
    """The principal that created a cluster."""

    arn: str
    source: str
    """Where it was found, such as `cloudtrail`."""
    exists: bool | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """From where the cluster's API server can be reached. Reported; never a reason that a path is closed."""

    public: bool | Unknown
    private: bool | Unknown
    public_cidrs: tuple[str, ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster, as far as its authentication depends on it. What was not seen is Unknown."""

    name: str
    arn: str | None
    account: str | Unknown
    authentication_mode: AuthenticationMode | Unknown
    bootstrap_creator_admin: bool | Unknown
    access_entries: tuple[AccessEntry | Unknown, ...] | Unknown
    aws_auth: AwsAuth | Unknown
    """A map that does not exist is an empty one."""
    creator: Creator | Unknown
    endpoint: Endpoint | Unknown

    @property
    def reads_aws_auth(self) -> bool | Unknown:
        """Whether a change of the `aws-auth` map changes who may sign in."""
        mode = self.authentication_mode
        return mode if isinstance(mode, Unknown) else mode is not AuthenticationMode.API


@dataclass(frozen=True, slots=True)
class NoSession:
    """A user's own keys, or root: there is no session name."""


@dataclass(frozen=True, slots=True)
class ChosenSession:
    """The caller chooses the name of its session, as AssumeRole lets it."""


@dataclass(frozen=True, slots=True)
class FixedSession:
    """Somebody else has set the name of the session, such as EC2 or the identity provider."""

    name: str


Session: TypeAlias = NoSession | ChosenSession | FixedSession | Unknown
"""The name of the session that a caller signs in with; Unknown: it is not known who sets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever signs the token."""

    arn: str
    """As IAM lists the principal, with its path; of a federated user, the ARN that STS gives."""
    account: str
    unique_id: str | Unknown
    session: Session
    made_later: bool = False
    """A principal that does not exist yet: its ARN is free, and its unique id will be new."""


class Source(StrEnum):
    """What in a cluster can let a caller in."""

    ACCESS_ENTRY = "access entry"
    MAP_ROLES = "aws-auth mapRoles"
    MAP_USERS = "aws-auth mapUsers"
    MAP_ACCOUNTS = "aws-auth mapAccounts"
    CREATOR = "creator of the cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The mapping that gave an identity."""

    source: Source
    subject: str
    """The ARN or account as the mapping has it; a text in words where it was not seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A Kubernetes identity that a caller gets, or may get where there is a doubt."""

    username: Template | Unknown
    groups: tuple[Template, ...] | Unknown
    policies: tuple[PolicyGrant | Unknown, ...]
    origin: Origin
    session: Session
    assumptions: tuple[Assumption, ...] = ()
    doubts: tuple[str, ...] = ()
    """Why the caller may not get it; none: it does."""

    @property
    def known(self) -> bool:
        """True where the caller certainly gets this identity, given the assumptions."""
        return not self.doubts


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedPrincipal:
    """A principal that a cluster lets in, whether or not it exists."""

    arn: str
    """In lower case where the authenticator compares it so; with wildcards where `pattern` is set."""
    origin: Origin
    pattern: bool = False
    by_unique_id: bool = False
    """True where a principal recreated under the same ARN stays out."""


def identities(cluster: Cluster, caller: Caller) -> tuple[Identity, ...]:
    """The Kubernetes identities that a caller gets, or may get. None: the cluster refuses the caller."""
    if looked_up_arn(caller.arn) is None:
        return ()
    found: list[Identity] = []
    mode = cluster.authentication_mode
    # (1): access entries
    if mode != AuthenticationMode.CONFIG_MAP:
        found += _by_entry(cluster, caller)
    decided = mode == AuthenticationMode.API_AND_CONFIG_MAP and any(each.known for each in found)
    # (2): the map
    if mode != AuthenticationMode.API and not decided:
        overridden = mode != AuthenticationMode.CONFIG_MAP and bool(found)
        doubts = ("an access entry may decide instead",) if overridden else ()
        found += [_doubted(each, *doubts) for each in _by_map(cluster.aws_auth, caller)]
    # (3): the creator
    if mode not in {AuthenticationMode.API, AuthenticationMode.API_AND_CONFIG_MAP}:
        found += _by_creation(cluster, caller)
    # (4): what was not seen
    doubts = (mode.why,) if isinstance(mode, Unknown) else ()
    return tuple(_with_account(_doubted(each, *doubts), caller) for each in found)


def principals_mapped(cluster: Cluster) -> tuple[MappedPrincipal, ...]:
    """Every principal that a cluster is known to let in, those included that no longer exist.

    A mapping of a role's ARN with a path is left out: no caller ever matches it.
    """
    mode = cluster.authentication_mode
    found: list[MappedPrincipal] = []
    if mode != AuthenticationMode.CONFIG_MAP and not isinstance(cluster.access_entries, Unknown):
        found += [
            MappedPrincipal(arn=each.principal_arn, origin=_entry_origin(each), by_unique_id=True)
            for each in cluster.access_entries
            if isinstance(each, AccessEntry)
        ]
    if mode != AuthenticationMode.API and not isinstance(cluster.aws_auth, Unknown):
        found += _mapped(cluster.aws_auth)
    if mode not in {AuthenticationMode.API, AuthenticationMode.API_AND_CONFIG_MAP} and isinstance(
        cluster.creator, Creator
    ):
        origin = Origin(source=Source.CREATOR, subject=cluster.creator.arn)
        found.append(MappedPrincipal(arn=cluster.creator.arn, origin=origin))
    return tuple(found)


def default_username(principal_arn: str) -> Template:
    """The username that Amazon EKS gives an access entry that names none."""
    parts = principal_arn.split(":", 5)
    if len(parts) < ARN_PARTS or not parts[-1].startswith("role/"):
        return parse_template(principal_arn)
    _, partition, _, _, account, resource = parts
    return (f"arn:{partition}:sts::{account}:assumed-role/{resource.rpartition('/')[2]}/", Slot.SESSION)


def _by_entry(cluster: Cluster, caller: Caller) -> Iterator[Identity]:
    entries = cluster.access_entries
    if isinstance(entries, Unknown):
        yield _anyone(Source.ACCESS_ENTRY, "an entry that was not seen", entries, caller)
        return
    for entry in entries:
        if isinstance(entry, Unknown):
            yield _anyone(Source.ACCESS_ENTRY, "an entry that cannot be read", entry, caller)
        elif _entry_names(entry, caller):
            by_arn = isinstance(entry.principal_id, Unknown) or isinstance(caller.unique_id, Unknown)
            yield Identity(
                username=entry.username,
                groups=entry.groups,
                policies=entry.policies,
                origin=_entry_origin(entry),
                session=caller.session,
                assumptions=(ENTRY_PRINCIPAL_UNCHANGED,) if by_arn else (),
            )


def _entry_names(entry: AccessEntry, caller: Caller) -> bool:
    """Whether an entry is the caller's. It is bound to the unique id, so that a recreated principal stays out."""
    if caller.made_later or entry.principal_arn.lower() != caller.arn.lower():
        return False
    if isinstance(entry.principal_id, Unknown) or isinstance(caller.unique_id, Unknown):
        return True
    return entry.principal_id == caller.unique_id


def _entry_origin(entry: AccessEntry) -> Origin:
    return Origin(source=Source.ACCESS_ENTRY, subject=entry.principal_arn)


def _by_map(aws_auth: AwsAuth | Unknown, caller: Caller) -> Iterator[Identity]:
    """The identities of the `aws-auth` map: the first list in which the caller surely is decides."""
    if isinstance(aws_auth, Unknown):
        yield _anyone(Source.MAP_ROLES, "a map that was not seen", aws_auth, caller)
        return
    shadow: tuple[str, ...] = ()
    for source, mappings in (
        (Source.MAP_ROLES, aws_auth.map_roles),
        (Source.MAP_USERS, aws_auth.map_users),
    ):
        found = tuple(_in_list(source, mappings, caller))
        yield from (_doubted(each, *shadow) for each in found)
        if any(each.known for each in found):
            return
        if found:
            shadow = (f"{source} may decide instead",)
    for account in aws_auth.map_accounts:
        doubts = shadow
        if isinstance(account, Unknown):
            doubts = (*shadow, account.why)
        elif account != caller.account:
            continue
        yield Identity(
            # The username is the ARN that was looked up, in its own case and without a role's path.
            username=(_account_username(caller),),
            groups=(),
            policies=(),
            origin=Origin(source=Source.MAP_ACCOUNTS, subject=caller.account),
            session=caller.session,
            doubts=doubts,
        )


def _in_list(
    source: Source, mappings: tuple[ArnMapping | Unknown, ...], caller: Caller
) -> Iterator[Identity]:
    """The mappings of one list that match a caller; of several with the same ARN, the last counts."""
    wanted = looked_up_arn(caller.arn)
    assert wanted is not None, "callers without a canonical ARN are refused before"
    unclear = [each for each in mappings if isinstance(each, Unknown)]
    readable = [each for each in mappings if isinstance(each, ArnMapping)]
    exact = [each for each in readable if not each.pattern and each.arn.lower() == wanted]
    patterns = [each for each in readable if each.pattern and arn_like(each.arn.lower(), wanted)]
    # mapUsers keeps mappings apart whose ARNs differ in case, and takes any of them.
    kept = {each.arn if source is Source.MAP_USERS else "": each for each in exact}
    doubts: tuple[str, ...] = ()
    if len(kept) + len(unclear) + len(patterns) > 1:
        doubts = (f"another mapping of {source} may decide instead",)
    for mapping in kept.values():
        yield _mapped_identity(source, mapping, caller, doubts=doubts)
    for mapping in patterns:
        yield replace(
            _mapped_identity(source, mapping, caller, doubts=(MAPPING_OPTIONS_OF_NEW_AUTHENTICATORS.says,)),
            assumptions=(MAPPING_OPTIONS_OF_NEW_AUTHENTICATORS,),
        )
    for unread in dict.fromkeys(unclear):
        yield _anyone(source, "a mapping that cannot be read", unread, caller)


def _mapped_identity(
    source: Source, mapping: ArnMapping, caller: Caller, *, doubts: tuple[str, ...]
) -> Identity:
    return Identity(
        username=mapping.username,
        groups=mapping.groups,
        policies=(),
        origin=Origin(source=source, subject=mapping.arn),
        session=caller.session,
        doubts=doubts,
    )


def _account_username(caller: Caller) -> str:
    head, _, role = caller.arn.partition(":role/")
    return f"{head}:role/{role.rpartition('/')[2]}" if role else caller.arn


def _by_creation(cluster: Cluster, caller: Caller) -> Iterator[Identity]:
    """The hidden grant of the creator, which CONFIG_MAP mode implies."""
    creator = cluster.creator
    if isinstance(creator, Unknown):
        # Nobody can create a cluster in another account, so that the creator is one of the cluster's own.
        if isinstance(cluster.account, Unknown) or cluster.account == caller.account:
            yield _creator_identity("a creator that is not known", caller, doubts=(creator.why,))
        return
    if looked_up_arn(creator.arn) != looked_up_arn(caller.arn):
        return
    assumptions: list[Assumption] = []
    doubts: tuple[str, ...] = ()
    if caller.made_later:
        assumptions.append(CREATOR_MATCHED_BY_ARN)
    if cluster.bootstrap_creator_admin is not True:
        assumptions.append(BOOTSTRAP_FLAG_OF_OLD_CLUSTERS)
    if cluster.bootstrap_creator_admin is False:
        doubts = (BOOTSTRAP_FLAG_OF_OLD_CLUSTERS.says,)
    yield replace(_creator_identity(creator.arn, caller, doubts=doubts), assumptions=tuple(assumptions))


def _creator_identity(subject: str, caller: Caller, *, doubts: tuple[str, ...]) -> Identity:
    return Identity(
        username=("kubernetes-admin",),
        groups=((MASTERS,),),
        policies=(),
        origin=Origin(source=Source.CREATOR, subject=subject),
        session=caller.session,
        doubts=doubts,
    )


def _anyone(source: Source, subject: str, unread: Unknown, caller: Caller) -> Identity:
    """What a mapping that was not read may give: any identity at all."""
    return Identity(
        username=unread,
        groups=unread,
        policies=(unread,) if source is Source.ACCESS_ENTRY else (),
        origin=Origin(source=source, subject=subject),
        session=caller.session,
        doubts=(unread.why,),
    )


def _mapped(aws_auth: AwsAuth) -> Iterator[MappedPrincipal]:
    for source, mappings in (
        (Source.MAP_ROLES, aws_auth.map_roles),
        (Source.MAP_USERS, aws_auth.map_users),
    ):
        for each in mappings:
            if isinstance(each, ArnMapping) and (each.pattern or looked_up_arn(each.arn) == each.arn.lower()):
                origin = Origin(source=source, subject=each.arn)
                yield MappedPrincipal(arn=each.arn.lower(), origin=origin, pattern=each.pattern)
    for account in aws_auth.map_accounts:
        if isinstance(account, str):
            origin = Origin(source=Source.MAP_ACCOUNTS, subject=account)
            yield MappedPrincipal(arn=f"arn:*:*::{account}:*", origin=origin, pattern=True)


def _doubted(identity: Identity, *doubts: str) -> Identity:
    return replace(identity, doubts=(*identity.doubts, *doubts)) if doubts else identity


def _with_account(identity: Identity, caller: Caller) -> Identity:
    values = {Slot.ACCOUNT: caller.account}
    username, groups = identity.username, identity.groups
    return replace(
        identity,
        username=username if isinstance(username, Unknown) else filled(username, values),
        groups=groups if isinstance(groups, Unknown) else tuple(filled(each, values) for each in groups),
    )
