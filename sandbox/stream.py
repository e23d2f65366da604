"""The byte stream to a running agent, as a backend provides it (port). Leaves out what is said over it (``client``)."""

from __future__ import annotations

from typing import Protocol


class Stream(Protocol):
    """A running agent's bytes. ``read`` and ``write`` may wait; ``hang_up`` and ``end`` make both return.

    These two may be called twice, by anybody, and ``end`` also after ``hang_up`` and ``release``.
    """

    place: str
    """What the backend finds the files by once the agent is gone; "" where they go with it."""

    def read(self) -> bytes:
        """Some bytes, or none at the end."""
        ...

    def write(self, data: bytes) -> None:
        """All of ``data``. Raises ``OSError`` when nobody reads any more."""
        ...

    def hang_up(self) -> str:
        """Let go and wait until the agent is gone; what can be adopted stays, all else ends. Returns the last words."""
        ...

    def end(self) -> str:
        """End every process of the sandbox, forget the files and wait for it; returns the last words."""
        ...

    def release(self) -> None:
        """Give descriptors back; called once, after nobody reads or writes."""
        ...
