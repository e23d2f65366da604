"""The sandboxes that one list of tests runs against: every backend found by folder, and Docker on gVisor's runtime.

Invariant: nobody else names a backend where all are meant.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox import registry
from sandbox.base import Backend
from sandbox.hardening import HARDENING, Hardening

GVISOR = "docker-runsc"
NAMES = (*registry.names(), GVISOR)


def backend(name: str, hardening: Hardening = HARDENING) -> Backend:
    """The backend of that name, held by ``hardening``."""
    if name == GVISOR:
        # Not above: the list also runs where only bubblewrap's part of the product is.
        from sandbox.backends.docker import Docker

        return Docker(hardening, runtime="runsc")
    make: Callable[[Hardening], Backend] = type(registry.get(name))
    return make(hardening)


def working(name: str) -> Backend:
    """The same, after its probe; skips with the reason where it cannot run."""
    found = backend(name)
    probe = found.probe()
    if not probe.ok:
        pytest.skip(f"{name} cannot run here: {probe.reason} {probe.install}")
    return found
