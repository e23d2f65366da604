"""Scorecards that stored interviews were given under other rubrics."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "scorecards",
        sa.Column("interview", sa.String, sa.ForeignKey("interviews.id"), primary_key=True),
        sa.Column("rubric_sha256", sa.String, primary_key=True),
        sa.Column("head_hash", sa.String, primary_key=True),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("scored_at_ms", sa.BigInteger, nullable=False),
        sa.Column("scorecard", sa.Text, nullable=False),
    )
