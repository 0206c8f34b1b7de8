"""Where data lies: buckets, databases, tables, keys and certificates."""

from dataclasses import dataclass
from datetime import datetime

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAccessBlock:
    """The four switches of Amazon S3's public access block."""

    block_public_acls: bool
    ignore_public_acls: bool
    block_public_policy: bool
    restrict_public_buckets: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageBucket(Resource):
    """A bucket of objects."""

    region: str | Unknown
    block: PublicAccessBlock | Unknown | None
    """None where the bucket has no block of its own; the account's block still applies."""
    public_by_policy: bool | Unknown
    """The provider's own verdict on the bucket's policy, before any block; False where it has no policy."""
    public_by_acl: bool | Unknown
    """True where the access control list grants anything to everybody or to every signed-in AWS user."""
    tls_only: bool | Unknown
    """True where the policy denies every action on the bucket and its objects over plain HTTP."""
    policy: str | Unknown | None
    """The bucket's own policy document, whole; None where it has none."""
    tags: tuple[tuple[str, str], ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Database(Resource):
    """A managed relational database instance."""

    engine: str
    port: int | Unknown
    publicly_accessible: bool | Unknown
    encrypted: bool | Unknown
    backup_retention_days: int | Unknown
    multi_zone: bool | Unknown
    tags: tuple[tuple[str, str], ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSnapshot(Resource):
    """A manual or automatic snapshot of a managed database."""

    database: str
    encrypted: bool | Unknown
    public: bool | Unknown
    created_at: datetime | Unknown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Resource):
    """A table of a managed key-value database."""

    point_in_time_recovery: bool | Unknown
    tags: tuple[tuple[str, str], ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionKey(Resource):
    """A key of the cloud's key management service."""

    customer_managed: bool | Unknown
    enabled: bool | Unknown
    rotatable: bool | Unknown
    """True for symmetric keys whose material the cloud made; only those can rotate by themselves."""
    rotates: bool | Unknown
    policy: str | Unknown
    """The key's own policy document, whole; every key has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate(Resource):
    """A TLS certificate."""

    domain: str
    in_use: bool | Unknown
    expires_at: datetime | Unknown | None
    status: str | Unknown
    """The provider's word, such as ISSUED, PENDING_VALIDATION or EXPIRED."""
