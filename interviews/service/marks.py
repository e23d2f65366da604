"""What a terminal's bytes say beside what they show: the shell's marks, the modes, and where a cut may be made.

Owns reading escape sequences. Invariant: whatever a program prints, in whatever pieces it comes, memory stays bounded
and nothing is raised. Marks are the shell's word, or that of a program that imitates it. Leaves out what is drawn.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

MAX_COMMAND = 2000
# Three bytes for each of what the shell tells of a command at most (``sandbox.agent``), and the rest of its mark.
MAX_MARK = 3 * 4096 + 128
# Unfinished, and longer than any sequence that sets a mode.
_MAX_SETTING = 96
_EXIT_CODE = re.compile(rb"-?[0-9]{1,9}")
_MARK = re.compile(rb"\x1b\]133;([A-D])(?:;([^\x07\x1b]*))?(?:\x07|\x1b\\)")
_SEQUENCE = re.compile(
    rb"\x1b(?:\[[\x00-\x17\x19\x1c-\x3f]*[@-~]"
    rb"|[\]PX^_][^\x07\x18\x1a\x1b]*(?:[\x07\x18\x1a]|\x1b\\|(?=\x1b))"
    rb"|[ -/]*[0-OQ-WYZ\\`-~])"
)
_SETTING = re.compile(rb"\x1b(?:\[\?([0-9;]{1,64})([hl])|\[([0-9;]{0,16})r|([=>])|(c)|\[!p)")
# Cursor keys, wrapping, the cursor, the alternate screen, the mouse, focus, pasting, drawing at once. Not those that move the
# cursor or clear the screen.
_MODES = frozenset(
    b"%d" % mode for mode in (1, 7, 12, 25, 47, 66, *range(1000, 1008), 1015, 1016, 1047, 1049, 2004, 2026)
)
_ALTERNATE = (b"47", b"1047", b"1049")


class CommandMarks:
    """Reads OSC 133 marks out of a terminal's output, however it is cut; yields finished commands."""

    def __init__(self) -> None:
        self._tail, self._command = b"", ""

    def feed(self, data: bytes) -> list[tuple[str, int]]:
        """Commands that ended in ``data``, each with its exit code, -1 where the mark holds none."""
        self._tail += data
        finished, end = [], 0
        for mark in _MARK.finditer(self._tail):
            kind, rest, end = mark.group(1), mark.group(2) or b"", mark.end()
            if kind == b"C":
                self._command = _command(rest.partition(b"cmdline_url=")[2].partition(b";")[0])
            elif kind == b"D" and self._command:
                code = rest.partition(b";")[0]
                finished.append((self._command, int(code) if _EXIT_CODE.fullmatch(code) else -1))
                self._command = ""
        self._tail = self._tail[max(end, len(self._tail) - MAX_MARK) :]
        return finished

    def forget(self) -> None:
        """The command under way is not to be told when it ends: its line was erased."""
        self._tail, self._command = b"", ""

    def ended(self, code: int) -> list[tuple[str, int]]:
        """The command that the shell ended with: ``exit``, or what took its place. It has the shell's exit code."""
        command, self._command = self._command, ""
        return [(command, code)] if command else []


def _command(quoted: bytes) -> str:
    text = unquote_to_bytes(quoted).decode("utf-8", "replace")
    return text if len(text) <= MAX_COMMAND else text[: MAX_COMMAND - 1] + "…"


class Modes:
    """The modes that a terminal's output sets; output that is left out sets them all the same."""

    def __init__(self) -> None:
        self.alternate = False
        self._tail = b""
        self._unsaid: dict[bytes, bytes] = {}

    def shown(self, data: bytes) -> None:
        """This was shown, and did what it does."""
        self._read(data)
        self._unsaid.clear()

    def left_out(self, data: bytes) -> None:
        """This was not."""
        self._read(data)

    def unsaid(self) -> bytes:
        """What sets the modes as the output that was left out has left them."""
        return b"".join(self._unsaid.values())

    def _read(self, data: bytes) -> None:
        data = self._tail + data
        end = 0
        for setting in _SETTING.finditer(data):
            end = setting.end()
            modes, on, region, keypad, reset = setting.groups()
            if reset:
                self.alternate = False
                self._unsaid.clear()
            for mode in (modes or b"").split(b";"):
                if mode in _MODES:
                    self._note(mode, b"\x1b[?%b%b" % (mode, on))
                if mode in _ALTERNATE:
                    self.alternate = on == b"h"
            if region is not None:
                # It moves the cursor, which the output that follows takes to be where it was.
                self._note(b"r", b"\x1b7%b\x1b8" % setting.group())
            elif modes is None:
                self._note(b"keypad" if keypad else setting.group(), setting.group())
        last = data.rfind(b"\x1b", max(end, len(data) - _MAX_SETTING))
        self._tail = data[last:] if last >= 0 else b""

    def _note(self, what: bytes, said: bytes) -> None:
        # Last said, last in order.
        self._unsaid.pop(what, None)
        self._unsaid[what] = said


def beginning(data: bytes | bytearray, at: int) -> int:
    """Where output may begin that is cut at ``at`` or somewhat later.

    At the beginning of a line, unless that is far; never inside an escape sequence or a UTF-8 character.
    """
    at = _outside(data, at)
    line = at if at == 0 or data[at - 1 : at] == b"\n" else data.find(b"\n", at) + 1
    while 0 < line <= (at + len(data)) // 2:
        if (outside := _outside(data, line)) == line:
            return line
        line = data.find(b"\n", outside) + 1
    return at


def _outside(data: bytes | bytearray, at: int) -> int:
    """``at``, or the next place that is inside no sequence and no character."""
    # An escape character ends whatever sequence came before it: the last one decides.
    escape = data.rfind(b"\x1b", 0, at)
    if escape >= 0 and (sequence := _SEQUENCE.match(data, escape)) is not None:
        at = max(at, sequence.end())
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at
