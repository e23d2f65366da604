"""A load of people at work, and what must be true of them afterwards.

Owns several interviews at once, each with a candidate who edits, asks, runs, creates, deletes and decides, and an interviewer
who watches and writes notes; every word of theirs is unique. Invariant: ``check`` fails where anything that was acknowledged is
missing, anything came twice, or any two views of an interview differ, the sandbox's disk among them. Leaves out what goes
wrong meanwhile (the tests).
"""

from __future__ import annotations

import io
import json
import random
import threading
from collections import Counter
from functools import partial

from interviews import events as e
from interviews.chain import sha256_hex, verify
from interviews.fold import fold
from interviews.ndjson import read_log
from interviews.text import length
from interviews.visibility import wire
from tests.faults.pages import Follower, Page, Stopped, payloads
from tests.product import Product, opened_log, understand, wait, with_candidate
from tests.unit.test_fold_oracle import in_browser

PAUSE_S = 0.02


class Worker:
    """One person at one page, in a thread of its own. ``said`` is what the server acknowledged, by kind."""

    def __init__(self, page: Page, seed: int) -> None:
        self.page, self.name, self.chance = page, page.client, random.Random(seed)
        self.said: dict[str, list[str]] = {}
        self.tried: Counter[str] = Counter()
        self.failed: BaseException | None = None
        self._count = 0
        self._thread = threading.Thread(target=self._work, name=f"work-{self.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def acknowledged(self) -> int:
        """How much was acknowledged so far."""
        return sum(map(len, self.said.values()))

    def stop(self) -> None:
        """Say no more; the page stays open. Raises what went wrong."""
        self.page.stopped.set()
        self._thread.join(90)
        assert not self._thread.is_alive()
        self.page.stopped.clear()
        if self.failed is not None:
            raise self.failed

    def _work(self) -> None:
        try:
            while not self.page.stopped.wait(PAUSE_S):
                self._count += 1
                self.do(self._count)
        except Stopped:
            pass
        except BaseException as error:
            self.failed = error

    def do(self, number: int) -> None:
        raise NotImplementedError

    def say(self, kind: str, word: str, name: str, **message: object) -> bool:
        """An act under one client_seq; whether it was done."""
        self.tried[kind] += 1
        answer = self.page.act(name, **message)
        if answer["ok"]:
            self.said.setdefault(kind, []).append(str(answer.get("run", word)))
        return bool(answer["ok"])


class Candidate(Worker):
    """Writes a file of its own line by line, each line a word that no other has, and does the rest now and then."""

    def __init__(self, page: Page, seed: int) -> None:
        super().__init__(page, seed)
        self.path = f"{self.name}.txt"
        self._view, self._terminal = Follower(page), ""

    def do(self, number: int) -> None:
        word = f"{self.name}-{number}"
        if self._view.file(self.path) is None:
            if not self.say("file", self.path, "create", path=self.path):
                # The server's last word was that it failed: a person tries again.
                return
            self.page.until(lambda: self._view.file(self.path))
        match self.chance.random():
            case x if x < 0.75:
                self._write(word)
            case x if x < 0.79:
                self.say("file", f"{word}.md", "create", path=f"{word}.md")
            case x if x < 0.81 and len(made := self.said.get("file", [])) > 3:
                path = made[-1]
                if self.say("deleted", path, "delete", path=path):
                    made.remove(path)
            case x if x < 0.9:
                self._prompt(word)
            case x if x < 0.96:
                self.say("run", "", "run")
            case _:
                self._decide()

    def _write(self, word: str) -> None:
        """As an editor does: one message until it has an answer, then made anew only where it was not taken."""
        while True:
            version, text = self._view.file(self.path) or (0, "")
            size = length(text)
            update = {"clientID": self.name, "changes": [*([size] if size else []), [0, f"{word} 😀", ""]]}
            answer = self.page.act("edit", path=self.path, version=version, updates=[update])
            if answer["ok"]:
                self.page.until(partial(self._newer, version))
                break
            if f"{word} " in (self._view.file(self.path) or (0, ""))[1]:
                break
            self.page._pause()
        self.said.setdefault("word", []).append(word)

    def on_disk(self) -> None:
        """Fail where the file in the sandbox is another than the log's. The sandbox may just be started again."""
        self.page.until(self._open_terminal)
        self.page.act("term.input", terminal=self._terminal, data=f"sha256sum {self.path}\r")
        _, text = self._view.file(self.path) or (0, "")
        digest = sha256_hex(text.encode())
        self.page.until(lambda: digest in "".join(self._view.state.terminals[self._terminal].output))

    def _open_terminal(self) -> bool:
        answer = self.page.act("term.open", cols=120, rows=20)
        self._terminal = str(answer.get("terminal"))
        return bool(answer["ok"])

    def _newer(self, version: int) -> bool:
        return (self._view.file(self.path) or (0, ""))[0] > version

    def _prompt(self, word: str) -> None:
        text = f"{word}: please build the whole playlist feature: length, clean, without an artist."
        self.say("prompt", text, "ask", text=text, attachments=[])

    def _decide(self) -> None:
        for name, view in self._view.state.suggestions.items():
            for hunk in view.hunks:
                if hunk["hunk"] not in view.decisions:
                    word, asked = f"{name}/{hunk['hunk']}", {"suggestion": name, "hunk": hunk["hunk"]}
                    self.say("hunk", word, "decide", **asked, decision="rejected")
                    return


class Interviewer(Worker):
    """Watches, and notes what it sees."""

    def do(self, number: int) -> None:
        if number % 4 == 0:
            word = f"{self.name}-{number} noted"
            self.say("note", word, "note", text=word, about_seq=min(len(self.page.events), 3))


class Load:
    """People at work in some interviews of one product."""

    def __init__(self, product: Product, interviews: list[str], seed: int) -> None:
        self.workers: list[Worker] = []
        for number, interview in enumerate(interviews):
            candidate = Page(with_candidate(product, interview), "candidate", f"c{number}")
            assert candidate.consent().status_code == 200
            interviewer = Page(with_candidate(product, interview), "interviewer", f"i{number}")
            self.workers += [Candidate(candidate, seed + number), Interviewer(interviewer, seed - number)]

    def acknowledged(self, kind: str = "") -> int:
        """How much was, of that kind or in all."""
        if kind:
            return sum(len(worker.said.get(kind, ())) for worker in self.workers)
        return sum(worker.acknowledged for worker in self.workers)

    def start(self) -> None:
        for worker in self.workers:
            worker.start()

    def more(self, count: int, kind: str = "", seconds: float = 60) -> None:
        """Wait until that much more was acknowledged, of that kind where one is given."""
        goal = self.acknowledged(kind) + count

        def there() -> bool:
            for worker in self.workers:
                if worker.failed is not None:
                    raise worker.failed
            return self.acknowledged(kind) >= goal

        wait(there, seconds)

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()

    def close(self) -> None:
        for worker in self.workers:
            worker.page.close()

    def check(self, product: Product, moments: int = 12) -> Counter[str]:
        """Fail where something is lost, doubled or different; returns what was acknowledged, by kind.

        The workers are stopped, the product runs. ``moments``: so many random events, after each of which all views are compared.
        """
        told = Counter[str]()
        with opened_log(product) as log:
            for number, worker in enumerate(self.workers):
                if isinstance(worker, Candidate):
                    worker.on_disk()
                records = log.read(worker.page.interview)
                verify(log.header(worker.page.interview), records)
                _nothing_lost_or_twice(worker, records)
                _views_agree(worker.page, records, random.Random(number), moments)
                told.update({kind: len(words) for kind, words in worker.said.items()})
        return told


def _nothing_lost_or_twice(worker: Worker, records: list[e.Record]) -> None:
    """Each acknowledged word is in the log, and none of this person's is there twice."""
    state = fold(map(e.understand, records))
    made = [p["path"] for p in payloads(records, "file.snapshotted") if p["origin"] == "typed"]
    there = {
        "prompt": [p["text"] for p in payloads(records, "prompt.sent")],
        "note": [note["text"] for note in state.notes],
        "hunk": [f"{p['suggestion']}/{p['hunk']}" for p in payloads(records, "suggestion.decided")],
        "run": [p["run"] for p in payloads(records, "run.started")],
        "file": made,
        "deleted": [p["path"] for p in payloads(records, "file.deleted") if p["origin"] == "typed"],
    }
    if isinstance(worker, Candidate):
        text = state.files[worker.path].text if worker.path in state.files else ""
        there["word"] = [line.removesuffix(" 😀") for line in (text or "").splitlines()]
        inserted = [
            word
            for p in payloads(records, "file.edited")
            if p["path"] == worker.path
            for part in p["changes"]
            if isinstance(part, list)
            for word in part[1:]
            if word
        ]
        assert Counter(inserted) == Counter(f"{word} 😀" for word in there["word"]), "an edit is not in the text once"
        assert len(there["run"]) <= worker.tried["run"]
        assert all(path in state.files for path in worker.said.get("file", []))
    for kind, words in there.items():
        twice = [word for word, count in Counter(words).items() if count > 1]
        lost = set(worker.said.get(kind, [])) - set(words)
        assert not twice, f"{kind}: twice {twice[:5]}"
        assert not lost, f"{kind}: acknowledged and lost {sorted(lost)[:5]}"


def _views_agree(page: Page, records: list[e.Record], chance: random.Random, moments: int) -> None:
    """What the page's socket brought, folded up to any event, is what the server says and what its own log says."""
    last = len(records)
    page.until(lambda: len(page.events) >= last)
    live = page.events[:last]
    role: e.Role = "candidate" if page.role == "candidate" else "interviewer"
    assert live == json.loads(json.dumps([wire(role, record) for record in records]))
    for at in sorted({last, *chance.choices(range(1, last + 1), k=moments)}):
        folded = fold(map(understand, live[:at])).to_json()
        assert folded == page.get(f"state?at={at}"), f"live and replayed differ at {at}"
        if role == "interviewer":
            assert folded == fold(map(e.understand, records[:at])).to_json(), f"live and log differ at {at}"
    for at in (last, chance.randrange(1, last)):
        assert in_browser(live[:at]) == fold(map(understand, live[:at])).to_json(), (
            f"the browser's fold differs at {at}"
        )
    if role == "interviewer":
        exported = page.http.get(f"{page.address}/interviews/{page.interview}/export.log", timeout=60)
        assert read_log(io.StringIO(exported.text))[1][:last] == records
