"""Change of strategy: how often the work went on in another way.

Owns the count of changes between three ways of getting code, asking, handing over a ticket and writing it oneself, shown and never
scored: staying with one is as good as changing. Invariant: a way counts from its first accepted change, or from the first prompt
between which and the next the candidate wrote more by hand than a touch.
"""

from __future__ import annotations

from itertools import pairwise

from rubrics.base import Fact, LogView
from rubrics.base import translatable as _
from rubrics.reading.facts import Facts

# Lines of one's own in a proposal's place: less is a touch.
LEAST = 3


class ChangeOfStrategy:
    """Evidence: the event at which each new way begins."""

    title = _("Changes of strategy")

    def read(self, log: LogView) -> Fact:
        """How many there were."""
        ways = _ways(log.facts)
        changed = tuple(seq for (_before, was), (seq, now) in pairwise(ways) if was != now)
        if not ways:
            return Fact(None, "", (), _("No code was accepted, and none was written between prompts."))
        return Fact(
            len(changed), _("changes"), changed,
            _("Changes between asking for code, handing over tickets and writing it oneself: %(value)s."),
        )  # fmt: skip


def _ways(facts: Facts) -> list[tuple[int, str]]:
    kinds = {prompt.turn: prompt.kind for prompt in facts.prompts}
    ways = [
        (hunk.accepted.seq, "asked" if kinds.get(hunk.turn, "prompt") == "prompt" else "handed over")
        for hunk in facts.hunks
        if hunk.accepted
    ]
    # Lines of one's own, by what a later moment of the same file shows more of them than an earlier one.
    scenes = sorted(
        [(prompt.seq, prompt.scene.files) for prompt in facts.prompts]
        + [(hunk.decision.seq, hunk.decision.scene.files) for hunk in facts.hunks if hunk.decision],
        key=lambda one: one[0],
    )
    counted: dict[str, tuple[int, int]] = {}
    for seq, files in [*scenes, (facts.closed or facts.submitted or 0, facts.handed_in)]:
        for path, file in files.items():
            at, lines = counted.get(path, (0, 0))
            if file.seq == at or not file.seq:
                continue
            now = file.own_lines().count("\n") + 1
            if now - lines >= LEAST:
                ways.append((file.seq, "by hand"))
            counted[path] = (file.seq, now)
        if not seq:
            break
    return sorted(set(ways))


shown = ChangeOfStrategy()
