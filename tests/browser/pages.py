"""What a candidate and an interviewer do on their pages, by what they see.

Owns the words and keys that tests use. Invariant: parts are found by role and label, as a person with a screen reader would.
"""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.product import wait

Json = Any


def consent(page: Page, plants: bool = True) -> None:
    """Agree, choose the format where there are two, and start."""
    page.get_by_role("checkbox").check()
    chosen = page.get_by_role("radio", name=re.compile("^With mistakes" if plants else "^Without mistakes"))
    if chosen.count():
        chosen.check()
    page.get_by_role("button", name="Start the interview").click()
    expect(page.get_by_role("button", name="Submit", exact=True)).to_be_enabled()


def reveal(page: Page) -> None:
    """On the form for one's own levels: see the score without."""
    page.get_by_text("See the score without rating").click()
    page.get_by_role("button", name="Show me the score, I do not rate first").click()
    expect(page.get_by_role("heading", name="People and the rubric")).to_be_visible()


def state(page: Page) -> Json:
    """The view state that the page holds."""
    return page.evaluate("window.__pairsight.state()")


def seq(page: Page) -> int:
    """The last event the page has seen."""
    return int(page.evaluate("window.__pairsight ? window.__pairsight.seq() : 0"))


def saved(page: Page) -> bool:
    """Whether nothing is unsent."""
    return bool(page.evaluate("window.__pairsight.unsent() === 0"))


def text(page: Page, path: str) -> str:
    """A file's text as the page's view state has it."""
    return str(state(page)["files"][path]["text"])


def open_file(page: Page, path: str) -> None:
    """Open a file through the command palette."""
    page.keyboard.press("Control+k")
    page.keyboard.type(f"Open {path}")
    page.keyboard.press("Enter")
    tab = page.get_by_role("tab", name=re.compile(re.escape(path.rsplit("/", 1)[-1]))).first
    expect(tab).to_have_attribute("aria-selected", "true")
    if page.url.endswith("/work"):
        # The tab may have been chosen all along, and keys pressed before the file has the focus would go elsewhere.
        expect(page.locator(".cm-content:visible").first).to_be_focused()


def type_at_start(page: Page, words: str) -> None:
    """Type at the start of the file that is open."""
    page.locator(".cm-content:visible").first.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type(words)


def in_terminal(page: Page, line: str) -> None:
    """Type a line into the terminal."""
    page.get_by_role("tab", name="Terminal").click()
    page.locator(".xterm:visible").first.click()
    page.keyboard.type(line)
    page.keyboard.press("Enter")


def terminal_text(page: Page) -> str:
    """What all terminals have shown, as the view state has it."""
    return "".join(part for view in state(page)["terminals"].values() for part in view["output"])


def run_tests(page: Page) -> None:
    """Press the button and wait for results."""
    before = len(state(page)["runs"])
    page.get_by_role("button", name=re.compile("Run tests")).first.click()
    wait(lambda: len(state(page)["runs"]) > before and state(page)["runs"][-1]["finished_seq"] is not None, 60)


def ask(page: Page, words: str) -> None:
    """Ask the assistant and wait for the end of its reply."""
    before = len(state(page)["turns"])
    box = page.get_by_role("textbox", name="Ask the assistant")
    box.fill(words)
    box.press("Enter")
    try:
        wait(
            lambda: len(state(page)["turns"]) > before and state(page)["turns"][-1]["status"] in ("finished", "failed"),
            60,
        )
    except AssertionError:
        raise AssertionError(how_it_stands(page)) from None
    assert state(page)["turns"][-1]["status"] == "finished", state(page)["turns"][-1]["error"]


def how_it_stands(page: Page) -> str:
    """What a person would look at where a prompt has no answer."""
    shown = page.evaluate(
        """() => ({
            focus: document.activeElement?.outerHTML.slice(0, 200),
            box: document.getElementById("ask-box")?.value,
            ask: document.querySelector(".ask-foot")?.innerText,
            notices: document.getElementById("notices")?.innerText,
            unsent: window.__pairsight.unsent(),
            seq: window.__pairsight.seq(),
        })"""
    )
    return f"no answer to the prompt; the page: {shown}; its turns: {state(page)['turns'][-2:]}"


def open_hunks(page: Page) -> list[tuple[str, str]]:
    """Hunks not decided yet, oldest first."""
    views = state(page)["suggestions"].values()
    return [(v["suggestion"], h["hunk"]) for v in views for h in v["hunks"] if h["hunk"] not in v["decisions"]]


def submit(page: Page) -> None:
    """Submit, confirm, and wait for the debrief."""
    page.get_by_role("button", name="Submit", exact=True).click()
    page.get_by_role("button", name="Submit and end").click()
    page.wait_for_url(re.compile("/debrief$"))
    expect(page.get_by_role("heading", name="Your interview is over")).to_be_visible(timeout=90_000)
