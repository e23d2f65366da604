"""The live connection: messages of candidate and viewers in, events out.

Owns the Socket.IO handlers. Invariant: an ``ok`` acknowledgement means committed; events reach each client in seq
order, with the gap since what it last saw; a second tab of the candidate takes over and the first is told, but for a page of
tickets alone. Leaves out what the acts do (``interviews.service``).
"""

from __future__ import annotations

import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, cast, get_args
from weakref import WeakSet

from flask import request
from flask_socketio import ConnectionRefusedError, SocketIO, join_room, leave_room

from interviews import events as e
from interviews.errors import BadInput, Conflict, NotAllowed, NotFound, PairsightError, PlatformFailure
from interviews.log import ClientKey
from interviews.service import consenting, editing, redaction
from interviews.service.background import begin
from interviews.service.interview import Interview
from interviews.service.rating import ANYBODY, has_seen
from interviews.service.registry import Interviews
from interviews.service.room import Room
from interviews.visibility import wire
from web import auth
from web.buckets import COSTS, Bucket, Buckets, Busy
from web.gate import Gate
from web.i18n import tell
from web.lines import OnCut, bound
from web.seats import Seats

BATCH = 500
# A gap goes out in parts of so many events, or characters.
PART = 5000
PART_VOLUME = 1_000_000
# So many events of a gap cost as much as a message.
EVENTS = 50
ROLES: tuple[e.Role, ...] = get_args(e.Role)
# What interviewers may do too, where that was agreed.
EDITS = ("edit", "create", "rename", "delete")
ACTS = (
    "run", "ask", "stop", "decide", "decide_all", "refresh",
    "ticket.open", "ticket.revise", "ticket.close", "ticket.stop", "comment", "judge",
    "flushed", "next_phase", "submit",
)  # fmt: skip
TERMINAL_ACTS = ("term.open", "term.input", "term.resize", "term.close")
# A page of the candidate's that takes over from none, and none from it: their phone beside the workspace. It does these alone.
TICKETS_PAGE = "tickets"
TICKETS_PAGE_ACTS = (
    "ticket.open", "ticket.revise", "ticket.close", "ticket.stop", "comment", "decide", "decide_all", "refresh",
)  # fmt: skip
# What a page is to do: make the change anew, send the same a little later, or once more.
CODES: dict[type[PairsightError], str] = {Conflict: "stale", Busy: "busy", PlatformFailure: "failed"}
HANG_UP_S = 5.0
STOPPING = NotAllowed("The server is being started again. What you did is kept on this page and sent in a moment.")
Message = dict[str, Any]
Handler = Callable[..., Message]
logger = logging.getLogger("pairsight")


@dataclass
class Client:
    """A connected page: which room, in which role, and its own id. ``acting`` is false once a newer tab took over,
    ``ahead`` true once it has seen more than there is, as after a restored backup. ``page`` is "tickets" on the page of that
    name, else empty; ``rater`` is an interviewer's name. ``number`` counts connections up, ``greeted`` is true once it said hello.

    ``client`` begins with the role: ids are chosen by pages and seen by others, and nobody may speak under another's.
    """

    room: Room
    role: e.Role
    client: str
    bucket: Bucket
    acting: bool = True
    joined: bool = False
    ahead: bool = False
    page: str = ""
    rater: str = ANYBODY
    number: int = 0
    greeted: bool = False


def channel(interview: str, role: str) -> str:
    """The Socket.IO room of one role in one interview."""
    return f"{interview}/{role}"


class Sockets:
    """The handlers, and who is connected by socket id."""

    def __init__(
        self,
        socketio: SocketIO,
        interviews: Interviews,
        answering: Callable[[str, Handler], Handler] = lambda _, handler: handler,
        on_cut: OnCut = lambda _: None,
    ) -> None:
        """``answering`` may watch a message's handler by its name, by standing in for it; ``on_cut`` is that of ``lines``."""
        self._socketio, self._interviews, self._answering = socketio, interviews, answering
        self._clients: dict[str, Client] = {}
        self._numbers = itertools.count(1)
        self._heard: WeakSet[Interview] = WeakSet()
        self._buckets = Buckets(time.monotonic)
        bound(socketio.server.eio, self._buckets, on_cut)
        Seats(socketio.sockio_mw.flask_app, interviews.get)
        interviews.on_moved = lambda room: self._hang_up(lambda client: client.room is room)
        self._gate = Gate()
        connections = socketio.server.eio
        # Around the whole of it: an acknowledgement is sent behind the handler's back.
        connections.on("message", self._gate.around(connections.handlers["message"]))
        socketio.on_event("connect", self._connect)
        socketio.on_event("disconnect", self._disconnect)
        self._on("hello", self._hello, acting=False)
        self._on("away", self._away, acting=False)
        self._on("note", self._note, acting=False)
        self._on("redact.find", self._find_secret, acting=False)
        self._on("redact", self._redact, acting=False)
        for name in EDITS + ACTS + TERMINAL_ACTS:
            self._on(name, partial(self._act, name), acting=True)

    def _act(self, name: str, c: Client, m: Message, key: ClientKey | None) -> Message:
        """Do what the candidate's message ``name`` asks; returns what the acknowledgement carries."""
        room = c.room
        # A page's editor knows its own changes by this id: the candidate's by its bare one.
        actor = "candidate" if c.role == "candidate" else f"interviewer:{c.rater}"
        author = editing.Author(actor, c.client.removeprefix("candidate:"))
        match name:
            case "edit":
                version, path = m.get("version"), m.get("path")
                if not isinstance(version, int) or not isinstance(path, str):
                    raise BadInput("Expected a path and a version, got %(got)s", got=repr(path)[:80])
                updates = editing.read_updates(m.get("updates"))
                return {"version": editing.push(room.interview, path, version, updates, author, key)}
            case "create":
                editing.create(room.interview, m.get("path"), author, key)
            case "rename":
                editing.rename(room.interview, m.get("path"), m.get("to"), author, key)
            case "delete":
                editing.delete(room.interview, m.get("path"), author, key)
            case "term.open":
                return {"terminal": room.terminals().open(m.get("cols"), m.get("rows"))}
            case "term.input":
                room.terminals().write(m.get("terminal"), m.get("data"))
            case "term.resize":
                room.terminals().resize(m.get("terminal"), m.get("cols"), m.get("rows"))
            case "term.close":
                room.terminals().close(m.get("terminal"))
            case "run":
                return {"run": room.run(key)}
            case "ask":
                brought = m.get("attachments", []), key, m.get("mentions", []), m.get("model")
                return {"turn": room.pairing.ask(m.get("text"), *brought)}
            case "stop":
                turn = m.get("turn")
                if not isinstance(turn, str) or room.interview.state.turn(turn) is None:
                    raise NotFound("There is no reply %(turn)s to stop", turn=repr(turn)[:80])
                room.pairing.stop(turn)
            case "decide":
                wanted, why = m.get("decision"), m.get("reason", "")
                room.proposals.decide(m.get("suggestion"), m.get("hunk"), wanted, why, key, m.get("kept"))
            case "decide_all":
                wanted, why = m.get("decision"), m.get("reason", "")
                return {"stale": room.proposals.decide_all(m.get("suggestion"), wanted, why, key)}
            case "refresh":
                room.proposals.refresh(m.get("suggestion"), m.get("hunk"), key)
            case "ticket.open":
                mentions, model = m.get("mentions", []), m.get("model")
                return {"ticket": room.delegation.open(m.get("title"), m.get("text"), mentions, model, key)}
            case "ticket.revise":
                comments, model = m.get("comments"), m.get("model")
                room.delegation.revise(m.get("ticket"), m.get("text"), comments, model, key)
            case "ticket.close":
                room.delegation.close(m.get("ticket"), key)
            case "ticket.stop":
                room.delegation.stop(m.get("ticket"))
            case "comment":
                where = m.get("suggestion"), m.get("hunk"), m.get("line")
                return {"comment": room.delegation.comment(*where, m.get("text"), key)}
            case "judge":
                judged = m.get("verdict"), m.get("line", 0), m.get("fault", ""), m.get("repair")
                room.reviewing.judge(m.get("review"), m.get("hunk"), *judged, key)
            case "flushed":
                room.flushed()
            case "next_phase":
                room.next_phase(key, m.get("ends"), m.get("begins"))
            case "submit":
                room.submit("candidate", key, everything=m.get("all") is True)
        return {}

    def _on(self, name: str, act: Callable[[Client, Message, ClientKey | None], Message], *, acting: bool) -> None:
        def handle(message: object = None) -> Message:
            if self._gate.closed:
                return {"ok": False, "code": "busy", "error": tell(STOPPING)}
            try:
                if name != "edit":
                    message = _whole(message)
                client = self._clients.get(_sid())
                if client is None:
                    raise NotAllowed("This page is not connected; reload it")
                if not isinstance(message, dict):
                    raise BadInput("Expected a message with fields, got %(got)s", got=type(message).__name__)
                if acting and not (client.joined and (client.role == "candidate" or _co_edits(client, name))):
                    raise NotAllowed("Only the candidate can do this")
                if acting and client.page == TICKETS_PAGE and name not in TICKETS_PAGE_ACTS:
                    raise NotAllowed("This can be done in the workspace, not on the page for tickets")
                if acting and not client.acting:
                    raise NotAllowed("This interview is open in another tab; work goes on there")
                client.bucket.spend(COSTS.get(name, 0))
                return {"ok": True, **act(client, message, _key(client, message))}
            except PairsightError as error:
                code = next((code for kind, code in CODES.items() if isinstance(error, kind)), "refused")
                return {"ok": False, "code": code, "error": tell(error)}
            except Exception:
                logger.exception("handler %s failed", name)
                words = NotAllowed("Something failed on our side. What was acknowledged is safe; please try again.")
                return {"ok": False, "code": "failed", "error": tell(words)}

        self._socketio.on_event(name, self._answering(name, handle))

    def _connect(self, _auth: object = None) -> None:
        interview, role = request.args.get("interview", ""), request.args.get("role", "")
        name = request.args.get("client", "")
        if role not in ROLES or not auth.holds(interview, role) or not 0 < len(name) <= 64:
            raise ConnectionRefusedError("not invited")
        try:
            room = self._interviews.get(interview)
        except PairsightError as error:
            raise ConnectionRefusedError(tell(error)) from None
        self._listen(room)
        page = TICKETS_PAGE if request.args.get("page") == TICKETS_PAGE else ""
        bucket, number = self._buckets.of(interview, role), next(self._numbers)
        self._clients[_sid()] = Client(
            room, role, f"{role}:{name}", bucket, page=page, number=number, rater=auth.rater(interview)
        )

    def _listen(self, room: Room) -> None:
        interview = room.interview
        with interview.lock:
            if interview in self._heard:
                return
            self._heard.add(interview)

            interview.subscribe(partial(self._publish, interview))

    def connected(self) -> dict[str, int]:
        """How many pages are connected, by role."""
        there = Counter(client.role for client in list(self._clients.values()))
        return {role: there[role] for role in ROLES}

    @property
    def under_way(self) -> int:
        """How many messages are being answered."""
        return self._gate.inside

    def stop(self, seconds: float) -> None:
        """Begin nothing any more, have what is under way acknowledged, and end every connection; pages connect again.

        ``seconds`` is how long that may take for each of the two.
        """
        if not self._gate.close(seconds):
            logger.warning("some messages were not acknowledged in %s s", seconds)
        self._hang_up(lambda _: True, seconds)

    def _hang_up(self, which: Callable[[Client], bool], seconds: float = HANG_UP_S) -> None:
        """End these connections: the pages connect again, and find whoever leads their interview then."""
        server, ending, until = self._socketio.server, [], time.monotonic() + seconds
        for sid, client in list(self._clients.items()):
            connection = server.eio.sockets.get(server.manager.eio_sid_from_sid(sid, "/"))
            if which(client) and connection is not None:
                # The transport itself: on the same one, a page would ask this process again.
                ending.append(begin("hang-up", partial(connection.close, wait=False)))
        for thread in ending:
            thread.join(max(0.0, until - time.monotonic()))

    def _publish(self, interview: Interview, records: list[e.Record]) -> None:
        # What is analysed late may tell of planted mistakes that were taken back by then.
        withdrawn = consenting.withdrawn(interview)
        for start in range(0, len(records), BATCH):
            batch = records[start : start + BATCH]
            views = [
                (channel(interview.id, role), [wire(role, record, withdrawn) for record in batch]) for role in ROLES
            ]
            if all(view == views[0][1] for _, view in views):
                # Putting it into JSON takes longer than anything else here: what all may see is put there once.
                self._socketio.emit("events", {"events": views[0][1]}, to=[name for name, _ in views])
            else:
                for name, view in views:
                    self._socketio.emit("events", {"events": view}, to=name)

    def _send(self, to: str, role: e.Role, records: list[e.Record], withdrawn: int) -> None:
        for start in range(0, len(records), BATCH):
            batch = [wire(role, record, withdrawn) for record in records[start : start + BATCH]]
            self._socketio.emit("events", {"events": batch}, to=to)

    def _hello(self, client: Client, message: Message, _key: ClientKey | None) -> Message:
        since, interview = message.get("since", 0), client.room.interview
        if not isinstance(since, int) or since < 0:
            raise BadInput("Expected the number of the last event seen, got %(got)s", got=repr(since)[:80])
        # Once is enough: what is recorded from here on is not what such a page believes to come next.
        client.ahead = client.ahead or since > interview.state.seq
        if client.ahead:
            raise Conflict(
                "This interview was put back to an earlier moment than this page shows. Please reload the page."
            )
        if client.role == "candidate" and not client.joined and not client.page:
            self._supersede(client)
        client.room.presence(client.role, client.client, "connected")
        leave_room(channel(interview.id, client.role))
        # What is recorded stays as it is: nobody need wait while a long gap is read.
        records = interview.log.read(interview.id, since)
        part = _beginning(records)
        client.bucket.charge(len(part) / EVENTS)
        withdrawn = consenting.withdrawn(interview)
        self._send(_sid(), client.role, part, withdrawn)
        if len(part) < len(records):
            # The rest when this has arrived: it must not wait here for a slow line.
            return {"last": part[-1].seq, "now": interview.now(), "more": True}
        with interview.lock:
            # Joining and sending what came meanwhile under the lock: nothing new can come in between.
            self._send(_sid(), client.role, interview.log.read(interview.id, since + len(part)), withdrawn)
            join_room(channel(interview.id, client.role))
            client.joined = True
            return {"last": interview.state.seq, "now": interview.now()}

    def _supersede(self, greeting: Client) -> None:
        """The connection made last has the desk, whichever hello is heard first: a slow line's may come behind its successor's."""
        greeting.greeted = True
        # Also those with the same id: a duplicated tab has its original's.
        desks = {
            sid: other
            for sid, other in list(self._clients.items())
            if other.room is greeting.room and other.role == "candidate" and not other.page and other.greeted
        }
        latest = max([greeting, *desks.values()], key=lambda other: other.number)
        greeting.acting = greeting is latest
        for sid, other in desks.items():
            if other is not latest and (other.acting or other is greeting):
                other.acting = False
                self._socketio.emit("superseded", {}, to=sid)

    def _away(self, client: Client, message: Message, _key: ClientKey | None) -> Message:
        client.room.presence(client.role, client.client, "away" if message.get("away") else "connected")
        return {}

    def _note(self, client: Client, message: Message, key: ClientKey | None) -> Message:
        if client.role != "interviewer":
            raise NotAllowed("Only an interviewer can add a note")
        client.room.note(client.rater, message.get("text"), message.get("about_seq"), key)
        return {}

    def _find_secret(self, client: Client, message: Message, _key: ClientKey | None) -> Message:
        if client.role != "interviewer":
            raise NotAllowed("Only an interviewer can look for what is to be erased")
        interview = client.room.interview
        judged = has_seen(interview.log.read(interview.id), [client.rater])
        return asdict(redaction.search(interview.log, interview.id, message.get("text"), judged=judged))

    def _redact(self, client: Client, message: Message, key: ClientKey | None) -> Message:
        if client.role != "interviewer":
            raise NotAllowed("Only an interviewer can erase what was recorded")
        asked = redaction.read_redaction(message.get("text"), message.get("seqs"), message.get("reason"))
        interview = client.room.interview
        judged = has_seen(interview.log.read(interview.id), [client.rater])
        return {"seqs": redaction.redact(client.room, f"interviewer:{client.rater}", asked, key, judged=judged)}

    def _disconnect(self, _reason: object = None) -> None:
        client = self._clients.pop(_sid(), None)
        if client is None:
            return
        if not any(
            other.client == client.client and other.room is client.room for other in list(self._clients.values())
        ):
            try:
                client.room.presence(client.role, client.client, "gone")
            except PairsightError as error:
                logger.warning("presence: %s", error, extra={"interview": client.room.interview.id})


def _beginning(records: list[e.Record]) -> list[e.Record]:
    """As much of a gap as goes out at once; at least one event."""
    volume = 0
    for count, record in enumerate(records, start=1):
        volume += len(str(record.payload))
        if count == PART or volume > PART_VOLUME:
            return records[:count]
    return records


def _whole(value: object) -> object:
    """The message with halves of surrogate pairs replaced, which JSON carries but no text does.

    Edits are not mended: their sender already shows them, so they are refused and sent again whole.
    """
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_whole(item) for item in value]
        case dict():
            return {key: _whole(item) for key, item in value.items()}
        case _:
            return value


def _co_edits(client: Client, name: str) -> bool:
    return name in EDITS and client.room.interview.header.settings.co_edit


def _sid() -> str:
    return cast(str, request.sid)  # type: ignore[attr-defined]  # set by Flask-SocketIO in its handlers


def _key(client: Client, message: Message) -> ClientKey | None:
    number = message.get("client_seq")
    return ClientKey(client.client, number) if isinstance(number, int) and 0 <= number < 1 << 53 else None
