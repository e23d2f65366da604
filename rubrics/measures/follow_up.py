"""What kind of follow-up a prompt is to the one before it.

Owns the features of such a pair and the eleven kinds. Invariant: features are there or not and come from sentences that say
something (small talk is left out where anything else is said), so repetition and filler move nothing; the assistant's reply is not
read. Leaves out whether the follow-up was productive (``rubrics.signals``).

The kinds are CodeChat's (``docs/measures.md``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rubrics.measures.base import SCALE, load, named, shares, text_in
from rubrics.measures.text import at_least, code_names, plain, sentences, stem, stems, tokens
from rubrics.measures.vocabulary import EVERYDAY, TECHNICAL

NAME = "follow-up"
KINDS = {
    "1": "missing specification",
    "2": "different use case",
    "3": "incremental problem solving",
    "4": "alternative approach",
    "5": "wordy response",
    "6": "additional functionality",
    "7": "erroneous response",
    "8": "missing context",
    "9": "clarity of response",
    "10": "untrustworthy response",
    "11": "miscellaneous",
}
MAX_SENTENCES = 400
_LANGUAGES = re.compile(
    r"\b(?:python|java|javascript|js|typescript|php|sql|html|css|matlab|golang|rust|ruby|perl|kotlin|swift|bash|excel|vba|latex)\b"
    r"|\bc\+\+|\bc#",
    re.IGNORECASE,
)
CUES = {
    name: re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for name, pattern in {
        "thanks": r"\b(?:thanks?|thank you|thx|awesome|great|perfect|cool|good job)\b",
        "broken": r"\b(?:not work\w*|doesnt work\w*|errors?|exception|fail\w*|crash\w*|wrong|incorrect|bug|problem|issue|traceback"
        r"|undefined|invalid|unexpected|throws?|cannot|can't|nothing happens|not correct|mistake)\b|n't work|\b\w+Error\b",
        "fails": r"\b(?:not work\w*|doesnt work\w*|errors?|exception|crash\w*|traceback|undefined)\b|n't work|\b\w+Error\b",
        "but": r"\b(?:but|however|still|instead|again|yet)\b",
        "mends": r"\b(?:fix|correct|repair|solve|resolve|debug)\w*\b",
        "adds": r"\b(?:add|adds|added|adding|also|too|additionally|include|improve|extend|more|another|plus|make it|modify"
        r"|change)\b",
        "points back": r"\b(?:it|this|that|above|these|those|the code|the script|your code|you (?:gave|wrote|said|sent)|my code"
        r"|previous|same)\b",
        "means": r"\b(?:i mean|i meant|not that|i want|i need)\b|\bno,",
        "asks for": r"\b(?:write|create|make|build|generate|give me|show me|provide|develop|implement|translate)\b",
        "how": r"\bhow\b",
        "what": r"\b(?:what|which|who|where|when)\b",
        "why": r"\bwhy\b",
        "can": r"\b(?:can|could|would) (?:you|it|we|i)\b",
        "is it": r"^(?:is|are|does|do|can|did|will|should)\b",
        "question": r"\?",
        "explains": r"\b(?:explain\w*|understand\w*|mean\w*|clarif\w*|easier|simpl\w+|detail\w*"
        r"|according to|confus\w+)\b|\bcorrect\?",
        "shorter": r"\b(?:only (?:need|want|the)|just the|shorter|too long|brief\w*|concise|without explan\w+|only code|full code"
        r"|whole code|complete code|entire code|rewrite)\b",
        "goes on": r"\b(?:continue\w*|go on|next|proceed|finish|keep going|the rest)\b",
        "example": r"\b(?:example|demo|sample)\b",
        "language": _LANGUAGES.pattern,
        "converts": r"\b(?:convert|translate|rewrite)\b|\bin (?:python|java|c\+\+|js|javascript|c#|php)",
        "trace": r"traceback|error:|exception in|^\s+at |file \"|\bline \d+|\bstack\b",
        "has": r"\b(?:i have|i've|i am|i'm|i use|my)\b",
    }.items()
}
# Those that tell something of the prompt before, too.
_OF_PROMPTS = ("broken", "mends", "asks for", "how", "question", "adds", "trace", "has", "language")
# Those that say something by themselves.
_TELLING = ("fails", "mends", "asks for", "converts", "trace", "shorter", "language", "example", "goes on")
_SMALL_TALK = re.compile(
    r"^\W*(?:hi|hello|hey|thanks?|thank you|i thank|translate|in \w+|continues?|ok(?:ay)?)\b[\w\s,]{0,20}[.!?]*$",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"[;{}]\s*$|^\s*(?:def|class|import|from|#include|function|var|let|const|int|void|for|if|while|return|public|private)\b.*[:({;]"
    r"|</?\w+>|^\s*[\w.]+\s*=\s*\S|\w\([^()\n]*\)\s*[;{:]",
    re.MULTILINE,
)


def _said(text: str, other: frozenset[str]) -> list[str]:
    """The sentences that say something of programming or of what the other text is about; else the first."""
    said = sentences(text)[:MAX_SENTENCES]
    return [one for one in said if _says(one, other)] or said[:1]


def _says(sentence: str, other: frozenset[str]) -> bool:
    spoken = stems(sentence) - EVERYDAY
    return bool(
        spoken & TECHNICAL
        or spoken & other
        or code_names(sentence)
        or _CODE.search(sentence)
        or any(CUES[name].search(sentence) for name in _TELLING)
    )


def features(prompt: str, follow_up: str) -> set[str]:
    """What is there of a pair's features."""
    before, after = plain(prompt), plain(follow_up)
    said_before = _said(before, frozenset(stems(after) - EVERYDAY))
    said = _said(after, frozenset(stems(before) - EVERYDAY))
    first, text = "\n".join(said_before), "\n".join(said)
    found = {name for name, pattern in CUES.items() if pattern.search(text)}
    found.update(f"before {name}" for name in _OF_PROMPTS if CUES[name].search(first))
    code, code_before = bool(_CODE.search(text)), bool(_CODE.search(first))
    found.update(("code" if code else "no code", "code before" if code_before else "no code before"))
    if code != code_before:
        found.add("only code" if code else "only code before")
    if _SMALL_TALK.search(first.strip()):
        found.add("small talk before")
    if _SMALL_TALK.search(text.strip()):
        found.add("small talk")
    if [one.lower() for one in said] == [one.lower() for one in said_before]:
        found.add("the same again")
    found.update(_relation(stems(first) - EVERYDAY, stems(text) - EVERYDAY))
    spoken = {one.lower() for one in _LANGUAGES.findall(text)}
    spoken_before = {one.lower() for one in _LANGUAGES.findall(first)}
    if spoken & spoken_before:
        found.add("same language")
    if spoken - spoken_before:
        found.add("other language" if spoken_before else "first language")
    found.update(f"word {stem(word.lower())}" for word in tokens(text) if not word[0].isdigit())
    return found


def _relation(before: set[str], after: set[str]) -> set[str]:
    shared = before & after
    found = {*at_least("shared", len(shared), (1, 2, 3, 5)), *at_least("new", len(after - before), (1, 3, 6))}
    found.update(at_least("said before", len(before), (2, 4, 8)))
    if after:
        found.update(at_least("share", 100 * len(shared) // len(after), (20, 40, 60, 80)))
    else:
        found.add("says nothing")
    if before:
        found.update(at_least("share before", 100 * len(shared) // len(before), (20, 40, 60, 80)))
    return found


def probabilities(prompt: str, follow_up: str) -> dict[str, int]:
    """Of each kind, in parts of ``SCALE`` that add up to it."""
    weights = load(NAME)
    return dict(zip(weights.labels, shares(weights.sums(features(prompt, follow_up))), strict=True))


class FollowUp:
    """``{id, prompt, follow_up}`` → ``{id, label, p}``."""

    name = NAME
    fields = ("id", "prompt", "follow_up")

    def run(self, record: Mapping[str, object]) -> dict[str, object]:
        """See ``Measure``. Of kinds equally likely the first is the label."""
        chances = probabilities(text_in(record, "prompt"), text_in(record, "follow_up"))
        label = max(chances, key=lambda one: chances[one])
        return {"id": named(record), "label": label, "p": {kind: part / SCALE for kind, part in chances.items()}}


measure = FollowUp()
