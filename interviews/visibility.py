"""Who may see what: the one filter that every stream passes through.

Owns the rule. Invariant: pure; a withheld event keeps its place (seq, time) so that a stream stays gapless, and live
streams do not even name its type. Leaves out who is asking (``web.auth``).
"""

from __future__ import annotations

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
        "score.recorded",
    }
)


def hidden(role: Role) -> frozenset[str]:
    """The types of event that a role's view lacks."""
    return frozenset() if role == "interviewer" else NEVER_FOR_CANDIDATE


def may_see(role: Role, type_: str) -> bool:
    """Whether that role may read events of that type."""
    return type_ not in hidden(role)


def wire(role: Role, record: Record) -> dict[str, object]:
    """The record as a stream sends it: no hashes; withheld ones only hold their place."""
    if not may_see(role, record.type):
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
        "payload": record.payload,
    }  # fmt: skip


def withhold(role: Role, record: Record) -> Record:
    """The record for an export: payload and salt dropped where that role may not see them; the chain still verifies."""
    if may_see(role, record.type):
        return record
    return record.model_copy(update={"payload": None, "salt": None})
