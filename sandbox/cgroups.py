"""Control groups for one sandbox: memory with swap, processes, processor time, where the server may set them.

Owns finding a writable hierarchy (version 1 or 2), making a group in it, taking it away, and the groups that dead servers
left. Invariant: only folders that this module made are touched, and a limit that could not be set is not ``held``. Leaves
out limits per process (``sandbox.agent`` sets those itself).
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from sandbox.base import Limits
from sandbox.hardening import Hardening
from sandbox.marks import abandoned, mark
from sandbox.yielding import Branch, weigh_little

PERIOD_US = 100_000
CONTROLLERS = ("memory", "pids", "cpu")
ENGINE_BRANCH = "pairsight-engine-yields"
# What comes last for the processor ends last, too.
REMOVE_S = 3.0
# A system that will not set limits says so with other numbers; these say: not now.
BAD_MOMENT = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC)
# Not there on a kernel that does not account for swap.
SWAP = ("memory.memsw.limit_in_bytes", "memory.swap.max")


def mounts(table: str) -> Mapping[str, Path]:
    """Where controllers are mounted, from the text of ``/proc/self/mounts``; version 2 is under the name ``unified``."""
    found: dict[str, Path] = {}
    for line in table.splitlines():
        _, point, kind, options = [*line.split(), "", "", "", ""][:4]
        if kind == "cgroup2":
            found["unified"] = Path(point)
        elif kind == "cgroup":
            found |= {name: Path(point) for name in options.split(",") if name in CONTROLLERS}
    return found


def own_groups(table: str) -> Mapping[str, str]:
    """This process's own group per version 1 controller, from the text of ``/proc/self/cgroup``."""
    found: dict[str, str] = {}
    for line in table.splitlines():
        _, names, path = line.split(":", 2)
        found |= {name: path.strip("/") for name in names.split(",") if name in CONTROLLERS}
    return found


def settings(limits: Limits, hardening: Hardening, version: int) -> Mapping[str, Mapping[str, str]]:
    """The files to write, by controller. Memory and swap together hold no more than memory alone."""
    memory, pids = str(limits.memory_bytes), str(limits.pids + hardening.extra_pids)
    quota = str(int(hardening.cpu_share * PERIOD_US))
    files: dict[str, Mapping[str, str]] = {}
    if hardening.bounded_memory and version == 1:
        # The sum with swap may not be below memory, so memory comes first.
        files["memory"] = {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory}
    elif hardening.bounded_memory:
        files["memory"] = {"memory.max": memory, "memory.swap.max": "0", "memory.oom.group": "0"}
    if hardening.bounded_processes:
        files["pids"] = {"pids.max": pids}
    if hardening.bounded_cpu and version == 1:
        files["cpu"] = {"cpu.cfs_period_us": str(PERIOD_US), "cpu.cfs_quota_us": quota}
    elif hardening.bounded_cpu:
        files["cpu"] = {"cpu.max": f"{quota} {PERIOD_US}"}
    return files


def homes() -> Mapping[str, Path]:
    """The folder above all groups of this product, by version 1 controller, and ``unified``; none for an ordinary user."""
    if os.geteuid() != 0:
        return {}
    own = own_groups(Path("/proc/self/cgroup").read_text("utf-8", "replace"))
    where = mounts(Path("/proc/self/mounts").read_text("utf-8", "replace"))
    # Version 2 forbids limits below a group that has processes, so these are at the top there.
    return {name: point / own.get(name, "") / "pairsight" for name, point in where.items()}


def yielding(home: Path) -> Path:
    """The folder above the groups of those who yield."""
    return home.with_name(f"{home.name}-yields")


def branch() -> Branch | None:
    """That folder, where processor time is shared out by it."""
    above = homes()
    home = above.get("cpu") or above.get("unified")
    if home is None:
        return None
    if "cpu" not in above:
        _share_out(home.parent)
    return Branch(yielding(home))


def engine_branch() -> Branch | None:
    """A group at the top, for an engine of this machine that sets groups itself; that engine knows it as ``/ENGINE_BRANCH``."""
    where = mounts(Path("/proc/self/mounts").read_text("utf-8", "replace")) if os.geteuid() == 0 else {}
    top = where.get("cpu") or where.get("unified")
    if top is None:
        return None
    if "cpu" not in where:
        _share_out(top)
    return Branch(top / ENGINE_BRANCH)


def _share_out(folder: Path) -> None:
    """Have processor time shared out below a group of version 2: before that, what is below it has no file to say so."""
    with contextlib.suppress(OSError):
        (folder / "cgroup.subtree_control").write_text("+cpu", "ascii")


def reap() -> list[str]:
    """Remove groups without processes whose server is gone. Returns their names. Never raises."""
    removed = set()
    with contextlib.suppress(OSError):
        for home in (one for made in homes().values() for one in (made, yielding(made))):
            for folder in home.iterdir() if home.is_dir() else ():
                if abandoned(folder.name):
                    # One that still has processes refuses.
                    with contextlib.suppress(OSError):
                        folder.rmdir()
                        removed.add(folder.name)
    return sorted(removed)


class Group:
    """One sandbox's groups. ``held`` names the controllers that hold.

    A start that was cut short leaves nothing behind: ``remove`` ends what is still inside.
    """

    def __init__(self, name: str, limits: Limits, hardening: Hardening, *, yields: bool = False) -> None:
        """``yields``: its programs come behind others. Raises ``OSError`` only where limits could be set at a better moment."""
        self.held: set[str] = set()
        self._doors: list[int] = []
        self._folders: list[Path] = []
        name = f"{mark(os.getpid())}-{name}"
        above = homes()
        for controller, files in settings(limits, hardening, 1).items():
            if controller in above:
                with self._unless_refused():
                    home = above[controller]
                    self._make((yielding(home) if yields else home) / name, {controller}, files, yields)
        if "unified" in above:
            with self._unless_refused():
                home = yielding(above["unified"]) if yields else above["unified"]
                self._make_unified(home, name, settings(limits, hardening, 2), yields)

    @contextlib.contextmanager
    def _unless_refused(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in BAD_MOMENT:
                self.remove()
                raise

    def _make_unified(self, above: Path, name: str, files: Mapping[str, Mapping[str, str]], yields: bool) -> None:
        root = above.parent
        present = set((root / "cgroup.controllers").read_text("ascii").split()) & set(files) - self.held
        if not present:
            return
        above.mkdir(exist_ok=True)
        for folder in (root, above):
            (folder / "cgroup.subtree_control").write_text(" ".join(f"+{c}" for c in sorted(present)), "ascii")
        wanted = {file: value for controller in sorted(present) for file, value in files[controller].items()}
        self._make(above / name, present, wanted, yields)

    def _make(self, folder: Path, controllers: set[str], files: Mapping[str, str], yields: bool) -> None:
        folder.parent.mkdir(exist_ok=True)
        folder.mkdir()
        self._folders.append(folder)
        for name, value in files.items():
            if name in SWAP and not (folder / name).exists():
                continue
            (folder / name).write_text(value, "ascii")
        if yields:
            weigh_little(folder)
        self._doors.append(os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
        self.held |= controllers

    def doors(self) -> list[int]:
        """Descriptors by which a new process enters; whoever asks, once, closes them."""
        doors, self._doors = self._doors, []
        return doors

    def remove(self) -> None:
        """End what is inside and take the groups away; what cannot end is taken once this server is gone."""
        for door in self.doors():
            os.close(door)
        until = time.monotonic() + REMOVE_S
        for folder in self._folders:
            while folder.exists() and time.monotonic() < until:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                with contextlib.suppress(OSError):
                    for pid in (folder / "cgroup.procs").read_text("ascii").split():
                        os.kill(int(pid), signal.SIGKILL)
                time.sleep(0.01)
        self._folders.clear()
