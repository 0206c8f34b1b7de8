"""Who may do what in a cluster: roles, bindings, service accounts, and the map of the cloud's identities."""

import json
from collections.abc import Iterator
from datetime import date

from auditwright.core.ids import ResourceId
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import (
    KubernetesBinding,
    KubernetesIdentityMap,
    KubernetesRole,
    KubernetesRule,
    KubernetesServiceAccount,
    KubernetesSubject,
)
from auditwright.integrations.kubernetes.kept import ROLE_ANNOTATION
from auditwright.integrations.kubernetes.questions import (
    AWS_AUTH,
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    ROLE_BINDINGS,
    ROLES,
    SERVICE_ACCOUNTS,
)
from auditwright.integrations.kubernetes.reading import Lists, Part
from auditwright.program.document import ProgramError, read_yaml


def normalize(lists: Lists) -> Iterator[Resource]:
    """Everything that says who may do what."""
    for question in (ROLES, CLUSTER_ROLES):
        for item in lists.items(question):
            yield _role(lists, item)
    for question in (ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS):
        for item in lists.items(question):
            yield _binding(lists, item)
    for item in lists.items(SERVICE_ACCOUNTS):
        yield _service_account(lists, item)
    yield from _identity_map(lists)


def _role_id(lists: Lists, namespace: str, name: str) -> ResourceId:
    where = f"role/{namespace}" if namespace else "clusterrole"
    return ResourceId(f"{lists.cluster}:{where}/{name}")


def _role(lists: Lists, item: Part) -> KubernetesRole:
    metadata = item.part("metadata")
    name, namespace = metadata.text("name"), metadata.text_or_empty("namespace")
    return KubernetesRole(
        id=_role_id(lists, namespace, name),
        name=name,
        scope=lists.scope,
        evidence=(item.digest,),
        cluster=lists.cluster,
        namespace=namespace,
        rules=_rules(item),
        aggregated=item.has("aggregationRule"),
        labels=metadata.pairs("labels"),
    )


def _rules(item: Part) -> tuple[KubernetesRule, ...] | Unknown:
    """The rules; Unknown where one of them has another form, which may allow anything."""
    try:
        return tuple(_rule(rule) for rule in item.parts("rules"))
    except MalformedEvidenceError as error:
        return Unknown(str(error))


def _rule(rule: Part) -> KubernetesRule:
    return KubernetesRule(
        verbs=rule.texts("verbs"),
        api_groups=rule.texts("apiGroups"),
        resources=rule.texts("resources"),
        resource_names=rule.texts("resourceNames"),
        urls=rule.texts("nonResourceURLs"),
    )


def _binding(lists: Lists, item: Part) -> KubernetesBinding:
    metadata, role = item.part("metadata"), item.part("roleRef")
    name, namespace = metadata.text("name"), metadata.text_or_empty("namespace")
    where = f"rolebinding/{namespace}" if namespace else "clusterrolebinding"
    of_cluster = role.text("kind") == "ClusterRole"
    return KubernetesBinding(
        id=ResourceId(f"{lists.cluster}:{where}/{name}"),
        name=name,
        scope=lists.scope,
        evidence=(item.digest,),
        cluster=lists.cluster,
        namespace=namespace,
        role=_role_id(lists, "" if of_cluster else namespace, role.text("name")),
        role_name=role.text("name"),
        subjects=_subjects(item),
    )


def _subjects(item: Part) -> tuple[KubernetesSubject, ...] | Unknown:
    """Who is bound; Unknown where one of them has another form, who may be anybody."""
    try:
        return tuple(
            KubernetesSubject(
                type=subject.text("kind"),
                namespace=subject.text_or_empty("namespace"),
                name=subject.text("name"),
            )
            for subject in item.parts("subjects")
        )
    except MalformedEvidenceError as error:
        return Unknown(str(error))


def _service_account(lists: Lists, item: Part) -> KubernetesServiceAccount:
    metadata = item.part("metadata")
    name, namespace = metadata.text("name"), metadata.text("namespace")
    return KubernetesServiceAccount(
        id=ResourceId(f"{lists.cluster}:serviceaccount/{namespace}/{name}"),
        name=f"{namespace}/{name}",
        scope=lists.scope,
        evidence=(item.digest,),
        cluster=lists.cluster,
        namespace=namespace,
        cloud_role=metadata.part("annotations").text_or_empty(ROLE_ANNOTATION) or None,
    )


def _identity_map(lists: Lists) -> Iterator[KubernetesIdentityMap]:
    if not lists.seen(AWS_AUTH):
        return
    found = tuple(lists.items(AWS_AUTH))
    data = found[0].part("data") if found else None
    yield KubernetesIdentityMap(
        id=ResourceId(f"{lists.cluster}:aws-auth"),
        name="aws-auth",
        scope=lists.scope,
        evidence=lists.digests(AWS_AUTH),
        cluster=lists.cluster,
        managed_as=lists.managed_as,
        exists=data is not None,
        map_roles=_as_json(data, "mapRoles"),
        map_users=_as_json(data, "mapUsers"),
        map_accounts=_as_json(data, "mapAccounts"),
    )


def _as_json(data: Part | None, name: str) -> str | Unknown | None:
    """A part of the map, which is YAML in a text, as JSON; Unknown where it cannot be read in one way."""
    if data is None or not data.has(name):
        return None
    try:
        value = read_yaml(data.text_or_empty(name).encode(), file=f"aws-auth {name}").value
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_written, allow_nan=False)
    except (ProgramError, ValueError, TypeError) as error:
        return Unknown(f"the map cannot be read: {error}")


def _written(value: object) -> str:
    if isinstance(value, date):
        # YAML reads an unquoted 2026-11-23 as a date; what else could be meant is not known.
        raise TypeError(f"{value} is a date and not a text")
    raise TypeError(f"{type(value).__name__} is no JSON")
