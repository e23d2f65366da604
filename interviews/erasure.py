"""What may be dropped from a log for good, and what must go with it.

Owns the rule. Invariant: what is left still folds. Only events that hold somebody's words may be erased; an edit cannot
be applied to a text that is not known, so with a file's text go its edits up to where the text stands whole again.
Leaves out the dropping (``log``) and who may ask for it (``service``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from interviews import events as e
from interviews.errors import BadInput, NotFound

# The others hold no free text, and the course of the interview hangs on them.
ERASABLE = frozenset(
    {
        "file.snapshotted", "file.edited", "sync.failed", "terminal.output", "command.finished", "run.finished", "prompt.sent",
        "reply.appended", "reply.finished", "reply.failed", "tool.called", "suggestion.offered", "suggestion.decided",
        "note.added", "analysis.recorded", "score.recorded",
    }
)  # fmt: skip


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


def with_dependants(events: Iterable[e.Event], seqs: Collection[int]) -> tuple[set[int], set[str]]:
    """``seqs`` with the edits that go with them, and the paths whose text is then unknown to the end.

    Of those paths a ``file.snapshotted`` belongs into the same erasure (``EventLog.erase``, ``then``).
    """
    out, unknown = set(seqs), set[str]()
    for event in events:
        match event.data:
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
            case _:
                pass
    return out, unknown
