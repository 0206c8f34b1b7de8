import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.control_tests import load_builtin_tests
from auditwright.render.remedies import Part, parts


def code(text: str) -> Part:
    return Part(is_code=True, text=text)


def prose(text: str) -> Part:
    return Part(is_code=False, text=text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Enter the day in the HR system.", [prose("Enter the day in the HR system.")]),
        ("aws iam create-user --user-name <user>", [code("aws iam create-user --user-name <user>")]),
        ("aws iam a-b; aws iam c-d --x y", [code("aws iam a-b\naws iam c-d --x y")]),
        (
            "aws iam delete-login-profile --user-name <user> for a password; aws iam x-y",
            [
                code("aws iam delete-login-profile --user-name <user>"),
                prose("for a password"),
                code("aws iam x-y"),
            ],
        ),
        (
            "With the user's own key: aws iam list-access-keys, then ask",
            [prose("With the user's own key:"), code("aws iam list-access-keys"), prose("then ask")],
        ),
        (
            "aws iam detach --arn <arn> (or detach-user-policy); aws iam x-y",
            [code("aws iam detach --arn <arn>"), prose("(or detach-user-policy)"), code("aws iam x-y")],
        ),
        (
            "aws a create --multi (or aws a update --name <n>); aws a start-it",
            [code("aws a create --multi"), prose("or"), code("aws a update --name <n>\naws a start-it")],
        ),
        (
            """aws sns subscribe --json '{"A": "b c"}'; done""",
            [code("""aws sns subscribe --json '{"A": "b c"}'"""), prose("done")],
        ),
        (
            "aws s3 cp --query P > policy.json; edit it",
            [code("aws s3 cp --query P > policy.json"), prose("edit it")],
        ),
        ("The aws command cannot do it.", [prose("The aws command cannot do it.")]),
        ('resource "x" {\n  a = 1\n}', [code('resource "x" {\n  a = 1\n}')]),
        ("", []),
    ],
)
def test_a_remediation_falls_into_commands_and_prose(text: str, found: list[Part]) -> None:
    assert parts(text) == found


words = st.sampled_from(
    [
        "aws iam get-user",
        "gh api",
        "--user-name",
        "<user>",
        "for",
        "a",
        "it's",
        '"a b"',
        "(or",
        "x);",
        "then,",
        "'",
        ".",
    ]
)


@given(st.lists(words, max_size=12).map(" ".join) | st.text(max_size=60))
def test_no_word_is_lost_added_or_moved(text: str) -> None:
    said = " ".join(part.text for part in parts(text))
    assert re.findall(r"\w", said) == re.findall(r"\w", text)


def test_every_command_that_ships_is_found_as_code() -> None:
    for test in load_builtin_tests().values():
        found = parts(test.remediation.command)
        outside = " ".join(part.text for part in found if not part.is_code)
        assert not re.search(r"\b(aws|gh|kubectl) [a-z]", outside), test.id
        inside = [line for part in found if part.is_code for line in part.text.split("\n")]
        assert not [line for line in inside if not re.match(r"(aws|gh|git|kubectl|terraform) ", line)], (
            test.id
        )
