"""A whole interview over HTTP and sockets, with the real sandbox, assistant and rubric."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from interviews.fold import fold
from interviews.text import length
from sandbox import registry
from tests import product as products
from tests.product import ROOT, Browser, Product, wait
from tests.sandboxes import working


def command(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``pairsight`` over the same data."""
    return subprocess.run(
        [sys.executable, "-c", "from app import main; main()", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PAIRSIGHT_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(params=registry.names())
def product(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Product]:
    probe = registry.get(request.param).probe()
    if not probe.ok:
        pytest.skip(f"{request.param} cannot run here: {probe.reason} {probe.install}")
    running = products.start(tmp_path / "data", PAIRSIGHT_PACE="0", SANDBOX=request.param)
    yield running
    running.stop()


@pytest.fixture
def candidate(product: Product) -> Iterator[Browser]:
    browser = Browser(product, "candidate")
    assert browser.consent().status_code == 200
    browser.connect()
    yield browser
    browser.socket.disconnect()


@pytest.fixture
def interviewer(product: Product, candidate: Browser) -> Iterator[Browser]:
    browser = Browser(product, "interviewer")
    browser.connect()
    yield browser
    browser.socket.disconnect()


def first_file(browser: Browser) -> tuple[str, int, str]:
    path, view = next(
        (path, view) for path, view in sorted(browser.state["files"].items()) if path.endswith(".py") and view["text"]
    )
    return path, view["version"], view["text"]


def edit(browser: Browser, path: str, insert: str) -> None:
    """Insert at the start of a file, as the editor would."""
    view = browser.state["files"][path]
    changes = [[0, *insert.split("\n")], length(view["text"])] if view["text"] else [[0, *insert.split("\n")]]
    answer = browser.send(
        "edit", path=path, version=view["version"], updates=[{"clientID": "c1", "changes": changes, "origin": "typed"}]
    )
    assert answer == {"ok": True, "version": view["version"] + 1}
    wait(lambda: browser.state["files"][path]["version"] > view["version"])


def caught_up(browser: Browser) -> bool:
    return bool(browser.events[-1]["seq"] == browser.get("events")["last"])


def terminal_text(browser: Browser, terminal: str) -> str:
    return "".join(browser.state["terminals"].get(terminal, {"output": []})["output"])


def test_an_interview_from_consent_to_score(
    product: Product, candidate: Browser, interviewer: Browser, tmp_path: Path
) -> None:
    assert candidate.state["status"] == "running"
    path, _version, _text = first_file(candidate)
    edit(candidate, path, "# 😀 mine\n")

    terminal = candidate.send("term.open", cols=100, rows=30)["terminal"]
    candidate.send("term.input", terminal=terminal, data=f"head -1 {path}; false\r")
    wait(lambda: "😀 mine" in terminal_text(interviewer, terminal))
    wait(lambda: any(c["exit_code"] == 1 and c["command"].startswith("head") for c in interviewer.state["commands"]))

    candidate.send("term.input", terminal=terminal, data=f"printf '# from the shell\\n' >> {path}\r")
    wait(lambda: candidate.state["files"][path]["text"].endswith("# from the shell\n"))
    assert candidate.state["files"][path]["text"].startswith("# 😀 mine\n")

    assert candidate.send("run")["ok"]
    wait(lambda: candidate.state["runs"] and candidate.state["runs"][0]["finished_seq"], 60)
    assert {test["outcome"] for test in candidate.state["runs"][0]["tests"]} == {"passed", "failed"}

    turn = candidate.send("ask", text="Please fix the bug that the failing test shows.", attachments=[path])["turn"]
    wait(lambda: candidate.state["turns"][0]["status"] == "finished", 30)
    assert candidate.state["turns"][0]["turn"] == turn and candidate.state["turns"][0]["reply"]
    for suggestion in list(candidate.state["suggestions"].values()):
        for hunk in suggestion["hunks"]:
            assert candidate.send(
                "decide", suggestion=suggestion["suggestion"], hunk=hunk["hunk"], decision="accepted"
            )["ok"]

    assert interviewer.send("note", text="a note for nobody else", about_seq=5)["ok"]
    assert candidate.send("submit")["ok"]
    wait(lambda: interviewer.state["status"] == "finished", 90)
    wait(lambda: "score.recorded" in interviewer.types())

    # What was seen live is what the server folds, for both roles, at the end and in the middle.
    for browser in (candidate, interviewer):
        last = browser.events[-1]["seq"]
        wait(partial(caught_up, browser))
        for at in (last // 3, last // 2, len(browser.events)):
            seen = fold(products.understand(event) for event in browser.events[:at]).to_json()
            assert seen == browser.get(f"state?at={at}")

    hidden = json.dumps(candidate.events)
    assert "nobody else" not in hidden and "suggestion.annotated" not in hidden and "key.recorded" not in hidden
    debrief = candidate.http.get(f"{product.address}/interviews/{candidate.interview}/debrief", timeout=10).text
    # Its assistant placed none in what it proposed here.
    assert "None of the mistakes that might have been placed on purpose" in debrief

    interviewer.reveal()
    card = interviewer.get("scorecard")
    assert [dimension["id"] for dimension in card["dimensions"]][:3] == ["prompt", "critique", "refine"]
    page = interviewer.http.get(f"{product.address}/interviews/{candidate.interview}/scorecard", timeout=10)
    assert page.status_code == 200 and "#seq=" in page.text

    out = tmp_path / "log.ndjson"
    assert command(product.data, "export", candidate.interview, "--format", "log", "--out", str(out)).returncode == 0
    assert command(tmp_path, "verify", str(out)).returncode == 0
    assert json.loads(command(tmp_path, "score", str(out), "--json").stdout) == card


def test_a_second_tab_takes_over_and_the_first_is_told(product: Product, candidate: Browser) -> None:
    second = Browser(product, "candidate", name="second-tab")
    second.connect()
    wait(lambda: candidate.superseded)
    path, version, text = first_file(second)
    refused = candidate.send(
        "edit", path=path, version=version, updates=[{"clientID": "c1", "changes": [[0, "x"], length(text)]}]
    )
    assert refused["ok"] is False and "another tab" in refused["error"]
    edit(second, path, "y")
    second.socket.disconnect()


def test_a_retried_message_is_done_once(candidate: Browser) -> None:
    for _ in range(2):
        assert candidate.send("create", path="notes.md", client_seq=901)["ok"]
        assert candidate.send("run", client_seq=902) == {"ok": True, "run": "r1"}
    wait(lambda: candidate.types().count("run.finished") == 1, 60)
    assert candidate.types().count("run.started") == 1


MISFITS: list[tuple[str, dict[str, object]]] = [
    ("edit", {}),
    ("edit", {"path": "nowhere.py", "version": 1, "updates": [{"clientID": "c", "changes": [1]}]}),
    ("edit", {"path": [], "version": "1", "updates": 7}),
    ("create", {"path": "../../etc/passwd"}),
    ("delete", {"path": None}),
    ("term.open", {"cols": -1, "rows": "x"}),
    ("term.input", {"terminal": "t9", "data": "ls"}),
    ("term.resize", {"terminal": {}, "cols": 80, "rows": 24}),
    ("ask", {"text": ""}),
    ("ask", {"text": "x", "attachments": ["nowhere.py"]}),
    ("decide", {"suggestion": "s1", "hunk": "h1", "decision": "accepted"}),
    ("note", {"text": "I am no interviewer", "about_seq": 1}),
    ("hello", {"since": "all"}),
]


def test_messages_that_do_not_fit_are_answered_in_words(candidate: Browser) -> None:
    for name, message in MISFITS:
        answer = candidate.send(name, **message)
        assert answer["ok"] is False and answer["error"] and "Traceback" not in answer["error"], (name, message)
        assert answer["code"] != "failed", (name, message, answer)
    assert candidate.state["status"] == "running"


def test_a_watcher_cannot_act(interviewer: Browser) -> None:
    for name in ("edit", "run", "ask", "submit", "term.open", "decide", "flushed"):
        assert interviewer.send(name)["ok"] is False
    assert interviewer.state["status"] == "running"


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    first = products.start(tmp_path / "data", PAIRSIGHT_PACE="0")
    candidate = Browser(first, "candidate")
    candidate.consent()
    candidate.connect()
    path, _version, _text = first_file(candidate)
    edit(candidate, path, "# acknowledged\n")
    candidate.send("ask", text="hello", attachments=[])
    first.kill()
    second = products.start(tmp_path / "data", PAIRSIGHT_PACE="0")
    try:
        again = Browser(second, "candidate", name="after")
        again.connect()
        wait(lambda: again.state["paused_ms"] is None and not again.state["sandbox_lost"], 30)
        assert again.state["files"][path]["text"].startswith("# acknowledged\n")
        assert [turn["prompt"] for turn in again.state["turns"]] == ["hello"]
        wait(lambda: again.state["turns"][0]["status"] in ("finished", "failed"))
        assert again.state["lost_ms"] > 0
        terminal = again.send("term.open", cols=80, rows=24)["terminal"]
        again.send("term.input", terminal=terminal, data=f"head -1 {path}\r")
        wait(lambda: "# acknowledged" in terminal_text(again, terminal))
        again.socket.disconnect()
    finally:
        second.stop()


def test_a_killed_server_is_followed_by_one_that_finds_the_sandbox_and_clears_the_rest(tmp_path: Path) -> None:
    working("docker")
    first = products.start(tmp_path / "data", PAIRSIGHT_PACE="0", SANDBOX="docker", PAIRSIGHT_WARM="1")
    wait(lambda: len(products.containers(first)) == 1, 30)
    candidate = Browser(first, "candidate")
    assert candidate.consent().status_code == 200
    candidate.connect()
    terminal = candidate.send("term.open", cols=80, rows=24)["terminal"]
    program = "setsid -f sleep 4711; head -c 300 /dev/zero > zeros.bin; pgrep -f '[s]leep 4711' > pid.txt"
    candidate.send("term.input", terminal=terminal, data=f"{program}\r")
    wait(lambda: {"zeros.bin", "pid.txt"} <= set(candidate.state["files"]))
    path, _version, _text = first_file(candidate)
    edit(candidate, path, "# acknowledged\n")
    place = candidate.events[candidate.types().index("sandbox.started")]["payload"]["place"]
    wait(lambda: len(products.containers(first)) == 2, 30)
    first.kill()
    assert place in products.containers(first)
    second = products.start(tmp_path / "data", PAIRSIGHT_PACE="0", SANDBOX="docker")
    try:
        again = Browser(second, "candidate", name="after")
        again.connect()
        wait(lambda: again.state["sandbox_back"] == "adopted" and again.state["paused_ms"] is None, 40)
        terminal = again.send("term.open", cols=80, rows=24)["terminal"]
        look = f"head -1 {path}; wc -c < zeros.bin; pgrep -f '[s]leep 4711' | cmp - pid.txt && echo same''program"
        again.send("term.input", terminal=terminal, data=f"{look}\r")
        wait(lambda: "sameprogram" in terminal_text(again, terminal))
        assert "# acknowledged" in terminal_text(again, terminal) and "300" in terminal_text(again, terminal)
        # What had been started ahead was nobody's: it is removed, and the place in use is not.
        wait(lambda: products.containers(second) == {place}, 90)
        again.socket.disconnect()
        # Stopped as one should: left for the next, which would find it too.
        second.stop(sweep=False)
        assert products.containers(second) == {place}
    finally:
        second.stop()
    assert products.containers(second) == set()


def test_whom_there_is_no_place_for_waits_and_whom_there_is_no_line_for_is_told(tmp_path: Path) -> None:
    product = products.start(tmp_path / "data", SANDBOX="bubblewrap", PAIRSIGHT_SANDBOXES="1", PAIRSIGHT_QUEUE="1")
    try:
        assert Browser(product, "candidate").consent().url.endswith("/work")
        second = Browser(products.with_candidate(product, products.another_interview(product)), "candidate")
        answer = second.consent()
        assert answer.url.endswith("/wait") and "You are next" in answer.text and "clock does not run" in answer.text
        assert "briefHtml" not in answer.text and second.get("state")["files"] == {}
        third = Browser(products.with_candidate(product, products.another_interview(product)), "candidate")
        refused = third.consent()
        assert refused.status_code == 503 and "please try again in a few minutes" in refused.text
        assert third.get("state")["status"] == "ready" and second.get("state")["queued"] == 0
    finally:
        product.stop()


def test_time_up_submits_by_itself_and_takes_late_edits(tmp_path: Path) -> None:
    product = products.start(tmp_path / "data", "--minutes", "0.05", PAIRSIGHT_PACE="0", PAIRSIGHT_GRACE_S="20")
    try:
        candidate = Browser(product, "candidate")
        candidate.consent()
        candidate.connect()
        wait(lambda: candidate.state["status"] == "grace", 20)
        path, _version, _text = first_file(candidate)
        edit(candidate, path, "# late\n")
        assert candidate.send("ask", text="hello", attachments=[])["ok"] is False
        assert candidate.send("flushed")["ok"]
        wait(lambda: candidate.state["status"] == "finished", 60)
        assert candidate.state["late"] is True
        candidate.socket.disconnect()
    finally:
        product.stop()


def test_open_work_then_a_review_then_the_debrief(tmp_path: Path) -> None:
    first = products.start(
        tmp_path / "data", "--minutes", "30", "--review-minutes", "0.25", PAIRSIGHT_PACE="0", PAIRSIGHT_GRACE_S="60",
        SANDBOX="bubblewrap",
    )  # fmt: skip
    candidate = Browser(first, "candidate")
    assert candidate.consent().status_code == 200
    candidate.connect()
    # As long as there is a review to come, submitting ends open work.
    assert candidate.send("submit")["ok"]
    wait(lambda: candidate.state["status"] == "grace")
    assert candidate.send("flushed")["ok"]
    wait(lambda: candidate.state["status"] == "between")
    assert candidate.state["next_phase_ms"] == 15_000
    first.kill()
    product = products.start(tmp_path / "data", PAIRSIGHT_PACE="0", SANDBOX="bubblewrap")
    try:
        candidate = Browser(product, "candidate", name="after")
        interviewer = Browser(product, "interviewer")
        candidate.connect()
        interviewer.connect()
        for name in ("run", "term.open", "ticket.open"):
            assert "begin the next" in candidate.send(name, title="One", text="Do it.", cols=80, rows=24)["error"]
        wait(lambda: candidate.state["sandbox_back"] == "rebuilt", 30)
        assert candidate.send("next_phase")["ok"]
        wait(lambda: candidate.state["review"] is not None)
        review = candidate.state["review"]
        assert candidate.send("judge", review=review["review"], hunk="v0", verdict="block")["code"] == "refused"
        for hunk in review["hunks"][:-1]:
            at = {"review": review["review"], "hunk": hunk["hunk"], "line": 1}
            assert candidate.send("judge", **at, verdict="probably wrong", fault="it looks wrong")["ok"]
        # Its time is short; then it ends by itself.
        wait(lambda: candidate.state["status"] == "grace", 60)
        assert candidate.send("flushed")["ok"]
        wait(lambda: interviewer.state["status"] == "finished" and candidate.state["debrief"] is not None, 120)
        items = [item for item in candidate.state["debrief"] if item["phase"] == "review"]
        assert items and all(item["proof"] and item["path"].startswith("review/") for item in items)
        assert {item["outcome"] for item in items} <= {"doubted", "named", "not judged"}
        hidden = {event["type"] for event in interviewer.events} - {event["type"] for event in candidate.events}
        assert {"review.annotated", "defect.traced"} <= hidden
        graded = next(
            event["payload"]["result"]
            for event in interviewer.events
            if event["type"] == "analysis.recorded" and event["payload"]["kind"] == "hidden_tests"
        )
        assert graded["total"] > 0
        candidate.socket.disconnect()
        interviewer.socket.disconnect()
    finally:
        product.stop()


def test_without_the_page_the_grace_ends_by_itself(tmp_path: Path) -> None:
    product = products.start(tmp_path / "data", "--minutes", "0.02", PAIRSIGHT_PACE="0", PAIRSIGHT_GRACE_S="1")
    try:
        candidate = Browser(product, "candidate")
        candidate.consent()
        wait(lambda: candidate.get("state")["status"] == "finished", 60)
        assert candidate.get("state")["late"] is False
    finally:
        product.stop()


def test_a_full_workspace_is_told_and_the_edit_is_kept(candidate: Browser) -> None:
    terminal = candidate.send("term.open", cols=80, rows=24)["terminal"]
    candidate.send(
        "term.input", terminal=terminal, data="for n in 1 2 3; do head -c 30M /dev/zero > big$n.bin; done; echo full\r"
    )
    wait(lambda: "full" in terminal_text(candidate, terminal).replace("echo full", ""), 30)
    path, _version, _text = first_file(candidate)
    edit(candidate, path, "# kept\n" * 2000)
    wait(lambda: candidate.state["sync_error"])
    assert candidate.state["files"][path]["text"].startswith("# kept\n")
    candidate.send("term.input", terminal=terminal, data="rm big*.bin\r")
    edit(candidate, path, "# now\n")
    wait(lambda: not candidate.state["sync_error"])
    candidate.send("term.input", terminal=terminal, data=f"head -1 {path}; wc -l {path}\r")
    wait(lambda: "# now" in terminal_text(candidate, terminal))


def test_a_lost_sandbox_comes_back_with_the_work_and_the_time(product: Product, candidate: Browser) -> None:
    path, _version, _text = first_file(candidate)
    edit(candidate, path, "# survives\n")
    wait(lambda: candidate.state["sandbox"])
    products.lose_sandbox(product, candidate.interview)
    wait(lambda: "sandbox.lost" in candidate.types())
    wait(lambda: candidate.types().count("sandbox.started") == 2 and candidate.state["paused_ms"] is None, 30)
    assert candidate.state["lost_ms"] > 0
    terminal = candidate.send("term.open", cols=80, rows=24)["terminal"]
    candidate.send("term.input", terminal=terminal, data=f"head -1 {path}\r")
    wait(lambda: "# survives" in terminal_text(candidate, terminal))
