"""What a reader of a scorecard must know besides its numbers.

Owns the remarks. Invariant: pure, and no number depends on them. Leaves out the numbers (``scoring``).
"""

from __future__ import annotations

from rubrics.base import LogView, Note
from rubrics.base import translatable as _
from rubrics.rubric import Rubric

# Events whose loss can change a score; a withheld note or presence takes no evidence away.
EVIDENCE = frozenset(
    {
        "key.recorded", "file.snapshotted", "file.edited", "file.deleted", "run.started", "run.finished", "command.finished",
        "prompt.sent", "reply.finished", "reply.failed", "suggestion.offered", "suggestion.annotated", "suggestion.decided",
        "ticket.opened", "ticket.revised", "comment.added", "review.opened", "review.annotated", "hunk.judged",
        "interview.submitted", "analysis.recorded", "explanation.rated",
    }
)  # fmt: skip


def flags(log: LogView, rubric: Rubric) -> list[Note]:
    """Remarks on the log and on the rubric, in the order in which they are read."""
    facts, found = log.facts, []
    if facts.submission is None:
        found.append(Note(_("The interview was not submitted: this score covers what happened so far.")))
    elif facts.submission.late:
        found.append(Note(_("Submitted late: edits of the minute's grace are included.")))
    if lost := sum(1 for event in facts.withheld if event.type in EVIDENCE):
        found.append(
            Note(_("Evidence was withheld or erased (events: %(n)d): what it held could not be scored."), {"n": lost})
        )
    if misses := sum(1 for prompt in facts.prompts if prompt.outcome == "miss"):
        found.append(Note(_("The assistant had no answer to some prompts (%(n)d): they are left out."), {"n": misses}))
    if failed := sum(1 for prompt in facts.prompts if prompt.outcome == "failed"):
        found.append(Note(_("The assistant failed on some prompts (%(n)d): they are left out."), {"n": failed}))
    if facts.key is None:
        found.append(Note(_("The exercise's key is missing: what needs it is not observed.")))
    elif facts.exercise_changed:
        found.append(
            Note(
                _(
                    "The exercise's files were changed after this interview was created, and its hidden tests may be "
                    "others: their result is not used."
                )
            )
        )
    elif facts.submission is not None and facts.hidden_tests is None:
        found.append(Note(_("The hidden tests have no result: corrections and repairs cannot be seen.")))
    return [*found, *uncalibrated(rubric)]


def uncalibrated(rubric: Rubric) -> list[Note]:
    """That the limits between levels rest on judgement so far; nothing where they were set from enough interviews."""
    set_from = rubric.calibration
    if set_from is None:
        return [
            Note(_("Uncalibrated: where one level ends and the next begins was set by judgement, not from interviews."))
        ]
    if set_from.enough:
        return []
    told = {"n": set_from.interviews, "needed": set_from.needed}
    return [
        Note(
            _(
                "Uncalibrated: where one level ends and the next begins was set by judgement, and not yet from interviews that "
                "people scored (%(n)d of %(needed)d that it takes). Read a level as a suggestion."
            ),
            told,
        )
    ]
