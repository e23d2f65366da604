"""The rubric port: what a signal is given and what it answers.

Owns the value types of scoring, the scorecard's form and the port of exports. Invariant: a signal is a pure function
of the log; every number it yields names the events that are its evidence. Leaves out posteriors and levels
(``scoring``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, Literal, Protocol

from interviews.chain import genesis
from interviews.events import ConsentGiven, Event, Header, KeyRecorded, Record, Value, understand
from rubrics.facts import Facts, gather

Status = Literal["observed", "not_observed", "cannot_tell"]


@dataclass(frozen=True)
class LogView:
    """What a signal reads: header and understood events, in order, with interviewer's rights.

    ``head_hash`` is the chain hash of the last record, of the header where there is none.
    """

    header: Header
    events: Sequence[Event]
    head_hash: str = ""

    @classmethod
    def of(cls, header: Header, records: Iterable[Record]) -> LogView:
        """The view of stored records. Raises ``LogCorrupt`` for an event that cannot be understood."""
        kept = list(records)
        return cls(header, [understand(record) for record in kept], kept[-1].hash if kept else genesis(header))

    @cached_property
    def facts(self) -> Facts:
        """The same events, looked up by what they are about."""
        return gather(self.events)

    @cached_property
    def plants(self) -> bool:
        """Whether planted mistakes may count: the candidate agreed to meet them, and did not take back what they say."""
        return not any(
            event.type == "consent.withdrawn" or (isinstance(event.data, ConsentGiven) and not event.data.plants)
            for event in self.events
        )

    @cached_property
    def bare(self) -> LogView:
        """An interview in which there was no chance to show anything, for a reading in the words of that."""
        key = KeyRecorded(requirements=(), defects=(), brief_shared=False)
        return LogView(self.header, [Event(seq=1, at_ms=0, actor="system", type=key.type, cause=None, data=key)])


@dataclass(frozen=True)
class Opportunity:
    """One chance to show the behaviour: whether it was shown, and the events that say so (at least one).

    Not ``known``: what would tell was withheld, or has not happened yet. Then only counts are given, no value.
    """

    hit: bool
    evidence: tuple[int, ...]
    known: bool = True


@dataclass(frozen=True)
class Note:
    """A sentence with ``%(name)s`` placeholders and what fills them; the sentence alone is translated."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Share:
    """Hits among like opportunities, scored by a beta-binomial posterior.

    ``explanation`` may use ``%(hits)d`` and ``%(n)d``. No opportunities: not observed, and the explanation says why. ``planted``:
    it tells what became of planted mistakes, which a candidate may take back.
    """

    opportunities: tuple[Opportunity, ...]
    explanation: str
    planted: bool = False


@dataclass(frozen=True)
class Detection:
    """Verdicts on hunks of known quality: ``defective`` hits are rightly named faults, ``good`` hits are false alarms.

    ``explanation`` may use ``%(hits)d``, ``%(defective)d``, ``%(alarms)d`` and ``%(good)d``; else as in ``Share``.
    """

    defective: tuple[Opportunity, ...]
    good: tuple[Opportunity, ...]
    explanation: str
    planted: bool = True


Reading = Share | Detection


class Signal(Protocol):
    """One measure; a file in ``rubrics/signals/`` with a module-level ``signal: Signal``. Its file name is its id."""

    def read(self, log: LogView) -> Reading:
        """Pure; never raises on a well-formed log, however short."""
        ...


class RubricRef(Value):
    """Which rubric scored: ``sha256`` covers its YAML, priors included."""

    id: str
    version: int
    sha256: str


class LogRef(Value):
    """Which log was scored."""

    interview: str
    events: int
    head_hash: str


class IndicatorScore(Value):
    """One indicator. ``value`` is a share in [0, 1] or null; ``ci95`` its posterior interval; ``level`` 1-5 or null."""

    id: str
    value: float | None
    level: int | None
    ci95: tuple[float, float] | None
    n: int
    status: Status
    source: Literal["signal", "judge", "human"]
    evidence: tuple[int, ...]
    explanation: str


class DimensionScore(Value):
    """One dimension over its indicators. ``score`` in [0, 1] or null."""

    id: str
    score: float | None
    ci95: tuple[float, float] | None
    n: int
    status: Status
    explanation: str
    indicators: tuple[IndicatorScore, ...]


class Outcome(Value):
    """What was handed in: of ``total`` hidden tests, planted mistakes' left out, ``passed`` did; ``share`` in [0, 1].

    ``baseline`` is the mean share that the assistant reaches alone, over ``runs``, with its 95 % interval, and ``lift`` what
    ``share`` is more or less, in [-1, 1]; all null where nobody tried. ``decayed``: the assistant solves the exercise alone.
    """

    passed: int
    total: int
    share: float
    baseline: float | None = None
    baseline_ci95: tuple[float, float] | None = None
    runs: int = 0
    lift: float | None = None
    lift_ci95: tuple[float, float] | None = None
    decayed: bool = False
    evidence: tuple[int, ...]
    explanation: str


class Scorecard(Value):
    """The whole proposal to a human, as exported. ``outcome`` stands beside the dimensions and is part of none."""

    rubric: RubricRef
    log: LogRef
    dimensions: tuple[DimensionScore, ...]
    flags: tuple[str, ...] = ()
    outcome: Outcome | None = None


class Export(Protocol):
    """One form a record leaves in; a file in ``rubrics/exports/`` with a module-level ``export: Export``.

    Its file name is its id. ``scored``: it needs a scorecard.
    """

    name: str
    media_type: str
    suffix: str
    scored: bool

    def write(
        self, out: IO[str], header: Header, records: Iterable[Record], scorecard: Scorecard | None, terminal: str = ""
    ) -> None:
        """Write the whole of it; ``out`` must keep line ends as they come (``newline=""``).

        ``records`` are those the reader may see; ``terminal`` is for an export of one terminal, others do without. Raises
        ``BadInput`` when it needs a scorecard and there is none, or a terminal and it is not clear which.
        """
        ...


def translatable(text: str) -> str:
    """Marks a sentence for the message catalogue (imported as ``_``); translated where it is shown."""
    return text
