"""The app in this process, with a database of its own and nothing running: what a page answers, without a server or a sandbox.

Owns that. Invariant: one for each module, closed at its end. Leaves out servers and sandboxes (``tests.product``).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from interviews.service.registry import Interviews
from interviews.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def app(settings: Settings) -> Flask:
    return create_app(settings)


@pytest.fixture(scope="module")
def interviews(app: Flask) -> Iterator[Interviews]:
    found: Interviews = app.extensions["interviews"]
    yield found
    found.close()
