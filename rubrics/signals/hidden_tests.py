"""Hidden tests: how much of what was asked for the submitted work does.

Owns the share of hidden tests that pass, each counted once under all its parameters. Invariant: tests that catch planted
mistakes belong to defect detection, and those that told whether an unstated requirement was mended to requirement coverage:
they do not count here. A grader that could not run says nothing. Leaves out the comparison with the assistant alone (``lift``).
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.lift import counted
from rubrics.wording import name_of_test


class HiddenTests:
    """Evidence: the analysis of hidden tests."""

    def read(self, log: LogView) -> Share:
        """One opportunity a test."""
        facts = log.facts
        if facts.key is None:
            return Share((), _("Which hidden tests catch planted mistakes is not in this log."))
        by_name: dict[str, bool] = {}
        for test, outcome in counted(facts).items():
            name = name_of_test(test)
            by_name[name] = by_name.get(name, True) and outcome == "passed"
        return Share(
            tuple(Opportunity(passed, (facts.hidden_seq,)) for _name, passed in sorted(by_name.items())),
            _("Hidden tests passed, without those that another indicator has counted: %(hits)d of %(n)d.")
            if by_name
            else _("The hidden tests have no result."),
        )


signal = HiddenTests()
