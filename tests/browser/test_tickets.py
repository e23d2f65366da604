"""Work handed over in a real browser: what comes back is followed, commented on, asked for again and merged; on a phone beside the
workspace too, and by keys alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import product as products
from tests.browser import pages
from tests.browser.conftest import Open, shot
from tests.product import Browser, Product, wait

BUILDER = "playlists/builder.py"
TITLE = "Playlists keep their promises"
TEXT = (
    "In playlists/builder.py build the playlist so that the total is never more than two minutes over the wish, "
    "no artist plays twice in a row, and no explicit tracks when the request says clean."
)
MORE = "Please also leave out artists that the request does not want, and count a remaster as the same song."


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    running = products.start(tmp_path / "data", "--sandbox", "bubblewrap", PAIRSIGHT_PACE="0.2")
    yield running
    running.stop()


def ticket(page: Page, name: str = "t1") -> pages.Json:
    return pages.state(page)["tickets"].get(name, {"status": "", "rounds": []})


def back(page: Page, rounds: int, name: str = "t1") -> None:
    """Wait until a ticket's round has come back."""
    wait(lambda: len(ticket(page, name)["rounds"]) == rounds and ticket(page, name)["status"] != "working", 60)
    assert ticket(page, name)["status"] == "returned", ticket(page, name)["rounds"][-1]["error"]


def open_names(page: Page, name: str = "t1") -> list[str]:
    """The hunks of a ticket's newest change request that nobody has decided about."""
    suggestion = ticket(page, name)["change"]["suggestion"]
    return [hunk for of, hunk in pages.open_hunks(page) if of == suggestion]


def hunks(page: Page) -> Locator:
    """Those that can be decided."""
    return page.locator(".change .hunk")


def tickets_tab(page: Page) -> Locator:
    return page.get_by_role("tab", name=re.compile("^Tickets"))


def write(page: Page, title: str = TITLE) -> None:
    """Fill in the form for a ticket."""
    page.get_by_role("button", name="Hand over a ticket").click()
    page.get_by_role("textbox", name="Title").fill(title)
    page.get_by_role("textbox", name="What is wanted").fill(TEXT)


def fits(page: Page) -> None:
    """Nothing is wider than the page, or than the panel it stands in."""
    wide = page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('.tickets, .tickets *')]"
        ".filter((e) => e.getClientRects().length && !e.closest('.sr-only, .diff-scroll, pre, .cm-editor')"
        " && !['INPUT', 'TEXTAREA'].includes(e.tagName)"
        " && e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)"
        ".map((e) => e.className)"
    )
    assert wide == []


def test_a_ticket_is_followed_commented_on_asked_for_again_and_merged_into_edited_files(
    product: Product, open_page: Open
) -> None:
    page = open_page(product.links["candidate"])
    pages.consent(page)
    tickets_tab(page).click()
    expect(page.get_by_text("it comes back as a change that you review")).to_be_visible()
    write(page)
    # What was written outlives the page.
    page.reload()
    expect(page.get_by_role("button", name="Submit", exact=True)).to_be_enabled()
    tickets_tab(page).click()
    page.get_by_role("button", name="Hand over a ticket").click()
    expect(page.get_by_role("textbox", name="Title")).to_have_value(TITLE)
    expect(page.get_by_role("textbox", name="What is wanted")).to_have_value(TEXT)
    page.get_by_role("button", name="Hand over", exact=True).click()
    wait(lambda: ticket(page)["status"] == "working")
    expect(page.get_by_role("button", name=re.compile(TITLE))).to_be_visible()

    # The work goes on meanwhile, and the page says when it is back.
    page.get_by_role("tab", name="Assistant").click()
    pages.open_file(page, BUILDER)
    pages.type_at_start(page, "# mine\n")
    expect(page.get_by_role("status").filter(has_text=f"Came back: {TITLE}")).to_be_visible(timeout=60_000)
    back(page, 1)
    wait(lambda: pages.saved(page))
    shot(page, "ticket-back")
    expect(tickets_tab(page)).to_contain_text("1 came back")
    tickets_tab(page).click()
    page.get_by_role("button", name=re.compile(TITLE)).click()
    first = ticket(page)["change"]
    expect(page.get_by_role("list", name="Checks")).to_contain_text("Visible tests")
    page.get_by_role("list", name="Checks").locator("summary").first.click()
    expect(page.get_by_role("list", name="Checks").locator("pre").first).to_contain_text("passed")
    shot(page, "ticket-change")

    # A press on a line opens the form for it; the comment stands there.
    row = page.locator(".diff-added:has(.diff-line)").first
    said = row.locator(".diff-text").inner_text().strip()
    row.click()
    expect(page.locator(".comment-form textarea")).to_be_focused()
    page.keyboard.type("Please say")
    # It outlives the page too, and takes no focus of itself.
    page.reload()
    expect(page.get_by_role("button", name="Submit", exact=True)).to_be_enabled()
    tickets_tab(page).click()
    page.get_by_role("button", name=re.compile(TITLE)).click()
    box = page.locator(".comment-form textarea")
    expect(box).to_have_value("Please say")
    expect(box).not_to_be_focused()
    box.press_sequentially(" why.")
    page.get_by_role("button", name="Comment", exact=False).and_(page.locator("[type=submit]")).click()
    wait(lambda: len(pages.state(page)["comments"]) == 1)
    comment = pages.state(page)["comments"][0]
    of = next(
        hunk
        for hunk in pages.state(page)["suggestions"][first["suggestion"]]["hunks"]
        if hunk["hunk"] == comment["hunk"]
    )
    assert of["after"].split("\n")[comment["line"] - 1].strip() == said
    expect(page.locator(".diff-below").get_by_text("Please say why.")).to_be_visible()
    expect(box).to_have_count(0)

    page.get_by_role("textbox", name="What should be different").fill(MORE)
    expect(page.get_by_text("1 comment goes with it")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Ask for changes")).click()
    back(page, 2)
    assert ticket(page)["rounds"][1]["comments"] == [comment["comment"]]
    second = ticket(page)["change"]
    assert second["suggestion"] and second["suggestion"] != first["suggestion"]

    # The first round can be read, and nothing of it decided.
    page.locator("summary", has_text="Round 1").click()
    old = page.locator(f"[data-suggestion='{first['suggestion']}']")
    expect(old.get_by_text("Replaced by a later round").first).to_be_visible()
    expect(old.get_by_role("button", name=re.compile("^Merge"))).to_have_count(0)
    expect(old.get_by_text("Please say why.").first).to_be_visible()
    shot(page, "ticket-round-2")

    # Part of it is merged; the file is edited between; the rest goes in all the same.
    offered = open_names(page)
    assert len(offered) > 1
    hunks(page).first.get_by_role("button", name=re.compile("^Merge")).click()
    wait(lambda: len(open_names(page)) == len(offered) - 1)
    pages.type_at_start(page, "# mine too\n")
    wait(lambda: pages.saved(page))
    page.get_by_role("button", name=re.compile("^Merge all")).or_(
        hunks(page).get_by_role("button", name=re.compile("^Merge"))
    ).first.click()
    wait(lambda: open_names(page) == [])
    now = pages.text(page, BUILDER)
    assert now.startswith("# mine too\n# mine\n")
    for hunk in pages.state(page)["suggestions"][second["suggestion"]]["hunks"]:
        assert hunk["after"] in pages.text(page, hunk["path"])
    expect(page.get_by_text(f"Decided: {len(offered)} of {len(offered)} merged")).to_be_visible()
    shot(page, "ticket-merged")

    # Whoever watches reads the same, and decides nothing.
    watcher = open_page(product.links["interviewer"], scheme="dark")
    tickets_tab(watcher).click()
    watcher.get_by_role("button", name=re.compile(TITLE)).click()
    expect(watcher.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(watcher.get_by_text("▣ Merged").first).to_be_visible()
    expect(watcher.get_by_role("button", name=re.compile("^(Merge|Reject|Ask for changes)"))).to_have_count(0)
    shot(watcher, "ticket-watched")

    page.get_by_role("button", name="Close the ticket").click()
    expect(page.locator(".ticket-state")).to_contain_text("Closed")
    wait(lambda: ticket(watcher)["status"] == "closed")

    # The replay knows the moments, and shows the ticket as it was then.
    watcher.goto(watcher.url.replace("/watch", "/replay"))
    watcher.get_by_role("tab", name="Moments").click()
    watcher.get_by_role("button", name=re.compile("Asked for changes to a ticket")).click()
    tickets_tab(watcher).click()
    expect(watcher.get_by_role("heading", name=TITLE)).to_be_visible()
    assert ticket(watcher)["status"] == "working"
    expect(watcher.locator(".ticket-state")).to_contain_text("Working")
    shot(watcher, "ticket-replayed")


def test_a_round_that_only_answers_leaves_the_change_before_to_be_merged(product: Product, open_page: Open) -> None:
    page = open_page(product.links["candidate"])
    pages.consent(page)
    tickets_tab(page).click()
    write(page)
    page.get_by_role("button", name="Hand over", exact=True).click()
    page.get_by_role("button", name=re.compile(TITLE)).click()
    back(page, 1)
    offered = open_names(page)
    hunks(page).first.get_by_role("button", name="Comment", exact=True).click()
    page.get_by_role("textbox", name=re.compile("^Comment on the change")).fill("Is this needed?")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1 comment goes with it")).to_be_visible()
    page.get_by_role("textbox", name="What should be different").fill("A song about the moon and the sea")
    page.get_by_role("button", name=re.compile("^Ask for changes")).click()
    back(page, 2)
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("no prepared answer")
    expect(answer).to_contain_text("what came back before is below")
    expect(page.get_by_text("1 comment goes with it")).to_have_count(0)
    expect(page.locator(".ticket-state")).to_contain_text("to decide")
    shot(page, "ticket-answered")
    assert open_names(page) == offered
    page.get_by_role("button", name=re.compile("^Merge all")).or_(
        hunks(page).get_by_role("button", name=re.compile("^Merge"))
    ).first.click()
    wait(lambda: open_names(page) == [])
    expect(page.get_by_role("button", name="Close the ticket")).to_be_enabled()
    expect(page.locator(".ticket-state")).to_contain_text("Came back without a change")


def test_a_phone_beside_the_workspace_hands_over_reviews_and_merges(product: Product, open_page: Open) -> None:
    desk = open_page(product.links["candidate"])
    pages.consent(desk)
    wait(lambda: any(one["role"] == "candidate" for one in pages.state(desk)["presence"].values()))
    phone = open_page(product.links["candidate"], width=360, height=740, scheme="dark")
    # The same link: nothing is taken over unasked.
    expect(phone.get_by_role("heading", name="Your workspace is open elsewhere")).to_be_visible()
    shot(phone, "ticket-phone-choice")
    phone.get_by_role("link", name="Tickets here").click()
    expect(phone.get_by_text("it comes back as a change that you review")).to_be_visible()
    long = f"{TITLE} {'and_a_name_that_no_line_can_break' * 4}"
    write(phone, long)
    fits(phone)
    shot(phone, "ticket-phone-form")
    phone.get_by_role("button", name="Hand over", exact=True).click()
    wait(lambda: ticket(phone)["status"] != "")
    fits(phone)
    phone.get_by_role("button", name=re.compile(TITLE)).click()
    fits(phone)
    shot(phone, "ticket-phone-working")
    back(phone, 1)
    expect(phone.locator(".change .hunk").first).to_be_visible()
    fits(phone)
    shot(phone, "ticket-phone-change")

    hunk = hunks(phone).first
    hunk.get_by_role("button", name="Comment", exact=True).click()
    phone.get_by_role("textbox", name=re.compile("^Comment on the change")).fill("Is this needed?")
    fits(phone)
    phone.keyboard.press("Control+Enter")
    expect(hunk.get_by_text("Is this needed?")).to_be_visible()
    shot(phone, "ticket-phone-hunk")
    before = open_names(phone)
    # The workspace is still the workspace: what is typed there is saved, and what the phone merges arrives there.
    pages.open_file(desk, BUILDER)
    pages.type_at_start(desk, "# at the desk\n")
    wait(lambda: pages.saved(desk))
    hunk.get_by_role("button", name=re.compile("^Merge")).click()
    wait(lambda: len(open_names(phone)) == len(before) - 1)
    merged = next(h for h in pages.state(phone)["suggestions"]["t1.1-s1"]["hunks"] if h["hunk"] == before[0])
    wait(lambda: merged["after"] in pages.text(desk, merged["path"]))
    assert pages.text(desk, BUILDER).startswith("# at the desk\n")
    expect(desk.get_by_role("dialog")).to_have_count(0)
    expect(desk.get_by_role("button", name="Submit", exact=True)).to_be_enabled()
    # The address itself, and a reload of it.
    phone.reload()
    phone.get_by_role("button", name=re.compile(TITLE)).click()
    fits(phone)
    expect(phone.get_by_text("Is this needed?").first).to_be_visible()
    phone.get_by_role("tab", name="Brief").click()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_ticket_is_handed_over_reviewed_and_merged_by_keys_alone(product: Product, open_page: Open) -> None:
    page = open_page(product.links["candidate"], width=1280, height=800)
    pages.consent(page)

    def focused(selector: str) -> None:
        wait(lambda: page.evaluate("(s) => document.activeElement?.matches(s)", selector))

    def command(words: str) -> None:
        page.keyboard.press("Control+k")
        page.keyboard.type(words)
        page.keyboard.press("Enter")

    command("Hand over a ticket")
    focused("#ticket-title")
    page.keyboard.type(TITLE)
    page.keyboard.press("Enter")
    focused("#ticket-text")
    page.keyboard.type(TEXT)
    page.keyboard.press("Control+Enter")
    focused(".ticket-row")
    page.keyboard.press("Enter")
    focused(".ticket-title")
    back(page, 1)
    focused(".ticket-title")
    # F6 goes round, and comes back to the ticket.
    for panel in ("left", "editor", "bottom", "right"):
        page.keyboard.press("F6")
        focused(f".panel-{panel} *")

    command("Go to the next change")
    focused(".hunk")
    page.keyboard.press("c")
    focused(".comment-form textarea")
    expect(page.locator(".comment-form textarea")).to_be_focused()
    page.keyboard.type("Which rule is this?")
    page.keyboard.press("Control+Enter")
    wait(lambda: len(pages.state(page)["comments"]) == 1)
    focused("button[data-own='0']")
    # Into the lines, to the second, and out again.
    command("Go to the next change")
    focused(".hunk")
    while not page.evaluate("document.activeElement.querySelector('.diff-line[data-own=\\'2\\']')"):
        page.keyboard.press("j")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    focused(".diff-line")
    page.keyboard.press("ArrowDown")
    focused(".diff-line:not([data-own='1'])")
    page.keyboard.press("Enter")
    focused(".comment-form textarea")
    page.keyboard.press("Escape")
    focused(".diff-line")

    command("Go to the next change")
    count = len(open_names(page))
    page.keyboard.press("Control+Enter")
    wait(lambda: len(open_names(page)) == count - 1)
    focused(".hunk")
    # Closing leaves out what is not decided: it is asked, and can be taken back.
    page.get_by_role("button", name="Close the ticket").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Close it")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Close the ticket")).to_be_focused()
    assert ticket(page)["status"] == "returned"
    command("Go to the next change")
    focused(".hunk")
    page.keyboard.press("Control+Shift+Enter")
    wait(lambda: open_names(page) == [])
    focused(".hunk")
    page.keyboard.press("Escape")
    focused(".ticket-row")
    assert page.evaluate("document.activeElement.dataset.ticket") == "t1"


def test_the_page_for_tickets_takes_over_from_none_and_does_nothing_else(product: Product) -> None:
    desk = Browser(product, "candidate", "desk")
    desk.consent()
    assert desk.connect()["ok"]
    phone = Browser(product, "candidate", "phone&page=tickets")
    assert phone.connect()["ok"]
    assert phone.send("ticket.open", title=TITLE, text=TEXT)["ok"]
    for act in ("submit", "run", "flushed"):
        answer = phone.send(act)
        assert (answer["ok"], answer["code"]) == (False, "refused")
        assert "in the workspace" in answer["error"]
    assert desk.send("ticket.stop", ticket="t1")["ok"]
    assert not desk.superseded
    # Nor is it taken over from by another workspace, which does take over from the first.
    other = Browser(product, "candidate", "other")
    assert other.connect()["ok"]
    wait(lambda: desk.superseded)
    assert phone.send("ticket.close", ticket="t1")["ok"]
    assert not phone.superseded


def test_where_nothing_is_handed_over_there_are_no_tickets(tmp_path: Path, open_page: Open) -> None:
    product = products.start(tmp_path / "data", "--sandbox", "bubblewrap", PAIRSIGHT_DELEGATION="off")
    try:
        page = open_page(product.links["candidate"])
        pages.consent(page)
        expect(page.get_by_role("heading", name="Assistant")).to_be_visible()
        expect(tickets_tab(page)).to_have_count(0)
        page.goto(page.url.replace("/work", "/tickets"))
        assert page.url.endswith("/work")
    finally:
        product.stop()
