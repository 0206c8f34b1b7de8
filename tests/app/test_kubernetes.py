"""A whole run over a simulated cluster: what its API shows is tested, and what it refuses is never a pass."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
import zstandard

from tests.app.programs import Ran, auditwright
from tests.integrations.kubernetes.clusters import SECRET, fill
from tests.simulators.kubernetes_api import TOKEN, ApiServer, forbid, kubernetes_api

SETTINGS = """\
[organization]
name = "Acme"

[scope]
categories = ["security"]

[integrations.kubernetes]
clusters = [{ name = "prod", kubeconfig = "kubeconfig", context = "simulated" }]
attempts = "1"
"""


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with kubernetes_api() as running:
        fill(running)
        yield running


@pytest.fixture
def program(tmp_path: Path, api: ApiServer) -> Path:
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "auditwright.toml").write_text(SETTINGS)
    (folder / "kubeconfig").write_text(api.kubeconfig())
    assert auditwright("init", folder).code == 0
    return folder


def plain(path: Path) -> bytes:
    """What a file holds, unpacked where it is packed."""
    content = path.read_bytes()
    packed = content.startswith(zstandard.MAGIC_NUMBER.to_bytes(4, "little"))
    return zstandard.ZstdDecompressor().decompressobj().decompress(content) if packed else content


def run(program: Path) -> Ran:
    return auditwright("run", "--program", program, "--json")


def statuses(ran: Ran) -> dict[str, str]:
    tests: list[dict[str, Any]] = ran.json["tests"]
    return {test["id"]: test["status"] for test in tests if test["id"].startswith("kubernetes.")}


def test_a_run_tests_a_cluster_and_keeps_no_secret(program: Path) -> None:
    ran = run(program)
    assert ran.code == 1, ran.err
    assert statuses(ran) == {
        # The control plane shows no flags, and AWS, which may describe it, is not connected.
        "kubernetes.rbac-on": "undetermined",
        "kubernetes.anonymous-access-off": "undetermined",
        "kubernetes.audit-log-on": "undetermined",
        "kubernetes.secrets-encrypted": "undetermined",
        "kubernetes.no-privileged-pods": "deviation",
        "kubernetes.few-cluster-administrators": "satisfied",
        # The simulated role cluster-admin lacks the label of the one that comes with Kubernetes.
        "kubernetes.no-wildcard-roles": "deviation",
        "kubernetes.namespaces-isolated": "satisfied",
    }
    kept = [plain(path) for path in (program / ".auditwright").rglob("*") if path.is_file()]
    assert any(b"ReplicaSet" in content for content in kept), "the evidence can be read"
    for secret in (SECRET, TOKEN):
        assert not any(secret.encode() in content for content in kept)
        assert secret not in ran.out + ran.err


def test_a_refused_list_leaves_no_pass_over_what_it_hides(program: Path, api: ApiServer) -> None:
    api.add(forbid())
    ran = run(program)
    assert ran.code == 3, ran.err
    assert set(statuses(ran).values()) == {"undetermined"}
    assert {gap["reason"] for gap in ran.json["gaps"] if "list-" in gap["operation"]} == {"refused"}


def test_the_role_to_apply_is_printed(program: Path) -> None:
    printed = auditwright("connect", "kubernetes", "--program", program, "--policy")
    assert [one["kind"] for one in yaml.safe_load_all(printed.out)] == [
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
    ]
    connected = auditwright("connect", "kubernetes", "--program", program)
    assert "auditwright-policy.yaml" in connected.out
