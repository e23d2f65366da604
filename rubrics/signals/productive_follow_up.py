"""Productive follow-up: prompts after the first that move the work.

Owns the share of follow-ups that state an atom the conversation did not hold yet, restate one that the latest proposal for it
missed, or name a failure that a later run shows resolved. Invariant: one kind of progress is enough, and how it is worded does
not matter. Another round asked of a ticket is a follow-up, opening a ticket is none: it begins a conversation of its own. A
follow-up that only names a planted fault belongs to defect detection and is no opportunity here; neither are one that reports a
failure of which no run tells, courtesies and prompts that the platform failed to answer.
"""

from __future__ import annotations

import re

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.facts import Facts
from rubrics.follow_ups import adds, corrects, follow_ups, named, resolving
from rubrics.naming import names_failure
from rubrics.own_words import own_words
from rubrics.told import Prompt
from rubrics.wording import matches

_FAILS = re.compile(r"\b(?:fail\w*|red|broke\w*|\w*Error|\w*Exception|rot|schlägt|échoue|falla|falha|fallisce)\b")


class ProductiveFollowUp:
    """Evidence: the prompt, the proposal it corrects, the run that resolves."""

    opens = frozenset({"prompt.sent", "reply.failed", "reply.finished", "ticket.opened", "ticket.revised"})

    def read(self, log: LogView) -> Share:
        """One opportunity a follow-up."""
        facts = log.facts
        if facts.key is None:
            return Share((), _("Which requirements the brief holds is not in this log."))
        chances, elsewhere = [], _name_planted_faults(facts)
        for prompt in follow_ups(facts):
            found = adds(facts, prompt) or corrects(facts, prompt) or _resolves(facts, prompt)
            if found:
                chances.append(Opportunity(True, found))
            elif prompt.seq not in elsewhere and not _names_unseen_failure(prompt):
                chances.append(Opportunity(False, (prompt.seq,), known=_told(facts, prompt)))
        return Share(
            tuple(chances),
            _("Follow-ups that add or correct a requirement or resolve a named failure: %(hits)d of %(n)d.")
            if chances
            else _("There was no follow-up."),
        )


def _resolves(facts: Facts, prompt: Prompt) -> tuple[int, ...]:
    tests = named(prompt)
    for run in resolving(facts, prompt) if tests else ():
        if run.finished is not None and any(run.outcomes.get(test) == "passed" for test in tests):
            return (prompt.seq, run.finished)
    return ()


def _told(facts: Facts, prompt: Prompt) -> bool:
    """Whether the log holds all that could have shown progress: nothing withheld, no run still to come."""
    if facts.unsure(prompt) or facts.lost(
        "run.finished", "suggestion.offered", "suggestion.annotated", "file.snapshotted"
    ):
        return False
    later = any(run.finished is not None and run.seq > prompt.seq for run in facts.runs)
    return facts.submitted is not None or later or not named(prompt)


def _names_unseen_failure(prompt: Prompt) -> bool:
    """Whether it reports a test as failing that no run has shown so: they may have run it elsewhere, and nothing tells."""
    claims = not named(prompt) and _FAILS.search(prompt.text)
    return bool(claims) and any(names_failure(prompt.text, test, "") for test in prompt.scene.tests)


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
