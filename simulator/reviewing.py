"""The review: sixteen verdicts in four steps, and what is said with them.

Owns how a candidate judges. Invariant: the verdict comes of what is seen; how well it is put into words is another draw. Leaves out
what is shown (``returns``).
"""

from __future__ import annotations

from typing import Final

from interviews import events as e
from simulator import returns, says
from simulator.chance import STEPS, Dice
from simulator.returns import Change
from simulator.says import Say
from simulator.teller import Teller
from simulator.voice import Voice

# Of those who call out a planted mistake: most say which, some only where; the others blame something else or doubt.
BY_WORDS, BY_PLACE, BY_BLAME = 0.74, 0.14, 0.08
# Of those who call out what is sound, so many say what is wrong with it.
BLAMED, REPAIRED = 0.75, 0.15
WRONG: Final = Say(
    ("This is wrong.", "There is a bug here."), ("That can't be correct.", "It is broken at this place.")
)


class Review:
    """One candidate at the review."""

    def __init__(self, teller: Teller, dice: Dice, voice: Voice) -> None:
        self.teller, self.dice, self.voice = teller, dice, voice
        self.repaired: dict[str, dict[str, bool]] = {}

    def go(self, minutes: float) -> None:
        """From the offer to the last verdict."""
        length = int(minutes * 60_000)
        self.teller.tell("system", e.PhaseEnded(phase="open", by="candidate"))
        self.teller.tell("system", e.PhaseOffered(phase="review", duration_ms=length))
        self.teller.tell("candidate", e.PhaseStarted(phase="review", duration_ms=length))
        for path, text in returns.files().items():
            self.teller.file("system", f"{returns.FOLDER}/{path}", text, "starter")
        opened, annotated = returns.opened()
        seq = self.teller.tell("system", opened)
        self.teller.tell("system", annotated, cause=seq)
        for change in returns.CHANGES:
            self.teller.wait(45)
            judged = self.verdict(change)
            if not self.leaves(change, judged):
                self.teller.tell("candidate", judged, cause=seq)
        self.teller.tell("system", e.PhaseEnded(phase="review", by="candidate"))

    def leaves(self, change: Change, judged: e.HunkJudged) -> bool:
        """Whether they keep to themselves what they make of one change."""
        return False

    def verdict(self, change: Change) -> e.HunkJudged:
        """What they make of one change."""
        difficulty = change.flaw.difficulty if change.flaw else ""
        step = self.dice.see(change.id, flawed=change.flaw is not None, difficulty=difficulty)
        if step < 2:
            return e.HunkJudged(review=returns.REVIEW, hunk=change.id, verdict=STEPS[step])
        how = self.dice.stream(f"how/{change.id}").random()
        if change.flaw is None:
            fault, line = (says.BLAMES, 0) if how < BLAMED else (says.DOUBTS, 0)
            return self._said(change, step, fault, "", line, vague=how >= BLAMED)
        if how < BY_WORDS:
            return self._said(change, step, says.FAULTS[change.flaw.id], change.flaw.id, 0)
        if how < BY_WORDS + BY_PLACE:
            return self._said(change, step, WRONG, "", change.lines[0])
        blames = how < BY_WORDS + BY_PLACE + BY_BLAME
        return self._said(change, step, says.BLAMES if blames else says.DOUBTS, "", 0, vague=not blames)

    def _said(
        self, change: Change, step: int, pool: Say, defect: str, line: int, *, vague: bool = False
    ) -> e.HunkJudged:
        repair: str | None = None
        if defect and self.dice.luck(f"repairs/{change.id}", REPAIRED):
            repair = change.after + "    # mended\n"
            self.repaired[change.id] = {"repaired": True}
        fault = self.voice.raw(f"fault/{change.id}", pool)
        if not vague and self.dice.act("specific", change.id, "critique"):
            line = line or 1
            said = self.voice.say(f"place/{change.id}", says.PLACE, line=line, symbol=change.symbol, fault=fault)
            said = f"{said} {self.voice.say(f'expected/{change.id}', says.EXPECTED[defect])}"
        else:
            said = self.voice.bend(f"fault/{change.id}", fault)
        return e.HunkJudged(
            review=returns.REVIEW, hunk=change.id, verdict=STEPS[step], line=line, fault=said, repair=repair
        )
