"""The tables of the records, one schema for SQLite and PostgreSQL.

The migrations make and change them; a test compares both, so that they cannot drift apart.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

METADATA = MetaData()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(at: datetime) -> int:
    """A time as microseconds since 1970, exactly: it sorts and compares as the time does."""
    assert at.tzinfo is not None, "a time without a zone"
    return (at - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The time that `to_microseconds` wrote."""
    return _EPOCH + timedelta(microseconds=value)


class Instant(TypeDecorator[datetime]):
    """A time in UTC, kept as microseconds in 64 bits: the same in both databases, exact, and sortable."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Write a time."""
        del dialect
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Read a time."""
        del dialect
        return None if value is None else from_microseconds(value)


class Sha256(TypeDecorator[str]):
    """A digest, kept as its 32 bytes: half of the hexadecimal text, in rows and in indexes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Write a digest."""
        del dialect
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Read a digest."""
        del dialect
        return None if value is None else value.hex()


def without_zero(text: str) -> str:
    """A text as PostgreSQL keeps it."""
    return text.replace("\0", "\ufffd") if "\0" in text else text


class Words(TypeDecorator[str]):
    """Text. PostgreSQL has none with U+0000, which a hostile name may hold: there U+FFFD stands in its place,
    in what is written and in what is compared with it.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        """SQLite compares text by code point; PostgreSQL does only under this collation. Python's order is the same."""
        return Text(collation="C") if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Write a text."""
        return value if value is None or dialect.name != "postgresql" else without_zero(value)


_TEXT = Words()

# SQLite aliases only `INTEGER PRIMARY KEY` to its row id; a BIGINT key would cost a second tree.
_SEQ: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")


def _text(name: str) -> Column[str]:
    return Column(name, _TEXT, nullable=False)


def _run(*, primary_key: bool = False) -> Column[str]:
    return Column("run", _TEXT, ForeignKey("runs.id"), primary_key=primary_key, nullable=False)


def _leaf() -> Column[int]:
    """The leaf that vouches for a row; without it the row is not accepted."""
    return Column("seq", _SEQ, ForeignKey("leaves.seq"), primary_key=True, autoincrement=False)


def _scope() -> tuple[Column[str], Column[str], Column[str]]:
    return _text("source"), _text("account"), _text("region")


LEAVES = Table(
    "leaves",
    METADATA,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("id", _TEXT, primary_key=True),
    _text("kind"),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    _text("state"),
    Column("program_sha256", Sha256, nullable=False),
    Column("planned", BigInteger),
)

JOBS = Table(
    "jobs",
    METADATA,
    _run(primary_key=True),
    Column("job", _TEXT, primary_key=True),
    _text("stream"),
    *_scope(),
    Column("finished_at", Instant, nullable=False),
    Column("complete", Boolean, nullable=False),
)

EVIDENCE = Table(
    "evidence",
    METADATA,
    _leaf(),
    _run(),
    _text("job"),
    _text("stream"),
    *_scope(),
    _text("operation"),
    _text("parameters"),
    _text("command"),
    _text("principal"),
    Column("collected_at", Instant, nullable=False),
    Column("effective_at", Instant, nullable=False),
    _text("collector"),
    Column("digest", Sha256, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Index("evidence_by_run", "run", "seq"),
    Index("evidence_by_digest", "digest"),
    Index("evidence_by_time", "collected_at", "seq"),
)

GAPS = Table(
    "gaps",
    METADATA,
    _leaf(),
    _run(),
    _text("job"),
    _text("stream"),
    *_scope(),
    _text("operation"),
    _text("reason"),
    _text("detail"),
    _text("remedy"),
    Column("hides_items", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    _text("subject"),
    Index("gaps_by_run", "run", "seq"),
)

RESULTS = Table(
    "results",
    METADATA,
    _leaf(),
    _run(),
    _text("test"),
    Column("concluded_at", Instant, nullable=False),
    _text("conclusion"),
    Column("satisfied", BigInteger, nullable=False),
    Column("deviations", BigInteger, nullable=False),
    Column("not_applicable", BigInteger, nullable=False),
    Column("undetermined", BigInteger, nullable=False),
    Column("gaps", BigInteger, nullable=False),
    Column("waived", BigInteger),
    Column("document", Sha256, nullable=False),
    Index("results_by_run", "run", "test", unique=True),
    Index("results_by_test", "test", "concluded_at"),
    Index("results_by_conclusion", "test", "conclusion", "concluded_at"),
)

FINDINGS = Table(
    "findings",
    METADATA,
    Column("test", _TEXT, primary_key=True),
    Column("item", _TEXT, primary_key=True),
    _text("name"),
    _text("account"),
    _text("region"),
    _text("what"),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("reopened", BigInteger, nullable=False),
    Index("findings_by_first_seen", "first_seen_at", "test", "item"),
    Index("findings_open", "closed_at", "first_seen_at", "test", "item"),
)

CLOSED_SPELLS = Table(
    "closed_spells",
    METADATA,
    Column("test", _TEXT, primary_key=True),
    Column("item", _TEXT, primary_key=True),
    Column("closed_at", Instant, primary_key=True),
    Column("reopened_at", Instant, nullable=False),
    Index("closed_spells_by_end", "reopened_at"),
)

TILES = Table(
    "tiles",
    METADATA,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("tile", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("id", _SEQ, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("signed_at", Instant, nullable=False),
    Column("timestamp", LargeBinary, nullable=False),
    Index("checkpoints_by_size", "size", "id"),
)


def _key(name: str) -> Column[str]:
    return Column(name, _TEXT, primary_key=True)


def _at(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, Instant, nullable=nullable)


def _sealed(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


ACCOUNTS = Table(
    "accounts",
    METADATA,
    _key("id"),
    _text("email"),
    _text("name"),
    _text("role"),
    _text("engagement"),
    _at("made_at"),
    _at("ended_at", nullable=True),
    _text("password"),
    _sealed("seed"),
    Column("step", BigInteger, nullable=False),
    Index("accounts_by_email", "email"),
)

ENGAGEMENTS = Table(
    "engagements",
    METADATA,
    _key("id"),
    _text("title"),
    _text("categories"),
    _at("starts_at"),
    _at("ends_at"),
    _at("made_at"),
)

PASSKEYS = Table(
    "passkeys",
    METADATA,
    _key("id"),
    _text("account"),
    _text("name"),
    _sealed("public_key"),
    Column("sign_count", BigInteger, nullable=False),
    _at("made_at"),
    _at("used_at", nullable=True),
    Index("passkeys_by_account", "account"),
)

RECOVERY_CODES = Table(
    "recovery_codes",
    METADATA,
    _key("account"),
    Column("digest", Sha256, primary_key=True),
    _at("used_at", nullable=True),
)

OUTSIDE_IDENTITIES = Table(
    "outside_identities",
    METADATA,
    _key("issuer"),
    _key("subject"),
    _text("account"),
    _at("linked_at"),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("digest", Sha256, primary_key=True),
    _text("account"),
    _text("method"),
    _text("address"),
    _text("agent"),
    _at("started_at"),
    _at("seen_at"),
    _at("proved_at"),
    _at("ends_at"),
    _at("ended_at", nullable=True),
    Index("sessions_by_account", "account"),
)

INVITATIONS = Table(
    "invitations",
    METADATA,
    Column("digest", Sha256, primary_key=True),
    _text("email"),
    _text("name"),
    _text("role"),
    _text("engagement"),
    _text("made_by"),
    _at("made_at"),
    _at("ends_at"),
    _at("used_at", nullable=True),
    _at("ended_at", nullable=True),
)

API_TOKENS = Table(
    "api_tokens",
    METADATA,
    Column("digest", Sha256, primary_key=True),
    _text("id"),
    _text("account"),
    _text("name"),
    _text("scopes"),
    _at("made_at"),
    _at("ends_at"),
    _at("used_at", nullable=True),
    _at("ended_at", nullable=True),
)

ACTS = Table(
    "acts",
    METADATA,
    _leaf(),
    _at("at"),
    _text("actor"),
    _text("actor_name"),
    _text("verb"),
    _text("subject"),
    _text("detail"),
    _text("salt"),
    Index("acts_by_subject", "subject", "seq"),
)

ASSIGNMENTS = Table(
    "assignments",
    METADATA,
    _key("test"),
    _key("item"),
    Column("made_at", Instant, primary_key=True),
    _text("owner"),
    _at("due_at", nullable=True),
    _text("made_by"),
    _at("until", nullable=True),
    Index("assignments_by_owner", "owner"),
)

COMMENTS = Table(
    "comments",
    METADATA,
    _key("id"),
    _text("test"),
    _text("item"),
    _text("author"),
    _text("author_name"),
    _at("at"),
    _text("text"),
    Index("comments_by_finding", "test", "item", "at"),
)

WAIVER_REQUESTS = Table(
    "waiver_requests",
    METADATA,
    _key("id"),
    _text("test"),
    _text("items"),
    _text("reason"),
    _text("requested_by"),
    _text("requested_name"),
    _at("requested_at"),
    _at("ends_at"),
    _text("decision"),
    _text("decided_by"),
    _text("decided_name"),
    _at("decided_at", nullable=True),
    _text("note"),
    _at("ended_at", nullable=True),
    _text("ended_name"),
)

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    _key("id"),
    _text("url"),
    _text("form"),
    _sealed("secret"),
    _text("events"),
    _text("made_by"),
    _at("made_at"),
    _at("ended_at", nullable=True),
)

DELIVERIES = Table(
    "deliveries",
    METADATA,
    _key("id"),
    _text("webhook"),
    _text("event"),
    _text("subject"),
    _text("body"),
    _at("made_at"),
    Column("attempts", BigInteger, nullable=False),
    _at("next_at", nullable=True),
    _at("delivered_at", nullable=True),
    _text("problem"),
    Index("deliveries_by_next", "next_at"),
)
