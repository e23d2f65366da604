"""Reads sources without running them: which lines can run, which tests are the candidate's own, which mutants there are.

Asked on standard input, ``{"do": …}``, answered on standard output with one JSON value:
``lines``: ``{"files": {path: text}}`` → ``{path: {line: first line of its statement} or null}``, only of lines that can run.
``own``: ``{"files", "said": [[given, {path: text}], …]}`` → ids of the test functions that were not first in a text that was given.
``plain``: ``{"files"}`` → the same programs in other words: what compares texts and not behaviour fails on them.
``mutants``: ``{"files", "before": {path: text}, "brought": {path: [line, …]}, "ran": {path: [line, …]}, "most": n}`` →
``{"all": n, "places": n, "reached": n, "chosen": [{"path", "line", "operator", "text"}]}``: of statements with a line that is new
since ``before``, or in another file was brought; ``places`` are those that can be mutated, ``reached`` those of them that ran.
A file that Python cannot read holds nothing of the kind.
"""

import ast
import hashlib
import importlib
import json
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

Json = Any
sys.path.insert(0, "/opt/toolbox/analyses")
# Mutants of one statement: the hundred numbers of a list, all noticed at once, are no hundred mistakes.
EACH = 4
# Deep nesting is a file that cannot be read, not the end of this process.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


def lines_of(text: str) -> dict[int, int] | None:
    """By line, the first line of the statement that it is part of."""
    parser = importlib.import_module("coverage.parser").PythonParser(text=text, filename="<program>")
    try:
        ast.parse(text)
        parser.parse_source()
    except Exception:
        return None
    last = text.count("\n") + 1
    # A line that is marked not to be counted is counted: the mark is the candidate's.
    first = {line: parser.first_line(line) for line in range(1, last + 1)}
    can_run = {parser.first_line(line) for line in parser.raw_statements} - set(parser.raw_docstrings)
    blank = {number for number, line in enumerate(text.split("\n"), 1) if not line.strip() or line.strip()[0] == "#"}
    return {line: start for line, start in first.items() if start in can_run and line not in blank}


def tests_of(text: str) -> dict[str, str]:
    """By name below the file, what each test function does: another name or docstring makes no other test."""
    found: dict[str, str] = {}

    def look(body: list[ast.stmt], above: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                body = node.body if ast.get_docstring(node) is None else node.body[1:]
                said = [ast.dump(part) for part in (node.args, *node.decorator_list, *body)]
                found[f"{above}{node.name}"] = "\n".join(said)
            elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                look(node.body, f"{above}{node.name}::")

    try:
        look(ast.parse(text).body, "")
    except UNREADABLE:
        return {}
    return found


def own(files: dict[str, str], said: list[tuple[bool, dict[str, str]]]) -> list[str]:
    """Ids, sorted. A test is whose text it was first in: one that only moved to another file is not the candidate's own.

    A text that cannot be read says nothing: who types a test leaves many such behind, and others' tests stand in them too.
    """
    given: dict[str, bool] = {}
    for was_given, texts in said:
        for text in texts.values():
            for test in tests_of(text).values():
                given.setdefault(test, was_given)
    return sorted(
        f"{path}::{name}"
        for path, text in files.items()
        for name, test in tests_of(text).items()
        if not given.get(test, False)
    )


def plain(files: dict[str, str]) -> dict[str, str]:
    """Each program as its tree reads: no comment, no layout is left."""
    found = dict(files)
    for path, text in files.items():
        try:
            found[path] = ast.unparse(ast.parse(text)) + "\n"
        except UNREADABLE:
            pass
    return found


def worked_on(text: str, before: str | None, brought: list[int]) -> set[int]:
    """The lines that are work: those that the text before had nowhere; of a file without such a text, those that were brought."""
    if before is None:
        return set(brought)
    had = Counter("".join(line.split()) for line in before.split("\n"))
    found = set()
    for number, line in enumerate(text.split("\n"), 1):
        bare = "".join(line.split())
        had[bare] -= 1
        if had[bare] < 0:
            found.add(number)
    return found


def mutants(
    files: dict[str, str],
    before: dict[str, str],
    brought: dict[str, list[int]],
    ran: dict[str, list[int]],
    most: int,
) -> Json:
    """A sample by hash: the same of the same program, whatever else is there. No statement has its second before all have one."""
    found: dict[tuple[str, int], list[tuple[str, Json, Callable[[], str]]]] = {}
    reached = set()
    for path in sorted(files):
        first = lines_of(files[path]) or {}
        work = {
            first[line] for line in worked_on(files[path], before.get(path), brought.get(path, [])) if line in first
        }
        reached |= {(path, first[line]) for line in ran.get(path, ()) if line in first}
        try:
            for line, operator, said, make in sites(files[path]):
                if first.get(line) in work:
                    drawn = hashlib.sha256(f"{path}\0{line}\0{operator}\0{said}".encode("utf-8", "replace")).hexdigest()
                    site = {"path": path, "line": line, "operator": operator}
                    found.setdefault((path, first[line]), []).append((drawn, site, make))
        except UNREADABLE:
            continue
    rounds = [
        (nth, one) for some in found.values() for nth, one in enumerate(sorted(some, key=lambda one: one[0])[:EACH])
    ]
    chosen: list[Json] = []
    for _, (_, site, make) in sorted(rounds, key=lambda one: (one[0], one[1][0])):
        if len(chosen) == most:
            break
        try:
            text = make()
            if ast.dump(ast.parse(text)) != ast.dump(ast.parse(files[site["path"]])):
                chosen.append({**site, "text": text})
        except Exception:
            continue
    return {
        "all": sum(map(len, found.values())),
        "places": len(found),
        "reached": len(reached & set(found)),
        "chosen": chosen,
    }


def sites(text: str) -> Iterator[tuple[int, str, str, Callable[[], str]]]:
    """Line, operator, what it puts there, and the whole program with it."""
    cst = importlib.import_module("libcst")
    metadata = importlib.import_module("libcst.metadata")
    operators = mutators().mutation_operators
    try:
        wrapper = metadata.MetadataWrapper(cst.parse_module(text))
    except Exception:
        return
    places = wrapper.resolve(metadata.PositionProvider)
    module = wrapper.module
    skipped = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)
    waiting = [module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, skipped) or is_text(cst, node):
            continue
        waiting += node.children
        for form, operator in operators:
            if not isinstance(node, form) or node not in places:
                continue
            for new in operator(node):
                said = module.code_for_node(new)
                yield (
                    places[node].start.line,
                    operator.__name__.removeprefix("operator_"),
                    said,
                    made(module, node, new),
                )


def made(module: Any, node: Any, new: Any) -> Callable[[], str]:
    return lambda: str(module.deep_replace(node, new).code)


def is_text(cst: Any, node: Any) -> bool:
    """A text that stands for itself: a docstring."""
    return isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString | cst.ConcatenatedString)


def mutators() -> types.ModuleType:
    """The operators alone: importing their package would read settings and have its runner be there."""
    for name in ("mutmut", "mutmut.mutation"):
        package = types.ModuleType(name)
        package.__path__ = [f"/opt/toolbox/analyses/{name.replace('.', '/')}"]
        sys.modules[name] = package
    return importlib.import_module("mutmut.mutation.mutators")


def main() -> None:
    asked = json.load(sys.stdin)
    said, files = sys.stdout, asked["files"]
    # An operator that has something to print must not spoil the answer.
    sys.stdout = sys.stderr
    sys.setrecursionlimit(3000)
    answer: Json
    match asked["do"]:
        case "lines":
            answer = {path: lines_of(text) for path, text in files.items()}
        case "own":
            answer = own(files, asked["said"])
        case "plain":
            answer = plain(files)
        case "mutants":
            answer = mutants(files, asked["before"], asked["brought"], asked["ran"], asked["most"])
    json.dump(answer, said)


main()
