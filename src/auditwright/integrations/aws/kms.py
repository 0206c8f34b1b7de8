"""AWS Key Management Service: keys, their rotation, and whom the policies of the customer's own let in."""

from collections.abc import Iterator, Mapping
from typing import Final

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import EncryptionKey
from auditwright.integrations.aws.absence import whole
from auditwright.integrations.aws.documents import document_text
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing, each
from auditwright.integrations.aws.reading import Answers, Row

LARGEST_PAGE: Final = 1000
"""KMS lists at most 1,000 keys at once; its own choice of 100 costs more requests."""

KEYS: Final = Listing(service="kms", method="ListKeys", items=("Keys",), page_size=LARGEST_PAGE)
"""The account's own keys, and those that AWS manages for it; not those shared by other accounts."""
KEY: Final = Detail(
    service="kms", method="DescribeKey", asks=each(KEYS, lambda row: {"KeyId": row.required_text("KeyId")})
)


def _any_of_the_customer(answers: Answers) -> bool:
    return any(
        call.answer is not None
        and (metadata := call.answer.row_or_none("KeyMetadata")) is not None
        and metadata.text("KeyManager") == "CUSTOMER"
        for call in answers.calls(KEY)
    )


ALIASES: Final = Listing(
    service="kms",
    method="ListAliases",
    items=("Aliases",),
    # KMS lists at most 100 aliases at once, and 50 unless told otherwise.
    page_size=100,
    # Keys that AWS manages are named by it; nobody in the organization has to recognize them.
    needed_when=_any_of_the_customer,
    facts_only=True,
)
"""What people call their keys: one question in each region with keys of the customer's own."""


def _rotation_asks(answers: Answers) -> Iterator[Ask]:
    for call in answers.calls(KEY):
        metadata = None if call.answer is None else call.answer.row_or_none("KeyMetadata")
        if metadata is not None and _rotation_is_a_setting(metadata):
            yield Ask(parameters={"KeyId": metadata.required_text("KeyId")})


ROTATION: Final = Detail(service="kms", method="GetKeyRotationStatus", asks=_rotation_asks)


def _policy_asks(answers: Answers) -> Iterator[Ask]:
    for call in answers.calls(KEY):
        metadata = None if call.answer is None else call.answer.row_or_none("KeyMetadata")
        if metadata is not None and metadata.text("KeyManager") == "CUSTOMER":
            yield Ask(parameters={"KeyId": metadata.required_text("KeyId")})


POLICY: Final = Detail(
    service="kms", method="GetKeyPolicy", parameters={"PolicyName": "default"}, asks=_policy_asks
)
"""KMS: a key has one policy, which is called default."""


def normalize(answers: Answers) -> Iterator[Resource]:
    """Every key of one region."""
    aliases = _aliases(answers)
    for row in answers.items(KEYS):
        yield _key(answers, row, aliases)


def _aliases(answers: Answers) -> Mapping[str, tuple[str, Digest]]:
    """The first alias of each key that has one, in the order of the alphabet."""
    found: dict[str, tuple[str, Digest]] = {}
    for row in answers.items(ALIASES):
        key, alias = row.text_or_none("TargetKeyId"), row.text_or_none("AliasName")
        if key and alias and (key not in found or alias < found[key][0]):
            found[key] = (alias, row.digest)
    return found


def _key(answers: Answers, row: Row, aliases: Mapping[str, tuple[str, Digest]]) -> EncryptionKey:
    key = row.required_text("KeyId")
    answer = whole(answers, KEY, KeyId=key)
    metadata = answer if isinstance(answer, Unknown) else answer.row("KeyMetadata")
    described = () if isinstance(answer, Unknown) else (answer.digest,)
    named = aliases.get(key)
    name, called = (key, ()) if named is None else (named[0], named[1:])
    arn = ResourceId(row.text_or_none("KeyArn") or answers.arn("kms", f"key/{key}"))
    if isinstance(metadata, Unknown):
        return EncryptionKey(
            id=arn,
            name=name,
            scope=answers.scope,
            evidence=(row.digest, *described, *called),
            customer_managed=metadata,
            enabled=metadata,
            rotatable=metadata,
            rotates=metadata,
            policy=metadata,
        )
    rotates, asked = _rotates(answers, key, metadata)
    manager = metadata.text("KeyManager")
    return EncryptionKey(
        id=arn,
        name=name,
        scope=answers.scope,
        evidence=tuple(
            dict.fromkeys((row.digest, *described, *asked, *called, *answers.spoke_of(POLICY, KeyId=key)))
        ),
        customer_managed=manager if isinstance(manager, Unknown) else manager == "CUSTOMER",
        enabled=metadata.boolean("Enabled"),
        rotatable=_rotatable(metadata),
        rotates=rotates,
        policy=_policy(answers, key, manager),
    )


def _policy(answers: Answers, key: str, manager: str | Unknown) -> str | Unknown:
    if manager == "AWS":
        return Unknown("not asked: the key is AWS's, and so is its policy, which nobody else can change")
    answer = answers.detail(POLICY, KeyId=key)
    if answer is None:
        return Unknown(f"AWS answered that the key {key} has no policy; every key has one")
    return answer if isinstance(answer, Unknown) else document_text(answer.fields.get("Policy"))


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
    operations=(KEYS, KEY, ALIASES, ROTATION, POLICY),
    emits=(EncryptionKey,),
    normalize=normalize,
)
