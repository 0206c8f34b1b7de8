"""AWS Key Management Service: keys and their rotation."""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import EncryptionKey
from auditwright.integrations.aws.absence import whole
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing, each
from auditwright.integrations.aws.reading import Answers, Row

LARGEST_PAGE: Final = 1000
"""KMS lists at most 1,000 keys at once; its own choice of 100 costs more requests."""

KEYS: Final = Listing(service="kms", method="ListKeys", items=("Keys",), page_size=LARGEST_PAGE)
"""The account's own keys, and those that AWS manages for it; not those shared by other accounts."""
KEY: Final = Detail(
    service="kms", method="DescribeKey", asks=each(KEYS, lambda row: {"KeyId": row.required_text("KeyId")})
)


def _rotation_asks(answers: Answers) -> Iterator[Ask]:
    for call in answers.calls(KEY):
        metadata = None if call.answer is None else call.answer.row_or_none("KeyMetadata")
        if metadata is not None and _rotation_is_a_setting(metadata):
            yield Ask(parameters={"KeyId": metadata.required_text("KeyId")})


ROTATION: Final = Detail(service="kms", method="GetKeyRotationStatus", asks=_rotation_asks)


def normalize(answers: Answers) -> Iterator[Resource]:
    """Every key of one region."""
    for row in answers.items(KEYS):
        yield _key(answers, row)


def _key(answers: Answers, row: Row) -> EncryptionKey:
    key = row.required_text("KeyId")
    answer = whole(answers, KEY, KeyId=key)
    metadata = answer if isinstance(answer, Unknown) else answer.row("KeyMetadata")
    described = () if isinstance(answer, Unknown) else (answer.digest,)
    arn = ResourceId(row.text_or_none("KeyArn") or answers.arn("kms", f"key/{key}"))
    if isinstance(metadata, Unknown):
        return EncryptionKey(
            id=arn,
            name=key,
            scope=answers.scope,
            evidence=(row.digest, *described),
            customer_managed=metadata,
            enabled=metadata,
            rotatable=metadata,
            rotates=metadata,
        )
    rotates, asked = _rotates(answers, key, metadata)
    manager = metadata.text("KeyManager")
    return EncryptionKey(
        id=arn,
        name=key,
        scope=answers.scope,
        evidence=(row.digest, *described, *asked),
        customer_managed=manager if isinstance(manager, Unknown) else manager == "CUSTOMER",
        enabled=metadata.boolean("Enabled"),
        rotatable=_rotatable(metadata),
        rotates=rotates,
    )


def _rotatable(metadata: Row) -> bool | Unknown:
    """KMS EnableKeyRotation: symmetric encryption keys with material made by KMS, and no others."""
    # Answers saved before 2021 have the key's kind under its earlier name alone.
    kind = metadata.text("KeySpec" if metadata.has("KeySpec") else "CustomerMasterKeySpec")
    origin = metadata.text("Origin")
    if isinstance(kind, Unknown):
        return kind
    if isinstance(origin, Unknown):
        return origin
    return kind == "SYMMETRIC_DEFAULT" and origin == "AWS_KMS"


def _rotation_is_a_setting(metadata: Row) -> bool:
    """True for keys whose rotation the account decides; for the others it follows from their kind."""
    return (
        metadata.text("KeyManager") == "CUSTOMER"
        and metadata.text("KeyState") == "Enabled"
        and _rotatable(metadata) is True
    )


def _rotates(answers: Answers, key: str, metadata: Row) -> tuple[bool | Unknown, tuple[Digest, ...]]:
    if metadata.text("KeyManager") == "AWS":
        # KMS GetKeyRotationStatus: "for AWS managed KMS keys [it] is always true".
        return True, ()
    rotatable = _rotatable(metadata)
    if rotatable is not True:
        return rotatable, ()
    if not _rotation_is_a_setting(metadata):
        state = metadata.text_or_none("KeyState") or "not known to be enabled"
        return Unknown(f"not asked: the key is {state}, and KMS rotates enabled keys only"), ()
    answer = whole(answers, ROTATION, KeyId=key)
    if isinstance(answer, Unknown):
        return answer, ()
    return answer.boolean("KeyRotationEnabled"), (answer.digest,)


STREAM: Final = AwsStream(
    id=StreamId("aws.kms"),
    title="KMS keys",
    regional=True,
    operations=(KEYS, KEY, ROTATION),
    emits=(EncryptionKey,),
    normalize=normalize,
)
