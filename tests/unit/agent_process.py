"""The agent as an ordinary process of this machine, for tests of what it does with its input.

Invariant: nothing confines it, so only harmless commands are asked of it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from sandbox import agent
from sandbox.agent import Decoder, Header, pack
from sandbox.base import Limits
from sandbox.client import AgentSandbox


class AgentProcess:
    """A running agent as a byte stream (``sandbox.client.Stream``)."""

    place = ""

    def __init__(self, root: Path, **config: object) -> None:
        settings = {"root": str(root), "file_bytes": 1 << 20, "cpu_seconds": 0, "rlimits": {}} | config
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", agent.__file__, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._lock = threading.Lock()

    def read(self) -> bytes:
        assert self.process.stdout is not None
        data: bytes = self.process.stdout.read(1 << 16)
        return data

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        view = memoryview(data)
        while view:
            view = view[self.process.stdin.write(view) or 0 :]

    def hang_up(self) -> str:
        return self.end()

    def end(self) -> str:
        with self._lock, contextlib.suppress(OSError):
            self.process.kill()
            self.process.wait(10)
        return ""

    def release(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def say_last(self, data: bytes) -> tuple[int, list[Header], bytes]:
        """Give it its whole input and wait for its end: exit code, headers of what it said, and its errors."""
        out, errors = self.process.communicate(data, timeout=30)
        return self.process.returncode, [header for header, _ in Decoder().feed(out)], errors

    def ask(self, header: Header, body: bytes = b"") -> tuple[Header, bytes]:
        """The reply to one request; anything else that it says is passed over."""
        self.write(pack({"id": 1 << 20, **header}, body))
        decoder = Decoder()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            data = self.read()
            assert data, "the agent ended"
            for reply, content in decoder.feed(data):
                if reply.get("id") == 1 << 20:
                    return reply, content
        raise AssertionError("no reply")


@contextlib.contextmanager
def running(root: Path, **config: object) -> Iterator[AgentProcess]:
    """An agent, and its end."""
    made = AgentProcess(root, **config)
    try:
        yield made
    finally:
        made.end()
        made.release()


@contextlib.contextmanager
def connected(root: Path) -> Iterator[tuple[AgentSandbox, AgentProcess]]:
    """The client of a running agent."""
    made = AgentProcess(root)
    sandbox = AgentSandbox("process", made, Limits())
    try:
        yield sandbox, made
    finally:
        sandbox.stop()
