"""Open work: who asks for what, what comes back, what is taken over, run and asked again.

Owns its course in five styles. Invariant: style decides who writes what, when and through which channel, never how likely an
opportunity is taken; each piece of work that goes to the assistant has one opening and at most one follow-up. Leaves out the review
(``reviewing``) and what is found out after submission (``course``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from interviews import events as e
from simulator import lockers, says
from simulator.chance import USUAL, Dice
from simulator.lockers import Atom, Piece, Trap
from simulator.says import Say
from simulator.teller import Teller
from simulator.voice import Voice

Style = Literal["incremental", "front-loader", "test-first", "self-coder", "delegator"]
STYLES: Final[tuple[Style, ...]] = get_args(Style)
BY_HAND: Final = ("fees", "report")
# What no skill bears on: the assistant's luck and everybody's habits.
HEARD, UNASKED, FAILS, NAMES, MENDS, OWN_TESTS = 0.85, 0.12, 0.6, 0.8, 0.7, 0.4
RUNS, LAST_RUN = 0.7, 0.7
# How often a failure goes that nobody named: beside a request that adds something, and beside any other.
FIXED: Final = {True: 0.35, False: 0.08}


@dataclass
class Taken:
    """An accepted hunk, and the runs that came after it."""

    suggestion: str
    hunk: str
    lines: int
    runs: list[str] = field(default_factory=list)


def _key(content: e.Hunk) -> str:
    """What a hunk is about, in whatever turn it was offered."""
    return content.hunk.partition("-")[2]


class Work:
    """One candidate at work. ``care``: how much of the usual checking they do; ``given``: they gave the assistant the brief.

    With an ``outage`` the assistant fails twice: on the third prompt, and on the first follow-up.
    """

    def __init__(self, teller: Teller, dice: Dice, voice: Voice, style: Style, *, outage: bool = False) -> None:
        self.teller, self.dice, self.voice, self.style = teller, dice, voice, style
        self.outage, self.cut_off = outage, outage
        self.care, self.given = 1.0, False
        self.stated: set[str] = set()
        self.honoured: set[str] = set()
        self.flawed: set[str] = set()
        self.failing: dict[str, str] = {}
        self.seen_failing: set[str] = set()
        self.own: list[str] = []
        self.taken: list[Taken] = []
        self.turns = self.runs = self.suggestions = 0

    # The course of it

    def go(self) -> None:
        """From the first look to the last run."""
        self.run()
        self.before()
        pieces = [one for one in lockers.PIECES if not (self.style == "self-coder" and one.id in BY_HAND)]
        together = [pieces] if self.style == "front-loader" else [[one] for one in pieces]
        for some in together:
            self.opening(some)
            for one in some:
                self.follow_up(one)
        if self.style == "self-coder":
            for id_ in BY_HAND:
                self.by_hand(lockers.piece(id_))
        self.after()

    def before(self) -> None:
        """For those who have more to do first."""

    def after(self) -> None:
        """What is left to do."""
        if self.style != "test-first" and self.dice.luck("own-tests", OWN_TESTS):
            self.write_tests("all", [lockers.ATOMS[0], lockers.ATOMS[3]], [])
        for piece in lockers.PIECES:
            if any(test in self.failing for test in piece.tests) and self.dice.luck(
                f"mends-late/{piece.id}", MENDS * self.care
            ):
                self._mend(piece, "late")
        if self.dice.luck("last-run", LAST_RUN * self.care):
            self.run()
        if self.style != "delegator" and self.dice.luck("thanks", 0.5):
            turn = self.ask("thanks", self.voice.say("thanks", says.DONE))
            self.teller.answer(turn, "You are welcome.", "edit")

    # Asking

    def opening(self, pieces: Sequence[Piece]) -> None:
        """Asks for work to be done, and takes over what comes."""
        wanted = [atom for one in pieces for atom in lockers.atoms(one.id) if self._open(atom)]
        told = [atom for atom in wanted if self.states(atom)]
        first = pieces[0]
        if self.style == "test-first":
            self.write_tests(first.id, told, wanted)
        text = self.opening_text(first, told)
        self.stated |= {atom.id for atom in told}
        turn = self.hand_over(first.id, text)
        hunks = [self._hunk(turn, atom) for atom in wanted]
        hunks += [self._trap(turn, trap) for trap in lockers.TRAPS if trap.piece in {one.id for one in pieces}]
        self._propose(turn, f"Write {first.path}", hunks)
        for one in pieces:
            for test, chance in zip(one.tests, (FAILS, FAILS / 2), strict=True):
                if self.dice.luck(f"fails/{test}", chance):
                    self.failing[test] = one.error
        self._own_results(wanted)
        if self.dice.luck(f"run/{first.id}", RUNS * self.care):
            self.run()

    def states(self, atom: Atom) -> bool:
        """Whether a requirement is stated before its code is there."""
        return self.dice.act("coverage", atom.id, "prompt")

    def opening_text(self, piece: Piece, told: Sequence[Atom]) -> str:
        """The words of an opening."""
        named = self.dice.act("grounding", f"open/{piece.id}", "prompt")
        example = self.dice.act("example", f"open/{piece.id}", "prompt")
        if self.style == "test-first":
            own = Say(
                ("Please make tests/own_%(piece)s_test.py pass.",),
                ("My tests in tests/own_%(piece)s_test.py should go green.",),
            )
            vague = Say(("Please make my new tests pass.",), ("What I just wrote should go green.",))
            parts = [self.voice.say(f"open/{piece.id}", own if named else vague, piece=piece.id)]
        else:
            symbol = lockers.atoms(piece.id)[0].symbol
            pool = (says.OPENING_NAMED if named else says.OPENING_VAGUE)[piece.id]
            parts = [self.voice.say(f"open/{piece.id}", pool, symbol=symbol, path=piece.path)]
            parts += [self.voice.say(f"atom/{atom.id}", says.ATOMS[atom.id]) for atom in told]
        if example:
            parts.append(self.voice.say(f"example/{piece.id}", says.EXAMPLE[piece.id]))
        return " ".join(parts)

    def follow_up(self, piece: Piece) -> None:
        """Comes back to a piece of work where something is wrong or missing."""
        red = [
            test
            for test in self.failing
            if test in self.seen_failing and (test in piece.tests or f"own_{piece.id}_" in test)
        ]
        mine = lockers.atoms(piece.id)
        lost = [atom for atom in mine if atom.id in self.stated - self.honoured]
        unsaid = [atom for atom in lockers.ATOMS if atom.id not in self.stated | self.honoured and self._open(atom)]
        unsaid.sort(key=lambda atom: atom.piece != piece.id)
        if not red and not lost and not unsaid:
            return
        done = self.moves(piece)
        text, atom = self.follow_up_text(piece, done, red, lost, unsaid)
        turn = self.hand_over(piece.id, text, again=True)
        if atom is not None:
            self.stated.add(atom.id)
            if self._open(atom):
                hunks = [self._hunk(turn, atom, heard=0.95)]
                self._propose(turn, "Mend what was missing", hunks)
            self._own_results(mine)
        elif done:
            self._propose(turn, "Repair a test", [self._repair(turn, piece)])
            for test in red:
                del self.failing[test]
        elif self.dice.luck(f"useless/{piece.id}", 0.6):
            self._propose(turn, "Another way", [self._repair(turn, piece)])
        # What adds something was not about this piece's failures, of which there were none then: one elsewhere may go with it.
        unnamed = [test for test in self.failing if test in self.seen_failing][:1] if atom is not None else red
        if unnamed and (atom is not None or not done) and self.dice.luck(f"fixes/{piece.id}", FIXED[atom is not None]):
            for test in unnamed:
                self.failing.pop(test, None)
        if self.dice.luck(f"run-again/{piece.id}", 0.9 * self.care):
            self.run()
        # What luck has mended already is nothing to work on by hand.
        still = any(test in piece.tests and test in self.failing for test in red)
        if not done and still and self.dice.luck(f"mends/{piece.id}", MENDS):
            self._mend(piece)

    def moves(self, piece: Piece) -> bool:
        """Whether a follow-up brings the work on."""
        return self.dice.act("follow_up", piece.id, "refine")

    def follow_up_text(
        self, piece: Piece, done: bool, red: list[str], lost: list[Atom], unsaid: list[Atom]
    ) -> tuple[str, Atom | None]:
        """The words of a follow-up, and the requirement that it states."""
        example = self.dice.act("example", f"back/{piece.id}", "prompt")
        behind = [self.voice.say(f"example-back/{piece.id}", says.EXAMPLE[piece.id])] if example else []
        name = f"back/{piece.id}"
        if done and red:
            return " ".join(
                [self.voice.say(name, says.RESOLVE, test=red[0], error=self.failing[red[0]]), *behind]
            ), None
        if self.dice.act("grounding", f"back/{piece.id}", "prompt"):
            place = Say(
                ("This is about %(path)s.", "Look at `%(symbol)s`."), ("I mean `%(symbol)s`.", "See %(path)s for it.")
            )
            symbol = lockers.atoms(piece.id)[-1].symbol
            behind.append(self.voice.say(f"place/{piece.id}", place, path=piece.path, symbol=symbol))
        if not done:
            return " ".join([self.voice.say(name, says.STUCK), *behind]), None
        atom = (lost or unsaid)[0] if lost or unsaid else lockers.atoms(piece.id)[0]
        said = self.voice.raw(f"again/{atom.id}", says.ATOMS[atom.id])
        pool = says.CORRECT if atom in lost else says.ADD
        return " ".join([self.voice.say(name, pool, atom=said), *behind]), atom

    def hand_over(self, piece: str, text: str, *, again: bool = False) -> str:
        """Sends a prompt, or a ticket; the turn."""
        self.teller.wait(70)
        if self.style == "delegator":
            return self._ticket(piece, text, again)
        return self._answered(self.ask(piece, text, again=again))

    def ask(self, name: str, text: str, *, again: bool = False) -> str:
        """Sends a prompt; the turn. One that the assistant fails to answer is sent again."""
        self.turns += 1
        turn = f"a{self.turns}"
        self.teller.tell("candidate", e.PromptSent(turn=turn, text=text))
        if (self.outage and self.turns == 3) or (self.cut_off and again):
            self.cut_off = self.cut_off and not again
            self._fail(turn)
            return self.ask(name, text, again=again)
        return turn

    def _fail(self, turn: str) -> None:
        self.teller.tell("system", e.ClockPaused(reason="The assistant has not answered yet"))
        self.teller.wait(240)
        self.teller.tell(
            "assistant", e.ReplyFailed(turn=turn, reason="The provider did not answer", model="simulated-1")
        )
        self.teller.tell("system", e.SandboxLost(reason="The sandbox ended"))
        self.teller.tell("system", e.SandboxStarted(backend="simulated"), e.ClockResumed(lost_ms=240_000))

    def _answered(self, turn: str) -> str:
        self.teller.answer(turn, "I have looked at it. This is what I propose.", "edit")
        return turn

    def _ticket(self, piece: str, text: str, again: bool) -> str:
        self.turns += 1
        turn = f"{piece}.{2 if again else 1}"
        files = self.teller.versions()
        if again:
            self.teller.tell("candidate", e.TicketRevised(ticket=piece, turn=turn, text=text, files=files))
            if self.cut_off:
                self.cut_off = False
                self._fail(turn)
                turn = f"{piece}.3"
                self.teller.tell("candidate", e.TicketRevised(ticket=piece, turn=turn, text=text, files=files))
        else:
            title = self.voice.say(f"title/{piece}", Say(("The next part",), ("Some more work",)))
            self.teller.tell("candidate", e.TicketOpened(ticket=piece, turn=turn, title=title, text=text, files=files))
        if self.outage and self.turns == 3 and not again:
            self._fail(turn)
            self.outage = False
            self.teller.tell("candidate", e.TicketClosed(ticket=piece))
            turn = f"{piece}2.1"
            opened = e.TicketOpened(ticket=f"{piece}2", turn=turn, title="The next part", text=text, files=files)
            self.teller.tell("candidate", opened)
        self.teller.answer(turn, "Done, see the proposal.", "agent")
        back = e.TicketReturned(
            ticket=turn.partition(".")[0], turn=turn, title="Done", description="What was asked for.", suggestion=None,
            checks=(e.Check(name="starts", ok=True),),
        )  # fmt: skip
        self.teller.tell("assistant", back)
        return turn

    # Taking over

    def _open(self, atom: Atom) -> bool:
        """Whether the requirement's code is as it was or as it should not be, so that it can still be changed."""
        path = lockers.piece(atom.piece).path
        return self.teller.has(path, atom.stub) or self.teller.has(path, atom.naive)

    def _hunk(self, turn: str, atom: Atom, *, heard: float = HEARD) -> tuple[e.Hunk, e.HunkNote, Atom | Trap | None]:
        asked = self.given or atom.id in self.stated
        honours = self.dice.luck(f"honours/{atom.id}/{asked}/{heard}", heard if asked else UNASKED)
        path = lockers.piece(atom.piece).path
        before = atom.stub if self.teller.has(path, atom.stub) else atom.naive
        name = f"{turn}-{atom.id}"
        content = self.teller.hunk(name, path, before, atom.sound if honours else self._other(atom, before))
        note = e.HunkNote(hunk=name, touches=(atom.id,), honours=(atom.id,) if honours else ())
        return content, note, atom

    @staticmethod
    def _other(atom: Atom, before: str) -> str:
        return atom.naive if before == atom.stub else atom.stub

    def _trap(self, turn: str, trap: Trap) -> tuple[e.Hunk, e.HunkNote, Atom | Trap | None]:
        name = f"{turn}-{trap.symbol}"
        content = self.teller.hunk(name, lockers.piece(trap.piece).path, trap.stub, trap.flawed)
        return content, e.HunkNote(hunk=name, defect=trap.defect.id), trap

    def _repair(self, turn: str, piece: Piece) -> tuple[e.Hunk, e.HunkNote, Atom | Trap | None]:
        """A change that touches no requirement."""
        text = self.teller.files[self.teller.named(piece.path)][1]
        first = text[: text.index("\n") + 1]
        name = f"{turn}-repair-{piece.id}"
        content = self.teller.hunk(name, piece.path, first, f"{first}# mended in {piece.id}\n")
        return content, e.HunkNote(hunk=name), None

    def _propose(self, turn: str, title: str, hunks: list[tuple[e.Hunk, e.HunkNote, Atom | Trap | None]]) -> None:
        self.suggestions += 1
        suggestion = f"{turn}-s{self.suggestions}"
        seq = self.teller.offer(turn, suggestion, title, [(content, note) for content, note, _ in hunks])
        for content, note, about in hunks:
            self.teller.wait(25)
            self._decide(suggestion, content, note, about, seq)

    def _decide(self, suggestion: str, content: e.Hunk, note: e.HunkNote, about: Atom | Trap | None, seq: int) -> None:
        lacks = bool(set(note.touches) - set(note.honours))
        if lacks or self.takes(content, about):
            self._accept(suggestion, content, seq)
            if isinstance(about, Trap):
                self.flawed.add(about.defect.id)
            elif about is not None and not lacks:
                self.honoured.add(about.id)
            return
        self.teller.reject(suggestion, content.hunk, self.reason(content, about), seq)
        if about is not None:
            # What they turn down they write themselves.
            before = content.before
            self.teller.edit(content.path, before, about.sound, "typed")
            if isinstance(about, Atom):
                self.honoured.add(about.id)

    def takes(self, content: e.Hunk, about: Atom | Trap | None) -> bool:
        """Whether a change that lacks nothing is taken over."""
        if isinstance(about, Trap):
            return self.dice.see(_key(content), flawed=True, difficulty=about.defect.difficulty) < 2
        return self.dice.see(_key(content), flawed=False) < 2

    def reason(self, content: e.Hunk, about: Atom | Trap | None) -> str:
        """Why a change is turned down."""
        key = _key(content)
        named = isinstance(about, Trap) and self.dice.luck(f"names/{key}", NAMES)
        defect = about.defect.id if isinstance(about, Trap) and named else ""
        fault = self.voice.raw(f"fault/{key}", says.FAULTS[defect] if defect else says.BLAMES)
        if not self.dice.act("specific", key, "critique"):
            return self.voice.bend(f"fault/{key}", fault)
        symbol = lockers.atoms(key.rpartition("-")[2])[0].symbol if about is None else about.symbol
        placed = self.voice.say(f"place/{key}", says.PLACE, line=1, symbol=symbol, fault=fault)
        return f"{placed} {self.voice.say(f'expected/{key}', says.EXPECTED[defect])}"

    def _accept(self, suggestion: str, content: e.Hunk, seq: int) -> None:
        self.teller.accept(suggestion, content, seq)
        self.taken.append(Taken(suggestion, content.hunk, content.after.count("\n")))

    # Writing and running

    def by_hand(self, piece: Piece) -> None:
        """Writes a piece of work without the assistant."""
        for atom in lockers.atoms(piece.id):
            if not self._open(atom):
                continue
            self.teller.wait(120)
            sound = self.dice.luck(f"by-hand/{atom.id}", 0.8)
            self.teller.edit(piece.path, atom.stub, atom.sound if sound else atom.naive, "typed")
            if sound:
                self.honoured.add(atom.id)
        for trap in lockers.TRAPS:
            if trap.piece == piece.id:
                self.teller.edit(piece.path, trap.stub, trap.sound, "typed")
        self.run()

    def write_tests(self, piece: str, told: Sequence[Atom], wanted: Sequence[Atom]) -> None:
        """A test of one's own for each requirement that is told; they fail until its code is there."""
        path = f"tests/own_{piece}_test.py"
        text = "".join(
            f"# {self.voice.say(f'atom/{atom.id}', says.ATOMS[atom.id])}\ndef test_{atom.id}():\n    assert check_{atom.id}()\n\n\n"
            for atom in told
        )
        self.teller.wait(60 + 60 * len(told))
        self.teller.file("candidate", path, "", "typed")
        self.teller.edit(path, "", text or "def test_it():\n    pass\n", "typed")
        self.own += [f"{path}::test_{atom.id}" for atom in told]
        if wanted:
            self._own_results(told)
            self.run()

    def _own_results(self, atoms: Sequence[Atom]) -> None:
        ids = {atom.id for atom in atoms}
        for test in self.own:
            id_ = test.rpartition("::test_")[2]
            if id_ in ids and id_ not in self.honoured:
                self.failing[test] = f"AssertionError: assert check_{id_}()"
            elif id_ in self.honoured:
                self.failing.pop(test, None)

    def _mend(self, piece: Piece, when: str = "soon") -> None:
        """Works on by hand: out of the failure into another one, and from there to the end of it or back."""
        was = {test: error for test, error in self.failing.items() if test in piece.tests}
        others = {test: piece.error for test in piece.tests if test not in was}
        for at, failing in enumerate((others, was if others else {})):
            if at and (
                not others or self.dice.act("no_way_back", f"{piece.id}/{when}", "refine", shift=-USUAL["no_way_back"])
            ):
                failing = {}
            self.teller.wait(150)
            text = self.teller.files[self.teller.named(piece.path)][1]
            first = text[: text.index("\n") + 1]
            self.teller.edit(piece.path, first, f"{first}# seen to\n", "typed")
            self.failing = {test: error for test, error in self.failing.items() if test not in piece.tests} | failing
            self.run()
            if not self.failing:
                return

    def run(self) -> None:
        """Runs the tests."""
        self.runs += 1
        name = f"r{self.runs}"
        self.seen_failing = set(self.failing)
        tests = [test for one in lockers.PIECES for test in one.tests] + self.own
        results = [
            e.TestResult(
                id=test, outcome="failed" if test in self.failing else "passed", message=self.failing.get(test, "")
            )
            for test in tests
        ]
        self.teller.run(name, results)
        for one in self.taken:
            one.runs.append(name)
