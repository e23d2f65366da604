"""Productive follow-up: prompts after the first that move the work.

Owns the share of follow-ups that state an atom the conversation did not hold yet, restate one that the latest
proposal for it missed, or name a failure that a later run shows resolved. Invariant: one kind of progress is enough,
and how it is worded does not matter. Another round asked of a ticket is a follow-up, opening a ticket is none: it begins a
conversation of its own. A follow-up that only names a planted fault belongs to defect detection and is
no opportunity here; neither are courtesies and prompts that the platform failed to answer.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.facts import Facts, Prompt
from rubrics.naming import names_failure
from rubrics.wording import expressed, is_courtesy, matches, said_in


class ProductiveFollowUp:
    """Evidence: the prompt, the proposal it corrects, the run that resolves."""

    def read(self, log: LogView) -> Share:
        """One opportunity a follow-up."""
        facts = log.facts
        if facts.key is None:
            return Share((), _("Which requirements the brief holds is not in this log."))
        asked = [prompt for prompt in facts.prompts if prompt.counts and not is_courtesy(prompt.text)]
        chances = []
        first = next((prompt for prompt in asked if prompt.kind == "prompt"), None)
        for prompt in asked:
            if prompt is first or prompt.kind == "ticket":
                continue
            found = _adds(facts, prompt) or _corrects(facts, prompt) or _resolves(facts, prompt, asked)
            if found:
                chances.append(Opportunity(True, found))
            elif not _names_planted_fault(facts, prompt):
                chances.append(Opportunity(False, (prompt.seq,), known=_told(facts, prompt)))
        return Share(
            tuple(chances),
            _("Follow-ups that add or correct a requirement or resolve a named failure: %(hits)d of %(n)d.")
            if chances
            else _("There was no follow-up."),
        )


def _adds(facts: Facts, prompt: Prompt) -> tuple[int, ...]:
    if facts.key is None or facts.key.brief_shared:
        return ()
    said = said_in(prompt)
    before = "\n".join(said_in(other) for other in facts.prompts if other.seq < prompt.seq)
    new = any(expressed(atom, said) and not expressed(atom, before) for atom in facts.key.requirements)
    return (prompt.seq,) if new else ()


def _corrects(facts: Facts, prompt: Prompt) -> tuple[int, ...]:
    for atom in facts.key.requirements if facts.key else ():
        shown = [
            (hunk.seq, atom.id in hunk.note.honours)
            for hunk in facts.hunks
            if hunk.note and hunk.seq is not None and hunk.seq < prompt.seq and atom.id in hunk.note.touches
        ]
        if shown and not max(shown)[1] and expressed(atom, prompt.text):
            return (prompt.seq, max(shown)[0])
    return ()


def _resolves(facts: Facts, prompt: Prompt, asked: list[Prompt]) -> tuple[int, ...]:
    """The runs before the next prompt decide; where there are none, the first run after it."""
    named = [test for test, message in prompt.scene.failing.items() if names_failure(prompt.shown, test, message)]
    if not named:
        return ()
    runs = [run for run in facts.runs if run.finished is not None and run.seq > prompt.seq]
    until = next((other.seq for other in asked if other.seq > prompt.seq), None)
    soon = [run for run in runs if until is None or run.seq < until] or runs[:1]
    for run in soon:
        if run.finished is not None and any(run.outcomes.get(test) == "passed" for test in named):
            return (prompt.seq, run.finished)
    return ()


def _told(facts: Facts, prompt: Prompt) -> bool:
    """Whether the log holds all that could have shown progress: nothing withheld, no run still to come."""
    if facts.unsure(prompt) or facts.lost(
        "run.finished", "suggestion.offered", "suggestion.annotated", "file.snapshotted"
    ):
        return False
    named = any(names_failure(prompt.shown, test, message) for test, message in prompt.scene.failing.items())
    later = any(run.finished is not None and run.seq > prompt.seq for run in facts.runs)
    return facts.submitted is not None or later or not named


def _names_planted_fault(facts: Facts, prompt: Prompt) -> bool:
    shown = [(hunk.seq, hunk.note) for hunk in facts.hunks] + [(hunk.seq, hunk.note) for hunk in facts.reviewed]
    offered = {note.defect for seq, note in shown if note and seq is not None and seq < prompt.seq}
    defects = (*(facts.key.defects if facts.key else ()), *facts.review_defects)
    return any(defect.id in offered and matches(defect.patterns, prompt.text) for defect in defects)


signal = ProductiveFollowUp()
