"""What becomes of more output than a log should hold: the newest of it, with a mark for what was left out.

Owns how much of a terminal is logged and how fast it is read. Invariant: no more than the budget is recorded, no more than
some kilobytes are held, whatever is printed for however long. Leaves out threads and the log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from interviews.service.marks import Modes, beginning

# As the interview counts its log (``Interview.volume``): what is recorded without a look, what is then left for the ends
# of floods and for what is typed, and what comes back each second.
BURST = 400_000
RESERVE = 48_000
REFILL_S = 32_000
# It comes back half as fast once the log holds this much, a third as fast at twice as much, and so on.
SLOWER_EACH = 2_000_000
# Held at most: twice this, in bytes.
TAIL = 16_384
# Shown of a flood that goes on, and at least of one that pauses.
GLANCE = 4_096
# How fast all terminals of one interview are read together: bytes a second, and how often the time that this took is rested.
READ_S = 10_000_000
REST = 4

Clock = Callable[[], float]


class Budget:
    """What one terminal may still record."""

    def __init__(self, clock: Clock, volume: int) -> None:
        """Full, as far as a log that holds ``volume`` allows it: sandboxes may come and go."""
        self._clock = clock
        self._at = clock()
        self._level = max(2 * RESERVE, BURST / slowdown(volume))

    def refill(self, volume: int) -> None:
        """Add what came back since the last time, the log holding ``volume`` now."""
        now = self._clock()
        self._level = min(BURST, self._level + (now - self._at) * REFILL_S / slowdown(volume))
        self._at = now

    @property
    def level(self) -> int:
        return int(self._level)

    def take(self, cost: int) -> None:
        self._level -= cost


def slowdown(volume: int) -> float:
    """How many times slower a flood is recorded when the log holds ``volume``."""
    return 1 + volume / SLOWER_EACH


class Pace:
    """Lets the terminals of an interview be read so fast together, and no faster. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._due = 0.0

    def rest(self, count: int, worked: float) -> float:
        """Seconds to wait after ``count`` bytes that took ``worked`` seconds of a processor."""
        with self._lock:
            now = self._clock()
            self._due = max(self._due, now) + max(count / READ_S, worked * REST)
            return self._due - now


class Held:
    """Output that waits to be recorded: the newest of it, and how much before it was left out."""

    def __init__(self) -> None:
        self.cut = 0
        self.modes = Modes()
        self._data = bytearray()
        self._line_begun = False

    def __bool__(self) -> bool:
        return bool(self._data or self.cut)

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return len(self._data)

    def add(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > 2 * TAIL:
            self._leave_out(TAIL)

    def _leave_out(self, most: int) -> None:
        begin = beginning(self._data, max(0, len(self._data) - most))
        self.modes.left_out(bytes(self._data[:begin]))
        del self._data[:begin]
        self.cut += begin

    def take(self, most: int) -> tuple[bytes, int]:
        """What is held, at most its last ``most`` bytes, behind the mark for what was left out; and how many bytes that is."""
        if len(self._data) > most:
            self._leave_out(most)
        tail, cut = bytes(self._data), self.cut
        before = mark(cut, self.modes.unsaid(), self._line_begun) if cut else b""
        self._data.clear()
        self.cut = 0
        return self.pass_on(before + tail), cut

    def pass_on(self, data: bytes) -> bytes:
        """``data``, which is recorded next, as it came."""
        self.modes.shown(data)
        if data:
            self._line_begun = not data.endswith(b"\n")
        return data


def mark(cut: int, modes: bytes, line_begun: bool) -> bytes:
    """The line that says how much was left out. Before it, what ends a sequence or colour that was left unfinished."""
    size = f"{cut} bytes"
    for unit, name in ((10**3, "kB"), (10**6, "MB"), (10**9, "GB")):
        if cut >= unit:
            size = f"{cut / unit:.1f} {name}"
    line = f"⋯ {size} left out ⋯\r\n".encode()
    return b"\x18" + modes + b"\x1b(B\x0f\x1b[0m" + (b"\r\n" if line_begun else b"") + line
