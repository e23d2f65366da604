"""Terminals against a real shell in a real sandbox: commands and their codes, floods, and one record for all who look."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from interviews import events as e
from interviews import exercises
from interviews.errors import PlatformFailure
from interviews.fold import fold
from interviews.log import Draft
from interviews.service.flood import BURST, REFILL_S, TAIL
from interviews.service.interview import Interview
from interviews.service.terminals import Terminals
from interviews.store import SqlLog, open_engine
from rubrics import registry as rubric_registry
from sandbox.backends.bubblewrap import backend
from sandbox.base import Sandbox, SandboxSpec
from tests import product as products
from tests.product import Browser, Message, Product, wait
from tests.support import bare_interview, counting_salt, header, ticking_clock, tools

pytestmark = pytest.mark.sandbox
LEFT_OUT = re.compile(r"\x18[^⋯]*⋯ [^ ]+ (?:bytes|kB|MB|GB) left out ⋯\r\n")
PROMPT = "\x1b]133;A\x07$ \x1b]133;B\x07"


class Desk:
    """One interview's terminals, and what is in its log."""

    def __init__(self, interview: Interview, sandbox: Sandbox) -> None:
        interview.record(
            Draft("system", e.InterviewStarted()),
            Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
        )
        self.interview, self.sandbox = interview, sandbox
        self.terminals = Terminals(interview, sandbox, lambda: None)
        self.name = self.open()

    def open(self) -> str:
        """Open a terminal and wait for its prompt."""
        name = self.terminals.open(80, 24)
        wait(lambda: self.text(name).endswith(PROMPT))
        return name

    def outputs(self, name: str = "") -> list[e.TerminalOutput]:
        events = map(e.understand, self.interview.log.read(self.interview.id))
        found = [event.data for event in events if isinstance(event.data, e.TerminalOutput)]
        return [output for output in found if output.terminal == (name or self.name)]

    def text(self, name: str = "") -> str:
        return "".join(output.data for output in self.outputs(name))

    def commands(self, name: str = "") -> list[tuple[str, int]]:
        return [
            (command["command"], command["exit_code"])
            for command in list(self.interview.state.commands)
            if command["terminal"] == (name or self.name)
        ]

    def type(self, keys: str, name: str = "") -> None:
        self.terminals.write(name or self.name, keys)

    def run(self, keys: str, name: str = "", seconds: float = 15) -> tuple[str, int]:
        """Type a command and its return; the command as it was recorded, with its exit code."""
        before = len(self.commands(name))
        self.type(keys + "\r", name)
        wait(lambda: len(self.commands(name)) > before, seconds)
        return self.commands(name)[-1]

    def awaits(self, newest: list[tuple[str, int]], name: str = "", seconds: float = 15) -> None:
        """Wait until these are the newest commands."""
        wait(lambda: self.commands(name)[-len(newest) :] == newest, seconds)

    def flood(self, keys: str) -> None:
        """Type a command, and wait until some of what it prints was left out."""
        before = len(self.outputs())
        self.type(keys + "\r")
        wait(lambda: any(output.cut for output in self.outputs()[before:]))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    probe = backend.probe()
    if not probe.ok:
        pytest.skip(f"bubblewrap cannot run here: {probe.reason} {probe.install}")
    started = backend.start(SandboxSpec("terminal"))
    yield started
    started.stop()


@pytest.fixture
def desk(sandbox: Sandbox) -> Iterator[Desk]:
    made = Desk(bare_interview(), sandbox)
    yield made
    for name, view in list(made.interview.state.terminals.items()):
        if view.open:
            made.terminals.close(name)
    wait(lambda: not any(view.open for view in made.interview.state.terminals.values()))


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


# --- commands ---


@pytest.mark.parametrize(
    ("keys", "command", "code"),
    [
        ("false | true", "false | true", 0),
        ("set -o pipefail; false | true", "set -o pipefail; false | true", 1),
        ("(exit 3)", "(exit 3)", 3),
        ("bash -c 'kill -9 $$'", "bash -c 'kill -9 $$'", 137),
        ("nowhere-to-be-found", "nowhere-to-be-found", 127),
        ("cat <<EOF\rone $HOME\rtwo\rEOF", "cat <<EOF\none $HOME\ntwo\nEOF", 0),
        ("for x in 1 2\rdo false\rdone", "for x in 1 2\ndo false\ndone", 1),
        ("f() { return 4; }; f", "f() { return 4; }; f", 4),
        (" echo 'ü😀 %41;x \\e' # token=hunter2", " echo 'ü😀 %41;x \\e' # token=hunter2", 0),
        ("PS1='one\\ntwo> '; PS2=; (exit 5)", "PS1='one\\ntwo> '; PS2=; (exit 5)", 5),
        ("set -u; set -v; (exit 6)", "set -u; set -v; (exit 6)", 6),
        ("bash --norc -c 'exit 8'", "bash --norc -c 'exit 8'", 8),
    ],
)
def test_a_command_has_its_text_and_its_code(desk: Desk, keys: str, command: str, code: int) -> None:
    assert desk.run(keys) == (command, code)
    assert desk.run("(exit 9)") == ("(exit 9)", 9)
    assert len(desk.commands()) == 2


def test_a_command_that_is_interrupted_has_130(desk: Desk) -> None:
    desk.type("sleep 1000\r")
    wait(lambda: "cmdline_url=sleep%201000" in desk.text())
    desk.type("\x03")
    desk.awaits([("sleep 1000", 130)])


def test_nothing_typed_is_no_command(desk: Desk) -> None:
    desk.type("\r\rnever run\x03\r")
    assert desk.run("true") == ("true", 0)
    assert len(desk.commands()) == 1


def test_a_very_long_command_is_recorded_with_its_beginning(desk: Desk) -> None:
    command, code = desk.run("true " + "ä😀" * 3000)
    assert code == 0 and command.startswith("true ä😀ä😀") and command.endswith("…") and len(command) > 1000


def test_a_shell_that_ends_says_with_which_command(desk: Desk) -> None:
    assert desk.run("exit 3") == ("exit 3", 3)
    wait(lambda: not desk.interview.state.terminals[desk.name].open)
    assert [record.type for record in desk.interview.log.read("i1")[-2:]] == ["command.finished", "terminal.closed"]


def test_what_marks_commands_is_not_traced(desk: Desk) -> None:
    desk.run("set -x")
    assert desk.run("echo traced") == ("echo traced", 0)
    wait(lambda: desk.text().endswith(PROMPT))
    shown = desk.text().rpartition("cmdline_url=echo%20traced\x07")[2]
    assert shown.startswith("+ echo traced\r\ntraced\r\n") and "__ps" not in desk.text()


def test_a_shell_that_keeps_no_history_names_no_wrong_command(desk: Desk) -> None:
    desk.run("set +o history")
    desk.type("echo un''recorded\r")
    wait(lambda: "\x07unrecorded" in desk.text())
    desk.type("set -o history\r")
    assert desk.run("true") == ("true", 0)
    assert [command for command, _ in desk.commands()] == ["set +o history", "true"]


def test_what_is_typed_unseen_is_not_recorded(desk: Desk) -> None:
    desk.type("read -s word\r")
    wait(lambda: "cmdline_url=read" in desk.text())
    desk.type("hunter2\r")
    desk.awaits([("read -s word", 0)])
    assert all("hunter2" not in str(record.payload) for record in desk.interview.log.read("i1"))


def test_terminals_keep_their_commands_apart(desk: Desk) -> None:
    names = [desk.name, desk.open(), desk.open()]
    for number, name in enumerate(names):
        for _ in range(3):
            desk.type(f"(exit {number})\r", name)
    for number, name in enumerate(names):
        desk.awaits([(f"(exit {number})", number)] * 3, name)


# --- floods ---


def test_a_flood_fills_neither_the_log_nor_the_memory(desk: Desk) -> None:
    count = 20_000_000
    began, before, memory = time.monotonic(), desk.interview.volume, resident_bytes()
    assert desk.run(f"yes | head -c {count}", seconds=60)[1] == 0
    wait(lambda: desk.text().endswith(PROMPT))
    seconds = time.monotonic() - began
    assert desk.interview.volume - before < BURST + REFILL_S * (seconds + 1) + 4 * TAIL
    assert resident_bytes() - memory < 24 << 20
    # Every byte is shown or counted: two of a line are three at a terminal.
    text = desk.text()
    shown = LEFT_OUT.sub("", text[text.index(f"head%20-c%20{count}\x07") : text.rindex("\x1b]133;D;0")])
    printed = len(shown.encode()) - len(f"head%20-c%20{count}\x07")
    assert sum(output.cut for output in desk.outputs()) + printed == count // 2 * 3


def test_keys_act_at_once_in_a_flood(desk: Desk) -> None:
    for command in ("yes", "cat /dev/urandom", "while :; do printf '\\033[?25l\\033[31mx'; done"):
        desk.flood(command)
        desk.type("\x03")
        desk.awaits([(command, 130)], seconds=3)
        wait(lambda: desk.text().endswith(PROMPT), 3)
    assert desk.run("echo on''ward") == ("echo on''ward", 0)
    wait(lambda: desk.text().endswith("onward\r\n\x1b]133;D;0\x07\x1b[?2004h" + PROMPT))


def test_what_is_left_out_is_said_in_its_place(desk: Desk) -> None:
    desk.flood("yes 0123456789")
    desk.type("\x03")
    wait(lambda: desk.commands() != [])
    for output in desk.outputs():
        assert (output.cut > 0) == (LEFT_OUT.match(output.data) is not None)
        if output.cut:
            tail = LEFT_OUT.sub("", output.data)
            assert tail.startswith(("0123456789\r\n", "^C"))


def test_a_flood_leaves_other_terminals_alone(desk: Desk) -> None:
    other = desk.open()
    desk.flood("yes")
    for number in range(5):
        assert desk.run(f"echo be''side; (exit {number})", other)[1] == number
    assert not any(output.cut for output in desk.outputs(other))
    assert desk.text(other).count("beside") == 5


def test_commands_in_what_is_left_out_are_recorded_all_the_same(desk: Desk) -> None:
    marks = r"printf '\033]133;C;cmdline_url=within\a\033]133;D;7\a'"
    desk.run(f"yes | head -c 4M; {marks}; yes | head -c 4M", seconds=30)
    assert ("within", 7) in desk.commands()
    assert "cmdline_url=within\x07" not in desk.text()


def test_marks_without_end_cost_no_more_than_other_output(desk: Desk) -> None:
    before, began = desk.interview.volume, time.monotonic()
    desk.flood(r"while :; do printf '\033]133;C;cmdline_url=x\a\033]133;D;0\a'; done")
    desk.type("\x03")
    wait(lambda: desk.text().endswith(PROMPT))
    assert desk.interview.volume - before < BURST + REFILL_S * (time.monotonic() - began + 1) + 4 * TAIL


def test_a_terminal_opened_anew_has_no_more_to_print(desk: Desk) -> None:
    before, began = desk.interview.volume, time.monotonic()
    for _ in range(4):
        desk.type("yes | head -c 1M; exit\r")
        wait(lambda: not desk.interview.state.terminals[desk.name].open)
        desk.name = desk.open()
    # There are four budgets, and none more.
    assert desk.interview.volume - before < 4 * BURST + 4 * REFILL_S * (time.monotonic() - began + 1)


DRAWING = """
import os, signal, sys
def draw(*_):
    size = os.get_terminal_size()
    sys.stdout.write(f"\\x1b[H\\x1b[2JHEAD {size.columns}x{size.lines}\\x1b[{size.lines};1HFOOT")
    sys.stdout.flush()
signal.signal(signal.SIGWINCH, draw)
sys.stdout.write("\\x1b[?1049h")
draw()
for number in range(100_000):
    sys.stdout.write(f"\\x1b[5;1Hat {number}\\x1b[K")
sys.stdout.flush()
sys.stdin.readline()
sys.stdout.write("\\x1b[?1049l")
"""


def test_a_program_on_the_alternate_screen_draws_anew_what_was_left_out(desk: Desk, sandbox: Sandbox) -> None:
    sandbox.write("drawing.py", DRAWING.encode())
    desk.type("python3 drawing.py\r")
    wait(lambda: "HEAD 80x24" in LEFT_OUT.split(desk.text())[-1] and any(output.cut for output in desk.outputs()))
    assert "FOOT" in LEFT_OUT.split(desk.text())[-1]
    assert desk.interview.state.terminals[desk.name].rows == 24
    assert desk.run("") == ("python3 drawing.py", 0)
    assert desk.run("stty size") == ("stty size", 0)
    assert "24 80\r\n" in desk.text()


# --- one record ---


def test_nothing_is_lost_while_the_log_cannot_be_written(tmp_path: Path, sandbox: Sandbox) -> None:
    path = tmp_path / "log.db"
    log = SqlLog(open_engine(f"sqlite:///{path}", wait_s=0.2), ticking_clock(), counting_salt())
    log.create(header("i1"))
    desk = Desk(Interview(log, log.header("i1"), exercises.load("prompted-playlists"), tools()), sandbox)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        desk.type("echo; seq 300; echo o''ver; touch written\r")
        wait(lambda: any(entry.path == "written" for entry in sandbox.list()))
        for _ in range(4):
            with pytest.raises(PlatformFailure):
                desk.interview.record(Draft("system", e.SandboxQueued(ahead=1)))
        assert "over" not in desk.text().replace("o''ver", "")
        other.execute("ROLLBACK")
    other.close()
    wait(lambda: desk.text().endswith(PROMPT) and desk.commands() != [])
    assert re.findall(r"^(\d+)\r$", desk.text(), re.MULTILINE) == [str(number) for number in range(1, 301)]
    assert desk.text().count("\nover\r\n") == 1
    desk.terminals.close(desk.name)
    wait(lambda: not desk.interview.state.terminals[desk.name].open)


def test_viewers_the_log_and_the_asciicast_have_the_same(desk: Desk) -> None:
    live: list[e.Record] = []
    desk.interview.subscribe(live.extend)
    begun = desk.text()
    desk.run("seq 100; printf 'ä😀\\xff'")
    desk.flood("yes 'a flood'")
    desk.type("\x03")
    wait(lambda: desk.commands()[-1][1] == 130 and desk.text().endswith(PROMPT))
    desk.terminals.resize(desk.name, 100, 30)
    desk.run("exit 5")
    wait(lambda: not desk.interview.state.terminals[desk.name].open)
    logged = desk.text()
    assert (
        begun + "".join((record.payload or {})["data"] for record in live if record.type == "terminal.output") == logged
    )
    out = io.StringIO(newline="")
    rubric_registry.export("asciicast").write(
        out, desk.interview.header, desk.interview.log.read("i1"), None, desk.name
    )
    _, *cast = map(json.loads, out.getvalue().splitlines())
    assert "".join(data for _, code, data in cast if code == "o") == logged
    assert any(output.cut for output in desk.outputs())
    assert [data for _, code, data in cast if code == "m"] == [
        f"{command} (exit {code})" for command, code in desk.commands()
    ]
    assert [data for _, code, data in cast if code in "rx"] == ["100x30", "5"]
    # Who comes later sees the same.
    late = fold(e.understand(record) for record in desk.interview.log.read("i1")).terminals[desk.name]
    assert logged.endswith("".join(late.output)) and late == desk.interview.state.terminals[desk.name]


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    probe = backend.probe()
    if not probe.ok:
        pytest.skip(f"bubblewrap cannot run here: {probe.reason} {probe.install}")
    running = products.start(tmp_path / "data", PAIRSIGHT_PACE="0", SANDBOX="bubblewrap")
    yield running
    running.stop()


def shown(events: list[Message], terminal: str) -> str:
    return "".join(
        event["payload"]["data"]
        for event in events
        if event["type"] == "terminal.output" and event["payload"]["terminal"] == terminal
    )


def test_what_came_over_sockets_is_what_is_exported(product: Product) -> None:
    candidate, early, late = (Browser(product, role) for role in ("candidate", "interviewer", "interviewer"))
    assert candidate.consent().status_code == 200
    candidate.connect()
    early.connect()
    terminals = [candidate.send("term.open", cols=80, rows=24)["terminal"] for _ in range(2)]
    wait(lambda: all(PROMPT in shown(candidate.events, terminal) for terminal in terminals))
    candidate.send("term.input", terminal="t1", data="yes a flood\r")
    wait(lambda: "left out ⋯" in shown(candidate.events, "t1"))
    candidate.send("term.input", terminal="t2", data="echo be''side\r")
    candidate.send("term.input", terminal="t1", data="\x03")
    over = {"t1": f"133;D;130\x07\x1b[?2004h{PROMPT}", "t2": f"133;D;0\x07\x1b[?2004h{PROMPT}"}
    wait(lambda: all(shown(early.events, terminal).endswith(end) for terminal, end in over.items()))
    late.connect()
    wait(lambda: len(late.events) == len(early.events))
    address = f"{product.address}/interviews/{early.interview}/export.asciicast"
    for terminal in terminals:
        answer = early.http.get(f"{address}?terminal={terminal}", timeout=20)
        assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("application/x-asciicast")
        exported = [line for line in map(json.loads, answer.text.splitlines()[1:]) if line[1] == "o"]
        looks = [shown(browser.events, terminal) for browser in (candidate, early, late)]
        assert looks == ["".join(data for _, _, data in exported)] * 3
    for question, words in (("", "t1, t2"), ("?terminal=t9", "t9")):
        answer = early.http.get(address + question, timeout=20)
        assert answer.status_code == 400 and words in answer.text and "Traceback" not in answer.text
    assert candidate.http.get(f"{address}?terminal=t1", timeout=20).status_code == 403
    for browser in (candidate, early, late):
        browser.socket.disconnect()
