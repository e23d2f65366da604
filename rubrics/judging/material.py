"""What of an interview is put before a judge.

Owns the choice. Invariant: only what the candidate said, and what lay before them as they said it: nothing that their own page
withholds (``interviews.visibility``), nothing from after the work was handed in, nothing erased. It is bounded, however much
was written. Leaves out how it is put (``prompt``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from interviews import events as e
from rubrics.base import LogView

MOST = 80  # pieces that a judge is given
TOTAL = 40_000  # characters of the candidate in all of them
EACH = 2_000  # of one of them
LEAST = 200
ABOUT = 800  # of what one of them is about, or of what others said

ASKING = frozenset({"prompt.sent", "ticket.opened", "ticket.revised"})
DOUBTING = frozenset({"comment.added", "suggestion.decided", "hunk.judged"})
CHECKING = frozenset({"command.finished", "run.finished"})
ANSWERING = frozenset({"reply.finished"})
SHOWN = {
    "prompt": ASKING,
    "critique": DOUBTING,
    "refine": ASKING | ANSWERING | {"comment.added", "run.finished"},
    "verify": CHECKING | {"suggestion.decided"},
}
"""Types of event by the dimension that they tell of. A dimension of another name is judged by all of them."""
ALL = ASKING | DOUBTING | CHECKING | ANSWERING
# What became of mistakes placed on purpose can be read from these, and a candidate may have that left out.
OF_PLANTS = frozenset({"suggestion.decided", "hunk.judged"})


@dataclass(frozen=True)
class Passage:
    """A piece of the record. ``said``: the candidate's own words, which may be quoted; else it only tells what happened.

    ``about`` is the change that was spoken of, ``cut`` how many characters of ``text`` were left out.
    """

    seq: int
    what: str
    text: str
    said: bool
    about: str = ""
    cut: int = 0


def passages(log: LogView, dimension: str) -> tuple[Passage, ...]:
    """What a judge of that dimension is shown, in order; none where the candidate said nothing that tells of it."""
    found = list(_found(log, SHOWN.get(dimension, ALL)))
    own = [one for one in found if one.said]
    if not own:
        return ()
    kept = {one.seq for one in _spread(own, MOST)}
    # Others' words are only there for the candidate's sake: as many of them at most.
    around = {one.seq for one in _spread([one for one in found if not one.said], MOST)}
    room = min(EACH, max(LEAST, TOTAL // len(kept)))
    return tuple(_cut(one, room if one.said else ABOUT) for one in found if one.seq in (kept if one.said else around))


def words(events: Iterable[e.Event]) -> dict[int, str]:
    """By event, all that the candidate said in it, of which a judge may have been shown a part."""
    told = ((event.seq, _said(event, {})) for event in events if event.actor == "candidate")
    return {seq: one.text for seq, one in told if one is not None}


def _found(log: LogView, types: frozenset[str]) -> Iterator[Passage]:
    """Everything of those types up to the end of the work, uncut."""
    wanted = types if log.plants else types - OF_PLANTS
    hunks: dict[tuple[str, str], e.Hunk] = {}
    closed = False
    for event in log.events:
        match event.data:
            case e.InterviewSubmitted():
                return
            case e.PhaseOffered():
                closed = True
            case e.SuggestionOffered(suggestion=group) | e.ReviewOpened(review=group):
                hunks |= {(group, hunk.hunk): hunk for hunk in event.data.hunks}
            case _:
                pass
        if event.type not in wanted or (closed and event.type in CHECKING | {"suggestion.decided"}):
            continue
        passage = _said(event, hunks) if event.actor == "candidate" else None
        if passage is None:
            passage = _happened(event, hunks)
        if passage is not None and passage.text.strip():
            yield passage


def _said(event: e.Event, hunks: dict[tuple[str, str], e.Hunk]) -> Passage | None:
    """The candidate's words in this event."""
    match event.data:
        case e.PromptSent(text=text):
            return Passage(event.seq, "a prompt to the assistant", text, True)
        case e.TicketOpened(title=title, text=text):
            return Passage(event.seq, "a ticket handed to the assistant", f"{title}\n\n{text}", True)
        case e.TicketRevised(text=text):
            return Passage(event.seq, "another round asked of a ticket", text, True)
        case e.CommentAdded(text=text, suggestion=group, hunk=name):
            return Passage(event.seq, "a comment on a change", text, True, _change(hunks.get((group, name))))
        case e.SuggestionDecided(reason=reason, suggestion=group, hunk=name, decision=decision) if reason.strip():
            what = f"the reason for a change that was {decision}"
            return Passage(event.seq, what, reason, True, _change(hunks.get((group, name))))
        case e.HunkJudged(fault=fault, review=group, hunk=name, verdict=verdict) if fault.strip():
            what = f"the fault named in a review, verdict “{verdict}”"
            return Passage(event.seq, what, fault, True, _change(hunks.get((group, name))))
        case e.CommandFinished(command=command):
            return Passage(event.seq, "a command typed in the terminal", command, True)
        case _:
            return None


def _happened(event: e.Event, hunks: dict[tuple[str, str], e.Hunk]) -> Passage | None:
    """What others said or what came out, where the candidate saw it."""
    match event.data:
        case e.ReplyFinished(text=text):
            return Passage(event.seq, "the assistant's reply", text, False)
        case e.RunFinished(tests=tests):
            counts = {name: sum(1 for test in tests if test.outcome == name) for name in ("passed", "failed", "error")}
            told = ", ".join(f"{count} {name}" for name, count in counts.items())
            return Passage(event.seq, "a run of the visible tests", told, False)
        case e.SuggestionDecided(decision=decision, suggestion=group, hunk=name):
            hunk = hunks.get((group, name))
            return Passage(event.seq, "a change of the assistant", f"{decision}: {hunk.path if hunk else name}", False)
        case _:
            return None


def _change(hunk: e.Hunk | None) -> str:
    if hunk is None:
        return ""
    lines = [f"- {line}" for line in hunk.before.splitlines()] + [f"+ {line}" for line in hunk.after.splitlines()]
    return "\n".join([hunk.path, *lines])[:ABOUT]


def _spread(found: Sequence[Passage], most: int) -> list[Passage]:
    """At most so many, evenly over the whole: neither who writes much at first nor at last has more to show."""
    if len(found) <= most:
        return list(found)
    return [found[at * (len(found) - 1) // (most - 1)] for at in range(most)]


def _cut(one: Passage, most: int) -> Passage:
    over = len(one.text) - most
    return one if over <= 0 else Passage(one.seq, one.what, one.text[:most], one.said, one.about, over)
