"""A live API server, simulated over HTTP and asked with the official client."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditwright.core.evidence import GapReason
from auditwright.core.outcome import Unknown
from auditwright.core.resources import (
    KubernetesIdentityMap,
    KubernetesNamespace,
    KubernetesPod,
    KubernetesServiceAccount,
)
from auditwright.engine.populations import kinds_of_operation
from auditwright.integrations.kubernetes import INTEGRATION
from auditwright.integrations.kubernetes.questions import ACCESS, WORKLOADS, Question
from auditwright.integrations.kubernetes.server import MAX_RESTARTS, PAGE_SIZE
from tests.integrations.kubernetes.clusters import EKS, SECRET, cluster, fill, run
from tests.simulators.kubernetes_api import (
    TOKEN,
    ApiServer,
    body,
    broken,
    expired,
    forbid,
    hang,
    kubernetes_api,
    unauthorized,
)


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with kubernetes_api() as running:
        fill(running)
        yield running


def test_a_cluster_is_read_whole(api: ApiServer, tmp_path: Path) -> None:
    seen = run(cluster(tmp_path, api, context="simulated", eks=EKS))
    assert seen.gaps == ()
    assert {one.kind for one in seen.resources} == {
        kind.kind for stream in INTEGRATION.streams for kind in stream.emits
    }
    (pod,) = seen.of("kubernetes_pod").values()
    assert isinstance(pod, KubernetesPod)
    assert (pod.id, pod.owner, pod.host_paths) == (
        "kubernetes:prod:pod/web/shop-1",
        "ReplicaSet/shop",
        ("/var/log",),
    )
    digests = {item.digest for item in seen.evidence}
    assert all(one.evidence and set(one.evidence) <= digests for one in seen.resources)
    assert all("--context simulated" in item.query.command for item in seen.evidence)


def test_secrets_are_never_asked_for_and_nothing_secret_is_kept(api: ApiServer, tmp_path: Path) -> None:
    seen = run(cluster(tmp_path, api))
    assert not [path for path in api.paths if "secrets" in path]
    kept = b"".join(item.body for item in seen.evidence)
    assert SECRET.encode() not in kept
    assert TOKEN.encode() not in kept
    assert b"default-token" not in kept


def test_the_same_cluster_gives_the_same_bytes(api: ApiServer, tmp_path: Path) -> None:
    first, again = run(cluster(tmp_path, api)), run(cluster(tmp_path, api))
    assert [item.digest for item in first.evidence] == [item.digest for item in again.evidence]


def test_a_list_is_read_page_by_page(api: ApiServer, tmp_path: Path) -> None:
    for number in range(2 * PAGE_SIZE):
        api.put("pods", f"p-{number}", namespace="web", spec={"containers": [{"name": "c"}]})
    seen = run(cluster(tmp_path, api))
    assert len(seen.of("kubernetes_pod")) == 2 * PAGE_SIZE + 1
    assert [(one.later_page, one.limit) for one in api.asked if one.resource == "pods"] == [
        (False, PAGE_SIZE),
        (True, PAGE_SIZE),
        (True, PAGE_SIZE),
    ]


def test_a_page_that_expired_makes_the_list_start_again(api: ApiServer, tmp_path: Path) -> None:
    for number in range(PAGE_SIZE):
        api.put("pods", f"p-{number}", namespace="web", spec={"containers": [{"name": "c"}]})
    api.add(expired(), resource="pods", later_page=True, times=1)
    seen = run(cluster(tmp_path, api))
    assert seen.gaps == ()
    assert len(seen.of("kubernetes_pod")) == PAGE_SIZE + 1


def test_a_list_that_expires_again_and_again_is_a_gap_and_not_a_part_of_it(
    api: ApiServer, tmp_path: Path
) -> None:
    for number in range(PAGE_SIZE):
        api.put("pods", f"p-{number}", namespace="web", spec={"containers": [{"name": "c"}]})
    api.add(expired(), resource="pods", later_page=True)
    seen = run(cluster(tmp_path, api))
    assert [(gap.operation, gap.reason) for gap in seen.gaps] == [
        ("kubernetes:list-pods", GapReason.UNAVAILABLE)
    ]
    assert seen.of("kubernetes_pod") == {}
    assert sum(one.resource == "pods" for one in api.asked) == 2 * MAX_RESTARTS


NOT_AN_ANSWER = [
    (forbid(), GapReason.REFUSED),
    (unauthorized(), GapReason.CREDENTIALS),
    (broken(), GapReason.UNAVAILABLE),
    (body(b"<html>Sign in</html>", "text/html"), GapReason.MALFORMED),
    (body(b'{"kind":"Status"}'), GapReason.MALFORMED),
    (body(b'{"items":[1]}'), GapReason.MALFORMED),
    (body(b'{"items":{}}'), GapReason.MALFORMED),
]


@pytest.mark.parametrize("question", [pytest.param(one, id=one.name) for one in (*ACCESS, *WORKLOADS)])
def test_what_is_not_answered_hides_what_it_lists_and_nothing_else(
    api: ApiServer, tmp_path: Path, question: Question
) -> None:
    whole = run(cluster(tmp_path, api))
    for answer, reason in NOT_AN_ANSWER:
        api.add(answer, resource=question.resource)
        seen = run(cluster(tmp_path, api))
        (gap,) = seen.gaps
        assert (gap.operation, gap.reason) == (question.operation, reason)
        assert gap.hides_items is bool(question.lists)
        for kind in {one.kind for one in whole.resources} - {kind.kind for kind in question.lists}:
            assert seen.of(kind).keys() == whole.of(kind).keys()


def test_the_application_is_told_which_kinds_a_refusal_hides() -> None:
    for stream in INTEGRATION.streams:
        for question in (*ACCESS, *WORKLOADS):
            if question.lists and question.operation in {each.name for each in stream.operations}:
                assert kinds_of_operation(stream, question.operation) == set(question.lists)


def test_a_server_that_stays_silent_is_asked_once_and_hides_everything(
    api: ApiServer, tmp_path: Path
) -> None:
    api.add(hang())
    seen = run({**cluster(tmp_path, api), "timeout_s": 0.2})
    assert {gap.reason for gap in seen.gaps} == {GapReason.UNREACHABLE}
    assert len(seen.gaps) == len(ACCESS) + len(WORKLOADS)
    assert seen.resources == ()
    # Once for each stream.
    assert len(api.asked) == 2


def test_a_server_that_breaks_once_is_asked_again(api: ApiServer, tmp_path: Path) -> None:
    api.add(broken(), times=1)
    assert run({**cluster(tmp_path, api), "attempts": 2}).gaps == ()


def test_what_a_refusal_leaves_unseen_of_known_items_is_unknown(api: ApiServer, tmp_path: Path) -> None:
    api.add(forbid(), resource="networkpolicies")
    seen = run(cluster(tmp_path, api))
    for namespace in seen.of("kubernetes_namespace").values():
        assert isinstance(namespace, KubernetesNamespace)
        assert isinstance(namespace.network_rules, Unknown)
        assert "cannot list" in namespace.network_rules.why
        assert isinstance(namespace.pods, int)


def test_without_aws_auth_the_map_is_recorded_as_none(api: ApiServer, tmp_path: Path) -> None:
    api.objects["configmaps"] = []
    (found,) = run(cluster(tmp_path, api)).of("kubernetes_identity_map").values()
    assert isinstance(found, KubernetesIdentityMap)
    assert (found.exists, found.map_roles) == (False, None)


def test_a_service_account_names_the_cloud_role_of_its_pods(api: ApiServer, tmp_path: Path) -> None:
    found = run(cluster(tmp_path, api)).of("kubernetes_service_account")
    one = found["kubernetes:prod:serviceaccount/web/default"]
    assert isinstance(one, KubernetesServiceAccount)
    assert one.cloud_role == "arn:aws:iam::123456789012:role/web"


@pytest.mark.parametrize(
    "content", ["", "not: [a kubeconfig", "{}", '{"current-context": "x", "contexts": []}']
)
def test_a_kubeconfig_that_cannot_be_used_is_a_gap_of_every_list(tmp_path: Path, content: str) -> None:
    (tmp_path / "kubeconfig").write_text(content)
    seen = run(cluster(tmp_path, kubeconfig="kubeconfig"))
    assert {gap.reason for gap in seen.gaps} == {GapReason.CREDENTIALS}
    assert len(seen.gaps) == len(ACCESS) + len(WORKLOADS)


def test_the_doctor_asks_for_one_item_of_each_list(api: ApiServer, tmp_path: Path) -> None:
    api.add(forbid(), resource="pods")
    checks = list(INTEGRATION.check(cluster(tmp_path, api)))
    assert [check.name for check in checks if check.problem] == ["kubernetes:list-pods"]
    assert len(checks) == len(ACCESS) + len(WORKLOADS)
    assert {one.limit for one in api.asked} == {1}
    assert all(check.remedy for check in checks if check.problem)


def test_kubectl_reads_the_simulator_and_its_files_give_what_the_api_gives(
    api: ApiServer, tmp_path: Path
) -> None:
    live = run(cluster(tmp_path, api))
    api.without_token = True
    saved = tmp_path / "saved"
    saved.mkdir()
    for question in (*ACCESS, *WORKLOADS):
        command = [*question.kubectl.split(), "--kubeconfig", str(tmp_path / "kubeconfig")]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, env={"HOME": str(tmp_path)}
        )
        assert json.loads(done.stdout)["kind"] == "List"
        (saved / f"{question.name}.json").write_text(done.stdout)
    read = run(cluster(tmp_path, folder="saved"))
    assert read.gaps == ()
    assert {one.id for one in read.resources} == {one.id for one in live.resources}
    assert [item.digest for item in read.evidence] == [item.digest for item in live.evidence]
