"""Makes the golden log: one whole interview that holds every event type, and the scorecard expected for it.

Owns ``v1.ndjson`` and ``v1.scorecard.json``, and beside them what version 1 has gained since, each time in a log of its own
(``GROWN``). Invariant: clock, ids and salts are fixed, so a second run writes the same bytes. A log that was once written is
never made anew: what the events gain goes into one more, and a later version reads them all. Run
``python -m tests.golden.make`` after a change of what the scorecard should be, and read the difference.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.ndjson import read_log, write_log
from rubrics import registry
from rubrics.base import LogView
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.story import Story, hunk, note

FOLDER = Path(__file__).resolve().parent
LOG = FOLDER / "v1.ndjson"
GROWN = FOLDER / "v1-grown.ndjson"
GROWN_AGAIN = FOLDER / "v1-grown-again.ndjson"
GROWN_PAIRED = FOLDER / "v1-paired.ndjson"
GROWN_REVIEWED = FOLDER / "v1-reviewed.ndjson"
GROWN_RATED = FOLDER / "v1-rated.ndjson"
GROWN_BRIEFED = FOLDER / "v1-briefed.ndjson"
GROWN_LATE = FOLDER / "v1-late.ndjson"
CARD = FOLDER / "v1.scorecard.json"

FEES = '''"""What a stay in the car park costs."""

HOURLY_CENTS = 250


def fee_cents(minutes):
    return minutes // 60 * HOURLY_CENTS
'''
TEST = """from parking.fees import fee_cents


def test_two_hours():
    assert fee_cents(120) == 500


def test_started_hour():
    assert fee_cents(61) == 500
"""
DRAFT = """def fee_cents(minutes):
    hours = -(-minutes // 60)
    return min(hours * HOURLY_CENTS, DAY_CENTS)
"""
REFUSES = """    if minutes < 0:
        raise ValueError("A stay cannot be negative")
"""
REQUIREMENTS = (
    e.Requirement(
        id="started", text="A started hour counts in full.", tests=("test_fees.py::test_started",),
        patterns=(r"\b(?:started|begun|partial) hours?\b", r"\bround\w* up\b"),
    ),
    e.Requirement(
        id="cap", text="A day never costs more than 20 euros.", tests=("test_fees.py::test_cap",),
        patterns=(r"\b(?:cap|maximum|at most|never more than)\b.{0,40}\b(?:day|20|euros?)\b",),
    ),
    e.Requirement(
        id="grace", text="The first ten minutes are free.", tests=("test_fees.py::test_grace",),
        patterns=(r"\b(?:first|initial)\b.{0,20}\bminutes\b.{0,20}\bfree\b",),
    ),
    e.Requirement(
        id="negative", text="A negative stay is refused.", tests=("test_fees.py::test_negative",),
        patterns=(r"\bnegative\b", r"\bbelow zero\b"),
    ),
)  # fmt: skip
# What the review block shows: eighteen one-line changes, of which eight are planted.
FLAWED = (1, 4, 7, 9, 12, 14, 16, 17)
DEFECTS = tuple(
    e.Defect(
        id=f"flaw{at}", kind="boundary", title=f"Rate {at} is off by one", explanation="The last minute is not charged.",
        fix="Count the last minute.", path="parking/rates.py", patterns=(rf"\brate.?{at}\b.{{0,40}}\blast minute\b",),
        tests=(f"hidden_tests/test_rates.py::test_rate_{at}",),
    )
    for at in FLAWED
)  # fmt: skip
RATES = "".join(f"rate_{at} = 0\n" for at in range(18))

HEADER = e.Header(
    id="golden-1",
    created_at_ms=1_700_000_000_000,
    candidate="Zoë Ångström 🚗",
    exercise=e.ExercisePin(id="car-park", version=1, sha256="c0" * 32, seed=7, title="Car park"),
    settings=e.InterviewSettings(minutes=40, grace_s=60),
)
# Every setting by name, as the product wrote a header at that time.
CO_EDITED = HEADER.model_copy(
    update={
        "id": "golden-3",
        "settings": e.InterviewSettings(
            minutes=40, grace_s=60, provider="scripted", model="", mode="edit", brief_shared=False, co_edit=True
        ),
    }
)
PAIRED = HEADER.model_copy(
    update={
        "id": "golden-4",
        "settings": e.InterviewSettings(
            minutes=40, grace_s=60, provider="anthropic", model="large", mode="agent", brief_shared=True, co_edit=False,
            tree_shared=False, models=("large", "small"), budget_tokens=500_000, budget_cents=300,
        ),
    }
)  # fmt: skip

REVIEWED = HEADER.model_copy(
    update={
        "id": "golden-5",
        "settings": e.InterviewSettings(
            minutes=28, grace_s=60, provider="scripted", model="", mode="edit", brief_shared=False, co_edit=False,
            tree_shared=True, models=(), budget_tokens=0, budget_cents=0, review_minutes=15, delegation=True,
        ),
    }
)  # fmt: skip
RATED = HEADER.model_copy(update={"id": "golden-6", "settings": REVIEWED.settings})
BRIEFED = HEADER.model_copy(update={"id": "golden-7", "settings": REVIEWED.settings})
LATE = HEADER.model_copy(update={"id": "golden-8", "settings": REVIEWED.settings})
BLOCK = (
    e.Defect(
        id="last-minute", kind="off-by-one", title="The last minute is free", explanation="It counts to the last but one.",
        fix="Count the last minute.", path="parking/bills.py", patterns=(r"\blast minute\b",),
        tests=("hidden_tests/test_bills.py::test_last_minute",), patch="review/defects/last-minute.patch",
    ),
    e.Defect(
        id="weak-test", kind="weakened test", title="A test asserts nothing", explanation="It compares a bill with itself.",
        fix="Compare it with what it should be.", path="tests/test_bills.py", patterns=(r"\bitself\b",),
        patch="review/defects/weak-test.patch", mutant="review/mutants/weak-test.patch",
    ),
)  # fmt: skip


def begin(story: Story) -> None:
    """Up to the first key pressed."""
    story.tell(
        "system",
        e.KeyRecorded(requirements=REQUIREMENTS, defects=DEFECTS, brief_shared=False),
        e.SandboxStarted(backend="bubblewrap", weaker=("memory is watched, not limited",)),
    )
    story.file("system", "parking/fees.py", FEES, "starter")
    story.file("system", "parking/rates.py", RATES, "starter")
    story.file("system", "tests/test_fees.py", TEST, "starter")
    story.tell(
        "system",
        e.FileSnapshotted(
            path="logo.png", version=1, text=None, size=4, sha256=sha256_hex(b"\x89PNG"), origin="starter"
        ),
    )
    story.tell("candidate", e.PresenceChanged(role="candidate", client="tab-1", state="connected"))
    story.tell("interviewer:Mo", e.PresenceChanged(role="interviewer", client="tab-2", state="connected"))
    story.tell("candidate", e.ConsentGiven(text_sha256=sha256_hex(b"consent"), locale="sv"), e.InterviewStarted())
    story.tell("system", e.PhaseStarted(phase="open", duration_ms=2_400_000))


def open_work(story: Story) -> None:
    """Pairing: a miss, a failed reply, a stated and an unstated requirement, a correction, a resolved failure."""
    story.tell("candidate", e.TerminalOpened(terminal="t1", cols=80, rows=24))
    story.tell("terminal", e.TerminalOutput(terminal="t1", data="$ ls\r\n\x1b[1mparking\x1b[0m  tests 🚗\r\n$ "))
    story.tell("candidate", e.TerminalResized(terminal="t1", cols=100, rows=30))
    story.tell("terminal", e.CommandFinished(terminal="t1", command="ls", exit_code=0))
    started = ("tests/test_fees.py::test_started_hour", "AssertionError: assert 250 == 500")
    story.run("r1", started)
    story.edit("parking/fees.py", '"""What', '# Negative stays are refused. 🚫\n"""What', "typed")

    story.ask("a1", "Sing me a song")
    story.answer("a1", "I have no answer to that.", miss=True)
    story.ask("a2", "Please make the thing work properly.")
    story.tell("system", e.ClockPaused(reason="The assistant has not answered yet"))
    story.tell("assistant", e.ReplyFailed(turn="a2", reason="The provider did not answer"))
    story.tell("system", e.ClockResumed(lost_ms=8_000))

    story.ask("a3", "In fee_cents every started hour must count in full, see test_started_hour.", "parking/fees.py")
    story.tell(
        "assistant",
        e.ToolCalled(turn="a3", tool="read", input={"path": "parking/fees.py"}, output="ok", ok=True),
    )
    draft = hunk("a3.1.h1", "parking/fees.py", 7, FEES[FEES.index("def fee_cents") :], DRAFT, base=2)
    refuse = hunk("a3.1.h2", "parking/fees.py", 8, "", REFUSES, base=2)
    seq = story.offer(
        "a3", "a3.1", "Count started hours",
        (draft, note("a3.1.h1", "started cap grace", "started")), (refuse, note("a3.1.h2", "negative", "negative")),
    )  # fmt: skip
    story.answer("a3", "Here is a fee that counts **started** hours.")
    story.accept("a3.1", draft, seq)
    story.edit("parking/fees.py", "    hours =", REFUSES + "    hours =", "hunk", cause=story.tell(
        "candidate", e.SuggestionDecided(suggestion="a3.1", hunk="a3.1.h2", decision="accepted"), cause=seq
    ))  # fmt: skip
    story.run("r2", (started[0], "NameError: name 'DAY_CENTS' is not defined"))

    story.ask(
        "a4", "test_started_hour fails with NameError: name 'DAY_CENTS' is not defined. A day costs at most 20 euros."
    )
    cap = hunk(
        "a4.1.h1", "parking/fees.py", 4, "HOURLY_CENTS = 250\n", "HOURLY_CENTS = 250\nDAY_CENTS = 2_000\n", base=4
    )
    seq = story.offer("a4", "a4.1", "Cap a day", (cap, note("a4.1.h1", "cap", "cap")))
    story.answer("a4", "A day is capped now.")
    story.accept("a4.1", cap, seq)
    story.run("r3")
    story.ask("a5", "thanks!")
    story.answer("a5", "You are welcome.")
    story.ask("a6", "can you make it nicer")
    story.answer("a6", "It reads well as it is.")
    story.tell(
        "interviewer:Mo", e.NoteAdded(text="States what a day may cost only after the first draft.", about_seq=40)
    )


def mishaps(story: Story) -> None:
    """What can go wrong on the platform's side, and the other origins of edits."""
    story.file("candidate", "notes.md", "", "typed")
    story.edit("notes.md", "", "- naïve 🚗 idea\n", "paste")
    story.edit("notes.md", "naïve 🚗 ", "", "undo")
    story.edit("notes.md", "idea", "question", "co-edit")
    story.edit("notes.md", "question", "answer", "terminal")
    story.tell("system", e.SyncFailed(path="notes.md", reason="The workspace is full"))
    story.tell("candidate", e.FileDeleted(path="notes.md", origin="typed"))
    story.files.pop("notes.md")
    story.tell("system", e.SandboxLost(reason="The sandbox ended"))
    story.tell("system", e.SandboxStarted(backend="bubblewrap"))
    story.tell("terminal", e.TerminalClosed(terminal="t1", exit_code=137))
    story.tell("candidate", e.PresenceChanged(role="candidate", client="tab-1", state="away"))


def review(story: Story) -> None:
    """Eight of eighteen changes are planted: four named, one repaired, two let in, one rejected without a reason."""
    story.tell(
        "system", e.PhaseEnded(phase="open", by="candidate"), e.PhaseStarted(phase="review", duration_ms=900_000)
    )
    story.ask("b1", "Please fill in parking/rates.py for eighteen zones.")
    hunks = [
        (
            hunk(f"b1.1.h{at}", "parking/rates.py", at + 1, f"rate_{at} = 0\n", f"rate_{at} = {100 + at}\n"),
            note(f"b1.1.h{at}", defect=f"flaw{at}" if at in FLAWED else None),
        )
        for at in range(18)
    ]
    seq = story.offer("b1", "b1.1", "Rates of all zones", *hunks)
    story.answer("b1", "Eighteen rates, please review them.")
    reasons = {
        1: "rate 1 forgets the last minute", 4: "rate_4: the last minute is lost", 7: "hm", 9: "",
        16: "rate 16 leaves out the last minute", 3: "not my style", 5: "this is wrong",
    }  # fmt: skip
    for at, (content, _) in enumerate(hunks):
        if at in reasons:
            story.reject("b1.1", content.hunk, reasons[at], seq)
        else:
            story.accept("b1.1", content, seq)
    story.ask("b2", "In parking/rates.py, rate 7 leaves out the last minute.")
    story.answer("b2", "You are right.")
    story.edit("parking/rates.py", "rate_12 = 112", "rate_12 = 113", "typed")
    story.tell("terminal", e.TerminalOpened(terminal="t2", cols=80, rows=24))
    story.tell("terminal", e.CommandFinished(terminal="t2", command="python3 -m pytest -q", exit_code=0))


def end(story: Story) -> None:
    """Submission by the clock, grading, debrief, scores."""
    story.tell("system", e.PhaseEnded(phase="review", by="clock"))
    story.edit("parking/rates.py", "rate_15 = 115", "rate_15 = 116", "typed", late=True)
    story.tell("system", e.InterviewSubmitted(by="clock", late=True))
    story.tell("candidate", e.PresenceChanged(role="candidate", client="tab-1", state="gone"))
    passed = ["started", "cap", "negative"]
    tests = [{"id": f"hidden_tests/test_fees.py::test_{name}", "outcome": "passed"} for name in passed]
    tests.append({"id": "hidden_tests/test_fees.py::test_grace", "outcome": "failed"})
    tests += [
        {"id": f"hidden_tests/test_rates.py::test_rate_{at}", "outcome": "passed" if at == 12 else "failed"}
        for at in FLAWED
    ]
    story.tell(
        "system", e.AnalysisRecorded(kind="hidden_tests", result={"tests": tests, "passed": 4, "total": len(tests)})
    )
    story.tell(
        "system", e.DebriefShown(items=tuple(debrief(at, defect) for at, defect in zip(FLAWED, DEFECTS, strict=True)))
    )
    human = {"dimension": "prompt", "level": 3}
    story.tell("interviewer:Mo", e.ScoreRecorded(scorecard=human, author="Mo", reason="Stated the cap late, yet well."))


def debrief(at: int, defect: e.Defect) -> e.DebriefItem:
    outcomes: dict[int, Literal["repaired", "submitted"]] = {12: "repaired", 14: "submitted", 17: "submitted"}
    return e.DebriefItem(
        defect=defect.id, title=defect.title, explanation=defect.explanation, fix=defect.fix,
        outcome=outcomes.get(at, "rejected"), suggestion="b1.1", hunk=f"b1.1.h{at}",
    )  # fmt: skip


def tell() -> list[e.Record]:
    """The whole interview."""
    story = Story(HEADER)
    for part in (begin, open_work, mishaps, review, end):
        part(story)
    return story.records()


def grown() -> list[e.Record]:
    """A second interview: types and fields that version 1 has gained."""
    story = Story(HEADER)
    story.tell("candidate", e.ConsentGiven(text_sha256=sha256_hex(b"consent"), locale="en"))
    for ahead in (2, 0):
        story.tell("system", e.SandboxQueued(ahead=ahead))
    story.tell("system", e.SandboxLost(reason="You did not come in for ten minutes, and the place was given on"))
    story.tell("system", e.SandboxQueued(ahead=1))
    story.tell("system", e.SandboxStarted(backend="docker", place="pairsight-golden-1-0a"))
    story.file("system", "parking/fees.py", FEES, "starter")
    story.tell("system", e.InterviewStarted(), e.PhaseStarted(phase="open", duration_ms=2_400_000))
    story.tell(
        "terminal",
        e.FileSnapshotted(
            path="data.bin", version=1, text=None, size=4, sha256=sha256_hex(b"\x89PNG"), origin="terminal"
        ),
    )
    for place, adopted in (("pairsight-golden-1-0a", True), ("pairsight-golden-1-0b", False)):
        story.tell("system", e.SandboxLost(reason="The sandbox ended"), e.ClockPaused(reason="It is sought"))
        missing = () if adopted else ("data.bin",)
        story.tell("system", e.SandboxStarted(backend="docker", place=place, adopted=adopted, missing=missing))
        if missing:
            story.tell("system", e.FileDeleted(path="data.bin", origin="rebuild"))
        story.tell("system", e.ClockResumed(lost_ms=1_500))
    story.ask("a1", "Round up, please.")
    story.answer("a1", "Done.")
    story.ask("a2", "And the cap?")
    story.tell("assistant", e.ReplyFailed(turn="a2", reason="The provider did not answer", total_ms=900, model="m-1"))
    typed = story.tell("candidate", e.PromptSent(turn="a3", text="My password is swordfish"))
    story.log.erase(HEADER.id, [typed], "interviewer:Mo", "A password, typed by mistake")
    return story.records()


def grown_again() -> list[e.Record]:
    """A third one: edits by two people, names that change, whole texts between edits, output that was cut."""
    story = Story(CO_EDITED)
    story.tell("candidate", e.ConsentGiven(text_sha256=sha256_hex(b"consent"), locale="en"))
    story.tell("system", e.SandboxStarted(backend="docker"))
    story.file("system", "parking/fees.py", FEES, "starter")
    story.tell("system", e.InterviewStarted(), e.PhaseStarted(phase="open", duration_ms=2_400_000))
    story.edit("parking/fees.py", "HOURLY_CENTS = 250", "HOURLY_CENTS = 300", "co-edit")
    story.again("parking/fees.py", "keyframe")
    story.edit("parking/fees.py", "return", "token = 'swordfish'\n    return", "typed")
    story.rename("parking/fees.py", "parking/price.py")
    story.tell("terminal", e.TerminalOpened(terminal="t1", cols=80, rows=24))
    story.tell("terminal", e.TerminalOutput(terminal="t1", data="[1.2 MB left out]\r\n$ ", cut=1_200_000))
    story.again("parking/price.py", "redacted", "swordfish", "•••••••••")
    return story.records()


def paired() -> list[e.Record]:
    """A fourth one: an agent's steps, what was attached, a reply begun anew, a hunk made anew and changed before it went in."""
    story = Story(PAIRED)
    story.tell("candidate", e.ConsentGiven(text_sha256=sha256_hex(b"consent"), locale="en"))
    story.tell("system", e.SandboxStarted(backend="docker"))
    story.file("system", "parking/fees.py", FEES, "starter")
    story.tell("system", e.InterviewStarted(), e.PhaseStarted(phase="open", duration_ms=2_400_000))
    mentions = (
        e.Mention(kind="file", name="parking/fees.py", version=0),
        e.Mention(kind="selection", name="parking/fees.py", text="def fee_cents(minutes):\n", line=6, end_line=6),
        e.Mention(kind="failure", name="tests/test_fees.py::test_started_hour", text="assert 250 == 500"),
        e.Mention(kind="terminal", name="t1", text="$ pytest -q\n1 failed", cut=12_000),
    )
    asked = "Why does @parking/fees.py charge too little for a started hour?"
    story.tell(
        "candidate",
        e.PromptSent(turn="a1", text=asked, attachments=("parking/fees.py",), mentions=mentions, model="small"),
    )
    knows = ("brief", "attached")
    began = e.ReplyStarted(turn="a1", provider="anthropic", model="small", mode="agent", knows=knows)
    story.tell("assistant", began, e.ReplyAppended(turn="a1", text="I look at"))
    step = e.ToolStarted(turn="a1", call="c1", tool="run_tests", input={})
    story.tell("assistant", began.model_copy(update={"attempt": 2}), step)
    failed = e.ToolCalled(
        turn="a1", call="c1", tool="run_tests", input={}, output="1 failed", ok=False, cut=900, total_ms=1_200
    )
    delayed = e.ReplyDelayed(turn="a1", reason="The service is overloaded.", wait_ms=2_000)
    said = "A started hour is rounded down."
    story.tell("assistant", failed, delayed, e.ReplyAppended(turn="a1", text=said))
    offered = hunk(
        "a1-s1-h1", "parking/fees.py", 7, "    return minutes // 60 * HOURLY_CENTS\n",
        "    return -(-minutes // 60) * HOURLY_CENTS\n", base=0,
    ).model_copy(update={"lead": "\n\ndef fee_cents(minutes):\n"})  # fmt: skip
    seq = story.offer("a1", "a1-s1", "Started hours count", (offered, note("a1-s1-h1")))
    usage = e.Usage(input_tokens=900, output_tokens=60, cache_read_tokens=4_000, cache_write_tokens=800)
    story.tell(
        "assistant",
        e.ReplyFinished(
            turn="a1", text=said, stop_reason="end_turn", usage=usage, first_token_ms=400, total_ms=4_100, model="small",
            cost_microusd=5_100,
        ),
    )  # fmt: skip
    story.edit("parking/fees.py", "minutes // 60 *", "(minutes // 60) *", "typed")
    fresh = offered.model_copy(update={"before": "    return (minutes // 60) * HOURLY_CENTS\n", "base_version": 1})
    seq = story.tell("system", e.SuggestionRefreshed(suggestion="a1-s1", hunk=fresh), cause=seq)
    kept = "    hours = -(-minutes // 60)\n    return hours * HOURLY_CENTS\n"
    decided = e.SuggestionDecided(suggestion="a1-s1", hunk="a1-s1-h1", decision="accepted", kept=kept)
    seq = story.tell("candidate", decided, cause=seq)
    story.edit("parking/fees.py", fresh.before, kept, "hunk", cause=seq)
    story.ask("a2", "And a whole day?")
    story.tell(
        "assistant",
        e.ReplyStarted(turn="a2", provider="anthropic", model="large", mode="agent", knows=knows),
        e.ReplyFailed(
            turn="a2", reason="The service is overloaded.", usage=e.Usage(input_tokens=40), cost_microusd=120
        ),
    )
    return story.records()


def reviewed() -> list[e.Record]:
    """A fifth one: a ticket in two rounds and one that was called off, a review with every kind of verdict, what was taken back."""
    story = Story(REVIEWED)
    story.tell("system", e.KeyRecorded(requirements=REQUIREMENTS, defects=(), brief_shared=False))
    story.tell("candidate", e.ConsentGiven(text_sha256=sha256_hex(b"consent"), locale="en", plants=True))
    story.tell("system", e.SandboxStarted(backend="bubblewrap"))
    story.file("system", "parking/fees.py", FEES, "starter")
    story.tell("system", e.InterviewStarted(), e.PhaseStarted(phase="open", duration_ms=1_680_000))
    _tickets(story)
    story.tell("system", e.PhaseEnded(phase="open", by="candidate"))
    story.tell("system", e.PhaseOffered(phase="review", duration_ms=900_000))
    story.tell("candidate", e.PhaseStarted(phase="review", duration_ms=900_000))
    _block(story)
    story.tell("system", e.PhaseEnded(phase="review", by="candidate"), e.InterviewSubmitted(by="candidate", late=False))
    outcomes: tuple[Literal["repaired", "let through"], ...] = ("repaired", "let through")
    passed = [{"id": f"hidden_tests/test_fees.py::test_{name}", "outcome": "passed"} for name in ("started", "cap")]
    story.tell(
        "system",
        e.AnalysisRecorded(kind="hidden_tests", result={"tests": passed, "passed": 2, "total": 2}, key="a1" * 32),
        e.AnalysisRecorded(kind="review_repairs", result={"hunks": {"v1": {"repaired": True}}}, key="b2" * 32),
        e.DebriefShown(
            items=tuple(
                e.DebriefItem(
                    defect=one.id, title=one.title, explanation=one.explanation, fix=one.fix, outcome=outcome,
                    suggestion="rv1", hunk=hunk, phase="review", path=f"review/{one.path}", proof="assert bill(61) == 500",
                )
                for one, outcome, hunk in zip(BLOCK, outcomes, ("v1", "v3"), strict=True)
            )
        ),
    )  # fmt: skip
    story.tell("candidate", e.ConsentWithdrawn(scope="planted-defects"))
    return story.records()


def _tickets(story: Story) -> None:
    asked = e.Mention(kind="selection", name="parking/fees.py", text="def fee_cents(minutes):\n", line=6, end_line=6)
    opened = e.TicketOpened(
        ticket="t1", turn="t1.1", title="Started hours", text="Every started hour of `fee_cents` counts in full.",
        files={"parking/fees.py": 1}, mentions=(asked,), model="",
    )  # fmt: skip
    story.tell("candidate", opened)
    story.tell("candidate", opened.model_copy(update={"ticket": "t2", "turn": "t2.1", "title": "Second thoughts"}))
    story.tell(
        "assistant",
        e.ReplyStarted(turn="t1.1", provider="scripted", model="car-park", mode="agent"),
        e.ToolStarted(turn="t1.1", call="c1", tool="run_tests", input={}),
        e.ToolCalled(turn="t1.1", call="c1", tool="run_tests", input={}, output="1 failed", ok=True, total_ms=900),
        e.ReplyAppended(turn="t1.1", text="Done"),
        e.ReplyStarted(turn="t2.1", provider="scripted", model="car-park", mode="agent"),
        e.ReplyFailed(turn="t2.1", reason="You stopped it."),
    )
    first = hunk("t1.1-s1-h1", "parking/fees.py", 7, "    return minutes // 60 * HOURLY_CENTS\n", "    return 500\n")
    seq = story.offer("t1.1", "t1.1-s1", "Started hours", (first, note("t1.1-s1-h1", "started")))
    usage = e.Usage(input_tokens=40, output_tokens=8)
    done = e.ReplyFinished(turn="t1.1", text="Done.", stop_reason="end", usage=usage, first_token_ms=90, total_ms=1_300)
    checks = (e.Check(name="visible tests", ok=False, output="1 failed"), e.Check(name="starts", ok=True))
    back = e.TicketReturned(
        ticket="t1", turn="t1.1", title="Started hours", description="A fee for started hours.", suggestion="t1.1-s1",
        checks=checks,
    )  # fmt: skip
    story.tell("assistant", done, back)
    story.tell("candidate", e.TicketClosed(ticket="t2"))
    said = e.CommentAdded(
        comment="k1", suggestion="t1.1-s1", hunk="t1.1-s1-h1", line=1, text="That is 500 for any stay. 🚫"
    )
    story.tell("candidate", said)
    story.tell(
        "candidate",
        e.TicketRevised(
            ticket="t1", turn="t1.2", text="Please compute it.", files={"parking/fees.py": 1}, comments=("k1",), model="",
        ),
    )  # fmt: skip
    story.answer("t1.2", "It is computed now.")
    better = first.model_copy(
        update={"hunk": "t1.2-s1-h1", "after": "    return -(-minutes // 60) * HOURLY_CENTS\n", "lead": "\n"}
    )
    seq = story.offer("t1.2", "t1.2-s1", "Started hours", (better, note("t1.2-s1-h1", "started", "started")))
    story.tell("assistant", back.model_copy(update={"turn": "t1.2", "suggestion": "t1.2-s1", "checks": ()}))
    story.accept("t1.2-s1", better, seq)
    story.tell("candidate", e.TicketClosed(ticket="t1"))


def _block(story: Story) -> None:
    lines = ("bill = 0\n", "tax = 0\n", "test_bill = 0\n", "note = 0\n")
    story.file("system", "review/parking/bills.py", "".join(lines), "starter")
    hunks = tuple(
        hunk(f"v{at}", "parking/bills.py", at, line, line.replace("0", str(at)), base=0)
        for at, line in enumerate(lines, start=1)
    )
    opened = e.ReviewOpened(
        review="rv1", title="Bills", description="Makes a bill of a stay.", folder="review", hunks=hunks,
        checks=(e.Check(name="visible tests", ok=True, output="6 passed"),),
    )  # fmt: skip
    seq = story.tell("system", opened)
    notes = tuple(
        note(f"v{at}", defect=flaw).model_copy(update={"lines": (1,) if flaw else ()})
        for at, flaw in enumerate(("last-minute", None, "weak-test", None), start=1)
    )
    story.tell("system", e.ReviewAnnotated(review="rv1", hunks=notes, defects=BLOCK), cause=seq)
    stages: tuple[e.Stage, ...] = ("planted", "exposed")
    for flaw, at in (("last-minute", "v1"), ("weak-test", "v3")):
        for stage in stages:
            story.tell("system", e.DefectTraced(defect=flaw, stage=stage, suggestion="rv1", hunk=at, about_seq=seq))
    verdicts: tuple[tuple[str, e.Verdict, int, str, str | None], ...] = (
        ("v1", "probably wrong", 1, "", None),
        ("v1", "block", 1, "the last minute is not charged", "bill = 61\n"),
        ("v2", "merge", 0, "", None),
        ("v3", "probably right", 0, "", None),
        ("v4", "block", 1, "not my style", None),
    )
    for at, verdict, line, fault, repair in verdicts:
        judged = e.HunkJudged(review="rv1", hunk=at, verdict=verdict, line=line, fault=fault, repair=repair)
        story.tell("candidate", judged, cause=seq)


def rated() -> list[e.Record]:
    """A sixth one: what people made of it, blind and after they had seen the proposal, of a mistake that is hard to see."""
    story = Story(RATED)
    hard = BLOCK[0].model_copy(update={"difficulty": "hard", "path": "parking/fees.py"})
    story.tell("system", e.KeyRecorded(requirements=REQUIREMENTS, defects=(hard,), brief_shared=False))
    story.tell("candidate", e.ConsentGiven(text_sha256=sha256_hex(b"consent"), locale="en", plants=True))
    story.tell("system", e.SandboxStarted(backend="bubblewrap"))
    story.file("system", "parking/fees.py", FEES, "starter")
    story.tell("system", e.InterviewStarted(), e.PhaseStarted(phase="open", duration_ms=1_680_000))
    story.ask("a1", "Round `fee_cents` up, please. 🚗")
    story.answer("a1", "Done.")
    story.tell("system", e.PhaseEnded(phase="open", by="candidate"), e.InterviewSubmitted(by="candidate", late=False))
    head, pinned = story.records()[-1].hash, "d4" * 32
    levels: tuple[tuple[str, e.Level], ...] = (("why", 4), ("change", 2), ("fails", 5))
    for question, level in levels:
        said = "Names the case that fails. 🚫" if question == "fails" else ""
        rating = e.ExplanationRated(rater="Mo", question=question, about_seq=5, level=level, note=said)
        story.tell("interviewer:Mo", rating)
    blind = e.RatingRecorded(
        rater="Mo", blind=True, rubric="standard", rubric_version=2, rubric_sha256=pinned,
        ratings=(
            e.Rating(dimension="prompt", level=3, reason="Stated the case that mattered.", evidence=(8,)),
            e.Rating(dimension="critique", level=None, reason="There was nothing to judge."),
        ),
    )  # fmt: skip
    second = {"rater": "Åsa", "blind": False, "ratings": (e.Rating(dimension="prompt", level=4),)}
    story.tell("interviewer:Mo", blind, e.ScoreRevealed(rater="Mo", rated=True))
    story.tell("interviewer:Åsa", e.ScoreRevealed(rater="Åsa", rated=False), blind.model_copy(update=second))
    other = e.ScoreOverridden(
        rater="Mo", dimension="prompt", level=3, reason="One prompt is too little for a four.", rubric_sha256=pinned
    )
    story.tell("interviewer:Mo", other, other.model_copy(update={"level": None}))
    story.tell("interviewer:Mo", e.ScoreSigned(rater="Mo", rubric_sha256=pinned, head_hash=head))
    return story.records()


def briefed() -> list[e.Record]:
    """A seventh one: the key holds the words in which the work was asked for."""
    story = Story(BRIEFED)
    brief = "A started hour counts in full. A day never costs more than 20 euros. 🚗\n"
    story.tell("system", e.KeyRecorded(requirements=REQUIREMENTS, defects=(), brief_shared=False, brief=brief))
    story.tell("candidate", e.ConsentGiven(text_sha256=sha256_hex(b"consent"), locale="en"))
    return story.records()


def late() -> list[e.Record]:
    """An eighth one: a verdict that came behind the review's end."""
    story = Story(LATE)
    hunks = (hunk("v1", "parking/bills.py", 1, "a = 0\n", "a = 1\n", base=0),)
    opened = e.ReviewOpened(
        review="rv1", title="Bills", description="Makes a bill of a stay.", folder="review", hunks=hunks
    )
    judged = e.HunkJudged(review="rv1", hunk="v1", verdict="probably wrong", line=1, fault="It begins at 0 🅿️")
    story.tell("system", e.InterviewStarted(), e.PhaseStarted(phase="review", duration_ms=900_000), opened)
    story.tell("candidate", judged)
    story.tell("system", e.PhaseEnded(phase="review", by="clock"))
    story.tell("candidate", judged.model_copy(update={"verdict": "block", "late": True}))
    story.tell("system", e.InterviewSubmitted(by="clock", late=False))
    return story.records()


def log_text(records: list[e.Record], header: e.Header | None = None) -> str:
    out = io.StringIO(newline="")
    write_log(out, header or HEADER, records)
    return out.getvalue()


def card_text(records: list[e.Record]) -> str:
    out = io.StringIO(newline="")
    registry.export("json").write(out, HEADER, records, score(LogView.of(HEADER, records), load("standard")))
    return out.getvalue()


def main() -> None:
    with LOG.open(encoding="utf-8", newline="") as lines:
        CARD.write_text(card_text(read_log(lines)[1]), "utf-8", newline="")
    if not GROWN_AGAIN.exists():
        GROWN_AGAIN.write_text(log_text(grown_again(), CO_EDITED), "utf-8", newline="")
    if not GROWN_PAIRED.exists():
        GROWN_PAIRED.write_text(log_text(paired(), PAIRED), "utf-8", newline="")
    if not GROWN_REVIEWED.exists():
        GROWN_REVIEWED.write_text(log_text(reviewed(), REVIEWED), "utf-8", newline="")
    if not GROWN_RATED.exists():
        GROWN_RATED.write_text(log_text(rated(), RATED), "utf-8", newline="")
    if not GROWN_BRIEFED.exists():
        GROWN_BRIEFED.write_text(log_text(briefed(), BRIEFED), "utf-8", newline="")
    if not GROWN_LATE.exists():
        GROWN_LATE.write_text(log_text(late(), LATE), "utf-8", newline="")


if __name__ == "__main__":
    main()
