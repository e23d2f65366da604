"""The phases of an interview: what follows what, and going from one to the next.

Owns the order, the ends and the beginnings after the first. Invariant: each phase has its own clock, and what was left of the one
before is dropped; between two the clock stands and nothing can be done but begin; each step is recorded once, whoever takes it.
Leaves out the start and the end of the interview (``room``) and what is left of a phase (``timeline``).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Literal, NamedTuple

from interviews import events as e
from interviews.errors import N_, BadInput, NotAllowed
from interviews.exercises import Exercise
from interviews.log import ClientKey, Draft
from interviews.service.clock import pause, resume
from interviews.service.interview import Interview
from interviews.service.workspace import Workspace
from interviews.state import State
from interviews.timeline import remaining_ms

OPEN_WORK = "open"
REVIEW = "review"
# How long a candidate may read what comes next before it begins by itself.
BETWEEN_MS = 300_000
Due = Literal["", "end", "go on", "begin"]


class Phase(NamedTuple):
    """A phase and its working time."""

    name: str
    duration_ms: int


def phases(settings: e.InterviewSettings, exercise: Exercise) -> tuple[Phase, ...]:
    """Those of an interview, in order: a review only where the exercise brings one."""
    planned = [Phase(OPEN_WORK, int(settings.minutes * 60_000))]
    if settings.review_minutes > 0 and exercise.review is not None:
        planned.append(Phase(REVIEW, int(settings.review_minutes * 60_000)))
    return tuple(planned)


def following(planned: tuple[Phase, ...], phase: str) -> Phase | None:
    """The phase after that one; None after the last."""
    return next((later for one, later in itertools.pairwise(planned) if one.name == phase), None)


def due(state: State, now_ms: int, grace_ms: int, opened_ms: int) -> Due:
    """What the clock makes happen now.

    ``opened_ms`` is when this process opened the interview: before, no edit could reach it, and nobody could read what comes next.
    """
    match state.status:
        case "running" if state.paused_ms is None and remaining_ms(state, now_ms) == 0:
            return "end"
        case "grace" if now_ms - max(state.phase_ended_ms or now_ms, opened_ms) >= grace_ms:
            return "go on"
        case "between" if now_ms - max(state.offered_ms, opened_ms) >= BETWEEN_MS:
            return "begin"
    return ""


class Course:
    """Takes one interview from phase to phase. All methods are thread-safe.

    ``quiet`` ends whatever the assistant does; ``opening`` gives the events that a phase begins with.
    """

    def __init__(
        self,
        interview: Interview,
        workspace: Workspace,
        quiet: Callable[[], None],
        opening: Callable[[Phase], list[Draft]],
    ) -> None:
        self._interview, self._workspace = interview, workspace
        self._quiet, self._opening = quiet, opening
        self.planned = phases(interview.header.settings, interview.exercise)
        self.moving = threading.Lock()
        """Held while a step is taken, also the last one."""

    @property
    def next(self) -> Phase | None:
        """What comes after the phase that is under way."""
        return following(self.planned, self._interview.state.phase)

    def started(self, phase: Phase, actor: str = "system") -> Draft:
        """That its clock runs."""
        return Draft(actor, e.PhaseStarted(phase=phase.name, duration_ms=phase.duration_ms))

    def advance(self, key: ClientKey | None, ends: object = None, begins: object = None) -> None:
        """The candidate goes on: ends the work under way before its time is up, or begins what was offered.

        ``ends`` or ``begins`` is the phase that was meant, of which one may be given: where that has happened by the time the word
        arrives, nothing is done, and what comes next never begins for a word that was said to end what came before. Without
        either, whichever can be done is. Raises ``NotAllowed`` in the last phase, and while nothing can be done; ``BadInput`` for a
        phase that there is not.
        """
        with self.moving:
            if self._interview.known(key) or self._done(ends, begins):
                return
            state = self._interview.state
            if state.status == "between" and ends is None:
                self._begin("candidate", key)
            elif begins is None and ends in (None, state.phase):
                self._end(key)
            else:
                self._interview.require_running()
                raise NotAllowed("The next part of the interview begins when this one is over")

    def _done(self, ends: object, begins: object) -> bool:
        """Whether the phase that was meant has ended, or begun, already."""
        names, state = [phase.name for phase in self.planned], self._interview.state
        meant = begins if ends is None else ends
        if meant is None:
            return False
        if meant not in names or (ends is not None and begins is not None):
            raise BadInput(
                "Expected one of the phases %(names)s, got %(got)s", names=", ".join(names), got=repr(meant)[:80]
            )
        under_way = names[: names.index(state.phase) + 1] if state.phase in names else []
        if ends is None:
            return meant in under_way
        return meant in under_way[:-1] or (meant in under_way and state.status != "running")

    def end(self, key: ClientKey | None) -> None:
        """The candidate ends the work under way before its time is up. Raises as ``advance``."""
        with self.moving:
            if not self._interview.known(key):
                self._end(key)

    def _end(self, key: ClientKey | None) -> None:
        self._interview.require_running()
        if self.next is None:
            raise NotAllowed("This is the last part of the interview; submit your work when you are done")
        # What the shell did until now belongs to this phase.
        self._workspace.flush()
        self._quiet()
        with self._interview.lock:
            # The clock may have been faster.
            if self._interview.state.status == "running":
                ended = e.PhaseEnded(phase=self._interview.state.phase, by="candidate")
                self._interview.record(Draft("candidate", ended), key=key)

    def expire(self) -> None:
        """The phase's time is up."""
        state = self._interview.state
        with self._interview.lock:
            # Again, under the lock: a submission may have been waiting for it, and must stay the last word.
            if due(state, self._interview.now(), 0, 0) == "end":
                self._interview.record(Draft("system", e.PhaseEnded(phase=state.phase, by="clock")))

    def offer(self) -> bool:
        """The grace is over: offer the next phase. False where there is none; nothing to do where that was done already."""
        with self.moving:
            if self._interview.state.status != "grace":
                return True
            phase = self.next
            if phase is None:
                return False
            self._workspace.flush()
            self._quiet()
            self._interview.record(Draft("system", e.PhaseOffered(phase=phase.name, duration_ms=phase.duration_ms)))
            return True

    def begin(self) -> None:
        """Nobody began what was offered: it begins by itself."""
        with self.moving:
            if self._interview.state.status == "between":
                self._begin("system", None)

    def _begin(self, actor: str, key: ClientKey | None) -> None:
        interview, phase = self._interview, self.next
        if phase is None:
            raise NotAllowed("Nothing comes after this part of the interview")
        with interview.lock:
            interview.record(self.started(phase, actor), *self._opening(phase), key=key)
            if not self._workspace.there:
                pause(interview, "sandbox", N_("The sandbox is being started again"), interview.state.phase_started_ms)
        if self._workspace.there:
            # Whoever brought it back may have done so just before the clock was held.
            resume(interview, "sandbox")
        self._workspace.flush()
