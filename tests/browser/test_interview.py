"""A whole interview in a real browser: the candidate works while the interviewer watches; then the replay is opened."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from sandbox import registry
from tests import product as products
from tests.browser import pages
from tests.browser.conftest import Open, shot
from tests.loopback.server import Loopback
from tests.product import Product, wait

BUG = "Please fix the bug: 80s is read as 80 seconds, a decade must never be taken as a length."
FEATURE = (
    "In playlists/builder.py build the playlist so that the total is never more than two minutes over the wish, "
    "no artist plays twice in a row, and no explicit tracks when the request says clean."
)


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    running = products.start(tmp_path / "data", PAIRSIGHT_PACE="0.2")
    yield running
    running.stop()


@pytest.fixture(params=registry.names())
def product_on_each_sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Product]:
    probe = registry.get(request.param).probe()
    if not probe.ok:
        pytest.skip(f"{request.param} cannot run here: {probe.reason} {probe.install}")
    running = products.start(tmp_path / "data", PAIRSIGHT_PACE="0.2", SANDBOX=request.param)
    yield running
    running.stop()


def interview_of(page: Page) -> str:
    return page.url.split("/interviews/")[1].split("/")[0]


def server_state(page: Page, product: Product, role: str, at: int) -> pages.Json:
    """What the server folds for that role up to an event."""
    url = f"{product.address}/api/interviews/{interview_of(page)}/{role}/state?at={at}"
    answer = page.context.request.get(url)
    assert answer.ok, answer.text()
    return answer.json()


def same_as_server(page: Page, product: Product, role: str) -> None:
    """The page's own fold equals the server's at the page's event."""
    seen = pages.state(page)
    assert seen == server_state(page, product, role, seen["seq"])


def caught_up(viewer: Page, candidate: Page) -> bool:
    return pages.seq(viewer) >= pages.seq(candidate)


def test_an_interview_is_worked_watched_replayed_and_scored(product_on_each_sandbox: Product, open_page: Open) -> None:
    product = product_on_each_sandbox
    chance = random.Random(20)
    candidate = open_page(product.links["candidate"])
    shot(candidate, "consent")
    pages.consent(candidate)
    watcher = open_page(product.links["interviewer"])
    wait(lambda: pages.seq(watcher) > 0)

    # Typing reaches the interviewer, with an emoji on the way.
    pages.open_file(candidate, "playlists/request.py")
    pages.type_at_start(candidate, "# 😀 first thoughts\n")
    wait(lambda: pages.saved(candidate))
    wait(lambda: pages.text(watcher, "playlists/request.py").startswith("# 😀 first thoughts\n"))
    expect(watcher.get_by_text("first thoughts").first).to_be_visible()
    same_as_server(watcher, product, "interviewer")

    # The terminal sees what was typed, and the editor what the terminal does.
    pages.in_terminal(candidate, "head -1 playlists/request.py && echo '# from the shell' >> playlists/request.py")
    wait(lambda: "first thoughts" in pages.terminal_text(watcher))
    wait(lambda: pages.text(candidate, "playlists/request.py").endswith("# from the shell\n"))

    pages.run_tests(candidate)
    expect(candidate.get_by_role("img", name="failed").first).to_be_visible()
    shot(candidate, "tests")

    pages.ask(candidate, BUG)
    hunks = pages.open_hunks(candidate)
    assert hunks
    shot(candidate, "proposal")
    candidate.locator(f"[data-hunk='{hunks[0][1]}']").get_by_role("button", name=re.compile("^Accept")).click()
    wait(lambda: hunks[0] not in pages.open_hunks(candidate))

    # By the keyboard alone: the focused hunk is rejected.
    pages.ask(candidate, FEATURE)
    rest = pages.open_hunks(candidate)
    assert rest
    candidate.locator(f"[data-hunk='{rest[0][1]}']").focus()
    candidate.keyboard.press("Control+Backspace")
    wait(lambda: rest[0] not in pages.open_hunks(candidate))
    for _suggestion, hunk in pages.open_hunks(candidate):
        candidate.locator(f"[data-hunk='{hunk}']").focus()
        candidate.keyboard.press("Control+Enter")
        wait(lambda hunk=hunk: all(found != hunk for _s, found in pages.open_hunks(candidate)))  # type: ignore[misc]  # mypy cannot type a lambda's default
    wait(lambda: caught_up(watcher, candidate))
    same_as_server(watcher, product, "interviewer")
    shot(watcher, "watch")

    # A reload at any moment loses nothing: neither keys that had not left yet, nor the conversation.
    before = pages.state(candidate)
    pages.type_at_start(candidate, "# typed right before the reload\n")
    candidate.reload()
    expect(candidate.get_by_role("button", name="Submit", exact=True)).to_be_enabled()
    wait(lambda: pages.saved(candidate))
    wait(
        lambda: (
            "# typed right before the reload"
            in "".join(f["text"] or "" for f in pages.state(candidate)["files"].values())
        )
    )
    assert [turn["reply"] for turn in pages.state(candidate)["turns"]] == [turn["reply"] for turn in before["turns"]]
    expect(candidate.get_by_text("80s is read as 80 seconds").first).to_be_visible()
    pages.run_tests(candidate)
    shot(candidate, "workspace")
    same_as_server(candidate, product, "candidate")

    # An interviewer's note stays among interviewers.
    watcher.keyboard.press("n")
    watcher.get_by_role("textbox", name=re.compile("[Nn]ote")).last.fill("asks for limits first")
    watcher.keyboard.press("Enter")
    wait(lambda: [note["text"] for note in pages.state(watcher)["notes"]] == ["asks for limits first"])
    assert pages.state(candidate)["notes"] == []

    pages.submit(candidate)
    shot(candidate, "debrief")
    expect(candidate.get_by_role("heading", name="The fix").first).to_be_visible()
    wait(lambda: pages.state(watcher)["status"] == "finished", 60)
    # The last that is recorded, once everything has been found out.
    wait(lambda: recorded(watcher, product, "score.recorded"), 180)
    wait(lambda: pages.seq(watcher) == last_event(watcher, product))

    # At random moments what was live and what is replayed are the same.
    replay = open_page(product.links["interviewer"])
    replay.goto(f"{product.address}/interviews/{interview_of(watcher)}/replay")
    wait(lambda: pages.seq(replay) > 0 or replay.evaluate("!!window.__pairsight"))
    end = pages.seq(watcher)
    for at in [1, end, *chance.sample(range(1, end), 25)]:
        replay.evaluate("at => window.__pairsight.seek(at)", at)
        assert pages.state(replay) == server_state(replay, product, "interviewer", at), at
    replay.evaluate("at => window.__pairsight.seek(at)", end)
    assert pages.state(replay) == pages.state(watcher)

    # From the scorecard's evidence to its moment.
    scorecard = open_page(product.links["interviewer"])
    scorecard.goto(f"{product.address}/interviews/{interview_of(watcher)}/scorecard")
    pages.reveal(scorecard)
    shot(scorecard, "scorecard")
    for name in ("prompt", "critique", "refine"):
        expect(scorecard.locator(f"#{name}")).to_be_visible()
    moment = scorecard.locator("a.moment").first
    target = int((moment.get_attribute("href") or "").split("#seq=")[1])
    moment.click()
    wait(lambda: scorecard.evaluate("!!window.__pairsight") and pages.seq(scorecard) == target)
    shot(scorecard, "replay")

    for suffix in ("json", "csv", "log"):
        with scorecard.expect_download() as download:
            scorecard.evaluate(
                "url => { const a = document.createElement('a'); a.href = url; a.click(); }",
                f"/interviews/{interview_of(watcher)}/export.{suffix}",
            )
        assert Path(download.value.path()).stat().st_size > 200


def recorded(page: Page, product: Product, type_: str) -> bool:
    """Whether the log holds an event of that type."""
    url = f"{product.address}/api/interviews/{interview_of(page)}/interviewer/events?since=0"
    return any(event["type"] == type_ for event in page.context.request.get(url).json()["events"])


def last_event(page: Page, product: Product) -> int:
    url = f"{product.address}/api/interviews/{interview_of(page)}/interviewer/events?since=0"
    return int(page.context.request.get(url).json()["last"])


def test_claude_proposes_and_the_candidate_decides(tmp_path: Path, open_page: Open) -> None:
    with Loopback("interview") as service:
        running = products.start(
            tmp_path / "data",
            PAIRSIGHT_PROVIDER="anthropic",
            PAIRSIGHT_MODE="agent",
            ANTHROPIC_BASE_URL=service.address,
            ANTHROPIC_API_KEY=service.player.script.key,
        )
        try:
            page = open_page(running.links["candidate"])
            assert "hold mistakes placed on purpose" not in page.get_by_role("main").inner_text()
            pages.consent(page)
            pages.ask(page, "Please fix the default length.")
            expect(page.get_by_text("I changed one line and ran the tests on a copy.")).to_be_visible()
            for step in ("Read playlists/request.py", "Worked out a change of", "Ran on a copy"):
                expect(page.get_by_role("log", name="Conversation").get_by_text(step)).to_be_visible()
            shot(page, "claude")
            for _suggestion, hunk in pages.open_hunks(page):
                page.locator(f"[data-hunk='{hunk}']").focus()
                page.keyboard.press("Control+Enter")
            wait(lambda: "DEFAULT_SECONDS = 30 * 60" in pages.text(page, "playlists/request.py"))

            page.get_by_role("textbox", name="Ask the assistant").fill("Something slow, please.")
            page.keyboard.press("Enter")
            wait(lambda: pages.state(page)["turns"][-1]["status"] == "streaming")
            page.get_by_role("button", name="Stop", exact=True).click()
            wait(lambda: pages.state(page)["turns"][-1]["status"] == "finished")
            page.reload()
            expect(page.get_by_text("I changed one line and ran the tests on a copy.")).to_be_visible()
            pages.submit(page)
            shot(page, "debrief-claude")
        finally:
            running.stop()


def test_a_second_tab_is_told_plainly(product: Product, open_page: Open) -> None:
    first = open_page(product.links["candidate"])
    pages.consent(first)
    second = first.context.new_page()
    second.goto(product.links["candidate"])
    expect(second.get_by_role("button", name="Submit", exact=True)).to_be_enabled()
    expect(first.get_by_role("heading", name="open in another tab")).to_be_visible()
    shot(first, "second-tab")
    first.get_by_role("button", name="Continue here instead").click()
    expect(second.get_by_role("heading", name="open in another tab")).to_be_visible()


def test_edits_made_while_the_server_is_away_arrive_afterwards(tmp_path: Path, open_page: Open) -> None:
    running = products.start(tmp_path / "data", PAIRSIGHT_PACE="0.2")
    port = int(running.address.rsplit(":", 1)[1])
    try:
        page = open_page(running.links["candidate"])
        pages.consent(page)
        pages.open_file(page, "playlists/builder.py")
        running.kill()
        pages.type_at_start(page, "# typed while nobody listened\n")
        expect(page.get_by_text(re.compile("kept on this computer")).first).to_be_visible()
        shot(page, "reconnecting")
        running = products.start(tmp_path / "data", port=port, PAIRSIGHT_PACE="0.2")
        wait(lambda: pages.saved(page), 40)
        wait(lambda: pages.text(page, "playlists/builder.py").startswith("# typed while nobody listened\n"))
        wait(lambda: pages.state(page)["lost_ms"] > 0)
    finally:
        running.stop()


def test_time_up_hands_the_work_in(tmp_path: Path, open_page: Open) -> None:
    running = products.start(tmp_path / "data", "--minutes", "0.15", PAIRSIGHT_PACE="0")
    try:
        page = open_page(running.links["candidate"])
        pages.consent(page)
        pages.type_at_start(page, "# last words\n")
        page.wait_for_url(re.compile("/debrief$"), timeout=60_000)
        expect(page.get_by_role("heading", name="Your interview is over")).to_be_visible(timeout=90_000)
        url = f"{running.address}/api/interviews/{interview_of(page)}/candidate/state"
        files = page.context.request.get(url).json()["files"]
        assert any((view["text"] or "").startswith("# last words\n") for view in files.values())
    finally:
        running.stop()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (800, "dark"), (1440, "dark")])
def test_the_workspace_fits_its_window(product: Product, open_page: Open, width: int, scheme: str) -> None:
    page = open_page(product.links["candidate"], width=width, height=740 if width < 1000 else 900, scheme=scheme)
    shot(page, f"consent-{width}-{scheme}")
    pages.consent(page)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shot(page, f"workspace-{width}-{scheme}")
    if width < 900:
        page.get_by_role("button", name="Assistant").first.click()
        expect(page.get_by_role("textbox", name="Ask the assistant")).to_be_visible()
        shot(page, f"assistant-{width}-{scheme}")


def test_a_wrong_link_is_told_in_the_page(product: Product, open_page: Open) -> None:
    answer = requests.get(f"{product.address}/join/nonsense", timeout=10)
    assert answer.status_code == 403 and "not an invitation" in answer.text


def test_two_shells_stand_side_by_side(product: Product, open_page: Open) -> None:
    candidate = open_page(product.links["candidate"])
    pages.consent(candidate)
    wait(lambda: "$" in pages.terminal_text(candidate))
    pages.in_terminal(candidate, "echo fir''st")
    wait(lambda: "first" in pages.terminal_text(candidate))
    assert list(pages.state(candidate)["terminals"]) == ["t1"]
    candidate.keyboard.press("Control+Shift+Backquote")
    shells = candidate.get_by_role("tablist", name="Shells").get_by_role("tab")
    expect(shells).to_have_count(2)
    expect(shells.nth(1)).to_have_attribute("aria-selected", "true")
    # By the keyboard alone, and back again.
    shells.nth(1).focus()
    candidate.keyboard.press("ArrowLeft")
    expect(shells.nth(0)).to_have_attribute("aria-selected", "true")
    expect(candidate.locator(".xterm-rows")).to_contain_text("first")
    pages.in_terminal(candidate, "echo on''ward")
    wait(lambda: "onward" in "".join(pages.state(candidate)["terminals"]["t1"]["output"]))
    shot(candidate, "shells")
    pages.in_terminal(candidate, "exit")
    expect(candidate.get_by_role("tablist", name="Shells")).to_have_count(0)
    pages.in_terminal(candidate, "echo se''cond")
    wait(lambda: "second" in "".join(pages.state(candidate)["terminals"]["t2"]["output"]))
