"""Proving that an exercise is what it declares: its solution and its sound review pass, and each planted mistake is one.

Owns the list of proofs. Invariant: everything runs in fresh sandboxes, as in an interview; a mistake counts as proved only where
all visible tests pass with it and of the hidden ones those that it declares fail, and no other (a weakened test: where it lets a
program pass that the sound test does not). In open work that holds twice: of the patch, and of what the scripted assistant makes of
the files, which is what candidates meet. Leaves out what is said of an interview's own runs (``grading``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple, TypeVar

from assistant.lines import Script, Talk
from assistant.patches import Rendered, change
from assistant.sayings import Change
from interviews.diffs import apply_patch
from interviews.errors import BadInput
from interviews.events import Value
from interviews.exercises import DeclaredDefect, Exercise, ReviewDefect, RunSpec
from interviews.reviews import ChangeRequest, as_exercise, change_request, request_with, review_of, sound_files
from interviews.service.grading import hidden_tests
from interviews.service.harness.relay import GraderFailed
from interviews.service.runs import run_tests
from rubrics.reading.wording import name_of_test
from sandbox.base import SandboxSpec
from sandbox.pool import Pool

SEEDS = range(30)  # forms of a review that are looked at
RUN_SEEDS = range(3)  # those whose visible tests are run too
HUNKS, HUNK_LINES, LINES, DEFECTIVE = (14, 18), 12, 120, (5, 7)
Subject = TypeVar("Subject")


class Failure(Value):
    """One thing that is not as declared: ``what`` was looked at, and a sentence with what was expected and what came."""

    what: str
    told: str


class Proof(NamedTuple):
    """One thing to look at; ``run`` tells what is wrong with it."""

    what: str
    run: Callable[[], Iterator[str]]


class Checker:
    """The proofs of one exercise; ``pool`` gives the sandboxes."""

    def __init__(self, pool: Pool, exercise: Exercise) -> None:
        self._pool = pool
        self._exercise = exercise
        self._numbers = count(1)
        self._solved = {**exercise.workspace, **exercise.solution}

    def proofs(self) -> list[Proof]:
        """All of them, the cheapest of each part first."""
        found = [Proof("solution", self._solution)]
        found += [_of(f"defect {defect.id}", self._defect, defect) for defect in self._exercise.spec.defects]
        if self._exercise.assistant_lines:
            found += [Proof("assistant", self._proposed)]
            found += [_of(f"assistant's {defect.id}", self._planted, defect) for defect in self._exercise.spec.defects]
        if self._exercise.review is None:
            return found
        found += [Proof("review", self._form), Proof("review before", self._before), Proof("review sound", self._sound)]
        found += [
            _of(f"review defect {defect.id}", self._reviewed, defect) for defect in self._exercise.review.spec.defects
        ]
        found += [_of(f"review with seed {seed}", self._seed, seed) for seed in RUN_SEEDS]
        return found

    def run(self, proof: Proof) -> list[Failure]:
        """What is wrong. Raises ``PlatformFailure`` where it could not be looked at."""
        failures: list[Failure] = []
        try:
            failures.extend(Failure(what=proof.what, told=told) for told in proof.run())
        except (BadInput, GraderFailed) as error:
            failures.append(Failure(what=proof.what, told=str(error)))
        return failures

    # Open work

    def _solution(self) -> Iterator[str]:
        yield from self._all_visible_pass(self._solved)
        yield from _failing(self._hidden(self._exercise, self._solved), ())

    def _defect(self, defect: DeclaredDefect) -> Iterator[str]:
        if not defect.patch:
            yield "expected the patch that makes the mistake, got none"
            return
        if not defect.tests:
            yield "expected hidden tests that catch it, got none"
            return
        files = apply_patch(self._solved, self._exercise.patches[defect.patch], defect.patch)
        yield from _said_path(defect, self._solved, files)
        yield from self._all_visible_pass(files)
        yield from _failing(self._hidden(self._exercise, files), defect.tests)

    # What the scripted assistant proposes

    def _proposed(self) -> Iterator[str]:
        files = self._all_proposed(None)
        yield from self._all_visible_pass(files)
        yield from _failing(self._hidden(self._exercise, files), ())

    def _planted(self, defect: DeclaredDefect) -> Iterator[str]:
        files, sound = self._all_proposed(defect), self._all_proposed(None)
        changed = _changed(sound, files)
        if changed != [defect.path]:
            yield f"expected bug({defect.id!r}) to change {defect.path}, got {_listed(changed) or 'no change'}"
        if changed:
            yield from self._all_visible_pass(files)
            yield from _failing(self._hidden(self._exercise, files), defect.tests)

    def _all_proposed(self, planted: DeclaredDefect | None) -> dict[str, str]:
        """The files to begin with, every piece put in with all requirements honoured, and of the mistakes this one alone."""
        script, spec = Script(self._exercise), self._exercise.spec
        sound = frozenset(defect.id for defect in spec.defects if defect is not planted)
        talk = Talk(atoms=frozenset(requirement.id for requirement in spec.requirements), settled=sound)
        files = dict(self._exercise.workspace)
        by_path: dict[str, list[Rendered]] = {}
        for piece in script.rendered(Change(title="", pieces=tuple(script.pieces)), talk):
            by_path.setdefault(piece.path, []).append(piece)
        return files | {path: change(files.get(path, ""), pieces).text for path, pieces in by_path.items()}

    # The review

    def _form(self) -> Iterator[str]:
        request_with(
            self._exercise, review_of(self._exercise).spec.defects
        )  # all of the pool, each in a hunk of its own
        for seed in SEEDS:
            told = list(_form(change_request(self._exercise, seed, plants=True)))
            if told:
                yield f"with seed {seed}: {'; '.join(told)}"
                return

    def _before(self) -> Iterator[str]:
        yield from self._all_visible_pass(review_of(self._exercise).base, review=True)

    def _sound(self) -> Iterator[str]:
        files = sound_files(self._exercise)
        yield from self._all_visible_pass(files, review=True)
        yield from _failing(self._hidden(as_exercise(self._exercise), files), ())

    def _reviewed(self, defect: ReviewDefect) -> Iterator[str]:
        if not defect.tests and not defect.mutant:
            yield "expected hidden tests that catch it, or of a weakened test a mutant, got neither"
            return
        files = request_with(self._exercise, [defect]).files
        yield from _said_path(defect, sound_files(self._exercise), files)
        yield from self._all_visible_pass(files, review=True)
        yield from _failing(self._hidden(as_exercise(self._exercise), files), defect.tests)
        if defect.mutant:
            yield from self._weakened(defect, files)

    def _weakened(self, defect: ReviewDefect, weak: Mapping[str, str]) -> Iterator[str]:
        patch, sound = self._exercise.patches[defect.mutant], sound_files(self._exercise)
        failed = self._visible(apply_patch(sound, patch, defect.mutant), review=True)
        if not any(test.startswith(f"{defect.path}::") or f"/{defect.path}::" in test for test in failed):
            yield f"expected the sound {defect.path} to fail on the mutant {defect.mutant}, got {_listed(failed) or 'it passing'}"
        if failed := self._visible(apply_patch(weak, patch, defect.mutant), review=True):
            yield f"expected the weakened tests to let the mutant {defect.mutant} pass, got failing {_listed(failed)}"

    def _seed(self, seed: int) -> Iterator[str]:
        yield from self._all_visible_pass(change_request(self._exercise, seed, plants=True).files, review=True)

    # Running

    def _all_visible_pass(self, files: Mapping[str, str], review: bool = False) -> Iterator[str]:
        if failed := self._visible(files, review):
            yield f"expected all visible tests to pass, got failing {_listed(failed)}"

    def _visible(self, files: Mapping[str, str], review: bool = False) -> list[str]:
        """Names of the tests that do not pass, or what kept them from running."""
        run: RunSpec = self._exercise.spec.run
        if review:
            spec = review_of(self._exercise).spec
            run, files = spec.run, {f"{spec.folder}/{path}": text for path, text in files.items()}
        sandbox = self._pool.start(SandboxSpec(interview=self._name()))
        try:
            for path, text in files.items():
                sandbox.write(path, text.encode())
            finished = run_tests(sandbox, run, "check")
        finally:
            sandbox.stop()
        if not finished.tests:
            return [f"no test at all ({' '.join(finished.output.split())[-200:] or 'no output'})"]
        failed = [test.id for test in finished.tests if test.outcome != "passed"]
        return failed or ([f"exit code {finished.exit_code}"] if finished.exit_code else [])

    def _hidden(self, exercise: Exercise, files: Mapping[str, str]) -> dict[str, str]:
        result = hidden_tests(self._pool, exercise, files, self._name())
        return {name_of_test(test["id"]): test["outcome"] for test in result["tests"]}

    def _name(self) -> str:
        return f"check-{next(self._numbers)}"


def _of(what: str, run: Callable[[Subject], Iterator[str]], subject: Subject) -> Proof:
    return Proof(what, lambda: run(subject))


def _failing(outcomes: Mapping[str, str], declared: Sequence[str]) -> Iterator[str]:
    """Exactly the declared hidden tests fail."""
    failed = [name for name, outcome in outcomes.items() if outcome != "passed"]
    if unknown := [name for name in declared if name not in outcomes]:
        yield f"expected hidden tests named {_listed(unknown)}, got {_listed(list(outcomes))}"
    elif caught := [name for name in declared if name not in failed]:
        yield f"expected hidden tests {_listed(caught)} to fail, got them passing"
    if others := [name for name in failed if name not in declared]:
        yield f"expected {'no other' if declared else 'no'} hidden test to fail, got failing {_listed(others)}"


def _said_path(defect: DeclaredDefect, sound: Mapping[str, str], flawed: Mapping[str, str]) -> Iterator[str]:
    changed = _changed(sound, flawed)
    if changed != [defect.path]:
        yield f"expected {defect.patch} to change {defect.path}, got {_listed(changed) or 'no change'}"


def _changed(sound: Mapping[str, str], flawed: Mapping[str, str]) -> list[str]:
    return [path for path in {**sound, **flawed} if sound.get(path) != flawed.get(path)]


def _form(request: ChangeRequest) -> Iterator[str]:
    """What of a change request is not of the form that everyone meets."""
    sizes = [(hunk.before.count("\n"), hunk.after.count("\n")) for hunk in request.hunks]
    planted = sum(note.defect is not None for note in request.notes)
    if not HUNKS[0] <= len(sizes) <= HUNKS[1]:
        yield f"expected {HUNKS[0]} to {HUNKS[1]} hunks, got {len(sizes)}"
    if sum(map(sum, sizes)) > LINES:
        yield f"expected at most {LINES} changed lines, got {sum(map(sum, sizes))}"
    for hunk, size in zip(request.hunks, sizes, strict=True):
        if max(size) > HUNK_LINES:
            yield f"expected hunks of at most {HUNK_LINES} lines, got {max(size)} in {hunk.path}, line {hunk.line}"
    if not DEFECTIVE[0] <= planted <= DEFECTIVE[1]:
        yield f"expected {DEFECTIVE[0]} to {DEFECTIVE[1]} defects, got {planted}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
