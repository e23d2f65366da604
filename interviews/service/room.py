"""An interview with everything it needs to go on: sandbox, disk, terminals, conversation.

Owns the course of an interview from consent to debrief. Invariant: each step is in the log before it is acted upon by
anyone else, and what was lost with a process or a sandbox is rebuilt from the log. Leaves out HTTP and sockets
(``web``).
"""

from __future__ import annotations

import itertools
import logging
import threading

from interviews import events as e
from interviews.errors import N_, NotAllowed, PairsightError, PlatformFailure
from interviews.log import ClientKey, Draft
from interviews.service import editing
from interviews.service.clock import pause, resume
from interviews.service.disk import Disk
from interviews.service.grading import debrief, grade
from interviews.service.interview import MAX_VOLUME, Interview, last_payload
from interviews.service.pairing import Pairing
from interviews.service.runs import run_tests
from interviews.service.terminals import Terminals
from interviews.timeline import remaining_ms
from sandbox.base import Sandbox, SandboxSpec

OPEN_WORK = "open"
MAX_RETRY_S = 15.0
logger = logging.getLogger("pairsight")


class Room:
    """One interview, live. All methods are thread-safe."""

    def __init__(self, interview: Interview) -> None:
        self.interview = interview
        self.pairing = Pairing(interview)
        self._sandbox: Sandbox | None = None
        self._disk: Disk | None = None
        self._terminals: Terminals | None = None
        self._starting = threading.Lock()
        self._finishing = threading.Lock()
        self._closed = False
        self._opened_ms = interview.now()
        interview.subscribe(self._follow)

    def _follow(self, records: list[e.Record]) -> None:
        if self._disk is not None:
            self._disk.touch(records)

    # Course

    def consent(self, text_sha256: str, locale: str) -> None:
        """The candidate agrees to what is recorded; the hash pins the words they read."""
        with self.interview.lock:
            if self.interview.state.status == "invited":
                self.interview.record(Draft("candidate", e.ConsentGiven(text_sha256=text_sha256, locale=locale)))

    def start(self) -> None:
        """Start the sandbox, lay out the workspace and start the clock. Raises ``PlatformFailure``; may be tried again."""
        with self._starting:
            interview = self.interview
            if interview.state.status == "invited":
                raise NotAllowed("The interview starts after the candidate has consented")
            if interview.state.status != "ready":
                return
            if not interview.state.files:
                spec = interview.exercise.spec
                key = e.KeyRecorded(
                    requirements=spec.requirements,
                    defects=spec.defects,
                    brief_shared=interview.header.settings.brief_shared,
                )
                files = [
                    Draft("system", editing.snapshot(path, 1, text, "starter"))
                    for path, text in sorted(interview.exercise.workspace.items())
                ]
                interview.record(Draft("system", key), *files)
            self._launch()
            duration = int(interview.header.settings.minutes * 60_000)
            interview.record(
                Draft("system", e.InterviewStarted()),
                Draft("system", e.PhaseStarted(phase=OPEN_WORK, duration_ms=duration), follows=True),
            )

    def _launch(self) -> None:
        backend = self.interview.tools.backend()
        sandbox = backend.start(SandboxSpec(interview=self.interview.id))
        disk = Disk(self.interview, sandbox)
        try:
            disk.begin()
        except PairsightError:
            disk.close()
            sandbox.stop()
            raise
        if self._closed:
            # Submitted while it was being started.
            disk.close()
            sandbox.stop()
            return
        terminals = Terminals(self.interview, sandbox, disk.flush_changed)
        self._sandbox, self._disk, self._terminals = sandbox, disk, terminals
        self.interview.record(
            Draft("system", e.SandboxStarted(backend=sandbox.backend, weaker=self.interview.tools.weaker()))
        )
        sandbox.on_lost(lambda reason: self._lost(sandbox, reason))

    def _lost(self, sandbox: Sandbox, reason: str) -> None:
        if sandbox is self._sandbox and self.interview.state.status in ("running", "grace"):
            self.interview.record(Draft("system", e.SandboxLost(reason=reason)))
            threading.Thread(target=self.relaunch, name=f"relaunch-{self.interview.id}", daemon=True).start()

    def relaunch(self) -> None:
        """Start a sandbox again, however often it takes, and rebuild the workspace from the log; the clock waits."""
        pause(self.interview, "sandbox", N_("The sandbox is being started again"))
        with self._starting:
            if self._disk is not None:
                self._disk.close()
            for attempt in itertools.count():
                if self._closed or self.interview.state.status not in ("running", "grace"):
                    return
                try:
                    self._launch()
                    break
                except PairsightError as error:
                    logger.warning("sandbox of %s did not start (try %d): %s", self.interview.id, attempt + 1, error)
                    if self.interview.state.sandbox_lost != str(error):
                        self.interview.record(Draft("system", e.SandboxLost(reason=str(error))))
                    self.interview.tools.sleep(min(2.0**attempt, MAX_RETRY_S))
        resume(self.interview, "sandbox")

    def recover(self) -> None:
        """After a restart of the server: end what was cut off, give back the time; the sandbox is rebuilt meanwhile."""
        state = self.interview.state
        if state.status not in ("running", "grace", "submitted"):
            return
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
        drafts += [
            Draft("assistant", e.ReplyFailed(turn=turn.turn, reason=cut))
            for turn in state.turns
            if turn.status in ("waiting", "streaming")
        ]
        drafts += [
            Draft(
                "system", e.RunFinished(run=run.run, exit_code=-1, tests=(), output=cut, timed_out=False, duration_ms=0)
            )
            for run in state.runs
            if run.finished_seq is None
        ]
        down_since = state.paused_ms if state.paused_ms is not None else state.at_ms
        if state.status == "running":
            if state.paused_ms is None:
                drafts.append(Draft("system", e.ClockPaused(reason=N_("The server was restarted"))))
            self.interview.holders["restart"] = down_since
        self.interview.record(*drafts)
        if state.status == "submitted":
            self._grade_soon()
            return
        threading.Thread(target=self._rebuild, name=f"recover-{self.interview.id}", daemon=True).start()

    def _rebuild(self) -> None:
        self.relaunch()
        resume(self.interview, "restart")

    def tick(self) -> None:
        """What the clock makes happen: the end of the phase, the end of the grace."""
        state, now = self.interview.state, self.interview.now()

        def up() -> bool:
            return state.status == "running" and state.paused_ms is None and remaining_ms(state, now) == 0

        if up():
            with self.interview.lock:
                # Again, under the lock: a submission may have been waiting for it, and must stay the last word.
                if up():
                    self.interview.record(Draft("system", e.PhaseEnded(phase=state.phase, by="clock")))
        if state.status == "grace":
            # Edits could not reach us while the server was down: the grace begins when they can.
            since = max(state.phase_ended_ms or now, self._opened_ms)
            if now - since >= self.interview.header.settings.grace_s * 1000 and not self._finishing.locked():
                # Elsewhere, as a slow sandbox must not hold up the clocks of others.
                threading.Thread(target=self.submit, args=("clock",), name="submit", daemon=True).start()

    def flushed(self) -> None:
        """The candidate's page has nothing unsent: no need to wait for the end of the grace."""
        if self.interview.state.status == "grace":
            self.submit("clock")

    def submit(self, by: str, key: ClientKey | None = None) -> None:
        """End the interview; grading and debrief follow by themselves."""
        with self._finishing:
            interview = self.interview
            if interview.state.status in ("submitted", "finished") or interview.known(key):
                return
            if by == "candidate":
                interview.require_running()
            if self._disk is not None:
                try:
                    self._disk.flush()
                    self._disk.rescan()
                except PairsightError as error:
                    logger.warning("last changes on disk of %s could not be read: %s", interview.id, error)
            with interview.lock:
                for turn in interview.state.turns:
                    self.pairing.stop(turn.turn)
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
        threading.Thread(target=self._finish, name=f"grade-{self.interview.id}", daemon=True).start()

    def _finish(self) -> None:
        with self._finishing:
            if self.interview.state.status != "submitted":
                return
            self.close()
            result = grade(self.interview)
            self.interview.record(Draft("system", e.AnalysisRecorded(kind="hidden_tests", result=result)))
            self.interview.record(Draft("system", e.DebriefShown(items=debrief(self.interview))))
            scorecard = self.interview.tools.score(self.interview.header, self.interview.log.read(self.interview.id))
            self.interview.record(Draft("system", e.ScoreRecorded(scorecard=scorecard, author="rubric")))

    def close(self) -> None:
        """Stop the sandbox; the log keeps everything."""
        self._closed = True
        self.pairing.close()
        if self._disk is not None:
            self._disk.close()
        if self._sandbox is not None:
            sandbox, self._sandbox = self._sandbox, None
            sandbox.stop()

    # Acts

    def terminals(self) -> Terminals:
        """The terminals of the running sandbox. Raises ``PlatformFailure`` while there is none."""
        self.interview.require_running()
        if self._terminals is None or self._sandbox is None or not self._sandbox.alive:
            raise PlatformFailure("The sandbox is being started again; your work is kept. Try again in a moment.")
        return self._terminals

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
            run = f"r{len(interview.state.runs) + 1}"
            files = {path: view.version for path, view in interview.state.files.items()}
            records = interview.record(Draft("candidate", e.RunStarted(run=run, files=files)), key=key)
        threading.Thread(target=self._run, args=(run, records[-1].seq), name=f"run-{run}", daemon=True).start()
        return run

    def _run(self, run: str, cause: int) -> None:
        sandbox, disk = self._sandbox, self._disk
        try:
            if sandbox is None or disk is None:
                raise PlatformFailure("The sandbox is gone")
            disk.flush()
            finished = run_tests(sandbox, self.interview.exercise.spec.run, run)
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
