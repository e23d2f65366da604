"""The control group of those whose programs come last.

Owns one branch beside everything else of the machine, whether its programs run only where others leave the processor, and for how
long that is asked of them. Invariant: where one of them has been called for longer than a few seconds, they share an eighth of what
others have until it answers, so a machine that is kept busy makes them slow and does not make them fail. A courtesy and no limit:
where the server may not set it (an ordinary user, another machine's engine), sandboxes are held as well. Leaves out the groups of
single sandboxes (``sandbox.cgroups``) and which sandboxes yield (``sandbox.base.SandboxSpec``).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

# An eighth of what others weigh, by version: little enough to be felt, and enough to come to an end where they keep all processors
# busy. It says nothing beside processes of another branch, so those who yield have a branch of their own, which weighs as little.
WEIGHTS = {"cpu.shares": "128", "cpu.weight": "12"}
# A weight decides who has more of a processor, not who has it first: what wakes waits for a slice to end, some milliseconds. Beside
# an idle group it waits for nothing; but such a group has a three-hundredth of a busy processor.
IDLE = "cpu.idle"
# So long is that asked of a call, and of an end, which has less time and takes a third of a second on a machine at rest.
PATIENCE_S, END_S = 2.0, 1.5
LOOK_S = 0.25


def weigh_little(folder: Path) -> None:
    """Give that group its weight. An idle one has none to be given."""
    for name, value in WEIGHTS.items():
        if (folder / name).exists():
            with contextlib.suppress(OSError):
                (folder / name).write_text(value, "ascii")


class Branch:
    """The group at ``folder``, which may not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._due: dict[object, float] = {}
        self._looking = False
        self._pressed = False

    def make(self) -> bool:
        """Make it where it is not there. Returns whether its programs come last, or will once nobody has waited for long."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(exist_ok=True)
            with self._lock:
                self._write()
                return self._pressed or (self.folder / IDLE).read_text("ascii").strip() == "1"
        return False

    @contextlib.contextmanager
    def called(self, patience_s: float = PATIENCE_S) -> Iterator[None]:
        """Somebody waits meanwhile for a program that yields."""
        mine = object()
        with self._lock:
            self._due[mine] = time.monotonic() + patience_s
            if not self._looking:
                # Where no thread can be had, the next call tries again.
                with contextlib.suppress(RuntimeError):
                    threading.Thread(target=self._look, name="yielding", daemon=True).start()
                    self._looking = True
        try:
            yield
        finally:
            with self._lock:
                del self._due[mine]

    def _look(self) -> None:
        while True:
            with self._lock:
                pressed = any(due <= time.monotonic() for due in self._due.values())
                # Written anew at each look: another server may have the same branch.
                if pressed or self._pressed:
                    self._pressed = pressed
                    self._write()
                if not self._due:
                    self._looking = False
                    return
            time.sleep(LOOK_S)

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            (self.folder / IDLE).write_text("0" if self._pressed else "1", "ascii")
        weigh_little(self.folder)
