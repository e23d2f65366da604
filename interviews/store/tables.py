"""The tables of the log, as the newest migration leaves them.

Invariant: a test compares them with what ``interviews/migrations`` makes. An interview's lease stands in its own row,
so that one row lock guards both. Leaves out their use.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()
interviews = sa.Table(
    "interviews",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("header", sa.Text, nullable=False),
    sa.Column("lease_owner", sa.String),
    sa.Column("lease_epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("lease_beat", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("lease_term_ms", sa.BigInteger, nullable=False, server_default="0"),
)
events = sa.Table(
    "events",
    metadata,
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
)
# Whether an interview is over is asked of all of them: one row each, not one an event.
sa.Index(
    "events_over",
    events.c.interview,
    sqlite_where=events.c.type == "debrief.shown",
    postgresql_where=events.c.type == "debrief.shown",
)
# Content that no event holds: the bytes of files that are no text, as they are now.
contents = sa.Table(
    "contents",
    metadata,
    sa.Column("interview", sa.String, sa.ForeignKey("interviews.id"), primary_key=True),
    sa.Column("sha256", sa.String, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
# What each client's message recorded: the events from ``first_seq`` to ``last_seq``, none where the last is smaller.
client_keys = sa.Table(
    "client_keys",
    metadata,
    sa.Column("interview", sa.String, sa.ForeignKey("interviews.id"), primary_key=True),
    sa.Column("client_id", sa.String, primary_key=True),
    sa.Column("client_seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
)
# What an assistant reached in an exercise without a candidate: the attempts of one model at one content of it, as JSON.
baselines = sa.Table(
    "baselines",
    metadata,
    sa.Column("exercise", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.String, primary_key=True),
    sa.Column("provider", sa.String, primary_key=True),
    sa.Column("model", sa.String, primary_key=True),
    sa.Column("baseline", sa.Text, nullable=False),
)
# What interviews were given again under other rubrics; the log holds its own. Gone with what is taken out of the log.
scorecards = sa.Table(
    "scorecards",
    metadata,
    sa.Column("interview", sa.String, sa.ForeignKey("interviews.id"), primary_key=True),
    sa.Column("rubric_sha256", sa.String, primary_key=True),
    sa.Column("head_hash", sa.String, primary_key=True),
    sa.Column("events", sa.BigInteger, nullable=False),
    sa.Column("scored_at_ms", sa.BigInteger, nullable=False),
    sa.Column("scorecard", sa.Text, nullable=False),
)
