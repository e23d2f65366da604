"""The brief's requirements in a log: which code of theirs was taken over, where they were stated, and which tests tell of them.

Owns that look-up. Invariant: a requirement's hidden tests decide one thing at most: those that a planted mistake was shown for are
defect detection's, those of a requirement that nobody stated are requirement coverage's, whether they pass or fail, and all others
tell how much of the work is right. Leaves out counting (``signals``).
"""

from __future__ import annotations

from interviews.events import Requirement
from rubrics.reading.facts import Facts
from rubrics.reading.follow_ups import stated
from rubrics.reading.own_words import uncopied
from rubrics.reading.told import Decision, Offered
from rubrics.reading.wording import all_pass, expressed, name_of_test, written


def accepted_for(facts: Facts, atom: Requirement) -> list[Offered]:
    """The accepted hunks whose code touches the requirement."""
    return [hunk for hunk in facts.hunks if hunk.accepted and hunk.note and atom.id in hunk.note.touches]


def honoured(atom: Requirement, accepted: list[Offered]) -> bool:
    """Whether any of them does as it says."""
    return any(hunk.note and atom.id in hunk.note.honours for hunk in accepted)


def expressed_at(facts: Facts, atom: Requirement, accepted: list[Offered]) -> tuple[int, ...]:
    """Where the atom was stated before its first code was accepted, or before later accepted code that honours it."""
    first = min((hunk.accepted for hunk in accepted if hunk.accepted), key=lambda decision: decision.seq)
    honouring = [hunk.accepted for hunk in accepted if hunk.accepted and hunk.note and atom.id in hunk.note.honours]
    for decision in [first, *sorted(honouring, key=lambda decision: decision.seq)]:
        if where := _stated(facts, atom, decision):
            return (where, decision.seq)
    return ()


def _stated(facts: Facts, atom: Requirement, before: Decision) -> int | None:
    for prompt in facts.prompts:
        if prompt.seq < before.seq and atom.id in stated(facts)[prompt.seq]:
            return prompt.seq
    fresh = uncopied(facts)
    for comment in facts.comments:
        if comment.seq < before.seq and expressed(atom, fresh(comment.text)):
            return comment.seq
    for path, file in before.scene.files.items():
        if written(atom, path, file, fresh):
            return file.seq
    return None


def tests_of(facts: Facts, atom: Requirement) -> list[str]:
    """The requirement's hidden tests, without those that tell of a planted mistake that was shown."""
    shown = {hunk.note.defect for hunk in facts.hunks if hunk.note and hunk.note.defect}
    taken = [test for defect in (facts.key.defects if facts.key else ()) if defect.id in shown for test in defect.tests]
    names = {name_of_test(test) for test in taken}
    return [test for test in atom.tests if name_of_test(test) not in names]


def mended(facts: Facts, atom: Requirement, accepted: list[Offered]) -> bool | None:
    """Whether code that was taken over without it does as the requirement says in the end; None where no test tells."""
    if honoured(atom, accepted):
        return False
    if facts.hidden_tests is None:
        return None
    return all_pass(tests_of(facts, atom), facts.hidden_tests)


def told_by_tests(facts: Facts) -> frozenset[str]:
    """Names of the hidden tests that tell whether an unstated requirement was mended, whatever they say."""
    if facts.key is None or facts.key.brief_shared:
        return frozenset()
    found: set[str] = set()
    for atom in facts.key.requirements:
        accepted = accepted_for(facts, atom)
        if accepted and not honoured(atom, accepted) and not expressed_at(facts, atom, accepted):
            found |= {name_of_test(test) for test in tests_of(facts, atom)}
    return frozenset(found)
