"""What a candidate reads at the end, in a real browser: of an interview without planted mistakes, and what can be taken back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from interviews import events as e
from tests import product as products
from tests.browser import pages
from tests.browser.conftest import Open, shot
from tests.browser.test_review import begun, hunks, to_review
from tests.product import Product, wait

FIX = "Please fix the bug: 80s is read as 80 seconds"
NARROW = 360


def interview_of(page: Page) -> str:
    return page.url.split("/interviews/")[1].split("/")[0]


def logged(product: Product, interview: str) -> list[e.AnyPayload]:
    with products.opened_log(product) as log:
        events = [e.understand(record) for record in log.read(interview)]
    return [event.data for event in events if event.data is not None]


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the link or button of that name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"no key leads to {name}")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def held(page: Page, *, plants: bool) -> None:
    """An interview to its end: a proposal taken, one piece of the review blocked and one merged."""
    begun(page, plants=plants)
    pages.ask(page, FIX)
    page.get_by_role("button", name=re.compile("^Accept")).first.click()
    wait(lambda: any(view["decisions"] for view in pages.state(page)["suggestions"].values()))
    to_review(
        page, "Some of them may be wrong." if plants else "As you chose, no mistakes were placed in it on purpose"
    )
    for at, key in ((0, "4"), (1, "1")):
        page.keyboard.press("j")
        expect(hunks(page).nth(at)).to_be_focused()
        page.keyboard.press(key)
        expect(hunks(page).nth(at)).to_contain_text("● saved")
        page.keyboard.press("Escape")
        hunks(page).nth(at).focus()
    pages.submit(page)


def test_who_chooses_no_planted_mistakes_meets_none(reviewed: Product, open_page: Open) -> None:
    page = open_page(reviewed.links["candidate"])
    # A look at the practice round, and nothing of it is recorded.
    page.get_by_role("link", name="Practise").click()
    page.get_by_role("radio", name="Merge").nth(1).check()
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("It is wrong: a mistake let in.")).to_be_visible()
    page.get_by_role("link", name="Back to your interview").first.click()
    assert logged(reviewed, interview_of(page)) == []

    held(page, plants=False)
    expect(
        page.get_by_text("You chose the format without mistakes placed on purpose, and there were none.")
    ).to_be_visible()
    expect(page.locator(".mistake")).to_have_count(0)
    expect(page.get_by_role("link", name="Take it back…")).to_have_count(0)
    shot(page, "debrief-without")
    events = logged(reviewed, interview_of(page))
    consent = next(data for data in events if isinstance(data, e.ConsentGiven))
    assert not consent.plants
    notes = [
        note for data in events if isinstance(data, (e.SuggestionAnnotated, e.ReviewAnnotated)) for note in data.hunks
    ]
    assert len(notes) > 12 and not [note for note in notes if note.defect]
    assert not [data for data in events if isinstance(data, e.DefectTraced)]

    interviewer = open_page(reviewed.links["interviewer"])
    interviewer.goto(f"{reviewed.address}/interviews/{interview_of(page)}/scorecard")
    pages.reveal(interviewer)
    expect(interviewer.locator("#defect_detection")).to_contain_text("not observed")
    expect(interviewer.locator("#defect_detection")).to_contain_text(
        "No verdict was given on a change of known quality."
    )


def test_what_planted_mistakes_say_is_taken_back_by_keys(reviewed: Product, open_page: Open) -> None:
    page = open_page(reviewed.links["candidate"])
    held(page, plants=True)
    interview = interview_of(page)
    expect(page.get_by_role("heading", name="What went well")).to_be_visible()
    expect(page.get_by_role("heading", name="Mistakes that were placed on purpose: review")).to_be_visible()
    review = page.locator("#review .mistake")
    assert 5 <= review.count() <= 7
    for part in ("The fix", "A test that proves it"):
        expect(review.first.get_by_role("heading", name=part)).to_be_visible()
    assert review.first.locator(".diff-new, .diff-gone").count() > 0
    page.set_viewport_size({"width": NARROW, "height": 800})
    assert fits(page)
    shot(page, "debrief-360")
    watcher = open_page(reviewed.links["interviewer"])
    wait(lambda: pages.seq(watcher) > 0)
    assert pages.state(watcher)["debrief"]
    wait(lambda: any(isinstance(data, e.ScoreRecorded) for data in logged(reviewed, interview)), 120)

    tab_to(page, "Take it back…")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Take back what planted mistakes say about you?")).to_be_visible()
    assert fits(page)
    tab_to(page, "Take it back")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You took it back.")).to_be_visible()
    # They can still read it.
    expect(page.locator("#review .mistake").first).to_be_visible()

    watcher.reload()
    wait(lambda: pages.seq(watcher) > 0)
    state = pages.state(watcher)
    assert (state["status"], state["debrief"]) == ("finished", [])
    watcher.goto(f"{reviewed.address}/interviews/{interview}/scorecard")
    pages.reveal(watcher)
    expect(watcher.locator("#defect_detection")).to_contain_text("No verdict was given on a change of known quality.")
    watcher.goto(f"{reviewed.address}/interviews/{interview}/replay")
    wait(lambda: pages.seq(watcher) > 0)
    cards = [data for data in logged(reviewed, interview) if isinstance(data, e.ScoreRecorded)]
    assert len(cards) == 1 and "planted" not in str(cards[0].scorecard["dimensions"]).lower()
