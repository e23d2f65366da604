"""The first tables: interviews, their events, and the client keys that make retries idempotent."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "interviews",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("header", sa.Text, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("interview", sa.String, sa.ForeignKey("interviews.id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("v", sa.Integer, nullable=False),
        sa.Column("cause", sa.BigInteger),
        sa.Column("payload", sa.Text),
        sa.Column("salt", sa.String),
        sa.Column("payload_hash", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.Column("client_id", sa.String),
        sa.Column("client_seq", sa.BigInteger),
    )
    op.create_index("ix_events_client", "events", ["interview", "client_id", "client_seq"])
    op.create_table(
        "client_keys",
        sa.Column("interview", sa.String, sa.ForeignKey("interviews.id"), primary_key=True),
        sa.Column("client_id", sa.String, primary_key=True),
        sa.Column("client_seq", sa.BigInteger, primary_key=True, autoincrement=False),
    )
