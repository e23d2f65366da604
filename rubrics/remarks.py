"""Whether a remark on a change says where, what is wrong, and what should be.

Owns that reading of push-backs and review notes. Invariant: rules over words and the change they are about, never length: a
claim that something is wrong, a place (a line, or a name that stands in the change), and an expectation with something of that
change or a value in it. Leaves out whether the remark is right (``defect_detection``) and counting (``signals``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from interviews import events as e
from interviews.faults import asserts_fault
from rubrics.facts import Facts

MOST = 8_000
_EXPECTS = re.compile(
    r"\b(?:should(?:n['’]?t)?|must(?:n['’]?t)?|ought to|expect(?:s|ed)?|has to|have to|needs? to|supposed to|instead(?: of)?|"
    r"rather than|return(?:s|ed)?|raise(?:s|d)?|use|add|make|change|keep|compare|"
    r"replace|becomes?|soll(?:te)?|muss|devrait|doit|debe|deve)\b",
    re.I,
)
_LITERAL = re.compile(
    r"`[^`\n]{1,200}`|\"[^\"\n]{1,100}\"|(?<![\w.])-?\d[\d_.]*\b|[<>=!]=|\b(?:None|null|True|False|empty|zero|one|two|"
    r"\w+(?:Error|Exception))\b"
)
_AT_LINE = re.compile(r"\blines?\s*\d+|\bL\d+\b|:\d+\b", re.I)
_PIECE = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}")
_NAME = re.compile(r"[A-Za-z_]\w*")
# Said of any change, and so of none.
_ANY = frozenset(
    re.findall(
        r"\w+",
        """
    the and for not but this that with from should must have has are was wrong incorrect bug error fix fixed code line lines value
    values result results return returns right correct correctly properly better change changed use add make work works expected
    instead def self else none true false class import file test tests function method here there what when where then than
    """,
    )
)


@dataclass(frozen=True)
class Remark:
    """Words about one change: ``seqs`` are its events, ``line`` is where they were written, 0 where nowhere in particular."""

    seqs: tuple[int, ...]
    text: str
    line: int
    change: e.Hunk | None


def remarks(facts: Facts) -> list[Remark]:
    """Reasons of rejections, comments at changes and faults of verdicts that have words; the same words again are the same one."""
    found: list[Remark] = []
    hunks = {(one.suggestion, one.hunk): one.content for one in facts.hunks}
    hunks |= {(one.review, one.hunk): one.content for one in facts.reviewed}
    for offered in facts.hunks:
        decision = offered.decision
        if decision is not None and not decision.accepted and decision.reason.strip():
            found.append(Remark((decision.seq,), decision.reason, 0, offered.content))
    for reviewed in facts.reviewed:
        judged = reviewed.judged
        if judged is not None and judged.fault.strip():
            found.append(Remark((judged.seq,), judged.fault, judged.line, reviewed.content))
    for comment in facts.comments:
        if facts.submitted is None or comment.seq < facts.submitted:
            content = hunks.get((comment.suggestion, comment.hunk))
            found.append(Remark((comment.seq,), comment.text, comment.line, content))
    told: dict[str, Remark] = {}
    for one in sorted(found, key=lambda one: one.seqs):
        told.setdefault(" ".join(re.findall(r"\w+", one.text.lower())), one)
    return list(told.values())


def specific(remark: Remark) -> bool:
    """Whether it names place, fault and expected behaviour."""
    text = remark.text[:MOST]
    return asserts_fault(text) and _placed(remark, text) and _expects(remark, text)


def _placed(remark: Remark, text: str) -> bool:
    if remark.line > 0 or _AT_LINE.search(text):
        return True
    return bool(
        {name for name in _NAME.findall(text) if "_" in name or name.lower() not in _ANY} & _names(remark.change)
    )


def _expects(remark: Remark, text: str) -> bool:
    cue = _EXPECTS.search(text)
    if cue is None:
        return False
    if _LITERAL.search(text):
        return True
    words = {piece.lower() for piece in _PIECE.findall(text)} - _ANY
    return bool(words & {piece.lower() for name in _names(remark.change) for piece in _PIECE.findall(name)})


def _names(change: e.Hunk | None) -> frozenset[str]:
    if change is None:
        return frozenset()
    return frozenset(_NAME.findall(f"{change.before}\n{change.after}")) - _ANY
