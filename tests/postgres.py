"""A real PostgreSQL for tests, from Debian's package.

Owns one throw-away cluster: an unprivileged user's, in a folder of its own, reached by a Unix socket only, with fsync
on. Invariant: it ends when its ``with`` ends, and also when this process is killed. Leaves out what is kept in it.
"""

from __future__ import annotations

import contextlib
import getpass
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

HOW = "PostgreSQL is not installed here: apt-get install postgresql"
START_S = 60
# The end of its input ends the server: that comes however the tests end.
TETHERED = '"$@" & child=$!; cat >/dev/null; kill -INT $child; wait $child'


def programs() -> Path | None:
    """The folder of the newest server's programs, or None where none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Cluster:
    """A running server in ``folder``; ``start`` and ``stop`` may be repeated."""

    def __init__(self, folder: Path, bin_: Path) -> None:
        self._folder, self._bin = folder, bin_
        self._names = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        # As root the server refuses to run; Debian's package brings its user.
        self.user = "postgres" if os.geteuid() == 0 else getpass.getuser()
        if os.geteuid() == 0:
            owner = pwd.getpwnam(self.user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        done = subprocess.run(
            [bin_ / "initdb", "-D", folder / "data", *options], capture_output=True, timeout=START_S, **self._as_user()
        )
        assert done.returncode == 0, done.stderr.decode()

    def _as_user(self) -> dict[str, Any]:
        if os.geteuid() != 0:
            return {"cwd": self._folder}
        return {"cwd": self._folder, "user": self.user, "group": self.user, "extra_groups": []}

    def start(self) -> None:
        """Return once it answers."""
        folder = str(self._folder)
        command = [str(self._bin / "postgres"), "-D", f"{folder}/data", "-k", folder, "-h", "", "-c", "fsync=on"]
        with (self._folder / "log").open("ab") as log:
            self._process = process = subprocess.Popen(
                ["/bin/sh", "-c", TETHERED, "sh", *command],
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, **self._as_user(),
            )  # fmt: skip
        until = time.monotonic() + START_S
        while True:
            try:
                self.run("SELECT 1")
                return
            except psycopg.OperationalError:
                assert process.poll() is None and time.monotonic() < until, (self._folder / "log").read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        """End it; what is connected loses its connection."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(START_S)
            self._process = None

    def crash(self) -> None:
        """End it at once, as a power cut does."""
        number = int((self._folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(number, signal.SIGQUIT)
        self.stop()

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run one statement by itself as the server's owner."""
        with psycopg.connect(f"postgresql://postgres@/{database}?host={self._folder}", autocommit=True) as connection:
            connection.execute(statement.encode())

    def database(self, options: str = "") -> str:
        """The SQLAlchemy URL of a new, empty database."""
        name = f"log{next(self._names)}"
        self.run(f"CREATE DATABASE {name} {options}")
        return f"postgresql://postgres@/{name}?host={self._folder}"


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """A running cluster. The programs must be there."""
    bin_ = programs()
    assert bin_ is not None, HOW
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        made = Cluster(Path(folder), bin_)
        made.start()
        try:
            yield made
        finally:
            made.stop()
