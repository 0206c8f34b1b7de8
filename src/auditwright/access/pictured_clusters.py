"""What was collected of a cluster, in the form that the rules of clusters read."""

import json
from collections.abc import Mapping

from auditwright.access.kubernetes import Binding, RoleKind, RoleRef, Subject, SubjectKind
from auditwright.access.kubernetes import Role as ClusterRole
from auditwright.access.kubernetes_rules import Rule
from auditwright.core.outcome import Unknown
from auditwright.core.resources import (
    ClusterAccessEntry,
    KubernetesBinding,
    KubernetesRole,
    KubernetesRule,
    KubernetesSubject,
)


def access_entry(each: ClusterAccessEntry) -> Mapping[str, object]:
    """An access entry with the names that Amazon EKS gives its parts."""
    policies: object = each.policies
    if isinstance(each.policies, tuple):
        policies = [
            {
                "policyArn": policy.arn,
                "accessScope": {"type": "cluster"}
                if policy.namespaces is None
                else {"type": "namespace", "namespaces": policy.namespaces},
            }
            for policy in each.policies
        ]
    return {
        "principalArn": each.principal,
        "type": each.type,
        "username": each.username,
        "kubernetesGroups": each.groups,
        "accessPolicies": policies,
    }


def map_part(part: str | Unknown) -> object:
    """A part of the `aws-auth` map, decoded; Unknown where it cannot be."""
    if isinstance(part, Unknown):
        return part
    try:
        decoded: object = json.loads(part)
    except (ValueError, RecursionError):
        return Unknown("a part of the aws-auth map cannot be read")
    return decoded


def cluster_role(each: KubernetesRole) -> ClusterRole:
    """A role of the cluster or of a namespace."""
    rules: tuple[Rule | Unknown, ...] = (
        (each.rules,) if isinstance(each.rules, Unknown) else tuple(map(_rule, each.rules))
    )
    # The cluster itself has filled an aggregated role with the rules of the others.
    return ClusterRole(name=each.name, namespace=each.namespace, rules=rules, aggregates=each.aggregated)


def _rule(each: KubernetesRule) -> Rule:
    return Rule(
        verbs=frozenset(each.verbs),
        api_groups=frozenset(each.api_groups),
        resources=frozenset(each.resources),
        resource_names=frozenset(each.resource_names),
        urls=frozenset(each.urls),
    )


def binding(each: KubernetesBinding) -> Binding:
    """A binding."""
    subjects: tuple[Subject | Unknown, ...] = (
        (each.subjects,) if isinstance(each.subjects, Unknown) else tuple(map(_subject, each.subjects))
    )
    return Binding(name=each.name, namespace=each.namespace, role=_role_ref(each), subjects=subjects)


def _role_ref(each: KubernetesBinding) -> RoleRef | Unknown:
    if each.role == f"{each.cluster}:clusterrole/{each.role_name}":
        return RoleRef(kind=RoleKind.CLUSTER_ROLE, name=each.role_name)
    if each.role == f"{each.cluster}:role/{each.namespace}/{each.role_name}":
        return RoleRef(kind=RoleKind.ROLE, name=each.role_name)
    return Unknown(f"the role of the binding {each.name} cannot be read")


_SUBJECT_KINDS: Mapping[str, SubjectKind] = {kind.value: kind for kind in SubjectKind}


def _subject(each: KubernetesSubject) -> Subject | Unknown:
    kind = _SUBJECT_KINDS.get(each.type)
    if kind is None:
        return Unknown(f"a subject of the type {each.type} cannot be read")
    return Subject(kind=kind, name=each.name, namespace=each.namespace)
