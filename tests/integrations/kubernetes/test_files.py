"""Lists that kubectl wrote to files."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditwright.core.evidence import GapReason
from auditwright.integrations.kubernetes import INTEGRATION
from auditwright.integrations.kubernetes.questions import ACCESS, PODS, ROLES, WORKLOADS, Question
from tests.integrations.kubernetes.clusters import Run, cluster, run

QUESTIONS = (*ACCESS, *WORKLOADS)


def listed(*items: Mapping[str, object]) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}


def item(question: Question, name: str = "x") -> dict[str, object]:
    metadata = {"name": name, "namespace": "kube-system"}
    more: dict[str, object] = {"spec": {"containers": [{"name": "c"}]}} if question is PODS else {}
    if question.kind.endswith("Binding"):
        more = {"roleRef": {"kind": "ClusterRole", "name": "view"}}
    return {"apiVersion": "v1", "kind": question.kind, "metadata": metadata, **more}


def save(folder: Path, *, without: str = "", **other: str) -> Run:
    """A folder with a list of one item for each question; another text where one is given."""
    (folder / "saved").mkdir(exist_ok=True)
    for question in QUESTIONS:
        text = other.get(question.name.replace("-", "_"), json.dumps(listed(item(question))))
        if question.name != without:
            (folder / "saved" / f"{question.name}.json").write_text(text)
    return run(cluster(folder, folder="saved"))


def test_a_folder_with_every_list_has_no_gaps_and_the_date_of_its_files(tmp_path: Path) -> None:
    save(tmp_path)
    written = datetime(2026, 11, 1, tzinfo=UTC)
    for path in (tmp_path / "saved").iterdir():
        os.utime(path, (written.timestamp(), written.timestamp()))
    seen = run(cluster(tmp_path, folder="saved"))
    assert seen.gaps == ()
    assert {evidence.effective_at for evidence in seen.evidence} == {written}


def test_yaml_is_read_like_json(tmp_path: Path) -> None:
    first = save(tmp_path)
    for path in list((tmp_path / "saved").iterdir()):
        path.with_suffix(".yaml").write_text(yaml.safe_dump(json.loads(path.read_text())))
        path.unlink()
    again = run(cluster(tmp_path, folder="saved"))
    assert [one.digest for one in again.evidence] == [one.digest for one in first.evidence]


@pytest.mark.parametrize("question", [pytest.param(one, id=one.name) for one in QUESTIONS])
def test_a_list_that_was_not_saved_is_a_gap_that_says_how_to_save_it(
    tmp_path: Path, question: Question
) -> None:
    (gap,) = save(tmp_path, without=question.name).gaps
    assert (gap.operation, gap.reason) == (question.operation, GapReason.NOT_COLLECTED)
    assert question.kubectl in gap.remedy


def test_an_empty_list_is_a_recorded_none(tmp_path: Path) -> None:
    seen = save(tmp_path, pods=json.dumps(listed()), networkpolicies=json.dumps(listed()))
    assert seen.gaps == ()
    assert seen.of("kubernetes_pod") == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", GapReason.MALFORMED),
        ("[]", GapReason.MALFORMED),
        ('{"kind": "Role", "metadata": {"name": "x"}}', GapReason.MALFORMED),
        (json.dumps({"kind": "PodList", "items": []}), GapReason.MALFORMED),
        (json.dumps(listed({"kind": "Secret", "metadata": {"name": "x"}})), GapReason.MALFORMED),
        (json.dumps({"kind": "RoleList", "items": [7]}), GapReason.MALFORMED),
        (json.dumps({**listed(item(ROLES)), "metadata": {"continue": "abc"}}), GapReason.LIMIT),
        (json.dumps(listed({**item(ROLES), "metadata": {"name": "x", "namespace": "web"}})), GapReason.LIMIT),
        (json.dumps(listed()), GapReason.LIMIT),
        ('{"items":' * 100_000, GapReason.MALFORMED),
    ],
    ids=[
        "empty",
        "no object",
        "one object",
        "another list",
        "another kind",
        "no objects",
        "one page",
        "one namespace",
        "none where there always are some",
        "nested",
    ],
)
def test_what_is_not_the_whole_list_is_a_gap(tmp_path: Path, text: str, reason: GapReason) -> None:
    seen = save(tmp_path, roles=text)
    assert [(gap.operation, gap.reason) for gap in seen.gaps] == [("kubernetes:list-roles", reason)]
    assert seen.gaps[0].hides_items


def test_aliases_are_refused_because_little_could_become_much(tmp_path: Path) -> None:
    save(tmp_path, without="roles")
    (tmp_path / "saved" / "roles.yaml").write_text("a: &a [x]\nkind: List\nitems: [*a, *a]\n")
    (gap,) = run(cluster(tmp_path, folder="saved")).gaps
    assert "aliases" in gap.detail


def test_two_files_of_one_list_are_refused(tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "saved" / "roles.yml").write_text("kind: List\nitems: []\n")
    (gap,) = run(cluster(tmp_path, folder="saved")).gaps
    assert gap.reason is GapReason.MALFORMED


def test_a_pipe_does_not_hold_the_run_up(tmp_path: Path) -> None:
    save(tmp_path, without="pods")
    os.mkfifo(tmp_path / "saved" / "pods.json")
    (gap,) = run(cluster(tmp_path, folder="saved")).gaps
    assert "regular file" in gap.detail


def test_the_doctor_reads_the_files(tmp_path: Path) -> None:
    save(tmp_path, without="pods")
    checks = list(INTEGRATION.check(cluster(tmp_path, folder="saved")))
    assert [check.name for check in checks if check.problem] == ["kubernetes:list-pods"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "kube-system", "List", "Pod"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["kind", "items", "metadata", "name", "namespace", "spec", "containers", "rules", "labels"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON, name=st.sampled_from([question.name for question in QUESTIONS]))
def test_whatever_a_file_holds_nothing_crashes_and_nothing_is_lost_silently(
    tmp_path: Path, value: object, name: str
) -> None:
    from auditwright.core.integration import MalformedEvidenceError

    text = json.dumps({"kind": "List", "items": [value]})
    try:
        seen = save(tmp_path, **{name.replace("-", "_"): text})
    except MalformedEvidenceError:
        return
    operations = {one.query.operation for one in seen.evidence} | {gap.operation for gap in seen.gaps}
    assert f"kubernetes:list-{name}" in operations
