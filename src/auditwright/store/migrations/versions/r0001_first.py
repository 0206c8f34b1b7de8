"""Make the first tables: the log's leaves and tiles, runs and what they leave, findings, checkpoints."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A revision states its types for itself: later changes of the schema must not change what this one made.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=False)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _run() -> sa.Column[str]:
    return sa.Column("run", _TEXT, sa.ForeignKey("runs.id"), nullable=False)


def _leaf() -> sa.Column[int]:
    return sa.Column("seq", _SEQ, sa.ForeignKey("leaves.seq"), primary_key=True, autoincrement=False)


def _scope() -> tuple[sa.Column[str], sa.Column[str], sa.Column[str]]:
    return _text("source"), _text("account"), _text("region")


def upgrade() -> None:
    """Make the tables."""
    _log()
    _runs()
    _collected()
    _concluded()


def _log() -> None:
    op.create_table(
        "leaves",
        sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
        _bytes("leaf"),
        _bytes("hash"),
    )
    op.create_table(
        "tiles",
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("tile", sa.BigInteger, primary_key=True, autoincrement=False),
        _bytes("hashes"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("id", _SEQ, primary_key=True),
        _number("size"),
        _bytes("root"),
        _bytes("note"),
        _number("signed_at"),
        _bytes("timestamp"),
    )
    op.create_index("checkpoints_by_size", "checkpoints", ["size", "id"])


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", _TEXT, primary_key=True),
        _text("kind"),
        _number("started_at"),
        _number("finished_at", nullable=True),
        _text("state"),
        _bytes("program_sha256"),
    )
    op.create_table(
        "jobs",
        sa.Column("run", _TEXT, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("job", _TEXT, primary_key=True),
        _text("stream"),
        *_scope(),
        _number("finished_at"),
        sa.Column("complete", sa.Boolean, nullable=False),
    )


def _collected() -> None:
    op.create_table(
        "evidence",
        _leaf(),
        _run(),
        _text("job"),
        _text("stream"),
        *_scope(),
        _text("operation"),
        _text("parameters"),
        _text("command"),
        _text("principal"),
        _number("collected_at"),
        _number("effective_at"),
        _text("collector"),
        _bytes("digest"),
        _number("size_bytes"),
    )
    op.create_index("evidence_by_run", "evidence", ["run", "seq"])
    op.create_index("evidence_by_digest", "evidence", ["digest"])
    op.create_table(
        "gaps",
        _leaf(),
        _run(),
        _text("job"),
        _text("stream"),
        *_scope(),
        _text("operation"),
        _text("reason"),
        _text("detail"),
        _text("remedy"),
        sa.Column("hides_items", sa.Boolean, nullable=False),
        _number("at"),
        _text("subject"),
    )
    op.create_index("gaps_by_run", "gaps", ["run", "seq"])


def _concluded() -> None:
    op.create_table(
        "results",
        _leaf(),
        _run(),
        _text("test"),
        _number("concluded_at"),
        _text("conclusion"),
        _number("satisfied"),
        _number("deviations"),
        _number("not_applicable"),
        _number("undetermined"),
        _number("gaps"),
        _bytes("document"),
    )
    op.create_index("results_by_run", "results", ["run", "test"], unique=True)
    op.create_index("results_by_test", "results", ["test", "concluded_at"])
    op.create_table(
        "findings",
        sa.Column("test", _TEXT, primary_key=True),
        sa.Column("item", _TEXT, primary_key=True),
        _text("name"),
        _text("account"),
        _text("region"),
        _text("what"),
        _number("first_seen_at"),
        _number("last_seen_at"),
        _number("closed_at", nullable=True),
        _number("reopened"),
    )
    op.create_index("findings_by_first_seen", "findings", ["first_seen_at", "test", "item"])
