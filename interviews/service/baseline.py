"""An exercise, solved by the assistant alone.

Owns one attempt: an interview like any other, whose candidate asks for the whole brief, accepts every proposal as it comes and adds
nothing of their own. Invariant: the assistant is given what a candidate could give it, in a sandbox of its own, and is graded as a
candidate is; an attempt that our side spoils is an error and counts as none. Leaves out what attempts mean
(``interviews.baseline``) and where they are kept.
"""

from __future__ import annotations

import time

from assistant.defects import name_of_test
from interviews import events as e
from interviews.baseline import Attempt, Baseline
from interviews.chain import sha256_hex
from interviews.errors import Conflict, PairsightError, PlatformFailure
from interviews.exercises import Exercise
from interviews.log import MemoryLog, random_salts
from interviews.service.grading import hidden_tests, submitted_files
from interviews.service.interview import Interview, Tools
from interviews.service.room import Room
from interviews.service.terms import models, require_possible

GO_ON = "Run the visible tests; go on until they pass."
MOST_FOLLOW_UPS = 3
# No clock ends an attempt: its rounds are counted, and each ends by itself.
MINUTES = 480
WAIT_S = 0.05


def settings_for(provider: str, model: str, budget_tokens: int = 0, budget_cents: int = 0) -> e.InterviewSettings:
    """On what terms an attempt is made: the assistant may do all it can, and the brief is its prompt."""
    return e.InterviewSettings(
        minutes=MINUTES,
        provider=provider,
        model=model,
        mode="agent",
        budget_tokens=budget_tokens,
        budget_cents=budget_cents,
    )


def attempt(exercise: Exercise, tools: Tools, settings: e.InterviewSettings, seed: int) -> Baseline:
    """Let the assistant try once; returns the baseline of that attempt alone.

    Raises ``BadInput`` where it cannot be asked here and now, ``PlatformFailure`` where the attempt came to no end of its own.
    """
    provider = tools.provider(settings.provider)
    require_possible(settings, provider, tools.cost)
    began = tools.clock()
    log = MemoryLog(tools.clock, random_salts())
    header = e.Header(
        id=tools.new_id(),
        created_at_ms=began,
        candidate=settings.provider,
        exercise=exercise.pin(seed),
        settings=settings,
    )
    log.create(header)
    room = Room(Interview(log, header, exercise, tools))
    try:
        rounds, ended = _work(room)
        files = submitted_files(room.interview)
    finally:
        room.close()
    outcomes = _counted(exercise, hidden_tests(tools.backend(), exercise, files, header.id))
    state = room.interview.state
    costs = [turn.cost_microusd for turn in state.turns]
    made = Attempt(
        at_ms=began, rate=sum(outcome == "passed" for outcome in outcomes.values()) / len(outcomes), tests=outcomes,
        rounds=rounds, tokens=state.spent_tokens, total_ms=tools.clock() - began, ended=ended,
        cost_microusd=None if None in costs else sum(cost or 0 for cost in costs),
    )  # fmt: skip
    return Baseline(
        exercise=header.exercise.id, version=header.exercise.version, sha256=header.exercise.sha256, provider=settings.provider,
        model=next(iter(models(settings, provider)), ""), attempts=(made,),
    )  # fmt: skip


def _counted(exercise: Exercise, result: e.Json) -> dict[str, str]:
    """Outcomes by test, without those that catch planted mistakes."""
    planted = {name_of_test(test) for defect in exercise.spec.defects for test in defect.tests}
    outcomes = {test["id"]: test["outcome"] for test in result["tests"] if name_of_test(test["id"]) not in planted}
    if not outcomes:
        raise PlatformFailure("The hidden tests of %(exercise)s have no results", exercise=exercise.spec.id)
    return outcomes


def _work(room: Room) -> tuple[int, str]:
    """Ask until the visible tests pass, nothing more is changed, or it was asked often enough; the rounds, and why they ended."""
    interview = room.interview
    # Without mistakes placed on purpose: what a scripted assistant would plant tells nothing of what it can do.
    room.consent(sha256_hex(b""), "en", plants=False)
    while not room.start():
        interview.tools.sleep(WAIT_S)
    prompt = interview.exercise.brief
    for rounds in range(1, MOST_FOLLOW_UPS + 2):
        changed = _round(room, prompt)
        if _visible_tests_pass(room):
            return rounds, "passed"
        if rounds > 1 and not changed:
            return rounds, "unchanged"
        prompt = GO_ON
    return rounds, "rounds"


def _round(room: Room, prompt: str) -> bool:
    """One prompt and its reply, every proposal accepted; whether that changed anything."""
    interview = room.interview
    try:
        turn = room.pairing.ask(prompt, [], None)
    except Conflict as error:
        raise PlatformFailure("The attempt cannot go on: %(why)s", why=str(error)) from None
    view = next(one for one in interview.state.turns if one.turn == turn)
    while view.status in ("waiting", "streaming") or room.pairing.answering(turn):
        time.sleep(WAIT_S)
    if view.status == "failed":
        raise PlatformFailure("The assistant did not answer: %(why)s", why=view.error)
    before = submitted_files(interview)
    for suggestion in view.suggestions:
        for hunk in room.proposals.decide_all(suggestion, "accepted", "", None):
            _accept_anew(room, suggestion, hunk)
    return submitted_files(interview) != before


def _accept_anew(room: Room, suggestion: str, hunk: str) -> None:
    """What fits no longer is made anew, as the candidate's page offers; what fits nowhere stays open."""
    try:
        room.proposals.refresh(suggestion, hunk, None)
        room.proposals.decide(suggestion, hunk, "accepted", "", None)
    except PlatformFailure:
        raise
    except PairsightError:
        return


def _visible_tests_pass(room: Room) -> bool:
    run = room.run(None)
    while (view := next(one for one in room.interview.state.runs if one.run == run)).finished_seq is None:
        time.sleep(WAIT_S)
    return view.exit_code == 0
