"""Defect detection: telling flawed proposals from sound ones.

Owns the verdicts on hunks of known quality, of proposals and of the review. Invariant: a rejection earns nothing by itself. A
planted defect is one opportunity however often it is shown: a hit if a hunk with it was rejected and the right fault named (in
the reason, in a comment at it, or in a prompt between offer and submission, of which each names one mistake at most, and none in
a list of kinds of fault), or if it was repaired (all its hidden tests pass); missed if it was accepted and stayed; rejected
without the right fault named, left undecided, or taken out again with all that came with it, it is no opportunity, for neither
wording nor a change of plan must cost a candidate. A hunk of a ticket's change that is sent back, undecided and with a comment at
it, is rejected by that. In the review the fault may be named by its place too: an asserted fault at one of the defect's own
lines. A sound hunk let in is a right verdict, one rejected with an asserted fault (in the review also with words or a repair that
put something else in its place) a false alarm, one rejected as a matter of style or without a reason no opportunity; one that
lacks a requirement is neither sound nor planted and stands in requirement coverage alone. Where the candidate chose to meet no
planted mistakes, or took back that they are scored, nothing is observed, as where there was no opportunity. A change without a
note, such as a live model's, is of no known quality. How hard a mistake is to see is its author's word, and how sure a verdict of
the review was is kept with it. Leaves out what either is worth (the rubric, ``probit``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from interviews.events import Defect
from interviews.faults import asserts_fault, is_taste, names_fault
from rubrics.base import Detection, LogView, Opportunity
from rubrics.base import translatable as _
from rubrics.reading.facts import Facts
from rubrics.reading.remarks import lists_kinds, replaces
from rubrics.reading.told import Judged, Offered, Reviewed
from rubrics.reading.wording import all_pass, matches, patterns_of

_NO_VERDICT = _("No verdict was given on a change of known quality.")
# Live models, whose changes once had an empty note each although nothing was known of them; newer logs of theirs have no note.
_KNEW_NOTHING = frozenset({"anthropic", "openai_compatible"})


class DefectDetection:
    """Evidence: the verdict, what named the fault, the hidden tests."""

    opens = frozenset(
        {
            "suggestion.offered",
            "suggestion.annotated",
            "suggestion.decided",
            "prompt.sent",
            "ticket.opened",
            "ticket.revised",
            "review.opened",
            "review.annotated",
            "hunk.judged",
            "comment.added",
        }
    )

    def read(self, log: LogView) -> Detection:
        """One opportunity a planted defect with a verdict, and one a sound hunk with a verdict."""
        facts = log.verdicts
        if facts.key is None:
            return Detection((), (), _("Which proposals held planted mistakes is not in this log."))
        if not facts.plants:
            return Detection((), (), _NO_VERDICT)
        defective = [chance for defect in facts.key.defects if (chance := _defective(log, defect)) is not None]
        defective += [chance for hunk in facts.reviewed if (chance := _flawed(facts, hunk)) is not None]
        noted = () if log.header.settings.provider in _KNEW_NOTHING else facts.hunks
        good = [chance for hunk in noted if (chance := _good(facts, hunk)) is not None]
        good += [chance for hunk in facts.reviewed if (chance := _sound(facts, hunk)) is not None]
        return Detection(
            tuple(defective),
            tuple(good),
            _(
                "Planted mistakes named or repaired: %(hits)d of %(defective)d; sound changes blamed: %(alarms)d of %(good)d."
            )
            if defective or good
            else _NO_VERDICT,
        )


def _defective(log: LogView, defect: Defect) -> Opportunity | None:
    facts = log.verdicts
    shown = [hunk for hunk in facts.hunks if hunk.note and hunk.note.defect == defect.id]
    for hunk in shown:
        if named := _named(facts, defect, hunk):
            return Opportunity(True, named, difficulty=defect.difficulty)
    taken = [hunk for hunk in shown if hunk.accepted]
    accepted = tuple(hunk.accepted.seq for hunk in taken if hunk.accepted)
    if not taken:
        return None
    fixed = None if facts.hidden_tests is None else all_pass(defect.tests, facts.hidden_tests)
    if fixed is None:
        return Opportunity(False, accepted, known=False, difficulty=defect.difficulty)
    if fixed:
        return Opportunity(True, (*accepted, facts.hidden_seq), difficulty=defect.difficulty)
    if log.gone.issuperset((hunk.suggestion, hunk.hunk) for hunk in taken):
        return None
    return Opportunity(False, (*accepted, facts.hidden_seq), difficulty=defect.difficulty)


def _named(facts: Facts, defect: Defect, hunk: Offered) -> tuple[int, ...]:
    if hunk.decision is None or hunk.decision.accepted:
        return ()
    if matches(defect.patterns, hunk.decision.reason):
        return (hunk.decision.seq,)
    told = _told(facts, defect, hunk.suggestion, hunk.hunk, hunk.seq)
    return () if told is None else (hunk.decision.seq, told)


def _told(facts: Facts, defect: Defect, suggestion: str, hunk: str, shown: int | None) -> int | None:
    """Where a prompt, or a comment at the hunk, names the fault after it was shown and before submission."""
    said = [
        seq for seq, named in _named_in_prompts(facts).items() if named == defect.id and _in_time(facts, shown, seq)
    ]
    said += [seq for seq, text in _comments(facts, suggestion, hunk, shown) if _names(defect, text)]
    return min(said, default=None)


def _names(defect: Defect, text: str) -> bool:
    return matches(defect.patterns, text) and not lists_kinds(text)


@lru_cache(maxsize=2)
def _named_in_prompts(facts: Facts) -> Mapping[int, str]:
    """The planted mistake that each prompt names, by its seq: one at most, of those rejected the one that was shown first.

    A prompt points at no place, so one that names many could be meant to hit whatever there is.
    """
    defects = {one.id: one for one in (facts.key.defects if facts.key else ())}
    rejected: dict[str, int] = {}
    for hunk in facts.hunks:
        planted = hunk.note.defect if hunk.note else None
        if planted in defects and hunk.seq is not None and hunk.decision is not None and not hunk.decision.accepted:
            rejected[planted] = min(rejected.get(planted, hunk.seq), hunk.seq)
    found = {}
    for prompt in facts.prompts:
        if lists_kinds(prompt.text):
            continue
        shown = [name for _seq, name in sorted((seq, name) for name, seq in rejected.items() if seq < prompt.seq)]
        named = next((name for name in shown if matches(defects[name].patterns, prompt.text)), None)
        if named is not None:
            found[prompt.seq] = named
    return found


def _comments(facts: Facts, suggestion: str, hunk: str, shown: int | None) -> list[tuple[int, str]]:
    """Comments at a hunk between its showing and the submission: their seqs and words."""
    return [
        (one.seq, one.text)
        for one in facts.comments
        if (one.suggestion, one.hunk) == (suggestion, hunk) and _in_time(facts, shown, one.seq)
    ]


def _in_time(facts: Facts, shown: int | None, seq: int) -> bool:
    return shown is not None and shown < seq and (facts.submitted is None or seq < facts.submitted)


def _flawed(facts: Facts, hunk: Reviewed) -> Opportunity | None:
    """A planted hunk of the review that has a verdict."""
    judged, planted = hunk.judged, hunk.note.defect if hunk.note else None
    if judged is None or planted is None:
        return None
    defect = next((one for one in facts.review_defects if one.id == planted), None)
    told = Opportunity(False, (judged.seq,), difficulty=defect.difficulty if defect else "", sure=judged.sure)
    if not judged.doubts:
        return replace(told, known=not facts.lost("hunk.judged", after=judged.seq))
    if hunk.repaired:
        return replace(told, hit=True, evidence=(judged.seq, facts.repairs_seq))
    if defect is not None and (named := _found(facts, defect, hunk, judged)):
        return replace(told, hit=True, evidence=named)
    # A repair that nobody has tried yet may still be the right one.
    waits = judged.repair is not None and hunk.repaired is None
    return replace(told, known=False) if waits else None


def _found(facts: Facts, defect: Defect, hunk: Reviewed, judged: Judged) -> tuple[int, ...]:
    """What names the fault: its words, or its place with the claim that something is wrong there."""
    placed = hunk.note is not None and judged.line in hunk.note.lines
    if names_fault(patterns_of(defect), judged.fault, placed=placed):
        return (judged.seq,)
    for seq, text in _comments(facts, hunk.review, hunk.hunk, hunk.seq):
        if matches(defect.patterns, text):
            return (judged.seq, seq)
    return ()


def _sound(facts: Facts, hunk: Reviewed) -> Opportunity | None:
    """A sound hunk of the review that has a verdict; its hit is a false alarm."""
    judged = hunk.judged
    if judged is None or hunk.note is None or hunk.note.defect is not None:
        return None
    known = not facts.lost("hunk.judged", after=judged.seq)
    if not judged.doubts:
        return Opportunity(False, (judged.seq,), known=known, sure=judged.sure)
    # What could name a fault here can also blame what is sound, and so do words or a repair that put something else in its place.
    said = [(judged.seq, judged.fault), *_comments(facts, hunk.review, hunk.hunk, hunk.seq)]
    blamed = next((seq for seq, text in said if _blames(facts, text) or replaces(text, hunk.content)), None)
    if blamed is None and _another(hunk, judged):
        blamed = judged.seq
    if blamed is None:
        return None
    return Opportunity(True, tuple(sorted({judged.seq, blamed})), known=known, sure=judged.sure)


def _another(hunk: Reviewed, judged: Judged) -> bool:
    """Whether a repair puts another text there than what stands in it, and not for taste alone."""
    proposed = hunk.content.after if hunk.content is not None else None
    return judged.repair is not None and judged.repair != proposed and not is_taste(judged.fault)


def _good(facts: Facts, hunk: Offered) -> Opportunity | None:
    if hunk.note is None or hunk.note.defect is not None or hunk.decision is None:
        return None
    if set(hunk.note.touches) - set(hunk.note.honours):
        return None
    if hunk.decision.accepted:
        return Opportunity(False, (hunk.decision.seq,))
    # What could name a fault at this place can also blame what is sound.
    said = [(hunk.decision.seq, hunk.decision.reason), *_comments(facts, hunk.suggestion, hunk.hunk, hunk.seq)]
    blamed = next((seq for seq, text in said if _blames(facts, text)), None)
    return None if blamed is None else Opportunity(True, tuple(sorted({hunk.decision.seq, blamed})))


def _blames(facts: Facts, reason: str) -> bool:
    """Whether a reason claims a fault, be it in the words of one that was planted elsewhere."""
    defects = (*(facts.key.defects if facts.key else ()), *facts.review_defects)
    return asserts_fault(reason) or matches([pattern for one in defects for pattern in one.patterns], reason)


signal = DefectDetection()
