"""Terminals: keys in, output into the log.

Owns which terminals are open, their sizes and their keys. Invariant: no more are open than a person uses, and what is typed
in the editor is on disk before a command can look for it. Leaves out the PTY and the way of its output (``stream``).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from interviews import events as e
from interviews.errors import BadInput, NotFound, PairsightError
from interviews.log import Draft
from interviews.service.flood import Budget, Pace
from interviews.service.interview import Interview
from interviews.service.stream import Stream
from sandbox.base import Sandbox, Terminal

MAX_TERMINALS = 4


class Terminals:
    """The open terminals of one sandbox."""

    def __init__(self, interview: Interview, sandbox: Sandbox, flush: Callable[[], None]) -> None:
        self._interview, self._sandbox, self._flush = interview, sandbox, flush
        self._open: dict[str, Stream] = {}
        self._pace = Pace(time.monotonic)
        self._budgets = [Budget(time.monotonic, interview.volume) for _ in range(MAX_TERMINALS)]

    def lost(self) -> list[tuple[int, int]]:
        """Columns and rows of those that ended with the sandbox, and not before it."""
        views = self._interview.state.terminals
        names = [name for name, stream in self._open.items() if not stream.ended]
        return [(views[name].cols, views[name].rows) for name in names]

    def forget(self) -> None:
        """Tell of no command that is under way: its line may hold what was erased."""
        for stream in list(self._open.values()):
            stream.forget()

    def open(self, cols: object, rows: object, by: str = "candidate") -> str:
        """Open a PTY; returns its id."""
        width, height = _size(cols, rows)
        with self._interview.lock:
            self._interview.require_running()
            self._interview.require_room()
            known = self._interview.state.terminals
            if sum(view.open for view in known.values()) >= MAX_TERMINALS:
                raise BadInput(
                    "%(most)d terminals are open, and more are not possible. Close one first: type exit in it.",
                    most=MAX_TERMINALS,
                )
            name = f"t{len(known) + 1}"
            self._interview.record(Draft(by, e.TerminalOpened(terminal=name, cols=width, rows=height)))
        stream = Stream(self._interview, name, self._budget(), self._pace)

        def on_exit(code: int) -> None:
            stream.ended = self._sandbox.alive
            stream.exited(code)

        try:
            stream.pty = self._sandbox.open_terminal(cols=width, rows=height, on_output=stream.output, on_exit=on_exit)
        except PairsightError:
            stream.abandon()
            self._interview.record(Draft("terminal", e.TerminalClosed(terminal=name, exit_code=-1)))
            raise
        self._open[name] = stream
        return name

    def write(self, terminal: object, data: object) -> None:
        """Send keys. Raises ``BadInput`` for more than 64 KiB at once."""
        self._interview.require_running()
        if not isinstance(data, str) or len(data) > 65536:
            raise BadInput("Expected at most 64 KiB of keys")
        stream, pty = self._stream(terminal)
        if "\r" in data:
            # A command must find on disk what was typed in the editor just before it.
            self._flush()
        stream.write(pty, data.encode("utf-8", "replace"))

    def resize(self, terminal: object, cols: object, rows: object) -> None:
        """Change the window's size, and log it where it differs."""
        width, height = _size(cols, rows)
        stream, pty = self._stream(terminal)
        view = self._interview.state.terminals[str(terminal)]
        if (view.cols, view.rows) != (width, height):
            self._interview.require_room()
            stream.resize(pty, width, height)

    def close(self, terminal: object) -> None:
        """Hang up."""
        self._stream(terminal)[1].close()

    def _budget(self) -> Budget:
        """One that no open terminal uses: who opens them one after the other prints no more for that."""
        used = {
            id(stream.budget) for name, stream in list(self._open.items()) if self._interview.state.terminals[name].open
        }
        return max((one for one in self._budgets if id(one) not in used), key=lambda one: one.level)

    def _stream(self, terminal: object) -> tuple[Stream, Terminal]:
        stream = self._open.get(str(terminal))
        if stream is None or stream.pty is None or not self._interview.state.terminals[str(terminal)].open:
            raise NotFound("There is no open terminal %(terminal)s", terminal=terminal)
        return stream, stream.pty


def _size(cols: object, rows: object) -> tuple[int, int]:
    if not isinstance(cols, int) or not isinstance(rows, int) or not (2 <= cols <= 500 and 1 <= rows <= 300):
        raise BadInput(
            "Expected a terminal of 2 to 500 columns and 1 to 300 rows, got %(cols)s × %(rows)s", cols=cols, rows=rows
        )
    return cols, rows
