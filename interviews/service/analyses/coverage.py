"""Which lines of accepted hunks the candidate's runs reached.

Owns re-running recorded trees: each test run names the files' versions, a test command in the terminal stands for those of its
moment. Invariant: only lines that still stood in a tree count as run there, and of a hunk's lines only those that can run count at
all; equal trees run once; what was left out or gave no answer is said. Leaves out whether that was enough (``rubrics``).
"""

from __future__ import annotations

import hashlib
import re
import shlex
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import takewhile

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
from interviews.service.phases import REVIEW
from sandbox.base import Sandbox, SandboxSpec
from sandbox.pool import Pool, Turn

KIND = "accepted_coverage"
MOST_TREES = 20
# Moments that are looked at for them: anybody can make thousands, and each costs a look at every line.
MOST_MOMENTS = 100
TREE_S = 30.0
BUDGET_S = 50.0
AT_ONCE = 2
_TESTED = re.compile(r"(?:^|[;&|]\s*)(?:\S*python[\d.]*\s+-m\s+)?(?:\S*/)?(?:pytest|py\.test)\b([^;&|]*)")

Standing = Mapping[str, Mapping[int, int]]


@dataclass
class Tree:
    """Files as they were when ``runs`` were made with these ``arguments``, and where in them hunks' lines stood."""

    arguments: tuple[str, ...]
    texts: dict[str, str]
    runs: list[tuple[str, Standing]] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(canonical([list(self.arguments), sorted(self.texts.items())])).hexdigest()


@dataclass(frozen=True)
class Found:
    """What the log holds: distinct trees with something of a hunk in them, the last ones, and how things stood at the end.

    ``left_out`` counts the trees before them, and runs that were too many to be looked at.
    """

    trees: list[Tree]
    left_out: int
    brought: list[Brought]
    texts: dict[str, str]
    standing: Standing


def collect(interview: Interview) -> Work | None:
    """Nothing to find out where no hunk was accepted."""
    exercise = interview.exercise
    arguments = pytest_arguments(exercise.spec.run)
    if exercise.spec.language != "python" or arguments is None:
        return Work("not Python", lambda pool, name: NOT_PYTHON)
    review = exercise.review and pytest_arguments(exercise.review.spec.run)
    found = gather(
        (e.understand(record) for record in interview.log.read(interview.id)), arguments, review or arguments
    )
    if not any(one.lines for one in found.brought):
        return None
    content = [
        [[tree.sha256, [[run, _said(standing)] for run, standing in tree.runs]] for tree in found.trees],
        found.left_out, _said(found.standing),
        [[one.suggestion, one.hunk, one.lines.start, one.lines.stop] for one in found.brought],
    ]  # fmt: skip
    return Work(content, lambda pool, name: measure(pool, name, found))


analysis = Analysis(KIND, collect)


def _said(standing: Standing) -> e.Json:
    return [
        [path, [[line, number] for line, number in sorted(lines.items())]] for path, lines in sorted(standing.items())
    ]


def gather(events: Iterable[e.Event], arguments: tuple[str, ...], review: tuple[str, ...]) -> Found:
    """Walk the events up to the submission."""
    walked = list(takewhile(lambda event: not isinstance(event.data, e.InterviewSubmitted), events))
    tested = moments(walked, arguments, review)
    looked_at = dict(list(tested.items())[-MOST_MOMENTS:])
    lineage, trees = Lineage(), dict[str, Tree]()
    left_out = len(tested) - len(looked_at)
    for event in walked:
        lineage.take(event)
        if event.seq in looked_at and (standing := lineage.standing()):
            label, given = looked_at[event.seq]
            tree = Tree(given, lineage.texts())
            known = trees.pop(tree.sha256, tree)
            known.runs.append((label, standing))
            # At the end again: of too many trees the last ones are kept.
            trees[tree.sha256] = known
            if len(trees) > MOST_TREES:
                del trees[next(iter(trees))]
                left_out += 1
    return Found(list(trees.values()), left_out, lineage.brought(), lineage.texts(), lineage.standing())


def moments(
    events: Iterable[e.Event], arguments: tuple[str, ...], review: tuple[str, ...]
) -> dict[int, tuple[str, tuple[str, ...]]]:
    """By event, the name of the test run that it stands for, and what pytest was given."""
    found, phase = dict[int, tuple[str, tuple[str, ...]]](), ""
    for event in events:
        match event.data:
            case e.PhaseStarted():
                phase = event.data.phase
            case e.RunStarted(run=run):
                found[event.seq] = run, review if phase == REVIEW else arguments
            case e.CommandFinished(command=command) if (typed := _TESTED.search(command)) is not None:
                found[event.seq] = f"@{event.seq}", _typed(typed[1], arguments)
            case _:
                pass
    return found


def _typed(rest: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(rest)) or arguments
    except ValueError:
        return arguments


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
    unanswered: list[str] = []
    for tree, executed in zip(reversed(found.trees), ran, strict=True):
        for run, stood in tree.runs:
            for path, standing in stood.items():
                starts = can_run[path, tree.texts[path]]
                lines |= {number for line, number in standing.items() if line in starts}
                hit = {starts.get(line, 0) for line in (executed or {}).get(path, ())} - {0}
                for line, number in standing.items():
                    if starts.get(line) in hit:
                        by_run.setdefault(number, set()).add(run)
        unanswered += [run for run, _ in tree.runs] if executed is None else []
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


def _in_order(run: str) -> tuple[int, str]:
    return len(run), run


def statements(maker: Sandbox, found: Found) -> dict[tuple[str, str], dict[int, int]]:
    """By path and text, the lines that can run, each with the first line of its statement."""
    wanted = {(path, found.texts[path]) for path in found.standing}
    wanted |= {(path, tree.texts[path]) for tree in found.trees for _, stood in tree.runs for path in stood}
    named = {f"{number}.py": one for number, one in enumerate(sorted(wanted))}
    answer = sources(maker, "lines", {name: text for name, (path, text) in named.items() if path.endswith(".py")})
    return {one: {int(line): start for line, start in (answer.get(name) or {}).items()} for name, one in named.items()}


def reached(pool: Pool, name: str, tree: Tree, deadline: float) -> dict[str, list[int]] | None:
    """The lines that ran, by path; None where the tree gave no answer in time."""
    left = min(TREE_S, deadline - time.monotonic())
    if left <= 0:
        return None
    measured = sorted({path for _, stood in tree.runs for path in stood if path.endswith(".py")})
    if not measured:
        return {}
    sandbox = pool.start(SandboxSpec(interview=f"{name}-tree"), turn=Turn.BESIDE)
    try:
        lay_out(sandbox, tree.texts)
        ran = run_tests(sandbox, ["--tb=no", *tree.arguments], measured, left).ran
    finally:
        sandbox.stop()
    return None if ran is None else ran.lines
