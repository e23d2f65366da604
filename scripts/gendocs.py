"""Writes the documentation that can be derived: the log's events, the published schemas, what the sandbox is held by, assistants.

Owns ``docs/events.md``, ``docs/schemas/`` and the tables of ``docs/security.md`` and ``docs/assistant.md``. Invariant: the output
depends on the source alone, so ``--check`` tells drift from a plain comparison. Leaves out prose elsewhere in ``docs/``.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import re
import sys
import types
import typing
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import models_json_schema

from assistant import registry
from assistant.sayings import ScriptYaml
from interviews import events, ndjson
from interviews.exercises import ExerciseYaml, ReviewYaml
from rubrics.base import Scorecard
from rubrics.rubric import Rubric
from sandbox.hardening import LINES
from scripts.event_notes import NOTES
from tests.attacks import catalogue

ROOT = Path(__file__).resolve().parent.parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"
GENERATED = "generated from `{source}` by `make docs`; change that, not this"

Json = dict[str, Any]


# Events, for people


def events_page() -> str:
    """The whole of ``docs/events.md``."""
    lines = [
        "# The log's events",
        "",
        f"<!-- {GENERATED.format(source='interviews/events.py')} -->",
        "",
        "An interview is its log: an append-only list of these events. Live view, replay, scorecard and exports are computed "
        "from it and from nothing else. The exported form is NDJSON: a header line, then one record a line "
        "([schema](schemas/log.json)).",
        "",
        "```json",
        json.dumps({"format": ndjson.FORMAT, "version": ndjson.VERSION, "interview": {"id": "…"}}, ensure_ascii=False),
        "```",
        "",
        "Times are Unix milliseconds, durations milliseconds, positions UTF-16 code units, lines count from 1.",
        "",
        "## Around every event",
        "",
        *model_section(events.Record),
        "## Types",
        "",
        *(f"- [`{name}`](#{anchor(name)})" for name in events.event_types()),
        "",
    ]
    for name, payload in events.event_types().items():
        version = payload.model_fields["v"].default
        lines += [
            f"### {name}",
            "",
            NOTES[name],
            "",
            f"Version {version}.",
            "",
            *field_table(payload, skip={"type", "v"}),
        ]
    lines += ["## Values", "", "What the payloads and the header are made of.", ""]
    for value in used_values():
        lines += [f"### {value.__name__}", "", *model_section(value)]
    return "\n".join(lines).rstrip() + "\n"


def model_section(model: type[BaseModel]) -> list[str]:
    return [*plain(model.__doc__).splitlines(), "", *field_table(model)]


def field_table(model: type[BaseModel], skip: Collection[str] = ()) -> list[str]:
    fields = {name: field for name, field in model.model_fields.items() if name not in skip}
    if not fields:
        return ["No fields.", ""]
    rows = [f"| `{name}` | {type_text(field.annotation)} | {default_text(field)} |" for name, field in fields.items()]
    return ["| field | holds | when absent |", "| --- | --- | --- |", *rows, ""]


def default_text(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_defaults=True)
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"


def type_text(annotation: object) -> str:
    """An annotation in words that do not need Python to be read."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{json.dumps(choice)}`" for choice in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_text(argument) for argument in arguments)
    if origin is tuple and arguments[-1] is ...:
        return f"list of {type_text(arguments[0])}"
    if origin is tuple:
        return f"list of {len(arguments)}: {', '.join(type_text(argument) for argument in arguments)}"
    if origin is dict:
        return f"object, {type_text(arguments[0])} to {type_text(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{anchor(annotation.__name__)})"
    names: dict[object, str] = {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
        type(None): "null",
        Any: "any JSON",
    }
    return names[annotation]


def used_values() -> list[type[BaseModel]]:
    """Every model that a payload or the header holds, each once, outermost first."""
    found: dict[type[BaseModel], None] = {}

    def visit(annotation: object) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if annotation not in found:
                found[annotation] = None
                for field in annotation.model_fields.values():
                    visit(field.annotation)
            return
        for argument in typing.get_args(annotation):
            visit(argument)

    visit(events.Header)
    for payload in events.event_types().values():
        for field in payload.model_fields.values():
            visit(field.annotation)
    return list(found)


def anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


def plain(docstring: str | None) -> str:
    lines = (docstring or "").strip().splitlines()
    return "\n".join(line.strip() for line in lines).replace("``", "`")


# Schemas, for machines


def log_schema() -> Json:
    """One line of an exported log: the header line, or a record whose payload fits its type."""
    models: list[type[BaseModel]] = [events.Header, events.Record, *events.event_types().values()]
    references, shared = models_json_schema([(model, "serialization") for model in models], by_alias=False)
    definitions: Json = shared["$defs"]
    record = definitions.pop("Record")
    for name, payload in events.event_types().items():
        definition = definitions[payload.__name__]
        definition["description"] = NOTES[name]
        for outside in ("type", "v"):
            del definition["properties"][outside]
        if required := [field for field in definition.get("required", []) if field not in ("type", "v")]:
            definition["required"] = required
        else:
            definition.pop("required", None)
    header = {
        "type": "object",
        "properties": {
            "format": {"const": ndjson.FORMAT},
            "version": {"const": ndjson.VERSION},
            "view": {
                "enum": list(typing.get_args(events.Role)),
                "description": "Whose view the records are, where that is not the interviewer's: what others wrote for "
                "interviewers only is withheld.",
            },
            "interview": references[(events.Header, "serialization")],
        },
        "required": ["format", "version", "interview"],
    }
    record["oneOf"] = [
        {
            "properties": {
                "type": {"const": name},
                "v": {"const": payload.model_fields["v"].default},
                "payload": {"anyOf": [references[(payload, "serialization")], {"type": "null"}]},
            }
        }
        for name, payload in events.event_types().items()
    ]
    return {
        "title": "A line of a Pairsight log",
        "oneOf": [{"$ref": "#/$defs/HeaderLine"}, {"$ref": "#/$defs/Record"}],
        "$defs": {"HeaderLine": header, "Record": record, **definitions},
    }


def schemas() -> dict[str, Json]:
    """Every published schema by file name."""
    return {
        "log.json": log_schema(),
        "assistant.json": {**ScriptYaml.model_json_schema(), "title": "assistant.yaml"},
        "exercise.json": {**ExerciseYaml.model_json_schema(), "title": "exercise.yaml"},
        "review.json": {**ReviewYaml.model_json_schema(), "title": "review.yaml"},
        "rubric.json": {**Rubric.model_json_schema(), "title": "A rubric"},
        "scorecard.json": {**Scorecard.model_json_schema(mode="serialization"), "title": "A scorecard"},
    }


# What the sandbox is held by


def lines_table() -> list[str]:
    """Every line of hardening."""
    rows = [f"| `{line.name}` | {line.reason} | {', '.join(line.backends)} |" for line in LINES]
    return ["| line | why | taken from there by |", "| --- | --- | --- |", *rows]


def attack_tables() -> list[str]:
    """Every attack with its test and what each place holds, a table for each group; what is not held follows in words."""
    found: list[str] = []
    for group in catalogue.GROUPS:
        found += [
            f"### {group.title}",
            "",
            f"It must not happen that … (`tests/attacks/{group.file}` unless another test is named)",
            "",
        ]
        found += [f"| attack | | {' | '.join(catalogue.PLACES)} |", f"| --- | --- |{' --- |' * len(catalogue.PLACES)}"]
        weaker: dict[str, list[str]] = {}
        for attack in group.attacks:
            marks = []
            for place in catalogue.PLACES:
                if words := attack.weaker.get(place):
                    weaker.setdefault(f"{attack.id}: {words}", []).append(place)
                marks.append("no" if words else "held" if place in attack.tried else "–")
            where = f" (`{attack.test.removeprefix('tests/')}`)" if attack.test else ""
            found.append(f"| `{attack.id}` | {attack.never}{where} | {' | '.join(marks)} |")
        found += ["", *(f"- *{', '.join(places)}*, {words}." for words, places in weaker.items())]
        found += [""] if weaker else []
    return found[:-1]


# Assistants


def assistants_table() -> list[str]:
    """Every assistant found, in the first words of its file. Raises ``ValueError`` where these do not begin with its name."""
    rows = []
    for name in registry.names():
        docstring = ast.get_docstring(ast.parse((registry.FOLDER / f"{name}.py").read_text())) or ""
        found, _, words = plain(docstring.partition("\n")[0]).partition(": ")
        if found != f"`{name}`":
            raise ValueError(
                f"assistant/providers/{name}.py: expected a docstring that begins ``{name}``: …, got {found}"
            )
        rows.append(f"| `{name}` | {words} |")
    return ["| name | what it is |", "| --- | --- |", *rows]


def with_tables(name: str, tables: Mapping[str, list[str]]) -> str:
    """That page of ``docs/`` with what stands between its marks written anew. Raises ``ValueError`` when a mark is missing."""
    page = (ROOT / "docs" / name).read_text()
    for table_name, table in tables.items():
        begin, end = f"<!-- {table_name}: generated by `make docs` -->", f"<!-- end of {table_name} -->"
        before, middle, rest = page.partition(begin)
        _, last, after = rest.partition(end)
        if not middle or not last:
            raise ValueError(f"docs/{name}: expected {begin} and {end}")
        page = "\n".join([before + begin, "", *table, "", end + after])
    return page


# Writing and checking


def pages() -> dict[Path, str]:
    """Every generated file with its content."""
    found = {ROOT / "docs" / "events.md": events_page()}
    marked = {
        "security.md": {"lines": lines_table(), "attacks": attack_tables()},
        "assistant.md": {"assistants": assistants_table()},
    }
    found |= {ROOT / "docs" / name: with_tables(name, tables) for name, tables in marked.items()}
    for name, schema in schemas().items():
        whole = {"$schema": DIALECT, **schema}
        found[ROOT / "docs" / "schemas" / name] = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="make docs", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file would change")
    check = parser.parse_args().check

    wrong = []
    if odd := sorted(NOTES.keys() ^ events.event_types().keys()):
        print(
            f"scripts/event_notes.py: expected one sentence for each event type, differs in {', '.join(odd)}",
            file=sys.stderr,
        )
        return 1
    for path, content in pages().items():
        current = path.read_text() if path.exists() else ""
        name = str(path.relative_to(ROOT))
        if current == content:
            continue
        if check:
            diff = difflib.unified_diff(
                current.splitlines(), content.splitlines(), name, "as generated", lineterm="", n=1
            )
            wrong.append("\n".join([f"{name} is out of date:", *list(diff)[:30]]))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            print(name)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
