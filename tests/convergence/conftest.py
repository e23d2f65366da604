"""One sandbox and one process of pages for all courses of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.backends.bubblewrap import backend
from sandbox.base import Sandbox, SandboxSpec
from tests.convergence.replicas import Replicas


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    started = backend.start(SandboxSpec("convergence"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def replicas() -> Iterator[Replicas]:
    started = Replicas()
    yield started
    started.close()
