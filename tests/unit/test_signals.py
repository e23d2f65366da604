"""The five signals, behaviour by behaviour, and what must not make a difference to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviews import events as e
from interviews.faults import asserts_fault
from rubrics import registry
from rubrics.base import Detection, Share
from rubrics.reading.naming import definitions, grounded
from rubrics.reading.told import Prompt, Scene
from rubrics.reading.wording import all_pass, is_courtesy, name_of_test, prose
from rubrics.reading.workspace import File
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import DEFECTS, HEADER, REQUIREMENTS, TEST
from tests.golden.story import Story, hunk, note

CODE = '''"""Playlists."""

MAX_SONGS = 30


class Track:
    title: str
    energy: int


def shuffle(tracks, seed):
    # the mood decides
    order = sorted(tracks)
    return order


def build_playlist(wish):
    playListBuilder = wish
    return playListBuilder
'''


def begin(*, brief_shared: bool = False) -> Story:
    story = Story(HEADER)
    story.tell("system", e.KeyRecorded(requirements=REQUIREMENTS, defects=DEFECTS, brief_shared=brief_shared))
    story.file("system", "songs/builder.py", CODE, "starter")
    story.file("system", "tests/test_fees.py", TEST, "starter")
    return story


def share(story: Story, signal: str) -> tuple[int, int]:
    """Hits and known opportunities."""
    reading = registry.signal(signal).read(story.view())
    assert isinstance(reading, Share)
    known = [one for one in reading.opportunities if one.known]
    return sum(one.hit for one in known), len(known)


def detection(story: Story) -> tuple[int, int, int, int]:
    """Hits and opportunities of flawed hunks, then of good ones."""
    reading = registry.signal("defect_detection").read(story.view())
    assert isinstance(reading, Detection)
    groups = ([one for one in group if one.known] for group in (reading.defective, reading.good))
    (hits, flawed), (alarms, good) = ((sum(one.hit for one in group), len(group)) for group in groups)
    return hits, flawed, alarms, good


def asked(story: Story, turn: str, text: str, *attachments: str, miss: bool = False) -> None:
    story.ask(turn, text, *attachments)
    story.answer(turn, "Here you are.", miss=miss)


def change(name: str, path: str = "songs/builder.py") -> e.Hunk:
    return hunk(name, path, 3, "MAX_SONGS = 30\n", "MAX_SONGS = 30\n")


def offered(story: Story, turn: str, noted: e.HunkNote, *, accept: bool = True, reason: str = "") -> None:
    """One proposal of one hunk, decided at once."""
    content = change(noted.hunk)
    seq = story.offer(turn, noted.hunk, "A change", (content, noted))
    story.answer(turn, "Here you are.")
    if accept:
        story.accept(noted.hunk, content, seq)
    else:
        story.reject(noted.hunk, noted.hunk, reason, seq)


def finish(story: Story, **tests: str) -> None:
    """Submit and grade; ``tests`` are names and outcomes."""
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    files = {name: "test_rates" if name.startswith("test_rate_") else "test_fees" for name in tests}
    results = [{"id": f"hidden_tests/{files[name]}.py::{name}", "outcome": outcome} for name, outcome in tests.items()]
    results += [{"id": "hidden_tests/test_other.py::test_it", "outcome": "passed"}]
    story.tell("system", e.AnalysisRecorded(kind="hidden_tests", result={"tests": results}))


# Grounding


def prompt(text: str, **scene: object) -> Prompt:
    files = {"songs/builder.py": File(CODE, bytes(len(CODE))), "tests/test_fees.py": File(TEST, bytes(len(TEST)))}
    values: dict[str, object] = {
        "files": files, "failing": {}, "tests": frozenset({"tests/test_fees.py::test_two_hours"}), "output": "", "offered": (),
    }  # fmt: skip
    return Prompt(1, "a1", text, (), Scene(**{**values, **scene}))  # type: ignore[arg-type] # a table of keyword values


@pytest.mark.parametrize(
    "text",
    [
        "look at songs/builder.py",
        "in builder.py, please",
        "Builder.py:12 is odd",
        "fix `shuffle`",
        "shuffle() gives the same order each time",
        "what does build_playlist do",
        "why is playListBuilder there",
        "the function shuffle is not random",
        "la función shuffle no mezcla nada",
        "die Methode shuffle mischt nicht",
        "Track.energy is ignored",
        "MAX_SONGS should be 20",
        "test_two_hours is red",
        "see songs.builder",
        "```\norder = sorted(tracks)\n```\nwhy?",
        "please excuse my english, problem is in build_playlist, it not work",
    ],
)
def test_a_real_name_grounds_a_prompt(text: str) -> None:
    assert grounded(prompt(text))


@pytest.mark.parametrize(
    "text",
    [
        "shuffle the order of the tracks by energy",
        "Track the mood of every title, please",
        "make the playlist better",
        "fix the bug(s) in the title(s)",
        "what does `sorted` do",
        "use a_name_that_is_nowhere",
        "look at other.py",
        "e.g. order.And then the seed",
        "I get an error",
        "one order(less than 100)",
        "",
        "🎵🎵🎵",
    ],
)
def test_everyday_words_and_foreign_names_do_not(text: str) -> None:
    assert not grounded(prompt(text))


def test_an_error_of_this_workspace_grounds_a_prompt() -> None:
    failing = {"tests/test_fees.py::test_two_hours": "E   KeyError: 'energy'\nAssertionError: assert 250 == 500"}
    assert grounded(prompt("I see KeyError now", failing=failing))
    assert grounded(prompt("It says AssertionError: assert 250 == 500", failing=failing))
    assert grounded(prompt("what is ZeroDivisionError: division by zero", output="ZeroDivisionError: division by zero"))
    assert not grounded(prompt("I see ValueError now", failing=failing))
    assert not grounded(prompt("there is an AssertionError", failing=failing))
    assert not grounded(prompt("I see KeyError now"))


def test_a_proposals_own_names_and_attachments_ground_a_prompt() -> None:
    assert grounded(prompt("why pick_next()?", offered=("def pick_next(tracks):\n    pass\n",)))
    assert not grounded(prompt("why pick_next()?"))
    story = begin()
    asked(story, "a1", "make it better", "songs/builder.py")
    asked(story, "a2", "make it better")
    assert share(story, "grounding") == (1, 2)


@pytest.mark.parametrize(
    ("kind", "name", "text", "hit"),
    [
        ("selection", "songs/builder.py", "    # the mood decides", True),
        ("selection", "songs/gone.py", "x", False),
        ("failure", "tests/test_fees.py::test_two_hours", "assert 250 == 500", True),
        ("terminal", "t1", "$ pytest -q\nFAILED tests/test_fees.py::test_two_hours", True),
        ("terminal", "t1", "$ date\nMonday", False),
    ],
)
def test_what_a_candidate_attaches_need_not_be_typed_too(kind: str, name: str, text: str, hit: bool) -> None:
    story = begin()
    story.run("r1", ("tests/test_fees.py::test_two_hours", "assert 250 == 500"))
    mention = e.Mention.model_validate({"kind": kind, "name": name, "text": text})
    story.ask("a1", "make it better", mentions=(mention,))
    story.answer("a1", "Here you are.")
    assert share(story, "grounding") == (int(hit), 1)


def test_a_failure_that_was_attached_and_is_gone_was_resolved() -> None:
    failing = ("tests/test_fees.py::test_two_hours", "assert 250 == 500")
    mention = e.Mention(kind="failure", name=failing[0], text=failing[1])
    for mentions, resolved in (((mention,), 1), ((), 0)):
        story = begin()
        asked(story, "a1", "hello there, what is this?")
        story.run("r1", failing)
        story.ask("a2", "make it better", mentions=mentions)
        story.answer("a2", "Here you are.")
        story.run("r2")
        finish(story)
        assert share(story, "productive_follow_up")[0] == resolved


def test_names_count_as_they_were_at_that_moment() -> None:
    story = begin()
    asked(story, "a1", "use pick_next()")
    story.edit("songs/builder.py", "def shuffle", "def pick_next", "typed")
    asked(story, "a2", "do use pick_next()")
    assert share(story, "grounding") == (1, 2)
    asked(story, "a3", "do use pick_next()")
    assert share(story, "grounding") == (1, 2), "the same prompt again is the same one"


def test_what_the_platform_missed_and_mere_thanks_are_left_out() -> None:
    story = begin()
    asked(story, "a1", "sing", miss=True)
    story.ask("a2", "dance")
    story.tell("assistant", e.ReplyFailed(turn="a2", reason="no"))
    asked(story, "a3", "Thanks a lot, that looks great!")
    assert share(story, "grounding") == (0, 0)
    flags = score(story.view(), load("standard")).flags
    assert sum("left out" in flag for flag in flags) == 2


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["a", "a.", "a_", "def x(", "`", "((", "a(", "/*", '"""', "function ", "\\", "x: ", "Error"]
)
def test_no_text_stalls_the_reading(piece: str) -> None:
    """Prompts and files are the candidate's: at their largest, whatever they hold, a score must come."""
    long = piece * (20_000 // len(piece))
    huge = piece * (1_000_000 // len(piece))
    files = {"songs/builder.py": File(CODE, bytes(len(CODE))), "x.py": File(huge, bytes(len(huge)))}
    grounded(prompt(long, files=files, output=long, failing={"t.py::test_a": long}, tests=frozenset({"t.py::test_a"})))
    prose("x.py", huge)
    is_courtesy(long)
    asserts_fault(long)


def test_definitions_are_names_of_code_only() -> None:
    assert {"Track", "title", "energy", "shuffle", "tracks", "seed", "order", "MAX_SONGS", "wish"} <= definitions(CODE)
    assert not definitions(CODE) & {"the", "mood", "return", "sorted", "Playlists", "self"}


# Requirement coverage

CAP = "A day costs at most 20 euros"


@pytest.mark.parametrize("channel", ["prompt", "attachment", "test", "comment"])
def test_an_atom_stated_in_any_channel_before_its_code_counts(channel: str) -> None:
    story = begin()
    if channel == "attachment":
        story.file("system", "docs/wishes.md", CAP, "starter")
        asked(story, "a1", "do what the file says", "docs/wishes.md")
    elif channel == "test":
        story.edit("tests/test_fees.py", "\n\ndef test_two", f'\n\nLIMIT = "{CAP}"\n\n\ndef test_two', "typed")
    elif channel == "comment":
        for part in (CAP[:7], CAP[7:]):
            before = "MAX_SONGS = 30" if part == CAP[:7] else f"# {CAP[:7]}"
            after = "MAX_SONGS = 30\n# " + part if part == CAP[:7] else before + part
            story.edit("songs/builder.py", before, after, "typed")
    asked(story, "a2", CAP if channel == "prompt" else "go on")
    offered(story, "a2", note("h1", "cap", "cap"))
    assert share(story, "requirement_coverage") == (1, 1)


def test_code_accepted_before_its_atom_was_stated_does_not_count() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    asked(story, "a2", CAP)
    finish(story, test_cap="failed")
    assert share(story, "requirement_coverage") == (0, 1)


def test_starter_text_is_not_the_candidates_word() -> None:
    story = begin()
    story.file("system", "songs/rules.py", f"# {CAP}\n", "starter")
    story.edit("songs/builder.py", "MAX_SONGS = 30", f"MAX_SONGS = 30\n# {CAP}", "co-edit")
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    finish(story, test_cap="failed")
    assert share(story, "requirement_coverage") == (0, 1)


@pytest.mark.parametrize(("outcome", "expected"), [("passed", (1, 1)), ("failed", (0, 1)), ("skipped", (0, 0))])
def test_what_was_mended_before_submitting_counts(outcome: str, expected: tuple[int, int]) -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    finish(story, test_cap=outcome)
    assert share(story, "requirement_coverage") == expected


def test_a_test_without_a_result_is_no_failed_one() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    offered(story, "a1", note("h2", defect="flaw1"))
    finish(story, test_other="passed", test_last="skipped")
    assert share(story, "requirement_coverage") == (0, 0)
    assert detection(story)[:2] == (0, 0)
    assert share(story, "hidden_tests") == (2, 2)


@pytest.mark.parametrize("outcome", ["passed", "failed"])
def test_a_test_of_an_unstated_requirement_counts_once_whatever_it_says(outcome: str) -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    finish(story, test_cap=outcome)
    assert share(story, "requirement_coverage") == (outcome == "passed", 1)
    assert share(story, "hidden_tests") == (1, 1)


@pytest.mark.parametrize("late", [False, True])
def test_a_test_of_a_stated_requirement_tells_of_the_work(late: bool) -> None:
    story = begin()
    asked(story, "a1", "do it" if late else CAP)
    offered(story, "a1", note("h1", "cap"))
    if late:
        asked(story, "a2", CAP)
        offered(story, "a2", note("h2", "cap", "cap"))
    finish(story, test_cap="failed")
    assert share(story, "requirement_coverage") == (1, 1)
    assert share(story, "hidden_tests") == (1, 2)


def test_later_code_that_honours_a_late_statement_mends_it() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    asked(story, "a2", CAP)
    offered(story, "a2", note("h2", "cap", "cap"))
    assert share(story, "requirement_coverage") == (1, 1)


def test_own_code_and_unasked_luck_leave_the_denominator() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "grace", "grace"))
    offered(story, "a1", note("h2", "cap"), accept=False)
    story.edit("songs/builder.py", "return order", "return order[:20]", "typed")
    finish(story, test_cap="passed", test_grace="passed")
    assert share(story, "requirement_coverage") == (0, 0)


def test_unfinished_or_ungraded_work_is_not_held_against_anyone() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    assert share(story, "requirement_coverage") == (0, 0)
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    story.tell("system", e.AnalysisRecorded(kind="hidden_tests", result={"failed": "no sandbox", "tests": []}))
    assert share(story, "requirement_coverage") == (0, 0)
    card = score(story.view(), load("standard"))
    coverage = card.dimensions[0].indicators[0]
    assert (coverage.status, coverage.value, coverage.n) == ("cannot_tell", None, 1)
    assert any("hidden tests have no result" in flag for flag in card.flags)


def test_a_reader_is_told_where_the_exercise_was_changed_after_the_interview_was_created() -> None:
    def told(**more: str) -> bool:
        story = begin()
        story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
        result = {"tests": [{"id": "test_it.py::test_it", "outcome": "passed"}], "passed": 1, "total": 1, **more}
        story.tell("system", e.AnalysisRecorded(kind="hidden_tests", result=result))
        return any("files were changed" in flag for flag in score(story.view(), load("standard")).flags)

    assert told(exercise_sha256="c0" * 32) and not told()


def test_results_of_other_hidden_tests_than_those_of_the_interview_are_not_used() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    result: e.Json = {"tests": [{"id": "test_fees.py::test_cap", "outcome": "failed"}], "exercise_sha256": "c0" * 32}
    story.tell("system", e.AnalysisRecorded(kind="hidden_tests", result=result))
    assert share(story, "requirement_coverage") == share(story, "hidden_tests") == (0, 0)


def test_a_shared_brief_leaves_nothing_to_state() -> None:
    story = begin(brief_shared=True)
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    finish(story, test_cap="failed")
    card = score(story.view(), load("standard")).dimensions[0].indicators[0]
    assert (card.status, card.n) == ("not_observed", 0)


def test_a_shown_defects_tests_count_once() -> None:
    """The hidden test that tells of a repair is no second time a correction."""
    defect = DEFECTS[0].model_copy(update={"tests": ("test_fees.py::test_cap",)})
    story = Story(HEADER)
    story.tell("system", e.KeyRecorded(requirements=REQUIREMENTS, defects=(defect,), brief_shared=False))
    story.file("system", "songs/builder.py", CODE, "starter")
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap", defect=defect.id))
    finish(story, test_cap="passed")
    assert detection(story)[:2] == (1, 1)
    assert share(story, "requirement_coverage") == (0, 1)


# Productive follow-up


def test_the_first_prompt_is_no_follow_up() -> None:
    story = begin()
    asked(story, "a1", "sing", miss=True)
    asked(story, "a2", CAP)
    finish(story)
    assert share(story, "productive_follow_up") == (0, 0)


def test_a_new_atom_is_productive_and_a_repeated_one_is_not() -> None:
    story = begin()
    asked(story, "a1", "do it")
    asked(story, "a2", CAP)
    asked(story, "a3", CAP + ", I said")
    finish(story)
    assert share(story, "productive_follow_up") == (1, 2)


def test_a_correction_of_what_the_proposal_missed_is_productive() -> None:
    story = begin()
    asked(story, "a1", CAP)
    offered(story, "a1", note("h1", "cap"), accept=False)
    asked(story, "a2", CAP + "!")
    offered(story, "a2", note("h2", "cap", "cap"))
    asked(story, "a3", CAP + "!!")
    finish(story)
    assert share(story, "productive_follow_up") == (1, 2)


@pytest.mark.parametrize(
    ("said", "still", "hits"), [("test_two_hours", False, 1), ("a test", False, 0), ("test_two_hours", True, 0)]
)
def test_a_named_failure_counts_once_a_run_shows_it_resolved(said: str, still: bool, hits: int) -> None:
    story = begin()
    failing = ("tests/test_fees.py::test_two_hours", "TypeError: no")
    asked(story, "a1", "do it")
    story.run("r1", failing)
    asked(story, "a2", f"{said} is red")
    story.run("r2", *([failing] if still else []))
    finish(story)
    assert share(story, "productive_follow_up") == (hits, 1)


def test_naming_a_planted_fault_belongs_to_detection_alone() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", defect="flaw1"), accept=False, reason="")
    asked(story, "a2", "rate 1 forgets the last minute")
    finish(story, test_rate_1="failed")
    assert share(story, "productive_follow_up") == (0, 0)
    assert detection(story)[:2] == (1, 1)


# Defect detection


@pytest.mark.parametrize(
    ("accept", "reason", "outcome", "expected"),
    [
        (False, "rate 1 forgets the last minute", "failed", (1, 1)),
        (False, "", "failed", (0, 0)),
        (False, "not my style", "failed", (0, 0)),
        (False, "this is wrong", "failed", (0, 0)),
        (True, "", "failed", (0, 1)),
        (True, "", "passed", (1, 1)),
    ],
)
def test_a_planted_mistake(accept: bool, reason: str, outcome: str, expected: tuple[int, int]) -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", defect="flaw1"), accept=accept, reason=reason)
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    tests = [{"id": "test_rates.py::test_rate_1", "outcome": outcome}]
    story.tell("system", e.AnalysisRecorded(kind="hidden_tests", result={"tests": tests}))
    assert detection(story)[:2] == expected


def test_naming_every_fault_while_accepting_everything_is_no_detection() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", defect="flaw1"))
    asked(story, "a2", "rate 1 forgets the last minute")
    finish(story, test_rate_1="failed")
    assert detection(story)[:2] == (0, 1)


def test_a_fault_named_before_it_was_shown_is_no_detection() -> None:
    story = begin()
    asked(story, "a1", "mind that rate 1 counts the last minute")
    offered(story, "a1", note("h1", defect="flaw1"), accept=False)
    finish(story)
    assert detection(story)[:2] == (0, 0)


KINDS = "Mind race conditions, empty lists, null, duplicates, unicode: "


@pytest.mark.parametrize(
    ("prompts", "hits"),
    [
        (("",), 0),
        (("rate 1 forgets the last minute",), 1),
        (("rate 4 forgets the last minute",), 1),
        (("rate 1 forgets the last minute", "rate 4 forgets the last minute"), 2),
        (("rate 1, rate 4, rate 7, rate 9: each forgets the last minute, and so does rate 1 the last minute",), 1),
        ((KINDS + "rate 1 forgets the last minute",), 0),
    ],
)
def test_a_prompt_names_one_rejected_mistake_at_most_and_a_list_names_none(prompts: tuple[str, ...], hits: int) -> None:
    story = begin()
    asked(story, "a1", "do it")
    for at, defect in enumerate(DEFECTS):
        offered(story, "a1", note(f"h{at}", defect=defect.id), accept=False)
    for at, text in enumerate(prompts):
        asked(story, f"b{at}", text)
    finish(story)
    assert detection(story)[:2] == (hits, hits)


def test_a_comment_at_a_sound_change_that_is_rejected_can_blame_it() -> None:
    for said, expected in (("this crashes on empty lists", (1, 1)), (KINDS, (1, 1)), ("nice", (0, 0))):
        story = begin()
        asked(story, "a1", "do it")
        offered(story, "a1", note("h1"), accept=False)
        comment = e.CommentAdded(comment="c1", suggestion="h1", hunk="h1", line=1, text=said)
        story.tell("candidate", comment)
        assert detection(story)[2:] == expected, said


def test_a_planted_mistake_shown_twice_is_one_opportunity() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", defect="flaw1"), accept=False, reason="rate 1: the last minute")
    offered(story, "a1", note("h2", defect="flaw1"))
    finish(story, test_rate_1="failed")
    assert detection(story)[:2] == (1, 1)


def test_a_planted_mistake_that_was_taken_out_with_all_that_came_with_it_is_no_opportunity() -> None:
    # ``return order`` stands there already, and tells nothing.
    came = "def fees(order):\n    return order\n"
    content = hunk("h1", "songs/builder.py", 3, "MAX_SONGS = 30\n", f"MAX_SONGS = 30\n{came}")
    for left, expected in (("", (0, 0)), ("def fees(order):\n", (0, 1))):
        story = begin()
        asked(story, "a1", "do it")
        seq = story.offer("a1", "s1", "A change", (content, note("h1", defect="flaw1")))
        story.accept("s1", content, seq)
        story.edit("songs/builder.py", came, left, "typed")
        finish(story, test_rate_1="failed")
        assert detection(story)[:2] == expected


@pytest.mark.parametrize(
    ("noted", "accept", "reason", "expected"),
    [
        (note("h1"), True, "", (0, 1)),
        (note("h1"), False, "", (0, 0)),
        (note("h1"), False, "I prefer my own way, this is not my style", (0, 0)),
        (note("h1"), False, "this crashes on empty lists", (1, 1)),
        (note("h1"), False, "rate 4 lacks the last minute", (1, 1)),
        (note("h1", "cap", "cap"), True, "", (0, 1)),
        (note("h1", "cap"), True, "", (0, 0)),
        (note("h1", "cap"), False, "this is missing the cap", (0, 0)),
    ],
)
def test_a_sound_hunk(noted: e.HunkNote, accept: bool, reason: str, expected: tuple[int, int]) -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", noted, accept=accept, reason=reason)
    assert detection(story)[2:] == expected


@pytest.mark.parametrize(("accept", "reason"), [(False, "The loop never ends here, that is wrong."), (True, "")])
def test_a_hunk_of_which_nothing_is_known_is_no_opportunity(accept: bool, reason: str) -> None:
    story = begin()
    content = change("h1")
    offer = e.SuggestionOffered(suggestion="s1", turn="a1", title="A change", hunks=(content,))
    seq = story.tell("assistant", offer, e.SuggestionAnnotated(suggestion="s1", hunks=())) - 1
    if accept:
        story.accept("s1", content, seq)
    else:
        story.reject("s1", "h1", reason, seq)
    assert detection(story) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("provider", "expected"), [("anthropic", (0, 0)), ("openai_compatible", (0, 0)), ("scripted", (1, 2))]
)
def test_older_notes_of_a_live_models_changes_say_nothing(provider: str, expected: tuple[int, int]) -> None:
    story = begin()
    settings = HEADER.settings.model_copy(update={"provider": provider})
    story.header = HEADER.model_copy(update={"settings": settings})
    offered(story, "a1", note("h1"), accept=False, reason="The loop never ends here, that is wrong.")
    offered(story, "a2", note("h2"))
    assert detection(story)[2:] == expected


def test_below_six_and_ten_there_are_counts_only() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", defect="flaw1"), accept=False, reason="rate 1: the last minute")
    offered(story, "a1", note("h2"))
    finish(story)
    critique = score(story.view(), load("standard")).dimensions[1]
    one = critique.indicators[0]
    assert (one.status, one.value, one.level, one.ci95, one.n) == ("cannot_tell", None, None, None, 2)
    assert "named or repaired: 1 of 1; sound changes blamed: 0 of 1" in one.explanation
    assert len(one.evidence) == 2
    assert (critique.status, critique.score) == ("cannot_tell", None)


@pytest.mark.parametrize("reason", ["not needed", "already there", "out of scope", "I will do this by hand", "zu lang"])
def test_a_preference_asserts_nothing(reason: str) -> None:
    assert not asserts_fault(reason)


# Verified before submit


def test_a_run_after_acceptance_verifies_and_one_before_does_not() -> None:
    story = begin()
    asked(story, "a1", "do it")
    story.run("r1")
    offered(story, "a1", note("h1"))
    assert share(story, "verified_before_submit") == (0, 0)
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    assert share(story, "verified_before_submit") == (0, 1)

    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1"))
    story.run("r1", ("tests/test_fees.py::test_two_hours", "no"))
    offered(story, "a1", note("h2"))
    finish(story)
    assert share(story, "verified_before_submit") == (1, 2)


def with_programs() -> Story:
    """Where some files load the one that changes, and others do not."""
    story = begin()
    loading = {
        "songs/__init__.py": "",
        "songs/__main__.py": "from songs import builder\n",
        "more/other.py": "import songs.builder\n",
    }
    for path, text in {**loading, "alone.py": "print(1)\n", "run.sh": "true\n", "Makefile": "test:\n"}.items():
        story.file("system", path, text, "starter")
    return story


@pytest.mark.parametrize(
    ("command", "hits"),
    [
        ("python3 -m pytest -q", 1), ("pytest", 1), ("cd /w && PYTHONPATH=. python -m songs", 1), ("./run.sh", 1), ("make test", 1),
        ("python3 more/other.py", 1), ("python3 -c 'import songs'", 1), ("bash run.sh", 1),
        ("cat tests/test_fees.py", 0), ("grep python x", 0), ("python --version", 0), ("ls", 0), ("", 0),
        ("npm test", 0), ("npm ls", 0), ("python3 -m pip list", 0), ("python3 nope.py", 0), ("python3 alone.py", 0),
        ("python3 -c 'import os'", 0), ("bash -c ls", 0), ("go version", 0), ("./nope", 0),
    ],
)  # fmt: skip
def test_the_terminal_counts_like_the_button(command: str, hits: int) -> None:
    story = with_programs()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1"))
    story.tell("terminal", e.CommandFinished(terminal="t1", command=command, exit_code=1))
    finish(story)
    assert share(story, "verified_before_submit") == (hits, 1)


def covered(run: int, command: str = "", **more: object) -> Story:
    """A change of four lines that can run; of them so many did, in the one run after it."""
    story = with_programs()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1"))
    story.run("r1", ("tests/test_fees.py::test_two_hours", "no"))
    if command:
        story.tell("terminal", e.CommandFinished(terminal="t1", command=command, exit_code=0))
    finish(story)
    hunks = {"h1/h1": {"lines": 4, "run": run, "runs": ["r1"] if run else []}}
    story.tell("system", e.AnalysisRecorded(kind="accepted_coverage", result={"hunks": hunks, **more}, key="1" * 64))
    return story


def test_a_change_is_verified_where_more_than_half_of_its_lines_ran() -> None:
    assert share(covered(3), "verified_before_submit") == (1, 1)
    # The line of a `def` runs when its file is read.
    assert share(covered(2), "verified_before_submit") == (0, 1)
    # Tests in the terminal were run again too; a program was not.
    assert share(covered(0, "pytest -q"), "verified_before_submit") == (0, 1)
    assert share(covered(0, "python3 -m songs"), "verified_before_submit") == (1, 1)
    assert share(covered(0, "python3 alone.py; python3 -m pip list"), "verified_before_submit") == (0, 1)
    # Of these nobody can say what they ran.
    for command in ("make test", "./run.sh"):
        assert share(covered(0, command), "verified_before_submit") == (0, 0)


def test_a_program_that_the_shell_did_not_find_ran_nothing() -> None:
    story = with_programs()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1"))
    story.tell("terminal", e.CommandFinished(terminal="t1", command="pytest", exit_code=127))
    finish(story)
    assert share(story, "verified_before_submit") == (0, 1)


def test_a_run_that_gave_no_answer_is_held_against_nobody() -> None:
    assert share(covered(0, unanswered=["r1"]), "verified_before_submit") == (0, 0)
    assert share(covered(0, left_out=1), "verified_before_submit") == (0, 0)
    assert share(covered(4, left_out=1), "verified_before_submit") == (1, 1)


@pytest.mark.parametrize("result", [{"failed": "no place"}, {"not_available": "Python only"}, [], None, {"hunks": 1}])
def test_an_analysis_that_was_not_made_changes_nothing(result: object) -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1"))
    story.run("r1", ("tests/test_fees.py::test_two_hours", "no"))
    finish(story)
    for kind in ("accepted_coverage", "own_tests"):
        story.tell("system", e.AnalysisRecorded(kind=kind, result=result, key=""))
    assert share(story, "verified_before_submit") == (1, 1)
    assert share(story, "own_test_strength") == (0, 0)


def test_own_tests_are_worth_the_mutants_they_kill() -> None:
    story = begin()
    finish(story)
    story.tell("system", e.AnalysisRecorded(kind="own_tests", result={"mutants": 7, "killed": 5}, key="1" * 64))
    assert share(story, "own_test_strength") == (5, 7)
    story.tell("system", e.AnalysisRecorded(kind="own_tests", result={"mutants": 0, "killed": 0}, key="2" * 64))
    assert share(story, "own_test_strength") == (0, 0)


# What must not matter


def skilled(*, style: str) -> Story:
    """The same work: everything at once, step by step, or by hand."""
    story = begin()
    atoms = [CAP, "every started hour counts", "the first ten minutes are free", "a negative stay is refused"]
    names = ["cap", "started", "grace", "negative"]
    if style == "at once":
        asked(story, "a1", "In `shuffle`: " + ". ".join(atoms))
    for at, (text, name) in enumerate(zip(atoms, names, strict=True)):
        if style == "step by step":
            asked(story, f"a{at + 1}", f"In `shuffle`: {text}")
        if style != "by hand":
            offered(story, "a1", note(f"h{at}", name, name))
        else:
            story.edit("songs/builder.py", "MAX_SONGS = 30\n", f"MAX_SONGS = 30\n{name} = 1\n", "typed")
    story.run("r1")
    finish(story, **{f"test_{name}": "passed" for name in names})
    return story


def test_equal_skill_in_another_style_is_equal_or_not_observed() -> None:
    at_once, step, by_hand = (
        score(skilled(style=style).view(), load("standard")) for style in ("at once", "step by step", "by hand")
    )

    def values(card: object, name: str) -> float | None:
        assert isinstance(card, type(at_once))
        return next(one.value for dimension in card.dimensions for one in dimension.indicators if one.id == name)

    for name in ("requirement_coverage", "verified_before_submit"):
        assert values(at_once, name) == values(step, name) is not None
    assert share(skilled(style="at once"), "grounding") == (1, 1)
    assert share(skilled(style="step by step"), "grounding") == (4, 4)
    assert share(skilled(style="step by step"), "productive_follow_up") == (3, 3)
    assert values(at_once, "productive_follow_up") is None
    for dimension in by_hand.dimensions:
        # What was handed in is there, whoever wrote it.
        assert (dimension.status == "not_observed") == (dimension.id != "outcome")
        assert dimension.score is None or dimension.id == "outcome"


filler = st.lists(
    st.sampled_from(
        [
            "please",
            "kindly",
            "sorry",
            "perhaps",
            "could you",
            "the",
            "thing",
            "better",
            "plz",
            "thx",
            "dear friend",
            "hmm",
        ]
    ),
    max_size=12,
).map(" ".join)


@given(filler, filler)
def test_length_politeness_and_hedging_change_nothing(before: str, after: str) -> None:
    def told(wrap: bool) -> object:
        story = begin()
        for turn, text in (("a1", "use build_playlist"), ("a2", CAP), ("a3", "make it nicer")):
            asked(story, turn, f"{before} {text} {after}" if wrap else text)
        offered(story, "a3", note("h1", "cap", "cap"))
        finish(story)
        return score(story.view(), load("standard")).dimensions

    assert told(True) == told(False)


@pytest.mark.parametrize("text", ["Thanks!", "ok great", "Perfect, thank you very much 🙏", "👍", "Merci", "спасибо"])
def test_courtesies_ask_for_nothing(text: str) -> None:
    assert is_courtesy(text)
    assert not is_courtesy(text + " now add a seed")


def test_bad_patterns_in_a_foreign_log_find_nothing() -> None:
    broken = REQUIREMENTS[0].model_copy(update={"patterns": ("(", "[z-a]")})
    story = Story(HEADER)
    story.tell("system", e.KeyRecorded(requirements=(broken,), defects=(), brief_shared=False))
    story.file("system", "songs/builder.py", CODE, "starter")
    asked(story, "a1", "( do it")
    offered(story, "a1", note("h1", "started"))
    finish(story, test_started="failed")
    assert share(story, "requirement_coverage") == (0, 1)


@pytest.mark.parametrize(
    "test",
    [
        "hidden_tests/test_x.py::test_a",
        "test_x.py::test_a",
        "hidden_tests.test_x::test_a",
        "a/b/test_x.py::test_a[x/y::z]",
    ],
)
def test_hidden_tests_are_known_however_they_are_spelt(test: str) -> None:
    assert name_of_test(test) == "test_x.py::test_a"
    assert all_pass(["test_x.py::test_a"], {test: "passed"})
    assert not all_pass(["test_x.py::test_a"], {test: "passed", "test_x.py::test_a[other]": "failed"})
    assert all_pass(["test_x.py::test_b"], {test: "passed"}) is None
    assert all_pass(["test_x.py::test_b", "test_x.py::test_a"], {test: "failed"}) is False
    assert all_pass([], {test: "passed"}) is None
