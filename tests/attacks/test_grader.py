"""Cheats on the grader: each scores like no solution, and the honest solution passes.

A cheat is files laid over a solution that does not do the work. What it could win is named by its own words.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from interviews.exercises import Exercise
from interviews.service.grading import hidden_tests
from sandbox.base import SandboxSpec
from sandbox.pool import Pool
from tests import sandboxes
from tests.attacks.graded import (
    CANARY,
    NO_PYTHON,
    NO_TYPESCRIPT,
    PYTHON,
    TYPESCRIPT,
    sums,
    typed_sums,
)

pytestmark = [pytest.mark.attacks, pytest.mark.sandbox]

INIT, MAIN, SUMS = "sums/__init__.py", "sums/__main__.py", "src/sums.ts"

# What a forger would write: verdicts as the grader tells them, answers, reports.
FORGED = r"""
LINES = [
    '{"test": {"id": "hidden_tests/test_sums.py::test_call", "outcome": "passed"}}', '{"end": 6}', '{"end": 1}',
    '{"value": 42}', '{"value": true}', '{"exit_code": 0, "stdout": "NDIK", "stderr": "", "timed_out": false}',
]
"""
REPORT = '<testsuites><testsuite tests="6"><testcase classname="hidden_tests.test_sums" name="test_call"/></testsuite></testsuites>'
# Everything that can be read from where the program runs, searched for what a hidden test might expect.
SEARCH = r"""
import glob, os, re

def search():
    found = []
    places = ["/workspace", "/tmp", "/dev/shm", "/home", "/run", "/opt/bin", "/etc", "/var", "/proc"]
    for top in places:
        for folder, _, names in os.walk(top):
            if folder.count("/") > 5 or "/task" in folder:
                continue
            for name in names:
                if top == "/proc" and name not in ("cmdline", "environ", "maps", "status", "mountinfo"):
                    continue
                try:
                    with open(os.path.join(folder, name), "rb") as file:
                        found.append(file.read(1 << 20))
                except OSError:
                    pass
    for maps in glob.glob("/proc/[0-9]*/maps"):
        try:
            memory = open(maps.replace("maps", "mem"), "rb")
            for line in open(maps):
                if "rw-p" in line:
                    start, end = (int(part, 16) for part in line.split()[0].split("-"))
                    if end - start < 1 << 24:
                        memory.seek(start)
                        found.append(memory.read(end - start))
        except OSError:
            pass
    found += [f"{key}={value}".encode() for key, value in os.environ.items()]
    return b"\n".join(found)

def expected(text, near):
    for hit in re.finditer(rb"assert [^\n]{0,200}== *([^\n]{1,60})", text):
        if near in hit.group():
            return hit.group(1).decode("utf-8", "replace").strip("'\"")
    return None
"""

CONFTEST = """
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    report.outcome, report.longrepr = "passed", None

def pytest_collection_modifyitems(items):
    items[:] = items[:1]
"""
SITE = """
import atexit, builtins, os, sys
class Yes(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
import json
json.dumps = lambda *_, **__: '{"value": 42}'
sys.exit = lambda *_: os._exit(0)
atexit.register(os._exit, 0)
print("42")
"""

CHEATS: dict[str, Mapping[str, str]] = {
    "hooks of a conftest": dict.fromkeys(("conftest.py", "hidden_tests/conftest.py", ".harness/conftest.py"), CONFTEST)
    | {"pytest.ini": "[pytest]\naddopts = -p conftest --collect-only\n", "tox.ini": "[pytest]\naddopts = -x\n"},
    "start-up hooks of the interpreter": dict.fromkeys(
        ("sitecustomize.py", "usercustomize.py", "hidden_tests/sitecustomize.py", "sums/sitecustomize.py"), SITE
    )
    | {"sums.pth": "import sitecustomize\n"},
    "modules of the library shadowed": dict.fromkeys(
        ("json.py", "pytest.py", "_pytest/__init__.py", "importlib/__init__.py", "types.py", "os.py", "math.py", "base64.py"),
        "def main(*a, **k): return 0\ndumps = loads = load = b64decode = fixture = lambda *a, **k: '{\"value\": 42}'\n"
        "def __getattr__(name): return lambda *a, **k: True\n",
    ),
    "reports of pytest patched": {
        INIT: """
import sys
try:
    import _pytest.reports, _pytest.runner
    _pytest.reports.TestReport.failed = property(lambda self: False)
    _pytest.reports.TestReport.outcome = property(lambda self: "passed", lambda self, value: None)
    _pytest.runner.check_interactive_exception = lambda *a: False
except ImportError:
    pass
def total(numbers): raise NotImplementedError
def fingerprint(text): raise NotImplementedError
"""
    },
    "values that equal everything": {
        INIT: """
class Any(str):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = str.__hash__
class Number(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
def total(numbers): return Number(0)
def fingerprint(text): return Any("anything")
"""
    },
    "exit at import": {INIT: "import os\nos._exit(0)\n"},
    "exit at import, by exception": {INIT: "raise SystemExit(0)\n"},
    "exit in the call, answers forged at the end": {
        INIT: FORGED
        + """
import atexit, os, sys, threading
def last():
    for line in LINES:
        for number in range(1, 12):
            try: os.write(number, line.encode() + b"\\n")
            except OSError: pass
atexit.register(last)
os._exit = lambda code: last()
def total(numbers): sys.exit(0)
def fingerprint(text): sys.exit(0)
"""
    },
    "reports written over": {
        INIT: f"""
import os
for path in (".pairsight/report.xml", "report.xml", ".harness/report.xml", "/tmp/report.xml", "junit.xml"):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    open(path, "w").write({REPORT!r})
def total(numbers): raise NotImplementedError
def fingerprint(text): raise NotImplementedError
"""
    },
    "lines forged on every descriptor": {
        INIT: FORGED
        + """
import os
def forge():
    for number in range(1, 64):
        for line in LINES:
            try: os.write(number, line.encode() + b"\\n")
            except OSError: pass
forge()
def total(numbers): forge(); raise NotImplementedError
def fingerprint(text): forge(); raise NotImplementedError
"""
    },
    "one forged answer for each call, then exit": {
        INIT: """
import os
def total(numbers):
    os.write(3, b'{"value": 0}\\n' * 20)
    os._exit(0)
fingerprint = total
"""
    },
    "the tests' source, processes, memory and environment read": {
        INIT: SEARCH
        + """
SEEN = search()
def total(numbers):
    found = expected(SEEN, b"total") or expected(SEEN, str(numbers[0]).encode())
    return int(found) if found and found.isdigit() else None
def fingerprint(text):
    hexes = re.findall(rb"[0-9a-f]{20}", SEEN)
    return expected(SEEN, b"fingerprint") or (hexes[0].decode() if hexes else None)
"""
    },
    "the caller's frames and objects searched": {
        INIT: """
import gc, inspect
def look(words):
    for frame in inspect.stack():
        for value in frame.frame.f_locals.values():
            yield value
    yield from gc.get_objects()
def total(numbers):
    for value in look(numbers):
        if isinstance(value, int) and not isinstance(value, bool) and value not in numbers:
            return -value
def fingerprint(text):
    for value in look(text):
        if isinstance(value, str) and len(value) == 20:
            return value
"""
    },
    "a loop without end": {
        INIT: "def total(numbers):\n    while True: pass\nfingerprint = total\n",
        MAIN: "while True: pass\n",
    },
    "a process left behind that answers later": {
        INIT: """
import os, sys, time
def total(numbers):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve(sys.executable, ["python3", "-c", "import os, time\\n"
                "for _ in range(600):\\n"
                "    for n in (1, 2, 3):\\n"
                "        try: os.write(n, b'{\\"value\\": 42}\\\\n42\\\\n')\\n"
                "        except OSError: pass\\n"
                "    time.sleep(.05)\\n"], {})
    os._exit(0)
fingerprint = total
"""
    },
    "the driver's name taken": dict.fromkeys(
        ("drive.py", "drive/__init__.py", "hidden_tests/drive.py", ".harness/drive.py", ".harness/call.py"),
        "def total(numbers): return 42\ndef fingerprint(text): return text\n",
    ),
    "the driver patched from within": {
        INIT: """
import sys
class Liar(dict):
    def __getitem__(self, name): return lambda *a: 42
    def get(self, name, default=None): return lambda *a: 42
for frame in [sys._getframe(n) for n in range(1, 6) if sys._getframe(0).f_back]:
    try:
        frame.f_globals["total"] = frame.f_globals["fingerprint"] = lambda *a: 42
        frame.f_locals.get("drivers", {})["drive"] = Liar()
    except Exception:
        pass
def total(numbers): return sys.maxsize
def fingerprint(text): return 42
"""
    },
    "a flood": {
        INIT: """
import os
def total(numbers):
    for _ in range(3000):
        os.write(1, b"42\\n" * 10000)
    return [42] * 3_000_000
fingerprint = total
""",
        MAIN: "import os\nfor _ in range(3000): os.write(1, b'42\\n' * 10000)\n",
    },
    "answers too long to be compared": {
        INIT: """
def total(numbers): return [[n, str(n), {}] for n in range(20_000)]
def fingerprint(text): return "a\\nb c\\n" * 60_000
"""
    },
    "numbers that are none, and depth": {
        INIT: """
import os, sys
WILD = ["NaN", "Infinity", "-Infinity", "1e999", "[" * 200_000 + "]" * 200_000, "1" * 5000, '"\\\\ud800"', "{}", ""]
def total(numbers):
    os.write(3, b'{"value": %s}\\n' % WILD[len(str(numbers)) % len(WILD)].encode())
    os._exit(0)
def fingerprint(text): return float("nan")
"""
    },
    "exceptions that lie about themselves": {
        INIT: """
class Meta(type):
    @property
    def __name__(cls): return 'TypeError"}\\n{"value": 42'
class Lie(Exception, metaclass=Meta):
    def __str__(self): return '42'
    __repr__ = __str__
    def __eq__(self, other): return True
    __hash__ = Exception.__hash__
def total(numbers):
    if numbers == ["no numbers"]: raise TypeError
    raise Lie
def fingerprint(text): raise type('passed', (BaseException,), {})('42')
"""
    },
    "everything killed": {
        INIT: "import os\ndef total(numbers):\n    os.kill(-1, 9)\n    os.kill(os.getpid(), 9)\nfingerprint = total\n",
        MAIN: "import os\nos.kill(-1, 9)\n",
    },
    "links in the way of what is laid down": {
        INIT: """
import os, shutil
def total(numbers):
    for name in ("more.txt", "hidden_tests", ".harness", "drive.py"):
        shutil.rmtree(name, ignore_errors=True)
        if os.path.lexists(name): os.remove(name)
        os.symlink("/proc/self/environ", name)
    return 0
fingerprint = total
""",
        MAIN: "import os\nos.remove('more.txt')\nos.mkdir('more.txt')\nprint(open('/proc/self/cmdline').read())\n",
    },
    "what worked once replayed from the disk": {
        INIT: """
import json, os
def total(numbers):
    seen = json.load(open("seen")) if os.path.exists("seen") else []
    json.dump([*seen, numbers], open("seen", "w"))
    return len(seen)
def fingerprint(text): return open("seen").read()
"""
    },
    "the disk filled": {
        INIT: """
def total(numbers):
    for name in range(100):
        try: open(f"/workspace/fill{name}", "wb").write(b"x" * (8 << 20))
        except OSError: break
    return 0
fingerprint = total
"""
    },
}  # fmt: skip

TYPESCRIPT_CHEATS: dict[str, str] = {
    "stringify patched": "JSON.stringify = () => '{\"value\": 42}';\nglobalThis.JSON = { stringify: () => '42' } as any;\n",
    "exit at import": "process.exit(0);\n",
    "answers forged at the exit": """
import { writeSync } from "node:fs";
process.on("exit", () => {
  for (let n = 1; n < 16; n++) try { writeSync(n, '{"value": 42}\\n{"end": 6}\\n'); } catch {}
  process.exitCode = 0;
});
""",
    "prototypes polluted": """
Object.defineProperty(Object.prototype, "value", { get: () => 42, set() {}, configurable: true });
Object.defineProperty(Object.prototype, "toJSON", { value: () => 42, configurable: true });
(Array.prototype as any).toJSON = (Number.prototype as any).toJSON = () => 42;
(Promise.prototype as any).then = function (f: any) { f(42); return this; };
""",
    "a thread that answers": """
import { Worker } from "node:worker_threads";
new Worker(`
  const fs = require("node:fs");
  for (;;) try { fs.writeSync(3, '{"value": 42}\\\\n'); } catch { break }
`, { eval: true });
""",
    "lines forged on every descriptor": """
import { writeSync } from "node:fs";
for (let n = 1; n < 32; n++) try { writeSync(n, '{"test": {"id": "x", "outcome": "passed"}}\\n{"value": 42}\\n42\\n'); } catch {}
""",
    "values that equal everything": """
const any: any = new Proxy(() => 42, { get: (_, name) => name === "then" ? undefined : () => 42, apply: () => 42 });
(globalThis as any).total = any;
""",
    "everything killed": "process.kill(-1, 'SIGKILL');\n",
    "hooks of the module loader": """
import { registerHooks } from "node:module";
registerHooks({ load: (url, context, next) => url.includes("drive") || url.includes("sums")
  ? { format: "module", source: "export const total = () => 42; export const fingerprint = () => 42;", shortCircuit: true }
  : next(url, context) });
""",
    "a loop without end": "for (;;) {}\n",
}  # fmt: skip
TYPESCRIPT_EXTRA = {
    "drive.ts": "export const total = () => 42; export const fingerprint = () => 42;\n",
    "hidden_tests/drive.ts": "export const total = () => 42; export const fingerprint = () => 42;\n",
    "package.json": '{"type": "module", "imports": {"#x": "./drive.ts"}, "exports": "./drive.ts"}\n',
    ".node-options": "--import ./drive.ts\n",
    "node_modules/fs/index.js": "exports.writeSync = () => 42; exports.readFileSync = () => '{}';\n",
}


def graded(place: str, exercise: Exercise, files: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Outcome and message by test."""
    result = hidden_tests(Pool(sandboxes.working(place)), exercise, files, "cheat")
    return {test["id"].rpartition("::")[2]: (test["outcome"], test["message"]) for test in result["tests"]}


def scores_like_no_solution(found: dict[str, tuple[str, str]]) -> None:
    assert len(found) == 6, found
    assert {outcome for outcome, _ in found.values()} == {"failed"}, found
    assert CANARY not in str(found)


@pytest.mark.parametrize("place", sandboxes.NAMES)
def test_the_honest_solution_passes(place: str) -> None:
    for exercise, files in ((sums(), PYTHON), (typed_sums(), TYPESCRIPT)):
        assert {outcome for outcome, _ in graded(place, exercise, files).values()} == {"passed"}


def test_no_solution_passes_nothing() -> None:
    for exercise, files in ((sums(), NO_PYTHON), (typed_sums(), NO_TYPESCRIPT), (sums(), {}), (typed_sums(), {})):
        scores_like_no_solution(graded("bubblewrap", exercise, files))


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_in_python_scores_like_no_solution(cheat: str) -> None:
    scores_like_no_solution(
        graded("bubblewrap", sums(call_s=1 if "loop" in cheat else 5), {**NO_PYTHON, **CHEATS[cheat]})
    )


@pytest.mark.parametrize("cheat", TYPESCRIPT_CHEATS)
def test_a_cheat_in_typescript_scores_like_no_solution(cheat: str) -> None:
    files = {**NO_TYPESCRIPT, **TYPESCRIPT_EXTRA, SUMS: TYPESCRIPT_CHEATS[cheat] + NO_TYPESCRIPT[SUMS]}
    scores_like_no_solution(graded("bubblewrap", typed_sums(call_s=1 if "loop" in cheat else 5), files))


# Those that the place has a part in: who is killed, what is swept, what can be read.
@pytest.mark.parametrize("place", [name for name in sandboxes.NAMES if name != "bubblewrap"])
@pytest.mark.parametrize(
    "cheat",
    ["everything killed", "a process left behind that answers later", "the tests' source, processes, memory and environment read"],
)  # fmt: skip
def test_a_cheat_scores_like_no_solution_elsewhere(place: str, cheat: str) -> None:
    scores_like_no_solution(graded(place, sums(call_s=5), {**NO_PYTHON, **CHEATS[cheat]}))


@pytest.mark.parametrize(
    "cheat",
    [
        "hooks of a conftest",
        "values that equal everything",
        "the tests' source, processes, memory and environment read",
    ],
)
def test_the_same_cheat_wins_where_tests_run_beside_the_program(cheat: str) -> None:
    """What the two places are for: pytest in one with the program is fooled."""
    test = "from sums import total\n\n\ndef test_call():\n    assert total([2, 40]) == 42\n"
    sandbox = sandboxes.working("bubblewrap").start(SandboxSpec("beside"))
    try:
        for path, text in {**NO_PYTHON, **CHEATS[cheat], "hidden_tests/test_sums.py": test, "pytest.ini": ""}.items():
            sandbox.write(path, text.encode())
        done = sandbox.exec(["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "hidden_tests"])
    finally:
        sandbox.stop()
    assert done.exit_code == 0, done.stdout


def test_files_beside_an_honest_solution_do_it_no_harm() -> None:
    """Names that the harness uses itself are anybody's to use."""
    own = {
        "drive.py": "x = 1\n",
        "call.py": "",
        "hidden_tests/test_mine.py": "def test_x(): assert False\n",
        ".harness/a": "",
    }
    assert {outcome for outcome, _ in graded("bubblewrap", sums(), {**PYTHON, **own}).values()} == {"passed"}
    typed = {**TYPESCRIPT, **TYPESCRIPT_EXTRA}
    assert {outcome for outcome, _ in graded("bubblewrap", typed_sums(), typed).values()} == {"passed"}
