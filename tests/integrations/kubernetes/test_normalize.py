"""What is derived from kept lists."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from auditwright.core.evidence import Evidence, Gap, Query, Scope, digest_of
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import (
    KubernetesBinding,
    KubernetesCluster,
    KubernetesIdentityMap,
    KubernetesNamespace,
    KubernetesPod,
    KubernetesRole,
    KubernetesSubject,
)
from auditwright.integrations.kubernetes import access, workloads
from auditwright.integrations.kubernetes.questions import (
    AWS_AUTH,
    CLUSTER_ROLES,
    NAMESPACES,
    NETWORK_POLICIES,
    PODS,
    ROLE_BINDINGS,
    Question,
)
from auditwright.integrations.kubernetes.reading import MANAGED_AS, Lists
from auditwright.integrations.kubernetes.settings import ACCESS_STREAM, KUBERNETES
from tests.integrations.kubernetes.clusters import EKS

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
R = TypeVar("R", bound=Resource)


def answer(question: Question, *items: Mapping[str, object], managed_as: str = "") -> Evidence:
    kept = [question.keep(item) for item in items]
    body = json.dumps({"kind": f"{question.kind}List", "items": kept}).encode()
    return Evidence(
        stream=ACCESS_STREAM,
        scope=Scope(source=KUBERNETES, account="prod"),
        query=Query(
            operation=question.operation, parameters=((MANAGED_AS, managed_as),) if managed_as else ()
        ),
        principal="",
        collected_at=NOW,
        effective_at=NOW,
        collector="auditwright/test",
        body=body,
        digest=digest_of(body),
    )


def only(kind: type[R], *found: Evidence, gaps: tuple[Gap, ...] = ()) -> R:
    lists = Lists(found, gaps)
    of = (
        access.normalize
        if found[0].query.operation.partition("list-")[2] not in WORK
        else workloads.normalize
    )
    (one,) = (item for item in of(lists) if isinstance(item, kind))
    return one


WORK = {question.name for question in (NAMESPACES, PODS, NETWORK_POLICIES)}


def pod(name: str = "p", *, namespace: str = "web", **spec: object) -> dict[str, object]:
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "c", "image": "i"}], **spec},
        "status": {"phase": "Running"},
    }


# --- Access --------------------------------------------------------------------------------------------------


def test_a_binding_names_its_role_wherever_that_lies() -> None:
    def bound(kind: str) -> KubernetesBinding:
        item = {
            "metadata": {"name": "b", "namespace": "web"},
            "roleRef": {"kind": kind, "name": "edit"},
            "subjects": [{"kind": "User", "name": "ada"}],
        }
        return only(KubernetesBinding, answer(ROLE_BINDINGS, item))

    assert bound("ClusterRole").role == "kubernetes:prod:clusterrole/edit"
    assert bound("Role").role == "kubernetes:prod:role/web/edit"
    assert bound("Role").subjects == (KubernetesSubject(type="User", namespace="", name="ada"),)


def test_a_role_without_rules_allows_nothing_and_one_that_is_filled_says_so() -> None:
    plain = only(KubernetesRole, answer(CLUSTER_ROLES, {"metadata": {"name": "r"}, "rules": None}))
    assert (plain.rules, plain.aggregated) == ((), False)
    filled = {"metadata": {"name": "r"}, "aggregationRule": {"clusterRoleSelectors": []}}
    assert only(KubernetesRole, answer(CLUSTER_ROLES, filled)).aggregated


@pytest.mark.parametrize("rules", [[{"verbs": "get"}], [{"verbs": [1]}], ["get"], {"verbs": []}])
def test_rules_of_the_wrong_form_are_unknown_and_not_none(rules: object) -> None:
    found = only(KubernetesRole, answer(CLUSTER_ROLES, {"metadata": {"name": "r"}, "rules": rules}))
    assert isinstance(found.rules, Unknown)
    assert "rules" in found.rules.why


@pytest.mark.parametrize("subjects", [[{"kind": "User"}], [{"name": "ada"}], "ada", [None]])
def test_subjects_of_the_wrong_form_are_unknown_and_not_nobody(subjects: object) -> None:
    item = {
        "metadata": {"name": "b", "namespace": "web"},
        "roleRef": {"kind": "ClusterRole", "name": "edit"},
        "subjects": subjects,
    }
    assert isinstance(only(KubernetesBinding, answer(ROLE_BINDINGS, item)).subjects, Unknown)


def test_a_binding_without_its_role_is_refused() -> None:
    with pytest.raises(MalformedEvidenceError, match="roleRef"):
        only(KubernetesBinding, answer(ROLE_BINDINGS, {"metadata": {"name": "b", "namespace": "web"}}))


def identity_map(**data: object) -> KubernetesIdentityMap:
    item = {"metadata": {"name": "aws-auth", "namespace": "kube-system"}, "data": data}
    return only(KubernetesIdentityMap, answer(AWS_AUTH, item, managed_as=EKS))


def test_the_map_of_identities_is_kept_whole_as_json() -> None:
    roles = (
        "- rolearn: arn:aws:iam::123456789012:role/Ops\n  username: ops:{{SessionName}}\n  groups:\n  - dev\n"
    )
    found = identity_map(mapRoles=roles, mapAccounts="- '012345678901'\n")
    assert isinstance(found.map_roles, str)
    assert json.loads(found.map_roles) == [
        {
            "rolearn": "arn:aws:iam::123456789012:role/Ops",
            "username": "ops:{{SessionName}}",
            "groups": ["dev"],
        }
    ]
    assert (found.map_accounts, found.map_users) == ('["012345678901"]', None)
    assert (found.exists, found.managed_as) == (True, EKS)


@pytest.mark.parametrize("text", ["- a: [", "- a: 1\n  a: 2\n", "- 2026-11-23\n", "- .nan\n"])
def test_a_map_that_has_no_one_meaning_is_unknown(text: str) -> None:
    assert isinstance(identity_map(mapUsers=text).map_users, Unknown)


# --- Workloads -----------------------------------------------------------------------------------------------


def test_a_pod_says_what_it_may_do_to_its_node() -> None:
    found = only(
        KubernetesPod,
        answer(
            PODS,
            pod(
                hostNetwork=True,
                hostPID=True,
                initContainers=[{"name": "i", "securityContext": {"privileged": True}}],
            ),
        ),
    )
    assert (found.shares_network, found.shares_processes) == (True, True)
    assert isinstance(found.containers, tuple)
    assert [(one.name, one.privileged) for one in found.containers] == [("i", True), ("c", False)]


def test_a_pod_that_has_ended_can_do_nothing() -> None:
    ended = {**pod(), "status": {"phase": "Succeeded"}}
    assert [type(one) for one in workloads.normalize(Lists([answer(PODS, ended)], []))] == [KubernetesCluster]


def test_a_pod_without_containers_is_unknown() -> None:
    assert isinstance(only(KubernetesPod, answer(PODS, pod(containers=[]))).containers, Unknown)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"podSelector": {}}, (True, True, False, False)),
        ({"podSelector": {}, "policyTypes": ["Egress"]}, (True, False, True, False)),
        ({"podSelector": {}, "egress": [{}]}, (True, True, True, False)),
        ({"podSelector": {"matchLabels": {"app": "x"}}, "ingress": [{}]}, (False, True, False, True)),
        ({"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}, (True, True, False, False)),
    ],
)
def test_a_network_policy_says_whom_it_selects_and_which_way(
    spec: Mapping[str, object], expected: tuple[bool, ...]
) -> None:
    policy = {"metadata": {"name": "n", "namespace": "web"}, "spec": spec}
    found = only(
        KubernetesNamespace,
        answer(NAMESPACES, {"metadata": {"name": "web"}}),
        answer(PODS, pod()),
        answer(NETWORK_POLICIES, policy),
    )
    assert found.pods == 1
    assert isinstance(found.network_rules, tuple)
    (rule,) = found.network_rules
    assert (rule.every_pod, rule.inbound, rule.outbound, rule.open_inbound) == expected


def api_server(*flags: str, owner: str = "Node", name: str = "kube-apiserver-a") -> dict[str, object]:
    return {
        "metadata": {
            "name": name,
            "namespace": "kube-system",
            "labels": {"component": "kube-apiserver"},
            "ownerReferences": [{"kind": owner, "name": "a", "controller": True}],
        },
        "spec": {"containers": [{"name": "kube-apiserver", "command": ["kube-apiserver", *flags]}]},
        "status": {"phase": "Running"},
    }


GOOD = (
    "--authorization-mode=Node,RBAC",
    "--anonymous-auth=false",
    "--audit-log-path=/var/log/audit",
    "--audit-policy-file=/etc/policy",
)


def facts(*pods: Mapping[str, object], managed_as: str = "") -> tuple[bool | None, ...]:
    """Role-based, anonymous, audited, secrets encrypted; None for what is unknown."""
    found = only(KubernetesCluster, answer(PODS, *pods, managed_as=managed_as))
    held = (found.rbac, found.anonymous, found.audited, found.secrets_encrypted)
    return tuple(None if isinstance(fact, Unknown) else fact for fact in held)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (GOOD, (True, False, True, False)),
        ((*GOOD, "--encryption-provider-config=/etc/enc"), (True, False, True, None)),
        ((), (False, True, False, False)),
        (("--authorization-mode=RBAC,AlwaysAllow",), (False, True, False, False)),
        (("--authorization-mode", "RBAC"), (None, True, False, False)),
        (("--authorization-config=/etc/a", "--authentication-config=/etc/b"), (None, None, False, False)),
        (("--audit-log-path=/var/log/audit",), (False, True, False, False)),
    ],
)
def test_the_flags_of_an_api_server_decide(flags: tuple[str, ...], expected: tuple[bool | None, ...]) -> None:
    assert facts(api_server(*flags)) == expected


def test_of_several_api_servers_the_weakest_counts() -> None:
    assert facts(api_server(*GOOD), api_server(name="b")) == (False, True, False, False)


def test_a_pod_that_only_looks_like_an_api_server_says_nothing() -> None:
    assert facts(api_server(*GOOD, owner="ReplicaSet")) == (None,) * 4
    assert facts(pod()) == (None,) * 4


def test_where_the_cloud_runs_the_control_plane_no_flag_is_believed() -> None:
    assert facts(api_server(*GOOD), managed_as=EKS) == (None,) * 4


def test_the_arguments_of_a_pod_are_not_kept_beside_the_flags_that_are_read() -> None:
    kept = PODS.keep(api_server(*GOOD, "--service-account-issuer=x"))
    assert "--service-account-issuer" not in json.dumps(kept)
    assert "--authorization-mode" in json.dumps(kept)
    assert "--authorization-mode" not in json.dumps(
        PODS.keep(pod(containers=[{"name": "c", "args": list(GOOD)}]))
    )
