from datetime import UTC, datetime

from tests.integrations.aws.shapes import ACCOUNT, captured, read

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import BackupProtection
from auditwright.integrations.aws import backup

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
