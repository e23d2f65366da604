"""What a container of ours is made of: its programs, folders, limits and labels, in the engine's own words.

Owns the one place where ``Hardening`` becomes options of a container. Invariant: every option comes from ``HARDENING``, the
interview's limits or a constant with its reason beside it, nothing from outside; a line that is taken away is left to the engine.
Leaves out whoever speaks to the engine (``sandbox.backends.docker``) and the system-call profile (``sandbox.profile``).
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sandbox import seccomp
from sandbox.base import WORKSPACE, Limits, SandboxSpec
from sandbox.hardening import Hardening
from sandbox.place import HOME, group, passwd
from sandbox.profile import profile

KEPT = "/run/pairsight"
# Whose it is, for whom it was started, as which user its programs run, what it is held by, and when it is over (Unix seconds).
OWNER, INTERVIEW, USER = "pairsight.owner", "pairsight.interview", "pairsight.user"
HELD_BY, EXPIRES = "pairsight.held-by", "pairsight.expires"
# The interview of a container that was started ahead of time: anybody of the same owner may take it.
WARM = "warm"

# Names the candidate's user, whose number is this interview's own, then holds the container open for its bounded life.
KEEPER = f"""umask 022
echo "{passwd("$1")}" >{KEPT}/passwd.new
echo "{group("$1")}" >{KEPT}/group
mv {KEPT}/passwd.new {KEPT}/passwd
exec sleep "$2"
"""
# The agent's source comes first on its own input: eight digits, then that many bytes. It starts when the keeper is ready. One
# that was here before and has not noticed that its stream is gone (a candidate can stop it) is ended first.
AGENT = "pairsight-agent"
# A program that may be run and not read hides its process from its own user's others from its first moment. The agent hides
# itself too, but programs that were there before it would see it come. gVisor runs only what can be read.
PYTHON, UNREADABLE = "/usr/bin/python3", "/opt/agent/python3"
LOADER = f"""import os, sys, time
def take(count):
    data = b""
    while len(data) < count:
        part = os.read(0, count - len(data))
        if not part:
            sys.exit("the agent's source ended early")
        data += part
    return data
source = take(int(take(8)))
while not os.path.exists("{KEPT}/passwd"):
    time.sleep(0.005)
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open("/proc/" + pid + "/cmdline", "rb") as file:
            if file.read().endswith(b"\\0{AGENT}\\0") and int(pid) != os.getpid():
                os.kill(int(pid), 9)
    except OSError:
        pass
eval(compile(source, "agent.py", "exec"))
"""

# Both lists are the newest engine's own: an older engine's default is shorter, and a default can change.
MASKED = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
CPU_PERIOD_US = 100_000
# An eighth of what a container has by itself.
YIELDS_SHARES = 128
# gVisor's kernel runs inside the same limits as the programs and dies where it meets one. So there the engine's are wider (it
# takes several threads for each of theirs), and the programs are held to theirs from inside, with room for that kernel.
GVISOR_THREADS_EACH = 8
GVISOR_MEMORY_SHARE = 0.75


def keeper_user(hardening: Hardening, uid: int) -> int:
    """Whose the keep-alive process is."""
    return hardening.keeper_uid if hardening.keeper_user else uid


def keeper_command(hardening: Hardening, uid: int) -> list[str]:
    """The container's own program, where ``uid`` is the candidate's."""
    seconds = str(hardening.keeper_seconds) if hardening.dies_with_server else "infinity"
    return ["/bin/sh", "-c", KEEPER, "keeper", str(uid), seconds]


def agent_command(hardening: Hardening, limits: Limits, runtime: str = "") -> list[str]:
    """The program that waits for the agent's source on its input and becomes it."""
    rlimits = {
        "CORE": hardening.core_bytes if hardening.no_core_files else None,
        "FSIZE": limits.file_bytes if hardening.bounded_file else None,
        "NOFILE": limits.open_files if hardening.bounded_descriptors else None,
    }
    config: dict[str, object] = {
        "root": WORKSPACE,
        "file_bytes": limits.file_bytes,
        "cpu_seconds": limits.cpu_seconds if hardening.bounded_cpu_time else 0,
        "hidden": hardening.agent_hidden,
        "rlimits": {name: value for name, value in rlimits.items() if value is not None},
    }
    if own_kernel(runtime) and hardening.bounded_memory:
        config["memory_bytes"] = int(GVISOR_MEMORY_SHARE * limits.memory_bytes)
    if own_kernel(runtime) and hardening.seccomp:
        # It does not hand the engine's filter on to programs; it does let a program put itself under one.
        config["seccomp"] = seccomp.program(platform.machine()).hex()
    hidden = hardening.agent_hidden and not own_kernel(runtime)
    return [UNREADABLE if hidden else PYTHON, "-I", "-S", "-B", "-c", LOADER, json.dumps(config), AGENT]


def tmpfs(hardening: Hardening, limits: Limits, uid: int) -> dict[str, str]:
    """The only folders that can be written: mount options by path. Sizes in bytes; inodes are bounded as well."""

    def options(size: int, mode: str, owner: int, inodes: int = hardening.inodes) -> str:
        bounds = f",size={size}" if hardening.bounded_bytes else ""
        bounds += f",nr_inodes={inodes}" if hardening.bounded_inodes else ""
        return f"rw,exec,nosuid,nodev{bounds},mode={mode},uid={owner},gid={owner}"

    return {
        WORKSPACE: options(limits.workspace_bytes, "0755", uid),
        HOME: options(hardening.home_bytes, "0755", uid),
        "/tmp": options(limits.tmp_bytes, "1777", 0),
        "/dev/shm": options(hardening.shm_bytes, "1777", 0),
        KEPT: options(hardening.keeper_bytes, "0755", keeper_user(hardening, uid), 16),
    }


def own_kernel(runtime: str) -> bool:
    """Whether programs run on gVisor's kernel, which is a program of the host's itself."""
    return runtime.startswith("runsc")


def weaker(runtime: str) -> tuple[str, ...]:
    """What a container does not hold on this runtime, in words."""
    if not own_kernel(runtime):
        return ()
    return (
        "the candidate's programs can reach the agent's stream",
        "a fork bomb, or programs that together outgrow the memory, may end the sandbox",
        "the number of files is limited by the memory that they take",
    )


def ulimits(hardening: Hardening, limits: Limits, runtime: str = "") -> list[dict[str, object]]:
    """Bounds of a single process, soft and hard alike; the number of processes where the kernel inside counts them."""
    bounds = {
        "core": hardening.core_bytes if hardening.no_core_files else None,
        "fsize": limits.file_bytes if hardening.bounded_file else None,
        "memlock": hardening.locked_bytes if hardening.bounded_locked_memory else None,
        "msgqueue": hardening.message_queue_bytes if hardening.no_message_queues else None,
        "nofile": limits.open_files if hardening.bounded_descriptors else None,
        "nproc": limits.pids + hardening.extra_pids if hardening.bounded_processes and own_kernel(runtime) else None,
    }
    return [{"Name": name, "Soft": most, "Hard": most} for name, most in bounds.items() if most is not None]


def host_config(
    hardening: Hardening, limits: Limits, uid: int, runtime: str = "", *, yields: bool = False
) -> dict[str, Any]:
    """What the container is held by. No mounts, devices, ports or added groups: none are named."""
    made: dict[str, Any] = {
        "Tmpfs": tmpfs(hardening, limits, uid),
        "Ulimits": ulimits(hardening, limits, runtime),
        "IpcMode": "private" if hardening.private_ipc else "host",
        "NetworkMode": "none" if hardening.no_network else "bridge",
        "ReadonlyRootfs": hardening.read_only_root,
        "Init": hardening.own_init,
        "SecurityOpt": [
            # Without the line there is no filter at all, not the engine's own.
            "seccomp=" + json.dumps(profile(platform.machine())) if hardening.seccomp else "seccomp=unconfined",
            *(["no-new-privileges:true"] if hardening.no_new_privileges else []),
        ],
        # A daemon that keeps its containers over its own restart would remove one that is to be removed by itself, running
        # or not. What has ended holds no files any more, and the reaper sees to the rest.
        "AutoRemove": False,
        # What it has lost is not started again behind the server's back: the interview is rebuilt from its log.
        "RestartPolicy": {"Name": "no"},
        # The kernel's own files that tell of the machine, and those that would change it.
        "MaskedPaths": list(MASKED),
        "ReadonlyPaths": list(READ_ONLY),
        # Its own process numbers and names; said although it is the default, as the opposite is one word away.
        "Privileged": False,
        "PidMode": "",
        "UTSMode": "",
    }
    if hardening.no_capabilities:
        made["CapDrop"] = ["ALL"]
    if hardening.bounded_memory:
        # With swap as without: none.
        made |= {"Memory": limits.memory_bytes, "MemorySwap": limits.memory_bytes}
    if hardening.bounded_processes:
        pids = limits.pids + hardening.extra_pids
        made["PidsLimit"] = hardening.gvisor_threads + GVISOR_THREADS_EACH * pids if own_kernel(runtime) else pids
    if hardening.bounded_cpu:
        made |= {"CpuPeriod": CPU_PERIOD_US, "CpuQuota": int(hardening.cpu_share * CPU_PERIOD_US)}
    if yields:
        # Beside the engine's other containers, and whatever else shares their control group.
        made["CpuShares"] = YIELDS_SHARES
    if hardening.first_to_go:
        made["OomScoreAdj"] = hardening.oom_score_adj
    if hardening.no_log:
        made["LogConfig"] = {"Type": "none", "Config": {}}
    if runtime:
        made["Runtime"] = runtime
    return made


def held_by(hardening: Hardening, limits: Limits, runtime: str) -> str:
    """A digest of all that a container is held by: one held otherwise is another container."""
    text = json.dumps([asdict(hardening), asdict(limits), runtime], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def labels(owner: str, spec: SandboxSpec, hardening: Hardening, runtime: str, uid: int, now: float) -> dict[str, str]:
    """What is written on it, for good; ``now`` in Unix seconds."""
    made = {
        OWNER: owner,
        INTERVIEW: spec.interview,
        USER: str(uid),
        HELD_BY: held_by(hardening, spec.limits, runtime),
    }
    if hardening.dies_with_server:
        made[EXPIRES] = str(int(now) + hardening.keeper_seconds)
    return made


def fits(labels: Mapping[str, str], owner: str, spec: SandboxSpec, hardening: Hardening, runtime: str) -> bool:
    """Whether a container with these labels is one that ``spec`` could have been given by this owner."""
    return (
        labels.get(OWNER) == owner
        and labels.get(INTERVIEW) in (spec.interview, WARM)
        and labels.get(HELD_BY) == held_by(hardening, spec.limits, runtime)
        and labels.get(USER, "").isdigit()
    )
