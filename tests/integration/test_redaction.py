"""A secret typed by mistake, taken out of a running interview by its interviewer, and of one that is over by an operator."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.base import Ask, Finished, Part, Provider, TextDelta
from interviews import events as e
from interviews import exercises
from interviews.errors import BadInput, NotFound, PlatformFailure
from interviews.fold import fold
from interviews.log import ClientKey, Draft, MemoryLog
from interviews.service import editing, redaction
from interviews.service.interview import Interview, Tools
from interviews.service.room import Room
from interviews.text import length, replace
from tests import product as products
from tests.integration.test_command import pairsight, refused
from tests.product import Browser, Product, wait
from tests.support import TAB, counting_salt, header, ticking_clock, tools
from tests.unit.test_pairing import Answer, Answering, paired

pytestmark = pytest.mark.sandbox
SECRET = "tok-9f3a-😀-k77x"
RUNNING = "still-running-3318"
LATER = "second-secret-4410"
REASON = "A token, pasted by mistake"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = products.start(tmp_path_factory.mktemp("redacted") / "data", PAIRSIGHT_PACE="0")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def candidate(product: Product) -> Iterator[Browser]:
    browser = Browser(product, "candidate")
    assert browser.consent().status_code == 200
    browser.connect()
    yield browser
    browser.socket.disconnect()


@pytest.fixture(scope="module")
def interviewer(product: Product, candidate: Browser) -> Iterator[Browser]:
    browser = Browser(product, "interviewer")
    browser.connect()
    yield browser
    browser.socket.disconnect()


def type_letters(browser: Browser, path: str, text: str) -> None:
    view = browser.state["files"][path]
    version, now = view["version"], view["text"]
    for at, letter in enumerate(text):
        start = length(text[:at])
        update = {"clientID": "c1", "changes": replace(now, start, start, letter), "origin": "typed"}
        answer = browser.send("edit", path=path, version=version, updates=[update])
        assert answer["ok"], answer
        version, now = answer["version"], now[:at] + letter + now[at:]
    wait(lambda: browser.state["files"][path]["version"] == version)


def shown(browser: Browser) -> str:
    """What the terminals have shown."""
    return "".join("".join(view["output"]) for view in browser.state["terminals"].values())


def in_files(product: Product, text: str) -> list[str]:
    """The files of the data folder that hold it."""
    found = [path for path in product.data.rglob("*") if path.is_file()]
    return [path.name for path in found if text.encode() in path.read_bytes()]


def test_the_interviewer_takes_it_out_and_work_goes_on(
    product: Product, candidate: Browser, interviewer: Browser, tmp_path: Path
) -> None:
    path = next(path for path in sorted(candidate.state["files"]) if path.endswith(".py"))
    before = candidate.state["files"][path]["text"]
    type_letters(candidate, path, f"# {SECRET}\n")
    terminal = candidate.send("term.open", cols=100, rows=30)["terminal"]
    candidate.send(
        "term.input", terminal=terminal, data=f"head -c 30 {path}; echo '{SECRET}' > made.txt; echo do''ne\r"
    )
    wait(lambda: "done" in shown(candidate) and "made.txt" in candidate.state["files"])
    assert SECRET in shown(candidate)
    candidate.send("ask", text=f"Please use {SECRET} here.", attachments=[path])
    wait(lambda: candidate.state["turns"][0]["status"] == "finished", 30)
    assert interviewer.send("note", text=f"typed {SECRET}", about_seq=5)["ok"]
    assert in_files(product, SECRET)

    for role, message in (
        (candidate, {"text": SECRET, "reason": REASON}),
        (interviewer, {"text": SECRET, "reason": f"it was {SECRET}"}),
        (interviewer, {"text": "abc", "reason": REASON}),
        (interviewer, {"text": "nobody ever wrote this", "reason": REASON}),
    ):
        answer = role.send("redact", **message)
        assert not answer["ok"] and answer["code"] == "refused" and SECRET not in answer["error"]
    assert not candidate.send("redact.find", text=SECRET)["ok"]
    found = interviewer.send("redact.find", text=SECRET)
    assert found["ok"] and set(found["files"]) == {path, "made.txt"}
    assert found["kinds"]["file.edited"] == len(SECRET) and {"terminal.output", "prompt.sent", "note.added"} <= set(
        found["kinds"]
    )

    answer = interviewer.send("redact", text=SECRET, reason=REASON, client_seq=7000)
    assert answer["ok"] and set(found["seqs"]) <= set(answer["seqs"])
    assert interviewer.send("redact", text=SECRET, reason=REASON, client_seq=7000)["seqs"] == answer["seqs"]
    dots = "•" * length(SECRET)
    wait(lambda: candidate.state["files"][path]["text"] == f"# {dots}\n{before}")
    told = [event for event in candidate.events if event["type"] == "payload.erased"]
    assert [event["payload"]["reason"] for event in told] == [REASON] and told[0]["actor"] == "interviewer:interviewer"

    # The log, by every way out of it, the disk of the sandbox and the files of the database.
    for browser in (candidate, interviewer):
        assert SECRET not in json.dumps(browser.get("events"), ensure_ascii=False)
        assert SECRET not in json.dumps(browser.get("state"), ensure_ascii=False)
    exported = export(product, interviewer, "log")
    assert SECRET not in exported and SECRET not in export(product, interviewer, "asciicast")
    file = tmp_path / "log.ndjson"
    file.write_text(exported, "utf-8")
    verified = pairsight("verify", str(file), "--strict", "--json", data=tmp_path)
    assert sorted(answer["seqs"]) == json.loads(verified.stdout)["tombstones"]["erased"], verified
    assert in_files(product, SECRET) == []
    candidate.send("term.input", terminal=terminal, data=f"grep --color=never -c 9f3a {path} made.txt; echo look''ed\r")
    wait(lambda: "looked" in shown(candidate))
    assert f"{path}:0" in shown(candidate) and "made.txt:0" in shown(candidate)

    # The next prompt is a turn of its own, and nothing said before is told again.
    assert candidate.send("ask", text="Please fix the bug that the failing test shows.")["turn"] == "a2"
    wait(lambda: candidate.state["turns"][-1]["status"] == "finished", 30)
    type_letters(candidate, path, "# on\n")
    assert candidate.state["files"][path]["text"] == f"# on\n# {dots}\n{before}"


def test_a_command_that_still_runs_does_not_end_with_it(candidate: Browser, interviewer: Browser) -> None:
    terminal = candidate.send("term.open", cols=100, rows=30)["terminal"]
    candidate.send("term.input", terminal=terminal, data=f"cat # {RUNNING}\r")
    wait(lambda: "133;C" in "".join(candidate.state["terminals"][terminal]["output"]))
    answer = interviewer.send("redact", text=RUNNING, reason=REASON)
    assert answer["ok"], answer
    candidate.send("term.input", terminal=terminal, data="\x04")
    candidate.send("term.input", terminal=terminal, data="true\r")
    wait(lambda: any(one["terminal"] == terminal and one["command"] == "true" for one in candidate.state["commands"]))
    assert RUNNING not in json.dumps(candidate.get("events"))


def export(product: Product, browser: Browser, suffix: str) -> str:
    url = f"{product.address}/interviews/{browser.interview}/export.{suffix}"
    answer = browser.http.get(url, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.content.decode()


def test_one_that_is_over_is_redacted_too_and_scored_again(
    product: Product, candidate: Browser, interviewer: Browser
) -> None:
    path = sorted(candidate.state["files"])[0]
    type_letters(candidate, path, f"# {LATER}\n")
    assert candidate.send("submit")["ok"]
    wait(lambda: "score.recorded" in interviewer.types(), 120)
    assert interviewer.send("note", text=f"said {LATER}", about_seq=5)["ok"]
    assert interviewer.send("redact", text=LATER, reason=REASON)["ok"]
    assert in_files(product, LATER) == []
    interviewer.reveal()
    assert interviewer.get("scorecard")["dimensions"]
    for suffix in ("log", "json", "csv", "asciicast?terminal=t1", "asciicast?terminal=t2"):
        assert LATER not in export(product, interviewer, suffix)
    last = interviewer.get("events")["last"]
    for at in range(1, last, max(1, last // 12)):
        assert LATER not in json.dumps(interviewer.get(f"state?at={at}"), ensure_ascii=False)


def test_an_operator_takes_it_out_when_no_server_leads_it(
    product: Product, interviewer: Browser, tmp_path: Path
) -> None:
    secret, wrong = tmp_path / "secret", tmp_path / "wrong"
    secret.write_text("left-for-the-operator\n")
    wrong.write_text("never recorded anywhere\n")
    assert interviewer.send("note", text="It was left-for-the-operator.", about_seq=5)["ok"]
    command = ["redact", interviewer.interview, "--reason", REASON, "--text-file"]
    done = pairsight(*command, str(secret), data=product.data)
    refused(done, "interviewer's page", "stop the server")
    product.stop()
    done = pairsight(*command, str(secret), "--dry-run", data=product.data)
    assert done.returncode == 0 and "Would erase: 1 note.added" in done.stdout
    assert in_files(product, "left-for-the-operator")
    refused(pairsight(*command, str(wrong), data=product.data), "Nothing in this interview")
    done = pairsight(*command, str(secret), data=product.data)
    assert done.returncode == 0 and done.stdout.startswith("Erased: 1 note.added"), done.stderr
    assert "left-for" not in done.stdout + done.stderr
    assert in_files(product, "left-for-the-operator") == []
    done = pairsight("verify", interviewer.interview, "--strict", data=product.data)
    assert done.returncode == 0, done.stderr


# In one process


def take(room: Room, text: str, key: ClientKey | None = None) -> list[int]:
    return redaction.redact(room, "interviewer:ada", redaction.read_redaction(text, None, REASON), key)


def folded(interview: Interview) -> dict[str, e.Json]:
    return fold(e.understand(record) for record in interview.log.read(interview.id)).to_json()


def test_what_is_in_memory_is_what_the_log_still_says() -> None:
    interview, _ = paired(lambda ask: iter([TextDelta("Yes."), Finished("end_turn")]))
    room, heard = Room(interview), list[str]()
    interview.subscribe(lambda records: heard.extend(record.type for record in records))
    held = interview.state
    editing.push(interview, "a.py", 1, [update(0, f"# {SECRET}\n", 6)], TAB, None)
    room.pairing.ask(f"what is {SECRET}?", [], None)
    wait(lambda: held.turns[-1].status == "finished")
    heard.clear()
    take(room, SECRET)
    assert heard == ["payload.erased", "file.snapshotted"]
    assert held is interview.state and interview.state.to_json() == folded(interview)
    assert interview.history.next_version("a.py") == 4 and interview.history.since("a.py", 1) is None
    assert SECRET not in repr((vars(interview.state), vars(interview.history), vars(interview.keyframes)))
    text = f"# {'•' * length(SECRET)}\nx = 1\n"
    editing.push(interview, "a.py", 3, [update(0, "z", length(text))], TAB, None)
    assert interview.state.files["a.py"].text == "z" + text
    seen: list[Ask] = []

    def answer(ask: Ask) -> Iterator[Part]:
        seen.append(ask)
        yield Finished("end_turn")

    interview.tools = replace_tools(interview.tools, answer)
    assert room.pairing.ask("and now?", [], None) == "a2"
    wait(lambda: bool(seen) and not room.pairing.answering("a2"))
    assert SECRET not in repr((seen[0].history, seen[0].files, seen[0].prompt))


def test_a_reply_under_way_is_ended_and_what_it_was_about_to_say_goes_too() -> None:
    go_on = threading.Event()

    def answer(ask: Ask) -> Iterator[Part]:
        yield TextDelta(f"It is {SECRET[:6]}")
        go_on.set()
        for _ in range(1000):
            yield TextDelta(SECRET[6:] + " ")
            if ask.cancelled():
                return

    interview, _ = paired(answer)
    room = Room(interview)
    room.pairing.ask(f"say {SECRET}", [], None)
    assert go_on.wait(10)
    take(room, SECRET)
    assert interview.state.turns == [] and not room.pairing.answering("a1")
    assert SECRET not in repr(interview.log.read(interview.id))


def test_a_reply_under_way_goes_on_where_nothing_is_to_be_erased() -> None:
    go_on = threading.Event()

    def answer(ask: Ask) -> Iterator[Part]:
        yield TextDelta("So")
        assert go_on.wait(20)
        yield Finished("cancelled" if ask.cancelled() else "end_turn")

    interview, _ = paired(answer)
    room = Room(interview)
    room.pairing.ask("anything", [], None)
    with pytest.raises(NotFound):
        take(room, SECRET)
    go_on.set()
    wait(lambda: interview.state.turns[0].status == "finished")
    assert interview.state.turns[0].stop_reason == "end_turn"


def test_a_message_whose_traces_were_erased_is_answered_when_it_is_repeated() -> None:
    interview, _ = paired(lambda ask: iter([Finished("end_turn")]))
    room, key = Room(interview), ClientKey("candidate:tab", 1)
    room.pairing.ask(f"say {SECRET}", [], key)
    wait(lambda: not room.pairing.answering("a1"))
    take(room, SECRET)
    with pytest.raises(BadInput, match="erased since"):
        room.pairing.ask(f"say {SECRET}", [], key)


class Interrupted(MemoryLog):
    """A log that goes away after an erasure, before it says that it is done."""

    def erase(self, *asked: Any, **named: Any) -> list[e.Record]:
        super().erase(*asked, **named)
        raise PlatformFailure("The log went away")


def test_an_erasure_that_nobody_heard_of_is_taken_over_with_the_next_look() -> None:
    log = Interrupted(ticking_clock(), counting_salt())
    log.create(header("i1"))
    interview = Interview(log, log.header("i1"), exercises.load("prompted-playlists"), tools())
    interview.record(Draft("system", editing.snapshot("a.py", 1, f"# {SECRET}\n", "starter")))
    with pytest.raises(PlatformFailure):
        take(Room(interview), SECRET)
    interview.known(None)
    assert interview.state.files["a.py"].text == f"# {'•' * length(SECRET)}\n"
    assert interview.state.to_json() == folded(interview)


def update(*changes: object) -> editing.Update:
    at, text, rest = changes
    return editing.Update.model_validate({"clientID": "tab", "changes": [[at, *str(text).split("\n")], rest]})


def replace_tools(before: Tools, answer: Answer) -> Tools:
    provider: Provider = Answering(answer)
    return dataclasses.replace(before, provider=lambda name: provider)
