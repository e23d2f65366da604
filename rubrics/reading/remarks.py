"""Whether a remark on a change says where, what is wrong, and what should be.

Owns that reading of push-backs and review notes. Invariant: rules over words and the change they are about, never length: a
place (a line, or a name that stands in the change), a fault (a claim that something is wrong, or what it does beside what it
should), and an expectation with a value or something of that change in it. A matter of taste is no remark, and neither are
words on a verdict that lets a change in, praise or a question at a change that nobody turned down, or orders to whoever reads;
what is said of three changes alike is one remark, and names nothing of any. Leaves out whether a remark is right
(``defect_detection``) and counting (``signals``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from interviews import events as e
from interviews.faults import asserts_fault, is_taste, unhedged
from interviews.spelling import Lexicon, mended
from rubrics.reading.facts import Facts
from rubrics.reading.own_words import SENTENCE

MOST = 8_000
# The same words, but for the place, of so many changes are a formula.
_FORMULA = 3
# Kinds of fault that one remark can speak of; more are a list of whatever there might be.
_KINDS = 4
_EXPECTS = re.compile(
    r"\b(?:should(?:n['’]?t)?|must(?:n['’]?t)?|ought to|expect(?:s|ed|ing)?|ha(?:s|ve) to|needs? to|supposed to|instead(?: of)?|"
    r"rather than|would want|wanted|not [\w`]+ but|soll(?:te)?|muss|devrait|doit|debe(?:ría)?|deve(?:ria)?|dovrebbe)\b"
    r"|^\W{0,20}(?:please )?(?:use|add|make|change|keep|compare|replace|return|raise|move|check|drop|remove|"
    r"include|let|call|take|put|"
    r"start|stop|skip|handle|leave|write|sort|multiply|divide|subtract)\b",
    re.I | re.M,
)
# What came out as it should.
_PRAISE = re.compile(
    r"(?<!not )(?<!than )(?<!of )\b(?:what|as|like) (?:(?:i|we|you) )?(?:had )?(?:wanted|expect(?:ed)?)\b"
    r"|\bas (?:it|they) should(?: be)?\b",
    re.I,
)
_CUES = Lexicon(
    re.findall(
        r"\w+",
        """
        should shouldn mustn ought expect expects expected expecting supposed instead rather wanted compare replace return raise
        change include handle multiply divide subtract incorrect broken breaks fails failing crash crashes error errors raises
        empty twice every faulty defect mistake mistakes missing misses forgets ignores leaks mutates unsafe insecure infinite
        loses drops wrong never
        """,
    )
)
_LITERAL = re.compile(
    r"`[^`\n]{1,200}`|\"[^\"\n]{1,100}\"|(?<![\w.])-?\d[\d_.]*\b|[<>=!]=|\b(?:None|null|True|False|empty|zero|once|twice|all|both|"
    r"each|every|\w+(?:Error|Exception))\b"
)
_THAT = re.compile(r"\b(?:that|this|such|these|those|then)\b", re.I)
# What makes a case of it.
_CASE = re.compile(
    r"\d|`|\"|\b(?:for|when|if|with|without|as soon as|once|in case|None|null|empty|zero|wenn|bei|quand|si|cuando)\b"
    r"|\b(?:not|n['’]t|never|cannot) (?:handle|deal with|account for|cope with) (?!(?:it|this|that|these|those|them|things?|any|"
    r"everything|errors?|well|all)\b)\w+",
    re.I,
)
# What it does beside what it should, in one sentence.
_AS_IT_IS = re.compile(r"\bas (?:it stands|written)\b[\s,:]{0,3}([^,.;:]*)", re.I)
_AT_LINE = re.compile(r"\b(?:lines?|zeilen?|lignes?|líneas?|linhas?|righe?)\s*\d+|\bL\d+\b|:\d+\b", re.I)
# The place alone, as people put it before or behind what they say.
_PLACE = re.compile(
    r"(?:\b(?:see|in|at|on|of)\s{1,9}){0,3}(?:\b(?:lines?|zeilen?|lignes?|líneas?)\s*\d+(?:\s*[-–]\s*\d+)?|`[^`\n]{1,80}`(?=\s*[,:(\-–.]|\s+line))"
    r"[\s,:().–-]*",
    re.I,
)
_KIND = re.compile(
    r"\boff.by.one|\brace\b|\bnull\b|\bnone\b|\bempty\b|\bnegative\b|\bduplicat\w*|\bboundar\w*|\bexception\w*|"
    r"\binjection\b|\boverflow\b|\bunicode\b|\btimeouts?\b|\bdeadlock\b|\bperformance\b|\bsecurity\b|\bencoding\b|\btype\b|\bindex\b",
    re.I,
)
_PIECE = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}")
_NAME = re.compile(r"[A-Za-z_]\w*")
# Said of any change, and so of none.
_ANY = frozenset(
    re.findall(
        r"\w+",
        """
        the and for not but this that with from should must have has are was wrong incorrect bug error fix fixed code line lines
        right correct correctly properly better change changed use add make work works expected instead def self else none true
        false class import here there what when where then than all any can does did get set its let new now one out too who why
        how per put see return returns raise raises if is in or as while with break pass
        """,
    )
)
# Said of any expectation, or only to soften it.
_VAGUE = frozenset(
    re.findall(
        r"\w+",
        """
        handle handled case cases same before such input old result good nice proper way thing things think maybe perhaps guess
        believe sense idea sorry sure please just would could might may though makes making really something someone somehow
        kind sort well fine best again done do be been being expect expects instead need needs want to it they them you we
        """,
    )
)
# Orders to whoever reads, in place of words about the change.
_ORDERS = re.compile(
    r"\b(?:ignore|disregard) (?:all |any |the )*(?:earlier|previous|prior|above)\b|^\W{0,20}SYSTEM\b|"
    r"</?\w+>\s*(?:assistant|system)",
    re.I | re.M,
)


@dataclass(frozen=True)
class Remark:
    """Words about one change: ``seqs`` are its events, ``line`` is where they were written, 0 where nowhere in particular.

    ``formula``: the same was said of several changes alike.
    """

    seqs: tuple[int, ...]
    text: str
    line: int
    change: e.Hunk | None
    formula: bool = False


def remarks(facts: Facts) -> list[Remark]:
    """Reasons of rejections, comments at changes and words of verdicts that are no matter of taste.

    The same words again, but for the place, are the same remark.
    """
    told: dict[str, list[Remark]] = {}
    for one in sorted(_all(facts), key=lambda one: one.seqs):
        text = _ORDERS.split(one.text[:MOST])[0]
        if text.strip() and not is_taste(text):
            told.setdefault(_key(text), []).append(Remark(one.seqs, text, one.line, one.change))
    found = []
    for same in told.values():
        seqs = tuple(sorted(seq for one in same for seq in one.seqs))
        formula = len({(one.change.path, one.change.hunk) for one in same if one.change}) >= _FORMULA
        found.append(Remark(seqs if formula else same[0].seqs, same[0].text, same[0].line, same[0].change, formula))
    return found


def _all(facts: Facts) -> list[Remark]:
    found: list[Remark] = []
    changes = {(one.suggestion, one.hunk): one.content for one in facts.hunks}
    changes |= {(one.review, one.hunk): one.content for one in facts.reviewed}
    doubted: set[tuple[str, str]] = set()
    for offered in facts.hunks:
        if (decision := offered.decision) is not None and not decision.accepted:
            doubted.add((offered.suggestion, offered.hunk))
            found.append(Remark((decision.seq,), decision.reason, 0, offered.content))
    for reviewed in facts.reviewed:
        if (judged := reviewed.judged) is not None and judged.doubts:
            doubted.add((reviewed.review, reviewed.hunk))
            found.append(Remark((judged.seq,), judged.fault, judged.line, reviewed.content))
    for comment in facts.comments:
        at = (comment.suggestion, comment.hunk)
        # At a change that was turned down, vague words are a vague push-back.
        if (facts.submitted is None or comment.seq < facts.submitted) and (at in doubted or _objects(comment.text)):
            found.append(Remark((comment.seq,), comment.text, comment.line, changes.get(at)))
    return found


def _objects(text: str) -> bool:
    """Whether words at a change claim a fault or say what should be; praise and questions do neither."""
    said = _PRAISE.sub(" ", text[:MOST])
    return asserts_fault(said) or _EXPECTS.search(mended(said, _CUES)) is not None


def _key(text: str) -> str:
    return " ".join(re.findall(r"\w+", _PLACE.sub(" ", unhedged(text)).lower()))


def specific(remark: Remark) -> bool:
    """Whether it names place, fault and expected behaviour."""
    if remark.formula:
        return False
    text = unhedged(mended(remark.text, _CUES))
    said = [_PLACE.sub(" ", sentence) for sentence in SENTENCE.split(text)]
    if lists_kinds(" ".join(said)):
        return False
    expects = [at for at, sentence in enumerate(said) if _expects(remark, sentence, " ".join(said[:at]))]
    if not expects or not _placed(remark, text):
        return False
    beside = any(
        len(_NAME.findall(sentence)) > 2 and (at not in expects or (len(expects) > 1 and _as_it_is(sentence)))
        for at, sentence in enumerate(said)
    )
    return beside or asserts_fault(text)


def _as_it_is(sentence: str) -> bool:
    """Whether it says what the change does now, and no more of what it should do in the same breath."""
    found = _AS_IT_IS.search(sentence)
    return found is not None and len(_NAME.findall(found[1])) > 2 and not _EXPECTS.search(found[1])


def lists_kinds(text: str) -> bool:
    """Whether it is a list of whatever might be wrong, and so names nothing."""
    return len({found.lower() for found in _KIND.findall(text)}) > _KINDS


def _placed(remark: Remark, text: str) -> bool:
    if remark.line > 0 or _AT_LINE.search(text):
        return True
    named = {name for name in _NAME.findall(text) if "_" in name or name.lower() not in _ANY}
    return bool({name for name in named if len(name) > 2 or "_" in name} & _names(remark.change))


def _expects(remark: Remark, sentence: str, before: str) -> bool:
    """Whether a sentence says what should be, with a value or with something that is spoken of in the change.

    "That case" is what was said ``before``.
    """
    if not _EXPECTS.search(sentence):
        return False
    if _LITERAL.search(sentence) or (_THAT.search(sentence) and _CASE.search(before)):
        return True
    words = {piece.lower() for piece in _PIECE.findall(sentence)} - _ANY - _VAGUE
    known = {piece.lower() for name in _names(remark.change) for piece in _PIECE.findall(name)} - _ANY - _VAGUE
    return bool(words & known) or len(words) > 1


def _names(change: e.Hunk | None) -> frozenset[str]:
    if change is None:
        return frozenset()
    return frozenset(_NAME.findall(f"{change.lead}\n{change.before}\n{change.after}"))
