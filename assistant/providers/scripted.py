"""``scripted``: an assistant that needs no key and is the same for every candidate.

Owns turning a prepared answer into parts: text in small pieces, then proposals against the files as they are now. Invariant:
stateless; all that was said is read from the ask, and the same ask gives the same parts. It never claims a check it did not run.
Leaves out which answer fits (``assistant.lines``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count

from assistant.base import Ask, Finished, Part, Proposal, TextDelta
from assistant.lines import Change, Script, Talk
from assistant.patches import change as changed
from assistant.patches import hunks
from assistant.templates import render
from interviews.events import Hunk, HunkNote
from interviews.exercises import Exercise

WORDS_A_PIECE = 4
READ = 50_000  # characters of an attached file that are looked at


class Scripted:
    """The provider. It keeps nothing but the exercises' parsed lines."""

    name = "scripted"
    plants = True
    pace_s = 0.06
    model = ""
    receiver = ""

    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}

    def check(self, model: str) -> str:
        """It can always be used; ``model`` means nothing to it."""
        return ""

    def reply(self, ask: Ask) -> Iterator[Part]:
        """Answer. Raises ``BadInput`` when the exercise's lines do not fit their form."""
        script = self._script(ask.exercise)
        past = _past(script, ask)
        shared = [*(attachment.text[:READ] for attachment in ask.attachments), ask.brief]
        move, now = script.move(past[-1], ask.prompt, shared)
        notices, proposals = _proposals(script, ask, move.propose, now, past[1:])
        text = move.reply
        if move.propose and not proposals and any(script.rendered(change, now) for change in move.propose):
            # Where files were not seen, that is all there is to say.
            text = "" if notices and not ask.tree else render(script.spec.says.nothing_left, {})
        for piece in pieces_of("\n\n".join(said for said in (text.strip(), *notices) if said) + "\n"):
            yield TextDelta(piece)
        yield from proposals
        yield Finished("end_turn", model=self.name, miss=not move.line)

    def _script(self, exercise: Exercise) -> Script:
        if exercise.sha256 not in self._scripts:
            self._scripts[exercise.sha256] = Script(exercise)
        return self._scripts[exercise.sha256]


def _past(script: Script, ask: Ask) -> list[Talk]:
    """What was said at the beginning (nothing) and after each turn before this prompt."""
    talks = [Talk()]
    for turn in ask.history:
        texts = [ask.files[name][:READ] for name in turn.attachments if name in ask.files]
        talks.append(script.move(talks[-1], turn.prompt, [*texts, ask.brief])[1])
    return talks


def _proposals(
    script: Script, ask: Ask, changes: tuple[Change, ...], talk: Talk, past: Sequence[Talk]
) -> tuple[list[str], list[Proposal]]:
    """Proposals that change something, and what must be said about definitions and files that were not found."""
    notices: list[str] = []
    proposals: list[Proposal] = []
    for change in changes:
        pieces, full = script.rendered(change, talk, past), script.rendered(change, talk, past, full=True)
        name = f"{ask.turn}-s{len(proposals) + 1}"
        ids = (f"{name}-h{number}" for number in count(1))
        parts: list[tuple[Hunk, HunkNote]] = []
        for path in dict.fromkeys(piece.path for piece in pieces):
            start, known = ask.files.get(path, ""), path in ask.files
            if not ask.tree and not known and path in ask.exercise.workspace:
                # It may stand there as it was or otherwise: only what was attached is known.
                notices.append(render(script.spec.says.unseen_file, {"path": path}))
                continue
            text = start if known else ask.exercise.workspace.get(path, "")
            here, whole = ([piece for piece in some if piece.path == path] for some in (pieces, full))
            draft = changed(text, here)
            notices += [render(script.spec.says.lost_name, {"name": lost, "path": path}) for lost in draft.lost]
            if not known and path in ask.exercise.workspace:
                notices.append(render(script.spec.says.lost_file, {"path": path}))
            parts += hunks(
                path, ask.versions.get(path, 0), start, draft.lines, changed(text, whole).lines, ids
            )  # fmt: skip
        if parts:
            proposals.append(
                Proposal(name, change.title, tuple(hunk for hunk, _ in parts), tuple(note for _, note in parts))
            )
    return notices, proposals


def pieces_of(text: str) -> Iterator[str]:
    """A text in pieces of about four words; joined they are the text."""
    words = re.findall(r"\S+\s*|\s+", text)
    for start in range(0, len(words), WORDS_A_PIECE):
        yield "".join(words[start : start + WORDS_A_PIECE])


provider = Scripted()
