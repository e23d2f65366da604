"""A line typed in a shell, as words and as commands that are joined.

Owns bash's grammar as far as people type it. Invariant: pure; a word says whether the shell puts something else in its place
(variables, globs); what is more than lists of pipelines (loops, functions, substitutions, texts of ``<<``) is said not to be read,
and its commands are told all the same; the time it takes grows with the length of the line alone. Leaves out what a command
is (``commandlines``) and which of them ran (``shells``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_SEPARATORS = ("&&", "||", "|&", ";", "&", "|", "(", ")", "\n", "`")
_REDIRECTIONS = ("&>>", "<<<", "<<-", "&>", ">>", ">|", ">&", "<<", "<&", "<>", "<", ">")
_OPERATORS = tuple(sorted((*_SEPARATORS, *_REDIRECTIONS), key=len, reverse=True))
_STARTS = frozenset(one[0] for one in _OPERATORS)
_SPECIAL = _STARTS | frozenset(" \t\r'\"\\$")
# Of keywords, what a command stands behind.
BEFORE = frozenset({"if", "then", "else", "elif", "do", "while", "until", "{", "!"})
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "for", "case", "esac", "select", "function", "coproc"}
)  # fmt: skip
_MOST_DEPTH = 10


@dataclass(frozen=True)
class Word:
    """A word without its quotes. Not ``sure``: the shell puts something else in its place."""

    text: str
    sure: bool = True


class Scan:
    """A line as words and separators. ``shlex`` drops the quotes, and with them what tells ``"|"`` from a pipe."""

    def __init__(self, line: str) -> None:
        self.pieces: list[Word | str] = []
        # Whether all of it is of a kind that ``Parse`` understands.
        self.plain = True
        self._line, self._at = line, 0
        self._parts: list[str] = []
        self._begun, self._sure, self._glob, self._brace, self._quoted = False, True, False, False, False
        self._redirection = ""
        self._documents: list[tuple[str, bool]] = []
        # What stands in quotes and holds commands.
        self.hidden: list[str] = []
        while self._at < len(line):
            self._step()
        self._end_word()
        self._drop_redirection()

    def _step(self) -> None:
        line, at = self._line, self._at
        char = line[at]
        if char in " \t\r":
            self._end_word()
            self._at += 1
        elif char == "#" and not self._begun:
            end = line.find("\n", at)
            self._at = end if end >= 0 else len(line)
        elif char in _STARTS:
            self._operator(next(one for one in _OPERATORS if line.startswith(one, at)))
        elif char == "'":
            self._quote(line.find("'", at + 1), at + 1)
        elif char == '"':
            self._double()
        elif char == "\\":
            self._at += 2
            if at + 1 == len(line):
                self.plain = False
            elif line[at + 1] != "\n":
                self._add(line[at + 1], quoted=True)
        elif char == "$":
            self._dollar()
        else:
            end = at + 1
            while end < len(line) and line[end] not in _SPECIAL:
                end += 1
            text = line[at:end]
            before = self._parts[-1][-1:] if self._parts else ""
            if (text[0] == "~" and before in ("", "=", ":")) or "=~" in text or ":~" in text:
                self._sure = False
            self._glob = self._glob or any(one in text for one in "*?[")
            self._brace = self._brace or "{" in text
            self._add(text)
            self._at = end

    def _add(self, text: str, *, quoted: bool = False) -> None:
        self._begun = True
        self._quoted = self._quoted or quoted
        self._parts.append(text)

    def _quote(self, end: int, start: int) -> None:
        if end < 0:
            self.plain, end = False, len(self._line)
        self._add(self._line[start:end], quoted=True)
        self._at = end + 1

    def _double(self) -> None:
        line, at = self._line, self._at + 1
        said, substitution = list[str](), False
        while at < len(line) and line[at] != '"':
            char, after = line[at], line[at + 1 : at + 2]
            if char == "\\" and after and after in '$`"\\\n':
                said.append("" if after == "\n" else after)
                at += 2
                continue
            if char == "`" or (char == "$" and after == "("):
                self.plain, substitution = False, True
            if char == "`" or (char == "$" and (after.isalnum() or after in tuple("_{(@*#?!-$"))):
                self._sure = False
            said.append(char)
            at += 1
        if at >= len(line):
            self.plain = False
        self._add("".join(said), quoted=True)
        self.hidden += self._parts[-1:] if substitution else []
        self._at = at + 1

    def _dollar(self) -> None:
        line, at = self._line, self._at
        after = line[at + 1 : at + 2]
        end = at + 1
        if after == "{":
            end += 1
            while end < len(line) and (line[end].isalnum() or line[end] == "_"):
                end += 1
            if line[end : end + 1] == "}":
                end += 1
            else:
                self.plain = False
        elif after in ("(", "'", '"'):
            self.plain = False
        if after and (after.isalnum() or after in "_{(@*#?!-$'\""):
            self._sure = False
        self._add(line[at:end])
        self._at = end

    def _operator(self, operator: str) -> None:
        if operator[0] in "<>" and not self._quoted and "".join(self._parts).isdigit():
            # The number of a descriptor is no word.
            self._parts, self._begun = [], False
        self._end_word()
        self._drop_redirection()
        self._at += len(operator)
        if operator in _REDIRECTIONS:
            self._redirection = operator
            return
        self.plain = self.plain and operator != "`"
        self.pieces.append(operator)
        if operator == "\n":
            self._skip_documents()

    def _end_word(self) -> None:
        if not self._begun:
            return
        text = "".join(self._parts)
        # No file is named like a test, so the brackets of a parameter stay what they are.
        globs = self._glob and "::" not in text
        braces = self._brace and "}" in text and ("," in text or ".." in text)
        if self._redirection in ("<<", "<<-"):
            self._documents.append((text, self._redirection == "<<-"))
            self.plain = False
        elif not self._redirection:
            self.pieces.append(Word(text, self._sure and not globs and not braces))
        self._redirection, self._parts = "", []
        self._begun, self._sure, self._glob, self._brace, self._quoted = False, True, False, False, False

    def _drop_redirection(self) -> None:
        if self._redirection:
            self._redirection, self.plain = "", False

    def _skip_documents(self) -> None:
        """What a command is given as a text is no command."""
        for end, tabs in self._documents:
            line = None
            while line != end and self._at < len(self._line):
                stop = self._line.find("\n", self._at)
                stop = stop if stop >= 0 else len(self._line)
                line = self._line[self._at : stop]
                line = line.lstrip("\t") if tabs else line
                self._at = stop + 1
        self._documents = []


def split(pieces: Sequence[Word | str]) -> list[list[Word]]:
    """The words of each command, whatever joins them; nothing where a function is defined and not called."""
    if (name := defined(pieces)) is not None and sum(piece == Word(name) for piece in pieces) == 1:
        return []
    found: list[list[Word]] = [[]]
    for piece in pieces:
        if isinstance(piece, Word):
            found[-1].append(piece)
        elif found[-1]:
            found.append([])
    return [words for words in found if words]


def defined(pieces: Sequence[Word | str]) -> str | None:
    """The function that a line begins to define."""
    match list(pieces[:3]):
        case [Word(text="function"), Word(text=name), *_]:
            return name
        case [Word(text=name), "(", ")"]:
            return name
    return None


def sets(word: Word) -> bool:
    name, equals, _ = word.text.partition("=")
    return bool(equals) and name.removesuffix("+").isidentifier()


def called(words: Sequence[Word]) -> str:
    """What a shell takes for the command."""
    return next((word.text for word in words if not (sets(word) or word.text in BEFORE or word.text == "command")), "")


class Unread(Exception):
    """A line that is more than lists of pipelines."""


@dataclass(frozen=True)
class Group:
    chains: list[Chain]
    subshell: bool


@dataclass(frozen=True)
class Pipeline:
    parts: list[list[Word] | Group]
    negated: bool


@dataclass(frozen=True)
class Chain:
    """Pipelines joined by ``&&`` and ``||``: each but the first with what stands before it."""

    pipelines: list[Pipeline]
    joins: list[str]
    background: bool


class Parse:
    def __init__(self, pieces: Sequence[Word | str]) -> None:
        self._pieces, self._at, self._depth = pieces, 0, 0

    def whole(self) -> list[Chain]:
        chains = self._chains()
        if self._at < len(self._pieces):
            raise Unread
        return chains

    def _next(self) -> Word | str | None:
        return self._pieces[self._at] if self._at < len(self._pieces) else None

    def _pass(self, *operators: str) -> str:
        piece = self._next()
        if isinstance(piece, str) and piece in operators:
            self._at += 1
            return piece
        return ""

    def _chains(self) -> list[Chain]:
        found: list[Chain] = []
        while True:
            while self._pass("\n", ";"):
                pass
            piece = self._next()
            if piece is None or piece == ")" or (isinstance(piece, Word) and piece.text == "}"):
                return found
            found.append(self._chain())

    def _chain(self) -> Chain:
        pipelines, joins = [self._pipeline()], list[str]()
        while join := self._pass("&&", "||"):
            joins.append(join)
            pipelines.append(self._pipeline())
        if background := bool(self._pass("&")):
            return Chain(pipelines, joins, background)
        if self._next() not in (None, ")") and not self._pass(";", "\n"):
            raise Unread
        return Chain(pipelines, joins, background)

    def _pipeline(self) -> Pipeline:
        while self._pass("\n"):
            pass
        negated = self._next() == Word("!")
        self._at += negated
        parts = [self._part()]
        while self._pass("|", "|&"):
            while self._pass("\n"):
                pass
            parts.append(self._part())
        return Pipeline(parts, negated)

    def _part(self) -> list[Word] | Group:
        if self._pass("("):
            return self._group(")")
        words: list[Word] = []
        while isinstance(piece := self._next(), Word):
            if not words and piece.text == "{":
                self._at += 1
                return self._group("}")
            words.append(piece)
            self._at += 1
        if not words or words[0].text in _KEYWORDS or piece == "(":
            raise Unread
        return words

    def _group(self, end: str) -> Group:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise Unread
        chains = self._chains()
        piece = self._next()
        if (piece.text if isinstance(piece, Word) else piece) != end or isinstance(piece, Word) == (end == ")"):
            raise Unread
        self._at += 1
        self._depth -= 1
        return Group(chains, subshell=end == ")")
