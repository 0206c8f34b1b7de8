import pytest

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import Database, DatabaseSnapshot
from auditwright.integrations.aws import rds
from tests.integrations.aws.emulated import Account
from tests.integrations.aws.shapes import ACCOUNT, HOSTILE, captured, of_each, read, refused

ARN = f"arn:aws:rds:eu-west-1:{ACCOUNT}:"


def instance(**fields: object) -> Evidence:
    row = {
        "DBInstanceIdentifier": "orders",
        "DBInstanceArn": f"{ARN}db:orders",
        "Engine": "postgres",
        "Endpoint": {"Address": "orders.example", "Port": 5432},
        "PubliclyAccessible": False,
        "StorageEncrypted": True,
        "BackupRetentionPeriod": 7,
        "MultiAZ": True,
        "TagList": [{"Key": "env", "Value": HOSTILE}],
        **fields,
    }
    return captured(rds.INSTANCES, {"DBInstances": [row]})


def database(*found: Evidence | Gap) -> Database:
    (only,) = rds.normalize(read(*found))
    assert isinstance(only, Database)
    return only


def test_a_database_has_the_facts_of_its_own_answer() -> None:
    found = database(instance())
    assert found.id == f"{ARN}db:orders"
    assert (found.engine, found.port, found.publicly_accessible) == ("postgres", 5432, False)
    assert (found.encrypted, found.backup_retention_days, found.multi_zone) == (True, 7, True)
    assert found.tags == (("env", HOSTILE),)


def test_a_database_that_is_being_made_has_no_known_port() -> None:
    assert isinstance(database(instance(Endpoint=None)).port, Unknown)


def test_encryption_with_a_key_that_aws_owns_is_encryption() -> None:
    assert database(instance(StorageEncrypted=False, StorageEncryptionType="sse-rds")).encrypted is True
    assert database(instance(StorageEncrypted=False, StorageEncryptionType="none")).encrypted is False


MEMBER = instance(
    DBClusterIdentifier="main", Engine="aurora-postgresql", MultiAZ=False, BackupRetentionPeriod=1
)
CLUSTER = captured(
    rds.CLUSTERS,
    {
        "DBClusters": [
            {
                "DBClusterIdentifier": "main",
                "MultiAZ": True,
                "StorageEncrypted": False,
                "BackupRetentionPeriod": 35,
            }
        ]
    },
)


def test_backups_encryption_and_zones_of_a_member_are_those_of_its_cluster() -> None:
    found = database(MEMBER, CLUSTER)
    assert (found.encrypted, found.backup_retention_days, found.multi_zone) == (False, 35, True)
    assert found.evidence == (MEMBER.digest, CLUSTER.digest)
    assert found.publicly_accessible is False


def test_a_member_of_a_cluster_that_cannot_be_seen_is_unknown() -> None:
    for found, why in (
        (database(MEMBER, refused(rds.CLUSTERS)), "AccessDenied"),
        (database(MEMBER), "not asked"),
    ):
        assert isinstance(found.encrypted, Unknown)
        assert why in found.encrypted.why
        assert isinstance(found.backup_retention_days, Unknown)
        assert isinstance(found.multi_zone, Unknown)


def test_clusters_are_asked_for_only_when_an_instance_is_in_one() -> None:
    assert rds.CLUSTERS.needed_when(read(MEMBER))
    assert not rds.CLUSTERS.needed_when(read(instance()))


def snapshot(name: str, **fields: object) -> dict[str, object]:
    return {
        "DBSnapshotIdentifier": name,
        "DBSnapshotArn": f"{ARN}snapshot:{name}",
        "DBInstanceIdentifier": "orders",
        "SnapshotType": "manual",
        "Encrypted": False,
        "SnapshotCreateTime": 1_700_000_000.0,
        **fields,
    }


def attributes(name: str, *accounts: str) -> tuple[dict[str, str], dict[str, object]]:
    return (
        {"DBSnapshotIdentifier": name},
        {
            "DBSnapshotAttributesResult": {
                "DBSnapshotIdentifier": name,
                "DBSnapshotAttributes": [
                    {"AttributeName": "restore", "AttributeValues": list(accounts)},
                ],
            }
        },
    )


SNAPSHOTS = captured(
    rds.SNAPSHOTS,
    {
        "DBSnapshots": [
            snapshot("open"),
            snapshot("shared"),
            snapshot("secret", Encrypted=True),
            snapshot("rds:nightly", SnapshotType="automated"),
        ]
    },
)


def snapshots(*found: Evidence | Gap) -> dict[str, DatabaseSnapshot]:
    return {one.name: one for one in rds.normalize(read(*found)) if isinstance(one, DatabaseSnapshot)}


def test_only_snapshots_that_can_be_public_are_asked_about() -> None:
    asked = [ask.parameters for ask in rds.ATTRIBUTES.asks(read(SNAPSHOTS))]
    assert asked == [{"DBSnapshotIdentifier": "open"}, {"DBSnapshotIdentifier": "shared"}]


def test_a_snapshot_that_all_may_restore_is_public() -> None:
    grants = of_each(
        rds.ATTRIBUTES, attributes("open", "210987654321", "all"), attributes("shared", "210987654321")
    )
    found = snapshots(SNAPSHOTS, grants)
    assert {name: one.public for name, one in found.items()} == {
        "open": True,
        "shared": False,
        "secret": False,
        "rds:nightly": False,
    }
    assert found["open"].evidence == (SNAPSHOTS.digest, grants.digest)
    assert found["open"].database == f"{ARN}db:orders"
    assert found["secret"].encrypted is True


def test_a_snapshot_whose_attributes_are_refused_is_unknown() -> None:
    found = snapshots(
        SNAPSHOTS, of_each(rds.ATTRIBUTES, attributes("open", "all")), refused(rds.ATTRIBUTES, "shared")
    )
    assert found["open"].public is True
    unknown = found["shared"].public
    assert isinstance(unknown, Unknown)
    assert "rds:DescribeDBSnapshotAttributes of shared" in unknown.why


@pytest.mark.parametrize(("accounts", "public"), [(["all"], True), ([], False)])
def test_snapshots_of_clusters_are_read_alike(accounts: list[str], *, public: bool) -> None:
    listing = captured(
        rds.CLUSTER_SNAPSHOTS,
        {
            "DBClusterSnapshots": [
                {
                    "DBClusterSnapshotIdentifier": "keep",
                    "DBClusterSnapshotArn": f"{ARN}cluster-snapshot:keep",
                    "DBClusterIdentifier": "main",
                    "SnapshotType": "manual",
                    "StorageEncrypted": False,
                }
            ]
        },
    )
    grants = of_each(
        rds.CLUSTER_ATTRIBUTES,
        (
            {"DBClusterSnapshotIdentifier": "keep"},
            {
                "DBClusterSnapshotAttributesResult": {
                    "DBClusterSnapshotAttributes": [{"AttributeName": "restore", "AttributeValues": accounts}]
                }
            },
        ),
    )
    found = snapshots(listing, grants)["keep"]
    assert found.public is public
    assert found.database == f"{ARN}cluster:main"
    assert isinstance(found.created_at, Unknown)


def test_live_databases_and_snapshots(aws: str) -> None:
    account = Account(url=aws)
    password = "long-enough-for-rds"  # noqa: S105  # of an emulated database
    common = {"MasterUsername": "root", "MasterUserPassword": password}
    account.do(
        "rds",
        "CreateDBInstance",
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=10,
        PubliclyAccessible=True,
        BackupRetentionPeriod=0,
        StorageEncrypted=False,
        Tags=[{"Key": "env", "Value": "prod"}],
        **common,
    )
    account.do(
        "rds",
        "CreateDBCluster",
        DBClusterIdentifier="main",
        Engine="aurora-postgresql",
        BackupRetentionPeriod=14,
        **common,
    )
    account.do(
        "rds",
        "CreateDBInstance",
        DBInstanceIdentifier="member",
        DBInstanceClass="db.r5.large",
        Engine="aurora-postgresql",
        DBClusterIdentifier="main",
    )
    for name in ("open", "closed"):
        account.do("rds", "CreateDBSnapshot", DBInstanceIdentifier="orders", DBSnapshotIdentifier=name)
    account.do(
        "rds",
        "ModifyDBSnapshotAttribute",
        DBSnapshotIdentifier="open",
        AttributeName="restore",
        ValuesToAdd=["all"],
    )
    account.do(
        "rds", "CreateDBClusterSnapshot", DBClusterIdentifier="main", DBClusterSnapshotIdentifier="whole"
    )
    found = account.only(rds.STREAM)
    databases = {one.name: one for one in found if isinstance(one, Database)}
    orders, member = databases["orders"], databases["member"]
    assert (orders.publicly_accessible, orders.encrypted, orders.backup_retention_days) == (True, False, 0)
    assert (orders.port, orders.tags) == (5432, (("env", "prod"),))
    assert member.backup_retention_days == 14
    public = {one.name: one.public for one in found if isinstance(one, DatabaseSnapshot)}
    assert (public["open"], public["closed"], public["whole"]) == (True, False, False)
