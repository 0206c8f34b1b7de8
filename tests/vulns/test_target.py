import msgspec
import pytest

from auditwright.vulns.issue import Line
from auditwright.vulns.report import Target
from auditwright.vulns.target import lines, repository, same
from tests.vulns.made import IMAGE, report


def image(name: str, **facts: object) -> Target:
    return msgspec.structs.replace(Target(kind="image", name=name), **facts)


def names(*targets: Target) -> list[Line]:
    return [line for (line,) in lines([report("grype", target=target) for target in targets])]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("acme/api:1.0", "acme/api"),
        ("acme/api@sha256:abc", "acme/api"),
        ("localhost:5000/api:1.0", "localhost:5000/api"),
        ("localhost:5000/api", "localhost:5000/api"),
        ("docker.io/library/nginx:1.25", "nginx"),
        ("index.docker.io/acme/api", "acme/api"),
    ],
)
def test_a_repository_is_an_image_s_name_without_tag_digest_and_the_usual_hub(
    said: str, expected: str
) -> None:
    assert repository(said) == expected


def test_a_bare_tag_is_not_taken_for_a_name() -> None:
    """Inspector lists `1.0` where Docker lists `acme/api:1.0`."""
    assert names(image("acme/api", tags=("1.0",))) == [Line(name="acme/api")]


def test_a_tool_that_does_not_say_the_architecture_saw_the_only_one_that_is_known() -> None:
    assert (
        names(image("acme/api:1", architecture="amd64"), image("acme/api:1"))
        == [Line(name="acme/api", architecture="amd64")] * 2
    )


def test_where_two_architectures_are_known_a_third_report_is_of_neither() -> None:
    found = names(
        image("acme/api:1", architecture="amd64"),
        image("acme/api:1", architecture="arm64"),
        image("acme/api:1"),
    )
    assert [line.architecture for line in found] == ["amd64", "arm64", ""]


def test_one_architecture_has_one_spelling() -> None:
    assert (
        names(image("a", architecture="X86_64"), image("a", architecture="amd64"))
        == [Line(name="a", architecture="amd64")] * 2
    )


def test_architectures_of_one_manifest_list_are_two_lines_and_two_targets() -> None:
    digests = ("sha256:list",)
    left = image("a", architecture="amd64", manifest_digests=digests)
    right = image("a", architecture="arm64", manifest_digests=digests)
    assert not same(left, right)
    assert [line.architecture for line in names(left, right)] == ["amd64", "arm64"]


def test_a_digest_says_what_a_name_does_not() -> None:
    assert same(image("here/api:1", config_digest="sha256:a"), image("there/api:1", config_digest="sha256:a"))
    assert not same(image("a:1", config_digest="sha256:a"), image("a:1", config_digest="sha256:b"))
    assert same(image("docker.io/library/nginx:1"), image("nginx:1"))
    assert not same(image("nginx:1"), image("nginx:2"))
    assert not same(image(""), image(""))


def test_the_next_release_is_another_target_of_the_same_line() -> None:
    later = msgspec.structs.replace(
        IMAGE, name="acme/api:2.0", tags=("acme/api:2.0",), config_digest="sha256:" + "b" * 64
    )
    assert not same(IMAGE, later)
    assert len(set(names(IMAGE, later))) == 1
