"""What the assistant alone has reached, beside what was handed in.

Owns recording it, once. Invariant: the score reads it from the log, so that attempts made later change no score that was given; it
is that of the model that answered, and there is none where several did. Leaves out how attempts are made (``baseline``) and what is
made of it (``rubrics.lift``).
"""

from __future__ import annotations

import logging

from interviews import events as e
from interviews.log import Draft
from interviews.service.interview import Interview

logger = logging.getLogger("pairsight")


def compare(interview: Interview) -> None:
    """Record the baseline of this interview's assistant, if there is one and it is not recorded yet."""
    records, header = interview.log.read(interview.id), interview.header
    known = (record.payload for record in records if record.type == "analysis.recorded")
    if any(payload and payload.get("kind") == "baseline" for payload in known):
        return
    if header.settings.models:
        over = {record.payload["turn"] for record in records if record.type == "reply.finished" and record.payload}
        began = [record.payload for record in records if record.type == "reply.started" and record.payload]
        answered = {one["model"] for one in began if one["turn"] in over}
        if len(answered) != 1:
            return
        one = header.settings.model_copy(update={"model": answered.pop(), "models": ()})
        header = header.model_copy(update={"settings": one})
    try:
        result = interview.tools.baseline(header)
    except Exception:
        # An interview must come to its end whatever is wrong with us; without a baseline its score says less, not less well.
        logger.exception("there is no telling what the assistant reaches alone", extra={"interview": interview.id})
        return
    if result is not None:
        interview.record(Draft("system", e.AnalysisRecorded(kind="baseline", result=result)))
