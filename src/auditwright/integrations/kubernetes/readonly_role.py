"""The least-privilege roles of the Kubernetes integration, made from what its streams ask."""

from collections.abc import Sequence
from typing import Final

from auditwright.integrations.kubernetes.questions import SYSTEM_NAMESPACE, Question

GROUP: Final = "auditwright"
"""The group that the roles are given to: an access entry or the cluster's own certificates put a reader into it."""


def manifests(questions: Sequence[Question]) -> str:
    """YAML to apply: a cluster role with each list that is asked and nothing else, and who receives it.

    Secrets are not among them. Lists of one named item are a role of its namespace.
    """
    everywhere = [question for question in questions if not question.arguments]
    groups = dict.fromkeys(question.group for question in everywhere)
    rules = "\n".join(
        f'  - apiGroups: ["{group}"]\n'
        f"    resources: [{', '.join(sorted(each.resource for each in everywhere if each.group == group))}]\n"
        "    verbs: [list]"
        for group in groups
    )
    parts = [
        f"""\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: auditwright-read-only
rules:
{rules}""",
        _binding("ClusterRole", "auditwright-read-only", ""),
    ]
    for question in questions:
        if question.arguments:
            name = f"auditwright-{question.name}"
            parts += [
                f"""\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {name}
  namespace: {SYSTEM_NAMESPACE}
rules:
  - apiGroups: ["{question.group}"]
    resources: [{question.resource}]
    resourceNames: [{question.name}]
    verbs: [list]""",
                _binding("Role", name, SYSTEM_NAMESPACE),
            ]
    return "\n---\n".join(parts)


def _binding(kind: str, name: str, namespace: str) -> str:
    place = f"\n  namespace: {namespace}" if namespace else ""
    return f"""\
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}Binding
metadata:
  name: {name}{place}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {kind}
  name: {name}
subjects:
  - apiGroup: rbac.authorization.k8s.io
    kind: Group
    name: {GROUP}"""
