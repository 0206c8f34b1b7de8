import re

import pytest

from auditwright.integrations.aws import INTEGRATION, STREAMS
from auditwright.integrations.aws.readonly_policy import policy_document

READING = re.compile(r"^[a-z0-9-]+:(Get|List|Describe|BatchGet|Generate|Lookup)\w+$")


def test_the_policy_allows_each_permission_that_a_stream_names_once_and_nothing_else() -> None:
    statements = policy_document(STREAMS)["Statement"]
    allowed = [action for statement in statements for action in statement["Action"]]
    assert len(set(allowed)) == len(allowed)
    named = {operation.permission for stream in INTEGRATION.streams for operation in stream.operations}
    assert set(allowed) == named
    assert {statement["Effect"] for statement in statements} == {"Allow"}


def test_every_permission_reads() -> None:
    for statement in policy_document(STREAMS)["Statement"]:
        for action in statement["Action"]:
            assert READING.match(action), action
            # These would read what customers keep, or secrets.
            assert action not in (
                "s3:GetObject",
                "secretsmanager:GetSecretValue",
                "ssm:GetParameter",
                "kms:Decrypt",
            )


def test_statements_have_names_of_their_own_that_iam_accepts() -> None:
    names = [statement["Sid"] for statement in policy_document(STREAMS)["Statement"]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9]+", name) for name in names)


def test_it_fits_into_one_managed_policy() -> None:
    # IAM: at most 6,144 characters without white space.
    assert len(re.sub(r"\s", "", str(policy_document(STREAMS)))) <= 6_144


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.id)
def test_a_policy_can_be_made_for_one_stream(stream: object) -> None:
    chosen = [one for one in STREAMS if one is stream]
    assert len(policy_document(chosen)["Statement"]) == 1
