"""What ``docs/exercises.md`` shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from interviews.exercises import RunSpec
from interviews.service.runs import run_tests
from sandbox.base import SandboxSpec
from tests import sandboxes
from tests.attacks.graded import exercise
from tests.grading import outcomes

pytestmark = pytest.mark.sandbox

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "exercises.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^(?:#|//) (hidden_tests/\S+?):?(?: .*)?\n", re.MULTILINE)
PYTHON = {
    "playlists/__init__.py": """
from dataclasses import dataclass

@dataclass
class Track:
    title: str
    seconds: int

def make_playlist(text, tracks):
    return tracks
""",
    "playlists/request.py": "def wished_seconds(words):\n    return 2700\n",
    "playlists/__main__.py": "import sys\nprint('Nothing fits.', file=sys.stderr)\nsys.exit(1)\n",
}
TYPESCRIPT = {
    "src/playlist.ts": """
export interface Track { title: string; seconds: number }
export const makePlaylist = async (text: string, tracks: Track[]): Promise<Track[]> => tracks;
""",
    "src/request.ts": "export const wishedSeconds = (words: string): number => 5400;\n",
}


def shown(language: str, nth: int = 0) -> dict[str, str]:
    """The files of hidden tests in the page's nth block of that language, by path below their folder."""
    text = [text for name, text in BLOCKS if name == language][nth]
    parts = FILE.split(text)[1:]
    return {path.removeprefix("hidden_tests/"): code for path, code in zip(parts[::2], parts[1::2], strict=True)}


def test_the_example_in_python() -> None:
    hidden = exercise("python", shown("python"))
    place = sandboxes.working("bubblewrap")
    assert sorted(hidden.hidden_tests) == ["drive.py", "test_length.py"]
    assert set(outcomes(place, hidden, PYTHON).values()) == {"passed"}
    assert list(outcomes(place, hidden, {}).values()) == ["failed"] * 3


def test_the_example_in_typescript() -> None:
    hidden = exercise("typescript", {**shown("typescript"), **shown("python", 1)})
    place = sandboxes.working("bubblewrap")
    assert sorted(hidden.hidden_tests) == ["drive.ts", "test_length.py"]
    assert set(outcomes(place, hidden, TYPESCRIPT).values()) == {"passed"}
    assert list(outcomes(place, hidden, {}).values()) == ["failed"] * 2


@pytest.mark.parametrize("place", sandboxes.NAMES)
def test_visible_tests_in_typescript(place: str) -> None:
    """The command on the page leaves a report that is read."""
    command = next(yaml.safe_load(text)["run"] for _, text in BLOCKS if "node" in text and text.startswith("run:"))
    sandbox = sandboxes.working(place).start(SandboxSpec("visible"))
    try:
        sandbox.write("src/sums.ts", b"export const add = (a: number, b: number): number => a + b;\n")
        sandbox.write(
            "tests/deep/sums.test.ts",
            b"""
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { add } from "../../src/sums.ts";
describe("sums", () => {
  test("adds", () => assert.equal(add(1, 2), 3));
  test("adds wrongly", () => assert.equal(add(1, 2), 4));
  test("is left out", { skip: true }, () => {});
});
""",
        )
        finished = run_tests(sandbox, RunSpec.model_validate(command), "r1")
    finally:
        sandbox.stop()
    file = "tests/deep/sums.test.ts"
    assert {test.id: test.outcome for test in finished.tests} == {
        f"{file}::adds": "passed", f"{file}::adds wrongly": "failed", f"{file}::is left out": "skipped",
    }  # fmt: skip
    assert "3 !== 4" in next(test.message for test in finished.tests if test.outcome == "failed")
    assert finished.exit_code == 1
