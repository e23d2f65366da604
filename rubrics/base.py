"""The rubric port: what a signal is given and what it answers.

Owns the value types of scoring, the scorecard's form and the port of exports. Invariant: a signal is a pure function
of the log; every number it yields names the events that are its evidence. Leaves out posteriors and levels
(``scoring``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import IO, Literal, Protocol

from interviews.chain import genesis
from interviews.collector import paused
from interviews.errors import LogCorrupt
from interviews.events import (
    AnalysisRecorded,
    Difficulty,
    Event,
    Header,
    KeyRecorded,
    Record,
    Value,
    event_types,
    understand,
)
from interviews.sentback import sent_back
from rubrics.reading.facts import Facts, gather
from rubrics.reading.fates import gone
from rubrics.reading.told import Decision

_TYPES = frozenset(event_types())
Status = Literal["clear", "leaning", "cannot_tell", "not_observed"]
Source = Literal["signal", "judge", "human"]


@dataclass(frozen=True)
class LogView:
    """What a signal reads: header and understood events, in order, with interviewer's rights.

    ``head_hash`` is the chain hash of the last record, of the header where there is none; ``work_hash`` that of the event with
    which the work was handed in, empty where it was not.
    """

    header: Header
    events: Sequence[Event]
    head_hash: str = ""
    work_hash: str = ""

    @classmethod
    def of(cls, header: Header, records: Iterable[Record]) -> LogView:
        """The view of stored records. Raises ``LogCorrupt`` for an event that cannot be understood."""
        head, work = "", ""
        events: list[Event] = []
        with paused():
            for record in records:
                if record.payload is None and record.type not in _TYPES:
                    raise LogCorrupt(
                        "Expected types of event that there are, got %(type)s", type=record.type, seq=record.seq
                    )
                events.append(understand(record))
                head = record.hash
                if not work and record.type == "interview.submitted":
                    work = head
        return cls(header, events, head or genesis(header), work)

    @cached_property
    def facts(self) -> Facts:
        """The same events, looked up by what they are about."""
        facts = gather(self.events)
        if facts.key is None or not self.header.settings.brief_shared:
            return facts
        # A log may say it in one place only.
        return replace(facts, key=facts.key.model_copy(update={"brief_shared": True}))

    @cached_property
    def verdicts(self) -> Facts:
        """``facts``, where a hunk that was sent back with a comment counts as turned down, in another round's request."""
        facts = self.facts
        scenes = {prompt.seq: prompt.scene for prompt in facts.prompts if prompt.kind == "revision"}
        sent = sent_back(self.events) if scenes else {}
        hunks = [
            replace(hunk, decision=Decision(one.seq, False, "", scenes[one.seq]))
            if hunk.decision is None and (one := sent.get((hunk.suggestion, hunk.hunk))) and one.seq in scenes
            else hunk
            for hunk in facts.hunks
        ]
        return replace(facts, hunks=tuple(hunks)) if sent else facts

    @cached_property
    def gone(self) -> frozenset[tuple[str, str]]:
        """Proposal and hunk of what was accepted and surely left nothing where open work ended; a walk of its own."""
        return gone(self.events)

    @cached_property
    def judgements(self) -> tuple[Event, ...]:
        """What a judge said, and that planted mistakes were taken back, in order (``rubrics.judging.record``)."""
        found = (event for event in self.events if event.type in ("analysis.recorded", "consent.withdrawn"))
        return tuple(
            event
            for event in found
            if event.type == "consent.withdrawn"
            or (isinstance(event.data, AnalysisRecorded) and event.data.kind == "judge")
        )

    @property
    def plants(self) -> bool:
        """Whether planted mistakes may count: the candidate agreed to meet them, and did not take back what they say."""
        return self.facts.plants

    @cached_property
    def bare(self) -> LogView:
        """An interview in which there was no chance to show anything, for a reading in the words of that."""
        key = KeyRecorded(requirements=(), defects=(), brief_shared=False)
        return LogView(self.header, [Event(seq=1, at_ms=0, actor="system", type=key.type, cause=None, data=key)])


@dataclass(frozen=True)
class Opportunity:
    """One chance to show the behaviour: whether it was shown, and the events that say so (at least one).

    Not ``known``: what would tell was withheld, or has not happened yet. Then only counts are given, no value.
    ``difficulty``: how hard it was, in the exercise's word, which a rubric may put in numbers. ``sure``: whether a
    verdict was given without a "probably"; None where that was not asked.
    """

    hit: bool
    evidence: tuple[int, ...]
    known: bool = True
    difficulty: Difficulty | Literal[""] = ""
    sure: bool | None = None


@dataclass(frozen=True)
class Note:
    """A sentence with ``%(name)s`` placeholders and what fills them; the sentence alone is translated."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Share:
    """Hits among like opportunities, scored by a beta-binomial posterior.

    ``explanation`` may use ``%(hits)d`` and ``%(n)d``. No opportunities: not observed, and the explanation says why. ``planted``:
    it tells what became of planted mistakes, which a candidate may take back. ``source``: who judged.
    """

    opportunities: tuple[Opportunity, ...]
    explanation: str
    planted: bool = False
    source: Source = "signal"


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
    """One measure; a file in ``rubrics/signals/`` with a module-level ``signal: Signal``. Its file name is its id.

    ``opens``: the types of event without whose content an opportunity is not even seen. Once one of them was withheld or erased,
    what is left may be the better half, and only counts are told.
    """

    opens: frozenset[str]

    def read(self, log: LogView) -> Reading:
        """Pure; never raises on a well-formed log, however short."""
        ...


@dataclass(frozen=True)
class Fact:
    """Something shown beside the score and never part of it: ``value`` in ``unit`` or None, its events, and what was seen.

    ``explanation`` may use ``%(value)s`` and what ``values`` name.
    """

    value: Decimal | int | None
    unit: str
    evidence: tuple[int, ...]
    explanation: str
    values: Mapping[str, object] = field(default_factory=dict)


class Shown(Protocol):
    """One thing to show; a file in ``rubrics/shown/`` with a module-level ``shown: Shown``. Its file name is its id."""

    title: str

    def read(self, log: LogView) -> Fact:
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
    source: Source
    evidence: tuple[int, ...]
    explanation: str


class JudgeScore(Value):
    """What a model said of a dimension when asked ``len(levels)`` times: each answer's level 1-5, or null where it was none.

    ``level`` is null where it abstains, and ``reason`` says why; ``evidence`` are the events it cited and code found as cited.
    ``effect`` is by how much it moved the dimension's score, in [-1, 1], never beyond the rubric's cap. ``key`` is the sha256 of
    log, rubric, prompt and model under which the answers are kept.
    """

    level: int | None
    levels: tuple[int | None, ...]
    spread: int | None
    reason: str
    evidence: tuple[int, ...]
    effect: float
    model: str
    key: str


class DimensionScore(Value):
    """One dimension over its indicators. ``score`` in [0, 1] or null; ``level`` 1-5 or null."""

    id: str
    score: float | None
    ci95: tuple[float, float] | None
    n: int
    status: Status
    explanation: str
    indicators: tuple[IndicatorScore, ...]
    level: int | None = None
    judge: JudgeScore | None = None


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


class ShownFact(Value):
    """Something shown and never scored."""

    id: str
    title: str
    value: float | None
    unit: str
    evidence: tuple[int, ...]
    explanation: str


class RatedBy(Value):
    """A person's own levels by dimension, null where they cannot tell, with reasons; ``blind``: given before they saw these."""

    rater: str
    seq: int
    blind: bool
    rubric_sha256: str
    levels: dict[str, int | None]
    reasons: dict[str, str]


class Final(Value):
    """What people made of a dimension in the end: the proposed level ``signed``, or another, ``overridden`` with a reason."""

    dimension: str
    level: int | None
    by: Literal["signed", "overridden"]
    rater: str
    seq: int
    reason: str = ""


class Scorecard(Value):
    """The whole proposal to a human, as exported. ``outcome`` and ``shown`` stand beside the dimensions and are part of none.

    ``calibration``: whether the rubric's cut-points were set from enough interviews that people scored. ``ratings`` and ``final``
    are what people said of it.
    """

    rubric: RubricRef
    log: LogRef
    dimensions: tuple[DimensionScore, ...]
    flags: tuple[str, ...] = ()
    outcome: Outcome | None = None
    calibration: Literal["uncalibrated", "calibrated"] = "uncalibrated"
    shown: tuple[ShownFact, ...] = ()
    ratings: tuple[RatedBy, ...] = ()
    final: tuple[Final, ...] = ()


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
