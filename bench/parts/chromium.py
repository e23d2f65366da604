"""Pages in a real Chromium: from a key pressed on one to the letter painted on another, and from a seek to what it shows.

Owns driving the browser. Invariant: times are taken inside the pages; what drives them waits outside of what is measured.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from interviews.errors import PlatformFailure

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 30_000
MARK = "~"
KEYS_S = (0.06, 0.36)  # between one key and the next: some five a second, anywhere in the page's batches
_PRESSED = """() => {
  window.pressed = [];
  addEventListener("keydown", (event) => {
    if (event.key === "~") pressed.push(performance.timeOrigin + performance.now());
  }, true);
}"""
# A letter is on the screen in the frame that follows the change of the page: its time is taken when that frame has been made.
_PAINTED = """() => {
  const count = () => document.querySelector(".cm-content").textContent.split("~").length - 1;
  window.painted = [];
  const look = () => {
    const there = count();
    requestAnimationFrame(() => setTimeout(() => {
      while (painted.length < there) painted.push(performance.timeOrigin + performance.now());
    }));
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""
_SEEK = """async (seqs) => {
  const took = [];
  for (const seq of seqs) {
    // What the one before left for later is not this one's.
    await new Promise((go) => setTimeout(go, 150));
    const began = performance.now();
    await window.__pairsight.seek(seq);
    took.push(performance.now() - began);
    if (window.__pairsight.seq() !== seq) throw new Error(`expected ${seq}, got ${window.__pairsight.seq()}`);
  }
  return took;
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Raises ``PlatformFailure`` where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise PlatformFailure("This measures pages in Chromium; here is none (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def page(browser: Browser, url: str) -> Iterator[Page]:
    """A page of its own profile."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    try:
        opened = context.new_page()
        opened.set_default_timeout(WAIT_MS)
        opened.goto(url)
        yield opened
    finally:
        context.close()


@contextmanager
def watched_pair(browser: Browser, links: dict[str, str]) -> Iterator[tuple[Page, Page]]:
    """A candidate's page, begun, with the interviewer's that watches it."""
    with page(browser, links["candidate"]) as candidate, page(browser, links["interviewer"]) as interviewer:
        begin(candidate)
        candidate.locator(".cm-content:visible").first.click()
        candidate.keyboard.press("Control+Home")
        candidate.keyboard.press("#")
        until(interviewer, "() => Boolean(document.querySelector('.cm-content')?.textContent.startsWith('#'))")
        candidate.evaluate(_PRESSED)
        interviewer.evaluate(_PAINTED)
        yield candidate, interviewer


def begin(candidate: Page) -> None:
    """Agree, to mistakes placed on purpose where that is asked, and start."""
    candidate.get_by_role("checkbox").check()
    for chosen in candidate.get_by_role("radio", name="With mistakes").all():
        chosen.check()
    candidate.get_by_role("button", name="Start the interview").click()


def keys_to_screen(pages: tuple[Page, Page], seconds: float, chance: random.Random) -> list[float]:
    """Seconds from each key pressed on the first page until its letter was painted on the second."""
    candidate, interviewer = pages
    already = len(candidate.evaluate("pressed"))
    end, keys = time.monotonic() + seconds, already
    while time.monotonic() < end:
        candidate.keyboard.press(MARK)
        keys += 1
        time.sleep(chance.uniform(*KEYS_S))
    until(interviewer, "(keys) => painted.length >= keys", keys)
    pressed, painted = candidate.evaluate("pressed"), interviewer.evaluate("painted")
    return [(b - a) / 1000 for a, b in zip(pressed, painted, strict=True)][already:]


@contextmanager
def replay_page(browser: Browser, link: str) -> Iterator[Page]:
    """The replay that an interviewer's link leads to, its log read."""
    with page(browser, link) as opened:
        opened.goto(opened.url.replace("/watch", "/replay"))
        until(opened, "() => Boolean(window.__pairsight?.seek)")
        yield opened


def seek_last(replay: Page) -> int:
    """Seek to the end of the replay; returns the number of its last event."""
    replay.evaluate("window.__pairsight.seek(1e9)")
    return int(replay.evaluate("window.__pairsight.seq()"))


def seeks(replay: Page, seqs: list[int]) -> list[float]:
    """Seconds that each seek took until it was drawn."""
    return [took / 1000 for took in replay.evaluate(_SEEK, seqs)]


def until(seen: Page, what: str, arg: object = None) -> None:
    """Wait for what an expression in the page says. Raises ``TimeoutError``."""
    # Playwright's own wait evaluates a string in the page, which its policy forbids.
    last = time.monotonic() + WAIT_MS / 1000
    while not seen.evaluate(what, arg):
        if time.monotonic() > last:
            raise TimeoutError(f"expected {what} on {seen.url}")
        time.sleep(0.05)
