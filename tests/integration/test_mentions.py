"""What a candidate attaches, over the real socket: files, selections, failures, terminals; what is refused, and to whom."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests import product as products
from tests.product import Browser, Message, Product, wait

PATH = "playlists/request.py"
OPTIONS = ("--mode", "chat", "--models", "small,large", "--budget-tokens", "1000", "--no-share-tree", "--share-brief")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = products.start(tmp_path_factory.mktemp("data"), *OPTIONS, PAIRSIGHT_PACE="0")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def candidate(product: Product) -> Iterator[Browser]:
    browser = Browser(product, "candidate")
    assert browser.consent().ok
    browser.connect()
    yield browser
    browser.socket.disconnect()


@pytest.fixture(scope="module")
def interviewer(product: Product, candidate: Browser) -> Iterator[Browser]:
    browser = Browser(product, "interviewer")
    browser.connect()
    yield browser
    browser.socket.disconnect()


def answered(browser: Browser) -> bool:
    return all(turn["status"] == "finished" for turn in browser.state["turns"])


def test_all_four_kinds_are_sent_as_the_server_has_them(candidate: Browser, interviewer: Browser) -> None:
    assert candidate.send("run")["ok"]
    terminal = candidate.send("term.open", cols=100, rows=30)["terminal"]
    candidate.send("term.input", terminal=terminal, data="echo $((40 + 2)) 😀; false\r")
    wait(lambda: candidate.state["commands"])
    wait(lambda: candidate.state["runs"][0]["finished_seq"], 60)
    failed = next(test for test in candidate.state["runs"][0]["tests"] if test["outcome"] == "failed")
    text = candidate.state["files"][PATH]["text"]

    answer = candidate.send(
        "ask", text="What is wrong here?", attachments=["pyproject.toml"], model="large",
        mentions=[
            {"kind": "file", "name": PATH},
            {"kind": "selection", "name": PATH, "line": 2, "end_line": 4, "text": "not what stands there"},
            {"kind": "failure", "name": failed["id"], "text": "not what it said"},
            {"kind": "terminal", "name": terminal},
        ],
    )  # fmt: skip
    assert answer["ok"], answer
    wait(lambda: answered(candidate) and answered(interviewer), 30)
    for browser in (candidate, interviewer):
        (turn,) = browser.state["turns"]
        assert turn["attachments"] == ["pyproject.toml", PATH]
        sent = {(one["kind"], one["name"]): one for one in turn["mentions"]}
        assert list(sent) == [
            ("file", "pyproject.toml"), ("file", PATH), ("selection", PATH), ("failure", failed["id"]), ("terminal", terminal),
        ]  # fmt: skip
        assert sent["file", PATH]["version"] == candidate.state["files"][PATH]["version"]
        assert sent["file", PATH]["text"] == ""
        assert sent["selection", PATH]["text"] == "\n".join(text.split("\n")[1:4])
        assert sent["failure", failed["id"]]["text"] == failed["message"]
        assert sent["terminal", terminal]["text"] == "$ echo $((40 + 2)) 😀; false\n42 😀"
    (prompt,) = [event["payload"] for event in interviewer.events if event["type"] == "prompt.sent"]
    assert prompt["model"] == "large"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"mentions": [{"kind": "file", "name": "nowhere.py"}]}, "There is no file nowhere.py"),
        ({"mentions": [{"kind": "selection", "name": PATH, "line": 9000}]}, "Expected lines of"),
        ({"mentions": [{"kind": "failure", "name": "nothing"}]}, "There is no failed test"),
        ({"mentions": [{"kind": "terminal", "name": "t9"}]}, "There is no terminal t9"),
        ({"mentions": [{"kind": "planet", "name": "mars"}]}, "Expected an attachment of a kind among"),
        ({"mentions": {"kind": "file"}}, "Expected a list"),
        ({"attachments": "pyproject.toml"}, "at most 20 attached"),
        ({"model": "huge"}, "Expected one of the models small, large, got"),
    ],
)
def test_what_does_not_fit_is_refused_in_words_and_records_nothing(
    candidate: Browser, message: Message, said: str
) -> None:
    before = candidate.get("events")["last"]
    answer = candidate.send("ask", text="Hello", **message)
    assert (answer["ok"], answer["code"]) == (False, "refused") and said in answer["error"]
    assert candidate.get("events")["last"] == before


def test_an_interviewer_asks_nothing(interviewer: Browser, candidate: Browser) -> None:
    before = len(candidate.state["turns"])
    answer = interviewer.send("ask", text="Hello", mentions=[{"kind": "file", "name": PATH}], model="large")
    assert (answer["ok"], answer["code"]) == (False, "refused")
    assert len(candidate.get("state")["turns"]) == before


@pytest.mark.parametrize("role", ["candidate", "interviewer"])
def test_both_pages_are_told_what_the_interview_was_made_with(
    role: str, candidate: Browser, interviewer: Browser
) -> None:
    browser, page = (candidate, "work") if role == "candidate" else (interviewer, "watch")
    text = browser.http.get(f"{browser.address}/interviews/{browser.interview}/{page}", timeout=10).text
    boot = json.loads(text.split('id="boot"')[1].split(">", 1)[1].split("</script>")[0])
    settings = boot["header"]["settings"]
    assert settings["mode"] == "chat" and settings["models"] == ["small", "large"] and settings["model"] == "small"
    assert (settings["budget_tokens"], settings["budget_cents"]) == (1000, 0)
    assert settings["brief_shared"] is True and settings["tree_shared"] is False
