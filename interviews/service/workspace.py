"""Where a candidate works: one sandbox after another, each with its disk and terminals.

Owns the sandbox of an interview from its first start to its end. Invariant: one at a time; what is lost is sought where it
was, then rebuilt from the log, and the log says which; while there is none the clock stands. Leaves out the course of
the interview (``room``).
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from interviews import events as e
from interviews.errors import N_, PairsightError, PlatformFailure
from interviews.log import Draft
from interviews.service.background import begin
from interviews.service.clock import pause, resume
from interviews.service.disk import Disk
from interviews.service.interview import Interview
from interviews.service.synced import Synced
from interviews.service.terminals import Terminals
from interviews.timeline import UNDER_WAY
from sandbox.base import Sandbox, SandboxSpec
from sandbox.pool import Turn

MAX_RETRY_S = 15.0
# A program that kills the agent again and again ends with the sandbox it runs in.
ADOPTIONS = 3
ADOPTIONS_MS = 60_000
LEAVE_S = 3.0
logger = logging.getLogger("pairsight")


class Workspace:
    """The sandbox of one interview. All methods are thread-safe."""

    def __init__(self, interview: Interview) -> None:
        self._interview = interview
        self._spec = SandboxSpec(interview=interview.id)
        self._changing = threading.Lock()
        self._sandbox: Sandbox | None = None
        self._disk: Disk | None = None
        self._terminals: Terminals | None = None
        self._sought: Sandbox | None = None
        self._place = ""
        self._known: Mapping[str, Synced] | None = None
        """What was in step on the disk that is sought, where this process saw it; else edits until ``_until_ms`` were."""
        self._until_ms = 0
        self._adopted: deque[int] = deque(maxlen=ADOPTIONS)
        self._closed = self._left = False
        self._taking = threading.Lock()
        interview.subscribe(self._follow)

    def _follow(self, records: list[e.Record]) -> None:
        if self._disk is not None:
            self._disk.touch(records)

    # What there is

    @property
    def there(self) -> bool:
        """Whether a sandbox runs."""
        return self._sandbox is not None and self._sandbox.alive

    @property
    def place(self) -> str:
        """Where the sandbox is or may still be; "" for nowhere."""
        return self._place

    def parts(self) -> tuple[Sandbox, Disk, Terminals]:
        """The running sandbox with its disk and terminals. Raises ``PlatformFailure`` while there is none."""
        if self._sandbox is None or self._disk is None or self._terminals is None or not self._sandbox.alive:
            raise PlatformFailure("The sandbox is being started again; your work is kept. Try again in a moment.")
        return self._sandbox, self._disk, self._terminals

    # From the first start to the end

    def begin(self, on_waiting: Callable[[int], None]) -> None:
        """Wait in line, start a sandbox and lay out the files. Raises ``PlatformFailure``; may be tried again."""
        with self._changing:
            self._end()
            self._fresh(Turn.CANDIDATE, on_waiting)

    def find(self, place: str, until_ms: int) -> None:
        """After a restart of the server: the sandbox at ``place``, else one rebuilt from the log.

        Edits until ``until_ms`` are known to be on its disk.
        """
        self._place, self._until_ms = place, until_ms
        self._bring_back(self._open_terminals())

    def flush(self) -> None:
        """Bring disk and log together, both ways, as far as that can be done."""
        if self._disk is not None:
            try:
                self._disk.flush()
                self._disk.rescan()
            except PairsightError as error:
                logger.warning(
                    "last changes on disk could not be read: %s", error, extra={"interview": self._interview.id}
                )

    def leave(self) -> None:
        """Let go of the sandbox, so that the next server can adopt it; one that has no place is stopped."""
        with self._taking:
            self._closed = self._left = True
        if self._disk is not None and self.there:
            with contextlib.suppress(PairsightError):
                self._disk.flush(LEAVE_S)
            self._disk.close()
        if self._sandbox is not None:
            self._sandbox.leave()

    def close(self) -> None:
        """Stop the sandbox; the log keeps everything."""
        with self._taking:
            self._closed = True
        self._end()

    def give_up(self) -> None:
        """Stop the sandbox; another may be begun."""
        with self._changing:
            self._end()

    def _end(self) -> None:
        sandbox, disk = self._sandbox, self._disk
        self._sandbox = self._disk = self._terminals = None
        if disk is not None:
            disk.close()
        if sandbox is not None:
            sandbox.stop()
        self._place = ""

    # Losses

    def look_after(self) -> None:
        """The interview begins: from now on a sandbox that is lost, or was just before, is brought back."""
        if (sandbox := self._sandbox) is not None and not sandbox.alive:
            self._lost(sandbox, "it ended before the interview began")

    def _lost(self, sandbox: Sandbox, reason: str) -> None:
        with self._taking:
            if sandbox is not self._sandbox or sandbox is self._sought or not self._wanted():
                return
            self._sought = sandbox
        self._interview.record(Draft("system", e.SandboxLost(reason=reason)))
        begin(f"relaunch-{self._interview.id}", self._lost_and_found)

    def _lost_and_found(self) -> None:
        terminals = self._open_terminals()
        if self._terminals is not None:
            terminals = self._terminals.lost()
        if self._disk is not None:
            self._known = self._disk.end()
        self._bring_back(terminals)

    def _open_terminals(self) -> list[tuple[int, int]]:
        return [(view.cols, view.rows) for view in self._interview.state.terminals.values() if view.open]

    def _wanted(self) -> bool:
        return not self._closed and self._interview.state.status in UNDER_WAY

    def _bring_back(self, terminals: Sequence[tuple[int, int]]) -> None:
        """Adopt or rebuild, however often it takes; the clock waits."""
        since = self._interview.now()
        with self._changing:
            pause(self._interview, "sandbox", N_("The sandbox is being started again"), since)
            for attempt in itertools.count():
                if not self._wanted():
                    return
                try:
                    if not self._adopt():
                        self._end()
                        self._fresh(Turn.UNDER_WAY)
                    break
                except Exception as error:
                    # Whatever it was: the candidate waits for it, and it may pass.
                    told = {"interview": self._interview.id}
                    logger.warning("no sandbox (try %d)", attempt + 1, exc_info=error, extra=told)
                    reason = str(error) if isinstance(error, PairsightError) else N_("Something failed on our side")
                    if self._interview.state.sandbox_lost != reason:
                        self._interview.record(Draft("system", e.SandboxLost(reason=reason)))
                    self._interview.tools.sleep(min(2.0 ** min(attempt, 10), MAX_RETRY_S))
            if (opened := self._terminals) is not None:
                for cols, rows in terminals:
                    with contextlib.suppress(PairsightError):
                        opened.open(cols, rows, by="system")
            resume(self._interview, "sandbox")

    def _adopt(self) -> bool:
        now = self._interview.now()
        often = len(self._adopted) == ADOPTIONS and now - self._adopted[0] < ADOPTIONS_MS
        if not self._place or often:
            return False
        sandbox = self._interview.tools.backend().adopt(self._spec, self._place)
        if sandbox is None:
            return False
        self._adopted.append(now)

        def resume(disk: Disk) -> list[str]:
            disk.resume(self._known, self._until_ms)
            return []

        self._take(sandbox, resume, adopted=True)
        return True

    def _fresh(self, turn: Turn, on_waiting: Callable[[int], None] | None = None) -> None:
        sandbox = self._interview.tools.backend().start(self._spec, turn=turn, on_waiting=on_waiting)
        self._take(sandbox, Disk.begin, adopted=False)

    def _take(self, sandbox: Sandbox, follow: Callable[[Disk], list[str]], *, adopted: bool) -> None:
        """Work in it from now on; ``follow`` begins with its disk, and returns the files that could not be put there."""
        disk = Disk(self._interview, sandbox)
        try:
            missing = follow(disk)
        except Exception:
            # One that was adopted may still be sound: it is asked again, with what is known of it by now.
            sandbox.leave() if adopted else sandbox.stop()
            self._known = disk.end() or self._known
            raise
        with self._taking:
            if not self._closed:
                self._sandbox, self._disk, self._place = sandbox, disk, sandbox.place
                self._terminals = Terminals(self._interview, sandbox, disk.flush_changed)
        if self._sandbox is not sandbox:
            # Submitted, or the server stopped, while it was being started.
            disk.close()
            sandbox.leave() if self._left else sandbox.stop()
            return
        self._tell(sandbox, adopted, missing)
        sandbox.on_lost(lambda reason: self._lost(sandbox, reason))

    def _tell(self, sandbox: Sandbox, adopted: bool, missing: Sequence[str]) -> None:
        with self._interview.lock:
            started = e.SandboxStarted(
                backend=sandbox.backend, weaker=self._interview.tools.weaker(), place=sandbox.place, adopted=adopted,
                missing=tuple(missing),
            )  # fmt: skip
            gone = [Draft("system", e.FileDeleted(path=path, origin="rebuild"), follows=True) for path in missing]
            self._interview.record(Draft("system", started), *gone)
