"""The server killed at random moments under load: nothing that was acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from tests import postgres
from tests.faults.load import Load
from tests.product import Product, another_interview, start

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
SANDBOX = ("--sandbox", "bubblewrap")


@pytest.mark.timeout(600)
def test_fifty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, 50)


@pytest.mark.timeout(300)
def test_ten_kills_over_postgresql_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    if postgres.programs() is None:
        pytest.skip(postgres.HOW)
    with postgres.cluster() as cluster:
        kill_again_and_again(tmp_path, 10, PAIRSIGHT_DATABASE=cluster.database())


def test_a_worker_that_is_killed_alone_is_followed_by_another(tmp_path: Path) -> None:
    """As a machine short of memory does it: the process that has the most, and not those around it."""
    product = start(tmp_path, *SANDBOX, PAIRSIGHT_PACE="0.2")
    load = Load(product, [another_interview(product) for _ in range(2)], seed=2)
    load.start()
    try:
        for _ in range(3):
            load.more(30)
            os.kill(worker(product), signal.SIGKILL)
        load.more(30)
        load.stop()
        told = load.check(product)
        assert told["word"] and told["note"], told
        assert product.process.poll() is None
    finally:
        load.close()
        product.stop()


def worker(product: Product) -> int:
    """The process that serves."""
    pid = product.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    serving = [child for child in children if "app import main" in Path(f"/proc/{child}/cmdline").read_text()]
    assert len(serving) == 1
    return int(serving[0])


def kill_again_and_again(data: Path, times: int, **environ: str) -> None:
    """Kill the server at moments of its work, and one time in five at a moment of its start."""
    chance = random.Random(1)
    begin = partial(start, data, *SANDBOX, PAIRSIGHT_PACE="0.2", **environ)  # type: ignore[arg-type]  # none is named as its options
    product = begin()
    port = int(product.address.rpartition(":")[2])
    load = Load(product, [another_interview(product) for _ in range(3)], seed=1)
    load.start()
    try:
        for number in range(1, times + 1):
            early = False
            if number % 10 == 0:
                # Replies take longer than most servers live here.
                load.more(1, "hunk")
            elif early := chance.random() < 0.2:
                time.sleep(chance.uniform(0, 0.6))
            else:
                load.more(chance.randrange(1, 40))
            product.kill()
            product = begin(port=port, answering=not early)
        load.more(20)
        load.stop()
        told = load.check(product)
        assert all(told[kind] for kind in ("word", "file", "prompt", "run", "hunk", "note")), told
    finally:
        load.close()
        product.stop()
