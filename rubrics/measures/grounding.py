"""Whether a text names something real of a workspace.

Owns the reading of a workspace's names from a list or from its files' text, and the certainty that a text names one. Invariant:
only names count, and how often or beside what they stand does not, so length, language and politeness move nothing; a name
that is an everyday word counts for little unless it is marked as code. Leaves out the score's own reading, which knows
files, tests and errors as they were at that moment (``rubrics.reading.naming``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from interviews.errors import BadInput
from rubrics.measures.base import SCALE, kind, named, text_in, texts_in
from rubrics.measures.text import STOP, code_names, identifiers, plain, stem
from rubrics.measures.vocabulary import EVERYDAY, KEYWORDS, OF_REVIEWS
from rubrics.reading.naming import definitions

NAME = "grounding"
MAX_NAMES = 20_000
# How sure one kind of mention is, in parts of ``SCALE``: a file's path or name; a symbol marked as code or that is no word at
# all; a symbol that could be a word, unmarked; a symbol that is an everyday word, unmarked.
FILE, MARKED, UNMARKED, EVERYDAY_WORD = 9_800, 9_500, 4_000, 1_000
_PATH = re.compile(r"(?<![\w./\\-])(?:[\w./\\-]*\w\.[A-Za-z]\w{0,4}\b|[\w.-]+(?:/[\w.-]+)+)", re.ASCII)
_IS_FILE = re.compile(r"/|^[\w-]+\.[A-Za-z]\w{0,4}$", re.ASCII)


def certainty(names: Iterable[str], text: str) -> int:
    """That the text names one of these files and symbols, in parts of ``SCALE``: of its surest mention."""
    said = plain(text)
    files, symbols = _parted(names)
    paths = {found.replace("\\", "/").strip("./").lower() for found in _PATH.findall(said)}
    if any(_names(path, one) for path in files for one in paths):
        return FILE
    written = identifiers(said) & symbols
    if not written:
        return 0
    marked = code_names(said)
    return max(_of_symbol(name, name in marked) for name in written)


def _parted(names: Iterable[str]) -> tuple[list[str], set[str]]:
    files, symbols = [], set()
    for name in names:
        low = plain(name).strip().replace("\\", "/").strip("./")
        if _IS_FILE.search(low):
            files.append(low.lower())
        # ``Class.method`` and a test's id are known by their last part.
        symbols.add(re.split(r"::|\.|/", low.partition("[")[0].partition("(")[0])[-1])
    return files, {name for name in symbols if len(name) > 1 and name not in _COMMON_NAMES}


_COMMON_NAMES = frozenset({"self", "cls", "args", "kwargs", "py", "js", "ts", "md", "txt", "json"})


def _names(path: str, spoken: str) -> bool:
    return path == spoken or path.endswith(f"/{spoken}") or spoken.endswith(f"/{path}")


def _of_symbol(name: str, marked: bool) -> int:
    if marked:
        return MARKED
    word = stem(name.lower())
    if name.lower() in STOP or word in EVERYDAY or word in KEYWORDS or word in OF_REVIEWS:
        return EVERYDAY_WORD
    return UNMARKED


class Grounding:
    """``{id, names, text}`` or ``{id, workspace, text}`` → ``{id, p}``; ``workspace`` is the files' text, joined."""

    name = NAME
    fields = ("id", "names", "text")

    def run(self, record: Mapping[str, object]) -> dict[str, object]:
        """See ``Measure``."""
        text = text_in(record, "text")
        names: list[str] = []
        if "names" in record:
            names += texts_in(record, "names", MAX_NAMES)
        if "workspace" in record:
            names += sorted(definitions(text_in(record, "workspace")))
        if "names" not in record and "workspace" not in record:
            raise BadInput("Expected names or workspace beside text, got %(got)s", got=kind(None, False))
        return {"id": named(record), "p": certainty(names, text) / SCALE}


measure = Grounding()
