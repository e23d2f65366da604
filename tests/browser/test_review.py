"""From open work to the review and to the debrief, in a real browser: by keys alone, over a reload, watched, and on a phone."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import product as products
from tests.browser import pages
from tests.browser.conftest import Open, shot
from tests.browser.line import Line
from tests.product import Product, wait

FAULT = "Takes the oldest where the newest was asked for"


def begun(page: Page, *, plants: bool = True) -> Page:
    """A page in open work, behind which there is a review."""
    page.get_by_role("radio", name=re.compile("^With mistakes" if plants else "^Without mistakes")).check()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Start the interview").click()
    expect(page.get_by_role("button", name="Go on to the review")).to_be_enabled()
    return page


def hunks(page: Page) -> Locator:
    return page.locator(".review-hunk")


def review(page: Page) -> pages.Json:
    return pages.state(page)["review"]


def verdicts(page: Page) -> dict[str, pages.Json]:
    return dict(review(page)["verdicts"])


def names(page: Page) -> list[str]:
    """The ids of the hunks as they are shown."""
    return [str(one.get_attribute("data-review-hunk")) for one in hunks(page).all()]


def to_review(page: Page, told: str = "Some of them may be wrong.") -> None:
    """Go on, read what comes, and begin it."""
    page.get_by_role("button", name="Go on to the review").click()
    dialog = page.get_by_role("dialog", name="Go on to the review?")
    expect(dialog).to_contain_text("It is dropped, and not held against you.")
    dialog.get_by_role("button", name="Go on", exact=True).click()
    expect(page.get_by_role("dialog", name="Next: the review")).to_contain_text(told)
    expect(page.get_by_role("heading", name="Next: the review")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Begin the review")).to_be_in_viewport()
    page.get_by_role("button", name="Begin the review").click()
    expect(hunks(page).first).to_be_visible()


def test_a_review_is_done_by_keys_watched_and_told_of(reviewed: Product, open_page: Open) -> None:
    candidate = begun(open_page(reviewed.links["candidate"]))
    watcher = open_page(reviewed.links["interviewer"])
    expect(candidate.get_by_role("heading", name="Prompted Playlists").first).to_contain_text("Open work 1 of 2")

    # What is typed right before open work is ended belongs to it.
    pages.type_at_start(candidate, "# last words\n")
    candidate.keyboard.press("Control+k")
    candidate.keyboard.type("Go on to the review")
    candidate.keyboard.press("Enter")
    asked = candidate.get_by_role("dialog", name="Go on to the review?")
    expect(asked.get_by_role("button", name="Keep working")).to_be_focused()
    candidate.keyboard.press("Tab")
    expect(asked.get_by_role("button", name="Go on", exact=True)).to_be_focused()
    candidate.keyboard.press("Enter")
    offer = candidate.get_by_role("dialog", name="Next: the review")
    expect(offer).to_contain_text("everything you wrote is saved and handed in as it stands. The clock stands.")
    expect(offer).to_contain_text("You have 15 minutes for it.")
    expect(offer).to_contain_text(re.compile(r"It begins by itself in 0[45]:\d\d\."))
    assert pages.state(candidate)["status"] == "between"
    assert any((view["text"] or "").startswith("# last words\n") for view in pages.state(candidate)["files"].values())
    shot(candidate, "between")
    # A page that is loaded anew offers it still, and the clock of what comes has not begun.
    candidate.reload()
    expect(candidate.get_by_role("button", name="Begin the review")).to_be_focused()
    expect(candidate.get_by_role("timer")).to_contain_text("15:00")
    candidate.keyboard.press("Enter")

    # One begins at what the change is for, and goes through it by keys.
    expect(candidate.get_by_role("region", name="The change").last).to_be_focused()
    expect(candidate.get_by_role("heading", name="Prompted Playlists").first).to_contain_text("Review 2 of 2")
    total = hunks(candidate).count()
    assert total == len(review(candidate)["hunks"]) and 12 <= total <= 20
    candidate.keyboard.press("j")
    expect(hunks(candidate).nth(0)).to_be_focused()
    candidate.keyboard.press("4")
    expect(hunks(candidate).nth(0)).to_contain_text("● saved")
    candidate.keyboard.press("n")
    expect(hunks(candidate).nth(1)).to_be_focused()
    order = names(candidate)
    wait(lambda: verdicts(candidate)[order[0]]["verdict"] == "merge")

    # A fault that is typed right before a reload is neither lost nor called saved too early.
    candidate.keyboard.press("1")
    written = hunks(candidate).nth(1).get_by_role("textbox", name="What is wrong?")
    expect(written).to_be_visible()
    candidate.keyboard.press("f")
    expect(written).to_be_focused()
    candidate.keyboard.type(FAULT)
    candidate.reload()
    second = hunks(candidate).nth(1)
    expect(second.get_by_role("textbox", name="What is wrong?")).to_have_value(FAULT)
    expect(second.get_by_role("radio", name="Block")).to_be_checked()
    wait(lambda: verdicts(candidate).get(order[1], {}).get("fault") == FAULT)

    # Its line and a repair, by keys too.
    second.focus()
    candidate.keyboard.press("f")
    candidate.keyboard.press("Shift+Tab")
    expect(second.get_by_role("combobox", name="Where is the fault?")).to_be_focused()
    candidate.keyboard.press("ArrowDown")
    candidate.keyboard.press("Tab")
    candidate.keyboard.press("Tab")
    candidate.keyboard.press("Enter")
    expect(second.locator(".hunk-editor .cm-content")).to_be_focused()
    candidate.keyboard.press("Control+End")
    candidate.keyboard.type("  # mended")
    candidate.keyboard.press("Escape")
    expect(second.get_by_role("button", name="Edit the repair")).to_be_focused()
    after = {one["hunk"]: one["after"] for one in review(candidate)["hunks"]}[order[1]]
    mended = after.rstrip("\n") + "  # mended\n"
    wait(lambda: verdicts(candidate)[order[1]]["repair"] is not None)
    assert verdicts(candidate)[order[1]]["repair"] == mended
    assert (verdicts(candidate)[order[1]]["verdict"], verdicts(candidate)[order[1]]["line"]) == ("block", 1)
    shot(candidate, "review")

    # Another verdict takes the fault along and leaves it to be found again.
    second.focus()
    candidate.keyboard.press("3")
    wait(lambda: verdicts(candidate)[order[1]] | {"seq": 0} == judged("probably right"))
    candidate.keyboard.press("2")
    wait(lambda: verdicts(candidate)[order[1]] | {"seq": 0} == judged("probably wrong", 1, FAULT, mended))

    # The rest; whoever has judged them all is told so.
    for place in range(2, total):
        candidate.keyboard.press("n")
        expect(hunks(candidate).nth(place)).to_be_focused()
        candidate.keyboard.press("3")
    wait(lambda: len(verdicts(candidate)) == total)
    expect(candidate.get_by_text("Every change has a verdict.")).to_be_visible()
    wait(lambda: pages.saved(candidate))

    # The interviewer sees the verdicts as they come, and can give none.
    expect(watcher.get_by_role("tab", name=f"Review {total}/{total}")).to_have_attribute("aria-selected", "true")
    expect(watcher.locator(f"[data-review-hunk='{order[1]}']")).to_contain_text(FAULT)
    expect(watcher.locator(f"[data-review-hunk='{order[1]}']")).to_contain_text("Probably wrong")
    assert watcher.get_by_role("radio").count() == 0
    watcher.reload()
    expect(watcher.get_by_role("tab", name=f"Review {total}/{total}")).to_have_attribute("aria-selected", "true")
    shot(watcher, "review-watch")

    assert watcher.evaluate("document.querySelector('.review').parentElement.scrollTop") == 0

    # The place in the file, and what the shell makes of it.
    second.focus()
    candidate.keyboard.press("o")
    expect(candidate.locator(".editor-host .cm-content")).to_be_focused()
    line = candidate.evaluate("document.querySelector('.cm-activeLine').textContent")
    assert line + "\n" in after
    pages.in_terminal(candidate, "python3 -m pytest -q review/tests")
    wait(lambda: re.search(r"\d+ passed", pages.terminal_text(candidate)), 60)

    candidate.get_by_role("button", name="Submit", exact=True).click()
    expect(candidate.get_by_role("dialog", name="Submit your work?")).to_contain_text("Every change has a verdict.")
    candidate.get_by_role("button", name="Submit and end").click()
    candidate.wait_for_url(re.compile("/debrief$"))
    expect(candidate.get_by_role("heading", name="Your interview is over")).to_be_visible(timeout=90_000)
    # Nothing of it stays in the browser.
    assert candidate.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('pairsight.review'))") == []

    # A moment of the replay shows the hunk that was judged in it.
    seq = verdicts(watcher)[order[0]]["seq"]
    watcher.goto(f"{reviewed.address}/interviews/{watcher.url.split('/interviews/')[1].split('/')[0]}/replay#seq={seq}")
    expect(watcher.locator(f"[data-review-hunk='{order[0]}']")).to_contain_text("Merge")
    expect(watcher.locator(f"[data-review-hunk='{order[1]}']")).to_contain_text("No verdict yet")


def judged(
    verdict: str, line: int = 0, fault: str = "", repair: str | None = None, *, late: bool = False
) -> pages.Json:
    return {"seq": 0, "verdict": verdict, "line": line, "fault": fault, "repair": repair, "late": late}


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (800, "dark")])
def test_a_review_fits_a_narrow_window(reviewed: Product, open_page: Open, width: int, scheme: str) -> None:
    page = open_page(reviewed.links["candidate"], width=width, height=740, scheme=scheme)
    # Whoever chose the format without planted mistakes is told nothing else.
    if scheme == "dark":
        to_review(begun(page, plants=False), "As you chose, no mistakes were placed in it on purpose")
    else:
        to_review(begun(page))
    shot(page, f"review-{width}-{scheme}")
    first = hunks(page).first
    first.get_by_role("radio", name="Probably wrong").check()
    first.get_by_role("textbox", name="What is wrong?").fill(FAULT)
    first.locator(".line-pick").first.click()
    order = names(page)
    wait(lambda: verdicts(page).get(order[0], {}) | {"seq": 0} == judged("probably wrong", 1, FAULT))
    expect(first).to_contain_text("● saved")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # The page's own parts stay in place, and nothing of the review is wider than its panel.
    assert page.evaluate("[...document.querySelectorAll('.panel-body')].every((one) => one.scrollTop === 0)")
    assert page.evaluate("[...document.querySelectorAll('.review')].every((one) => one.scrollWidth <= one.clientWidth)")
    shot(page, f"review-{width}-{scheme}-judged")
    page.get_by_role("navigation", name="Panels").get_by_role("button", name="Code").click()
    expect(first).to_be_hidden()
    page.get_by_role("navigation", name="Panels").get_by_role("button", name="Review").click()
    expect(first).to_be_visible()
    left = len(review(page)["hunks"]) - 1
    page.get_by_role("button", name="Submit", exact=True).click()
    dialog = page.get_by_role("dialog", name="Submit your work?")
    expect(dialog).to_contain_text(f"{left} changes have no verdict; that is fine.")
    dialog.get_by_role("button", name="Keep working").click()
    expect(first.get_by_role("textbox", name="What is wrong?")).to_have_value(FAULT)


def test_open_work_that_runs_out_is_followed_by_the_offer(tmp_path: Path, open_page: Open) -> None:
    running = products.start(
        tmp_path / "data", "--minutes", "0.5", SANDBOX="bubblewrap", PAIRSIGHT_PACE="0", PAIRSIGHT_REVIEW_MINUTES="15"
    )
    try:
        page = begun(open_page(running.links["candidate"]))
        pages.type_at_start(page, "# last words\n")
        page.get_by_role("button", name="Begin the review").click(timeout=60_000)
        expect(hunks(page).first).to_be_visible()
        texts = [view["text"] or "" for view in pages.state(page)["files"].values()]
        assert any(text.startswith("# last words\n") for text in texts)
    finally:
        running.stop()


def test_a_fault_written_while_the_server_is_away_arrives_afterwards(tmp_path: Path, open_page: Open) -> None:
    start = partial(
        products.start, tmp_path / "data", SANDBOX="bubblewrap", PAIRSIGHT_PACE="0", PAIRSIGHT_REVIEW_MINUTES="15"
    )
    running = start()
    port = int(running.address.rsplit(":", 1)[1])
    try:
        page = begun(open_page(running.links["candidate"]))
        to_review(page)
        running.kill()
        first = hunks(page).first
        first.focus()
        page.keyboard.press("2")
        expect(first.get_by_role("textbox", name="What is wrong?")).to_be_visible()
        page.keyboard.press("f")
        page.keyboard.type(FAULT)
        expect(page.get_by_text(re.compile("kept on this computer")).first).to_be_visible()
        expect(first).to_contain_text(re.compile("not saved yet|saving"))
        running = start(port=port)
        order = names(page)
        wait(lambda: verdicts(page).get(order[0], {}) | {"seq": 0} == judged("probably wrong", 0, FAULT), 40)
        expect(first).to_contain_text("● saved")
        wait(lambda: pages.saved(page))
    finally:
        running.stop()


def test_a_fault_written_without_network_when_time_runs_out_is_taken(tmp_path: Path, open_page: Open) -> None:
    running = products.start(
        tmp_path / "data", SANDBOX="bubblewrap", PAIRSIGHT_PACE="0", PAIRSIGHT_REVIEW_MINUTES="0.5"
    )
    line = Line(int(running.address.rsplit(":", 1)[1]))
    try:
        page = begun(open_page(running.links["candidate"].replace(running.address, line.address)))
        watcher = open_page(running.links["interviewer"])
        to_review(page)
        order = names(page)
        line.cut()
        first = hunks(page).first
        first.focus()
        page.keyboard.press("2")
        expect(first.get_by_role("textbox", name="What is wrong?")).to_be_visible()
        page.keyboard.press("f")
        page.keyboard.type(FAULT)
        wait(lambda: pages.state(watcher)["status"] == "grace", 60)
        line.mend()
        wait(lambda: pages.state(watcher)["status"] in ("submitted", "finished"), 60)
        assert verdicts(watcher)[order[0]] | {"seq": 0} == judged("probably wrong", 0, FAULT, late=True)
    finally:
        line.close()
        running.stop()
