"""Size of prompts' scope: how much a prompt sets in motion.

Owns the middle number of changes proposed in answer to a prompt, shown and never scored: large and small steps can be equally good.
Invariant: prompts without a proposal are left out, for a question has no such size.
"""

from __future__ import annotations

from statistics import median_low

from rubrics.base import Fact, LogView
from rubrics.base import translatable as _


class PromptScope:
    """Evidence: the prompts with proposals."""

    title = _("Size of what a prompt asks for")

    def read(self, log: LogView) -> Fact:
        """The lower median of hunks in a prompt's proposals."""
        facts = log.facts
        hunks: dict[str, int] = {}
        files: dict[str, set[str]] = {}
        for hunk in facts.hunks:
            if hunk.turn and hunk.content is not None:
                hunks[hunk.turn] = hunks.get(hunk.turn, 0) + 1
                files.setdefault(hunk.turn, set()).add(hunk.content.path)
        sizes = {prompt.seq: prompt.turn for prompt in facts.prompts if prompt.turn in hunks}
        if not sizes:
            return Fact(None, "", (), _("No prompt was answered with a proposal."))
        return Fact(
            median_low(hunks[turn] for turn in sizes.values()), _("changes"), tuple(sorted(sizes)),
            _("Half of the %(n)d prompts with proposals led to at most %(value)s changes; the widest reached %(files)d files."),
            {"n": len(sizes), "files": max(len(files[turn]) for turn in sizes.values())},
        )  # fmt: skip


shown = PromptScope()
