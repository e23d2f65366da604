"""A secret is found however it got there, and after its redaction no byte of it is left, and all the rest is as it was."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import score_records
from interviews import events as e
from interviews.chain import sha256_hex, verify
from interviews.erasure import tombstones
from interviews.errors import BadInput, NotFound
from interviews.fold import apply, fold
from interviews.log import ClientKey, Draft, EventLog, MemoryLog
from interviews.ndjson import read_log, write_log
from interviews.service import editing
from interviews.service.redaction import plan, read_redaction, search
from interviews.state import State
from interviews.store import SqlLog, open_engine
from interviews.text import length, replace
from interviews.traces import needles
from interviews.visibility import wire
from rubrics import registry
from tests.support import counting_salt, header, ticking_clock
from tests.unit.test_fold_oracle import in_browser

SECRET = "hunter2-😀-pass"
REASON = "A password, typed by mistake"


class Told:
    """A log that is told what happens, with its state beside it."""

    def __init__(self, log: EventLog | None = None) -> None:
        self.log = log or MemoryLog(ticking_clock(), counting_salt())
        self.log.create(header("i1"))
        self.state = State()
        self.tell("system", e.InterviewStarted(), e.PhaseStarted(phase="open", duration_ms=60_000))

    def tell(self, actor: str, *data: e.AnyPayload) -> list[int]:
        records = self.log.append("i1", [Draft(actor, one) for one in data])
        for record in records:
            apply(self.state, e.understand(record))
        return [record.seq for record in records]

    def whole(self, path: str, text: str, origin: e.Origin = "starter") -> int:
        view = self.state.files.get(path)
        version = 1 if view is None else view.version + (origin != "keyframe")
        return self.tell("system", editing.snapshot(path, version, text, origin))[0]

    def splice(self, path: str, start: int, end: int, text: str, origin: e.Origin = "typed") -> int:
        view = self.state.files[path]
        changes = replace(view.text or "", start, end, text)
        edited = e.FileEdited(path=path, version=view.version + 1, changes=changes, origin=origin, client="tab")
        return self.tell("candidate", edited)[0]

    def type(self, path: str, at: int, text: str) -> list[int]:
        """One edit a character."""
        seqs = []
        for character in text:
            seqs.append(self.splice(path, at, at, character))
            at += length(character)
        return seqs

    def found(self, text: str = SECRET) -> tuple[int, ...]:
        return search(self.log, "i1", text).seqs

    def redact(self, text: str | None = SECRET, seqs: Sequence[int] | None = None) -> tuple[int, ...]:
        asked = read_redaction(text, None if seqs is None else list(seqs), REASON)
        made = plan(self.log, "i1", asked)
        self.log.erase("i1", made.seqs, "interviewer:ada", REASON, made.then)
        self.state = fold(self.events())
        return made.seqs

    def events(self) -> list[e.Event]:
        return [e.understand(record) for record in self.log.read("i1")]

    def ndjson(self) -> str:
        out = io.StringIO()
        write_log(out, self.log.header("i1"), self.log.read("i1"))
        return out.getvalue()

    def text(self, path: str = "a.py") -> str | None:
        return self.state.files[path].text


@pytest.fixture
def told() -> Told:
    return Told()


# What carries it


def test_typed_letter_by_letter_it_is_found_in_each_edit_that_brought_a_unit(told: Told) -> None:
    told.whole("a.py", "key = \n")
    before = told.splice("a.py", 0, 0, "# mine\n")
    typed = told.type("a.py", length("# mine\nkey = "), SECRET)
    after = told.splice("a.py", 0, 0, "x")
    assert told.found() == tuple(typed)
    assert search(told.log, "i1", SECRET).files == ("a.py",)
    assert search(told.log, "i1", SECRET).also == 1
    assert before not in told.redact() and after in told.log.read("i1")[-2].payload["seqs"]  # type: ignore[index]  # told just before: it has a payload


def test_it_is_found_though_it_was_deleted_and_though_its_halves_came_in_another_order(told: Told) -> None:
    told.whole("a.py", "")
    second = told.type("a.py", 0, SECRET[5:])
    half = told.whole("a.py", told.text() or "", "keyframe")
    first = told.splice("a.py", 0, 0, SECRET[:5])
    gone = told.splice("a.py", 2, 9, "")
    assert told.found() == (*second, half, first)
    told.redact()
    assert told.text() == "•" * (length(SECRET) - 7)
    assert {first, gone} <= {record.seq for record in told.log.read("i1") if record.payload is None}


def test_a_whole_text_a_rename_and_a_text_written_over_hold_it(told: Told) -> None:
    kept = told.whole("a.py", "nothing\n")
    held = [told.whole("a.py", f"x = '{SECRET}'\n", "terminal"), told.whole("a.py", f"x = '{SECRET}'\n", "keyframe")]
    moved = editing.snapshot("b.py", 1, f"x = '{SECRET}'\n", "typed").model_copy(update={"renamed_from": "a.py"})
    held += told.tell("candidate", moved)
    told.tell("candidate", e.FileDeleted(path="a.py", origin="typed"))
    assert told.found() == tuple(held) and kept not in held
    told.redact()
    assert told.text("b.py") == f"x = '{'•' * length(SECRET)}'\n" and list(told.state.files) == ["b.py"]


@pytest.mark.parametrize(
    "pieces",
    [
        ["$ echo hun", "ter2-😀-pass\r\n"],
        ["hunt\x1b[1m", "er2\x1b[0m-", "\r", "😀-pass"],
        ["hunter2 \r", "-😀-pass"],
        ["hunter2-x", "\b\x1b[K", "😀-pass"],
        ["hunter2-😀pass", "\b\b\b\b", "-pass\b\b\b\b", "x"],
        ["\x1b]133;C;cmdline_url=echo%20hunter2-%F0%9F%98%80-pass\x07"],
    ],
    ids=["cut", "coloured", "wrapped", "mended", "put between", "named by the shell"],
)
def test_in_a_terminal_it_is_found_as_it_is_read_and_as_it_is_typed(told: Told, pieces: list[str]) -> None:
    told.tell("candidate", e.TerminalOpened(terminal="t1", cols=80, rows=24))
    told.tell("candidate", e.TerminalOpened(terminal="t2", cols=80, rows=24))
    told.tell("terminal", e.TerminalOutput(terminal="t1", data="$ ls\r\n"))
    seqs = []
    for piece in pieces:
        seqs += told.tell("terminal", e.TerminalOutput(terminal="t1", data=piece))
        told.tell("terminal", e.TerminalOutput(terminal="t2", data="between\r\n"))
    told.tell("terminal", e.TerminalOutput(terminal="t1", data="\r\n$ ls\r\n"))
    found = told.found()
    assert found and set(found) <= set(seqs)
    visible = [seq for seq, piece in zip(seqs, pieces, strict=True) if any(part in piece for part in ("hunt", "pass"))]
    assert set(visible) <= set(found)


ELSEWHERE: dict[str, Callable[[], e.AnyPayload]] = {
    "prompt": lambda: e.PromptSent(turn="a1", text=f"use {SECRET}"),
    "attachment": lambda: e.PromptSent(turn="a1", text="look", attachments=(f"{SECRET}.txt",)),
    "reply": lambda: e.ReplyFinished(
        turn="a1", text=SECRET, stop_reason="end", usage=e.Usage(), first_token_ms=1, total_ms=2
    ),
    "tool": lambda: e.ToolCalled(turn="a1", tool="read", input={"deep": [{"x": SECRET}]}, output="", ok=True),
    "escaped": lambda: e.ToolCalled(turn="a1", tool="run", input={}, output=json.dumps({"x": SECRET}), ok=True),
    "hunk": lambda: e.SuggestionOffered(
        suggestion="s", turn="a1", title="t",
        hunks=(e.Hunk(hunk="h", path="a.py", base_version=1, line=1, before="", after=f"{SECRET}\n"),),
    ),
    "decision": lambda: e.SuggestionDecided(suggestion="s", hunk="h", decision="rejected", reason=SECRET),
    "ticket": lambda: e.TicketOpened(ticket="t1", turn="t1.1", title="t", text=SECRET, files={}),
    "round": lambda: e.TicketRevised(ticket="t1", turn="t1.2", text=SECRET, files={}),
    "change": lambda: e.TicketReturned(ticket="t1", turn="t1.1", title="t", description=SECRET, suggestion=None),
    "comment": lambda: e.CommentAdded(comment="c1", suggestion="s", hunk="h", line=1, text=SECRET),
    "verdict": lambda: e.HunkJudged(review="r", hunk="h", verdict="block", repair=SECRET),
    "command": lambda: e.CommandFinished(terminal="t1", command=f"curl -H {SECRET}", exit_code=0),
    "run": lambda: e.RunFinished(
        run="r1", exit_code=1, tests=(), output=SECRET, timed_out=False, duration_ms=1
    ),
    "test": lambda: e.RunFinished(
        run="r1", exit_code=1, tests=(e.TestResult(id="t", outcome="failed", message=SECRET),), output="",
        timed_out=False, duration_ms=1,
    ),
    "note": lambda: e.NoteAdded(text=f"typed {SECRET}", about_seq=1),
    "analysis": lambda: e.AnalysisRecorded(kind="hidden_tests", result={"tests": [{"id": "t", "message": SECRET}]}),
    "score": lambda: e.ScoreRecorded(scorecard={"said": [SECRET]}, author="ada", reason="why"),
    "rating": lambda: e.RatingRecorded(
        rater="ada", blind=True, rubric="standard", rubric_version=1, rubric_sha256="0" * 64,
        ratings=(e.Rating(dimension="prompt", level=3, reason=SECRET),),
    ),
    "answer": lambda: e.ExplanationRated(rater="ada", question="why", about_seq=1, level=3, note=SECRET),
    "override": lambda: e.ScoreOverridden(rater="ada", dimension="prompt", level=3, reason=SECRET, rubric_sha256="0" * 64),
    "sync": lambda: e.SyncFailed(path="a.py", reason=SECRET),
}  # fmt: skip


@pytest.mark.parametrize("make", ELSEWHERE.values(), ids=ELSEWHERE)
def test_it_is_found_and_erased_wherever_else_it_stands(told: Told, make: Callable[[], e.AnyPayload]) -> None:
    (seq,) = told.tell("interviewer:ada", make())
    found = search(told.log, "i1", SECRET)
    assert found.seqs == (seq,) and found.kinds == {make().type: 1} and found.stays == {}
    told.redact()
    assert SECRET not in told.ndjson() and json.dumps(SECRET)[1:-1] not in told.ndjson()


def test_a_reply_in_pieces_is_found_piece_by_piece(told: Told) -> None:
    told.tell("candidate", e.PromptSent(turn="a1", text="say it"))
    seqs = told.tell("assistant", *(e.ReplyAppended(turn="a1", text=text) for text in ("So: hun", "ter2-😀", "-pass.")))
    told.tell("assistant", e.ReplyAppended(turn="a1", text=" Anything else?"))
    assert told.found() == tuple(seqs)


def test_what_the_exercise_says_is_not_touched_and_told(told: Told) -> None:
    need = e.Requirement(id="r", text=SECRET, patterns=())
    told.tell("system", e.KeyRecorded(requirements=(need,), defects=(), brief_shared=False))
    found = search(told.log, "i1", SECRET)
    assert found.seqs == () and found.stays == {"key.recorded": 1}


@pytest.mark.parametrize("text", ["", "e", "abc", "  abc\n", "x" * 20_001, "half \ud83d", "••••••"])
def test_what_stands_everywhere_is_not_looked_for(told: Told, text: str) -> None:
    with pytest.raises(BadInput) as error:
        search(told.log, "i1", text)
    assert text.strip() not in str(error.value) or len(text.strip()) < 4


def test_hashes_that_we_made_are_no_words(told: Told) -> None:
    seq = told.whole("a.py", "x")
    digest = (told.log.read("i1")[seq - 1].payload or {})["sha256"]
    assert told.found(digest[3:9]) == ()


def plan_of(told: Told, text: str) -> tuple[int, ...]:
    return plan(told.log, "i1", read_redaction(text, None, REASON)).seqs


# What is asked


@pytest.mark.parametrize(
    "reason", ["", "   ", None, "x" * 501, f"it was {SECRET}", f"it was {SECRET.upper()}", "two\nlines"]
)
def test_the_reason_is_words_for_everybody_and_not_the_secret(reason: object) -> None:
    with pytest.raises(BadInput) as error:
        read_redaction(SECRET, None, reason)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    ("text", "seqs"), [(None, None), ("", []), (None, ["1"]), (None, [True]), (7, None), (None, "1")]
)
def test_a_request_that_names_nothing_is_refused(text: object, seqs: object) -> None:
    with pytest.raises(BadInput):
        read_redaction(text, seqs, REASON)


def test_only_what_is_there_and_holds_words_can_be_named(told: Told) -> None:
    for seq, error in ((99, NotFound), (1, BadInput)):
        with pytest.raises(error):
            plan(told.log, "i1", read_redaction(None, [seq], REASON))


# What is left


def test_named_events_take_what_they_brought_out_of_the_file(told: Told) -> None:
    told.whole("a.py", "one\n")
    pasted = told.splice("a.py", 4, 4, "secret\nlines\n")
    told.splice("a.py", 0, 0, "zero\n")
    assert pasted in told.redact(None, [pasted])
    assert told.text() == "zero\none\n••••••\n•••••\n"
    assert told.state.files["a.py"].version == 4


def test_beside_a_text_named_events_are_dropped_and_the_rest_of_the_file_stays(told: Told) -> None:
    told.whole("a.py", "")
    pasted = told.splice("a.py", 0, 0, f"import os\n{SECRET}\n")
    (prompt,) = told.tell("candidate", e.PromptSent(turn="a1", text="the same"))
    assert told.redact(SECRET, [prompt]) == (pasted, prompt)
    assert told.text() == f"import os\n{'•' * length(SECRET)}\n"


def test_nothing_waits_for_an_end_that_was_erased(told: Told) -> None:
    told.tell("candidate", e.PromptSent(turn="a1", text="say it"))
    ended = e.ReplyFinished(
        turn="a1", text=f"It is {SECRET}.", stop_reason="end", usage=e.Usage(), first_token_ms=1, total_ms=2, miss=True
    )
    told.tell("assistant", ended)
    hunk = e.Hunk(hunk="h", path="a.py", base_version=1, line=1, before="", after="x\n")
    told.tell("assistant", e.SuggestionOffered(suggestion="s", turn="a1", title="t", hunks=(hunk,)))
    told.tell("candidate", e.SuggestionDecided(suggestion="s", hunk="h", decision="rejected", reason=SECRET))
    told.tell("candidate", e.RunStarted(run="r1", files={}))
    told.tell("system", e.RunFinished(run="r1", exit_code=0, tests=(), output=SECRET, timed_out=False, duration_ms=1))
    told.redact()
    (turn,) = told.state.turns
    assert (turn.status, turn.reply, turn.miss) == ("finished", f"It is {'•' * length(SECRET)}.", True)
    assert told.state.suggestions["s"].decisions == {"h": "rejected"}
    assert told.state.runs == []


@pytest.mark.parametrize("by_seq", [False, True])
def test_a_ticket_that_came_back_with_it_and_a_verdict_are_said_again_but_older_ones_are_not(
    told: Told, by_seq: bool
) -> None:
    hunk = e.Hunk(hunk="h", path="a.py", base_version=1, line=1, before="", after="x\n")
    told.tell("system", e.ReviewOpened(review="r", title="t", description="", folder="review", hunks=(hunk,)))
    told.tell("candidate", e.TicketOpened(ticket="t1", turn="t1.1", title="t", text="do it", files={}))
    back = e.TicketReturned(ticket="t1", turn="t1.1", title="t", description=f"first {SECRET}", suggestion="s1")
    seqs = list(told.tell("assistant", back))
    told.tell("candidate", e.TicketRevised(ticket="t1", turn="t1.2", text="again", files={}))
    seqs += told.tell(
        "assistant", back.model_copy(update={"turn": "t1.2", "description": f"second {SECRET}", "suggestion": "s2"})
    )
    for verdict in ("merge", "block"):
        judged = e.HunkJudged.model_validate({"review": "r", "hunk": "h", "verdict": verdict, "fault": SECRET})
        seqs += told.tell("candidate", judged)
    before = told.log.read("i1")[-1].seq
    told.redact(*((None, seqs) if by_seq else ()))
    dots = "•" * length(SECRET)
    ticket, review = told.state.tickets["t1"], told.state.review
    assert ticket.status == "returned" and ticket.change and review
    assert (ticket.change["turn"], ticket.change["suggestion"]) == ("t1.2", "s2")
    assert ticket.change["description"] == ("" if by_seq else f"second {dots}")
    assert (review.verdicts["h"]["verdict"], review.verdicts["h"]["fault"]) == ("block", "" if by_seq else dots)
    assert [record.type for record in told.log.read("i1")[before:]] == [
        "payload.erased",
        "ticket.returned",
        "hunk.judged",
    ]


@pytest.mark.parametrize("secret_in", [("change",), ("answer",), ("change", "answer")])
def test_a_change_and_the_words_that_a_later_round_brought_are_both_said_again(
    told: Told, secret_in: tuple[str, ...]
) -> None:
    told.tell("candidate", e.TicketOpened(ticket="t1", turn="t1.1", title="t", text="do it", files={}))
    said = {which: SECRET if which in secret_in else "said" for which in ("change", "answer")}
    back = e.TicketReturned(ticket="t1", turn="t1.1", title="t", description=said["change"], suggestion="s1")
    told.tell("assistant", back)
    told.tell("candidate", e.TicketRevised(ticket="t1", turn="t1.2", text="again", files={}))
    later = {"turn": "t1.2", "description": said["answer"], "suggestion": None}
    told.tell("assistant", back.model_copy(update=later))
    told.redact()
    ticket, dots = told.state.tickets["t1"], "•" * length(SECRET)
    assert ticket.status == "returned" and ticket.change and ticket.answer
    assert (ticket.change["turn"], ticket.change["suggestion"]) == ("t1.1", "s1")
    assert (ticket.answer["turn"], ticket.answer["suggestion"]) == ("t1.2", None)
    found = {"change": ticket.change["description"], "answer": ticket.answer["description"]}
    assert found == {which: dots if which in secret_in else "said" for which in found}


@pytest.mark.parametrize("by_seq", [False, True])
def test_what_a_hunk_was_changed_to_is_erased_and_the_decision_stands(told: Told, by_seq: bool) -> None:
    told.whole("a.py", "x\n")
    hunk = e.Hunk(hunk="h", path="a.py", base_version=1, line=1, before="x\n", after="y\n")
    told.tell("assistant", e.SuggestionOffered(suggestion="s", turn="a1", title="t", hunks=(hunk,)))
    decided = e.SuggestionDecided(suggestion="s", hunk="h", decision="accepted", kept=f"k = {SECRET}\n")
    told.tell("candidate", decided)
    if by_seq:
        told.redact(None, [told.log.read("i1")[-1].seq])
    else:
        told.redact()
    view = told.state.suggestions["s"]
    assert view.decisions == {"h": "accepted"}
    assert view.kept == ({} if by_seq else {"h": f"k = {'•' * length(SECRET)}\n"})
    assert all(SECRET not in str(record.payload) for record in told.log.read("i1"))


def test_judgements_are_kept_with_their_author(told: Told) -> None:
    told.tell("interviewer:bo", e.NoteAdded(text=f"typed {SECRET} here", about_seq=2))
    told.tell("interviewer:bo", e.ScoreRecorded(scorecard={"n": 1, "said": SECRET}, author="bo", reason="why"))
    told.redact()
    note, card = told.log.read("i1")[-2:]
    assert (note.actor, note.payload) == (
        "interviewer:bo",
        {"text": f"typed {'•' * length(SECRET)} here", "about_seq": 2},
    )
    assert card.payload is not None and card.payload["scorecard"]["n"] == 1


def test_what_was_made_of_it_before_a_withdrawal_is_not_said_again_behind_it(told: Told) -> None:
    result = {"dimensions": {}, "said": f"because of {SECRET}"}
    rated = e.RatingRecorded(
        rater="bo", blind=True, rubric="standard", rubric_version=1, rubric_sha256="0" * 64,
        ratings=(e.Rating(dimension="critique", level=2, reason=SECRET),),
    )  # fmt: skip
    told.tell("system", e.AnalysisRecorded(kind="judge", result=result, key="k"))
    told.tell("interviewer:bo", rated)
    told.tell("candidate", e.ConsentWithdrawn(scope="planted-defects"))
    told.tell("interviewer:bo", rated.model_copy(update={"blind": False}))
    told.redact()
    [*_, last] = told.log.read("i1")
    left = [r for r in told.log.read("i1") if r.payload and r.type in ("rating.recorded", "analysis.recorded")]
    assert left == [last] and last.payload is not None and last.payload["blind"] is False
    assert SECRET not in str(last.payload) and last.payload["ratings"][0]["level"] == 2


def test_a_file_named_by_it_goes_on_under_another_name(told: Told) -> None:
    told.whole(f"{SECRET}.py", "x = 1\n")
    told.tell("candidate", e.RunStarted(run="r1", files={f"{SECRET}.py": 1}))
    told.splice(f"{SECRET}.py", 0, 0, "# mine\n")
    told.whole(f"old-{SECRET}", "gone")
    told.tell("candidate", e.FileDeleted(path=f"old-{SECRET}", origin="typed"))
    told.redact()
    assert {path: view.text for path, view in told.state.files.items()} == {
        f"{'•' * length(SECRET)}.py": "# mine\nx = 1\n"
    }
    assert SECRET not in told.ndjson()


def test_a_deletion_that_is_named_takes_the_file_with_it_and_not_the_one_made_after(told: Told) -> None:
    told.whole("a.py", "first\n")
    told.splice("a.py", 0, 0, "x")
    (gone,) = told.tell("candidate", e.FileDeleted(path="a.py", origin="typed"))
    told.whole("a.py", "second\n")
    told.redact(None, [gone])
    assert told.text() == "second\n"
    assert fold(told.events()[:gone]).files == {}


def test_of_a_file_that_is_no_text_the_kept_content_goes_and_the_file_stays(told: Told) -> None:
    content = b"\0\xff" + SECRET.encode()
    told.log.keep("i1", content, ())
    (seq,) = told.tell("terminal", editing.snapshot("a.bin", 1, content, "terminal"))
    told.log.keep("i1", b"\0 other", [sha256_hex(content)])
    assert told.found() == (seq,) == told.redact()
    assert told.log.content("i1", sha256_hex(content)) is None
    assert told.log.content("i1", sha256_hex(b"\0 other")) == b"\0 other"
    assert (told.text("a.bin"), told.state.files["a.bin"].version) == (None, 2)


def test_a_second_redaction_of_the_same_finds_nothing(told: Told) -> None:
    told.tell("candidate", e.PromptSent(turn="a1", text=SECRET))
    told.redact()
    assert plan_of(told, SECRET) == ()


def test_a_repeated_key_erases_nothing_more(told: Told) -> None:
    seqs = told.tell("candidate", e.PromptSent(turn="a1", text="one"), e.PromptSent(turn="a2", text="two"))
    key = ClientKey("tab", 1)
    first = told.log.erase("i1", seqs[:1], "interviewer:ada", REASON, key=key)
    assert told.log.erase("i1", seqs[1:], "interviewer:ada", REASON, key=key) == first
    assert told.log.read("i1")[seqs[1] - 1].payload is not None


# Scattered over a whole log


def scattered(seed: int, secret: str, log: EventLog | None = None) -> Told:
    """A log of everything that may hold words, with the secret in some of it, whole and in parts."""
    chance, told = random.Random(seed), Told(log)
    told.whole("a.py", "def f():\n    return 1\n")
    told.whole("b.txt", "😀\n")
    for name in ("t1", "t2"):
        told.tell("candidate", e.TerminalOpened(terminal=name, cols=80, rows=24))

    def words() -> str:
        plain = "".join(chance.choices("ab cd\n😀é", k=chance.randrange(0, 8)))
        return plain + secret + "z" if chance.random() < 0.25 else plain

    def parts() -> list[str]:
        text, cut = words(), chance.randrange(1, 5)
        return [text[at : at + cut] for at in range(0, len(text), cut)]

    def edit() -> None:
        path = chance.choice(sorted(told.state.files))
        text = told.state.files[path].text or ""
        at = length(text[: chance.randrange(len(text) + 1)])
        if chance.random() < 0.4:
            for part in parts():
                told.splice(path, at, at, part)
                at += length(part)
        else:
            end = at + length(text.encode("utf-16-le")[2 * at :].decode("utf-16-le")[: chance.randrange(6)])
            told.splice(path, at, end, words())

    def again() -> None:
        path = chance.choice(sorted(told.state.files))
        told.whole(path, told.state.files[path].text or "", "keyframe")

    def disk() -> None:
        told.whole(chance.choice(["a.py", "b.txt", "c.md"]), words(), "terminal")

    def delete() -> None:
        if len(told.state.files) > 1:
            told.tell("candidate", e.FileDeleted(path=chance.choice(sorted(told.state.files)), origin="typed"))

    def terminal() -> None:
        name = chance.choice(["t1", "t2"])
        for part in parts():
            told.tell("terminal", e.TerminalOutput(terminal=name, data=chance.choice(["", "\x1b[1m"]) + part))
        told.tell("terminal", e.CommandFinished(terminal=name, command=words(), exit_code=0))

    def turn() -> None:
        name, text = f"a{len(told.events())}", parts()
        told.tell("candidate", e.PromptSent(turn=name, text=words()))
        told.tell("assistant", e.ReplyStarted(turn=name, provider="p", model="m"))
        told.tell("assistant", *(e.ReplyAppended(turn=name, text=part) for part in text))
        told.tell("assistant", e.ToolCalled(turn=name, tool="t", input={"x": [words()]}, output=words(), ok=True))
        hunk = e.Hunk(hunk=f"{name}.h", path="a.py", base_version=1, line=1, before="", after=words() + "\n")
        told.tell("assistant", e.SuggestionOffered(suggestion=name, turn=name, title=words(), hunks=(hunk,)))
        decided = e.SuggestionDecided(suggestion=name, hunk=f"{name}.h", decision="rejected", reason=words())
        told.tell("candidate", decided)
        ended = e.ReplyFinished(
            turn=name, text="".join(text), stop_reason="end", usage=e.Usage(), first_token_ms=1, total_ms=2
        )
        told.tell("assistant", ended)

    def run() -> None:
        name = f"r{len(told.events())}"
        told.tell("candidate", e.RunStarted(run=name, files={}))
        tests = (e.TestResult(id="t", outcome="failed", message=words()),)
        done = e.RunFinished(run=name, exit_code=1, tests=tests, output=words(), timed_out=False, duration_ms=1)
        told.tell("system", done)

    def judge() -> None:
        told.tell("interviewer:bo", e.NoteAdded(text=words() + "!", about_seq=1))
        told.tell("system", e.AnalysisRecorded(kind="any", result={"x": words()}))
        told.tell("system", e.ScoreRecorded(scorecard={"x": [words()]}, author="bo", reason=words()))

    for _ in range(40):
        chance.choice([edit, edit, edit, edit, again, disk, delete, terminal, turn, run, judge])()
    return told


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["hunter2pass", SECRET, "q1\nw2\ne3", "q\"q'\\q<q"]))
def test_of_a_secret_scattered_anywhere_no_byte_is_left_and_all_else_is_as_it_was(seed: int, secret: str) -> None:
    told = scattered(seed, secret)
    before = told.log.read("i1")
    stood = {path: view.text for path, view in told.state.files.items()}
    found = set(told.found(secret))
    if not found:
        return
    gone = set(told.redact(secret))
    after, text = told.log.read("i1"), told.ndjson()
    assert all(form not in text for form in needles(secret))
    # A letter of it alone is no secret; what held it whole, or a part of an occurrence, is gone.
    assert found <= gone
    assert [record for record in after[: len(before)] if record.seq not in gone] == [
        record for record in before if record.seq not in gone
    ]
    assert verify(told.log.header("i1"), after)[2] == len(gone)
    assert tombstones(after).erased == tuple(sorted(gone)) and not tombstones(after).unexplained
    head, read = read_log(io.StringIO(text))
    assert verify(head, read) == verify(told.log.header("i1"), after)
    state = State()
    for event in told.events():
        apply(state, event)
        shown = json.dumps(state.to_json(), ensure_ascii=False)
        assert all(form not in shown for form in needles(secret))
    for path, was in stood.items():
        now = told.text(path)
        assert now is not None and was is not None and length(now) == length(was)
        # Only dots came, and lines stayed where they were.
        assert all(new in (old, "•") for old, new in zip(units(was), units(now), strict=True))
    for view in told.state.terminals.values():
        assert secret not in "".join(view.output)
    score_records(head, read)
    registry.export("log").write(io.StringIO(), head, read, None)


def units(text: str) -> list[str]:
    data = text.encode("utf-16-le")
    return [data[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(data), 2)]


@pytest.mark.parametrize("seed", range(3))
def test_the_database_and_its_files_hold_no_byte_of_it(seed: int, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'log.db'}")
    told = scattered(seed, SECRET, SqlLog(engine, ticking_clock(), counting_salt()))

    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert SECRET.encode() in files()
    told.redact()
    assert all(form.encode() not in files() for form in needles(SECRET))
    engine.dispose()
    assert SECRET.encode() not in files()


@pytest.mark.parametrize("seed", range(3))
def test_what_is_left_is_folded_alike_in_the_browser(seed: int) -> None:
    told = scattered(seed, SECRET)
    told.redact()
    events = told.events()
    for upto in random.Random(seed).sample(range(1, len(events)), 8):
        wired = [wire("interviewer", record) for record in told.log.read("i1")[:upto]]
        assert in_browser(wired) == fold(events[:upto]).to_json()
