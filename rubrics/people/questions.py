"""Three short questions on the submitted code, for the candidate to answer in their own words.

Owns which code is asked about. Invariant: pure; the same log gives the same questions; where the assistant wrote some of what was
handed in, they are about that, for one's own words on one's own lines prove less. Whether a mistake was planted there plays no
part. Leaves out who asks, and how the answers are judged (``signals.explain_back``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from interviews import events as e
from interviews.anchors import lines_of
from interviews.lineage import Lineage
from rubrics.base import LogView, Note
from rubrics.base import translatable as _

WORDS = {
    "why": _("Why is this here, and what would break without it?"),
    "change": _("What relies on this, and what would have to change along with it?"),
    "fails": _("For which input does this go wrong, or come closest to it, and how would you find out?"),
}
# A longer text is no one's to explain in three questions, and comparing it would take long.
_MOST_LINES = 5000
_DEFINED = re.compile(
    r"^[ \t]*(?:(?:export|async|default|public|static)[ \t]+)*(?:def|class|function|const|let|interface|type)[ \t]+(\w+)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Question:
    """``id`` is ``why``, ``change`` or ``fails``. ``lines`` (from 1, both in) of ``path`` as handed in; ``about_seq`` brought them.

    ``name`` is what they define, empty for nothing. ``text`` asks, ``code`` is how they stood at the end.
    """

    id: str
    about_seq: int
    path: str
    lines: tuple[int, int]
    name: str
    text: Note
    code: str
    by_assistant: bool


@dataclass(frozen=True)
class _Block:
    seq: int
    path: str
    lines: tuple[int, int]
    size: int
    code: str
    by_assistant: bool

    @property
    def name(self) -> str:
        found = _DEFINED.search(self.code)
        return found.group(1) if found else ""


def questions(log: LogView) -> tuple[Question, ...]:
    """Of the largest pieces, and of the one that most relies on; none where nothing was written, or submitted."""
    end = next((at for at, event in enumerate(log.events) if isinstance(event.data, e.InterviewSubmitted)), None)
    if end is None:
        return ()
    blocks, texts = _blocks(log.events[:end])
    blocks.sort(key=lambda block: (not block.by_assistant, -block.size, block.seq))
    if not blocks:
        return ()
    why = blocks[0]
    rest = [block for block in blocks[1:] if block.by_assistant or not why.by_assistant] or [why]
    change = max(rest, key=lambda block: (_uses(block, texts), block.size, -block.seq))
    fails = next((block for block in rest if block is not change), why if change is not why else change)
    return tuple(_asked(id_, block) for id_, block in (("why", why), ("change", change), ("fails", fails)))


def _asked(id_: str, block: _Block) -> Question:
    return Question(
        id=id_, about_seq=block.seq, path=block.path, lines=block.lines, name=block.name, text=Note(WORDS[id_]), code=block.code,
        by_assistant=block.by_assistant,
    )  # fmt: skip


def _uses(block: _Block, texts: dict[str, str]) -> int:
    """How often what the block defines is named outside of it."""
    if not block.name:
        return 0
    word = re.compile(rf"\b{re.escape(block.name)}\b")
    return sum(len(word.findall(text)) for text in texts.values()) - len(word.findall(block.code))


def _blocks(events: Sequence[e.Event]) -> tuple[list[_Block], dict[str, str]]:
    lineage, decided = Lineage(), dict[tuple[str, str], int]()
    starters, touched = dict[str, str](), dict[str, int]()
    for event in events:
        lineage.take(event)
        match event.data:
            case e.SuggestionDecided(decision="accepted") as one:
                decided[one.suggestion, one.hunk] = event.seq
            case e.FileSnapshotted(origin="starter") as whole:
                starters[whole.path] = whole.text or ""
            case e.FileSnapshotted(origin="keyframe"):
                pass
            case e.FileEdited(path=path) | e.FileSnapshotted(path=path):
                touched[path] = event.seq
            case _:
                pass
    texts = lineage.texts()
    ours = {number: (path, line) for path, lines in lineage.standing().items() for line, number in lines.items()}
    out = []
    for hunk in lineage.brought():
        there = sorted(ours[number] for number in hunk.lines if number in ours) if hunk.known else []
        if there and (block := _block(decided[hunk.suggestion, hunk.hunk], there, texts)) is not None:
            out.append(block)
    if not out:
        out = [
            block
            for path, seq in sorted(touched.items())
            if path in texts
            for block in _own(path, seq, starters, texts)
        ]
    return out, texts


def _block(seq: int, there: list[tuple[str, int]], texts: dict[str, str]) -> _Block | None:
    path = there[0][0]
    numbers = [line for where, line in there if where == path]
    lines = lines_of(texts[path])
    size = sum(1 for number in numbers if lines[number - 1].strip())
    code = "".join(lines[numbers[0] - 1 : numbers[-1]])
    return _Block(seq, path, (numbers[0], numbers[-1]), size, code, by_assistant=True) if size else None


def _own(path: str, seq: int, starters: dict[str, str], texts: dict[str, str]) -> list[_Block]:
    lines = lines_of(texts[path])
    if len(lines) > _MOST_LINES:
        return []
    matched = SequenceMatcher(None, lines_of(starters.get(path, "")), lines, autojunk=False)
    fresh = [(start, end) for tag, _a, _b, start, end in matched.get_opcodes() if tag in ("replace", "insert")]
    return [
        _Block(seq, path, (start + 1, end), size, "".join(lines[start:end]), by_assistant=False)
        for start, end in fresh
        if (size := sum(1 for line in lines[start:end] if line.strip()))
    ]
