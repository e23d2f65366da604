"""What becomes of each kind of file and of each way to change one: the rows of docs/editing.md."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.fold import fold
from interviews.log import Draft
from interviews.service import editing
from interviews.service.disk import Disk
from interviews.service.interview import Interview
from interviews.service.mirror import JUST_MS
from interviews.text import replace
from sandbox.backends.bubblewrap import backend
from sandbox.base import Sandbox, SandboxSpec
from tests.product import wait
from tests.support import TAB, bare_interview

pytestmark = pytest.mark.sandbox
START = "one\ntwo\nthree\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    started = backend.start(SandboxSpec("files"))
    yield started
    started.stop()


@pytest.fixture
def interview() -> Interview:
    found = bare_interview()
    found.record(
        Draft("system", editing.snapshot("a.py", 1, START, "starter")),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
    )
    return found


@pytest.fixture
def disk(interview: Interview, sandbox: Sandbox) -> Iterator[Disk]:
    shell(sandbox, "chmod -R u+rwX . && rm -rf .git && find . -mindepth 1 -delete")
    follower = Disk(interview, sandbox)
    interview.subscribe(follower.touch)
    follower.begin()
    yield follower
    follower.end()


def shell(sandbox: Sandbox, line: str) -> None:
    result = sandbox.exec(["bash", "-c", line])
    assert result.exit_code == 0, result.stderr


def insert(interview: Interview, path: str, at: int, text: str) -> None:
    view = interview.state.files[path]
    update = editing.Update(clientID="tab", changes=replace(view.text or "", at, at, text))
    editing.push(interview, path, view.version, [update], TAB, None)


def text(interview: Interview, path: str) -> str | None:
    return interview.state.files[path].text if path in interview.state.files else None


def payloads(interview: Interview, type_: str) -> list[dict[str, e.Json]]:
    records = interview.log.read(interview.id)
    return [record.payload for record in records if record.type == type_ and record.payload is not None]


def settled(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    """Log and disk hold the same files, and the log can be read again from its start."""
    disk.rescan()
    disk.flush()
    on_disk = {entry.path: sandbox.read(entry.path) for entry in sandbox.list()}
    texts = {path: view.text for path, view in interview.state.files.items()}
    assert on_disk.keys() == texts.keys()
    assert all(text is None or on_disk[path].decode() == text for path, text in texts.items())
    again = fold(e.understand(record) for record in interview.log.read(interview.id))
    assert again.to_json() == interview.state.to_json()


def test_moved_in_the_shell_is_a_rename(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    shell(sandbox, "mkdir src && mv a.py src/b.py")
    wait(lambda: text(interview, "src/b.py") == START)
    whole, gone = payloads(interview, "file.snapshotted")[-1], payloads(interview, "file.deleted")[-1]
    assert (whole["path"], whole["renamed_from"], whole["origin"]) == ("src/b.py", "a.py", "terminal")
    assert gone == {"path": "a.py", "origin": "terminal"}
    settled(interview, disk, sandbox)


def test_a_folder_moved_in_the_shell_is_a_rename_of_its_files(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    shell(sandbox, "mkdir d && echo 1 > d/x.txt && echo 2 > d/y.txt && touch d/empty d/nothing")
    disk.rescan()
    shell(sandbox, "mv d e")
    wait(lambda: text(interview, "e/y.txt") == "2\n")
    moved = {whole["path"]: whole["renamed_from"] for whole in payloads(interview, "file.snapshotted")[-4:]}
    assert moved == {f"e/{name}": f"d/{name}" for name in ("x.txt", "y.txt", "empty", "nothing")}
    settled(interview, disk, sandbox)


def test_what_is_typed_into_a_file_that_is_moved_goes_along(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    with interview.lock:
        shell(sandbox, "mv a.py b.py")
        insert(interview, "a.py", 4, "typed\n")
    settled(interview, disk, sandbox)
    assert {path: view.text for path, view in interview.state.files.items()} == {"b.py": "one\ntyped\ntwo\nthree\n"}


def test_moved_and_changed_at_once_is_another_file(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    with interview.lock:
        shell(sandbox, "{ cat a.py; echo four; } > b.py && rm a.py")
    settled(interview, disk, sandbox)
    assert text(interview, "b.py") == START + "four\n"
    assert payloads(interview, "file.snapshotted")[-1]["renamed_from"] == ""


def test_renamed_by_an_act_while_the_shell_writes_the_old_name(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    with interview.lock:
        editing.rename(interview, "a.py", "src/b.py", TAB, None)
        insert(interview, "src/b.py", 0, "typed\n")
        shell(sandbox, "echo four >> a.py")
    settled(interview, disk, sandbox)
    assert {path: view.text for path, view in interview.state.files.items()} == {"src/b.py": f"typed\n{START}four\n"}


def test_a_file_that_is_no_text_is_renamed_with_its_content(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    shell(sandbox, r"printf '\0\1' > logo.png")
    disk.rescan()
    editing.rename(interview, "logo.png", "img/logo.png", TAB, None)
    settled(interview, disk, sandbox)
    assert sandbox.read("img/logo.png") == b"\0\1"


def test_written_beside_and_moved_over_it_is_an_edit(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    with interview.lock:
        shell(sandbox, "sed 's/two/2/' a.py > .a.py.swp && mv .a.py.swp a.py")
        insert(interview, "a.py", 0, "typed\n")
    settled(interview, disk, sandbox)
    assert text(interview, "a.py") == "typed\none\n2\nthree\n"
    assert payloads(interview, "file.edited")[-1]["origin"] == "terminal"


def test_taken_away_while_somebody_types_it_is_written_again(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    with interview.lock:
        insert(interview, "a.py", 0, "typed\n")
        shell(sandbox, "rm a.py")
    settled(interview, disk, sandbox)
    assert text(interview, "a.py") == "typed\n" + START
    assert payloads(interview, "file.deleted") == []


def test_taken_away_and_made_anew_as_a_checkout_does_it_is_an_edit(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    shell(sandbox, "git init -q . && git add a.py && git commit -qm start")
    insert(interview, "a.py", 0, "typed\n")
    disk.flush()
    shell(sandbox, "git checkout -q -- a.py")
    wait(lambda: text(interview, "a.py") == START)
    assert payloads(interview, "file.deleted") == []
    shell(sandbox, "echo four >> a.py && git stash -q && git stash pop -q")
    wait(lambda: text(interview, "a.py") == START + "four\n")
    settled(interview, disk, sandbox)
    assert not any(".git/" in path for path in interview.state.files)


def test_a_program_that_read_before_and_writes_after_takes_nothing_along(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    # As a formatter does it while somebody types: what it read is older than what it writes over.
    shell(sandbox, "cp a.py /tmp/read")
    insert(interview, "a.py", 0, "typed\n")
    disk.flush()
    insert(interview, "a.py", 0, "more\n")
    disk.flush()
    shell(sandbox, "sed s/two/2/ /tmp/read > a.py")
    settled(interview, disk, sandbox)
    assert text(interview, "a.py") == "more\ntyped\none\n2\nthree\n"


def test_what_was_typed_long_before_goes_with_what_a_program_writes(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    shell(sandbox, "cp a.py /tmp/read")
    insert(interview, "a.py", 0, "typed\n")
    disk.flush()
    for _ in range(2 * JUST_MS // 10):
        interview.now()
    shell(sandbox, "sed s/two/2/ /tmp/read > a.py")
    settled(interview, disk, sandbox)
    assert text(interview, "a.py") == "one\n2\nthree\n"


def test_a_link_is_no_file(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    shell(sandbox, "ln -s a.py link && cp a.py b.py")
    disk.rescan()
    assert set(interview.state.files) == {"a.py", "b.py"}
    shell(sandbox, "ln -sf b.py a.py")
    wait(lambda: "a.py" not in interview.state.files)
    assert payloads(interview, "file.deleted")[-1] == {"path": "a.py", "origin": "terminal"}
    settled(interview, disk, sandbox)


def test_a_link_in_the_place_of_a_file_that_is_typed_in_is_told(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    with interview.lock:
        insert(interview, "a.py", 0, "typed\n")
        shell(sandbox, "ln -sf /etc/passwd a.py")
    disk.flush()
    assert text(interview, "a.py") == "typed\n" + START
    assert "a.py" in interview.state.sync_error
    shell(sandbox, "rm a.py")
    settled(interview, disk, sandbox)
    assert interview.state.sync_error == ""


def test_a_file_made_where_a_folder_is_is_told_until_it_has_a_place(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    shell(sandbox, "mkdir notes.md")
    editing.create(interview, "notes.md", TAB, None)
    insert(interview, "notes.md", 0, "typed\n")
    disk.flush()
    assert "notes.md" in interview.state.sync_error
    shell(sandbox, "rmdir notes.md")
    settled(interview, disk, sandbox)
    assert interview.state.sync_error == ""


def test_text_becomes_something_else_and_text_again(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    shell(sandbox, r"printf '\0' >> a.py")
    wait(lambda: "a.py" in interview.state.files and text(interview, "a.py") is None)
    whole = payloads(interview, "file.snapshotted")[-1]
    assert (whole["text"], whole["size"]) == (None, len(START) + 1)
    assert whole["sha256"] == sha256_hex(START.encode() + b"\0")
    shell(sandbox, r"printf 'caf\xe9\n' > a.py")
    wait(lambda: payloads(interview, "file.snapshotted")[-1]["size"] == 5)
    assert text(interview, "a.py") is None
    shell(sandbox, "echo text > a.py")
    wait(lambda: text(interview, "a.py") == "text\n")
    insert(interview, "a.py", 0, "typed ")
    settled(interview, disk, sandbox)
    assert text(interview, "a.py") == "typed text\n"


def test_too_long_for_the_editor_is_kept_by_its_hash(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    shell(sandbox, "yes | head -c 1000001 > long.txt")
    wait(lambda: "long.txt" in interview.state.files)
    assert (text(interview, "long.txt"), interview.state.files["long.txt"].size) == (None, 1_000_001)
    shell(sandbox, "truncate -s 4 long.txt")
    wait(lambda: text(interview, "long.txt") == "y\ny\n")


def test_a_file_that_may_not_be_read_is_told(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    shell(sandbox, "chmod 0 a.py")
    insert(interview, "a.py", 0, "typed\n")
    disk.flush()
    assert "permissions" in interview.state.sync_error
    shell(sandbox, "chmod 644 a.py")
    settled(interview, disk, sandbox)
    assert interview.state.sync_error == ""


@pytest.mark.parametrize("before", ["a\r\nb\r\n", "no newline", "", "\ufeffmarked\n", "e\u0301 😀\n"])
def test_every_character_stays_as_it_is(interview: Interview, disk: Disk, sandbox: Sandbox, before: str) -> None:
    sandbox.write("odd.txt", before.encode())
    wait(lambda: text(interview, "odd.txt") == before)
    with interview.lock:
        shell(sandbox, "printf 'end' >> odd.txt")
        insert(interview, "odd.txt", 0, "😀")
    settled(interview, disk, sandbox)
    # Both at the only place there is: then either may be first.
    assert text(interview, "odd.txt") in ("😀" + before + "end", before + "end😀")


def test_made_on_both_sides_at_once_both_texts_stay(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    with interview.lock:
        editing.create(interview, "new.py", TAB, None)
        insert(interview, "new.py", 0, "typed\n")
        shell(sandbox, "echo shell > new.py")
    settled(interview, disk, sandbox)
    assert text(interview, "new.py") in ("typed\nshell\n", "shell\ntyped\n")


def test_made_again_while_the_shell_writes_the_old_one_both_texts_stay(
    interview: Interview, disk: Disk, sandbox: Sandbox
) -> None:
    with interview.lock:
        editing.delete(interview, "a.py", TAB, None)
        editing.create(interview, "a.py", TAB, None)
        insert(interview, "a.py", 0, "typed\n")
        shell(sandbox, "echo shell >> a.py")
    settled(interview, disk, sandbox)
    assert set((text(interview, "a.py") or "").split()) == {"typed", "shell"}


def test_deleted_while_the_shell_writes_it_is_there_again(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    with interview.lock:
        editing.delete(interview, "a.py", TAB, None)
        shell(sandbox, "echo four >> a.py")
    settled(interview, disk, sandbox)
    assert text(interview, "a.py") == START + "four\n"


def test_a_keyframe_disturbs_nobody(interview: Interview, disk: Disk, sandbox: Sandbox) -> None:
    insert(interview, "a.py", 0, "typed\n")
    with interview.lock:
        view = interview.state.files["a.py"]
        interview.record(Draft("system", editing.snapshot("a.py", view.version, view.text or "", "keyframe")))
        shell(sandbox, "echo four >> a.py")
        insert(interview, "a.py", 0, "more\n")
    settled(interview, disk, sandbox)
    assert text(interview, "a.py") == f"more\ntyped\n{START}four\n"
    assert interview.history.text_at("a.py", 1) == START
    assert payloads(interview, "file.snapshotted")[-1]["origin"] == "keyframe"
