"""What can happen in an interview: the types of its log.

Owns the event vocabulary (one frozen pydantic model a type, past tense) and the record that carries one. Invariant:
only ever grows; a changed meaning is a new ``v`` with an upcast in ``load_payload``. Leaves out hashing (``chain``),
storage (``store``) and meaning (``state``).

Times are Unix milliseconds, durations milliseconds, positions UTF-16 code units, lines 1-based.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from interviews.errors import LogCorrupt

Role = Literal["candidate", "interviewer"]
Verdict = Literal["block", "probably wrong", "probably right", "merge"]
Stage = Literal["planted", "exposed", "judged", "repaired", "escaped"]
Origin = Literal["starter", "typed", "paste", "undo", "hunk", "terminal", "co-edit", "rebuild", "keyframe", "redacted"]
Difficulty = Literal["easy", "middle", "hard"]
Level = Literal[1, 2, 3, 4, 5]
Json = Any


class Value(BaseModel):
    """A frozen value; unknown fields are refused, so that a typing slip cannot be stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Hunk(Value):
    """One change of a proposal: replace the whole lines ``before`` that start at ``line`` of ``base_version`` by ``after``.

    Both texts end in a newline unless they end the file; either may be empty, not both. ``lead`` and ``trail`` are up to three whole
    lines that stood before and after it, by which its place is found again.
    """

    hunk: str
    path: str
    base_version: int
    line: int
    before: str
    after: str
    lead: str = ""
    trail: str = ""


class HunkNote(Value):
    """What the exercise knows of a hunk: atoms its code touches, those it honours, and its planted defect.

    ``lines`` of what the hunk puts there are the defect's own, counted from 1; none where that is not known.
    """

    hunk: str
    touches: tuple[str, ...] = ()
    honours: tuple[str, ...] = ()
    defect: str | None = None
    lines: tuple[int, ...] = ()


class TestResult(Value):
    """One test of a run. ``message`` is the failure in the runner's words, cut to 4,000 characters."""

    __test__ = False
    id: str
    outcome: Literal["passed", "failed", "error", "skipped"]
    message: str = ""
    duration_ms: int = 0


class Requirement(Value):
    """A requirement atom of the brief; ``patterns`` are case-insensitive regular expressions that express it."""

    id: str
    text: str
    patterns: tuple[str, ...]
    tests: tuple[str, ...] = ()


class Defect(Value):
    """A planted mistake: ``patterns`` name its fault in words, ``tests`` are hidden tests that catch it.

    ``patch`` is the file below the exercise's folder that makes it out of sound code. A weakened test is caught by no hidden test but
    by ``mutant``, a patch of a program that it lets pass and that the sound test does not. ``difficulty`` is how hard it is to see, in its
    author's word; empty where they have none.
    """

    id: str
    kind: str
    title: str
    explanation: str
    fix: str
    path: str
    patterns: tuple[str, ...]
    tests: tuple[str, ...] = ()
    patch: str = ""
    mutant: str = ""
    difficulty: Difficulty | Literal[""] = ""


class DebriefItem(Value):
    """A planted mistake as told to the candidate at the end. ``outcome`` is what they did.

    Of one that was taken over: ``repaired``, in what was ``submitted``, ``removed`` with all that came with it, or ``taken`` where it
    could not be found out which. Of one in the review: they ``named`` its fault or repaired it, ``doubted`` its hunk without that
    (``not tried``: with a repair for which there was no time), or ``let through``. Of one in open work that they sent back in its ticket
    they ``named`` or ``doubted`` it likewise. ``not judged``: they gave no verdict. ``not shown`` stands in older logs only. ``proof`` is
    the source of a test that shows it, ``suggestion`` the proposal or the review that held it.
    """

    defect: str
    title: str
    explanation: str
    fix: str
    outcome: Literal[
        "not shown", "rejected", "repaired", "submitted", "removed", "taken", "named", "doubted", "let through", "not judged",
        "not tried",
    ]  # fmt: skip
    suggestion: str | None = None
    hunk: str | None = None
    phase: str = "open"
    path: str = ""
    proof: str = ""


class Check(Value):
    """Something that was run on a change before it was handed over: its name, whether it passed, the end of its output."""

    name: str
    ok: bool
    output: str = ""


class Mention(Value):
    """What the candidate attached to a prompt, as it was sent.

    ``name`` is a path, or the id of a failed test, or of a terminal. A whole ``file`` is known by its ``version``; of a ``selection``
    there are its lines too. ``text`` is what was sent, ``cut`` how many characters of it were left out; empty for a whole file, which
    the log holds.
    """

    kind: Literal["file", "selection", "failure", "terminal"]
    name: str
    text: str = ""
    version: int = 0
    line: int = 0
    end_line: int = 0
    cut: int = 0


class Rating(Value):
    """A person's level for one dimension, 1-5, or null where they cannot tell; ``evidence`` are the events they point at."""

    dimension: str
    level: Level | None
    reason: str = ""
    evidence: tuple[int, ...] = ()


class Usage(Value):
    """Tokens of one turn. Input read from and written to the provider's cache is counted apart from ``input_tokens``."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


class Payload(Value):
    """Base of all event payloads; ``type`` and ``v`` travel beside the payload in a record, not inside it."""

    v: Literal[1] = 1


# fmt: off
class ConsentGiven(Payload):        type: Literal["consent.given"] = "consent.given"; text_sha256: str; locale: str; plants: bool = True
class ConsentWithdrawn(Payload):    type: Literal["consent.withdrawn"] = "consent.withdrawn"; scope: Literal["planted-defects"]
class KeyRecorded(Payload):         type: Literal["key.recorded"] = "key.recorded"; requirements: tuple[Requirement, ...]; defects: tuple[Defect, ...]; brief_shared: bool; brief: str = ""
class InterviewStarted(Payload):    type: Literal["interview.started"] = "interview.started"
class PhaseStarted(Payload):        type: Literal["phase.started"] = "phase.started"; phase: str; duration_ms: int
class PhaseEnded(Payload):          type: Literal["phase.ended"] = "phase.ended"; phase: str; by: Literal["candidate", "clock"]
class PhaseOffered(Payload):        type: Literal["phase.offered"] = "phase.offered"; phase: str; duration_ms: int
class ClockPaused(Payload):         type: Literal["clock.paused"] = "clock.paused"; reason: str
class ClockResumed(Payload):        type: Literal["clock.resumed"] = "clock.resumed"; lost_ms: int
class PresenceChanged(Payload):     type: Literal["presence.changed"] = "presence.changed"; role: Role; client: str; state: Literal["connected", "away", "gone"]
class SandboxQueued(Payload):       type: Literal["sandbox.queued"] = "sandbox.queued"; ahead: int
class SandboxStarted(Payload):      type: Literal["sandbox.started"] = "sandbox.started"; backend: str; weaker: tuple[str, ...] = (); place: str = ""; adopted: bool = False; missing: tuple[str, ...] = ()
class SandboxLost(Payload):         type: Literal["sandbox.lost"] = "sandbox.lost"; reason: str
class FileSnapshotted(Payload):     type: Literal["file.snapshotted"] = "file.snapshotted"; path: str; version: int; text: str | None; size: int; sha256: str; origin: Origin; renamed_from: str = ""
class FileEdited(Payload):          type: Literal["file.edited"] = "file.edited"; path: str; version: int; changes: Json; origin: Origin; client: str; late: bool = False
class FileDeleted(Payload):         type: Literal["file.deleted"] = "file.deleted"; path: str; origin: Origin
class SyncFailed(Payload):          type: Literal["sync.failed"] = "sync.failed"; path: str; reason: str
class TerminalOpened(Payload):      type: Literal["terminal.opened"] = "terminal.opened"; terminal: str; cols: int; rows: int
class TerminalOutput(Payload):      type: Literal["terminal.output"] = "terminal.output"; terminal: str; data: str; cut: int = 0
class TerminalResized(Payload):     type: Literal["terminal.resized"] = "terminal.resized"; terminal: str; cols: int; rows: int
class TerminalClosed(Payload):      type: Literal["terminal.closed"] = "terminal.closed"; terminal: str; exit_code: int
class CommandFinished(Payload):     type: Literal["command.finished"] = "command.finished"; terminal: str; command: str; exit_code: int
class RunStarted(Payload):          type: Literal["run.started"] = "run.started"; run: str; files: dict[str, int]
class RunFinished(Payload):         type: Literal["run.finished"] = "run.finished"; run: str; exit_code: int; tests: tuple[TestResult, ...]; output: str; timed_out: bool; duration_ms: int
class PromptSent(Payload):          type: Literal["prompt.sent"] = "prompt.sent"; turn: str; text: str; attachments: tuple[str, ...] = (); mentions: tuple[Mention, ...] = (); model: str = ""
class ReplyStarted(Payload):        type: Literal["reply.started"] = "reply.started"; turn: str; provider: str; model: str; mode: str = ""; knows: tuple[str, ...] = (); attempt: int = 1
class ReplyDelayed(Payload):        type: Literal["reply.delayed"] = "reply.delayed"; turn: str; reason: str; wait_ms: int = 0
class ReplyAppended(Payload):       type: Literal["reply.appended"] = "reply.appended"; turn: str; text: str
class ReplyFinished(Payload):       type: Literal["reply.finished"] = "reply.finished"; turn: str; text: str; stop_reason: str; usage: Usage; first_token_ms: int; total_ms: int; miss: bool = False; model: str = ""; cost_microusd: int | None = None
class ReplyFailed(Payload):         type: Literal["reply.failed"] = "reply.failed"; turn: str; reason: str; usage: Usage = Usage(); first_token_ms: int | None = None; total_ms: int = 0; model: str = ""; cost_microusd: int | None = None
class ToolStarted(Payload):         type: Literal["tool.started"] = "tool.started"; turn: str; call: str; tool: str; input: Json
class ToolCalled(Payload):          type: Literal["tool.called"] = "tool.called"; turn: str; tool: str; input: Json; output: str; ok: bool; call: str = ""; cut: int = 0; total_ms: int = 0
class SuggestionOffered(Payload):   type: Literal["suggestion.offered"] = "suggestion.offered"; suggestion: str; turn: str; title: str; hunks: tuple[Hunk, ...]
class SuggestionAnnotated(Payload): type: Literal["suggestion.annotated"] = "suggestion.annotated"; suggestion: str; hunks: tuple[HunkNote, ...]
class SuggestionDecided(Payload):   type: Literal["suggestion.decided"] = "suggestion.decided"; suggestion: str; hunk: str; decision: Literal["accepted", "rejected"]; reason: str = ""; kept: str | None = None
class SuggestionRefreshed(Payload): type: Literal["suggestion.refreshed"] = "suggestion.refreshed"; suggestion: str; hunk: Hunk
class TicketOpened(Payload):        type: Literal["ticket.opened"] = "ticket.opened"; ticket: str; turn: str; title: str; text: str; files: dict[str, int]; mentions: tuple[Mention, ...] = (); model: str = ""
class TicketRevised(Payload):       type: Literal["ticket.revised"] = "ticket.revised"; ticket: str; turn: str; text: str; files: dict[str, int]; comments: tuple[str, ...] = (); model: str = ""
class TicketReturned(Payload):      type: Literal["ticket.returned"] = "ticket.returned"; ticket: str; turn: str; title: str; description: str; suggestion: str | None; checks: tuple[Check, ...] = ()
class TicketClosed(Payload):        type: Literal["ticket.closed"] = "ticket.closed"; ticket: str
class CommentAdded(Payload):        type: Literal["comment.added"] = "comment.added"; comment: str; suggestion: str; hunk: str; line: int; text: str
class ReviewOpened(Payload):        type: Literal["review.opened"] = "review.opened"; review: str; title: str; description: str; folder: str; hunks: tuple[Hunk, ...]; checks: tuple[Check, ...] = ()
class ReviewAnnotated(Payload):     type: Literal["review.annotated"] = "review.annotated"; review: str; hunks: tuple[HunkNote, ...]; defects: tuple[Defect, ...]
class HunkJudged(Payload):          type: Literal["hunk.judged"] = "hunk.judged"; review: str; hunk: str; verdict: Verdict; line: int = 0; fault: str = ""; repair: str | None = None; late: bool = False
class DefectTraced(Payload):        type: Literal["defect.traced"] = "defect.traced"; defect: str; stage: Stage; suggestion: str; hunk: str; about_seq: int = 0
class InterviewSubmitted(Payload):  type: Literal["interview.submitted"] = "interview.submitted"; by: Literal["candidate", "clock"]; late: bool
class DebriefShown(Payload):        type: Literal["debrief.shown"] = "debrief.shown"; items: tuple[DebriefItem, ...]
class NoteAdded(Payload):           type: Literal["note.added"] = "note.added"; text: str; about_seq: int
class PayloadErased(Payload):       type: Literal["payload.erased"] = "payload.erased"; seqs: tuple[int, ...]; reason: str
class AnalysisRecorded(Payload):    type: Literal["analysis.recorded"] = "analysis.recorded"; kind: str; result: Json; key: str = ""
class RatingRecorded(Payload):      type: Literal["rating.recorded"] = "rating.recorded"; rater: str; blind: bool; rubric: str; rubric_version: int; rubric_sha256: str; ratings: tuple[Rating, ...]
class ExplanationRated(Payload):    type: Literal["explanation.rated"] = "explanation.rated"; rater: str; question: str; about_seq: int; level: Level; note: str = ""
class ScoreRevealed(Payload):       type: Literal["score.revealed"] = "score.revealed"; rater: str; rated: bool
class ScoreOverridden(Payload):     type: Literal["score.overridden"] = "score.overridden"; rater: str; dimension: str; level: Level | None; reason: str; rubric_sha256: str
class ScoreSigned(Payload):         type: Literal["score.signed"] = "score.signed"; rater: str; rubric_sha256: str; head_hash: str
class ScoreRecorded(Payload):       type: Literal["score.recorded"] = "score.recorded"; scorecard: Json; author: str; reason: str = ""
# fmt: on

AnyPayload = Annotated[
    ConsentGiven | ConsentWithdrawn | KeyRecorded | InterviewStarted | PhaseStarted | PhaseEnded | PhaseOffered | ClockPaused | ClockResumed
    | PresenceChanged | SandboxQueued | SandboxStarted | SandboxLost
    | FileSnapshotted | FileEdited | FileDeleted | SyncFailed
    | TerminalOpened | TerminalOutput | TerminalResized | TerminalClosed | CommandFinished | RunStarted | RunFinished
    | PromptSent | ReplyStarted | ReplyDelayed | ReplyAppended | ReplyFinished | ReplyFailed | ToolStarted | ToolCalled
    | SuggestionOffered | SuggestionAnnotated | SuggestionDecided | SuggestionRefreshed
    | TicketOpened | TicketRevised | TicketReturned | TicketClosed | CommentAdded
    | ReviewOpened | ReviewAnnotated | HunkJudged | DefectTraced
    | InterviewSubmitted | DebriefShown | NoteAdded | PayloadErased | AnalysisRecorded
    | RatingRecorded | ExplanationRated | ScoreRevealed | ScoreOverridden | ScoreSigned | ScoreRecorded,
    Field(discriminator="type"),
]  # fmt: skip
# Behind one of these a proposed score, or what people put beside it, may be another than the one that was looked at.
MOVES_THE_SCORE = frozenset(
    {"analysis.recorded", "explanation.rated", "payload.erased", "consent.withdrawn", "score.overridden"}
)
_payloads: TypeAdapter[AnyPayload] = TypeAdapter(AnyPayload)


class Record(Value):
    """One stored event. ``payload`` and ``salt`` are null where they were withheld or erased; the hashes stay.

    ``actor`` is ``candidate``, ``assistant``, ``terminal``, ``system`` or ``interviewer:<name>``; ``cause`` is the
    seq this event follows from.
    """

    seq: int
    at_ms: int
    actor: str
    type: str
    v: int
    cause: int | None
    payload: dict[str, Json] | None
    salt: str | None
    payload_hash: str
    hash: str

    @classmethod
    def trusted(cls, **fields: Json) -> Record:
        """A record of all its fields, unchecked: a log makes many, of what was checked before. As ``model_construct``, but fast."""
        record = _new(cls)
        _set(record, "__dict__", fields)
        _set(record, "__pydantic_fields_set__", _RECORD_FIELDS)
        _set(record, "__pydantic_extra__", None)
        _set(record, "__pydantic_private__", None)
        return record


class Event(NamedTuple):
    """A record with its payload understood; ``data`` is null for a tombstone (withheld or erased)."""

    seq: int
    at_ms: int
    actor: str
    type: str
    cause: int | None
    data: AnyPayload | None


_new, _set = object.__new__, object.__setattr__
_RECORD_FIELDS = set(Record.model_fields)
# By type, what reads its payload: to ask the union of all takes half as long again.
_READERS = {
    cls.model_fields["type"].default: cls.__pydantic_validator__.validate_python for cls in Payload.__subclasses__()
}


def dump_payload(data: AnyPayload) -> dict[str, Json]:
    """The payload as JSON values, without ``type`` and ``v``."""
    # What ``model_dump`` calls, without its own cost, which is as much again: it is done for every event.
    payload: dict[str, Json] = data.__pydantic_serializer__.to_python(data, mode="json")
    del payload["type"], payload["v"]
    return payload


def load_payload(type_: str, v: int, payload: dict[str, Json]) -> AnyPayload:
    """Understand a stored payload; older versions are upcast here.

    Raises ``LogCorrupt`` when the type is unknown or the fields do not fit.
    """
    whole = {"type": type_, "v": v, **payload}
    try:
        understood: AnyPayload = _READERS[type_](whole)
        return understood
    except (KeyError, ValidationError):
        pass  # the union of all says what is wrong
    try:
        return _payloads.validate_python(whole)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "type"
        raise LogCorrupt(
            "Expected a payload of event type %(type)s, got one whose field %(field)s is wrong: %(why)s",
            type=type_, field=where, why=first["msg"],
        ) from None  # fmt: skip


def understand(record: Record) -> Event:
    """The record as an event. Raises ``LogCorrupt`` as ``load_payload`` does."""
    data = None if record.payload is None else load_payload(record.type, record.v, record.payload)
    return Event(record.seq, record.at_ms, record.actor, record.type, record.cause, data)


class ExercisePin(Value):
    """Which exercise this interview uses: id, version, sha256 over its files, and the seed of its variation."""

    id: str
    version: int
    sha256: str
    seed: int
    title: str


class InterviewSettings(Value):
    """What was chosen for this interview. ``minutes`` of open work, ``grace_s`` for unsent edits; ``co_edit``: interviewers may edit.

    ``mode`` is what the assistant may do: talk, propose changes too, or also run things. It knows the brief where that is shared, and
    looks at every file where the tree is, else at those that were attached. The candidate may choose among ``models`` (none: ``model``
    alone). The budgets bound what all replies together may use, in tokens and US cents; 0 is no bound. ``review_minutes`` of the review
    that follows open work; 0 where there is none. ``delegation``: tickets may be handed over. ``judge``: the service whose model may be
    asked for a judgement, as the candidate was told; none may where it is empty.
    """

    minutes: float = 40
    grace_s: float = 60
    provider: str = "scripted"
    model: str = ""
    mode: Literal["chat", "edit", "agent"] = "edit"
    brief_shared: bool = False
    co_edit: bool = False
    tree_shared: bool = True
    models: tuple[str, ...] = ()
    budget_tokens: int = 0
    budget_cents: int = 0
    review_minutes: float = 0
    delegation: bool = False
    judge: str = ""


class Header(Value):
    """The first line of a log: what the interview is. ``created_at_ms`` is Unix milliseconds."""

    id: str
    created_at_ms: int
    candidate: str
    exercise: ExercisePin
    settings: InterviewSettings


def event_types() -> dict[str, type[Payload]]:
    """Every payload model by its event type, in order of definition (the source of ``docs/events.md``)."""
    return {cls.model_fields["type"].default: cls for cls in Payload.__subclasses__()}
