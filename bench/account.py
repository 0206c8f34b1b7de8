"""Fill one account of an emulated AWS, quickly: with threads, and with nothing in it that has to be right."""

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from botocore.client import BaseClient

REGION = "us-east-1"
BUCKETS = 100
USERS = 100
GROUPS = 100
VOLUMES = 100
INSTANCES = 50
DATABASES = 25
KEYS = 25
TABLES = 25

THREADS = 4
"""The emulator answers one after the other; more only wait."""

CREDENTIALS = {
    # AWS's own example of a key, known to everybody and valid nowhere.
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""An environment in which nobody's real account can be reached."""

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

_Call = Callable[..., Mapping[str, object]]


def fill(url: str) -> None:
    """Make everything; raises botocore's errors."""
    calls = _Calls(url)
    calls.one("iam", "create_role", RoleName="node", AssumeRolePolicyDocument=json.dumps(_TRUST))
    network = cast("Mapping[str, str]", calls.one("ec2", "create_vpc", CidrBlock="10.0.0.0/16")["Vpc"])
    image = "ami-12c6146b"
    calls.one("ec2", "run_instances", ImageId=image, MinCount=INSTANCES, MaxCount=INSTANCES)
    calls.many("s3", "create_bucket", ({"Bucket": f"bench-{number}"} for number in range(BUCKETS)))
    calls.many("iam", "create_user", ({"UserName": f"user-{number}"} for number in range(USERS)))
    calls.many("iam", "create_access_key", ({"UserName": f"user-{number}"} for number in range(0, USERS, 2)))
    calls.many(
        "ec2",
        "create_security_group",
        (
            {"GroupName": f"group-{number}", "Description": "bench", "VpcId": network["VpcId"]}
            for number in range(GROUPS)
        ),
    )
    zone = f"{REGION}a"
    calls.many(
        "ec2",
        "create_volume",
        ({"AvailabilityZone": zone, "Size": 8, "Encrypted": number % 10 > 0} for number in range(VOLUMES)),
    )
    calls.many("kms", "create_key", ({"Description": f"key {number}"} for number in range(KEYS)))
    calls.many("rds", "create_db_instance", map(_database, range(DATABASES)))
    calls.many("dynamodb", "create_table", map(_table, range(TABLES)))


def _database(number: int) -> Mapping[str, object]:
    return {
        "DBInstanceIdentifier": f"database-{number}",
        "DBInstanceClass": "db.t4g.medium",
        "Engine": "postgres",
        "MasterUsername": "bench",
        "ManageMasterUserPassword": True,
        "AllocatedStorage": 20,
        "StorageEncrypted": number % 10 > 0,
    }


def _table(number: int) -> Mapping[str, object]:
    return {
        "TableName": f"table-{number}",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


class _Calls:
    """Calls of the emulator's API."""

    def __init__(self, url: str) -> None:
        import botocore.session
        from botocore.config import Config

        self._url = url
        self._session = botocore.session.Session()
        self._session.set_credentials(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
        self._config = Config(s3={"addressing_style": "path"}, parameter_validation=False)
        self._clients: dict[str, BaseClient] = {}

    def one(self, service: str, method: str, **parameters: object) -> Mapping[str, object]:
        """One call."""
        call: _Call = getattr(self._client(service), method)
        return call(**parameters)

    def many(self, service: str, method: str, each: Iterable[Mapping[str, object]]) -> None:
        """The same call with one set of parameters after the other, from several threads.

        The first is made alone: with it the emulator makes what a service has once, such as its default key.
        """
        call: _Call = getattr(self._client(service), method)
        rest = iter(each)
        call(**next(rest))
        with ThreadPoolExecutor(THREADS) as threads:
            for done in [threads.submit(call, **parameters) for parameters in rest]:
                done.result()

    def _client(self, service: str) -> "BaseClient":
        if service not in self._clients:
            self._clients[service] = self._session.create_client(
                service, region_name=REGION, endpoint_url=self._url, config=self._config
            )
        return self._clients[service]
