"""Tickets in the real product: worked on in a sandbox of their own, checked, merged, and gone on with after a crash."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from interviews.exercises import load
from interviews.text import length
from tests import product as products
from tests.guarding import leaked, said
from tests.loopback.server import Loopback
from tests.product import Browser, Message, Product, opened_log, wait
from tests.support import secrets

EXERCISE = load("prompted-playlists")
BUILDER, REQUEST = "playlists/builder.py", "playlists/request.py"
RULES = "Write the playlist builder: no artist twice in a row, spread the artists, and fill up to the length."


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    running = products.start(tmp_path / "data", PAIRSIGHT_PACE="0", PAIRSIGHT_MODE="edit")
    yield running
    running.stop()


def seated(product: Product, plants: bool = True) -> Browser:
    browser = Browser(product, "candidate")
    assert browser.consent(plants).ok
    browser.connect()
    return browser


def handed(browser: Browser, title: str, text: str, *mentions: dict[str, object]) -> str:
    answer = browser.send("ticket.open", title=title, text=text, mentions=list(mentions))
    assert answer["ok"], answer
    ticket: str = answer["ticket"]
    return ticket


def back(browser: Browser, ticket: str, rounds: int = 1) -> Message:
    def returned() -> bool:
        view = browser.state["tickets"].get(ticket)
        return bool(view) and view["status"] in ("returned", "failed") and len(view["rounds"]) == rounds

    wait(returned, 90)
    view: Message = browser.state["tickets"][ticket]
    assert view["status"] == "returned", view["rounds"][-1]["error"]
    return view


def annotated(product: Product, interview: str) -> list[Message]:
    with opened_log(product) as log:
        noted = [r.payload or {} for r in log.read(interview) if r.type == "suggestion.annotated"]
    return [note for payload in noted for note in payload["hunks"]]


def test_tickets_come_back_checked_while_the_candidate_works_on(product: Product) -> None:
    candidate = seated(product)
    ticket = handed(candidate, "Build by the rules", RULES)
    other = handed(candidate, "A song", "about the moon and the sea")
    # Meanwhile: an edit in the same file, and a word with the assistant.
    text = candidate.state["files"][BUILDER]["text"]
    edited = {
        "path": BUILDER,
        "version": 1,
        "updates": [{"clientID": "c1", "changes": [[0, "# mine", ""], length(text)], "origin": "typed"}],
    }
    assert candidate.send("edit", **edited)["ok"]
    assert candidate.send("ask", text="hello", mentions=[])["ok"]
    view = back(candidate, ticket)
    steps = {tool["tool"]: tool for tool in view["rounds"][0]["tools"]}
    assert (
        list(steps) == ["list_files", "search", "read_file", "run_tests"]
        and steps["search"]["output"] != "Nothing matches."
    )
    change = view["change"]
    (check,) = change["checks"]
    assert (
        check["name"] == "Visible tests"
        and check["output"].splitlines()[0] == steps["run_tests"]["output"].splitlines()[0]
    )
    # It claims no more than the run gave.
    failed = sum(test["tool"] == "run_tests" for test in view["rounds"][0]["tools"])
    assert failed == 1 and ("all" in change["description"] if check["ok"] else "fail" in change["description"])
    decided = candidate.send("decide_all", suggestion=change["suggestion"], decision="accepted", reason="fine")
    assert decided["ok"] and decided["stale"] == []
    now = candidate.state["files"][BUILDER]["text"]
    assert now.startswith("# mine\n") and now != f"# mine\n{text}"
    missed = back(candidate, other)
    assert missed["rounds"][0]["miss"] and missed["change"] is None
    assert "no prepared answer" in missed["answer"]["description"]
    assert any(note["honours"] for note in annotated(product, candidate.interview))
    assert "suggestion.annotated" not in candidate.types()


@pytest.mark.parametrize("plants", [True, False])
def test_mistakes_are_placed_in_tickets_only_for_those_who_agreed(plants: bool, product: Product) -> None:
    candidate = seated(product, plants)
    text = f"{RULES} At most two minutes over the wished length, one version of a song."
    back(candidate, handed(candidate, "Build by the rules", text))
    noted = annotated(product, candidate.interview)
    assert noted and bool([note for note in noted if note["defect"]]) is plants


def test_a_crash_in_the_midst_is_gone_on_with_by_the_next_server(tmp_path: Path) -> None:
    first = products.start(tmp_path / "data", PAIRSIGHT_PACE="6", PAIRSIGHT_MODE="edit")
    second: Product | None = None
    try:
        candidate = seated(first)
        ticket = handed(candidate, "Build by the rules", RULES)
        wait(lambda: candidate.state["tickets"][ticket]["rounds"][0]["tools"], 30)
        first.kill()
        second = products.start(tmp_path / "data", PAIRSIGHT_PACE="0", PAIRSIGHT_MODE="edit")
        again = Browser(products.with_candidate(second, candidate.interview), "candidate")
        again.connect()
        view = back(again, ticket)
        assert view["rounds"][0]["attempt"] == 2 and view["change"]["suggestion"] == "t1.1-s1"
        assert [tool["tool"] for tool in view["rounds"][0]["tools"]].count("run_tests") == 1
    finally:
        first.stop()
        if second is not None:
            second.stop()


def test_claude_works_on_a_ticket_in_two_rounds_and_is_sent_what_it_may_know(tmp_path: Path) -> None:
    with Loopback("ticket") as loopback:
        running = products.start(
            tmp_path / "data", PAIRSIGHT_PROVIDER="anthropic", PAIRSIGHT_MODE="edit", ANTHROPIC_API_KEY="test",
            ANTHROPIC_BASE_URL=loopback.address, ANTHROPIC_API_KEY_FILE="",
        )  # fmt: skip
        try:
            candidate = seated(running)
            ticket = handed(
                candidate,
                "Shorter",
                "Half an hour where nothing is said.",
                {"kind": "selection", "name": REQUEST, "line": 1, "end_line": 3},
            )
            view = back(candidate, ticket)
            assert [tool["tool"] for tool in view["rounds"][0]["tools"]] == [
                "list_files", "search", "read_file", "propose_edit", "run_tests",
            ]  # fmt: skip
            change = view["change"]
            assert change["title"] == "Half an hour by default" and change["description"].startswith(
                "Playlists are half an hour"
            )
            assert len(change["checks"]) == 1 and "passed" in change["checks"][0]["output"].splitlines()[0]
            assert candidate.send("decide_all", suggestion=change["suggestion"], decision="rejected", reason="")["ok"]
            hunk = candidate.state["suggestions"][change["suggestion"]]["hunks"][0]["hunk"]
            comment = {"suggestion": change["suggestion"], "hunk": hunk, "line": 1, "text": "Write down why."}
            assert candidate.send("comment", **comment)["comment"] == "c1"
            assert candidate.send("ticket.revise", ticket=ticket, text="Only a note, please.")["ok"]
            view = back(candidate, ticket, rounds=2)
            # It ran the tests before its last change, so they were run once more, by us.
            assert [tool["tool"] for tool in view["rounds"][1]["tools"]] == ["run_tests", "run_command", "run_tests"]
            assert view["change"]["description"] == "I wrote it down." and view["rounds"][1]["comments"] == ["c1"]
            suggestion = candidate.state["suggestions"][view["change"]["suggestion"]]
            assert [hunk["path"] for hunk in suggestion["hunks"]] == ["NOTES.md"]
            assert candidate.send("ticket.close", ticket=ticket)["ok"]
            wait(lambda: candidate.state["tickets"][ticket]["status"] == "closed")
            last = loopback.requests[-1]
            people = [text for text in said(last.body) if "Only a note" in text or "half an hour where" in text.lower()]
            assert len(people) == 2 and "Write down why." in people[1]
            body = last.raw.decode()
            assert (
                "Rejected by the person" in body and "Playlists are half an hour long" in body and "as proposed" in body
            )
            # The task is that of a ticket, the same in each request, and the conversation's is another.
            tasks = {str(one.body["system"]) for one in loopback.requests}
            assert len(tasks) == 1 and "You work by yourself on a ticket" in tasks.pop()
            assert leaked(loopback.requests, secrets(EXERCISE)) == []
        finally:
            running.stop()


def test_stopping_ends_what_runs_and_ids_are_counted_on(product: Product) -> None:
    candidate = seated(product)
    for number in itertools.count(1):
        answer = candidate.send("ticket.open", title="Build", text=RULES)
        if not answer["ok"]:
            break
        assert answer["ticket"] == f"t{number}"
        candidate.send("ticket.stop", ticket=f"t{number}")
        if number == 3:
            break
    for ticket in ("t1", "t2", "t3"):
        view = back(candidate, ticket)
        assert (view["change"] or view["answer"])["turn"] == f"{ticket}.1"
