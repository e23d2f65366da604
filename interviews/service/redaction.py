"""A secret taken out of an interview: found, erased, and blotted out where work goes on.

Owns what one redaction is made of. Invariant: what is left folds at every event, no file loses more than the secret, and nothing
is left waiting for an end that was erased; the secret itself is repeated nowhere, not even in the reason. What a program
shows again afterwards is recorded again: a secret that was seen is to be changed where it is used. Leaves out the search
(``traces``), what may be erased (``erasure``) and who may ask (``web``).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.erasure import ERASABLE, erased, with_dependants
from interviews.errors import BadInput, NotAllowed, NotFound, PairsightError, PlatformFailure
from interviews.fold import fold
from interviews.leases import Lease
from interviews.log import ClientKey, Draft, EventLog
from interviews.service.interview import Interview, last_payload
from interviews.service.room import Room
from interviews.state import State
from interviews.traces import BLOT, Traces, blotted, holds, needles, trace
from interviews.visibility import judgement, sees, shown, withdrawn_at

MAX_REASON = 500
# A program may write the secret again while it is being erased; what goes on doing so is not to be outrun.
ROUNDS = 3
REPLY_ENDS_S = 10.0
UNDER_WAY = ("waiting", "streaming")
AT_WORK = ("invited", "ready", "running", "grace", "between")


@dataclass(frozen=True)
class Found:
    """What carries a text: the events, how many of each type, the files it stood in.

    ``also`` counts the events that would go with them, ``stays`` by type those that hold it and cannot be erased.
    """

    seqs: tuple[int, ...]
    kinds: dict[str, int]
    files: tuple[str, ...]
    also: int
    stays: dict[str, int]


@dataclass(frozen=True)
class Redaction:
    """What to erase and why: all that carries ``text``, or what the events ``seqs`` brought, or both.

    ``text`` is in a form to look for, as ``needles`` gives it; empty for none.
    """

    text: tuple[str, ...]
    seqs: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class Plan:
    """One erasure, as ``EventLog.erase`` takes it."""

    seqs: tuple[int, ...]
    then: tuple[Draft, ...]


def read_redaction(text: object, seqs: object, reason: object) -> Redaction:
    """Understand a request. Raises ``BadInput``."""
    if text is not None and not isinstance(text, str):
        raise BadInput("Expected the text to erase, got %(got)s", got=type(text).__name__)
    named = seqs if seqs is not None else []
    if not isinstance(named, list) or not all(type(seq) is int for seq in named):
        raise BadInput("Expected the numbers of the events to erase as a list")
    if not text and not named:
        raise BadInput("Expected a text or the numbers of the events to erase, got neither")
    wanted = needles(text) if text else ()
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= MAX_REASON:
        raise BadInput(
            "Expected a reason of 1 to %(most)d characters, such as: a password, typed by mistake", most=MAX_REASON
        )
    words = reason.strip()
    if not words.isprintable() or holds(words.casefold(), [one.casefold() for one in wanted]):
        raise BadInput("The reason is shown to everybody: say what it was, and never the text itself")
    return Redaction(wanted, tuple(named), words)


def search(log: EventLog, interview: str, text: object, *, judged: bool = True) -> Found:
    """What carries the text in that log. Raises ``BadInput`` for one too short to look for.

    Not ``judged``: who looks is yet to judge the interview, and must not find out what others make of it by looking for it.
    """
    if not isinstance(text, str):
        raise BadInput("Expected the text to look for, got %(got)s", got=type(text).__name__)
    records = log.read(interview)
    # Who looks is an interviewer: what they may not read they cannot find either.
    withdrawn = withdrawn_at(records)
    events = [e.understand(shown("interviewer", record, withdrawn, judged=judged)) for record in records]
    found = _trace(log, interview, events, needles(text), ())
    types = {event.seq: event.type for event in events}
    gone = {seq for seq in found.seqs if types[seq] in ERASABLE}
    return Found(
        seqs=tuple(sorted(gone)),
        kinds=dict(sorted(Counter(types[seq] for seq in gone).items())),
        files=tuple(sorted(found.files)),
        also=len(with_dependants(events, gone)[0]) - len(gone),
        stays=dict(sorted(Counter(types[seq] for seq in found.seqs - gone).items())),
    )


def _trace(
    log: EventLog, interview: str, events: Sequence[e.Event], wanted: Collection[str], named: Collection[int]
) -> Traces:
    """As ``trace``, with what is kept of files that are no text."""
    found, kept = trace(events, wanted, named), [one.encode() for one in wanted]
    for event in events:
        if kept and isinstance(event.data, e.FileSnapshotted) and event.data.text is None:
            content = log.content(interview, event.data.sha256) or b""
            if any(one in content for one in kept):
                found.seqs.add(event.seq)
                found.files.add(event.data.path)
    return found


def plan(log: EventLog, interview: str, asked: Redaction, unread: Callable[[e.Record], bool] = lambda _: False) -> Plan:
    """What that redaction comes to on this log; of nothing where nothing is found.

    What is ``unread`` by whoever asks is left as it is: an erasure must not tell what it holds. Raises ``BadInput``,
    ``NotFound``, and ``NotAllowed`` for such an event by its number.
    """
    records = log.read(interview)
    kept_back = {record.seq for record in records if record.payload is not None and unread(record)}
    events = [event._replace(data=None) if event.seq in kept_back else event for event in map(e.understand, records)]
    there = {event.seq: event for event in events}
    for seq in asked.seqs:
        if seq not in there:
            raise NotFound("There is no event %(seq)d", seq=seq)
        if seq in kept_back:
            raise NotAllowed("Judge first: event %(seq)d says what somebody made of this interview", seq=seq)
        if there[seq].type not in ERASABLE:
            raise BadInput("Event %(seq)d (%(type)s) holds nobody's words and stays", seq=seq, type=there[seq].type)
    # Beside a text, events are only dropped: what else they brought into the files is not the secret.
    found = _trace(log, interview, events, asked.text, () if asked.text else asked.seqs)
    named = {seq for seq in asked.seqs if there[seq].data is not None}
    gone, unknown = with_dependants(
        events, named | {seq for seq in found.seqs if there[seq].type in ERASABLE and there[seq].data is not None}
    )
    if not gone:
        return Plan((), ())
    state = fold(events)
    then = [*_whole_again(events, state, found, unknown, asked.text)]
    # Behind a withdrawal, said again it would count as said behind it.
    withdrawn = withdrawn_at(records)
    over = {record.seq for record in records if judgement(record) and not sees("interviewer", record, withdrawn)}
    over |= gone & _replaced(events)
    then += [draft for event in events if event.seq in gone - over for draft in _said_again(event, state, asked)]
    _require_whole(events, gone, asked, then)
    return Plan(tuple(sorted(gone)), tuple(then))


def _replaced(events: Sequence[e.Event]) -> set[int]:
    """Ratings, answers and overrides behind which their rater, or for an override anybody, said something newer of the same."""
    newest: dict[tuple[str, ...], int] = {}
    people: dict[int, tuple[str, ...]] = {}
    for event in events:
        match event.data:
            case e.RatingRecorded(rater=rater):
                about: tuple[str, ...] = (event.type, rater)
            case e.ExplanationRated(rater=rater, question=question):
                about = (event.type, rater, question)
            case e.ScoreOverridden(dimension=dimension):
                about = (event.type, dimension)
            case _:
                continue
        newest[about], people[event.seq] = event.seq, about
    return {seq for seq, about in people.items() if newest[about] != seq}


def _whole_again(
    events: Sequence[e.Event], state: State, found: Traces, unknown: Collection[str], wanted: Collection[str]
) -> list[Draft]:
    """The files that nobody would know any more, and those that still hold it, as they are but for the secret."""
    last = {event.data.path: event.data for event in events if isinstance(event.data, e.FileSnapshotted)}
    drafts: list[Draft] = []
    for path, view in state.files.items():
        name = str(blotted(path, wanted))
        while name != path and name in state.files:
            name += BLOT
        if view.text is None:
            if path in unknown:
                again = last[path].model_copy(update={"path": name, "version": view.version + 1, "origin": "redacted"})
                drafts.append(Draft("system", again))
            continue
        text = found.texts.get(path, view.text)
        if path in unknown or text != view.text:
            raw = text.encode()
            whole = e.FileSnapshotted(
                path=name, version=view.version + 1, text=text, size=len(raw), sha256=sha256_hex(raw), origin="redacted"
            )
            drafts.append(Draft("system", whole))
    return drafts


def _said_again(event: e.Event, state: State, asked: Redaction) -> list[Draft]:
    """An erased event once more without the secret, where something would wait for it, or a judgement be lost with it."""
    data = event.data
    emptied: dict[str, str | None]
    match data:
        case e.ReplyFinished() | e.ReplyFailed():
            emptied = {"text": ""} if isinstance(data, e.ReplyFinished) else {"reason": BLOT}
        case e.SuggestionDecided() if state.status in AT_WORK:
            emptied = {"reason": "", "kept": None}
        case e.TicketReturned() if _newest(event, state):
            emptied = {"title": "", "description": ""}
        case e.HunkJudged() if _newest(event, state):
            emptied = {"fault": "", "repair": None}
        case e.NoteAdded() | e.AnalysisRecorded() | e.ScoreRecorded():
            emptied = {}
        case e.RatingRecorded() | e.ExplanationRated() | e.ScoreOverridden():
            emptied = {}
        case _:
            return []
    if event.seq in asked.seqs:
        if not emptied:
            return []
        return [Draft(event.actor, data.model_copy(update=emptied), event.cause)]
    again = e.load_payload(event.type, data.v, blotted(e.dump_payload(data), asked.text))
    return [Draft(event.actor, again, event.cause)]


def _newest(event: e.Event, state: State) -> bool:
    """Whether what came back, or the verdict, still stands: said again, an older one would take the place of a newer."""
    match event.data:
        case e.TicketReturned(ticket=name):
            ticket = state.tickets.get(name)
            over = ticket is not None and ticket.status in ("returned", "failed")
            stands = [ticket.change, ticket.answer] if ticket is not None and over else []
        case e.HunkJudged(hunk=hunk):
            stands = [state.review.verdicts.get(hunk)] if state.review is not None else []
        case _:
            stands = []
    return any(one is not None and one["seq"] == event.seq for one in stands)


def _require_whole(events: Sequence[e.Event], gone: Collection[int], asked: Redaction, then: Sequence[Draft]) -> None:
    """Raise ``PlatformFailure`` where what is left would not fold: a log that cannot be read again is worse than any secret."""
    left = [event._replace(data=None) if event.seq in gone else event for event in events]
    for draft in (Draft("system", erased(gone, asked.reason)), *then):
        seq, at_ms = left[-1].seq + 1, left[-1].at_ms
        left.append(
            e.Event(seq=seq, at_ms=at_ms, actor=draft.actor, type=draft.data.type, cause=draft.cause, data=draft.data)
        )
    try:
        fold(left)
    except (PairsightError, KeyError) as error:
        raise PlatformFailure(
            "What is left could not be read any more (%(why)s); nothing was erased", why=type(error).__name__
        ) from None


def redact(
    room: Room, author: str, asked: Redaction, key: ClientKey | None = None, *, judged: bool = True
) -> list[int]:
    """Erase it from that interview, from the disk of its sandbox and from what the assistant is told; returns the events.

    A repeated key erases nothing and returns what it erased. What people and models made of the interview is left where the author
    has not ``judged`` it or may not read it any more. Raises ``NotFound`` where nothing carries it, ``NotAllowed`` for an event of
    that kind by its number.
    """
    interview = room.interview
    unread = _unread(interview, judged)
    if known := interview.known(key):
        return [int(seq) for seq in last_payload(known, "payload.erased")["seqs"]]
    if (_under_way(room) or _busy(room)) and plan(interview.log, interview.id, asked, unread).seqs:
        _end_replies(room)
    gone: list[int] = []
    for turn in range(ROUNDS):
        # What the disk holds is taken over first, so that it is found; the blotted text is written after.
        room.workspace.flush()
        once = _once(room, author, asked, None if turn else key, unread)
        gone += once
        if not once or not asked.text:
            break
    if not gone:
        raise NotFound("Nothing in this interview holds that text; what is not recorded here cannot be erased here")
    room.workspace.flush()
    return sorted(set(gone))


def _unread(interview: Interview, judged: bool) -> Callable[[e.Record], bool]:
    withdrawn = withdrawn_at(interview.log.read(interview.id))
    return lambda record: judgement(record) and not (judged and sees("interviewer", record, withdrawn))


def _once(
    room: Room, author: str, asked: Redaction, key: ClientKey | None, unread: Callable[[e.Record], bool]
) -> list[int]:
    interview = room.interview
    with interview.lock:
        interview.known(key)
        made = plan(interview.log, interview.id, asked, unread)
        if made.seqs:
            with suppress(PlatformFailure):
                room.workspace.parts()[2].forget()
            interview.erase(made.seqs, author, asked.reason, made.then, key)
        return list(made.seqs)


def _under_way(room: Room) -> list[str]:
    """Turns and rounds of tickets that wait for an end."""
    state = room.interview.state
    rounds = [view for ticket in state.tickets.values() for view in ticket.rounds]
    return [view.turn for view in (*state.turns, *rounds) if view.status in UNDER_WAY]


def _end_replies(room: Room) -> None:
    """What is under way was asked with the secret, and may be about to say it."""
    turns = _under_way(room)
    for turn in turns:
        room.pairing.stop(turn)
    room.delegation.shut()
    deadline = time.monotonic() + REPLY_ENDS_S
    while _busy(room) and time.monotonic() < deadline:
        time.sleep(0.02)


def _busy(room: Room) -> bool:
    """Whether a reply or a round is answered, or has ended and is not let go of yet."""
    return room.pairing.busy or room.delegation.busy


def redact_kept(log: EventLog, interview: str, lease: Lease, author: str, asked: Redaction) -> list[int]:
    """As ``redact``, for an interview that nobody leads; ``lease`` is the caller's."""
    made = plan(log, interview, asked)
    if not made.seqs:
        raise NotFound("Nothing in this interview holds that text; what is not recorded here cannot be erased here")
    log.erase(interview, made.seqs, author, asked.reason, made.then, lease)
    return list(made.seqs)
