"""Two people in one file: an interviewer edits where that was agreed, under their own name, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from interviews.text import apply_changes
from tests.product import Browser, Message, Product, start, wait

PATH = "playlists/request.py"


def product_with(folder: Path, *options: str) -> Iterator[tuple[Product, Browser, Browser]]:
    product = start(folder, *options)
    try:
        candidate, interviewer = Browser(product, "candidate"), Browser(product, "interviewer")
        assert candidate.consent().ok
        for browser in (candidate, interviewer):
            browser.connect()
        yield product, candidate, interviewer
        for browser in (candidate, interviewer):
            browser.socket.disconnect()
    finally:
        product.stop()


@pytest.fixture
def agreed(tmp_path: Path) -> Iterator[tuple[Product, Browser, Browser]]:
    yield from product_with(tmp_path, "--co-edit")


@pytest.fixture
def not_agreed(tmp_path: Path) -> Iterator[tuple[Product, Browser, Browser]]:
    yield from product_with(tmp_path)


def write(browser: Browser, text: str, **more: object) -> Message:
    """Put ``text`` in front of the file as this page knows it."""
    file = browser.state["files"][PATH]
    updates = [{"clientID": "whatever", "changes": [[0, text], len(file["text"])], "origin": "typed"}]
    return browser.send("edit", path=PATH, version=file["version"], updates=updates, **more)


def test_both_edit_one_file_and_the_log_says_who(agreed: tuple[Product, Browser, Browser]) -> None:
    _, candidate, interviewer = agreed
    assert write(candidate, "a") == {"ok": True, "version": 2}
    wait(lambda: interviewer.state["files"][PATH]["version"] == 2)
    assert write(interviewer, "b", client_seq=900) == {"ok": True, "version": 3}
    assert write(interviewer, "b", client_seq=900) == {"ok": True, "version": 3}
    # Made at the same time against the same version: one of them comes first, the other is asked to make it anew.
    stale = {"path": PATH, "version": 2, "updates": [{"clientID": "x", "changes": [[0, "c"]]}]}
    assert candidate.send("edit", **stale)["code"] == "stale"
    wait(lambda: candidate.state["files"][PATH]["version"] == 3)
    assert write(candidate, "c")["ok"]
    wait(lambda: interviewer.state["files"][PATH]["version"] == 4)
    edits = [event for event in interviewer.events if event["type"] == "file.edited"]
    assert [(event["actor"], event["payload"]["origin"], event["payload"]["client"]) for event in edits] == [
        ("candidate", "typed", "test-candidate"),
        ("interviewer:interviewer", "co-edit", "interviewer:test-interviewer"),
        ("candidate", "typed", "test-candidate"),
    ]
    text = candidate.get("state")["files"][PATH]["text"]
    assert text.startswith("cba") and text == interviewer.state["files"][PATH]["text"]
    assert apply_changes(text, [[3], len(text) - 3]) == next(
        event["payload"]["text"]
        for event in candidate.events
        if event["type"] == "file.snapshotted" and event["payload"]["path"] == PATH
    )


def test_files_are_made_renamed_and_deleted_by_either(agreed: tuple[Product, Browser, Browser]) -> None:
    _, candidate, interviewer = agreed
    assert interviewer.send("create", path="notes.md")["ok"]
    assert candidate.send("rename", path="notes.md", to="docs/notes.md")["ok"]
    wait(lambda: "docs/notes.md" in interviewer.state["files"])
    assert interviewer.send("rename", path="docs/notes.md", to=PATH)["code"] == "refused"
    assert interviewer.send("delete", path="docs/notes.md")["ok"]
    wait(lambda: "docs/notes.md" not in candidate.state["files"])


@pytest.mark.parametrize(
    "act", [("run", {}), ("ask", {"text": "Hello"}), ("submit", {}), ("term.open", {"cols": 80, "rows": 24})]
)
def test_nothing_else_is_an_interviewers(
    agreed: tuple[Product, Browser, Browser], act: tuple[str, dict[str, object]]
) -> None:
    _, candidate, interviewer = agreed
    answer = interviewer.send(act[0], **act[1])
    assert (answer["ok"], answer["code"]) == (False, "refused")
    assert candidate.state["status"] == "running"


def test_where_it_was_not_agreed_an_interviewer_only_watches(not_agreed: tuple[Product, Browser, Browser]) -> None:
    _, candidate, interviewer = not_agreed
    before = candidate.state["files"][PATH]
    for answer in (
        write(interviewer, "x"),
        interviewer.send("create", path="a.py"),
        interviewer.send("rename", path=PATH, to="a.py"),
        interviewer.send("delete", path=PATH),
    ):
        assert (answer["ok"], answer["code"]) == (False, "refused")
    assert candidate.get("state")["files"][PATH] == before


def test_a_candidate_is_told_before_they_agree(tmp_path: Path) -> None:
    for number, options in enumerate([["--co-edit"], []]):
        product = start(tmp_path / str(number), *options)
        try:
            page = Browser(product, "candidate").http.get(product.links["candidate"], timeout=10).text
            assert ("Interviewers can also write in your files" in page) == bool(options)
        finally:
            product.stop()
