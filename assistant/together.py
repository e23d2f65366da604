"""What was said by now, beside the editor and in every ticket, as the prepared assistant takes it.

Owns bringing the conversations of an interview together. Invariant: pure, and of the log's order alone. The requirements that were
stated, the planted mistakes that were shown and those that were settled are the interview's, in whichever conversation that was;
only the lines that were used are a conversation's own. A mistake that is on its way back stays until somebody could have seen it:
to warn of it meanwhile changes nothing, so two tickets side by side, one with a hint, do not differ in it. Leaves out which line
answers (``lines``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from assistant.base import Ask, Attachment, Mode, Turn
from assistant.lines import Script, Talk

READ = 50_000  # characters of an attached file that are looked at
_OWN = None  # the conversation of the ask itself


def talks(script: Script, ask: Ask) -> tuple[Talk, list[Talk]]:
    """What the prompt meets, and what had been said after each turn before it.

    In a chat nothing is planted: no key could tell which of the candidate's lines came from the assistant. Nor is it where the
    candidate chose so, or once open work is over.
    """
    said = _Said(script, ask)
    turns = [*((_OWN, turn) for turn in ask.history), *((turn.ticket, turn) for turn in ask.beside)]
    past = [said.say(where, turn) for where, turn in sorted(turns, key=lambda one: one[1].said_at)]
    return said.before(_OWN, ask.mode, None), past


@dataclass
class _Said:
    """Folds turns in their order. ``coming``: of each conversation's last turn, when its proposals came and what they hold."""

    script: Script
    ask: Ask
    shared: Talk = field(default_factory=Talk)
    used: dict[str | None, tuple[str, ...]] = field(default_factory=dict)
    coming: dict[str | None, tuple[int | None, frozenset[str]]] = field(default_factory=dict)

    def before(self, where: str | None, mode: Mode, at: int | None) -> Talk:
        """What is met by a prompt that is said there and then; ``at`` is None for now."""
        for other, (came, held) in list(self.coming.items()):
            # Whoever goes on in a conversation has seen what came in it, or knows that nothing does.
            if other == where or (came is not None and (at is None or came < at)):
                del self.coming[other]
                if came is not None:
                    self.shared = replace(self.shared, shown=self.shared.shown | held)
        coming = frozenset[str]().union(*(held for _, held in self.coming.values()))
        closed = self.ask.closed
        plants = self.ask.plants and mode != "chat" and (closed is None or (at is not None and at < closed))
        return replace(self.shared, used=self.used.get(where, ()), coming=coming, plants=plants)

    def say(self, where: str | None, turn: Turn) -> Talk:
        """Take a turn in; returns what has been said then."""
        met = self.before(where, self.ask.mode if where is _OWN else turn.mode, turn.said_at)
        move, after = self.script.move(met, turn.prompt, looked_at(turn.brought), self.ask.brief)
        self.shared, self.used[where] = replace(after, shown=met.shown), after.used
        self.coming[where] = turn.came_at, move.plants
        return after


def looked_at(brought: Iterable[Attachment]) -> list[Attachment]:
    """What is attached, as far as it is read."""
    return [replace(one, text=one.text[:READ]) for one in brought]
