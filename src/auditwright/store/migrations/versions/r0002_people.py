"""Add who has access, what people do, and what a run plans and waives."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A revision states its types for itself: later changes of the schema must not change what this one made.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, primary_key=True)


def _digest() -> sa.Column[bytes]:
    return sa.Column("digest", sa.LargeBinary, primary_key=True)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def upgrade() -> None:
    """Add the columns and tables."""
    op.add_column("runs", _number("planned", nullable=True))
    op.add_column("results", _number("waived", nullable=True))
    op.create_index("results_by_conclusion", "results", ["test", "conclusion", "concluded_at"])
    op.create_index("evidence_by_time", "evidence", ["collected_at", "seq"])
    op.create_index("findings_open", "findings", ["closed_at", "first_seen_at", "test", "item"])
    _findings()
    _people()
    _credentials()
    _acts()
    _outside()


def _findings() -> None:
    op.create_table(
        "closed_spells",
        _key("test"),
        _key("item"),
        sa.Column("closed_at", sa.BigInteger, primary_key=True, autoincrement=False),
        _number("reopened_at"),
    )
    op.create_index("closed_spells_by_end", "closed_spells", ["reopened_at"])


def _people() -> None:
    op.create_table(
        "accounts",
        _key("id"),
        *_texts("email", "name", "role", "engagement"),
        _number("made_at"),
        _number("ended_at", nullable=True),
        *_texts("password"),
        _bytes("seed"),
        _number("step"),
    )
    op.create_index("accounts_by_email", "accounts", ["email"])
    op.create_table(
        "engagements",
        _key("id"),
        *_texts("title", "categories"),
        _number("starts_at"),
        _number("ends_at"),
        _number("made_at"),
    )
    op.create_table(
        "invitations",
        _digest(),
        *_texts("email", "name", "role", "engagement", "made_by"),
        _number("made_at"),
        _number("ends_at"),
        _number("used_at", nullable=True),
        _number("ended_at", nullable=True),
    )


def _credentials() -> None:
    op.create_table(
        "passkeys",
        _key("id"),
        *_texts("account", "name"),
        _bytes("public_key"),
        _number("sign_count"),
        _number("made_at"),
        _number("used_at", nullable=True),
    )
    op.create_index("passkeys_by_account", "passkeys", ["account"])
    op.create_table("recovery_codes", _key("account"), _digest(), _number("used_at", nullable=True))
    op.create_table(
        "outside_identities", _key("issuer"), _key("subject"), *_texts("account"), _number("linked_at")
    )
    op.create_table(
        "sessions",
        _digest(),
        *_texts("account", "method", "address", "agent"),
        _number("started_at"),
        _number("seen_at"),
        _number("proved_at"),
        _number("ends_at"),
        _number("ended_at", nullable=True),
    )
    op.create_index("sessions_by_account", "sessions", ["account"])
    op.create_table(
        "api_tokens",
        _digest(),
        *_texts("id", "account", "name", "scopes"),
        _number("made_at"),
        _number("ends_at"),
        _number("used_at", nullable=True),
        _number("ended_at", nullable=True),
    )


def _acts() -> None:
    op.create_table(
        "acts",
        sa.Column("seq", _SEQ, sa.ForeignKey("leaves.seq"), primary_key=True, autoincrement=False),
        _number("at"),
        *_texts("actor", "actor_name", "verb", "subject", "detail", "salt"),
    )
    op.create_index("acts_by_subject", "acts", ["subject", "seq"])
    op.create_table(
        "assignments",
        _key("test"),
        _key("item"),
        sa.Column("made_at", sa.BigInteger, primary_key=True, autoincrement=False),
        *_texts("owner"),
        _number("due_at", nullable=True),
        *_texts("made_by"),
        _number("until", nullable=True),
    )
    op.create_index("assignments_by_owner", "assignments", ["owner"])
    op.create_table(
        "comments",
        _key("id"),
        *_texts("test", "item", "author", "author_name"),
        _number("at"),
        *_texts("text"),
    )
    op.create_index("comments_by_finding", "comments", ["test", "item", "at"])
    op.create_table(
        "waiver_requests",
        _key("id"),
        *_texts("test", "items", "reason", "requested_by", "requested_name"),
        _number("requested_at"),
        _number("ends_at"),
        *_texts("decision", "decided_by", "decided_name"),
        _number("decided_at", nullable=True),
        *_texts("note"),
        _number("ended_at", nullable=True),
        *_texts("ended_name"),
    )


def _outside() -> None:
    op.create_table(
        "webhooks",
        _key("id"),
        *_texts("url", "form"),
        _bytes("secret"),
        *_texts("events", "made_by"),
        _number("made_at"),
        _number("ended_at", nullable=True),
    )
    op.create_table(
        "deliveries",
        _key("id"),
        *_texts("webhook", "event", "subject", "body"),
        _number("made_at"),
        _number("attempts"),
        _number("next_at", nullable=True),
        _number("delivered_at", nullable=True),
        *_texts("problem"),
    )
    op.create_index("deliveries_by_next", "deliveries", ["next_at"])
