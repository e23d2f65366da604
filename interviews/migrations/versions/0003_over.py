"""An index that holds one row for each interview that is over."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    over = sa.text("type = 'debrief.shown'")
    op.create_index("events_over", "events", ["interview"], sqlite_where=over, postgresql_where=over)
