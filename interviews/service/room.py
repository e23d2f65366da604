"""An interview with everything it needs to go on: workspace, conversation, grading.

Owns the course of an interview from consent to debrief. Invariant: each step is in the log before it is acted upon by
anyone else; the clock starts with the candidate at the page and a sandbox ready. Leaves out the sandbox (``workspace``),
HTTP and sockets (``web``).
"""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from functools import partial

from interviews import events as e
from interviews.errors import N_, BadInput, LogCorrupt, NotAllowed, PairsightError
from interviews.log import ClientKey, Draft
from interviews.service import background, editing
from interviews.service.analyses import analyse, grading_key
from interviews.service.clock import resume
from interviews.service.comparing import compare
from interviews.service.delegation import Delegation
from interviews.service.grading import debrief, grade
from interviews.service.interview import MAX_VOLUME, Interview, last_payload
from interviews.service.pairing import Pairing
from interviews.service.phases import Course, due
from interviews.service.proposals import Proposals
from interviews.service.resuming import left_open
from interviews.service.reviewing import Reviewing
from interviews.service.synced import settled_until
from interviews.service.terminals import Terminals
from interviews.service.workspace import Workspace
from interviews.timeline import UNDER_WAY
from sandbox.pool import Closed

# How long a sandbox is kept for a candidate who waited in line and is not at the page when it is ready.
KEPT_MS = 600_000
# Of the log's room: whole texts must leave some to what is typed.
KEYFRAMES_SHARE = 0.5
logger = logging.getLogger("pairsight")


class _Begin:
    """One attempt to get a sandbox ready. ``news``: it is over, or the candidate was told to wait."""

    def __init__(self) -> None:
        self.news = threading.Event()
        self.over = False
        self.since_ms = 0
        self.error: PairsightError | None = None


class Room:
    """One interview, live. All methods are thread-safe."""

    def __init__(self, interview: Interview) -> None:
        self.interview = interview
        self.pairing = Pairing(interview)
        self.proposals = Proposals(interview)
        self.delegation = Delegation(interview)
        self.reviewing = Reviewing(interview)
        self.workspace = Workspace(interview)
        self.course = Course(interview, self.workspace, self._quiet, self.reviewing.opening)
        self._beginning = threading.Lock()
        self._begin: _Begin | None = None
        # Held for as long as grading has to wait: nobody who only wants to submit may wait for it.
        self._grading = threading.Lock()
        self._opened_ms = interview.now()
        self.seeker: threading.Thread | None = None
        """Who seeks the sandbox after a restart of the server, where one is to be found."""

    # Course

    def consent(self, text_sha256: str, locale: str, plants: bool = True) -> None:
        """The candidate agrees to what is recorded; the hash pins the words they read.

        ``plants`` is false where they chose the format without mistakes placed on purpose.
        """
        with self.interview.lock:
            if self.interview.state.status == "invited":
                given = e.ConsentGiven(text_sha256=text_sha256, locale=locale, plants=plants)
                self.interview.record(Draft("candidate", given))

    def start(self) -> bool:
        """Get a sandbox ready, then start the clock. False while the candidate waits in line: call it again when ``ready``.

        Raises ``PlatformFailure`` when there is no place in the line or no sandbox could be started; it may be tried again.
        """
        if self.interview.state.status == "invited":
            raise NotAllowed("The interview starts after the candidate has consented")
        if self.interview.state.status != "ready":
            return True
        begin = self._prepare()
        begin.news.wait()
        if begin.error is not None:
            raise begin.error
        return self.ready and self._enter()

    @property
    def ready(self) -> bool:
        """Whether a sandbox waits for the candidate."""
        return self.interview.state.status == "ready" and self.workspace.there

    @property
    def preparing(self) -> bool:
        """Whether the candidate waits for a sandbox."""
        return self._begin is not None and not self._begin.over

    def wait_again(self) -> None:
        """After a restart of the server: stand in line once more; returns when the place in it, or the sandbox, is had."""
        self._prepare().news.wait()

    def _prepare(self) -> _Begin:
        """Have a sandbox made ready, unless one is."""
        with self._beginning:
            begin = self._begin
            if begin is None or (begin.over and not self.workspace.there):
                begin = self._begin = _Begin()
                name = f"begin-{self.interview.id}"
                background.begin(name, partial(self._make_ready, begin))
            return begin

    def _make_ready(self, begin: _Begin) -> None:
        def wait(ahead: int) -> None:
            self.interview.record(Draft("system", e.SandboxQueued(ahead=ahead)))
            begin.news.set()

        try:
            self.workspace.begin(wait)
        except Closed as error:
            begin.error = error
        except PairsightError as error:
            begin.error = error
            if self.interview.state.sandbox_lost != str(error):
                self.interview.record(Draft("system", e.SandboxLost(reason=str(error))))
        finally:
            begin.over, begin.since_ms = True, self.interview.now()
            begin.news.set()

    def _enter(self) -> bool:
        """Hand out the files and start the clock. Before, nobody could read what they will work on."""
        interview = self.interview
        with interview.lock:
            if interview.state.status == "ready":
                interview.record(
                    *([] if interview.state.files else self._handed_out()),
                    Draft("system", e.InterviewStarted()),
                    replace(self.course.started(self.course.planned[0]), follows=True),
                )
        self.workspace.look_after()
        self.workspace.flush()
        return True

    def _handed_out(self) -> list[Draft]:
        exercise, header = self.interview.exercise, self.interview.header
        key = e.KeyRecorded(
            requirements=exercise.spec.requirements,
            defects=exercise.spec.defects,
            brief_shared=header.settings.brief_shared,
            brief=exercise.brief,
        )
        files = [editing.snapshot(path, 1, text, "starter") for path, text in sorted(exercise.workspace.items())]
        return [Draft("system", key), *(Draft("system", file) for file in files)]

    def recover(self) -> None:
        """After a restart of the server: end what was cut off, give back the time; ``seeker`` seeks the sandbox meanwhile."""
        state = self.interview.state
        if state.status == "finished" and not self.interview.counts["score.recorded"]:
            self._grade_soon()
        if state.status not in (*UNDER_WAY, "submitted"):
            return
        past = self.interview.log.read(self.interview.id)
        place, until_ms = _last_place(past), settled_until(past)
        cut = "The server was restarted while this was under way; please try again"
        drafts = [
            Draft(
                "system",
                e.PresenceChanged(
                    role="candidate" if view["role"] == "candidate" else "interviewer", client=client, state="gone"
                ),
            )
            for client, view in state.presence.items()
        ]
        open_turns = left_open(state, past)
        drafts += [
            Draft("assistant", e.ReplyFailed(turn=left.turn, reason=left.ended)) for left in open_turns if left.ended
        ]
        drafts += [
            Draft(
                "system", e.RunFinished(run=run.run, exit_code=-1, tests=(), output=cut, timed_out=False, duration_ms=0)
            )
            for run in state.runs
            if run.finished_seq is None
        ]
        down_since = min((left.lost_since_ms for left in open_turns), default=state.at_ms)
        down_since = min(down_since, state.at_ms if state.paused_ms is None else state.paused_ms)
        if state.status == "running":
            if state.paused_ms is None:
                drafts.append(Draft("system", e.ClockPaused(reason=N_("The server was restarted"))))
            self.interview.holders["restart"] = down_since
        elif state.status in UNDER_WAY and state.paused_ms is not None:
            # Held when its phase ended: whoever held it is gone, and the clock of the next phase must run.
            self.interview.holders["restart"] = state.paused_ms
        self.interview.record(*drafts)
        for left in open_turns:
            if left.prompt is not None:
                self.pairing.ask_again(left.prompt, left.asked_ms)
        self.delegation.recover(past)
        if state.status == "submitted":
            self._grade_soon()
            return
        name = f"recover-{self.interview.id}"
        self.seeker = background.begin(name, lambda: self._find(place, until_ms))

    def _find(self, place: str, until_ms: int) -> None:
        self.workspace.find(place, until_ms)
        resume(self.interview, "restart")

    def tick(self) -> None:
        """What the clock makes happen: the end of the phase, of the grace, of a place that nobody comes to take."""
        state, now = self.interview.state, self.interview.now()
        if self.ready and self._begin is not None and self._begin.over and now - self._begin.since_ms > KEPT_MS:
            background.begin("give-on", self._give_on)

        if state.status in UNDER_WAY:
            self._keep_whole(now)
        match due(state, now, int(self.interview.header.settings.grace_s * 1000), self._opened_ms):
            case "end":
                self.course.expire()
            # Elsewhere, as a slow sandbox must not hold up the clocks of others.
            case "go on" if not self.course.moving.locked():
                background.begin("go-on", self._go_on)
            case "begin" if not self.course.moving.locked():
                background.begin("phase", self._begin_by_itself)

    def _keep_whole(self, now: int) -> None:
        """Record the files' whole texts again where that is due."""
        with self.interview.lock:
            files = self.interview.state.files
            due = self.interview.keyframes.due(now, {path: view.size for path, view in files.items()})
            drafts = [
                Draft("system", editing.snapshot(path, files[path].version, text, "keyframe"))
                for path in due
                if path in files and (text := files[path].text) is not None
            ]
            if drafts and self.interview.has_room(KEYFRAMES_SHARE):
                self.interview.record(*drafts)

    def _give_on(self) -> None:
        with self._beginning:
            if self.ready:
                self.workspace.give_up()
                reason = N_("You did not come in for ten minutes, and the place was given on")
                self.interview.record(Draft("system", e.SandboxLost(reason=reason)))

    def flushed(self) -> None:
        """The candidate's page has nothing unsent: no need to wait for the end of the grace."""
        if self.interview.state.status == "grace":
            self._go_on()

    def _go_on(self) -> None:
        """The grace is over: to the next phase, or to the end."""
        if not self.course.offer():
            self.submit("clock")

    def _begin_by_itself(self) -> None:
        """What was offered begins; where the exercise's files do not allow it, what there is is handed in."""
        try:
            self.course.begin()
        except BadInput:
            # An interview must come to its end whatever is wrong with us.
            logger.exception("the next phase cannot begin", extra={"interview": self.interview.id})
            self.submit("clock")

    def next_phase(self, key: ClientKey | None, ends: object = None, begins: object = None) -> None:
        """As ``Course.advance``."""
        self.course.advance(key, ends, begins)

    def _quiet(self) -> None:
        """End whatever the assistant does."""
        self.pairing.close()
        self.delegation.shut()

    def submit(self, by: str, key: ClientKey | None = None, *, everything: bool = False) -> None:
        """End the interview; grading and debrief follow by themselves.

        A candidate before whom there is another phase ends only that under way, unless ``everything`` is to end.
        """
        if by == "candidate" and not everything and self.course.next is not None:
            self.course.end(key)
            return
        with self.course.moving:
            interview = self.interview
            if interview.state.status in ("submitted", "finished") or interview.known(key):
                return
            if by == "candidate":
                interview.require_running()
            self.workspace.flush()
            self._quiet()
            with interview.lock:
                drafts = []
                if interview.state.status == "running":
                    drafts.append(Draft("candidate", e.PhaseEnded(phase=interview.state.phase, by="candidate")))
                late = any(
                    r.type == "file.edited" and r.payload and r.payload["late"]
                    for r in interview.log.read(interview.id)
                )
                submitted = e.InterviewSubmitted(by="candidate" if by == "candidate" else "clock", late=late)
                drafts.append(Draft("candidate" if by == "candidate" else "system", submitted))
                interview.record(*drafts, key=key)
        self._grade_soon()

    def _grade_soon(self) -> None:
        background.begin(f"grade-{self.interview.id}", self._finish)

    def _finish(self) -> None:
        with self._grading:
            try:
                if self.interview.state.status == "submitted":
                    self.close()
                    self._grade()
                    analyse(self.interview, before_debrief=True)
                    compare(self.interview)
                    self.interview.record(*debrief(self.interview))
                if self.interview.state.status == "finished" and not self.interview.counts["score.recorded"]:
                    analyse(self.interview, before_debrief=False)
                    self._score()
            except Closed:
                # The next server begins again with what is not recorded yet.
                return

    def _score(self) -> None:
        # Nothing may be taken back between reading the log and recording what is made of it.
        with self.interview.lock:
            try:
                scorecard = self.interview.tools.score(
                    self.interview.header, self.interview.log.read(self.interview.id)
                )
            except LogCorrupt as error:
                # What was changed behind our back has no score, and whoever asks for one is told so.
                logger.error("no score: %s", error, extra={"interview": self.interview.id})
                return
            self.interview.record(Draft("system", e.ScoreRecorded(scorecard=scorecard, author="rubric")))

    def _grade(self) -> None:
        """Record what the hidden tests say, once: a server that ended just behind it does not ask them again."""
        records = self.interview.log.read(self.interview.id)
        graded = [
            r for r in records if r.type == "analysis.recorded" and (r.payload or {}).get("kind") == "hidden_tests"
        ]
        if not graded:
            result, key = grade(self.interview), grading_key(self.interview)
            if (used := self.interview.exercise.sha256) != self.interview.header.exercise.sha256:
                # The folder was changed after the interview was created: whoever reads the result is told.
                result = {**result, "exercise_sha256": used}
            self.interview.record(Draft("system", e.AnalysisRecorded(kind="hidden_tests", result=result, key=key)))

    def close(self) -> None:
        """Stop the sandbox; the log keeps everything."""
        self._quiet()
        self.workspace.close()

    def leave(self) -> None:
        """The server stops: what an interview under way works in stays for the next one, where it can, and replies go on there."""
        self.pairing.leave()
        self.delegation.leave()
        if self.interview.state.status in UNDER_WAY:
            self.workspace.leave()
        else:
            self.workspace.close()

    # Acts

    def terminals(self) -> Terminals:
        """The terminals of the running sandbox. Raises ``PlatformFailure`` while there is none."""
        self.interview.require_running()
        return self.workspace.parts()[2]

    def run(self, key: ClientKey | None) -> str:
        """Begin a test run; returns its id. Its results arrive as events."""
        interview = self.interview
        with interview.lock:
            if known := interview.known(key):
                return str(last_payload(known, "run.started")["run"])
            interview.require_running()
            interview.require_room()
            if any(run.finished_seq is None for run in interview.state.runs):
                raise NotAllowed("The tests are running already")
            self.terminals()
            run = f"r{interview.counts['run.started'] + 1}"
            files = {path: view.version for path, view in interview.state.files.items()}
            records = interview.record(Draft("candidate", e.RunStarted(run=run, files=files)), key=key)
        background.begin(f"run-{run}", lambda: self._run(run, records[-1].seq))
        return run

    def _run(self, run: str, cause: int) -> None:
        try:
            sandbox, disk, _terminals = self.workspace.parts()
            disk.flush()
            finished = self.reviewing.run_tests(sandbox, run)
            disk.rescan()
        except PairsightError as error:
            text = f"The tests could not be run: {error}. This is not your fault; try again."
            finished = e.RunFinished(run=run, exit_code=-1, tests=(), output=text, timed_out=False, duration_ms=0)
        self.interview.record(Draft("system", finished, cause=cause))

    def note(self, author: str, text: object, about_seq: object, key: ClientKey | None) -> None:
        """An interviewer's note about a moment; candidates never see it."""
        if not isinstance(text, str) or not text.strip() or len(text) > 5000:
            raise NotAllowed("Expected a note of 1 to 5,000 characters")
        if not isinstance(about_seq, int) or not 0 <= about_seq <= self.interview.state.seq:
            raise NotAllowed("Expected the number of an event of this interview, got %(got)s", got=about_seq)
        self.interview.record(
            Draft(f"interviewer:{author}", e.NoteAdded(text=text.strip(), about_seq=about_seq)), key=key
        )

    def presence(self, role: e.Role, client: str, state: str) -> None:
        """Who is here. Recorded only where it changes, and no longer once the interview is over."""
        if state not in ("connected", "away", "gone"):
            return
        with self.interview.lock:
            known = self.interview.state.presence.get(client, {}).get("state", "gone")
            over = self.interview.state.status == "finished" or self.interview.volume > MAX_VOLUME
            if state != known and not over:
                changed = e.PresenceChanged.model_validate({"role": role, "client": client, "state": state})
                self.interview.record(Draft("system", changed))


def _last_place(records: list[e.Record]) -> str:
    started = (record.payload for record in reversed(records) if record.type == "sandbox.started")
    payload = next(started, None)
    return "" if payload is None else str(payload.get("place", ""))
