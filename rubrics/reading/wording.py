"""What a text says: requirement atoms and faults by their patterns, courtesies, claims.

Owns the lexical reading of prompts, reasons and typed text. Invariant: an atom is read as the assistant reads it
(``interviews.exercises.expresses``), and besides with its slips of spelling put right (``spelling``), so that what it heard always
counts as said; grammar, length, politeness and spelling change nothing. Leaves out names of things (``naming``) and counting
(``signals``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from interviews.events import Defect, Requirement
from interviews.exercises import expresses
from interviews.spelling import MOST, Lexicon, lexicon, mended
from rubrics.reading.told import Prompt
from rubrics.reading.workspace import READ, File

CODE = re.compile(
    r"\.(?:py|pyi|js|mjs|jsx|ts|tsx|go|rs|java|kt|rb|c|h|cc|cpp|hpp|cs|swift|php|sh|sql|lua|scala)$", re.I
)
_DATA = re.compile(r"\.(?:json|csv|tsv|ya?ml|toml|xml|html|lock)$", re.I)
_TEST_PATH = re.compile(r"(?:^|[/_.-])(?:tests?|specs?)(?:[/_.-]|$)", re.I)
# So many characters of a file that is attached are sent to the assistant (``interviews.service.mentions``).
SENT = 40_000
PROSE = re.compile(r'"""[\s\S]*?(?:"""|\Z)|\'\'\'[\s\S]*?(?:\'\'\'|\Z)|/\*[\s\S]*?(?:\*/|\Z)|#[^\n]*|//[^\n]*')
# A prompt of these words alone asks for nothing: it is neither an opportunity nor a lack of one.
_COURTESY = frozenset(
    re.findall(
        r"\w+",
        """
        a all alright and awesome bonjour bye cheers cool danke fine good goodbye gracias grazie great hallo hello hey hi
        hola i is it job lgtm looks lot many merci much nice no obrigada obrigado ok okay perfect please right see so
        sounds super sure thank thanks that thats the then this thx ty very wonderful works yes you your спасибо привет
        да нет хорошо 谢谢 你好 好的 ありがとう 감사합니다
        """,
    )
)
_COURTESIES = Lexicon(_COURTESY)


@lru_cache(maxsize=1024)
def _is_pattern(pattern: str) -> bool:
    try:
        re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError):
        return False
    return True


def matches(patterns: Iterable[str], text: str) -> bool:
    """Whether any of the case-insensitive patterns is found; one that is no regular expression finds nothing.

    A letter out of place and the other spelling of English do not matter.
    """
    return (_found if len(text) <= MOST else _found.__wrapped__)(tuple(patterns), text)


@lru_cache(maxsize=1024)
def _found(patterns: tuple[str, ...], text: str) -> bool:
    sound = _sound(patterns)
    if expresses(sound, text):
        return True
    meant = mended(text, lexicon(patterns))
    return meant != text and expresses(sound, meant)


def patterns_of(defect: Defect) -> list[str]:
    """Those that can be read as regular expressions."""
    return _sound(defect.patterns)


def _sound(patterns: Iterable[str]) -> list[str]:
    return [pattern for pattern in patterns if _is_pattern(pattern)]


def is_courtesy(text: str) -> bool:
    """Whether the text is thanks, a greeting or assent and nothing else."""
    said = mended(text, _COURTESIES).lower().replace("'", "").replace("’", "")
    return all(word in _COURTESY for word in re.findall(r"\w+", said))


def _says(path: str) -> bool:
    return not _DATA.search(path)


@lru_cache(maxsize=512)
def prose(path: str, text: str) -> str:
    """What a file says in words: all of a test or a document, the comments and docstrings of code, nothing of data."""
    if not _says(path):
        return ""
    if _TEST_PATH.search(path) or not CODE.search(path):
        return text
    return "\n".join(found.group() for found in PROSE.finditer(text))


def expressed(requirement: Requirement, text: str) -> bool:
    """Whether the text states the atom."""
    return matches(requirement.patterns, text)


def states(requirement: Requirement, prompt: Prompt, text: str, fresh: Callable[[str], str]) -> bool:
    """Whether what is taken for the prompt's ``text`` states the atom, or what was sent of files and selections with it.

    ``fresh`` leaves of a text what counts as said.
    """
    files = prompt.scene.files
    parts = (prose(one.name, one.text) for one in prompt.mentions if one.kind == "selection")
    return (
        expressed(requirement, text)
        or any(_sent(requirement, path, files[path], fresh) for path in prompt.attachments if path in files)
        or any(expressed(requirement, fresh(part)) for part in parts)
    )


def _sent(requirement: Requirement, path: str, file: File, fresh: Callable[[str], str]) -> bool:
    key = ("sent", path, requirement.patterns)
    if (said := file.said.get(key)) is None:
        said = file.said[key] = expressed(requirement, fresh(prose(path, file.text[:SENT])))
    return said


def written(requirement: Requirement, path: str, file: File, fresh: Callable[[str], str]) -> bool:
    """Whether what the candidate wrote of a file states the atom; of a long one, its first ``READ`` characters of theirs.

    ``fresh`` leaves of a text what counts as said.
    """
    if not _says(path):
        return False
    key = ("written", path, requirement.patterns)
    if (said := file.said.get(key)) is None:
        own = file.own_lines()[:READ]
        said = file.said[key] = bool(own) and expressed(requirement, fresh(prose(path, own)))
    return said


def name_of_test(test: str) -> str:
    """``file.py::name`` of a test, however a runner spells it: no folders, no parameters, no suffix needed.

    ``hidden_tests/test_words.py::test_x[1]`` and ``hidden_tests.test_words::test_x`` are both ``test_words.py::test_x``.
    """
    place, _, name = test.partition("[")[0].rpartition("::")
    stem = place.removesuffix(".py").replace("/", ".").rpartition(".")[2]
    return f"{stem}.py::{name}" if stem else name


def all_pass(wanted: Iterable[str], outcomes: Mapping[str, str]) -> bool | None:
    """Whether all wanted tests passed, under all their parameters; None where none failed and one has no result."""
    found = [
        {outcome for test, outcome in outcomes.items() if name_of_test(test) == name_of_test(one)} for one in wanted
    ]
    if any(some - {"passed"} for some in found):
        return False
    return True if found and all(found) else None
