"""Whose a container is: a mark that says whether the process that started it still lives.

Owns a folder of lock files, one a process. Invariant: a mark counts as abandoned only when its file lies in this
installation's folder and nobody holds its lock; the kernel lets go of a lock when its process ends, however it ends.
Leaves out what is done with what was left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from pathlib import Path

from sandbox.toolbox import base_folder


def owners_folder() -> Path:
    """Beside the toolbox: kept over restarts, one for each user that runs a server on this machine."""
    return base_folder().parent / "owners"


class Owners:
    """This process's mark, and whether others' are abandoned."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._mine = ""
        self._process = 0
        self._lock = -1

    @property
    def folder(self) -> Path:
        return self._folder or owners_folder()

    def mine(self) -> str:
        """This process's mark; a forked child gets its own. Raises ``OSError``."""
        if self._process != os.getpid():
            self.folder.mkdir(parents=True, exist_ok=True)
            mark = secrets.token_hex(8)
            # Locked before anybody can see it under its name.
            hidden = self.folder / f".{mark}"
            self._lock = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            hidden.rename(self.folder / mark)
            self._mine, self._process = mark, os.getpid()
        return self._mine

    def abandoned(self, mark: str) -> bool:
        """Whether the process with this mark was ours and is gone; False for any doubt."""
        if not mark.isalnum() or mark == self._mine:
            return False
        try:
            fd = os.open(self.folder / mark, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(fd)
        return True

    def forget(self, marks: set[str], now: float, seconds: float) -> None:
        """Remove abandoned marks that nothing bears and that were first seen abandoned ``seconds`` ago.

        Not at once: a daemon may still be making a container that a process asked for as it died.
        """
        for mark in marks:
            path = self.folder / mark
            if self.abandoned(mark):
                with contextlib.suppress(OSError):
                    if not path.stat().st_size:
                        path.write_text("abandoned", "ascii")
                        os.utime(path, (now, now))
                    elif path.stat().st_mtime < now - seconds:
                        path.unlink()

    def known(self) -> set[str]:
        """Every mark of this installation."""
        with contextlib.suppress(OSError):
            return {path.name for path in self.folder.iterdir() if path.name.isalnum()}
        return set()
