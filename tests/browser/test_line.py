"""A candidate for whom there is no workspace yet: told where they stand, let in by a key, and never timed before."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import product as products
from tests.browser import pages
from tests.browser.conftest import Open, shot
from tests.product import Browser, wait


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_a_candidate_in_line_sees_their_place_and_gets_in(
    tmp_path: Path, open_page: Open, width: int, scheme: str
) -> None:
    running = products.start(tmp_path / "data", "--sandbox", "bubblewrap", PAIRSIGHT_SANDBOXES="1")
    try:
        first = Browser(running, "candidate")
        assert first.consent().url.endswith("/work")
        first.connect()
        ahead = Browser(products.with_candidate(running, products.another_interview(running)), "candidate")
        assert ahead.consent().url.endswith("/wait")
        own = products.another_interview(running)
        page = open_page(products.link(running, own, "candidate"), width=width, height=740, scheme=scheme)
        watcher = open_page(products.link(running, own, "interviewer"))
        page.get_by_role("radio", name=re.compile("^With mistakes")).check()
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Start the interview").click()
        expect(page.get_by_role("heading", name="You are in line")).to_be_visible()
        expect(page.get_by_text("One person is before you")).to_be_visible()
        expect(page.get_by_text("the clock does not run")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        shot(page, f"line-{width}-{scheme}")
        expect(watcher.get_by_text("waits for a workspace, 1 person ahead")).to_be_visible()
        shot(watcher, f"line-watched-{width}")
        first.send("submit")
        # The one ahead has the place now.
        expect(page.get_by_text("You are next")).to_be_visible()
        wait(lambda: ahead.get("state")["sandbox"])
        ahead.consent()
        ahead.connect()
        ahead.send("submit")
        expect(page.get_by_role("heading", name="Your workspace is ready")).to_be_visible()
        shot(page, f"line-ready-{width}-{scheme}")
        expect(watcher.get_by_text("has not started yet")).to_be_visible()
        expect(page.get_by_role("button", name="Start the interview")).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/work$"))
        wait(lambda: page.evaluate("!!window.__pairsight") and pages.state(page)["status"] == "running")
        wait(lambda: pages.state(watcher)["status"] == "running")
        assert pages.state(page)["lost_ms"] == 0
        first.socket.disconnect()
        ahead.socket.disconnect()
    finally:
        running.stop()


def test_the_line_outlives_a_crash_of_the_server(tmp_path: Path, open_page: Open) -> None:
    running = products.start(tmp_path / "data", "--sandbox", "bubblewrap", PAIRSIGHT_SANDBOXES="1")
    port = int(running.address.rsplit(":", 1)[1])
    try:
        first = Browser(running, "candidate")
        first.consent()
        page = open_page(products.link(running, products.another_interview(running), "candidate"))
        page.get_by_role("radio", name=re.compile("^With mistakes")).check()
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Start the interview").click()
        expect(page.get_by_text("You are next")).to_be_visible()
        # What asks again is there too, before there is nobody to ask.
        page.wait_for_load_state("load")
        running.kill()
        with page.expect_event("requestfailed"):
            pass
        expect(page.get_by_text("You are next")).to_be_visible()
        running = products.start(tmp_path / "data", "--sandbox", "bubblewrap", port=port, PAIRSIGHT_SANDBOXES="1")
        with page.expect_response(lambda answer: answer.url.endswith("/wait") and answer.ok):
            pass
        expect(page.get_by_text("You are next")).to_be_visible()
        again = Browser(products.with_candidate(running, first.interview), "candidate", "b")
        again.connect()
        wait(lambda: again.state["paused_ms"] is None and again.state["sandbox_back"] == "rebuilt", 30)
        again.send("submit")
        expect(page.get_by_role("heading", name="Your workspace is ready")).to_be_visible()
        again.socket.disconnect()
    finally:
        running.stop()


def test_what_a_rebuilt_workspace_lacks_is_told_to_both(tmp_path: Path, open_page: Open) -> None:
    running = products.start(tmp_path / "data", "--sandbox", "bubblewrap", PAIRSIGHT_PACE="0")
    try:
        page = open_page(running.links["candidate"])
        pages.consent(page)
        watcher = open_page(running.links["interviewer"])
        pages.in_terminal(page, "head -c 1100000 /dev/zero > zeros.bin")
        wait(lambda: "zeros.bin" in pages.state(page)["files"])
        products.lose_sandbox(running, page.url.split("/interviews/")[1].split("/")[0])
        for viewer in (page, watcher):
            expect(viewer.get_by_text("The sandbox was lost and made anew")).to_be_visible(timeout=40_000)
            expect(viewer.get_by_text("only their names are recorded: zeros.bin")).to_be_visible()
        shot(page, "rebuilt")
        # A terminal was open, so one is open again.
        pages.in_terminal(page, "echo a''live")
        wait(lambda: "alive" in pages.terminal_text(page))
        page.get_by_role("button", name="Understood").click()
        expect(page.get_by_text("The sandbox was lost and made anew")).to_be_hidden()
        pages.submit(page)
        expect(watcher.get_by_text("worked", exact=True)).to_be_visible()
        shot(watcher, "watched-over")
    finally:
        running.stop()
