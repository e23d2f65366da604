"""Pausing Python's search for objects that hold each other in circles, while a log is read.

Owns the pause. Invariant: several threads may pause at once; it goes on when the last is done, if it was on before the first.
Events come by the ten thousand, live on together and hold nobody in a circle: to look through all of them again and again takes
longer than reading them. What nobody holds any more is let go at once all the same. Leaves out what is read.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pausing = 0
_was_on = False


@contextmanager
def paused() -> Iterator[None]:
    """No search within; for a second or so at most, since circles stay meanwhile."""
    global _pausing, _was_on
    with _lock:
        _pausing += 1
        if _pausing == 1:
            _was_on = gc.isenabled()
            gc.disable()
    try:
        yield
    finally:
        with _lock:
            _pausing -= 1
            if _pausing == 0 and _was_on:
                gc.enable()
