"""Leases; and one place for client keys: each names the events it recorded, which events no longer do themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A key that recorded nothing has the empty range from 1 to 0.
RANGES = """
UPDATE client_keys SET
  first_seq = COALESCE((SELECT MIN(seq) FROM events e WHERE e.interview = client_keys.interview
    AND e.client_id = client_keys.client_id AND e.client_seq = client_keys.client_seq), 1),
  last_seq = COALESCE((SELECT MAX(seq) FROM events e WHERE e.interview = client_keys.interview
    AND e.client_id = client_keys.client_id AND e.client_seq = client_keys.client_seq), 0)
"""


def upgrade() -> None:
    """Add the columns, fill them, and drop what they replace."""
    op.add_column("interviews", sa.Column("lease_owner", sa.String))
    for name in ("lease_epoch", "lease_beat", "lease_term_ms"):
        op.add_column("interviews", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("client_keys", sa.Column("first_seq", sa.BigInteger))
    op.add_column("client_keys", sa.Column("last_seq", sa.BigInteger))
    op.execute(RANGES)
    with op.batch_alter_table("client_keys") as table:
        table.alter_column("first_seq", existing_type=sa.BigInteger(), nullable=False)
        table.alter_column("last_seq", existing_type=sa.BigInteger(), nullable=False)
    op.drop_index("ix_events_client", "events")
    with op.batch_alter_table("events") as table:
        table.drop_column("client_id")
        table.drop_column("client_seq")
