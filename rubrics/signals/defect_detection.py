"""Defect detection: telling flawed proposals from sound ones.

Owns the verdicts on hunks of known quality. Invariant: a rejection earns nothing by itself. A planted defect is one
opportunity however often it is shown: a hit if a hunk with it was rejected and the right fault named (in the reason,
or in a prompt between offer and submission), or if it was accepted and repaired (all its hidden tests pass); missed
if it was accepted and stayed; rejected without the right fault named, or left undecided, it is no opportunity, for
wording must not cost a candidate. A sound hunk let in is a right verdict, one rejected with an asserted fault a false
alarm, one rejected as a matter of style or without a reason no opportunity; one that lacks a requirement is neither
sound nor planted and stands in requirement coverage alone.
"""

from __future__ import annotations

from interviews.events import Defect
from rubrics.base import Detection, LogView, Opportunity
from rubrics.base import translatable as _
from rubrics.facts import Facts, Offered
from rubrics.wording import all_pass, asserts_fault, matches


class DefectDetection:
    """Evidence: the verdict, what named the fault, the hidden tests."""

    def read(self, log: LogView) -> Detection:
        """One opportunity a planted defect with a verdict, and one a sound hunk with a verdict."""
        facts = log.facts
        if facts.key is None:
            return Detection((), (), _("Which proposals held planted mistakes is not in this log."))
        defective = [chance for defect in facts.key.defects if (chance := _defective(facts, defect)) is not None]
        good = [chance for hunk in facts.hunks if (chance := _good(facts, hunk)) is not None]
        return Detection(
            tuple(defective),
            tuple(good),
            _(
                "Planted mistakes named or repaired: %(hits)d of %(defective)d; sound changes blamed: %(alarms)d of %(good)d."
            )
            if defective or good
            else _("No verdict was given on a change of known quality."),
        )


def _defective(facts: Facts, defect: Defect) -> Opportunity | None:
    shown = [hunk for hunk in facts.hunks if hunk.note and hunk.note.defect == defect.id]
    for hunk in shown:
        if named := _named(facts, defect, hunk):
            return Opportunity(True, named)
    accepted = tuple(hunk.accepted.seq for hunk in shown if hunk.accepted)
    if not accepted:
        return None
    if facts.hidden_tests is None:
        return Opportunity(False, accepted, known=False)
    return Opportunity(all_pass(defect.tests, facts.hidden_tests), (*accepted, facts.hidden_seq))


def _named(facts: Facts, defect: Defect, hunk: Offered) -> tuple[int, ...]:
    if hunk.decision is None or hunk.decision.accepted:
        return ()
    if matches(defect.patterns, hunk.decision.reason):
        return (hunk.decision.seq,)
    for prompt in facts.prompts:
        after = hunk.seq is not None and hunk.seq < prompt.seq
        if (
            after
            and (facts.submitted is None or prompt.seq < facts.submitted)
            and matches(defect.patterns, prompt.text)
        ):
            return (hunk.decision.seq, prompt.seq)
    return ()


def _good(facts: Facts, hunk: Offered) -> Opportunity | None:
    if hunk.note is None or hunk.note.defect is not None or hunk.decision is None:
        return None
    if set(hunk.note.touches) - set(hunk.note.honours):
        return None
    if hunk.decision.accepted:
        return Opportunity(False, (hunk.decision.seq,))
    claims = [pattern for defect in (facts.key.defects if facts.key else ()) for pattern in defect.patterns]
    asserted = asserts_fault(hunk.decision.reason) or matches(claims, hunk.decision.reason)
    return Opportunity(True, (hunk.decision.seq,)) if asserted else None


signal = DefectDetection()
