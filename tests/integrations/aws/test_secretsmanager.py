import json

from auditwright.core.outcome import Unknown
from auditwright.core.resources import StoredSecret
from auditwright.integrations.aws import secretsmanager
from auditwright.integrations.aws.documents import document_text
from tests.integrations.aws.emulated import Account
from tests.integrations.aws.shapes import ACCOUNT, REGION, captured, of_each, read, refused
from tests.simulators.aws_proxy import AwsProxy

ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"
ALLOW = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    ],
}
LISTED = captured(secretsmanager.SECRETS, {"SecretList": [{"ARN": ARN, "Name": "db"}]})


def policy(**answer: object) -> StoredSecret:
    held = of_each(secretsmanager.POLICY, ({"SecretId": ARN}, {"ARN": ARN, "Name": "db", **answer}))
    (one,) = secretsmanager.normalize(read(LISTED, held))
    return one


def test_a_secrets_policy_is_kept_whole_and_left_out_means_none() -> None:
    assert policy(ResourcePolicy=json.dumps(ALLOW)).policy == document_text(ALLOW)
    assert policy().policy is None


def test_a_policy_that_may_not_be_read_is_unknown() -> None:
    (one,) = secretsmanager.normalize(read(LISTED, refused(secretsmanager.POLICY, ARN)))
    assert isinstance(one.policy, Unknown)


def test_live_what_a_secret_holds_is_never_asked(proxy: AwsProxy) -> None:
    account = Account(url=proxy.url)
    account.do("secretsmanager", "CreateSecret", Name="db", SecretString="hunter2")
    account.do("secretsmanager", "PutResourcePolicy", SecretId="db", ResourcePolicy=json.dumps(ALLOW))
    before = len(proxy.asked)
    (one,) = account.only(secretsmanager.STREAM)
    assert isinstance(one, StoredSecret)
    assert one.policy == document_text(ALLOW)
    assert {asked.action for asked in proxy.asked[before:]} == {"ListSecrets", "GetResourcePolicy"}
