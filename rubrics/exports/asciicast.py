"""One terminal as an asciicast (version 3), which asciinema and its players show.

Owns that form: a header, then ``[seconds since the one before, code, data]`` a line. Invariant: the output in it, put
together, is what was logged, byte for byte; what was erased leaves nothing. Markers say where commands ended, where the
assistant was asked and how tests went. Leaves out keys: they are not logged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO

from interviews import events as e
from interviews.errors import BadInput
from rubrics.base import Scorecard
from rubrics.base import translatable as _

# What the sandbox tells its programs.
TERM = "xterm-256color"
LABEL = 100


class AsciicastExport:
    """A header line, then one event a line: o output, r size, m marker, x exit status."""

    name = _("Terminal (asciicast)")
    media_type = "application/x-asciicast"
    suffix = "cast"
    scored = False

    def write(
        self,
        out: IO[str],
        header: e.Header,
        records: Iterable[e.Record],
        scorecard: Scorecard | None,
        terminal: str = "",
    ) -> None:
        """Write ``terminal``, the only one where none is named. Raises ``BadInput`` that names those there are."""
        events = [e.understand(record) for record in records]
        opened = _opened([event for event in events if isinstance(event.data, e.TerminalOpened)], terminal)
        assert isinstance(opened.data, e.TerminalOpened)
        name = opened.data.terminal
        head = {
            "version": 3,
            "term": {"cols": opened.data.cols, "rows": opened.data.rows, "type": TERM},
            "timestamp": opened.at_ms // 1000,
            "title": f"{header.exercise.title}, {name}",
        }
        _write(out, head)
        last = opened.at_ms
        for at_ms, code, data in _course(events, opened.seq, name):
            _write(out, [(at_ms - last) / 1000, code, data])
            last = at_ms


def _write(out: IO[str], line: object) -> None:
    out.write(json.dumps(line) + "\n")


def _opened(found: list[e.Event], terminal: str) -> e.Event:
    by_name = {event.data.terminal: event for event in found if isinstance(event.data, e.TerminalOpened)}
    names = ", ".join(by_name)
    if not by_name:
        raise BadInput("Expected an interview with a terminal to export, got one in which none was opened")
    if not terminal and len(by_name) > 1:
        raise BadInput("Expected the name of a terminal, for there are several: %(names)s", names=names)
    if terminal and terminal not in by_name:
        raise BadInput("Expected one of the terminals %(names)s, got %(got)s", names=names, got=terminal[:40])
    return by_name[terminal] if terminal else found[0]


def _course(events: list[e.Event], opened: int, terminal: str) -> Iterator[tuple[int, str, str]]:
    """Time, code and data of what happened from the opening to the end of that terminal."""
    for event in events:
        if event.seq <= opened:
            continue
        match event.data:
            case e.TerminalOutput(terminal=name, data=data) if name == terminal:
                yield event.at_ms, "o", data
            case e.TerminalResized(terminal=name, cols=cols, rows=rows) if name == terminal:
                yield event.at_ms, "r", f"{cols}x{rows}"
            case e.CommandFinished(terminal=name, command=command, exit_code=code) if name == terminal:
                yield event.at_ms, "m", f"{_label(command)} (exit {code})"
            case e.PromptSent(text=text):
                yield event.at_ms, "m", f"Asked: {_label(text)}"
            case e.RunFinished(tests=tests):
                passed = sum(test.outcome == "passed" for test in tests)
                yield event.at_ms, "m", f"Tests: {passed} of {len(tests)} passed"
            case e.TerminalClosed(terminal=name, exit_code=code) if name == terminal:
                # Ended by a signal: as shells number it.
                yield event.at_ms, "x", str(code if code >= 0 else 128 - code)
                return
            case _:
                pass


def _label(text: str) -> str:
    line = text.strip().partition("\n")[0].rstrip()
    whole = len(line) <= LABEL and line == text.strip()
    return line if whole else line[:LABEL] + "…"


export = AsciicastExport()
