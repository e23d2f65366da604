"""What assistants reached alone, in the database of the interviews.

Owns reading and adding to it. Invariant: attempts are only added, never replaced: who tries again until it suits makes the mean
surer, not better. Leaves out what they mean (``interviews.baseline``).
"""

from __future__ import annotations

import sqlalchemy as sa

from interviews.baseline import Baseline
from interviews.errors import PlatformFailure
from interviews.store import tables as t
from interviews.store.engine import begin_writing, reason

_KEY = ("exercise", "version", "sha256", "provider", "model")


class Baselines:
    """The baselines in one database. Every method raises ``PlatformFailure`` where it does not answer."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def all(self, exercise: str = "") -> list[Baseline]:
        """Of that exercise, or of every one; the newest version's last."""
        query = sa.select(t.baselines).order_by(*(t.baselines.c[name] for name in _KEY))
        if exercise:
            query = query.where(t.baselines.c.exercise == exercise)
        try:
            with self._engine.connect() as connection:
                return [_read(row) for row in connection.execute(query)]
        except sa.exc.SQLAlchemyError as error:
            raise _unreachable(error) from None

    def find(self, exercise: str, sha256: str, provider: str, model: str) -> Baseline | None:
        """That of one model at this very content of an exercise."""
        found = [
            one for one in self.all(exercise) if (one.sha256, one.provider, one.model) == (sha256, provider, model)
        ]
        return found[-1] if found else None

    def add(self, new: Baseline) -> Baseline:
        """Keep its attempts beside those known; returns all of them."""
        same = sa.and_(*(t.baselines.c[name] == getattr(new, name) for name in _KEY))
        try:
            with self._engine.connect() as connection:
                begin_writing(connection)
                row = connection.execute(sa.select(t.baselines).where(same).with_for_update()).one_or_none()
                whole = new.model_copy(update={"attempts": (*(_read(row).attempts if row else ()), *new.attempts)})
                written = {"baseline": whole.model_dump_json()}
                key = {name: getattr(new, name) for name in _KEY}
                change = t.baselines.update().where(same) if row else t.baselines.insert().values(key)
                connection.execute(change.values(written))
                connection.commit()
        except sa.exc.SQLAlchemyError as error:
            raise _unreachable(error) from None
        return whole


def _read(row: sa.Row[tuple[object, ...]]) -> Baseline:
    return Baseline.model_validate_json(row.baseline)


def _unreachable(error: sa.exc.SQLAlchemyError) -> PlatformFailure:
    return PlatformFailure("The database does not answer: %(why)s", why=reason(error))
