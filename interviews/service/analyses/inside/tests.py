"""Runs tests of a workspace, measures which lines ran where that is asked for, and says what became of each test.

Asked on standard input: ``{"arguments": [for pytest, …], "measure": [path, …], "nonce": text, "folder": where pytest runs,
"environment": {name: value}}``. Says one line on descriptor 3, out of the way of what the tests print: ``{"nonce", "exit_code",
"outcomes": {test: outcome}, "lines": {path: [line, …]}}``. The tests share this process and may do with it what they like; what is
done here makes the cheap ways cost something: no settings of the workspace are read for the measurement, its data stays in memory,
the tests do not find the tool by its name, and the channel is moved away from where it is expected.
"""

import importlib
import json
import os
import random
import sys
from typing import Any

TOOLBOX = "/opt/toolbox"


class Outcomes:
    """The plugin: a test has passed when all of its parts have."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        before = self.found.get(report.nodeid, "passed")
        if before == "passed":
            self.found[report.nodeid] = report.outcome


def measuring(paths: list[str]) -> tuple[Any, dict[str, Any]]:
    """What measures these files, and its modules, which are to be forgotten while the tests run."""
    sys.path.insert(0, f"{TOOLBOX}/analyses")
    known = set(sys.modules)
    coverage = importlib.import_module("coverage")
    sys.path.pop(0)
    files = [os.path.join(os.getcwd(), path) for path in paths]
    measure = coverage.Coverage(data_file=None, config_file=False, include=files, messages=False)
    return measure, {
        name: sys.modules[name] for name in set(sys.modules) - known if name.partition(".")[0] == "coverage"
    }


def main() -> None:
    asked = json.load(sys.stdin)
    nonce = asked.pop("nonce")
    channel = random.SystemRandom().randrange(100, 900)
    os.dup2(3, channel, inheritable=False)
    os.close(3)
    measure, modules = measuring(asked["measure"]) if asked["measure"] else (None, {})
    root = os.getcwd()
    sys.path.insert(0, TOOLBOX)
    pytest = importlib.import_module("pytest")
    outcomes = Outcomes()
    os.chdir(os.path.join(root, asked["folder"]))
    os.environ.update(asked["environment"])
    # Only now, and in front: as `python3 -m pytest` has it. A file of the workspace does not stand in for the modules above.
    also = [os.path.abspath(path) for path in asked["environment"].get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = [os.getcwd(), *also]
    sys.argv = ["pytest", *asked["arguments"]]
    if measure is not None:
        measure.start()
        for name in modules:
            sys.modules.pop(name, None)
    exit_code = int(pytest.main(list(asked["arguments"]), plugins=[outcomes]))
    lines: dict[str, list[int]] = {}
    if measure is not None:
        sys.modules.update(modules)
        measure.stop()
        data = measure.get_data()
        for path in asked["measure"]:
            lines[path] = sorted(data.lines(os.path.join(root, path)) or ())
    said = json.dumps({"nonce": nonce, "exit_code": exit_code, "outcomes": outcomes.found, "lines": lines})
    with os.fdopen(channel, "w", encoding="ascii") as out:
        out.write(said + "\n")
    # Threads that are still at work and functions to be called at the end have nothing to add.
    os._exit(0)


main()
