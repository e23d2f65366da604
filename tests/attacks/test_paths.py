"""Path tricks through the file calls: the candidate prepares the disk, the server reads and writes it."""

from __future__ import annotations

import contextlib
import time

import pytest

from interviews.errors import BadInput, NotFound, PairsightError
from tests.attacks.hostile import LIMITS, Place, Screen, eventually, shell, text

pytestmark = pytest.mark.sandbox
WAYS_OUT = [
    "",
    ".",
    "..",
    "/",
    "../x",
    "a/../../x",
    "/etc/passwd",
    "//etc/passwd",
    "a//b",
    "a/",
    "./a",
    "a/./b",
    "~/x",
    "nul\0",
    "a\0/../../etc/passwd",
    "line\nbreak",
    "esc\x1b[2J",
    "half \ud800",
    "a/" * 40 + "b",
    "n" * 256,
    "n" * 100_000,
]


def refuses(place: Place, path: str) -> None:
    """Reading, writing and deleting are each bad input, at once."""
    began = time.monotonic()
    for act in (place.sandbox.read, place.sandbox.delete, lambda name: place.sandbox.write(name, b"forged")):
        with pytest.raises(BadInput):
            act(path)
    assert time.monotonic() - began < 5


def test_names_that_lead_out(place: Place) -> None:
    text(place.sandbox, "mkdir a")
    for path in WAYS_OUT:
        if path == "~/x":
            # A plain name: nothing expands it.
            place.sandbox.write(path, b"x")
            assert text(place.sandbox, "cat './~/x'") == "x"
            assert text(place.sandbox, "find ~ -mindepth 1") == ""
            continue
        refuses(place, path)


def test_links_that_lead_out(place: Place) -> None:
    text(
        place.sandbox,
        "echo untouched >/tmp/victim; ln -s /tmp/victim file; ln -s /tmp folder; ln -s /proc/self/root root; ln -s . here;"
        "ln -s loop loop; ln -s /proc/self/fd fd; mkdir real; ln -s /tmp real/out; ln -s /proc/1/cwd cwd; ln -s /dev/stdin stdin",
    )
    for path in ("folder/victim", "root/tmp/victim", "here/x", "loop/x", "fd/0", "real/out/victim", "cwd/x"):
        refuses(place, path)
    for path in ("file", "loop", "stdin"):
        with pytest.raises(BadInput):
            place.sandbox.read(path)
        with pytest.raises(BadInput):
            place.sandbox.write(path, b"forged")
    assert place.sandbox.list() == []
    # Deleting takes the link away, never what it points at.
    with contextlib.suppress(BadInput):
        place.sandbox.delete("file")
    assert text(place.sandbox, "cat /tmp/victim; find /tmp -mindepth 1") == "untouched\n/tmp/victim\n"


def test_hard_links(place: Place) -> None:
    text(
        place.sandbox,
        "echo mine >a; ln a b; for f in /etc/passwd /usr/bin/env /opt/bin/pytest; do ln $f . 2>/dev/null; done; true",
    )
    assert [entry.path for entry in place.sandbox.list()] == ["a", "b"]
    place.sandbox.write("b", b"new\n")
    assert text(place.sandbox, "cat a b") == "mine\nnew\n"


def test_files_that_are_no_files(place: Place) -> None:
    text(
        place.sandbox,
        "mkfifo fifo; mkdir folder; python3 -c \"import socket; socket.socket(1).bind('sock')\"; ln -s /dev/zero zero",
    )
    for path in ("fifo", "sock", "folder", "zero"):
        began = time.monotonic()
        with pytest.raises(BadInput):
            place.sandbox.read(path)
        with pytest.raises(BadInput):
            place.sandbox.write(path, b"x")
        assert time.monotonic() - began < 5
    assert place.sandbox.list() == []


def racing(place: Place, program: str) -> Screen:
    screen = Screen(place.sandbox, "python3", "-c", f"import os\nprint('racing', flush=True)\n{program}")
    screen.shows(b"racing")
    return screen


def test_a_folder_swapped_for_a_link(place: Place) -> None:
    text(place.sandbox, "mkdir /tmp/outside aside; echo secret >/tmp/outside/file; ln -s /tmp/outside link; mkdir turn")
    screen = racing(
        place,
        "while True:\n  os.rename('turn', 'aside/turn'); os.rename('link', 'turn'); os.rename('turn', 'link');"
        " os.rename('aside/turn', 'turn')",
    )
    until = time.monotonic() + 1
    tries = 0
    while time.monotonic() < until:
        tries += 1
        with contextlib.suppress(BadInput, NotFound):
            place.sandbox.write("turn/file", b"forged")
        with contextlib.suppress(BadInput, NotFound):
            assert place.sandbox.read("turn/file") == b"forged"
        with contextlib.suppress(BadInput, NotFound):
            place.sandbox.delete("turn/file")
        assert not [entry for entry in place.sandbox.list() if entry.size == len("secret\n")]
    screen.close()
    assert tries > 3
    assert text(place.sandbox, "cat /tmp/outside/file; find /tmp/outside -mindepth 1") == "secret\n/tmp/outside/file\n"


def test_a_file_swapped_for_a_pipe(place: Place) -> None:
    text(place.sandbox, "echo plain >a; mkfifo b; ln -s /etc/passwd c; ln -s /dev/zero d")
    screen = racing(
        place,
        "import itertools\nfor turn in itertools.cycle('abcd'):\n  os.rename(turn, 'turn'); os.rename('turn', turn)",
    )
    until = time.monotonic() + 1
    while time.monotonic() < until:
        began = time.monotonic()
        with contextlib.suppress(BadInput, NotFound):
            assert place.sandbox.read("turn") == b"plain\n"
        with contextlib.suppress(BadInput, NotFound):
            place.sandbox.list()
        assert time.monotonic() - began < 5
    screen.close()


def test_the_servers_own_file_swapped(place: Place) -> None:
    """The half-written file that a write renames is the candidate's to touch; what it becomes stays inside."""
    text(place.sandbox, "echo untouched >/tmp/victim")
    screen = racing(
        place,
        "while True:\n  for name in os.listdir('.'):\n    if name.startswith('.pairsight'):\n      try:\n"
        "        os.unlink(name); os.symlink('/tmp/victim', name)\n      except OSError: pass",
    )
    until = time.monotonic() + 1
    while time.monotonic() < until:
        with contextlib.suppress(PairsightError):
            place.sandbox.write("target", b"f" * 100_000)
        with contextlib.suppress(BadInput, NotFound):
            assert place.sandbox.read("target") == b"f" * 100_000
        with contextlib.suppress(BadInput, NotFound):
            place.sandbox.delete("target")
    screen.close()
    assert text(place.sandbox, "cat /tmp/victim") == "untouched\n"


def test_names_that_are_no_text(place: Place) -> None:
    place.run(r"""
for name in (b"bad-\xff", b"line\nbreak", b"bell\a", b"\x1b]0;title\a", b"\x1b[2J", b"del\x7f", "\u0085".encode(), b"good"):
    open(name, "w").close()
    with contextlib.suppress(OSError):
        os.mkdir(b"in " + name)
        open(b"in " + name + b"/file", "w").close()
""")
    assert [entry.path for entry in place.sandbox.list()] == ["good", "in good/file"]


def test_a_file_that_grows_while_it_is_read(place: Place) -> None:
    screen = racing(
        place,
        f"while True:\n  with open('grows', 'wb') as f:\n    for _ in range({LIMITS.file_bytes >> 20}): f.write(bytes(1 << 20))",
    )
    until = time.monotonic() + 1
    while time.monotonic() < until:
        with contextlib.suppress(BadInput, NotFound):
            assert len(place.sandbox.read("grows")) <= LIMITS.file_bytes
        assert all(entry.size <= LIMITS.file_bytes for entry in place.sandbox.list())
    screen.close()


def test_folders_without_permission(place: Place) -> None:
    place.sandbox.write("shut/file", b"x")
    text(place.sandbox, "chmod 000 shut")
    refuses(place, "shut/file")
    assert place.sandbox.list() == []
    screen = Screen(place.sandbox)
    screen.shows(b"133;B")
    text(place.sandbox, "chmod 700 shut; chmod 000 .")
    for act in (lambda: place.sandbox.read("shut/file"), lambda: place.sandbox.write("new", b"x")):
        with pytest.raises(BadInput):
            act()
    assert place.sandbox.list() == []
    # Commands have nowhere to start, which is a result; whoever shut the door can open it again.
    assert place.sandbox.exec(["true"]).exit_code in (0, 126)
    screen.terminal.write(b"cd /; chmod 755 /workspace && echo op''en\r")
    screen.shows(b"open")
    screen.close()
    assert place.sandbox.read("shut/file") == b"x"


def test_the_workspace_taken_away(place: Place) -> None:
    done = shell(
        place.sandbox,
        "cd /; rm -rf /workspace; mv /workspace /tmp/elsewhere; ln -s /tmp /workspace; test -d /workspace && echo /workspace",
    )
    assert done.stdout == b"/workspace\n"
    eventually(lambda: place.sandbox.exec(["pwd"]).stdout == b"/workspace\n")
