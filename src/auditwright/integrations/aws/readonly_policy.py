"""The least-privilege policy of the AWS integration, made from what its streams ask."""

from collections.abc import Sequence
from typing import TypedDict

from auditwright.integrations.aws.operations import AwsStream


class Statement(TypedDict):
    """One statement of a policy document."""

    Sid: str
    Effect: str
    Action: list[str]
    Resource: str


class PolicyDocument(TypedDict):
    """An IAM policy document."""

    Version: str
    Statement: list[Statement]


def policy_document(streams: Sequence[AwsStream]) -> PolicyDocument:
    """The policy to attach to the user or role that collects: each action that is asked, and nothing else.

    The actions list and describe, most of them without a resource that could be named beforehand, so each
    statement covers every resource. One statement for each stream says what the actions are for.
    """
    seen: set[str] = set()
    statements: list[Statement] = []
    for stream in streams:
        actions = sorted(
            {action for operation in stream.operations for action in operation.permissions} - seen
        )
        seen.update(actions)
        if actions:
            sid = "".join(part.capitalize() for part in stream.id.replace("-", ".").split("."))
            statements.append(Statement(Sid=sid, Effect="Allow", Action=actions, Resource="*"))
    return PolicyDocument(Version="2012-10-17", Statement=statements)
