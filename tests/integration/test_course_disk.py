"""Editor and terminal at work on the same files: log and disk end up the same, and nobody's line is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from interviews import events as e
from interviews.fold import fold
from interviews.log import Draft
from interviews.service import editing
from interviews.service.disk import Disk
from interviews.service.grading import grade
from interviews.service.interview import Interview
from interviews.text import replace
from sandbox.backends.bubblewrap import backend
from sandbox.base import Sandbox, SandboxSpec
from tests.product import wait
from tests.support import TAB, bare_interview, tools

pytestmark = pytest.mark.sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    started = backend.start(SandboxSpec("course"))
    yield started
    started.stop()


@pytest.fixture
def interview() -> Interview:
    found = bare_interview()
    found.record(
        Draft("system", editing.snapshot("a.py", 1, "one\ntwo\nthree\n", "starter")),
        Draft("system", editing.snapshot("b.py", 1, "other\n", "starter")),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
    )
    return found


@pytest.fixture
def disk(interview: Interview, sandbox: Sandbox) -> Iterator[Disk]:
    follower = Disk(interview, sandbox)
    interview.subscribe(follower.touch)
    follower.begin()
    yield follower
    follower.close()


def shell(sandbox: Sandbox, line: str) -> None:
    result = sandbox.exec(["bash", "-c", line])
    assert result.exit_code == 0, result.stderr


def insert(interview: Interview, path: str, at: int, text: str) -> None:
    view = interview.state.files[path]
    changes = replace(view.text or "", at, at, text)
    update = editing.Update.model_validate({"clientID": "tab", "changes": changes})
    editing.push(interview, path, view.version, [update], TAB, None)


def text(interview: Interview, path: str) -> str | None:
    return interview.state.files[path].text if path in interview.state.files else None


def settled(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    """Log and disk hold the same files, and the log can be read again from its start."""
    disk.rescan()
    disk.flush()
    on_disk = {entry.path: sandbox.read(entry.path).decode() for entry in sandbox.list()}
    assert on_disk == {path: view.text for path, view in interview.state.files.items()}
    again = fold(e.understand(record) for record in interview.log.read(interview.id))
    assert again.to_json() == interview.state.to_json()


def test_a_file_deleted_and_made_again_while_the_terminal_writes_it_keeps_the_log_whole(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    # Under the lock, so that the disk's own worker sees both at once.
    with interview.lock:
        editing.delete(interview, "a.py", TAB, None)
        editing.create(interview, "a.py", TAB, None)
        insert(interview, "a.py", 0, "from the editor\n")
        shell(sandbox, "echo 'from the shell' >> a.py")
    settled(interview, disk, sandbox)
    recorded = [record.payload for record in interview.log.read(interview.id)]
    assert any("from the editor" in str(payload) for payload in recorded)
    assert any("from the shell" in str(payload) for payload in recorded)


def test_a_version_never_means_two_texts(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    insert(interview, "a.py", 0, "x")
    disk.flush()
    shell(sandbox, "rm a.py")
    wait(lambda: "a.py" not in interview.state.files)
    shell(sandbox, "echo new > a.py")
    wait(lambda: "a.py" in interview.state.files)
    assert interview.state.files["a.py"].version == 3
    settled(interview, disk, sandbox)


def test_both_sides_lines_stay_while_the_disk_is_full(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    shell(sandbox, "for n in 1 2 3; do head -c 30M /dev/zero > fill$n.bin || true; done")
    disk.rescan()
    with interview.lock:
        insert(interview, "a.py", 0, "# from the editor\n" * 3000)
        # In place: the file's own page has room where a new file has none.
        shell(sandbox, "printf '!' | dd of=a.py bs=1 seek=12 conv=notrunc status=none")
    wait(lambda: (text(interview, "a.py") or "").endswith("one\ntwo\nthre!\n"))
    wait(lambda: interview.state.sync_error)
    shell(sandbox, "printf '?' | dd of=a.py bs=1 seek=0 conv=notrunc status=none")
    wait(lambda: (text(interview, "a.py") or "").endswith("?ne\ntwo\nthre!\n"))
    assert (text(interview, "a.py") or "").startswith("# from the editor\n" * 3000)
    shell(sandbox, "rm fill*.bin")
    settled(interview, disk, sandbox)


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("true", "rm a.py && mkdir a.py && echo inside > a.py/inside.txt"),
        ("mkdir d && echo 1 > d/x.txt && echo 2 > d/y.txt", "rm -r d && echo 'a file now' > d"),
        ("mkdir d && echo 1 > d/x.txt", "mv d elsewhere && echo 'a file now' > d"),
    ],
)
def test_a_folder_in_a_files_place_and_the_other_way_round(
    interview: Interview, disk: Disk, sandbox: Sandbox, before: str, line: str
) -> None:
    shell(sandbox, before)
    disk.rescan()
    shell(sandbox, line)
    settled(interview, disk, sandbox)


def test_a_burst_as_of_a_checkout_arrives_whole(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    shell(
        sandbox,
        "for n in $(seq 60); do mkdir -p d$((n % 7)); echo $n > d$((n % 7))/f$n.txt; done; "
        "cp -r . /tmp/kept; rm -r d* a.py; cp -r /tmp/kept/. .; for n in $(seq 200); do echo $n >> a.py; done",
    )
    settled(interview, disk, sandbox)
    assert (text(interview, "a.py") or "").endswith("199\n200\n")


def test_odd_names_and_kinds_of_files_neither_enter_nor_stop_anything(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    shell(
        sandbox,
        r"touch $'new\nline' $'not\xffutf8' ' padded ' $'bell\a'; ln -s /etc/passwd link; ln -s . loop; mkfifo pipe; "
        r"mkdir -p $(printf 'd/%.0s' $(seq 60)); printf 'a\r\nb\r\n' > crlf.txt; printf '\0\1' > bin; echo ok > '__proto__'",
    )
    disk.rescan()
    disk.flush()
    files = interview.state.files
    assert set(files) == {"a.py", "b.py", " padded ", "crlf.txt", "bin", "__proto__"}
    assert files["crlf.txt"].text == "a\r\nb\r\n" and files["bin"].text is None
    insert(interview, "crlf.txt", 3, "ä")
    disk.flush()
    assert sandbox.read("crlf.txt") == "a\r\näb\r\n".encode()


def test_a_terminal_that_makes_the_file_the_editor_just_made_keeps_its_words(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    with interview.lock:
        editing.create(interview, "new.py", TAB, None)
        shell(sandbox, "echo 'from the shell' > new.py")
    settled(interview, disk, sandbox)
    assert text(interview, "new.py") == "from the shell\n"


def test_whoever_waits_for_a_disk_that_is_given_up_is_told(interview: Interview, sandbox: Sandbox) -> None:
    disk = Disk(interview, sandbox)
    disk.begin()
    told: list[str] = []

    def waits(act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            told.append(type(error).__name__)

    with interview.lock:
        insert(interview, "a.py", 0, "x")
        first = threading.Thread(target=waits, args=(disk.flush,))
        second = threading.Thread(target=waits, args=(disk.rescan,))
        first.start()
        second.start()
        wait(lambda: disk._worker._work_queue.qsize() >= 1)
        disk.close()
    first.join(10)
    second.join(10)
    assert told and set(told) == {"PlatformFailure"}


def test_files_that_cannot_be_laid_out_do_not_keep_hidden_tests_from_running(interview: Interview) -> None:
    interview.tools = tools(backend)
    exercise = interview.exercise
    drafts = [Draft("system", editing.snapshot(path, 1, text, "starter")) for path, text in exercise.workspace.items()]
    interview.record(
        *drafts,
        Draft("terminal", editing.snapshot("odd", 1, "a file\n", "terminal")),
        Draft("terminal", editing.snapshot("odd/x.txt", 1, "below it\n", "terminal")),
        *(Draft("candidate", editing.snapshot(f"fill{n}.txt", 1, "x" * 999_999, "typed")) for n in range(70)),
    )
    result = grade(interview)
    assert result["total"] > 0 and "failed" not in result
