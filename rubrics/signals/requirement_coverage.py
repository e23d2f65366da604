"""Requirement coverage: what was stated, or mended, of what the assistant wrote.

Owns the share of the brief's requirement atoms, among those whose code was taken over from the assistant, that the
candidate expressed in some channel (prompt, ticket, attached file, typed test or comment) before accepting that code, or
corrected before submitting. Invariant: atoms that the candidate wrote without the assistant leave the denominator,
and so do those that the assistant honoured unasked: nothing was left to say. Hidden tests that a shown planted defect
fails on belong to defect detection and do not count here.
"""

from __future__ import annotations

from interviews.events import Requirement
from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.facts import Facts
from rubrics.told import Decision, Offered
from rubrics.wording import all_pass, expressed, name_of_test, prose, said_in

# Events in which an atom can have been stated.
_CHANNELS = ("prompt.sent", "ticket.opened", "ticket.revised", "comment.added", "file.edited", "file.snapshotted")


class RequirementCoverage:
    """Evidence: the acceptance, and what expressed or corrected the atom."""

    def read(self, log: LogView) -> Share:
        """One opportunity an atom."""
        facts = log.facts
        if facts.key is None:
            return Share((), _("Which requirements the brief holds is not in this log."))
        if facts.key.brief_shared or log.header.settings.brief_shared:
            return Share((), _("The assistant was given the brief, so nothing had to be stated."))
        chances = [chance for atom in facts.key.requirements if (chance := _chance(facts, atom)) is not None]
        return Share(
            tuple(chances),
            _("Requirements with accepted code that were stated before or mended after: %(hits)d of %(n)d.")
            if chances
            else _("No code of the assistant that touches a requirement was accepted."),
        )


def _chance(facts: Facts, atom: Requirement) -> Opportunity | None:
    accepted = [hunk for hunk in facts.hunks if hunk.accepted and hunk.note and atom.id in hunk.note.touches]
    if not accepted:
        return None
    first = min(hunk.accepted.seq for hunk in accepted if hunk.accepted)
    if found := _expressed(facts, atom, accepted) or _corrected(facts, atom, accepted):
        return Opportunity(True, (*found, first))
    unread = facts.lost(*_CHANNELS, before=first)
    if unread:
        return Opportunity(False, (first,), known=False)
    if any(hunk.note and atom.id in hunk.note.honours for hunk in accepted):
        return None
    if facts.hidden_tests is None:
        return Opportunity(False, (first,), known=not _own_tests(facts, atom))
    return Opportunity(False, (first, facts.hidden_seq))


def _expressed(facts: Facts, atom: Requirement, accepted: list[Offered]) -> tuple[int, ...]:
    """Where the atom was stated before its first code was accepted, or before later accepted code that honours it."""
    first = min((hunk.accepted for hunk in accepted if hunk.accepted), key=lambda decision: decision.seq)
    honouring = [hunk.accepted for hunk in accepted if hunk.accepted and hunk.note and atom.id in hunk.note.honours]
    for decision in [first, *sorted(honouring, key=lambda decision: decision.seq)]:
        if where := _stated(facts, atom, decision):
            return (where, decision.seq)
    return ()


def _stated(facts: Facts, atom: Requirement, before: Decision) -> int | None:
    for prompt in facts.prompts:
        if prompt.seq < before.seq and expressed(atom, said_in(prompt)):
            return prompt.seq
    for comment in facts.comments:
        if comment.seq < before.seq and expressed(atom, comment.text):
            return comment.seq
    for path, file in before.scene.files.items():
        own = file.own_lines()
        if own and expressed(atom, prose(path, own)):
            return file.seq
    return None


def _own_tests(facts: Facts, atom: Requirement) -> list[str]:
    """The atom's hidden tests, without those that tell of a planted defect that was shown."""
    shown = {hunk.note.defect for hunk in facts.hunks if hunk.note and hunk.note.defect}
    taken = [test for defect in (facts.key.defects if facts.key else ()) if defect.id in shown for test in defect.tests]
    names = {name_of_test(test) for test in taken}
    return [test for test in atom.tests if name_of_test(test) not in names]


def _corrected(facts: Facts, atom: Requirement, accepted: list[Offered]) -> tuple[int, ...]:
    if any(hunk.note and atom.id in hunk.note.honours for hunk in accepted):
        return ()
    tests = _own_tests(facts, atom)
    return (facts.hidden_seq,) if facts.hidden_tests and all_pass(tests, facts.hidden_tests) else ()


signal = RequirementCoverage()
