"""Productive follow-up: prompts after the first that move the work.

Owns the share of follow-ups that state an atom the conversation did not hold yet, restate one that the latest proposal for it
missed, or name a failure that a run shows resolved. Invariant: one kind of progress is enough, and how it is worded does
not matter. Another round asked of a ticket is a follow-up, opening a ticket is none: it begins a conversation of its own. No
opportunity here are a follow-up that only names a planted fault, which belongs to defect detection; one that reports a failure of
which no run tells before the next one; one that states a requirement to an assistant that was given the brief; a question that
was answered in words alone, for one that brought a change is one; courtesies; and prompts that the platform failed to answer.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.reading.facts import Facts
from rubrics.reading.follow_ups import adds, corrects, follow_ups, named, naming, passes, resolving, stated, unheard
from rubrics.reading.naming import definitions, names_failure
from rubrics.reading.own_words import own_words
from rubrics.reading.told import Prompt
from rubrics.reading.wording import CODE, matches

_FAILS = re.compile(r"\b(?:fail\w*|red|broke\w*|\w*Error|\w*Exception|rot|schlägt|échoue|falla|falha|fallisce)\b")
# A line in which a runner says that a test failed, and the test's name in it.
_SAYS_FAILED = re.compile(r"\b(?:FAILED|FAIL|ERROR)\b|\bnot ok\b|[✖✗✘]")
_TEST_NAME = re.compile(r"[\w./-]+::[\w:]+|\btest_\w+")
_NO_TEST = "\0::\0"
_ASKS = re.compile(r"[?\uff1f\u061f][\s\W]*\Z")
_EXPLAIN = re.compile(r"\b(?:explain|tell me|erklär\w*|expli(?:qu|ca)\w*|spiega\w*|объясни\w*)\b", re.I)
# What asks for work in the form of a question.
_REQUEST = re.compile(
    r"\b(?:(?:can|could|would|will) you|(?:kannst|könntest|würdest) du|(?:können|könnten|würden) sie|(?:peux|pourrais)[ -]tu"
    r"|(?:pouvez|pourriez)[ -]vous|puedes|podrías|puede|podría|você pode|pode|puoi|potresti|можешь|можете)\b",
    re.I,
)
# Without these it cannot be told whether it was an opportunity: it is one then, and not known.
_HINGES = ("run.started", "run.finished", "suggestion.offered", "suggestion.annotated", "suggestion.decided")
_WITHOUT = (*_HINGES, "terminal.output")


class ProductiveFollowUp:
    """Evidence: the prompt, the proposal it corrects, the run that resolves."""

    opens = frozenset({"prompt.sent", "reply.failed", "reply.finished", "ticket.opened", "ticket.revised"})

    def read(self, log: LogView) -> Share:
        """One opportunity a follow-up."""
        facts = log.facts
        if facts.key is None:
            return Share((), _("Which requirements the brief holds is not in this log."))
        chances, elsewhere = [], _name_planted_faults(facts)
        # Then another may be a follow-up besides, or this one none, or what it says have been said before.
        gap = unheard(facts) or facts.lost(*_HINGES)
        for prompt in follow_ups(facts):
            found = adds(facts, prompt) or corrects(facts, prompt) or _resolves(facts, prompt)
            if found:
                chances.append(Opportunity(True, found, known=not gap))
            elif prompt.seq not in elsewhere and (facts.lost(*_WITHOUT) or not _untold(facts, prompt)):
                chances.append(Opportunity(False, (prompt.seq,), known=not gap and _told(facts, prompt)))
        return Share(
            tuple(chances),
            _("Follow-ups that add or correct a requirement or resolve a named failure: %(hits)d of %(n)d.")
            if chances
            else _("There was no follow-up."),
        )


def _resolves(facts: Facts, prompt: Prompt) -> tuple[int, ...]:
    tests = named(prompt)
    for run in resolving(facts, prompt) if tests else ():
        if run.finished is not None and any(passes(run, test) for test in tests):
            return (prompt.seq, run.finished)
    return ()


def _told(facts: Facts, prompt: Prompt) -> bool:
    """Whether the log holds all that could have shown progress: nothing withheld, no run still to come."""
    if facts.unsure(prompt) or facts.lost("file.snapshotted"):
        return False
    # What a terminal said may have been the failure that it reports.
    if (_FAILS.search(prompt.shown) or _TEST_NAME.search(prompt.shown)) and facts.lost(
        "terminal.output", before=prompt.seq
    ):
        return False
    return not _untold(facts, prompt)


def _untold(facts: Facts, prompt: Prompt) -> bool:
    """Whether the log cannot tell that it moved nothing."""
    if facts.key is not None and facts.key.brief_shared and stated(facts)[prompt.seq]:
        return True
    if prompt.seq in naming(facts) and not resolving(facts, prompt):
        return True
    if named(prompt):
        return False
    return _names_unseen_failure(prompt) or _only_asks(facts, prompt)


def _names_unseen_failure(prompt: Prompt) -> bool:
    """Whether it reports a failure that no run has shown: they ran it elsewhere, and no run tells what came of it."""
    text, scene = prompt.shown, prompt.scene
    if any(names_failure(text, test, said) for test, said in _said_to_fail(scene.output)):
        return True
    if not _FAILS.search(text):
        return False
    if names_failure(text, _NO_TEST, scene.output):
        return True
    # A test that no run knows yet may have failed; of one that they know, they tell.
    spoken = {name.rpartition("::")[2] for name in _TEST_NAME.findall(text)}
    spoken -= {test.rpartition("::")[2] for test in scene.tests}
    code = (file.text for path, file in scene.files.items() if "test" in path.lower() and CODE.search(path))
    return bool(spoken) and any(spoken & definitions(text) for text in code)


@lru_cache(maxsize=2)
def _said_to_fail(output: str) -> tuple[tuple[str, str], ...]:
    """The tests of which it says that they failed, each with the line in which it does."""
    lines = (line for line in output.splitlines() if _SAYS_FAILED.search(line))
    return tuple({test: line for line in lines for test in _TEST_NAME.findall(line)}.items())


def _only_asks(facts: Facts, prompt: Prompt) -> bool:
    """Whether it asked to be told something, and was told, with no change proposed: nothing was to move."""
    if (
        prompt.outcome != "answered"
        or any(hunk.turn == prompt.turn for hunk in facts.hunks)
        or stated(facts)[prompt.seq]
    ):
        return False
    text = prompt.text.strip()
    return bool(_EXPLAIN.search(text) or (_ASKS.search(text) and not _REQUEST.search(text)))


def _name_planted_faults(facts: Facts) -> frozenset[int]:
    """Of each planted mistake that was shown, the first prompt after it that names it, by its seq."""
    hunks = [(hunk.seq, hunk.note) for hunk in facts.hunks] + [(hunk.seq, hunk.note) for hunk in facts.reviewed]
    shown = {note.defect: seq for seq, note in reversed(hunks) if note and note.defect and seq}
    found = set()
    for defect in (*(facts.key.defects if facts.key else ()), *facts.review_defects):
        after = shown.get(defect.id)
        if after is not None:
            later = (prompt.seq for prompt in follow_ups(facts) if prompt.seq > after)
            found.add(next((seq for seq in later if matches(defect.patterns, own_words(facts)[seq])), 0))
    return frozenset(found)


signal = ProductiveFollowUp()
