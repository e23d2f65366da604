"""What goes on at the moment that the service stops.

Owns how many messages are being answered. Invariant: once closed, nothing new is begun, and whoever closed it knows whether all
that was under way has been answered. Leaves out what a message is (``sockets``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Gate:
    """Counts calls that pass through it, until it is closed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.inside = 0
        self.closed = False

    def around(self, call: Callable[P, R]) -> Callable[P, R]:
        """``call``, counted. It is called in any case: it asks itself whether the gate is closed, and says so."""

        def counted(*arguments: P.args, **named: P.kwargs) -> R:
            with self._changed:
                late = self.closed
                self.inside += not late
            try:
                return call(*arguments, **named)
            finally:
                if not late:
                    with self._changed:
                        self.inside -= 1
                        self._changed.notify_all()

        return counted

    def close(self, seconds: float) -> bool:
        """Let nothing in any more; whether what was inside has left within ``seconds``."""
        with self._changed:
            self.closed = True
            return self._changed.wait_for(lambda: self.inside == 0, seconds)
