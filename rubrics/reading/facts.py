"""The log, looked up by what its events are about.

Owns the one walk over the events that all signals share. Invariant: pure; a tombstone or a half-told story (a
decision whose proposal was withheld) leaves a gap and never raises; events that no signal reads change nothing.
Leaves out the values' form (``told``), results of analyses (``analysed``) and what counts as good (``signals``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from interviews import events as e
from rubrics.reading import analysed
from rubrics.reading.running import loaded, running
from rubrics.reading.told import Answer, Command, Comment, Decision, Judged, Offered, Prompt, Reviewed, Run, Scene
from rubrics.reading.workspace import File, Workspace

TERMINAL_TAIL = 20_000
_FILES = frozenset({"file.snapshotted", "file.edited", "file.deleted"})
# Of these only that one was withheld is told.
_UNREAD = frozenset(
    {"reply.started", "reply.appended", "tool.started", "tool.called", "terminal.resized", "presence.changed"}
)
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|\r")


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything signals look up, each in order of events. ``submitted`` is the seq of submission, ``closed`` that of the end of
    open work where a review followed: what is decided and run behind it is not about what was handed in.

    ``plants`` is false where the candidate chose to meet no planted mistakes, took back that they may be scored, or where it is not
    known what they chose.
    ``review_defects`` are those of the review, ``repairs_seq`` is the analysis of what was repaired there. ``baseline`` is what the
    assistant reached alone. ``coverage`` says by suggestion and hunk which accepted lines ran, ``own_tests`` of mutants.
    ``handed_in`` are the files as they stood when open work ended, or at the end where it has not. ``pauses`` are when the clock
    went on again and how long it had stood, in milliseconds.
    """

    prompts: tuple[Prompt, ...] = ()
    hunks: tuple[Offered, ...] = ()
    runs: tuple[Run, ...] = ()
    commands: tuple[Command, ...] = ()
    comments: tuple[Comment, ...] = ()
    answers: tuple[Answer, ...] = ()
    reviewed: tuple[Reviewed, ...] = ()
    review_defects: tuple[e.Defect, ...] = ()
    repairs_seq: int = 0
    plants: bool = True
    key: e.KeyRecorded | None = None
    key_seq: int = 0
    hidden_tests: Mapping[str, str] | None = None
    hidden_seq: int = 0
    exercise_changed: bool = False
    baseline: Mapping[str, e.Json] | None = None
    baseline_seq: int = 0
    coverage: analysed.Coverage | None = None
    own_tests: analysed.OwnTests | None = None
    closed: int | None = None
    submitted: int | None = None
    submission: e.InterviewSubmitted | None = None
    handed_in: Mapping[str, File] = field(default_factory=dict)
    pauses: tuple[tuple[int, int], ...] = ()
    withheld: tuple[e.Event, ...] = ()

    def lost(self, *types: str, after: int = 0, before: int | None = None) -> bool:
        """Whether an event of one of these types was withheld or erased between two seqs."""
        return any(
            event.type in types and after < event.seq and (before is None or event.seq < before)
            for event in self.withheld
        )

    def unsure(self, prompt: Prompt) -> bool:
        """Whether the prompt may have been a platform miss: how its reply ended was withheld."""
        return prompt.outcome == "pending" and self.lost("reply.finished", "reply.failed", after=prompt.seq)


def gather(events: Iterable[e.Event]) -> Facts:
    """Walk the events once."""
    walk = _Walk()
    for event in events:
        walk.take(event)
    return walk.facts()


class _Walk:
    def __init__(self) -> None:
        self.workspace = Workspace()
        self.prompts: dict[str, Prompt] = {}
        self.hunks: dict[tuple[str, str], Offered] = {}
        self.comments: dict[str, Comment] = {}
        self.reviewed: dict[tuple[str, str], Reviewed] = {}
        self.repaired: dict[str, bool] = {}
        self.runs: dict[str, Run] = {}
        self.commands: list[Command] = []
        # What scenes share is never changed in place: the next scene has another.
        self.failing: dict[str, str] = {}
        self.tests: frozenset[str] = frozenset()
        self.run_output = ""
        self.terminals: dict[str, str] = {}
        self.output: str | None = None
        self.offered: tuple[str, ...] = ()
        self.withheld: list[e.Event] = []
        self.answers: list[Answer] = []
        self.pauses: list[tuple[int, int]] = []
        self.handed_in: Mapping[str, File] | None = None
        self.rest = Facts()

    def facts(self) -> Facts:
        return replace(
            self.rest, prompts=tuple(self.prompts.values()), hunks=tuple(self.hunks.values()),
            runs=tuple(self.runs.values()), commands=tuple(self.commands), withheld=tuple(self.withheld),
            comments=tuple(self.comments.values()), answers=tuple(self.answers), pauses=tuple(self.pauses),
            handed_in=self.workspace.files() if self.handed_in is None else self.handed_in,
            reviewed=tuple(replace(one, repaired=self.repaired.get(one.hunk)) for one in self.reviewed.values()),
        )  # fmt: skip

    def scene(self) -> Scene:
        if self.output is None:
            said = "\n".join([self.run_output, *(text for _, text in sorted(self.terminals.items()))])
            self.output = _ESCAPE.sub("", said)
        return Scene(self.workspace.files(), self.failing, self.tests, self.output, self.offered)

    def take(self, event: e.Event) -> None:
        # Nine events of ten are of these types; to try the patterns below takes longer than all else that is done with them.
        if event.data is not None and event.type in _FILES:
            self.workspace.take(event)
            return
        if event.type in _UNREAD:
            if event.data is None:
                self.withheld.append(event)
            return
        match event.data:
            case None:
                self.withheld.append(event)
                # Which consent it was is not known: nobody's score may rest on one that may not have been given.
                if event.type in ("consent.given", "consent.withdrawn"):
                    self.rest = replace(self.rest, plants=False)
            case e.PromptSent() | e.TicketOpened() | e.TicketRevised() | e.CommentAdded() if (
                self.rest.submitted is not None
            ):
                # No page can say it then; a log made by hand can.
                pass
            case e.TicketOpened() | e.TicketRevised():
                self._ticket(event.seq, event.data)
            case e.CommentAdded(comment=comment, suggestion=suggestion, hunk=hunk, line=line, text=text):
                self.comments[comment] = Comment(event.seq, comment, suggestion, hunk, text, line)
            case e.ExplanationRated(rater=rater, question=question, level=level):
                self.answers.append(Answer(event.seq, rater, question, level))
            case e.ClockResumed(lost_ms=lost_ms):
                self.pauses.append((event.at_ms, lost_ms))
            case e.ReviewOpened() | e.ReviewAnnotated() | e.HunkJudged():
                self._review(event.seq, event.data)
            case e.ConsentGiven(plants=plants):
                self.rest = replace(self.rest, plants=self.rest.plants and plants)
            case e.ConsentWithdrawn():
                self.rest = replace(self.rest, plants=False)
            case e.PromptSent() | e.ReplyFinished() | e.ReplyFailed():
                self._turn(event.seq, event.data)
            case e.PhaseOffered() if self.rest.closed is None:
                self.rest = replace(self.rest, closed=event.seq)
                self._hand_in()
            case e.SuggestionAnnotated() | e.SuggestionDecided() if self.rest.closed is not None:
                pass
            case e.SuggestionOffered() | e.SuggestionAnnotated() | e.SuggestionDecided() | e.SuggestionRefreshed():
                self._suggestion(event.seq, event.data)
            case e.RunStarted() | e.RunFinished():
                self._run(event.seq, event.data)
            case e.TerminalOutput(terminal=terminal, data=data):
                self.terminals[terminal] = (self.terminals.get(terminal, "") + data)[-TERMINAL_TAIL:]
                self.output = None
            case e.CommandFinished(command=command, exit_code=exit_code):
                ran = running(command, exit_code)
                loads = [loaded(one.names, self.workspace.files()) for one in ran if one.kind == "program"]
                known = [one for one in loads if one is not None]
                whole = frozenset[str]().union(*known) if len(known) == len(loads) else None
                self.commands.append(Command(event.seq, command, self.workspace.paths(), ran, whole))
            case e.KeyRecorded():
                self.rest = replace(self.rest, key=event.data, key_seq=event.seq)
            case e.InterviewSubmitted() if self.rest.submitted is None:
                self.rest = replace(self.rest, submitted=event.seq, submission=event.data)
                self._hand_in()
            case e.AnalysisRecorded(kind="hidden_tests", result=result):
                changed = isinstance(result, dict) and "exercise_sha256" in result
                # What other tests say of this interview's mistakes and requirements, nobody knows.
                told = None if changed else analysed.outcomes(result)
                self.rest = replace(self.rest, hidden_tests=told, hidden_seq=event.seq, exercise_changed=changed)
            case e.AnalysisRecorded(kind="review_repairs", result=result):
                # One that could not be made takes nothing back.
                if isinstance(result, dict) and "hunks" in result:
                    self.repaired = analysed.repaired(result)
                    self.rest = replace(self.rest, repairs_seq=event.seq)
            case e.AnalysisRecorded(kind="accepted_coverage", result=result):
                seqs = {run.run: run.seq for run in self.runs.values()}
                self.rest = replace(self.rest, coverage=analysed.coverage(event.seq, result, seqs))
            case e.AnalysisRecorded(kind="own_tests", result=result):
                self.rest = replace(self.rest, own_tests=analysed.own_tests(event.seq, result))
            case e.AnalysisRecorded(kind="baseline", result=dict(result)):
                self.rest = replace(self.rest, baseline=result, baseline_seq=event.seq)
            case _:
                pass

    def _hand_in(self) -> None:
        if self.handed_in is None:
            self.handed_in = self.workspace.files()

    def _turn(self, seq: int, data: e.PromptSent | e.ReplyFinished | e.ReplyFailed) -> None:
        if isinstance(data, e.PromptSent):
            self.prompts[data.turn] = Prompt(
                seq, data.turn, data.text, data.attachments, self.scene(), mentions=data.mentions
            )
        elif (prompt := self.prompts.get(data.turn)) is not None:
            outcome: Literal["failed", "miss", "answered"]
            outcome = "failed" if isinstance(data, e.ReplyFailed) else "miss" if data.miss else "answered"
            self.prompts[data.turn] = replace(prompt, outcome=outcome)

    def _ticket(self, seq: int, data: e.TicketOpened | e.TicketRevised) -> None:
        """What is asked of the assistant in a ticket is asked as in a prompt, with the comments that it is to answer."""
        mentions: tuple[e.Mention, ...] = ()
        if isinstance(data, e.TicketOpened):
            said, mentions = [data.title, data.text], data.mentions
        else:
            said = [data.text, *(self.comments[one].text for one in data.comments if one in self.comments)]
        files = tuple(one.name for one in mentions if one.kind == "file")
        self.prompts[data.turn] = Prompt(
            seq, data.turn, "\n".join(said), files, self.scene(), mentions=mentions,
            kind="ticket" if isinstance(data, e.TicketOpened) else "revision",
        )  # fmt: skip

    def _review(self, seq: int, data: e.ReviewOpened | e.ReviewAnnotated | e.HunkJudged) -> None:
        known = self.reviewed
        match data:
            case e.ReviewOpened(review=review):
                for content in data.hunks:
                    hunk = known.get((review, content.hunk), Reviewed(review, content.hunk))
                    known[review, content.hunk] = replace(hunk, seq=seq, content=content)
            case e.ReviewAnnotated(review=review):
                self.rest = replace(self.rest, review_defects=(*self.rest.review_defects, *data.defects))
                for note in data.hunks:
                    hunk = known.get((review, note.hunk), Reviewed(review, note.hunk))
                    known[review, note.hunk] = replace(hunk, note=note)
            case e.HunkJudged(review=review) if self.rest.submitted is None:
                judged = Judged(seq, data.verdict, data.line, data.fault, data.repair)
                hunk = known.get((review, data.hunk), Reviewed(review, data.hunk))
                known[review, data.hunk] = replace(hunk, judged=judged)

    def _suggestion(
        self,
        seq: int,
        data: e.SuggestionOffered | e.SuggestionAnnotated | e.SuggestionDecided | e.SuggestionRefreshed,
    ) -> None:
        match data:
            case e.SuggestionOffered():
                for content in data.hunks:
                    self.offered = (*self.offered, content.after)
                    self._hunk(data.suggestion, content.hunk, seq=seq, content=content, turn=data.turn)
            case e.SuggestionAnnotated():
                for note in data.hunks:
                    self._hunk(data.suggestion, note.hunk, note=note)
            case e.SuggestionRefreshed():
                self.offered = (*self.offered, data.hunk.after)
                self._hunk(data.suggestion, data.hunk.hunk, content=data.hunk)
            case e.SuggestionDecided():
                decision = Decision(seq, data.decision == "accepted", data.reason, self.scene(), data.kept)
                self._hunk(data.suggestion, data.hunk, decision=decision)

    def _hunk(
        self, suggestion: str, hunk: str, *, seq: int | None = None, content: e.Hunk | None = None,
        note: e.HunkNote | None = None, decision: Decision | None = None, turn: str = "",
    ) -> None:  # fmt: skip
        known = self.hunks.get((suggestion, hunk), Offered(suggestion, hunk))
        self.hunks[suggestion, hunk] = replace(
            known, seq=known.seq if seq is None else seq, content=content or known.content, note=note or known.note,
            decision=decision or known.decision, turn=turn or known.turn,
        )  # fmt: skip

    def _run(self, seq: int, data: e.RunStarted | e.RunFinished) -> None:
        if isinstance(data, e.RunStarted):
            self.runs[data.run] = Run(data.run, seq, frozenset(data.files))
            return
        self.tests |= {test.id for test in data.tests}
        self.output = None
        self.failing = {test.id: test.message for test in data.tests if test.outcome in ("failed", "error")}
        self.run_output = data.output[-TERMINAL_TAIL:]
        if (run := self.runs.get(data.run)) is not None:
            self.runs[data.run] = replace(run, finished=seq, outcomes={test.id: test.outcome for test in data.tests})
