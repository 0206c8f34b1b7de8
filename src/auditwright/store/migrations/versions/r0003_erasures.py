"""Add the tombstones of what was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A revision states its types for itself: later changes of the schema must not change what this one made.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "erasures",
        sa.Column("seq", _SEQ, sa.ForeignKey("leaves.seq"), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        *_texts("what"),
        sa.Column("at", sa.BigInteger, nullable=False),
        *_texts("actor", "actor_name", "reason", "replaced_by"),
        sa.Column("finished_at", sa.BigInteger, nullable=True),
    )
    op.create_index("erasures_by_digest", "erasures", ["digest", "seq"])
    op.create_index("erasures_unfinished", "erasures", ["finished_at"])
