"""Who may see what: the one filter that every stream passes through.

Owns the rule. Invariant: pure; a withheld event keeps its place (seq, time) so that a stream stays gapless, and live
streams do not even name its type. What planted mistakes say of a candidate who took that back is shown to the candidate alone from
then on; ``withdrawn`` is the seq of that event, 0 where there is none. Scores and what people said of them are in no stream, not
even an interviewer's: who is to judge first must not come upon them. That there are some is no secret to interviewers. Leaves out
who is asking (``web.auth``) and who has judged (``service.rating``).
"""

from __future__ import annotations

from collections.abc import Iterable

from interviews.events import Record, Role

# The candidate sees these only in the debrief, in its words; the interviewer sees everything. A sandbox's ``place`` is none
# of them: it is a name, and acting upon what bears it takes the daemon's socket or the launcher's, which nobody inside has.
NEVER_FOR_CANDIDATE = frozenset(
    {
        "key.recorded",
        "suggestion.annotated",
        "review.annotated",
        "defect.traced",
        "note.added",
        "analysis.recorded",
        "rating.recorded",
        "explanation.rated",
        "score.revealed",
        "score.overridden",
        "score.signed",
        "score.recorded",
    }
)
# What a person or a rubric made of the interview, and kinds of ``analysis.recorded`` that are of this sort.
JUDGEMENT = frozenset(
    {"rating.recorded", "explanation.rated", "score.revealed", "score.overridden", "score.signed", "score.recorded"}
)
JUDGEMENT_KINDS = frozenset({"judge"})
# That something was taken back is nobody's business but the candidate's.
NEVER_FOR_INTERVIEWER = frozenset({"consent.withdrawn"})
# Which places held a planted mistake, and what became of it. Verdicts stay: they are words that interviewers have heard, and do not
# say which of them were right.
TAKEN_BACK = frozenset({"key.recorded", "suggestion.annotated", "review.annotated", "defect.traced", "debrief.shown"})
TAKEN_BACK_KINDS = frozenset({"review_repairs"})
# What people said before that, knowing where the mistakes were: it is kept, and read by nobody but the score
# (``rubrics.people.ratings``).
TAKEN_BACK_WORDS = frozenset({"rating.recorded", "score.overridden", "score.signed"})


def hidden(role: Role, withdrawn: int = 0) -> frozenset[str]:
    """The types of event that a role's view lacks."""
    if role == "candidate":
        return NEVER_FOR_CANDIDATE
    return NEVER_FOR_INTERVIEWER | TAKEN_BACK if withdrawn else NEVER_FOR_INTERVIEWER


def lacking(role: Role, withdrawn: int = 0) -> frozenset[str]:
    """The types of event of which a role's view lacks some or all."""
    some = JUDGEMENT | {"analysis.recorded"} if role == "interviewer" else frozenset[str]()
    return hidden(role, withdrawn) | some


def withdrawn_at(records: Iterable[Record]) -> int:
    """The seq of the event that took back what planted mistakes say, 0 where there is none."""
    return next((record.seq for record in records if record.type == "consent.withdrawn"), 0)


def judgement(record: Record) -> bool:
    """Whether this says what somebody, or something, made of the interview."""
    if record.type == "analysis.recorded":
        return record.payload is not None and record.payload.get("kind") in JUDGEMENT_KINDS
    return record.type in JUDGEMENT


def outdated(record: Record, withdrawn: int) -> bool:
    """Whether this is a scorecard of the log as it was before ``withdrawn``, or a person's word from then."""
    if record.payload is None:
        return False
    if record.type in TAKEN_BACK_WORDS:
        return record.seq < withdrawn
    if record.type != "score.recorded":
        return False
    card = record.payload.get("scorecard")
    log = card.get("log") if isinstance(card, dict) else None
    events = log.get("events") if isinstance(log, dict) else None
    return not isinstance(events, int) or events < withdrawn


def may_see(role: Role, type_: str) -> bool:
    """Whether that role may read events of that type."""
    return type_ not in hidden(role)


def sees(role: Role, record: Record, withdrawn: int = 0) -> bool:
    """Whether that role may read this event."""
    if record.type in hidden(role, withdrawn):
        return False
    if role == "candidate" or not withdrawn or record.payload is None:
        return True
    if record.type == "analysis.recorded":
        early = record.payload.get("kind") in JUDGEMENT_KINDS and record.seq < withdrawn
        return not early and record.payload.get("kind") not in TAKEN_BACK_KINDS
    return not outdated(record, withdrawn)


def shown(role: Role, record: Record, withdrawn: int = 0, *, judged: bool = False) -> Record:
    """The record as that role's pages fold it: without a payload where it is withheld.

    Of a debrief that was taken back its place in the course of the interview is left, for with it the interview is over. Which
    format was chosen is the candidate's. What others make of the interview no page folds; it is there for who has ``judged``.
    """
    if role == "interviewer" and record.type == "consent.given" and record.payload is not None:
        return record.model_copy(update={"payload": {**record.payload, "plants": True}})
    if sees(role, record, withdrawn) and (judged or not judgement(record)):
        return record
    over = role == "interviewer" and record.type == "debrief.shown"
    return record.model_copy(update={"payload": {"items": []} if over else None})


def wire(role: Role, record: Record, withdrawn: int = 0) -> dict[str, object]:
    """The record as a stream sends it: no hashes; withheld ones only hold their place, those of ``JUDGEMENT`` with their type."""
    seen = shown(role, record, withdrawn)
    named = role == "interviewer" and judgement(record)
    if seen is not record and seen.payload is None and not named:
        return {
            "seq": record.seq,
            "at_ms": record.at_ms,
            "type": "withheld",
            "actor": "",
            "cause": None,
            "payload": None,
        }
    return {
        "seq": record.seq, "at_ms": record.at_ms, "type": record.type, "actor": record.actor, "cause": record.cause,
        "payload": seen.payload,
    }  # fmt: skip


def withhold(role: Role, record: Record, withdrawn: int = 0, *, judged: bool = True) -> Record:
    """The record for an export: payload and salt dropped where that role may not see them; the chain still verifies.

    ``judged``: the reader has said what they think of the interview, and may see what others do.
    """
    if sees(role, record, withdrawn) and (judged or not judgement(record)):
        return record
    return record.model_copy(update={"payload": None, "salt": None})
