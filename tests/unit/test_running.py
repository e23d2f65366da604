"""Which files of the workspace a program typed in the terminal loads."""

from __future__ import annotations

import pytest

from rubrics.reading.running import loaded, running
from rubrics.reading.workspace import File

FILES = {
    path: File(text, bytes(len(text)))
    for path, text in {
        "songs/__init__.py": "", "songs/__main__.py": "from . import play\n", "songs/play.py": "from songs.list import all\n",
        "songs/list.py": "import os\n", "songs/alone.py": "x = 1\n", "run.py": "def f():\n    import songs.list as l\n",
        "starts.py": "import subprocess\n", "half.py": "def f(:\n", "go.sh": "python3 run.py\n", "round.py": "import round\n",
        "web/main.ts": "import { a } from './a'\nimport x from 'react'\n", "web/a.ts": "export const a = 1\n", "web/b.ts": "",
    }.items()
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("python3 run.py 3", {"run.py", "songs/list.py"}),
        ("cd x; python3 /workspace/run.py", {"run.py", "songs/list.py"}),
        ("python3 -m songs", {"songs/__init__.py", "songs/__main__.py", "songs/play.py", "songs/list.py"}),
        ("python3 -m songs.alone", {"songs/alone.py"}),
        ("python3 -c 'from songs.alone import x'", {"songs/alone.py"}),
        ("coverage run -m songs.alone", {"songs/alone.py"}),
        ("python3 round.py", {"round.py"}),
        ("node web/main.ts", {"web/main.ts", "web/a.ts"}),
        ("python3 -m pip list", set()),
        ("python3 nowhere.py", set()),
        ("python3 -c 'import os'", set()),
        ("go version", set()),
        # Of these nobody can say.
        ("python3 starts.py", None),
        ("python3 half.py", None),
        ("bash go.sh", None),
    ],
)
def test_a_program_loads_itself_and_what_it_imports(line: str, expected: set[str] | None) -> None:
    [command] = running(line, 0)
    assert command.kind == "program"
    assert loaded(command.names, FILES) == expected


def test_what_the_shell_did_not_find_did_not_run() -> None:
    assert running("make; nope.py; ./run.py", 127) == running("make; nope.py", 0)
    assert running("", 0) == running("ls", 127) == ()
