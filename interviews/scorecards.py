"""Scorecards that an interview was given again, under other rubrics.

Owns what is kept of one, and which may still be shown. Invariant: one is only ever put beside the others, never over one: a rubric
and a log's head have one scorecard, and the log's own stay in the log. One of a log from which something was taken since is gone,
as the log's own is (``visibility.outdated``). Leaves out scoring (``rubrics.scoring``) and where they are kept
(``store.scorecards``).
"""

from __future__ import annotations

from interviews.events import Json, Value

# What is recorded when something is taken out of a log, or may not be said any more.
TAKEN = frozenset({"consent.withdrawn", "payload.erased"})


class Kept(Value):
    """A scorecard (as JSON values) of the first ``events`` of an interview, whose last one's hash is ``head_hash``.

    ``rubric_sha256`` covers the rubric's file; its id and version stand in the scorecard. ``scored_at_ms`` is Unix time.
    """

    interview: str
    rubric_sha256: str
    head_hash: str
    events: int
    scored_at_ms: int
    scorecard: dict[str, Json]


def current(cards: list[Kept], taken: int) -> list[Kept]:
    """Of each rubric the newest, in the order in which they were scored; none from before event ``taken``."""
    newest: dict[str, Kept] = {}
    for card in sorted(cards, key=lambda card: (card.scored_at_ms, card.events)):
        if card.events >= taken:
            newest.pop(card.rubric_sha256, None)
            newest[card.rubric_sha256] = card
    return list(newest.values())
