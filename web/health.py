"""Whether the service can do its work: ``/healthz`` for whoever watches it, ``/healthz/live`` for whoever restarts it.

Owns the questions and how often they are asked. Invariant: an answer is bounded in time and cheap however often it is asked
for, names no secret, path or host, and never asks Docker. Leaves out figures (``metrics``).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue

from interviews.service.background import begin
from interviews.service.registry import TICK_S, Interviews
from web.auth import public

# Seconds: how long the database may take, how long its answer counts, how late the clocks may be.
WITHIN_S, FRESH_S, LATE_S = 2.0, 1.0, 10.0
logger = logging.getLogger("pairsight")


class Asked:
    """A question that is asked in the background, by one thread at a time, when its last answer is no longer fresh."""

    def __init__(self, ask: Callable[[], object], within_s: float = WITHIN_S, fresh_s: float = FRESH_S) -> None:
        self._ask, self._within_s, self._fresh_s = ask, within_s, fresh_s
        self._changed = threading.Condition()
        self._began: float | None = None
        self._answered: float | None = None
        self._well = True

    def well(self) -> bool:
        """Whether it was answered without an error, in time."""
        with self._changed:
            now = time.monotonic()
            if self._began is None and (self._answered is None or now - self._answered > self._fresh_s):
                self._began = now
                begin("health", self._run)
            if self._began is None:
                return self._well
            left = self._began + self._within_s - now
            return self._changed.wait_for(lambda: self._began is None, max(0.0, left)) and self._well

    def _run(self) -> None:
        well = False
        try:
            self._ask()
            well = True
        except Exception as error:
            if self._well:
                logger.error("not healthy", exc_info=error)
        finally:
            with self._changed:
                self._began, self._answered, self._well = None, time.monotonic(), well
                self._changed.notify_all()


class Ticks:
    """When the interviews' clocks last ticked."""

    def __init__(self, interviews: Interviews) -> None:
        self._last = time.monotonic()
        interviews.on_tick = self._tick

    def _tick(self) -> None:
        self._last = time.monotonic()

    @property
    def late_s(self) -> float:
        """By how many seconds the next one is late."""
        return max(0.0, time.monotonic() - self._last - TICK_S)


def install(app: Flask, interviews: Interviews, ticks: Ticks, database: Callable[[], object]) -> None:
    """Add the pages. ``database`` commits something and raises where that cannot be done."""
    asked = Asked(database)

    @app.get("/healthz")
    @public
    def healthz() -> ResponseReturnValue:
        """200 where interviews can be held here, else 503; which part is at fault."""
        pool, late_s = interviews.pool, ticks.late_s
        parts: dict[str, dict[str, object]] = {
            "database": {"ok": asked.well()},
            "sandbox": {"ok": pool is not None, "backend": None if pool is None else pool.name},
            "clock": {"ok": late_s < LATE_S, "late_seconds": round(late_s, 1)},
        }
        well = all(part["ok"] for part in parts.values())
        status = "stopping" if interviews.stopping else "ok" if well else "failing"
        return jsonify({"status": status, **parts}), 200 if status == "ok" else 503

    @app.get("/healthz/live")
    @public
    def live() -> ResponseReturnValue:
        """200 whenever the process answers at all: another start would not mend more than that."""
        return jsonify({"status": "ok"})
