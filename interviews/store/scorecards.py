"""Scorecards under other rubrics, in the database of the interviews; and reading what is scored.

Owns keeping them, and the reading of a stored log that checks its chain on the way. Invariant: nothing is replaced; what was
scored before something was taken out of a log is not kept, and what is kept goes in the transaction that takes it out (``sql``).
One row after another is read, so that a log of any length takes no more memory than is made of it. Leaves out scoring.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import orjson
import sqlalchemy as sa

from interviews.chain import genesis, require_next
from interviews.errors import LogCorrupt, PlatformFailure
from interviews.events import Header, Json, Record
from interviews.log import OVER, SCORED
from interviews.scorecards import TAKEN, Kept, current
from interviews.store import queries as q
from interviews.store import tables as t
from interviews.store.engine import begin_writing, reason

_ROWS_AT_ONCE = 500
_ALL = sa.select(t.interviews.c.id).order_by(t.interviews.c.created_at_ms, t.interviews.c.id)
_FINISHED = (
    sa.select(t.interviews.c.id)
    .where(
        # Written out, for only so does a partial index serve.
        sa.exists().where(t.events.c.interview == t.interviews.c.id, t.events.c.type == sa.literal_column(f"'{OVER}'"))
    )
    .order_by(t.interviews.c.created_at_ms, t.interviews.c.id)
)
_TAKEN = sa.select(sa.func.max(t.events.c.seq)).where(
    t.events.c.interview == sa.bindparam("name"), t.events.c.type.in_(sorted(TAKEN))
)
_WITHDRAWN = sa.select(sa.func.max(t.events.c.seq)).where(
    t.events.c.interview == sa.bindparam("name"), t.events.c.type == "consent.withdrawn"
)
_RECORDED = (
    sa.select(t.events.c.payload)
    .where(t.events.c.interview == sa.bindparam("name"), t.events.c.type == SCORED, t.events.c.payload.is_not(None))
    .order_by(t.events.c.seq.desc())
    .limit(1)
)


class Scorecards:
    """The scorecards in one database. Every method raises ``PlatformFailure`` where it does not answer."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def interviews(self) -> list[str]:
        """Ids of all interviews, oldest first; also of one whose header cannot be read."""
        with self._reading() as connection:
            return list(connection.execute(_ALL).scalars())

    def finished(self) -> list[str]:
        """Ids of the interviews that are over, oldest first."""
        with self._reading() as connection:
            return list(connection.execute(_FINISHED).scalars())

    def header(self, interview: str) -> Header:
        """Raises ``NotFound``, and ``LogCorrupt`` for one that a newer version wrote."""
        with self._reading() as connection:
            text = connection.execute(
                sa.select(t.interviews.c.header).where(t.interviews.c.id == interview)
            ).scalar_one_or_none()
        if text is None:
            raise q.unknown(interview)
        return q.header(text)

    def recorded(self, interview: str) -> dict[str, Json] | None:
        """The newest scorecard in the interview's own log; None where there is none, or it is no longer to be shown."""
        with self._reading() as connection:
            found = connection.execute(_RECORDED, {"name": interview}).first()
            withdrawn = connection.execute(_WITHDRAWN, {"name": interview}).scalar_one() or 0
        if found is None:
            return None
        # As ``visibility.outdated``.
        card: dict[str, Json] = json.loads(found.payload)["scorecard"]
        log = card.get("log")
        return card if isinstance(log, dict) and int(log.get("events", 0)) >= withdrawn else None

    def records(self, header: Header) -> Iterator[Record]:
        """The log's records, each checked to follow from those before it. Raises ``LogCorrupt`` at one that does not."""
        previous = genesis(header)
        asked = {"name": header.id, "first": 1, "last": q.MAX_SEQ}
        with (
            self._reading() as connection,
            connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(q.RECORDS, asked) as rows,
        ):
            for count, (seq, at_ms, actor, type_, v, cause, text, salt, payload_hash, hash_) in enumerate(
                rows, start=1
            ):
                try:
                    payload = None if text is None else orjson.loads(text)
                except ValueError:
                    raise LogCorrupt("The content of event %(seq)d is not what was recorded", seq=seq) from None
                record = Record.trusted(
                    seq=seq, at_ms=at_ms, actor=actor, type=type_, v=v, cause=cause, payload=payload, salt=salt,
                    payload_hash=payload_hash, hash=hash_,
                )  # fmt: skip
                require_next(previous, count, record, text)
                previous = hash_
                yield record

    def of(self, interview: str) -> list[Kept]:
        """Of each rubric the newest, in the order in which they were scored; none from before something was taken out."""
        query = sa.select(t.scorecards).where(t.scorecards.c.interview == interview)
        with self._reading() as connection:
            taken = connection.execute(_TAKEN, {"name": interview}).scalar_one() or 0
            return current([_read(row) for row in connection.execute(query)], taken)

    def add(self, cards: Sequence[Kept]) -> list[str]:
        """Keep them, in one transaction; one that is there already stays. Returns ids of the interviews from whose log something
        was taken out since: their scorecards are not kept."""
        late: list[str] = []
        with self._reading() as connection:
            begin_writing(connection)
            names = sorted({card.interview for card in cards})
            # Locked, so that nothing is taken out of any of them meanwhile.
            q.LOCKED.of(connection, names).all()
            for card in cards:
                taken = connection.execute(_TAKEN, {"name": card.interview}).scalar_one() or 0
                if card.events < taken:
                    late.append(card.interview)
                    continue
                same = (
                    t.scorecards.c.interview == card.interview,
                    t.scorecards.c.rubric_sha256 == card.rubric_sha256,
                    t.scorecards.c.head_hash == card.head_hash,
                )
                if connection.execute(sa.select(q.ONE).where(*same)).first() is None:
                    row = card.model_dump(exclude={"scorecard"})
                    row["scorecard"] = json.dumps(card.scorecard, ensure_ascii=False)
                    connection.execute(t.scorecards.insert().values(row))
            connection.commit()
        return late

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise PlatformFailure("The database does not answer: %(why)s", why=reason(error)) from None


def _read(row: sa.Row[tuple[object, ...]]) -> Kept:
    return Kept(
        interview=row.interview, rubric_sha256=row.rubric_sha256, head_hash=row.head_hash, events=row.events,
        scored_at_ms=row.scored_at_ms, scorecard=json.loads(row.scorecard),
    )  # fmt: skip
