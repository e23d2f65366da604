"""Control groups for one sandbox: memory with swap, processes, processor time, where the server may set them.

Owns finding a writable hierarchy (version 1 or 2), making a group in it and taking it away. Invariant: only folders
that this module made are touched, and a limit that could not be set is named. Leaves out limits per process
(``sandbox.agent`` sets those itself).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

from sandbox.base import Limits

PERIOD_US = 100_000
CONTROLLERS = ("memory", "pids", "cpu")


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


def settings(limits: Limits, extra_pids: int, cpu_share: float, version: int) -> Mapping[str, Mapping[str, str]]:
    """The files to write, per controller. Memory and swap together hold no more than memory alone."""
    memory, pids = str(limits.memory_bytes), str(limits.pids + extra_pids)
    quota = str(int(cpu_share * PERIOD_US))
    if version == 1:
        return {
            # The sum with swap may not be below memory, so memory comes first; a kernel without swap accounting has no sum.
            "memory": {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory},
            "pids": {"pids.max": pids},
            "cpu": {"cpu.cfs_period_us": str(PERIOD_US), "cpu.cfs_quota_us": quota},
        }
    return {
        "memory": {"memory.max": memory, "memory.swap.max": "0", "memory.oom.group": "0"},
        "pids": {"pids.max": pids},
        "cpu": {"cpu.max": f"{quota} {PERIOD_US}"},
    }


class Group:
    """One sandbox's groups. ``held`` names the controllers that hold; ``doors`` are descriptors a new process enters by."""

    def __init__(self, name: str, limits: Limits, extra_pids: int, cpu_share: float) -> None:
        self.held: set[str] = set()
        self.doors: list[int] = []
        self._folders: list[Path] = []
        name = f"{os.getpid()}-{name}"
        if os.geteuid() != 0:
            return
        where = mounts(Path("/proc/self/mounts").read_text("utf-8", "replace"))
        own = own_groups(Path("/proc/self/cgroup").read_text("utf-8", "replace"))
        for controller in CONTROLLERS:
            if controller in where:
                files = settings(limits, extra_pids, cpu_share, 1)[controller]
                above = where[controller] / own.get(controller, "") / "pairsight"
                with contextlib.suppress(OSError):
                    self._make(above / name, {controller}, files)
        if "unified" in where:
            with contextlib.suppress(OSError):
                self._make_unified(where["unified"], name, settings(limits, extra_pids, cpu_share, 2))

    def _make_unified(self, root: Path, name: str, files: Mapping[str, Mapping[str, str]]) -> None:
        present = set((root / "cgroup.controllers").read_text("ascii").split()) & set(CONTROLLERS) - self.held
        if not present:
            return
        above = root / "pairsight"
        above.mkdir(exist_ok=True)
        for folder in (root, above):
            (folder / "cgroup.subtree_control").write_text(" ".join(f"+{c}" for c in sorted(present)), "ascii")
        wanted = {file: value for controller in sorted(present) for file, value in files[controller].items()}
        self._make(above / name, present, wanted)

    def _make(self, folder: Path, controllers: set[str], files: Mapping[str, str]) -> None:
        folder.parent.mkdir(exist_ok=True)
        for old in folder.parent.iterdir():
            # Left by a server that was killed. One of a living server may be empty because nobody has entered it yet.
            owner = old.name.partition("-")[0]
            if owner.isdigit() and not Path("/proc", owner).exists():
                with contextlib.suppress(OSError):
                    old.rmdir()
        folder.mkdir()
        self._folders.append(folder)
        for name, value in files.items():
            if "swap" in name and not (folder / name).exists():
                continue
            if name == "memory.memsw.limit_in_bytes" and not (folder / name).exists():
                continue
            (folder / name).write_text(value, "ascii")
        self.doors.append(os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
        self.held |= controllers

    def shut(self) -> None:
        """Close the doors: whoever belongs inside is inside."""
        for door in self.doors:
            os.close(door)
        self.doors.clear()

    def remove(self) -> None:
        """Take the groups away once their processes are gone; what stays is taken by the next start."""
        self.shut()
        until = time.monotonic() + 1.0
        for folder in self._folders:
            while folder.exists() and time.monotonic() < until:
                try:
                    folder.rmdir()
                except OSError:
                    time.sleep(0.01)
        self._folders.clear()
