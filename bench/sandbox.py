"""What our way into a container costs, beside Docker's own: a start to a ready shell, and one small command."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.measure import Row, compare
from interviews.errors import PlatformFailure
from sandbox import image
from sandbox.backends.docker import ENVIRONMENT, Docker, tmpfs
from sandbox.base import WORKSPACE, Limits, SandboxSpec
from sandbox.client import AgentSandbox
from sandbox.hardening import HARDENING
from sandbox.profile import profile

STARTS = 5
COMMANDS = 40
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


def bare_start(seccomp: Path) -> None:
    """``docker run`` until a shell inside has answered, and its removal."""
    command = ["docker", "run", "--rm", "--interactive", *options(seccomp), image.image_name(), "/bin/sh"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"echo ready\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"ready\n"
        process.stdin.close()


def our_start(backend: Docker) -> None:
    sandbox = backend.start(SandboxSpec("bench"))
    assert sandbox.exec(["echo", "ready"]).stdout == b"ready\n"
    sandbox.stop()


def repeat(times: int, work: Callable[[], object]) -> None:
    for _ in range(times):
        work()


def rows() -> list[Row]:
    """Raises ``PlatformFailure`` where there is no Docker."""
    backend = Docker(environ=os.environ)
    probe = backend.probe()
    if not probe.ok:
        raise PlatformFailure("This measures Docker; here %(reason)s %(how)s", reason=probe.reason, how=probe.install)
    with tempfile.TemporaryDirectory() as folder:
        seccomp = Path(folder, "seccomp.json")
        seccomp.write_text(json.dumps(profile(platform.machine())))
        start = compare(
            "start to a ready shell, and its end",
            partial(repeat, STARTS, partial(our_start, backend)),
            partial(repeat, STARTS, partial(bare_start, seccomp)),
            each=STARTS,
            target=1.2,
        )
    sandbox = backend.start(SandboxSpec("bench-true"))
    assert isinstance(sandbox, AgentSandbox)
    with contextlib.ExitStack() as after:
        after.callback(sandbox.stop)
        listed = ["docker", "ps", "--quiet", "--filter", "label=pairsight.interview=bench-true"]
        (container,) = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
        once = ["docker", "exec", f"--user={UID}", container, "true"]
        command = compare(
            "true",
            partial(repeat, COMMANDS, partial(sandbox.exec, ["true"])),
            partial(repeat, COMMANDS, partial(subprocess.run, once, check=True)),
            each=COMMANDS,
            target=0.1,
        )
    return [start, command]
