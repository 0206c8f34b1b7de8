import pytest

from auditwright.core.integration import Config, ConfigError
from auditwright.integrations.kubernetes.settings import targets

ARN = "arn:aws:eks:eu-west-1:123456789012:cluster/prod"


def test_each_cluster_is_two_targets_in_a_scope_of_its_name() -> None:
    found = list(targets({"clusters": [{"name": "prod", "eks": ARN}, {"name": "stage", "folder": "stage"}]}))
    assert [(one.stream, str(one.scope)) for one in found] == [
        ("kubernetes.access", "kubernetes/prod"),
        ("kubernetes.workloads", "kubernetes/prod"),
        ("kubernetes.access", "kubernetes/stage"),
        ("kubernetes.workloads", "kubernetes/stage"),
    ]
    assert found[0].settings["eks"] == ARN


def test_without_clusters_the_one_of_the_credentials_in_use_is_read() -> None:
    assert {str(one.scope) for one in targets({})} == {"kubernetes/default"}
    assert {(one.settings["context"], one.settings["folder"]) for one in targets({})} == {("", "")}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"clusters": []}, "it lists none"),
        ({"clusters": "prod"}, "not a str"),
        ({"clusters": ["prod"]}, "must be a table"),
        ({"clusters": [{}]}, "needs a name"),
        ({"clusters": [{"name": "a\nb"}]}, "needs a name"),
        ({"clusters": [{"name": "a"}, {"name": "a"}]}, "names 'a' twice"),
        ({"clusters": [{"name": "a", "contxt": "x"}]}, "did you mean context"),
        ({"clusters": [{"name": "a", "context": 7}]}, "context must be a text"),
        ({"clusters": [{"name": "a", "folder": "x", "context": "y"}]}, "only one of the two"),
        ({"clusters": [{"name": "a", "eks": "prod"}]}, "must be the cluster's ARN"),
        ({"clusters": [{"name": "a"}], "timeout": 3}, "did you mean timeout_s"),
        ({"clusters": [{"name": "a"}], "timeout_s": -1}, "timeout_s must be a number above 0"),
        ({"clusters": [{"name": "a"}], "attempts": "many"}, "attempts must be a number above 0"),
    ],
)
def test_wrong_settings_are_refused_with_the_key_and_what_was_expected(settings: Config, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        list(targets(settings))
