"""Whose a container is: an installation's, and for as long as somebody works with it, one process's.

Owns a folder with one lock file a container and the installation's own name. Invariant: whoever speaks to a container, adopts it or
removes it holds its lock meanwhile, so that no two do; the kernel lets go of a lock when its process ends, however it ends.
Leaves out what is done with what was left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import time
from pathlib import Path

from interviews.errors import PlatformFailure
from sandbox.toolbox import base_folder

PLACE = re.compile(r"pairsight-[A-Za-z0-9-]{1,32}-[0-9a-f]{12}")


def owners_folder(installation: Path) -> Path:
    """Beside the toolbox, kept over restarts; one for each ``installation``: a data folder, or a launcher's socket."""
    name = hashlib.sha256(os.fsencode(installation.absolute())).hexdigest()[:16]
    return base_folder().parent / "owners" / name


def place_for(interview: str) -> str:
    """A new container's name."""
    return f"pairsight-{re.sub(r'[^A-Za-z0-9]', '-', interview)[:32] or 'x'}-{secrets.token_hex(6)}"


class Hold:
    """The right to act upon one container. ``release`` may be called twice."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd

    @property
    def held(self) -> bool:
        return self._fd >= 0

    def release(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def forget(self) -> None:
        """The container is gone: so is its file."""
        if self.held:
            with contextlib.suppress(OSError):
                self._path.unlink()
        self.release()


class Owners:
    """An installation's containers. Raises ``PlatformFailure`` where its folder cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._installation = ""

    @property
    def installation(self) -> str:
        """A name that no other installation has, also where several share a Docker daemon."""
        if not self._installation:
            path = self._folder / "installation"
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(FileExistsError):
                    fresh = self._folder / f".{secrets.token_hex(8)}"
                    fresh.write_text(secrets.token_hex(8), "ascii")
                    # Whole or not there, and the first of two wins.
                    try:
                        os.link(fresh, path)
                    finally:
                        fresh.unlink()
                self._installation = path.read_text("ascii")
            except OSError as error:
                raise self._unusable(error) from error
        return self._installation

    def hold(self, place: str, seconds: float = 0.0) -> Hold | None:
        """Take a container for this caller alone; None when another has it still after ``seconds``, or for a wrong name."""
        if not PLACE.fullmatch(place):
            return None
        until = time.monotonic() + seconds
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            while (hold := self._try(self._folder / place)) is None and time.monotonic() < until:
                time.sleep(0.01)
        except OSError as error:
            raise self._unusable(error) from error
        return hold

    @staticmethod
    def _try(path: Path) -> Hold | None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its holder may just have removed it: then this is a lock on nothing.
            if os.path.samestat(os.fstat(fd), os.stat(path)):
                return Hold(path, fd)
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(fd)
        return None

    def known(self) -> set[str]:
        """Names of the containers that there are files for."""
        with contextlib.suppress(OSError):
            return {path.name for path in self._folder.iterdir() if PLACE.fullmatch(path.name)}
        return set()

    def _unusable(self, error: OSError) -> PlatformFailure:
        return PlatformFailure(
            "Expected a folder for the containers' lock files at %(path)s, got: %(reason)s",
            path=str(self._folder),
            reason=error.strerror or str(error),
        )
