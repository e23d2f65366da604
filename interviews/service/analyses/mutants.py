"""Mutants of what was worked on that the candidate's own tests kill.

Owns which tests are the candidate's own, which mutants are tried, and what is told of them. Invariant: a test counts only where it
passes on the program as submitted, and on the same program in other words, so that one that compares texts kills nothing; a test
that the exercise, the assistant or an interviewer wrote is not the candidate's until its code is another; mutants lie in the work
alone, reached by those tests or not, so that no further test lowers the share; one of which it cannot be said whether it was killed
is not counted. Leaves out the operators, which are mutmut's (``inside.sources``), and trying mutants (``trials``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from interviews import events as e
from interviews.lineage import Lineage
from interviews.service.analyses.asking import (
    NOT_PYTHON,
    Analysis,
    Work,
    is_test,
    lay_out,
    pytest_arguments,
    run_tests,
    sources,
)
from interviews.service.analyses.trials import QUIET, Trial, passed
from interviews.service.grading import submitted_files
from interviews.service.interview import Interview
from sandbox.base import SandboxSpec
from sandbox.pool import Pool, Turn

KIND = "own_tests"
MOST = 40
MOST_TESTS = 200
FIRST_S = 30.0
# Tests that reach less of the work than this are about a corner of it: a share of all would say how much was tested and not how
# well, and whoever wrote one good test would stand below those who wrote none.
LEAST_REACHED = 0.5
# Characters of all texts that tests stood in. Beyond that it is not looked at any more when the candidate wrote theirs.
MOST_SAID = 2_000_000
# Another number makes another key: what counts as killed has changed.
RULE = 3
# Whose hand such an edit is; the rest puts back what was there, or is the candidate's.
_OTHERS = frozenset({"starter", "hunk", "co-edit"})
_NOBODYS = frozenset({"rebuild", "keyframe", "redacted"})


@dataclass
class Past:
    """What the events up to the end of open work tell.

    ``said`` are texts of test files in order, those of one hand together, and whether they were given to the candidate.
    ``before`` has the exercise's text of each program file that stems from it, ``brought`` the lines of the others that stand as
    accepted hunks brought them in, and ``texts`` what these are lines of.
    """

    said: list[tuple[bool, dict[str, str]]] = field(default_factory=list)
    before: dict[str, str] = field(default_factory=dict)
    brought: dict[str, list[int]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def say(self, given: bool, path: str, text: str) -> None:
        """Add a text; of those that one hand left in a file one after the other the last is kept."""
        if not self.said or self.said[-1][0] != given:
            self.said.append((given, {}))
        self.said[-1][1][path] = text


def collect(interview: Interview) -> Work | None:
    """What was submitted, against the tests and the program that were given."""
    exercise, files = interview.exercise, submitted_files(interview)
    if exercise.spec.language != "python" or pytest_arguments(exercise.spec.run) is None:
        return Work("not Python", lambda pool, name: NOT_PYTHON)
    past = look_back(exercise.workspace, (e.understand(record) for record in interview.log.read(interview.id)))
    # What cannot be followed to what was submitted has no lines that are known to have come in.
    past.brought = {path: lines for path, lines in past.brought.items() if files.get(path) == past.texts.get(path)}
    content = [RULE, sorted(files.items()), past.said, sorted(past.before.items()), sorted(past.brought.items())]
    return Work(content, lambda pool, name: strength(pool, name, files, past))


analysis = Analysis(KIND, collect)


def look_back(workspace: Mapping[str, str], events: Iterable[e.Event]) -> Past:
    """Walk the events. A hunk that the candidate changed while accepting it was given as it had been offered."""
    past, lineage = Past(), Lineage()
    python = {path: text for path, text in workspace.items() if path.endswith(".py")}
    stems = {path: path for path in python if not is_test(path)}
    for path, text in python.items():
        if is_test(path):
            past.say(True, path, text)
    hunks, changed = dict[tuple[str, str], e.Hunk](), dict[int, tuple[str, str]]()
    for event in takewhile(lambda event: not isinstance(event.data, e.InterviewSubmitted | e.PhaseOffered), events):
        lineage.take(event)
        match event.data:
            case e.SuggestionOffered(suggestion=suggestion, hunks=offered):
                hunks |= {(suggestion, hunk.hunk): hunk for hunk in offered}
            case e.SuggestionRefreshed(suggestion=suggestion, hunk=hunk):
                hunks[suggestion, hunk.hunk] = hunk
            case e.SuggestionDecided(suggestion=suggestion, hunk=name, kept=str(kept)) if (suggestion, name) in hunks:
                changed[event.seq] = kept, hunks[suggestion, name].after
            case e.FileSnapshotted(path=path, origin=origin) | e.FileEdited(path=path, origin=origin):
                if isinstance(event.data, e.FileSnapshotted) and event.data.renamed_from in stems:
                    # Also the old name stays: who deletes a file and writes it anew has worked on it.
                    stems[path] = stems[event.data.renamed_from]
                if origin in _NOBODYS or not path.endswith(".py") or not is_test(path):
                    continue
                if (now := lineage.texts().get(path)) is None:
                    continue
                if kept_and_offered := changed.get(event.cause or 0):
                    past.say(True, path, now.replace(*kept_and_offered, 1))
                    past.say(False, path, now)
                else:
                    past.say(origin in _OTHERS, path, now)
            case _:
                pass
    past.said = _no_more(past.said)
    past.before = {path: workspace[stem] for path, stem in stems.items()}
    past.texts = lineage.texts()
    past.brought = {
        path: sorted(lines)
        for path, lines in lineage.standing().items()
        if path.endswith(".py") and not is_test(path) and path not in stems
    }
    return past


def _no_more(said: list[tuple[bool, dict[str, str]]]) -> list[tuple[bool, dict[str, str]]]:
    """As much as there is room for: the candidate's own texts make way first, the first of the others come first."""

    def size(texts: Mapping[str, str]) -> int:
        return sum(map(len, texts.values()))

    if sum(size(texts) for _, texts in said) <= MOST_SAID:
        return said
    room, found = MOST_SAID, list[tuple[bool, dict[str, str]]]()
    for given, texts in said:
        if given and (room := room - size(texts)) >= 0:
            found.append((given, texts))
    return found


def strength(pool: Pool, name: str, files: Mapping[str, str], past: Past) -> e.Json:
    """The result, without a number where too little of the work is reached. Raises ``PlatformFailure`` without a sandbox."""
    python = {path: text for path, text in files.items() if path.endswith(".py")}
    program = {path: text for path, text in python.items() if not is_test(path)}
    tests = {path: text for path, text in python.items() if is_test(path)}
    maker = pool.start(SandboxSpec(interview=f"{name}-sources"))
    try:
        own = list(sources(maker, "own", tests, said=past.said))[:MOST_TESTS]
        if not own or not program:
            return _nothing([], "There are no tests of the candidate's own")
        sandbox = pool.start(SandboxSpec(interview=f"{name}-first"), turn=Turn.BESIDE)
        try:
            lay_out(sandbox, files)
            own = passed(own, run_tests(sandbox, _without_x(own), (), FIRST_S).ran)
            if own:
                lay_out(sandbox, {**files, **sources(maker, "plain", program)})
                own = passed(own, run_tests(sandbox, _without_x(own), (), FIRST_S).ran)
            if not own:
                return _nothing([], "No test of the candidate's own passes on what was submitted")
            lay_out(sandbox, files)
            ran = run_tests(sandbox, _without_x(own), sorted(program), FIRST_S).ran
        finally:
            sandbox.stop()
        if ran is None:
            return _nothing(own, "The tests of the candidate's own gave no answer when they were measured")
        made = sources(
            maker, "mutants", program, before=past.before, brought=past.brought, ran=ran.lines, most=MOST
        )  # fmt: skip
        reach = {"places": made["places"], "reached": made["reached"]}
        if not made["places"] or made["reached"] < LEAST_REACHED * made["places"]:
            return {
                **reach,
                "tests": own,
                "why": "The candidate's own tests reach less than half of what was worked on",
            }
        tried = Trial(pool, name, files, own).run(made["chosen"])
    finally:
        maker.stop()
    survivors = [mutant for mutant, killed in tried if killed is False]
    killed = sum(killed is True for _, killed in tried)
    return {
        "mutants": killed + len(survivors), "killed": killed, "not_observed": len(tried) - killed - len(survivors),
        "survivors": [{key: one[key] for key in ("path", "line", "operator")} for one in survivors], "tests": own,
        "possible": made["all"], "left_out": len(made["chosen"]) - len(tried), **reach,
    }  # fmt: skip


def _nothing(own: Sequence[str], why: str) -> e.Json:
    return {"mutants": 0, "killed": 0, "survivors": [], "tests": [*own], "why": why}


def _without_x(own: Sequence[str]) -> list[str]:
    return [*(one for one in QUIET if one != "-x"), *own]
