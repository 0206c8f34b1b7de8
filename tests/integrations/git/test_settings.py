import pytest

from auditwright.core.integration import Config, ConfigError
from auditwright.integrations.git.settings import is_url, targets


def named(*repositories: object, **more: object) -> list[str]:
    """The repositories whose changes are asked for; each is asked for its releases too."""
    found = list(targets({"repositories": list(repositories), **more}))
    assert [target.scope for target in found[::2]] == [target.scope for target in found[1::2]]
    return [target.scope.account for target in found[::2]]


def test_each_repository_is_one_target_named_as_in_the_settings() -> None:
    given = ("../code", "https://github.com/acme/code.git", "git@github.com:acme/code", "ssh://git@host/x")
    assert named(*given) == list(given)
    assert named("../code/", "https://h/x/") == ["../code", "https://h/x"]


@pytest.mark.parametrize(
    ("repository", "url"),
    [
        ("../code", False),
        ("/srv/code", False),
        ("file:///srv/code", True),
        ("git@github.com:acme/code", True),
        ("a:b", False),
        ("ext::sh -c date", False),
    ],
)
def test_a_url_is_told_from_a_path(repository: str, *, url: bool) -> None:
    assert is_url(repository) is url


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "it lists none"),
        ({"repositories": []}, "it lists none"),
        ({"repositories": "../code"}, "must be a list .* not a str"),
        ({"repositories": [""]}, "must be a path or a URL"),
        ({"repositories": [7]}, "must be a path or a URL"),
        ({"repositories": ["a", "a/"]}, "names 'a' twice"),
        ({"repositories": ["--upload-pack=touch x"]}, "no path and no URL"),
        ({"repositories": ["a\nb"]}, "no path and no URL"),
        ({"repositories": ["ext::sh -c 'x://y'"]}, "not fetched over ext"),
        ({"repositories": ["http://host/x"]}, "not fetched over http; use one of https, ssh, file"),
        ({"repositories": ["git://host/x"]}, "not fetched over git"),
        ({"repositories": ["ssh://-oProxyCommand=x/y"]}, "begins with -"),
        ({"repositories": ["https://[::1/x"]}, "is not a URL"),
        ({"repositories": ["a"], "brunch": "main"}, "unknown key 'brunch'; did you mean branch"),
        ({"repositories": ["a"], "zzz": "main"}, "the keys are repositories and branch"),
        ({"repositories": ["a"], "branch": 1}, "branch must be the name"),
        ({"repositories": ["a"], "branch": "--all"}, "branch must be the name"),
        ({"repositories": ["a"], "branch": "a..b"}, "branch must be the name"),
        ({"repositories": ["a"], "branch": "a b"}, "branch must be the name"),
        ({"repositories": ["a"], "branch": "main^{tree}"}, "branch must be the name"),
    ],
)
def test_wrong_settings_are_named(settings: Config, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        list(targets(settings))


@pytest.mark.parametrize(
    "repository",
    [
        "https://ada:hunter2@github.com/acme/code",
        "https://hunter2@github.com/acme/code",
        "ssh://git:hunter2@github.com/acme/code",
        "https://github.com/acme/code?access_token=hunter2",
        "https://github.com/acme/code#hunter2",
        "http://ada:hunter2@host/x",
        "-https://ada:hunter2@host/x",
        "https://ada:hunter2@[::1/x",
    ],
)
def test_a_secret_in_a_url_is_refused_and_not_repeated(repository: str) -> None:
    with pytest.raises(ConfigError) as refused:
        named(repository)
    assert "hunter2" not in str(refused.value)
