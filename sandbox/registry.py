"""Which sandboxes there are, and which one is taken.

Owns the listing of ``sandbox/backends/`` and the choice. Invariant: a backend is a file there with a module-level
``backend``; its file name is its name; candidate code never runs without one. Leaves out what a backend needs
(its own ``probe`` says).
"""

from __future__ import annotations

import importlib
from pathlib import Path

from interviews.errors import BadInput, PlatformFailure
from sandbox.base import Backend, Probe

FOLDER = Path(__file__).resolve().parent / "backends"
# What holds the most comes first; a name that is not here comes after, by alphabet.
PREFERRED = ("docker", "bubblewrap")


def names() -> list[str]:
    """Every backend's name, the preferred first."""
    found = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    return sorted(found, key=lambda name: (PREFERRED.index(name) if name in PREFERRED else len(PREFERRED), name))


def get(name: str) -> Backend:
    """The backend of that name. Raises ``BadInput`` naming the ones there are."""
    if name not in names():
        raise BadInput(
            "Expected a sandbox of auto, %(expected)s, got %(got)s.", expected=", ".join(names()), got=repr(name)
        )
    backend: Backend = importlib.import_module(f"sandbox.backends.{name}").backend
    return backend


def choose(setting: str) -> tuple[Backend, list[tuple[str, Probe]]]:
    """The backend for ``setting`` (a name or ``auto``) and what was found on the way, its own probe last.

    Raises ``BadInput`` for an unknown name and ``PlatformFailure``, saying what to install, when none can run here.
    """
    wanted = names() if setting == "auto" else [get(setting).name]
    probes: list[tuple[str, Probe]] = []
    for name in wanted:
        backend = get(name)
        probe = backend.probe()
        probes.append((name, probe))
        if probe.ok:
            return backend, probes
    raise PlatformFailure(
        "No sandbox can run here, and candidates' code never runs without one. %(reasons)s",
        reasons=" ".join(f"{name}: {probe.reason} {probe.install}".strip() for name, probe in probes),
    )
