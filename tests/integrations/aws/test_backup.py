from datetime import UTC, datetime

from auditwright.core.evidence import Evidence, Gap, GapReason
from auditwright.core.outcome import Unknown
from auditwright.core.resources import BackupProtection
from auditwright.integrations.aws import backup
from tests.integrations.aws.emulated import Account, says
from tests.integrations.aws.shapes import ACCOUNT, captured, read
from tests.simulators.aws_proxy import AwsProxy

VOLUME = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:volume/vol-1"
CLUSTER = f"arn:aws:rds:eu-west-1:{ACCOUNT}:cluster:main"


def protected(*rows: dict[str, object]) -> Evidence:
    return captured(backup.PROTECTED, {"Results": list(rows)})


def protections(*found: Evidence | Gap) -> dict[str, BackupProtection]:
    return {one.id: one for one in backup.normalize(read(*found)) if isinstance(one, BackupProtection)}


def test_a_protection_names_what_it_protects_and_when_last() -> None:
    listing = protected({"ResourceArn": VOLUME, "ResourceType": "EBS", "LastBackupTime": 1_700_000_000.5})
    (found,) = protections(listing).values()
    assert found.id == f"backup:{VOLUME}"
    assert found.protects == VOLUME
    assert found.last_backup_at == datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)
    assert found.evidence == (listing.digest,)


def test_a_protection_without_a_time_is_unknown() -> None:
    (found,) = protections(protected({"ResourceArn": VOLUME})).values()
    assert isinstance(found.last_backup_at, Unknown)


def test_the_members_of_a_protected_cluster_are_protected() -> None:
    listing = protected({"ResourceArn": CLUSTER, "ResourceType": "Aurora", "LastBackupTime": 1_700_000_000})
    clusters = captured(
        backup.CLUSTERS,
        {
            "DBClusters": [
                {
                    "DBClusterArn": CLUSTER,
                    "DBClusterMembers": [{"DBInstanceIdentifier": "one"}, {"DBInstanceIdentifier": "two"}],
                }
            ]
        },
    )
    found = protections(listing, clusters)
    assert list(found) == [
        f"backup:{CLUSTER}",
        f"backup:arn:aws:rds:eu-west-1:{ACCOUNT}:db:one",
        f"backup:arn:aws:rds:eu-west-1:{ACCOUNT}:db:two",
    ]
    assert found[f"backup:arn:aws:rds:eu-west-1:{ACCOUNT}:db:one"].evidence == (
        listing.digest,
        clusters.digest,
    )


def test_clusters_are_asked_for_only_when_one_is_protected() -> None:
    assert backup.CLUSTERS.needed_when(read(protected({"ResourceArn": CLUSTER})))
    assert not backup.CLUSTERS.needed_when(read(protected({"ResourceArn": VOLUME})))


def test_live_protections(proxy: AwsProxy) -> None:
    """The emulator does not know what is protected; the proxy answers, and the cluster is the emulator's."""
    account = Account(url=proxy.url)
    account.do(
        "rds",
        "CreateDBCluster",
        DBClusterIdentifier="main",
        Engine="aurora-postgresql",
        MasterUsername="root",
        MasterUserPassword="long-enough-for-rds",  # of an emulated database
    )
    account.do(
        "rds",
        "CreateDBInstance",
        DBInstanceIdentifier="one",
        DBInstanceClass="db.r5.large",
        Engine="aurora-postgresql",
        DBClusterIdentifier="main",
    )
    listed: dict[str, object] = {
        "Results": [{"ResourceArn": CLUSTER, "ResourceType": "Aurora", "LastBackupTime": 1_700_000_000}]
    }
    proxy.add(says(backup.PROTECTED, listed), service="backup")
    found = [one.id for one in account.only(backup.STREAM)]
    assert found == [f"backup:{CLUSTER}", f"backup:arn:aws:rds:eu-west-1:{ACCOUNT}:db:one"]


def test_live_an_unanswered_listing_is_a_gap_that_hides_protections(aws: str) -> None:
    found, gaps = Account(url=aws).collect(backup.STREAM)
    assert found == []
    assert [(gap.operation, gap.reason, gap.hides_items) for gap in gaps] == [
        ("backup:ListProtectedResources", GapReason.UNAVAILABLE, True)
    ]
