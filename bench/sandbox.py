"""What our way into a container costs, beside Docker's own.

Owns the starts (cold, warm, ten at once), the small calls, and what a terminal nobody reads costs the server. Invariant: only the
way to a ready shell is timed, on both sides; what ends a container happens between the goes.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import platform
import resource
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench.measure import RUNS, Row, in_turn, seconds
from interviews.errors import PlatformFailure
from sandbox import image
from sandbox.backends.docker import Docker
from sandbox.base import WORKSPACE, Backend, Limits, Sandbox, SandboxSpec
from sandbox.container import tmpfs
from sandbox.hardening import HARDENING
from sandbox.place import ENVIRONMENT
from sandbox.pool import Pool
from sandbox.profile import profile

STARTS = 5
CALLS = 40
AT_ONCE = 10
OUTPUT_BYTES = 1 << 30
STALL_SECONDS = 3.0
GROWTH_BYTES = 16 << 20
KILOBYTES = bytes(range(256)) * 40
UID = HARDENING.first_uid


def options(seccomp: Path) -> list[str]:
    """Docker's own command line for the same hardening."""
    limits = Limits()
    out = [
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges:true",
        f"--security-opt=seccomp={seccomp}",
    ]
    out += [f"--pids-limit={limits.pids + HARDENING.extra_pids}", f"--memory={limits.memory_bytes}", "--init"]
    out += [f"--memory-swap={limits.memory_bytes}", f"--cpus={HARDENING.cpu_share}", "--network=none", "--ipc=private"]
    out += [
        f"--oom-score-adj={HARDENING.oom_score_adj}",
        "--log-driver=none",
        "--hostname=sandbox",
        "--ulimit=core=0:0",
    ]
    out += [f"--tmpfs={path}:{given}" for path, given in tmpfs(HARDENING, limits, UID).items()]
    out += [f"--env={name}={value}" for name, value in ENVIRONMENT.items()]
    return [*out, f"--user={UID}:{UID}", f"--workdir={WORKSPACE}"]


@contextlib.contextmanager
def bare_shell(seccomp: Path) -> Iterator[None]:
    """``docker run``, with a shell inside that has answered."""
    command = ["docker", "run", "--rm", "--interactive", *options(seccomp), image.image_name(), "/bin/sh"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"echo ready\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"ready\n"
        yield
        process.stdin.close()


@contextlib.contextmanager
def our_shell(backend: Backend) -> Iterator[Sandbox]:
    """A sandbox whose shell has answered."""
    sandbox = backend.start(SandboxSpec("bench"))
    assert sandbox.exec(["/bin/sh", "-c", "echo ready"]).stdout == b"ready\n"
    yield sandbox
    sandbox.stop()


def until_ready(shell: Callable[[], contextlib.AbstractContextManager[object]]) -> float:
    """Seconds until one shell has answered."""
    began = time.perf_counter()
    with shell():
        return time.perf_counter() - began


def until_all_ready(shell: Callable[[], contextlib.AbstractContextManager[object]]) -> float:
    """Seconds until ten shells, begun at once, have all answered; none ends before."""
    together = threading.Barrier(AT_ONCE)

    def one() -> float:
        with shell():
            ready = time.perf_counter()
            together.wait(60)
            return ready

    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return max(done.result() for done in [pool.submit(one) for _ in range(AT_ONCE)]) - began


def warm_start(pool: Pool) -> float:
    """Seconds to a ready shell that was started ahead of time."""
    until = time.monotonic() + 30
    while not pool.warm and time.monotonic() < until:
        time.sleep(0.01)
    return until_ready(partial(our_shell, pool))


def resident() -> int:
    """Bytes of memory this process holds now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def stalled_output(sandbox: Sandbox) -> tuple[int, int]:
    """Resident bytes before and at most, while a program writes 1 GB to a terminal that first stalls and then reads."""
    go_on, ended, seen = threading.Event(), threading.Event(), 0

    def on_output(data: bytes) -> None:
        nonlocal seen
        go_on.wait()
        seen += len(data)

    before = most = resident()
    sandbox.open_terminal(
        cols=80,
        rows=24,
        on_output=on_output,
        on_exit=lambda code: ended.set(),
        argv=["/bin/sh", "-c", f"stty raw; head -c {OUTPUT_BYTES} /dev/zero | tr '\\0' x"],
    )
    until = time.monotonic() + STALL_SECONDS
    while not ended.wait(0.02):
        most = max(most, resident())
        if time.monotonic() > until:
            go_on.set()
    assert seen == OUTPUT_BYTES, f"expected {OUTPUT_BYTES} bytes, got {seen}"
    return before, max(most, resident())


def stalled_row(sandbox: Sandbox) -> Row:
    """The ratio's bound is what 16 MiB more would be."""
    taken = [stalled_output(sandbox) for _ in range(RUNS)]
    before = statistics.median(before for before, _ in taken)
    most = before + statistics.median(most - before for before, most in taken)
    what = "server memory at 1 GB of terminal output, stalled and then read, beside before"
    target = round((before + GROWTH_BYTES) / before, 3)
    mib = 1 << 20
    return Row(
        what, round(most / mib, 2), "MiB", round(before / mib, 2), round(most / before, 3), target, "lower", RUNS
    )


def starts(backend: Docker, seccomp: Path) -> Iterator[Row]:
    bare = partial(until_ready, partial(bare_shell, seccomp))
    yield in_turn("ready shell, cold", partial(until_ready, partial(our_shell, backend)), bare, each=STARTS, target=1.2)
    pool = Pool(backend, warm=1)
    try:
        yield in_turn("ready shell, warm pool", partial(warm_start, pool), bare, each=STARTS, target=0.1)
    finally:
        pool.close()
    cold = Pool(backend, warm=0)
    try:
        yield in_turn(
            f"{AT_ONCE} ready shells, begun at once",
            partial(until_all_ready, partial(our_shell, cold)),
            partial(until_all_ready, partial(bare_shell, seccomp)),
            each=1,
            target=1.2,
        )
    finally:
        cold.close()


def write_and_read(sandbox: Sandbox) -> None:
    sandbox.write("ten.bin", KILOBYTES)
    assert sandbox.read("ten.bin") == KILOBYTES


def calls(sandbox: Sandbox) -> Iterator[Row]:
    listed = ["docker", "ps", "--quiet", "--filter", f"name={sandbox.place}"]
    (container,) = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
    once = ["docker", "exec", f"--user={UID}", container, "true"]
    bare = partial(seconds, partial(subprocess.run, once, check=True))
    for what, work in (
        ("true", partial(sandbox.exec, ["true"])),
        ("write, then read a 10 KB file", partial(write_and_read, sandbox)),
    ):
        yield in_turn(what, partial(seconds, work), bare, each=CALLS, target=0.1)


def rows() -> list[Row]:
    """Raises ``PlatformFailure`` where there is no Docker."""
    backend = Docker(environ=os.environ)
    probe = backend.probe()
    if not probe.ok:
        raise PlatformFailure("This measures Docker; here %(reason)s %(how)s", reason=probe.reason, how=probe.install)
    with tempfile.TemporaryDirectory() as folder:
        seccomp = Path(folder, "seccomp.json")
        seccomp.write_text(json.dumps(profile(platform.machine())))
        found = list(starts(backend, seccomp))
    with our_shell(backend) as sandbox:
        return [*found, *calls(sandbox), stalled_row(sandbox)]
