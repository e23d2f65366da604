"""What a candidate finds under bubblewrap, and that the way there has left nothing open.

It needs pytest alone, so that it can also run as another user.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.backends.bubblewrap import Bubblewrap, backend
from sandbox.base import Limits, Sandbox, SandboxSpec
from sandbox.bwrap import STAGE, folders
from sandbox.client import AgentSandbox
from sandbox.hardening import HARDENING

pytestmark = pytest.mark.sandbox
NO_INODES = "inodes are not limited"
# Settings of the sandbox's own namespaces: they bound calls that the filter refuses, or its own processes.
OWN = (
    "fs/mqueue/",
    "kernel/auto_msgmni",
    "kernel/msg",
    "kernel/ns_last_pid",
    "kernel/pid_max",
    "kernel/sem",
    "kernel/shm",
)
OWN_SETTINGS = tuple(f"/proc/sys/{name}" for name in OWN)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = backend.start(SandboxSpec("place"))
    yield made
    made.stop()


def output(sandbox: Sandbox, *argv: str) -> str:
    done = sandbox.exec(argv, timeout_s=30)
    assert done.exit_code == 0, done.stderr.decode()
    return done.stdout.decode()


def sizes(sandbox: Sandbox) -> dict[str, list[int]]:
    """Bytes and inodes of each folder that can be written."""
    names = [folder.path for folder in folders(Limits(), HARDENING)]
    code = "import json, os; v = os.statvfs\n"
    code += f"print(json.dumps({{n: [v(n).f_blocks * v(n).f_frsize, v(n).f_files] for n in {names!r}}}))"
    found: dict[str, list[int]] = json.loads(output(sandbox, "python3", "-c", code))
    return found


def test_what_can_be_written_is_bounded_in_bytes_and_files(sandbox: Sandbox) -> None:
    wanted = {folder.path: [folder.size, HARDENING.inodes] for folder in folders(Limits(), HARDENING)}
    assert sizes(sandbox) == wanted
    rows = [line.split() for line in output(sandbox, "cat", "/proc/self/mountinfo").splitlines()]
    kinds = {row[4]: (row[row.index("-") + 1], row[5].split(",")) for row in rows}
    written = {path for path, (kind, options) in kinds.items() if "rw" in options and kind != "devtmpfs"}
    assert written == {*wanted, "/proc", "/dev/pts"}
    for path in wanted:
        assert {"nosuid", "nodev"} <= set(kinds[path][1])


def test_files_run_out_before_memory_does(sandbox: Sandbox) -> None:
    code = "import errno, os\nos.mkdir('/tmp/many')\ncount = 0\n"
    code += "try:\n    while True: os.mknod(f'/tmp/many/{count}'); count += 1\n"
    code += "except OSError as error: print(count, errno.errorcode[error.errno])"
    count, error = output(sandbox, "python3", "-c", code).split()
    assert error == "ENOSPC"
    assert HARDENING.inodes - 20 <= int(count) < HARDENING.inodes
    sandbox.write("still", b"here")
    output(sandbox, "rm", "-r", "/tmp/many")


def test_the_namespaces_on_the_way_leave_nothing_open(sandbox: Sandbox) -> None:
    assert isinstance(sandbox, AgentSandbox)
    lines = (line.partition(":") for line in output(sandbox, "cat", "/proc/self/status").splitlines())
    status = {name: value.strip() for name, _, value in lines}
    assert {int(status[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert not Path(STAGE, "0").exists(), "the server does not see the folders either"
    assert STAGE not in [line.split()[4] for line in output(sandbox, "cat", "/proc/self/mountinfo").splitlines()]
    assert sandbox.exec(["ls", STAGE]).exit_code != 0
    settings = output(sandbox, "find", "/proc/sys", "-type", "f", "-writable").split()
    assert [path for path in settings if not path.startswith(OWN_SETTINGS)] == []
    for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger"):
        assert sandbox.exec(["sh", "-c", f"echo x >{path}"]).exit_code != 0


def test_between_server_and_agent_is_bwrap_alone() -> None:
    stream, _ = backend.launch(SandboxSpec("place"))
    try:
        parent = next(
            line for line in Path(f"/proc/{stream.agent_pid}/status").read_text().splitlines() if "PPid" in line
        )
        above = Path("/proc", parent.split()[1])
        assert (above / "comm").read_text() == "bwrap\n"
        assert f"\nPPid:\t{os.getpid()}\n" in (above / "status").read_text()
    finally:
        stream.end()
        stream.release()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("lack", ["missing", "refused"])
def test_where_folders_cannot_be_made_bytes_are_bounded_and_it_says_so(
    lack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NO_INODES not in backend.probe().weaker
    folder = Path(tempfile.mkdtemp(prefix="pairsight-path-"))
    try:
        folder.chmod(0o755)
        for name in ("bwrap", "mkdir", *(("mount",) if lack == "refused" else ())):
            found = shutil.which(name)
            assert found is not None
            (folder / name).symlink_to(found)
        (folder / "unshare").write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
        (folder / "unshare").chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        poorer = Bubblewrap()
        probe = poorer.probe()
        assert probe.ok, probe.reason
        assert NO_INODES in probe.weaker
        sandbox = poorer.start(SandboxSpec("place"))
        try:
            found_sizes = sizes(sandbox)
            assert {path: size for path, (size, _) in found_sizes.items()} == {
                folder.path: folder.size for folder in folders(Limits(), HARDENING)
            }
        finally:
            sandbox.stop()
    finally:
        shutil.rmtree(folder)


TYPED = b"""
import test from "node:test";
import assert from "node:assert/strict";
const add = (a: number, b: number): number => a + b;
test("adds", () => assert.equal(add(1, 2), 3));
"""
# The first fetch runs WebAssembly, which reserves more address space than any machine has memory.
BUSY = b"""
import http from "node:http";
import { Worker } from "node:worker_threads";
const server = http.createServer((request, response) => response.end("fetched"));
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
console.log(await (await fetch(`http://127.0.0.1:${server.address().port}`)).text());
server.close();
const ends = [1, 2, 3, 4].map(() => new Promise((end) => new Worker("", { eval: true }).on("exit", end)));
console.log(await Promise.all(ends));
"""


@pytest.mark.timeout(90)
def test_node_runs_typescript_fetches_and_works_in_threads(sandbox: Sandbox) -> None:
    assert int(output(sandbox, "node", "--version").strip().removeprefix("v").partition(".")[0]) >= 22
    assert output(sandbox, "sh", "-c", "command -v node") == "/opt/bin/node\n"
    sandbox.write("typed.test.ts", TYPED)
    assert "pass 1" in output(sandbox, "node", "--test", "typed.test.ts")
    sandbox.write("busy.mjs", BUSY)
    assert output(sandbox, "node", "busy.mjs") == "fetched\n[ 0, 0, 0, 0 ]\n"


@pytest.mark.timeout(60)
def test_node_cannot_have_more_memory_than_it_may() -> None:
    sandbox = backend.start(SandboxSpec("place", Limits(memory_bytes=256 << 20)))
    try:
        hog = "const all = []; for (let i = 0; i < 16; i++) all.push(Buffer.alloc(64 << 20, 1)); console.log('had it')"
        done = sandbox.exec(["node", "-e", hog], timeout_s=30)
        assert done.exit_code != 0
        assert b"had it" not in done.stdout
        assert sandbox.exec(["true"]).exit_code == 0
    finally:
        sandbox.stop()


def test_a_server_with_many_files_open_starts_sandboxes() -> None:
    held = [os.open("/", os.O_RDONLY) for _ in range(1100)]
    try:
        sandbox = backend.start(SandboxSpec("place"))
        try:
            assert output(sandbox, "echo", "here") == "here\n"
        finally:
            sandbox.stop()
    finally:
        for fd in held:
            os.close(fd)
