"""What a candidate attaches to a prompt: files, selections, failures of tests, what a terminal shows.

Owns turning what a page names into what is sent and recorded. Invariant: of the workspace and of tests the page gives names only,
and the server takes the texts out of its own state; each text has a budget, all of them together one more, and what is left out
is counted. Leaves out what the assistant sees unasked (``pairing``) and the words around it (``assistant.briefing``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import unquote

from assistant.base import Attachment
from interviews.errors import BadInput, NotFound
from interviews.events import Mention
from interviews.state import FileView, State, TurnView

Kind = Literal["file", "selection", "failure", "terminal"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST = 20
# Characters of one, by its kind, and of all that a prompt brings.
BUDGETS: Mapping[Kind, int] = {"file": 40_000, "selection": 20_000, "failure": 8_000, "terminal": 8_000}
BUDGET = 120_000
# Characters of a terminal's text that a page may give: a screen with all that can be scrolled back to.
MAX_GIVEN = 500_000
MAX_NAME = 1_000

_ESCAPE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?")
_CONTROL = re.compile(r"[\x00-\x07\x0b-\x1f\x7f-\x9f]")
_STARTED = re.compile(r"\x1b\]133;C(?:;cmdline_url=([^;\x07\x1b]*))?[^\x07\x1b]*(?:\x07|\x1b\\)")
_ENDED = re.compile(r"\x1b\]133;[AD][;\x07\x1b]")


@dataclass(frozen=True)
class Wanted:
    """What a page names, its form checked and nothing else. Lines are 1-based and both included, 0 where there are none."""

    kind: Kind
    name: str
    line: int = 0
    end_line: int = 0
    text: str = ""


def read(mentions: object, paths: object = ()) -> tuple[Wanted, ...]:
    """What a page names, each once; ``paths`` are whole files. Raises ``BadInput``."""
    if not isinstance(paths, list | tuple) or len(paths) > MOST or not all(isinstance(path, str) for path in paths):
        raise BadInput("Expected at most 20 attached file names")
    if not isinstance(mentions, list | tuple):
        raise BadInput("Expected a list of what is attached, got %(got)s", got=type(mentions).__name__)
    wanted = tuple(dict.fromkeys([*(Wanted("file", path) for path in paths), *(_read(item) for item in mentions)]))
    if len(wanted) > MOST:
        raise BadInput("Expected at most %(most)d things attached, got %(got)d", most=MOST, got=len(wanted))
    return wanted


def _read(item: object) -> Wanted:
    kind = item.get("kind") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or kind not in KINDS:
        raise BadInput(
            "Expected an attachment of a kind among %(kinds)s, got %(got)s",
            kinds=", ".join(KINDS), got=repr(item if kind is None else kind)[:80],
        )  # fmt: skip
    name = item.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise BadInput("Expected the name of what is attached, got %(got)s", got=repr(name)[:80])
    if kind == "selection":
        line = item.get("line")
        end_line = item.get("end_line", line)
        # Not ``isinstance``: true and false are numbers there.
        if type(line) is not int or type(end_line) is not int or not 1 <= line <= end_line:
            got = f"{line!r:.30} – {end_line!r:.30}"
            raise BadInput("Expected a first and a last line of the selection, from 1 on, got %(got)s", got=got)
        return Wanted("selection", name, line, end_line)
    text = item.get("text") or ""
    if kind == "terminal" and (not isinstance(text, str) or len(text) > MAX_GIVEN):
        raise BadInput("Expected at most %(most)d characters of the terminal's text", most=MAX_GIVEN)
    return Wanted(kind, name, text=str(text) if kind == "terminal" else "")


def found(wanted: Iterable[Wanted], state: State) -> tuple[Mention, ...]:
    """What is sent of each, as it is recorded. Raises ``NotFound`` and ``BadInput`` where there is no such thing to send."""
    mentions: list[Mention] = []
    room = BUDGET
    for one in wanted:
        text, version = _text(one, state)
        most = min(BUDGETS[one.kind], room)
        cut = max(0, len(text) - most)
        # Of a terminal the end matters, of all else the beginning.
        sent = text[cut:] if one.kind == "terminal" else text[: len(text) - cut]
        room -= len(sent)
        mentions.append(
            Mention(
                kind=one.kind, name=one.name, text="" if one.kind == "file" else sent, version=version, line=one.line,
                end_line=one.end_line, cut=cut,
            )
        )  # fmt: skip
    return tuple(mentions)


def _text(wanted: Wanted, state: State) -> tuple[str, int]:
    """The text, and the version of the file that it is from."""
    match wanted.kind:
        case "file":
            view = _file(wanted.name, state)
            return view.text or "", view.version
        case "selection":
            view = _file(wanted.name, state)
            lines = (view.text or "").split("\n")
            if wanted.end_line > len(lines):
                raise BadInput(
                    "Expected lines of %(path)s from 1 to %(last)d, got %(first)d to %(end)d",
                    path=wanted.name, last=len(lines), first=wanted.line, end=wanted.end_line,
                )  # fmt: skip
            return _whole("\n".join(lines[wanted.line - 1 : wanted.end_line])), view.version
        case "failure":
            return _failure(wanted.name, state), 0
        case "terminal":
            return _terminal(wanted, state), 0


def _file(path: str, state: State) -> FileView:
    view = state.files.get(path)
    if view is None:
        raise NotFound("There is no file %(path)s to attach", path=path)
    if view.text is None:
        raise BadInput("Expected a text file to attach, got %(path)s, which is none", path=path)
    return view


def _failure(test: str, state: State) -> str:
    for run in reversed(state.runs):
        for result in run.tests:
            if result["id"] == test and result["outcome"] in ("failed", "error"):
                return _whole(str(result["message"])) or str(result["outcome"])
    raise NotFound("There is no failed test %(test)s to attach", test=test)


def _terminal(wanted: Wanted, state: State) -> str:
    view = state.terminals.get(wanted.name)
    if view is None:
        raise NotFound("There is no terminal %(name)s to attach", name=wanted.name)
    text = _whole(plain(wanted.text)).strip("\n") or _whole(last_output("".join(view.output))).strip("\n")
    if not text.strip():
        raise BadInput("Expected a terminal that shows something, got %(name)s, which does not yet", name=wanted.name)
    return text


def last_output(data: str) -> str:
    """What the last command of a terminal printed, behind the line that began it; all there is where no mark tells."""
    commands = list(_STARTED.finditer(data))
    if not commands:
        return plain(data)
    started = commands[-1]
    printed = data[started.end() :]
    ended = _ENDED.search(printed)
    command = unquote(started.group(1) or "", errors="replace")
    return plain(f"$ {command}\n" if command else "") + plain(printed[: ended.start()] if ended else printed)


def plain(data: str) -> str:
    """What a terminal's output says in words: without sequences that move or colour, of a line written over the last of it."""
    lines = _ESCAPE.sub("", data).replace("\r\n", "\n").split("\n")
    return "\n".join(_CONTROL.sub("", _typed(line.rstrip("\r").rpartition("\r")[2])) for line in lines)


def _typed(line: str) -> str:
    """The line with what was taken back by backspace gone."""
    if "\b" not in line:
        return line
    kept: list[str] = []
    for char in line:
        if char != "\b":
            kept.append(char)
        elif kept:
            kept.pop()
    return "".join(kept)


def _whole(text: str) -> str:
    """The text with halves of surrogate pairs replaced, which no log carries."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def attached(mention: Mention, files: Mapping[str, str]) -> Attachment:
    """What the assistant is given for it; ``files`` hold the texts of now, of which a whole file is taken."""
    note = f"[… {mention.cut} more characters are left out]"
    if mention.kind == "file":
        text = files.get(mention.name, "")
        text = f"{text[: max(0, len(text) - mention.cut)]}\n{note}" if mention.cut else text
    elif mention.cut:
        text = f"{note}\n{mention.text}" if mention.kind == "terminal" else f"{mention.text}\n{note}"
    else:
        text = mention.text
    path = mention.name if mention.kind in ("file", "selection") else ""
    name = mention.name if mention.kind == "terminal" else shown(mention)
    return Attachment(name=name, text=text, kind=mention.kind, path=path)


def shown(mention: Mention) -> str:
    """What it is called, in one line: ``a.py``, ``a.py:3-7``, a test's id, ``terminal t1``."""
    match mention.kind:
        case "selection":
            lines = str(mention.line) + (f"-{mention.end_line}" if mention.end_line > mention.line else "")
            return f"{mention.name}:{lines}"
        case "terminal":
            return f"terminal {mention.name}"
        case _:
            return mention.name


def names(turn: TurnView) -> tuple[str, ...]:
    """What was attached to an earlier prompt, as ``shown``; logs of before mentions have names of files alone."""
    mentions = (Mention.model_validate(mention) for mention in turn.mentions)
    return tuple(dict.fromkeys([*turn.attachments, *(shown(mention) for mention in mentions)]))


def paths(turns: Sequence[TurnView]) -> set[str]:
    """The files that prompts have brought so far, whole or a part of them."""
    of_files = {
        str(mention["name"]) for turn in turns for mention in turn.mentions if mention["kind"] in ("file", "selection")
    }
    return of_files.union(*(turn.attachments for turn in turns))
