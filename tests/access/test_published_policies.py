"""All policies that others have published are read to the last word."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditwright.access.policy import Policy, parse_policy, parse_policy_text
from tests.access.published import published, read

PLACEHOLDER = re.compile(r"<[a-zA-Z_.]+>|\{[a-zA-Z_]+\}")


def documents(value: object) -> Iterator[object]:
    """Every policy document in a dump of authorization details."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key in {"PolicyDocument", "AssumeRolePolicyDocument", "Document"}:
                yield member
            else:
                yield from documents(member)
    elif isinstance(value, list):
        for member in value:
            yield from documents(member)


def parsed(document: object, name: str) -> Policy:
    return (
        parse_policy_text(document, name=name)
        if isinstance(document, str)
        else parse_policy(document, name=name)
    )


def test_every_managed_policy_of_aws_is_read() -> None:
    listed = read(published("mamip", "aws-managed-policies.json"))
    assert isinstance(listed, dict)
    found = [parsed(member["PolicyVersion"]["Document"], name) for name, member in listed.items()]
    assert len(found) == 1523
    assert sum(len(policy.statements) for policy in found) == 7972
    assert [(policy.name, policy.unread) for policy in found if policy.unread] == []


@pytest.mark.parametrize(
    "folder", ["cloudsplaining", "iam-vulnerable/gaad", "pathfinding-labs/gaad", "synthetic"]
)
def test_every_policy_of_a_published_account_is_read_unless_it_holds_a_placeholder(folder: str) -> None:
    files = sorted(published(*folder.split("/")).glob("*.json"))
    assert files
    unread = []
    count = 0
    for file in files:
        for document in documents(read(Path(file))):
            policy = parsed(document, file.name)
            count += 1
            if policy.unread and not PLACEHOLDER.search(str(document)):
                unread.append((file.name, policy.unread))
    assert count > len(files)
    assert unread == []
