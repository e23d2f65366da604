"""Terminals: keys in, output into the log.

Owns the coalescing of output and the reading of shell integration marks (OSC 133). Invariant: what viewers see is
what was logged; a flood slows the program down instead of growing memory, because the sandbox waits for this reader.
Leaves out the PTY.
"""

from __future__ import annotations

import codecs
import contextlib
import queue
import re
import threading
import time
from collections.abc import Callable
from urllib.parse import unquote

from interviews import events as e
from interviews.errors import BadInput, NotFound, PairsightError
from interviews.log import Draft
from interviews.service.interview import Interview
from sandbox.base import Sandbox, Terminal

COALESCE_S = 0.05
MAX_CHUNK = 8192
FLOOD_BYTES_S = 64_000
# A flood comes to half its speed once the log holds this much, to a third at twice as much, and so on.
SLOWER_EACH = 2_000_000
MAX_TERMINALS = 4
_EXIT_CODE = re.compile(r"-?[0-9]{1,9}")
_MARK = re.compile(r"\x1b\]133;([A-D])(?:;([^\x07\x1b]*))?(?:\x07|\x1b\\)")


class CommandMarks:
    """Reads OSC 133 marks out of a terminal's text, however it is cut; yields finished commands."""

    def __init__(self) -> None:
        self._tail, self._command = "", ""

    def feed(self, text: str) -> list[tuple[str, int]]:
        """Commands that ended in ``text``, each with its exit code."""
        self._tail += text
        finished, end = [], 0
        for mark in _MARK.finditer(self._tail):
            kind, rest, end = mark.group(1), mark.group(2) or "", mark.end()
            if kind == "C":
                self._command = unquote(rest.partition("cmdline_url=")[2].partition(";")[0])
            elif kind == "D" and self._command:
                code = rest.partition(";")[0]
                finished.append((self._command[:2000], int(code) if _EXIT_CODE.fullmatch(code) else -1))
                self._command = ""
        self._tail = self._tail[end:][-4096:]
        return finished


class _Stream:
    """One terminal's output on its way into the log."""

    def __init__(self, interview: Interview, terminal: str) -> None:
        self._interview, self.terminal = interview, terminal
        self._queue: queue.Queue[bytes | int | None] = queue.Queue(maxsize=8)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._marks = CommandMarks()
        self._deaf = False
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

    def _run(self) -> None:
        try:
            while self._step():
                pass
        except PairsightError:
            # The log refuses writes: the terminal ends, the interview's other parts say why.
            self._deaf = True
            if self.pty is not None:
                self.pty.close()
            with contextlib.suppress(queue.Empty):
                # The sandbox may be waiting for room in the queue.
                while True:
                    self._queue.get_nowait()

    def _step(self) -> bool:
        parts: list[bytes] = []
        code: int | None = None
        item = self._queue.get()
        deadline, size = time.monotonic() + COALESCE_S, 0
        while True:
            if item is None:
                return False
            if isinstance(item, int):
                code = item
                break
            parts.append(item)
            size += len(item)
            left = deadline - time.monotonic()
            if left <= 0 or size >= MAX_CHUNK:
                break
            try:
                item = self._queue.get(timeout=left)
            except queue.Empty:
                break
        text = self._decoder.decode(b"".join(parts), final=code is not None)
        self._record(text, code)
        if size > FLOOD_BYTES_S * COALESCE_S:
            time.sleep(size / FLOOD_BYTES_S * (1 + self._interview.volume / SLOWER_EACH))
        return code is None

    def _record(self, text: str, code: int | None) -> None:
        drafts = [
            Draft("terminal", e.TerminalOutput(terminal=self.terminal, data=text[start : start + MAX_CHUNK]))
            for start in range(0, len(text), MAX_CHUNK)
        ]
        for command, exit_code in self._marks.feed(text):
            finished = e.CommandFinished(terminal=self.terminal, command=command, exit_code=exit_code)
            drafts.append(Draft("candidate", finished))
        if code is not None:
            drafts.append(Draft("terminal", e.TerminalClosed(terminal=self.terminal, exit_code=code)))
        if drafts and self._interview.state.status in ("running", "grace"):
            self._interview.record(*drafts)


class Terminals:
    """The open terminals of one sandbox."""

    def __init__(self, interview: Interview, sandbox: Sandbox, flush: Callable[[], None]) -> None:
        self._interview, self._sandbox, self._flush = interview, sandbox, flush
        self._open: dict[str, _Stream] = {}

    def lost(self) -> list[tuple[int, int]]:
        """Columns and rows of those that ended with the sandbox, and not before it."""
        views = self._interview.state.terminals
        names = [name for name, stream in self._open.items() if not stream.ended]
        return [(views[name].cols, views[name].rows) for name in names]

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
        stream = _Stream(self._interview, name)

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
        pty = self._pty(terminal)
        if "\r" in data:
            # A command must find on disk what was typed in the editor just before it.
            self._flush()
        pty.write(data.encode("utf-8", "replace"))

    def resize(self, terminal: object, cols: object, rows: object) -> None:
        """Change the window's size, and log it where it differs."""
        width, height = _size(cols, rows)
        pty = self._pty(terminal)
        view = self._interview.state.terminals[str(terminal)]
        if (view.cols, view.rows) != (width, height):
            self._interview.require_room()
            pty.resize(width, height)
            resized = e.TerminalResized(terminal=str(terminal), cols=width, rows=height)
            self._interview.record(Draft("candidate", resized))

    def close(self, terminal: object) -> None:
        """Hang up."""
        self._pty(terminal).close()

    def _pty(self, terminal: object) -> Terminal:
        stream = self._open.get(str(terminal))
        if stream is None or stream.pty is None or not self._interview.state.terminals[str(terminal)].open:
            raise NotFound("There is no open terminal %(terminal)s", terminal=terminal)
        return stream.pty


def _size(cols: object, rows: object) -> tuple[int, int]:
    if not isinstance(cols, int) or not isinstance(rows, int) or not (2 <= cols <= 500 and 1 <= rows <= 300):
        raise BadInput(
            "Expected a terminal of 2 to 500 columns and 1 to 300 rows, got %(cols)s × %(rows)s", cols=cols, rows=rows
        )
    return cols, rows
