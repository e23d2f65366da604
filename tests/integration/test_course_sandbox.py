"""A sandbox that is lost, left, found again or rebuilt: what is kept, what is told, and whose words win."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from interviews import events as e
from interviews.errors import BadInput, PlatformFailure
from interviews.log import Draft, MemoryLog
from interviews.service import editing
from interviews.service.disk import Disk
from interviews.service.interview import Interview, Tools
from interviews.service.registry import Interviews
from interviews.service.room import KEPT_MS, Room
from interviews.service.synced import Synced, recall, settled_until
from interviews.service.workspace import ADOPTIONS
from interviews.text import replace as change
from sandbox import registry
from sandbox.backends.bubblewrap import backend as bubblewrap
from sandbox.base import Backend, Probe, Sandbox, SandboxSpec
from sandbox.pool import Pool
from tests.product import wait
from tests.sandboxes import working
from tests.support import TAB, bare_interview, counting_salt, tools

pytestmark = pytest.mark.sandbox
SETTINGS = e.InterviewSettings(minutes=600)
BINARY = "head -c 300 /dev/zero | tr '\\0' '\\377' > data.bin"
WORDS = ("words", "en")


class House:
    """The interviews of one server after another over one log."""

    def __init__(self, backend: Backend, most: int = 50) -> None:
        self.now_ms = 1_700_000_000_000
        self.log = MemoryLog(self.clock, counting_salt())
        self.backend, self._most = backend, most
        self.servers: list[Interviews] = []
        self.open()

    def clock(self) -> int:
        """Unix ms; ten more at each look."""
        self.now_ms += 10
        return self.now_ms

    def tools(self) -> Tools:
        pool = Pool(self.backend, most=self._most)
        return replace(tools(), clock=self.clock, backend=lambda: pool)

    def open(self) -> None:
        """A server that has begun."""
        self.servers.append(Interviews(self.log, self.tools()))
        self.servers[-1].start()

    def consented(self) -> Room:
        """An interview whose candidate has consented."""
        room = self.servers[-1].get(self.servers[-1].create("prompted-playlists", "Ada", SETTINGS, 7))
        room.consent(*WORDS)
        return room

    def begin(self) -> Room:
        """An interview in its course."""
        room = self.consented()
        assert room.start()
        return room

    def again(self, room: Room) -> Room:
        """The same interview on the newest server, with its sandbox there."""
        found = self.servers[-1].get(room.interview.id)
        wait(lambda: found.workspace.there and found.interview.state.paused_ms is None, 40)
        return found

    def close(self) -> None:
        for server in self.servers:
            for room in list(server._rooms.values()):
                room.close()
            server.close()


@pytest.fixture(params=["bubblewrap", "docker"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    found = House(working(request.param))
    yield found
    found.close()


def house_of(name: str) -> Iterator[House]:
    found = House(working(name))
    yield found
    found.close()


@pytest.fixture
def on_docker() -> Iterator[House]:
    yield from house_of("docker")


@pytest.fixture
def on_bubblewrap() -> Iterator[House]:
    yield from house_of("bubblewrap")


def shell(room: Room, line: str) -> str:
    result = room.workspace.parts()[0].exec(["bash", "-c", line])
    assert result.exit_code == 0, result.stderr
    return result.stdout.decode()


def insert(interview: Interview, path: str, text: str) -> None:
    view = interview.state.files[path]
    changes = change(view.text or "", 0, 0, text)
    update = editing.Update.model_validate({"clientID": "tab", "changes": changes})
    editing.push(interview, path, view.version, [update], TAB, None)


def started(room: Room) -> list[dict[str, e.Json]]:
    records = room.interview.log.read(room.interview.id)
    return [record.payload for record in records if record.type == "sandbox.started" and record.payload is not None]


def in_terminal(room: Room, line: str) -> str:
    name = room.terminals().open(80, 24)
    shown = room.interview.state.terminals[name].output
    wait(lambda: "$ " in "".join(shown))
    room.terminals().write(name, line + "\r")
    return name


def background(room: Room) -> str:
    """A program of the candidate's that goes on by itself; returns its process's number as seen inside."""
    in_terminal(room, "setsid -f sleep 4711; pgrep -f '[s]leep 4711' > pid.txt; echo begun")
    wait(lambda: "pid.txt" in room.interview.state.files)
    return str(room.interview.state.files["pid.txt"].text).strip()


# Losses


def test_whoever_kills_everything_kills_only_their_own_programs(house: House) -> None:
    room = house.begin()
    interview = room.interview
    shell(room, BINARY)
    wait(lambda: "data.bin" in interview.state.files)
    insert(interview, "playlists/request.py", "# typed\n")
    name = in_terminal(room, "kill -9 -1")
    # Under bubblewrap the agent is process 1 and cannot be killed from inside; in a container it is started again.
    if room.workspace.place:
        wait(lambda: interview.state.sandbox_back == "adopted" and interview.state.paused_ms is None, 40)
        assert [one["adopted"] for one in started(room)] == [False, True]
        assert started(room)[0]["place"] == started(room)[1]["place"] == room.workspace.place
        assert interview.state.lost_ms > 0
    else:
        room.terminals().write(name, "echo still''here\r")
        wait(lambda: "stillhere" in "".join(interview.state.terminals[name].output))
        assert len(started(room)) == 1
    room.workspace.parts()[1].flush()
    assert shell(room, "head -1 playlists/request.py; sha256sum < data.bin").split() == [
        "#", "typed", hashlib.sha256(b"\xff" * 300).hexdigest(), "-",
    ]  # fmt: skip
    assert "data.bin" in interview.state.files


def test_terminals_that_were_open_are_opened_again(on_docker: House) -> None:
    room = on_docker.begin()
    views = room.interview.state.terminals
    closed = in_terminal(room, "exit")
    wait(lambda: not views[closed].open)
    room.terminals().open(101, 33)
    in_terminal(room, "kill -9 -1")
    wait(lambda: room.interview.state.sandbox_back == "adopted" and room.interview.state.paused_ms is None, 40)
    assert sorted((view.cols, view.rows) for view in views.values() if view.open) == [(80, 24), (101, 33)]
    last = max(views, key=lambda name: int(name[1:]))
    room.terminals().write(last, "echo a''live\r")
    wait(lambda: "alive" in "".join(views[last].output))


def test_a_program_that_kills_the_agent_again_and_again_ends_with_its_sandbox(on_docker: House) -> None:
    room = on_docker.begin()
    in_terminal(
        room,
        "setsid -f python3 -c 'import os,time\nwhile 1:\n try: os.kill(-1, 9)\n except OSError: pass\n time.sleep(.2)'",
    )
    wait(lambda: room.interview.state.sandbox_back == "rebuilt" and room.interview.state.paused_ms is None, 60)
    assert [one["adopted"] for one in started(room)].count(True) <= ADOPTIONS
    assert shell(room, "ls playlists") and len({one["place"] for one in started(room)}) == 2


class Away:
    """A real backend whose daemon is away for a while: nobody can say what is where, and nothing starts."""

    def __init__(self, backend: Backend) -> None:
        self.name, self._real, self.refusals = backend.name, backend, 0

    def _ask(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise PlatformFailure("The daemon does not answer")

    def probe(self) -> Probe:
        return self._real.probe()

    def start(self, spec: SandboxSpec) -> Sandbox:
        self._ask()
        return self._real.start(spec)

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        self._ask()
        return self._real.adopt(spec, place)

    def reap(self, wanted: Collection[str]) -> list[str]:
        return self._real.reap(wanted)


def test_a_daemon_that_is_away_costs_time_that_is_given_back_and_nothing_else() -> None:
    backend = Away(working("docker"))
    house = House(backend)
    try:
        room = house.begin()
        shell(room, BINARY)
        place, backend.refusals = room.workspace.place, 12
        in_terminal(room, "kill -9 -1")
        state = room.interview.state
        wait(lambda: state.sandbox_back and state.paused_ms is None, 40)
        assert (state.sandbox_back, room.workspace.place, backend.refusals) == ("adopted", place, 0)
        assert shell(room, "wc -c < data.bin") == "300\n" and state.lost_ms > 0
        told = [
            record.payload for record in room.interview.log.read(room.interview.id) if record.type == "sandbox.lost"
        ]
        assert len(told) == 2 and told[1] == {"reason": "The daemon does not answer"}
    finally:
        house.close()


def test_a_rebuilt_workspace_names_what_it_lacks(on_bubblewrap: House) -> None:
    room = on_bubblewrap.begin()
    interview = room.interview
    shell(room, BINARY + "; head -c 3000000 /dev/zero | tr '\\0' x > big.txt; echo small > small.txt")
    wait(lambda: {"data.bin", "big.txt", "small.txt"} <= set(interview.state.files))
    lost = room.workspace.parts()[0]
    lost._stream.end()  # type: ignore[attr-defined]  # the crash of the process behind it
    wait(lambda: interview.state.sandbox_back == "rebuilt" and interview.state.paused_ms is None, 40)
    assert interview.state.missing == started(room)[-1]["missing"] == ["big.txt"]
    assert "big.txt" not in interview.state.files
    assert shell(room, "cat small.txt; ls big.txt 2>/dev/null || true") == "small\n"


def test_a_rebuilt_workspace_has_its_small_binary_files_and_follows_them(on_bubblewrap: House) -> None:
    room = on_bubblewrap.begin()
    interview, files = room.interview, room.interview.state.files
    shell(room, "mkdir pics; printf '\\377one' > pics/a.bin; printf '\\377two' > b.bin")
    wait(lambda: {"pics/a.bin", "b.bin"} <= set(files))
    shell(room, "printf '\\377other' > b.bin; rm pics/a.bin; printf '\\377new' > pics/c.bin")
    wait(lambda: "pics/a.bin" not in files and "pics/c.bin" in files and files["b.bin"].size == 6)
    for _ in range(2):
        room.workspace.parts()[0]._stream.end()  # type: ignore[attr-defined]  # the crash of the process behind it
        wait(lambda: room.workspace.there is False or interview.state.paused_ms is not None, 40)
        wait(lambda: room.workspace.there and interview.state.paused_ms is None, 40)
        assert shell(room, "od -An -c b.bin pics/c.bin; ls pics").split() == [
            *("377", *"other", "377", *"new", "c.bin")
        ]
    seq = interview.state.seq
    room.workspace.parts()[1].rescan()
    assert (interview.state.missing, interview.state.seq) == ([], seq)
    shell(room, "printf '\\377again' > b.bin")
    wait(lambda: files["b.bin"].version == 3)


# Restarts


def test_a_server_that_stops_leaves_the_sandbox_to_the_next(on_docker: House) -> None:
    room = on_docker.begin()
    place, number = room.workspace.place, background(room)
    shell(room, BINARY)
    on_docker.servers[-1].close()
    on_docker.open()
    again = on_docker.again(room)
    assert (again.workspace.place, again.interview.state.sandbox_back) == (place, "adopted")
    assert shell(again, "pgrep -f '[s]leep 4711'; wc -c < data.bin").split() == [number, "300"]


def test_a_server_that_stops_ends_what_nobody_works_in(house: House) -> None:
    room = house.begin()
    sandbox, place = room.workspace.parts()[0], room.workspace.place
    room.submit("candidate")
    wait(lambda: room.interview.state.status == "finished", 60)
    assert not sandbox.alive and room.workspace.place == ""
    if place:
        assert house.backend.adopt(SandboxSpec(room.interview.id), place) is None


def crash(room: Room) -> None:
    """The server ends without a word: its connections close, the log stays."""
    room.workspace._closed = True
    sandbox, disk, _terminals = room.workspace.parts()
    disk.close()
    sandbox.leave()


def test_what_was_done_in_the_sandbox_while_no_server_was_there_is_imported(on_docker: House) -> None:
    room, name = on_docker.begin(), "playlists/request.py"
    insert(room.interview, name, "# typed\n")
    room.workspace.parts()[1].flush()
    on_docker.now_ms += 60_000
    in_terminal(room, "echo a minute later")
    place = room.workspace.place
    crash(room)
    alone = on_docker.backend.adopt(SandboxSpec(room.interview.id), place)
    assert alone is not None
    lines = f"echo '# by a program' >> {name}; echo new > new.txt; rm playlists/builder.py"
    assert alone.exec(["bash", "-c", lines]).exit_code == 0
    alone.leave()
    on_docker.open()
    again = on_docker.again(room)
    files = again.interview.state.files
    text = files[name].text or ""
    assert text.startswith("# typed\n") and text.endswith("# by a program\n")
    assert files["new.txt"].text == "new\n" and "playlists/builder.py" not in files
    assert again.interview.state.sandbox_back == "adopted"
    assert shell(again, f"cat {name}") == text


def test_what_was_acknowledged_and_not_yet_on_disk_is_written_after_a_crash(on_docker: House) -> None:
    room = on_docker.begin()
    interview = room.interview
    shell(room, "echo '# from the shell' >> playlists/builder.py")
    wait(lambda: (interview.state.files["playlists/builder.py"].text or "").endswith("# from the shell\n"))
    room.workspace.parts()[1].flush()
    # From here on nothing reaches the disk.
    room.workspace.parts()[1].close()
    for path in ("playlists/request.py", "playlists/builder.py"):
        insert(interview, path, "# acknowledged\n")
    editing.create(interview, "notes.md", TAB, None)
    insert(interview, "notes.md", "noted\n")
    editing.delete(interview, "playlists/ranking.py", TAB, None)
    shell(room, "echo '# meanwhile' >> playlists/builder.py")
    crash(room)
    on_docker.open()
    again = on_docker.again(room)
    again.workspace.parts()[1].flush()
    builder = again.interview.state.files["playlists/builder.py"].text or ""
    assert builder.startswith("# acknowledged\n") and builder.endswith("# from the shell\n# meanwhile\n")
    assert builder.count("# acknowledged") == 1
    assert shell(again, "head -1 playlists/request.py; cat notes.md; ls playlists/ranking.py || true").splitlines() == [
        "# acknowledged", "noted",
    ]  # fmt: skip
    assert shell(again, "cat playlists/builder.py") == builder
    assert "playlists/ranking.py" not in again.interview.state.files


def test_a_restart_without_adoption_rebuilds(on_bubblewrap: House) -> None:
    room = on_bubblewrap.begin()
    insert(room.interview, "playlists/request.py", "# typed\n")
    crash(room)
    on_bubblewrap.open()
    again = on_bubblewrap.again(room)
    assert again.interview.state.sandbox_back == "rebuilt"
    assert shell(again, "head -1 playlists/request.py") == "# typed\n"


def test_a_write_in_the_very_moment_is_imported_and_not_overwritten(on_bubblewrap: House) -> None:
    room = on_bubblewrap.begin()
    interview, path = room.interview, "playlists/request.py"
    program = (
        f"setsid -f bash -c 'for n in $(seq 300); do echo \"# $n\" >> {path}; done; touch done.txt' >/dev/null 2>&1 &"
    )
    in_terminal(room, program)
    for number in range(60):
        insert(interview, path, f"# typed {number}\n")
    wait(lambda: "done.txt" in interview.state.files, 30)
    disk = room.workspace.parts()[1]
    disk.rescan()
    disk.flush()
    text = interview.state.files[path].text or ""
    assert shell(room, f"cat {path}") == text
    assert [line for line in text.splitlines() if line.startswith("# typed")] == [
        f"# typed {n}" for n in reversed(range(60))
    ]
    assert [line for line in text.splitlines() if line[2:].isdigit()] == [f"# {n}" for n in range(1, 301)]


# The line before the interview


class Full:
    """A real backend that cannot start anything for a while."""

    def __init__(self) -> None:
        self.name, self.down = bubblewrap.name, True

    def probe(self) -> Probe:
        return bubblewrap.probe()

    def start(self, spec: SandboxSpec) -> Sandbox:
        if self.down:
            raise PlatformFailure("The sandbox did not start: the daemon is away")
        return bubblewrap.start(spec)

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        return None

    def reap(self, wanted: object) -> list[str]:
        return []


def invited(pool: Pool, clock: list[int] | None = None) -> Room:
    """A room whose candidate has consented; ``clock`` holds the time, Unix ms."""
    found = bare_interview()
    at = clock or [1_700_000_000_000]
    found.tools = replace(tools(), backend=lambda: pool, clock=lambda: at[0])
    room = Room(found)
    room.consent(*WORDS)
    return room


def test_a_candidate_waits_in_line_is_told_and_starts_the_clock_alone() -> None:
    pool = Pool(bubblewrap, most=1)
    clock = [1_700_000_000_000]
    first, second = invited(pool), invited(pool, clock)
    try:
        assert first.start()
        assert second.start() is False and second.start() is False
        assert (second.interview.state.queued, second.interview.state.status) == (0, "ready")
        assert second.preparing and not second.ready and not second.interview.state.files
        first.close()
        wait(lambda: second.ready)
        assert (second.interview.state.queued, second.interview.state.phase_started_ms) == (None, 0)
        assert not second.interview.state.files
        assert second.start() and second.interview.state.status == "running"
        assert second.interview.state.files and second.interview.state.phase_started_ms
    finally:
        first.close()
        second.close()
        pool.close()


def test_ten_interviews_that_start_at_once_all_begin(house: House) -> None:
    rooms = [house.consented() for _ in range(10)]
    with ThreadPoolExecutor(len(rooms)) as threads:
        assert list(threads.map(Room.start, rooms)) == [True] * len(rooms)
    assert [shell(room, "ls playlists | wc -l") for room in rooms] == ["8\n"] * len(rooms)
    assert all(room.interview.state.queued is None for room in rooms)


def test_a_place_that_nobody_takes_is_given_on_and_can_be_asked_for_again() -> None:
    pool = Pool(bubblewrap, most=1)
    clock = [1_700_000_000_000]
    first, second = invited(pool), invited(pool, clock)
    try:
        assert first.start()
        assert second.start() is False
        first.close()
        wait(lambda: second.ready)
        second.tick()
        assert second.ready
        # The log has a clock of its own, which is some events ahead.
        clock[0] += KEPT_MS + 1_000
        second.tick()
        wait(lambda: not second.ready and second.interview.state.sandbox_lost)
        assert "ten minutes" in second.interview.state.sandbox_lost
        wait(lambda: pool.load().running == 0)
        assert second.start() and second.interview.state.status == "running"
    finally:
        first.close()
        second.close()
        pool.close()


def test_a_refusal_and_a_failed_start_are_told_and_lose_nothing() -> None:
    backend = Full()
    pool = Pool(backend)
    room = invited(pool)
    try:
        for _ in range(2):
            with pytest.raises(PlatformFailure, match="the daemon is away"):
                room.start()
        types = [record.type for record in room.interview.log.read(room.interview.id)]
        assert types == ["consent.given", "sandbox.lost"]
        backend.down = False
        assert room.start()
        assert room.interview.state.sandbox_lost == ""
    finally:
        room.close()
        pool.close()


def test_who_waited_when_the_server_stopped_waits_again_in_the_same_order() -> None:
    house = House(bubblewrap, most=1)
    try:
        house.begin()
        rooms = []
        for ahead in (0, 1, 2):
            rooms.append(house.consented())
            assert rooms[-1].start() is False
            assert rooms[-1].interview.state.queued == ahead
        house.servers[-1].close()
        wait(lambda: not any(room.preparing for room in rooms))
        house.open()
        again = [house.servers[-1].get(room.interview.id) for room in rooms]
        # Its own interview is under way and takes the one place; the others stand as they stood.
        wait(lambda: all(room.preparing for room in again))
        wait(lambda: [room.interview.state.queued for room in again] == [0, 1, 2])
    finally:
        house.close()


def test_pages_that_wait_and_ask_first_after_a_restart_take_nobodys_place() -> None:
    house = House(bubblewrap, most=1)
    try:
        at_work = house.begin()
        waiting = [house.consented() for _ in range(2)]
        assert [room.start() for room in waiting] == [False, False]
        house.servers[-1].close()
        wait(lambda: not any(room.preparing for room in waiting))
        # Their pages ask before the server has looked for what is under way, and the last comes first.
        house.servers.append(Interviews(house.log, house.tools()))
        again = [house.servers[-1].get(room.interview.id) for room in reversed(waiting)][::-1]
        house.again(at_work)
        wait(lambda: all(room.preparing for room in again))
        assert [room.interview.state.queued for room in again] == [0, 1] and not any(room.ready for room in again)
    finally:
        house.close()


def test_a_workspace_that_cannot_be_had_holds_up_nobody_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    house, found = House(bubblewrap, most=1), threading.Event()
    try:
        house.begin()
        waiting = house.consented()
        assert waiting.start() is False
        house.servers[-1].close()
        wait(lambda: not waiting.preparing)
        monkeypatch.setattr("interviews.service.registry.SEEK_S", 0.5)
        monkeypatch.setattr("interviews.service.workspace.Workspace.find", lambda *_: found.wait(30))
        house.open()
        again = house.servers[-1].get(waiting.interview.id)
        wait(lambda: again.ready)
        assert not found.is_set()
    finally:
        found.set()
        house.close()


def test_one_terminal_too_many_is_refused_in_words(on_bubblewrap: House) -> None:
    room = on_bubblewrap.begin()
    for _ in range(4):
        room.terminals().open(80, 24)
    with pytest.raises(BadInput, match=r"4 terminals are open.*exit"):
        room.terminals().open(80, 24)


# The guess


def log_of(*steps: tuple[str, str, str]) -> list[e.Record]:
    """An interview's log of ``(at, path, text)``: each the whole new text of a file, or "-" for deleted; a minute apart."""
    at = [0]
    log = MemoryLog(lambda: at[0], counting_salt())
    interview = bare_interview()
    log.create(interview.header)
    versions: dict[str, int] = {}
    for when, path, text in steps:
        at[0] = int(when)
        versions[path] = versions.get(path, 0) + 1
        event = (
            e.FileDeleted(path=path, origin="typed")
            if text == "-"
            else editing.snapshot(path, versions[path], text, "typed")
        )
        log.append(interview.id, [Draft("candidate", event)])
    return log.read(interview.id)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def guess(records: list[e.Record], disk: dict[str, str], until: int = 100) -> dict[str, Synced]:
    paths = {"a", *disk}
    on_disk = {path: digest(text) for path, text in disk.items()}
    return recall(records, paths, on_disk, lambda path: disk[path].encode(), None, until)


def test_a_text_that_the_file_once_had_is_its_own_past() -> None:
    records = log_of(("1", "a", "one"), ("2", "a", "two"), ("900", "a", "three"))
    assert guess(records, {"a": "one"})["a"] == Synced(digest("one"), 1, "one")
    assert guess(records, {"a": "two"})["a"].version == 2


def test_a_file_deleted_in_the_log_is_known_by_its_text_only() -> None:
    records = log_of(("1", "a", "one"), ("900", "a", "-"))
    assert guess(records, {"a": "one"})["a"].version == 1
    assert guess(records, {"a": "by a program"}) == {}


def test_a_file_missing_on_disk_was_deleted_there_only_if_it_had_come_there() -> None:
    assert guess(log_of(("1", "a", "one")), {})["a"].version == 1
    assert guess(log_of(("900", "a", "one")), {}) == {}


def test_edits_are_settled_some_seconds_before_the_end_or_before_a_trouble() -> None:
    records = log_of(("1000", "a", "one"), ("60000", "a", "two"))
    assert settled_until(records) == 55_000
    lost = records[0].model_copy(update={"type": "sandbox.lost", "payload": {"reason": "x"}, "at_ms": 20_000})
    assert settled_until([*records[:1], lost, lost.model_copy(update={"at_ms": 30_000}), records[1]]) == 15_000
    back = lost.model_copy(update={"type": "sandbox.started", "at_ms": 40_000})
    assert settled_until([*records[:1], lost, back, records[1]]) == 55_000


def test_a_disk_that_cannot_be_read_leaves_the_log_as_it_was() -> None:
    interview = bare_interview()
    sandbox = registry.get("bubblewrap").start(SandboxSpec("gone"))
    sandbox.stop()
    with pytest.raises(PlatformFailure):
        Disk(interview, sandbox).resume(None, 0)
    assert interview.state.seq == 0
