"""One sandbox a backend for all attacks that leave it whole; each attack is followed by "the interview goes on"."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import pytest

from interviews.errors import PlatformFailure
from sandbox.base import Backend, Sandbox, SandboxSpec
from tests import sandboxes
from tests.attacks import catalogue
from tests.attacks.hostile import LIMITS, Place, ends_plainly, goes_on

SECRET = "hunter2-in-the-servers-environment"


@dataclass
class Shared:
    """A backend and its sandbox for the attacks that leave it whole."""

    name: str
    backend: Backend
    sandbox: Sandbox

    @classmethod
    def start(cls, name: str) -> Shared:
        if name == catalogue.BUBBLEWRAP and os.geteuid() != 0:
            pytest.skip("expected root: docs/security.md says what bubblewrap does not hold as an ordinary user")
        backend = sandboxes.working(name)
        return cls(name, backend, backend.start(SandboxSpec("attacks", LIMITS)))


@pytest.fixture(scope="session", params=sandboxes.NAMES)
def shared(request: pytest.FixtureRequest) -> Iterator[Shared]:
    os.environ["PAIRSIGHT_ATTACK_SECRET"] = SECRET
    found = Shared.start(request.param)
    yield found
    found.sandbox.stop()
    del os.environ["PAIRSIGHT_ATTACK_SECRET"]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """gVisor's kernel is a program that an attack may end: then nothing got through, and it must have ended plainly."""
    try:
        return (yield)
    except (AssertionError, PlatformFailure):
        found = pyfuncitem.funcargs.get("place")
        if not isinstance(found, Place) or not ended_with_its_kernel(found):
            raise
        return True


def ended_with_its_kernel(place: Place) -> bool:
    """Whether the attack ended gVisor's kernel; it must have ended plainly then."""
    if place.name != sandboxes.GVISOR or place.sandbox.alive:
        return False
    ends_plainly(place, place.sandbox)
    return True


def sweep(sandbox: Sandbox) -> None:
    """Take away what earlier attacks left."""
    sandbox.exec(["find", ".", "/tmp", "/dev/shm", "/home/candidate", "-mindepth", "1", "-delete"])


@pytest.fixture
def place(shared: Shared, request: pytest.FixtureRequest) -> Iterator[Place]:
    """The place of the catalogue's attack that bears the test's name, swept before and alive after."""
    if shared.sandbox.alive:
        try:
            sweep(shared.sandbox)
        except PlatformFailure:
            # That an attack has ended gVisor's kernel may be known only now.
            if shared.name != sandboxes.GVISOR or shared.sandbox.alive:
                raise
    if not shared.sandbox.alive:
        # Another attack has ended it, and its own test says so where it was seen there.
        shared.sandbox.stop()
        shared.sandbox = shared.backend.start(SandboxSpec("attacks", LIMITS))
    found = Place(shared.name, shared.backend, shared.sandbox, catalogue.BY_TEST[request.node.originalname])
    yield found
    for sandbox in found.more:
        sandbox.stop()
    if found.name == sandboxes.GVISOR and not found.sandbox.alive:
        return
    try:
        goes_on(found.sandbox)
    except (AssertionError, PlatformFailure):
        # That a kernel has ended may be known only once it is asked.
        if not ended_with_its_kernel(found):
            raise
