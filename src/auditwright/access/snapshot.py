"""Reads a world from one decoded JSON document: the answer of get-account-authorization-details, and what is beside it.

Documented in docs/snapshot-format.md. What a document leaves out is either left out of the question (`root`, `scps`,
`clusters`) or unknown (`workloads`, `credentials`), and said to be so in the verdict.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar, cast

from auditwright.access.assumptions import Assumption
from auditwright.access.eks import Cluster
from auditwright.access.eks_documents import parse_cluster
from auditwright.access.kubernetes import DEFAULT_RBAC, Rbac
from auditwright.access.kubernetes_objects import parse_rbac
from auditwright.access.policy import (
    Policy,
    parse_policy,
    parse_policy_text,
    repeats_a_key,
    unreadable_policy,
)
from auditwright.access.world import (
    INLINE,
    NO_CREDENTIALS,
    Account,
    Attachment,
    Attestation,
    Boundary,
    Credentials,
    Group,
    Levels,
    ManagedPolicy,
    Role,
    Root,
    User,
    Workload,
    World,
    account_of,
)
from auditwright.core.outcome import Unknown

GAAD = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")

NOT_SEEN = Unknown("the snapshot does not say")

TRUNCATED = Assumption(
    id="details-truncated",
    says="The authorization details are complete; the answer says that it was cut off.",
)


def _objects_only(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _unread(what: str) -> Assumption:
    return Assumption(
        id="snapshot-unread", says=f"Nothing in {what} of the snapshot opens a path; it cannot be read."
    )


def _read(fields: Mapping[str, object], name: str, unread: list[str]) -> Iterator[Mapping[str, object]]:
    """The objects of a list that has to be there; what cannot be read is noted, because it may open a path."""
    value = fields.get(name)
    if not isinstance(value, list):
        unread.append(name)
    for each in _list(value):
        if isinstance(each, dict):
            yield _mapping(each)
        else:
            unread.append(name)


class SnapshotError(ValueError):
    """A document is no snapshot; the message says what was expected."""


def read_snapshot(document: object, *, at: datetime) -> World:
    """The world of a snapshot; raises SnapshotError where the document is none."""
    _refuse_repeated(document)
    fields = _mapping(document)
    gaad = _mapping(fields.get("gaad", fields))
    if not any(name in gaad for name in GAAD):
        raise SnapshotError(
            f"expected an object with `gaad`, the answer of `aws iam get-account-authorization-details` "
            f"({', '.join(GAAD)}), found {_kind(document)}"
        )
    unread: list[str] = []
    details = {name: list(_read(gaad, name, unread)) for name in GAAD}
    policies = dict(_managed(details["Policies"]))
    reader = _Principals(policies)
    groups = _by_arn(map(reader.group, details["GroupDetailList"]))
    credentials = _credentials(fields.get("credentials"), details["UserDetailList"], unread)
    users = _by_arn(reader.user(each, groups, credentials) for each in details["UserDetailList"])
    roles = _by_arn(map(reader.role, details["RoleDetailList"]))
    documents = [fields["cluster"]] if "cluster" in fields else []
    documents += _read(fields, "clusters", unread) if fields.get("clusters") is not None else ()
    if not isinstance(fields.get("resourcePolicies", {}), dict | None):
        unread.append("resourcePolicies")
    ids = _accounts((*users, *groups, *roles, *policies), documents)
    clusters = tuple(_cluster(each, ids) for each in documents)
    truncated = gaad.get("IsTruncated", False) is not False
    # The details are of one account; one that only a cluster names was not listed at all.
    listed = () if truncated or unread else _accounts((*users, *groups, *roles, *policies), ())
    rbac = fields.get("rbac")
    return World(
        partition=next(iter((*users, *roles)), "arn:aws").split(":")[1],
        accounts={each: _account(each, fields) for each in ids},
        users=users,
        groups=groups,
        roles=roles,
        policies=policies,
        clusters=clusters,
        rbac={cluster.name: _rbac(rbac, cluster.name) for cluster in clusters},
        documents=dict(_documents(fields.get("resourcePolicies"))),
        workloads=_workloads(fields.get("workloads")),
        unlisted_accounts=frozenset(ids).difference(listed),
        attestations=tuple(_attestations(fields.get("attestations"))),
        unseen=(
            *((TRUNCATED,) if truncated else ()),
            *(_unread(what) for what in dict.fromkeys(unread)),
        ),
        at=at,
    )


def named_target(document: object) -> str | None:
    """The target that a snapshot asks about, where it names one; raises SnapshotError where it is no text."""
    target = _mapping(document).get("target")
    if target is not None and not isinstance(target, str):
        raise SnapshotError(f"expected a text in `target`, found {_kind(target)}")
    return target


# --- principals


class _Principals:
    """Reads users, groups and roles, whose policies refer to managed ones."""

    def __init__(self, policies: Mapping[str, ManagedPolicy]) -> None:
        self._policies = policies

    def user(
        self,
        detail: Mapping[str, object],
        groups: Mapping[str, Group],
        credentials: Mapping[str, Credentials] | Unknown,
    ) -> User:
        arn = _arn(detail)
        name = arn.rpartition("/")[2]
        by_name = {
            group.name: group.arn for group in groups.values() if account_of(group.arn) == account_of(arn)
        }
        if isinstance(credentials, Unknown):
            held = _unknown(credentials)
        else:
            held = credentials.get(arn) or credentials.get(name) or credentials[UNLISTED]
        return User(
            arn=arn,
            name=name,
            unique_id=_text(detail.get("UserId")) or NOT_SEEN,
            tags=_tags(detail.get("Tags")),
            groups=tuple(by_name[each] for each in _texts(detail.get("GroupList")) if each in by_name),
            attachments=(
                *self._attachments(arn, detail, "UserPolicyList"),
                *_of_unread_groups(arn, detail.get("GroupList", []), by_name),
            ),
            boundary=self._boundary(detail),
            credentials=held,
        )

    def group(self, detail: Mapping[str, object]) -> Group:
        arn = _arn(detail)
        return Group(
            arn=arn,
            name=_text(detail.get("GroupName")) or arn.rpartition("/")[2],
            attachments=self._attachments(arn, detail, "GroupPolicyList"),
        )

    def role(self, detail: Mapping[str, object]) -> Role:
        arn, name = _arn(detail), _text(detail.get("RoleName"))
        return Role(
            arn=arn,
            name=name,
            unique_id=_text(detail.get("RoleId")) or NOT_SEEN,
            tags=_tags(detail.get("Tags")),
            trust=_policy(detail.get("AssumeRolePolicyDocument"), f"trust of {name}"),
            attachments=self._attachments(arn, detail, "RolePolicyList"),
            boundary=self._boundary(detail),
            instance_profile=bool(detail.get("InstanceProfileList")),
            service_linked=":role/aws-service-role/" in arn,
        )

    def _attachments(self, holder: str, detail: Mapping[str, object], inline: str) -> tuple[Attachment, ...]:
        found: list[Attachment] = []
        # AWS leaves a list out where it is empty; one that stands there and cannot be read may hold anything.
        unread: list[str] = []
        named = [name for name in ("AttachedManagedPolicies", inline) if name in detail]
        rows = {name: list(_read(detail, name, unread)) for name in named}
        for what in unread:
            policy = unreadable_policy(f"{what} of {holder} cannot be read", name=what)
            found.append(Attachment(holder=holder, reference=f"{INLINE}{what}", policy=policy))
        for each in rows.get("AttachedManagedPolicies", ()):
            arn = _text(each.get("PolicyArn"))
            found.append(Attachment(holder=holder, reference=arn, policy=self._managed(arn)))
        for each in rows.get(inline, ()):
            name = _text(each.get("PolicyName"))
            policy = _policy(each.get("PolicyDocument"), f"{name} of {holder.rpartition(':')[2]}")
            found.append(Attachment(holder=holder, reference=f"{INLINE}{name}", policy=policy))
        return tuple(found)

    def _managed(self, arn: str) -> Policy:
        managed = self._policies.get(arn)
        if managed is None:
            return unreadable_policy(f"the document of {arn} was not seen", name=arn)
        return managed.versions[managed.default]

    def _boundary(self, detail: Mapping[str, object]) -> Boundary | None:
        value = detail.get("PermissionsBoundary")
        if value is None or value == {}:
            return None
        arn = _text(_mapping(value).get("PermissionsBoundaryArn"))
        managed = self._policies.get(arn)
        unseen = Unknown(f"the document of the boundary {arn} was not seen")
        return Boundary(arn=arn, policy=managed.versions[managed.default] if managed else unseen)


def _of_unread_groups(holder: str, names: object, known: Mapping[str, str]) -> Iterator[Attachment]:
    """In place of the policies of groups that the details lack, or whose names cannot be read."""
    if not isinstance(names, list) or not all(isinstance(each, str) and each in known for each in names):
        what = "GroupList"
        policy = unreadable_policy(f"{what} of {holder} names what was not seen", name=what)
        yield Attachment(holder=holder, reference=f"{INLINE}{what}", policy=policy)


def _managed(details: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, ManagedPolicy]]:
    for detail in details:
        arn, name = _arn(detail), _text(detail.get("PolicyName"))
        versions: dict[str, Policy] = {}
        default = _text(detail.get("DefaultVersionId"))
        for each in _details(detail, "PolicyVersionList"):
            version = _text(each.get("VersionId"))
            versions[version] = _policy(each.get("Document"), name)
            if each.get("IsDefaultVersion") is True:
                default = version
        if default not in versions:
            versions[default] = unreadable_policy(f"the version in force of {arn} was not seen", name=name)
        yield arn, ManagedPolicy(arn=arn, default=default, versions=versions)


def _policy(value: object, name: str) -> Policy:
    return parse_policy_text(value, name=name) if isinstance(value, str) else parse_policy(value, name=name)


# --- credentials


UNLISTED = ""
"""Stands for the users that the credentials do not name."""


def _credentials(
    value: object, users: Iterable[Mapping[str, object]], unread: list[str]
) -> Mapping[str, Credentials] | Unknown:
    """Credentials by the name or ARN of the user; what those have who are not listed stands under UNLISTED."""
    if not isinstance(value, list):
        return Unknown("the credentials of users were not seen")
    arns = [_text(user.get("Arn")) for user in users]
    known = {*arns, *(arn.rpartition("/")[2] for arn in arns)}
    found = {UNLISTED: NO_CREDENTIALS}
    for row in _read({"credentials": value}, "credentials", unread):
        user = _text(row.get("user"))
        if user and user in found:
            raise SnapshotError(f"the credentials of {user!r} stand there twice")
        if user in known:
            found[user] = _credentials_of(row)
        else:
            # A name that is spelled otherwise would leave a user with no credentials at all.
            found[UNLISTED] = _unknown(Unknown(f"the credentials name {user!r}, who is none of the users"))
    return found


def _credentials_of(row: Mapping[str, object]) -> Credentials:
    states = [_text(_mapping(key).get("status")).lower() for key in _list(row.get("access_keys"))]
    seen = _objects_only(row.get("access_keys")) and set(states) <= _KEY_STATES
    return Credentials(
        active_keys=states.count("active") if seen else NOT_SEEN,
        inactive_keys=states.count("inactive") if seen else NOT_SEEN,
        password=_flag(row.get("password_enabled")),
        devices=_count(row.get("mfa_devices")),
    )


def _unknown(why: Unknown) -> Credentials:
    return Credentials(active_keys=why, inactive_keys=why, password=why, devices=why)


_KEY_STATES = {"active", "inactive"}
"""AWS: whatever else is said of a key is not understood."""


def _root(value: object) -> Root | None:
    if value is None:
        return None
    row = _mapping(value)
    keys = row.get("access_keys", row.get("active_access_keys", row.get("access_keys_present")))
    if isinstance(keys, list):
        keys = sum(1 for key in keys if _text(_mapping(key).get("status")).lower() != "inactive")
    devices = row.get("mfa_devices", row.get("mfa_enabled", row.get("mfa_active", row.get("mfa"))))
    return Root(keys=_count(keys), devices=_count(devices), password=_flag(row.get("password_enabled", True)))


def _flag(value: object) -> bool | Unknown:
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    return value if isinstance(value, bool) else NOT_SEEN


def _count(value: object) -> int | Unknown:
    if isinstance(value, list):
        return len(value)
    flag = _flag(value)
    if isinstance(flag, bool):
        return int(flag)
    return value if isinstance(value, int) and value >= 0 else NOT_SEEN


# --- what is beside


def _accounts(arns: Iterable[str], clusters: Iterable[object]) -> tuple[str, ...]:
    found = dict.fromkeys(account_of(arn) for arn in arns)
    found |= dict.fromkeys(account_of(_text(_mapping(each).get("arn"))) for each in clusters)
    return tuple(each for each in found if each.isdigit())


def _account(id_: str, fields: Mapping[str, object]) -> Account:
    return Account(
        id=id_,
        root=_root(fields.get("root")),
        service_policies=_levels(fields.get("scps"), "service control policy"),
        resource_policies=_levels(fields.get("rcps"), "resource control policy"),
        organization=Unknown("a snapshot does not say whether its accounts belong to an organization"),
    )


def _levels(value: object, what: str) -> Levels | Unknown:
    """Policies of one level, or lists of them level by level; none where none are given."""
    each = _list(value)
    if value is not None and not isinstance(value, list):
        return Unknown(f"the {what} documents cannot be read")
    nested = [level for level in each if isinstance(level, list)]
    levels = nested if nested and len(nested) == len(each) else [each] if each else []
    return tuple(
        tuple(_policy(_document(one), f"{what} {number}") for number, one in enumerate(level, start=1))
        for level in levels
    )


def _document(value: object) -> object:
    """A policy's document, by itself or in an object that names it."""
    fields = _mapping(value)
    return next(
        (fields[name] for name in ("Content", "Document", "document", "content") if name in fields), value
    )


def _cluster(document: object, accounts: tuple[str, ...]) -> Cluster:
    arn = _text(_mapping(document).get("arn"))
    if arn:
        return parse_cluster(document, account=account_of(arn))
    several = Unknown("the snapshot has several accounts and does not say whose the cluster is")
    return parse_cluster(document, account=accounts[0] if len(accounts) == 1 else several)


def _rbac(value: object, cluster: str) -> Rbac:
    """The roles and bindings of a cluster: of the whole document, or by the cluster's name."""
    fields = _mapping(value)
    if value is None:
        return DEFAULT_RBAC
    return parse_rbac(fields.get(cluster, value))


def _documents(value: object) -> Iterator[tuple[str, Policy | Unknown]]:
    for arn, document in _mapping(value).items():
        yield arn, _policy(document, f"policy of {arn}") if document is not None else NOT_SEEN


def _workloads(value: object) -> tuple[Workload, ...] | Unknown:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return Unknown("what is in service was not seen")
    rows = [_mapping(each) for each in _list(value)]
    if not all(_text(row.get(name)) for row in rows for name in ("service", "role")):
        return Unknown("what is in service cannot be read")
    return tuple(
        Workload(arn=_text(row.get("arn")), service=_text(row.get("service")), role=_text(row.get("role")))
        for row in rows
    )


def _attestations(value: object) -> Iterator[Attestation]:
    for each in _list(value):
        row = _mapping(each)
        subject = _text(row.get("provider")) or _text(row.get("account")) or _text(row.get("subject"))
        yield Attestation(subject=subject, mfa_required=row.get("mfaRequired") is True)


# --- parts of a document


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        return {}
    return {key: each for key, each in cast("Mapping[object, object]", value).items() if isinstance(key, str)}


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


H = TypeVar("H", User, Group, Role)


def _by_arn(found: Iterable[H]) -> dict[str, H]:
    by_arn: dict[str, H] = {}
    for each in found:
        if each.arn in by_arn:
            raise SnapshotError(f"{each.arn} stands there twice")
        by_arn[each.arn] = each
    return by_arn


_OF_POLICIES = frozenset({"Statement", "Version"})


def _refuse_repeated(document: object) -> None:
    """Refuse a name that stands twice in one object: which of the two counts is not known.

    A policy's own document is left to its reader, which takes it as unread.
    """
    todo = [document]
    while todo:
        value = todo.pop()
        if isinstance(value, list):
            todo += value
        elif isinstance(value, dict) and not _OF_POLICIES & value.keys():
            if repeats_a_key(value):
                raise SnapshotError(
                    f"a name stands twice in one object, {_kind(cast('dict[object, object]', value))}"
                )
            todo += value.values()


def _details(value: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    return [_mapping(each) for each in _list(value.get(name)) if isinstance(each, dict)]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [each for each in _list(value) if isinstance(each, str)]


def _arn(detail: Mapping[str, object]) -> str:
    arn = _text(detail.get("Arn"))
    if not arn.startswith("arn:") or not account_of(arn):
        name = next(
            (
                _text(detail[key])
                for key in ("UserName", "RoleName", "GroupName", "PolicyName")
                if key in detail
            ),
            "?",
        )
        raise SnapshotError(f"expected an Arn for {name}, found {detail.get('Arn')!r}")
    return arn


def _tags(value: object) -> Mapping[str, str] | Unknown:
    if value is None:
        return {}
    if not _objects_only(value):
        return NOT_SEEN
    rows = [_mapping(each) for each in _list(value)]
    return {_text(row.get("Key")): _text(row.get("Value")) for row in rows}


def _kind(value: object) -> str:
    return (
        f"an object with {', '.join(sorted(map(str, value))[:5]) or 'nothing in it'}"
        if isinstance(value, dict)
        else type(value).__name__
    )
