"""Whose a process or a control group is: the server that made it, as a name.

Owns the form of the name and the judgement that its server is gone. Invariant: only a server that this process could see
and that is not there counts as gone. Leaves out what is done with what it left (``sandbox.spawn``, ``sandbox.cgroups``),
and containers, which outlive a process (``sandbox.owners``).
"""

from __future__ import annotations

import os
from pathlib import Path


def mark(pid: int) -> str:
    """A process as ``number-start-space``: its number could be given to another later, its start could not.

    Raises ``OSError`` when there is no such process.
    """
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return f"{pid}-{int(fields[19])}-{space()}"


def space() -> int:
    """Where our process numbers count; those of another container are others."""
    return os.stat("/proc/self/ns/pid").st_ino


def abandoned(name: str) -> bool:
    """Whether what bears this name, which begins with a mark, was made by a server that is gone; False for any doubt."""
    pid, started, where = [*name.split("-", 3), "", "", ""][:3]
    if not (pid.isdigit() and started.isdigit() and where == str(space())):
        return False
    try:
        return mark(int(pid)) != f"{pid}-{started}-{where}"
    except FileNotFoundError:
        return True
    except OSError:
        return False
