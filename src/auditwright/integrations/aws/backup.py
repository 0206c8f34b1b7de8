"""AWS Backup: what it has backed up, and when last."""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import ResourceId, StreamId
from auditwright.core.resource import Resource
from auditwright.core.resources import BackupProtection
from auditwright.integrations.aws.operations import AwsStream, Listing
from auditwright.integrations.aws.reading import Answers, Row

LARGEST_PAGE: Final = 1000
"""AWS Backup lists at most 1,000 resources at once."""

PROTECTED: Final = Listing(
    service="backup", method="ListProtectedResources", items=("Results",), page_size=LARGEST_PAGE
)
CLUSTERS: Final = Listing(
    service="rds",
    method="DescribeDBClusters",
    items=("DBClusters",),
    needed_when=lambda answers: any(_is_cluster(row) for row in answers.items(PROTECTED)),
)
"""AWS Backup protects a cluster as a whole; its members are what databases are listed as."""


def normalize(answers: Answers) -> Iterator[Resource]:
    """What AWS Backup protects in one region; the members of a protected database cluster each by themselves."""
    clusters = {row.required_text("DBClusterArn"): row for row in answers.items(CLUSTERS)}
    for row in answers.items(PROTECTED):
        arn = row.required_text("ResourceArn")
        yield _protection(answers, row, arn)
        cluster = clusters.get(arn)
        if cluster is None:
            continue
        for member in cluster.rows_or_empty("DBClusterMembers"):
            name = member.required_text("DBInstanceIdentifier")
            yield _protection(answers, row, answers.arn("rds", f"db:{name}"), cluster)


def _protection(answers: Answers, row: Row, protects: str, cluster: Row | None = None) -> BackupProtection:
    return BackupProtection(
        id=ResourceId(f"backup:{protects}"),
        name=protects.rpartition(":")[2] if cluster else row.text_or_none("ResourceName") or protects,
        scope=answers.scope,
        evidence=(row.digest,) if cluster is None else (row.digest, cluster.digest),
        protects=protects,
        last_backup_at=row.moment("LastBackupTime"),
    )


def _is_cluster(row: Row) -> bool:
    return ":cluster:" in row.required_text("ResourceArn")


STREAM: Final = AwsStream(
    id=StreamId("aws.backup"),
    title="AWS Backup: protected resources",
    regional=True,
    operations=(PROTECTED, CLUSTERS),
    emits=(BackupProtection,),
    normalize=normalize,
)
