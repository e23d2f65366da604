"""Verified before submit: accepted code that was run before it was handed in.

Owns the share of accepted hunks that a test run, or a program or test run from the terminal, exercised after their
acceptance and before submission. Where the analysis of coverage tells of a hunk, a test run or a test command counts only where
it reached more than half of the hunk's lines that can run: a `def` runs when its file is read. A program cannot be run again: it
counts for the hunks of the files that it loads, itself or over its imports, as they stood. Where nothing is known of coverage (no
analysis, no line of it that can run), what counts is that a run was made with the hunk's file there. Invariant: the button and the
terminal count alike; what a run found does not matter; what is no program of the workspace runs nothing of it; a line of which
cannot be said what it ran is neither a hit nor a miss. Where an analysis was withheld that may have been the one of coverage,
nothing is known: a run that reached nothing would pass for one that did.
"""

from __future__ import annotations

from bisect import bisect_right

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.reading.analysed import Coverage, Covered
from rubrics.reading.facts import Facts
from rubrics.reading.running import named

_RUN_EVENTS = ("run.started", "run.finished", "command.finished")


class VerifiedBeforeSubmit:
    """Evidence: the acceptance and the first run after it."""

    opens = frozenset({"suggestion.offered", "suggestion.decided"})

    def read(self, log: LogView) -> Share:
        """One opportunity an accepted hunk."""
        facts = log.facts
        runs = _Runs(facts)
        # Coverage is looked at behind submission.
        withheld = facts.coverage is None and facts.lost("analysis.recorded", after=facts.submitted or 0)
        chances = []
        for hunk in facts.hunks:
            if hunk.accepted is None or hunk.content is None:
                continue
            accepted = hunk.accepted.seq
            covered = facts.coverage.hunks.get((hunk.suggestion, hunk.hunk)) if facts.coverage else None
            if facts.coverage is not None and covered is not None and covered.lines:
                chances.append(_measured(facts, facts.coverage, covered, runs, hunk.content.path, accepted))
                continue
            run = runs.any(hunk.content.path, accepted)
            if run is not None:
                chances.append(Opportunity(True, (accepted, run), known=not withheld))
            else:
                gap = facts.lost(*_RUN_EVENTS, after=accepted) or facts.lost("file.snapshotted", "file.edited")
                gap = gap or runs.unknown(accepted) or withheld
                chances.append(Opportunity(False, (accepted,), known=facts.submitted is not None and not gap))
        return Share(
            tuple(chances),
            _("Accepted changes that were run before submitting: %(hits)d of %(n)d.")
            if chances
            else _("No change of the assistant was accepted."),
        )


def _measured(facts: Facts, coverage: Coverage, covered: Covered, runs: _Runs, path: str, accepted: int) -> Opportunity:
    """What the analysis says; a program run from the terminal counts beside it."""
    if 2 * covered.run > covered.lines:
        return Opportunity(True, (accepted, *covered.seqs[:1], coverage.seq))
    if (program := runs.programs(path, accepted)) is not None:
        return Opportunity(True, (accepted, program))
    gap = facts.lost(*_RUN_EVENTS, after=accepted) or runs.unknown(accepted, measured=True)
    return Opportunity(False, (accepted, coverage.seq), known=coverage.whole and not gap)


class _Runs:
    """What was run while work was open, each command read once, and found by when it was."""

    def __init__(self, facts: Facts) -> None:
        end = facts.submitted if facts.closed is None else facts.closed
        self._last_unknown = self._last_opaque = 0
        # The seq, the files that a run may have reached, and whether it was a program, which cannot be run again.
        runs = [(run.seq, run.paths, False) for run in facts.runs if run.finished is not None]
        for command in facts.commands:
            kinds = {one.kind for one in command.ran}
            if "tests" in kinds or any(one.kind == "task" and named(one.names, command.paths) for one in command.ran):
                runs.append((command.seq, command.paths, False))
            if "program" in kinds:
                runs.append((command.seq, command.paths if command.loaded is None else command.loaded, False))
                runs.append((command.seq, command.loaded or frozenset(), True))
            if end is not None and command.seq >= end:
                continue
            if "task" in kinds or command.loaded is None:
                self._last_opaque = command.seq
            if "unknown" in kinds:
                self._last_unknown = command.seq
        self._runs = sorted((run for run in runs if end is None or run[0] < end), key=lambda run: run[0])
        self._of: dict[tuple[str, bool], list[int]] = {}

    def any(self, path: str, after: int) -> int | None:
        """The seq of the first run after an event with the file there."""
        return self._first(path, after, programs=False)

    def programs(self, path: str, after: int) -> int | None:
        """The same of programs alone that loaded it."""
        return self._first(path, after, programs=True)

    def unknown(self, after: int, *, measured: bool = False) -> bool:
        """Whether a later line may have run anything; ``measured``: tests alone are known to have been looked at."""
        return self._last_unknown > after or (measured and self._last_opaque > after)

    def _first(self, path: str, after: int, *, programs: bool) -> int | None:
        if (seqs := self._of.get((path, programs))) is None:
            seqs = self._of[path, programs] = [
                seq for seq, paths, program in self._runs if path in paths and (program or not programs)
            ]
        at = bisect_right(seqs, after)
        return seqs[at] if at < len(seqs) else None


signal = VerifiedBeforeSubmit()
