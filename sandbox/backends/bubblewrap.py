"""The sandbox of a Linux machine without containers: bubblewrap, with the agent as process 1.

Owns the choice of what this machine can hold, and the course of a start. Invariant: bwrap never runs as root, and nothing
of the host is writable inside. Leaves out bwrap's command line (``sandbox.bwrap``), its process and stream
(``sandbox.spawn``), its user (``sandbox.users``), control groups (``sandbox.cgroups``) and the protocol (``sandbox.client``).
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path

from interviews.errors import PairsightError, PlatformFailure
from sandbox import bwrap, cgroups, seccomp, spawn
from sandbox.base import Limits, Probe, Sandbox, SandboxSpec
from sandbox.cgroups import Group
from sandbox.client import AgentSandbox
from sandbox.hardening import HARDENING, Hardening
from sandbox.spawn import SPAWNER, BubblewrapStream, Handover, child_pid, end_group
from sandbox.toolbox import find_toolbox
from sandbox.users import free_user
from sandbox.yielding import Branch

START_SECONDS = 15.0
PROBE_SECONDS = 20.0
STAGE_SECONDS = 5.0
INSTALL = "apt-get install bubblewrap"
OLDEST = (0, 8, 0)


class Bubblewrap:
    """The backend. ``hardening`` is what a sandbox is held by, ``randbelow`` picks its user."""

    name = "bubblewrap"

    def __init__(
        self,
        hardening: Hardening = HARDENING,
        *,
        randbelow: Callable[[int], int] = secrets.randbelow,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self._hardening = hardening
        self._randbelow = randbelow
        self._start_seconds = start_seconds
        self._staged = False

    @cached_property
    def _branch(self) -> Branch | None:
        return cgroups.branch()

    def probe(self) -> Probe:
        """See ``sandbox.base``. What it needs is checked in the order in which a person would mend it."""
        lacking = self._lacking()
        if lacking is not None:
            return lacking
        deadline = time.monotonic() + PROBE_SECONDS
        try:
            sandbox = self.start(SandboxSpec("probe"))
        except PairsightError as error:
            return Probe(False, str(error), install="See docs/security.md.")
        too_long = threading.Timer(deadline - time.monotonic(), sandbox.stop)
        too_long.start()
        try:
            done = sandbox.exec(["python3", "-c", "print(6 * 7)"])
        except PairsightError as error:
            return Probe(False, f"it did not run python3 within {PROBE_SECONDS:g} s: {error}")
        finally:
            too_long.cancel()
            sandbox.stop()
        if done.stdout.strip() != b"42":
            return Probe(False, f"python3 inside answered {(done.stdout + done.stderr)[-200:]!r}")
        try:
            return Probe(True, "bubblewrap works", weaker=self._weaker())
        except OSError as error:
            return Probe(False, f"its control groups could not be tried: {error}")

    def _lacking(self) -> Probe | None:
        if platform.system() != "Linux" or platform.machine() not in seccomp.MACHINES:
            return Probe(False, f"expected Linux on x86_64 or aarch64, got {platform.system()} {platform.machine()}")
        program = shutil.which("bwrap")
        if program is None:
            return Probe(False, "bubblewrap is not installed", install=INSTALL)
        try:
            done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return Probe(False, f"{program} does not run: {error}", install=INSTALL)
        said = done.stdout
        version = tuple(int(part) for part in re.findall(r"\d+", said)[:3])
        if version < OLDEST:
            return Probe(False, f"expected bubblewrap 0.8 or newer, got {said.strip() or 'nothing'}", install=INSTALL)
        for needed, package in (("/usr/bin/python3", "python3"), ("/bin/bash", "bash")):
            if not Path(needed).exists():
                return Probe(False, f"expected {needed}, it is not there", install=f"apt-get install {package}")
        return None

    def _weaker(self) -> tuple[str, ...]:
        """What does not hold here. The start that came before has found out about inodes."""
        weaker = [] if self._staged else ["inodes are not limited"]
        group = Group(f"probe-{secrets.token_hex(4)}", Limits(), self._hardening)
        held = group.held
        group.remove()
        if "memory" not in held:
            weaker.append("memory is limited by a watchdog, not by a control group")
        if "pids" not in held:
            weaker.append("processes are limited by a resource limit, not by a control group")
        if "cpu" not in held:
            weaker.append("processor time is not shared out by a control group")
        if os.geteuid() != 0:
            weaker.append("sandboxes run as the server's own user, not each as its own")
        return tuple(weaker)

    def start(self, spec: SandboxSpec) -> Sandbox:
        """See ``sandbox.base``. Takes at most 15 s."""
        branch = self._branch if spec.yields else None
        if branch is not None:
            branch.make()
        with branch.called() if branch else contextlib.nullcontext():
            stream, seconds = self.launch(spec)
            return AgentSandbox(self.name, stream, spec.limits, hello_seconds=seconds, branch=branch)

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        """See ``sandbox.base``. Nothing outlives its agent."""
        return None

    def reap(self, wanted: Collection[str]) -> list[str]:
        """See ``sandbox.base``. Only control groups outlive their server, and a start that it died in the middle of."""
        return [*spawn.reap(bwrap.PROGRAM), *cgroups.reap()]

    def launch(self, spec: SandboxSpec) -> tuple[BubblewrapStream, float]:
        """Start the agent. Returns its bytes and the seconds left for its hello. Raises ``PlatformFailure``."""
        program = shutil.which("bwrap")
        if program is None:
            raise PlatformFailure("Expected bubblewrap to be installed: %(install)s", install=INSTALL)
        toolbox = find_toolbox()
        if toolbox is None:
            raise PlatformFailure("The sandbox's tools are not installed; `make setup` installs them.")
        deadline = time.monotonic() + self._start_seconds
        try:
            stream = self._spawn(program, spec, toolbox, deadline)
        except (OSError, RuntimeError) as error:
            # The latter when no thread can be started.
            raise PlatformFailure("The sandbox did not start: %(reason)s", reason=str(error)) from error
        return stream, max(0.1, deadline - time.monotonic())

    def _spawn(self, program: str, spec: SandboxSpec, toolbox: Path, deadline: float) -> BubblewrapStream:
        """Raises ``OSError``; whatever was made is taken back then, last things first."""
        limits = spec.limits
        user = free_user(self._hardening, self._randbelow)
        tools = self._stage_tools(user)
        hardening = self._hardening if tools else self._hardening.without("bounded_inodes")
        tag = re.sub(r"[^A-Za-z0-9]", "-", spec.interview)[:32]
        with contextlib.ExitStack() as always, contextlib.ExitStack() as failed:
            group = Group(f"{tag}-{secrets.token_hex(4)}", limits, hardening, yields=spec.yields)
            failed.callback(group.remove)
            doors = group.doors()
            handover = Handover(doors)
            failed.callback(handover.abandon)
            info, told = handover.pipe(always)
            fds = handover.own_stdio(failed)
            watched = "memory" not in group.held
            argv = [program, *bwrap.arguments(limits, toolbox, hardening, watched, info, handover.content)]
            argv = bwrap.staged(limits, hardening, tools, argv) if tools else argv
            argv = bwrap.entered(doors, hardening, argv)
            process = SPAWNER.popen(argv, user, handover, hardening, deadline)
            failed.callback(end_group, process)
            stream = BubblewrapStream(process, fds, group)
            failed.pop_all()
            failed.callback(stream.release)
            failed.callback(stream.end)
            try:
                stream.know_agent(child_pid(told, deadline))
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise OSError(stream.end() or str(error)) from error
            failed.pop_all()
            return stream

    def _stage_tools(self, user: int | None) -> Mapping[str, str]:
        """The programs that make folders with a limit on inodes; none where this system does not let them.

        Raises ``OSError`` when that cannot be told: a sandbox does not become weaker by a bad moment.
        """
        tools = bwrap.find_tools() if self._hardening.bounded_inodes else None
        if tools is None:
            return {}
        if not self._staged:
            try:
                done = subprocess.run(
                    bwrap.staged(Limits(), self._hardening, tools, ["/bin/sh", "-c", ":"]),
                    env={}, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=STAGE_SECONDS,
                    user=user, group=user, extra_groups=None if user is None else [],
                    start_new_session=True, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise OSError(f"a user and mount namespace was not there within {STAGE_SECONDS:g} s") from error
            self._staged = done.returncode == 0
        return tools if self._staged else {}


backend = Bubblewrap()
