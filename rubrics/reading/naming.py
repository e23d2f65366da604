"""Real things of the workspace, and whether a text names them.

Owns grounding: files, symbols, tests and errors by their names. Invariant: names are the same in every human language, so
only code-like forms (backticks, underscore, inner capital, dots, a call, a word such as "function" beside it) and exact
names are looked at; an everyday word that is also a symbol does not count by accident. Leaves out counting
(``signals``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rubrics.reading.told import Prompt, Scene
from rubrics.reading.wording import CODE, PROSE

_FULL_DEFINITION = re.compile(
    r"^[ \t]*(?:(?:export|default|async|public|private|protected|static|final|abstract|pub)[ \t]+)*"
    r"(?:def|class|function|func|fn|interface|struct|enum|trait|const|let|var|val)[ \t]+([A-Za-z_]\w*)"
    r"|^[ \t]*(?:self\.|this\.)?([A-Za-z_]\w*)[ \t]*(?::[^=\n]+)?=(?!=)"
    r"|^[ \t]+([A-Za-z_]\w*)[ \t]*:[ \t]*[A-Za-z_]",
    re.M,
)
_PARAMETERS = re.compile(r"\b(?:def|function|func|fn)\s+\w*\s*\(([^)]{0,2000})\)")
# Words of languages and their libraries: real names, but of no workspace. Fixed here, for a list taken from the running
# interpreter would differ between machines.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """
        abs all and any append args as assert async await bool break bytes case catch chr class cls const continue def
        default extend items join keys lower pop replace split strip update upper values
        del dict dir elif else enum enumerate except export false filter final finally float fn for format from frozenset
        func function global hash hex id if impl import in input int interface is iter kwargs lambda len let list main
        map match max min mod new next nil none nonlocal not null object oct open or ord pass pow print private property
        public raise range repr return reversed round self set slice sorted static staticmethod str string struct sum
        super switch test this throw trait true try tuple type val var vars void while with yield zip
        False None True Exception
        """,
    )
)
# What stands beside a name to say that it is one, in the languages candidates most often write in.
_KINDS = (
    "function|method|class|module|variable|field|parameter|argument|attribute|constant|helper|fixture"
    "|funktion|methode|klasse|modul|variablen?|feld|fonction|méthode|classe|champ|función|método|clase|módulo|campo"
    "|função|funzione|metodo|функци[яию]|метод|класс"
)
_AFTER_KIND = re.compile(rf"\b(?:{_KINDS})\s+[`'\"]?([A-Za-z_]\w*)", re.I)
_BEFORE_KIND = re.compile(rf"\b([A-Za-z_]\w*)[`'\"]?\s+(?:{_KINDS})\b", re.I)
# A call, not a remark such as number(less than 100) or song(s).
_CALL = re.compile(r"\b([A-Za-z_]\w*)\((?!e?s\))(?=[^()\s]*\)|[\w.\"'\[\]{}]+\s*[,=+*/<>%-])")
_UNDERSCORED = re.compile(r"(?<![\w/])(_*[A-Za-z]\w*_\w*|_+[A-Za-z]\w*)")
_CAMEL = re.compile(r"\b([a-z]+[A-Z]\w*|[A-Z][a-z0-9]+[A-Z]\w*)\b")
_DOTTED = re.compile(r"\b([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)\b")
_TICKED = re.compile(r"```[\s\S]*?(?:```|\Z)|`[^`\n]+`")
_NAME = re.compile(r"[A-Za-z_]\w*")
_PATH = re.compile(r"[\w./\\-]+")
_BEFORE_FILE = re.compile(r"\b(\w+)\s+(?:module|file|datei|modul)\b", re.I)
_EXCEPTION = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b")
_WORD, _PLAIN_WORD = re.compile(r"\w+"), re.compile(r"\w+", re.ASCII)
_PLAIN_EXCEPTIONS = frozenset({"AssertionError", "Error", "Exception"})
# Of a plain assertion only the whole line tells which it is, and only as long a line. A runner tells of a failure in fewer.
MIN_ERROR_LINE, ERROR_LINES, OUTPUT_LINES = 12, 10, 500
# A test's id is the report's to choose: so short a one may stand anywhere.
MIN_ID = 8


def names_failure(text: str, test: str, message: str) -> bool:
    """Whether the text names a failing test, by its id or by its error."""
    said = _heard(text)
    return said.names(_test(test)) or said.quotes(_told(message))


def may_name_failure(text: str, tests: Iterable[str]) -> bool:
    """Whether the text names one of these tests, or any error: without that it names no failure, whatever the tests show."""
    said = _heard(text)
    return bool(said.errors) or any(said.names(_test(test)) for test in tests)


@dataclass(frozen=True)
class _Test:
    """An id, its function's name (empty where that may be an everyday word), a word that stands where the id does (if any).

    Without a ``key`` the id tells nothing.
    """

    id: str
    function: str
    key: str | None


@dataclass(frozen=True)
class _Told:
    """Of what a run or a terminal said: the errors it names, and the lines that tell of one of no name of its own."""

    errors: frozenset[str]
    lines: tuple[str, ...]


class _Heard:
    """What a text is looked through for. There may be hundreds of tests and failures: the text is read once for all of them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = frozenset(["", *_WORD.findall(text), *_PLAIN_WORD.findall(text)])
        self.errors = frozenset(_EXCEPTION.findall(text))
        self.joined = " ".join(text.split()) if self.errors else ""

    def names(self, test: _Test) -> bool:
        """Whether the test's id or its function stands there."""
        if test.function and test.function in self.words:
            return True
        return test.key in self.words and test.id in self.text

    def quotes(self, told: _Told) -> bool:
        """Whether an error is named there, or a line of one quoted."""
        if not self.errors:
            return False
        return not told.errors.isdisjoint(self.errors - _PLAIN_EXCEPTIONS) or any(
            line in self.joined for line in told.lines
        )


@lru_cache(maxsize=8)
def _heard(text: str) -> _Heard:
    return _Heard(text)


@lru_cache(maxsize=4096)
def _test(test: str) -> _Test:
    function = test.partition("[")[0].rpartition("::")[2]
    tells = "::" in test or len(test) >= MIN_ID
    key = max(_PLAIN_WORD.findall(test), key=len, default="") if tells else None
    return _Test(test, function if "_" in function else "", key)


@lru_cache(maxsize=2048)
def _told(output: str, most: int = ERROR_LINES) -> _Told:
    found = set()
    lines: list[str] = []
    for line in output.splitlines():
        named = _EXCEPTION.findall(line)
        found.update(named)
        # A line with an error that has a name of its own says no more than that name.
        if named and len(lines) < most and _PLAIN_EXCEPTIONS.issuperset(named):
            said = " ".join(line.removeprefix("E ").split())
            if len(said) >= MIN_ERROR_LINE and said not in lines:
                lines.append(said)
    return _Told(frozenset(found), tuple(lines))


def grounded(prompt: Prompt, said: str | None = None) -> bool:
    """Whether the prompt names something real: a file, a symbol, a test or an error of the workspace as it was then.

    ``said`` is what of its text counts, all of it where it is None.
    """
    scene, text = prompt.scene, prompt.showing(prompt.text if said is None else said)
    parts = [one.name for one in prompt.mentions if one.kind == "selection"]
    if any(path in scene.files for path in [*prompt.attachments, *parts]):
        return True
    if _names_file(text, scene) or _names_symbol(text, scene):
        return True
    heard = _heard(text)
    return (
        any(heard.names(_test(test)) for test in scene.tests)
        or any(heard.quotes(_told(message)) for message in scene.failing.values())
        or heard.quotes(_told(scene.output, OUTPUT_LINES))
    )


def _names_file(text: str, scene: Scene) -> bool:
    ticked = {span.strip("`") for span in _TICKED.findall(text)}
    tokens = (found.replace("\\", "/").strip("./").lower() for found in _PATH.findall(text))
    spoken = {token for token in tokens if "." in token or "/" in token}
    modules = ticked | {found.lower() for found in _BEFORE_FILE.findall(text)}
    for path in scene.files:
        low = path.lower()
        name = low.rpartition("/")[2]
        stem = name.partition(".")[0]
        tails = {low, *(low[at + 1 :] for at, char in enumerate(low) if char == "/")}
        if tails & spoken or ticked & {path, path.rpartition("/")[2]}:
            return True
        if "/" in low and low.rpartition(".")[0].replace("/", ".") in spoken:
            return True
        if len(stem) > 2 and stem in modules:
            return True
    return False


def _names_symbol(text: str, scene: Scene) -> bool:
    known: set[str] = set()
    for path, file in scene.files.items():
        if CODE.search(path):
            known |= definitions(file.text)
    for offered in scene.offered:
        known |= definitions(offered)
    spoken = {
        name for pattern in (_CALL, _UNDERSCORED, _CAMEL, _AFTER_KIND, _BEFORE_KIND) for name in pattern.findall(text)
    }
    for span in _TICKED.findall(text):
        spoken |= set(_NAME.findall(span))
    if spoken & known:
        return True
    parts = (set(dotted.split(".")) - {"self", "this"} for dotted in _DOTTED.findall(text))
    return any(part and part <= known for part in parts)


@lru_cache(maxsize=512)
def definitions(text: str) -> frozenset[str]:
    """Names that code defines: functions, classes, parameters, fields, variables; not keywords, built-ins or single letters."""
    code = PROSE.sub("", text)
    names = {name for found in _FULL_DEFINITION.findall(code) for name in found if name}
    for parameters in _PARAMETERS.findall(code):
        names |= {found.group() for part in parameters.split(",") if (found := _NAME.match(part.strip(" \t\n*.&")))}
    return frozenset(name for name in names if len(name) > 1 and name not in _COMMON)
