"""Clusters for tests: simulated, collected from as the application does it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.integration import Captured, Target
from auditwright.core.resource import Resource
from auditwright.integrations.kubernetes import INTEGRATION
from tests.simulators.kubernetes_api import RBAC, ApiServer

EKS = "arn:aws:eks:eu-west-1:123456789012:cluster/prod"
SECRET = "correct horse battery staple"  # noqa: S105  # planted, to be looked for
MAP_ROLES = "- rolearn: arn:aws:iam::123456789012:role/ops\n  username: ops:{{SessionName}}\n  groups: [system:masters]\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run captured, and what was derived from it."""

    evidence: tuple[Evidence, ...]
    gaps: tuple[Gap, ...]
    resources: tuple[Resource, ...]

    def of(self, kind: str) -> dict[str, Resource]:
        return {one.id: one for one in self.resources if one.kind == kind}


def fill(api: ApiServer) -> None:
    """A small cluster as they come, with a workload of the organization's."""
    for name in ("kube-system", "web"):
        api.put("namespaces", name, metadata={"labels": {"kubernetes.io/metadata.name": name}})
        api.put(
            "serviceaccounts",
            "default",
            namespace=name,
            secrets=[{"name": f"default-token-{name}"}],
            metadata={
                "annotations": {"eks.amazonaws.com/role-arn": f"arn:aws:iam::123456789012:role/{name}"}
            },
        )
        api.put(
            "roles",
            "reader",
            namespace=name,
            rules=[{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
        )
        api.put(
            "rolebindings",
            "readers",
            namespace=name,
            roleRef={"apiGroup": RBAC.split("/")[0], "kind": "Role", "name": "reader"},
            subjects=[{"kind": "ServiceAccount", "namespace": name, "name": "default"}],
        )
    api.put("clusterroles", "cluster-admin", rules=[{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}])
    api.put(
        "clusterrolebindings",
        "cluster-admin",
        roleRef={"apiGroup": RBAC.split("/")[0], "kind": "ClusterRole", "name": "cluster-admin"},
        subjects=[{"kind": "Group", "apiGroup": RBAC.split("/")[0], "name": "system:masters"}],
    )
    api.put("configmaps", "aws-auth", namespace="kube-system", data={"mapRoles": MAP_ROLES})
    api.put("configmaps", "settings", namespace="kube-system", data={"password": SECRET})
    api.put("secrets", "database", namespace="web", data={"password": SECRET})
    api.put(
        "pods",
        "shop-1",
        namespace="web",
        metadata={
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"env": SECRET})},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "shop", "controller": True}],
        },
        spec={
            "serviceAccountName": "default",
            "nodeName": "n-1",
            "containers": [
                {
                    "name": "shop",
                    "image": "shop:1",
                    "env": [{"name": "PASSWORD", "value": SECRET}],
                    "command": ["shop", f"--password={SECRET}"],
                    "securityContext": {"privileged": True, "capabilities": {"add": ["NET_ADMIN"]}},
                }
            ],
            "volumes": [
                {"name": "logs", "hostPath": {"path": "/var/log"}},
                {"name": "s", "secret": {"secretName": "x"}},
            ],
        },
        status={"phase": "Running"},
    )
    api.put(
        "networkpolicies",
        "deny",
        namespace="web",
        spec={"podSelector": {}, "policyTypes": ["Ingress"]},
    )


def cluster(place: Path, api: ApiServer | None = None, **more: str) -> dict[str, object]:
    """Settings of one cluster that is asked through a kubeconfig, or read from a folder."""
    if api is not None:
        (place / "kubeconfig").write_text(api.kubeconfig())
        more = {"kubeconfig": "kubeconfig", **more}
    return {
        "clusters": [{"name": "prod", **more}],
        "attempts": 1,
        "timeout_s": 5,
        "program_folder": str(place),
    }


def run(config: Mapping[str, object]) -> Run:
    """Collect and normalize every stream."""
    streams = {stream.id: stream for stream in INTEGRATION.streams}
    captured: list[Captured] = []
    resources: list[Resource] = []
    for target in INTEGRATION.targets(config):
        assert isinstance(target, Target)
        seen = list(streams[target.stream].collect(target))
        evidence, gaps = split(seen)
        resources += streams[target.stream].normalize(evidence, gaps)
        captured += seen
    evidence, gaps = split(captured)
    return Run(evidence=tuple(evidence), gaps=tuple(gaps), resources=tuple(resources))


def split(captured: Sequence[Captured]) -> tuple[list[Evidence], list[Gap]]:
    return (
        [item for item in captured if isinstance(item, Evidence)],
        [item for item in captured if isinstance(item, Gap)],
    )
