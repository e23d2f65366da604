"""The sandboxes that one list of tests runs against: every backend found by folder, and Docker on gVisor's runtime.

Invariant: nobody else names a backend where all are meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from sandbox import registry
from sandbox.base import Backend
from sandbox.hardening import HARDENING, Hardening

GVISOR = "docker-runsc"
NAMES = (*registry.names(), GVISOR)

# What a place does not hold, by a short name. The list of tests asserts for each what happens instead, so that a place which has
# learned it (a newer gVisor) fails until its line is taken away here and in docs/security.md.
WEAKER: Mapping[str, Mapping[str, str]] = {
    GVISOR: {
        "keys": "Ctrl-C and Ctrl-Z arrive as characters; no signal comes of them",
        "unread": "a terminal takes all that is written; whoever writes 4 MB that nobody reads is ended",
        "hidden": "other programs of the candidate can open the agent's descriptors and see its layout, not its memory",
        "crowd": "a fork bomb, or programs that outgrow the memory faster than the agent looks, may end the sandbox",
        "paths": "ls and stat of Debian 12 cannot look at a named path",
    }
}


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
