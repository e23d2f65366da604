"""One product for the faults that leave it running, with an interview of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.pages import Page
from tests.product import Product, another_interview, start, with_candidate

MakePages = Callable[[], tuple[Page, Page]]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = start(tmp_path_factory.mktemp("faults") / "data", "--sandbox", "bubblewrap", PAIRSIGHT_PACE="0")
    yield running
    running.stop()


@pytest.fixture
def people(product: Product) -> Iterator[MakePages]:
    """Makes a candidate at work and an interviewer who watches, in an interview of their own."""
    made: list[Page] = []

    def make() -> tuple[Page, Page]:
        seen = with_candidate(product, another_interview(product))
        number = len(made)
        candidate, interviewer = Page(seen, "candidate", f"c{number}"), Page(seen, "interviewer", f"i{number}")
        made.extend((candidate, interviewer))
        assert candidate.consent().status_code == 200
        candidate.online()
        interviewer.online()
        return candidate, interviewer

    yield make
    for page in made:
        page.close()
