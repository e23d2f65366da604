"""What every sandbox does and withholds: one list, run against each backend found by folder, and Docker on gVisor.

Invariant: nothing here knows which backend runs. It needs pytest alone, so that it can also run as another user.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from interviews.errors import BadInput, FileChanged, NotFound, NotRegular, PlatformFailure
from sandbox.base import Backend, Change, ExecResult, Limits, Pipe, Sandbox, SandboxSpec, Terminal, WorkspaceFull
from tests import sandboxes

pytestmark = pytest.mark.sandbox
LIMITS = Limits(workspace_bytes=24 << 20, tmp_bytes=8 << 20, file_bytes=16 << 20, memory_bytes=512 << 20, pids=64)
# Seconds to sleep that no other run on this machine sleeps.
MARKED = f"86391.{os.getpid()}"
SECRET = "hunter2-in-the-servers-environment"


def eventually(happened: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, f"it did not happen within {seconds} s"
        time.sleep(0.01)


class Screen:
    """A terminal and all that it has shown."""

    def __init__(self, sandbox: Sandbox, *argv: str, gate: threading.Event | None = None) -> None:
        self.seen = bytearray()
        self.codes: list[int] = []
        self.gate = gate
        self.terminal: Terminal = sandbox.open_terminal(
            cols=80, rows=24, on_output=self._output, on_exit=self.codes.append, argv=argv or None
        )

    def _output(self, data: bytes) -> None:
        if self.gate is not None:
            self.gate.wait(20)
        self.seen += data

    def type(self, keys: bytes, then: bytes) -> None:
        """Type, and wait until something new is shown."""
        at = len(self.seen)
        self.terminal.write(keys)
        eventually(lambda: then in self.seen[at:])


@pytest.fixture(scope="module", params=sandboxes.NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def backend(name: str) -> Backend:
    return sandboxes.working(name)


@pytest.fixture(scope="module")
def weaker(name: str) -> Collection[str]:
    """What this place does not hold; its tests then assert what happens instead."""
    return sandboxes.WEAKER.get(name, {})


@pytest.fixture(scope="module")
def shared(backend: Backend) -> Iterator[Sandbox]:
    os.environ["PAIRSIGHT_TEST_SECRET"] = SECRET
    sandbox = backend.start(SandboxSpec("conformance", LIMITS))
    yield sandbox
    sandbox.stop()
    del os.environ["PAIRSIGHT_TEST_SECRET"]


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    """The module's sandbox with an empty workspace."""
    shared.exec(["find", ".", "/tmp", "/dev/shm", "-mindepth", "1", "-delete"])
    return shared


Start = Callable[[str], Sandbox]


@pytest.fixture
def start(backend: Backend) -> Iterator[Start]:
    """Starts a sandbox for an interview; whatever becomes of it, it ends with the test."""
    with contextlib.ExitStack() as begun:

        def starting(interview: str) -> Sandbox:
            made = backend.start(SandboxSpec(interview, LIMITS))
            begun.callback(made.stop)
            return made

        yield starting


@pytest.fixture
def fresh(start: Start) -> Sandbox:
    """A sandbox that a test may break."""
    return start("conformance-fresh")


def shell(sandbox: Sandbox, line: str, timeout_s: float = 20.0) -> str:
    """Output and errors of a shell line that must succeed."""
    done = sandbox.exec(["sh", "-c", line], timeout_s=timeout_s)
    assert done.exit_code == 0, done
    return (done.stdout + done.stderr).decode()


# --- files ---


def test_names_itself_and_is_alive(backend: Backend, sandbox: Sandbox) -> None:
    assert sandbox.backend == backend.name
    assert sandbox.alive


@pytest.mark.parametrize("data", [b"", b"plain\n", bytes(range(256)), "naïve 😀".encode()])
def test_a_file_comes_back_as_written(sandbox: Sandbox, data: bytes) -> None:
    sandbox.write("a/deep/folder/ünïcode name.bin", data)
    assert sandbox.read("a/deep/folder/ünïcode name.bin") == data


def test_a_big_file_comes_back_as_written(sandbox: Sandbox) -> None:
    data = os.urandom(1 << 20) * 10
    sandbox.write("big", data)
    assert sandbox.read("big") == data


def test_writing_again_replaces_and_keeps_the_mode(sandbox: Sandbox) -> None:
    sandbox.write("run.sh", b"#!/bin/sh\necho old\n")
    shell(sandbox, "chmod 755 run.sh")
    sandbox.write("run.sh", b"#!/bin/sh\necho new\n")
    assert shell(sandbox, "./run.sh") == "new\n"


def test_a_reader_sees_the_old_or_the_new_bytes(sandbox: Sandbox) -> None:
    old, new = b"a" * 300_000, b"b" * 300_000
    sandbox.write("file", old)
    watcher = (
        "import time\nuntil = time.monotonic() + 1\nseen = set()\n"
        "while time.monotonic() < until:\n    seen.add(open('file').read())\n"
        "print(len(seen), {len(set(s)) for s in seen}, {len(s) for s in seen})"
    )
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(sandbox.exec(["python3", "-c", watcher]).stdout.decode()))
    reader.start()
    while reader.is_alive():
        sandbox.write("file", new)
        sandbox.write("file", old)
    assert found == ["2 {1} {300000}\n"]


def test_the_list_is_sorted_and_leaves_out_what_is_no_source(sandbox: Sandbox) -> None:
    for path in ("b.py", "a/z.py", "a.py", ".git/config", "x/__pycache__/b.pyc", ".hidden"):
        sandbox.write(path, path.encode())
    shell(sandbox, "ln -s /etc/passwd link && mkfifo fifo && mkdir empty")
    found = sandbox.list()
    assert [entry.path for entry in found] == [".hidden", "a.py", "a/z.py", "b.py"]
    assert {entry.path: entry.size for entry in found}["a/z.py"] == 6
    assert found[1].sha256 == shell(sandbox, "sha256sum a.py").split()[0]


def test_the_list_is_bounded(sandbox: Sandbox) -> None:
    shell(sandbox, "python3 -c \"for n in range(2500): open(f'f{n:04}', 'w').close()\"")
    assert len(sandbox.list()) == 2000


def test_a_hash_follows_quick_changes(sandbox: Sandbox) -> None:
    seen = set()
    for n in range(20):
        sandbox.write("same-size", b"%03d" % n)
        seen.add(sandbox.list()[0].sha256)
    assert len(seen) == 20


def test_a_write_can_ask_for_what_it_replaces(sandbox: Sandbox) -> None:
    sandbox.write("new/file", b"one", expected="")
    with pytest.raises(FileChanged, match="new/file"):
        sandbox.write("new/file", b"two", expected="")
    one = sandbox.list()[0].sha256
    sandbox.write("new/file", b"three", expected=one)
    with pytest.raises(FileChanged):
        sandbox.delete("new/file", expected=one)
    for path, expected in (("new/file", one), ("gone", one), ("no/such/folder", one), ("new/file", "nonsense")):
        with pytest.raises(FileChanged, match=path):
            sandbox.write(path, b"four", expected=expected)
    assert [(entry.path, entry.size) for entry in sandbox.list()] == [("new/file", 5)]
    assert shell(sandbox, "find . | sort").split() == [".", "./new", "./new/file"]


def test_of_several_writers_that_expect_the_same_one_wins(sandbox: Sandbox) -> None:
    won: list[int] = []

    def write(number: int) -> None:
        with contextlib.suppress(FileChanged):
            sandbox.write("file", b"%d" % number, expected="")
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sandbox.read("file") == b"%d" % won[0]
    assert len(won) == 1


def test_deleting(sandbox: Sandbox) -> None:
    sandbox.write("a/b", b"x")
    sandbox.delete("a/b")
    assert sandbox.list() == []
    with pytest.raises(NotFound, match="a/b"):
        sandbox.delete("a/b")


def test_a_missing_file_is_not_found(sandbox: Sandbox) -> None:
    for path in ("nope", "no/such/folder"):
        with pytest.raises(NotFound, match=path):
            sandbox.read(path)


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", "./a", "nul\0", "line\nbreak", "half \ud800"],
)
def test_a_path_out_of_the_workspace_is_bad_input(sandbox: Sandbox, path: str) -> None:
    for act in (sandbox.read, sandbox.delete, lambda p: sandbox.write(p, b"x")):
        with pytest.raises(BadInput):
            act(path)


def test_an_endless_path_is_bad_input(sandbox: Sandbox) -> None:
    for path in ("a" * 256, "a/" * 40 + "b", "n" * 100_000):
        with pytest.raises(BadInput):
            sandbox.write(path, b"x")


def test_no_link_leads_out_of_the_workspace(sandbox: Sandbox) -> None:
    shell(sandbox, "ln -s /etc/passwd file; ln -s /etc folder; ln -s . here; mkdir real; ln -s /tmp real/out")
    for path in ("file", "folder/passwd", "here/file", "real/out/new"):
        with pytest.raises(BadInput):
            sandbox.read(path)
        with pytest.raises(BadInput):
            sandbox.write(path, b"overwritten")
    assert shell(sandbox, "find /tmp -mindepth 1") == ""


def test_special_files_are_refused_without_waiting(sandbox: Sandbox) -> None:
    shell(sandbox, "mkfifo pipe; mkdir folder; python3 -c \"import socket; socket.socket(1).bind('sock')\"")
    begun = time.monotonic()
    for path in ("pipe", "sock", "folder"):
        with pytest.raises(NotRegular):
            sandbox.read(path)
        with pytest.raises(NotRegular):
            sandbox.write(path, b"x")
        with pytest.raises(NotRegular):
            sandbox.write(path, b"x", expected="")
    assert sandbox.list() == []
    assert time.monotonic() - begun < 2


def test_looking_around_wakes_nobody_who_waits_at_a_pipe(sandbox: Sandbox) -> None:
    screen = Screen(sandbox, "sh", "-c", "mkfifo pipe; echo ready; echo through > pipe; echo over")
    eventually(lambda: b"ready" in screen.seen)
    for _ in range(20):
        assert sandbox.list() == []
        with pytest.raises(NotRegular):
            sandbox.read("pipe")
    assert b"over" not in screen.seen
    assert shell(sandbox, "cat pipe") == "through\n"
    eventually(lambda: screen.codes == [0])


def test_a_file_that_is_too_big_is_bad_input(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match="at most"):
        sandbox.write("big", bytes(LIMITS.file_bytes + 1))
    assert sandbox.exec(["truncate", "-s", "1G", "sparse"]).exit_code != 0


def test_a_full_workspace_says_so_and_keeps_what_was_there(sandbox: Sandbox) -> None:
    sandbox.write("kept", b"precious")
    sandbox.exec(["sh", "-c", "dd if=/dev/zero of=a bs=1M count=12; dd if=/dev/zero of=b bs=64k count=999; true"])
    with pytest.raises(WorkspaceFull):
        sandbox.write("kept", bytes(1 << 20))
    assert sandbox.read("kept") == b"precious"
    assert not [entry.path for entry in sandbox.list() if entry.path not in ("kept", "a", "b")]
    sandbox.delete("a")
    sandbox.write("kept", bytes(1 << 20))


def test_a_file_without_permissions_is_bad_input(sandbox: Sandbox) -> None:
    sandbox.write("locked", b"x")
    shell(sandbox, "chmod 000 locked")
    with pytest.raises(BadInput, match="permissions"):
        sandbox.read("locked")


def test_names_that_are_no_text_are_left_out(sandbox: Sandbox) -> None:
    shell(sandbox, "python3 -c \"open(b'bad-\\xff', 'w'); open(b'line\\nbreak', 'w'); open('good', 'w')\"")
    assert [entry.path for entry in sandbox.list()] == ["good"]


# --- commands ---


def test_a_command_gives_its_code_and_outputs(sandbox: Sandbox) -> None:
    done = sandbox.exec(["sh", "-c", "echo out; echo err >&2; exit 7"])
    assert (done.exit_code, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    assert (done.timed_out, done.truncated) == (False, False)
    assert 0 <= done.duration_ms < 5000


def test_a_command_gets_input_environment_and_workspace(sandbox: Sandbox) -> None:
    data = os.urandom(300_000)
    done = sandbox.exec(["sh", "-c", 'cat; echo "$GREETING" >&2; pwd >&2'], stdin=data, env={"GREETING": "hej 😀"})
    assert done.stdout == data
    assert done.stderr.decode() == "hej 😀\n/workspace\n"


def test_input_that_nobody_reads_is_no_failure(sandbox: Sandbox) -> None:
    assert sandbox.exec(["true"], stdin=bytes(1 << 20)).exit_code == 0


def test_output_that_is_no_text_comes_through(sandbox: Sandbox) -> None:
    assert sandbox.exec(["printf", r"\377\000\200"]).stdout == b"\xff\x00\x80"


def test_a_signal_is_a_negative_code(sandbox: Sandbox) -> None:
    assert sandbox.exec(["sh", "-c", "kill -SEGV $$"]).exit_code == -11


def test_a_program_that_is_not_there_is_a_result(sandbox: Sandbox) -> None:
    assert sandbox.exec(["no-such-program"]).exit_code == 127
    sandbox.write("text", b"no program")
    assert sandbox.exec(["./text"]).exit_code == 126


@pytest.mark.parametrize("argv", [[], ["a\0b"]])
def test_an_impossible_command_is_bad_input(sandbox: Sandbox, argv: list[str]) -> None:
    with pytest.raises(BadInput):
        sandbox.exec(argv)


HIDING = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.environ.clear()
        os.execve('/bin/sleep', ['sleep', '86399'], {})
    os._exit(0)
"""


def sleepers(sandbox: Sandbox) -> str:
    return sandbox.exec(["pgrep", "-af", "sleep 8639"]).stdout.decode()


def test_the_deadline_ends_a_command_and_all_it_started(sandbox: Sandbox) -> None:
    begun = time.monotonic()
    line = f'trap "" TERM HUP; sleep 86398 & setsid sleep 86397 & python3 -c "{HIDING}"; echo begun; sleep 86396'
    done = sandbox.exec(["sh", "-c", line], timeout_s=1.0)
    assert (done.exit_code, done.timed_out, done.stdout) == (124, True, b"begun\n")
    assert time.monotonic() - begun < 5
    assert sleepers(sandbox) == ""


def test_a_command_that_ends_leaves_nothing_running(sandbox: Sandbox) -> None:
    begun = time.monotonic()
    assert shell(sandbox, f'setsid sleep 86398 & python3 -c "{HIDING}"; echo over') == "over\n"
    assert time.monotonic() - begun < 4
    assert sleepers(sandbox) == ""


def test_output_is_capped_and_says_so(sandbox: Sandbox) -> None:
    done = sandbox.exec(["sh", "-c", "head -c 30000000 /dev/zero; echo end >&2"], output_cap=1000)
    assert (len(done.stdout), done.stderr, done.truncated) == (1000, b"end\n", True)
    whole = sandbox.exec(["head", "-c", "1000", "/dev/zero"], output_cap=1000)
    assert (len(whole.stdout), whole.truncated) == (1000, False)


def test_commands_run_side_by_side_and_files_do_not_wait_for_them(sandbox: Sandbox) -> None:
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: codes.append(sandbox.exec(["sh", "-c", f"sleep 1; exit {n}"]).exit_code))
        for n in range(6)
    ]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    sandbox.write("meanwhile", b"x")
    assert sandbox.read("meanwhile") == b"x"
    assert time.monotonic() - begun < 0.9
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0, 1, 2, 3, 4, 5]
    assert time.monotonic() - begun < 4


# --- terminals ---


def test_the_shell_has_job_control(sandbox: Sandbox, weaker: Collection[str]) -> None:
    screen = Screen(sandbox)
    screen.type(b"sleep 100\r", b"sleep 100\r\n")
    eventually(lambda: "sleep 100" in shell(sandbox, "pgrep -af '^sleep 100' || true"))
    if "keys" in weaker:
        screen.type(b"\x03\x1atyped ahead\r", b"\x03\x1atyped ahead\r\n")
        assert "sleep 100" in shell(sandbox, "pgrep -af '^sleep 100'")
        screen.terminal.close()
        eventually(lambda: len(screen.codes) == 1)
        assert shell(sandbox, "pgrep -af '^sleep 100' || true") == ""
        return
    screen.type(b"\x1a", b"Stopped")
    screen.type(b"jobs\r", b"[1]+  Stopped                 sleep 100")
    screen.type(b"fg\r", b"sleep 100\r\n")
    screen.type(b"\x03", b"133;D;130")
    screen.type(b"exit 3\r", b"exit\r\n")
    eventually(lambda: screen.codes == [3])
    screen.terminal.write(b"typed into nothing")
    screen.terminal.close()


def test_a_terminal_has_its_size_and_follows_a_resize(sandbox: Sandbox) -> None:
    screen = Screen(sandbox)
    screen.type(b"stty size\r", b"24 80\r\n")
    screen.terminal.resize(132, 43)
    screen.type(b"stty size\r", b"43 132\r\n")
    screen.type(b"tput cols\r", b"132\r\n")
    with pytest.raises(BadInput):
        screen.terminal.resize(0, 5)
    screen.terminal.close()
    eventually(lambda: len(screen.codes) == 1)


def test_the_shell_marks_commands_and_codes(sandbox: Sandbox) -> None:
    screen = Screen(sandbox)
    screen.type(b"cd /tmp; false 'a;b' \xc3\xa9\r", b"\x1b]133;D;1\x07")
    assert b"\x1b]133;A\x07$ \x1b]133;B\x07" in screen.seen
    assert b"\x1b]133;C;cmdline_url=cd%20/tmp%3B%20false%20%27a%3Bb%27%20%C3%A9\x07" in screen.seen
    screen.type(b"\r", b"\x1b]133;A\x07$ ")
    assert screen.seen.count(b"133;D") == 1
    screen.terminal.close()
    eventually(lambda: len(screen.codes) == 1)


def test_characters_are_not_cut(sandbox: Sandbox) -> None:
    sandbox.write("faces", "😀é漢".encode() * 20_000)
    parts: list[bytes] = []
    codes: list[int] = []
    sandbox.open_terminal(cols=80, rows=24, on_output=parts.append, on_exit=codes.append, argv=["cat", "faces"])
    eventually(lambda: codes == [0])
    assert b"".join(parts) == sandbox.read("faces")
    for part in parts:
        part.decode()


def test_bytes_that_are_no_text_pass_a_terminal(sandbox: Sandbox) -> None:
    screen = Screen(sandbox, "printf", r"a\377\376z\303")
    eventually(lambda: screen.codes == [0])
    assert screen.seen == b"a\xff\xfez\xc3"


def test_closing_a_terminal_ends_its_programs(sandbox: Sandbox) -> None:
    screen = Screen(sandbox)
    screen.type(b"trap '' HUP TERM; sleep 86395 &\r", b"133;D;0")
    eventually(lambda: "86395" in sleepers(sandbox))
    screen.terminal.close()
    screen.terminal.close()
    eventually(lambda: len(screen.codes) == 1)
    assert sleepers(sandbox) == ""


def test_what_a_terminal_started_survives_other_commands(sandbox: Sandbox) -> None:
    screen = Screen(sandbox)
    screen.type(b"(setsid sleep 86394 &)\r", b"133;D;0")
    eventually(lambda: "86394" in sleepers(sandbox))
    shell(sandbox, "true")
    assert "86394" in sleepers(sandbox)
    screen.terminal.close()
    eventually(lambda: len(screen.codes) == 1)
    shell(sandbox, "true")
    assert sleepers(sandbox) == ""


def test_the_shells_exit_is_the_terminals(sandbox: Sandbox) -> None:
    screen = Screen(sandbox)
    screen.type(b"exit 3\r", b"exit\r\n")
    eventually(lambda: screen.codes == [3])


def test_a_flood_waits_for_its_reader(sandbox: Sandbox, weaker: Collection[str]) -> None:
    gate = threading.Event()
    screen = Screen(sandbox, "sh", "-c", "yes | head -c 2000000; touch done", gate=gate)
    if "unread" in weaker:
        eventually(lambda: "done" in [entry.path for entry in sandbox.list()])
        flood = Screen(sandbox, "yes", gate=gate)
        eventually(lambda: not shell(sandbox, "pgrep -x yes || true"))
    else:
        # However long the producer is given, it cannot finish.
        assert sandbox.exec(["sh", "-c", "sleep 0.5; test -e done"]).exit_code == 1
    other = Screen(sandbox)
    other.type(b"echo not held up\r", b"\x07not held up")
    gate.set()
    eventually(lambda: screen.codes == [0])
    assert len(screen.seen) == 3_000_000, "each line feed becomes two bytes"
    if "unread" in weaker:
        eventually(lambda: len(flood.codes) == 1)
        assert flood.codes[0] < 0
        assert set(flood.seen) == set(b"y\r\n")
    other.terminal.close()
    eventually(lambda: len(other.codes) == 1)


def test_a_big_paste_arrives_whole_and_an_unread_one_ends(sandbox: Sandbox) -> None:
    screen = Screen(sandbox, "sh", "-c", "stty raw -echo; echo ready; head -c 700000 | sha256sum; sleep 86393")
    eventually(lambda: b"ready" in screen.seen)
    data = b"0123456789abcdef" * (700_000 // 16)
    screen.terminal.write(data)
    sandbox.write("expected", data)
    expected = shell(sandbox, "sha256sum expected").split()[0].encode()
    eventually(lambda: expected in screen.seen)

    def paste_without_end() -> None:
        for _ in range(40):
            screen.terminal.write(bytes(64 << 10))

    with pytest.raises(BadInput, match="not reading"):
        paste_without_end()
    screen.terminal.close()
    eventually(lambda: len(screen.codes) == 1)


def test_there_are_not_terminals_without_end(sandbox: Sandbox) -> None:
    screens: list[Screen] = []

    def open_without_end() -> None:
        for _ in range(20):
            screens.append(Screen(sandbox, "sleep", "86392"))

    with pytest.raises(PlatformFailure, match="terminals"):
        open_without_end()
    assert len(screens) >= 4
    for screen in screens:
        screen.terminal.close()
    eventually(lambda: all(screen.codes for screen in screens))


def test_a_terminal_without_a_program_says_so(sandbox: Sandbox) -> None:
    with pytest.raises((PlatformFailure, BadInput)):
        Screen(sandbox, "no-such-program")


# --- pipes ---


class Piped:
    """A program on two pipes and all that it has said."""

    def __init__(
        self, sandbox: Sandbox, *argv: str, gate: threading.Event | None = None, env: dict[str, str] | None = None
    ) -> None:
        self.said = bytearray()
        self.codes: list[int] = []
        self.gate = gate
        self.pipe: Pipe = sandbox.open_pipe(argv, on_output=self._output, on_exit=self.codes.append, env=env)

    def _output(self, data: bytes) -> None:
        if self.gate is not None:
            self.gate.wait(20)
        self.said += data

    def echo(self, data: bytes) -> None:
        """Feed, and wait until as much has come back."""
        expected = len(self.said) + len(data)
        self.pipe.write(data)
        eventually(lambda: len(self.said) >= expected)


def test_a_pipe_carries_bytes_both_ways_as_they_are(sandbox: Sandbox) -> None:
    piped = Piped(sandbox, "cat")
    parts = (b"hello\n", b"\x03\x04\x1a\r\n\xff\x00\xc3", bytes(range(256)))
    for part in parts:
        piped.echo(part)
    assert piped.said == b"".join(parts)
    piped.pipe.close()
    piped.pipe.close()
    eventually(lambda: len(piped.codes) == 1)
    piped.pipe.write(b"into nothing")


def test_a_megabyte_passes_a_pipe_both_ways(sandbox: Sandbox) -> None:
    data = os.urandom(1 << 20)
    piped = Piped(sandbox, "head", "-c", str(len(data)))
    piped.pipe.write(data)
    eventually(lambda: piped.codes == [0])
    assert piped.said == data


def test_a_piped_program_has_its_environment_its_code_and_no_terminal(sandbox: Sandbox) -> None:
    line = 'echo "$GREETING"; pwd; echo error >&2; tty; (exec 3</dev/tty) && echo terminal; exec >&-; sleep 0.3; exit 7'
    piped = Piped(sandbox, "sh", "-c", f"{{ {line}; }} 2>/dev/null", env={"GREETING": "hej 😀"})
    eventually(lambda: piped.codes == [7])
    assert piped.said.decode() == "hej 😀\n/workspace\nnot a tty\n"


def test_a_piped_program_that_is_not_there_says_so(sandbox: Sandbox) -> None:
    for argv in ([], ["no-such-program"], ["a\0b"]):
        with pytest.raises((PlatformFailure, BadInput)):
            Piped(sandbox, *argv)


def test_a_pipe_waits_for_its_reader(sandbox: Sandbox) -> None:
    gate = threading.Event()
    piped = Piped(sandbox, "sh", "-c", "head -c 3000000 /dev/zero; touch done", gate=gate)
    other = Piped(sandbox, "cat")
    other.echo(b"not held up")
    # However long the producer is given, it cannot finish.
    assert sandbox.exec(["sh", "-c", "sleep 0.5; test -e done"]).exit_code == 1
    gate.set()
    eventually(lambda: piped.codes == [0])
    assert piped.said == bytes(3_000_000)
    other.pipe.close()
    eventually(lambda: len(other.codes) == 1)


def test_a_pipe_that_nobody_reads_ends(sandbox: Sandbox) -> None:
    piped = Piped(sandbox, "sleep", "86390")

    def feed_without_end() -> None:
        for _ in range(40):
            piped.pipe.write(bytes(64 << 10))

    with pytest.raises(BadInput, match="not reading"):
        feed_without_end()
    piped.pipe.close()
    eventually(lambda: piped.codes == [-9])


def test_the_end_of_a_pipe_ends_all_that_it_started(sandbox: Sandbox) -> None:
    line = f'trap "" TERM HUP; sleep 86398 & setsid sleep 86397 & python3 -c "{HIDING}"; echo begun; '
    closed = Piped(sandbox, "sh", "-c", line + "sleep 86396")
    eventually(lambda: closed.said == b"begun\n")
    ended = Piped(sandbox, "sh", "-c", line)
    eventually(lambda: ended.codes == [0])
    assert "8639" in sleepers(sandbox)
    closed.pipe.close()
    eventually(lambda: closed.codes == [-9])
    assert sleepers(sandbox) == ""


# --- the watch ---


class Seen:
    """Changes in the order in which they came."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.changes: list[Change] = []
        sandbox.watch(self.changes.append)

    def wait(self, kind: str, path: str) -> None:
        eventually(lambda: any(c.kind == kind and c.path == path for c in self.changes))


def test_changes_are_reported_by_path(sandbox: Sandbox) -> None:
    seen = Seen(sandbox)
    sandbox.write("by-server", b"x")
    seen.wait("written", "by-server")
    shell(sandbox, "echo hi > by-shell; mkdir -p new/deep; echo hi > new/deep/file; ln by-shell linked")
    for path in ("by-shell", "new/deep/file", "linked"):
        seen.wait("written", path)
    time.sleep(0.1)
    shell(sandbox, "echo more >> new/deep/file; mv by-shell moved; rm new/deep/file; mkdir .git; echo x > .git/HEAD")
    seen.wait("written", "moved")
    seen.wait("deleted", "by-shell")
    seen.wait("deleted", "new/deep/file")
    assert not [c for c in seen.changes if ".git" in c.path or "pairsight" in c.path]


def test_an_atomic_save_is_one_written_file(sandbox: Sandbox) -> None:
    seen = Seen(sandbox)
    shell(sandbox, "echo new > .file.swp && mv .file.swp file")
    seen.wait("written", "file")


def test_a_flood_of_changes_becomes_an_overflow(sandbox: Sandbox) -> None:
    seen = Seen(sandbox)

    def flooded() -> bool:
        # Where making files is slow, they may be few enough at a time to be told one by one.
        shell(sandbox, "python3 -c \"for n in range(9000): open(f'f{n % 1800}', 'w').close()\"")
        time.sleep(0.5)
        return any(change.kind == "overflow" for change in seen.changes)

    eventually(flooded, 30)
    time.sleep(0.3)
    sandbox.write("after", b"x")
    seen.wait("written", "after")


def test_a_moved_folder_is_followed(sandbox: Sandbox) -> None:
    sandbox.write("old/name/file", b"x")
    seen = Seen(sandbox)
    time.sleep(0.1)
    shell(sandbox, "mv old new")
    seen.wait("overflow", "")
    time.sleep(0.1)
    shell(sandbox, "echo y > new/name/file2")
    seen.wait("written", "new/name/file2")


def test_a_slow_listener_holds_up_nobody(sandbox: Sandbox) -> None:
    gate = threading.Event()
    seen: list[Change] = []

    def slow(change: Change) -> None:
        gate.wait(20)
        seen.append(change)

    sandbox.watch(slow)
    for n in range(3):
        shell(sandbox, f"python3 -c \"for n in range(450): open(f'{n}-{{n}}', 'w').close()\"")
        time.sleep(0.1)
    assert sandbox.exec(["true"]).exit_code == 0
    gate.set()
    eventually(lambda: len(seen) >= 1)


# --- the place ---


def test_tools_of_the_trade_work(sandbox: Sandbox) -> None:
    assert shell(sandbox, "whoami") == "candidate\n"
    assert shell(sandbox, "echo 1 2 | awk '{print $2}'") == "2\n"
    assert "1 file changed" in shell(sandbox, "git init -q && echo hi > file && git add file && git commit -m first")
    sandbox.write("test_it.py", b"import pytest\n\ndef test_it():\n    assert pytest.approx(0.3) == 0.1 + 0.2\n")
    assert "1 passed" in shell(sandbox, "python3 -m pytest -q")
    assert "1 passed" in shell(sandbox, "pytest -q test_it.py && python --version")
    assert "1 passed" in shell(
        sandbox, "PYTHONPATH=. pytest -q && mkdir here && cd here && PYTHONPATH=.. python -m pytest .."
    )
    assert shell(sandbox, "mktemp /tmp/XXXX && nproc && date && locale >/dev/null")
    spawned = "import multiprocessing as m; print(m.get_context('fork').Pool(2).map(abs, [-1, -2]))"
    assert shell(sandbox, f'python3 -W ignore -c "{spawned}"') == "[1, 2]\n"


def test_there_is_no_network(sandbox: Sandbox) -> None:
    probe = (
        "import socket\n"
        "for where in [('1.1.1.1', 53), ('127.0.0.1', 8000), ('10.0.0.1', 80)]:\n"
        "    try: socket.create_connection(where, 2); print('reached', where)\n"
        "    except OSError: pass\n"
        "try: socket.getaddrinfo('example.org', 80); print('resolved')\n"
        "except OSError: pass\n"
        "server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname()); print('own')\n"
    )
    assert shell(sandbox, f'python3 -c "{probe}"') == "own\n"
    assert "eth" not in shell(sandbox, "cat /proc/net/dev")


def test_nothing_of_the_host_shows(sandbox: Sandbox) -> None:
    shown = shell(
        sandbox, "env; cat /proc/*/environ 2>/dev/null; find / /home /root /etc /run /var -maxdepth 1 2>&1; true"
    )
    assert SECRET not in shown
    home = str(Path.home())
    assert shell(sandbox, f"find {home} -mindepth 1 2>/dev/null || true") == ""
    for path in ("/etc/shadow", "/etc/ssh", "/root/.ssh", "/var/run/docker.sock", "/run/docker.sock"):
        assert sandbox.exec(["test", "-e", path]).exit_code != 0, path
    assert shell(sandbox, "cd /home && echo .* *").split() == [".", "..", "candidate"]
    assert shell(sandbox, "uname -n").strip() != os.uname().nodename


def test_only_the_sized_folders_can_be_written(sandbox: Sandbox) -> None:
    found = shell(
        sandbox,
        "for d in / /usr /usr/bin /usr/local /etc /opt /opt/bin /opt/toolbox /run /var /dev /home /proc/sys/kernel; do "
        "touch $d/x 2>/dev/null && echo $d; done; for d in /workspace /tmp /dev/shm ~; do touch $d/x && echo $d; done",
    )
    assert found.split() == ["/workspace", "/tmp", "/dev/shm", "/home/candidate"]
    for folder, room in (("/tmp", LIMITS.tmp_bytes), ("/dev/shm", 64 << 20), ("~", 64 << 20)):
        line = (
            f"cd {folder}; for n in 1 2 3 4 5 6; do head -c 14M /dev/zero > fill$n; done; cat fill* | wc -c; rm fill*"
        )
        assert int(sandbox.exec(["sh", "-c", line]).stdout) <= room


def test_a_named_path_can_be_looked_at(sandbox: Sandbox, weaker: Collection[str]) -> None:
    done = sandbox.exec(["sh", "-c", "touch file; LC_ALL=C ls -l file; LC_ALL=C stat file >&2"])
    if "paths" in weaker:
        assert b"ls: cannot access 'file': Invalid argument" in done.stderr
        assert b"stat: cannot statx 'file': Invalid argument" in done.stderr
    else:
        assert (done.exit_code, done.stdout.split()[-1]) == (0, b"file")


def test_there_is_no_privilege_to_be_had(sandbox: Sandbox) -> None:
    gained = "import ctypes; print(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0))"
    assert shell(sandbox, f'python3 -c "{gained}"') == "1\n"
    assert shell(sandbox, "ulimit -S -c; ulimit -H -c") == "0\n0\n"
    status = shell(sandbox, "grep -E 'Cap|Seccomp:|Uid' /proc/self/status")
    assert "Seccomp:\t2" in status
    for line in status.splitlines():
        if line.startswith("Cap"):
            assert set(line.split()[1]) == {"0"}, line
        if line.startswith("Uid"):
            assert "\t0" not in line
    for line in ("unshare -U true", "unshare -m true", "mount -t tmpfs x /tmp", "su -c true", "chroot / true"):
        assert sandbox.exec(["sh", "-c", line]).exit_code != 0, line


CALLS = """
import ctypes, os, platform, socket
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == 'x86_64'
numbers = {'ptrace': (101, 117), 'keyctl': (250, 219), 'add_key': (248, 217), 'bpf': (321, 280), 'mount': (165, 40),
    'perf_event_open': (298, 241), 'userfaultfd': (323, 282), 'io_uring_setup': (425, 425), 'setns': (308, 268),
    'unshare': (272, 97), 'open_by_handle_at': (304, 265), 'process_vm_readv': (310, 270), 'memfd_create': (319, 279),
    'shmget': (29, 194), 'kexec_load': (246, 104), 'init_module': (175, 105), 'move_mount': (429, 429)}
for name, pair in numbers.items():
    got = libc.syscall(pair[not x86], 0, 0, 0, 0, 0, 0)
    print(name, 'refused' if got == -1 and ctypes.get_errno() in (1, 38) else f'open {got} {ctypes.get_errno()}')
for family in (16, 17, 38, 40):
    try: socket.socket(family, socket.SOCK_RAW if family in (16, 17) else socket.SOCK_STREAM); print(family, 'open')
    except OSError as error: print(family, 'refused' if error.errno == 97 else error)
import fcntl, pty
master, slave = pty.openpty()
for request in (0x5412, 0x541C):
    try: fcntl.ioctl(slave, request, b'x'); print(request, 'open')
    except OSError as error: print(request, 'refused' if error.errno == 1 else error)
"""


def test_dangerous_calls_are_refused(sandbox: Sandbox) -> None:
    said = sandbox.exec(["python3", "-c", CALLS]).stdout.decode().splitlines()
    assert len(said) == 17 + 4 + 2
    assert [line for line in said if not line.endswith(" refused")] == []


def test_the_agent_cannot_be_touched(sandbox: Sandbox, weaker: Collection[str]) -> None:
    spying = (
        "import os, signal\n"
        "agents = [p for p in os.listdir('/proc') if p.isdigit() and b'agent.py' in open(f'/proc/{p}/cmdline','rb').read()"
        " and b'exec(' not in open(f'/proc/{p}/cmdline','rb').read()]\n"
        "assert agents\n"
        "for p in agents:\n"
        "    for name in ('environ', 'mem', 'fd', 'maps', 'root', 'cwd'):\n"
        "        try:\n"
        "            (os.listdir if name in ('fd', 'root', 'cwd') else open)(f'/proc/{p}/{name}'); print('open', name)\n"
        "        except OSError: pass\n"
        "for s in range(1, 65):\n"
        "    try: os.kill(1, s)\n"
        "    except OSError: pass\n"
        "print('done')\n"
    )
    sandbox.write("spy.py", spying.encode())
    seen = "open environ\nopen fd\nopen maps\n" if "hidden" in weaker else ""
    assert shell(sandbox, "python3 spy.py") == seen + "done\n"
    assert sandbox.alive
    assert sandbox.exec(["true"]).exit_code == 0


def holds(sandbox: Sandbox, weaker: Collection[str], argv: list[str], timeout_s: float) -> ExecResult | None:
    """What a command that takes all it can get comes to; None where the sandbox ended of it, which must be plain."""
    try:
        done = sandbox.exec(argv, timeout_s=timeout_s)
        assert sandbox.exec(["true"]).exit_code == 0
    except PlatformFailure:
        assert "crowd" in weaker
        assert not sandbox.alive
        return None
    return done


def test_a_fork_bomb_stays_inside_and_passes(fresh: Sandbox, weaker: Collection[str]) -> None:
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n"
    done = holds(fresh, weaker, ["python3", "-c", bomb], 2.0)
    if done is not None:
        assert done.timed_out
        assert int(shell(fresh, "echo /proc/[0-9]* | wc -w")) < 10


SIX_HOGS = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        held = bytearray(b'x') * (200 << 20)
        time.sleep(3)
        os._exit(0)
print(sorted(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(6)))
"""


def test_memory_is_limited_for_one_program(fresh: Sandbox, weaker: Collection[str]) -> None:
    hog = "x = [bytearray(64 << 20) for _ in range(64)]; print('had it all')"
    done = holds(fresh, weaker, ["python3", "-c", hog], 20)
    if done is not None:
        assert done.exit_code != 0
        assert b"had it all" not in done.stdout


def test_memory_is_limited_for_several_programs(fresh: Sandbox, weaker: Collection[str]) -> None:
    done = holds(fresh, weaker, ["python3", "-c", SIX_HOGS], 20)
    if done is not None:
        assert b"[0, 0, 0, 0, 0, 0]" not in done.stdout


# --- the end ---


def test_stopping_ends_everything(start: Start) -> None:
    sandbox = start("conformance-stop")
    lost: list[str] = []
    sandbox.on_lost(lost.append)
    screen = Screen(sandbox, "sleep", MARKED)
    failures: list[Exception] = []

    def wait() -> None:
        try:
            sandbox.exec(["sh", "-c", f"setsid sleep {MARKED} & sleep {MARKED}"])
        except PlatformFailure as failure:
            failures.append(failure)

    waiting = threading.Thread(target=wait)
    waiting.start()
    eventually(lambda: len(shell(sandbox, f"pgrep -f '^sleep {MARKED}' || true").split()) >= 3)
    sandbox.stop()
    sandbox.stop()
    waiting.join(10)
    assert len(failures) == 1
    assert host_processes(MARKED) == []
    eventually(lambda: len(screen.codes) == 1)
    assert not sandbox.alive
    assert lost == []
    for act in (lambda: sandbox.read("x"), lambda: sandbox.exec(["true"]), lambda: Screen(sandbox)):
        with pytest.raises(PlatformFailure):
            act()


def host_processes(marker: str) -> list[int]:
    """Processes of this machine, in any sandbox, that have the marker on their command line."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path("/proc", name, "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if marker.encode() in words:
            found.append(int(name))
    return found


def parent(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("PPid:"))


def kill_agent(sandbox: Sandbox) -> None:
    """As its candidate would; process 1 is out of their reach, so there from outside."""
    try:
        sandbox.exec(["sh", "-c", "kill -9 $PPID; sleep 1"])
    except PlatformFailure:
        return
    os.kill(parent(host_processes(MARKED)[0]), 9)


def test_a_killed_agent_is_a_lost_sandbox(backend: Backend, start: Start) -> None:
    sandbox = start("conformance-kill")
    lost: list[str] = []
    sandbox.on_lost(lost.append)
    screen = Screen(sandbox, "sleep", MARKED)
    sandbox.write("kept", b"x")
    place = sandbox.place
    kill_agent(sandbox)
    eventually(lambda: lost)
    assert len(lost) == 1
    assert lost[0]
    eventually(lambda: len(screen.codes) == 1)
    assert not sandbox.alive
    late: list[str] = []
    sandbox.on_lost(late.append)
    eventually(lambda: late == lost)
    with pytest.raises(PlatformFailure):
        sandbox.list()
    if place:
        found = backend.adopt(SandboxSpec("conformance-kill", LIMITS), place)
        assert found is not None
        assert found.read("kept") == b"x"
        found.stop()
    sandbox.stop()
    assert len(lost) == 1


def test_what_is_left_is_found_again_where_it_has_a_place(backend: Backend, start: Start) -> None:
    spec = SandboxSpec("conformance-leave", LIMITS)
    sandbox = start(spec.interview)
    lost: list[str] = []
    sandbox.on_lost(lost.append)
    sandbox.write("folder/kept", b"x")
    screen = Screen(sandbox)
    screen.type(f"setsid sleep {MARKED} &\r".encode(), b"133;D;0")
    waiting: list[Exception] = []

    def wait() -> None:
        try:
            sandbox.exec(["sleep", "86389"])
        except PlatformFailure as failure:
            waiting.append(failure)

    thread = threading.Thread(target=wait)
    thread.start()
    place = sandbox.place
    eventually(lambda: shell(sandbox, "pgrep -f '^sleep 86389' || true"))
    sandbox.leave()
    sandbox.leave()
    thread.join(10)
    assert len(waiting) == 1
    assert not sandbox.alive
    assert lost == []
    eventually(lambda: len(screen.codes) == 1)
    found = backend.adopt(spec, place)
    if not place:
        assert found is None
        assert host_processes(MARKED) == []
        return
    assert found is not None
    assert found.place == place
    assert [entry.path for entry in found.list()] == ["folder/kept"]
    assert found.exec(["true"]).exit_code == 0
    assert shell(found, f"pgrep -f '^sleep {MARKED}'")
    # A terminal's programs are as they were; a command has nobody left who waits for it.
    assert shell(found, "pgrep -f '^sleep 86389' || true") == ""
    found.stop()
    assert backend.adopt(spec, place) is None


def test_a_sandbox_outlives_the_thread_that_asked_for_it(start: Start) -> None:
    made: list[Sandbox] = []
    asking = threading.Thread(target=lambda: made.append(start("conformance-thread")))
    asking.start()
    asking.join()
    time.sleep(0.2)
    assert made[0].exec(["true"]).exit_code == 0


def test_sandboxes_are_apart_and_start_forgotten(backend: Backend, fresh: Sandbox, sandbox: Sandbox) -> None:
    sandbox.write("mine", b"x")
    assert fresh.list() == []
    shell(sandbox, "echo x > /tmp/mine; echo x > /dev/shm/mine; echo x > ~/mine")
    assert shell(fresh, "find /tmp /dev/shm ~ -name mine") == ""
