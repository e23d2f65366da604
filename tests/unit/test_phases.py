"""From open work to the review and to the end: what follows what, by whose hand, and what the candidate's page is sent of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from interviews import events as e
from interviews import exercises
from interviews.errors import BadInput, NotAllowed, NotFound, PairsightError
from interviews.log import ClientKey, Draft, MemoryLog
from interviews.reviews import change_request
from interviews.service import editing, redaction
from interviews.service.clock import pause
from interviews.service.grading import debrief, submitted_files
from interviews.service.interview import Interview, Tools
from interviews.service.phases import BETWEEN_MS, OPEN_WORK, REVIEW, due, following, phases
from interviews.service.reviewing import free_folder
from interviews.service.room import Room
from interviews.state import State
from interviews.text import length
from interviews.timeline import remaining_ms
from interviews.visibility import hidden, wire
from tests.product import wait
from tests.support import TAB, counting_salt, tools

EXERCISE = exercises.load("prompted-playlists")
START = 1_700_000_000_000
MINUTE_MS = 60_000
SETTINGS = e.InterviewSettings(minutes=28, review_minutes=15, grace_s=60, delegation=True)


class Hand:
    """An interview in open work, without a sandbox, and a clock that is set by hand."""

    def __init__(self, seed: int = 7, plants: bool = True, settings: e.InterviewSettings = SETTINGS) -> None:
        self.ms = START
        self.log = MemoryLog(lambda: self.ms, counting_salt())
        self.log.create(
            e.Header(id="i1", created_at_ms=START, candidate="Ada", exercise=EXERCISE.pin(seed), settings=settings)
        )
        self.room = Room(Interview(self.log, self.log.header("i1"), EXERCISE, self.tools()))
        self.room.consent("0" * 64, "en", plants)
        self.interview.record(
            *(Draft("system", editing.snapshot(path, 1, text, "starter")) for path, text in EXERCISE.workspace.items()),
            Draft("system", e.InterviewStarted()),
            self.room.course.started(self.room.course.planned[0]),
        )

    def tools(self) -> Tools:
        return replace(tools(), clock=lambda: self.ms, sleep=time.sleep)

    @property
    def interview(self) -> Interview:
        return self.room.interview

    @property
    def state(self) -> State:
        return self.interview.state

    @property
    def status(self) -> str:
        return self.state.status

    @property
    def records(self) -> list[e.Record]:
        return self.log.read("i1")

    def types(self, since: int = 0) -> list[str]:
        return [record.type for record in self.records if record.seq > since]

    def go(self, minutes: float) -> None:
        """So much time goes by; then the clock is looked at."""
        self.ms += int(minutes * MINUTE_MS)
        self.room.tick()

    def between(self) -> Hand:
        self.room.next_phase(None)
        self.room.flushed()
        assert self.status == "between"
        return self

    def review(self) -> Hand:
        self.between().room.next_phase(None)
        assert (self.status, self.state.phase) == ("running", REVIEW)
        return self

    def judge(self, hunk: str, verdict: object = "block", **said: object) -> None:
        review = self.state.review
        assert review is not None
        self.room.reviewing.judge(
            review.review, hunk, verdict, said.get("line", 0), said.get("fault", ""), said.get("repair"),
            said.get("key"),  # type: ignore[arg-type]  # what a test says
        )  # fmt: skip

    def planted(self) -> dict[str, str]:
        """Hunk and defect of each planted mistake."""
        notes = change_request(EXERCISE, self.interview.header.exercise.seed, self.state.plants).notes
        return {note.hunk: note.defect for note in notes if note.defect is not None}

    def sound(self) -> list[str]:
        review = self.state.review
        assert review is not None
        return [hunk["hunk"] for hunk in review.hunks if hunk["hunk"] not in self.planted()]

    def sent(self, since: int = 0) -> list[dict[str, object]]:
        """What the candidate's page is sent."""
        return [wire("candidate", record) for record in self.records if record.seq > since]


# What follows what


def test_a_review_follows_where_the_exercise_brings_one_and_there_is_time_for_it() -> None:
    assert phases(SETTINGS, EXERCISE) == ((OPEN_WORK, 28 * MINUTE_MS), (REVIEW, 15 * MINUTE_MS))
    alone = ((OPEN_WORK, 28 * MINUTE_MS),)
    assert phases(SETTINGS.model_copy(update={"review_minutes": 0}), EXERCISE) == alone
    assert phases(SETTINGS, EXERCISE.model_copy(update={"review": None})) == alone
    planned = phases(SETTINGS, EXERCISE)
    assert following(planned, OPEN_WORK) == planned[1]
    assert following(planned, REVIEW) is None and following(planned, "") is None


def test_the_clock_ends_a_phase_then_its_grace_then_the_time_to_read() -> None:
    running = State(status="running", phase=OPEN_WORK, phase_started_ms=START, phase_duration_ms=1000)
    assert due(running, START + 999, 500, 0) == "" and due(running, START + 1000, 500, 0) == "end"
    assert due(replace(running, paused_ms=START + 10), START + 5000, 500, 0) == ""
    grace = replace(running, status="grace", phase_ended_ms=START + 1000)
    assert due(grace, START + 1499, 500, 0) == "" and due(grace, START + 1500, 500, 0) == "go on"
    assert due(grace, START + 1500, 500, START + 1400) == ""
    between = replace(grace, status="between", offered_ms=START + 2000)
    assert due(between, START + 1999 + BETWEEN_MS, 500, 0) == ""
    assert due(between, START + 2000 + BETWEEN_MS, 500, 0) == "begin"
    assert due(between, START + 2000 + BETWEEN_MS, 500, START + 3000) == ""
    for status in ("invited", "ready", "submitted", "finished"):
        assert due(replace(running, status=status), START + 10**9, 0, 0) == ""


# By the candidate's hand


def test_the_candidate_goes_on_early_and_what_was_left_is_dropped() -> None:
    hand = Hand()
    hand.go(10)
    hand.room.next_phase(None)
    assert hand.status == "grace"
    # What had not reached us yet is still taken.
    view = hand.state.files["playlists/builder.py"]
    update = editing.Update.model_validate({"clientID": "tab", "changes": [[0, "# late"], length(view.text or "")]})
    editing.push(hand.interview, "playlists/builder.py", 1, [update], TAB, None)
    hand.room.flushed()
    assert (hand.status, hand.state.next_phase, hand.state.next_phase_ms) == ("between", REVIEW, 15 * MINUTE_MS)
    hand.go(3)
    assert hand.status == "between"
    hand.room.next_phase(None)
    assert (hand.status, hand.state.phase, hand.state.lost_ms) == ("running", REVIEW, 0)
    assert remaining_ms(hand.state, hand.ms) == 15 * MINUTE_MS
    assert [record.actor for record in hand.records if record.type == "phase.started"] == ["system", "candidate"]


def test_between_two_phases_nothing_can_be_done_but_begin() -> None:
    hand = Hand().between()
    before = hand.state.seq
    room, interview = hand.room, hand.interview
    update = editing.Update.model_validate({"clientID": "tab", "changes": [[0, "x"]]})
    acts: list[Callable[[], object]] = [
        lambda: editing.push(interview, "playlists/builder.py", 1, [update], TAB, None),
        lambda: editing.create(interview, "new.py", TAB, None),
        lambda: room.pairing.ask("Hello", [], None),
        lambda: room.proposals.decide("s1", "h1", "accepted", "", None),
        lambda: room.delegation.open("A ticket", "Do it.", [], None, None),
        lambda: room.reviewing.judge("history", "v1", "block", 0, "", None, None),
        lambda: room.run(None),
        room.terminals,
        lambda: room.submit("candidate"),
        lambda: room.submit("candidate", everything=True),
    ]
    for act in acts:
        with pytest.raises(NotAllowed, match="when you begin the next"):
            act()
    room.flushed()
    assert hand.state.seq == before


def test_a_step_that_is_sent_again_is_taken_once() -> None:
    hand = Hand()
    end, begin = ClientKey("tab", 1), ClientKey("tab", 2)
    hand.room.next_phase(end)
    hand.room.flushed()
    hand.room.next_phase(end)
    assert hand.status == "between"
    hand.room.next_phase(begin)
    hand.room.next_phase(begin)
    assert hand.types().count("phase.started") == 2 and hand.types().count("review.opened") == 1
    with pytest.raises(NotAllowed, match="last part"):
        hand.room.next_phase(ClientKey("tab", 3))


def test_a_word_that_was_to_end_what_is_over_begins_nothing() -> None:
    hand = Hand()
    hand.room.next_phase(None, ends=OPEN_WORK)
    assert hand.status == "grace"
    hand.room.next_phase(None, ends=OPEN_WORK)
    hand.room.flushed()
    hand.room.next_phase(None, ends=OPEN_WORK)
    assert hand.status == "between", "the clock of the review starts at the candidate's word alone"
    hand.room.next_phase(None, begins=REVIEW)
    assert (hand.status, hand.state.phase) == ("running", REVIEW)
    seq = hand.state.seq
    hand.room.next_phase(None, ends=OPEN_WORK)
    hand.room.next_phase(None, begins=REVIEW)
    assert hand.state.seq == seq


def test_nothing_is_ended_by_a_word_that_was_to_begin_something() -> None:
    hand = Hand()
    with pytest.raises(NotAllowed, match="when this one is over"):
        hand.room.next_phase(None, begins=REVIEW)
    with pytest.raises(NotAllowed, match="when this one is over"):
        hand.room.next_phase(None, ends=REVIEW)
    for meant in ({"ends": "lunch"}, {"begins": 3}, {"ends": OPEN_WORK, "begins": REVIEW}):
        with pytest.raises(BadInput, match="one of the phases open, review"):
            hand.room.next_phase(None, **meant)
    assert (hand.status, hand.state.phase) == ("running", OPEN_WORK)
    hand.review()
    with pytest.raises(NotAllowed, match="last part"):
        hand.room.next_phase(None, ends=REVIEW)


def test_submitting_ends_open_work_alone_unless_everything_is_to_end() -> None:
    hand = Hand()
    hand.room.submit("candidate", ClientKey("tab", 1))
    assert hand.status == "grace"
    hand.room.flushed()
    hand.room.next_phase(None)
    hand.room.submit("candidate", ClientKey("tab", 2))
    assert hand.types()[-2:] == ["phase.ended", "interview.submitted"] or hand.status in ("submitted", "finished")
    assert hand.types().count("phase.ended") == 2

    other = Hand()
    other.room.submit("candidate", ClientKey("tab", 1), everything=True)
    assert "interview.submitted" in other.types() and "review.opened" not in other.types()


def test_without_a_review_all_is_as_it_was() -> None:
    hand = Hand(settings=SETTINGS.model_copy(update={"review_minutes": 0}))
    with pytest.raises(NotAllowed, match="last part"):
        hand.room.next_phase(None)
    hand.room.submit("candidate")
    assert "interview.submitted" in hand.types() and "phase.offered" not in hand.types()


def test_a_reply_under_way_is_stopped_at_the_end_of_open_work() -> None:
    hand = Hand()
    hand.interview.tools = replace(hand.tools(), pace=1000.0)
    turn = hand.room.pairing.ask("What does this program do?", [], None)
    hand.room.next_phase(None)
    wait(lambda: not hand.room.pairing.answering(turn))
    assert hand.state.turns[0].stop_reason == "stopped"


def test_a_ticket_under_way_is_stopped_too_and_what_nobody_decided_stays_open() -> None:
    hand = Hand()
    offer(hand, "s1", None)
    hand.interview.tools = replace(hand.tools(), pace=1000.0)
    ticket = hand.room.delegation.open("Explain", "What does this program do?", [], None, None)
    hand.room.next_phase(None)
    wait(lambda: not hand.room.delegation.working(ticket))
    assert hand.state.tickets[ticket].status != "working"
    hand.room.flushed()
    hand.room.next_phase(None)
    assert hand.state.suggestions["s1"].decisions == {}


# By the clock


def test_by_the_clock_alone_it_comes_to_its_end() -> None:
    hand = Hand()
    hand.go(28)
    assert hand.status == "grace"
    hand.go(0.5)
    assert hand.status == "grace"
    hand.go(0.5)
    wait(lambda: hand.status == "between")
    hand.go(4.9)
    assert hand.status == "between"
    hand.go(0.1)
    wait(lambda: hand.state.phase == REVIEW)
    assert [record.actor for record in hand.records if record.type == "phase.started"] == ["system", "system"]
    # There is no sandbox: the clock of the review stands until there is.
    hand.go(60)
    assert hand.status == "running" and remaining_ms(hand.state, hand.ms) == 15 * MINUTE_MS


def test_time_lost_in_open_work_is_not_given_to_the_review() -> None:
    hand = Hand()
    pause(hand.interview, "assistant", "slow")
    hand.go(5)
    hand.room.next_phase(None)
    hand.room.flushed()
    hand.go(2)
    hand.room.next_phase(None)
    assert hand.state.lost_ms == 0 and remaining_ms(hand.state, hand.ms) == 15 * MINUTE_MS


# The review


def test_the_program_is_laid_out_and_what_is_known_of_it_is_withheld() -> None:
    hand = Hand().review()
    request = change_request(EXERCISE, 7, True)
    laid = {path: view.text for path, view in hand.state.files.items() if path.startswith("review/")}
    assert laid == {f"review/{path}": text for path, text in request.files.items()}
    review = hand.state.review
    assert review is not None and review.folder == "review"
    assert [hunk["hunk"] for hunk in review.hunks] == [hunk.hunk for hunk in request.hunks]
    assert all(hunk["base_version"] == 0 and not hunk["path"].startswith("review/") for hunk in review.hunks)
    # By their number a page could count the mistakes.
    opened = next(record.seq for record in hand.records if record.type == "review.opened")
    later = [record.type for record in hand.records if record.seq > opened]
    assert later[0] == "review.annotated" and not hidden("candidate") & set(later[1:])
    assert set(submitted_files(hand.interview)) == set(EXERCISE.workspace)


def test_a_review_that_cannot_be_laid_out_does_not_keep_an_interview_from_its_end() -> None:
    hand = Hand().between()

    def broken(phase: object) -> list[Draft]:
        raise BadInput("Expected %(path)s, got nothing", path="review/base")

    hand.room.course._opening = broken
    with pytest.raises(BadInput):
        hand.room.next_phase(None)
    assert hand.status == "between"
    hand.go(BETWEEN_MS / MINUTE_MS)
    wait(lambda: "interview.submitted" in hand.types())
    assert "review.opened" not in hand.types()


def test_what_is_graded_of_open_work_is_what_stood_at_its_end() -> None:
    hand = Hand()
    editing.create(hand.interview, "early.py", TAB, None)
    hand.review()
    editing.create(hand.interview, "late.py", TAB, None)
    assert {"early.py", "late.py"} <= set(hand.state.files)
    assert set(submitted_files(hand.interview)) == {*EXERCISE.workspace, "early.py"}


def test_what_is_blotted_out_after_open_work_takes_none_of_it_along() -> None:
    hand = Hand()
    path = "playlists/builder.py"
    start = hand.state.files[path]
    text = start.text or ""
    for number, added in enumerate(("# hunter2-hunter2\n", "# my work\n"), start=start.version):
        update = editing.Update.model_validate({"clientID": "tab", "changes": [[0, *added.split("\n")], length(text)]})
        editing.push(hand.interview, path, number, [update], TAB, None)
        text = hand.state.files[path].text or ""
    hand.review()
    asked = redaction.read_redaction("hunter2-hunter2", None, "a secret")
    redaction.redact(hand.room, "interviewer:interviewer", asked)
    graded = submitted_files(hand.interview)[path]
    assert "# my work\n" in graded and "hunter2" not in graded
    assert not any(name.startswith("review/") for name in submitted_files(hand.interview))


def test_a_step_that_comes_late_ends_nothing_that_has_begun_meanwhile() -> None:
    hand = Hand().review()
    hand.room._go_on()
    assert (hand.status, hand.state.phase) == ("running", REVIEW)


def test_a_folder_of_the_candidates_own_stays_theirs() -> None:
    hand = Hand()
    editing.create(hand.interview, "review/mine.py", TAB, None)
    hand.review()
    review = hand.state.review
    assert review is not None and review.folder == "review-2"
    assert hand.state.files["review/mine.py"].text == "" and "review-2/pyproject.toml" in hand.state.files
    assert "review/mine.py" in submitted_files(hand.interview)
    assert free_folder("review", ["review", "review-2/a.py"]) == "review-3"


def test_whoever_chose_so_gets_the_same_change_without_mistakes() -> None:
    hand, other = Hand(plants=False).review(), Hand().review()
    mine, theirs = hand.state.review, other.state.review
    assert mine is not None and theirs is not None
    assert [hunk["hunk"] for hunk in mine.hunks] == [hunk["hunk"] for hunk in theirs.hunks]
    assert hand.planted() == {} and "defect.traced" not in hand.types()
    assert other.planted() and sum(a != b for a, b in zip(mine.hunks, theirs.hunks, strict=True)) == len(
        other.planted()
    )


def test_a_verdict_is_recorded_once_and_replaces_the_one_before() -> None:
    hand = Hand().review()
    key = ClientKey("tab", 9)
    hand.judge("v1", "probably right", key=key)
    hand.judge("v1", "probably right", key=key)
    hand.judge("v1", "block", line=1, fault="  off by one ", repair="x\r\ny\n")
    review = hand.state.review
    assert review is not None and hand.types().count("hunk.judged") == 2
    verdict = {name: value for name, value in review.verdicts["v1"].items() if name != "seq"}
    assert verdict == {"verdict": "block", "line": 1, "fault": "off by one", "repair": "x\ny\n", "late": False}


@pytest.mark.parametrize(
    ("hunk", "verdict", "said", "error"),
    [
        ("v0", "block", {}, NotFound), (None, "block", {}, NotFound), ("v1", "wrong", {}, BadInput),
        ("v1", None, {}, BadInput), ("v1", "block", {"line": -1}, BadInput), ("v1", "block", {"line": 10**6}, BadInput),
        ("v1", "block", {"line": True}, BadInput), ("v1", "block", {"line": "1"}, BadInput),
        ("v1", "block", {"fault": "x" * 2001}, BadInput), ("v1", "block", {"fault": 3}, BadInput),
        ("v1", "block", {"repair": "x" * 20_001}, BadInput), ("v1", "block", {"repair": 3}, BadInput),
    ],
)  # fmt: skip
def test_a_verdict_that_does_not_fit_is_told_and_not_recorded(
    hunk: str, verdict: object, said: dict[str, object], error: type[PairsightError]
) -> None:
    hand = Hand().review()
    before = hand.state.seq
    with pytest.raises(error):
        hand.judge(hunk, verdict, **said)
    assert hand.state.seq == before


def test_verdicts_are_given_in_the_review_and_not_after_it() -> None:
    hand = Hand()
    with pytest.raises(NotAllowed, match="nothing to review"):
        hand.room.reviewing.judge("history", "v1", "block", 0, "", None, None)
    hand.review()
    hand.judge("v2", "merge")
    hand.interview.record(Draft("system", e.PhaseEnded(phase=REVIEW, by="clock")))
    # On its way when time was up.
    hand.judge("v1", fault="off by one")
    review = hand.state.review
    assert review is not None
    assert {hunk: one["late"] for hunk, one in review.verdicts.items()} == {"v1": True, "v2": False}
    hand.interview.record(Draft("system", e.InterviewSubmitted(by="clock", late=False)))
    with pytest.raises(NotAllowed, match="has been submitted"):
        hand.judge("v1")


# What the candidate's page can tell


def test_the_page_is_sent_the_same_whatever_is_planted() -> None:
    def shape(hand: Hand) -> list[tuple[object, ...]]:
        return [(one["seq"], one["type"], one["cause"], one["actor"]) for one in hand.sent()]

    hands = [Hand(seed).review() for seed in range(6)]
    assert len({tuple(sorted(hand.planted().values())) for hand in hands}) > 1
    assert all(shape(hand) == shape(hands[0]) for hand in hands)


def test_a_verdict_tells_the_page_nothing_of_what_it_met() -> None:
    hand = Hand().review()
    flawed, good = next(iter(hand.planted())), hand.sound()[0]
    told: list[list[object]] = []
    for hunk in (flawed, good):
        before = hand.state.seq
        hand.judge(hunk, "merge")
        told.append([one["type"] for one in hand.sent(before)])
    assert told == [["hunk.judged"], ["hunk.judged"]]


def offer(hand: Hand, suggestion: str, defect: str | None) -> None:
    """A proposal of one new file, and what the exercise knows of it."""
    hunk = e.Hunk(hunk="h1", path=f"{suggestion}.py", base_version=0, line=1, before="", after="x = 1\n")
    hand.interview.record(
        Draft("assistant", e.SuggestionOffered(suggestion=suggestion, turn="a1", title="One", hunks=(hunk,))),
        Draft("assistant", e.SuggestionAnnotated(suggestion=suggestion, hunks=(e.HunkNote(hunk="h1", defect=defect),))),
    )


def test_a_decision_in_open_work_tells_the_page_nothing_either() -> None:
    hand, told = Hand(), []
    for suggestion, defect in (("s1", EXERCISE.spec.defects[0].id), ("s2", None)):
        offer(hand, suggestion, defect)
        before = hand.state.seq
        hand.room.proposals.decide(suggestion, "h1", "accepted", "", None)
        told.append([one["type"] for one in hand.sent(before)])
    assert told[0] == told[1] == ["suggestion.decided", "file.snapshotted"]


def test_what_became_of_each_is_told_at_the_end() -> None:
    hand = Hand()
    shown, taken = EXERCISE.spec.defects[:2]
    offer(hand, "s1", shown.id)
    offer(hand, "s2", taken.id)
    hand.room.proposals.decide("s1", "h1", "rejected", "", None)
    hand.room.proposals.decide("s2", "h1", "accepted", "", None)
    hand.review()
    mended, passed, *rest = hand.planted().items()
    hand.judge(mended[0], "block", repair="x\n")
    hand.judge(passed[0], "probably right")
    result = {"hunks": {mended[0]: {"repaired": True}}}
    hand.interview.record(
        Draft(
            "system", e.AnalysisRecorded(kind="hidden_tests", result={"tests": [{"id": "test_a", "outcome": "failed"}]})
        ),
        Draft("system", e.AnalysisRecorded(kind="review_repairs", result=result)),
    )
    *traced, told = [draft.data for draft in debrief(hand.interview)]
    assert isinstance(told, e.DebriefShown)
    steps = {(one.defect, one.stage) for one in traced if isinstance(one, e.DefectTraced)}
    assert len(steps) == len(traced)
    assert steps == {
        (shown.id, "planted"), (shown.id, "exposed"), (shown.id, "judged"),
        (taken.id, "planted"), (taken.id, "exposed"), (taken.id, "judged"), (taken.id, "escaped"),
        *((one, stage) for one in hand.planted().values() for stage in ("planted", "exposed")),
        (mended[1], "judged"), (mended[1], "repaired"), (passed[1], "judged"), (passed[1], "escaped"),
    }  # fmt: skip
    outcomes = {item.defect: item.outcome for item in told.items if item.phase == "review"}
    assert outcomes == {mended[1]: "repaired", passed[1]: "let through", **{one[1]: "not judged" for one in rest}}
    review = next(record for record in hand.records if record.type == "review.opened")
    about = [one.about_seq for one in traced if isinstance(one, e.DefectTraced) and one.stage in ("planted", "exposed")]
    assert about.count(review.seq) == 2 * len(hand.planted())
    # In the log they are never traced twice.
    hand.interview.record(*debrief(hand.interview))
    assert len(debrief(hand.interview)) == 1
