"""The commands of the AWS CLI and of kubectl that make a change of a repair.

1. A document is written whole, as it is to be after this change and those before it.
2. A name is quoted for the shell; one that the AWS CLI would take for a file to read is left to be supplied.
3. A command about a cluster says in which region; kubectl is first pointed at the very cluster.
4. A fact that is not known is a variable of the shell without which the command does not run.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from auditwright.access.aws_auth import ArnMapping, template_text
from auditwright.access.eks import AccessEntry, Cluster, Source
from auditwright.access.kubernetes import Binding, PolicyGrant, Subject, SubjectKind
from auditwright.access.kubernetes_roles import RBAC_GROUP
from auditwright.access.repair_changes import Change
from auditwright.access.repair_edits import (
    Detached,
    DeviceEnrolled,
    Document,
    EntriesUsed,
    EntryGone,
    EntryNarrowed,
    GroupLeft,
    Guarded,
    KeysGone,
    MappingGone,
    PasswordGone,
    Place,
    Revised,
    RootDeviceEnrolled,
    RootKeysGone,
    Unbound,
    Where,
    policy_at,
)
from auditwright.access.repair_script import (
    MAX_COLUMNS,
    Script,
    binding_named,
    cluster_named,
    comment,
    kind_of,
    last_name,
    never_empty,
    region_in,
    written,
)
from auditwright.access.world import World, account_of
from auditwright.core.outcome import Unknown

READ_AS_FILES = ("file://", "fileb://", "http://", "https://")
"""AWS CLI: a parameter that begins so is read from where it points to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needed:
    """A fact that is not known: a variable of the shell, which has to be set."""

    variable: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """One command; an option without a value has None."""

    words: tuple[str, ...]
    options: Mapping[str, "_Value"]

    @property
    def needs(self) -> tuple[str, ...]:
        """What has to be supplied before it runs."""
        found = (_checked(name, value) for name, value in self.options.items())
        return tuple(f"{each.variable}, {each.says}" for each in found if isinstance(each, _Needed))

    @property
    def text(self) -> str:
        """The command, for a shell."""
        options = [_option(name, _checked(name, value)) for name, value in self.options.items()]
        head = " ".join(self.words)
        line = " ".join((head, *options))
        if len(line) <= MAX_COLUMNS and "\n" not in line:
            return line
        return " \\\n  ".join((head, *options))


_Value: TypeAlias = str | _Needed | Mapping[str, object]


def _checked(name: str, value: _Value) -> _Value:
    # (2): what the CLI would read from a file is no name that AWS gives.
    if isinstance(value, str) and value.startswith(READ_AS_FILES):
        return _Needed(variable=name.replace("-", "_").upper(), says=f"which cannot be {value}")
    return value


def _option(name: str, value: _Value) -> str:
    match value:
        case str():
            # A value that begins with a dash would be an option.
            joined = "=" if value.startswith("-") else " "
            return f"--{name}{joined}{shlex.quote(value)}"
        case _Needed():
            return f'--{name} "${{{value.variable}:?}}"'
        case _:
            document = json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n  ")
            return f"--{name} {shlex.quote(document)}"


def _script(*commands: _Command) -> Script:
    needs = dict.fromkeys(each for command in commands for each in command.needs)
    return Script(lines=(" &&\n".join(each.text for each in commands),), needs=tuple(needs))


def _aws(service: str, operation: str, options: Mapping[str, _Value]) -> _Command:
    return _Command(words=("aws", service, operation), options=options)


def commands(world: World, change: Change) -> Script:  # noqa: C901, PLR0911, PLR0912  # one case an edit
    """The commands that make a change of a picture as it is before this change."""
    edit = change.edit
    match edit:
        case Revised(where=where):
            return _limited(where, _script(_revising(change.apply(world), where)))
        case Detached(holder=holder, policy=policy):
            kind = kind_of(world, holder)
            names = {f"{kind}-name": last_name(holder), "policy-arn": policy}
            return _script(_aws("iam", f"detach-{kind}-policy", names))
        case GroupLeft(user=user, group=group):
            names = {"user-name": last_name(user), "group-name": last_name(group)}
            return _script(_aws("iam", "remove-user-from-group", names))
        case KeysGone(user=user, only_inactive=only_inactive):
            return _deleting_keys({"user-name": last_name(user)}, only_inactive=only_inactive)
        case PasswordGone(user=user):
            return _script(_aws("iam", "delete-login-profile", {"user-name": last_name(user)}))
        case DeviceEnrolled(user=user):
            return _enrolling(world, user)
        case RootKeysGone(account=account):
            return _deleting_root_keys(world, account)
        case RootDeviceEnrolled(account=account):
            return _enrolling_root(account)
        case MappingGone(cluster=name, source=source):
            return _mapping(cluster_named(change.apply(world), name), source, edit.subject)
        case EntryGone(cluster=name, principal=principal):
            return _script(_deleting_entry(cluster_named(world, name), principal))
        case EntriesUsed(cluster=name, creator=creator):
            return _switching(cluster_named(world, name), creator)
        case EntryNarrowed():
            return _narrowing(world, change.apply(world), edit)
        case Unbound():
            return _unbinding(
                cluster_named(world, edit.cluster), binding_named(change.apply(world), edit), edit
            )
        case Guarded():
            return _guarding(edit)
        case _:
            assert_never(edit)


# --- policies


def _limited(where: Where, script: Script) -> Script:
    """AWS: a managed policy keeps five versions."""
    if where.place is not Place.MANAGED:
        return script
    room = comment(
        f"{last_name(where.arn)} keeps five versions: where it has them, `aws iam delete-policy-version` goes first."
    )
    return Script(lines=(room, *script.lines), needs=script.needs)


def _revising(after: World, where: Where) -> _Command:
    policy, document = policy_at(after, where), written(after, where)
    assert policy is not None, "what was revised stands"
    match where.place:
        case Place.INLINE:
            kind = kind_of(after, where.arn)
            names: Mapping[str, _Value] = {f"{kind}-name": last_name(where.arn), "policy-name": where.name}
            if document is None:
                return _aws("iam", f"delete-{kind}-policy", names)
            return _aws("iam", f"put-{kind}-policy", {**names, "policy-document": document})
        case Place.MANAGED:
            made: Mapping[str, _Value] = {"policy-arn": where.arn, "policy-document": never_empty(policy)}
            return _Command(
                words=("aws", "iam", "create-policy-version", "--set-as-default"),
                options=made,
            )
        case Place.TRUST:
            trust: Mapping[str, _Value] = {
                "role-name": last_name(where.arn),
                "policy-document": never_empty(policy),
            }
            return _aws("iam", "update-assume-role-policy", trust)
        case Place.RESOURCE:
            return _resource(where.arn, never_empty(policy))
        case _:
            assert_never(where.place)


def _resource(arn: str, document: Document) -> _Command:  # noqa: PLR0911  # one case a service
    service, name = arn.split(":", 3)[2], arn.rpartition(":")[2]
    where: Mapping[str, _Value] = {"region": _region(arn, arn)}
    match service:
        case "s3":
            return _aws("s3api", "put-bucket-policy", {"bucket": name, "policy": document})
        case "kms":
            key: Mapping[str, _Value] = {"key-id": arn, "policy-name": "default", "policy": document}
            return _aws("kms", "put-key-policy", {**key, **where})
        case "secretsmanager":
            secret: Mapping[str, _Value] = {"secret-id": arn, "resource-policy": document}
            return _aws("secretsmanager", "put-resource-policy", {**secret, **where})
        case "dynamodb":
            table: Mapping[str, _Value] = {"resource-arn": arn, "policy": document}
            return _aws("dynamodb", "put-resource-policy", {**table, **where})
        case "sns":
            topic: Mapping[str, _Value] = {
                "topic-arn": arn,
                "attribute-name": "Policy",
                "attribute-value": document,
            }
            return _aws("sns", "set-topic-attributes", {**topic, **where})
        case "sqs":
            says = f"what `aws sqs get-queue-url --queue-name {shlex.quote(name)}` answers"
            queue: Mapping[str, _Value] = {
                "queue-url": _Needed(variable="QUEUE_URL", says=says),
                "attributes": {"Policy": json.dumps(document, ensure_ascii=False)},
            }
            return _aws("sqs", "set-queue-attributes", {**queue, **where})
        case _:
            says = f"the command by which the policy of {arn} is put in force"
            return _Command(
                words=('"${PUT_POLICY:?}"',),
                options={"policy": document, "resource": _Needed(variable="PUT_POLICY", says=says)},
            )


# --- credentials


def _deleting_keys(whose: Mapping[str, _Value], *, only_inactive: bool) -> Script:
    """Every key is deleted by its id, of which a picture has none."""
    chosen = "AccessKeyMetadata[?Status=='Inactive']" if only_inactive else "AccessKeyMetadata[]"
    query: Mapping[str, _Value] = {"query": f"{chosen}.AccessKeyId", "output": "text"}
    listing, deleting = (
        _aws("iam", "list-access-keys", {**whose, **query}),
        _aws("iam", "delete-access-key", whose),
    )
    line = f"{listing.text} |\n  xargs -r -n 1 {deleting.text} --access-key-id"
    return Script(lines=(line,), needs=listing.needs)


def _deleting_root_keys(world: World, account: str) -> Script:
    root = f"arn:{world.partition}:iam::{account}:root"
    # Run as anybody else, it would delete the keys of that user.
    checked = f'[ "$(aws sts get-caller-identity --query Arn --output text)" = {shlex.quote(root)} ] &&\n'
    deleting = _deleting_keys({}, only_inactive=False)
    return Script(
        lines=tuple(f"{checked}{each}" for each in deleting.lines),
        needs=(f"a session of the root user of {account}: these commands do nothing for anybody else",),
    )


def _enrolling(world: World, user: str) -> Script:
    name = last_name(user)
    making = _aws("iam", "create-virtual-mfa-device", {"virtual-mfa-device-name": name, **_PICTURE})
    serial = f"arn:{world.partition}:iam::{account_of(user)}:mfa/{name}"
    codes = {
        f"authentication-code{number}": _Needed(
            variable=f"CODE{number}", says=f"the {which} code that the person's device shows"
        )
        for number, which in ((1, "first"), (2, "next"))
    }
    return _script(
        making, _aws("iam", "enable-mfa-device", {"user-name": name, "serial-number": serial, **codes})
    )


_PICTURE: Mapping[str, _Value] = {"outfile": "device.png", "bootstrap-method": "QRCodePNG"}
"""The picture that the person scans with the device."""


def _enrolling_root(account: str) -> Script:
    return Script(
        lines=(
            comment(
                f"In the console, as the root user of {account}: Security credentials, Assign MFA device."
            ),
            comment("No command does it for the root user. This one, run in the account, then answers 1:"),
            "aws iam get-account-summary --query SummaryMap.AccountMFAEnabled",
        ),
        needs=(f"the person who holds the root user of {account}",),
    )


# --- clusters


def _region(arn: str | None, of: str) -> _Value:
    # A command without it would be about a cluster of another region.
    return region_in(arn) or _Needed(variable="REGION", says=f"the region of {of}")


def _in_cluster(cluster: Cluster, operation: str, options: Mapping[str, _Value]) -> _Command:
    where: Mapping[str, _Value] = {"region": _region(cluster.arn, f"the cluster {cluster.name}")}
    return _aws("eks", operation, {**options, **where})


def _deleting_entry(cluster: Cluster, principal: _Value) -> _Command:
    return _in_cluster(
        cluster, "delete-access-entry", {"cluster-name": cluster.name, "principal-arn": principal}
    )


def _switching(cluster: Cluster, creator: str) -> Script:
    unknown = _Needed(
        variable="CREATOR",
        says=(
            f"the ARN of whoever created the cluster {cluster.name}: in CloudTrail's CreateCluster event, or, once the"
            " mode is switched, the entry of `aws eks list-access-entries` that nobody made"
        ),
    )
    name: Mapping[str, _Value] = {"name": cluster.name}
    mode: Mapping[str, _Value] = {"access-config": "authenticationMode=API_AND_CONFIG_MAP"}
    waiting = _in_cluster(cluster, "cluster-active", name)
    return _script(
        _in_cluster(cluster, "update-cluster-config", {**name, **mode}),
        _Command(words=("aws", "eks", "wait", "cluster-active"), options=waiting.options),
        _deleting_entry(cluster, creator or unknown),
    )


def _narrowing(before: World, after: World, edit: EntryNarrowed) -> Script:
    cluster = cluster_named(before, edit.cluster)
    entry: Mapping[str, _Value] = {"cluster-name": cluster.name, "principal-arn": edit.principal}
    associating = (
        _in_cluster(
            cluster,
            "associate-access-policy",
            {**entry, "policy-arn": edit.instead, "access-scope": scope_of(grant.namespaces)},
        )
        for grant in grants_of(after, edit)
    )
    # The lesser one comes first: in between, nothing is taken away that is to stay.
    taking = _in_cluster(cluster, "disassociate-access-policy", {**entry, "policy-arn": edit.policy})
    return _script(*associating, taking)


def grants_of(after: World, edit: EntryNarrowed) -> Iterator[PolicyGrant]:
    """What an access entry has instead of what was taken from it."""
    entries = cluster_named(after, edit.cluster).access_entries
    for each in () if isinstance(entries, Unknown) else entries:
        if isinstance(each, AccessEntry) and each.principal_arn == edit.principal:
            for grant in each.policies:
                if isinstance(grant, PolicyGrant) and grant.policy == edit.instead:
                    yield grant


def scope_of(namespaces: tuple[str, ...] | None) -> Mapping[str, object]:
    """Where an access policy holds, as Amazon EKS has it."""
    return {"type": "cluster"} if namespaces is None else {"type": "namespace", "namespaces": namespaces}


def _unbinding(cluster: Cluster, left: Binding | None, edit: Unbound) -> Script:
    pointing = _in_cluster(cluster, "update-kubeconfig", {"name": cluster.name})
    kind = "rolebinding" if edit.namespace else "clusterrolebinding"
    home = (f"--namespace={shlex.quote(edit.namespace)}",) if edit.namespace else ()
    # After `--` a name that begins with a dash is a name.
    named = ("--", kind, shlex.quote(edit.binding))
    if left is None:
        return _script(pointing, _Command(words=("kubectl", "delete", *home, *named), options={}))
    known = [each for each in left.subjects if isinstance(each, Subject)]
    if len(known) < len(left.subjects):
        script = _script(pointing, _Command(words=("kubectl", "edit", *home, *named), options={}))
        says = f"an editor: of the subjects, {edit.subject.name} goes; they could not all be read"
        return Script(lines=script.lines, needs=(*script.needs, says))
    patch = shlex.quote(json.dumps({"subjects": list(map(subject_document, known))}, ensure_ascii=False))
    words = ("kubectl", "patch", *home, "--type", "merge", "--patch", patch, *named)
    return _script(pointing, _Command(words=words, options={}))


def subject_document(subject: Subject) -> Mapping[str, str]:
    """A subject of a binding as Kubernetes writes it."""
    found = {"kind": subject.kind.value, "name": subject.name}
    if subject.kind is SubjectKind.SERVICE_ACCOUNT:
        return {**found, "namespace": subject.namespace} if subject.namespace else found
    return {**found, "apiGroup": RBAC_GROUP}


def _guarding(edit: Guarded) -> Script:
    """A service control policy is made in the organization, and put on the account."""
    document = {"Version": "2012-10-17", "Statement": [edit.document]}
    making = _Command(
        words=("aws", "organizations", "create-policy"),
        options={
            "type": "SERVICE_CONTROL_POLICY",
            "name": edit.name,
            "description": DESCRIPTION,
            "content": document,
            "query": "Policy.PolicySummary.Id",
            "output": "text",
        },
    )
    attaching = _aws("organizations", "attach-policy", {"target-id": edit.account})
    return Script(
        lines=(
            comment("From the management account; a target takes at most five such policies."),
            f'POLICY="$({making.text})" &&\n{attaching.text} --policy-id "$POLICY"',
        ),
        needs=making.needs,
    )


DESCRIPTION = "Asks users for a second factor, and leaves programs alone."


def _mapping(cluster: Cluster, source: Source, subject: str) -> Script:
    """The map of a cluster without an element: all other parts of it stay as they are."""
    part = source.removeprefix("aws-auth ")
    kept = mapped(cluster, source)
    pointing = _in_cluster(cluster, "update-kubeconfig", {"name": cluster.name})
    if kept is None:
        editing = _Command(
            words=("kubectl", "-n", "kube-system", "edit", "configmap", "aws-auth"), options={}
        )
        says = f"an editor: of {part}, the elements of {subject} go; it could not all be read, so that it is not written anew"
        script = _script(pointing, editing)
        return Script(lines=script.lines, needs=(*script.needs, says))
    return _script(
        pointing,
        _Command(
            words=("kubectl", "-n", "kube-system", "patch", "configmap", "aws-auth"),
            options={"type": "merge", "patch": {"data": {part: kept}}},
        ),
    )


def mapped(cluster: Cluster, source: Source) -> str | None:
    """One part of a cluster's `aws-auth` map as its text, which is YAML; None where it was not all read.

    A permission set, or an ARN with wildcards, may have been spelled in another way than it would be here.
    """
    found = cluster.aws_auth
    if isinstance(found, Unknown):
        return None
    elements: list[object] = []
    match source:
        case Source.MAP_ACCOUNTS:
            elements += found.map_accounts
        case Source.MAP_ROLES:
            elements += (_element("rolearn", each) for each in found.map_roles)
        case Source.MAP_USERS:
            elements += (_element("userarn", each) for each in found.map_users)
        case Source.ACCESS_ENTRY | Source.CREATOR:
            return None
        case _:
            assert_never(source)
    if any(isinstance(each, Unknown) for each in elements):
        return None
    text = json.dumps(elements, indent=2, ensure_ascii=False)
    # YAML knows what JSON writes, but for characters that it does not let stand.
    return text if all(each.isprintable() for each in text.splitlines()) else None


def _element(key: str, mapping: ArnMapping | Unknown) -> object:
    if isinstance(mapping, Unknown) or mapping.pattern:
        return Unknown("it could not be written as it was read")
    if isinstance(mapping.username, Unknown) or isinstance(mapping.groups, Unknown):
        return Unknown("it could not be read")
    username = template_text(mapping.username)
    groups = [template_text(each) for each in mapping.groups]
    return (
        {key: mapping.arn}
        | ({"username": username} if username else {})
        | ({"groups": groups} if groups else {})
    )
