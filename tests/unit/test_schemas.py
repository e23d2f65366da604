"""The published schemas take what the product writes, and refuse what it would refuse."""

from __future__ import annotations

import io
import itertools
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from interviews import events as e
from interviews.log import Draft, MemoryLog
from interviews.ndjson import write_log

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMAS = ROOT / "docs" / "schemas"
EXERCISES = ROOT / "exercises"
RUBRICS = ROOT / "rubrics"

Validator = jsonschema.Draft202012Validator


def schema(name: str) -> Validator:
    content: dict[str, Any] = json.loads((SCHEMAS / name).read_text())
    Validator.check_schema(content)
    return Validator(content)


def exported() -> list[dict[str, Any]]:
    """Lines of an exported log, the last payload erased."""
    pin = e.ExercisePin(id="none", version=1, sha256="0" * 64, seed=1, title="None")
    header = e.Header(id="i1", created_at_ms=0, candidate="Ada", exercise=pin, settings=e.InterviewSettings())
    salts = itertools.count()
    log = MemoryLog(clock=lambda: 1, new_salt=lambda: f"{next(salts):032x}")
    log.create(header)
    hunk = e.Hunk(hunk="h1", path="a.py", base_version=1, line=1, before="x\n", after="y\n")
    log.append(
        "i1",
        [
            Draft("system", e.InterviewStarted()),
            Draft(
                "system",
                e.FileSnapshotted(path="a.py", version=0, text=None, size=9, sha256="0" * 64, origin="starter"),
            ),
            Draft(
                "candidate", e.FileEdited(path="a.py", version=1, changes=[[0, "x", ""]], origin="typed", client="c")
            ),
            Draft("assistant", e.SuggestionOffered(suggestion="s1", turn="t1", title="A change", hunks=(hunk,))),
            Draft("interviewer:Grace", e.NoteAdded(text="Asked for tests first", about_seq=3)),
        ],
    )
    records = log.read("i1")
    records[-1] = records[-1].model_copy(update={"payload": None, "salt": None})
    out = io.StringIO()
    write_log(out, header, records)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_every_line_of_an_exported_log_fits() -> None:
    lines = exported()
    assert len(lines) == 6
    for line in lines:
        schema("log.json").validate(line)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "file.eaten"},
        {"type": "run.finished"},
        {"seq": "3"},
        {"payload": {"path": "a.py"}},
        {"extra": 1},
    ],
    ids=["unknown type", "payload of another type", "text for a number", "field missing", "field too many"],
)
def test_a_wrong_line_does_not_fit(change: dict[str, Any]) -> None:
    edit = next(line for line in exported() if line.get("type") == "file.edited")
    assert not schema("log.json").is_valid({**edit, **change})


WRITTEN = {
    **dict.fromkeys(EXERCISES.glob("*/exercise.yaml"), "exercise.json"),
    **dict.fromkeys(EXERCISES.glob("*/review/review.yaml"), "review.json"),
    **dict.fromkeys(EXERCISES.glob("*/assistant.yaml"), "assistant.json"),
    **dict.fromkeys(RUBRICS.glob("*.yaml"), "rubric.json"),
}


@pytest.mark.parametrize("path", sorted(WRITTEN), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_file_that_people_write_fits(path: Path) -> None:
    schema(WRITTEN[path]).validate(yaml.safe_load(path.read_text()))


def test_the_scorecard_schema_is_one() -> None:
    assert not schema("scorecard.json").is_valid({"rubric": {}})
