"""One interview that two people, an assistant and a shell work on at once, with all that lies between them.

Owns the server's side (real: ``Interview``, ``editing``, ``Proposals.decide``, ``Mirror`` over a real sandbox), the wires to the
pages, on which everything waits until it is let through, and the account of every character that was ever put in. Invariant:
nothing happens but what is called. Each character put in is unlike all others, so that it can be followed.
"""

from __future__ import annotations

import shlex
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from interviews import events as e
from interviews import exercises
from interviews.anchors import around, lines_of
from interviews.errors import Conflict, PairsightError
from interviews.fold import fold
from interviews.log import ClientKey, Draft, MemoryLog
from interviews.service import editing
from interviews.service.interview import Interview
from interviews.service.mirror import Mirror
from interviews.service.proposals import Proposals
from interviews.service.synced import settled_until
from interviews.visibility import wire
from sandbox.base import FileEntry, Sandbox
from tests.convergence.replicas import Replicas, Sent
from tests.product import understand
from tests.support import counting_salt, header, tools

START = {
    "a.py": "def one():\n    return 1\n\n\ndef two():\n    return 2\n",
    "b.txt": "first\r\nsecond 😀\r\n",
    "d/c.py": "",
}
PATHS = (*START, "n.md", "d/m.md")
# Until a text is settled on disk: more than what counts as a moment (``SETTLED_MS``).
LONG_MS = 60_000


class Meddled:
    """A sandbox on which something may happen just before the disk is read, written or deleted from."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.plans: list[tuple[str, Callable[[], None]]] = []

    def _moment(self, name: str) -> None:
        due = next((plan for plan in self.plans if plan[0] == name), None)
        if due is not None:
            self.plans.remove(due)
            due[1]()

    def read(self, path: str) -> bytes:
        data = self._sandbox.read(path)
        self._moment("after read")
        return data

    def write(self, path: str, data: bytes, expected: str | None = None) -> None:
        self._moment("before write")
        self._sandbox.write(path, data, expected)
        self._moment("after write")

    def delete(self, path: str, expected: str | None = None) -> None:
        self._moment("before delete")
        self._sandbox.delete(path, expected)

    def list(self) -> list[FileEntry]:
        entries = self._sandbox.list()
        self._moment("after list")
        return entries


@dataclass
class Wire:
    """A page and what is under way from and to it."""

    name: str
    role: e.Role
    author: editing.Author
    online: bool = False
    seen: int = 0
    going: deque[Sent] = field(default_factory=deque)
    # Over a connection that ended: the server may still read them, nobody hears the answer.
    stray: deque[Sent] = field(default_factory=deque)
    acks: deque[tuple[int, dict[str, Any]]] = field(default_factory=deque)
    # Files that this person deleted and whose end the page has not heard of: what is typed there goes with them.
    deleting: set[str] = field(default_factory=set)


class Course:
    """Everything at one interview."""

    def __init__(self, sandbox: Sandbox, replicas: Replicas) -> None:
        self.now = 1_700_000_000_000
        self.sandbox, self.meddled, self.replicas = sandbox, Meddled(sandbox), replicas
        self.log = MemoryLog(self._tick, counting_salt())
        self.log.create(header("i1", co_edit=True))
        self.exercise, self.tools = exercises.load("prompted-playlists"), tools()
        self.put_in = 0
        self.made: set[str] = set()
        self.owed: set[str] = set()
        self.loose: set[str] = set()
        self.acts = 0
        self.offered: list[tuple[str, e.Hunk]] = []
        self.wires = {
            "candidate": Wire("candidate", "candidate", editing.Author("candidate", "c1")),
            "interviewer": Wire(
                "interviewer", "interviewer", editing.Author("interviewer:interviewer", "interviewer:w1")
            ),
        }
        replicas.ask("forget")
        sandbox.exec(["bash", "-c", "rm -rf .git; find . -mindepth 1 -delete"])
        self._fold()
        self.interview.record(
            Draft("candidate", e.ConsentGiven(text_sha256="0" * 64, locale="en")),
            *(Draft("system", editing.snapshot(path, 1, text, "starter")) for path, text in START.items()),
            Draft("system", e.InterviewStarted()),
            Draft("system", e.PhaseStarted(phase="open", duration_ms=10**12)),
        )
        self.mirror = self._new_mirror()
        self.mirror.sync()
        self.run(
            "cp -r /tmp/start .git || { git init -q . && git add -A && git commit -qm start && cp -r .git /tmp/start; }"
        )
        self.now += LONG_MS
        for name in self.wires:
            self.open(name)

    def _tick(self) -> int:
        self.now += 10
        return self.now

    # The server

    def _fold(self) -> None:
        self.interview = Interview(self.log, self.log.header("i1"), self.exercise, self.tools)
        self.proposals = Proposals(self.interview)

    def _new_mirror(self) -> Mirror:
        return Mirror(self.interview, cast(Sandbox, self.meddled))

    def restart(self, remembered: bool) -> None:
        """The server ends and another begins from the log; ``remembered``: what was in step is still known."""
        until = settled_until(self.log.read("i1"))
        for name, one in self.wires.items():
            self.lose(name)
            one.stray.clear()
        known = self.mirror.synced if remembered else None
        for path, half in self.mirror.synced.items() if known is None else ():
            if half.ahead:
                # What the disk holds is then a guess (docs/decisions/0003), and of both sides' changes at one place a bad one.
                self.lost(self.text(path))
        self._fold()
        self.mirror = self._new_mirror()
        self.mirror.recall(known, until)
        self.mirror.rescan()
        self.mirror.sync()

    def keyframe(self, path: str) -> None:
        view = self.interview.state.files[path]
        assert view.text is not None
        self.interview.record(Draft("system", editing.snapshot(path, view.version, view.text, "keyframe")))

    def key(self, name: str) -> ClientKey:
        self.acts += 1
        return ClientKey(name, self.acts)

    def act(self, name: str, what: Callable[[Interview, editing.Author, ClientKey], None], again: bool) -> bool:
        """An act of a person, which may reach the server twice; whether it was done."""
        author, key = self.wires[name].author, self.key(name)
        try:
            what(self.interview, author, key)
            if again:
                what(self.interview, author, key)
        except PairsightError:
            return False
        return True

    def delete(self, name: str, path: str, again: bool) -> None:
        if not self.wires[name].online:
            return
        # People delete what they see.
        self.events(name, 10**6)
        gone = self.text(path)
        if self.act(name, lambda *them: editing.delete(them[0], path, *them[1:]), again):
            self.lost(gone + self.shown(name)["texts"].get(path, ""))
            self.wires[name].deleting.add(path)

    def offer(self, path: str, line: int, keep: bool) -> None:
        """The assistant proposes to replace a line, or to put one before it."""
        view = self.interview.state.files[path]
        lines = lines_of(view.text or "") or [""]
        line %= len(lines)
        before = lines[line]
        lead, trail = around(lines, line, line + 1)
        after = self.character() + "\n" + (before if keep else "")
        self.acts += 1
        name = f"s{self.acts}"
        hunk = e.Hunk(
            hunk="h", path=path, base_version=view.version, line=line + 1, before=before, after=after, lead=lead, trail=trail
        )  # fmt: skip
        self.interview.record(
            Draft("candidate", e.PromptSent(turn=name, text="please")),
            Draft("assistant", e.SuggestionOffered(suggestion=name, turn=name, title="A change", hunks=(hunk,))),
        )
        self.offered.append((name, hunk))

    def accept(self, number: int) -> None:
        name, hunk = self.offered.pop(number % len(self.offered))
        try:
            self.proposals.decide(name, "h", "accepted", "", self.key("candidate"))
        except PairsightError:
            return
        self.owed |= set(hunk.after) & self.made
        self.lost(hunk.before if hunk.before not in hunk.after else "")

    # The shell

    def run(self, line: str) -> None:
        before = self.on_disk()
        self.sandbox.exec(["bash", "-c", line])
        was, now = Counter("".join(before.values())), Counter("".join(self.on_disk().values()))
        self.lost("".join(was.keys() - now.keys()))
        # A copy, or what a checkout brings back, is no second time that anybody put it in.
        self.lost("".join(one for one, count in now.items() if count > max(1, was[one])))
        self.owed |= (now.keys() - was.keys()) & self.made

    def on_disk(self) -> dict[str, str]:
        """The files' texts."""
        return {entry.path: self.sandbox.read(entry.path).decode() for entry in self.sandbox.list()}

    def shell(self, kind: str, path: str, to: str) -> None:
        name, other, new = shlex.quote(path), shlex.quote(to), self.character()
        lines = {
            "append": f"mkdir -p d; echo {new} >> {name}",
            "begin": f"sed -i '1s/^/{new}/' {name}",
            "replace": f"sed -i '0,/e/s/e/{new}/' {name}",
            "delete line": f"sed -i 2d {name}",
            "rewrite": f"cp {name} tmp && echo {new} >> tmp && mv tmp {name}",
            "empty": f"[ -f {name} ] && : > {name}",
            "move": f"mkdir -p d; mv {name} {other}",
            "move and change": f"mkdir -p d; mv {name} {other} && echo {new} >> {other}",
            "remove": f"rm {name}",
            "remove and make": f"mkdir -p d; rm -f {name}; echo {new} > {name}",
            "checkout": f"git checkout -q -- {name}",
            "stash": "git stash -q",
            "pop": "git stash pop -q",
        }
        under = self.on_disk().get(to, "") if kind.startswith("move") else ""
        self.run(lines[kind])
        if under and self.on_disk().get(to) != under:
            # Whoever moves a file over another means its text to go, also where a rename has just brought it there.
            self.lost(under)

    # The pages

    def character(self) -> str:
        """One that was never put in before; every second one is a surrogate pair."""
        self.put_in += 1
        found = chr((0x4E00 if self.put_in % 2 else 0x20000) + self.put_in)
        self.made.add(found)
        return found

    def lost(self, text: str) -> None:
        """Somebody meant to delete this: nothing is expected of these characters any more."""
        self.loose |= set(text)

    def ask(self, op: str, page: str, **more: object) -> Any:
        result, sent = self.replicas.ask(op, page, **more)
        for one in sent:
            self.wires[one.page].going.append(one)
        return result

    def shown(self, name: str) -> Any:
        return self.ask("shown", name)

    def text(self, path: str) -> str:
        view = self.interview.state.files.get(path)
        return (view.text or "") if view else ""

    def open(self, name: str) -> None:
        """Open the page, or open it again with what was kept for it."""
        self.lose(name)
        one = self.wires[name]
        one.seen, events = self.interview.state.seq, self._events(one, 0)
        self.ask("open", name, client=one.author.client, events=events)
        one.deleting.clear()
        self.connect(name)

    def connect(self, name: str) -> None:
        self.events(name, 10**6)
        self.wires[name].online = True
        self.ask("online", name)

    def lose(self, name: str) -> None:
        """The connection ends: answers under way are lost, messages perhaps."""
        one = self.wires[name]
        if one.online:
            one.online = False
            self.ask("offline", name)
        one.stray.extend(one.going)
        one.going.clear()
        one.acks.clear()

    def _events(self, to: Wire, after: int) -> list[dict[str, Any]]:
        return [wire(to.role, record) for record in self.log.read("i1", after)]

    def events(self, name: str, most: int) -> None:
        """Let the next events through."""
        to = self.wires[name]
        waiting = self._events(to, to.seen)
        # Both events of a rename are sent in one message.
        most += len(waiting) > most and bool((waiting[most - 1]["payload"] or {}).get("renamed_from"))
        events = waiting[:most]
        if events:
            self.ask("events", name, events=events)
            to.seen += len(events)
        if to.seen == self.interview.state.seq:
            to.deleting.clear()

    def message(self, name: str, stray: bool = False) -> None:
        """Let the next message through to the server, whose answer then waits."""
        one = self.wires[name]
        queue = one.stray if stray else one.going
        if not queue:
            return
        sent = queue.popleft()
        ack = self._handle(one, sent)
        if not stray:
            one.acks.append((sent.id, ack))

    def _handle(self, one: Wire, sent: Sent) -> dict[str, Any]:
        message = sent.message
        key = ClientKey(f"page {one.name}", message["client_seq"])
        try:
            updates = editing.read_updates(message["updates"])
            version = editing.push(self.interview, message["path"], message["version"], updates, one.author, key)
        except PairsightError as error:
            return {"ok": False, "code": "stale" if isinstance(error, Conflict) else "refused", "error": str(error)}
        return {"ok": True, "version": version}

    def ack(self, name: str) -> None:
        if self.wires[name].acks:
            number, ack = self.wires[name].acks.popleft()
            self.ask("ack", name, id=number, ack=ack)

    def edit(self, name: str, path: str, at: float, length: int, how: str, line: bool) -> None:
        new = self.character() + ("\n" if line else "")
        if path in self.wires[name].deleting:
            self.lost(new)
        self.owed.add(new[0])
        self.lost(self.ask("edit", name, path=path, at=at, insert=new, how=how, **{"del": length}))

    def undo(self, name: str, path: str, op: str) -> None:
        before = self.ask(op, name, path=path)
        after = self.shown(name)["texts"][path]
        self.lost("".join(set(before) ^ set(after)))

    # The end

    def settle(self) -> None:
        """Let everything through until nothing moves any more."""
        self.meddled.plans.clear()
        for _ in range(60):
            before = self.interview.state.seq
            for name, one in self.wires.items():
                if not one.online:
                    self.connect(name)
                while one.going or one.acks or one.seen < self.interview.state.seq:
                    self.message(name)
                    self.ack(name)
                    self.events(name, 10**6)
                self.ask("tick", name)
            self.mirror.rescan()
            done = self.mirror.sync()
            quiet = not any(one.going or one.acks for one in self.wires.values())
            unsent = sum(self.shown(name)["unsent"] for name in self.wires)
            if done and quiet and not unsent and self.interview.state.seq == before:
                return
        raise AssertionError(f"nothing settles: {[self.shown(name) for name in self.wires]}")

    def check(self) -> None:
        """After ``settle``: everybody has the same, and nothing that anybody put in and nobody took out is missing or doubled."""
        files = {path: view.text for path, view in self.interview.state.files.items()}
        records = self.log.read("i1")
        assert fold(e.understand(record) for record in records).to_json() == self.interview.state.to_json()
        assert self.on_disk() == files
        orphans = ""
        for name, one in self.wires.items():
            shown = self.shown(name)
            assert shown["texts"] == files, name
            seen = fold(understand(event) for event in self._events(one, 0))
            assert shown["state"] == seen.to_json(), name
            assert shown["refused"] == "", name
            orphans += "".join(orphan["text"] for orphan in shown["orphans"])
        everything = "".join(text or "" for text in files.values())
        for character in self.owed - self.loose:
            hint = f"{character!r} U+{ord(character):X}"
            assert character in everything or character in orphans, f"{hint} is lost"
            for path, text in files.items():
                assert (text or "").count(character) <= 1, f"{hint} is in {path} more than once"
