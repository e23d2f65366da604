"""Asking an assistant on a page, and taking what it proposes.

Owns driving such a page: from Enter to the first words of the reply on the screen, and from a button to a change that is
everywhere. Invariant: times are taken inside the page; where something outside of it is awaited too, its time counts from before
the page was told to press. Leaves out what is asked (``service``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import requests
from playwright.sync_api import Browser, Page

from bench.parts.chromium import begin, page, until
from bench.parts.service import Texts

SETTLED_S = 0.1  # what an answer leaves to be drawn behind it is not the next one's
DISK_S = 10.0
ANSWERED = """() => window.__pairsight
  ? !["waiting", "streaming"].includes(window.__pairsight.state().turns.at(-1)?.status)
  : !window.answering"""
# A word is on the screen in the frame that follows the change of the page: its time is taken when that frame has been made.
_ASKED = """() => {
  const count = () => [...document.querySelectorAll(".prose-dense")].filter((reply) => reply.textContent).length;
  let before = 0;
  window.firstAfter = 0;
  let asked = 0;
  addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    [asked, before, window.firstAfter] = [performance.now(), count(), 0];
  }, true);
  const look = () => {
    if (!asked || count() === before) return;
    const since = asked;
    asked = 0;
    requestAnimationFrame(() => setTimeout(() => (window.firstAfter = performance.now() - since)));
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""
# What was accepted is shown as such once the log has it, and is in the documents of the editor.
_ACCEPTED = """async (button, [texts, count]) => {
  const proposal = button.closest("[data-suggestion]");
  const name = proposal.dataset.suggestion;
  const there = () =>
    document.querySelectorAll(`[data-suggestion="${name}"] .hunk-accepted`).length === count &&
    Object.entries(texts).every(([path, text]) => window.__pairsight.shown(path) === text);
  const began = performance.now();
  button.click();
  while (!there()) {
    if (performance.now() - began > 10000) throw new Error(`expected ${count} hunks of ${name} to be accepted`);
    await new Promise((go) => requestAnimationFrame(go));
  }
  return performance.now() - began;
}"""


@contextmanager
def asking_page(browser: Browser, url: str, *, candidate: bool) -> Iterator[Page]:
    """A page with a box to ask in; a ``candidate`` has agreed and begun."""
    with page(browser, url) as opened:
        if candidate:
            begin(opened)
        opened.get_by_role("textbox", name="Ask the assistant").click()
        opened.evaluate(_ASKED)
        yield opened


def ask(asking: Page, prompt: str) -> float:
    """Ask and wait for the end of the reply; seconds from Enter to its first words on the screen."""
    box = asking.get_by_role("textbox", name="Ask the assistant")
    box.fill(prompt)
    time.sleep(SETTLED_S)
    box.press("Enter")
    until(asking, "() => window.firstAfter > 0")
    until(asking, ANSWERED)
    return float(asking.evaluate("window.firstAfter")) / 1000


def open_files(candidate: Page, paths: list[str]) -> None:
    """Have these files in the editor."""
    for path in paths:
        candidate.keyboard.press("Control+k")
        candidate.keyboard.type(f"Open {path}")
        candidate.keyboard.press("Enter")
        until(candidate, "(path) => window.__pairsight.shown(path) !== undefined", path)


def accept(candidate: Page, count: int, texts: Texts, on_disk: Callable[[str], bytes]) -> float:
    """Accept the newest proposal, of so many hunks; seconds until these texts are in log, editor and sandbox, ``on_disk``."""
    proposal = candidate.locator("[data-suggestion]").last
    button = proposal.get_by_role("button", name="Accept all" if count > 1 else "Accept").first

    def written(began: float) -> float:
        for path, text in texts.items():
            while on_disk(path) != text.encode():
                if time.perf_counter() - began > DISK_S:
                    raise TimeoutError(f"expected what was accepted in the sandbox's {path}")
        return time.perf_counter() - began

    button.wait_for()
    with ThreadPoolExecutor(1) as pool:
        disk = pool.submit(written, time.perf_counter())
        shown = float(button.evaluate(_ACCEPTED, [texts, count])) / 1000
        return max(shown, disk.result())


@contextmanager
def sandbox_files(address: str, interview: str) -> Iterator[Callable[[str], bytes]]:
    """Reads a file of an interview's sandbox through its agent; at the end of the block the sandbox is ended."""
    with requests.Session() as http:

        def read(path: str) -> bytes:
            answer = http.get(f"{address}/bench/{interview}/{path}", timeout=DISK_S)
            answer.raise_for_status()
            return answer.content

        try:
            yield read
        finally:
            http.delete(f"{address}/bench/{interview}", timeout=DISK_S)
