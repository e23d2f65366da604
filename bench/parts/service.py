"""The loopback Messages API, started by itself with the answers that a benchmark needs.

Owns its process and the answers. Invariant: it ends with the block, and by itself where this process is gone; the exercise's
files are what its proposals were made for, there and back again. Leaves out the service itself (``tests.loopback``).
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.parts.serve import ROOT, STOP_S
from interviews import exercises
from interviews.settings import Settings

STORY, TOKENS, FEW = "case: story", "case: tokens", "case: few tokens"
LOOK, WORK = "case: look", "case: work"
WORDS = 12
PACE_S = 0.01
TOKEN_S = 0.02  # 50 a second
COUNT = 200
MARK = "  # looked at"
# So many lines of these files, each further than that from the next, or two would be one hunk.
NEAR = 3
HUNKS = {"request": 6, "catalogue": 4, "__main__": 4, "models": 3, "ranking": 3}
Texts = dict[str, str]


def changes(count: int) -> list[tuple[str, str]]:
    """Path and line of so many places, in the order of files."""
    found = []
    for name, many in HUNKS.items():
        path = f"playlists/{name}.py"
        lines = starter()[path].splitlines()
        plain = [line for line in lines if line.strip() and lines.count(line) == 1 and '"""' not in line]
        apart: list[int] = []
        for at in map(lines.index, plain):
            if starter()[path].count(lines[at]) == 1 and (not apart or at - apart[-1] > NEAR):
                apart.append(at)
        found += [(path, lines[at]) for at in apart[:many]]
    assert len(found) == sum(HUNKS.values()), found
    return found[:count]


def proposing(count: int, back: bool) -> str:
    """The prompt that gets a proposal of so many hunks: one more comment a place, or one less."""
    return f"case: {'back' if back else 'there'} {count}."


def changed(count: int, back: bool) -> Texts:
    """The files it is about, as they are once all of it was accepted."""
    texts = {path: starter()[path] for path, _ in changes(count)}
    for path, line in [] if back else changes(count):
        texts[path] = texts[path].replace(line, line + MARK)
    return texts


def starter() -> Mapping[str, str]:
    """The files as a candidate is given them."""
    return exercises.load(Settings().exercise).workspace


def answers(counts: tuple[int, ...] = (1, 20)) -> list[dict[str, Any]]:
    """What the service is to play."""
    said: list[dict[str, Any]] = [
        {"when": {"prompt": STORY}, "say": " ".join(["word"] * WORDS), "pace_s": PACE_S},
        {"when": {"prompt": TOKENS}, "say": _numbered(COUNT), "pace_s": TOKEN_S, "stamped": True},
        {"when": {"prompt": FEW}, "say": _numbered(5), "pace_s": TOKEN_S, "stamped": True},
    ]
    for count in counts:
        for back in (False, True):
            uses = [
                {"tool": "propose_edit", "input": {"path": path, "old_text": f"{line}{MARK * back}\n",
                                                   "new_text": f"{line}{MARK * (not back)}\n"}}
                for path, line in changes(count)
            ]  # fmt: skip
            said.append({"when": {"prompt": proposing(count, back), "rounds": 0}, "use": uses})
    (path, line), *_ = changes(1)
    edit = {"path": path, "old_text": f"{line}\n", "new_text": f"{line}{MARK}\n"}
    said += [
        {"when": {"prompt": LOOK, "rounds": 0}, "use": [{"tool": "list_files"}]},
        {"when": {"prompt": WORK, "rounds": 0}, "use": [
            {"tool": "list_files"}, {"tool": "search", "input": {"pattern": "def "}},
            {"tool": "read_file", "input": {"path": path}},
            {"tool": "propose_edit", "input": edit}, {"tool": "run_tests"}, {"tool": "run_tests"},
        ]},
    ]  # fmt: skip
    return [*said, {"say": "Done."}]


def _numbered(count: int) -> str:
    return " ".join(str(number) for number in range(count))


@contextmanager
def service(folder: Path) -> Iterator[dict[str, str]]:
    """Run it; what the SDK reads of the environment to find it."""
    script = folder / "answers.yaml"
    script.write_text(json.dumps({"about": "What a benchmark asks for.", "answers": answers()}), "utf-8")
    command = [sys.executable, "-m", "tests.loopback", "--script", str(script)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield {"ANTHROPIC_BASE_URL": process.stdout.readline().strip(), "ANTHROPIC_API_KEY": "test"}
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_S)
