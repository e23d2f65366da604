"""Work that nobody waits for, each piece in a thread of its own; and what nobody should have to wait for.

Owns how it ends when it fails, and what the garbage collector passes over. Invariant: an interview that another process leads by
now ends its work here without a word, for there it is told; anything else that no one caught is logged, and never lost in a thread.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable

from interviews.errors import LeaseLost

logger = logging.getLogger("pairsight")


def begin(name: str, work: Callable[[], object]) -> threading.Thread:
    """Start ``work`` in a thread of that name, which ends with the process; returns it."""

    def run() -> None:
        try:
            work()
        except LeaseLost:
            logger.info("%s ended: the interview is led by another process", name)
        except Exception:
            logger.exception("%s failed", name)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def settle() -> None:
    """What is there by now stays for as long as the process does: full collections of garbage pass over it from now on.

    Each of them stops every thread: for a fifth of a second, where it looks at a quarter of a million things of modules and models,
    and everybody feels it who types at that moment.
    """
    gc.collect()
    gc.freeze()
