"""The name of a process, by which others on its machine can tell that it has ended.

Owns that name. Invariant: ``has_ended`` is true only where it is certain: the name was given on this boot and in this PID
namespace, and no process with that number and start time is there any more. Of a process elsewhere nothing is known.
Leaves out what follows from it (``leases``).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_PROC = Path("/proc")
_NAME = re.compile(r"([0-9a-f-]+)/(\d+)/(\d+)/(\d+)/\w+")


def process_name(unique: str) -> str:
    """This process's name: boot, PID namespace, number, start time in ticks since the boot, and ``unique``, a word of its own."""
    return f"{_boot()}/{_namespace()}/{os.getpid()}/{_started(os.getpid())}/{unique}"


def has_ended(name: str) -> bool:
    """Whether the process of that name is known to be gone."""
    parts = _NAME.fullmatch(name)
    if parts is None or (parts[1], int(parts[2])) != (_boot(), _namespace()):
        return False
    return _started(int(parts[3])) != int(parts[4])


def _boot() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()


def _namespace() -> int:
    return (_PROC / "self/ns/pid").stat().st_ino


def _started(pid: int) -> int | None:
    """When that process started; None where there is none, or only its exit code is left."""
    try:
        # The name, in brackets, may hold anything.
        state, *rest = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "ZX" else int(rest[18])
