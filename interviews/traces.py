"""Where a text stands in a log, however it got there.

Owns the search for what carries a secret, and what stands of it in the files. Invariant: an event is found where any unit of
an occurrence came from it, whether it holds the whole or a letter, and also if that was deleted later; never raises on
a log with gaps. Work grows with the log's size alone. Leaves out what may be erased (``erasure``).
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from interviews import events as e
from interviews.errors import BadInput
from interviews.text import from_utf16, parse, utf16

LEAST, MOST = 4, 20_000
BLOT = "•"
# In characters of the lines that were typed over: a program's endless bar must not keep the search busy.
EDITED_LINES = 2_000_000
_ESCAPE = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])"
# A shell goes on in the next line of the screen with a space and a carriage return.
_UNSEEN = re.compile(_ESCAPE + r"| ?\r(?!\n)|[\r\x00\x07\x0e\x0f]")
_STEP = re.compile(_ESCAPE + r"|[^\x1b]", re.DOTALL)
_MOVE = re.compile(r"\x1b\[(\d*)([CDKP@])")
_DIGEST = re.compile(r"[0-9a-f]{64}")
# What they hold was made by us, not by anybody's keys: a short secret would be met there by chance.
_OURS = frozenset({"sha256", "text_sha256", "client"})


def needles(text: str) -> tuple[str, ...]:
    """The text as it may stand in a log: as it is, within JSON, within an address. Raises ``BadInput``, which never repeats it."""
    wanted = text.strip()
    if len(wanted.replace(BLOT, "")) < LEAST or len(wanted) > MOST:
        raise BadInput(
            "Expected %(least)d to %(most)d characters to look for: less stands everywhere", least=LEAST, most=MOST
        )
    wanted = wanted.replace("\r\n", "\n")
    try:
        forms = [wanted, *(json.dumps(wanted, ensure_ascii=way)[1:-1] for way in (False, True)), quote(wanted, safe="")]
    except UnicodeEncodeError:
        raise BadInput("Expected whole Unicode characters to look for") from None
    return tuple(dict.fromkeys(forms))


def holds(text: str, wanted: Iterable[str]) -> bool:
    """Whether one of them stands in the text."""
    return any(one in text for one in wanted) and not (_DIGEST.fullmatch(text) and text not in wanted)


def blotted(value: e.Json, wanted: Collection[str]) -> e.Json:
    """The JSON value with each of them replaced, in every string, by as many dots as it has UTF-16 units."""
    match value:
        case str():
            for one in sorted(wanted, key=len, reverse=True):
                value = value.replace(one, _dots(one))
            return value
        case list() | tuple():
            return [blotted(item, wanted) for item in value]
        case dict():
            return {blotted(key, wanted): blotted(item, wanted) for key, item in value.items()}
        case _:
            return value


def _dots(text: str) -> str:
    return from_utf16(b"".join(_dot(unit) for unit in _units(utf16(text))))


def _units(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 2] for at in range(0, len(data), 2))


def _dot(unit: bytes) -> bytes:
    # Lines stay lines: whoever reads the file still finds their place.
    return unit if unit in (b"\n\0", b"\r\0") else utf16(BLOT)


@dataclass
class Traces:
    """What carries the text. ``files``: the paths it stood in; ``texts``: all texts of now, what is left of it there blotted."""

    seqs: set[int] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)


def trace(events: Collection[e.Event], wanted: Collection[str] = (), named: Collection[int] = ()) -> Traces:
    """Every event that carries one of ``wanted``, or what an event of ``named`` brought into a file; those too."""
    found, files = Traces(set(named)), _Files(wanted, named)
    streams: dict[tuple[str, str], _Stream] = {}
    for event in events:
        if event.data is None:
            continue
        if wanted and any(holds(one, wanted) for one in _strings(event.data)):
            found.seqs.add(event.seq)
        match event.data:
            case e.TerminalOutput(terminal=name, data=data):
                streams.setdefault(("terminal", name), _Stream()).add(event.seq, data)
            case e.ReplyAppended(turn=name, text=text):
                streams.setdefault(("reply", name), _Stream()).add(event.seq, text)
            case _:
                files.take(event)
    for (kind, _), stream in streams.items():
        found.seqs |= stream.find(wanted, terminal=kind == "terminal")
    if files.tainted:
        # Whole texts that were written while part of it stood there; only now it is known which part.
        again = _Files(wanted, named, files.tainted)
        for event in events:
            again.take(event)
        files = again
    found.seqs |= files.carriers()
    found.files, found.texts = files.stood, {path: file.blotted(files.tainted) for path, file in files.now.items()}
    return found


def _strings(data: e.AnyPayload) -> Iterator[str]:
    """Every text in a payload that a person or a program may have written."""
    if isinstance(data, e.FileEdited):
        # What it brings is found where it stood. There are by far the most of these.
        yield data.path
        return
    values: list[tuple[e.Json, bool]] = [(e.dump_payload(data), isinstance(data, e.ToolCalled))]
    while values:
        value, numbers = values.pop()
        match value:
            case str():
                yield value
            case dict():
                for key, item in value.items():
                    yield key
                    if key not in _OURS:
                        values.append((item, numbers))
            case list() | tuple():
                values += [(item, numbers) for item in value]
            case int() | float() if numbers:
                yield str(value)
            case _:
                pass


class _Stream:
    """A text that came in pieces."""

    def __init__(self) -> None:
        self._seqs: list[int] = []
        self._starts: list[int] = []
        self._parts: list[str] = []
        self._size = 0

    def add(self, seq: int, text: str) -> None:
        if text:
            self._seqs.append(seq)
            self._starts.append(self._size)
            self._parts.append(text)
            self._size += len(text)

    def find(self, wanted: Collection[str], *, terminal: bool) -> set[int]:
        """The events whose pieces make up one of ``wanted``; in a terminal as it is sent, as it is read and as it is typed."""
        text = "".join(self._parts)
        places = [place for one in wanted for place in _places(text, one)]
        if terminal:
            shown = _Shown(text)
            places += [shown.place(at, end) for one in wanted for at, end in _places(shown.text, one)]
            places += _commands(text, wanted)
            places += _typed_over(text, wanted)
        return {seq for at, end in places for seq in self._over(at, end)}

    def _over(self, at: int, end: int) -> list[int]:
        return self._seqs[bisect_right(self._starts, at) - 1 : bisect_right(self._starts, end - 1)]


def _places(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    at = text.find(wanted)
    while at >= 0:
        yield at, at + len(wanted)
        at = text.find(wanted, at + 1)


class _Shown:
    """What a terminal shows of its output, and where it stands there."""

    def __init__(self, output: str) -> None:
        self._shown: list[int] = []
        self._sent: list[int] = []
        parts: list[str] = []
        at = size = 0
        for unseen in (*_UNSEEN.finditer(output), None):
            start = len(output) if unseen is None else unseen.start()
            if start > at:
                self._shown.append(size)
                self._sent.append(at)
                parts.append(output[at:start])
                size += start - at
            at = start if unseen is None else unseen.end()
        self.text = "".join(parts)

    def place(self, at: int, end: int) -> tuple[int, int]:
        return self._place(at), self._place(end - 1) + 1

    def _place(self, at: int) -> int:
        part = bisect_right(self._shown, at) - 1
        return self._sent[part] + at - self._shown[part]


def _commands(output: str, wanted: Collection[str]) -> Iterator[tuple[int, int]]:
    """Marks of the shell that name a command, in the form of an address."""
    for mark in _UNSEEN.finditer(output):
        if "%" in mark.group() and holds(unquote(mark.group()), wanted):
            yield mark.span()


def _typed_over(output: str, wanted: Collection[str]) -> Iterator[tuple[int, int]]:
    """Characters that made up a line while it was typed: what goes back within its line, and writes over it."""
    at, left = 0, EDITED_LINES
    for line in output.split("\n"):
        if "\b" in line and len(line) <= left:
            left -= len(line)
            for place in _Line(wanted).run(line):
                yield at + place, at + place + 1
        at += len(line) + 1


class _Line:
    """One line of a terminal: each cell with its character, and the places in the output of all that were written to it."""

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = wanted
        self._cells: list[str] = []
        self._places: list[set[int]] = []
        self._at = 0

    def run(self, line: str) -> set[int]:
        """Where the characters stand that together showed one of ``wanted``, at any time."""
        found: set[int] = set()
        for step in _STEP.finditer(line):
            token = step.group()
            if token == "\b":
                self._at = max(0, self._at - 1)
            elif token == "\r":
                # Behind a space it is the shell's way into the next line of the screen.
                self._at = self._at - 1 if self._cells and self._at and self._cells[self._at - 1] == " " else 0
            elif token[0] == "\x1b":
                self._control(token)
            elif token >= " ":
                self._write(token, step.start())
                found |= self._found()
        return found

    def _control(self, token: str) -> None:
        if token in ("\x1b[K", "\x1b[0K"):
            del self._cells[self._at :], self._places[self._at :]
        elif (move := _MOVE.fullmatch(token)) is not None:
            count = min(int(move.group(1) or 1), 1000)
            match move.group(2):
                case "C":
                    self._at = min(self._at + count, len(self._cells))
                case "D":
                    self._at = max(0, self._at - count)
                case "P":
                    del self._cells[self._at : self._at + count], self._places[self._at : self._at + count]
                case _:
                    self._cells[self._at : self._at] = [""] * count
                    self._places[self._at : self._at] = [set() for _ in range(count)]

    def _write(self, character: str, place: int) -> None:
        if self._at < len(self._cells):
            self._cells[self._at] = character
            self._places[self._at].add(place)
        else:
            self._cells.append(character)
            self._places.append({place})
        self._at += 1

    def _found(self) -> set[int]:
        """The places of one of ``wanted`` that the character just written is part of."""
        found: set[int] = set()
        for one in self._wanted:
            if self._cells[self._at - 1] not in one:
                continue
            start = max(0, self._at - len(one))
            around = self._cells[start : self._at - 1 + len(one)]
            if "" not in around:
                for at, end in _places("".join(around), one):
                    found.update(*self._places[start + at : start + end])
        return found


class _File:
    """A text in UTF-16 units; ``ids`` names each unit, the same for as long as it stands, wherever it moves."""

    def __init__(self, data: bytes, ids: array[int]) -> None:
        self.data, self.ids = bytearray(data), ids

    def blotted(self, tainted: set[int]) -> str:
        """The text with dots for those units."""
        if tainted.isdisjoint(self.ids):
            return from_utf16(bytes(self.data))
        units = zip(_units(bytes(self.data)), self.ids, strict=True)
        text = from_utf16(b"".join(_dot(unit) if one in tainted else unit for unit, one in units))
        # Half of a pair cannot be recorded.
        return re.sub("[\ud800-\udfff]", BLOT, text)


class _Files:
    """All texts as of the last event taken. ``tainted`` are the units that made up one of ``wanted``, or came from ``named``."""

    def __init__(self, wanted: Collection[str], named: Collection[int], known: Collection[int] = ()) -> None:
        self._wanted, self._named = [utf16(one) for one in wanted], frozenset(named)
        self.now: dict[str, _File] = {}
        self.tainted = set(known)
        self.stood: set[str] = set()
        self._starts: list[int] = []
        self._seqs: list[int] = []
        self._next = 0
        self._whole: set[int] = set()

    def carriers(self) -> set[int]:
        """The events that brought a tainted unit, and the whole texts that hold one."""
        return self._whole | {self._seqs[bisect_right(self._starts, one) - 1] for one in self.tainted}

    def take(self, event: e.Event) -> None:
        """Apply one event; other types change nothing."""
        match event.data:
            case e.FileSnapshotted(path=path, text=None) | e.FileDeleted(path=path):
                self.now.pop(path, None)
            case e.FileSnapshotted(path=path, text=str(text), renamed_from=old):
                self._put(event.seq, path, utf16(text), self.now.get(old or path))
            case e.FileEdited(path=path, changes=changes) if path in self.now:
                try:
                    self._edit(event.seq, path, self.now[path], changes)
                except BadInput:
                    # Behind a gap: not known until it stands whole again.
                    del self.now[path]
            case _:
                pass

    def _new(self, seq: int, count: int) -> array[int]:
        self._starts.append(self._next)
        self._seqs.append(seq)
        ids = array("Q", range(self._next, self._next + count))
        self._next += count
        if seq in self._named:
            self.tainted.update(ids)
        return ids

    def _put(self, seq: int, path: str, data: bytes, before: _File | None) -> None:
        same = before is not None and len(before.data) == len(data)
        if before is not None and same and before.data == data:
            ids = before.ids[:]
        else:
            ids = self._new(seq, len(data) // 2)
            if before is not None and same:
                # Blotted: what stayed is still whose it was.
                for at, (was, now) in enumerate(zip(_units(bytes(before.data)), _units(data), strict=True)):
                    ids[at] = before.ids[at] if was == now else ids[at]
        file = self.now[path] = _File(data, ids)
        self._look(path, file, 0, len(ids))
        if not self.tainted.isdisjoint(ids):
            self._whole.add(seq)
            self.stood.add(path)

    def _edit(self, seq: int, path: str, file: _File, changes: e.Json) -> None:
        sections = parse(changes)
        if sum(section.length for section in sections) != len(file.ids):
            raise BadInput("Expected a change set for this text")
        at, touched = 0, []
        for section in sections:
            if section.insert is not None:
                count = len(section.insert) // 2
                file.data[2 * at : 2 * (at + section.length)] = section.insert
                file.ids[at : at + section.length] = self._new(seq, count)
                touched.append((at, at + count))
            at += section.new_length
        for start, end in touched:
            self._look(path, file, start, end)
        if seq in self._named:
            self.stood.add(path)

    def _look(self, path: str, file: _File, start: int, end: int) -> None:
        """Taint what of ``wanted`` stands in, or reaches into, these units."""
        for one in self._wanted:
            reach = len(one) // 2 - 1
            first, last = max(0, start - reach), min(len(file.ids), end + reach)
            at = file.data.find(one, 2 * first, 2 * last)
            while at >= 0:
                if at % 2 == 0:
                    self.tainted.update(file.ids[at // 2 : (at + len(one)) // 2])
                    self.stood.add(path)
                at = file.data.find(one, at + 1, 2 * last)
