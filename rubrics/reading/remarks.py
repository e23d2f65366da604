"""Whether a remark on a change says where, what is wrong, and what should be.

Owns that reading of push-backs and review notes. Invariant: rules over words and the change they are about, never length: a
place (a line, or a name that stands in the change), a fault (a claim that something is wrong, or what the change does beside what
it should), and an expectation with a value or something of that change in it. What is said of one change is one remark. A matter
of taste is none, and neither are words on a verdict that lets a change in, praise or a question at a change that nobody turned
down, or orders to whoever reads. What is said of three changes alike, but for names and numbers, is one remark and names nothing
of any, and a sentence that stands in three remarks gives none of them its expectation. Leaves out whether a remark is
right (``defect_detection``) and counting (``signals``).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from interviews import events as e
from interviews.faults import asserts_fault, is_taste, unhedged
from interviews.spelling import Lexicon, mended
from rubrics.measures.text import stems
from rubrics.measures.vocabulary import EVERYDAY
from rubrics.reading.facts import Facts
from rubrics.reading.own_words import SENTENCE

MOST = 8_000
# The same words, but for names and numbers, of so many changes are a formula.
_FORMULA = 3
# What differs from change to change in the same words: names as they are quoted, numbers.
_FILLED = re.compile(r"`[^`\n]*`|\"[^\"\n]*\"|\w*[\d_]\w*")
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
# What a change is said to come to, where no name of it is spoken of.
_COMES_TO = re.compile(r"\d|`|\"|\b(?:None|null|empty|zero|negative|duplicates?)\b", re.I)
# What makes a case of it.
_CASE = re.compile(
    r"\d|`|\"|\b(?:for|when|if|with|without|as soon as|once|in case|None|null|empty|zero|negative|wenn|bei|quand|si|cuando)\b"
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

    ``own`` is what of the ``text`` is said of this change and not of any.
    """

    seqs: tuple[int, ...]
    text: str
    line: int
    change: e.Hunk | None
    own: str | None = None


def remarks(facts: Facts) -> list[Remark]:
    """What was said against each change, but for matters of taste.

    The same words again, but for names and numbers, are the same remark.
    """
    found = sorted(_all(facts), key=lambda one: one.seqs)
    alike: dict[str, list[Remark]] = {}
    said: Counter[str] = Counter()
    for one in found:
        alike.setdefault(_key(one.text, one.change), []).append(one)
        said.update({_key(sentence, one.change) for sentence in SENTENCE.split(one.text)})
    told = []
    for same in alike.values():
        first = same[0]
        if len(same) >= _FORMULA:
            told.append(replace(first, seqs=tuple(sorted(seq for one in same for seq in one.seqs)), own=""))
        else:
            kept = [one for one in SENTENCE.split(first.text) if said[_key(one, first.change)] < _FORMULA]
            told.append(replace(first, own="\n".join(kept)))
    return told


def _all(facts: Facts) -> list[Remark]:
    """One for each change, whatever of it was said where."""
    words: dict[tuple[str, str], list[tuple[int, str, int]]] = {}
    changes = {(one.suggestion, one.hunk): one.content for one in facts.hunks}
    changes |= {(one.review, one.hunk): one.content for one in facts.reviewed}
    for offered in facts.hunks:
        if (decision := offered.decision) is not None and not decision.accepted:
            words[offered.suggestion, offered.hunk] = [(decision.seq, decision.reason, 0)]
    for reviewed in facts.reviewed:
        if (judged := reviewed.judged) is not None and judged.doubts:
            words[reviewed.review, reviewed.hunk] = [(judged.seq, judged.fault, judged.line)]
    for comment in facts.comments:
        at = (comment.suggestion, comment.hunk)
        if facts.submitted is not None and comment.seq > facts.submitted:
            continue
        # At a change that was turned down, vague words are a vague push-back.
        if at in words or _objects(comment.text):
            words.setdefault(at, []).append((comment.seq, comment.text, comment.line))
    found = []
    for at, parts in words.items():
        read = [(seq, _ORDERS.split(text[:MOST])[0].strip(), line) for seq, text, line in parts]
        kept = [(seq, text, line) for seq, text, line in read if text and not is_taste(text)]
        if kept:
            line = next((line for _, _, line in kept if line > 0), 0)
            text = "\n".join(text for _, text, _ in kept)[:MOST]
            found.append(Remark(tuple(sorted(seq for seq, _, _ in kept)), text, line, changes.get(at)))
    return found


def _objects(text: str) -> bool:
    """Whether words at a change claim a fault or say what should be; praise and questions do neither."""
    said = _PRAISE.sub(" ", text[:MOST])
    return asserts_fault(said) or _EXPECTS.search(mended(said, _CUES)) is not None


def _key(text: str, change: e.Hunk | None) -> str:
    """The words without what differs from one change to the next, the names that stand in it among them."""
    names = {name.lower() for name in _names(change)} - _ANY - _VAGUE
    words = re.findall(r"[^\W\d_]+", _FILLED.sub(" ", _PLACE.sub(" ", unhedged(text))).lower())
    return " ".join(word for word in words if word not in names)


def specific(remark: Remark) -> bool:
    """Whether it names place, fault and expected behaviour."""
    own = remark.text if remark.own is None else remark.own
    text = unhedged(mended(own, _CUES))
    said = [_PLACE.sub(" ", sentence) for sentence in SENTENCE.split(text)]
    if not own or lists_kinds(_PLACE.sub(" ", remark.text)):
        return False
    expects = [at for at, sentence in enumerate(said) if _expects(remark, sentence, " ".join(said[:at]))]
    # The place differs from change to change where the words around it do not.
    if not expects or not _placed(remark, unhedged(mended(remark.text, _CUES))):
        return False
    beside = any(
        (at not in expects and _does(remark, sentence)) or (len(expects) > 1 and _as_it_is(sentence))
        for at, sentence in enumerate(said)
    )
    return beside or asserts_fault(remark.text)


def replaces(text: str, change: e.Hunk | None) -> bool:
    """Whether it says what should be in place of what is, with a value or with something of the change; a preference does not."""
    said = _PRAISE.sub(" ", text[:MOST])
    if is_taste(said):
        return False
    for sentence in SENTENCE.split(mended(said, _CUES)):
        words = {piece.lower() for piece in _PIECE.findall(sentence)} - _ANY - _VAGUE
        about = _LITERAL.search(sentence) is not None or bool(words & _pieces(change))
        if about and _EXPECTS.search(sentence) and not sentence.rstrip().endswith("?"):
            return True
    return False


def _does(remark: Remark, sentence: str) -> bool:
    """Whether it says what the change does: with something of it, what it comes to, or two words that are not of everyday talk."""
    if len(_NAME.findall(sentence)) <= 2 or _EXPECTS.search(sentence):
        return False
    words = {piece.lower() for piece in _PIECE.findall(sentence)} - _ANY - _VAGUE
    if words & _pieces(remark.change) or _COMES_TO.search(sentence):
        return True
    return len(stems(" ".join(words)) - EVERYDAY) > 1


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
    return bool(words & _pieces(remark.change)) or len(words) > 1


def _pieces(change: e.Hunk | None) -> frozenset[str]:
    """The words that the change's names are made of."""
    return frozenset(piece.lower() for name in _names(change) for piece in _PIECE.findall(name)) - _ANY - _VAGUE


def _names(change: e.Hunk | None) -> frozenset[str]:
    if change is None:
        return frozenset()
    return frozenset(_NAME.findall(f"{change.lead}\n{change.before}\n{change.after}"))
