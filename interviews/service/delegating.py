"""A round of a ticket: work that nobody waits for, and the change request that it becomes.

Owns collecting what is proposed into one change request, and the check of it. Invariant: what comes back, also of a round that
breaks off, is recorded whole or not at all, in one with the end of the reply; whether the tests pass on it is found out here, on
just what is handed over, and never the assistant's word. The interview's clock is not held for it: the candidate works on. Leaves
out which rounds there are (``delegation``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, groupby

from assistant.base import Ask, Finished, Outcome, Part, Proposal, ToolCall
from assistant.hunks import anchored
from assistant.matching import Block
from assistant.merge import merge
from assistant.templates import Line, lines_of
from interviews import events as e
from interviews.errors import N_, PairsightError, PlatformFailure
from interviews.log import Draft
from interviews.service.interview import Interview
from interviews.service.reply import Reply, Unheld
from interviews.service.workbench import Workbench

OUTPUT = 4_000  # characters of a check's output
TITLE = 200
CHECKED = N_("Visible tests")
OVER = N_("The time was up before this came back")
STOPPED = N_("Stopped before it was done.")
BROKE_OFF = N_("The work broke off before it was done.")
NO_WORDS = N_("The assistant described nothing.")
UNCHECKED = N_("The visible tests could not be run on this.")
Pair = tuple[e.Hunk, e.HunkNote | None]
logger = logging.getLogger("pairsight")


class Watched:
    """A workbench that remembers the last run of the tests and which files it was of."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._last: tuple[dict[str, str], Outcome] | None = None

    def run_tests(self, files: Mapping[str, str]) -> Outcome:
        """As ``Bench.run_tests``."""
        outcome = self._bench.run_tests(files)
        self._last = _there(files), outcome
        return outcome

    def run_command(self, command: str, files: Mapping[str, str]) -> Outcome:
        """As ``Bench.run_command``."""
        return self._bench.run_command(command, files)

    def ran(self, files: Mapping[str, str]) -> Outcome | None:
        """What the last run gave, where it was of just these files."""
        return self._last[1] if self._last and self._last[0] == _there(files) else None


def _there(files: Mapping[str, str]) -> dict[str, str]:
    """Without empty ones, which stand for files that are gone."""
    return {path: text for path, text in files.items() if text}


class Round(Reply):
    """The reply to a ticket. ``files`` are all texts of the workspace that it began with, also those the assistant does not see."""

    watch = Unheld

    def __init__(
        self,
        interview: Interview,
        ask: Ask,
        ticket: str,
        bench: Watched,
        files: Mapping[str, str],
        left: Callable[[], bool],
    ) -> None:
        self._ticket, self._bench, self._files, self._left = ticket, bench, files, left
        self._proposals: list[Proposal] = []
        self._change: Proposal | None = None
        self._checks: tuple[e.Check, ...] = ()
        self._unchecked = False
        self._last_words = 0
        self._broke = ""
        super().__init__(interview, ask)

    def take(self, part: Part) -> None:
        """As ``Reply.take``. What is proposed is kept until the end, which may take as long as the tests do."""
        match part:
            case Finished():
                self.finish(part)
            case Proposal():
                self._proposals.append(part)
            case _:
                super().take(part)
                if isinstance(part, ToolCall):
                    self._last_words = len(self._text)

    def finish(self, part: Finished) -> None:
        """Record the end, with what comes back."""
        if self.done:
            return
        self._change = self._collected()
        self._check()
        if self._left():
            return
        with self._changed, self._interview.lock:
            if self._interview.state.status == "running":
                super().finish(part)
            else:
                # Nobody could merge it any more.
                super().fail(self._broke or OVER)

    def fail(self, reason: str) -> None:
        """As ``Reply.fail``; but what was changed by then comes back, with the reason in words."""
        if not self._proposals:
            return super().fail(reason)
        self._broke = reason
        try:
            self.finish(Finished("cut off"))
        except PairsightError:
            raise
        except Exception:
            # What is wrong with the proposals must not leave the round without an end.
            logger.exception("what turn %s changed cannot be brought back", self._turn)
            super().fail(reason)

    def _with_end(self, part: Finished) -> tuple[e.AnyPayload, ...]:
        ticket = self._interview.state.tickets.get(self._ticket)
        if ticket is None or ticket.status == "closed":
            return ()
        change, offered = self._change, list[e.AnyPayload]()
        if change is not None:
            name = change.suggestion
            offered += [
                e.SuggestionOffered(suggestion=name, turn=self._turn, title=change.title, hunks=change.hunks),
                e.SuggestionAnnotated(suggestion=name, hunks=change.notes),
            ]
        returned = e.TicketReturned(
            ticket=ticket.ticket, turn=self._turn, title=change.title if change else ticket.title,
            description=self._described(part), suggestion=change.suggestion if change else None, checks=self._checks,
        )  # fmt: skip
        return (*offered, returned)

    def _described(self, part: Finished) -> str:
        """The words behind the last step; of work that broke off before it said any, all that was said."""
        words = self._text[self._last_words :].strip() or self._text.strip()
        if part.stop_reason == "stopped":
            words = f"{words}\n\n{STOPPED}".strip()
        elif part.stop_reason == "cut off":
            words = f"{words}\n\n{BROKE_OFF} {self._broke}".strip()
        words = words or NO_WORDS
        return f"{words}\n\n{UNCHECKED}" if self._unchecked else words

    def _collected(self) -> Proposal | None:
        """All that was proposed as one change request; None where it changes nothing."""
        name = f"{self._turn}-s1"
        pairs = collected(self._proposals, self._ask.files, (f"{name}-h{number}" for number in count(1)))
        if not pairs:
            return None
        title = "; ".join(dict.fromkeys(proposal.title for proposal in self._proposals))[:TITLE]
        return Proposal(name, title, tuple(hunk for hunk, _ in pairs), tuple(filter(None, (note for _, note in pairs))))

    def _check(self) -> None:
        """Run the visible tests on what is handed over, unless the assistant has done just that."""
        hunks = self._change.hunks if self._change else ()
        files = {**self._files, **changed(hunks, self._ask.files)}
        outcome = self._bench.ran(files)
        if outcome is None and hunks and not self._ask.cancelled():
            outcome = self._run(files)
        if outcome is not None:
            self._checks = (e.Check(name=CHECKED, ok=outcome.ok, output=_end_of(outcome.output)),)

    def _run(self, files: Mapping[str, str]) -> Outcome | None:
        """The run as a step that is not the assistant's."""
        with self._changed:
            self._flush()
            words = len(self._text) > self._last_words
        step = e.ToolStarted(turn=self._turn, call="check", tool="run_tests", input={})
        self._interview.record(Draft("system", step))
        since_ms = self._interview.now()
        outcome: Outcome | None = None
        try:
            outcome = self._bench.run_tests(files)
            told, ok, cut = outcome.output, outcome.ok, outcome.cut
        except PlatformFailure as failure:
            told, ok, cut = str(failure), False, 0
            self._unchecked = not self._ask.cancelled()
        called = e.ToolCalled(
            turn=self._turn, call=step.call, tool=step.tool, input={}, output=told, ok=ok, cut=cut,
            total_ms=max(0, self._interview.now() - since_ms),
        )  # fmt: skip
        self._interview.record(Draft("system", called))
        if not words:
            self._last_words = len(self._text)
        return outcome


def _end_of(output: str) -> str:
    """The counts, which stand first, and the end of what was printed."""
    if len(output) <= OUTPUT:
        return output
    first, _, rest = output.partition("\n")
    return f"{first[:300]}\n[…]\n{rest[-(OUTPUT - 310) :]}"


def changed(hunks: Sequence[e.Hunk], files: Mapping[str, str]) -> dict[str, str]:
    """The texts that hunks make of ``files``, by path, of those they change."""
    texts: dict[str, str] = {}
    for path, group in groupby(sorted(hunks, key=lambda hunk: hunk.path), key=lambda hunk: hunk.path):
        lines = lines_of(files.get(path, ""))
        for hunk in sorted(group, key=lambda hunk: hunk.line, reverse=True):
            start, end = _span(hunk)
            lines[start:end] = [hunk.after]
        texts[path] = "".join(lines)
    return texts


def collected(proposals: Sequence[Proposal], files: Mapping[str, str], ids: Iterator[str]) -> list[Pair]:
    """The hunks of all proposals by file and line, with new ids; those that meet are one hunk. They were all made for ``files``."""
    found: list[tuple[int, Pair]] = [
        (number, pair)
        for number, proposal in enumerate(proposals)
        for pair in zip(proposal.hunks, _notes(proposal), strict=True)
    ]
    paths = {hunk.path: None for _, (hunk, _) in found}
    pairs: list[Pair] = []
    for path in paths:
        base = lines_of(files.get(path, ""))
        for group in _meeting([one for one in found if one[1][0].path == path]):
            if (pair := _one(group, base)) is not None:
                hunk, note = pair
                name = next(ids)
                known = note.model_copy(update={"hunk": name}) if note is not None else None
                pairs.append((hunk.model_copy(update={"hunk": name}), known))
    return pairs


def _notes(proposal: Proposal) -> list[e.HunkNote | None]:
    """Of each hunk; None where nothing is known of it, which is another thing than that it is sound."""
    known = {note.hunk: note for note in proposal.notes}
    return [known.get(hunk.hunk) for hunk in proposal.hunks]


def _span(hunk: e.Hunk) -> tuple[int, int]:
    """The lines ``[start, end)`` that it replaces, 0-based."""
    return hunk.line - 1, hunk.line - 1 + len(lines_of(hunk.before))


def _meeting(found: Sequence[tuple[int, Pair]]) -> list[list[tuple[int, Pair]]]:
    """Grouped: what is side by side, or one in the other, is together, but for hunks of one proposal, which fit anyhow."""
    groups: list[list[tuple[int, Pair]]] = []
    for number, (hunk, note) in sorted(found, key=lambda one: _span(one[1][0])):
        last = groups[-1] if groups else []
        end = max((_span(other)[1] for _, (other, _) in last), default=-1)
        if end >= _span(hunk)[0] and any(other != number for other, _ in last):
            last.append((number, (hunk, note)))
        else:
            groups.append([(number, (hunk, note))])
    return groups


def _one(group: Sequence[tuple[int, Pair]], base: Sequence[str]) -> Pair | None:
    """One hunk of those that meet. Where two changed the same lines in their own ways, the later proposal's stands.

    A note has room for one mistake: of two that stand, the later proposal's is noted. Without one, nothing is known of what stands
    where nothing is known of a part of it.
    """
    first, note = group[0][1]
    if len(group) == 1:
        return first, note
    start = min(_span(hunk)[0] for _, (hunk, _) in group)
    end = max(_span(hunk)[1] for _, (hunk, _) in group)
    before = list(base[start:end])
    now, notes = [Line(text) for text in before], list[e.HunkNote | None]()
    for number in sorted({number for number, _ in group}):
        theirs = [Line(text) for text in before]
        own = [hunk for other, (hunk, _) in group if other == number]
        for hunk in sorted(own, key=lambda hunk: hunk.line, reverse=True):
            at, upto = _span(hunk)
            theirs[at - start : upto - start] = [Line(text) for text in lines_of(hunk.after)]
        both = merge(before, now, theirs, beside=True)
        if both is None:
            # What earlier ones had put there is gone, with whatever was known of it.
            notes.clear()
        notes += [note for other, (_, note) in group if other == number]
        now = theirs if both is None else both
    after = "".join(line.text for line in now)
    if after == "".join(before):
        return None
    block = Block(start, end, 0, 0)
    return anchored(first.hunk, first.path, first.base_version, base, block, after), _together(first.hunk, notes)


def _together(hunk: str, notes: Sequence[e.HunkNote | None]) -> e.HunkNote | None:
    known = [note for note in notes if note is not None]
    defect = next((note.defect for note in reversed(known) if note.defect), None)
    if len(known) < len(notes) and defect is None:
        return None
    return e.HunkNote(
        hunk=hunk, touches=tuple(sorted({atom for note in known for atom in note.touches})),
        honours=tuple(sorted({atom for note in known for atom in note.honours})), defect=defect,
    )  # fmt: skip
