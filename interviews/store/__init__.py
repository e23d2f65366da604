"""The log in a database: SQLite by default, PostgreSQL by one setting, both through SQLAlchemy.

``open_engine`` opens a database and brings its schema up to date, ``SqlLog`` is the ``EventLog`` in it, ``Baselines`` what models
reached alone, ``Scorecards`` what interviews were given under other rubrics. Leaves out what the events mean.
"""

from interviews.store import backup
from interviews.store.baselines import Baselines
from interviews.store.engine import open_engine
from interviews.store.scorecards import Scorecards
from interviews.store.sql import Observer, SqlLog

__all__ = ["Baselines", "Observer", "Scorecards", "SqlLog", "backup", "open_engine"]
