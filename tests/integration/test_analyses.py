"""Analyses after submission on a program small enough to count by hand: real sandboxes, real tools.

Invariant: every number below was counted on paper. ``PROGRAM`` has two functions that came in with two hunks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from interviews import events as e
from interviews import exercises
from interviews.errors import PlatformFailure
from interviews.exercises import Exercise, RunSpec
from interviews.log import Draft, MemoryLog
from interviews.reviews import change_request, chosen, place, request_with
from interviews.service import editing
from interviews.service.analyses import analyse, mutants, repairs
from interviews.service.interview import Interview
from interviews.service.room import Room
from sandbox.backends import bubblewrap
from sandbox.base import Backend, Sandbox, SandboxSpec
from sandbox.pool import Closed
from tests.attacks.graded import exercise
from tests.product import wait
from tests.sandboxes import working
from tests.support import counting_salt, header, ticking_clock, tools

pytestmark = pytest.mark.sandbox

FIRST = '''def sign(number):
    """Which way."""
    if number > 0:
        return 1
    return -1
'''
SECOND = """def both(one, two):
    # Never called by a test that was given.
    total = one + two
    return total
"""
PROGRAM = FIRST + SECOND
GIVEN = "from program import sign\n\n\ndef test_given():\n    assert sign(3) == 1\n"
OWN = "from program import both, sign\n\n\ndef test_own():\n    assert both(2, 3) == 5 and sign(3) == 1\n"


class Counted(bubblewrap.Bubblewrap):
    """The real backend; counts what it starts, and may refuse."""

    def __init__(self, refuse: int = 0) -> None:
        super().__init__()
        self.started: list[str] = []
        self.refuse = refuse

    def start(self, spec: SandboxSpec) -> Sandbox:
        if self.refuse:
            self.refuse -= 1
            raise PlatformFailure("The sandboxes are away")
        self.started.append(spec.interview)
        return super().start(spec)


def small(language: str = "python") -> Exercise:
    found = exercise(language, {})
    run = RunSpec(argv=("python3", "-m", "pytest", "-q", "--junitxml=report.xml", "tests"), report="report.xml")
    spec = found.spec.model_copy(update={"run": run})
    return found.model_copy(update={"spec": spec, "starter": {"program.py": ""}, "tests": {"test_given.py": GIVEN}})


def hunk(name: str, line: int, after: str) -> e.Hunk:
    return e.Hunk(hunk=name, path="program.py", base_version=1, line=line, before="", after=after)


def accepted() -> list[Draft]:
    """Both functions come in with a hunk each; a run stands between them and after them."""
    drafts = [
        Draft(
            "assistant",
            e.SuggestionOffered(
                suggestion="s1", turn="1", title="", hunks=(hunk("h1", 1, FIRST), hunk("h2", 6, SECOND))
            ),
        )
    ]
    drafts += [
        Draft("candidate", e.SuggestionDecided(suggestion="s1", hunk="h1", decision="accepted")),
        Draft("assistant", editing.snapshot("program.py", 2, FIRST, "hunk")),
        Draft("candidate", e.RunStarted(run="r1", files={"program.py": 2})),
        Draft("candidate", e.SuggestionDecided(suggestion="s1", hunk="h2", decision="accepted")),
    ]  # fmt: skip
    edit = e.FileEdited(
        path="program.py", version=3, changes=[len(FIRST), [0, *SECOND.split("\n")]], origin="hunk", client=""
    )
    return [*drafts, Draft("assistant", edit), *ran("r2", "r3")]


def ran(*names: str) -> list[Draft]:
    return [Draft("candidate", e.RunStarted(run=name, files={"program.py": 3})) for name in names]


def submitted(
    worked_on: Exercise, backend: Backend, files: Mapping[str, str], drafts: list[Draft] | None = None
) -> Interview:
    """An interview of these events, handed in with these files beside those of the exercise."""
    log = MemoryLog(ticking_clock(), counting_salt())
    log.create(header("i1"))
    found = Interview(log, log.header("i1"), worked_on, tools(backend))
    for path, text in worked_on.workspace.items():
        found.record(Draft("system", editing.snapshot(path, 1, text, "starter")))
    found.record(
        Draft("system", e.InterviewStarted()), Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9))
    )
    for path, text in files.items():
        found.record(Draft("candidate", editing.snapshot(path, 1, text, "terminal")))
    for draft in accepted() if drafts is None else drafts:
        follows = isinstance(draft.data, e.FileSnapshotted | e.FileEdited)
        found.record(dataclasses.replace(draft, cause=found.state.seq) if follows else draft)
    found.record(Draft("candidate", e.InterviewSubmitted(by="candidate", late=False)))
    return found


def results(interview: Interview) -> dict[str, e.Json]:
    payloads = [r.payload for r in interview.log.read(interview.id) if r.type == "analysis.recorded" and r.payload]
    assert len({one["key"] for one in payloads}) == len(payloads)
    assert all(len(one["key"]) == 64 for one in payloads)
    return {one["kind"]: one["result"] for one in payloads}


@pytest.fixture
def backend() -> Counted:
    return Counted()


def test_each_accepted_line_is_known_to_have_run_or_not(backend: Counted) -> None:
    interview = submitted(small(), backend, {})
    analyse(interview, before_debrief=False)
    coverage = results(interview)["accepted_coverage"]
    # sign: `def`, `if`, `return 1` run and `return -1` does not; the docstring cannot. both: of three lines only `def`.
    assert coverage["hunks"] == {
        "s1/h1": {"lines": 4, "run": 3, "runs": ["r1", "r2", "r3"]},
        "s1/h2": {"lines": 3, "run": 1, "runs": ["r2", "r3"]},
    }
    assert (coverage["trees"], coverage["left_out"], coverage["unanswered"]) == (2, 0, [])
    # Two trees for three runs, and where sources are read; own tests there are none.
    assert sorted(backend.started) == [
        "i1-accepted-coverage-sources",
        *2 * ["i1-accepted-coverage-tree"],
        "i1-own-tests-sources",
    ]


def test_nothing_runs_twice_for_the_same_key(backend: Counted) -> None:
    interview = submitted(small(), backend, {"tests/test_own.py": OWN})
    analyse(interview, before_debrief=False)
    starts, found = len(backend.started), results(interview)
    analyse(interview, before_debrief=False)
    analyse(interview, before_debrief=True)
    assert len(backend.started) == starts and results(interview) == found


def test_own_tests_kill_what_they_would_notice(backend: Counted) -> None:
    interview = submitted(small(), backend, {"tests/test_own.py": OWN})
    analyse(interview, before_debrief=False)
    own = results(interview)["own_tests"]
    assert own["tests"] == ["tests/test_own.py::test_own"]
    # Of `total = …` one operator for `+`, one for the assignment; of `if` one for `>`, one for `0`; of `return 1` one. Of
    # `return -1`, which no test reaches, one for `-`, one for `1`.
    assert (own["mutants"], own["killed"], own["left_out"]) == (7, 3, 0)
    assert sorted((one["line"], one["operator"]) for one in own["survivors"]) == [
        (3, "number"), (3, "swap_op"), (5, "number"), (5, "swap_op"),
    ]  # fmt: skip
    assert (own["places"], own["reached"]) == (4, 3)


def test_a_test_that_asserts_nothing_kills_only_what_falls_over(backend: Counted) -> None:
    weak = OWN.replace("assert ", "")
    interview = submitted(small(), backend, {"tests/test_own.py": weak})
    analyse(interview, before_debrief=False)
    own = results(interview)["own_tests"]
    assert (own["mutants"], own["killed"]) == (7, 0)
    assert {(one["path"], one["line"]) for one in own["survivors"]} == {("program.py", line) for line in (3, 4, 5, 8)}


SCRATCH = "def odd(number):\n    return number % 2 == 1 and number > 2\n"
OF_SCRATCH = (
    "from scratch import odd\n\n\ndef test_odd():\n    assert odd(3) and not odd(4) and not odd(2) and not odd(1)\n"
)


def test_a_file_of_ones_own_that_is_no_work_pays_for_nothing(backend: Counted) -> None:
    files = {"scratch.py": SCRATCH, "tests/test_scratch.py": OF_SCRATCH}
    interview = submitted(small(), backend, files)
    analyse(interview, before_debrief=False)
    own = results(interview)["own_tests"]
    assert own["tests"] == ["tests/test_scratch.py::test_odd"] and own["why"]
    assert "mutants" not in own and (own["places"], own["reached"]) == (4, 0)
    interview = submitted(small(), backend, {**files, "tests/test_own.py": OWN})
    analyse(interview, before_debrief=False)
    assert (results(interview)["own_tests"]["mutants"], results(interview)["own_tests"]["killed"]) == (7, 3)


def test_tests_of_a_corner_are_worth_no_number(backend: Counted) -> None:
    corner = "from program import both\n\n\ndef test_own():\n    assert both(2, 3) == 5\n"
    interview = submitted(small(), backend, {"tests/test_own.py": corner})
    analyse(interview, before_debrief=False)
    own = results(interview)["own_tests"]
    assert "mutants" not in own and (own["places"], own["reached"]) == (4, 1)


def test_a_further_test_of_other_lines_lowers_nothing(backend: Counted) -> None:
    more = OWN + "\n\ndef test_more():\n    sign(-3)\n"
    interview = submitted(small(), backend, {"tests/test_own.py": more})
    analyse(interview, before_debrief=False)
    own = results(interview)["own_tests"]
    assert (own["mutants"], own["killed"], own["reached"]) == (7, 3, 4)


def test_a_long_list_of_numbers_weighs_as_one_line(backend: Counted) -> None:
    padded = f"NUMBERS = {list(range(100))}\n{FIRST}"
    own = "from program import NUMBERS, sign\n\n\ndef test_own():\n    assert NUMBERS == list(range(100)) and sign(3)\n"
    interview = submitted(small(), backend, {"program.py": padded, "tests/test_own.py": own}, [])
    analyse(interview, before_debrief=False)
    found = results(interview)["own_tests"]
    # Four of the list's, and the five of `sign`.
    assert (found["places"], found["reached"], found["mutants"]) == (4, 3, 9)
    assert found["killed"] == 4 and {one["line"] for one in found["survivors"]} == {4, 5, 6}


def test_lines_of_the_starter_are_no_work(backend: Counted) -> None:
    worked_on = small().model_copy(update={"starter": {"program.py": FIRST}})
    interview = submitted(worked_on, backend, {"program.py": PROGRAM, "tests/test_own.py": OWN}, [])
    analyse(interview, before_debrief=False)
    own = results(interview)["own_tests"]
    assert (own["mutants"], own["killed"], own["survivors"]) == (2, 2, [])


def test_lines_that_a_hunk_brought_are_work_in_whatever_file(backend: Counted) -> None:
    offered = e.Hunk(hunk="h1", path="more.py", base_version=0, line=1, before="", after=SECOND)
    drafts = [
        Draft("assistant", e.SuggestionOffered(suggestion="s1", turn="1", title="", hunks=(offered,))),
        Draft("candidate", e.SuggestionDecided(suggestion="s1", hunk="h1", decision="accepted")),
        Draft("assistant", editing.snapshot("more.py", 1, SECOND, "hunk")),
        Draft(
            "candidate",
            e.FileEdited(
                path="more.py", version=2, changes=[len(SECOND), [0, *SCRATCH.split("\n")]], origin="typed", client="c"
            ),
        ),
    ]
    own = "from more import both, odd\n\n\ndef test_own():\n    assert both(2, 3) == 5 and odd(3)\n"
    interview = submitted(small(), backend, {"tests/test_own.py": own}, drafts)
    analyse(interview, before_debrief=False)
    assert (results(interview)["own_tests"]["mutants"], results(interview)["own_tests"]["killed"]) == (2, 2)


ANOTHER = "\n\ndef test_another():\n    assert both(1, 1) == 2\n"


@pytest.mark.parametrize("origin", ["hunk", "co-edit"])
def test_a_test_that_somebody_else_wrote_is_not_the_candidates_until_it_is_another(
    backend: Counted, origin: e.Origin
) -> None:
    def found(text: str) -> list[str]:
        drafts = [
            Draft("candidate", editing.snapshot("tests/test_own.py", 1, OWN, "terminal")),
            Draft(
                "assistant",
                e.FileEdited(
                    path="tests/test_own.py", version=2, changes=[len(OWN), [0, *ANOTHER.split("\n")]], origin=origin,
                    client="",
                ),
            ),
            Draft("candidate", editing.snapshot("tests/test_own.py", 3, text, "terminal")),
        ]  # fmt: skip
        interview = submitted(small(), backend, {}, [*accepted(), *drafts])
        analyse(interview, before_debrief=False)
        return [name.rpartition("::")[2] for name in results(interview)["own_tests"]["tests"]]

    # The candidate's own stood there before, whoever wrote beside it.
    assert found(OWN + ANOTHER) == ["test_own"]
    renamed = ANOTHER.replace("test_another():\n", 'test_renamed():\n    """Mine."""\n')
    assert found(OWN + renamed) == ["test_own"]
    assert found(OWN + ANOTHER.replace("(1, 1) == 2", "(1, -1) == 0")) == ["test_another", "test_own"]


def test_a_test_that_others_wrote_letter_by_letter_takes_none_of_the_candidates() -> None:
    half, whole = OWN + ANOTHER[:20], OWN + ANOTHER
    texts: list[tuple[str, e.Origin]] = [(OWN, "typed"), (half, "co-edit"), (half + " ", "typed"), (whole, "co-edit")]
    past = mutants.look_back({}, [said(at, text, origin) for at, (text, origin) in enumerate(texts, 1)])
    assert past.said == [
        (given, {"tests/test_own.py": text})
        for given, text in [(False, OWN), (True, half), (False, half + " "), (True, whole)]
    ]


def said(seq: int, text: str, origin: e.Origin) -> e.Event:
    data = editing.snapshot("tests/test_own.py", seq, text, origin)
    return e.Event(seq=seq, at_ms=seq, actor="x", type=data.type, cause=None, data=data)


def test_what_the_candidate_changed_while_accepting_a_test_is_the_candidates() -> None:
    offered = e.Hunk(hunk="h1", path="tests/test_own.py", base_version=0, line=1, before="", after="a = 1\n")
    decided = e.SuggestionDecided(suggestion="s1", hunk="h1", decision="accepted", kept="a = 2\n")
    events = [
        e.Event(
            1,
            1,
            "assistant",
            "suggestion.offered",
            None,
            e.SuggestionOffered(suggestion="s1", turn="1", title="", hunks=(offered,)),
        ),
        e.Event(2, 2, "candidate", "suggestion.decided", None, decided),
        said(3, "a = 2\n", "hunk")._replace(cause=2),
    ]
    past = mutants.look_back({}, events)
    assert past.said == [(True, {"tests/test_own.py": "a = 1\n"}), (False, {"tests/test_own.py": "a = 2\n"})]


def test_more_texts_than_there_is_room_for_leave_others_tests_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutants, "MOST_SAID", 10)
    texts: list[tuple[str, e.Origin]] = [("a = 1\n", "typed"), ("b = 2\n", "hunk"), ("c = 3\n", "typed")]
    past = mutants.look_back({}, [said(at, text, origin) for at, (text, origin) in enumerate(texts, 1)])
    assert past.said == [(True, {"tests/test_own.py": "b = 2\n"})]


def test_a_renamed_file_of_the_starter_is_still_one() -> None:
    moved = editing.snapshot("other.py", 2, FIRST, "terminal").model_copy(update={"renamed_from": "program.py"})
    gone = e.FileDeleted(path="other.py", origin="terminal")
    events = [e.Event(1, 1, "x", moved.type, None, moved), e.Event(2, 2, "x", gone.type, None, gone)]
    assert mutants.look_back({"program.py": FIRST}, events).before == {"program.py": FIRST, "other.py": FIRST}


def test_a_test_that_was_given_is_nobodys_own_and_a_changed_one_is(backend: Counted) -> None:
    changed = GIVEN.replace("sign(3) == 1", "sign(2) == 1 and sign(-2) == -1")
    interview = submitted(small(), backend, {"tests/test_given.py": changed, "tests/test_moved.py": GIVEN})
    analyse(interview, before_debrief=False)
    assert results(interview)["own_tests"]["tests"] == ["tests/test_given.py::test_given"]


def test_a_test_that_compares_the_source_kills_nothing(backend: Counted) -> None:
    forged = (
        "import program\n\n\ndef test_forged():\n    program.both(1, 1)\n"
        f"    assert len(open(program.__file__).read()) == {len(PROGRAM)}\n"
    )
    interview = submitted(small(), backend, {"tests/test_own.py": forged})
    analyse(interview, before_debrief=False)
    own = results(interview)["own_tests"]
    assert (own["mutants"], own["killed"], own["tests"]) == (0, 0, [])


def test_a_mutant_that_never_ends_is_killed(backend: Counted) -> None:
    loop = "def count(up):\n    at = 0\n    while at < up:\n        at += 1\n    return up\n"
    own = "from program import count\n\n\ndef test_own():\n    count(3)\n"
    interview = submitted(small(), backend, {"program.py": loop, "tests/test_own.py": own}, [])
    analyse(interview, before_debrief=False)
    found = results(interview)["own_tests"]
    # Without an assertion only those die that never end: `at -= 1`, and `at = 1` in its place.
    assert found["killed"] >= 2 and found["killed"] < found["mutants"]
    assert ("program.py", 4) not in {
        (one["path"], one["line"]) for one in found["survivors"] if one["operator"] == "swap_op"
    }


SAID = '{"nonce": "", "outcomes": {}, "lines": {"program.py": [1, 3, 4, 5, 6, 8, 9]}}\\n'
# Settings and data where coverage.py would look for them.
FILES = "open('.coverage', 'w').write('x')\nopen('.coveragerc', 'w').write('[run]\\ninclude = nothing')"
# The tool, by its name.
MODULE = "import coverage\ncoverage.Coverage.current().get_data().add_lines({'/workspace/program.py': range(1, 99)})"
# The channel, where it is known to be.
CHANNEL = f"import os\nos.write(3, b'{SAID}')"
# Wherever it may be, and the process ended before it could say otherwise.
CHANNELS = f"""import os
for n in range(3, 950):
    try:
        os.write(n, b'{SAID}')
    except OSError:
        pass
os._exit(0)"""


@pytest.mark.parametrize("forgery", [FILES, MODULE, CHANNEL, CHANNELS], ids=["files", "module", "channel", "channels"])
def test_forged_coverage_adds_no_line(backend: Counted, forgery: str) -> None:
    body = "".join(f"        {line}\n" for line in forgery.split("\n"))
    test = (
        "from program import sign\n\n\ndef test_forged():\n    assert sign(3) == 1\n"
        f"    try:\n{body}    except Exception:\n        pass\n"
    )
    others = {
        "tests/test_given.py": test,
        "sitecustomize.py": "raise SystemExit(3)\n",
        "coverage.py": "Coverage = None\n",
    }
    interview = submitted(small(), backend, others)
    analyse(interview, before_debrief=False)
    coverage = results(interview)["accepted_coverage"]
    told = {name: one["run"] for name, one in coverage["hunks"].items()}
    if coverage["unanswered"]:
        assert coverage["unanswered"] == ["r1", "r2", "r3"] and told == {"s1/h1": 0, "s1/h2": 0}
    else:
        assert told == {"s1/h1": 3, "s1/h2": 1}


def test_a_submission_that_cannot_be_read_is_no_failure_of_ours(backend: Counted) -> None:
    interview = submitted(small(), backend, {"program.py": "def broken(:\n", "tests/test_own.py": OWN}, [])
    analyse(interview, before_debrief=False)
    own = results(interview)["own_tests"]
    assert (own["mutants"], own["tests"]) == (0, []) and own["why"]


def test_without_own_tests_there_is_no_number_to_read(backend: Counted) -> None:
    interview = submitted(small(), backend, {})
    analyse(interview, before_debrief=False)
    assert results(interview)["own_tests"] == {
        "mutants": 0, "killed": 0, "survivors": [], "tests": [], "why": "There are no tests of the candidate's own",
    }  # fmt: skip


def test_another_language_is_said_to_have_no_tools(backend: Counted) -> None:
    interview = submitted(small("typescript"), backend, {})
    analyse(interview, before_debrief=False)
    assert results(interview) == {
        kind: {"not_available": "There are tools for Python only"} for kind in ("accepted_coverage", "own_tests")
    }
    assert backend.started == []


def test_an_analysis_that_finds_no_place_is_failed_and_no_zero() -> None:
    backend = Counted(refuse=1 << 30)
    interview = submitted(small(), backend, {"tests/test_own.py": OWN})
    analyse(interview, before_debrief=False)
    assert results(interview) == {
        kind: {"failed": "The sandboxes are away"} for kind in ("accepted_coverage", "own_tests")
    }


def test_a_place_that_comes_back_is_used() -> None:
    backend = Counted(refuse=2)
    interview = submitted(small(), backend, {})
    analyse(interview, before_debrief=False)
    assert "hunks" in results(interview)["accepted_coverage"]


def test_the_next_server_goes_on_with_what_is_not_recorded_yet(backend: Counted) -> None:
    interview = submitted(small(), backend, {"tests/test_own.py": OWN})
    pool = interview.tools.backend()

    def closing(spec: SandboxSpec) -> Sandbox:
        if "own-tests" in spec.interview:
            pool.close()
            raise Closed("stopping")
        return Counted.start(backend, spec)

    backend.start = closing  # type: ignore[method-assign]  # The server stops between two analyses.
    with pytest.raises(Closed):
        analyse(interview, before_debrief=False)
    assert list(results(interview)) == ["accepted_coverage"]
    before = results(interview)["accepted_coverage"]
    second = Counted()
    again = Interview(interview.log, interview.header, interview.exercise, tools(second))
    analyse(again, before_debrief=False)
    found = results(again)
    assert found["accepted_coverage"] == before and found["own_tests"]["killed"] == 3
    assert not [name for name in second.started if "coverage" in name]


def test_a_server_that_ended_behind_the_debrief_is_followed_by_one_that_analyses_and_scores(backend: Counted) -> None:
    interview = submitted(small(), backend, {"tests/test_own.py": OWN})
    interview.record(Draft("system", e.DebriefShown(items=())))
    assert interview.log.unscored(0) == ["i1"]
    room = Room(interview)
    room.recover()
    wait(lambda: interview.counts["score.recorded"] == 1, 60)
    assert list(results(interview)) == ["accepted_coverage", "own_tests"]
    assert interview.log.unscored(0) == []
    starts = len(backend.started)
    room.recover()
    assert (len(backend.started), interview.counts["score.recorded"]) == (starts, 1)


def test_repairs_are_tried_one_by_one(backend: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    worked_on = exercises.load("prompted-playlists")
    assert worked_on.review is not None
    request = change_request(worked_on, 1, plants=True)
    first, second, *_ = [one for one in chosen(worked_on.review, 1) if not one.mutant]
    note = {note.defect: note.hunk for note in request.notes}
    sound = {hunk.hunk: hunk.after for hunk in request_with(worked_on, ()).hunks}

    def judged(defect: str, repair: str) -> Draft:
        return Draft(
            "candidate", e.HunkJudged(review=request.review, hunk=str(note[defect]), verdict="block", repair=repair)
        )

    drafts = [
        Draft(
            "system",
            e.ReviewOpened(review=request.review, title="", description="", folder="review", hunks=request.hunks),
        ),
        Draft("system", e.ReviewAnnotated(review=request.review, hunks=request.notes, defects=request.defects)),
        judged(first.id, sound[str(note[first.id])]),
        judged(second.id, place(worked_on, second)[1]),
    ]
    interview = submitted(worked_on, backend, {}, drafts)
    analyse(interview, before_debrief=True)
    result = results(interview)["review_repairs"]
    hunks = result["hunks"]
    assert hunks[note[first.id]] == {"repaired": True, "tests": []}
    assert hunks[note[second.id]]["repaired"] is False and result["untried"] == []
    assert {one.split("/")[-1] for one in hunks[note[second.id]]["tests"]} == set(second.tests)

    # With no time before the debrief they are tried behind it, once.
    hurried = submitted(worked_on, backend, {}, drafts)
    monkeypatch.setattr(repairs, "BUDGET_S", -1.0)
    analyse(hurried, before_debrief=True)
    assert results(hurried)["review_repairs"] == {"hunks": {}, "untried": list(hunks)}
    for _ in range(2):
        analyse(hurried, before_debrief=False)
        assert results(hurried)["review_repairs"] == result
    kinds = [(one.payload or {}).get("kind") for one in hurried.log.read("i1")]
    assert kinds.count("review_repairs") == 2


def test_docker_says_the_same() -> None:
    interview = submitted(small(), working("docker"), {"tests/test_own.py": OWN})
    analyse(interview, before_debrief=False)
    found = results(interview)
    # Here the own test was there from the beginning.
    assert found["accepted_coverage"]["hunks"] == {
        "s1/h1": {"lines": 4, "run": 3, "runs": ["r1", "r2", "r3"]},
        "s1/h2": {"lines": 3, "run": 3, "runs": ["r2", "r3"]},
    }
    assert (found["own_tests"]["mutants"], found["own_tests"]["killed"]) == (7, 3)
