"""Which lines of accepted hunks the candidate's runs reached.

Owns re-running recorded trees: each test run names the files' versions, a test command in the terminal stands for those of its
moment. Invariant: only lines that still stood in a tree count as run there, and of a hunk's lines only those that can run count at
all; equal trees run once; what was left out, cannot be read, gave no answer or ended otherwise than the candidate's own run is
said. What was run once open work was over is none of it. Leaves out what a typed line means (``shells``) and whether that
was enough (``rubrics``).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import NamedTuple

from interviews import events as e
from interviews.chain import canonical
from interviews.lineage import Brought, Lineage
from interviews.service.analyses.asking import (
    NOT_PYTHON,
    Analysis,
    Work,
    lay_out,
    pytest_arguments,
    run_tests,
    sources,
)
from interviews.service.interview import Interview
from interviews.shells import Environment, Run, Shell
from sandbox.base import WORKSPACE, Sandbox, SandboxSpec
from sandbox.pool import Pool, Turn

KIND = "accepted_coverage"
MOST_TREES = 20
# Moments that are looked at for them: anybody can make thousands, and each costs a look at every line.
MOST_MOMENTS = 100
TREE_S = 30.0
BUDGET_S = 50.0
AT_ONCE = 2
# All tests ran; else pytest ended before that, and where it did is not told.
_THROUGH = frozenset({0, 1})

Standing = Mapping[str, Mapping[int, int]]


class Made(NamedTuple):
    """A run as the candidate made it: its name, where hunks' lines stood, and what it returned, None where that is not known."""

    run: str
    standing: Standing
    exit_code: int | None


@dataclass
class Tree:
    """Files as they were when ``runs`` were made with these ``arguments`` in this ``folder`` and ``environment``."""

    arguments: tuple[str, ...]
    texts: dict[str, str]
    runs: list[Made] = field(default_factory=list)
    folder: str = ""
    environment: Environment = ()

    @property
    def sha256(self) -> str:
        said = [list(self.arguments), self.folder, [list(one) for one in self.environment], sorted(self.texts.items())]
        return hashlib.sha256(canonical(said)).hexdigest()


class Reached(NamedTuple):
    """The lines that ran, by path, and how pytest ended; None where it was not asked."""

    lines: Mapping[str, list[int]]
    exit_code: int | None


@dataclass(frozen=True)
class Found:
    """What the log holds: distinct trees with something of a hunk in them, the last ones, and how things stood at the end.

    ``left_out`` counts the trees before them, and runs that were too many to be looked at; ``unread`` are those of which cannot be
    said what they were.
    """

    trees: list[Tree]
    left_out: int
    unread: list[str]
    brought: list[Brought]
    texts: dict[str, str]
    standing: Standing


def collect(interview: Interview) -> Work | None:
    """Nothing to find out where no hunk was accepted."""
    exercise = interview.exercise
    arguments = pytest_arguments(exercise.spec.run)
    if exercise.spec.language != "python" or arguments is None:
        return Work("not Python", lambda pool, name: NOT_PYTHON)
    found = gather((e.understand(record) for record in interview.log.read(interview.id)), arguments)
    if not any(one.lines for one in found.brought):
        return None
    content = [
        [[tree.sha256, [[one.run, one.exit_code, _said(one.standing)] for one in tree.runs]] for tree in found.trees],
        found.left_out, [*found.unread], _said(found.standing),
        [[one.suggestion, one.hunk, one.lines.start, one.lines.stop] for one in found.brought],
    ]  # fmt: skip
    return Work(content, lambda pool, name: measure(pool, name, found))


analysis = Analysis(KIND, collect)


def _said(standing: Standing) -> e.Json:
    return [
        [path, [[line, number] for line, number in sorted(lines.items())]] for path, lines in sorted(standing.items())
    ]


def gather(events: Iterable[e.Event], arguments: tuple[str, ...]) -> Found:
    """Walk the events up to the end of open work, or the submission where no review followed."""
    walked = list(takewhile(lambda event: not isinstance(event.data, e.InterviewSubmitted | e.PhaseOffered), events))
    made = moments(walked, arguments)
    tested = [(seq, run) for seq, runs in made.items() for run in runs if run is not None]
    looked_at: dict[int, list[Run]] = {}
    for seq, run in tested[-MOST_MOMENTS:]:
        looked_at.setdefault(seq, []).append(run)
    lineage, trees, unread = Lineage(), dict[str, Tree](), list[str]()
    left_out, accepted = max(0, len(tested) - MOST_MOMENTS), False
    for event in walked:
        lineage.take(event)
        accepted = accepted or (isinstance(event.data, e.SuggestionDecided) and event.data.decision == "accepted")
        if accepted and None in made.get(event.seq, ()):
            unread.append(f"@{event.seq}")
        if event.seq not in looked_at or not (standing := lineage.standing()):
            continue
        label = event.data.run if isinstance(event.data, e.RunStarted) else f"@{event.seq}"
        for run in looked_at[event.seq]:
            tree = Tree(run.arguments, lineage.texts(), folder=run.folder, environment=run.environment)
            known = trees.pop(tree.sha256, tree)
            known.runs.append(Made(label, standing, run.exit_code))
            # At the end again: of too many trees the last ones are kept.
            trees[tree.sha256] = known
            if len(trees) > MOST_TREES:
                del trees[next(iter(trees))]
                left_out += 1
    left_out += max(0, len(unread) - MOST_MOMENTS)
    return Found(
        list(trees.values()), left_out, unread[-MOST_MOMENTS:], lineage.brought(), lineage.texts(), lineage.standing()
    )


def moments(events: Iterable[e.Event], arguments: tuple[str, ...]) -> dict[int, list[Run | None]]:
    """By event, the test runs that it stands for; None for one of which cannot be said what it was."""
    found, started = dict[int, list[Run | None]](), dict[str, int]()
    shells, paths = dict[str, Shell](), set[str]()
    lost = False
    for event in events:
        match event.data:
            case e.RunStarted(run=run):
                started[run] = event.seq
                found[event.seq] = [Run(arguments)]
            case e.RunFinished(run=run, exit_code=exit_code) if run in started:
                found[started[run]] = [Run(arguments, exit_code=exit_code)]
            case e.TerminalOpened(terminal=terminal):
                shells[terminal] = Shell(WORKSPACE)
            case e.CommandFinished(terminal=terminal, command=command, exit_code=exit_code):
                shell = shells.setdefault(terminal, Shell(WORKSPACE, None if lost else ""))
                reading = shell.read(command, exit_code, paths)
                if reading.runs or reading.unread:
                    found[event.seq] = [*reading.runs, *[None] * reading.unread]
            case e.FileSnapshotted(path=path, renamed_from=old):
                paths.discard(old or "")
                paths.add(path)
            case e.FileDeleted(path=path):
                paths.discard(path)
            case None if event.type == "command.finished":
                # It may have gone anywhere.
                lost, shells = True, {name: replace(shell, folder=None) for name, shell in shells.items()}
            case _:
                pass
    return found


def measure(pool: Pool, name: str, found: Found) -> e.Json:
    """Run the trees. Raises ``PlatformFailure`` where no sandbox can be had."""
    maker = pool.start(SandboxSpec(interview=f"{name}-sources"))
    try:
        can_run = statements(maker, found)
        deadline = time.monotonic() + BUDGET_S
        with ThreadPoolExecutor(AT_ONCE) as workers:
            # From the last to the first: what there is no time for is the oldest.
            ran = list(workers.map(lambda tree: reached(pool, name, tree, deadline), reversed(found.trees)))
    finally:
        maker.stop()
    lines: set[int] = set()
    by_run: dict[int, set[str]] = {}
    for path, standing in found.standing.items():
        lines |= {number for line, number in standing.items() if line in can_run[path, found.texts[path]]}
    unanswered = set(found.unread)
    for tree, again in zip(reversed(found.trees), ran, strict=True):
        for run, stood, exit_code in tree.runs:
            answered = again is not None and _alike(exit_code, again.exit_code)
            # A run whose end is not known reached at least what pytest reads before it stops.
            executed = again.lines if again is not None and (answered or exit_code is None) else {}
            unanswered |= set() if answered else {run}
            for path, standing in stood.items():
                starts = can_run[path, tree.texts[path]]
                lines |= {number for line, number in standing.items() if line in starts}
                hit = {starts.get(line, 0) for line in executed.get(path, ())} - {0}
                for line, number in standing.items():
                    if starts.get(line) in hit:
                        by_run.setdefault(number, set()).add(run)
    hunks = {}
    for one in found.brought:
        numbers = [number for number in one.lines if number in lines]
        runs = sorted(
            set().union(*(by_run.get(number, set()) for number in numbers)) if numbers else set(), key=_in_order
        )
        if one.known and one.lines:
            hunks[f"{one.suggestion}/{one.hunk}"] = {
                "lines": len(numbers), "run": sum(number in by_run for number in numbers), "runs": runs,
            }  # fmt: skip
    return {
        "hunks": hunks, "trees": len(found.trees), "left_out": found.left_out,
        "unanswered": sorted(unanswered, key=_in_order),
    }  # fmt: skip


def _alike(theirs: int | None, ours: int | None) -> bool:
    """Whether a run that was repeated ended as the candidate's did, so that it reached what theirs reached."""
    if ours is None:
        return True
    return ours in _THROUGH if theirs is None else theirs == ours or {theirs, ours} <= _THROUGH


def _in_order(run: str) -> tuple[int, str]:
    return len(run), run


def statements(maker: Sandbox, found: Found) -> dict[tuple[str, str], dict[int, int]]:
    """By path and text, the lines that can run, each with the first line of its statement."""
    wanted = {(path, found.texts[path]) for path in found.standing}
    wanted |= {(path, tree.texts[path]) for tree in found.trees for one in tree.runs for path in one.standing}
    named = {f"{number}.py": one for number, one in enumerate(sorted(wanted))}
    answer = sources(maker, "lines", {name: text for name, (path, text) in named.items() if path.endswith(".py")})
    return {one: {int(line): start for line, start in (answer.get(name) or {}).items()} for name, one in named.items()}


def reached(pool: Pool, name: str, tree: Tree, deadline: float) -> Reached | None:
    """None where the tree gave no answer in time."""
    left = min(TREE_S, deadline - time.monotonic())
    if left <= 0:
        return None
    measured = sorted({path for one in tree.runs for path in one.standing if path.endswith(".py")})
    if not measured:
        return Reached({}, None)
    sandbox = pool.start(SandboxSpec(interview=f"{name}-tree"), turn=Turn.BESIDE)
    try:
        lay_out(sandbox, tree.texts)
        given = ["--tb=no", *tree.arguments]
        ran = run_tests(sandbox, given, measured, left, folder=tree.folder, environment=dict(tree.environment)).ran
    finally:
        sandbox.stop()
    return None if ran is None else Reached(ran.lines, ran.exit_code)
