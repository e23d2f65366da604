"""The collector is paused while anybody reads, and as it was afterwards."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from interviews.collector import paused


@pytest.fixture(autouse=True)
def _on() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_goes_on_when_the_last_is_done() -> None:
    inside, leave = threading.Event(), threading.Event()

    def read() -> None:
        with paused():
            inside.set()
            leave.wait(10)

    with paused():
        other = threading.Thread(target=read)
        other.start()
        assert inside.wait(10) and not gc.isenabled()
    assert not gc.isenabled()
    leave.set()
    other.join(10)
    assert gc.isenabled()


def test_it_goes_on_after_a_fault_and_stays_off_where_it_was_off() -> None:
    with pytest.raises(ValueError), paused():
        raise ValueError
    assert gc.isenabled()
    gc.disable()
    with paused():
        pass
    assert not gc.isenabled()
