"""The Terraform in which a change of a repair is written down, so that the next `apply` does not undo it.

1. What changes is a resource with all that is known of it; where it stands in a configuration already, its other
   arguments stay as they are there.
2. What goes is a `removed` block, whose address in the configuration is to be supplied.
3. What no resource of Terraform stands for, such as a person's own device, is said to be so.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from auditwright.access.eks import Cluster, Source
from auditwright.access.kubernetes import Binding
from auditwright.access.kubernetes_roles import RBAC_GROUP
from auditwright.access.repair_changes import Change
from auditwright.access.repair_commands import DESCRIPTION, grants_of, mapped, scope_of, subject_document
from auditwright.access.repair_edits import (
    Detached,
    DeviceEnrolled,
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
    Script,
    binding_named,
    cluster_named,
    comment,
    kind_of,
    last_name,
    never_empty,
    path_in,
    written,
)
from auditwright.access.world import World
from auditwright.core.outcome import Unknown

SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
"""Characters for which a quoted text of Terraform has an escape of two characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Json:
    """A value that is written as JSON by Terraform itself."""

    value: object


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    """An expression as it is."""

    text: str


_Argument: TypeAlias = str | _Json | _Raw | Mapping[str, object]


def terraform(world: World, change: Change) -> Script:  # noqa: C901, PLR0911, PLR0912  # one case an edit
    """The blocks that say a change of a picture as it is before this change."""
    edit = change.edit
    match edit:
        case Revised(where=where):
            return _revised(change.apply(world), where)
        case Detached(holder=holder, policy=policy):
            kind = kind_of(world, holder)
            what = f"the attachment of {policy} to {kind} {last_name(holder)}"
            return _removed(f"aws_iam_{kind}_policy_attachment", last_name(policy), what)
        case GroupLeft(user=user, group=group):
            what = f"the membership of {last_name(user)} in {last_name(group)}"
            script = _removed("aws_iam_user_group_membership", last_name(user), what)
            beside = comment(
                "Where the block names other groups too, take this one out of its groups instead."
            )
            return replace(script, lines=(beside, *script.lines))
        case KeysGone(user=user, only_inactive=only_inactive):
            what = f"{'each inactive' if only_inactive else 'each'} access key of {last_name(user)}"
            return _removed("aws_iam_access_key", last_name(user), what)
        case PasswordGone(user=user):
            what = f"the console password of {last_name(user)}"
            return _removed("aws_iam_user_login_profile", last_name(user), what)
        case DeviceEnrolled(user=user):
            return _nothing(f"a second factor is enrolled by the person who is {last_name(user)}")
        case RootKeysGone(account=account):
            return _nothing(f"the keys of the root user of {account} are deleted by whoever holds it")
        case RootDeviceEnrolled(account=account):
            return _nothing(f"a second factor is enrolled by whoever holds the root user of {account}")
        case MappingGone(cluster=name, source=source):
            return _map(cluster_named(change.apply(world), name), source, edit.subject)
        case EntryGone(cluster=name, principal=principal):
            return _entry_gone(name, principal)
        case EntriesUsed(cluster=name, creator=creator):
            return _entries_used(name, creator)
        case EntryNarrowed():
            return _narrowed(change.apply(world), edit)
        case Unbound():
            return _unbound(binding_named(change.apply(world), edit), edit)
        case Guarded():
            return _guarded(edit)
        case _:
            assert_never(edit)


# --- blocks


def block(kind: str, name: str, arguments: Mapping[str, _Argument]) -> str:
    """A resource, its arguments in the order given."""
    lines = (f"  {key} = {_expression(value)}" for key, value in arguments.items())
    return "\n".join((f'resource "{kind}" "{_label(name)}" {{', *lines, "}"))


def quoted(text: str) -> str:
    """A text of Terraform: nothing in it is an expression."""
    escaped = "".join(
        SHORT.get(each) or (each if each.isprintable() else f"\\U{ord(each):08x}") for each in text
    )
    return f'"{escaped.replace("${", "$${").replace("%{", "%%{")}"'


def _expression(argument: _Argument) -> str:
    match argument:
        case str():
            return quoted(argument)
        case _Json(value=value):
            return f"jsonencode({_literal(value, depth=1)})"
        case _Raw(text=text):
            return text
        case _:
            return _literal(argument, depth=1)


def _literal(value: object, *, depth: int) -> str:
    """A value of JSON as an expression of Terraform."""
    inside, outside = "  " * (depth + 1), "  " * depth
    match value:
        case Mapping():
            members = (
                f"{inside}{quoted(str(key))} = {_literal(each, depth=depth + 1)}"
                for key, each in value.items()
            )
            return "\n".join(("{", *members, f"{outside}}}")) if value else "{}"
        case str():
            return quoted(value)
        case bool():
            return "true" if value else "false"
        case Sequence():
            elements = (f"{inside}{_literal(each, depth=depth + 1)}," for each in value)
            return "\n".join(("[", *elements, f"{outside}]")) if value else "[]"
        case int() | float():
            return str(value)
        case None:
            return "null"
        case _:
            raise AssertionError(f"no value of JSON: {type(value)}")


def _label(name: str) -> str:
    """A name that Terraform takes, for a resource that is called otherwise in the cloud."""
    label = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return label if label[:1].isalpha() else f"the_{label}".rstrip("_")


def _removed(kind: str, name: str, what: str) -> Script:
    lines = (
        "removed {",
        f"  from = {kind}.{_label(name)}",
        "  lifecycle {",
        "    destroy = true",
        "  }",
        "}",
    )
    says = f"the address of {what} in the configuration, in place of {kind}.{_label(name)}; none where it has none"
    return Script(lines=lines, needs=(says,))


def _nothing(why: str) -> Script:
    return Script(lines=(comment(f"Terraform has no resource for it: {why}."),))


# --- policies


def _revised(after: World, where: Where) -> Script:
    policy, document = policy_at(after, where), written(after, where)
    assert policy is not None, "what was revised stands"
    name, whole = last_name(where.arn), never_empty(policy)
    match where.place:
        case Place.INLINE:
            kind = kind_of(after, where.arn)
            if document is None:
                return _removed(f"aws_iam_{kind}_policy", where.name, f"the policy {where.name} of {name}")
            inline: Mapping[str, _Argument] = {
                "name": where.name,
                kind: name,
                "policy": _Json(value=document),
            }
            return _blocks(block(f"aws_iam_{kind}_policy", f"{name} {where.name}", inline))
        case Place.MANAGED:
            managed: Mapping[str, _Argument] = {
                "name": name,
                "path": path_in(where.arn),
                "policy": _Json(value=whole),
            }
            return _blocks(block("aws_iam_policy", name, managed))
        case Place.TRUST:
            boundary = after.roles[where.arn].boundary
            trust: dict[str, _Argument] = {"name": name, "path": path_in(where.arn)}
            # Left out, it would be taken away.
            trust |= {"permissions_boundary": boundary.arn} if boundary else {}
            return _blocks(block("aws_iam_role", name, {**trust, "assume_role_policy": _Json(value=whole)}))
        case Place.RESOURCE:
            return _resource(where.arn, _Json(value=whole))
        case _:
            assert_never(where.place)


RESOURCES: Mapping[str, tuple[str, str, str]] = {
    "s3": ("aws_s3_bucket_policy", "bucket", "policy"),
    "kms": ("aws_kms_key_policy", "key_id", "policy"),
    "secretsmanager": ("aws_secretsmanager_secret_policy", "secret_arn", "policy"),
    "dynamodb": ("aws_dynamodb_resource_policy", "resource_arn", "policy"),
    "sns": ("aws_sns_topic_policy", "arn", "policy"),
}
"""By service: the resource that a policy is, its argument for what it belongs to, and the one for the document."""


def _resource(arn: str, document: _Json) -> Script:
    name = last_name(arn)
    match arn.split(":", 3)[2]:
        case "sqs":
            arguments: Mapping[str, _Argument] = {"queue_url": _Raw(text="var.queue_url"), "policy": document}
            made = block("aws_sqs_queue_policy", name, arguments)
            return Script(lines=(made,), needs=(f"var.queue_url, the URL of {arn}",))
        case service if service in RESOURCES:
            kind, of, policy = RESOURCES[service]
            return _blocks(block(kind, name, {of: name if service == "s3" else arn, policy: document}))
        case _:
            made = f"locals {{\n  policy_of_{_label(name)} = {_expression(document)}\n}}"
            return Script(lines=(made,), needs=(f"the resource by which the policy of {arn} is set",))


def _blocks(*blocks: str) -> Script:
    return Script(lines=blocks)


# --- clusters


def _map(cluster: Cluster, source: Source, subject: str) -> Script:
    part, kept = source.removeprefix("aws-auth "), mapped(cluster, source)
    parts: dict[str, object] = {}
    needs: tuple[str, ...] = (
        f"the other parts of aws-auth, beside {part}, where the configuration has them",
    )
    if kept is None:
        needs = (f"{part} without {subject}, in place of var.{_label(part)}: it could not all be read",)
    value = f"var.{_label(part)}" if kept is None else quoted(kept)
    parts["name"], parts["namespace"] = "aws-auth", "kube-system"
    lines = (
        f'resource "kubernetes_config_map_v1_data" "{_label(f"aws auth {cluster.name}")}" {{',
        "  metadata {",
        '    name = "aws-auth"',
        '    namespace = "kube-system"',
        "  }",
        "  data = {",
        f"    {part} = {value}",
        "  }",
        "  force = true",
        "}",
    )
    return Script(lines=lines, needs=needs)


def _entry_gone(cluster: str, principal: str) -> Script:
    what = f"the access entry of {principal} in {cluster}"
    return _removed("aws_eks_access_entry", last_name(principal), what)


def _entries_used(cluster: str, creator: str) -> Script:
    lines = (
        f'resource "aws_eks_cluster" "{_label(cluster)}" {{',
        f"  name = {quoted(cluster)}",
        "  access_config {",
        '    authentication_mode = "API_AND_CONFIG_MAP"',
        "  }",
        "}",
    )
    whole = Script(
        lines=lines, needs=(f"the other arguments of {cluster}, as they stand in the configuration",)
    )
    entry = _entry_gone(cluster, creator or "whoever created the cluster")
    return Script(lines=(*whole.lines, *entry.lines), needs=(*whole.needs, *entry.needs))


def _narrowed(after: World, edit: EntryNarrowed) -> Script:
    kind, holder = "aws_eks_access_policy_association", last_name(edit.principal)
    what = f"the association of {edit.policy} with {edit.principal} in {edit.cluster}"
    gone = _removed(kind, f"{holder} {last_name(edit.policy)}", what)
    lines = list(gone.lines)
    for grant in grants_of(after, edit):
        lines += [
            f'resource "{kind}" "{_label(f"{holder} {last_name(grant.policy)}")}" {{',
            f"  cluster_name = {quoted(edit.cluster)}",
            f"  principal_arn = {quoted(edit.principal)}",
            f"  policy_arn = {quoted(grant.policy)}",
            "  access_scope {",
            *(f"    {key} = {_literal(value, depth=2)}" for key, value in scope_of(grant.namespaces).items()),
            "  }",
            "}",
        ]
    return Script(lines=tuple(lines), needs=gone.needs)


def _unbound(left: Binding | None, edit: Unbound) -> Script:
    kind = f"kubernetes_{'role' if edit.namespace else 'cluster_role'}_binding_v1"
    where = f" in namespace {edit.namespace}" if edit.namespace else ""
    what = f"the binding {edit.binding}{where} of {edit.cluster}"
    if left is None:
        return _removed(kind, edit.binding, what)
    lines = [
        f'resource "{kind}" "{_label(edit.binding)}" {{',
        "  metadata {",
        f"    name = {quoted(left.name)}",
    ]
    lines += [f"    namespace = {quoted(left.namespace)}"] if left.namespace else []
    needs: list[str] = []
    if isinstance(left.role, Unknown):
        needs.append(f"role_ref: the role of {what}")
    else:
        lines += ["  }", "  role_ref {", f"    api_group = {quoted(RBAC_GROUP)}"]
        lines += [f"    kind = {quoted(left.role.kind)}", f"    name = {quoted(left.role.name)}"]
    for each in left.subjects:
        if isinstance(each, Unknown):
            needs.append(f"subject: one of {what} that could not be read")
        else:
            lines += ["  }", "  subject {"]
            written_out = subject_document(each)
            lines += [f"    {TERMS.get(key, key)} = {quoted(value)}" for key, value in written_out.items()]
    return Script(lines=(*lines, "  }", "}"), needs=tuple(needs))


TERMS = {"apiGroup": "api_group"}
"""What Terraform calls otherwise than Kubernetes."""


def _guarded(edit: Guarded) -> Script:
    document = {"Version": "2012-10-17", "Statement": [edit.document]}
    policy: Mapping[str, _Argument] = {
        "name": edit.name,
        "description": DESCRIPTION,
        "type": "SERVICE_CONTROL_POLICY",
        "content": _Json(value=document),
    }
    attached: Mapping[str, _Argument] = {
        "policy_id": _Raw(text=f"aws_organizations_policy.{_label(edit.name)}.id"),
        "target_id": edit.account,
    }
    return _blocks(
        block("aws_organizations_policy", edit.name, policy),
        block("aws_organizations_policy_attachment", f"{edit.name} {edit.account}", attached),
    )
