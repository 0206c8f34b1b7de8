"""AWS Secrets Manager: which secrets there are and who their own policies let in; never what they hold."""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import StoredSecret
from auditwright.integrations.aws.documents import document_text
from auditwright.integrations.aws.operations import AwsStream, Detail, Listing, each
from auditwright.integrations.aws.reading import Answers, Row

SECRETS: Final = Listing(service="secretsmanager", method="ListSecrets", items=("SecretList",), page_size=100)
POLICY: Final = Detail(
    service="secretsmanager",
    method="GetResourcePolicy",
    asks=each(SECRETS, lambda row: {"SecretId": row.required_text("ARN")}),
)


def normalize(answers: Answers) -> Iterator[StoredSecret]:
    """Every secret of one region."""
    for row in answers.items(SECRETS):
        arn = row.required_text("ARN")
        yield StoredSecret(
            id=ResourceId(arn),
            name=row.text_or_none("Name") or arn,
            scope=answers.scope,
            evidence=(row.digest, *answers.spoke_of(POLICY, SecretId=arn)),
            policy=_policy(answers.detail(POLICY, SecretId=arn)),
        )


def _policy(answer: Row | Unknown | None) -> str | Unknown | None:
    if answer is None:
        return Unknown("AWS answered that there is no such secret, although it lists it")
    if isinstance(answer, Unknown):
        return answer
    # Secrets Manager leaves the policy out of the answer where the secret has none.
    return document_text(answer.fields["ResourcePolicy"]) if answer.has("ResourcePolicy") else None


STREAM: Final = AwsStream(
    id=StreamId("aws.secretsmanager"),
    title="Secrets, but not what they hold",
    regional=True,
    operations=(SECRETS, POLICY),
    emits=(StoredSecret,),
    normalize=normalize,
)
