"""Who begins in one instant begins one after another."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from interviews.service.turnstile import Turnstile

APART_S = 0.02


def test_who_comes_together_goes_one_after_another() -> None:
    turnstile = Turnstile(APART_S)

    def pass_through(_: int) -> float:
        turnstile.wait()
        return time.monotonic()

    with ThreadPoolExecutor(5) as pool:
        times = sorted(pool.map(pass_through, range(5)))
    assert times[-1] - times[0] >= 3 * APART_S


def test_who_comes_alone_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    now = iter((100.0, 100.0, 200.0))
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    turnstile = Turnstile(10.0)
    for _ in range(3):
        turnstile.wait()
    assert slept == [0.0, 10.0, 0.0]
