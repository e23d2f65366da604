"""``scripted``: an assistant that needs no key and is the same for every candidate.

Owns turning a prepared answer into parts: looking at files, text at a human pace, tests that are really run, proposals against the
files as they are now. Invariant: it keeps nothing of a conversation; all that was said is read from the ask, and the same ask gives
the same parts. It claims no check but those it made. Leaves out which answer fits (``assistant.lines``), what was said by now
(``assistant.together``) and what is changed (``assistant.offers``).
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import replace

from assistant.base import Ask, Finished, Part, ToolCall, Working
from assistant.lines import Move, Scene, Script
from assistant.offers import Offer, offer
from assistant.pace import spoken, thinking
from assistant.patches import find
from assistant.templates import render
from assistant.together import looked_at, talks
from assistant.tools import Toolbox
from interviews.errors import BadInput, PlatformFailure
from interviews.exercises import Exercise, load, names

LOOKS = 2  # files that it looks at before one answer
TICKET_LOOKS = 4  # likewise, for a ticket


class Scripted:
    """The provider. It keeps nothing but the exercises' parsed lines."""

    name = "scripted"
    plants = True
    pace_s = 0.03
    model = ""
    receiver = ""

    def __init__(self) -> None:
        self._scripts: dict[str, Script] = {}
        self._lock = threading.Lock()

    def check(self, model: str) -> str:
        """Whether every exercise's lines fit their form. ``model`` means nothing."""
        try:
            for name in names():
                self.script(load(name))
        except BadInput as error:
            return str(error)
        return ""

    def prepare(self) -> None:
        """Learn every exercise's lines."""
        for name in names():
            self.script(load(name)).prepare()

    def script(self, exercise: Exercise) -> Script:
        """The exercise's lines, read once. Raises ``BadInput`` when they do not fit their form."""
        with self._lock:
            if exercise.sha256 not in self._scripts:
                self._scripts[exercise.sha256] = Script(exercise)
            return self._scripts[exercise.sha256]

    def reply(self, ask: Ask) -> Iterator[Part]:
        """Answer. Raises ``BadInput`` when the exercise's lines do not fit their form."""
        script = self.script(ask.exercise)
        met, past = talks(script, ask)
        move, now = script.move(met, ask.prompt, looked_at(ask.attachments), ask.brief)
        found = offer(script, ask, move.propose, now, past)
        says = script.spec.says
        if found.unseen and not found.drafts:
            move = replace(move, template=says.unseen)
        elif move.propose and not found.drafts and any(script.rendered(change, now) for change in move.propose):
            move = replace(move, template=says.nothing_left)
        runs = ask.mode == "agent" and ask.bench is not None
        scene = Scene(ask.mode, runs, None if ask.tree else frozenset(ask.files))
        text = script.told(move, now, scene, tuple(found.unseen), will_run=runs and (move.run or bool(found.drafts)))
        text = "\n\n".join([text.strip(), *found.notices]) + "\n"
        runs = runs and (move.run or bool(found.drafts))
        if ask.delegated:
            yield from self._working(script, ask, move, found, text, runs)
        else:
            yield from self._looking(ask, move)
            yield from spoken(text, thinking(ask.prompt))
            if runs and not ask.cancelled():
                yield from spoken((yield from self._running(script, ask, found)))
        yield from found.proposals
        yield Finished("end_turn", model=self.name, miss=not move.line)

    def _working(
        self, script: Script, ask: Ask, move: Move, found: Offer, text: str, runs: bool
    ) -> Generator[Part, None, None]:
        """A ticket: the steps first, then all that is said of them, which describes what comes back."""
        changed = [path for path in found.drafts if path in ask.files]
        paths = list(dict.fromkeys([*changed, *(path for path in move.files if path in ask.files)]))
        yield from _used(ask, "list_files", 1, {})
        pieces = [script.pieces[name] for change in move.propose for name in change.pieces]
        known = [
            piece.name
            for piece in pieces
            if piece.path in changed and piece.name and find(ask.files[piece.path], piece.name)
        ]
        if known:
            yield from _used(ask, "search", 2, {"pattern": known[0]})
        for number, path in enumerate(paths[:TICKET_LOOKS], 3):
            yield from _used(ask, "read_file", number, {"path": path})
        told = (yield from self._running(script, ask, found)) if runs and not ask.cancelled() else ""
        yield from spoken(text.rstrip() + "\n" + told, thinking(ask.prompt))

    def _looking(self, ask: Ask, move: Move) -> Iterator[Part]:
        """Read what the answer speaks of, in the ways to work that have tools."""
        if ask.mode == "chat":
            return
        for number, path in enumerate([path for path in move.files if path in ask.files][:LOOKS], 1):
            yield from _used(ask, "read_file", number, {"path": path})

    def _running(self, script: Script, ask: Ask, found: Offer) -> Generator[Part, None, str]:
        """Run the visible tests on the files with what is proposed; returns what is told of that."""
        call, says = f"{ask.turn}-run", script.spec.says
        yield Working("run_tests", call, {})
        try:
            assert ask.bench is not None
            outcome = ask.bench.run_tests({**ask.files, **found.drafts})
        except PlatformFailure as failure:
            yield ToolCall("run_tests", call, {}, str(failure), ok=False)
            return "\n" + render(says.no_place, {"why": str(failure)}).strip() + "\n"
        yield ToolCall("run_tests", call, {}, outcome.output, outcome.ok, outcome.cut)
        values = {"counts": dict(outcome.counts), "ok": outcome.ok, "changed": bool(found.drafts)}
        return "\n" + render(says.ran, values).strip() + "\n"


def _used(ask: Ask, tool: str, number: int, given: dict[str, str]) -> Iterator[Part]:
    """A look at the files, as a step; nothing once stop was pressed."""
    if ask.cancelled():
        return
    call = f"{ask.turn}-look{number}"
    yield Working(tool, call, given)
    used = Toolbox(ask).use(tool, given)
    yield ToolCall(tool, call, given, used.output, used.ok, used.cut)


provider = Scripted()
