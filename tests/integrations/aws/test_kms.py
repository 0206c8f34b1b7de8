import json

import pytest

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import EncryptionKey
from auditwright.integrations.aws import kms
from auditwright.integrations.aws.documents import document_text
from tests.integrations.aws.emulated import Account, at
from tests.integrations.aws.shapes import ACCOUNT, captured, of_each, read, refused
from tests.simulators.aws_proxy import AwsProxy, refuse

KEYS = captured(kms.KEYS, {"Keys": [{"KeyId": "k-1", "KeyArn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k-1"}]})
ASKED = {"KeyId": "k-1"}


def described(**fields: object) -> Evidence:
    metadata = {
        "KeyId": "k-1",
        "KeyManager": "CUSTOMER",
        "KeyState": "Enabled",
        "Enabled": True,
        "KeySpec": "SYMMETRIC_DEFAULT",
        "Origin": "AWS_KMS",
        **fields,
    }
    return of_each(kms.KEY, (ASKED, {"KeyMetadata": metadata}))


def rotation(*, enabled: bool) -> Evidence:
    return of_each(kms.ROTATION, (ASKED, {"KeyRotationEnabled": enabled, "KeyId": "k-1"}))


def key(*found: Evidence | Gap) -> EncryptionKey:
    (only,) = kms.normalize(read(KEYS, *found))
    assert isinstance(only, EncryptionKey)
    return only


@pytest.mark.parametrize("enabled", [True, False])
def test_a_customers_key_rotates_as_its_setting_says(*, enabled: bool) -> None:
    details, status = described(), rotation(enabled=enabled)
    found = key(details, status)
    assert found.id == f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k-1"
    assert (found.customer_managed, found.enabled, found.rotatable) == (True, True, True)
    assert found.rotates is enabled
    assert found.evidence == (KEYS.digest, details.digest, status.digest)


def test_a_key_that_aws_manages_rotates_without_being_asked() -> None:
    details = described(KeyManager="AWS")
    found = key(details)
    assert (found.customer_managed, found.rotates) == (False, True)
    assert list(kms.ROTATION.asks(read(KEYS, details))) == []


@pytest.mark.parametrize(
    "fields", [{"KeySpec": "RSA_2048"}, {"Origin": "EXTERNAL"}, {"Origin": "AWS_CLOUDHSM"}]
)
def test_keys_that_cannot_rotate_are_not_asked_about(fields: dict[str, object]) -> None:
    details = described(**fields)
    found = key(details)
    assert (found.rotatable, found.rotates) == (False, False)
    assert list(kms.ROTATION.asks(read(KEYS, details))) == []


def test_a_disabled_key_is_not_asked_about_and_its_rotation_is_unknown() -> None:
    details = described(KeyState="PendingDeletion", Enabled=False)
    found = key(details)
    assert found.enabled is False
    assert isinstance(found.rotates, Unknown)
    assert "PendingDeletion" in found.rotates.why


def test_a_key_whose_description_is_refused_is_unknown_altogether() -> None:
    found = key(refused(kms.KEY, "k-1"))
    for fact in (found.customer_managed, found.enabled, found.rotatable, found.rotates):
        assert isinstance(fact, Unknown)
        assert "kms:DescribeKey" in fact.why


def test_a_refused_rotation_status_leaves_the_other_facts() -> None:
    found = key(described(), refused(kms.ROTATION, "k-1"))
    assert found.rotatable is True
    assert isinstance(found.rotates, Unknown)


def test_the_kind_of_a_key_is_read_under_its_earlier_name_too() -> None:
    details = described(KeySpec=None, CustomerMasterKeySpec="SYMMETRIC_DEFAULT")
    assert key(details, rotation(enabled=True)).rotatable is True


def aliases(*names: str, key: str = "k-1") -> Evidence:
    return captured(kms.ALIASES, {"Aliases": [{"AliasName": name, "TargetKeyId": key} for name in names]})


def test_a_key_is_called_by_the_first_of_its_aliases() -> None:
    listed = aliases("alias/zeta", "alias/billing")
    found = key(described(), listed)
    assert found.name == "alias/billing"
    assert listed.digest in found.evidence
    assert found.id == f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k-1"


def test_a_key_without_an_alias_is_called_by_its_id() -> None:
    assert key(described(), aliases("alias/other", key="k-2")).name == "k-1"
    assert key(described(), refused(kms.ALIASES)).name == "k-1"
    # An alias that AWS has reserved and not used yet names no key.
    assert key(described(), captured(kms.ALIASES, {"Aliases": [{"AliasName": "alias/aws/s3"}]})).name == "k-1"


def test_aliases_are_asked_only_where_the_customer_has_keys() -> None:
    assert kms.ALIASES.needed_when(read(KEYS, described()))
    assert not kms.ALIASES.needed_when(read(KEYS, described(KeyManager="AWS")))
    assert not kms.ALIASES.needed_when(read(captured(kms.KEYS, {"Keys": []})))


def test_live_an_alias_is_a_keys_name(aws: str) -> None:
    account = Account(url=aws)
    made = at(account.do("kms", "CreateKey"), "KeyMetadata", "KeyId")
    account.do("kms", "CreateAlias", AliasName="alias/ledger", TargetKeyId=made)
    assert [one.name for one in account.only(kms.STREAM)] == ["alias/ledger"]


def test_live_keys(aws: str) -> None:
    account = Account(url=aws)
    made = [at(account.do("kms", "CreateKey"), "KeyMetadata", "KeyId") for _ in range(2)]
    made.append(
        at(account.do("kms", "CreateKey", KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY"), "KeyMetadata", "KeyId")
    )
    account.do("kms", "EnableKeyRotation", KeyId=made[0])
    found = {one.name: one for one in account.only(kms.STREAM) if isinstance(one, EncryptionKey)}
    assert [(found[name].rotatable, found[name].rotates) for name in made] == [
        (True, True),
        (True, False),
        (False, False),
    ]


def test_live_a_refused_status_is_unknown(proxy: AwsProxy) -> None:
    account = Account(url=proxy.url)
    account.do("kms", "CreateKey")
    proxy.add(refuse(), action="GetKeyRotationStatus")
    found, gaps = account.collect(kms.STREAM)
    (only,) = found
    assert isinstance(only, EncryptionKey)
    assert isinstance(only.rotates, Unknown)
    assert [gap.hides_items for gap in gaps] == [False]


POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*"}]}


def test_the_policy_of_a_customers_key_is_kept_whole_and_names_its_evidence() -> None:
    answer = ({**ASKED, "PolicyName": "default"}, {"Policy": json.dumps(POLICY, indent=2)})
    held = of_each(kms.POLICY, answer)
    found = key(described(), held)
    assert found.policy == document_text(POLICY)
    assert held.digest in found.evidence


def test_a_policy_that_was_not_seen_is_unknown_and_awss_own_is_not_asked() -> None:
    assert isinstance(key(described(), refused(kms.POLICY, "k-1")).policy, Unknown)
    of_aws = described(KeyManager="AWS")
    assert isinstance(key(of_aws).policy, Unknown)
    assert list(kms.POLICY.asks(read(KEYS, of_aws))) == []


def test_live_a_key_has_a_policy(aws: str) -> None:
    account = Account(url=aws)
    account.do("kms", "CreateKey", Policy=json.dumps(POLICY))
    (found,) = account.only(kms.STREAM)
    assert isinstance(found, EncryptionKey)
    assert found.policy == document_text(POLICY)
