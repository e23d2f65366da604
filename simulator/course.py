"""A whole interview that nobody gave: from consent to what is found out after submission.

Owns its order and its header. Invariant: the same request gives the same bytes; what is known of skills and likelihoods stands in
the ``Truth`` and never in the log. Leaves out work and review, whose parts are called here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from interviews import events as e
from interviews.chain import sha256_hex
from simulator import lockers
from simulator.chance import Dice, Skills, Truth
from simulator.reviewing import Review
from simulator.teller import BEGAN_MS, Teller, log_text
from simulator.voice import Variant, Voice
from simulator.work import Style, Work

MINUTES, REVIEW_MINUTES = 40.0, 15.0
# Of accepted hunks that a run came after, so many had most of their lines run.
REACHED, MUTANTS, NOTICED = 0.85, 12, 0.5


@dataclass(frozen=True)
class Request:
    """What is to be simulated. ``slower`` multiplies every time, as an accommodation does."""

    seed: int
    skills: Skills
    style: Style = "incremental"
    variant: Variant = "plain"
    slower: float = 1.0
    renamed: bool = False
    outage: bool = False
    mutants_noticed: float = NOTICED


@dataclass(frozen=True)
class Simulated:
    """A log, and what is known of it."""

    header: e.Header
    records: list[e.Record]
    truth: Truth

    def text(self) -> str:
        """The log as it is exported."""
        return log_text(self.header, self.records)


Works = Callable[[Teller, Dice, Voice, Request], tuple[Work, Review]]


def honest(teller: Teller, dice: Dice, voice: Voice, request: Request) -> tuple[Work, Review]:
    """Somebody who works as well as they can."""
    return Work(teller, dice, voice, request.style, outage=request.outage), Review(teller, dice, voice)


def simulate(request: Request, who: Works = honest) -> Simulated:
    """The interview that was asked for."""
    truth = Truth(request.seed, request.style, request.skills)
    dice, voice = Dice(request.seed, truth), Voice(request.seed, request.variant)
    header = _header(request)
    teller = Teller(header, request.seed, slower=request.slower, renamed=request.renamed)
    work, review = who(teller, dice, voice, request)
    _begin(teller, header)
    work.go()
    review.go(header.settings.review_minutes)
    teller.tell("system", e.InterviewSubmitted(by="candidate", late=False))
    _find_out(teller, dice, work, review, request.mutants_noticed)
    return Simulated(header, teller.records(), truth)


def _header(request: Request) -> e.Header:
    settings = e.InterviewSettings(
        minutes=MINUTES * request.slower, grace_s=60, provider="simulated", model="simulated-1",
        mode="agent" if request.style == "delegator" else "edit", brief_shared=False, co_edit=False,
        review_minutes=REVIEW_MINUTES * request.slower, delegation=request.style == "delegator",
    )  # fmt: skip
    return e.Header(
        id=f"simulated-{request.seed}", created_at_ms=BEGAN_MS + request.seed % 10_000 * 86_400_000,
        candidate=f"Simulated {request.seed}",
        exercise=lockers.pin(request.seed), settings=settings,
    )  # fmt: skip


def _begin(teller: Teller, header: e.Header) -> None:
    teller.tell(
        "system",
        e.KeyRecorded(
            requirements=lockers.REQUIREMENTS, defects=lockers.DEFECTS, brief_shared=False, brief=lockers.BRIEF
        ),
    )
    teller.tell("candidate", e.ConsentGiven(text_sha256=sha256_hex(b"simulated"), locale="en"))
    teller.tell("system", e.SandboxStarted(backend="simulated"))
    for path, text in lockers.files().items():
        teller.file("system", path, text, "starter")
    open_ms = int((header.settings.minutes - header.settings.review_minutes) * 60_000)
    teller.tell("candidate", e.InterviewStarted())
    teller.tell("system", e.PhaseStarted(phase="open", duration_ms=open_ms))
    teller.tell("candidate", e.TerminalOpened(terminal="t1", cols=80, rows=24))
    teller.tell("terminal", e.TerminalOutput(terminal="t1", data="$ ls\r\nlockers  tests\r\n$ "))
    teller.tell("terminal", e.CommandFinished(terminal="t1", command="ls", exit_code=0))


def _find_out(teller: Teller, dice: Dice, work: Work, review: Review, noticed: float) -> None:
    tests = [(atom.test, atom.id in work.honoured) for atom in lockers.ATOMS]
    tests += [(test, one.id not in work.flawed) for one in lockers.DEFECTS for test in one.tests]
    results = [
        {
            "id": f"hidden_tests/{test}",
            "outcome": "passed" if passed else "failed",
            "message": "" if passed else "assert",
        }
        for test, passed in tests
    ]
    grown: list[tuple[str, e.Json]] = [
        ("hidden_tests", {"tests": results, "passed": sum(passed for _, passed in tests), "total": len(tests)})
    ]
    if review.repaired:
        grown.append(("review_repairs", {"hunks": review.repaired}))
    hunks = {}
    for one in work.taken:
        reached = bool(one.runs) and dice.luck(f"reached/{one.hunk.partition('-')[2]}", REACHED)
        hunks[f"{one.suggestion}/{one.hunk}"] = {
            "lines": one.lines, "run": one.lines if reached else 0, "runs": one.runs[:1] if reached else [],
        }  # fmt: skip
    if hunks:
        grown.append(("accepted_coverage", {"hunks": hunks}))
    mutants = MUTANTS if work.own else 0
    killed = sum(dice.luck(f"mutant/{at}", noticed) for at in range(mutants))
    grown.append(("own_tests", {"mutants": mutants, "killed": killed}))
    for kind, result in grown:
        teller.tell("system", e.AnalysisRecorded(kind=kind, result=result, key=sha256_hex(f"{kind}{result}".encode())))
