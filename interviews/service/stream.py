"""One terminal's output on its way into the log.

Owns when something is recorded, and its thread. Invariant: what viewers see is what was logged; however much is printed, the
log grows by the terminal's budget and memory by some kilobytes, and keys act at once, because output is read faster than it
is recorded; while the log cannot be written, the program waits. Leaves out how much a budget is (``flood``) and what the
bytes say (``marks``).
"""

from __future__ import annotations

import codecs
import contextlib
import queue
import threading
import time
from typing import Literal

from interviews import events as e
from interviews.errors import Conflict, LeaseLost, PairsightError, PlatformFailure
from interviews.log import ClientKey, Draft
from interviews.service.flood import GLANCE, RESERVE, Budget, Held, Pace, slowdown
from interviews.service.interview import EVENT_VOLUME, Interview
from interviews.service.marks import CommandMarks
from interviews.timeline import UNDER_WAY
from sandbox.base import Terminal

COALESCE_S = 0.05
# A flood that says nothing for so long has paused; a shorter time may be our own machine's.
PAUSE_S = 0.2
# Of a flood that goes on, something is shown this often at most.
GLANCE_S = 1.0
MAX_CHUNK = 8192
MAX_READ = 65_536
# More commands at a time come from no person, but from a program that prints their marks.
MAX_COMMANDS = 200
# How often, and for how long, something is recorded again that the log would not take.
RETRY_S, RETRY_FOR_S = 0.5, 120.0
# What a program has time for to see that the window has another size.
REDRAW_S = 0.1


class Stream:
    """The callbacks of one PTY, and the thread that records what they bring."""

    def __init__(self, interview: Interview, terminal: str, budget: Budget, pace: Pace) -> None:
        self._interview, self.terminal, self.budget, self._pace = interview, terminal, budget, pace
        self._queue: queue.Queue[bytes | int | None] = queue.Queue(maxsize=8)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._marks, self._held = CommandMarks(), Held()
        self._finished: list[tuple[str, int]] = []
        self._sender, self._sent = f"terminal:{terminal}:{interview.tools.new_id()}", 0
        self._said_at = 0.0
        self._flooding = self._stale = self._typed = self._deaf = False
        self._sizing = threading.Lock()
        self.ended = False
        self.pty: Terminal | None = None
        threading.Thread(target=self._run, name=f"terminal-{terminal}", daemon=True).start()

    def output(self, data: bytes) -> None:
        if not self._deaf:
            self._queue.put(data)

    def exited(self, code: int) -> None:
        if not self._deaf:
            self._queue.put(code)

    def abandon(self) -> None:
        """End without a word in the log; whoever could not open the PTY records that."""
        self._deaf = True
        self._queue.put(None)

    def forget(self) -> None:
        """Tell of no command that is under way."""
        self._marks.forget()
        self._finished = []

    def write(self, pty: Terminal, keys: bytes) -> None:
        self._typed = True
        pty.write(keys)

    def resize(self, pty: Terminal, cols: int, rows: int) -> None:
        """Change the window's size and record it."""
        with self._sizing:
            pty.resize(cols, rows)
            resized = e.TerminalResized(terminal=self.terminal, cols=cols, rows=rows)
            self._interview.record(Draft("candidate", resized))

    def _run(self) -> None:
        try:
            while self._step():
                pass
        except PairsightError:
            # The log is closed to it: the terminal ends, the interview's other parts say why.
            self._deaf = True
            if self.pty is not None:
                self.pty.close()
            with contextlib.suppress(queue.Empty):
                # The sandbox may be waiting for room in the queue.
                while True:
                    self._queue.get_nowait()

    def _step(self) -> bool:
        data, end = self._gather()
        if end is None:
            return False
        begun = time.thread_time()
        self.budget.refill(self._interview.volume)
        self._finished += self._marks.feed(data)
        del self._finished[:-MAX_COMMANDS]
        if isinstance(end, int):
            self._end(data, end)
            return False
        self._flooding = self._flooding and bool(data)
        if self._fits(data):
            self._say(self._held.pass_on(data))
        elif data:
            self._held.add(data)
        if self._held:
            self._say_when_due(paused=not data)
        elif self._stale and not data:
            self._redraw()
        time.sleep(self._pace.rest(len(data), time.thread_time() - begun))
        return True

    def _gather(self) -> tuple[bytes, int | Literal["more"] | None]:
        """What came within a moment of its first byte, or nothing for a moment; and whether that was the end."""
        parts: list[bytes] = []
        size, patience = 0, PAUSE_S if self._held.cut else COALESCE_S if self._held or self._stale else None
        until = 0.0
        with contextlib.suppress(queue.Empty):
            while size < MAX_READ and (patience is None or patience > 0):
                item = self._queue.get(timeout=patience)
                if not isinstance(item, bytes):
                    return b"".join(parts), item
                parts.append(item)
                size += len(item)
                until = until or time.monotonic() + COALESCE_S
                patience = until - time.monotonic()
        return b"".join(parts), "more"

    def _fits(self, data: bytes) -> bool:
        """Whether it can be recorded as it is: no flood goes on, and there is budget left for the end of the next."""
        if self._held or self._flooding:
            return False
        commands = sum(EVENT_VOLUME + len(command) for command, _ in self._finished)
        return RESERVE + EVENT_VOLUME + len(repr(data)) + commands <= self.budget.level

    def _say_when_due(self, *, paused: bool) -> None:
        if not paused and time.monotonic() < self._said_at + GLANCE_S * slowdown(self._interview.volume):
            return
        room = self.budget.level - EVENT_VOLUME
        if room < min(self._held.size, GLANCE):
            return
        # Of what streams past, a glance; but what is all there, and what is left at a pause, as far as there is room.
        glance = not paused and self._held.cut > 0
        data, cut = self._held.take(GLANCE if glance else room)
        self._flooding = cut > 0 and not paused
        self._stale = self._stale or cut > 0
        self._say(data, cut)

    def _end(self, data: bytes, code: int) -> None:
        closed = Draft("terminal", e.TerminalClosed(terminal=self.terminal, exit_code=code))
        if code >= 0:
            self._finished += self._marks.ended(code)
        self._held.add(data)
        self._say(*self._held.take(max(GLANCE, self.budget.level - EVENT_VOLUME)), closed)

    def _say(self, data: bytes, cut: int = 0, *closing: Draft) -> None:
        if cut:
            self._decoder.reset()
        text = self._decoder.decode(data, final=bool(closing))
        drafts: list[Draft] = []
        for start in range(0, len(text), MAX_CHUNK):
            piece = e.TerminalOutput(
                terminal=self.terminal, data=text[start : start + MAX_CHUNK], cut=0 if start else cut
            )
            drafts.append(Draft("terminal", piece))
        drafts += [
            Draft("candidate", e.CommandFinished(terminal=self.terminal, command=command, exit_code=exit_code))
            for command, exit_code in self._commands()
        ]
        self._record([*drafts, *closing])
        self.budget.take(sum(EVENT_VOLUME + len(repr(draft.data)) for draft in drafts))
        self._said_at = time.monotonic()

    def _commands(self) -> list[tuple[str, int]]:
        """Those that ended meanwhile; of more than there is budget for, the newest."""
        finished, self._finished = self._finished, []
        room, most = self.budget.level - RESERVE, 0
        while most < len(finished) and (room := room - EVENT_VOLUME - len(finished[-1 - most][0])) >= 0:
            most += 1
        return finished[-max(1, most) :]

    def _record(self, drafts: list[Draft]) -> None:
        self._sent += 1
        until = time.monotonic() + RETRY_FOR_S
        while drafts and self._interview.state.status in UNDER_WAY:
            try:
                self._interview.record(*drafts, key=ClientKey(self._sender, self._sent))
                return
            except LeaseLost:
                raise
            except (PlatformFailure, Conflict):
                if time.monotonic() > until:
                    raise
                # The same key again: it may have been recorded after all.
                time.sleep(RETRY_S)

    def _redraw(self) -> None:
        """Have a program on the alternate screen draw it anew, for some of what it drew was left out.

        Not twice without a key in between: what it draws may be more than the budget is good for.
        """
        self._stale = False
        if self.pty is None or not self._held.modes.alternate or not self._typed:
            return
        self._typed = False
        with self._sizing:
            view = self._interview.state.terminals[self.terminal]
            # Told of its own size, a program sees no reason to draw.
            self.pty.resize(view.cols, view.rows - 1 or 2)
            time.sleep(REDRAW_S)
            self.pty.resize(view.cols, view.rows)
