"""What becomes of a proposal on the candidate's page: text that changed meanwhile, changes by hand, all at once, by keys alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import product as products
from tests.browser import pages
from tests.browser.conftest import Open, shot
from tests.loopback.server import Loopback
from tests.product import Product, wait

REQUEST, BUILDER = "playlists/request.py", "playlists/builder.py"
SECONDS, MOODS, SEEN = (f"a1-s1-h{number}" for number in (1, 2, 3))


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with Loopback("proposals") as service:
        running = products.start(
            tmp_path / "data",
            PAIRSIGHT_PROVIDER="anthropic",
            ANTHROPIC_BASE_URL=service.address,
            ANTHROPIC_API_KEY=service.player.script.key,
        )
        yield running
        running.stop()


def proposed(page: Page) -> Page:
    """A page with three changes offered."""
    pages.consent(page)
    pages.open_file(page, REQUEST)
    if page.viewport_size and page.viewport_size["width"] < 900:
        page.get_by_role("button", name="Assistant").first.click()
    pages.ask(page, "Please make it milder.")
    assert [hunk for _suggestion, hunk in pages.open_hunks(page)] == [SECONDS, MOODS, SEEN]
    return page


def hunk(page: Page, name: str) -> Locator:
    return page.locator(f"[data-hunk='{name}']")


def open_names(page: Page) -> list[str]:
    return [name for _suggestion, name in pages.open_hunks(page)]


def type_in(page: Page, old: str, new: str) -> None:
    """Replace the first ``old`` of the open file by typing."""
    page.locator(".editor-host .cm-content").click()
    page.keyboard.press("Control+f")
    page.locator(".cm-search [name=search]").fill("")
    page.keyboard.type(old)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.type(new)
    wait(lambda: pages.saved(page))


def test_an_edit_above_moves_a_hunk_and_all_are_one_step_to_undo(product: Product, open_page: Open) -> None:
    page = proposed(open_page(product.links["candidate"], width=1280, height=800))
    before = pages.text(page, REQUEST)
    pages.type_at_start(page, "# one\n# two\n# three\n")
    wait(lambda: pages.saved(page))
    expect(hunk(page, SECONDS).get_by_role("button", name=re.compile("request.py:12"))).to_be_visible()
    shot(page, "proposal-1280")
    # By keys alone, all of it.
    hunk(page, SECONDS).focus()
    page.keyboard.press("Control+Shift+Enter")
    wait(lambda: open_names(page) == [])
    changed = (
        before.replace("45 * 60", "30 * 60").replace('"wild": 10', '"wild": 9').replace('"relaxed": 4', '"relaxed": 5')
    )
    assert pages.text(page, REQUEST) == "# one\n# two\n# three\n" + changed
    assert "seen: set[str]" in pages.text(page, BUILDER)
    shot(page, "proposal-accepted-1280")
    page.locator(".editor-host .cm-content").click()
    page.keyboard.press("Control+z")
    wait(lambda: pages.saved(page) and pages.text(page, REQUEST) == "# one\n# two\n# three\n" + before)
    page.keyboard.press("Control+y")
    wait(lambda: pages.saved(page) and pages.text(page, REQUEST) == "# one\n# two\n# three\n" + changed)


def test_a_stale_hunk_is_made_anew_where_that_can_be_done_and_else_asked_for_again(
    product: Product, open_page: Open
) -> None:
    page = proposed(open_page(product.links["candidate"], width=800, height=900))
    page.get_by_role("button", name="Code").first.click()
    type_in(page, '"upbeat": 8', '"upbeat": 6')
    type_in(page, "45 * 60", "50 * 60")
    page.get_by_role("button", name="Assistant").first.click()
    expect(hunk(page, MOODS).get_by_text("can no longer be put in as it is")).to_be_visible()
    expect(hunk(page, MOODS).get_by_role("button", name=re.compile("^Accept"))).to_be_disabled()
    hunk(page, MOODS).scroll_into_view_if_needed()
    shot(page, "proposal-stale-800")
    hunk(page, MOODS).get_by_role("button", name="Make it anew").click()
    expect(hunk(page, MOODS).get_by_text("Made anew")).to_be_visible()
    expect(hunk(page, MOODS)).to_be_focused()
    shot(page, "proposal-refreshed-800")
    page.keyboard.press("Control+Enter")
    wait(lambda: MOODS not in open_names(page))
    for line in ('"wild": 9', '"upbeat": 6', '"relaxed": 5'):
        assert line in pages.text(page, REQUEST)

    hunk(page, SECONDS).get_by_role("button", name="Make it anew").click()
    expect(hunk(page, SECONDS).get_by_role("alert")).to_contain_text("ask again")
    hunk(page, SECONDS).get_by_role("button", name="Ask the assistant again").click()
    assert "request.py" in page.get_by_role("textbox", name="Ask the assistant").input_value()
    page.get_by_role("textbox", name="Ask the assistant").press("Enter")
    wait(lambda: len(pages.state(page)["turns"]) == 2 and pages.state(page)["turns"][1]["status"] == "finished")
    hunk(page, "a2-s1-h1").focus()
    page.keyboard.press("Control+Enter")
    wait(lambda: "DEFAULT_SECONDS = 30 * 60" in pages.text(page, REQUEST))


def test_a_hunk_is_changed_before_it_goes_in_by_keys_alone(product: Product, open_page: Open) -> None:
    page = proposed(open_page(product.links["candidate"], width=1280, height=800))
    hunk(page, SECONDS).focus()
    page.keyboard.press("Control+e")
    editor = hunk(page, SECONDS).get_by_role("textbox", name=re.compile("The change, to be edited"))
    expect(editor).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("  # half an hour")
    shot(page, "hunk-edit-1280")
    # Left, nothing is decided, and what was typed is still there.
    page.keyboard.press("Escape")
    expect(hunk(page, SECONDS)).to_be_focused()
    assert SECONDS in open_names(page)
    page.keyboard.press("Control+e")
    expect(editor).to_contain_text("half an hour")
    page.keyboard.press("Control+Enter")
    wait(lambda: SECONDS not in open_names(page))
    assert "DEFAULT_SECONDS = 30 * 60  # half an hour\n" in pages.text(page, REQUEST)
    expect(hunk(page, SECONDS).get_by_text("Accepted with changes")).to_be_visible()
    expect(hunk(page, SECONDS).get_by_role("table")).to_contain_text("half an hour")
    assert pages.state(page)["suggestions"]["a1-s1"]["kept"] == {SECONDS: "DEFAULT_SECONDS = 30 * 60  # half an hour\n"}
    # On to the next, down and up, and away with the rest.
    expect(hunk(page, MOODS)).to_be_focused()
    page.keyboard.press("j")
    expect(hunk(page, SEEN)).to_be_focused()
    page.keyboard.press("k")
    expect(hunk(page, MOODS)).to_be_focused()
    shot(page, "hunk-kept-1280")
    page.keyboard.press("Control+Shift+Backspace")
    wait(lambda: open_names(page) == [])
    assert pages.state(page)["suggestions"]["a1-s1"]["decisions"] == {
        SECONDS: "accepted",
        MOODS: "rejected",
        SEEN: "rejected",
    }


def test_the_replay_says_what_became_of_accepted_lines(product: Product, open_page: Open) -> None:
    page = proposed(open_page(product.links["candidate"], width=1280, height=800))
    hunk(page, MOODS).focus()
    page.keyboard.press("Control+Shift+Enter")
    wait(lambda: open_names(page) == [])
    type_in(page, '"wild": 9', '"wild": 8')
    pages.submit(page)
    replay = open_page(product.links["interviewer"], width=1280, height=800)
    replay.goto(replay.url.replace("/watch", "/replay"))
    wait(lambda: replay.evaluate("!!window.__pairsight"))
    replay.keyboard.press("End")
    expect(hunk(replay, MOODS).get_by_text("1 of 2 lines stand in the work handed in")).to_be_visible()
    expect(hunk(replay, SEEN).get_by_text("1 of 1 line stands in the work handed in")).to_be_visible()
    hunk(replay, MOODS).scroll_into_view_if_needed()
    shot(replay, "proposal-replay-1280")


def test_a_renamed_file_takes_its_hunks_along_and_the_palette_takes_all(product: Product, open_page: Open) -> None:
    page = proposed(open_page(product.links["candidate"], width=1280, height=800))
    page.locator(".editor-host .cm-content").click()
    page.keyboard.press("F2")
    page.get_by_role("dialog").get_by_role("textbox").fill("playlists/wish.py")
    page.keyboard.press("Enter")
    wait(lambda: "playlists/wish.py" in pages.state(page)["files"])
    page.keyboard.press("Control+k")
    page.keyboard.type("Accept all changes")
    page.keyboard.press("Enter")
    wait(lambda: open_names(page) == [])
    assert "DEFAULT_SECONDS = 30 * 60\n" in pages.text(page, "playlists/wish.py")
    assert REQUEST not in pages.state(page)["files"]
