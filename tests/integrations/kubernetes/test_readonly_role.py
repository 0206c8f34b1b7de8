from typing import cast

import yaml

from auditwright.integrations.kubernetes import INTEGRATION
from auditwright.integrations.kubernetes.questions import ACCESS, WORKLOADS
from auditwright.integrations.kubernetes.readonly_role import GROUP, manifests

Manifest = dict[str, object]


def written() -> list[Manifest]:
    return [cast("Manifest", one) for one in yaml.safe_load_all(manifests((*ACCESS, *WORKLOADS)))]


def rules(kind: str) -> list[Manifest]:
    return [
        rule
        for manifest in written()
        if manifest["kind"] == kind
        for rule in cast("list[Manifest]", manifest["rules"])
    ]


def test_nothing_but_lists_is_allowed_and_never_of_secrets() -> None:
    for rule in (*rules("ClusterRole"), *rules("Role")):
        assert rule["verbs"] == ["list"]
        resources = cast("list[str]", rule["resources"])
        assert "*" not in resources
        assert "secrets" not in resources


def test_every_question_is_allowed_and_no_other() -> None:
    allowed = {
        (str(cast("list[str]", rule["apiGroups"])[0]), resource)
        for rule in (*rules("ClusterRole"), *rules("Role"))
        for resource in cast("list[str]", rule["resources"])
    }
    assert allowed == {(question.group, question.resource) for question in (*ACCESS, *WORKLOADS)}


def test_of_config_maps_only_the_one_is_named() -> None:
    (rule,) = rules("Role")
    assert (rule["resources"], rule["resourceNames"]) == (["configmaps"], ["aws-auth"])
    assert "configmaps" not in str(rules("ClusterRole"))


def test_each_role_is_given_to_one_group() -> None:
    bindings = [one for one in written() if str(one["kind"]).endswith("Binding")]
    assert len(bindings) == 2
    for binding in bindings:
        (subject,) = cast("list[Manifest]", binding["subjects"])
        assert (subject["kind"], subject["name"]) == ("Group", GROUP)


def test_the_documentation_names_the_same_permissions() -> None:
    named = {operation.permission for stream in INTEGRATION.streams for operation in stream.operations}
    assert "list roles.rbac.authorization.k8s.io" in named
    assert "list configmaps in kube-system" in named
