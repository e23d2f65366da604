"""Two very small exercises, in Python and TypeScript, each with an honest solution and one that does not do the work.

Invariant: no hidden test passes without the work, and what they expect cannot be guessed: ``CANARY`` stands in a hidden test and
nowhere else.
"""

from __future__ import annotations

import hashlib

from interviews.exercises import Exercise, ExerciseYaml

CANARY = hashlib.sha256(b"pairsight").hexdigest()[:20]

TESTS = f"""
def test_call(candidate):
    assert candidate.call("drive:total", [2, 40]) == 42


def test_calls(candidate):
    answers = candidate.calls("drive:total", [[[n, n]] for n in range(1, 21)])
    assert [answer.value for answer in answers] == [2 * n for n in range(1, 21)]


def test_no_driver(candidate):
    assert candidate.call("MODULE:total", [1, 2, 3, 4]) == 10


def test_command_line(candidate):
    done = candidate.run([PROGRAM, "1", "2"], files={{"more.txt": "39"}})
    assert (done.exit_code, done.stdout) == (0, "42\\n")


def test_fingerprint(candidate):
    assert candidate.call("drive:fingerprint", "pairsight") == "{CANARY}"


def test_refusal(candidate):
    assert candidate.call("drive:total", [7, 8]) == 15
    [answer] = candidate.calls("drive:total", [["no numbers"]])
    assert answer.error == "TypeError"
"""

PYTHON_TESTS = TESTS.replace("MODULE", "sums").replace("PROGRAM", '"python3", "-m", "sums"')
PYTHON_DRIVER = """
import sums


def total(numbers):
    return sums.total(numbers)


def fingerprint(text):
    return sums.fingerprint(text)
"""
PYTHON_MAIN = """
import sys
from sums import total

print(total([*map(int, sys.argv[1:]), int(open("more.txt").read())]))
"""
PYTHON = {
    "sums/__main__.py": PYTHON_MAIN,
    "sums/__init__.py": """
import hashlib


def total(numbers):
    return sum(numbers)


def fingerprint(text):
    print('{"value": "what is printed does no harm"}')
    return hashlib.sha256(text.encode()).hexdigest()[:20]
""",
}
NO_PYTHON = {
    "sums/__main__.py": PYTHON_MAIN,
    "sums/__init__.py": """
def total(numbers):
    raise NotImplementedError


def fingerprint(text):
    raise NotImplementedError
""",
}

TYPESCRIPT_TESTS = TESTS.replace("MODULE", "src/sums.ts").replace("PROGRAM", '"node", "src/main.ts"')
TYPESCRIPT_DRIVER = """
import * as sums from "./src/sums.ts";

export function total(numbers: number[]): number {
  return sums.total(numbers);
}

export async function fingerprint(text: string): Promise<string> {
  return sums.fingerprint(text);
}
"""
TYPESCRIPT_MAIN = """
import { readFileSync } from "node:fs";
import { total } from "./sums.ts";

console.log(total([...process.argv.slice(2), readFileSync("more.txt", "utf8")].map(Number)));
"""
TYPESCRIPT = {
    "src/main.ts": TYPESCRIPT_MAIN,
    "src/sums.ts": """
import { createHash } from "node:crypto";

export function total(numbers: number[]): number {
  if (!Array.isArray(numbers)) throw new TypeError("expected numbers");
  return numbers.reduce((sum, number) => sum + number, 0);
}

export function fingerprint(text: string): string {
  console.log('{"value": "what is printed does no harm"}');
  return createHash("sha256").update(text).digest("hex").slice(0, 20);
}
""",
}
NO_TYPESCRIPT = {
    "src/main.ts": TYPESCRIPT_MAIN,
    "src/sums.ts": """
export function total(numbers: number[]): number {
  throw new Error("not implemented");
}

export function fingerprint(text: string): string {
  throw new Error("not implemented");
}
""",
}


def exercise(language: str, tests: dict[str, str], **grading: float) -> Exercise:
    """An exercise of hidden tests alone."""
    spec = ExerciseYaml.model_validate(
        {
            "id": "sums", "version": 1, "title": "Sums", "summary": "Sums", "language": language, "minutes": 5,
            "open_first": [], "run": {"argv": ["true"], "report": ".pairsight/report.xml"}, "grading": grading,
            "requirements": [], "defects": [],
        }
    )  # fmt: skip
    return Exercise(
        spec=spec, sha256="0" * 64, brief="", starter={}, tests={}, hidden_tests=tests, solution={}, assistant_lines={}
    )


def sums(**grading: float) -> Exercise:
    """The one in Python."""
    return exercise("python", {"test_sums.py": PYTHON_TESTS, "drive.py": PYTHON_DRIVER}, **grading)


def typed_sums(**grading: float) -> Exercise:
    """The one in TypeScript."""
    return exercise("typescript", {"test_sums.py": TYPESCRIPT_TESTS, "drive.ts": TYPESCRIPT_DRIVER}, **grading)
