"""What assistants reached alone, in each kind of database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from interviews.store import Baselines
from tests.conformance.conftest import Store
from tests.unit.test_lift import alone


def test_attempts_are_added_and_outlive_their_process(database: Store) -> None:
    kept = Baselines(database.engine())
    assert kept.all() == [] and kept.find("car-park", "c0" * 32, "scripted", "") is None
    assert kept.add(alone(0.5)) == alone(0.5)
    assert kept.add(alone(0.7, 0.9)) == alone(0.5, 0.7, 0.9)
    assert Baselines(database.engine()).find("car-park", "c0" * 32, "scripted", "") == alone(0.5, 0.7, 0.9)


def test_each_content_provider_and_model_has_its_own(database: Store) -> None:
    kept = Baselines(database.engine())
    other = {"sha256": "d1" * 32, "provider": "anthropic", "model": "größer 😀", "exercise": "zoo"}
    kept.add(alone(0.5))
    for name, value in other.items():
        kept.add(alone(0.9).model_copy(update={name: value}))
    assert len(kept.all()) == 5 and len(kept.all("car-park")) == 4
    assert kept.find("car-park", "c0" * 32, "scripted", "") == alone(0.5)
    found = kept.find("car-park", "c0" * 32, "scripted", "größer 😀")
    assert found is not None and found.rate == 0.9
    assert kept.find("zoo", "d1" * 32, "scripted", "") is None


def test_attempts_that_end_at_once_are_all_kept(database: Store) -> None:
    stores = [Baselines(database.engine()) for _ in range(4)]
    stores[0].add(alone(0.5))
    with ThreadPoolExecutor(4) as at_once:
        list(at_once.map(lambda kept: kept.add(alone(0.6)), stores))
    (found,) = stores[0].all()
    assert sorted(one.rate for one in found.attempts) == [0.5, 0.6, 0.6, 0.6, 0.6]
