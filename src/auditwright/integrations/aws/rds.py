"""Amazon RDS, with Aurora, Neptune and DocumentDB, which answer through the same API: databases and snapshots."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import Database, DatabaseSnapshot
from auditwright.integrations.aws.absence import unseen, whole
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing
from auditwright.integrations.aws.reading import Answers, Row

INSTANCES: Final = Listing(
    service="rds", method="DescribeDBInstances", items=("DBInstances",), lists=(Database,)
)
CLUSTERS: Final = Listing(
    service="rds",
    method="DescribeDBClusters",
    items=("DBClusters",),
    needed_when=lambda answers: any(row.has("DBClusterIdentifier") for row in answers.items(INSTANCES)),
    facts_only=True,
)
"""Backups, encryption and zones of a cluster's members are settings of the cluster."""
SNAPSHOTS: Final = Listing(
    service="rds", method="DescribeDBSnapshots", items=("DBSnapshots",), lists=(DatabaseSnapshot,)
)
"""Without a type: automated and manual ones of the account, not those that others share."""
CLUSTER_SNAPSHOTS: Final = Listing(
    service="rds",
    method="DescribeDBClusterSnapshots",
    items=("DBClusterSnapshots",),
    lists=(DatabaseSnapshot,),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How snapshots of instances and of clusters differ in their answers."""

    listing: Listing
    name: str
    arn: str
    of: str
    resource: str
    """The part of a database's ARN before its name."""
    encrypted: str
    result: str
    attributes: str

    def asks(self, answers: Answers) -> Iterator[Ask]:
        for row in answers.items(self.listing):
            if self.may_be_public(row):
                yield Ask(parameters={self.name: row.required_text(self.name)})

    def may_be_public(self, row: Row) -> bool:
        # RDS ModifyDBSnapshotAttribute: only manual snapshots are shared, and encrypted ones never with all.
        return (
            row.text_or_none("SnapshotType") in {None, "manual"}
            and _encrypted(row, self.encrypted) is not True
        )


_OF_INSTANCE: Final = _Form(
    listing=SNAPSHOTS,
    name="DBSnapshotIdentifier",
    arn="DBSnapshotArn",
    of="DBInstanceIdentifier",
    resource="db",
    encrypted="Encrypted",
    result="DBSnapshotAttributesResult",
    attributes="DBSnapshotAttributes",
)
_OF_CLUSTER: Final = _Form(
    listing=CLUSTER_SNAPSHOTS,
    name="DBClusterSnapshotIdentifier",
    arn="DBClusterSnapshotArn",
    of="DBClusterIdentifier",
    resource="cluster",
    encrypted="StorageEncrypted",
    result="DBClusterSnapshotAttributesResult",
    attributes="DBClusterSnapshotAttributes",
)

ATTRIBUTES: Final = Detail(service="rds", method="DescribeDBSnapshotAttributes", asks=_OF_INSTANCE.asks)
CLUSTER_ATTRIBUTES: Final = Detail(
    service="rds", method="DescribeDBClusterSnapshotAttributes", asks=_OF_CLUSTER.asks
)


def normalize(answers: Answers) -> Iterator[Resource]:
    """Database instances, and the snapshots of instances and clusters, of one region."""
    clusters = {row.required_text("DBClusterIdentifier"): row for row in answers.items(CLUSTERS)}
    for row in answers.items(INSTANCES):
        yield _database(answers, row, clusters)
    for row in answers.items(SNAPSHOTS):
        yield _snapshot(answers, row, _OF_INSTANCE, ATTRIBUTES)
    for row in answers.items(CLUSTER_SNAPSHOTS):
        yield _snapshot(answers, row, _OF_CLUSTER, CLUSTER_ATTRIBUTES)


def _database(answers: Answers, row: Row, clusters: Mapping[str, Row]) -> Database:
    name = row.required_text("DBInstanceIdentifier")
    holder = _holder(answers, row, clusters)
    seen = () if isinstance(holder, Unknown) or holder is row else (holder.digest,)
    endpoint = row.row("Endpoint")
    return Database(
        id=ResourceId(row.text_or_none("DBInstanceArn") or answers.arn("rds", f"db:{name}")),
        name=name,
        scope=answers.scope,
        evidence=(row.digest, *seen),
        engine=row.text_or_none("Engine") or "",
        # While an instance is being made it has no endpoint yet.
        port=endpoint if isinstance(endpoint, Unknown) else endpoint.integer("Port"),
        publicly_accessible=row.boolean("PubliclyAccessible"),
        encrypted=holder if isinstance(holder, Unknown) else _encrypted(holder, "StorageEncrypted"),
        backup_retention_days=holder
        if isinstance(holder, Unknown)
        else holder.integer("BackupRetentionPeriod"),
        multi_zone=holder if isinstance(holder, Unknown) else holder.boolean("MultiAZ"),
        tags=row.tags("TagList"),
    )


def _holder(answers: Answers, row: Row, clusters: Mapping[str, Row]) -> Row | Unknown:
    """The answer that holds an instance's backup, encryption and zones: its own, or its cluster's."""
    cluster = row.text_or_none("DBClusterIdentifier")
    if cluster is None:
        return row
    found = clusters.get(cluster)
    if found is not None:
        return found
    missing = unseen(answers, CLUSTERS)
    return missing or Unknown(f"{CLUSTERS.name} does not list its cluster {cluster}")


def _snapshot(answers: Answers, row: Row, form: _Form, attributes: Detail) -> DatabaseSnapshot:
    name = row.required_text(form.name)
    of = row.text_or_none(form.of)
    kind: Literal["snapshot", "cluster-snapshot"] = "snapshot" if form is _OF_INSTANCE else "cluster-snapshot"
    public, grant = _public(answers, row, form, attributes)
    return DatabaseSnapshot(
        id=ResourceId(row.text_or_none(form.arn) or answers.arn("rds", f"{kind}:{name}")),
        name=name,
        scope=answers.scope,
        evidence=(row.digest, *grant),
        database=answers.arn("rds", f"{form.resource}:{of}") if of else "",
        encrypted=_encrypted(row, form.encrypted),
        public=public,
        created_at=row.moment("SnapshotCreateTime"),
    )


def _public(
    answers: Answers, row: Row, form: _Form, attributes: Detail
) -> tuple[bool | Unknown, tuple[Digest, ...]]:
    if not form.may_be_public(row):
        return False, ()
    answer = whole(answers, attributes, **{form.name: row.required_text(form.name)})
    if isinstance(answer, Unknown):
        return answer, ()
    result = answer.row(form.result)
    if isinstance(result, Unknown):
        return result, (answer.digest,)
    listed = result.rows(form.attributes)
    if isinstance(listed, Unknown):
        return listed, (answer.digest,)
    return (
        any(
            one.text_or_none("AttributeName") == "restore" and "all" in one.texts_or_empty("AttributeValues")
            for one in listed
        ),
        (answer.digest,),
    )


def _encrypted(row: Row, name: str) -> bool | Unknown:
    """Whether storage is encrypted; with a key that AWS owns, only the type says so and the flag is false."""
    kind = row.text_or_none("StorageEncryptionType")
    if kind is not None and kind.startswith("sse-"):
        return True
    return row.boolean(name)


STREAM: Final = AwsStream(
    id=StreamId("aws.rds"),
    title="RDS databases and their snapshots",
    regional=True,
    operations=(INSTANCES, CLUSTERS, SNAPSHOTS, CLUSTER_SNAPSHOTS, ATTRIBUTES, CLUSTER_ATTRIBUTES),
    emits=(Database, DatabaseSnapshot),
    normalize=normalize,
)
