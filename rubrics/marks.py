"""YAML with the lines it stands on.

Owns where a field of a file is, and what a reader of YAML lets pass in silence: a name given twice. Invariant: whatever bytes come,
the answer is content or a ``Fault`` with its line. Leaves out what the content means (``rubric``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MOST = 1 << 20  # bytes; a rubric has some ten thousand
_SHOWN = 60  # signs of a value that cannot be read
_KINDS = {
    "timestamp": "a day or a time that there is",
    "int": "a whole number that is not too long",
    "float": "a number",
    "bool": "true or false",
}

Place = tuple[int | str, ...]


@dataclass(frozen=True)
class Fault:
    """What is wrong at a line, counted from 1: the field's path, and the reason in words."""

    line: int
    where: str
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.where}: {self.why}" if self.where else f"line {self.line}: {self.why}"


class Unreadable(Exception):
    """No content can be made of the bytes; ``fault`` says where and why."""

    def __init__(self, line: int, why: str, where: str = "") -> None:
        self.fault = Fault(line, where, why)
        super().__init__(str(self.fault))


class _Odd(Exception):
    """A node looks like what YAML knows and is not: 2020-99-99 is written as a day is."""

    def __init__(self, node: yaml.Node) -> None:
        super().__init__(node)
        self.node = node


class _Loader(yaml.SafeLoader):
    """The safe loader, which also says at which node it failed."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        # What Python says of a day, a number or a truth that is none, by the kind that it was taken for.
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise _Odd(node) from error


class Document:
    """A YAML file: ``content`` as Python values, and the line of each of its fields."""

    def __init__(self, data: bytes) -> None:
        """Raises ``Unreadable``."""
        if len(data) > MOST:
            raise Unreadable(1, f"expected at most {MOST} bytes, got {len(data)}")
        try:
            text = data.decode("utf-8")
            # The content is made of the nodes that know their lines: reading a file takes most of the time.
            loader = _Loader(text)
            self._root: yaml.Node | None = loader.get_single_node()
            self.content: Any = None if self._root is None else loader.construct_document(self._root)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise Unreadable(
                line, f"cannot be read as YAML: expected UTF-8, got byte {data[error.start]:#04x}"
            ) from None
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise Unreadable(line, f"cannot be read as YAML: {error.problem or error.context}") from None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise Unreadable(line, f"cannot be read as YAML: {' '.join(str(error).split())}") from None
        except yaml.YAMLError as error:
            raise Unreadable(1, f"cannot be read as YAML: {' '.join(str(error).split())}") from None
        except RecursionError:
            raise Unreadable(1, "cannot be read as YAML: it is nested too deeply") from None
        except _Odd as odd:
            raise self._unreadable(odd.node) from None
        except (ArithmeticError, ValueError):
            # Numbers that YAML itself reads: a sign by its number, a version of YAML.
            line = loader.get_mark().line + 1
            raise Unreadable(
                line, "cannot be read as YAML: expected a number that there is, got one too large"
            ) from None

    def fault(self, place: Place, why: str) -> Fault:
        """A fault at a place; parts of it that the file does not hold are passed over for its line."""
        return Fault(self._line(place), ".".join(str(part) for part in place), why)

    def mismatch(self, loc: Place, type_: str, said: str, got: object) -> Fault:
        """What pydantic found, as a fault: its place, kind and message, and the input that it speaks of."""
        place = tuple(part for at, part in enumerate(loc) if not self._tag(loc, at))
        match type_:
            case "missing":
                why = "expected this field, it is missing"
            case "extra_forbidden":
                why = "expected a field that a rubric has, got an unknown one"
            case "value_error":
                why = said.removeprefix("Value error, ")
            case _:
                told = f", got {got}" if isinstance(got, str | int | float | None) else ""
                why = f"{said[:1].lower()}{said[1:]}{told}"
        return self.fault(place, why)

    def twice(self) -> Iterator[Fault]:
        """Each name that a mapping holds more than once, of which YAML keeps the last."""
        for place, node in self._nodes():
            if not isinstance(node, yaml.MappingNode):
                continue
            names: set[str] = set()
            for key, _value in node.value:
                if key.value in names:
                    where = ".".join(map(str, (*place, key.value)))
                    yield Fault(key.start_mark.line + 1, where, "expected this field once, got it again")
                names.add(str(key.value))

    def _unreadable(self, wrong: yaml.Node) -> Unreadable:
        """What is told of a node that looks like more than the text it may have been meant as."""
        place = next((place for place, node in self._nodes() if node is wrong), ())
        kind = _KINDS.get(wrong.tag.rpartition(":")[2], "a value")
        got = f", got {_short(wrong.value)}" if isinstance(wrong, yaml.ScalarNode) else ""
        why = f"cannot be read as YAML: expected {kind}, or text in quotes{got}"
        return Unreadable(wrong.start_mark.line + 1, why, ".".join(map(str, place)))

    def _nodes(self) -> Iterator[tuple[Place, yaml.Node]]:
        """Every node below the root, once, with the names that lead to it; a name is at the place of what it names."""
        waiting: list[tuple[Place, yaml.Node | None]] = [((), self._root)]
        seen: set[int] = set()
        while waiting:
            place, node = waiting.pop()
            if node is None or id(node) in seen:
                continue
            seen.add(id(node))
            yield place, node
            if isinstance(node, yaml.SequenceNode):
                waiting += [((*place, at), child) for at, child in enumerate(node.value)]
            elif isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    below = (*place, _name(key))
                    waiting += [(below, key), (below, value)]

    def _tag(self, loc: Place, at: int) -> bool:
        """Whether this part is no field but the form that pydantic took among several (``prior.share.a``)."""
        return at > 0 and loc[at - 1] == "prior" and loc[at] in ("share", "detection")

    def _line(self, place: Place) -> int:
        node: yaml.Node | None = self._root
        line = 1 if node is None else node.start_mark.line + 1
        for part in place:
            if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = line if node is None else node.start_mark.line + 1
            elif isinstance(node, yaml.MappingNode):
                found = next(((key, value) for key, value in node.value if key.value == part), None)
                if found is None:
                    return line
                line, node = found[0].start_mark.line + 1, found[1]
            else:
                return line
        return line


def _name(key: yaml.Node) -> str:
    return _short(key.value) if isinstance(key, yaml.ScalarNode) else "?"


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
