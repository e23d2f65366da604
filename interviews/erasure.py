"""What may be dropped from a log for good, and what must go with it.

Owns the rule. Invariant: what is left still folds. Only events that hold somebody's words may be erased; an edit cannot
be applied to a text that is not known, so with a file's text go its edits up to where the text stands whole again.
Leaves out the dropping (``log``) and who may ask for it (``service``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from interviews import events as e
from interviews.errors import BadInput, NotFound

# The others hold no free text, and the course of the interview hangs on them. The key and what the exercise says of a
# proposal are its own words.
ERASABLE = frozenset(
    {
        "file.snapshotted", "file.edited", "file.deleted", "sync.failed", "terminal.output", "command.finished", "run.started",
        "run.finished", "prompt.sent", "reply.appended", "reply.finished", "reply.failed", "tool.started", "tool.called",
        "suggestion.offered", "suggestion.decided", "suggestion.refreshed", "ticket.opened", "ticket.revised", "ticket.returned",
        "comment.added", "hunk.judged", "note.added", "analysis.recorded", "rating.recorded", "explanation.rated",
        "score.overridden", "score.recorded",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Tombstones:
    """The events of a log that have no payload, by why: an erasure tells of it, the reader may not see it, or nobody says.

    ``kept`` were erased, says the log, and yet they are there, as after a backup was put back.
    """

    erased: tuple[int, ...] = ()
    withheld: tuple[int, ...] = ()
    unexplained: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()


def erased(seqs: Collection[int], reason: str) -> e.PayloadErased:
    """What tells of an erasure. Raises ``BadInput`` where nothing is named."""
    if not seqs:
        raise BadInput("Expected the numbers of the events to erase, got none")
    return e.PayloadErased(seqs=tuple(sorted(set(seqs))), reason=reason)


def require_erasable(seqs: Collection[int], types: Mapping[int, str]) -> None:
    """Raise ``NotFound`` or ``BadInput`` unless all may be erased; ``types`` are those of the events that there are."""
    for seq in seqs:
        if seq not in types:
            raise NotFound("There is no event %(seq)d", seq=seq)
        if types[seq] not in ERASABLE:
            raise BadInput("Event %(seq)d (%(type)s) holds nobody's words and stays", seq=seq, type=types[seq])


def tombstones(records: Iterable[e.Record], hidden: Collection[str] = ()) -> Tombstones:
    """Why payloads are missing; ``hidden`` are the types that the log's reader may not see."""
    told: dict[int, int] = {}
    bare: dict[int, str] = {}
    for record in records:
        if record.payload is None:
            bare[record.seq] = record.type
        elif record.type == "payload.erased":
            for seq in record.payload["seqs"]:
                if seq < record.seq:
                    told[seq] = record.seq
    rest = [seq for seq in bare if seq not in told]
    return Tombstones(
        erased=tuple(seq for seq in bare if seq in told),
        withheld=tuple(seq for seq in rest if bare[seq] in hidden),
        unexplained=tuple(seq for seq in rest if bare[seq] not in hidden),
        kept=tuple(sorted(told.keys() - bare.keys())),
    )


def with_dependants(events: Collection[e.Event], seqs: Collection[int]) -> tuple[set[int], set[str]]:
    """``seqs`` with what goes with them, and the paths whose text is then unknown to the end.

    With an edit go those behind it; with a file's deletion all of the file, or it would be there again; with a run's end
    its beginning, or it would never end. Of the unknown paths a ``file.snapshotted`` belongs into the same erasure
    (``EventLog.erase``, ``then``).
    """
    out, unknown = set(seqs), set[str]()
    ends = {event.data.run for event in events if event.seq in out and isinstance(event.data, e.RunFinished)}
    gone = {
        event.data.path: event.seq for event in events if event.seq in out and isinstance(event.data, e.FileDeleted)
    }
    for event in events:
        match event.data:
            case e.FileEdited(path=path) | e.FileSnapshotted(path=path) if event.seq < gone.get(path, 0):
                out.add(event.seq)
            case e.FileDeleted(path=path) if event.seq < gone.get(path, 0):
                out.add(event.seq)
            case e.FileEdited(path=path):
                if event.seq in out or path in unknown:
                    out.add(event.seq)
                    unknown.add(path)
            case e.FileSnapshotted(path=path):
                if event.seq in out:
                    unknown.add(path)
                else:
                    unknown.discard(path)
            case e.FileDeleted(path=path):
                unknown.discard(path)
            case e.RunStarted(run=run):
                if run in ends:
                    out.add(event.seq)
            case _:
                pass
    return out, unknown
