"""No key is lost: pages that end, crash or lose their line, servers that stand still or change, two people at one file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, WebSocketRoute, expect

from tests import product as products
from tests.browser import pages
from tests.browser.conftest import FLAGS, PROGRAM, Open, shot
from tests.browser.line import Line
from tests.product import Product, wait

FILE = "playlists/builder.py"


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    running = products.start(tmp_path / "data", "--sandbox", "bubblewrap", PAIRSIGHT_PACE="0")
    yield running
    running.stop()


@pytest.fixture
def line(product: Product) -> Iterator[Line]:
    between = Line(port_of(product))
    yield between
    between.close()


def port_of(product: Product) -> int:
    return int(product.address.rsplit(":", 1)[1])


def through(line: Line, product: Product, role: str = "candidate") -> str:
    """The product's link for that role, by way of the line."""
    return product.links[role].replace(product.address, line.address)


def begin(page: Page, path: str = FILE) -> Page:
    """Start the interview and open a file."""
    pages.consent(page)
    pages.open_file(page, path)
    online(page)
    return page


def online(page: Page) -> None:
    expect(page.locator(".save-words", has_text=re.compile(r"^Saved$")).first).to_be_visible()


def reopened(page: Page, url: str) -> Page:
    """The same browser profile, the page opened anew."""
    again = page.context.new_page()
    again.goto(url)
    expect(again.get_by_role("button", name="Submit", exact=True)).to_be_enabled()
    return again


def shown(page: Page, path: str = FILE) -> str:
    """An open document, with what is not sent yet."""
    return str(page.evaluate("path => window.__pairsight.shown(path)", path))


def interview_of(page: Page) -> str:
    return page.url.split("/interviews/")[1].split("/")[0]


def server_text(page: Page, product: Product, path: str = FILE) -> str | None:
    url = f"{product.address}/api/interviews/{interview_of(page)}/candidate/state"
    answer = page.context.request.get(url)
    assert answer.ok, answer.text()
    files = answer.json()["files"]
    return files[path]["text"] if path in files else None


def everywhere_the_same(page: Page, product: Product, path: str = FILE, *others: Page) -> str:
    """What the page shows is what the page's state, the other pages, the server and the sandbox's disk have; returns it."""
    wait(lambda: pages.saved(page), 60)
    wait(lambda: server_text(page, product, path) == shown(page, path), 20)
    text = shown(page, path)
    assert pages.text(page, path) == text
    for other in others:
        wait(lambda other=other: pages.text(other, path) == text and shown(other, path) == text)  # type: ignore[misc]  # mypy cannot type a lambda's default
    digest = hashlib.sha256(text.encode()).hexdigest()
    # Until the clock runs the workspace is still looked for, and the terminals are those of before.
    wait(
        lambda: (
            (now := pages.state(page))["paused_ms"] is None and any(view["open"] for view in now["terminals"].values())
        ),
        30,
    )
    pages.in_terminal(page, f"until sha256sum {path} | grep -q {digest}; do sleep .2; done; echo sa''me {digest[:9]}")
    wait(lambda: f"same {digest[:9]}" in pages.terminal_text(page), 30)
    return text


@pytest.mark.parametrize("end", ["closed", "reloaded"])
def test_a_page_that_ends_with_unsent_keys_finds_them_again(
    product: Product, line: Line, open_page: Open, end: str
) -> None:
    page = begin(open_page(through(line, product)))
    line.cut()
    pages.type_at_start(page, "# kept 😀 here\n")
    expect(page.get_by_text(re.compile("changes kept on this computer")).first).to_be_visible()
    url = page.url
    if end == "closed":
        page.close()
        line.mend()
        page = reopened(page, url)
    else:
        line.mend()
        page.reload()
    expect(page.get_by_text(f"put back into {FILE}")).to_be_visible()
    pages.open_file(page, FILE)
    text = everywhere_the_same(page, product)
    assert text.startswith("# kept 😀 here\n") and text.count("# kept") == 1


@pytest.mark.parametrize("connected", [True, False])
def test_a_page_that_crashes_right_after_a_key_finds_it_again(
    product: Product, line: Line, open_page: Open, connected: bool
) -> None:
    page = begin(open_page(through(line, product)))
    if not connected:
        line.cut()
    url, words = page.url, "# " + "".join(f"k{number}." for number in range(60))
    pages.type_at_start(page, words)
    crash(page)
    line.mend()
    page = reopened(page, url)
    pages.open_file(page, FILE)
    text = everywhere_the_same(page, product)
    assert text.startswith(words) and text.count("k59.") == 1


def crash(page: Page) -> None:
    """End the page's process, as a fault in it would."""
    with page.expect_event("crash"), contextlib.suppress(Error):
        page.goto("chrome://crash")


def test_a_browser_that_is_killed_finds_everything_again(
    product: Product, line: Line, chromium: Browser, tmp_path: Path
) -> None:
    """The whole browser, a moment after the last key: what was written then is on its disk."""

    def start() -> Page:
        context = chromium.browser_type.launch_persistent_context(
            tmp_path / "profile", executable_path=PROGRAM, args=FLAGS
        )
        context.set_default_timeout(20_000)
        return context.pages[0]

    page = start()
    page.goto(through(line, product))
    begin(page)
    line.cut()
    pages.type_at_start(page, "# on the disk\n")
    # The last write is on its way to the disk: seen from the page, it is done when the next one is.
    page.evaluate(COMMITTED)
    for pid in browser_of(tmp_path / "profile"):
        os.kill(pid, signal.SIGKILL)
    line.mend()
    page = start()
    page.goto(through(line, product))
    expect(page.get_by_text(f"put back into {FILE}")).to_be_visible()
    pages.open_file(page, FILE)
    assert everywhere_the_same(page, product).count("# on the disk") == 1
    page.context.close()


COMMITTED = """() => new Promise((done) => {
    const open = indexedDB.open("pairsight");
    open.onsuccess = () => {
        const write = open.result.transaction(["edits"], "readwrite");
        write.oncomplete = () => { open.result.close(); done(); };
        write.objectStore("edits").count();
    };
})"""


def browser_of(profile: Path) -> list[int]:
    """The main process of the browser that uses a profile."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            mine = f"--user-data-dir={profile}".encode() in words
            if mine and not any(word.startswith(b"--type=") for word in words):
                found.append(int(entry.name))
    return found


def test_a_minute_without_network_while_two_people_type(product: Product, open_page: Open) -> None:
    product = products.with_candidate(product, products.another_interview(product, co_edit=True))
    line = Line(port_of(product))
    try:
        candidate = begin(open_page(through(line, product)))
        watcher = open_page(product.links["interviewer"])
        expect(watcher.get_by_text("You can edit; the candidate sees it in teal.")).to_be_visible()
        expect(candidate.get_by_text("1 can edit")).to_be_visible()
        pages.open_file(watcher, FILE)
        pages.type_at_start(candidate, "# both\n")
        wait(lambda: shown(watcher).startswith("# both\n"))
        line.cut()
        until, mine, theirs = time.monotonic() + 60, 0, 0
        candidate.locator(".cm-content:visible").first.click()
        candidate.keyboard.press("Control+Home")
        watcher.locator(".cm-content:visible").first.click()
        watcher.keyboard.press("Control+End")
        while time.monotonic() < until:
            candidate.keyboard.type(f"c{mine}, " + "\n" * (mine % 12 == 11), delay=20)
            mine += 1
            watcher.keyboard.type(f"w{theirs}, " + "\n" * (theirs % 12 == 11), delay=20)
            theirs += 1
        expect(
            candidate.get_by_text(re.compile(r"Reconnecting; \d+ changes kept on this computer")).first
        ).to_be_visible()
        shot(candidate, "a-minute-offline")
        wait(lambda: pages.saved(watcher))
        line.mend()
        text = everywhere_the_same(candidate, product, FILE, watcher)
        assert re.findall(r"c(\d+), ", text) == [str(number) for number in range(mine)]
        assert re.findall(r"w(\d+), ", text) == [str(number) for number in range(theirs)]
        assert mine > 50 and theirs > 50
        # Who edited is marked where they did.
        watcher.keyboard.press("Control+Home")
        watcher.keyboard.type("# seen by the other\n")
        wait(lambda: shown(candidate).startswith("# seen by the other\n"))
        expect(candidate.locator(".cm-line").nth(1).locator(".cm-flag-interviewer")).to_have_text("Interviewer")
        shot(candidate, "co-edited")
        shot(watcher, "co-editing")
    finally:
        line.close()


def test_a_shell_that_the_line_lost_is_opened_once_the_line_is_back(product: Product, open_page: Open) -> None:
    page = open_page(product.links["candidate"])
    lost: list[str | bytes] = []

    def serve(near: WebSocketRoute) -> None:
        far = near.connect_to_server()

        def up(message: str | bytes) -> None:
            if not lost and "term.open" in str(message):
                lost.append(message)
                near.close()
                far.close()
            else:
                far.send(message)

        near.on_message(up)

    page.route_web_socket(re.compile("socket.io"), serve)
    pages.consent(page)
    pages.in_terminal(page, "echo a''live")
    wait(lambda: "alive" in pages.terminal_text(page))
    assert lost and len(pages.state(page)["terminals"]) == 1


def test_the_next_server_process_takes_over(product: Product, line: Line, open_page: Open, tmp_path: Path) -> None:
    """The line answers 503 for a while, as a router does whose servers do not lead the interview; then another one does."""
    page = begin(open_page(through(line, product)))
    line.refuse()
    pages.type_at_start(page, "# typed while nobody led\n")
    expect(page.get_by_text(re.compile("Reconnecting; .* kept on this computer")).first).to_be_visible()
    product.kill()
    other = products.start(tmp_path / "data", "--sandbox", "bubblewrap", PAIRSIGHT_PACE="0")
    try:
        assert port_of(other) != port_of(product)
        line.mend(port_of(other))
        assert everywhere_the_same(page, other).count("# typed while nobody led") == 1
        pages.run_tests(page)
    finally:
        other.stop()


def test_what_is_typed_is_there_at_once_while_the_server_stands_still(product: Product, open_page: Open) -> None:
    page = begin(open_page(product.links["candidate"]))
    os.killpg(product.process.pid, signal.SIGSTOP)
    try:
        pages.type_at_start(page, "# nobody answers\n")
        assert shown(page).startswith("# nobody answers\n")
        assert page.locator(".cm-line").first.inner_text() == "# nobody answers"
        expect(page.get_by_text(re.compile(r"^\d+ unsaved$")).first).to_be_visible()
        shot(page, "unsaved")
    finally:
        os.killpg(product.process.pid, signal.SIGCONT)
    assert everywhere_the_same(page, product).count("# nobody answers") == 1


def test_what_was_done_and_not_answered_is_done_once(product: Product, line: Line, open_page: Open) -> None:
    page = begin(open_page(through(line, product)))
    line.cut()
    page.get_by_role("textbox", name="Ask the assistant").fill("Is 80s a decade?")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Alt+n")
    page.get_by_role("textbox", name=re.compile("Path in the workspace")).fill("notes.md")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Reconnecting; 2 changes kept on this computer")).to_be_visible()
    url = page.url
    page.close()
    line.mend()
    page = reopened(page, url)
    wait(lambda: "notes.md" in pages.state(page)["files"])
    wait(lambda: [turn["prompt"] for turn in pages.state(page)["turns"]] == ["Is 80s a decade?"])
    expect(page.get_by_role("textbox", name="Ask the assistant")).to_have_value("")
    page.reload()
    online(page)
    assert len(pages.state(page)["turns"]) == 1


def test_a_note_that_was_not_answered_is_there_once(product: Product, line: Line, open_page: Open) -> None:
    candidate = begin(open_page(product.links["candidate"]))
    page = open_page(through(line, product, "interviewer"))
    expect(page.get_by_text("here", exact=True)).to_be_visible()
    line.cut()
    page.keyboard.press("n")
    page.get_by_role("textbox", name=re.compile("[Nn]ote")).last.fill("reads the tests first")
    page.keyboard.press("Enter")
    url = page.url
    page.close()
    line.mend()
    page = page.context.new_page()
    page.goto(url)
    wait(lambda: page.evaluate("!!window.__pairsight"))
    wait(lambda: [note["text"] for note in pages.state(page)["notes"]] == ["reads the tests first"])
    assert pages.state(candidate)["notes"] == []


def test_a_second_tab_gets_everything_of_the_first(product: Product, line: Line, open_page: Open) -> None:
    first = begin(open_page(through(line, product)))
    pages.type_at_start(first, "# in the first\n")
    second = reopened(first, first.url)
    expect(first.get_by_role("heading", name="open in another tab")).to_be_visible()
    pages.open_file(second, FILE)
    pages.type_at_start(second, "# in the second\n")
    text = everywhere_the_same(second, product)
    assert text.startswith("# in the second\n# in the first\n") and text.count("# in the first") == 1
    # What is pressed in the first changes nothing.
    first.keyboard.press("Escape")
    expect(first.get_by_role("heading", name="open in another tab")).to_be_visible()
    first.get_by_role("button", name="Continue here instead").click()
    expect(second.get_by_role("heading", name="open in another tab")).to_be_visible()
    online(first)
    assert shown(first).startswith("# in the second\n# in the first\n")


def test_a_page_in_the_background_is_shown_as_away(product: Product, open_page: Open) -> None:
    page = begin(open_page(product.links["candidate"]))
    watcher = open_page(product.links["interviewer"])
    expect(watcher.get_by_text("here", exact=True)).to_be_visible()
    # Playwright keeps every page in the foreground: what a browser says of one that is not is said by hand.
    say = """hidden => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(say, True)
    expect(watcher.get_by_text("page in the background")).to_be_visible()
    shot(watcher, "away")
    page.evaluate(say, False)
    expect(watcher.get_by_text("here", exact=True)).to_be_visible()


def test_a_file_removed_under_unsent_changes_can_be_put_back(product: Product, line: Line, open_page: Open) -> None:
    page = begin(open_page(through(line, product)))
    watcher = open_page(product.links["interviewer"])
    pages.in_terminal(page, f"until grep -q gone {FILE}; do sleep .1; done; sleep 2; rm {FILE}")
    pages.type_at_start(page, "# gone soon\n")
    wait(lambda: "# gone soon" in pages.text(watcher, FILE))
    line.cut()
    pages.type_at_start(page, "# my text\n")
    wait(lambda: FILE not in pages.state(watcher)["files"], 20)
    line.mend()
    notice = page.get_by_text("was removed from the workspace while")
    expect(notice).to_be_visible()
    shot(page, "removed")
    # Told until it is decided, also after a reload.
    page.reload()
    expect(notice).to_be_visible()
    page.get_by_role("button", name="Put it back with my text").click()
    expect(notice).to_be_hidden()
    text = everywhere_the_same(page, product)
    assert text.startswith("# my text\n# gone soon\n")


def test_a_renamed_file_takes_unsent_changes_along(product: Product, line: Line, open_page: Open) -> None:
    page = begin(open_page(through(line, product)))
    tab = page.get_by_role("tablist", name="Open files").get_by_role("tab", selected=True)
    page.locator(".cm-content:visible").first.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# before\n")
    page.keyboard.press("F2")
    expect(page.get_by_role("dialog", name=f"Rename {FILE}")).to_be_visible()
    page.keyboard.type("maker")
    page.keyboard.press("Enter")
    expect(tab).to_have_text("maker.py")
    page.locator(".cm-content:visible").first.click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("End")
    page.keyboard.type(" and after")
    # In the tree too, by the keyboard.
    pages.type_at_start(page, "# unsent\n")
    page.keyboard.press("Control+Shift+e")
    row = page.get_by_role("treeitem", name=re.compile("maker.py"))
    row.focus()
    page.keyboard.press("F2")
    expect(page.get_by_role("dialog", name="Rename playlists/maker.py")).to_be_visible()
    shot(page, "rename")
    page.keyboard.type("made")
    page.keyboard.press("Enter")
    expect(tab).to_have_text("made.py")
    text = everywhere_the_same(page, product, "playlists/made.py")
    assert text.startswith("# unsent\n# before and after")
    assert server_text(page, product) is None
    # The past goes along.
    page.locator(".cm-content:visible").first.click()
    page.keyboard.type("!")
    assert everywhere_the_same(page, product, "playlists/made.py").count("!") == text.count("!") + 1


def test_a_whole_text_recorded_again_changes_nothing_in_an_open_document(product: Product, open_page: Open) -> None:
    page = begin(open_page(product.links["candidate"]))
    before = shown(page)
    page.locator(".cm-content:visible").first.click()
    page.keyboard.press("Control+Home")
    for number in range(27):
        page.keyboard.type("x" * 20)
        wait(lambda: pages.saved(page))
        if number % 9 == 8:
            page.keyboard.press("Home")
    url = f"{product.address}/api/interviews/{interview_of(page)}/candidate/events"
    events = page.context.request.get(url).json()["events"]
    assert "keyframe" in [event["payload"].get("origin") for event in events if event["payload"]]
    page.keyboard.type("HERE")
    assert shown(page).startswith("HERE" + "x" * 540)
    for _ in range(40):
        page.keyboard.press("Control+z")
    assert shown(page) == before
    everywhere_the_same(page, product)


def test_a_secret_taken_out_leaves_cursor_and_unsent_changes(product: Product, line: Line, open_page: Open) -> None:
    page, secret = begin(open_page(through(line, product))), "hunter2-hunter2"
    pages.type_at_start(page, f"# {secret}\n")
    pages.in_terminal(page, f"echo {secret}")
    wait(lambda: secret in pages.terminal_text(page))
    wait(lambda: pages.saved(page))
    page.locator(".cm-content:visible").first.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# mark")
    interviewer = products.Browser(product, "interviewer")
    interviewer.connect()
    assert interviewer.send("redact", text=secret, reason="typed by mistake")["ok"]
    wait(lambda: secret not in shown(page) and secret not in str(pages.state(page)))
    page.keyboard.type("X")
    assert shown(page).endswith("# markX")
    for _ in range(6):
        page.keyboard.press("Control+z")
    assert secret not in shown(page)
    page.keyboard.press("Control+Home")
    other = "swordfish-swordfish"
    page.keyboard.type(f"# {other}\n")
    wait(lambda: pages.saved(page))
    line.cut()
    page.keyboard.type("# unsent\n")
    assert interviewer.send("redact", text=other, reason="typed by mistake")["ok"]
    line.mend()
    text = everywhere_the_same(page, product)
    assert other not in text and text.count("# unsent\n") == 1
    interviewer.socket.disconnect()


def test_a_computer_that_keeps_nothing_says_so(product: Product, line: Line, open_page: Open) -> None:
    page = open_page(through(line, product))
    pages.consent(page)
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { get() { throw new Error('forbidden'); } })")
    page.reload()
    online(page)
    line.cut()
    pages.type_at_start(page, "# only here\n")
    expect(page.get_by_text(re.compile("this computer cannot keep them: leave the page open")).first).to_be_visible()
    shot(page, "cannot-keep")
    line.mend()
    pages.open_file(page, FILE)
    wait(lambda: pages.saved(page))


def test_what_the_version_before_kept_is_taken_over(product: Product, open_page: Open) -> None:
    page = begin(open_page(product.links["candidate"]))
    text, state = shown(page), pages.state(page)
    kept = {
        "client": "earlier",
        "path": FILE,
        "seq": state["seq"],
        "version": state["files"][FILE]["version"],
        "updates": [{"changes": [[0, "# from before", ""], len(text)], "origin": "typed"}],
    }
    name = f"pairsight.edits/{interview_of(page)}/earlier/{FILE}"
    page.evaluate("([name, kept]) => localStorage.setItem(name, JSON.stringify(kept))", [name, kept])
    page.reload()
    expect(page.get_by_text(f"put back into {FILE}")).to_be_visible()
    pages.open_file(page, FILE)
    assert everywhere_the_same(page, product).startswith("# from before\n")
    assert page.evaluate("name => localStorage.getItem(name)", name) is None


@pytest.mark.parametrize("width", [360, 1440])
def test_messages_leave_stop_and_ask_free_and_stay_away_when_understood(
    product: Product, open_page: Open, width: int
) -> None:
    page = open_page(product.links["candidate"], width=width, height=740 if width < 900 else 900)
    pages.consent(page)
    products.lose_sandbox(product, interview_of(page))
    told = page.get_by_text("The sandbox was lost and made anew")
    expect(told).to_be_visible(timeout=40_000)
    # An error: there is such a file already, and no folder can bear its name.
    page.keyboard.press("Control+Alt+n")
    page.get_by_role("textbox", name=re.compile("Path in the workspace")).fill(f"{FILE}/more.py")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").get_by_text("cannot be both a file and a folder")).to_be_visible()
    if width < 900:
        page.get_by_role("navigation", name="Panels").get_by_role("button", name="Assistant").click()
    page.get_by_role("textbox", name="Ask the assistant").fill("Which files are there?")
    shot(page, f"messages-{width}")
    page.get_by_role("button", name="Ask", exact=True).click(timeout=3000)
    wait(lambda: len(pages.state(page)["turns"]) == 1)
    # By the keyboard alone.
    for _ in range(8):
        page.keyboard.press("F6")
        if page.evaluate("document.activeElement?.textContent") == "Understood":
            break
    page.keyboard.press("Enter")
    expect(told).to_be_hidden()
    page.reload()
    online(page)
    expect(told).to_be_hidden()
