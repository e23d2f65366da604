"""Terminal abuse: what a program prints stays bytes, what a page sends is bounded, and one terminal holds up no other."""

from __future__ import annotations

import threading

import pytest

from interviews.errors import BadInput, PlatformFailure
from interviews.service.marks import MAX_MARK, CommandMarks
from tests.attacks.hostile import Place, Screen, eventually, resident_bytes, shell, text

pytestmark = pytest.mark.sandbox


def test_questions_to_the_terminal(place: Place) -> None:
    questions = rb"\033[6n\033[c\033[>c\033[21t\033[5n\033]10;?\007\033P$qm\033\\\033]52;c;?\007\005"
    screen = Screen(
        place.sandbox,
        "bash",
        "-c",
        f"stty raw -echo; printf '{questions.decode()}'; IFS= read -r -N 1 -t 1 answer && echo ANSWERED; echo over",
    )
    screen.shows(b"over")
    assert b"ANSWERED" not in screen.seen
    assert b"\x1b[6n\x1b[c\x1b[>c\x1b[21t" in screen.seen
    eventually(lambda: screen.codes == [0])


def test_forged_marks(place: Place) -> None:
    """They can be forged, by every shell; they are the candidate's own word and become no result of ours."""
    marks = CommandMarks()
    screen = Screen(place.sandbox, "sh", "-c", r"printf '\033]133;C;cmdline_url=pytest\007\033]133;D;0\007'; exit 3")
    eventually(lambda: screen.codes == [3])
    assert marks.feed(bytes(screen.seen)) == ([] if place.held else [("pytest", 0)])


def test_marks_without_end(place: Place) -> None:
    marks = CommandMarks()
    screen = Screen(
        place.sandbox,
        "python3",
        "-c",
        r"print('\x1b]133;C;cmdline_url=' + '%' * 200000 + '\x1b]133;D;' + '9' * 200000 + '\a')",
    )
    eventually(lambda: screen.codes == [0])
    for at in range(0, len(screen.seen), 4096):
        assert all(len(command) <= 2000 for command, _ in marks.feed(bytes(screen.seen[at : at + 4096])))
    assert len(marks._tail) <= MAX_MARK


def test_binary_garbage(place: Place) -> None:
    screen = Screen(place.sandbox, "sh", "-c", "stty raw; head -c 1000000 /dev/urandom; head -c 100 /dev/zero")
    other = Screen(place.sandbox, "sh", "-c", "echo beside; sleep 60")
    other.shows(b"beside")
    eventually(lambda: screen.codes == [0])
    assert len(screen.seen) == 1_000_100
    assert screen.seen.endswith(bytes(100))
    other.close()


def test_a_line_of_a_megabyte(place: Place) -> None:
    screen = Screen(place.sandbox, "sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x; read line; echo over")
    eventually(lambda: screen.seen.count(b"x") == 1_000_000)
    screen.terminal.write(b"y" * 1_000_000)
    screen.terminal.write(b"\r")
    # Whether or not the kernel keeps a line of that length, the terminal can be left.
    screen.close()


def test_resizing_without_end(place: Place) -> None:
    screen = Screen(place.sandbox)
    screen.shows(b"133;B")
    for number in range(500):
        screen.terminal.resize(20 + number % 200, 5 + number % 60)
    for size in ((0, 24), (24, 0), (-1, 5), (1001, 5), (5, 1 << 31)):
        with pytest.raises(BadInput):
            screen.terminal.resize(*size)
    screen.terminal.resize(81, 25)
    screen.terminal.write(b"stty size\r")
    screen.shows(b"25 81")
    screen.close()


def test_opening_and_closing_without_end(place: Place) -> None:
    before = threading.active_count()
    for _ in range(6):
        screens = [Screen(place.sandbox, "sh", "-c", "trap '' HUP TERM; sleep 60") for _ in range(4)]
        for screen in screens:
            screen.terminal.close()
        for screen in screens:
            eventually(screen.ended)
    eventually(lambda: threading.active_count() <= before)
    assert "sleep 60" not in text(place.sandbox, "ps -eo args")


def test_more_terminals_than_there_are(place: Place) -> None:
    screens: list[Screen] = []

    def open_many() -> None:
        for _ in range(20):
            screens.append(Screen(place.sandbox, "sleep", "60"))

    with pytest.raises(PlatformFailure, match="terminals"):
        open_many()
    assert shell(place.sandbox, "echo still").stdout == b"still\n"
    for screen in screens:
        screen.close()


def test_input_that_nobody_reads(place: Place) -> None:
    screen = Screen(place.sandbox, "sh", "-c", "stty raw -echo; echo ready; sleep 60")
    screen.shows(b"ready")
    before = resident_bytes()

    def paste() -> None:
        for _ in range(100):
            screen.terminal.write(bytes(64 << 10))

    with pytest.raises(BadInput, match="not reading"):
        paste()
    assert resident_bytes() - before < 16 << 20
    screen.close()


def test_a_terminal_that_is_held(place: Place) -> None:
    """Flow control stopped, signals ignored, the shell gone and its child in a session of its own."""
    screen = Screen(
        place.sandbox,
        "bash",
        "-c",
        "trap '' HUP TERM INT QUIT TSTP; stty -isig raw; (setsid sleep 98766 </dev/tty >/dev/tty &); echo held; kill -STOP $$",
    )
    screen.shows(b"held")
    screen.terminal.write(b"\x13\x03\x1c\x1a\x00\x04")
    screen.close()
    eventually(lambda: "98766" not in text(place.sandbox, "ps -eo args"))
