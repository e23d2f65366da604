"""The server ends in the midst of a reply: the next one answers that prompt, once and whole, and the time between is given back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from interviews import events as e
from interviews.log import Draft
from interviews.service.resuming import ATTEMPTS, OFFERED, TOO_OFTEN
from tests import postgres
from tests.faults.pages import Follower, Page
from tests.product import Product, another_interview, opened_log, start, wait, with_candidate

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(240)]
SANDBOX = ("--sandbox", "bubblewrap")
PROMPT = "How should I read the request? What about the duration?"
# So slow that the server can be ended in its midst.
PACE = "3"


def ended(product: Product, by: str) -> float:
    """End the server in that way; returns when."""
    if by == "kill":
        product.kill()
    else:
        product.process.send_signal(signal.SIGTERM)
        assert product.process.wait(30) == 0
    return time.monotonic()


def asked(product: Product, interview: str) -> Page:
    """A candidate whose reply is on its way: some of it has come."""
    page = Page(with_candidate(product, interview), "candidate", "page")
    assert page.consent().status_code == 200
    assert page.act("ask", text=PROMPT, attachments=[])["ok"]
    view = Follower(page)
    page.until(lambda: view.state.turns[-1].reply, 30)
    return page


def logged(product: Product, interview: str, type_: str) -> list[dict[str, e.Json]]:
    """What the log holds of that type."""
    with opened_log(product) as log:
        return [record.payload or {} for record in log.read(interview) if record.type == type_]


def answered(product: Product, interview: str) -> str:
    """The reply once it is there, to a prompt that was sent there."""
    wait(lambda: logged(product, interview, "reply.finished"), 60)
    (finished,) = logged(product, interview, "reply.finished")
    return str(finished["text"])


@pytest.fixture
def unbroken(tmp_path: Path) -> Iterator[str]:
    """What the reply is where nothing breaks it off."""
    product = start(tmp_path / "other", *SANDBOX, PAIRSIGHT_PACE="0.1")
    try:
        page = asked(product, another_interview(product))
        page.close()
        yield answered(product, page.interview)
    finally:
        product.stop()


@pytest.mark.parametrize("by", ["kill", "stop"])
def test_the_next_server_answers_anew(tmp_path: Path, unbroken: str, by: str) -> None:
    product = start(tmp_path / "data", *SANDBOX, PAIRSIGHT_PACE=PACE)
    page = asked(product, another_interview(product))
    at = ended(product, by)
    page.cut()
    time.sleep(2)
    down_s = time.monotonic() - at
    product = start(tmp_path / "data", *SANDBOX, port=int(page.address.rpartition(":")[2]), PAIRSIGHT_PACE="0.1")
    try:
        assert answered(product, page.interview) == unbroken
        page.online()
        view = Follower(page)
        page.until(lambda: view.state.turns[0].status == "finished" and view.state.paused_ms is None)
        turn = view.state.turns[0]
        assert (turn.reply, turn.attempt, turn.error) == (unbroken, 2, "")
        assert [told["attempt"] for told in logged(product, page.interview, "reply.started")] == [1, 2]
        assert logged(product, page.interview, "reply.failed") == []
        # All the time that nobody was there, and hardly more.
        assert down_s * 1000 - 500 <= view.state.lost_ms <= (time.monotonic() - at) * 1000 + 1500
        # The conversation goes on.
        assert page.act("ask", text="And without explicit songs?", attachments=[])["ok"]
        page.until(lambda: len(view.state.turns) == 2 and view.state.turns[1].status == "finished")
    finally:
        page.close()
        product.stop()


def test_after_so_many_attempts_it_is_told_in_words(tmp_path: Path) -> None:
    product = start(tmp_path / "data", *SANDBOX, PAIRSIGHT_PACE=PACE)
    page = asked(product, another_interview(product))
    view = Follower(page)
    try:
        for attempt in range(1, ATTEMPTS + 1):
            page.until(lambda n=attempt: view.state.turns[0].attempt == n and view.state.turns[0].reply, 60)  # type: ignore[misc]  # its default cannot be told
            product.kill()
            product = start(tmp_path / "data", *SANDBOX, port=int(page.address.rpartition(":")[2]), PAIRSIGHT_PACE=PACE)
        page.until(lambda: view.state.turns[0].status == "failed" and view.state.paused_ms is None)
        turn = view.state.turns[0]
        assert turn.error == TOO_OFTEN and turn.reply and turn.attempt == ATTEMPTS
    finally:
        page.close()
        product.stop()


def test_what_was_proposed_already_is_kept_and_not_answered_again(tmp_path: Path) -> None:
    product = start(tmp_path / "data", *SANDBOX)
    page = Page(with_candidate(product, another_interview(product)), "candidate", "page")
    view = Follower(page)
    try:
        assert page.consent().status_code == 200
        page.online()
        page.until(lambda: view.state.files)
        path = next(path for path, file in view.state.files.items() if file.text)
        product.kill()
        # The moment between a proposal and the end of its reply is too short to be hit: its log, as the dead server left it.
        hunk = e.Hunk(hunk="a1-s1-h1", path=path, base_version=1, line=1, before="", after="# new\n")
        with opened_log(product) as log:
            log.append(page.interview, [Draft("candidate", e.PromptSent(turn="a1", text=PROMPT))])
            time.sleep(1)
            said: list[e.AnyPayload] = [
                e.ReplyStarted(turn="a1", provider="scripted", model=""),
                e.ReplyAppended(turn="a1", text="I would"),
                e.SuggestionOffered(suggestion="a1-s1", turn="a1", title="New", hunks=(hunk,)),
            ]
            log.append(page.interview, [Draft("assistant", data) for data in said])
        product = start(tmp_path / "data", *SANDBOX, port=int(page.address.rpartition(":")[2]))
        page.until(lambda: view.state.turns and view.state.turns[0].status == "failed" and view.state.paused_ms is None)
        turn = view.state.turns[0]
        assert (turn.error, turn.reply, turn.attempt, turn.suggestions) == (OFFERED, "I would", 1, ["a1-s1"])
        assert page.act("decide", suggestion="a1-s1", hunk="a1-s1-h1", decision="accepted", reason="")["ok"]
        page.until(lambda: (view.state.files[path].text or "").startswith("# new\n"))
        # A reply that failed took no time of theirs.
        (sent,) = [event for event in page.events if event["type"] == "prompt.sent"]
        (failed,) = [event for event in page.events if event["type"] == "reply.failed"]
        assert view.state.lost_ms >= failed["at_ms"] - sent["at_ms"] >= 1000
    finally:
        page.close()
        product.stop()


def test_another_process_takes_it_over(tmp_path: Path, unbroken: str) -> None:
    if postgres.programs() is None:
        pytest.skip(postgres.HOW)
    with postgres.cluster() as cluster:
        shared = {
            "PAIRSIGHT_DATABASE": cluster.database(), "PAIRSIGHT_SECRET_FILE": str(tmp_path / "secret"), "PAIRSIGHT_LEASE_S": "1",
        }  # fmt: skip
        first = start(tmp_path / "one", *SANDBOX, PAIRSIGHT_PACE=PACE, **shared)  # type: ignore[arg-type]  # no option is among them
        page = asked(first, another_interview(first))
        second = start(tmp_path / "two", *SANDBOX, PAIRSIGHT_PACE="0.1", **shared)  # type: ignore[arg-type]  # no option is among them
        try:
            os.killpg(first.process.pid, signal.SIGSTOP)
            assert answered(second, page.interview) == unbroken
            os.killpg(first.process.pid, signal.SIGCONT)
            time.sleep(2)
            assert answered(second, page.interview) == unbroken
            assert [told["attempt"] for told in logged(second, page.interview, "reply.started")] == [1, 2]
        finally:
            page.close()
            first.kill()
            second.stop()
