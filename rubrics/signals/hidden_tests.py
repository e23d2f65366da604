"""Hidden tests: how much of what was asked for the submitted work does.

Owns the share of hidden tests that pass, each counted once under all its parameters. Invariant: tests that catch planted
mistakes belong to defect detection, and those that tell whether an unstated requirement was mended to requirement coverage,
passed or failed: they do not count here. Where the candidate handed the brief on as it stands, the files tell of the assistant
alone, and nothing is observed. A grader that could not run says nothing. Leaves out the comparison with the assistant alone
(``lift``).
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.lift import counted
from rubrics.reading.atoms import told_by_tests
from rubrics.reading.own_words import handed_on
from rubrics.reading.wording import name_of_test

# What was withheld of these may have left a test to another indicator, passed or failed: what is left may be the better half.
_TOLD_BY = (
    "suggestion.offered", "suggestion.annotated", "suggestion.decided", "prompt.sent", "ticket.opened", "ticket.revised",
    "reply.finished", "reply.failed", "comment.added", "file.snapshotted", "file.edited", "file.deleted",
)  # fmt: skip


class HiddenTests:
    """Evidence: the analysis of hidden tests."""

    opens = frozenset[str]()

    def read(self, log: LogView) -> Share:
        """One opportunity a test."""
        facts = log.facts
        if facts.key is None:
            return Share((), _("Which hidden tests catch planted mistakes is not in this log."))
        if handed_on(facts):
            return Share(
                (),
                _("The assistant was handed the brief as it stands: what the files do is then the assistant's work."),
            )
        by_name: dict[str, bool] = {}
        gap = facts.lost(*_TOLD_BY)
        elsewhere = frozenset[str]() if log.header.settings.brief_shared else told_by_tests(facts)
        for test, outcome in counted(facts).items():
            name = name_of_test(test)
            by_name[name] = by_name.get(name, True) and outcome == "passed"
        # What was withheld may have stated the requirement: then its failing tests would count here.
        by_name = {name: passed for name, passed in by_name.items() if name not in elsewhere or (gap and not passed)}
        return Share(
            tuple(Opportunity(passed, (facts.hidden_seq,), known=not gap) for _name, passed in sorted(by_name.items())),
            _("Hidden tests passed, without those that another indicator has counted: %(hits)d of %(n)d.")
            if by_name
            else _("The hidden tests have no result."),
        )


signal = HiddenTests()
