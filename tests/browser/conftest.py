"""A real Chromium for tests that look at pages.

Owns finding and starting it. Invariant: one browser a run, a fresh context a page owner; screenshots go to ``artefacts/``.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from sandbox import registry
from tests.product import ROOT, Product, start

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
PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
# What a browser says of a server or a line that a test takes away.
LOST = re.compile(r"ERR_CONNECTION|ERR_EMPTY|ERR_SOCKET|WebSocket connection to|status of 503")
SHOTS = ROOT / "artefacts/screenshots"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    if PROGRAM is None:
        pytest.skip("Expected Chromium (apt-get install chromium), found none")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def reviewed(tmp_path: Path) -> Iterator[Product]:
    """The product with an interview in which a review follows open work."""
    probe = registry.get("bubblewrap").probe()
    if not probe.ok:
        pytest.skip(f"bubblewrap cannot run here: {probe.reason} {probe.install}")
    running = start(tmp_path / "data", SANDBOX="bubblewrap", PAIRSIGHT_PACE="0", PAIRSIGHT_REVIEW_MINUTES="15")
    yield running
    running.stop()


Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Open]:
    """Open a page of its own browser profile; any error on its console fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and not LOST.search(message.text):
            complaints.append(f"{message.text} at {message.location}")

    def open_(url: str, width: int = 1440, height: int = 900, scheme: str = "light") -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def shot(page: Page, name: str) -> Path:
    """Keep a screenshot as an artefact."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    path = SHOTS / f"{name}.png"
    page.screenshot(path=str(path))
    return path
