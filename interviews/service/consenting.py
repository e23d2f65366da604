"""Taking back what planted mistakes say of a candidate.

Owns until when that may be done, and what it does to the record. Invariant: once it is recorded, no scorecard that is made, shown
or exported says anything of planted mistakes, in the same words as where there was no chance to meet one; doing it again changes
nothing. Leaves out who may see which events from then on (``visibility``) and agreeing in the first place (``room``).
"""

from __future__ import annotations

import logging

from interviews import events as e
from interviews.errors import N_, LogCorrupt, NotAllowed
from interviews.log import Draft
from interviews.service.interview import Interview
from interviews.visibility import outdated, withdrawn_at

DAYS = 7
DAY_MS = 86_400_000
# Everybody may read it, so it says no more than what is plain to see.
REASON = N_("An earlier scorecard, replaced by a newer one")
logger = logging.getLogger("pairsight")


def until_ms(interview: Interview) -> int | None:
    """Until when it may be taken back (Unix ms): seven days from the debrief; None before there is one."""
    if not interview.counts["debrief.shown"]:
        return None
    shown = next(record for record in interview.log.read(interview.id) if record.type == "debrief.shown")
    return shown.at_ms + DAYS * DAY_MS


def withdrawn(interview: Interview) -> int:
    """The seq of the event that took it back, 0 where there is none."""
    return withdrawn_at(interview.log.read(interview.id)) if interview.counts["consent.withdrawn"] else 0


def withdraw(interview: Interview) -> None:
    """Take it back, and replace the scorecards there are. Raises ``NotAllowed`` before the debrief and after seven days."""
    with interview.lock:
        if not interview.counts["consent.withdrawn"]:
            until = until_ms(interview)
            if until is None:
                raise NotAllowed("What planted mistakes say can be taken back once you have seen what they were")
            if interview.now() > until:
                raise NotAllowed(
                    "What planted mistakes say could be taken back for seven days after the interview; they have passed"
                )
            # At once: nothing that ends in between may leave a scorecard behind that says it still.
            _replace(interview, Draft("candidate", e.ConsentWithdrawn(scope="planted-defects")))
        records, at = interview.log.read(interview.id), withdrawn(interview)
        fresh = any(_is_card(record) and record.seq > at and not outdated(record, at) for record in records)
        if interview.counts["score.recorded"] and not fresh:
            # Where there was none yet, the one that is still to come knows of it.
            try:
                card = interview.tools.score(interview.header, records)
            except LogCorrupt as error:
                # It is taken back all the same: the scorecards so far are gone, and a broken log has no newer one.
                logger.error("no score: %s", error, extra={"interview": interview.id})
                return
            _replace(interview, Draft("system", e.ScoreRecorded(scorecard=card, author="rubric")))


def _replace(interview: Interview, draft: Draft) -> None:
    """Record that, and drop what the scorecards so far hold."""
    old = [record.seq for record in interview.log.read(interview.id) if _is_card(record)]
    if old:
        interview.erase(old, "system", REASON, [draft])
    else:
        interview.record(draft)


def _is_card(record: e.Record) -> bool:
    return record.type == "score.recorded" and record.payload is not None
