"""bwrap's command line: what a sandbox is made of, and the steps before bwrap that it cannot do itself.

Owns the arguments, the folders that can be written and how they get a limit on inodes. Invariant: pure text, each part of
it a line of ``Hardening`` or needed to run at all. Leaves out who starts it (``sandbox.spawn``) and the system-call filter
(``sandbox.seccomp``).

bwrap's own tmpfs is bounded in bytes alone. So with ``bounded_inodes`` the process first takes a user and mount namespace
of its own, where even an ordinary user may mount, makes the folders there and becomes bwrap, which binds them: the
process, its number and its parent stay the same, and bwrap gives up the namespace's capabilities like its own.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox import agent, place, seccomp
from sandbox.base import WORKSPACE, Limits
from sandbox.hardening import Hardening
from sandbox.marks import mark

AGENT = "/run/pairsight/agent.py"
PROGRAM = ("/usr/bin/python3", "-I", "-S", "-B", AGENT)
# Every Linux has it, nothing that is bound in lies below it, and bwrap's own mounts do not touch it.
STAGE = "/sys"
# Debian's `sh` knows no descriptor above 9, and the groups' doors have such numbers.
SHELL = ("/bin/bash", "--norc", "--noprofile", "-c")
# Without a control group the agent watches what is resident, four times a second; this limit only slows down what grows
# faster. Address space would be the wrong measure: Node.js 24 reserves 18 GiB of it once it runs WebAssembly, with 60 MiB
# resident. Of writable private memory it reserves 0.55 GiB, and as much again for each worker thread; Python 8 MiB.
RESERVE_BYTES = 2 << 30


@dataclass(frozen=True)
class Folder:
    """A tmpfs that can be written inside. ``size`` in bytes."""

    path: str
    mode: str
    size: int


def folders(limits: Limits, hardening: Hardening) -> Sequence[Folder]:
    """All of them."""
    return (
        Folder("/dev/shm", "1777", hardening.shm_bytes),
        Folder("/tmp", "1777", limits.tmp_bytes),
        Folder(place.HOME, "0755", hardening.home_bytes),
        Folder(WORKSPACE, "0755", limits.workspace_bytes),
    )


def entered(doors: Iterable[int], hardening: Hardening, argv: Sequence[str]) -> list[str]:
    """A shell that enters control groups by the doors it was given, makes itself the first to go, and becomes ``argv``."""
    steps = [f"echo 0 >&{door} && exec {door}>&-" for door in doors]
    if hardening.first_to_go:
        steps.append(f"echo {hardening.oom_score_adj} >/proc/self/oom_score_adj")
    return [*SHELL, " && ".join([*steps, 'exec "$@"']), "bash", *argv]


def find_tools() -> Mapping[str, str] | None:
    """Where the programs are that ``staged`` needs; None when one is missing."""
    found = {name: shutil.which(name) for name in ("unshare", "mount", "mkdir")}
    return {name: path for name, path in found.items() if path} if all(found.values()) else None


def staged(limits: Limits, hardening: Hardening, tools: Mapping[str, str], argv: Sequence[str]) -> list[str]:
    """A shell in its own user and mount namespace that makes the folders below ``STAGE`` and becomes ``argv``."""
    found = folders(limits, hardening)
    tmpfs = f"{shlex.quote(tools['mount'])} -n -t tmpfs -o nosuid,nodev"
    steps = [
        f"{tmpfs},size=64k,nr_inodes={len(found) + 1},mode=0755 tmpfs {STAGE}",
        f"{shlex.quote(tools['mkdir'])} " + " ".join(f"{STAGE}/{number}" for number in range(len(found))),
    ]
    for number, folder in enumerate(found):
        size = f",size={folder.size}" if hardening.bounded_bytes else ""
        steps.append(f"{tmpfs}{size},nr_inodes={hardening.inodes},mode={folder.mode} tmpfs {STAGE}/{number}")
    own = [tools["unshare"], "--user", "--map-root-user", "--mount", "--", "/bin/sh", "-c"]
    return [*own, " && ".join([*steps, 'exec "$@"']), "sh", *argv]


def written_files(hardening: Hardening) -> Mapping[str, tuple[int, bytes]]:
    """Small files that are made for the sandbox: mode and content by path."""
    uid = hardening.inside_uid
    files = {
        **place.small_files(),
        AGENT: (0o444, Path(agent.__file__).read_bytes()),
        "/etc/passwd": (0o444, f"{place.passwd(uid)}\n".encode()),
        "/etc/group": (0o444, f"{place.group(uid)}\n".encode()),
        "/etc/nsswitch.conf": (0o444, b"passwd: files\ngroup: files\nhosts: files\n"),
    }
    return {path: file for path, file in files.items() if hardening.short_etc or not path.startswith("/etc/")}


def layout(limits: Limits, toolbox: Path, hardening: Hardening, hand_in: Callable[[bytes], int]) -> list[str]:
    """The file-system arguments. ``hand_in`` gives a descriptor from which bwrap reads the bytes."""
    out = []
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            out += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            out += ["--ro-bind", str(path), str(path)]
    out += ["--ro-bind", "/usr", "/usr"]
    for masked in hardening.masked if hardening.masked_folders else ():
        if Path(masked).is_dir() and not Path(masked).is_symlink():
            out += ["--size", "4096", "--tmpfs", masked, "--remount-ro", masked]
    out += [] if hardening.short_etc else ["--ro-bind", "/etc", "/etc"]
    for name in ("/etc", "/home", "/opt", "/opt/bin", "/run", "/run/pairsight", "/var"):
        out += ["--perms", "0755", "--dir", name]
    out += ["--proc", "/proc", "--dev", "/dev"]
    for number, folder in enumerate(folders(limits, hardening)):
        if hardening.bounded_inodes:
            out += ["--bind", f"{STAGE}/{number}", folder.path]
        else:
            size = ["--size", str(folder.size)] if hardening.bounded_bytes else []
            out += ["--perms", folder.mode, *size, "--tmpfs", folder.path]
    out += ["--remount-ro", "/dev"] if hardening.read_only_devices else []
    out += ["--symlink", "../tmp", "/var/tmp"]
    out += ["--ro-bind", str(toolbox), place.TOOLBOX, "--symlink", "/usr/bin/python3", "/opt/bin/python"]
    if (toolbox / place.NODE).is_file():
        out += ["--symlink", f"{place.TOOLBOX}/{place.NODE}", "/opt/bin/node"]
    for path in map(Path, hardening.etc if hardening.short_etc else ()):
        if path.exists():
            out += ["--ro-bind-try", str(path), str(path)]
    for name, (mode, content) in written_files(hardening).items():
        out += ["--perms", f"{mode:04o}", "--ro-bind-data", str(hand_in(content)), name]
    return [*out, "--remount-ro", "/"] if hardening.read_only_root else out


def held(hardening: Hardening, hand_in: Callable[[bytes], int]) -> list[str]:
    """The arguments that hold the sandbox's processes."""
    uid = str(hardening.inside_uid)
    out = ["--unshare-user", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--as-pid-1"]
    out += ["--uid", uid, "--gid", uid, "--hostname", "sandbox"]
    lines = (
        (hardening.no_network, ["--unshare-net"]),
        (hardening.private_ipc, ["--unshare-ipc"]),
        (hardening.no_nested_namespaces, ["--disable-userns"]),
        (hardening.dies_with_server, ["--die-with-parent"]),
        (hardening.own_session, ["--new-session"]),
        (hardening.no_capabilities, ["--cap-drop", "ALL"]),
        (hardening.empty_environment, ["--clearenv"]),
    )
    for wanted, words in lines:
        out += words if wanted else []
    if hardening.seccomp:
        out += ["--seccomp", str(hand_in(seccomp.program(platform.machine())))]
    return out


def config(limits: Limits, hardening: Hardening, watched: bool) -> dict[str, object]:
    """What the agent is told (``sandbox.agent``). ``watched``: no control group holds its memory."""
    rlimits = {}
    lines = (
        (hardening.no_core_files, "CORE", hardening.core_bytes),
        (hardening.bounded_file, "FSIZE", limits.file_bytes),
        (hardening.bounded_locked_memory, "MEMLOCK", hardening.locked_bytes),
        (hardening.bounded_descriptors, "NOFILE", limits.open_files),
        (hardening.bounded_processes, "NPROC", limits.pids + hardening.extra_pids),
        (hardening.bounded_memory and watched, "DATA", 2 * limits.memory_bytes + RESERVE_BYTES),
    )
    for wanted, name, value in lines:
        if wanted:
            rlimits[name] = value
    told: dict[str, object] = {
        "root": WORKSPACE,
        "file_bytes": limits.file_bytes,
        "cpu_seconds": limits.cpu_seconds if hardening.bounded_cpu_time else 0,
        "hidden": hardening.agent_hidden,
        "rlimits": rlimits,
    }
    if hardening.bounded_memory and watched:
        told["memory_bytes"] = limits.memory_bytes
    return told


def arguments(
    limits: Limits, toolbox: Path, hardening: Hardening, watched: bool, info: int, hand_in: Callable[[bytes], int]
) -> list[str]:
    """The whole command line behind bwrap's own name. ``info`` is the descriptor on which it tells the agent's number."""
    out = [*held(hardening, hand_in), *layout(limits, toolbox, hardening, hand_in), "--info-fd", str(info)]
    for name, value in place.ENVIRONMENT.items():
        out += ["--setenv", name, value]
    told = json.dumps(config(limits, hardening, watched))
    return [*out, "--chdir", WORKSPACE, "--", *PROGRAM, told, mark(os.getpid())]
