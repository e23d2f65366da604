"""Viewers that join late, read slowly or stop reading: each gets everything once and in order, or is let go and asks for it."""

from __future__ import annotations

import json
from functools import partial

import pytest

from tests.faults.conftest import MakePages
from tests.faults.pages import Follower, Page
from tests.faults.test_flood import has, memory, settled, works
from tests.faults.wire import Wire
from tests.product import Message, Product, wait, with_candidate
from web.lines import MOST_WAITING
from web.sockets import PART

pytestmark = pytest.mark.sandbox
PASTED = 200_000
BUFFER = 65_536


def type_much(page: Page, path: str, edits: int) -> None:
    """So many edits, most of them in messages of hundreds."""
    assert page.act("create", path=path)["ok"]
    version = 1
    while version <= edits:
        several = [
            {"clientID": page.client, "changes": [[0, "x"]] if n == 1 else [n - 1, [0, "x"]]}
            for n in range(version, version + 300)
        ]
        answer = page.act("edit", path=path, version=version, updates=several)
        assert answer["ok"], answer
        version += 300


def paste(page: Page, path: str, times: int) -> None:
    """Replace the file's text by a long one, again and again."""
    assert page.act("create", path=path)["ok"]
    size = 0
    for number in range(times):
        changes = [[size, chr(97 + number % 26) * PASTED]] if size else [[0, "a" * PASTED]]
        size = PASTED
        updates = [{"clientID": page.client, "changes": changes, "origin": "paste"}]
        answer = page.act("edit", path=path, version=number + 1, updates=updates)
        assert answer["ok"], answer


def all_events(page: Page) -> list[Message]:
    """What HTTP says that this page's role may see."""
    found: list[Message] = page.get("events")["events"]
    return found


def test_a_viewer_that_joins_late_gets_everything_once_and_in_order(product: Product, people: MakePages) -> None:
    candidate, interviewer = people()
    type_much(candidate, "long.txt", 2 * PART + 100)
    late = Page(with_candidate(product, candidate.interview), "interviewer", "late")
    try:
        # The candidate goes on while the gap is being sent.
        late.online()
        type_much(candidate, "longer.txt", 1000)
        said = all_events(interviewer)
        assert len(said) > 2 * PART + 1000
        for page in (late, interviewer):
            page.until(partial(has, page, len(said)))
            assert page.events[: len(said)] == said
        assert [event["seq"] for event in said] == list(range(1, len(said) + 1))
        assert late.connections == 1
    finally:
        late.close()


def test_one_that_stops_reading_is_let_go_and_finds_what_it_missed(product: Product, people: MakePages) -> None:
    candidate, interviewer = people()
    with Wire(interviewer, "still", buffer=BUFFER) as still:
        hello = still.send("hello", since=0)
        last = still.answers(hello)[hello]["last"]
        # More than the line's own buffers and what may wait behind them.
        paste(candidate, "a.txt", 60)
        wait(lambda: gone(interviewer, "still"), 60)
        missed = still.events(10**9)
        assert still.closed is not None
    assert sum(len(str(event["payload"])) for event in missed) < 60 * PASTED
    assert [event["seq"] for event in missed] == list(range(last + 1, last + 1 + len(missed)))
    # Those who read have it all, and it, come back, has too.
    total = len(settled(interviewer))
    since = missed[-1]["seq"] if missed else last
    with Wire(interviewer, "still") as again:
        rest: list[Message] = []
        more = True
        while more:
            hello = again.send("hello", since=since)
            said, told = again.both(hello)
            rest += told
            since, more = rest[-1]["seq"] if rest else since, bool(said.get("more"))
    assert [event["seq"] for event in rest][: total - missed[-1]["seq"]] == list(
        range(missed[-1]["seq"] + 1, total + 1)
    )
    works(candidate)


def gone(page: Page, client: str) -> bool:
    """Whether the page has heard that this client is gone."""
    changes = [event["payload"] for event in page.events if event["type"] == "presence.changed"]
    told = [change["state"] for change in changes if change["client"].endswith(f":{client}")]
    return bool(told) and told[-1] == "gone"


def test_what_is_asked_for_and_never_read_costs_bounded_memory(product: Product, people: MakePages) -> None:
    candidate, interviewer = people()
    paste(candidate, "a.txt", 20)
    before, asking = memory(product), 0
    with Wire(interviewer, "greedy", buffer=BUFFER) as greedy:
        # Each of these is answered by another megabyte.
        while asking < 300 and greedy.frame('42["hello",{"since":0}]'):
            asking += 1
        wait(lambda: gone(interviewer, "greedy"), 60)
        assert memory(product) - before < 10 * MOST_WAITING
    works(candidate)


def test_one_that_reads_slowly_keeps_up_with_what_it_asks_for(people: MakePages) -> None:
    """A gap far longer than what may wait on a line arrives in parts, each asked for when the last is there."""
    candidate, interviewer = people()
    paste(candidate, "a.txt", 40)
    total = len(settled(interviewer))
    with Wire(interviewer, "slow", buffer=BUFFER) as slow:
        seen: list[Message] = []
        parts, more = 0, True
        while more:
            hello = slow.send("hello", since=len(seen))
            said, told = slow.both(hello)
            seen += told
            assert said["ok"], said
            parts, more = parts + 1, bool(said.get("more"))
    assert parts > 4
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    assert len(seen) >= total


def test_one_that_polls_and_stops_is_let_go_too(people: MakePages) -> None:
    candidate, interviewer = people()
    url = f"{interviewer.address}/socket.io/"
    asked = {"EIO": "4", "transport": "polling", "client": "polls"}
    asked |= {"interview": interviewer.interview, "role": "interviewer"}
    opened = interviewer.http.get(url, params=asked, timeout=10).text
    asked["sid"] = json.loads(opened[1:])["sid"]
    for frame in ("40", '42["hello",{"since":0}]'):
        assert interviewer.http.post(url, params=asked, data=frame, timeout=10).text == "OK"
    interviewer.until(lambda: "interviewer:polls" in Follower(interviewer).state.presence)
    paste(candidate, "a.txt", 30)
    interviewer.until(lambda: gone(interviewer, "polls"))
    assert interviewer.http.get(url, params=asked, timeout=10).status_code == 400
