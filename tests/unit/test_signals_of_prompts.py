"""What prompts demand, whose words they are in, and how they are spelt."""

from __future__ import annotations

import pytest

from interviews import events as e
from interviews.spelling import lexicon, mended
from rubrics.reading.demands import demands
from rubrics.reading.own_words import own_words
from rubrics.reading.wording import expressed, matches
from tests.golden.make import DEFECTS, HEADER, REQUIREMENTS, TEST
from tests.golden.story import Story, hunk, note
from tests.unit.test_signals import CAP, CODE, asked, begin, finish, offered, prompt, share

BRIEF = """# Fees

A started hour counts in full, and the first ten minutes are free for everybody who comes in.
A day costs at most 20 euros, however long somebody stays in the car park of the town.
A negative stay is refused with an error that says what was wrong about it and who has to be told.
Work with the assistant as you like, and hand in what you are content with when the time is up.
"""


def briefed() -> Story:
    story = Story(HEADER)
    key = e.KeyRecorded(requirements=REQUIREMENTS, defects=DEFECTS, brief_shared=False, brief=BRIEF)
    story.tell("system", key)
    story.file("system", "songs/builder.py", CODE, "starter")
    story.file("system", "tests/test_fees.py", TEST, "starter")
    return story


def demanded(text: str) -> bool:
    return demands(prompt(text), text, REQUIREMENTS)


@pytest.mark.parametrize(
    "text",
    [
        "It must return None for an empty list.",
        "Don't use any other library.",
        "For example 61 minutes come to 500.",
        "e.g. 00815 would be fine",
        "Two calls with the same seed must give the same order.",
        "assert shuffle([1], 2) == [1]",
        'shuffle("abc") -> "cab", and never "abc"',
        "Only the standard library, please.",
        "Die Funktion darf nie mehr als 30 Titel liefern",
        "Do not change the signature.",
        "perhaps, sorry, it shoud return 0 I think",
    ],
)
def test_a_constraint_or_an_example_of_ones_own(text: str) -> None:
    assert demanded(text)


@pytest.mark.parametrize(
    "text",
    [
        "Please make it better.",
        "It must be good, always, and never bad.",
        "For example.",
        "Write `shuffle` and what belongs to it.",
        "There is a bug in songs/builder.py",
        "tests/test_fees.py::test_two_hours fails with AssertionError: assert 250 == 500",
        "must should never always only at least exactly expected given null None empty zero maximum minimum",
        CAP,
        "As I said: the first ten minutes are free.",
        "",
    ],
)
def test_no_constraint_and_no_example(text: str) -> None:
    assert not demanded(text)


def test_of_prompts_that_hand_over_tests_of_ones_own_the_tests_tell() -> None:
    story = begin()
    asked(story, "a1", "make it better")
    story.edit("tests/test_fees.py", "def test_two", "def test_three():\n    assert False\n\n\ndef test_two", "typed")
    asked(story, "a2", "please make tests/test_fees.py pass")
    asked(story, "a3", "my new tests should go green")
    assert share(story, "constraint_or_example") == (0, 1)


def test_the_same_prompt_again_is_the_same_opportunity() -> None:
    story = begin()
    for turn in ("a1", "a2", "a3"):
        asked(story, turn, "shuffle() must return 3 for [1, 2]")
    asked(story, "a4", "make it better")
    for signal in ("constraint_or_example", "grounding"):
        assert share(story, signal) == (1, 2)


def test_a_copied_brief_is_no_word_of_ones_own_and_held_against_nobody() -> None:
    story = briefed()
    asked(story, "a1", BRIEF)
    offered(story, "a1", note("h1", "cap grace", "grace"))
    finish(story, test_cap="failed")
    # The cap was neither heard nor mended, the grace was heard.
    assert share(story, "requirement_coverage") == (0, 1)
    assert share(story, "constraint_or_example") == (0, 1)
    story = briefed()
    asked(story, "a1", f"{BRIEF}\nMind in `shuffle` that at most 20 euros are charged for a day.")
    offered(story, "a1", note("h1", "cap", "cap"))
    assert share(story, "requirement_coverage") == (1, 1)
    assert share(story, "grounding") == (1, 1)


@pytest.mark.parametrize("where", ["a note", "an attached note", "a docstring", "a comment at the hunk"])
def test_a_copied_brief_is_no_word_of_ones_own_wherever_it_is_put(where: str) -> None:
    story = briefed()
    asked(story, "a1", "do it")
    if where == "a docstring":
        story.file("candidate", "fees.py", f'"""{BRIEF}"""\n', "typed")
    elif "note" in where:
        story.file("candidate", "NOTES.md", BRIEF, "paste")
    asked(story, "a2", "now the fees", *(["NOTES.md"] if where == "an attached note" else []))
    content = hunk("h1", "songs/builder.py", 3, "MAX_SONGS = 30\n", "MAX_SONGS = 30\n")
    seq = story.offer("a2", "s1", "Fees", (content, note("h1", "cap", "cap")))
    if where == "a comment at the hunk":
        story.tell("candidate", e.CommentAdded(comment="c1", suggestion="s1", hunk="h1", line=1, text=BRIEF))
    story.accept("s1", content, seq)
    finish(story, test_cap="failed")
    assert share(story, "requirement_coverage") == (0, 0)
    # The brief was at hand as it stands, and nothing of what was right is the candidate's.
    assert share(story, "hidden_tests")[1] == (2 if where == "a comment at the hunk" else 0)


@pytest.mark.parametrize("when", ["first", "failed", "last", "after the last change", "in the review"])
def test_who_hands_the_brief_on_has_no_outcome_only_where_it_was_heard_and_something_taken_over(when: str) -> None:
    story = briefed()
    asked(story, "a1", BRIEF if when == "first" else "do it")
    if when == "failed":
        story.ask("a2", BRIEF)
        story.tell("system", e.ReplyFailed(turn="a2", reason="overloaded"))
    offered(story, "a1", note("h1"))
    if when == "last":
        story.ask("a3", BRIEF)
    if when == "after the last change":
        asked(story, "a3", BRIEF)
        offered(story, "a3", note("h2"), accept=False)
    if when == "in the review":
        story.tell("system", e.PhaseOffered(phase="review", duration_ms=1000))
        asked(story, "a3", BRIEF)
        offered(story, "a3", note("h2"))
    finish(story, test_mean="failed", test_more="failed")
    assert share(story, "hidden_tests")[1] == (0 if when == "first" else 3)


def test_a_sentence_in_the_briefs_words_is_no_copy() -> None:
    story = briefed()
    asked(story, "a1", "A day costs at most 20 euros, however long somebody stays in the car park of the town.")
    offered(story, "a1", note("h1", "cap", "cap"))
    assert share(story, "requirement_coverage") == (1, 1)


def test_standing_lines_count_once_and_lists_of_words_for_nothing() -> None:
    story = begin()
    line = "Mind songs/builder.py and never more than 3 of them."
    for turn in ("a1", "a2", "a3", "a4"):
        asked(story, turn, f"{line}\nGo on with number {turn}")
    # A standing line counts where it comes first, whatever its numbers are.
    assert share(story, "grounding") == share(story, "constraint_or_example") == (1, 4)
    asked(story, "a5", f"{line.replace('3', '4')}\nLook at `shuffle` and return at most 7 songs of it")
    assert share(story, "grounding") == share(story, "constraint_or_example") == (2, 5)
    # Names that differ by a number are other names.
    story = begin()
    for number in (1, 2, 3):
        story.file("system", f"songs/part{number}.py", CODE, "starter")
        asked(story, f"a{number}", f"Add docstrings to songs/part{number}.py")
    assert share(story, "grounding") == (3, 3)
    # A line that walks through the names is one all the same, and with other names alone a request is another request.
    story = begin()
    names = ("shuffle", "Track", "MAX_SONGS")
    for turn, name in zip(("a1", "a2", "a3"), names, strict=True):
        asked(story, turn, f"Go on.\nSee `{name}` in songs/builder.py: it must stay as it is, at most 3 of them.")
    assert share(story, "grounding") == share(story, "constraint_or_example") == (1, 3)
    story = begin()
    for turn, name in zip(("a1", "a2", "a3"), names, strict=True):
        asked(story, turn, f"Please add a docstring to `{name}` with the types of all that it takes")
    assert share(story, "grounding") == (3, 3)
    # What is said twice is no standing line.
    story = begin()
    for turn in ("a1", "a2"):
        asked(story, turn, f"{line}\nGo on with number {turn}")
    assert share(story, "grounding") == share(story, "constraint_or_example") == (2, 2)
    words = " ".join(f"word{at}" for at in range(60))
    story = begin()
    asked(story, "a1", f"go on\n{words} `shuffle` `Track` MAX_SONGS songs/builder.py")
    (said,) = own_words(story.view().facts).values()
    assert said == "go on"
    assert share(story, "grounding") == (0, 1)


@pytest.mark.parametrize(
    "text",
    [
        "a strated hour counts in full",
        "evry startd hour",
        "A day costs at most 20 euors",
        "the intial ten minuts are free, thirty minutes are free",
    ],
)
def test_a_letter_out_of_place_does_not_matter(text: str) -> None:
    assert any(expressed(atom, text) for atom in REQUIREMENTS)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\bcolour\b", "color"), (r"\bcatalogue\b", "the catalog"), (r"\brecognise\b", "recognize"),
        (r"\bkilogram\b", "a kilogramme"), (r"\bcentre\b", "the center"), (r"\bcancelled\b", "canceled"),
    ],
)  # fmt: skip
def test_british_and_american_spelling_are_one(pattern: str, text: str) -> None:
    assert matches([pattern], text)


def test_everyday_words_and_code_are_not_taken_for_slips() -> None:
    three = lexicon((r"\bthree\b.{0,40}\bwrong\b",))
    for text in ("there is something wrong", "the tree is wrong", "threee_ wrong", "x/threa/y wrong", "`threa` wrong"):
        assert mended(text, three) == text
    assert mended("threee wrong codes", three) == "three wrong codes"


def test_what_sets_new_work_going_is_no_follow_up() -> None:
    """Several changes, none of which touches what was proposed before."""
    story = begin()
    asked(story, "a1", "do it")
    _proposed(story, "a1", "started", "grace")
    asked(story, "a2", "now the other part, please")
    _proposed(story, "a2", "cap", "negative")
    finish(story)
    assert share(story, "productive_follow_up") == (0, 0)
    story = begin()
    asked(story, "a1", "do it")
    _proposed(story, "a1", "started", "grace")
    asked(story, "a2", "again, please")
    _proposed(story, "a2", "grace", "negative")
    finish(story)
    assert share(story, "productive_follow_up") == (0, 1)


def _proposed(story: Story, turn: str, *atoms: str) -> None:
    from tests.unit.test_signals import change

    noted = [note(f"{turn}-{atom}", atom) for atom in atoms]
    story.offer(turn, f"{turn}-s", "A change", *((change(one.hunk), one) for one in noted))


def test_naming_planted_mistakes_everywhere_hides_no_idle_prompt() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", defect="flaw1"), accept=False)
    for turn in ("a2", "a3", "a4"):
        asked(story, turn, f"rate 1 forgets the last minute, try {turn}")
    finish(story)
    assert share(story, "productive_follow_up") == (0, 2)


@pytest.mark.parametrize("signal", ["grounding", "constraint_or_example", "productive_follow_up"])
def test_what_is_said_once_the_work_is_in_counts_nowhere(signal: str) -> None:
    story = begin()
    asked(story, "a1", "Please write `shuffle`.")
    finish(story)
    before = share(story, signal)
    asked(story, "a2", "In songs/builder.py, `shuffle` must return None for an empty list.")
    assert share(story, signal) == before
