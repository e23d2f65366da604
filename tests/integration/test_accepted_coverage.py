"""Lines typed in a terminal, run again in real sandboxes: what they reached, and what of them tells nothing.

Invariant: every number below was counted on paper, on the program of ``test_analyses``; the hunk ``s1/h2`` has three lines, of
which a test that calls ``both`` reaches all and reading the file reaches one.
"""

from __future__ import annotations

import pytest

from interviews import events as e
from interviews.log import Draft
from interviews.service import editing
from interviews.service.analyses import analyse
from tests.integration.test_analyses import OWN, Counted, accepted, results, small, submitted

pytestmark = pytest.mark.sandbox

IN_FOLDER = OWN.replace("from program", "import sys\nsys.path.insert(0, '..')\nfrom program")
CONDITIONAL = "import os\n" + OWN.replace("assert", "assert 'X' in os.environ or")


@pytest.mark.parametrize(
    ("lines", "run", "unanswered"),
    [
        ({"pytest tests 2>&1 | tail -5": 0}, 3, 0),
        ({"PYTHONPATH=. timeout 60 pytest tests/test_own.py > out.txt # mine": 0}, 3, 0),
        ({"cd more && python3 -X dev -m pytest test_more.py": 0}, 3, 0),
        ({"X=1 pytest tests/test_own.py": 0, "pytest tests/test_given.py": 1, "pytest -k nothing tests": 5}, 1, 0),
        # What was reached before pytest stopped was reached, whatever comes of the rest.
        ({"pytest tests more/test_broken.py | tail": 0}, 1, 1),
        ({"pytest tests more/test_broken.py": 0}, 0, 1),
        # Known to have reached nothing, as theirs ended so too, or nothing was there to run.
        ({"pytest nowhere.py": 4, "uv run pytest": 127}, 0, 0),
        (
            {
                "pytest nowhere.py | tail": 0, "pytest nowhere.py -q": 0, "pytest tests": 2, "pytest $TESTS": 0,
                "cd nowhere; pytest": 0,
            },
            0, 5,
        ),
    ],
)  # fmt: skip
def test_a_typed_run_reaches_what_it_reached(lines: dict[str, int], run: int, unanswered: int) -> None:
    drafts = [draft for draft in accepted() if not isinstance(draft.data, e.RunStarted)]
    drafts += [
        Draft("system", editing.snapshot("tests/test_own.py", 1, CONDITIONAL, "starter")),
        Draft("system", editing.snapshot("more/test_more.py", 1, IN_FOLDER, "starter")),
        Draft("system", editing.snapshot("more/test_broken.py", 1, "import nothing_of_the_kind\n", "starter")),
    ]
    drafts += [
        Draft("candidate", e.CommandFinished(terminal="t1", command=command, exit_code=exit_code))
        for command, exit_code in lines.items()
    ]
    interview = submitted(small(), Counted(), {}, drafts)
    analyse(interview, before_debrief=False)
    coverage = results(interview)["accepted_coverage"]
    found = coverage["hunks"]["s1/h2"]
    assert (found["lines"], found["run"], len(coverage["unanswered"])) == (3, run, unanswered)
